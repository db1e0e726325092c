//! Passwords: Argon2id in PHC form. Slow on purpose, so it runs beside the server's threads, not on them.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use rand::RngExt as _;

/// Shorter ones are guessed.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// Longer ones only cost time.
pub const PASSWORD_CHARS_MAX: usize = 200;
/// Without letters and digits that are taken for each other.
const ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
const RANDOM_CHARS: usize = 16;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("a password has from {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters")]
    Length,
    #[error("the password could not be hashed: {0}")]
    Hash(String),
}

pub fn hash(password: &str) -> Result<String, PasswordError> {
    if !(PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&password.chars().count()) {
        return Err(PasswordError::Length);
    }
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| PasswordError::Hash(error.to_string()))
}

/// Whether the password is right. Without a stored hash as much time is spent, and the answer is no.
pub(crate) fn is_right(password: &str, stored: Option<&str>) -> bool {
    if password.chars().count() > PASSWORD_CHARS_MAX {
        return false;
    }
    match stored.map(PasswordHash::new) {
        Some(Ok(stored)) => Argon2::default().verify_password(password.as_bytes(), &stored).is_ok(),
        _ => {
            // The same work as for a name that exists, so that the time tells nothing.
            Argon2::default().hash_password(password.as_bytes()).is_err()
        }
    }
}

/// A password for the first start: 79 bits.
pub fn random() -> String {
    let mut random = rand::rng();
    (0..RANDOM_CHARS).map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())])).collect()
}
