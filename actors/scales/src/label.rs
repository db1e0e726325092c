//! Whether the tills would read the label that a scale prints, asked before the article is sent.

use devices::label_scale::picture::barcode;
use devices::label_scale::{BarcodeValue, ItemUnit, ScaleItem};
use domain::barcode::in_store::{InStoreRules, Label};
use domain::quantity::Quantity;
use domain::rounding::line_amount;

/// Grams or pieces that a label is tried with: the least, one in which every digit stands alone, the most.
const TRIED: [i64; 3] = [1, 12_345, 99_999];
const WHOLE: i64 = 1_000;

/// What a till makes of a label.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableLabel {
    #[error("the tills have no barcode rule for labels that begin with {prefix:02}")]
    NoRule { prefix: u8 },
    #[error("the tills take labels that begin with {prefix:02} for {kind}")]
    OtherKind { prefix: u8, kind: &'static str },
    #[error("the tills read the item's number {read} where {printed} is printed")]
    OtherItem { read: String, printed: u32 },
    #[error("the least that is sold of it costs more than a label has digits for")]
    TooMuch,
    #[error("the tills read {read} from a label {label}")]
    OtherValue { label: String, read: String },
}

/// Try labels of this article, with this in their last digits, with the rules of the tills.
pub(crate) fn check(item: &ScaleItem, value: BarcodeValue, rules: &InStoreRules) -> Result<(), UnreadableLabel> {
    let prefix = item.barcode_prefix;
    let mut has_label = false;
    for tried in TRIED {
        let quantity = match item.unit {
            ItemUnit::Weight => Quantity::from_thousandths(tried),
            ItemUnit::Piece => Quantity::from_thousandths(tried * WHOLE),
        };
        // A sum with more digits than there are is refused by the scale when it weighs.
        let Some(label) = barcode(item, quantity, value) else { continue };
        has_label = true;
        let read = match rules.read(&label) {
            Some(Ok(read)) => read,
            Some(Err(_)) | None => return Err(UnreadableLabel::NoRule { prefix }),
        };
        let (code, is_right) = match (&read, value, item.unit) {
            (Label::Weight { item, quantity: read }, BarcodeValue::Amount, ItemUnit::Weight)
            | (Label::Pieces { item, quantity: read }, BarcodeValue::Amount, ItemUnit::Piece) => {
                (item, *read == quantity)
            }
            (Label::Price { item: code, amount }, BarcodeValue::Sum, _) => {
                (code, *amount == line_amount(item.price, quantity))
            }
            _ => return Err(UnreadableLabel::OtherKind { prefix, kind: kind(&read) }),
        };
        if code.parse() != Ok(item.code) {
            return Err(UnreadableLabel::OtherItem { read: code.clone(), printed: item.code });
        }
        if !is_right {
            return Err(UnreadableLabel::OtherValue { label, read: value_of(&read) });
        }
    }
    if has_label { Ok(()) } else { Err(UnreadableLabel::TooMuch) }
}

fn value_of(label: &Label) -> String {
    match label {
        Label::Weight { quantity, .. } | Label::Pieces { quantity, .. } => quantity.to_string(),
        Label::Price { amount, .. } => amount.to_string(),
        Label::Number { number, .. } => number.clone(),
    }
}

fn kind(label: &Label) -> &'static str {
    match label {
        Label::Weight { .. } => "weighed goods",
        Label::Price { .. } => "goods with their sum",
        Label::Pieces { .. } => "pieces",
        Label::Number { .. } => "coupons or cards",
    }
}
