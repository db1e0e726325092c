//! The processing centre of customer accounts: one node of it, at the head office (root) or at a store (subordinate).
//!
//! A commit is one block: the postings of a batch and the rows that changed. Answers and messages leave only after their block
//! is durable, so whatever anybody was told is in the book.
//!
//! Must never: decide by a wall clock, or post to a book that does not hold what was answered before.

pub mod blocks;
pub mod host;
pub mod keeper;
pub mod line;
pub mod machine;
pub mod pipe;
pub mod port;
pub mod root_side;
pub mod seen;
pub mod statement;
pub mod store;
pub mod store_side;
pub mod turn;
