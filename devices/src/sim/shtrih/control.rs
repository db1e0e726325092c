//! What the simulated registrar is told and asked at its control port.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::EmulatorHandle;
use crate::sim::control::{Controlled, set, set_fault};

impl Controlled for EmulatorHandle {
    const WORDS: &'static str = "fault WORD, documents, printed, register HEX, counter HEX, run_out, load, hold, release, cut or advance MINUTES";

    const SHOWN: &'static [&'static str] = &["printed", "documents"];
    const FAULTS: &'static [&'static str] = super::FAULTS;

    fn obey(&self, word: &str, rest: &str) -> Option<Result<Value, String>> {
        let no_number = |_| format!("\"{rest}\" is not a number");
        Some(match word {
            "fault" => set_fault::<Self>(rest, |fault| self.set_fault(fault)),
            "documents" => Ok(json!(self.documents())),
            "printed" => Ok(json!(self.printed())),
            "register" => {
                let number = u16::from_str_radix(rest, 16).map_err(no_number);
                number.map(|number| json!(self.money_register(number)))
            }
            "counter" => {
                let number = u8::from_str_radix(rest, 16).map_err(no_number);
                number.map(|number| json!(self.counter(number)))
            }
            "run_out" => Ok(json!(self.run_out_of_paper())),
            "load" => Ok(json!(self.load_paper())),
            "hold" => Ok(json!(self.hold_answers())),
            "release" => Ok(json!(self.release_answers())),
            "cut" => Ok(json!(self.cut_links())),
            "advance" => set(rest, |minutes: i32| self.advance(TimeDelta::minutes(i64::from(minutes)))),
            _ => return None,
        })
    }
}
