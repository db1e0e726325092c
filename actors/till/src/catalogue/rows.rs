//! Reading the catalogue's tables. Every look-up goes by an index; statements are constant, so each is prepared once.

use domain::barcode::in_store::{InStoreRule, InStoreRules, LabelKind};
use domain::ids::OperatorNumber;
use messages::codec::from_body;
use messages::v1::catalogue::{BarcodeKind, BarcodeRule, Item, Operator};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value};
use serde::de::DeserializeOwned;

/// Kinds of `pos_identity`.
pub(super) const BARCODE: i32 = 0;
pub(super) const PLU: i32 = 1;

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

pub(super) async fn item_by_code<C: ConnectionTrait>(db: &C, code: &str) -> Result<Option<Item>, DbErr> {
    one(db, statement("SELECT body FROM item WHERE code = ?", [code.into()])).await
}

pub(super) async fn item_by_identity<C: ConnectionTrait>(
    db: &C,
    kind: i32,
    value: &str,
) -> Result<Option<Item>, DbErr> {
    let select = "SELECT item.body FROM pos_identity JOIN item ON item.id = pos_identity.item
        WHERE pos_identity.value = ? AND pos_identity.kind = ? ORDER BY item.version DESC LIMIT 1";
    one(db, statement(select, [value.into(), kind.into()])).await
}

pub(super) async fn operator<C: ConnectionTrait>(db: &C, number: &OperatorNumber) -> Result<Option<Operator>, DbErr> {
    one(db, statement("SELECT body FROM operator WHERE number = ?", [number.0.as_str().into()])).await
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
    let mut items = rows.iter().map(body).collect::<Result<Vec<Item>, DbErr>>()?;
    items.sort_by_cached_key(|item| {
        let name = words_of(&item.name).to_lowercase();
        (name != wanted, !name.starts_with(&wanted), name)
    });
    items.truncate(limit);
    Ok(items)
}

/// The in-store rules. One that makes no sense is left out and logged: the rest of the shop's labels stay readable.
pub(super) async fn rules<C: ConnectionTrait>(db: &C) -> Result<InStoreRules, DbErr> {
    let rows = db.query_all_raw(statement("SELECT body FROM barcode_rule", [])).await?;
    let mut rules = Vec::with_capacity(rows.len());
    for row in &rows {
        match body::<BarcodeRule>(row).map(|rule| in_store(&rule)) {
            Ok(Ok(rule)) => rules.push(rule),
            Ok(Err(bad)) => tracing::error!(reason = %bad, "a barcode rule is left out"),
            Err(unreadable) => tracing::error!(reason = %unreadable, "a barcode rule is left out"),
        }
    }
    Ok(InStoreRules::new(rules))
}

fn in_store(rule: &BarcodeRule) -> Result<InStoreRule, domain::barcode::in_store::BadRule> {
    let kind = match rule.kind {
        BarcodeKind::Weight => LabelKind::Weight,
        BarcodeKind::Price => LabelKind::Price,
        BarcodeKind::Pieces => LabelKind::Pieces,
        BarcodeKind::Coupon => LabelKind::Coupon,
        BarcodeKind::Card => LabelKind::Card,
    };
    InStoreRule::new(&rule.prefix, rule.length, rule.item, rule.value, rule.decimals, kind)
}

async fn one<C: ConnectionTrait, T: DeserializeOwned>(db: &C, select: Statement) -> Result<Option<T>, DbErr> {
    db.query_one_raw(select).await?.as_ref().map(body).transpose()
}

fn body<T: DeserializeOwned>(row: &QueryResult) -> Result<T, DbErr> {
    let bytes: Vec<u8> = row.try_get_by_index(0)?;
    from_body(&bytes).map_err(|error| DbErr::Custom(format!("a row of the catalogue is not readable: {error}")))
}
