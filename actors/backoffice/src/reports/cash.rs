//! Cash by shift: the float, each movement with its kind and reason, and at the end what was counted and what was over or
//! short. `note` has the reason of a movement and the pieces of a count.

use futures_util::future::BoxFuture;
use messages::v1::document::{Pieces, ShiftClosed};
use migrations::entity::cash_movement::{Column as MovementColumn, Entity as Movement};
use migrations::entity::shift;
use sea_orm::{ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder};

use super::rows::{SHIFT_COLUMNS, local, local_ms, money, read, shift_cells, shifts, text, text_column};
use super::{Arguments, Cell, Column, Kind, Report, ReportError, Table};

pub const CASH: Report = Report { name: "cash", by: &[], takes: &[], run };

fn run<'a>(database: &'a DatabaseConnection, arguments: &'a Arguments) -> BoxFuture<'a, Result<Table, ReportError>> {
    Box::pin(async move {
        let mut columns = SHIFT_COLUMNS.to_vec();
        columns.extend([
            text_column("at"),
            text_column("kind"),
            text_column("operator"),
            // Its parts are of different kinds, so their sum says nothing.
            Column { name: "amount", kind: Kind::Money, summed: false },
            text_column("note"),
        ]);
        let mut rows = Vec::new();
        for shift in shifts(database, arguments, Condition::all()).await? {
            let mut row = |at: Cell, kind: &str, operator: &str, amount: i64, note: String| {
                let mut cells = shift_cells(&shift);
                cells.extend([at, text(kind), text(operator), money(amount), text(note)]);
                rows.push(cells);
            };
            let opened = shift.opened_ms.map_or_else(|| text(""), |at_ms| local_ms(at_ms, shift.offset_s));
            row(opened, "float", "", shift.drawer_float, String::new());
            let movements = Movement::find()
                .filter(MovementColumn::Store.eq(shift.store.as_str()))
                .filter(MovementColumn::Till.eq(shift.till))
                .filter(MovementColumn::Shift.eq(shift.shift))
                .order_by_asc(MovementColumn::AtMs)
                .order_by_asc(MovementColumn::Document)
                .all(database)
                .await?;
            for moved in movements {
                let at = local_ms(moved.at_ms, moved.offset_s);
                row(at, &moved.kind, &moved.operator, moved.amount, moved.reason);
            }
            if let Some(closed) = closing(&shift)? {
                let operator = closed.operator.0.as_str();
                if closed.not_counted {
                    row(local(closed.at), "not_counted", operator, 0, String::new());
                } else {
                    row(local(closed.at), "counted", operator, closed.counted.minor(), pieces(&closed.pieces));
                }
                let allowed = closed.approver.map(|approver| format!("allowed by {approver}")).unwrap_or_default();
                row(local(closed.at), "over_short", operator, closed.over_short.minor(), allowed);
            }
        }
        Ok(Table { columns, rows })
    })
}

fn closing(shift: &shift::Model) -> Result<Option<ShiftClosed>, ReportError> {
    let what = || format!("shift {} of {}/{}", shift.shift, shift.store, shift.till);
    shift.closing.as_deref().map(|body| read(what, body)).transpose()
}

/// "2 x 5000.00, 3 x 100.00"
fn pieces(pieces: &[Pieces]) -> String {
    let parts: Vec<String> = pieces.iter().map(|part| format!("{} x {}", part.count, part.worth)).collect();
    parts.join(", ")
}
