//! The rules of a receipt and a shift: scripts with their outcomes, and properties over random receipts.

#[path = "rules/accounts.rs"]
mod accounts;
#[path = "rules/claims.rs"]
mod claims;
#[path = "rules/discount_limits.rs"]
mod discount_limits;
#[path = "rules/discounts.rs"]
mod discounts;
#[path = "rules/language.rs"]
mod language;
#[path = "rules/ledger.rs"]
mod ledger;
#[path = "rules/loyalty.rs"]
mod loyalty;
#[path = "rules/loyalty_gift.rs"]
mod loyalty_gift;
#[path = "rules/loyalty_returns.rs"]
mod loyalty_returns;
#[path = "rules/loyalty_tiers.rs"]
mod loyalty_tiers;
#[path = "rules/payment.rs"]
mod payment;
#[path = "rules/properties.rs"]
mod properties;
#[path = "rules/scripts.rs"]
mod scripts;
#[path = "rules/steps.rs"]
mod steps;
#[path = "rules/take_out.rs"]
mod take_out;
#[path = "rules/terminal.rs"]
mod terminal;
#[path = "rules/vat_on_top.rs"]
mod vat_on_top;
