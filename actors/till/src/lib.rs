//! till.

pub mod catalogue;
