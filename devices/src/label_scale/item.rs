//! What a label-printing scale keeps of an article, what each kind of scale can keep, and the check of one against the other.

use domain::money::Money;
use domain::quantity::Quantity;
use serde::{Deserialize, Serialize};

/// By what an article is sold at the scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemUnit {
    #[default]
    Weight,
    Piece,
}

/// One article in the memory of a scale.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ScaleItem {
    /// The number that a person calls the article by at the scale; from 1.
    pub plu: u32,
    /// The goods code in the printed barcode; from 1.
    pub code: u32,
    pub name: String,
    /// Of a kilogram or of a piece.
    pub price: Money,
    pub unit: ItemUnit,
    pub group: u16,
    /// In kilograms.
    pub tare: Quantity,
    /// Zero if no date is to be printed.
    pub shelf_life_days: u16,
    /// Ingredients, or whatever else stands on the label; empty if there is nothing.
    pub text: String,
    /// The label's format; zero leaves it to the scale.
    pub label: u8,
    /// The first two digits of the printed barcode.
    pub barcode_prefix: u8,
}

/// What the last five digits before the check digit of a printed barcode say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BarcodeValue {
    /// Grams or pieces.
    #[default]
    Amount,
    /// What the buyer pays, in minor units of money.
    Sum,
}

/// Who decides how the printed barcode begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrefixRule {
    /// Every article carries its own prefix.
    OfItem,
    /// The scale has one prefix for what is weighed and one for pieces; the driver sets them.
    OfUnit { weight: u8, piece: u8 },
    /// It is set at the scale by hand; what an article carries is not sent.
    OfScale,
}

/// What a scale can keep and do. Texts are counted in bytes of its code page, which has one byte a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// Articles in memory at once.
    pub items_max: usize,
    pub plu_max: u32,
    /// As many digits as the printed barcode has room for.
    pub code_max: u32,
    pub name_bytes_max: usize,
    pub text_bytes_max: usize,
    /// The last PLU that may carry a text: some scales keep texts in a table of their own, shorter than that of articles.
    pub text_plu_max: u32,
    pub price_max: Money,
    pub group_max: u16,
    pub tare_max: Quantity,
    pub shelf_life_days_max: u16,
    /// Formats of labels that an article can name; zero if it can name none.
    pub labels_max: u8,
    pub prefixes: PrefixRule,
    /// Its barcodes can carry sums: the driver sets that, or a person at a scale of [`PrefixRule::OfScale`].
    pub sums: bool,
    /// Zero if keys cannot be set.
    pub hot_keys_max: u16,
    pub read_back: bool,
    pub delete: bool,
    pub clear: bool,
    pub time: bool,
    pub totals: bool,
    /// What the line carries at most; nothing if the line is not what limits.
    pub line_bytes_per_second: Option<u32>,
}

/// Why a scale of this kind cannot keep an article.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScaleItemRefusal {
    #[error("the PLU must be from 1 to {max}")]
    Plu { max: u32 },
    #[error("the goods code must be from 1 to {max}")]
    Code { max: u32 },
    #[error("it has no name")]
    NoName,
    #[error("the name is longer than {max} characters")]
    Name { max: usize },
    #[error("the text is longer than {max} characters")]
    Text { max: usize },
    #[error("only a PLU up to {max} may carry a text")]
    TextPlu { max: u32 },
    #[error("the price must be from 0.00 to {max}")]
    Price { max: Money },
    #[error("the group must not be above {max}")]
    Group { max: u16 },
    #[error("the tare must be from 0 to {max} kg")]
    Tare { max: Quantity },
    #[error("the shelf life must not be longer than {max} days")]
    ShelfLife { max: u16 },
    #[error("the label must be from 0 to {max}")]
    Label { max: u8 },
    #[error("the barcode prefix must be {expected:02}")]
    Prefix { expected: u8 },
    #[error("the barcode prefix must have two digits")]
    PrefixDigits,
}

/// Two digits.
pub(super) const PREFIX_MAX: u8 = 99;

impl Abilities {
    /// Whether the scale can keep this article, were it the only one.
    pub fn fits(&self, item: &ScaleItem) -> Result<(), ScaleItemRefusal> {
        let check = |good: bool, refusal| if good { Ok(()) } else { Err(refusal) };
        let (name, text) = (item.name.chars().count(), item.text.chars().count());
        check((1..=self.plu_max).contains(&item.plu), ScaleItemRefusal::Plu { max: self.plu_max })?;
        check((1..=self.code_max).contains(&item.code), ScaleItemRefusal::Code { max: self.code_max })?;
        check(!item.name.trim().is_empty(), ScaleItemRefusal::NoName)?;
        check(name <= self.name_bytes_max, ScaleItemRefusal::Name { max: self.name_bytes_max })?;
        check(text <= self.text_bytes_max, ScaleItemRefusal::Text { max: self.text_bytes_max })?;
        check(text == 0 || item.plu <= self.text_plu_max, ScaleItemRefusal::TextPlu { max: self.text_plu_max })?;
        check(
            !item.price.is_negative() && item.price <= self.price_max,
            ScaleItemRefusal::Price { max: self.price_max },
        )?;
        check(item.group <= self.group_max, ScaleItemRefusal::Group { max: self.group_max })?;
        check((Quantity::ZERO..=self.tare_max).contains(&item.tare), ScaleItemRefusal::Tare { max: self.tare_max })?;
        check(
            item.shelf_life_days <= self.shelf_life_days_max,
            ScaleItemRefusal::ShelfLife { max: self.shelf_life_days_max },
        )?;
        check(item.label <= self.labels_max, ScaleItemRefusal::Label { max: self.labels_max })?;
        match (self.prefixes, item.unit) {
            (PrefixRule::OfItem, _) => check(item.barcode_prefix <= PREFIX_MAX, ScaleItemRefusal::PrefixDigits),
            (PrefixRule::OfUnit { weight: expected, .. }, ItemUnit::Weight)
            | (PrefixRule::OfUnit { piece: expected, .. }, ItemUnit::Piece) => {
                check(item.barcode_prefix == expected, ScaleItemRefusal::Prefix { expected })
            }
            (PrefixRule::OfScale, _) => Ok(()),
        }
    }
}
