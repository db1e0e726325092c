//! What the simulated terminal is told and asked at its control port.

use serde_json::{Value, json};

use super::TerminalHandle;
use crate::sim::control::{Controlled, set_fault};

impl Controlled for TerminalHandle {
    const WORDS: &'static str = "fault WORD, charges, totals or cut";

    const SHOWN: &'static [&'static str] = &["charges", "totals"];
    const FAULTS: &'static [&'static str] = super::FAULTS;

    fn obey(&self, word: &str, rest: &str) -> Option<Result<Value, String>> {
        Some(match word {
            "fault" => set_fault::<Self>(rest, |fault| self.set_fault(fault)),
            "charges" => Ok(json!(self.charges())),
            "totals" => Ok(json!(self.totals())),
            "cut" => Ok(json!(self.cut_links())),
            _ => return None,
        })
    }
}
