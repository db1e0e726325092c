//! Price labels on shelves: which of them say what the tills do not, and up to which version that is known.
//!
//! What hangs when a store begins is taken for right. From then on an item that is new, or whose price or name changed, has
//! a row until its new label hangs and the whole change is done. A row that hangs is kept for so long, because "198 of
//! 200" needs the 200.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use domain::ids::ItemCode;
use messages::v1::catalogue::{ITEMS, Item};
use migrations::database::Database;
use migrations::entity::{shelf_label, shelf_label_head};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

/// Rows of one statement: SQLite takes 32,766 values.
const ROWS_MAX: usize = 5_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct LabelCount {
    pub hung: u64,
    pub of: u64,
}

/// What is noted of an item's label: by its code, a hash of what stands on it.
#[derive(Debug)]
pub(crate) struct ShelfLabels {
    database: Database,
    /// Hashes of codes and of what labels say: a million items themselves would not be small.
    said: HashMap<u64, u64>,
    hasher: RandomState,
    /// Everything up to here was noted; nothing: the store begins.
    noted: Option<u64>,
    changed: Vec<(String, u64)>,
    gone: Vec<String>,
}

impl ShelfLabels {
    pub(crate) async fn open(database: Database) -> Result<ShelfLabels, DbErr> {
        let head = shelf_label_head::Entity::find_by_id(ITEMS).one(&database.reader).await?;
        Ok(ShelfLabels {
            noted: head.and_then(|head| head.version.try_into().ok()),
            database,
            said: HashMap::new(),
            hasher: RandomState::new(),
            changed: Vec::new(),
            gone: Vec::new(),
        })
    }

    /// What hung when the store began is known.
    pub(crate) fn has_begun(&self) -> bool {
        self.noted.is_some()
    }

    /// An item came down with this version, or is gone.
    pub(crate) fn see(&mut self, code: &str, version: u64, item: Option<&Item>) {
        let key = self.hasher.hash_one(code);
        let Some(item) = item else {
            self.said.remove(&key);
            self.gone.push(code.to_owned());
            return;
        };
        let says = self.hasher.hash_one((&item.name, item.price.minor(), &item.barcodes));
        let before = self.said.insert(key, says);
        let is_news = self.noted.is_some_and(|noted| version > noted);
        if is_news && before != Some(says) {
            self.changed.push((code.to_owned(), version));
        }
    }

    /// Write down what was seen, up to this version of the catalogue.
    pub(crate) async fn keep(&mut self, version: u64) -> Result<(), DbErr> {
        if self.noted == Some(version) {
            return Ok(());
        }
        let transaction = self.database.begin().await?;
        for gone in self.gone.chunks(ROWS_MAX) {
            shelf_label::Entity::delete_many().filter(shelf_label::Column::Item.is_in(gone)).exec(&transaction).await?;
        }
        for changed in self.changed.chunks(ROWS_MAX) {
            let rows = changed.iter().map(|(item, version)| shelf_label::ActiveModel {
                item: Set(item.clone()),
                version: Set(signed(*version)),
                hung: Set(false),
            });
            let replaced = OnConflict::column(shelf_label::Column::Item)
                .update_columns([shelf_label::Column::Version, shelf_label::Column::Hung])
                .to_owned();
            shelf_label::Entity::insert_many(rows).on_conflict(replaced).exec_without_returning(&transaction).await?;
        }
        let head = shelf_label_head::ActiveModel { dataset: Set(ITEMS.to_owned()), version: Set(signed(version)) };
        let replaced = OnConflict::column(shelf_label_head::Column::Dataset)
            .update_column(shelf_label_head::Column::Version)
            .to_owned();
        shelf_label_head::Entity::insert(head).on_conflict(replaced).exec_without_returning(&transaction).await?;
        transaction.commit().await?;
        self.noted = Some(version);
        self.changed.clear();
        self.gone.clear();
        Ok(())
    }

    pub(crate) async fn count(&self) -> Result<LabelCount, DbErr> {
        let of = shelf_label::Entity::find().count(&self.database.reader).await?;
        let hung = shelf_label::Entity::find().filter(shelf_label::Column::Hung.eq(true));
        Ok(LabelCount { hung: hung.count(&self.database.reader).await?, of })
    }

    /// Items whose label must be hung anew, in the order of their codes.
    pub(crate) async fn outdated(&self, after: &str, limit: u64) -> Result<Vec<ItemCode>, DbErr> {
        let rows = shelf_label::Entity::find()
            .filter(shelf_label::Column::Hung.eq(false))
            .filter(shelf_label::Column::Item.gt(after))
            .order_by_asc(shelf_label::Column::Item)
            .limit(limit)
            .all(&self.database.reader)
            .await?;
        Ok(rows.into_iter().map(|row| ItemCode(row.item)).collect())
    }

    pub(crate) async fn changed_since(&self, items: &[ItemCode], version: u64) -> Result<bool, DbErr> {
        let later = shelf_label::Entity::find()
            .filter(shelf_label::Column::Item.is_in(items.iter().map(|item| &item.0)))
            .filter(shelf_label::Column::Version.gt(signed(version)));
        Ok(later.count(&self.database.reader).await? > 0)
    }

    /// The new labels of these hang, as they were printed at this version of the catalogue.
    pub(crate) async fn hang(&self, items: &[ItemCode], version: u64) -> Result<(), DbErr> {
        let transaction = self.database.begin().await?;
        for items in items.chunks(ROWS_MAX) {
            shelf_label::Entity::update_many()
                .col_expr(shelf_label::Column::Hung, Expr::value(true))
                .filter(shelf_label::Column::Item.is_in(items.iter().map(|item| &item.0)))
                .filter(shelf_label::Column::Version.lte(signed(version)))
                .exec(&transaction)
                .await?;
        }
        transaction.commit().await
    }

    /// The change is everywhere: labels that hang are no news any more.
    pub(crate) async fn close(&self, version: u64) -> Result<(), DbErr> {
        let transaction = self.database.begin().await?;
        shelf_label::Entity::delete_many()
            .filter(shelf_label::Column::Hung.eq(true))
            .filter(shelf_label::Column::Version.lte(signed(version)))
            .exec(&transaction)
            .await?;
        transaction.commit().await
    }
}

fn signed(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}
