//! Simulators: they speak the bytes of the real device over TCP, a pseudo-terminal or memory.
//!
//! A simulator is a pure state machine (bytes and the time in, bytes out) inside a thin shell that moves the bytes. It
//! has a plan of faults, so that a test or a demonstration can show what happens when paper ends or an answer is lost.

pub mod atol;
pub mod cd5220;
pub mod control;
pub mod escpos;
pub mod fault;
pub mod label_scale;
pub mod listen;
pub mod scale;
pub mod shtrih;
pub mod zvt;

mod journal;
mod link;
mod register;
