//! One test binary for every shell of the system.

mod sandbox;
mod scenarios;
mod supervision;
mod tidy;
