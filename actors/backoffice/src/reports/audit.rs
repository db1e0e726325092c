//! What loss prevention looks at: what a supervisor allowed, drawers opened, reprints, locks, wrong PINs.

use futures_util::future::BoxFuture;
use migrations::entity::audit::{Column as AuditColumn, Entity};
use sea_orm::{ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter, QuerySelect};

use super::rows::{DOCUMENTS_MAX, local_ms, maybe_money, not_too_many, numbers, text, text_column, within};
use super::{Arguments, Choice, Column, Kind, Report, ReportError, Table};

const KIND: Choice = Choice {
    name: "kind",
    values: &[
        "approved",
        "drawer_opened",
        "reprinted",
        "declined",
        "locked",
        "unlocked",
        "pin_blocked",
        "training_began",
        "training_ended",
        "conflict_settled",
        "old_label",
        "receipt_missing",
    ],
};

pub const AUDIT: Report = Report { name: "audit", by: &[], takes: &[KIND], run };

const COLUMNS: [Column; 12] = [
    text_column("day"),
    text_column("store"),
    text_column("till"),
    text_column("shift"),
    text_column("at"),
    text_column("kind"),
    text_column("operator"),
    text_column("subject"),
    text_column("reason"),
    text_column("approver"),
    Column { name: "amount", kind: Kind::Money, summed: false },
    text_column("receipt"),
];

fn run<'a>(database: &'a DatabaseConnection, arguments: &'a Arguments) -> BoxFuture<'a, Result<Table, ReportError>> {
    Box::pin(async move {
        let kind = arguments.chosen(KIND.name).map(|kind| AuditColumn::Kind.eq(kind));
        let rows = Entity::find()
            .filter(within(AuditColumn::BusinessDay, AuditColumn::Store, arguments))
            .filter(Condition::all().add_option(kind))
            .limit(DOCUMENTS_MAX as u64 + 1)
            .all(database)
            .await?;
        let mut rows = not_too_many(rows, DOCUMENTS_MAX)?;
        rows.sort_by(|one, other| {
            (one.at_ms, &one.store, one.till, one.document).cmp(&(
                other.at_ms,
                &other.store,
                other.till,
                other.document,
            ))
        });
        let receipts = numbers(database, rows.iter().filter_map(|row| row.receipt).collect()).await?;
        let cells = rows.into_iter().map(|row| {
            let receipt = row.receipt.map(|uid| receipts.get(&uid).cloned().unwrap_or_else(|| uid.to_string()));
            vec![
                text(row.business_day.to_string()),
                text(row.store),
                text(row.till.to_string()),
                text(row.shift.to_string()),
                local_ms(row.at_ms, row.offset_s),
                text(row.kind),
                text(row.operator),
                text(row.subject),
                text(row.reason),
                text(row.approver.unwrap_or_default()),
                maybe_money(row.amount),
                text(receipt.unwrap_or_default()),
            ]
        });
        Ok(Table { columns: COLUMNS.to_vec(), rows: cells.collect() })
    })
}
