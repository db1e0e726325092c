//! Writing items, with the barcodes and the words by which they are found.
//!
//! What an item was known by is told from its old row, so no table needs an index back to the item. A barcode that two
//! items claim belongs to the one that changed last; when that one gives it up or goes, the other has it again.

use std::collections::{BTreeSet, HashMap};

use domain::barcode::identity;
use link::datasets::Change;
use messages::codec::from_body;
use messages::v1::catalogue::Item;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Value};

use super::rows::{BARCODE, CODE, PLU, statement, words_of};
use super::sink::{batch_of, insert, signed};

/// Identities that wait in the small table before they go to the large one together: enough to write most of its pages
/// once for many of them, few enough to move in a fraction of a second.
const IDENTITIES_RECENT_MAX: i64 = 100_000;

/// An item that is there already.
struct Old {
    id: i64,
    /// `None` if its row cannot be read; then nothing points to it.
    item: Option<Item>,
}

/// Rows that wait for their statement.
#[derive(Default)]
struct Writes {
    items: Vec<[Value; 3]>,
    identities: Vec<[Value; 3]>,
    words: Vec<[Value; 2]>,
}

pub(super) async fn keep(transaction: &DatabaseTransaction, changes: Vec<Change>) -> Result<(), DbErr> {
    let last_id = last_id(transaction).await?;
    let mut olds = if last_id == 0 { HashMap::new() } else { olds(transaction, &changes).await? };
    let mut next_id = last_id + 1;
    let mut writes = Writes::default();
    for change in changes {
        let old = olds.remove(&change.key);
        let Some(item) = read(&change) else {
            if let Some(old) = old {
                delete(transaction, &old).await?;
            }
            continue;
        };
        let id = old.as_ref().map_or(next_id, |old| old.id);
        next_id = next_id.max(id + 1);
        let (known_by, name) = match old.and_then(|old| old.item) {
            Some(old) => (identities(&old), Some(words_of(&old.name))),
            None => (BTreeSet::new(), None),
        };
        let to_be_known_by = identities(&item);
        for (kind, value) in known_by.difference(&to_be_known_by) {
            delete_identity(transaction, *kind, value, id).await?;
        }
        for (kind, value) in to_be_known_by.difference(&known_by) {
            writes.identities.push([value.as_str().into(), (*kind).into(), id.into()]);
        }
        let words = words_of(&item.name);
        if name.as_ref() != Some(&words) {
            if name.is_some() {
                delete_words(transaction, id).await?;
            }
            writes.words.push([id.into(), words.into()]);
        }
        writes.items.push([id.into(), signed(change.version)?.into(), change.body.into()]);
    }
    write(transaction, writes).await
}

/// The item of a change; `None` if it is removed, or cannot be read: goods of an unknown price are not sold.
fn read(change: &Change) -> Option<Item> {
    if change.deleted {
        return None;
    }
    from_body(&change.body)
        .inspect_err(
            |error| tracing::error!(code = %change.key, reason = %error, "an item cannot be read and is not sold"),
        )
        .ok()
}

fn identities(item: &Item) -> BTreeSet<(i32, String)> {
    let barcodes = item.barcodes.iter().map(|barcode| (BARCODE, identity(barcode)));
    let plu = item.plu.map(|plu| (PLU, plu.to_string()));
    barcodes.chain(plu).chain([(CODE, item.code.0.clone())]).collect()
}

async fn write(transaction: &DatabaseTransaction, mut writes: Writes) -> Result<(), DbErr> {
    // In the order of the index each page is visited once.
    writes.identities.sort_by(|a, b| text(&a[0]).cmp(text(&b[0])));
    let newer = "ON CONFLICT (id) DO UPDATE SET version = excluded.version, body = excluded.body";
    insert(transaction, "INSERT INTO item (id, version, body)", writes.items, newer).await?;
    insert(transaction, "INSERT OR IGNORE INTO pos_identity_recent (value, kind, item)", writes.identities, "").await?;
    insert(transaction, "INSERT INTO item_words (rowid, name)", writes.words, "").await?;
    let count = transaction.query_one_raw(statement("SELECT COUNT(*) FROM pos_identity_recent", [])).await?;
    if count.map_or(Ok(0), |row| row.try_get_by_index::<i64>(0))? > IDENTITIES_RECENT_MAX {
        settle(transaction).await?;
    }
    Ok(())
}

/// Move the recent identities to the large table.
pub(super) async fn settle(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    let settle = "INSERT OR IGNORE INTO pos_identity SELECT value, kind, item FROM pos_identity_recent";
    transaction.execute_raw(statement(settle, [])).await?;
    transaction.execute_raw(statement("DELETE FROM pos_identity_recent", [])).await?;
    Ok(())
}

fn text(value: &Value) -> &str {
    if let Value::String(Some(text)) = value { text } else { "" }
}

async fn last_id(transaction: &DatabaseTransaction) -> Result<i64, DbErr> {
    let row = transaction.query_one_raw(statement("SELECT COALESCE(MAX(id), 0) FROM item", [])).await?;
    row.map_or(Ok(0), |row| row.try_get_by_index(0))
}

/// Those of the changed items that are there already, by code.
async fn olds(transaction: &DatabaseTransaction, changes: &[Change]) -> Result<HashMap<String, Old>, DbErr> {
    let mut olds = HashMap::new();
    let mut left = changes;
    while !left.is_empty() {
        let (batch, rest) = left.split_at(batch_of(left.len()));
        left = rest;
        let select = format!(
            "WITH wanted (kind, value) AS (VALUES {}), claim (value, item) AS (
                SELECT value, item FROM wanted CROSS JOIN pos_identity USING (kind, value) UNION
                SELECT value, item FROM wanted CROSS JOIN pos_identity_recent USING (kind, value))
            SELECT claim.value, item.id, item.body FROM claim CROSS JOIN item ON item.id = claim.item",
            vec![format!("({CODE}, ?)"); batch.len()].join(", ")
        );
        let codes = batch.iter().map(|change| change.key.as_str().into());
        for row in transaction.query_all_raw(statement(&select, codes)).await? {
            let body: Vec<u8> = row.try_get_by_index(2)?;
            let old = Old { id: row.try_get_by_index(1)?, item: from_body(&body).ok() };
            olds.insert(row.try_get_by_index(0)?, old);
        }
    }
    Ok(olds)
}

async fn delete(transaction: &DatabaseTransaction, old: &Old) -> Result<(), DbErr> {
    for (kind, value) in old.item.iter().flat_map(identities) {
        delete_identity(transaction, kind, &value, old.id).await?;
    }
    delete_words(transaction, old.id).await?;
    transaction.execute_raw(statement("DELETE FROM item WHERE id = ?", [old.id.into()])).await?;
    Ok(())
}

async fn delete_identity(transaction: &DatabaseTransaction, kind: i32, value: &str, id: i64) -> Result<(), DbErr> {
    for delete in [
        "DELETE FROM pos_identity WHERE value = ? AND kind = ? AND item = ?",
        "DELETE FROM pos_identity_recent WHERE value = ? AND kind = ? AND item = ?",
    ] {
        transaction.execute_raw(statement(delete, [value.into(), kind.into(), id.into()])).await?;
    }
    Ok(())
}

async fn delete_words(transaction: &DatabaseTransaction, id: i64) -> Result<(), DbErr> {
    transaction.execute_raw(statement("DELETE FROM item_words WHERE rowid = ?", [id.into()])).await?;
    Ok(())
}
