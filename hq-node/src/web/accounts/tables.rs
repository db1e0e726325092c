//! The lists of customer accounts as tables: pages, files and commands show the same.

use std::collections::BTreeMap;

use ::web::show;
use backoffice::reports::{Cell, Column, Kind, Table};
use chrono::FixedOffset;
use domain::ledger::{AccountId, AccountKind, TransferId};
use domain::money::Money;
use processing::machine::customer::{Customer, kind_of};
use processing::machine::root::looks::{BudgetNow, Lease, OpenHold, Sum, WalletNow};
use processing::machine::root::{Alert, AskedFor, PeerStanding, Request, RequestState, Root};
use processing::machine::{NodeId, Now};
use processing::statement::Line;

use super::words::{card_word, day_text, decimal, kind_word, masked, move_word, operation_text, wallet_word};

/// Names of stores by number.
#[derive(Clone, Debug, Default)]
pub struct Names(BTreeMap<NodeId, String>);

impl Names {
    pub fn of(root: &Root) -> Names {
        Names(root.stores().map(|(name, store)| (store, name.to_owned())).collect())
    }

    pub fn name(&self, store: NodeId) -> String {
        self.0.get(&store).cloned().unwrap_or_else(|| format!("store {store}"))
    }

    pub fn all(&self) -> impl Iterator<Item = (NodeId, &str)> {
        self.0.iter().map(|(store, name)| (*store, name.as_str()))
    }
}

fn text(name: &'static str) -> Column {
    Column { name, kind: Kind::Text, summed: false }
}

fn count(name: &'static str) -> Column {
    Column { name, kind: Kind::Count, summed: false }
}

fn money(name: &'static str) -> Column {
    Column { name, kind: Kind::Money, summed: false }
}

fn word(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

fn number(number: impl TryInto<i64>) -> Cell {
    Cell::Count(number.try_into().unwrap_or(i64::MAX))
}

fn sum(minor: i64) -> Cell {
    Cell::Money(Money::from_minor(minor))
}

pub fn state_word(customer: &Customer) -> String {
    match customer.forward {
        Some(into) => format!("merged into {into}"),
        None if customer.closed => "closed".to_owned(),
        None if customer.blocked => "blocked".to_owned(),
        None => "open".to_owned(),
    }
}

/// Is it a card that whoever has it may spend?
fn is_bearers(customer: &Customer) -> bool {
    customer.wallets.iter().any(|held| kind_of(held.wallet) == AccountKind::Gift)
}

pub fn customers(customers: &[Customer]) -> Table {
    let row = |customer: &Customer| {
        let numbers = customer.cards.iter().map(|card| match is_bearers(customer) {
            true => masked(&card.number),
            false => card.number.clone(),
        });
        let wallets = customer.wallets.iter().map(|held| wallet_word(held.wallet));
        vec![
            word(customer.owner.to_string()),
            word(customer.name.clone()),
            word(numbers.collect::<Vec<_>>().join(", ")),
            word(wallets.collect::<Vec<_>>().join(", ")),
            word(customer.tier.clone()),
            word(state_word(customer)),
        ]
    };
    Table {
        columns: ["customer", "name", "cards_and_phones", "wallets", "tier", "state"].map(text).to_vec(),
        rows: customers.iter().map(row).collect(),
    }
}

pub fn sums(sums: &BTreeMap<(u32, AccountKind), Sum>) -> Table {
    let row = |((asset, kind), of): (&(u32, AccountKind), &Sum)| {
        let balance = i64::try_from(of.balance).unwrap_or(i64::MAX);
        vec![word(asset.to_string()), word(kind_word(*kind)), number(of.accounts), sum(balance)]
    };
    Table {
        columns: vec![text("asset"), text("kind"), count("accounts"), money("balance")],
        rows: sums.iter().map(row).collect(),
    }
}

/// `whole`: numbers that are as good as money as well.
pub fn cards(customer: &Customer, whole: bool) -> Table {
    let row = |card: &processing::machine::customer::Card| {
        let limit = card.day_max.map_or_else(|| "none".to_owned(), decimal);
        let number = if whole || !is_bearers(customer) { card.number.clone() } else { masked(&card.number) };
        vec![word(number), word(card_word(card.state)), word(limit)]
    };
    Table {
        columns: ["number", "state", "limit_of_a_day"].map(text).to_vec(),
        rows: customer.cards.iter().map(row).collect(),
    }
}

pub fn wallets(wallets: &[WalletNow]) -> Table {
    let row = |now: &WalletNow| {
        vec![
            word(wallet_word(now.wallet)),
            word(now.asset.to_string()),
            sum(now.balance),
            sum(now.free),
            sum(now.held),
            sum(now.at_stores()),
            sum(now.set_aside()),
            sum(now.pending),
            sum(now.owed),
            sum(now.limit),
        ]
    };
    let sums = ["balance", "free", "held", "at_stores", "set_aside", "pending", "owed", "credit_limit"].map(money);
    Table {
        columns: ["wallet", "asset"].map(text).into_iter().chain(sums).collect(),
        rows: wallets.iter().map(row).collect(),
    }
}

pub fn lots(wallets: &[WalletNow], names: &Names) -> Table {
    let row = |now: &WalletNow, lot: &processing::machine::root::looks::LotNow| {
        let place = match (lot.store, lot.pending) {
            (_, true) => "not active yet".to_owned(),
            (Some(store), _) => names.name(store),
            (None, _) => "here".to_owned(),
        };
        let from = if lot.pending { day_text(lot.slice.activates_on) } else { String::new() };
        vec![
            word(wallet_word(now.wallet)),
            word(now.asset.to_string()),
            word(place),
            sum(lot.slice.amount),
            sum(lot.held),
            word(from),
            word(day_text(lot.slice.expires_on)),
            number(lot.slice.campaign),
        ]
    };
    Table {
        columns: vec![
            text("wallet"),
            text("asset"),
            text("place"),
            money("amount"),
            money("held"),
            text("active_from"),
            text("last_day"),
            count("campaign"),
        ],
        rows: wallets.iter().flat_map(|now| now.lots.iter().map(move |lot| row(now, lot))).collect(),
    }
}

/// What stores may spend of a customer's wallets whatever is done here.
pub fn exposure(wallets: &[WalletNow], names: &Names) -> Table {
    let at = |now: &WalletNow, parts: &[(NodeId, i64)], kind: &'static str| {
        let row = |(store, amount): &(NodeId, i64)| {
            let wallet = [word(wallet_word(now.wallet)), word(now.asset.to_string())];
            [word(names.name(*store))].into_iter().chain(wallet).chain([word(kind), sum(*amount)]).collect::<Vec<_>>()
        };
        parts.iter().map(row).collect::<Vec<_>>()
    };
    let rows = wallets.iter().flat_map(|now| {
        let mut rows = at(now, &now.stores, "may be spent");
        rows.extend(at(now, &now.quarantined, "set aside"));
        rows
    });
    Table {
        columns: vec![text("store"), text("wallet"), text("asset"), text("what"), money("amount")],
        rows: rows.collect(),
    }
}

/// Whose account it is, in a word.
pub fn account_text(id: AccountId, names: &Names) -> String {
    let Some(kind) = id.kind() else { return id.to_string() };
    let place = match id.node() {
        0 => String::new(),
        store => format!(", {}", names.name(store)),
    };
    match kind {
        _ if kind.is_wallet() => format!("{} of customer {}", kind_word(kind), id.owner()),
        AccountKind::Escrow | AccountKind::Quarantine => format!("{}{place}", kind_word(kind)),
        AccountKind::Expense => format!("campaign {}{place}", id.owner()),
        AccountKind::TenderIn => format!("tender {}{place}", id.owner()),
        _ => format!("{}{place}", kind_word(kind)),
    }
}

pub fn statement(lines: &[Line], names: &Names, offset: FixedOffset) -> Table {
    let row = |line: &Line| {
        vec![
            word(line.at_ms.map_or_else(|| day_text(line.day), |at_ms| show::time(at_ms, offset))),
            word(move_word(line.code)),
            word(account_text(line.other, names)),
            sum(line.amount),
            sum(line.pending),
            sum(line.held),
            sum(line.balance),
            word(operation_text(line.id.operation())),
            number(line.block),
        ]
    };
    let sums = ["amount", "pending", "held", "balance"].map(money);
    Table {
        columns: ["at", "movement", "other_side"]
            .map(text)
            .into_iter()
            .chain(sums)
            .chain([text("operation"), count("block")])
            .collect(),
        rows: lines.iter().map(row).collect(),
    }
}

pub fn holds(holds: &[OpenHold], made: &[(TransferId, i64)], now_ms: i64, offset: FixedOffset) -> Table {
    let row = |hold: &OpenHold| {
        let at_ms = made.iter().find(|(id, _)| *id == hold.id).map(|(_, at_ms)| *at_ms);
        let ends = hold.ends_in_ms.map(|in_ms| now_ms.saturating_add(i64::try_from(in_ms).unwrap_or(i64::MAX)));
        vec![
            word(operation_text(hold.id.operation())),
            word(hold.account.owner().to_string()),
            word(hold.account.kind().map_or("", kind_word)),
            sum(hold.amount),
            word(at_ms.map_or_else(|| "not known".to_owned(), |at_ms| show::time(at_ms, offset))),
            word(at_ms.map_or_else(String::new, |at_ms| show::ago(at_ms, now_ms))),
            word(ends.map_or_else(|| "never".to_owned(), |ends| show::time(ends, offset))),
        ]
    };
    Table {
        columns: vec![
            text("operation"),
            text("customer"),
            text("wallet"),
            money("amount"),
            text("since"),
            text("age"),
            text("ends"),
        ],
        rows: holds.iter().map(row).collect(),
    }
}

pub fn stores(peers: &[PeerStanding], names: &Names, now: Now) -> Table {
    let row = |peer: &PeerStanding| {
        let state = match () {
            () if peer.retired => "given up",
            () if peer.recovering => "fenced, tills are to tell",
            () if !peer.synced => "not heard since the restoration",
            () => "in touch",
        };
        let silent_ms = i64::try_from(now.moment.elapsed_ms.saturating_sub(peer.heard_ms)).unwrap_or(i64::MAX);
        let heard = if peer.heard_ms == 0 {
            "not since the start".to_owned()
        } else {
            format!("{} ago", show::ago(now.wall_ms.saturating_sub(silent_ms), now.wall_ms))
        };
        let tills = peer.tills.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        vec![
            word(names.name(peer.store)),
            number(peer.store),
            word(state),
            word(heard),
            number(peer.incarnation),
            number(peer.up_next),
            number(peer.down_next.saturating_sub(peer.applied)),
            word(if peer.recovering { tills.clone() } else { String::new() }),
            word(tills),
        ]
    };
    Table {
        columns: vec![
            text("store"),
            count("number"),
            text("state"),
            text("heard"),
            count("incarnation"),
            count("documents"),
            count("to_tell"),
            text("tills_to_be_heard"),
            text("tills"),
        ],
        rows: peers.iter().map(row).collect(),
    }
}

pub fn leases(leases: &[Lease], names: &Names) -> Table {
    let row = |lease: &Lease| {
        vec![
            word(names.name(lease.store)),
            word(if lease.quarantined { "set aside" } else { "may be spent" }),
            word(kind_word(lease.wallet)),
            word(lease.asset.to_string()),
            number(lease.accounts),
            sum(lease.amount),
        ]
    };
    Table {
        columns: vec![text("store"), text("what"), text("wallet"), text("asset"), count("customers"), money("amount")],
        rows: leases.iter().map(row).collect(),
    }
}

pub fn alerts(alerts: &[Alert], names: &Names, offset: FixedOffset) -> Table {
    let row = |alert: &Alert| {
        vec![
            word(alert.number.to_string()),
            word(show::time(alert.wall_ms, offset)),
            word(names.name(alert.store)),
            word(alert.sentence.clone()),
            word(operation_text(alert.operation)),
        ]
    };
    Table {
        columns: ["number", "at", "store", "what", "operation"].map(text).to_vec(),
        rows: alerts.iter().map(row).collect(),
    }
}

pub fn budgets(budgets: &[BudgetNow]) -> Table {
    let row = |now: &BudgetNow| {
        let left = now.budget.map(|budget| budget - now.given);
        let or_none = |minor: Option<i64>| word(minor.map_or_else(|| "no limit".to_owned(), decimal));
        vec![number(now.campaign), word(now.asset.to_string()), sum(now.given), or_none(now.budget), or_none(left)]
    };
    Table {
        columns: vec![count("campaign"), text("asset"), money("given"), text("budget"), text("left")],
        rows: budgets.iter().map(row).collect(),
    }
}

/// What was asked, in a sentence without its end.
pub fn asked_text(what: &AskedFor, names: &Names) -> String {
    match what {
        AskedFor::Adjust { account, amount, reason } => {
            let way = if *amount < 0 { "take" } else { "give" };
            let sum = decimal(amount.saturating_abs());
            format!("{way} {sum}: {} ({reason})", account_text(*account, names))
        }
        AskedFor::WriteOff { store, reason } => {
            format!("write off what is set aside of {} ({reason})", names.name(*store))
        }
        AskedFor::Fence { store, reason } => format!("fence {}: it is lost ({reason})", names.name(*store)),
        other => format!("{other:?}"),
    }
}

pub fn requests<'a>(requests: impl Iterator<Item = &'a Request>, names: &Names, offset: FixedOffset) -> Table {
    let row = |request: &Request| {
        let state = match &request.state {
            RequestState::Waits => "waits".to_owned(),
            RequestState::Done { by } => format!("allowed by {by}"),
            RequestState::Refused { by } => format!("refused by {by}"),
        };
        vec![
            word(operation_text(request.operation)),
            word(show::time(request.wall_ms, offset)),
            word(request.by.0.clone()),
            word(asked_text(&request.what, names)),
            word(state),
        ]
    };
    Table {
        columns: ["operation", "at", "asked_by", "what", "state"].map(text).to_vec(),
        rows: requests.map(row).collect(),
    }
}
