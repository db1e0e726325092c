//! Which business day it is in a store: that of its open shifts, so that a till that opens after midnight joins the others.

use domain::shift::SHIFT_MAX;
use messages::v1::requests::{AskBusinessDay, BusinessDay};
use migrations::entity::shift::{Column, Entity};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{AnswerError, Asker, TradeAnswers};

impl TradeAnswers {
    pub(super) async fn business_day(
        &self,
        asker: &Asker<'_>,
        question: AskBusinessDay,
    ) -> Result<BusinessDay, AnswerError> {
        let oldest = question.at - SHIFT_MAX;
        let open = Entity::find()
            .select_only()
            .column(Column::BusinessDay)
            .filter(Column::Store.eq(asker.store))
            .filter(Column::ClosedMs.is_null())
            .filter(Column::OpenedMs.gt(oldest.timestamp_millis()))
            .order_by_desc(Column::OpenedMs)
            .limit(1)
            .into_tuple()
            .one(&self.database.reader)
            .await?;
        Ok(BusinessDay { day: open.unwrap_or_else(|| question.at.date_naive()) })
    }
}
