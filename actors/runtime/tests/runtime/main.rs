//! The promises of the runtime, kept under injected faults, mostly on a paused clock: no test waits for a real timer.

mod actors;
mod operations;
mod supervision;
mod trying_again;
