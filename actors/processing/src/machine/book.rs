//! A machine's memory with a list of what changed: the ledger, and rows for the rest.

use std::collections::BTreeMap;

use domain::ledger::transfer::{Code, Posting, Transfer};
use domain::ledger::{AccountId, Ledger};
use messages::codec::{from_body, to_body};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Now;
use crate::store::Row;

/// Spaces of rows. Kept in books for ever: never reused.
pub mod space {
    pub const META: u16 = 1;
    /// By owner: a customer with its cards and wallets.
    pub const CUSTOMER: u16 = 2;
    /// By peer and number: what the store wrote.
    pub const UP: u16 = 3;
    /// By peer and number: what the root wrote for the store.
    pub const DOWN: u16 = 4;
    /// By peer: how far its logs are.
    pub const PEER: u16 = 5;
    /// By till of this store: what it told.
    pub const TILL: u16 = 6;
    /// By card and day, cashier and day, card: what was used of a limit.
    pub const LIMIT: u16 = 7;
    /// By number: documents that wait until this store knows whether it was restored.
    pub const WAITING: u16 = 8;
    /// By owner and store: the store was told of the customer.
    pub const KNOWS: u16 = 9;
    /// By number: what people must look at.
    pub const ALERT: u16 = 10;
    /// By number: what one person asked for and another must allow; later, what both did.
    pub const REQUEST: u16 = 11;
    /// By number: what a merge moved.
    pub const MERGE: u16 = 12;
    /// By account: what the root last said of it.
    pub const TOLD: u16 = 14;
    /// By asset and campaign: the most that it may give.
    pub const BUDGET: u16 = 15;
    /// By name of a store: its number.
    pub const STORE: u16 = 16;
    /// By till of this store: the last of its receipts that was looked at.
    pub const FED: u16 = 17;
    /// By wallet: what came onto it from other customers, and which stores were told.
    pub const ARRIVAL: u16 = 18;
    /// By account of points: what campaigns gave lately.
    pub const GIVEN: u16 = 19;
    /// By programme: which of its rules give only so much.
    pub const LIMITED: u16 = 20;
}

/// What one commit writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub postings: Vec<Posting>,
    pub rows: Vec<Row>,
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        self.postings.is_empty() && self.rows.is_empty()
    }
}

#[derive(Debug, Default)]
pub struct Book {
    pub ledger: Ledger,
    postings: Vec<Posting>,
    rows: BTreeMap<(u16, Vec<u8>), Option<Vec<u8>>>,
}

impl Book {
    /// Post; refusals are written down too.
    pub fn post(&mut self, transfers: &[Transfer], now: Now) -> Vec<Code> {
        self.ledger.post(transfers, now.moment, &mut self.postings)
    }

    pub fn post_one(&mut self, transfer: Transfer, now: Now) -> Code {
        let codes = self.ledger.post(std::slice::from_ref(&transfer), now.moment, &mut self.postings);
        codes.first().copied().expect("one transfer has one answer")
    }

    /// An account is there, with this limit. Not written down: it follows from the rows.
    pub fn open(&mut self, id: AccountId, limit: i64) {
        self.ledger.open(id, limit);
    }

    /// The last posting of this commit: what [`Book::post_one`] just settled on.
    pub fn last_posting(&self) -> Option<&Posting> {
        self.postings.last()
    }

    /// A hold whose interval has passed is free again.
    pub fn expire(&mut self, hold: domain::ledger::TransferId, now: Now) {
        self.ledger.expire(hold, now.moment, &mut self.postings);
    }

    pub fn put<T: Serialize>(&mut self, space: u16, key: &[u8], value: &T) {
        self.rows.insert((space, key.to_vec()), Some(to_body(value)));
    }

    pub fn remove(&mut self, space: u16, key: &[u8]) {
        self.rows.insert((space, key.to_vec()), None);
    }

    /// Postings that are to be written down.
    pub fn written(&self) -> usize {
        self.postings.len()
    }

    /// Nothing is to be written down.
    pub fn is_clean(&self) -> bool {
        self.postings.is_empty() && self.rows.is_empty()
    }

    /// What is to be written down since the last time, in a definite order.
    pub fn take(&mut self) -> Changes {
        let rows = std::mem::take(&mut self.rows);
        let rows = rows.into_iter().map(|((space, key), value)| Row { space, key, value }).collect();
        Changes { postings: std::mem::take(&mut self.postings), rows }
    }
}

/// A row as it was written.
pub fn read<T: DeserializeOwned>(row: &Row) -> Result<T, String> {
    let value = row.value.as_deref().ok_or_else(|| format!("a row of space {} has no value", row.space))?;
    from_body(value).map_err(|error| format!("a row of space {} cannot be read: {error}", row.space))
}

/// The account that a row is of. None: its key is no account.
pub(crate) fn account_of(row: &Row) -> Option<AccountId> {
    row.key.as_slice().try_into().ok().map(|key| AccountId(u128::from_be_bytes(key)))
}

/// `peer` and a number, most significant byte first, so that rows are in order.
pub fn log_key(peer: u32, seq: u64) -> [u8; 12] {
    let mut key = [0; 12];
    key[..4].copy_from_slice(&peer.to_be_bytes());
    key[4..].copy_from_slice(&seq.to_be_bytes());
    key
}
