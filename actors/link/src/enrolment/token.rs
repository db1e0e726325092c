//! The one-time token of an enrolment, as it is printed and typed. Pure.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};

use crate::apply::Peer;
use crate::trust::key::PublicKey;

const START: &str = "OS1-";
const BYTES: usize = 8 + 20 + 16;

/// `OS1-` and 71 letters: which token, its secret, and the fingerprint of the authority.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    id: [u8; 8],
    secret: [u8; 20],
    /// The first 16 bytes of the SHA-256 of the authority's public key.
    pub authority: [u8; 16],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no enrolment token: \"OS1-\" and 71 letters and digits are expected, as the node above printed them")]
pub struct BadToken;

impl Token {
    pub(super) fn draw(authority: [u8; 16]) -> Token {
        Token { id: rand::random(), secret: rand::random(), authority }
    }

    /// By this the node above finds the token again.
    pub fn id_text(&self) -> String {
        HEXLOWER.encode(&self.id)
    }

    /// That its bearer asks for a certificate for this key: HMAC-SHA256 in hexadecimal.
    pub fn proof(&self, peer: &Peer, key: &PublicKey) -> String {
        super::proof(&self.proving_key(), &super::text(&self.id_text(), peer, key))
    }

    /// What the node above keeps of the secret.
    pub(super) fn proving_key(&self) -> [u8; 32] {
        Sha256::digest([b"openstore enrolment secret\0".as_slice(), &self.secret].concat()).into()
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.id.as_slice(), &self.secret, &self.authority].concat();
        write!(f, "{START}{}", BASE32_NOPAD.encode(&bytes))
    }
}

impl fmt::Debug for Token {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", self.id_text())
    }
}

impl FromStr for Token {
    type Err = BadToken;

    fn from_str(text: &str) -> Result<Token, BadToken> {
        let letters = text.trim().to_ascii_uppercase();
        let letters = letters.strip_prefix(START).ok_or(BadToken)?;
        let bytes = BASE32_NOPAD.decode(letters.as_bytes()).map_err(|_| BadToken)?;
        let bytes: [u8; BYTES] = bytes.try_into().map_err(|_| BadToken)?;
        let (id, rest) = bytes.split_first_chunk().ok_or(BadToken)?;
        let (secret, authority) = rest.split_first_chunk().ok_or(BadToken)?;
        Ok(Token { id: *id, secret: *secret, authority: authority.try_into().map_err(|_| BadToken)? })
    }
}
