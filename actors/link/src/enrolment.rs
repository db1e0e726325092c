//! How a node gets its certificate: an operator above makes a token, somebody types it at the node below, once.
//!
//! The token holds a secret, by which the node above knows the node below, and the fingerprint of the authority above, by
//! which the node below knows the node above. The secret itself never travels after that: it proves the text that asks for a
//! certificate. The key is made below and never leaves its machine.

pub mod ask;
pub mod serve;
pub mod token;

use chrono::Utc;
use data_encoding::HEXLOWER;
use migrations::database::Database;
use migrations::entity::enrolment::{self, Column};
use ring::hmac;
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter};

use crate::apply::Peer;
use crate::trust::key::PublicKey;
use crate::trust::proof;
use token::Token;

/// Where a node above takes requests for a certificate.
pub const PATH: &str = "/link/enrol";
/// A token is good for a day.
const TOKEN_LIFE_MS: i64 = 24 * 3_600_000;
/// Used and forgotten ones are kept for a while, for operators who wonder.
const KEPT_MS: i64 = 30 * 24 * 3_600_000;
/// What a request for a certificate begins with, as far as it is proven.
const TEXT: &[u8] = b"openstore enrol 1\0";

/// A request for a certificate. Bytes are in hexadecimal.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Which token.
    pub token: String,
    pub role: String,
    pub name: String,
    pub public_key: String,
    /// Of the new key, over the text.
    pub signature: String,
    /// HMAC-SHA256 of the text by the token's secret.
    pub proof: String,
}

/// A token for `peer`, noted in `database`. It is not kept, so it can be told but once.
pub async fn invite(database: &Database, authority: [u8; 16], peer: &Peer) -> Result<Token, DbErr> {
    let token = Token::draw(authority);
    let now_ms = Utc::now().timestamp_millis();
    let forgotten = enrolment::Entity::delete_many().filter(Column::ExpiresMs.lt(now_ms - KEPT_MS));
    forgotten.exec(&database.writer).await?;
    let row = enrolment::ActiveModel {
        id: Set(token.id_text()),
        name: Set(peer.name.clone()),
        role: Set(peer.role.as_str().to_owned()),
        secret: Set(token.proving_key().to_vec()),
        expires_ms: Set(now_ms + TOKEN_LIFE_MS),
        used_by: Set(None),
    };
    enrolment::Entity::insert(row).exec_without_returning(&database.writer).await?;
    Ok(token)
}

/// What both the secret and the new key vouch for.
pub fn text(token_id: &str, peer: &Peer, key: &PublicKey) -> Vec<u8> {
    [TEXT, token_id.as_bytes(), &proof::named(&peer.name, peer.role), &key.0].concat()
}

fn proof(proving_key: &[u8], text: &[u8]) -> String {
    HEXLOWER.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, proving_key), text).as_ref())
}

fn is_proven(proving_key: &[u8], text: &[u8], proof: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, proving_key);
    HEXLOWER.decode(proof.as_bytes()).is_ok_and(|tag| hmac::verify(&key, text, &tag).is_ok())
}
