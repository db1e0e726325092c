//! What should lie on one scale: a pure look at the goods, the department's plan and what the scale can keep.

use std::collections::{BTreeMap, BTreeSet};

use devices::label_scale::{Abilities, BarcodeValue, ItemUnit, ScaleItem, ScaleItemRefusal};
use domain::ids::ItemCode;
use domain::money::Money;
use domain::quantity::Quantity;
use messages::v1::catalogue::{Item, Unit};
use messages::v1::scales::{LabelValue, ScaleDepartment};
use sha2::{Digest as _, Sha256};

use crate::goods::Goods;
use crate::label::{self, UnreadableLabel};

/// A short name of exactly this article.
pub type Digest = i64;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of the catalogue from which it was made.
    pub version: u64,
    /// What labels end with.
    pub value: BarcodeValue,
    /// Articles that the scale keeps at once.
    pub items_max: usize,
    /// By PLU.
    pub items: BTreeMap<u32, Article>,
    /// Pairs of key and PLU.
    pub hot_keys: Vec<(u16, u32)>,
    pub left_out: Vec<LeftOut>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Article {
    /// Its code in the catalogue.
    pub code: ItemCode,
    pub item: ScaleItem,
    pub digest: Digest,
}

/// An item of the department that cannot lie on this scale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    pub code: ItemCode,
    pub name: String,
    pub why: WhyNot,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhyNot {
    #[error("the cashier enters its price")]
    OpenPrice,
    #[error("it has no price")]
    NoPrice,
    #[error("the labels of this scale cannot end with a sum")]
    NoSums,
    #[error("it is a gift card")]
    GiftCard,
    #[error("its marking code is needed at the till")]
    Marked,
    #[error("another item has its scale number {number} too, and the tills could not tell their labels apart")]
    SharedNumber { number: u32 },
    #[error("its number {plu} at this scale is that of {other} too")]
    SameNumber { plu: u32, other: ItemCode },
    #[error("{0}")]
    Unreadable(#[from] UnreadableLabel),
    #[error("{0}")]
    Unfit(#[from] ScaleItemRefusal),
    #[error("the scale keeps {items_max} articles, and those with smaller numbers come first")]
    NoRoom { items_max: usize },
}

/// What should lie on a scale of this department that can keep so much.
pub fn wanted(goods: &Goods, department: &ScaleDepartment, abilities: &Abilities) -> Wanted {
    let mut wanted = Wanted {
        version: goods.version,
        value: value(department),
        items_max: abilities.items_max,
        ..Wanted::default()
    };
    let members = Members::of(department);
    for item in goods.items.values().filter(|item| members.include(item)) {
        let leave = |why| LeftOut { code: item.code.clone(), name: item.name.clone(), why };
        match article(item, department, &members, abilities, goods) {
            Err(why) => wanted.left_out.push(leave(why)),
            Ok(article) => {
                let plu = article.item.plu;
                if let Some(other) = wanted.items.get(&plu) {
                    wanted.left_out.push(leave(WhyNot::SameNumber { plu, other: other.code.clone() }));
                } else {
                    wanted.items.insert(plu, article);
                }
            }
        }
    }
    while wanted.items.len() > abilities.items_max {
        let Some((_, Article { code, item, .. })) = wanted.items.pop_last() else { break };
        let why = WhyNot::NoRoom { items_max: abilities.items_max };
        wanted.left_out.push(LeftOut { code, name: item.name, why });
    }
    wanted.hot_keys = hot_keys(&wanted, department, abilities);
    wanted
}

/// A department's lists, to be looked into for every item.
struct Members<'a> {
    groups: BTreeSet<&'a str>,
    items: BTreeSet<&'a ItemCode>,
    numbers: BTreeMap<&'a ItemCode, u32>,
}

impl<'a> Members<'a> {
    fn of(department: &'a ScaleDepartment) -> Members<'a> {
        Members {
            groups: department.groups.iter().map(String::as_str).collect(),
            items: department.items.iter().collect(),
            numbers: department.numbers.iter().map(|own| (&own.item, own.plu)).collect(),
        }
    }

    fn include(&self, item: &Item) -> bool {
        (self.groups.is_empty() && self.items.is_empty())
            || item.group.as_deref().is_some_and(|group| self.groups.contains(group))
            || self.items.contains(&item.code)
    }
}

fn article(
    item: &Item,
    department: &ScaleDepartment,
    members: &Members<'_>,
    abilities: &Abilities,
    goods: &Goods,
) -> Result<Article, WhyNot> {
    match item {
        Item { open_price: Some(_), .. } => return Err(WhyNot::OpenPrice),
        Item { gift_card: true, .. } => return Err(WhyNot::GiftCard),
        Item { marked: true, .. } => return Err(WhyNot::Marked),
        Item { price: Money::ZERO, .. } => return Err(WhyNot::NoPrice),
        _ => {}
    }
    let number = item.plu.unwrap_or_default();
    if goods.shared_numbers.contains(&number) {
        return Err(WhyNot::SharedNumber { number });
    }
    let own = members.numbers.get(&item.code).copied();
    let (unit, prefix) = match item.unit {
        Unit::Kilogram => (ItemUnit::Weight, department.weight_prefix),
        Unit::Piece => (ItemUnit::Piece, department.piece_prefix),
    };
    let article = ScaleItem {
        plu: own.unwrap_or(number),
        code: number,
        name: shortened(&item.name, abilities.name_bytes_max),
        price: item.price,
        unit,
        group: 0,
        tare: if unit == ItemUnit::Weight { item.tare.unwrap_or(Quantity::ZERO) } else { Quantity::ZERO },
        shelf_life_days: item.shelf_life_days.unwrap_or(0),
        text: item.ingredients.clone().unwrap_or_default(),
        label: if abilities.labels_max == 0 { 0 } else { department.label },
        barcode_prefix: prefix,
    };
    abilities.fits(&article)?;
    let value = value(department);
    if value == BarcodeValue::Sum && !abilities.sums {
        return Err(WhyNot::NoSums);
    }
    label::check(&article, value, &goods.rules)?;
    // A scale that is told to print otherwise is told with its articles.
    Ok(Article { code: item.code.clone(), digest: digest(&(&article, department.value)), item: article })
}

/// What the labels of these scales end with, for their driver.
pub(crate) fn value(department: &ScaleDepartment) -> BarcodeValue {
    match department.value {
        LabelValue::Amount => BarcodeValue::Amount,
        LabelValue::Sum => BarcodeValue::Sum,
    }
}

/// A name at most so long: a customer still knows what it is, and the receipt has the whole one.
fn shortened(name: &str, chars_max: usize) -> String {
    let short: String = name.chars().take(chars_max).collect();
    short.trim_end().to_owned()
}

fn hot_keys(wanted: &Wanted, department: &ScaleDepartment, abilities: &Abilities) -> Vec<(u16, u32)> {
    let plus: BTreeMap<&ItemCode, u32> = wanted.items.iter().map(|(plu, article)| (&article.code, *plu)).collect();
    let there = department.hot_keys.iter().filter(|key| key.key <= abilities.hot_keys_max);
    there.filter_map(|key| Some((key.key, *plus.get(&key.item)?))).collect()
}

/// The same for the same article in every process of this version.
pub fn digest(item: &impl serde::Serialize) -> Digest {
    let bytes = serde_json::to_vec(item).unwrap_or_default();
    let hash = Sha256::digest(&bytes);
    hash.first_chunk().map_or(0, |first| i64::from_be_bytes(*first))
}
