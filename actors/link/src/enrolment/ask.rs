//! The side below: makes a key, asks for its certificate, and keeps both.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;

use super::token::Token;
use super::{PATH, Request, text};
use crate::apply::Peer;
use crate::transport::connect::Way;
use crate::transport::tls::Pin;
use crate::transport::websocket;
use crate::trust::credentials::Credentials;
use crate::trust::key::NodeKey;
use crate::trust::{TrustError, certificate};

/// The whole of an enrolment.
const WITHIN: Duration = Duration::from_secs(30);
/// An answer is a handful of certificates.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Why a node was not enrolled, as a sentence.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    #[error("{0}")]
    Refused(String),
    #[error("{0} did not answer in time")]
    Late(String),
    #[error(
        "the authority that answers is not the one that made the token: check the address, and that nobody is in between"
    )]
    OtherAuthority,
    #[error(transparent)]
    Trust(#[from] TrustError),
}

/// Enrol `me` at the node above at `url`, and keep what it gives in `folder`.
pub async fn enrol(
    url: &str,
    allow_plain: bool,
    token: &Token,
    me: &Peer,
    folder: &Path,
) -> Result<Credentials, EnrolError> {
    let key = NodeKey::make()?;
    let text = text(&token.id_text(), me, &key.public());
    let request = Request {
        token: token.id_text(),
        role: me.role.as_str().to_owned(),
        name: me.name.clone(),
        public_key: key.public().to_string(),
        signature: HEXLOWER.encode(&key.sign(&text)?),
        proof: token.proof(me, &key.public()),
    };
    let way = Way { url, pin: Some(Pin::Fingerprint(token.authority)), allow_plain };
    let asking = tokio::time::timeout(WITHIN, post(way, &request));
    let answer = asking.await.map_err(|_| EnrolError::Late(url.to_owned()))?.map_err(EnrolError::Refused)?;
    // Only the authority of the token is believed: on a line in the clear somebody may have added another.
    let mut certificates = certificate::all_in(&answer).into_iter();
    let own = certificates.next();
    let authority = certificates.find(|one| certificate::fingerprint(one) == Some(token.authority));
    let (Some(own), Some(authority)) = (own, authority) else { return Err(EnrolError::OtherAuthority) };
    Ok(Credentials::keep(folder, key, me, vec![own, authority])?)
}

async fn post(way: Way<'_>, request: &Request) -> Result<String, String> {
    let url = way.url.trim_end_matches('/').trim_end_matches(websocket::PATH).to_owned();
    let failed = |error: &dyn std::fmt::Display| format!("{url} cannot be asked: {error}");
    let host = url.split_once("://").map_or("", |(_, host)| host);
    let body = serde_json::to_vec(request).map_err(|error| failed(&error))?;
    let request = hyper::Request::post(PATH).header(HOST, host).header(CONTENT_TYPE, "application/json");
    let request = request.body(Full::new(Bytes::from(body))).map_err(|error| failed(&error))?;
    let stream = way.connect().await.map_err(|error| error.to_string())?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
    let talking = async {
        let answer = sender.send_request(request).await.map_err(|error| failed(&error))?;
        let is_good = answer.status().is_success();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| failed(&error))?.to_bytes();
        let text = String::from_utf8_lossy(&body).into_owned();
        if is_good { Ok(text) } else { Err(text) }
    };
    tokio::pin!(talking);
    tokio::select! {
        biased;
        answer = &mut talking => answer,
        // The other side may close the connection as soon as it has answered.
        ended = connection => match ended {
            Ok(()) => talking.await,
            Err(error) => Err(failed(&error)),
        },
    }
}
