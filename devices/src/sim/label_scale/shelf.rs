//! What every simulated label scale has, whatever it speaks: settings, clock, platform, totals, keys, printed labels.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use domain::money::Money;
use domain::quantity::Quantity;
use domain::rounding::line_amount;
use serde::{Deserialize, Serialize};

use crate::label_scale::picture::{self, PrintedLabel};
use crate::label_scale::{BarcodeValue, ScaleItem, ScaleTotal};
use crate::sim::fault::Fault;

/// Printed labels that are remembered.
const LABELS_MAX: usize = 10_000;

#[derive(Clone, Debug)]
pub struct LabelScaleSettings {
    /// Articles in memory.
    pub items_max: usize,
    /// How long the memory takes to be cleared.
    pub clear_time: Duration,
    /// At most twenty characters.
    pub serial: String,
    /// Printed above each label.
    pub shop: String,
    /// What a person has set the barcodes to, where a host cannot.
    pub barcode_value: BarcodeValue,
}

impl Default for LabelScaleSettings {
    fn default() -> LabelScaleSettings {
        LabelScaleSettings {
            items_max: 4000,
            clear_time: Duration::from_millis(300),
            serial: "VPM00012345".into(),
            shop: "OpenStore".into(),
            barcode_value: BarcodeValue::default(),
        }
    }
}

/// What a label says that was printed when something was weighed out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    pub number: u32,
    /// As it was in memory.
    pub item: ScaleItem,
    /// Kilograms or pieces.
    pub quantity: Quantity,
    pub sum: Money,
    pub packed: NaiveDateTime,
    pub sell_by: Option<NaiveDate>,
    /// Thirteen digits.
    pub barcode: String,
}

impl Label {
    /// The label as it hangs out of the scale.
    pub fn svg(&self, shop: &str) -> String {
        let Label { item, quantity, packed, barcode, .. } = self;
        picture::svg(&PrintedLabel { item, quantity: *quantity, packed_on: packed.date(), barcode, shop })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotWeighed {
    #[error("the scale has no PLU {plu}")]
    NoPlu { plu: u32 },
    #[error("there is no tape")]
    NoPaper,
    #[error("the quantity, the sum or the goods code does not fit the barcode")]
    Quantity,
    #[error("the barcode is set to a layout that is not simulated")]
    Layout,
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
    pub(super) fn print(
        &mut self,
        item: ScaleItem,
        quantity: Quantity,
        value: BarcodeValue,
        now: Now,
    ) -> Result<Label, NotWeighed> {
        if self.fault == Fault::PaperOut {
            return Err(NotWeighed::NoPaper);
        }
        let barcode = picture::barcode(&item, quantity, value).ok_or(NotWeighed::Quantity)?;
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
        let sell_by = picture::sell_by(&item, packed.date());
        let label = Label { number: self.label_number, item, quantity, sum, packed, sell_by, barcode };
        if self.labels.len() == LABELS_MAX {
            self.labels.pop_front();
        }
        self.labels.push_back(label.clone());
        Ok(label)
    }
}
