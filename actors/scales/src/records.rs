//! What is known of scales, in the database: read at a start, changed before and after every step.

use migrations::database::Database;
use migrations::entity::{scale, scale_article};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter};

use crate::plan::Digest;
use crate::reconciler::{Known, Note};

/// Rows of one statement: SQLite takes 32,766 values.
const ROWS_MAX: usize = 5_000;

/// The records of one scale.
#[derive(Clone, Debug)]
pub(crate) struct Records {
    database: Database,
    scale: String,
}

impl Records {
    /// Read what is known. `device` says which scale that is: of another one at this name nothing is known.
    pub(crate) async fn open(database: Database, scale: &str, device: &str) -> Result<(Records, Known), DbErr> {
        let records = Records { database, scale: scale.to_owned() };
        let Some(row) = scale::Entity::find_by_id(scale).one(&records.database.reader).await? else {
            records.start(device).await?;
            return Ok((records, Known::default()));
        };
        if row.device != device {
            records.start(device).await?;
            return Ok((records, Known::default()));
        }
        let articles = scale_article::Entity::find()
            .filter(scale_article::Column::Scale.eq(scale))
            .all(&records.database.reader)
            .await?;
        let items = articles.into_iter().filter_map(|article| Some((article.plu.try_into().ok()?, article.digest)));
        let known = Known {
            begun: row.begun,
            items: items.collect(),
            keys: row.keys_digest,
            checked_ms: row.checked_ms,
            paused: row.paused,
        };
        Ok((records, known))
    }

    async fn start(&self, device: &str) -> Result<(), DbErr> {
        let transaction = self.database.begin().await?;
        self.forget_articles(&transaction).await?;
        scale::Entity::delete_by_id(&self.scale).exec(&transaction).await?;
        let row = scale::ActiveModel {
            name: Set(self.scale.clone()),
            device: Set(device.to_owned()),
            begun: Set(false),
            paused: Set(false),
            keys_digest: Set(None),
            checked_ms: Set(None),
        };
        scale::Entity::insert(row).exec_without_returning(&transaction).await?;
        transaction.commit().await
    }

    /// Write all of it down, or nothing.
    pub(crate) async fn keep(&self, notes: &[Note]) -> Result<(), DbErr> {
        if notes.is_empty() {
            return Ok(());
        }
        let transaction = self.database.begin().await?;
        for note in notes {
            self.keep_one(&transaction, note).await?;
        }
        transaction.commit().await
    }

    async fn keep_one(&self, transaction: &DatabaseTransaction, note: &Note) -> Result<(), DbErr> {
        match note {
            Note::Strange => {
                scale_article::Entity::update_many()
                    .col_expr(scale_article::Column::Digest, Expr::value(None::<i64>))
                    .filter(scale_article::Column::Scale.eq(&self.scale))
                    .exec(transaction)
                    .await?;
                self.change(transaction, scale::ActiveModel { begun: Set(false), ..Default::default() }).await
            }
            Note::Emptied => {
                self.forget_articles(transaction).await?;
                let emptied = scale::ActiveModel { begun: Set(true), keys_digest: Set(None), ..Default::default() };
                self.change(transaction, emptied).await
            }
            Note::Unknown(plus) => self.put(transaction, plus.iter().map(|plu| (*plu, None))).await,
            Note::There(items) => self.put(transaction, items.iter().map(|(plu, digest)| (*plu, Some(*digest)))).await,
            Note::Gone(plus) => {
                for plus in plus.chunks(ROWS_MAX) {
                    scale_article::Entity::delete_many()
                        .filter(scale_article::Column::Scale.eq(&self.scale))
                        .filter(scale_article::Column::Plu.is_in(plus.iter().map(|plu| i64::from(*plu))))
                        .exec(transaction)
                        .await?;
                }
                Ok(())
            }
            Note::Keys(digest) => {
                self.change(transaction, scale::ActiveModel { keys_digest: Set(Some(*digest)), ..Default::default() })
                    .await
            }
            Note::Checked(at_ms) => {
                self.change(transaction, scale::ActiveModel { checked_ms: Set(Some(*at_ms)), ..Default::default() })
                    .await
            }
            Note::Paused(is_paused) => {
                self.change(transaction, scale::ActiveModel { paused: Set(*is_paused), ..Default::default() }).await
            }
        }
    }

    async fn change(&self, transaction: &DatabaseTransaction, row: scale::ActiveModel) -> Result<(), DbErr> {
        scale::Entity::update_many()
            .set(row)
            .filter(scale::Column::Name.eq(&self.scale))
            .exec(transaction)
            .await
            .map(|_| ())
    }

    async fn put(
        &self,
        transaction: &DatabaseTransaction,
        items: impl Iterator<Item = (u32, Option<Digest>)>,
    ) -> Result<(), DbErr> {
        let rows: Vec<_> = items
            .map(|(plu, digest)| scale_article::ActiveModel {
                scale: Set(self.scale.clone()),
                plu: Set(plu.into()),
                digest: Set(digest),
            })
            .collect();
        for rows in rows.chunks(ROWS_MAX) {
            let replaced = OnConflict::columns([scale_article::Column::Scale, scale_article::Column::Plu])
                .update_column(scale_article::Column::Digest)
                .to_owned();
            scale_article::Entity::insert_many(rows.to_vec())
                .on_conflict(replaced)
                .exec_without_returning(transaction)
                .await?;
        }
        Ok(())
    }

    async fn forget_articles(&self, transaction: &DatabaseTransaction) -> Result<(), DbErr> {
        scale_article::Entity::delete_many()
            .filter(scale_article::Column::Scale.eq(&self.scale))
            .exec(transaction)
            .await
            .map(|_| ())
    }
}
