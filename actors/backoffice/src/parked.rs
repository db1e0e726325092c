//! States of a parked receipt.

/// Nobody has it.
pub(crate) const PARKED: &str = "parked";
/// A till has it and has not said yet what it made of it.
pub(crate) const TAKEN: &str = "taken";
pub(crate) const RECALLED: &str = "recalled";
