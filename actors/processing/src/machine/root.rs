//! The root: the one book of all customers, and what every store may spend of them.
//!
//! It takes the documents of stores in the order in which each store wrote them, gives rights by moving them into a store's
//! escrow, and never takes one back by time: a right ends when the store spends it, returns it, or is fenced. After it was
//! restored from a backup it begins a new epoch, and gives nothing to anybody until every store has given back what it lost.
//!
//! Must never: let a wallet go below its limit, post an operation twice, or write into the log of a store that it has not
//! compared since its last restoration.

mod days;
pub mod desk;
mod grants;
mod late;
pub mod looks;
pub mod merges;
pub mod people;
mod sync;

use std::collections::{BTreeMap, BTreeSet};

use domain::ledger::transfer::{Day, Transfer};
use domain::ledger::{AccountId, AccountKind, OperationId};
use serde::{Deserialize, Serialize};

use super::book::{Book, Changes, account_of, log_key, read, space};
use super::customer::People;
use super::given::{AllGiven, Limited};
use super::log::{End, Range, Told};
use super::subordinate::Mutant;
use super::wire::Reply;
use super::{NodeId, Now};
use crate::store::{Row, StoreError};

pub use desk::{Asked, AskedFor, DeskError, Done, Request, RequestState};
pub use merges::{Merge, Moved};
pub use people::PeopleError;

/// How far apart the epochs of two restorations from one backup may be.
const EPOCHS_APART: u32 = 1 << 16;

/// What an operator may set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// A store that asks for a customer gets rights up to so much of each wallet, in minor units.
    pub standing_max: i64,
    /// A store that asks for an amount gets so many times as much, if it is there and not above `standing_max`.
    pub grant_factor: i64,
    /// How long a store's wish for a right is remembered while others are asked to give theirs back.
    pub want_ms: u64,
    /// A silent store's rights are reclaimed after this (a mutant's rule; never set in earnest).
    pub mutant: Option<Mutant>,
    pub reclaim_ms: u64,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy { standing_max: 200_000, grant_factor: 2, want_ms: 5_000, mutant: None, reclaim_ms: 30 * 60 * 1000 }
    }
}

/// What leaves the root after the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    Reply(Reply),
    /// Entries as they stand in the book after the commit: the shell reads them.
    Entries {
        epoch: u32,
        ups: Range,
        downs: Range,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Meta {
    epoch: u32,
    next_owner: u64,
    next_alert: u64,
    /// Not every store has reported since the last restoration.
    recovering: bool,
    /// Restored, and nothing was said since.
    #[serde(default)]
    epoch_unsaid: bool,
}

/// A store as the root knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PeerRow {
    inc: u32,
    up: End,
    down: End,
    /// Fenced, and it has not told yet all that its tills remember.
    recover: bool,
    /// Given up: its number is not used again.
    retired: bool,
    /// The epoch in which its logs were last found equal to those here.
    synced: u32,
    tills: BTreeSet<u32>,
    /// The root was restored, and this store may have been too: nothing is given to anybody before its tills have told.
    #[serde(default)]
    doubtful: bool,
}

impl PeerRow {
    /// What its tills remember is not known yet.
    fn waits(&self) -> bool {
        self.recover || self.doubtful
    }
}

#[derive(Debug, Default)]
pub(crate) struct Peer {
    row: PeerRow,
    // Not written down.
    nonce: Option<u64>,
    heard_ms: u64,
    /// Entries of the down-log that the store has applied, as it last said.
    applied: u64,
}

/// Somebody waits for a right.
#[derive(Clone, Debug)]
struct Want {
    store: NodeId,
    amount: i64,
    until_ms: u64,
}

/// What people must look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    pub number: u64,
    pub day: Day,
    pub wall_ms: i64,
    pub store: NodeId,
    pub operation: OperationId,
    pub sentence: String,
}

pub struct Root {
    pub(crate) policy: Policy,
    pub(crate) book: Book,
    meta: Meta,
    peers: BTreeMap<NodeId, Peer>,
    people: People,
    /// Which stores were told of a customer.
    knows: BTreeMap<u64, BTreeSet<NodeId>>,
    alerts: BTreeMap<u64, Alert>,
    budgets: BTreeMap<(u32, u32), i64>,
    stores: BTreeMap<String, NodeId>,
    requests: BTreeMap<OperationId, Request>,
    merges: BTreeMap<u64, Merge>,
    arrivals: BTreeMap<AccountId, Vec<merges::Arrival>>,
    given: AllGiven,
    limited: BTreeMap<u32, Limited>,
    // Not written down.
    /// Stores that have something to hear since the last commit.
    rings: BTreeSet<NodeId>,
    wants: BTreeMap<AccountId, Vec<Want>>,
    nonces: u64,
    pass: days::Pass,
}

/// A store, for operators and tests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PeerStanding {
    pub store: NodeId,
    pub incarnation: u32,
    pub up_next: u64,
    pub down_next: u64,
    pub applied: u64,
    pub recovering: bool,
    pub synced: bool,
    pub retired: bool,
    /// Elapsed milliseconds of the root when it last spoke.
    pub heard_ms: u64,
    pub tills: Vec<u32>,
}

impl Root {
    pub fn new(policy: Policy) -> Root {
        Root {
            policy,
            book: Book::default(),
            meta: Meta { next_owner: 1, ..Meta::default() },
            peers: BTreeMap::new(),
            people: People::default(),
            knows: BTreeMap::new(),
            alerts: BTreeMap::new(),
            budgets: BTreeMap::new(),
            stores: BTreeMap::new(),
            rings: BTreeSet::new(),
            requests: BTreeMap::new(),
            merges: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            given: BTreeMap::new(),
            limited: BTreeMap::new(),
            wants: BTreeMap::new(),
            nonces: 0,
            pass: days::Pass::default(),
        }
    }

    /// A row as of the last block, when the book is loaded.
    pub fn load_row(&mut self, row: &Row) -> Result<(), StoreError> {
        let bad = StoreError::damaged;
        let short = || bad("a key of the account book is too short".to_owned());
        let account = || account_of(row).ok_or_else(short);
        let number = |at: usize| {
            let bytes = row.key.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
            bytes.map(u64::from_be_bytes).ok_or_else(short)
        };
        match row.space {
            space::META => self.meta = read(row).map_err(bad)?,
            space::CUSTOMER => self.people.know(read(row).map_err(bad)?),
            space::PEER => {
                let row: (NodeId, PeerRow) = read(row).map_err(bad)?;
                self.peers.insert(row.0, Peer { row: row.1, ..Peer::default() });
            }
            space::KNOWS => {
                let store = row.key.get(8..12).and_then(|bytes| bytes.try_into().ok()).ok_or_else(short)?;
                self.knows.entry(number(0)?).or_default().insert(u32::from_be_bytes(store));
            }
            space::ALERT => {
                self.alerts.insert(number(0)?, read(row).map_err(bad)?);
            }
            space::REQUEST => {
                let request: Request = read(row).map_err(bad)?;
                self.requests.insert(request.operation, request);
            }
            space::MERGE => {
                self.merges.insert(number(0)?, read(row).map_err(bad)?);
            }
            space::ARRIVAL => {
                self.arrivals.insert(account()?, read(row).map_err(bad)?);
            }
            space::GIVEN => {
                self.given.insert(account()?, read(row).map_err(bad)?);
            }
            space::LIMITED => {
                let (asset, limited) = read(row).map_err(bad)?;
                self.limited.insert(asset, limited);
            }
            space::BUDGET => {
                let (asset, campaign, budget): (u32, u32, i64) = read(row).map_err(bad)?;
                self.budgets.insert((asset, campaign), budget);
            }
            space::STORE => {
                let (name, store): (String, NodeId) = read(row).map_err(bad)?;
                self.stores.insert(name, store);
            }
            // Read where they are asked for.
            space::UP | space::DOWN => {}
            other => return Err(bad(format!("rows of space {other} are not the root's"))),
        }
        Ok(())
    }

    /// The book was brought back from a backup: a new epoch, and nothing is given until all stores have reported.
    pub fn restored(&mut self) {
        self.meta.epoch += 1;
        self.meta.epoch_unsaid = true;
        self.meta.recovering = self.peers.values().any(|peer| !peer.row.retired);
        self.put_meta();
        tracing::warn!(
            epoch = self.meta.epoch,
            "the root was restored: it gives no rights until every store has reported"
        );
    }

    /// Two restorations from one backup must not have one epoch: stores would take words of the first for words of the
    /// second. The clock only makes them differ; if the later one comes out lower, [`Root::hear_epoch`] puts it above.
    pub(super) fn say_epoch(&mut self, now: Now) {
        if std::mem::take(&mut self.meta.epoch_unsaid) {
            self.epoch_after(self.meta.epoch, now);
        }
    }

    fn epoch_after(&mut self, epoch: u32, now: Now) {
        let about: [&[u8]; 2] = [b"epoch", &now.wall_ms.to_le_bytes()];
        self.meta.epoch = epoch + (super::derived(now, &about).0 >> 4) as u32 % EPOCHS_APART;
        self.put_meta();
    }

    /// A store knows a later epoch: of a life of this root that came after its backup. False: this is an old root that
    /// came back, and it has nothing to say.
    pub(super) fn hear_epoch(&mut self, store: NodeId, epoch: u32, now: Now) -> bool {
        if epoch <= self.meta.epoch {
            return true;
        }
        if !self.meta.recovering {
            tracing::error!(store, epoch, known = self.meta.epoch, "a store knows a later root than this one");
            return false;
        }
        // Nothing was given in this epoch; whoever reported in it reports again. Another life of this root may have heard
        // the same before: the next number alone would be that life's.
        self.epoch_after(epoch + 1, now);
        true
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

    /// Stores that have something to hear since the last time that was asked.
    pub fn take_rings(&mut self) -> BTreeSet<NodeId> {
        std::mem::take(&mut self.rings)
    }

    pub fn epoch(&self) -> u32 {
        self.meta.epoch
    }

    pub fn is_recovering(&self) -> bool {
        self.meta.recovering
    }

    pub fn peers(&self) -> Vec<PeerStanding> {
        let standing = |(store, peer): (&NodeId, &Peer)| PeerStanding {
            store: *store,
            incarnation: peer.row.inc,
            up_next: peer.row.up.next,
            down_next: peer.row.down.next,
            applied: peer.applied,
            recovering: peer.row.recover,
            synced: peer.row.synced == self.meta.epoch,
            retired: peer.row.retired,
            heard_ms: peer.heard_ms,
            tills: peer.row.tills.iter().copied().collect(),
        };
        self.peers.iter().map(standing).collect()
    }

    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.values()
    }

    fn put_meta(&mut self) {
        self.book.put(space::META, b"root", &self.meta);
    }

    fn put_peer(&mut self, store: NodeId) {
        if let Some(peer) = self.peers.get(&store) {
            self.book.put(space::PEER, &store.to_be_bytes(), &(store, &peer.row));
        }
    }

    fn alert(&mut self, store: NodeId, operation: OperationId, sentence: String, now: Now) {
        tracing::warn!(store, ?operation, sentence, "accounts need attention");
        let number = self.meta.next_alert;
        self.meta.next_alert += 1;
        self.put_meta();
        let alert = Alert { number, day: now.moment.day, wall_ms: now.wall_ms, store, operation, sentence };
        self.book.put(space::ALERT, &number.to_be_bytes(), &alert);
        self.alerts.insert(number, alert);
    }

    /// Write a line into a store's down-log. A store that was not compared since the last restoration hears it later.
    fn tell(&mut self, store: NodeId, told: &Told) -> bool {
        self.tell_at(store, told).is_some()
    }

    /// The number of the line.
    fn tell_at(&mut self, store: NodeId, told: &Told) -> Option<u64> {
        let epoch = self.meta.epoch;
        let peer = self.peers.get_mut(&store)?;
        if peer.row.synced != epoch || peer.row.retired {
            return None;
        }
        let entry = peer.row.down.entry(epoch, 0, told.to_body());
        peer.row.down.advance(&entry);
        let place = entry.seq;
        self.book.put(space::DOWN, &log_key(store, place), &entry);
        self.put_peer(store);
        self.rings.insert(store);
        Some(place)
    }

    /// A wallet's account is there: of a customer that is known.
    fn open_wallet(&mut self, account: AccountId) -> bool {
        if self.book.ledger.account(account).is_some() {
            return true;
        }
        if !self.people.by_owner.contains_key(&account.owner()) {
            return false;
        }
        self.book.open(account, 0);
        true
    }

    fn may_grant(&self, store: NodeId) -> bool {
        let Some(peer) = self.peers.get(&store) else { return false };
        let early = self.policy.mutant == Some(Mutant::GrantsEarly);
        let recovering = self.meta.recovering && !early;
        !recovering && peer.row.synced == self.meta.epoch && !peer.row.waits() && !peer.row.retired
    }

    /// When every store has reported, rights are given again.
    fn end_recovery(&mut self, now: Now) {
        let epoch = self.meta.epoch;
        let done = |peer: &Peer| peer.row.retired || (peer.row.synced == epoch && !peer.row.waits());
        if self.meta.recovering && self.peers.values().all(done) {
            self.meta.recovering = false;
            self.put_meta();
            self.unite(now);
            tracing::info!(epoch, "every store has reported: rights are given again");
        }
    }

    /// Plain transfers, for programs that bring their own rules.
    pub fn post_plain(&mut self, transfers: &[Transfer], now: Now) -> Vec<domain::ledger::transfer::Code> {
        self.book.post(transfers, now)
    }

    /// A movement that is the root's own, or was a store's.
    fn post(&mut self, transfer: Transfer, now: Now) -> domain::ledger::transfer::Code {
        for account in [transfer.debit, transfer.credit] {
            if account.kind() == Some(AccountKind::Expense) {
                self.campaign(account);
            }
        }
        self.book.post_one(transfer, now)
    }

    /// After money or points came onto a wallet: what was owed is settled, merged ones go on, and who waits is served.
    fn came_in(&mut self, wallet: AccountId, now: Now) {
        self.expire_now(wallet, now);
        self.settle_shortfall(wallet, now);
        self.forward(wallet, now);
        self.serve_wants(wallet, now);
    }
}
