//! Bodies of documents and datasets as bytes.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The largest body that is accepted, in bytes: a receipt of 2,000 lines takes about 400 kB.
pub const BODY_BYTES_MAX: usize = 1 << 20;

#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    #[error("the body has {bytes} bytes, more than the {BODY_BYTES_MAX} allowed")]
    TooLarge { bytes: usize },
    #[error("the body cannot be read: {0}")]
    Unreadable(#[from] rmp_serde::decode::Error),
}

/// # Panics
/// If the value cannot be written as MessagePack, which no type of [`crate::v1`] does.
pub fn to_body<T: Serialize>(value: &T) -> Vec<u8> {
    rmp_serde::to_vec_named(value).expect("a message of v1 can be written")
}

pub fn from_body<T: DeserializeOwned>(body: &[u8]) -> Result<T, BodyError> {
    if body.len() > BODY_BYTES_MAX {
        return Err(BodyError::TooLarge { bytes: body.len() });
    }
    Ok(rmp_serde::from_slice(body)?)
}
