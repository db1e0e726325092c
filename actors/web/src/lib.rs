//! The page kit of the nodes: who may see what, how a page looks, and how it stays fresh.
//!
//! A node writes its pages as templates and handlers; everything that every page needs is here. Nothing is served without
//! a right ([`guard::May`]) but the few things that are named as open.
//!
//! Invariants:
//! - WB-1 Deny by default: a handler that names no right does not see the visitor, and a refusal names the right.
//! - WB-2 Only hashes of passwords, sessions and tokens are kept.
//! - WB-3 A request that changes something comes from this site's own page, or carries a token.
//! - WB-4 No inline script and no inline style: the content policy forbids both.
//!
//! Must never: know a table of the database, or a rule of the shop.

pub mod assets;
pub mod charts;
pub mod doors;
pub mod guard;
pub mod headers;
pub mod layout;
pub mod live;
pub mod password;
pub mod refusal;
pub mod rights;
pub mod routes;
pub mod show;
pub mod sign_in;
pub mod table;
mod throttle;
