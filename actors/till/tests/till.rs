//! The till as a whole: real commands, a real database file, the simulated registrar's bytes, supervised as in a shop.

#[path = "till/accounts.rs"]
mod accounts;
#[path = "till/accounts_random.rs"]
mod accounts_random;
#[path = "till/agreement.rs"]
mod agreement;
#[path = "till/cash.rs"]
mod cash;
#[path = "till/change.rs"]
mod change;
#[path = "till/clawback.rs"]
mod clawback;
#[path = "till/crashes.rs"]
mod crashes;
#[path = "till/disks.rs"]
mod disks;
#[path = "till/faults.rs"]
mod faults;
#[path = "till/goods.rs"]
mod goods;
#[path = "till/lately.rs"]
mod lately;
#[path = "till/limits.rs"]
mod limits;
#[path = "till/marks.rs"]
mod marks;
#[path = "till/paper.rs"]
mod paper;
#[path = "till/parking.rs"]
mod parking;
#[path = "till/people.rs"]
mod people;
#[path = "till/random.rs"]
mod random;
#[path = "till/refunds.rs"]
mod refunds;
#[path = "till/returns.rs"]
mod returns;
#[path = "till/reversals.rs"]
mod reversals;
#[path = "till/rights.rs"]
mod rights;
#[path = "till/sales.rs"]
mod sales;
#[path = "till/settling.rs"]
mod settling;
#[path = "till/shop.rs"]
mod shop;
#[path = "till/skew.rs"]
mod skew;
#[path = "till/terminals.rs"]
mod terminals;
