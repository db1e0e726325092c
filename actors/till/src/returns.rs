//! Finding the sale whose goods come back: in this till, or at the node above.

use std::time::Duration;

use domain::ids::ReceiptId;
use domain::quantity::Quantity;
use domain::refusal::Refusal;
use domain::returns::SoldLine;
use link::requests::{AskAbove, FIND_RECEIPT, RequestError};
use messages::codec::from_body;
use messages::v1::receipt::{FoundReceipt, ReceiptKind, ReturnedLine};
use messages::v1::till::TillError;

use crate::store;
use crate::till::{Till, not_read, refused};
use crate::wire;

/// A customer at the counter waits this long for the store's answer.
const FIND_DEADLINE: Duration = Duration::from_secs(5);

impl Till {
    /// The lines of the sale with what came back of each: here, and as far as the node above knows elsewhere.
    pub(crate) async fn sold_lines(&self, of: ReceiptId) -> Result<Vec<SoldLine>, TillError> {
        let own = store::receipt(&self.ports.database.reader, of).await.map_err(not_read)?;
        let mut returned = store::returned(&self.ports.database.reader, of).await.map_err(not_read)?;
        let above = self.ask_above(of).await;
        let sale = match (own, above) {
            // What other tills took back counts too; what the store cannot say now does not stop a customer here.
            (Some(own), Ok(Some(found))) => {
                merge(&mut returned, found.returned);
                own
            }
            (Some(own), _) => own,
            (None, Ok(Some(found))) => {
                merge(&mut returned, found.returned);
                found.receipt
            }
            (None, Ok(None)) => return Err(refused(Refusal::UnknownReceipt(of))),
            (None, Err(_)) => return Err(refused(Refusal::StoreUnreachable(of))),
        };
        if sale.kind != ReceiptKind::Sale {
            return Err(refused(Refusal::NotASale));
        }
        let came_back = |line| -> Quantity {
            returned.iter().filter(|returned| returned.line == line).map(|returned| returned.quantity).sum()
        };
        Ok(wire::sold(&sale, came_back))
    }

    /// `Ok(None)`: the node above does not know the receipt.
    async fn ask_above(&self, of: ReceiptId) -> Result<Option<FoundReceipt>, ()> {
        let Some(above) = &self.ports.above else { return Ok(None) };
        let question = AskAbove { type_id: FIND_RECEIPT, body: of.to_string().into_bytes() };
        match above.ask_within(FIND_DEADLINE, question).await {
            Ok(Ok(body)) => match from_body(&body) {
                Ok(found) => Ok(Some(found)),
                Err(error) => {
                    tracing::error!(%error, "the answer about a receipt cannot be read");
                    Err(())
                }
            },
            Ok(Err(RequestError::Refused(_))) => Ok(None),
            Ok(Err(RequestError::NoLine | RequestError::Deadline)) | Err(_) => Err(()),
        }
    }
}

/// A return that both know of counts once.
fn merge(own: &mut Vec<ReturnedLine>, others: Vec<ReturnedLine>) {
    for other in others {
        if !own.iter().any(|known| known.by == other.by && known.line == other.line) {
            own.push(other);
        }
    }
}
