//! The account book: what it survives, that three kinds of it are the same, and that nothing wrong in it stays unseen.
//!
//! With `OPENSTORE_TEST_POSTGRES` set to `postgres://user@host:port` the book on PostgreSQL is one of the three.

#[path = "store/block.rs"]
mod block;
#[path = "store/damage.rs"]
mod damage;
#[path = "store/differential.rs"]
mod differential;
#[path = "store/index.rs"]
mod index;
#[path = "store/journal.rs"]
mod journal;
#[path = "store/rounds.rs"]
mod rounds;
#[path = "store/shop.rs"]
mod shop;
