//! Answers the question for a receipt, with what already came back of it: a return is decided on this.

use domain::ids::ReceiptId;
use domain::quantity::Quantity;
use futures_util::future::BoxFuture;
use link::apply::Peer;
use link::requests::{Answer, FIND_RECEIPT};
use messages::codec::{from_body, to_body};
use messages::v1::receipt::{FoundReceipt, Receipt, ReturnedLine};
use migrations::entity::{receipt, returned_line};
use sea_orm::{ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

#[derive(Debug, thiserror::Error)]
pub enum FindError {
    #[error("\"{text}\" is not the number of a receipt")]
    NotUid { text: String },
    #[error("receipt {uid} is not known here")]
    Unknown { uid: Uuid },
    #[error("receipt {uid} was cancelled: nothing was sold")]
    Cancelled { uid: Uuid },
    #[error("receipt {uid} cannot be read: {reason}")]
    Unreadable { uid: Uuid, reason: String },
    #[error("the database did not answer: {0}")]
    Database(#[from] DbErr),
}

pub async fn find(database: &DatabaseConnection, uid: Uuid) -> Result<FoundReceipt, FindError> {
    let row = receipt::Entity::find_by_id(uid).one(database).await?.ok_or(FindError::Unknown { uid })?;
    if row.kind == "cancelled" {
        return Err(FindError::Cancelled { uid });
    }
    let receipt: Receipt =
        from_body(&row.body).map_err(|error| FindError::Unreadable { uid, reason: error.to_string() })?;
    let rows = returned_line::Entity::find()
        .filter(returned_line::Column::Receipt.eq(uid))
        .order_by_asc(returned_line::Column::Line)
        .order_by_asc(returned_line::Column::ByReceipt)
        .all(database)
        .await?;
    let returned = rows
        .into_iter()
        .map(|row| ReturnedLine {
            line: u32::try_from(row.line).unwrap_or(0),
            quantity: Quantity::from_thousandths(row.quantity),
            by: ReceiptId(row.by_receipt),
        })
        .collect();
    Ok(FoundReceipt { receipt, returned })
}

/// The answerer for the link: receipts, and whatever the node answers besides.
#[derive(Clone, Debug)]
pub struct FindReceipt {
    database: DatabaseConnection,
}

impl FindReceipt {
    /// `reader`: questions never wait for the writer.
    pub fn new(reader: DatabaseConnection) -> FindReceipt {
        FindReceipt { database: reader }
    }
}

impl Answer for FindReceipt {
    fn answer<'a>(&'a self, _from: &'a Peer, type_id: u32, body: Vec<u8>) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        Box::pin(async move {
            if type_id != FIND_RECEIPT {
                return Err(format!("questions of kind {type_id} are not answered here"));
            }
            let text = String::from_utf8_lossy(&body).into_owned();
            let uid = Uuid::parse_str(text.trim()).map_err(|_| FindError::NotUid { text }.to_string())?;
            let found = find(&self.database, uid).await.map_err(|error| error.to_string())?;
            Ok(to_body(&found))
        })
    }
}
