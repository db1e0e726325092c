//! Questions between nodes: a deadline, an answer or a failure, and no money changed by themselves.

use std::time::Duration;

use futures_util::future::BoxFuture;
use runtime::reference::ActorRef;
use tokio::sync::oneshot;

use crate::apply::Peer;

/// Find a receipt: body is a receipt uid as text, answer a `v1::receipt::Receipt` body with what already came back.
pub const FIND_RECEIPT: u32 = 1;
/// Find a sale: body `v1::requests::SaleBy`, answer as of [`FIND_RECEIPT`].
pub const FIND_SALE: u32 = 2;
/// What is parked in the store: body `v1::requests::ListParked`, answer `ParkedList`.
pub const LIST_PARKED: u32 = 3;
/// Body `v1::requests::TakeParked`, answer `Taken`.
pub const TAKE_PARKED: u32 = 4;
/// Body `v1::requests::ClaimMark`, answer `MarkClaimed`.
pub const CLAIM_MARK: u32 = 5;
/// Body `v1::requests::AskBusinessDay`, answer `BusinessDay`.
pub const BUSINESS_DAY: u32 = 6;
/// Body `v1::accounts::IdentifyCustomer`, answer `Identified`.
pub const IDENTIFY: u32 = 7;
/// Body `v1::accounts::Authorise`, answer `Authorisation`.
pub const AUTHORISE: u32 = 8;
/// Body `v1::accounts::Release`, answer `Authorisation`.
pub const RELEASE: u32 = 9;
/// Body `v1::accounts::TillOperations`, answer `OperationsTaken`.
pub const TILL_OPERATIONS: u32 = 10;
/// Of a subordinate to its root: both bodies are the processing centre's own.
pub const ACCOUNTS_SYNC: u32 = 11;
/// Of a node that links by a key, answered by the link itself: no body, answer the certificates as PEM text, its own first.
pub const RENEW: u32 = 12;

/// Name and version of the program that asks, as text; answer those of the program that is asked. Every node answers it.
pub const PROGRAM: u32 = 13;

/// Name and version of this program.
pub const SOFTWARE: &str = concat!("openstore ", env!("CARGO_PKG_VERSION"));

/// Whether the first program is of a later minor release than the second, as far as their names say: "openstore 0.2.1".
pub fn is_ahead(software: &str, of: &str) -> bool {
    let release = |software: &str| {
        let (major, minor) = software.rsplit(' ').next()?.split_once('.')?;
        let minor = minor.split(|sign: char| !sign.is_ascii_digit()).next()?;
        Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?))
    };
    release(software).zip(release(of)).is_some_and(|(ours, theirs)| ours > theirs)
}

/// How a refusal begins when neither the asked node nor one above it knows what was asked for.
pub const NOT_KNOWN: &str = "not known";
/// How a refusal begins when the asked node does not know it, and the node above could not be asked.
pub const UNREACHABLE: &str = "unreachable";

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    #[error("there is no line to the other node")]
    NoLine,
    #[error("the other node did not answer in time")]
    Deadline,
    #[error("the other node refused: {0}")]
    Refused(String),
}

impl RequestError {
    /// Nobody knows it, and everybody was asked.
    pub fn is_not_known(&self) -> bool {
        matches!(self, RequestError::Refused(text) if text.starts_with(NOT_KNOWN))
    }

    /// It may be known where nobody could ask.
    pub fn is_unreachable(&self) -> bool {
        match self {
            RequestError::NoLine | RequestError::Deadline => true,
            RequestError::Refused(text) => text.starts_with(UNREACHABLE),
        }
    }
}

/// What a node answers to the others.
pub trait Answer: Send + Sync + 'static {
    fn answer<'a>(&'a self, from: &'a Peer, type_id: u32, body: Vec<u8>) -> BoxFuture<'a, Result<Vec<u8>, String>>;
}

/// Put a question to the node above and wait for its answer elsewhere, so that many can wait at once. Sender: features, by
/// [`put`]. Answer: where the answer will come. Repeat: yes.
#[derive(Clone, Debug, actix::Message)]
#[rtype(result = "Result<Answering, RequestError>")]
pub struct Question {
    pub type_id: u32,
    pub body: Vec<u8>,
}

/// Where an answer will come.
#[derive(Debug)]
pub struct Answering(pub(crate) oneshot::Receiver<Result<Vec<u8>, RequestError>>);

/// Ask the node above, and wait for `within` at most. Others can ask meanwhile.
pub async fn put(
    above: &ActorRef<Question>,
    type_id: u32,
    body: Vec<u8>,
    within: Duration,
) -> Result<Vec<u8>, RequestError> {
    let asked = async {
        // An uplink that is restarted has no line just now.
        let answering =
            above.ask_within(within, Question { type_id, body }).await.unwrap_or(Err(RequestError::NoLine))?;
        answering.0.await.unwrap_or(Err(RequestError::NoLine))
    };
    tokio::time::timeout(within, asked).await.unwrap_or(Err(RequestError::Deadline))
}

/// Ask the node above, one question after another. Sender: features. Answer: the other node's. Repeat: yes.
#[derive(Clone, Debug, actix::Message)]
#[rtype(result = "Result<Vec<u8>, RequestError>")]
pub struct AskAbove {
    pub type_id: u32,
    pub body: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_compared_by_their_minor_numbers() {
        for (software, of, ahead) in [
            ("openstore 0.2.0", "openstore 0.1.9", true),
            ("openstore 0.10.0", "openstore 0.9.0", true),
            ("openstore 1.0.0-rc.1", "openstore 0.9.0", true),
            ("openstore 0.1.9", "openstore 0.1.0", false),
            ("openstore 0.1.0", "openstore 0.2.0", false),
            ("a test", "openstore 0.2.0", false),
            ("openstore 0.2.0", "", false),
        ] {
            assert_eq!(is_ahead(software, of), ahead, "{software} and {of}");
        }
    }
}
