//! What every simulated label scale has, whatever it speaks: settings, clock, platform, totals, keys, printed labels.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate, NaiveDateTime, TimeDelta};
use domain::barcode::expected_check_digit;
use domain::money::Money;
use domain::quantity::Quantity;
use domain::rounding::line_amount;
use serde::{Deserialize, Serialize};

use crate::label_scale::{ItemUnit, ScaleItem, ScaleTotal};
use crate::sim::fault::Fault;

/// Printed labels that are remembered.
const LABELS_MAX: usize = 10_000;
/// What the barcode has room for.
const BARCODE_VALUE_MAX: i64 = 99_999;

#[derive(Clone, Debug)]
pub struct LabelScaleSettings {
    /// Articles in memory.
    pub items_max: usize,
    /// How long the memory takes to be cleared.
    pub clear_time: Duration,
    /// At most twenty characters.
    pub serial: String,
}

impl Default for LabelScaleSettings {
    fn default() -> LabelScaleSettings {
        LabelScaleSettings { items_max: 4000, clear_time: Duration::from_millis(300), serial: "VPM00012345".into() }
    }
}

/// What a label says that was printed when something was weighed out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    pub number: u32,
    pub plu: u32,
    pub name: String,
    pub text: String,
    pub unit: ItemUnit,
    /// Kilograms or pieces.
    pub quantity: Quantity,
    pub price: Money,
    pub sum: Money,
    pub packed: NaiveDateTime,
    pub sell_by: Option<NaiveDate>,
    /// Thirteen digits.
    pub barcode: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotWeighed {
    #[error("the scale has no PLU {plu}")]
    NoPlu { plu: u32 },
    #[error("there is no tape")]
    NoPaper,
    #[error("the quantity does not fit the barcode")]
    Quantity,
}

/// When a command comes.
#[derive(Clone, Copy)]
pub(super) struct Now {
    pub(super) clock: NaiveDateTime,
    pub(super) instant: Instant,
}

#[derive(Debug)]
pub(super) struct Shelf {
    pub(super) settings: LabelScaleSettings,
    pub(super) fault: Fault,
    /// Somebody is in the menu.
    pub(super) is_busy: bool,
    /// The article that is being weighed: it cannot be changed meanwhile.
    pub(super) selected: Option<u32>,
    /// Questions that came.
    pub(super) heard: u32,
    pub(super) clock_offset: TimeDelta,
    /// What lies on the platform, in grams.
    pub(super) grams: i16,
    pub(super) totals: BTreeMap<u32, ScaleTotal>,
    pub(super) hot_keys: BTreeMap<u16, u32>,
    pub(super) labels: VecDeque<Label>,
    pub(super) label_number: u32,
    /// The command that was just run has changed the memory.
    pub(super) committed: bool,
}

impl Shelf {
    pub(super) fn new(settings: LabelScaleSettings) -> Shelf {
        Shelf {
            settings,
            fault: Fault::None,
            is_busy: false,
            selected: None,
            heard: 0,
            clock_offset: TimeDelta::zero(),
            grams: 0,
            totals: BTreeMap::new(),
            hot_keys: BTreeMap::new(),
            labels: VecDeque::new(),
            label_number: 0,
            committed: false,
        }
    }

    pub(super) fn clock(&self, now: Now) -> NaiveDateTime {
        now.clock + self.clock_offset
    }

    /// Print the label of an article that was weighed or counted, and add it to the totals.
    pub(super) fn print(&mut self, item: ScaleItem, quantity: Quantity, now: Now) -> Result<Label, NotWeighed> {
        if self.fault == Fault::PaperOut {
            return Err(NotWeighed::NoPaper);
        }
        let amount = match item.unit {
            ItemUnit::Weight => quantity.thousandths(),
            ItemUnit::Piece if quantity.is_whole() => quantity.thousandths() / Quantity::ONE.thousandths(),
            ItemUnit::Piece => return Err(NotWeighed::Quantity),
        };
        if !(1..=BARCODE_VALUE_MAX).contains(&amount) {
            return Err(NotWeighed::Quantity);
        }
        let sum = line_amount(item.price, quantity);
        let packed = self.clock(now);
        self.label_number += 1;
        let total = self.totals.entry(item.plu).or_insert(ScaleTotal {
            plu: item.plu,
            quantity: Quantity::ZERO,
            sum: Some(Money::ZERO),
            labels: 0,
        });
        total.quantity = total.quantity + quantity;
        total.sum = total.sum.map(|before| before + sum);
        total.labels += 1;
        let shelf_life = Days::new(item.shelf_life_days.into());
        let label = Label {
            number: self.label_number,
            plu: item.plu,
            barcode: barcode(item.barcode_prefix, item.code, amount),
            sell_by: packed.date().checked_add_days(shelf_life).filter(|_| item.shelf_life_days > 0),
            name: item.name,
            text: item.text,
            unit: item.unit,
            quantity,
            price: item.price,
            sum,
            packed,
        };
        if self.labels.len() == LABELS_MAX {
            self.labels.pop_front();
        }
        self.labels.push_back(label.clone());
        Ok(label)
    }
}

/// `PP CCCCC WWWWW K`.
fn barcode(prefix: u8, code: u32, amount: i64) -> String {
    let digits = format!("{:02}{:05}{amount:05}0", prefix % 100, code % 100_000);
    match expected_check_digit(&digits) {
        Some(check) => format!("{}{check}", &digits[..digits.len() - 1]),
        None => digits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_barcode_is_that_of_the_example() {
        assert_eq!(barcode(22, 123, 535), "2200123005359");
    }
}
