//! till.
