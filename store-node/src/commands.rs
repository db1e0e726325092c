//! Commands of `store-node` that do their work and end.

pub mod enrol;
pub mod nodes;
