//! What changes accounts from a terminal, when the head office is not running.

use anyhow::Context;
use domain::ids::OperatorNumber;
use messages::v1::accounts::Wallet;
use processing::machine::customer::{CardState, Held};
use processing::machine::root::{AskedFor, DeskError, Done, PeopleError};

use super::book::change;
use super::{Asker, NewCustomer, OfWallet, Office};
use crate::web::accounts::changes::{self, ChangeError, asked, wallet_by_number};
use crate::web::accounts::gift::{self, Batch};
use crate::web::accounts::words::{
    MONEY_ASSET, amount, birthday, decimal, new_operation, operation_of, operation_text,
};

pub(super) async fn add(new: NewCustomer) -> anyhow::Result<()> {
    let held = |wallet, asset, limit| Held { wallet, asset, limit };
    let mut wallets: Vec<Held> = new.points.iter().map(|asset| held(Wallet::Points, *asset, 0)).collect();
    wallets.extend(new.stamps.iter().map(|asset| held(Wallet::Stamps, *asset, 0)));
    wallets.extend(new.prepaid.then(|| held(Wallet::Prepaid, MONEY_ASSET, 0)));
    let limit = new.credit.as_deref().map(amount).transpose()?;
    wallets.extend(limit.map(|limit| held(Wallet::Credit, MONEY_ASSET, limit)));
    let birthday = new.birthday.as_deref().map(|text| birthday(text).ok_or(ChangeError::Birthday)).transpose()?;
    let numbers = new.card.into_iter().chain(new.phone).collect();
    let wanted = changes::NewCustomer { name: new.name, numbers, birthday, brought_by: new.brought_by, wallets };
    let owner = change(&new.at, |root, now| changes::open(root, wanted, now)).await?;
    println!("customer {owner}");
    Ok(())
}

pub(super) async fn block(at: &Office, number: &str, card_only: bool, blocked: bool) -> anyhow::Result<()> {
    let exposed = change(at, |root, now| {
        root.mark_time(now);
        let owner = root.owner_of(number)?;
        if card_only {
            root.set_card(number, if blocked { CardState::Blocked } else { CardState::Active })?;
        } else {
            root.update_customer(owner, |customer| customer.blocked = blocked)?;
        }
        let exposure = root.exposure(owner).into_iter().map(|(_, _, right)| right);
        Ok::<i64, PeopleError>(exposure.sum())
    })
    .await?;
    println!("{number}: {}", if blocked { "blocked" } else { "unblocked" });
    if blocked && exposed > 0 {
        println!("stores may still spend {} until they hear of it", decimal(exposed));
    }
    Ok(())
}

pub(super) async fn replace(at: &Office, old: &str, new: &str) -> anyhow::Result<()> {
    change(at, |root, now| {
        root.mark_time(now);
        changes::replace_card(root, old, new)
    })
    .await?;
    println!("{old} is replaced by {new}");
    Ok(())
}

pub(super) async fn merge(at: &Office, from: &str, into: &str) -> anyhow::Result<()> {
    let number = change(at, |root, now| {
        root.mark_time(now);
        let (from, into) = (root.owner_of(from)?, root.owner_of(into)?);
        root.merge_customers(from, into, now)
    })
    .await?;
    println!("merge {number}");
    Ok(())
}

pub(super) async fn unmerge(at: &Office, merge: u64) -> anyhow::Result<()> {
    change(at, |root, now| {
        root.mark_time(now);
        root.unmerge(merge, now)
    })
    .await?;
    println!("merge {merge} is undone");
    Ok(())
}

fn told(done: &Done) {
    match done {
        Done::Waits { operation } => println!("{} waits for a second person", operation_text(*operation)),
        Done::Posted { operation, .. } => println!("{} is done", operation_text(*operation)),
    }
}

pub(super) async fn adjust(at: &Office, of: &OfWallet, amount: &str, asker: Asker) -> anyhow::Result<()> {
    let amount = changes::adjusted(amount)?;
    let done = change(at, |root, now| {
        let account = wallet_by_number(root, &of.number, of.wallet.wallet(), of.asset)?;
        let what = AskedFor::Adjust { account, amount, reason: asker.reason };
        Ok::<Done, ChangeError>(asked(root, new_operation(), OperatorNumber(asker.by), what, now)?)
    });
    told(&done.await?);
    Ok(())
}

pub(super) async fn judge(at: &Office, operation: &str, by: String, allow: bool) -> anyhow::Result<()> {
    let operation = operation_of(operation).with_context(|| format!("\"{operation}\" is no operation"))?;
    change(at, |root, now| changes::judge(root, operation, &OperatorNumber(by), allow, now)).await?;
    println!("{} is {}", operation_text(operation), if allow { "allowed" } else { "refused" });
    Ok(())
}

pub(super) async fn store(at: &Office, name: &str, asker: Asker, fence: bool) -> anyhow::Result<()> {
    let done = change(at, |root, now| {
        let store = root.store_named(name).ok_or(DeskError::NoStore)?;
        let reason = asker.reason;
        let what = if fence { AskedFor::Fence { store, reason } } else { AskedFor::WriteOff { store, reason } };
        asked(root, new_operation(), OperatorNumber(asker.by), what, now)
    });
    told(&done.await?);
    Ok(())
}

pub(super) async fn budget(at: &Office, campaign: u32, asset: u32, most: Option<&str>) -> anyhow::Result<()> {
    let most = most.map(amount).transpose()?;
    change(at, |root, now| {
        root.mark_time(now);
        root.set_budget(asset, campaign, most);
        Ok::<(), PeopleError>(())
    })
    .await?;
    println!("campaign {campaign}: {}", most.map_or_else(|| "no limit".to_owned(), decimal));
    Ok(())
}

pub(super) async fn issue_gift(at: &Office, batch: Batch, by: String) -> anyhow::Result<()> {
    let random = gift::random(batch.count);
    let numbers = change(at, |root, now| {
        gift::check_label(root, &batch)?;
        gift::issue(root, &batch, &random, &OperatorNumber(by), now)
    });
    for number in numbers.await? {
        println!("{number}");
    }
    Ok(())
}
