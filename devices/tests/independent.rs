//! What we print, read by programs that others wrote. Each test names the program that it needs; `tests/run` installs them.

#[path = "independent/label.rs"]
mod label;
#[path = "independent/receipt.rs"]
mod receipt;
