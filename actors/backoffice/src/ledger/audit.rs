//! Notes for loss prevention: few, so each is written by itself, by the id of its document.

use link::apply::Outcome;
use messages::v1::document::AuditNoted;
use migrations::entity::{audit, shift};
use sea_orm::{DatabaseTransaction, DbErr, EntityTrait, Set};
use uuid::Uuid;

use crate::word::word;

pub(super) async fn noted(
    transaction: &DatabaseTransaction,
    document: Uuid,
    noted: AuditNoted,
) -> Result<Outcome, DbErr> {
    if audit::Entity::find_by_id(document).one(transaction).await?.is_some() {
        return Ok(Outcome::Duplicate);
    }
    let (store, till, number) = (noted.store.to_string(), i64::from(noted.till.0), i64::from(noted.shift));
    let shift = shift::Entity::find_by_id((store.clone(), till, number)).one(transaction).await?;
    let row = audit::ActiveModel {
        document: Set(document),
        store: Set(store),
        till: Set(till),
        shift: Set(number),
        // Between shifts it belongs to the day on the till's clock.
        business_day: Set(shift.map_or_else(|| noted.at.date_naive(), |shift| shift.business_day)),
        at_ms: Set(noted.at.timestamp_millis()),
        offset_s: Set(i64::from(noted.at.offset().local_minus_utc())),
        kind: Set(word(&noted.kind)),
        operator: Set(noted.operator.0),
        subject: Set(noted.subject),
        reason: Set(noted.reason),
        approver: Set(noted.approver.map(|approver| approver.0)),
        amount: Set(noted.amount.map(domain::money::Money::minor)),
        receipt: Set(noted.receipt.map(|receipt| receipt.0)),
    };
    audit::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(Outcome::Applied)
}
