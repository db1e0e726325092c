//! What the QR code of a fiscal receipt says: "t=20260115T1405&s=314.10&fn=9999078900004312&i=12&fp=1234567890&n=1".

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::money::Money;

/// By which the document of a sale is known everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FiscalCode {
    /// Number of the fiscal storage.
    pub device: String,
    pub number: u32,
    pub sign: String,
    pub total: Money,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not the code of a fiscal receipt: {missing} is missing or wrong in it")]
pub struct NotFiscalCode {
    missing: &'static str,
}

impl FromStr for FiscalCode {
    type Err = NotFiscalCode;
    fn from_str(text: &str) -> Result<FiscalCode, NotFiscalCode> {
        let field = |name: &'static str| {
            let value = text.trim().split('&').filter_map(|part| part.split_once('=')).find(|(key, _)| *key == name);
            value.map(|(_, value)| value).filter(|value| !value.is_empty()).ok_or(NotFiscalCode { missing: name })
        };
        let digits = |name| {
            let value = field(name)?;
            if value.bytes().all(|byte| byte.is_ascii_digit()) {
                Ok(value)
            } else {
                Err(NotFiscalCode { missing: name })
            }
        };
        Ok(FiscalCode {
            device: digits("fn")?.to_owned(),
            number: digits("i")?.parse().map_err(|_| NotFiscalCode { missing: "i" })?,
            sign: digits("fp")?.to_owned(),
            total: field("s")?.parse().map_err(|_| NotFiscalCode { missing: "s" })?,
        })
    }
}

impl fmt::Display for FiscalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s={}&fn={}&i={}&fp={}", self.total, self.device, self.number, self.sign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_and_a_wrong_one_says_what_is_missing() {
        let code: FiscalCode =
            "t=20260115T1405&s=314.10&fn=9999078900004312&i=12&fp=1234567890&n=1".parse().expect("a code");
        assert_eq!(code.to_string(), "s=314.10&fn=9999078900004312&i=12&fp=1234567890");
        let missing = "t=20260115T1405&s=314.10&fn=9999078900004312&fp=1".parse::<FiscalCode>();
        assert_eq!(missing, Err(NotFiscalCode { missing: "i" }));
        assert!("4600000000015".parse::<FiscalCode>().is_err());
    }
}
