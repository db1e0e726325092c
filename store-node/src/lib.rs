//! A store's machines: the till at the counter, the server in the back room, or both in one process.
//!
//! [`tree`] lists every supervised child of both; [`nodes`] builds them from [`settings`] and gives handles to them.
//! The terminal UI, the replay of till scripts and the demonstration sit on those handles and talk messages only.
//!
//! Invariants:
//! - SN-1 A till sells with its store down, for as long as its disk lasts.
//! - SN-2 A replay drives the same actors, links, databases and device protocols as a person does.
//!
//! Must never: decide a price, a tax or a right.

pub mod chain;
pub mod commands;
pub mod counter;
pub mod demo;
pub mod node_thread;
pub mod nodes;
pub mod pole;
pub mod replay;
pub mod run;
pub mod scanner;
pub mod settings;
pub mod shop;
pub mod training;
pub mod tree;
pub mod tui;
pub mod web;
pub mod window;
