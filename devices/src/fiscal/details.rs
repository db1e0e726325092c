//! What an operator looks at beside the trade of a day: which device this is, its clock, its storage.

use chrono::{NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};

/// A registrar as it tells of itself; nothing where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiscalDetails {
    pub model: String,
    /// The number that the makers gave the device.
    pub serial: String,
    /// The number of the taxpayer, ten or twelve digits.
    pub taxpayer: Option<String>,
    /// The device's own time, which stands on its documents.
    pub clock: Option<NaiveDateTime>,
    /// The last day of the fiscal storage.
    pub storage_until: Option<NaiveDate>,
    /// Documents that the tax operator has not taken.
    pub unsent: u16,
    /// Of the oldest of them.
    pub unsent_since: Option<NaiveDateTime>,
    /// What the storage warns of, in words that say what to do.
    pub warnings: Vec<String>,
}
