//! Datasets: what a till must know to sell. State, not events: the newest row of a key is the truth.

use chrono::{DateTime, FixedOffset};
use domain::barcode::in_store::{BadRule, InStoreRule, LabelKind};
use domain::hours::Hours;
use domain::ids::{ItemCode, OperatorNumber};
use domain::money::Money;
use domain::quantity::Quantity;
use domain::vat::VatRate;
use serde::{Deserialize, Serialize};

use super::settings::TILL_SETTINGS;

/// Names of datasets on the wire.
pub const ITEMS: &str = "items";
pub const BARCODE_RULES: &str = "barcode_rules";
pub const OPERATORS: &str = "operators";
/// All of them, in the order in which a node asks for them: people before rules before goods.
pub const DATASETS: [&str; 4] = [OPERATORS, TILL_SETTINGS, BARCODE_RULES, ITEMS];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    #[default]
    #[serde(rename = "pc")]
    Piece,
    #[serde(rename = "kg")]
    Kilogram,
}

/// One item (dataset [`ITEMS`], key = code).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub code: ItemCode,
    pub name: String,
    pub price: Money,
    pub vat: VatRate,
    #[serde(default)]
    pub unit: Unit,
    #[serde(default)]
    pub barcodes: Vec<String>,
    /// The number by which scales and price labels know it.
    #[serde(default)]
    pub plu: Option<u32>,
    #[serde(default)]
    pub group: Option<String>,
    #[serde(default)]
    pub marked: bool,
    #[serde(default)]
    pub min_age: Option<u8>,
    #[serde(default = "yes")]
    pub discountable: bool,
    /// Hours in which it may not be sold.
    #[serde(default)]
    pub no_sale: Option<Hours>,
    /// The cashier enters the price, from the first to the second.
    #[serde(default)]
    pub open_price: Option<[Money; 2]>,
    /// What is added with each piece: a deposit for the bottle.
    #[serde(default)]
    pub deposit: Option<ItemCode>,
    /// Weight of its wrapping, taken off at the till's scale.
    #[serde(default)]
    pub tare: Option<Quantity>,
    /// Days from packing in which it is good; printed by label scales.
    #[serde(default)]
    pub shelf_life_days: Option<u16>,
    /// What stands on the labels of scales: of what it is made.
    #[serde(default)]
    pub ingredients: Option<String>,
    /// What it sells is money on a gift card, or on the customer's prepaid account: the till asks for the number.
    #[serde(default)]
    pub gift_card: bool,
    /// Lower prices of late, newest first: a return without receipt gives back the lowest.
    #[serde(default)]
    pub past_prices: Vec<PastPrice>,
}

impl Item {
    /// A plain item sold by the piece.
    pub fn new(code: ItemCode, name: String, price: Money, vat: VatRate) -> Item {
        Item {
            code,
            name,
            price,
            vat,
            unit: Unit::Piece,
            barcodes: Vec::new(),
            plu: None,
            group: None,
            marked: false,
            min_age: None,
            discountable: true,
            no_sale: None,
            open_price: None,
            deposit: None,
            tare: None,
            shelf_life_days: None,
            ingredients: None,
            gift_card: false,
            past_prices: Vec::new(),
        }
    }
}

/// A price that held until `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastPrice {
    pub price: Money,
    pub until: DateTime<FixedOffset>,
}

fn yes() -> bool {
    true
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BarcodeKind {
    Weight,
    Price,
    Pieces,
    Coupon,
    Card,
}

/// An in-store barcode rule (dataset [`BARCODE_RULES`], key = prefix and length). Positions count from 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BarcodeRule {
    pub prefix: String,
    pub length: usize,
    /// First digit and count of the item's number.
    pub item: [usize; 2],
    /// First digit and count of the embedded value.
    pub value: [usize; 2],
    /// Decimals of the value.
    pub decimals: u32,
    pub kind: BarcodeKind,
}

impl BarcodeRule {
    /// The rule by which labels are read, if it makes sense.
    pub fn checked(&self) -> Result<InStoreRule, BadRule> {
        let kind = match self.kind {
            BarcodeKind::Weight => LabelKind::Weight,
            BarcodeKind::Price => LabelKind::Price,
            BarcodeKind::Pieces => LabelKind::Pieces,
            BarcodeKind::Coupon => LabelKind::Coupon,
            BarcodeKind::Card => LabelKind::Card,
        };
        InStoreRule::new(&self.prefix, self.length, self.item, self.value, self.decimals, kind)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Cashier,
    SeniorCashier,
    StoreAdmin,
}

/// A person at the tills (dataset [`OPERATORS`], key = number).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    pub number: OperatorNumber,
    pub name: String,
    /// A password hash in PHC form; never the PIN.
    pub pin_hash: String,
    pub role: Role,
    /// SHA-256, in hex, of what the person's card says; who shows the card needs no PIN.
    #[serde(default)]
    pub card_hash: Option<String>,
}
