//! What the simulated registrar is told and asked at its control port.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::AtolHandle;
use crate::sim::control::{Controlled, set, set_fault};

impl Controlled for AtolHandle {
    const WORDS: &'static str = "fault WORD, documents, printed, hold, release, cut or advance MINUTES";

    const SHOWN: &'static [&'static str] = &["printed", "documents"];
    const FAULTS: &'static [&'static str] = super::FAULTS;

    fn obey(&self, word: &str, rest: &str) -> Option<Result<Value, String>> {
        Some(match word {
            "fault" => set_fault::<Self>(rest, |fault| self.set_fault(fault)),
            "documents" => Ok(json!(self.documents())),
            "printed" => Ok(json!(self.printed())),
            "hold" => Ok(json!(self.hold_answers())),
            "release" => Ok(json!(self.release_answers())),
            "cut" => Ok(json!(self.cut_links())),
            "advance" => set(rest, |minutes: i32| self.advance(TimeDelta::minutes(i64::from(minutes)))),
            _ => return None,
        })
    }
}
