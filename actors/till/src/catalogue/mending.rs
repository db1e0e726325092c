//! The catalogue compared with the store's: all rows as they lie in the file, and items that are put right.
//!
//! Whatever changed a row by hand may have left anything behind, so a wrong item is taken out with all by which it is found,
//! and put in anew.

use std::collections::HashMap;

use domain::ids::ItemCode;
use link::datasets::Change;
use link::datasets::digest::Buckets;
use messages::codec::from_body;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Value};
use serde::Deserialize;

use super::items;
use super::rows::statement;
use super::sink::Bodies;

/// Rows that are read at once.
const PAGE_ROWS: i64 = 2_000;

/// All of an item that is needed to compare it.
#[derive(Deserialize)]
struct Keyed {
    code: ItemCode,
}

/// Rows of some buckets as they lie here.
#[derive(Default)]
pub(super) struct Own {
    pub(super) rows: Vec<Change>,
    /// The till's own numbers of items.
    pub(super) ids: HashMap<String, i64>,
    /// Numbers of items that cannot be read, or are there twice.
    pub(super) broken: Vec<i64>,
}

impl Own {
    pub(super) async fn read<C: ConnectionTrait>(
        db: &C,
        table: Option<Bodies>,
        buckets: Buckets,
    ) -> Result<Own, DbErr> {
        let mut own = Own::default();
        look_through(db, table, |id, row| {
            if !buckets.has(&row.key) {
                return;
            }
            let is_item = table.is_none();
            if is_item && (row.key.is_empty() || own.ids.insert(row.key.clone(), id).is_some()) {
                own.broken.push(id);
            } else {
                own.rows.push(row);
            }
        })
        .await?;
        Ok(own)
    }
}

/// Show every row with its number to `look`; the key of an item that cannot be read is empty.
pub(super) async fn look_through<C: ConnectionTrait>(
    db: &C,
    table: Option<Bodies>,
    mut look: impl FnMut(i64, Change),
) -> Result<(), DbErr> {
    let (first, select) = match table {
        None => (Value::from(0_i64), "SELECT id, version, body FROM item WHERE id > ? ORDER BY id LIMIT ?".to_owned()),
        Some(Bodies { table, key }) => (
            Value::from(""),
            format!("SELECT {key}, version, body FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT ?"),
        ),
    };
    let mut after = first;
    loop {
        let page = db.query_all_raw(statement(&select, [after.clone(), PAGE_ROWS.into()])).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = match table {
            None => last.try_get_by_index::<i64>(0)?.into(),
            Some(_) => last.try_get_by_index::<String>(0)?.into(),
        };
        for row in &page {
            let body: Vec<u8> = row.try_get_by_index(2)?;
            let (id, key) = match table {
                None => {
                    (row.try_get_by_index(0)?, from_body::<Keyed>(&body).map_or_else(|_| String::new(), |it| it.code.0))
                }
                Some(_) => (0, row.try_get_by_index(0)?),
            };
            let version = row.try_get_by_index::<i64>(1)?.cast_unsigned();
            look(id, Change { key, version, deleted: false, body });
        }
    }
}

/// Put `put` in place of what is there, take out `gone` and what is broken.
pub(super) async fn items(
    transaction: &DatabaseTransaction,
    put: Vec<Change>,
    gone: &[String],
    ids: &HashMap<String, i64>,
    broken: Vec<i64>,
) -> Result<(), DbErr> {
    let wrong = put.iter().map(|change| &change.key).chain(gone).filter_map(|key| ids.get(key).copied());
    for id in wrong.chain(broken) {
        transaction.execute_raw(statement("DELETE FROM item WHERE id = ?", [id.into()])).await?;
    }
    for (table, number) in [("pos_identity", "item"), ("pos_identity_recent", "item"), ("item_words", "rowid")] {
        let orphans = format!("DELETE FROM {table} WHERE {number} NOT IN (SELECT id FROM item)");
        transaction.execute_raw(statement(&orphans, [])).await?;
    }
    items::keep(transaction, put).await
}
