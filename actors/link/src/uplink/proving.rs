//! A node with a key shows it to the node above, after that one has shown who it is; and keeps its certificate fresh.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::session::{Stop, frame, unexpected};
use super::{ASK_WITHIN, Ask, UplinkStatus};
use crate::apply::PeerRole;
use crate::frame::{Auth, Challenge, Frame, Hello, Reply, ReplyStatus, Request};
use crate::line::Line;
use crate::requests::RENEW;
use crate::trust::certificate::{self, Usage};
use crate::trust::credentials::Credentials;
use crate::trust::{TrustError, proof};

/// How often it is looked whether the certificate is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A node above that could not renew need not be asked again sooner.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Answer the Challenge that follows `hello`. With a certificate that has expired the session goes no further than to a new one.
pub(super) async fn prove(credentials: &Credentials, line: &mut Line, hello: &Hello) -> Result<(), Stop> {
    let challenge = match frame(line).await? {
        Frame::Challenge(challenge) => challenge,
        // Whoever answers without it may be anybody.
        Frame::Welcome(_) => return Err(Stop::Unproven("it did not show who it is".to_owned())),
        other => return Err(unexpected(&other)),
    };
    let upper = believe(credentials, hello, &challenge).map_err(|reason| Stop::Unproven(reason.to_owned()))?;
    credentials.set_time(challenge.time_ms);
    let signature = credentials.sign(&proof::lower_text(hello, &challenge.nonce, &upper))?;
    line.send(&Frame::Auth(Auth { certificate: credentials.certificate().to_vec(), signature }))?;
    if credentials.has_expired() {
        line.send(&Frame::Request(Request { id: 0, ttl_ms: millis(ASK_WITHIN), type_id: RENEW, body: Vec::new() }))?;
        match frame(line).await? {
            Frame::Reply(Reply { status: ReplyStatus::Answered, body, .. }) => take(credentials, body)?,
            other => return Err(unexpected(&other)),
        }
    }
    Ok(())
}

/// The certificate of the node above, if it has signed what this node said, and may be above it.
fn believe(
    credentials: &Credentials,
    hello: &Hello,
    challenge: &Challenge,
) -> Result<CertificateDer<'static>, &'static str> {
    let chain: Vec<_> = challenge.certificates.iter().map(|one| CertificateDer::from(one.clone())).collect();
    let shown = certificate::check(&credentials.trusted(), &chain, Usage::Upper)
        .map_err(|_| "its certificate is not of the authority that this node was enrolled with")?;
    let above = match hello.role {
        PeerRole::Till => PeerRole::Store,
        PeerRole::Store | PeerRole::Hq => PeerRole::Hq,
    };
    let text =
        proof::upper_text(hello, &challenge.nonce, challenge.time_ms).map_err(|_| "this node's Hello is too long")?;
    match chain.into_iter().next() {
        Some(upper) if shown.peer.role == above && certificate::has_signed(&upper, &text, &challenge.signature) => {
            Ok(upper)
        }
        _ => Err("it does not have the key of its certificate"),
    }
}

/// Ask for a new certificate when two thirds of the life of the present one are over. Never ends.
pub(super) async fn keep_fresh(
    credentials: Arc<Credentials>,
    status: Rc<RefCell<UplinkStatus>>,
    asks: mpsc::Sender<Ask>,
) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if !credentials.is_due() || !status.borrow().connected {
            continue;
        }
        match renew(&credentials, &asks).await {
            Ok(()) => tracing::info!(until_s = credentials.until_s(), "the certificate of this node was renewed"),
            Err(reason) => {
                tracing::warn!(reason, "the certificate of this node was not renewed");
                tokio::time::sleep(AGAIN_AFTER).await;
            }
        }
    }
}

async fn renew(credentials: &Credentials, asks: &mpsc::Sender<Ask>) -> Result<(), String> {
    let (answer, answered) = oneshot::channel();
    let ask = Ask { type_id: RENEW, body: Vec::new(), until: Instant::now() + ASK_WITHIN, answer };
    asks.try_send(ask).map_err(|_| "too many questions wait".to_owned())?;
    match tokio::time::timeout(ASK_WITHIN, answered).await {
        Ok(Ok(Ok(body))) => take(credentials, body).map_err(|error| error.to_string()),
        Ok(Ok(Err(error))) => Err(error.to_string()),
        Ok(Err(_)) | Err(_) => Err("the node above did not answer in time".to_owned()),
    }
}

fn take(credentials: &Credentials, body: Vec<u8>) -> Result<(), TrustError> {
    let text = String::from_utf8(body).map_err(|_| TrustError::Answer("it is no text".to_owned()))?;
    credentials.renew(&text)
}

fn millis(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}
