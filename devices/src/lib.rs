//! Devices of a shop: fiscal registrars, payment terminals, scales, label scales, scanners, printers, displays, cash
//! drawers, and simulators that speak the same bytes.
//!
//! Layers, each usable alone: [`port`] moves bytes, a codec turns bytes into frames and back without any I/O, a driver
//! speaks commands and keeps the rules of recovery, and a trait (such as [`fiscal::FiscalDevice`]) is all that a till
//! sees. A protocol is one file in its family and one line in the family's list.
//!
//! Invariants: a command that may have changed the device is never sent twice blindly; every wait for an answer has a
//! deadline; a simulator is driven only through the bytes of the real device, so a till cannot tell it from one.
//!
//! Must never: know a receipt's rules, a database, an actor or a screen. Only value types of `domain` are used.

pub mod display;
pub mod drawer;
pub mod fiscal;
pub mod http;
pub mod label_scale;
pub mod port;
pub mod printer;
pub mod scale;
pub mod scanner;
pub mod sim;
pub mod terminal;

pub(crate) mod text;
