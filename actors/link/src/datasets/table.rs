//! Datasets kept as they travel, in the node's own tables: what a store passes on to its tills and the head office to all.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use migrations::database::Database;
use migrations::entity::{dataset_head, dataset_row};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::{Change, DatasetSink, DatasetSource, write_rows};
use crate::chain::{number, signed};

/// Source and sink over `dataset_row` and `dataset_head`.
#[derive(Clone, Debug)]
pub struct TableDatasets {
    database: Database,
}

impl TableDatasets {
    pub fn new(database: Database) -> TableDatasets {
        TableDatasets { database }
    }
}

impl DatasetSource for TableDatasets {
    fn head(&self, dataset: &'static str) -> BoxFuture<'_, Result<u64, DbErr>> {
        async move { super::version(&self.database.reader, dataset).await }.boxed()
    }

    fn changes(&self, dataset: &'static str, after: u64, limit: u64) -> BoxFuture<'_, Result<Vec<Change>, DbErr>> {
        async move {
            let rows = dataset_row::Entity::find()
                .filter(dataset_row::Column::Dataset.eq(dataset))
                .filter(dataset_row::Column::Version.gt(signed(after)?))
                .order_by_asc(dataset_row::Column::Version)
                .limit(limit)
                .all(&self.database.reader)
                .await?;
            rows.into_iter()
                .map(|row| {
                    Ok(Change { key: row.key, version: number(row.version)?, deleted: row.deleted, body: row.body })
                })
                .collect()
        }
        .boxed()
    }
}

impl DatasetSink for TableDatasets {
    fn version(&self, dataset: &'static str) -> BoxFuture<'_, Result<u64, DbErr>> {
        async move { super::version(&self.database.reader, dataset).await }.boxed()
    }

    fn keep<'a>(&'a self, dataset: &'static str, changes: Vec<Change>, upto: u64) -> BoxFuture<'a, Result<(), DbErr>> {
        async move {
            let transaction = self.database.begin().await?;
            write_rows(&transaction, dataset, changes).await?;
            move_head(&transaction, dataset, upto).await?;
            transaction.commit().await
        }
        .boxed()
    }
}

/// Move the version forward, never back: what is offered again after a failure may be behind.
async fn move_head(transaction: &DatabaseTransaction, dataset: &str, upto: u64) -> Result<(), DbErr> {
    let upto = signed(upto)?;
    match dataset_head::Entity::find_by_id(dataset.to_owned()).one(transaction).await? {
        Some(head) if head.version >= upto => Ok(()),
        Some(_) => {
            dataset_head::Entity::update_many()
                .col_expr(dataset_head::Column::Version, Expr::value(upto))
                .filter(dataset_head::Column::Dataset.eq(dataset))
                .exec(transaction)
                .await?;
            Ok(())
        }
        None => {
            let first = dataset_head::ActiveModel { dataset: Set(dataset.to_owned()), version: Set(upto) };
            dataset_head::Entity::insert(first).exec_without_returning(transaction).await?;
            Ok(())
        }
    }
}
