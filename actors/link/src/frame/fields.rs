//! Fields one after another in bincode's legacy layout, each read by its name so that an error can say which it was.

use bincode::config::{Configuration, Fixint, Limit, LittleEndian};

use super::{BODY_BYTES_MAX, FrameError};

/// The limit is that of a body: no field is longer, and nothing is allocated for one that claims to be.
type Layout = Configuration<LittleEndian, Fixint, Limit<BODY_BYTES_MAX>>;
const LAYOUT: Layout = bincode::config::legacy().with_limit::<BODY_BYTES_MAX>();

pub(super) struct Fields<'a> {
    kind: &'static str,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn new(kind: &'static str, bytes: &'a [u8]) -> Fields<'a> {
        Fields { kind, rest: bytes }
    }

    pub(super) fn take<T: bincode::Decode<()>>(&mut self, field: &'static str) -> Result<T, FrameError> {
        match bincode::decode_from_slice::<T, Layout>(self.rest, LAYOUT) {
            Ok((value, used)) => {
                self.rest = &self.rest[used..];
                Ok(value)
            }
            Err(error) => Err(self.bad(field, reason(&error))),
        }
    }

    pub(super) fn bad(&self, field: &'static str, reason: String) -> FrameError {
        FrameError::Field { kind: self.kind, field, reason }
    }

    pub(super) fn end(self) -> Result<(), FrameError> {
        match self.rest.len() {
            0 => Ok(()),
            bytes => Err(FrameError::Trailing { kind: self.kind, bytes }),
        }
    }
}

fn reason(error: &bincode::error::DecodeError) -> String {
    use bincode::error::DecodeError;
    match error {
        DecodeError::UnexpectedEnd { additional } => format!("it is cut short by {additional} bytes or more"),
        DecodeError::LimitExceeded => "it is longer than a frame may be".to_owned(),
        DecodeError::Utf8 { .. } => "it is not UTF-8 text".to_owned(),
        DecodeError::InvalidBooleanValue(value) => format!("{value} is neither 0 nor 1"),
        other => other.to_string(),
    }
}

pub(super) fn put<T: bincode::Encode>(bytes: &mut Vec<u8>, value: &T) {
    bincode::encode_into_std_write(value, bytes, bincode::config::legacy()).expect("a field can be written to memory");
}
