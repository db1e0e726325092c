//! The chain over documents: each place in it holds a hash over the document there and all before it, so that two nodes
//! that show the same place have the same documents.
//!
//! `chain(n) = first 16 bytes of SHA-256( chain(n-1) ‖ n as u64 little-endian ‖ id ‖ SHA-256(body) )`, `chain(0)` = zeros.
//! Written down for others in `deploy/PROTOCOL.md`.

use sea_orm::DbErr;
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub type Chain = [u8; 16];

/// The chain before the first document.
pub const START: Chain = [0; 16];

/// A place in a chain: the number of a document and the hash there. Number 0 is the place before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub sequence: u64,
    pub chain: Chain,
}

impl Place {
    /// The place after this one, taken by the document with this id and body.
    pub fn next(&self, id: Uuid, body: &[u8]) -> Place {
        let sequence = self.sequence + 1;
        let digest = Sha256::new()
            .chain_update(self.chain)
            .chain_update(sequence.to_le_bytes())
            .chain_update(id.as_bytes())
            .chain_update(Sha256::digest(body))
            .finalize();
        let mut chain = START;
        chain.copy_from_slice(&digest[..16]);
        Place { sequence, chain }
    }

    pub(crate) fn from_row(sequence: i64, chain: &[u8]) -> Result<Place, DbErr> {
        Ok(Place { sequence: number(sequence)?, chain: hash(chain)? })
    }
}

/// A number of a row, which the schema keeps signed.
pub(crate) fn number(value: i64) -> Result<u64, DbErr> {
    u64::try_from(value).map_err(|_| DbErr::Type(format!("a number below zero in the link's tables: {value}")))
}

/// A number for a row.
pub(crate) fn signed(value: u64) -> Result<i64, DbErr> {
    i64::try_from(value).map_err(|_| DbErr::Type(format!("a number too large for the link's tables: {value}")))
}

pub(crate) fn hash(bytes: &[u8]) -> Result<Chain, DbErr> {
    bytes.try_into().map_err(|_| DbErr::Type(format!("a chain of {} bytes in the link's tables, not 16", bytes.len())))
}
