//! What the error numbers of ATOL's driver mean, in words a cashier can act on. The numbers are those of its constants.

use crate::fiscal::FiscalError;

pub(crate) const NO_PAPER: u16 = 44;
pub(crate) const NON_CASH_TOO_MUCH: u16 = 52;
pub(crate) const BAD_PAYMENT: u16 = 60;
pub(crate) const PAID_TOO_LITTLE: u16 = 66;
pub(crate) const SHIFT_EXPIRED: u16 = 68;
pub(crate) const SHIFT_CLOSED: u16 = 73;
pub(crate) const NOT_ENOUGH_CASH: u16 = 80;
pub(crate) const SHIFT_OPEN: u16 = 83;
pub(crate) const STORAGE_FULL: u16 = 121;
pub(crate) const NO_DATA: u16 = 123;
pub(crate) const BAD_TAX: u16 = 144;
pub(crate) const BAD_TASK: u16 = 170;
pub(crate) const NO_TOTAL: u16 = 205;
pub(crate) const BAD_TOTAL: u16 = 227;

/// A refusal with this number; what the device itself says of it must do if there is nothing better.
pub(super) fn refusal(code: i64, description: &str) -> FiscalError {
    let known = u16::try_from(code).ok();
    let text = match (known.and_then(text), description.trim()) {
        (Some(text), _) => text,
        (None, "") => "it does not say why",
        (None, description) => description,
    };
    FiscalError::Refused { code: known.unwrap_or(u16::MAX), text: format!("{text} (error {code})") }
}

fn text(code: u16) -> Option<&'static str> {
    Some(match code {
        2 | 107 | 241 => "the web server has no connection to the device; check its cable",
        3 | 4 => "the web server cannot open the port of the device; check its settings",
        NO_PAPER => "there is no paper; load it",
        45 => "the cover is open; close it",
        46 | 47 => "the printer of the device has failed; ask its service",
        NON_CASH_TOO_MUCH => "payments without cash are more than the total",
        53 | NOT_ENOUGH_CASH => "there is not enough cash in the drawer",
        55 => "the device is still at the previous operation; wait a little",
        BAD_PAYMENT => "the device does not know the kind of payment",
        63 => "the total is too large",
        PAID_TOO_LITTLE => "the payments are less than the total",
        SHIFT_EXPIRED | 141 => "the shift is longer than 24 hours; close it",
        SHIFT_CLOSED => "the shift is not open; open it",
        SHIFT_OPEN => "the shift is already open",
        114 => "the print head is too hot; wait a little",
        118 | 119 => "the fiscal storage has failed; ask its service",
        120 => "the fiscal storage has expired; replace it",
        STORAGE_FULL => "the fiscal storage is full; replace it",
        122 => "the date or time is earlier than the last document; set the clock",
        NO_DATA => "the fiscal storage has no such data",
        137 => "the fiscal storage is worn out; replace it",
        139 => "documents wait for the tax operator; restore the connection",
        BAD_TAX => "the device does not know the tax",
        BAD_TASK => "the device does not understand the task",
        NO_TOTAL => "nothing is sold",
        BAD_TOTAL => "the total is not the sum of the lines",
        _ => return None,
    })
}
