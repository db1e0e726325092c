//! Parts of operations: tenders, counted cash, nodes.

use std::collections::BTreeMap;

use domain::money::Money;
use domain::quantity::Quantity;
use messages::v1::document::Pieces;
use messages::v1::receipt::TenderType;
use messages::v1::till;
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenderAct {
    pub tender: TenderType,
    pub amount: Money,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Counted {
    Amount(Money),
    Pieces(BTreeMap<String, u32>),
}

impl Counted {
    /// The sum that was counted.
    pub fn counted(&self) -> Result<till::Counted, String> {
        match self {
            Counted::Amount(amount) => Ok(till::Counted::from(*amount)),
            Counted::Pieces(pieces) => {
                let piece = |(worth, count): (&String, &u32)| {
                    let worth: Money = worth.parse().map_err(|error| format!("counted: {error}"))?;
                    Ok(Pieces { worth, count: *count })
                };
                let pieces = pieces.iter().map(piece).collect::<Result<Vec<_>, String>>()?;
                let worth = |pieces: &Pieces| {
                    let count = Quantity::from_thousandths(i64::from(pieces.count) * 1000);
                    domain::rounding::line_amount(pieces.worth, count)
                };
                Ok(till::Counted { amount: pieces.iter().map(worth).sum(), pieces })
            }
        }
    }
}

/// A node, as scripts call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    Till,
    Store,
    Hq,
}
