//! One test binary for every shell of the system.

mod bad_input;
mod faultproxy;
mod outages;
mod processes;
mod random_shifts;
mod sandbox;
mod scenarios;
mod store_pages;
mod supervision;
mod tidy;
mod trade_days;
