//! Names of places, people and documents. Ids of different kinds do not mix.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

/// Longest code of a store, in bytes: it stands on screens, receipts and in file names.
pub const STORE_CODE_BYTES_MAX: usize = 40;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not a {kind}: {expected}")]
pub struct BadId {
    kind: &'static str,
    text: String,
    expected: &'static str,
}

/// The short code by which people call a store ("S0012", "United Kingdom").
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct StoreId(String);

impl StoreId {
    pub fn new(code: &str) -> Result<StoreId, BadId> {
        let well_formed = !code.is_empty()
            && code.len() <= STORE_CODE_BYTES_MAX
            && code.trim() == code
            && !code.chars().any(|c| c.is_control() || c == '/' || c == '\\');
        if well_formed {
            Ok(StoreId(code.to_owned()))
        } else {
            Err(BadId {
                kind: "store code",
                text: code.to_owned(),
                expected: "1 to 40 bytes without slashes or spaces at its ends",
            })
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for StoreId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<StoreId, BadId> {
        StoreId::new(text)
    }
}

impl<'de> Deserialize<'de> for StoreId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<StoreId, D::Error> {
        StoreId::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// The number of a till (workstation) in its store, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TillId(pub u32);

impl fmt::Display for TillId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A till anywhere in the chain, written `S0012/3`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TillAddress {
    pub store: StoreId,
    pub till: TillId,
}

impl fmt::Display for TillAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.store, self.till)
    }
}

/// A receipt, wherever it goes: UUIDv7, given when the receipt opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReceiptId(pub Uuid);

impl fmt::Display for ReceiptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number by which a cashier signs on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OperatorNumber(pub String);

impl fmt::Display for OperatorNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The code of an item in the catalogue. Kept as given: letters, digits, anything a back-office uses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ItemCode(pub String);

impl fmt::Display for ItemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
