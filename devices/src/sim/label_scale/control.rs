//! What a simulated label scale is told and asked at its control port.

use domain::quantity::Quantity;
use serde_json::{Value, json};

use super::LabelScaleHandle;
use crate::sim::control::{Controlled, set, set_fault};

impl Controlled for LabelScaleHandle {
    const WORDS: &'static str = "fault WORD, busy, free, select PLU, items, labels, totals, weigh PLU QUANTITY or cut";

    const SHOWN: &'static [&'static str] = &["items", "labels", "totals"];
    const FAULTS: &'static [&'static str] =
        &["offline", "slow", "no_answer_after_commit", "loses", "garbage", "refuse", "memory_full", "paper_out"];

    fn obey(&self, word: &str, rest: &str) -> Option<Result<Value, String>> {
        Some(match word {
            "fault" => set_fault::<Self>(rest, |fault| self.set_fault(fault)),
            "busy" => Ok(json!(self.set_busy(true))),
            "free" => Ok(json!(self.set_busy(false))),
            "select" => set(rest, |plu: u32| self.select(Some(plu).filter(|plu| *plu != 0))),
            "items" => Ok(json!(self.items())),
            "labels" => Ok(json!(self.labels())),
            "totals" => Ok(json!(self.totals())),
            "weigh" => self.weigh_as_told(rest),
            "cut" => Ok(json!(self.cut_links())),
            _ => return None,
        })
    }

    fn picture(&self) -> Option<String> {
        self.last_label()
    }
}

impl LabelScaleHandle {
    fn weigh_as_told(&self, text: &str) -> Result<Value, String> {
        let (plu, quantity) = text.split_once(' ').ok_or("a PLU and a quantity are expected")?;
        let plu = plu.parse().map_err(|_| format!("\"{plu}\" is not a PLU"))?;
        let quantity = quantity.parse::<Quantity>().map_err(|error| error.to_string())?;
        let label = self.weigh(plu, quantity).map_err(|error| error.to_string())?;
        Ok(json!({ "label": label, "svg": self.last_label() }))
    }
}
