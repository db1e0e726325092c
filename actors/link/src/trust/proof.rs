//! The texts that are signed on a line. Pure functions; the bytes are written down in `deploy/PROTOCOL.md`.
//!
//! Each text begins with what it is for and a zero byte, and has a number of the other side in it that was never used
//! before: so no signature is good on another line, or for anything else.

use data_encoding::HEXLOWER;
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};

use crate::apply::PeerRole;
use crate::frame::{Frame, FrameError, Hello};

const UPPER: &[u8] = b"openstore link 1 upper\0";
const LOWER: &[u8] = b"openstore link 1\0";
/// How the token of a Hello begins that shows no token: 32 random bytes in hexadecimal follow.
const KEYED: &str = "key:";

/// In the place of a token: "I have a key", and a number for the upper node to sign.
pub fn hello_token() -> String {
    format!("{KEYED}{}", HEXLOWER.encode(&rand::random::<[u8; 32]>()))
}

pub fn shows_key(token: &str) -> bool {
    token.starts_with(KEYED)
}

/// What the upper node signs in its Challenge.
pub fn upper_text(hello: &Hello, nonce: &[u8; 32], time_ms: u64) -> Result<Vec<u8>, FrameError> {
    let said = Sha256::digest(Frame::Hello(hello.clone()).encode()?);
    Ok([UPPER, said.as_slice(), nonce, &time_ms.to_le_bytes()].concat())
}

/// What the lower node signs in its Auth, for the upper node that has shown `upper`.
pub fn lower_text(hello: &Hello, nonce: &[u8; 32], upper: &CertificateDer<'_>) -> Vec<u8> {
    let fingerprint = Sha256::digest(upper);
    let start = [LOWER, nonce, fingerprint.as_slice()].concat();
    [&start, &named(&hello.name, hello.role)[..], &hello.incarnation.to_le_bytes()].concat()
}

/// A name and a role as they lie in headers.
pub(crate) fn named(name: &str, role: PeerRole) -> Vec<u8> {
    let role: u32 = match role {
        PeerRole::Till => 1,
        PeerRole::Store => 2,
        PeerRole::Hq => 3,
    };
    [&(name.len() as u64).to_le_bytes()[..], name.as_bytes(), &role.to_le_bytes()].concat()
}
