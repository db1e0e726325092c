//! The sale whose goods come back: what is known here, and what the node above knows besides.

use domain::ids::ReceiptId;
use link::requests::{FIND_RECEIPT, FIND_SALE, RequestError, UNREACHABLE};
use messages::codec::{from_body, to_body};
use messages::v1::receipt::{FoundReceipt, ReturnedLine};
use messages::v1::requests::SaleBy;
use uuid::Uuid;

use super::{AnswerError, Asker, TradeAnswers};
use crate::find_receipt::{FindError, find_sale, returned_of};

/// What the node above said.
enum Heard {
    Found(Box<FoundReceipt>),
    NotKnown,
    /// It could not be asked, or there is none.
    Nothing,
    Refused(String),
}

impl TradeAnswers {
    /// The question of before there were other ways to find a sale: the body is the uid as text.
    pub(super) async fn receipt(&self, asker: &Asker<'_>, body: &[u8]) -> Result<FoundReceipt, AnswerError> {
        let text = String::from_utf8_lossy(body);
        let uid = Uuid::parse_str(text.trim()).map_err(|_| FindError::NotUid { text: text.clone().into_owned() })?;
        self.found(asker, &SaleBy::Uid(ReceiptId(uid)), FIND_RECEIPT, body.to_vec()).await
    }

    pub(super) async fn sale(&self, asker: &Asker<'_>, mut by: SaleBy) -> Result<FoundReceipt, AnswerError> {
        if let SaleBy::Number { store, .. } = &mut by {
            store.get_or_insert_with(|| asker.store.to_owned());
        }
        let body = to_body(&by);
        self.found(asker, &by, FIND_SALE, body).await
    }

    async fn found(
        &self,
        asker: &Asker<'_>,
        by: &SaleBy,
        type_id: u32,
        body: Vec<u8>,
    ) -> Result<FoundReceipt, AnswerError> {
        let own = find_sale(&self.database.reader, by, asker.store).await;
        let what = match own {
            // Asked all the same: goods of a sale here may have come back elsewhere.
            Ok(mut own) => {
                if let Heard::Found(above) = self.hear(type_id, body).await {
                    merge(&mut own.returned, above.returned);
                }
                return Ok(own);
            }
            Err(FindError::Unknown { what }) => what,
            Err(other) => return Err(other.into()),
        };
        match self.hear(type_id, body).await {
            Heard::Found(mut above) => {
                // What came back here and is still on its way up.
                let own = returned_of(&self.database.reader, above.receipt.uid.0).await?;
                merge(&mut above.returned, own);
                Ok(*above)
            }
            Heard::Nothing if self.above.is_some() => Err(AnswerError::Above(format!(
                "{UNREACHABLE}: there is no {what} here, and the head office cannot be asked now"
            ))),
            Heard::NotKnown | Heard::Nothing => Err(FindError::Unknown { what }.into()),
            Heard::Refused(text) => Err(AnswerError::Above(text)),
        }
    }

    async fn hear(&self, type_id: u32, body: Vec<u8>) -> Heard {
        let Some(above) = &self.above else { return Heard::Nothing };
        match above.ask(type_id, body).await {
            Ok(body) => match from_body(&body) {
                Ok(found) => Heard::Found(Box::new(found)),
                Err(error) => {
                    tracing::error!(error = %error, "the answer about a sale cannot be read");
                    Heard::Nothing
                }
            },
            Err(error) if error.is_not_known() => Heard::NotKnown,
            Err(error) if error.is_unreachable() => Heard::Nothing,
            Err(RequestError::Refused(text)) => Heard::Refused(text),
            Err(_) => Heard::Nothing,
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
