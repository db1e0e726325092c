//! Finds a receipt in this node's database, with what already came back of it: a return is decided on this.

use domain::ids::ReceiptId;
use domain::quantity::Quantity;
use link::requests::NOT_KNOWN;
use messages::codec::from_body;
use messages::v1::receipt::{FoundReceipt, Receipt, ReturnedLine};
use messages::v1::requests::SaleBy;
use migrations::entity::receipt::{Column, Entity, Model};
use migrations::entity::returned_line;
use sea_orm::{ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

#[derive(Debug, thiserror::Error)]
pub enum FindError {
    #[error("\"{text}\" is not the number of a receipt")]
    NotUid { text: String },
    /// Begins with [`NOT_KNOWN`]: tills go by it.
    #[error("{NOT_KNOWN}: there is no {what} here")]
    Unknown { what: String },
    #[error("receipt {uid} was cancelled: nothing was sold")]
    Cancelled { uid: Uuid },
    #[error("receipt {uid} was put aside: nothing was sold by it")]
    Parked { uid: Uuid },
    #[error("receipt {uid} cannot be read: {reason}")]
    Unreadable { uid: Uuid, reason: String },
    #[error("the database did not answer: {0}")]
    Database(#[from] DbErr),
}

/// Something was sold or came back by a receipt of this kind.
pub(crate) fn is_closed(kind: &str) -> bool {
    matches!(kind, "sale" | "return")
}

pub async fn find(database: &DatabaseConnection, uid: Uuid) -> Result<FoundReceipt, FindError> {
    let row = Entity::find_by_id(uid).one(database).await?;
    found(database, row.ok_or_else(|| FindError::Unknown { what: format!("receipt {uid}") })?).await
}

/// `own`: the store of whoever asks for a number and names no store.
pub async fn find_sale(database: &DatabaseConnection, by: &SaleBy, own: &str) -> Result<FoundReceipt, FindError> {
    let (query, what) = match by {
        SaleBy::Uid(uid) => return find(database, uid.0).await,
        SaleBy::Number { store, till, sequence } => {
            let store = store.as_deref().unwrap_or(own);
            let query = Entity::find()
                .filter(Column::Store.eq(store))
                .filter(Column::Till.eq(i64::from(till.0)))
                .filter(Column::Sequence.eq(i64::try_from(*sequence).unwrap_or(i64::MAX)));
            (query, format!("receipt {sequence} of {store}/{till}"))
        }
        SaleBy::Fiscal(code) => {
            let query = Entity::find()
                .filter(Column::FiscalDevice.eq(code.device.as_str()))
                .filter(Column::FiscalNumber.eq(i64::from(code.number)))
                // A sale before what came back, should a device have counted from one again.
                .order_by_desc(Column::Kind)
                .order_by_asc(Column::AtMs);
            (query, format!("fiscal document {} of {}", code.number, code.device))
        }
    };
    let row = query.one(database).await?;
    found(database, row.ok_or(FindError::Unknown { what })?).await
}

async fn found(database: &DatabaseConnection, row: Model) -> Result<FoundReceipt, FindError> {
    let uid = row.uid;
    match row.kind.as_str() {
        "cancelled" => return Err(FindError::Cancelled { uid }),
        "parked" => return Err(FindError::Parked { uid }),
        _ => {}
    }
    let receipt: Receipt =
        from_body(&row.body).map_err(|error| FindError::Unreadable { uid, reason: error.to_string() })?;
    Ok(FoundReceipt { receipt, returned: returned_of(database, uid).await? })
}

/// What came back of a receipt as far as it is known here, whether or not the receipt is.
pub(crate) async fn returned_of(database: &DatabaseConnection, uid: Uuid) -> Result<Vec<ReturnedLine>, DbErr> {
    let rows = returned_line::Entity::find()
        .filter(returned_line::Column::Receipt.eq(uid))
        .order_by_asc(returned_line::Column::Line)
        .order_by_asc(returned_line::Column::ByReceipt)
        .all(database)
        .await?;
    let returned = rows.into_iter().map(|row| ReturnedLine {
        line: u32::try_from(row.line).unwrap_or(0),
        quantity: Quantity::from_thousandths(row.quantity),
        by: ReceiptId(row.by_receipt),
    });
    Ok(returned.collect())
}
