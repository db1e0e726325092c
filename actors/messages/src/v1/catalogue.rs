//! Datasets: what a till must know to sell. State, not events: the newest row of a key is the truth.

use domain::ids::{ItemCode, OperatorNumber};
use domain::money::Money;
use domain::vat::VatRate;
use serde::{Deserialize, Serialize};

/// Names of datasets on the wire.
pub const ITEMS: &str = "items";
pub const BARCODE_RULES: &str = "barcode_rules";
pub const OPERATORS: &str = "operators";
/// All of them, in the order in which a node asks for them: people before rules before goods.
pub const DATASETS: [&str; 3] = [OPERATORS, BARCODE_RULES, ITEMS];

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
}
