//! The ledger of customer accounts: scripts with their outcomes, a naive twin, and starts from pages.

#[path = "ledger_language.rs"]
mod language;
#[path = "ledger_lots.rs"]
mod lots;
#[path = "ledger_model.rs"]
mod model;
#[path = "ledger_pages.rs"]
mod pages;
#[path = "ledger_properties.rs"]
mod properties;
#[path = "ledger_scripts.rs"]
mod scripts;
