//! The acceptance scenarios of a shop, as till scripts through real messages, SQLite and emulated devices.
//! A test's number is that of the scenario in the product's list.

mod accounts;
mod catalogue;
mod discounts;
mod first;
mod marks;
mod payment;
mod postgres;
mod returns;
mod sale;
mod scales;
mod shifts;
