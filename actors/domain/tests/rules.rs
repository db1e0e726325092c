//! The rules of a receipt and a shift: scripts with their outcomes, and properties over random receipts.

#[path = "rules/properties.rs"]
mod properties;
#[path = "rules/scripts.rs"]
mod scripts;
