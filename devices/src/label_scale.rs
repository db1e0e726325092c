//! Label-printing scales: which goods they carry and what else the scales server asks of one; the list of protocols spoken.
//!
//! A scale keeps goods by PLU, prints labels by itself, and is made equal to what is wanted by writing, removing and reading
//! back. Every call may be repeated: none of them adds anything.
//!
//! To add a protocol: write one file here and add one line to [`all`].

use chrono::NaiveDateTime;
use domain::money::Money;
use domain::quantity::Quantity;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::port::DatagramConnector;

pub mod shtrih_print;

/// What a scale knows of one item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScaleItem {
    pub plu: u32,
    /// Stands in the barcode.
    pub code: u32,
    pub name: String,
    /// Of a kilogram, or of a piece.
    pub price: Money,
    pub unit: ItemUnit,
    pub group: u32,
    /// In kilograms.
    pub tare: Quantity,
    /// Zero: none is printed.
    pub shelf_life_days: u32,
    /// The text that is printed with it; zero: none.
    pub message: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemUnit {
    Weight,
    Piece,
}

/// What a protocol can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    pub plu_max: u32,
    pub code_max: u32,
    pub price_max: Money,
    pub group_max: u32,
    pub tare_max: Quantity,
    pub shelf_life_days_max: u32,
    /// In the device's code page; what is longer is cut.
    pub name_bytes_max: usize,
    pub message_bytes_max: usize,
    pub hot_keys_max: u32,
}

/// Why an item cannot be on such a scale.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ItemRefusal {
    #[error("a PLU of this scale is 1 to {max}, not {plu}")]
    Plu { plu: u32, max: u32 },
    #[error("the code {code} is not 1 to {max}: a label with it could not be read")]
    Code { code: u32, max: u32 },
    #[error("the price {price} is not 0.01 to {max}")]
    Price { price: Money, max: Money },
    #[error("the group {group} is above {max}")]
    Group { group: u32, max: u32 },
    #[error("the tare {tare} kg is not 0 to {max}")]
    Tare { tare: Quantity, max: Quantity },
    #[error("a shelf life of {days} days is longer than {max}")]
    ShelfLife { days: u32, max: u32 },
    #[error("it has no name")]
    Name,
}

impl Abilities {
    pub fn fits(&self, item: &ScaleItem) -> Result<(), ItemRefusal> {
        let refusal = match item {
            item if !(1..=self.plu_max).contains(&item.plu) => ItemRefusal::Plu { plu: item.plu, max: self.plu_max },
            item if !(1..=self.code_max).contains(&item.code) => {
                ItemRefusal::Code { code: item.code, max: self.code_max }
            }
            item if !item.price.is_positive() || item.price > self.price_max => {
                ItemRefusal::Price { price: item.price, max: self.price_max }
            }
            item if item.group > self.group_max => ItemRefusal::Group { group: item.group, max: self.group_max },
            item if item.tare < Quantity::ZERO || item.tare > self.tare_max => {
                ItemRefusal::Tare { tare: item.tare, max: self.tare_max }
            }
            item if item.shelf_life_days > self.shelf_life_days_max => {
                ItemRefusal::ShelfLife { days: item.shelf_life_days, max: self.shelf_life_days_max }
            }
            item if item.name.trim().is_empty() => ItemRefusal::Name,
            _ => return Ok(()),
        };
        Err(refusal)
    }
}

/// How a scale stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LabelScaleState {
    pub firmware: String,
    /// How many PLUs there are.
    pub plu_max: u32,
    pub messages_max: u32,
    /// Local time of the scale; none: it shows no date.
    pub clock: Option<NaiveDateTime>,
    pub has_paper: bool,
    /// Somebody works in its menu, or a table is being cleared.
    pub is_busy: bool,
}

/// What a scale has sold of a PLU since its totals were cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ScaleTotal {
    pub sum: Money,
    /// Grams of what is weighed.
    pub grams_or_pieces: u32,
    pub labels: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelScaleError {
    #[error("the scale is not reachable ({reason}): check its address and cable")]
    Offline { reason: String },
    #[error("the scale did not answer")]
    NoAnswer,
    #[error("the scale's answer cannot be understood: {what}")]
    Protocol { what: String },
    #[error("the scale refuses: {what} ({code})")]
    Refused { code: u8, what: &'static str },
    /// Tried again later it may go.
    #[error("the scale is being used: {what} ({code})")]
    Busy { code: u8, what: &'static str },
}

/// A scale in the shop. One call at a time.
pub trait LabelScale: Send {
    fn abilities(&self) -> &'static Abilities;
    /// The item as the scale keeps it, with its name cut: what [`LabelScale::read`] answers after [`LabelScale::put`].
    fn kept(&self, item: &ScaleItem) -> ScaleItem;
    fn state(&mut self) -> BoxFuture<'_, Result<LabelScaleState, LabelScaleError>>;
    fn put<'a>(&'a mut self, item: &'a ScaleItem) -> BoxFuture<'a, Result<(), LabelScaleError>>;
    /// What is not there is removed, too.
    fn remove(&mut self, plu: u32) -> BoxFuture<'_, Result<(), LabelScaleError>>;
    fn read(&mut self, plu: u32) -> BoxFuture<'_, Result<Option<ScaleItem>, LabelScaleError>>;
    fn put_message<'a>(&'a mut self, number: u32, text: &'a str) -> BoxFuture<'a, Result<(), LabelScaleError>>;
    /// All goods and messages; it is done when this answers.
    fn clear(&mut self) -> BoxFuture<'_, Result<(), LabelScaleError>>;
    fn set_clock(&mut self, clock: NaiveDateTime) -> BoxFuture<'_, Result<(), LabelScaleError>>;
    fn set_hot_key(&mut self, key: u32, plu: u32) -> BoxFuture<'_, Result<(), LabelScaleError>>;
    fn total(&mut self, plu: u32) -> BoxFuture<'_, Result<ScaleTotal, LabelScaleError>>;
}

/// A protocol that a scale can be set to.
pub struct LabelScaleProtocol {
    /// The word in the settings.
    pub name: &'static str,
    pub title: &'static str,
    pub driver: fn(DatagramConnector) -> Box<dyn LabelScale>,
}

/// Every protocol that is spoken.
pub fn all() -> &'static [LabelScaleProtocol] {
    &[LabelScaleProtocol {
        name: "shtrih-print",
        title: "Shtrih-Print (UDP)",
        driver: |connector| Box::new(shtrih_print::ShtrihPrint::new(connector)),
    }]
}

/// The protocol with this name in the settings.
pub fn find(name: &str) -> Option<&'static LabelScaleProtocol> {
    all().iter().find(|protocol| protocol.name == name)
}
