//! Marked goods: the code of a unit is checked before it is sold and goes into the line of the receipt.

use serde::{Deserialize, Serialize};

/// A unit with a code on a line of a receipt. Such a line is one unit, so its quantity is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineMark {
    /// The line's place in the receipt, from 0.
    pub line: usize,
    /// All of the code, with 0x1D as separator.
    pub code: String,
    pub permission: Option<SalePermission>,
}

/// The answer of the state's system to the question whether the unit may be sold, as the receipt must name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalePermission {
    /// The id that the system gave to the question.
    pub request: String,
    /// When it answered: its own number, in milliseconds.
    pub timestamp: i64,
}

/// What came of the check of a code, tag 2106 of the tax format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkCheck {
    pub result: u8,
    /// The device keeps the code for the next receipt; one that is not kept must not be sold.
    pub kept: bool,
}

impl MarkCheck {
    /// The signature of the code was checked.
    pub fn is_checked(self) -> bool {
        self.result & 1 != 0
    }

    /// It was found good.
    pub fn is_genuine(self) -> bool {
        self.result & 0b11 == 0b11
    }

    /// The state's system has answered.
    pub fn is_answered(self) -> bool {
        self.result & 0b100 != 0
    }

    /// It knows the unit in the state in which it may be sold or come back.
    pub fn is_allowed(self) -> bool {
        self.result & 0b1100 == 0b1100
    }

    /// Somebody who knows says no: the signature is false, or the unit is not in the right state.
    pub fn is_refused(self) -> bool {
        self.is_checked() && !self.is_genuine() || self.is_answered() && !self.is_allowed()
    }
}
