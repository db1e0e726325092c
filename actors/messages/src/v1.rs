//! Version 1 of everything that is sent or kept.

pub mod accounts;
pub mod catalogue;
pub mod document;
pub mod receipt;
pub mod requests;
pub mod scales;
pub mod settings;
pub mod till;
pub mod view;
