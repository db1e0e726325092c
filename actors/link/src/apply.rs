//! What a node does with the documents it receives.

use domain::ids::{StoreId, TillId};
use futures_util::future::BoxFuture;
use sea_orm::{DatabaseTransaction, DbErr};
use uuid::Uuid;

/// A node at the other end of a link.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    /// Its name: "hq", "S0012", "S0012/3".
    pub name: String,
    pub role: PeerRole,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerRole {
    Till,
    Store,
    Hq,
}

/// Where a document was made, and its place in that maker's own chain. Kept unchanged on every hop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub store: StoreId,
    pub till: TillId,
    /// From 1, without gaps, per till.
    pub sequence: u64,
    /// Hash over the document and all before it.
    pub chain: [u8; 16],
}

/// A document as it arrived, in order and with its chain checked.
#[derive(Clone, Debug)]
pub struct Received {
    pub id: Uuid,
    pub type_id: u32,
    pub schema: u16,
    pub origin: Origin,
    pub created_ms: i64,
    pub body: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Applied,
    /// Its business key was there already; nothing was changed.
    Duplicate,
    /// It cannot be applied; it is kept with what follows from the same till, seen by the operator and tried again.
    Park {
        reason: String,
    },
    /// A newer kind than this version knows; kept until the upgrade.
    Unsupported,
}

/// The effects of documents in this node's database.
pub trait Apply: Send + Sync + 'static {
    /// Apply a batch in the transaction that also moves the cursor: one outcome a document, in order. An error aborts the
    /// whole batch, which is then offered again; a document that is parked or unsupported must have left nothing behind.
    fn apply<'a>(
        &'a self,
        transaction: &'a DatabaseTransaction,
        from: &'a Peer,
        batch: &'a [Received],
    ) -> BoxFuture<'a, Result<Vec<Outcome>, DbErr>>;
}
