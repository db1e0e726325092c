//! The gate of an upper node: lets nodes in by their keys, renews their certificates, and turns them out.
//!
//! A node proves that it has the private key of a certificate of this node's authority, by signing a number that was drawn
//! for this connection. A certificate that has expired may only be renewed, and only if its key is known here. A key that is
//! not known comes from a time that this database has forgotten: it is taken if nothing newer is known of its node.
//!
//! Must never: say more in a refusal than the refused knows already, or let a revoked key stay for more than a second.

pub mod nodes;
pub mod refusals;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::Utc;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use migrations::database::Database;
use rustls::pki_types::CertificateDer;
use sea_orm::DbErr;
use tokio_util::sync::CancellationToken;

use crate::apply::Peer;
use crate::frame::{Auth, Challenge, Hello};
use crate::requests::{Answer, RENEW};
use crate::trust::authority::{Authority, UpperProof};
use crate::trust::certificate::{self, Usage};
use crate::trust::key::PublicKey;
use crate::trust::{TrustError, proof};

use nodes::{Issued, NodeTable};
use refusals::{Refusal, Refusals};

/// Life of a certificate. Two thirds of it are the time in which a store may be shut and nobody notices.
pub const CERTIFICATE_LIFE: Duration = Duration::from_secs(90 * 24 * 3_600);
/// A certificate holds from a little before it is made: processes of one head office have clocks of their own.
const BEFORE_S: u64 = 60;
/// How often it is asked which keys were revoked.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A revocation is looked for so long after it was written down, by whichever clock.
const LOOK_BACK_MS: i64 = 600_000;

/// Cheap to clone, good on every thread.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    authority: Authority,
    me: Peer,
    proof: UpperProof,
    nodes: NodeTable,
    refusals: Refusals,
    life: Duration,
    /// Who is here by a key now, in the order in which they came.
    live: Mutex<BTreeMap<u64, Live>>,
}

struct Live {
    name: String,
    key: PublicKey,
    revoked: CancellationToken,
}

/// How far a node got.
#[derive(Debug)]
pub(crate) enum Judged {
    In(Seat),
    /// It may ask for a new certificate, and no more.
    RenewOnly(Seat),
}

/// The place of a linked node. Dropping it gives it up.
pub(crate) struct Seat {
    gate: Gate,
    number: u64,
    peer: Peer,
    revoked: CancellationToken,
}

impl Gate {
    /// `me`: this node, as those below see it.
    pub fn new(database: Database, authority: Authority, me: Peer) -> Result<Gate, TrustError> {
        Gate::with_life(database, authority, me, CERTIFICATE_LIFE)
    }

    /// A gate whose certificates live for `life`.
    pub fn with_life(database: Database, authority: Authority, me: Peer, life: Duration) -> Result<Gate, TrustError> {
        let proof = authority.upper(&me)?;
        let (nodes, refusals) = (NodeTable::new(database.clone()), Refusals::new(database));
        Ok(Gate(Arc::new(Inner { authority, me, proof, nodes, refusals, life, live: Mutex::default() })))
    }

    pub fn authority(&self) -> &Authority {
        &self.0.authority
    }

    pub fn me(&self) -> &Peer {
        &self.0.me
    }

    pub fn nodes(&self) -> &NodeTable {
        &self.0.nodes
    }

    pub fn refusals(&self) -> &Refusals {
        &self.0.refusals
    }

    /// What a node must sign that says `hello`.
    pub(crate) fn challenge(&self, hello: &Hello) -> Result<Challenge, Refusal> {
        let (nonce, time_ms) = (rand::random(), now_ms());
        let unable = |error: String| Refusal::new("not able", error);
        let text = proof::upper_text(hello, &nonce, time_ms).map_err(|error| unable(error.to_string()))?;
        let UpperProof { key, chain } = &self.0.proof;
        let signature = key.sign(&text).map_err(|error| unable(error.to_string()))?;
        Ok(Challenge { nonce, time_ms, certificates: chain.iter().map(|one| one.to_vec()).collect(), signature })
    }

    /// Judge the answer to `challenge`, which was made for `hello` and is used but once.
    pub(crate) async fn judge(&self, hello: &Hello, challenge: Challenge, auth: Auth) -> Result<Judged, Refusal> {
        let certificate = CertificateDer::from(auth.certificate);
        let trusted = self.0.authority.trusted();
        let shown = certificate::check(trusted, std::slice::from_ref(&certificate), Usage::Lower)
            .map_err(|doubt| Refusal::new("certificate", format!("{doubt}: enrol this node here")))?;
        let peer = Peer { name: hello.name.clone(), role: hello.role };
        let Some(key) = shown.key.filter(|_| shown.peer == peer) else {
            return Err(Refusal::new("name", "the certificate is that of another node".to_owned()));
        };
        let text = proof::lower_text(hello, &challenge.nonce, &self.0.proof.chain[0]);
        if !certificate::has_signed(&certificate, &text, &auth.signature) {
            return Err(Refusal::new("signature", "the key of the certificate was not shown".to_owned()));
        }
        let known = self.known(&peer, key, shown.from_s, shown.until_s).await?;
        let (now_s, expired) = (now_ms() / 1_000, "the certificate has expired");
        if shown.from_s > now_s {
            return Err(Refusal::new("not yet", "the certificate does not hold yet: see to the clocks".to_owned()));
        }
        match (shown.until_s < now_s, known) {
            (false, _) => Ok(Judged::In(self.seat(peer, key))),
            (true, true) => Ok(Judged::RenewOnly(self.seat(peer, key))),
            (true, false) => Err(Refusal::new("expired", format!("{expired}: enrol this node anew"))),
        }
    }

    /// Whether `key` was known before. One that is not is noted if it may be good.
    async fn known(&self, peer: &Peer, key: PublicKey, from_s: u64, until_s: u64) -> Result<bool, Refusal> {
        let nodes = &self.0.nodes;
        if let Some(row) = nodes.find(key).await? {
            let revoked = row.revoked_ms.is_some();
            let sentence = || Refusal::new("revoked", format!("\"{}\" is no longer admitted", peer.name));
            return if revoked { Err(sentence()) } else { Ok(true) };
        }
        let issued = Issued { peer: peer.clone(), key, from_s, until_s };
        if nodes.is_newest(&issued).await? {
            if until_s >= now_ms() / 1_000 {
                tracing::warn!(peer = peer.name, "a key that this database does not know has a good certificate");
                nodes.note(&issued).await?;
            }
            return Ok(false);
        }
        Err(Refusal::new("replaced", format!("\"{}\" was enrolled again with another key", peer.name)))
    }

    fn seat(&self, peer: Peer, key: PublicKey) -> Seat {
        let revoked = CancellationToken::new();
        let mut live = self.live();
        let number = live.last_key_value().map_or(0, |(last, _)| last + 1);
        live.insert(number, Live { name: peer.name.clone(), key, revoked: revoked.clone() });
        Seat { gate: self.clone(), number, peer, revoked }
    }

    /// A certificate for `key`, with the authorities to believe, as text.
    pub(crate) fn certify(&self, peer: &Peer, key: PublicKey) -> Result<(Issued, String), TrustError> {
        let from_s = now_ms() / 1_000 - BEFORE_S;
        let until_s = from_s + BEFORE_S + self.0.life.as_secs();
        let text = self.0.authority.certify(&key, peer, from_s, until_s)?;
        Ok((Issued { peer: peer.clone(), key, from_s, until_s }, text))
    }

    /// A new certificate for the node that is linked as `peer`.
    pub(crate) async fn renew(&self, peer: &Peer) -> Result<Vec<u8>, String> {
        let key = self.live().values().rev().find(|live| live.name == peer.name).map(|live| live.key);
        let key = key.ok_or_else(|| "a node that links by a token has no certificate".to_owned())?;
        let (issued, text) = self.certify(peer, key).map_err(|error| error.to_string())?;
        match self.0.nodes.renew(&issued).await {
            Ok(true) => {
                tracing::info!(peer = peer.name, until_s = issued.until_s, "a certificate was renewed");
                Ok(text.into_bytes())
            }
            Ok(false) => Err(format!("\"{}\" is no longer admitted", peer.name)),
            Err(error) => Err(Refusal::from(error).sentence),
        }
    }

    /// Turn out whoever is revoked, by whichever process. Never ends.
    pub(crate) async fn watch(self) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            match self.0.nodes.revoked_since(Utc::now().timestamp_millis() - LOOK_BACK_MS).await {
                Ok(revoked) => self.turn_out(&revoked),
                Err(error) => tracing::error!(%error, "revoked keys cannot be looked up"),
            }
        }
    }

    fn turn_out(&self, revoked: &[PublicKey]) {
        for live in self.live().values().filter(|live| revoked.contains(&live.key)) {
            live.revoked.cancel();
        }
    }

    fn live(&self) -> MutexGuard<'_, BTreeMap<u64, Live>> {
        // The map is whole at every step: a panic elsewhere does not spoil it.
        self.0.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers requests for a new certificate; all others are for `answer`.
pub(crate) struct Renewals {
    pub(crate) gate: Gate,
    pub(crate) answer: Option<Arc<dyn Answer>>,
}

impl Answer for Renewals {
    fn answer<'a>(&'a self, from: &'a Peer, type_id: u32, body: Vec<u8>) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        match &self.answer {
            _ if type_id == RENEW => self.gate.renew(from).boxed(),
            Some(answer) => answer.answer(from, type_id, body),
            None => std::future::ready(Err("this node answers no questions".to_owned())).boxed(),
        }
    }
}

impl Seat {
    /// Completes when the key is revoked.
    pub(crate) async fn revoked(&self) {
        self.revoked.cancelled().await;
    }

    pub(crate) async fn renew(&self) -> Result<Vec<u8>, String> {
        self.gate.renew(&self.peer).await
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.gate.live().remove(&self.number);
    }
}

impl std::fmt::Debug for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seat").field("peer", &self.peer).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("me", &self.0.me).field("authority", &self.0.authority).finish_non_exhaustive()
    }
}

impl From<DbErr> for Refusal {
    fn from(error: DbErr) -> Refusal {
        tracing::error!(%error, "the list of nodes cannot be read or written");
        Refusal::new("database", "the list of nodes cannot be read just now: try again later".to_owned())
    }
}

fn now_ms() -> u64 {
    u64::try_from(Utc::now().timestamp_millis()).unwrap_or_default()
}
