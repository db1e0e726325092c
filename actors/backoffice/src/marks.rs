//! Words of the tables of marked units.

pub(crate) const SOLD: &str = "sold";
pub(crate) const RETURNED: &str = "returned";
