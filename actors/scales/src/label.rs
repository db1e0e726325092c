//! Whether the tills would read the label that a scale prints, asked before the article is sent.

use devices::label_scale::picture::barcode;
use devices::label_scale::{BarcodeValue, ItemUnit, ScaleItem};
use domain::barcode::in_store::{InStoreRules, Label};
use domain::quantity::Quantity;

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
    #[error("the tills read {read} where {printed} is printed")]
    OtherQuantity { read: Quantity, printed: Quantity },
}

/// Try labels of this article with the rules of the tills.
pub(crate) fn check(item: &ScaleItem, rules: &InStoreRules) -> Result<(), UnreadableLabel> {
    let prefix = item.barcode_prefix;
    for value in TRIED {
        let printed = match item.unit {
            ItemUnit::Weight => Quantity::from_thousandths(value),
            ItemUnit::Piece => Quantity::from_thousandths(value * WHOLE),
        };
        let Some(label) = barcode(item, printed, BarcodeValue::Amount) else { continue };
        let (read, quantity) = match (rules.read(&label), item.unit) {
            (Some(Ok(Label::Weight { item, quantity })), ItemUnit::Weight)
            | (Some(Ok(Label::Pieces { item, quantity })), ItemUnit::Piece) => (item, quantity),
            (Some(Ok(other)), _) => return Err(UnreadableLabel::OtherKind { prefix, kind: kind(&other) }),
            (Some(Err(_)) | None, _) => return Err(UnreadableLabel::NoRule { prefix }),
        };
        if read.parse() != Ok(item.code) {
            return Err(UnreadableLabel::OtherItem { read, printed: item.code });
        }
        if quantity != printed {
            return Err(UnreadableLabel::OtherQuantity { read: quantity, printed });
        }
    }
    Ok(())
}

fn kind(label: &Label) -> &'static str {
    match label {
        Label::Weight { .. } => "weighed goods",
        Label::Price { .. } => "goods with their sum",
        Label::Pieces { .. } => "pieces",
        Label::Number { .. } => "coupons or cards",
    }
}
