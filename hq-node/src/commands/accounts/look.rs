//! Lists of customer accounts on a terminal: the tables of the pages.

use std::io::Write as _;

use anyhow::Context;
use backoffice::reports::{Table, render};
use processing::statement::{self, Place, Wanted};
use processing::store::Store as _;
use runtime::clock::Clock;

use super::book::look;
use super::{Form, OfWallet, Shown};
use crate::web::accounts::changes::wallet_by_number;
use crate::web::accounts::tables::{self, Names};
use crate::web::accounts::words::{decimal, moment};

/// Holds and alerts that are listed.
const LISTED_MAX: usize = 100_000;

fn print(table: &Table, form: Form) -> anyhow::Result<()> {
    let bytes = match form {
        Form::Table => render::text(table).into_bytes(),
        Form::Csv => render::csv(table),
        Form::Json => format!("{:#}\n", render::json(table)).into_bytes(),
    };
    Ok(std::io::stdout().lock().write_all(&bytes)?)
}

pub(super) async fn customers(shown: &Shown) -> anyhow::Result<()> {
    let all = look(&shown.at, async |root, _, _| Ok(root.customers().cloned().collect::<Vec<_>>())).await?;
    print(&tables::customers(&all), shown.format)
}

pub(super) async fn customer(number: &str, shown: &Shown) -> anyhow::Result<()> {
    look(&shown.at, async |root, now, _| {
        let customer = root.whose(number).with_context(|| format!("the card or phone {number} is not known"))?;
        let wallets = root.wallets_now(customer.owner, now.moment.day);
        let names = Names::of(root);
        print(&tables::customers(std::slice::from_ref(customer)), shown.format)?;
        print(&tables::cards(customer, true), shown.format)?;
        print(&tables::wallets(&wallets), shown.format)?;
        print(&tables::exposure(&wallets, &names), shown.format)
    })
    .await
}

pub(super) async fn requests(shown: &Shown) -> anyhow::Result<()> {
    look(&shown.at, async |root, _, _| {
        let offset = *Clock::system().now().offset();
        print(&tables::requests(root.requests(), &Names::of(root), offset), shown.format)
    })
    .await
}

pub(super) async fn statement(
    of: &OfWallet,
    as_of: Option<&str>,
    with_rights: bool,
    lines: usize,
    shown: &Shown,
) -> anyhow::Result<()> {
    let offset = *Clock::system().now().offset();
    let not_a_moment = |text: &str| format!("\"{text}\" is not a moment: write it as 2026-11-25T14:30");
    let as_of = as_of.map(|text| moment(text, offset).with_context(|| not_a_moment(text))).transpose()?;
    look(&shown.at, async |root, _, store| {
        let wallet = wallet_by_number(root, &of.number, of.wallet.wallet(), of.asset)?;
        let head = store.head().await?.number;
        let mut place = Some(Place { block: head, balance: root.total(wallet), turnover: root.turnover(wallet) });
        let wanted = Wanted { wallet, as_of, lines_max: lines, with_rights };
        let (mut balance, mut all) = (None, Vec::new());
        while let Some(from) = place.filter(|_| all.len() < lines) {
            let read = statement::read(store, from, &wanted).await?;
            balance = balance.or(read.balance);
            all.extend(read.lines);
            place = read.next;
        }
        print(&tables::statement(&all, &Names::of(root), offset), shown.format)?;
        if matches!(shown.format, Form::Table) {
            println!("balance {}", decimal(balance.unwrap_or_default()));
        }
        Ok(())
    })
    .await
}

pub(super) async fn holds(shown: &Shown) -> anyhow::Result<()> {
    look(&shown.at, async |root, now, store| {
        let holds = root.open_holds(LISTED_MAX, now);
        let ids: Vec<_> = holds.iter().map(|hold| hold.id).collect();
        let made = statement::posted_at(store, &ids).await?;
        let offset = *Clock::system().now().offset();
        print(&tables::holds(&holds, &made, now.wall_ms, offset), shown.format)
    })
    .await
}

pub(super) async fn stores(shown: &Shown) -> anyhow::Result<()> {
    look(&shown.at, async |root, now, _| {
        let names = Names::of(root);
        print(&tables::stores(&root.peers(), &names, now), shown.format)?;
        print(&tables::leases(&root.leases(), &names), shown.format)
    })
    .await
}

pub(super) async fn alerts(shown: &Shown) -> anyhow::Result<()> {
    look(&shown.at, async |root, _, _| {
        let offset = *Clock::system().now().offset();
        print(&tables::alerts(&root.last_alerts(LISTED_MAX), &Names::of(root), offset), shown.format)
    })
    .await
}

pub(super) async fn budgets(shown: &Shown) -> anyhow::Result<()> {
    look(&shown.at, async |root, _, _| print(&tables::budgets(&root.budgets_now()), shown.format)).await
}
