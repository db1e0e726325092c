//! The till's own copy of the catalogue: what a scan, a code or a name means, and who may sign on.

use std::path::Path;

use domain::ids::{ItemCode, OperatorNumber};
use domain::money::Money;
use domain::quantity::Quantity;
use messages::v1::catalogue::{BarcodeKind, Item, Operator};
use sea_orm::DbErr;

/// What an input turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// An item; how much of it is for the cashier or the scale to say.
    Item(Item),
    /// A label with a weight.
    Weighed { item: Item, quantity: Quantity },
    /// A label with a sum: the sum stands, the quantity follows from it.
    Priced { item: Item, amount: Money, quantity: Quantity },
    /// A label with a number of pieces.
    Pieces { item: Item, quantity: Quantity },
    /// Misread or mistyped: the last digit should have been `expected`.
    BadCheckDigit { expected: char },
    Unknown,
    /// A coupon or a card by an in-store rule; `value` is its number.
    NotForSale { kind: BarcodeKind, value: String },
}

/// Cheap to clone; reads never wait for a load.
#[derive(Clone, Debug)]
pub struct Catalogue {}

impl Catalogue {
    pub async fn open(file: &Path) -> Result<Catalogue, DbErr> {
        let _ = file;
        Ok(Catalogue {})
    }

    pub async fn find(&self, scanned: &str) -> Result<Found, DbErr> {
        let _ = scanned;
        Ok(Found::Unknown)
    }

    pub async fn by_code(&self, code: &ItemCode) -> Result<Option<Item>, DbErr> {
        let _ = code;
        Ok(None)
    }

    /// Items whose name has all words of `text`; a word may be the beginning of one.
    pub async fn by_name(&self, text: &str, limit: usize) -> Result<Vec<Item>, DbErr> {
        let _ = (text, limit);
        Ok(Vec::new())
    }

    pub async fn operator(&self, number: &OperatorNumber) -> Result<Option<Operator>, DbErr> {
        let _ = number;
        Ok(None)
    }

    /// The version of the items it holds; 0 before the first load.
    pub fn version(&self) -> u64 {
        0
    }
}
