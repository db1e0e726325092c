//! The processing centre of a store: it approves from rights that the root gave it, and works for days without a line.
//!
//! Its ledger holds, under the account ids of the root, what this store may spend (escrow) and what it did. What it does is a
//! document of its up-log; what the root tells it is its down-log. After a start it trusts its own book only when the root
//! has compared logs with it and its tills have told what they remember: a book that was restored from a backup would
//! spend rights twice.
//!
//! Must never: spend what it has no right to, write into its log before it knows where the log ends, or forget a document.

mod kept;
mod leases;
pub mod limits;
mod sync;
pub mod till;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::ledger::transfer::{Day, IMPORTED, Transfer, TransferCode};
use domain::ledger::{AccountId, AccountKind, OperationId, TransferId};
use serde::{Deserialize, Serialize};

use kept::{Log, load_entry};

use super::book::{Book, Changes, account_of, log_key, read, space};
use super::customer::{Customer, People};
use super::given::AllGiven;
use super::log::{Act, Document, End, Entry, Stamp};
use super::{NodeId, Now};
use crate::store::{Row, StoreError};

/// Entries of a log that are kept in memory after the other side has them: what a root restored from a backup lost.
const KEPT_MAX: usize = 100_000;
/// Documents that wait for the first word with the root after a start.
const WAITING_MAX: usize = 100_000;

/// Documents of one store for ever fit into so many bits of a mark.
const MARK_DOCUMENTS_BITS: u32 = 40;

/// What an operator may set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Rights may be spent after a start when all tills agree, also before the root was heard. Off: a store that was
    /// restored together with all its tills is found only by the root.
    pub trust_without_root: bool,
    /// A till that says nothing for so long after a start is no longer waited for, once the root agrees. None: for ever.
    pub excuse_tills_after_ms: Option<u64>,
    /// A right that nobody used for so long goes back.
    pub idle_ms: u64,
    /// Wrong PINs before a card is locked.
    pub pin_tries_max: u32,
    /// For the simulator alone: a rule that is left out on purpose, to see that it is missed.
    pub mutant: Option<Mutant>,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            trust_without_root: false,
            excuse_tills_after_ms: Some(15 * 60 * 1000),
            idle_ms: 24 * 3600 * 1000,
            pin_tries_max: 5,
            mutant: None,
        }
    }
}

/// Rules that the simulator leaves out to see that their absence is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// Documents and entries are taken whatever their number.
    NoDedup,
    /// Spends from the balance that the root last told, not from rights.
    NoLeases,
    /// A restored store says nothing of it and keeps its rights.
    KeepsRights,
    /// Trusts its book at once after a start.
    NoWitness,
    /// The root takes rights back from a store that is silent.
    ReclaimsSilent,
    /// A restored root grants before all stores have reported.
    GrantsEarly,
    /// A fence gives the rights back at once.
    NoQuarantine,
}

/// What is written down besides customers and logs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meta {
    /// The number that the root gave this store.
    me: NodeId,
    inc: u32,
    epoch: u32,
    /// A fence was applied, and not all that the tills remember is told yet.
    recover: bool,
    /// The root had so much of the log, surely.
    acked: End,
    next_waiting: u64,
}

/// How a store stands, for operators and tests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    pub node: NodeId,
    pub incarnation: u32,
    pub epoch: u32,
    pub trusted: bool,
    /// The root has compared logs with this store since its start.
    pub agreed: bool,
    pub recovering: bool,
    pub restored: bool,
    pub up_next: u64,
    pub down_next: u64,
    /// Documents that the root has not acknowledged.
    pub unsent: u64,
    pub waiting: usize,
    /// Tills that have not told yet what they remember.
    pub unheard: Vec<u32>,
}

pub struct Subordinate {
    pub(crate) me: NodeId,
    pub(crate) policy: Policy,
    pub(crate) book: Book,
    meta: Meta,
    up: Log,
    down: Log,
    people: People,
    tills: BTreeSet<u32>,
    told: BTreeMap<AccountId, i64>,
    given: AllGiven,
    limits: BTreeMap<Vec<u8>, i64>,
    waiting: BTreeMap<u64, Document>,
    /// The numbers of those that wait, by operation.
    waits: BTreeMap<OperationId, u64>,
    fed: BTreeMap<u32, i64>,
    // Not written down: known anew after every start.
    restored: bool,
    agreed: bool,
    trusted: bool,
    heard: BTreeSet<u32>,
    started_ms: Option<u64>,
    /// The root's end of the up-log, as it last said.
    root_next: u64,
    nonce: Option<u64>,
    /// Of the comparisons in which it said that it was restored.
    asked_fence: VecDeque<u64>,
    used_ms: BTreeMap<AccountId, u64>,
    swept: Option<Day>,
}

impl Subordinate {
    /// An empty book. `me`: the store's number; zero: the root has not given one yet, see [`Subordinate::enrol`].
    /// `restored`: the book was brought back from a backup.
    pub fn new(me: NodeId, policy: Policy, restored: bool) -> Subordinate {
        Subordinate {
            me,
            policy,
            book: Book::default(),
            meta: Meta { me, ..Meta::default() },
            up: Log::default(),
            down: Log::default(),
            people: People::default(),
            tills: BTreeSet::new(),
            told: BTreeMap::new(),
            given: BTreeMap::new(),
            limits: BTreeMap::new(),
            waiting: BTreeMap::new(),
            waits: BTreeMap::new(),
            fed: BTreeMap::new(),
            restored,
            agreed: false,
            trusted: false,
            heard: BTreeSet::new(),
            started_ms: None,
            root_next: 0,
            nonce: None,
            asked_fence: VecDeque::new(),
            used_ms: BTreeMap::new(),
            swept: None,
        }
    }

    /// A row as of the last block, when the book is loaded.
    pub fn load_row(&mut self, row: &Row) -> Result<(), StoreError> {
        let bad = StoreError::damaged;
        let number = |at: usize| {
            let bytes = row.key.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
            bytes.map(u64::from_be_bytes).ok_or_else(|| bad("a key of the account book is too short".to_owned()))
        };
        let account = || account_of(row).ok_or_else(|| bad("a key is no account".to_owned()));
        match row.space {
            space::META => {
                self.meta = read(row).map_err(bad)?;
                self.me = self.meta.me;
            }
            space::FED => {
                self.fed.insert(number(0)? as u32, read(row).map_err(bad)?);
            }
            space::CUSTOMER => self.people.know(read(row).map_err(bad)?),
            space::UP => load_entry(&mut self.up, read(row).map_err(bad)?),
            space::DOWN => load_entry(&mut self.down, read(row).map_err(bad)?),
            space::TILL => {
                self.tills.insert(number(0)? as u32);
            }
            space::TOLD => {
                self.told.insert(account()?, read(row).map_err(bad)?);
            }
            space::GIVEN => {
                self.given.insert(account()?, read(row).map_err(bad)?);
            }
            space::LIMIT => {
                self.limits.insert(row.key.clone(), read(row).map_err(bad)?);
            }
            space::WAITING => {
                let document: Document = read(row).map_err(bad)?;
                self.waits.insert(document.operation, number(0)?);
                self.waiting.insert(number(0)?, document);
            }
            other => return Err(bad(format!("rows of space {other} are not a store's"))),
        }
        Ok(())
    }

    /// The book was brought back from a backup.
    pub fn restored(&mut self) {
        self.restored = true;
    }

    /// The root gave this store its number. It has one for ever.
    pub fn enrol(&mut self, me: NodeId) {
        if self.me == super::ROOT && me != super::ROOT {
            (self.me, self.meta.me) = (me, me);
            self.put_meta();
        }
    }

    /// This store's number.
    pub fn me(&self) -> NodeId {
        self.me
    }

    pub fn is_enrolled(&self) -> bool {
        self.me != super::ROOT
    }

    /// The last receipt of a till that was looked at.
    pub fn fed(&self, till: u32) -> i64 {
        self.fed.get(&till).copied().unwrap_or(0)
    }

    pub fn set_fed(&mut self, till: u32, sequence: i64) {
        self.book.put(space::FED, &u64::from(till).to_be_bytes(), &sequence);
        self.fed.insert(till, sequence);
    }

    pub fn ledger(&mut self) -> &mut domain::ledger::Ledger {
        &mut self.book.ledger
    }

    pub fn book(&self) -> &Book {
        &self.book
    }

    pub fn take_changes(&mut self) -> Changes {
        self.book.take()
    }

    pub fn standing(&self) -> Standing {
        Standing {
            node: self.me,
            incarnation: self.meta.inc,
            epoch: self.meta.epoch,
            trusted: self.trusted,
            agreed: self.agreed,
            recovering: self.meta.recover,
            restored: self.restored,
            up_next: self.up.end.next,
            down_next: self.down.end.next,
            unsent: self.up.end.next.saturating_sub(self.root_next),
            waiting: self.waiting.len(),
            unheard: self.unheard().collect(),
        }
    }

    /// What this store may spend of a wallet today.
    pub fn right(&self, wallet: AccountId, day: Day) -> i64 {
        self.book.ledger.available(wallet.at(AccountKind::Escrow, self.me), day).max(0)
    }

    /// The documents of the up-log, for checks.
    pub fn documents(&self) -> impl Iterator<Item = &Entry> {
        self.up.entries.iter()
    }

    pub fn told(&self) -> impl Iterator<Item = &Entry> {
        self.down.entries.iter()
    }

    /// How far this book has come. It only grows; a till that has seen a further one than this knows that the book was
    /// set back, also if it lost nothing of the till's own.
    pub fn mark(&self) -> u64 {
        u64::from(self.meta.inc) << MARK_DOCUMENTS_BITS | self.up.end.next.min((1 << MARK_DOCUMENTS_BITS) - 1)
    }

    fn unheard(&self) -> impl Iterator<Item = u32> {
        self.tills.iter().copied().filter(|till| !self.heard.contains(till))
    }

    fn put_meta(&mut self) {
        self.book.put(space::META, b"store", &self.meta);
    }

    /// Whose number it is, merged ones followed.
    pub fn whose(&self, number: &str) -> Option<&Customer> {
        self.people.whose(number)
    }

    /// Do what a document says in this book and write it into the log. While it is not known where the log ends, it waits
    /// and is done when it has its place: done before, it could stand on the wrong side of a fence that is relearned.
    fn write(&mut self, document: Document, now: Now) {
        if self.agreed && !self.restored {
            self.carry_out(&document, now);
            self.append(document);
        } else {
            if let Act::Open { .. } = document.act {
                self.carry_out(&document, now);
            }
            self.wait(document);
        }
    }

    fn append(&mut self, document: Document) {
        let entry = self.up.end.entry(self.meta.inc, self.down.end.next, document.to_body());
        self.book.put(space::UP, &log_key(0, entry.seq), &entry);
        self.up.push(entry);
    }

    fn wait(&mut self, document: Document) {
        if self.waiting.len() >= WAITING_MAX {
            tracing::error!(operation = ?document.operation, "too many documents wait for the root");
        }
        let number = self.meta.next_waiting;
        self.meta.next_waiting += 1;
        self.book.put(space::WAITING, &number.to_be_bytes(), &document);
        self.put_meta();
        self.waits.insert(document.operation, number);
        self.waiting.insert(number, document);
    }

    fn waits_no_more(&mut self) -> Vec<Document> {
        for number in self.waiting.keys() {
            self.book.remove(space::WAITING, &number.to_be_bytes());
        }
        self.waits.clear();
        std::mem::take(&mut self.waiting).into_values().collect()
    }

    /// The log's end is known: what waited is written into it.
    fn flush(&mut self, now: Now) {
        for document in self.waits_no_more() {
            self.carry_out(&document, now);
            self.append(document);
        }
    }

    /// A document in this book. What was done before is not done again.
    fn carry_out(&mut self, document: &Document, now: Now) {
        match &document.act {
            Act::Move(transfer) => {
                let mut local = self.local(transfer, document.recovered);
                if self.book.ledger.known(local.id).is_some() {
                    return;
                }
                let code = self.book.post_one(local.clone(), now);
                if !code.is_posted() {
                    // Another source stands in for it here; its number is spent, so it goes by one of its own.
                    tracing::warn!(operation = ?document.operation, %code, "a movement did not fit this store's book");
                    local.id = TransferId(local.id.0 ^ 0xF);
                    local.debit = AccountId::house(AccountKind::Clearing, local.debit.asset(), self.me, 0);
                    if !local.credit.has_lots() {
                        local.slices.clear();
                    }
                    let code = self.book.post_one(local, now);
                    if !code.is_posted() {
                        tracing::error!(operation = ?document.operation, %code, "a movement is not in this store's book");
                    }
                }
            }
            Act::Open { customer } => {
                if !self.people.by_owner.contains_key(&customer.owner) {
                    self.book.put(space::CUSTOMER, &customer.owner.to_be_bytes(), customer);
                    self.people.know(customer.as_ref().clone());
                }
            }
            Act::Recovered => {
                self.meta.recover = false;
                self.put_meta();
            }
        }
    }

    /// A movement in the accounts of this store's book: what it does not keep is on the other side of its clearing.
    fn local(&self, transfer: &Transfer, recovered: bool) -> Transfer {
        let clearing = |id: AccountId| AccountId::house(AccountKind::Clearing, id.asset(), self.me, 0);
        let here = |id: AccountId| match id.kind() {
            Some(AccountKind::Escrow) if id.node() == self.me && !recovered => id,
            Some(AccountKind::Redeemed | AccountKind::TenderIn) if id.node() == self.me => id,
            Some(AccountKind::Expense) => AccountId::house(AccountKind::Adjustment, id.asset(), self.me, 0),
            _ => clearing(id),
        };
        let mut local = transfer.clone();
        local.flags |= IMPORTED;
        (local.debit, local.credit) = (here(transfer.debit), here(transfer.credit));
        if !local.debit.has_lots() && !local.credit.has_lots() {
            local.slices.clear();
        }
        local
    }
}

/// A movement of one operation, as a document carries it.
pub(crate) fn movement(
    id: TransferId,
    code: TransferCode,
    debit: AccountId,
    credit: AccountId,
    amount: i64,
    reference: u128,
) -> Transfer {
    Transfer { flags: IMPORTED, reference, ..Transfer::plain(id, code, debit, credit, amount) }
}

/// The movement of an operation that a till asked for. Line 1 is its hold.
pub(crate) const MOVED: u8 = 2;

pub(crate) fn document(operation: OperationId, stamp: Stamp, transfer: Transfer) -> Document {
    Document { operation, stamp, recovered: false, act: Act::Move(transfer) }
}
