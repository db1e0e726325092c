//! Marked units: may this one be sold, or come back, on this receipt?
//!
//! Two answers are kept apart. A claim of another open receipt stands wherever it was made. What a closed receipt did is
//! known best above, where all stores meet, but only if nothing of this node is still on its way there.

use chrono::TimeDelta;
use domain::ids::ReceiptId;
use link::requests::CLAIM_MARK;
use messages::codec::{from_body, to_body};
use messages::v1::requests::{ClaimMark, MarkClaimed};
use migrations::entity::mark;
use migrations::entity::mark_claim::{ActiveModel, Column, Entity};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, ExprTrait, QueryFilter, Set};

use super::{AnswerError, Asker, TradeAnswers};
use crate::marks::{RETURNED, SOLD};

/// A receipt that is open longer than this is forgotten; a till that goes on with it asks again before its money.
pub const CLAIM_LAPSES: TimeDelta = TimeDelta::minutes(30);

enum Here {
    Yes,
    /// Another open receipt has it.
    Held(ReceiptId),
    /// A closed receipt sold it, or took it back, already.
    Settled(ReceiptId),
}

impl TradeAnswers {
    pub(super) async fn claim_mark(&self, asker: &Asker<'_>, claim: ClaimMark) -> Result<MarkClaimed, AnswerError> {
        match self.claim_here(asker, &claim, false).await? {
            Here::Held(receipt) => Ok(MarkClaimed::Taken { receipt }),
            Here::Yes => match self.claim_above(&claim).await {
                Some(MarkClaimed::Taken { receipt }) => {
                    self.release(&claim).await?;
                    Ok(MarkClaimed::Taken { receipt })
                }
                Some(MarkClaimed::Yes) | None => Ok(MarkClaimed::Yes),
            },
            Here::Settled(receipt) => {
                let all_is_above = link::outbox::unsent(&self.database.reader).await?.count == 0;
                let above = if all_is_above { self.claim_above(&claim).await } else { None };
                match above {
                    Some(MarkClaimed::Yes) => {}
                    Some(taken) => return Ok(taken),
                    None => return Ok(MarkClaimed::Taken { receipt }),
                }
                match self.claim_here(asker, &claim, true).await? {
                    Here::Yes => Ok(MarkClaimed::Yes),
                    Here::Held(receipt) | Here::Settled(receipt) => Ok(MarkClaimed::Taken { receipt }),
                }
            }
        }
    }

    /// None: there is nobody above, or nobody who answers.
    async fn claim_above(&self, claim: &ClaimMark) -> Option<MarkClaimed> {
        let answer = self.above.as_ref()?.ask(CLAIM_MARK, to_body(claim)).await;
        match answer.map(|body| from_body(&body)) {
            Ok(Ok(claimed)) => Some(claimed),
            Ok(Err(error)) => {
                tracing::error!(error = %error, "the answer about a marked unit cannot be read");
                None
            }
            Err(error) => {
                tracing::warn!(error = %error, "a marked unit is claimed without the node above");
                None
            }
        }
    }

    /// `settled_above`: what a closed receipt did with it is known better above, and there it is free.
    async fn claim_here(&self, asker: &Asker<'_>, claim: &ClaimMark, settled_above: bool) -> Result<Here, AnswerError> {
        let transaction = self.database.begin().await?;
        let here = hold(&transaction, asker, claim, settled_above, self.clock.now_ms()).await?;
        transaction.commit().await?;
        Ok(here)
    }

    async fn release(&self, claim: &ClaimMark) -> Result<(), DbErr> {
        let own = Column::Identity.eq(claim.identity.as_str()).and(Column::Receipt.eq(claim.receipt.0));
        Entity::delete_many().filter(own).exec(&self.database.writer).await?;
        Ok(())
    }
}

async fn hold(
    transaction: &DatabaseTransaction,
    asker: &Asker<'_>,
    claim: &ClaimMark,
    settled_above: bool,
    now_ms: i64,
) -> Result<Here, DbErr> {
    let done = if claim.returns { RETURNED } else { SOLD };
    let mark = mark::Entity::find_by_id(claim.identity.clone()).one(transaction).await?;
    match mark.filter(|mark| mark.state == done) {
        // Its document came before this repeat of the question.
        Some(mark) if mark.receipt == claim.receipt.0 => return Ok(Here::Yes),
        Some(mark) if !settled_above => return Ok(Here::Settled(ReceiptId(mark.receipt))),
        _ => {}
    }
    let row = ActiveModel {
        identity: Set(claim.identity.clone()),
        receipt: Set(claim.receipt.0),
        by_peer: Set(asker.name.to_owned()),
        claimed_ms: Set(now_ms),
    };
    let is_own = Expr::col((Entity, Column::Receipt)).eq(claim.receipt.0);
    let lapsed = Expr::col((Entity, Column::ClaimedMs)).lte(now_ms - CLAIM_LAPSES.num_milliseconds());
    let mut or_else = OnConflict::column(Column::Identity);
    or_else.update_columns([Column::Receipt, Column::ByPeer, Column::ClaimedMs]).action_and_where(is_own.or(lapsed));
    let written = Entity::insert(row).on_conflict(or_else).exec_without_returning(transaction).await;
    match written {
        Ok(rows) if rows > 0 => return Ok(Here::Yes),
        Ok(_) | Err(DbErr::RecordNotInserted) => {}
        Err(error) => return Err(error),
    }
    let holder = Entity::find_by_id(claim.identity.clone()).one(transaction).await?;
    Ok(holder.map_or(Here::Yes, |holder| Here::Held(ReceiptId(holder.receipt))))
}
