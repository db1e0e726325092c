//! Which goods lie on the label scales of a shop: a section of the settings, beside those of the tills.

use domain::ids::ItemCode;
use serde::{Deserialize, Serialize};

/// The prefix of weighed goods' labels where nothing else is said.
pub const WEIGHT_PREFIX: u8 = 22;
/// That of goods that are counted at the scale.
pub const PIECE_PREFIX: u8 = 23;

/// What the label scales of a shop sell, by department.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scales {
    pub departments: Vec<ScaleDepartment>,
}

/// What the last digits of a scale's labels are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelValue {
    /// Grams or pieces.
    #[default]
    Amount,
    /// Money, in minor units.
    Sum,
}

/// Scales that carry the same goods. A scale says in its store's settings which department it stands in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScaleDepartment {
    /// Empty: the scales that name no department.
    pub name: String,
    /// Groups of goods. With no group and no item here, every item with a scale number.
    pub groups: Vec<String>,
    /// Items beside those of the groups.
    pub items: Vec<ItemCode>,
    /// The first two digits of labels.
    pub weight_prefix: u8,
    pub piece_prefix: u8,
    pub value: LabelValue,
    /// The label's format by its number at the scale; zero leaves it to the scale.
    pub label: u8,
    /// Numbers that people call an item by at these scales, where that is not its own number.
    pub numbers: Vec<ScaleNumber>,
    pub hot_keys: Vec<ScaleKey>,
}

impl Default for ScaleDepartment {
    fn default() -> ScaleDepartment {
        ScaleDepartment {
            name: String::new(),
            groups: Vec::new(),
            items: Vec::new(),
            weight_prefix: WEIGHT_PREFIX,
            piece_prefix: PIECE_PREFIX,
            value: LabelValue::Amount,
            label: 0,
            numbers: Vec::new(),
            hot_keys: Vec::new(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScaleNumber {
    pub plu: u32,
    pub item: ItemCode,
}

/// A key of the scale, from 1, that calls an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScaleKey {
    pub key: u16,
    pub item: ItemCode,
}
