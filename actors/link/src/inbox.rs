//! Taking a batch of documents into the database: effects, places and parked documents in one transaction.
//!
//! Invariants:
//! - LK-4 Effects, the cursor of the peer and the heads of the tills move together or not at all.
//! - LK-5 Behind a parked document nothing of the same till is applied until it is.
//! - LK-6 Two sessions of one peer cannot both move its cursor: the later transaction finds it moved and is given up.

pub(crate) mod incarnations;
pub mod parked;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::Utc;
use domain::ids::{StoreId, TillId};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use migrations::database::Database;
use migrations::entity::{inbox_cursor, origin_head};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect,
};

use crate::apply::{Apply, Outcome, Peer, Received};
use crate::archive;
use crate::chain::{Place, signed};
use crate::frame::Numbered;
use crate::outbox::DOCUMENTS;
use crate::recovery::Restore;
use crate::session::{Incident, fork};

/// Why a batch is not in the database.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    #[error(transparent)]
    Incident(#[from] Incident),
    #[error("another session of the same node has gone on: this one ends")]
    Overtaken,
    #[error("the database refused the batch: {0}")]
    Database(#[from] DbErr),
}

/// What a committed batch was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    pub place: Place,
    pub applied: u64,
    pub duplicate: u64,
    pub parked: u64,
}

type TillKey = (String, i64);

fn till_key(store: &StoreId, till: TillId) -> TillKey {
    (store.as_str().to_owned(), i64::from(till.0))
}

fn key_of(document: &Received) -> TillKey {
    till_key(&document.origin.store, document.origin.till)
}

/// How far the documents of `peer` are committed here.
pub async fn cursor<C: ConnectionTrait>(db: &C, peer: &str) -> Result<Place, DbErr> {
    match inbox_cursor::Entity::find_by_id((peer.to_owned(), i32::from(DOCUMENTS))).one(db).await? {
        Some(row) => Place::from_row(row.applied_seq, &row.chain),
        None => Ok(Place::default()),
    }
}

/// Apply `batch`, which follows directly on `before`, and commit it.
pub async fn take(
    database: &Database,
    apply: &dyn Apply,
    peer: &Peer,
    before: Place,
    batch: &[Numbered],
) -> Result<Taken, TakeError> {
    let Some(last) = batch.last() else { return Ok(Taken { place: before, ..Taken::default() }) };
    for numbered in batch {
        let origin = &numbered.document.origin;
        if !peer.speaks_for(origin) {
            let origin = format!("{}/{}", origin.store, origin.till);
            return Err(Incident::NotItsOwn { whose: peer.name.clone(), origin }.into());
        }
    }
    let documents: Vec<Received> = batch.iter().map(|numbered| numbered.document.clone()).collect();
    // Documents that could not be applied, by their place in the batch, with the reason; learnt try by try.
    let mut refused: BTreeMap<usize, String> = BTreeMap::new();
    loop {
        let transaction = database.begin().await?;
        move_cursor(&transaction, peer, before, last.place).await?;
        let (heads, known) = follow_origins(&transaction, &peer.name, &documents, Start::AtTheHead).await?;
        let barred = parked::tills_with_parked(&transaction, heads.keys()).await?;
        let (clear, aside) = part(&documents, &known, &barred, &refused);
        let offered: Vec<Received> = clear.iter().map(|index| documents[*index].clone()).collect();
        let outcomes = if offered.is_empty() { Vec::new() } else { apply.apply(&transaction, peer, &offered).await? };
        if outcomes.len() != offered.len() {
            let (got, wanted) = (outcomes.len(), offered.len());
            return Err(DbErr::Custom(format!("{got} outcomes came for {wanted} documents")).into());
        }
        let mut taken = Taken { place: last.place, duplicate: known.len() as u64, ..Taken::default() };
        let mut newly = BTreeMap::new();
        for (index, outcome) in clear.iter().zip(outcomes) {
            match outcome {
                Outcome::Applied => taken.applied += 1,
                Outcome::Duplicate => taken.duplicate += 1,
                Outcome::Park { reason } => {
                    newly.insert(*index, reason);
                }
                Outcome::Unsupported => {
                    newly.insert(*index, parked::unsupported(&documents[*index]));
                }
            }
        }
        if has_followers(&documents, &clear, &newly) {
            // What follows them was applied: undo all of it and offer the batch again without them.
            transaction.rollback().await?;
            refused.extend(newly);
            continue;
        }
        let aside: Vec<(&Received, String)> = aside
            .into_iter()
            .chain(newly)
            .collect::<BTreeMap<usize, String>>()
            .into_iter()
            .map(|(index, reason)| (&documents[index], reason))
            .collect();
        taken.parked = aside.len() as u64;
        parked::park(&transaction, peer, &aside).await?;
        keep_heads(&transaction, heads).await?;
        archive::keep(&transaction, &peer.name, batch, Utc::now().timestamp_millis()).await?;
        transaction.commit().await?;
        return Ok(taken);
    }
}

/// Takes back documents of tills, which this node had applied and sent up before it went back. A document of which nothing
/// is here any more is the first of its till.
pub struct ApplyAgain {
    pub me: Peer,
    /// Must not pass anything on: the node above has it.
    pub apply: Arc<dyn Apply>,
}

impl Restore for ApplyAgain {
    fn restore<'a>(
        &'a self,
        transaction: &'a DatabaseTransaction,
        documents: &'a [Received],
    ) -> BoxFuture<'a, Result<(), DbErr>> {
        self.again(transaction, documents).boxed()
    }
}

impl ApplyAgain {
    async fn again(&self, transaction: &DatabaseTransaction, documents: &[Received]) -> Result<(), DbErr> {
        if documents.is_empty() {
            return Ok(());
        }
        let followed = follow_origins(transaction, &self.me.name, documents, Start::Anywhere).await;
        let (heads, known) = match followed {
            Ok(followed) => followed,
            Err(TakeError::Database(error)) => return Err(error),
            Err(other) => return Err(DbErr::Custom(other.to_string())),
        };
        let mut barred = parked::tills_with_parked(transaction, heads.keys()).await?;
        for (index, document) in documents.iter().enumerate().filter(|(index, _)| !known.contains(index)) {
            let one = std::slice::from_ref(document);
            let reason = if barred.contains(&key_of(document)) {
                parked::behind()
            } else {
                match self.apply.apply(transaction, &self.me, one).await?.pop() {
                    Some(Outcome::Applied | Outcome::Duplicate) => continue,
                    Some(Outcome::Park { reason }) => reason,
                    Some(Outcome::Unsupported) => parked::unsupported(&documents[index]),
                    None => return Err(DbErr::Custom("no outcome came for a document".to_owned())),
                }
            };
            barred.insert(key_of(document));
            parked::park(transaction, &self.me, &[(document, reason)]).await?;
        }
        let lost = documents.iter().enumerate().filter(|(index, _)| !known.contains(index));
        received_of(transaction, lost.map(|(_, document)| document)).await?;
        keep_heads(transaction, heads).await
    }
}

/// What tills had sent, and came back from above, counts as received from them: a till that lost its own database too takes it
/// back from here, and never gives its numbers again. A till's place in its own chain is its place in its outbox.
async fn received_of(
    transaction: &DatabaseTransaction,
    documents: impl Iterator<Item = &Received>,
) -> Result<(), DbErr> {
    let mut by_till: BTreeMap<TillKey, Vec<Numbered>> = BTreeMap::new();
    for document in documents {
        let place = Place { sequence: document.origin.sequence, chain: document.origin.chain };
        by_till.entry(key_of(document)).or_default().push(Numbered { place, document: document.clone() });
    }
    let now_ms = Utc::now().timestamp_millis();
    for ((store, till), documents) in by_till {
        let Some(last) = documents.last() else { continue };
        let peer = format!("{store}/{till}");
        archive::keep(transaction, &peer, &documents, now_ms).await?;
        let further = OnConflict::columns([inbox_cursor::Column::Peer, inbox_cursor::Column::Channel])
            .update_columns([
                inbox_cursor::Column::AppliedSeq,
                inbox_cursor::Column::Chain,
                inbox_cursor::Column::UpdatedMs,
            ])
            .to_owned();
        let row = cursor_row(&peer, last.place, now_ms)?;
        inbox_cursor::Entity::insert(row).on_conflict(further).exec_without_returning(transaction).await?;
    }
    Ok(())
}

fn cursor_row(peer: &str, place: Place, now_ms: i64) -> Result<inbox_cursor::ActiveModel, DbErr> {
    Ok(inbox_cursor::ActiveModel {
        peer: Set(peer.to_owned()),
        channel: Set(i32::from(DOCUMENTS)),
        applied_seq: Set(signed(place.sequence)?),
        chain: Set(place.chain.to_vec()),
        updated_ms: Set(now_ms),
    })
}

/// Which documents are offered, and which are set aside and why. Those that are `known` are neither.
fn part(
    documents: &[Received],
    known: &BTreeSet<usize>,
    barred: &BTreeSet<TillKey>,
    refused: &BTreeMap<usize, String>,
) -> (Vec<usize>, BTreeMap<usize, String>) {
    let mut barred = barred.clone();
    let (mut clear, mut aside) = (Vec::new(), BTreeMap::new());
    for (index, document) in documents.iter().enumerate().filter(|(index, _)| !known.contains(index)) {
        let key = key_of(document);
        if barred.contains(&key) {
            aside.insert(index, parked::behind());
        } else if let Some(reason) = refused.get(&index) {
            aside.insert(index, reason.clone());
            barred.insert(key);
        } else {
            clear.push(index);
        }
    }
    (clear, aside)
}

fn has_followers(documents: &[Received], offered: &[usize], refused: &BTreeMap<usize, String>) -> bool {
    let mut barred = BTreeSet::new();
    for index in offered {
        let key = key_of(&documents[*index]);
        if barred.contains(&key) {
            return true;
        }
        if refused.contains_key(index) {
            barred.insert(key);
        }
    }
    false
}

/// Compare and set: only the session that knows where the cursor stands moves it.
async fn move_cursor(
    transaction: &DatabaseTransaction,
    peer: &Peer,
    before: Place,
    to: Place,
) -> Result<(), TakeError> {
    use inbox_cursor::Column;
    let now_ms = Utc::now().timestamp_millis();
    if before.sequence == 0 {
        let row = cursor_row(&peer.name, to, now_ms)?;
        let nobody = OnConflict::columns([Column::Peer, Column::Channel]).do_nothing().to_owned();
        let inserted =
            inbox_cursor::Entity::insert(row).on_conflict(nobody).exec_without_returning(transaction).await?;
        return if inserted == 1 { Ok(()) } else { Err(TakeError::Overtaken) };
    }
    let moved = inbox_cursor::Entity::update_many()
        .col_expr(Column::AppliedSeq, Expr::value(signed(to.sequence)?))
        .col_expr(Column::Chain, Expr::value(to.chain.to_vec()))
        .col_expr(Column::UpdatedMs, Expr::value(now_ms))
        .filter(Column::Peer.eq(peer.name.as_str()))
        .filter(Column::Channel.eq(i32::from(DOCUMENTS)))
        .filter(Column::AppliedSeq.eq(signed(before.sequence)?))
        .exec(transaction)
        .await?;
    if moved.rows_affected == 1 { Ok(()) } else { Err(TakeError::Overtaken) }
}

/// What may follow on nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// The first document of a till only.
    AtTheHead,
    /// Any: what came before it is not kept any more.
    Anywhere,
}

/// Each document must be the next in its till's own chain, or one that is here: then it came by another road, while one of
/// the nodes took back what it had lost. Answers where the tills' heads come to stand, and which documents are known.
async fn follow_origins(
    transaction: &DatabaseTransaction,
    peer: &str,
    documents: &[Received],
    start: Start,
) -> Result<(BTreeMap<TillKey, Place>, BTreeSet<usize>), TakeError> {
    let mut heads: BTreeMap<TillKey, Place> = BTreeMap::new();
    let mut known = BTreeSet::new();
    for (index, document) in documents.iter().enumerate() {
        let key = key_of(document);
        let head = match heads.get(&key) {
            Some(head) => *head,
            None => origin_place(transaction, &key).await?,
        };
        let origin = &document.origin;
        let theirs = Place { sequence: origin.sequence, chain: origin.chain };
        let whose = || format!("{}/{} (brought by {peer})", origin.store, origin.till);
        let next = head.next(document.id, &document.body);
        let place = if theirs.sequence < head.sequence || theirs == head {
            known.insert(index);
            head
        } else if theirs.sequence == head.sequence {
            return Err(fork(&whose(), head, theirs).into());
        } else if theirs == next || (start == Start::Anywhere && head.sequence == 0) {
            theirs
        } else if theirs.sequence == next.sequence {
            return Err(fork(&whose(), next, theirs).into());
        } else {
            let (expected, theirs) = (next.sequence, theirs.sequence);
            return Err(Incident::Hole { whose: whose(), expected, theirs }.into());
        };
        heads.insert(key, place);
    }
    Ok((heads, known))
}

async fn origin_place(transaction: &DatabaseTransaction, key: &TillKey) -> Result<Place, DbErr> {
    // The lock keeps a retry of parked documents of the same till out; SQLite has one writer anyway.
    match origin_head::Entity::find_by_id(key.clone()).lock_exclusive().one(transaction).await? {
        Some(row) => Place::from_row(row.sequence, &row.chain),
        None => Ok(Place::default()),
    }
}

async fn keep_heads(transaction: &DatabaseTransaction, heads: BTreeMap<TillKey, Place>) -> Result<(), DbErr> {
    let mut rows = Vec::with_capacity(heads.len());
    for ((store, till), place) in heads {
        rows.push(origin_head::ActiveModel {
            store: Set(store),
            till: Set(till),
            sequence: Set(signed(place.sequence)?),
            chain: Set(place.chain.to_vec()),
        });
    }
    let newest = OnConflict::columns([origin_head::Column::Store, origin_head::Column::Till])
        .update_columns([origin_head::Column::Sequence, origin_head::Column::Chain])
        .to_owned();
    origin_head::Entity::insert_many(rows).on_conflict(newest).exec_without_returning(transaction).await?;
    Ok(())
}
