//! What people and programs look at: wallets with all their parts, who is meant by a name, open holds, rights by store,
//! budgets. And what was answered to an operation before, whatever its customer has become since.
//!
//! Must never: change the books. (A mark of time is written.)

use std::collections::BTreeMap;

use domain::ledger::transfer::{Day, Slice};
use domain::ledger::{AccountId, AccountKind, NO_TIMEOUT, TransferId};
use messages::v1::accounts::Wallet;
use serde::Serialize;

use super::desk::transfer_of;
use super::{Asked, AskedFor, DeskError, Done, Root};
use crate::machine::book::{log_key, space};
use crate::machine::customer::{Customer, pending_of};
use crate::machine::{NodeId, Now, ROOT};

/// The place of the mark of time: in the root's log to itself, for the root is no store. One row, and its past in blocks.
pub(crate) fn time_key() -> [u8; 12] {
    log_key(ROOT, 0)
}

/// A wallet with all its parts, in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletNow {
    pub account: AccountId,
    pub wallet: Wallet,
    pub asset: u32,
    /// How far it may go below zero.
    pub limit: i64,
    /// All of it that is active: here, at stores, and set aside.
    pub balance: i64,
    /// What can be spent here now.
    pub free: i64,
    pub held: i64,
    pub stores: Vec<(NodeId, i64)>,
    pub quarantined: Vec<(NodeId, i64)>,
    /// Points that are not active yet.
    pub pending: i64,
    /// Spent without a right at a store that was lost, or spent before goods came back: what comes in pays it first.
    pub owed: i64,
    pub lots: Vec<LotNow>,
}

/// A part of a wallet that was given at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LotNow {
    pub slice: Slice,
    pub held: i64,
    /// The store that may spend it; none: it is here.
    pub store: Option<NodeId>,
    pub pending: bool,
}

impl WalletNow {
    pub fn at_stores(&self) -> i64 {
        self.stores.iter().map(|(_, amount)| amount).sum()
    }

    pub fn set_aside(&self) -> i64 {
        self.quarantined.iter().map(|(_, amount)| amount).sum()
    }

    /// What expires next, with its last day.
    pub fn expiring(&self, today: Day) -> Option<(i64, Day)> {
        let dated = self.lots.iter().filter(|lot| !lot.pending && lot.slice.expires_on != domain::ledger::NEVER);
        let day = dated.clone().map(|lot| lot.slice.expires_on).filter(|day| *day >= today).min()?;
        let amount = dated.filter(|lot| lot.slice.expires_on == day).map(|lot| lot.slice.amount).sum();
        Some((amount, day))
    }
}

/// A hold that is open at the root: of a web shop, an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenHold {
    pub id: TransferId,
    pub account: AccountId,
    pub amount: i64,
    /// None: it does not time out.
    pub ends_in_ms: Option<u64>,
}

/// What a store may spend, or what is set aside of it, of one kind of wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Lease {
    pub store: NodeId,
    /// Of a lost incarnation.
    pub quarantined: bool,
    pub wallet: AccountKind,
    pub asset: u32,
    pub accounts: u64,
    pub amount: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BudgetNow {
    pub asset: u32,
    pub campaign: u32,
    /// None: no limit.
    pub budget: Option<i64>,
    pub given: i64,
}

/// Accounts of one kind, and credits less debits of all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    pub accounts: u64,
    pub balance: i128,
}

impl Root {
    /// The wallets of a customer.
    pub fn wallets_now(&self, owner: u64, day: Day) -> Vec<WalletNow> {
        let Some(customer) = self.people.get(owner) else { return Vec::new() };
        let held = customer.wallets.iter();
        held.map(|held| self.wallet_now(customer.account(held.wallet, held.asset), held.wallet, held.limit, day))
            .collect()
    }

    fn wallet_now(&self, account: AccountId, wallet: Wallet, limit: i64, day: Day) -> WalletNow {
        let ledger = &self.book.ledger;
        let balance = |id: AccountId| ledger.account(id).map_or(0, |account| account.balance());
        let at = |kind: AccountKind| {
            let all = self.peers.keys().map(|store| (*store, balance(account.at(kind, *store))));
            all.filter(|(_, amount)| *amount != 0).collect::<Vec<_>>()
        };
        let pending = pending_of(account);
        let (stores, quarantined) = (at(AccountKind::Escrow), at(AccountKind::Quarantine));
        let lots_of = |id: AccountId, store: Option<NodeId>, pending: bool| {
            ledger.lots(id).map(move |lot| LotNow { slice: lot.slice, held: lot.held, store, pending })
        };
        let mut lots: Vec<LotNow> = lots_of(account, None, false).collect();
        for (store, _) in &stores {
            lots.extend(lots_of(account.at(AccountKind::Escrow, *store), Some(*store), false));
        }
        lots.extend(pending.into_iter().flat_map(|pending| lots_of(pending, None, true)));
        lots.sort_by_key(|lot| (lot.slice.expires_on, lot.slice.activates_on, lot.slice.origin, lot.store));
        let owed = [AccountKind::Debt, AccountKind::Suspense]
            .map(|kind| -balance(AccountId::house(kind, account.asset(), 0, account.owner())));
        WalletNow {
            account,
            wallet,
            asset: account.asset(),
            limit,
            balance: self.total(account),
            free: ledger.available(account, day),
            held: ledger.account(account).map_or(0, |account| account.debits_pending),
            stores,
            quarantined,
            pending: pending.map_or(0, balance),
            owed: owed.iter().sum(),
            lots,
        }
    }

    /// Posted so far to a wallet, its pending twin and its rights, both sides together: going back through the book, there
    /// is nothing older when all of it was met.
    pub fn turnover(&self, wallet: AccountId) -> i128 {
        let of = |id: AccountId| {
            let account = self.book.ledger.account(id);
            account.map_or(0, |account| i128::from(account.credits_posted) + i128::from(account.debits_posted))
        };
        let kinds = [AccountKind::Escrow, AccountKind::Quarantine];
        let rights = self.peers.keys().flat_map(|store| kinds.map(|kind| of(wallet.at(kind, *store))));
        rights.sum::<i128>() + of(wallet) + pending_of(wallet).map_or(0, of)
    }

    /// Customers whose name has `text` in it, looking at `scan_max` of them from `from` on; and where to go on.
    pub fn named(&self, text: &str, from: u64, scan_max: usize, max: usize) -> (Vec<Customer>, Option<u64>) {
        let text = text.to_lowercase();
        self.scan(from, scan_max, max, |customer| customer.name.to_lowercase().contains(&text))
    }

    fn scan(
        &self,
        from: u64,
        scan_max: usize,
        max: usize,
        wanted: impl Fn(&Customer) -> bool,
    ) -> (Vec<Customer>, Option<u64>) {
        let mut found = Vec::new();
        for (scanned, (owner, customer)) in self.people.by_owner.range(from..).enumerate() {
            if scanned == scan_max || found.len() == max {
                return (found, Some(*owner));
            }
            if wanted(customer) {
                found.push(customer.clone());
            }
        }
        (found, None)
    }

    /// Customers with a card or a phone that begins so.
    pub fn numbered(&self, prefix: &str, max: usize) -> Vec<Customer> {
        let numbers =
            self.people.by_number.range(prefix.to_owned()..).take_while(|(number, _)| number.starts_with(prefix));
        let mut owners: Vec<u64> = numbers.take(max).map(|(_, owner)| *owner).collect();
        owners.dedup();
        owners.iter().filter_map(|owner| self.people.get(*owner).cloned()).collect()
    }

    /// Of the `scan_max` opened last those who are more than a gift card, the last first.
    pub fn newest(&self, scan_max: usize, max: usize) -> Vec<Customer> {
        let last = self.people.by_owner.values().rev().take(scan_max);
        last.filter(|customer| !customer.is_gift_card()).take(max).cloned().collect()
    }

    /// Customers in the order of their numbers who can be met at a till by a number of their own and are more than a gift
    /// card: looking at `scan_max` of them from `from` on; and where to go on.
    pub fn in_order(&self, from: u64, scan_max: usize, max: usize) -> (Vec<Customer>, Option<u64>) {
        self.scan(from, scan_max, max, |customer| !customer.cards.is_empty() && !customer.is_gift_card())
    }

    pub fn customer_count(&self) -> usize {
        self.people.by_owner.len()
    }

    pub fn alert_count(&self) -> usize {
        self.alerts.len()
    }

    /// The last ones first.
    pub fn last_alerts(&self, max: usize) -> Vec<super::Alert> {
        self.alerts.values().rev().take(max).cloned().collect()
    }

    /// All accounts, by asset and kind.
    pub fn sums(&self) -> BTreeMap<(u32, AccountKind), Sum> {
        let mut sums: BTreeMap<(u32, AccountKind), Sum> = BTreeMap::new();
        for (_, account) in self.book.ledger.accounts() {
            if let Some(kind) = account.id.kind() {
                let sum = sums.entry((account.id.asset(), kind)).or_default();
                sum.accounts += 1;
                sum.balance += i128::from(account.balance());
            }
        }
        sums
    }

    /// Those that time out first come first, those that never do last; at most `max`.
    pub fn open_holds(&self, max: usize, now: Now) -> Vec<OpenHold> {
        let accounts = self.book.ledger.accounts().filter(|(_, account)| account.debits_pending > 0);
        let holds = accounts.flat_map(|(_, account)| self.book.ledger.holds(account.id));
        let mut holds: Vec<OpenHold> = holds
            .map(|(id, hold)| OpenHold {
                id,
                account: hold.debit,
                amount: hold.amount,
                ends_in_ms: (hold.due_ms != NO_TIMEOUT).then(|| hold.due_ms.saturating_sub(now.moment.elapsed_ms)),
            })
            .collect();
        holds.sort_by_key(|hold| (hold.ends_in_ms.unwrap_or(u64::MAX), hold.id));
        holds.truncate(max);
        holds
    }

    /// By store, then wallet.
    pub fn leases(&self) -> Vec<Lease> {
        let mut leases: BTreeMap<(NodeId, bool, AccountKind, u32), (u64, i64)> = BTreeMap::new();
        for (_, account) in self.book.ledger.accounts() {
            let quarantined = account.id.kind() == Some(AccountKind::Quarantine);
            if !quarantined && account.id.kind() != Some(AccountKind::Escrow) || account.balance() == 0 {
                continue;
            }
            if let Some(wallet) = account.id.underlying().and_then(AccountId::kind) {
                let key = (account.id.node(), quarantined, wallet, account.id.asset());
                let lease = leases.entry(key).or_default();
                lease.0 += 1;
                lease.1 += account.balance();
            }
        }
        let lease = |((store, quarantined, wallet, asset), (accounts, amount))| Lease {
            store,
            quarantined,
            wallet,
            asset,
            accounts,
            amount,
        };
        leases.into_iter().map(lease).collect()
    }

    /// Every campaign that has a budget or gave something.
    pub fn budgets_now(&self) -> Vec<BudgetNow> {
        let mut given: BTreeMap<(u32, u32), i64> = self.budgets.keys().map(|key| (*key, 0)).collect();
        for (_, account) in self.book.ledger.accounts() {
            if account.id.kind() == Some(AccountKind::Expense) {
                let campaign = u32::try_from(account.id.owner()).unwrap_or(u32::MAX);
                given.insert((account.id.asset(), campaign), -account.balance());
            }
        }
        let now = |((asset, campaign), given)| {
            let budget = self.budgets.get(&(asset, campaign)).copied();
            BudgetNow { asset, campaign, budget, given }
        };
        given.into_iter().map(now).collect()
    }

    /// The store of this name, if the root has met it.
    pub fn store_named(&self, name: &str) -> Option<NodeId> {
        self.stores.get(name).copied()
    }

    /// What was answered to this operation before, if it was asked before: of the book alone, so that a repetition hears
    /// the same although the customer was blocked since. None: nothing was, or the ordinary way answers as well.
    pub fn answered(&mut self, asked: &Asked, now: Now) -> Option<Result<Done, DeskError>> {
        let line = asked.operation.line(1);
        let known = *self.book.ledger.known(line)?;
        if matches!(asked.what, AskedFor::Capture { .. } | AskedFor::Void { .. } | AskedFor::Adjust { .. }) {
            return None;
        }
        let again = transfer_of(&asked.what, line, asked.reference)?;
        if !known.is_posted() {
            let code = match known.asked == again.amount {
                true => known.code,
                false => domain::ledger::Code::ExistsWithDifferentAmount,
            };
            return Some(Err(DeskError::Refused(code)));
        }
        // It is known, so nothing is posted.
        let code = self.post(again, now);
        Some(match code.is_posted() {
            true => Ok(Done::Posted { operation: asked.operation, code, amount: known.amount }),
            false => Err(DeskError::Refused(code)),
        })
    }

    /// Write down what the clock on the wall shows: blocks have none, and statements are asked by it.
    pub fn mark_time(&mut self, now: Now) {
        self.book.put(space::UP, &time_key(), &now.wall_ms);
    }
}
