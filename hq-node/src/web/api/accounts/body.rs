//! What a program sends: a short JSON body of known fields, read before anything is asked, and the key of its operation.

use actix_web::HttpRequest;
use actix_web::web::Payload;
use domain::ledger::OperationId;
use futures_util::StreamExt as _;
use messages::v1::accounts::Wallet;
use processing::machine::wire::NUMBER_BYTES_MAX;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::super::accounts::words::{BadAmount, amount, operation_of};
use super::error::{ApiError, ApiErrorKind};

/// Longest body, in bytes: two numbers, an amount and a few words.
const BODY_BYTES_MAX: usize = 4 * 1024;
/// A longer one is read up to here, in bytes, so that its sender hears why it is refused.
const DRAINED_BYTES_MAX: usize = 4 * 1024 * 1024;
const KEY_BYTES_MAX: usize = 128;
const KEY: &str = "idempotency-key";
/// A hold that nobody says more of ends after this many seconds.
const TIMEOUT_S: u32 = 15 * 60;
/// Longest hold, in seconds: thirty days.
const TIMEOUT_S_MAX: u32 = 30 * 24 * 3600;
/// Numbers of tenders are below this.
const TENDER_MAX: u64 = 999;
/// Bits of a UUID that say its version, and the version of those made from a name.
const VERSION: (u128, u128) = (0xF << 76, 0x5 << 76);
const VARIANT: (u128, u128) = (0x3 << 62, 0x2 << 62);

/// A wallet of the customer with this number.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Spend {
    pub number: String,
    pub wallet: Wallet,
    #[serde(default)]
    pub asset: Option<u32>,
    amount: Value,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    pub number: String,
    pub wallet: Wallet,
    #[serde(default)]
    pub asset: Option<u32>,
    amount: Value,
    #[serde(default)]
    timeout_s: Option<u32>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TopUp {
    pub number: String,
    pub wallet: Wallet,
    #[serde(default)]
    pub asset: Option<u32>,
    amount: Value,
    /// By what it was paid elsewhere.
    #[serde(default)]
    tender: u64,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    pub from: String,
    pub to: String,
    pub wallet: Wallet,
    #[serde(default)]
    pub asset: Option<u32>,
    amount: Value,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    hold: String,
    #[serde(default)]
    amount: Option<Value>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Void {
    hold: String,
}

fn amount_of(value: &Value) -> Result<i64, ApiError> {
    let text = value.as_str().ok_or(BadAmount::Bad)?;
    Ok(amount(text)?)
}

fn hold_of(text: &str) -> Result<OperationId, ApiError> {
    operation_of(text).ok_or_else(|| ApiErrorKind::HoldUnknown.into())
}

fn number_fits(number: &str) -> Result<(), ApiError> {
    if number.is_empty() || number.len() > NUMBER_BYTES_MAX { Err(ApiErrorKind::UnknownCard.into()) } else { Ok(()) }
}

impl Spend {
    pub fn amount(&self) -> Result<i64, ApiError> {
        number_fits(&self.number)?;
        amount_of(&self.amount)
    }
}

impl Hold {
    pub fn amount(&self) -> Result<i64, ApiError> {
        number_fits(&self.number)?;
        amount_of(&self.amount)
    }

    pub fn timeout_s(&self) -> Result<u32, ApiError> {
        match self.timeout_s.unwrap_or(TIMEOUT_S) {
            timeout_s if (1..=TIMEOUT_S_MAX).contains(&timeout_s) => Ok(timeout_s),
            _ => Err(ApiError::body(format!("timeout_s is 1 to {TIMEOUT_S_MAX}"))),
        }
    }
}

impl TopUp {
    pub fn amount(&self) -> Result<i64, ApiError> {
        number_fits(&self.number)?;
        amount_of(&self.amount)
    }

    pub fn tender(&self) -> Result<u64, ApiError> {
        if self.tender > TENDER_MAX {
            return Err(ApiError::body(format!("tender is 0 to {TENDER_MAX}")));
        }
        Ok(self.tender)
    }
}

impl Transfer {
    pub fn amount(&self) -> Result<i64, ApiError> {
        number_fits(&self.from)?;
        number_fits(&self.to)?;
        amount_of(&self.amount)
    }
}

impl Capture {
    pub fn hold(&self) -> Result<OperationId, ApiError> {
        hold_of(&self.hold)
    }

    pub fn amount(&self) -> Result<Option<i64>, ApiError> {
        self.amount.as_ref().map(amount_of).transpose()
    }
}

impl Void {
    pub fn hold(&self) -> Result<OperationId, ApiError> {
        hold_of(&self.hold)
    }
}

/// The body, and what tells it from another one: the same fields give the same, in whatever order they stand.
pub async fn read<T: DeserializeOwned + Serialize>(what: &str, mut payload: Payload) -> Result<(T, u128), ApiError> {
    let mut bytes = Vec::new();
    let mut length = 0;
    while let Some(part) = payload.next().await {
        let part = part.map_err(ApiError::body)?;
        length += part.len();
        if length > DRAINED_BYTES_MAX {
            break;
        }
        if length <= BODY_BYTES_MAX {
            bytes.extend_from_slice(&part);
        }
    }
    if length > BODY_BYTES_MAX {
        return Err(ApiError::too_long(BODY_BYTES_MAX));
    }
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(ApiError::body("a JSON object is expected"));
    }
    let body: T = serde_json::from_slice(&bytes).map_err(ApiError::body)?;
    let same = serde_json::to_vec(&body).map_err(ApiError::body)?;
    Ok((body, hash(&[what.as_bytes(), &same])))
}

/// The operation of a machine's key: the same for ever.
pub fn operation(request: &HttpRequest, machine: &str) -> Result<OperationId, ApiError> {
    let header = request.headers().get(KEY).ok_or(ApiErrorKind::KeyMissing)?;
    let key = header.as_bytes();
    if key.is_empty() || key.len() > KEY_BYTES_MAX || !key.iter().all(u8::is_ascii_graphic) {
        return Err(ApiErrorKind::KeyBad.into());
    }
    let named = hash(&[b"operation", machine.as_bytes(), key]);
    let named = named & !VERSION.0 | VERSION.1;
    Ok(OperationId::from_uuid(named & !VARIANT.0 | VARIANT.1))
}

fn hash(parts: &[&[u8]]) -> u128 {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut low = [0; 16];
    low.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    u128::from_le_bytes(low)
}
