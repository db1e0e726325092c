//! What processes of one head office tell each other: who brings documents, and what came of them.

use async_nats::HeaderMap;
use link::apply::{Peer, PeerRole};
use link::chain::Place;
use link::inbox::{TakeError, Taken};
use link::session::Incident;
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};

const PEER: &str = "Os-Peer";
const ROLE: &str = "Os-Role";
const NUMBER: &str = "Os-Number";
const GATEWAY: &str = "Os-Gateway";
const TYPE: &str = "Os-Type";

/// Beside the frame of a batch: whose it is, and where its answer is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) peer: Peer,
    /// The subject of the gateway.
    pub(super) gateway: String,
    /// Its own number of the offer.
    pub(super) number: u64,
}

impl Label {
    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = of_peer(&self.peer);
        headers.insert(GATEWAY, self.gateway.as_str());
        headers.insert(NUMBER, self.number.to_string().as_str());
        headers
    }

    pub(super) fn read(headers: Option<&HeaderMap>) -> Option<Label> {
        let headers = headers?;
        let gateway = headers.get(GATEWAY)?.as_str().to_owned();
        let number = headers.get(NUMBER)?.as_str().parse().ok()?;
        Some(Label { peer: peer(headers)?, gateway, number })
    }
}

fn of_peer(peer: &Peer) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(PEER, peer.name.as_str());
    headers.insert(ROLE, peer.role.as_str());
    headers
}

fn peer(headers: &HeaderMap) -> Option<Peer> {
    let role = PeerRole::from_word(headers.get(ROLE)?.as_str())?;
    Some(Peer { name: headers.get(PEER)?.as_str().to_owned(), role })
}

/// Beside a question: who asks, and of which kind it is.
pub(super) fn question(from: &Peer, type_id: u32) -> HeaderMap {
    let mut headers = of_peer(from);
    headers.insert(TYPE, type_id.to_string().as_str());
    headers
}

pub(super) fn asked(headers: Option<&HeaderMap>) -> Option<(Peer, u32)> {
    let headers = headers?;
    Some((peer(headers)?, headers.get(TYPE)?.as_str().parse().ok()?))
}

/// What came of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Outcome {
    Taken { sequence: u64, chain: [u8; 16], applied: u64, duplicate: u64, parked: u64 },
    Overtaken,
    Incident(Incident),
    Database(String),
}

/// The outcome of the offer with this number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Answered {
    pub(super) number: u64,
    pub(super) outcome: Outcome,
}

impl Outcome {
    /// None: nothing came of it here, and another may take it.
    pub(super) fn of(result: Result<Taken, TakeError>) -> Option<Outcome> {
        Some(match result {
            Ok(Taken { place: Place { sequence, chain }, applied, duplicate, parked }) => {
                Outcome::Taken { sequence, chain, applied, duplicate, parked }
            }
            Err(TakeError::Overtaken) => Outcome::Overtaken,
            Err(TakeError::Incident(incident)) => Outcome::Incident(incident),
            Err(TakeError::Database(error)) => Outcome::Database(error.to_string()),
            Err(TakeError::Fenced(_) | TakeError::Nobody(_)) => return None,
        })
    }

    pub(super) fn into_result(self) -> Result<Taken, TakeError> {
        match self {
            Outcome::Taken { sequence, chain, applied, duplicate, parked } => {
                Ok(Taken { place: Place { sequence, chain }, applied, duplicate, parked })
            }
            Outcome::Overtaken => Err(TakeError::Overtaken),
            Outcome::Incident(incident) => Err(incident.into()),
            Outcome::Database(text) => Err(DbErr::Custom(text).into()),
        }
    }
}
