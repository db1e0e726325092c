//! Reading the catalogue's tables. Every look-up goes by an index; statements are constant, so each is prepared once.

use std::cmp::Reverse;
use std::collections::HashMap;

use domain::barcode::in_store::InStoreRules;
use domain::ids::OperatorNumber;
use messages::codec::from_body;
use messages::v1::catalogue::{BarcodeRule, Item, Operator};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value};
use serde::de::DeserializeOwned;

/// Kinds of `pos_identity`: a barcode, the item's own code, the number that scales use.
pub(super) const BARCODE: i32 = 0;
pub(super) const CODE: i32 = 1;
pub(super) const PLU: i32 = 2;

/// A way by which an item may be known.
pub(super) type KnownAs<'a> = (i32, &'a str);
/// Ways that are asked for at once.
pub(super) const WAYS: usize = 3;

/// Names that are looked at to find the best few: a word that more goods have does not tell them apart.
const NAMES_LOOKED_AT: i64 = 200;

pub(super) fn statement(sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
}

pub(super) async fn cursor<C: ConnectionTrait>(db: &C, dataset: &str) -> Result<u64, DbErr> {
    let select = statement("SELECT version FROM dataset_cursor WHERE dataset = ?", [dataset.into()]);
    match db.query_one_raw(select).await? {
        Some(row) => u64::try_from(row.try_get_by_index::<i64>(0)?)
            .map_err(|_| DbErr::Custom(format!("the version of {dataset} is negative"))),
        None => Ok(0),
    }
}

/// Forget how far datasets of another layout have come.
pub(super) async fn load_again_unless<C: ConnectionTrait>(db: &C, layout: i64) -> Result<(), DbErr> {
    let other = db.execute_raw(statement("DELETE FROM dataset_cursor WHERE layout <> ?", [layout.into()])).await?;
    if other.rows_affected() > 0 {
        tracing::info!(layout, "the catalogue of another layout is loaded again");
    }
    Ok(())
}

/// The item that is known in the first of these ways that any item is known in; of several the one that changed last.
pub(super) async fn item<C: ConnectionTrait>(db: &C, ways: [KnownAs<'_>; WAYS]) -> Result<Option<Item>, DbErr> {
    let select = "SELECT claim.kind, claim.value, item.version, item.body FROM (
            SELECT kind, value, item FROM pos_identity WHERE value IN (?1, ?2, ?3) UNION ALL
            SELECT kind, value, item FROM pos_identity_recent WHERE value IN (?1, ?2, ?3)) AS claim
        CROSS JOIN item ON item.id = claim.item";
    let mut best: Option<(Reverse<usize>, i64, QueryResult)> = None;
    for row in db.query_all_raw(statement(select, ways.map(|(_, value)| value.into()))).await? {
        let (kind, value): (i32, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let Some(place) = ways.iter().position(|way| *way == (kind, value.as_str())) else { continue };
        let (place, version) = (Reverse(place), row.try_get_by_index(2)?);
        if best.as_ref().is_none_or(|best| (best.0, best.1) < (place, version)) {
            best = Some((place, version, row));
        }
    }
    best.map(|(_, _, row)| body(&row, 3)).transpose()
}

pub(super) async fn operator<C: ConnectionTrait>(db: &C, number: &OperatorNumber) -> Result<Option<Operator>, DbErr> {
    one(db, statement("SELECT body FROM operator WHERE number = ?", [number.0.as_str().into()])).await
}

/// The person whose card says this. Staff lists are short, so they are looked through.
pub(super) async fn operator_by_card<C: ConnectionTrait>(db: &C, card_hash: &str) -> Result<Option<Operator>, DbErr> {
    for row in db.query_all_raw(statement("SELECT body FROM operator", [])).await? {
        let operator: Operator = body(&row, 0)?;
        if operator.card_hash.as_deref() == Some(card_hash) {
            return Ok(Some(operator));
        }
    }
    Ok(None)
}

/// The bodies of all sections of the settings, by key.
pub(super) async fn settings<C: ConnectionTrait>(db: &C) -> Result<HashMap<String, Vec<u8>>, DbErr> {
    let rows = db.query_all_raw(statement("SELECT key, body FROM till_setting", [])).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// Names as they are indexed: one letter for two that people write for each other.
pub(super) fn words_of(name: &str) -> String {
    name.replace('ё', "е").replace('Ё', "Е")
}

pub(super) async fn items_by_name<C: ConnectionTrait>(db: &C, text: &str, limit: usize) -> Result<Vec<Item>, DbErr> {
    let wanted = words_of(text).to_lowercase();
    let words = wanted.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let query = words.map(|word| format!("\"{word}\"*")).collect::<Vec<_>>().join(" ");
    if query.is_empty() {
        return Ok(Vec::new());
    }
    let select = "SELECT body FROM item WHERE id IN
        (SELECT rowid FROM item_words WHERE item_words MATCH ? ORDER BY rowid LIMIT ?)";
    let rows = db.query_all_raw(statement(select, [query.into(), NAMES_LOOKED_AT.into()])).await?;
    let mut items = rows.iter().map(|row| body(row, 0)).collect::<Result<Vec<Item>, DbErr>>()?;
    items.sort_by_cached_key(|item| {
        let name = words_of(&item.name).to_lowercase();
        (name != wanted, !name.starts_with(&wanted), name)
    });
    items.truncate(limit);
    Ok(items)
}

/// Items of which a barcode, a code or a scales' number begins with `text`, by that number.
pub(super) async fn items_by_code<C: ConnectionTrait>(db: &C, text: &str, limit: usize) -> Result<Vec<Item>, DbErr> {
    // All that begins with a text lies between it and the text before the last character there is.
    // Each table gives its first few by its own order, so that a short text never sorts a million.
    let select = "SELECT item.body FROM (
            SELECT value, item FROM (SELECT value, item FROM pos_identity
                WHERE value >= ?1 AND value < ?2 ORDER BY value LIMIT ?3) UNION ALL
            SELECT value, item FROM (SELECT value, item FROM pos_identity_recent
                WHERE value >= ?1 AND value < ?2 ORDER BY value LIMIT ?3)) AS claim
        CROSS JOIN item ON item.id = claim.item ORDER BY claim.value LIMIT ?3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [text.into(), format!("{text}\u{10ffff}").into(), limit.into()];
    let rows = db.query_all_raw(statement(select, values)).await?;
    let mut items: Vec<Item> = Vec::with_capacity(rows.len());
    for row in &rows {
        let item: Item = body(row, 0)?;
        // An item is known in several ways that begin alike.
        if items.iter().all(|known| known.code != item.code) {
            items.push(item);
        }
    }
    Ok(items)
}

/// The in-store rules. One that makes no sense is left out and logged: the rest of the shop's labels stay readable.
pub(super) async fn rules<C: ConnectionTrait>(db: &C) -> Result<InStoreRules, DbErr> {
    let rows = db.query_all_raw(statement("SELECT body FROM barcode_rule", [])).await?;
    let mut rules = Vec::with_capacity(rows.len());
    for row in &rows {
        match body::<BarcodeRule>(row, 0).map(|rule| rule.checked()) {
            Ok(Ok(rule)) => rules.push(rule),
            Ok(Err(bad)) => tracing::error!(reason = %bad, "a barcode rule is left out"),
            Err(unreadable) => tracing::error!(reason = %unreadable, "a barcode rule is left out"),
        }
    }
    Ok(InStoreRules::new(rules))
}

async fn one<C: ConnectionTrait, T: DeserializeOwned>(db: &C, select: Statement) -> Result<Option<T>, DbErr> {
    db.query_one_raw(select).await?.map(|row| body(&row, 0)).transpose()
}

fn body<T: DeserializeOwned>(row: &QueryResult, column: usize) -> Result<T, DbErr> {
    let bytes: Vec<u8> = row.try_get_by_index(column)?;
    from_body(&bytes).map_err(|error| DbErr::Custom(format!("a row of the catalogue is not readable: {error}")))
}
