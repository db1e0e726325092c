//! The bytes of a posting: 128 at a fixed place each, little-endian, and 36 a slice.
//!
//! Kept in books for ever: a new layout has a new version, and all of them are read. Whatever the bytes are, reading them
//! ends with a posting or an error.

use super::id::{AccountId, TransferId};
use super::lots::SLICES_MAX;
use super::transfer::{Code, LotTerms, Posting, Slice, Transfer, TransferCode};

const VERSION: u8 = 1;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    #[error("the bytes end before what they begin")]
    Short,
    #[error("version {0} of this layout is not known: a newer release wrote it")]
    Version(u8),
    #[error("code {0} is not known")]
    Code(u16),
    #[error("{0} lots are more than a transfer moves")]
    Slices(u16),
}

pub fn encode(posting: &Posting, out: &mut Vec<u8>) {
    let transfer = &posting.transfer;
    let slices = u16::try_from(transfer.slices.len()).expect("a transfer moves at most SLICES_MAX lots");
    out.reserve(128 + 36 * transfer.slices.len());
    out.push(VERSION);
    out.push(posting.code as u8);
    out.extend(slices.to_le_bytes());
    out.extend((transfer.code as u16).to_le_bytes());
    out.extend(transfer.flags.to_le_bytes());
    out.extend(transfer.id.0.to_le_bytes());
    out.extend(transfer.debit.0.to_le_bytes());
    out.extend(transfer.credit.0.to_le_bytes());
    out.extend(transfer.pending.0.to_le_bytes());
    out.extend(transfer.reference.to_le_bytes());
    out.extend(transfer.amount.to_le_bytes());
    out.extend(posting.asked.to_le_bytes());
    out.extend(posting.held.to_le_bytes());
    out.extend(transfer.timeout_s.to_le_bytes());
    out.extend(transfer.lot.activates_on.to_le_bytes());
    out.extend(transfer.lot.expires_on.to_le_bytes());
    out.extend(transfer.lot.campaign.to_le_bytes());
    for slice in &transfer.slices {
        put_slice(slice, out);
    }
}

/// The posting, and the bytes after it.
pub fn decode(bytes: &[u8]) -> Result<(Posting, &[u8]), EncodeError> {
    let mut reader = Reader(bytes);
    let version = reader.u8()?;
    if version != VERSION {
        return Err(EncodeError::Version(version));
    }
    let code = reader.u8()?;
    let code = Code::from_code(code).ok_or(EncodeError::Code(code.into()))?;
    let slices = reader.u16()?;
    let of = reader.u16()?;
    let of = TransferCode::from_code(of).ok_or(EncodeError::Code(of))?;
    let flags = reader.u16()?;
    let id = TransferId(reader.u128()?);
    let debit = AccountId(reader.u128()?);
    let credit = AccountId(reader.u128()?);
    let pending = TransferId(reader.u128()?);
    let reference = reader.u128()?;
    let amount = reader.i64()?;
    let asked = reader.i64()?;
    let held = reader.i64()?;
    let timeout_s = reader.u32()?;
    let lot = LotTerms { activates_on: reader.i32()?, expires_on: reader.i32()?, campaign: reader.u32()? };
    if usize::from(slices) > SLICES_MAX {
        return Err(EncodeError::Slices(slices));
    }
    let slices = (0..slices).map(|_| reader.slice()).collect::<Result<_, _>>()?;
    let transfer = Transfer { id, debit, credit, amount, pending, code: of, flags, timeout_s, lot, reference, slices };
    Ok((Posting { transfer, code, asked, held }, reader.0))
}

pub(super) fn put_slice(slice: &Slice, out: &mut Vec<u8>) {
    out.extend(slice.origin.0.to_le_bytes());
    out.extend(slice.amount.to_le_bytes());
    out.extend(slice.expires_on.to_le_bytes());
    out.extend(slice.activates_on.to_le_bytes());
    out.extend(slice.campaign.to_le_bytes());
}

/// What is left to read.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], EncodeError> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(EncodeError::Short)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, EncodeError> {
        Ok(u8::from_le_bytes(self.take()?))
    }

    pub(super) fn u16(&mut self) -> Result<u16, EncodeError> {
        Ok(u16::from_le_bytes(self.take()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32, EncodeError> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, EncodeError> {
        Ok(u64::from_le_bytes(self.take()?))
    }

    pub(super) fn u128(&mut self) -> Result<u128, EncodeError> {
        Ok(u128::from_le_bytes(self.take()?))
    }

    fn i32(&mut self) -> Result<i32, EncodeError> {
        Ok(i32::from_le_bytes(self.take()?))
    }

    pub(super) fn i64(&mut self) -> Result<i64, EncodeError> {
        Ok(i64::from_le_bytes(self.take()?))
    }

    pub(super) fn slice(&mut self) -> Result<Slice, EncodeError> {
        let origin = TransferId(self.u128()?);
        let amount = self.i64()?;
        let expires_on = self.i32()?;
        let activates_on = self.i32()?;
        Ok(Slice { expires_on, origin, activates_on, campaign: self.u32()?, amount })
    }

    pub(super) fn slices(&mut self, count: u32) -> Result<Vec<Slice>, EncodeError> {
        (0..count).map(|_| self.slice()).collect()
    }
}
