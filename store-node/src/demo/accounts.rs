//! What receipts did to customers' accounts, beside the book that the head office keeps of them.

use std::fmt::Write as _;

use domain::ledger::{AccountId, AccountKind};
use domain::money::Money;
use messages::codec::from_body;
use messages::v1::accounts::{AccountOperation, OperationKind, Wallet};
use messages::v1::receipt::Receipt;
use migrations::entity::receipt;
use processing::machine::root::Root;
use sea_orm::{EntityTrait, QueryOrder, QuerySelect};

use super::customers::{self, CAMPAIGN, CUSTOMERS};
use crate::chain::Chain;
use crate::chain::accounts::{MONEY, POINTS};

/// Receipts read at a time.
const PAGE: u64 = 500;

/// Sums of all that receipts do to accounts, less what returns undid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    earned: Money,
    burned: Money,
    loaded: Money,
    paid: Money,
}

impl Sums {
    fn add(&mut self, what: &AccountOperation) {
        match (what.kind, what.wallet) {
            (OperationKind::Earn, _) => self.earned += what.amount,
            (OperationKind::TakeBack, _) => self.earned -= what.amount,
            (OperationKind::Spend, Wallet::Points) => self.burned += what.amount,
            (OperationKind::PutBack, Wallet::Points) => self.burned -= what.amount,
            (OperationKind::Load, _) => self.loaded += what.amount,
            (OperationKind::Spend, _) => self.paid += what.amount,
            (OperationKind::PutBack, _) => self.paid -= what.amount,
        }
    }
}

/// Lines for the summary, and whether receipts and book say the same.
pub(super) async fn of(chain: &Chain) -> anyhow::Result<(String, bool)> {
    let (sums, with_card) = receipts(chain).await?;
    let book = chain.hq()?.accounts().ask(Vec::new(), |root, _| booked(root)).await?;
    let mut text = format!("\n{:<22}{:>16}{:>16}\n", "customers' accounts", "receipts", "book");
    let rows = [
        ("points earned", sums.earned, book.earned),
        ("points spent", sums.burned, book.burned),
        ("gift cards loaded", sums.loaded, book.loaded),
        ("paid from accounts", sums.paid, book.paid),
    ];
    for (name, receipts, book) in rows {
        writeln!(text, "{name:<22}{receipts:>16}{book:>16}")?;
    }
    writeln!(
        text,
        "{with_card} receipts with one of {CUSTOMERS} cards, {} to {}",
        customers::card(1),
        customers::card(CUSTOMERS)
    )?;
    Ok((text, sums == book))
}

/// Of all receipts at the head office, those of tills in other processes with them; and how many had a customer.
async fn receipts(chain: &Chain) -> anyhow::Result<(Sums, u64)> {
    let database = chain.hq()?.database();
    let (mut sums, mut with_card, mut read) = (Sums::default(), 0, 0);
    loop {
        let page = receipt::Entity::find().order_by_asc(receipt::Column::Uid).offset(read).limit(PAGE);
        let page = page.all(&database.reader).await?;
        if page.is_empty() {
            return Ok((sums, with_card));
        }
        read += page.len() as u64;
        for row in page {
            let receipt: Receipt = from_body(&row.body)?;
            with_card += u64::from(receipt.customer.is_some());
            if row.kind == "sale" || row.kind == "return" {
                receipt.accounts.iter().for_each(|what| sums.add(what));
            }
        }
    }
}

fn booked(root: &mut Root) -> Sums {
    let stores: Vec<_> = root.stores().map(|(_, node)| node).collect();
    let balance = |kind, asset, node, owner| {
        let account = root.book().ledger.account(AccountId::house(kind, asset, node, owner));
        Money::from_minor(account.map_or(0, |account| account.balance()))
    };
    let at_stores = |kind, asset| stores.iter().map(|node| balance(kind, asset, *node, 0)).sum::<Money>();
    Sums {
        earned: -balance(AccountKind::Expense, POINTS, 0, CAMPAIGN),
        burned: at_stores(AccountKind::Redeemed, POINTS),
        loaded: -at_stores(AccountKind::TenderIn, MONEY),
        paid: at_stores(AccountKind::Redeemed, MONEY),
    }
}
