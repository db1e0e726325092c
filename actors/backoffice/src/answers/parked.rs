//! Receipts that were put aside: the list, and taking one.

use chrono::{DateTime, FixedOffset, TimeDelta};
use domain::ids::{ReceiptId, TillId};
use domain::money::Money;
use messages::codec::from_body;
use messages::v1::receipt::Receipt;
use messages::v1::requests::{ListParked, ParkedList, ParkedReceipt, TakeParked, Taken};
use migrations::entity::parked_recall;
use migrations::entity::parked_receipt::{Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{AnswerError, Asker, TradeAnswers};
use crate::parked::{PARKED, RECALLED, TAKEN};

/// A till that took a receipt and never said what became of it has failed: another may take it.
pub const TAKE_LAPSES: TimeDelta = TimeDelta::minutes(10);
/// Most rows of the list: a person reads it.
const LISTED_MAX: u64 = 200;
/// Receipts of its own that a till may ask about.
const OWN_MAX: usize = 200;

impl TradeAnswers {
    /// The oldest last: what was parked just now is what is looked for.
    pub(super) async fn list_parked(&self, asker: &Asker<'_>, asked: ListParked) -> Result<ParkedList, AnswerError> {
        let rows = Entity::find()
            .filter(Column::Store.eq(asker.store))
            .filter(self.is_free())
            .order_by_desc(Column::AtMs)
            .limit(LISTED_MAX)
            .all(&self.database.reader)
            .await?;
        let parked = rows.iter().map(|row| Ok(shown(row, &receipt_of(row)?))).collect::<Result<_, AnswerError>>()?;
        let own = asked.own.iter().take(OWN_MAX).map(|uid| uid.0);
        let gone = Entity::find()
            .filter(Column::Store.eq(asker.store))
            .filter(Column::Uid.is_in(own))
            .filter(Column::State.eq(RECALLED))
            .all(&self.database.reader)
            .await?;
        Ok(ParkedList { parked, gone: gone.into_iter().map(|row| ReceiptId(row.uid)).collect() })
    }

    /// Nobody has it, or whoever took it was not heard of again.
    fn is_free(&self) -> Condition {
        let lapsed = self.clock.now_ms() - TAKE_LAPSES.num_milliseconds();
        Condition::any()
            .add(Column::State.eq(PARKED))
            .add(Condition::all().add(Column::State.eq(TAKEN)).add(Column::TakenMs.lte(lapsed)))
    }

    /// One statement decides, so of two tills one is first.
    pub(super) async fn take_parked(&self, asker: &Asker<'_>, question: TakeParked) -> Result<Taken, AnswerError> {
        let till = asker.till()?;
        let uid = question.uid.0;
        let own = Condition::all().add(Column::State.eq(TAKEN)).add(Column::TakenBy.eq(till));
        // First look, then take: a receipt that arrives in between is not taken for one that somebody has.
        let find = || Entity::find_by_id(uid).filter(Column::Store.eq(asker.store)).one(&self.database.writer);
        if find().await?.is_none() {
            return Ok(Taken::Unknown);
        }
        let taken = Entity::update_many()
            .col_expr(Column::State, Expr::value(TAKEN))
            .col_expr(Column::TakenBy, Expr::value(till))
            .col_expr(Column::TakenMs, Expr::value(self.clock.now_ms()))
            .filter(Column::Uid.eq(uid))
            .filter(Column::Store.eq(asker.store))
            .filter(self.is_free().add(own))
            .exec(&self.database.writer)
            .await?;
        let Some(row) = find().await? else { return Ok(Taken::Unknown) };
        if taken.rows_affected > 0 {
            return Ok(Taken::Yes(Box::new(receipt_of(&row)?)));
        }
        let holder = match row.state.as_str() {
            RECALLED => self.recalled_by(&row).await?,
            _ => row.taken_by,
        };
        Ok(Taken::Gone { till: TillId(narrow(holder.unwrap_or(row.till))) })
    }

    async fn recalled_by(&self, row: &Model) -> Result<Option<i64>, DbErr> {
        use parked_recall::Column;
        let recall = parked_recall::Entity::find().filter(Column::Parked.eq(row.uid)).order_by_asc(Column::AtMs);
        Ok(recall.one(&self.database.reader).await?.map(|recall| recall.till))
    }
}

fn receipt_of(row: &Model) -> Result<Receipt, AnswerError> {
    Ok(from_body(&row.body)?)
}

fn shown(row: &Model, receipt: &Receipt) -> ParkedReceipt {
    let at: DateTime<FixedOffset> = receipt.at;
    ParkedReceipt {
        uid: ReceiptId(row.uid),
        till: TillId(narrow(row.till)),
        sequence: receipt.sequence,
        name: row.name.clone(),
        at,
        total: Money::from_minor(row.total),
        lines: narrow(row.lines),
    }
}

/// The columns are as wide as databases like them; what is in them came from 32 bits.
fn narrow(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
