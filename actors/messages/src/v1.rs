//! Version 1 of everything that is sent or kept.

pub mod catalogue;
pub mod document;
pub mod receipt;
pub mod till;
pub mod view;
