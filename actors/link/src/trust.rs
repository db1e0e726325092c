//! Keys and certificates: who a node is, and how it is shown.
//!
//! A lower node has an Ed25519 key and a certificate of the authority above it ([`credentials`]). An upper node is an
//! authority ([`authority`]) and certifies itself at each start. Both sign what they show on a line ([`proof`]); what a
//! certificate says is read and checked in one place ([`certificate`]).
//!
//! Must never: let a private key out of its file, or believe a date that a lower node's clock says.

pub mod authority;
pub mod certificate;
pub mod credentials;
mod files;
pub mod key;
pub mod proof;

use std::path::PathBuf;

/// The folder of keys and certificates in a node's data folder.
pub const FOLDER: &str = "link";

/// Why keys or certificates cannot be used, as a sentence for whoever keeps the machine.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    #[error("{} cannot be read or written: {source}; see to the rights of its folder", file.display())]
    File { file: PathBuf, source: std::io::Error },
    #[error("{} does not hold {wanted}: put it back from a backup, or enrol this node anew", file.display())]
    Content { file: PathBuf, wanted: &'static str },
    #[error("a key or a certificate cannot be made: {0}")]
    Make(#[from] rcgen::Error),
    #[error("the answer of the node above cannot be used: {0}")]
    Answer(String),
}
