//! The link as its users meet it: real databases in files, real sockets, both ends in one process.

#[path = "link/tables.rs"]
mod tables;
