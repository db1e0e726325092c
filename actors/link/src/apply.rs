//! What a node does with the documents it receives.

use std::fmt;

use domain::ids::{StoreId, TillAddress, TillId};
use futures_util::future::BoxFuture;
use migrations::entity::origin_head;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryOrder};
use uuid::Uuid;

use crate::chain::{Chain, Place};

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

impl PeerRole {
    pub fn as_str(self) -> &'static str {
        match self {
            PeerRole::Till => "till",
            PeerRole::Store => "store",
            PeerRole::Hq => "hq",
        }
    }

    pub fn from_word(word: &str) -> Option<PeerRole> {
        [PeerRole::Till, PeerRole::Store, PeerRole::Hq].into_iter().find(|role| role.as_str() == word)
    }
}

impl fmt::Display for PeerRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Peer {
    /// Whether this node may bring documents of `origin`: a till its own, a store those of its tills.
    pub fn speaks_for(&self, origin: &Origin) -> bool {
        match self.role {
            PeerRole::Till => self
                .name
                .rsplit_once('/')
                .is_some_and(|(store, till)| store == origin.store.as_str() && till.parse() == Ok(origin.till.0)),
            PeerRole::Store => self.name == origin.store.as_str(),
            PeerRole::Hq => false,
        }
    }
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
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// The last document of a till that is committed here, applied or parked, with its chain. Equal to the till's own
/// [`crate::outbox::chain_head`] when everything has been delivered.
pub async fn origin_head<C: ConnectionTrait>(
    db: &C,
    store: &StoreId,
    till: TillId,
) -> Result<Option<(u64, Chain)>, DbErr> {
    let row = origin_head::Entity::find_by_id((store.as_str().to_owned(), i64::from(till.0))).one(db).await?;
    row.map(|row| Place::from_row(row.sequence, &row.chain).map(|place| (place.sequence, place.chain))).transpose()
}

/// [`origin_head`] of every till that ever delivered here, by store and till.
pub async fn origin_heads<C: ConnectionTrait>(db: &C) -> Result<Vec<(TillAddress, u64, Chain)>, DbErr> {
    let rows = origin_head::Entity::find()
        .order_by_asc(origin_head::Column::Store)
        .order_by_asc(origin_head::Column::Till)
        .all(db)
        .await?;
    rows.into_iter()
        .map(|row| {
            let place = Place::from_row(row.sequence, &row.chain)?;
            let store = StoreId::new(&row.store).map_err(|bad| DbErr::Type(bad.to_string()))?;
            let till = TillId(crate::outbox::narrow(row.till)?);
            Ok((TillAddress { store, till }, place.sequence, place.chain))
        })
        .collect()
}
