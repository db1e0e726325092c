//! PINs and cards: hashed once at the head office, verified at the tills, kept nowhere.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use sha2::{Digest, Sha256};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the PIN cannot be hashed: {0}")]
pub struct NotHashed(String);

/// A PHC string of Argon2id. It takes a twentieth of a second: keep it off a thread that others wait for.
pub fn hash(pin: &str) -> Result<String, NotHashed> {
    Argon2::default()
        .hash_password(pin.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| NotHashed(error.to_string()))
}

pub fn verify(pin: &str, pin_hash: &str) -> bool {
    Argon2::default().verify_password(pin.as_bytes(), pin_hash).is_ok()
}

/// What an operator's `card_hash` is: SHA-256, in hex, of the text that the card says. A card is long and random where a
/// PIN is short, so it is found by its hash and needs no slow one.
pub fn card_hash(card: &str) -> String {
    Sha256::digest(card.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
