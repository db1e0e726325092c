//! Looking into the catalogue of the head office, page by page, for people.

use domain::ids::StoreId;
use link::datasets;
use messages::codec::from_body;
use messages::v1::catalogue::{BARCODE_RULES, BarcodeRule, ITEMS, Item, OPERATORS, Operator};
use messages::v1::settings::TILL_SETTINGS;
use migrations::entity::dataset_row::{Column, Entity, Model};
use sea_orm::{ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::requests::SettingsKey;
use crate::sections::SectionKind;

/// Rows of one page.
pub const PAGE_ROWS_MAX: usize = 200;
/// Rows that a search by name looks through before it gives the page it has: a tenth of a second of reading.
pub const SEARCHED_ROWS_MAX: u64 = 20_000;
/// Rows read at once while searching.
const SEARCH_STEP_ROWS: u64 = 2_000;

/// A page of items in the order of their codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemPage {
    pub items: Vec<Item>,
    /// Where the next page goes on; `None` at the end.
    pub next_after: Option<String>,
    /// The search stopped before it had a whole page: there may be more behind `next_after`.
    pub cut_short: bool,
}

/// Items whose codes begin with `code_prefix` and whose names have `name_part` in them (letters of both cases are the
/// same), after the code `after`.
pub async fn items(
    db: &DatabaseConnection,
    code_prefix: &str,
    name_part: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<ItemPage, DbErr> {
    let limit = limit.clamp(1, PAGE_ROWS_MAX);
    let wanted = name_part.trim().to_lowercase();
    let mut page = ItemPage::default();
    let mut last = after.map(str::to_owned);
    let mut searched = 0;
    let step = if wanted.is_empty() { limit as u64 + 1 } else { SEARCH_STEP_ROWS };
    loop {
        let rows = rows_after(db, ITEMS, code_prefix, last.as_deref(), step).await?;
        let at_end = (rows.len() as u64) < step;
        searched += rows.len() as u64;
        for row in rows {
            let item: Item = body(&row)?;
            if wanted.is_empty() || item.name.to_lowercase().contains(&wanted) {
                if page.items.len() == limit {
                    page.next_after = last;
                    return Ok(page);
                }
                page.items.push(item);
            }
            last = Some(row.key);
        }
        if at_end {
            return Ok(page);
        }
        if searched >= SEARCHED_ROWS_MAX {
            page.next_after = last;
            page.cut_short = true;
            return Ok(page);
        }
    }
}

pub async fn item(db: &DatabaseConnection, code: &str) -> Result<Option<Item>, DbErr> {
    let row = Entity::find_by_id((ITEMS.to_owned(), code.to_owned())).one(db).await?;
    row.filter(|row| !row.deleted).map(|row| body(&row)).transpose()
}

/// The in-store barcode rules; a shop has a handful.
pub async fn barcode_rules(db: &DatabaseConnection) -> Result<Vec<BarcodeRule>, DbErr> {
    all(db, BARCODE_RULES).await
}

/// Operators by number, a page after the number `after`.
pub async fn operators(db: &DatabaseConnection, after: Option<&str>, limit: usize) -> Result<Vec<Operator>, DbErr> {
    let limit = limit.clamp(1, PAGE_ROWS_MAX) as u64;
    rows_after(db, OPERATORS, "", after, limit).await?.iter().map(body).collect()
}

pub async fn operator(db: &DatabaseConnection, number: &str) -> Result<Option<Operator>, DbErr> {
    let row = Entity::find_by_id((OPERATORS.to_owned(), number.to_owned())).one(db).await?;
    row.filter(|row| !row.deleted).map(|row| body(&row)).transpose()
}

/// Keys of settings of the tills that were published, a page after the key `after`: "cash", "cash/S0012".
pub async fn till_settings(db: &DatabaseConnection, after: Option<&str>, limit: usize) -> Result<Vec<String>, DbErr> {
    let limit = limit.clamp(1, PAGE_ROWS_MAX) as u64;
    Ok(rows_after(db, TILL_SETTINGS, "", after, limit).await?.into_iter().map(|row| row.key).collect())
}

/// A section as it was published for just this place; `None` if it was not.
pub async fn till_section(
    db: &DatabaseConnection,
    section: SectionKind,
    store: Option<&StoreId>,
) -> Result<Option<Value>, DbErr> {
    let key = SettingsKey { section: section.name.to_owned(), store: store.cloned() }.to_string();
    let row = Entity::find_by_id((TILL_SETTINGS.to_owned(), key)).one(db).await?;
    let read = |row: Model| {
        section
            .json(&row.body)
            .map_err(|error| DbErr::Custom(format!("row \"{}\" of {}: {error}", row.key, row.dataset)))
    };
    row.filter(|row| !row.deleted).map(read).transpose()
}

/// The version of a dataset, to show what is published.
pub async fn version(db: &DatabaseConnection, dataset: &str) -> Result<u64, DbErr> {
    datasets::version(db, dataset).await
}

async fn all<T: DeserializeOwned>(db: &DatabaseConnection, dataset: &str) -> Result<Vec<T>, DbErr> {
    rows_after(db, dataset, "", None, PAGE_ROWS_MAX as u64).await?.iter().map(body).collect()
}

async fn rows_after(
    db: &DatabaseConnection,
    dataset: &str,
    prefix: &str,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut select = Entity::find().filter(Column::Dataset.eq(dataset)).filter(Column::Deleted.eq(false));
    if !prefix.is_empty() {
        // The largest character closes the range, so that the key's own index is walked and nothing else.
        select = select.filter(Column::Key.gte(prefix)).filter(Column::Key.lt(format!("{prefix}\u{10ffff}")));
    }
    if let Some(after) = after {
        select = select.filter(Column::Key.gt(after));
    }
    select.order_by_asc(Column::Key).limit(limit).all(db).await
}

fn body<T: DeserializeOwned>(row: &Model) -> Result<T, DbErr> {
    from_body(&row.body).map_err(|error| DbErr::Custom(format!("row \"{}\" of {}: {error}", row.key, row.dataset)))
}
