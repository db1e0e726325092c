//! The file of goods of Mertech label scales: JSON, pure. Prices are in major units, codes and PLU are texts.

use domain::money::Money;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::label_scale::{ItemUnit, ScaleItem};

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Products {
    messages: Vec<Message>,
    products: Vec<Product>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Message {
    id: u32,
    value: String,
    #[serde(default)]
    deleted: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Product {
    id: String,
    name: String,
    code: String,
    plu_number: String,
    price: Number,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shelf_life: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shelf_life_type: Option<ShelfLifeType>,
    product_type: ProductType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label_template: Option<u8>,
    #[serde(default)]
    deleted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum ProductType {
    Weight,
    Piece,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum ShelfLifeType {
    Hours,
    Days,
}

/// The file that adds these articles, which must fit the scale. A text has the number of its article.
pub fn file(items: &[ScaleItem]) -> Vec<u8> {
    let texts = items.iter().filter(|item| !item.text.is_empty());
    let products = Products {
        messages: texts.map(|item| Message { id: item.plu, value: item.text.clone(), deleted: false }).collect(),
        products: items.iter().map(Product::of).collect(),
    };
    serde_json::to_vec(&products).expect("texts and numbers are always JSON")
}

/// The articles of a file; nothing if it is no such file.
pub fn articles(file: &[u8]) -> Option<Vec<ScaleItem>> {
    let Products { messages, products } = serde_json::from_slice(file).ok()?;
    products.into_iter().filter(|product| !product.deleted).map(|product| product.article(&messages)).collect()
}

impl Product {
    fn of(item: &ScaleItem) -> Product {
        let dated = item.shelf_life_days > 0;
        Product {
            id: item.plu.to_string(),
            name: item.name.clone(),
            code: item.code.to_string(),
            plu_number: item.plu.to_string(),
            price: item.price.to_string().parse().expect("an amount of money is a number"),
            shelf_life: dated.then_some(item.shelf_life_days),
            shelf_life_type: dated.then_some(ShelfLifeType::Days),
            product_type: if item.unit == ItemUnit::Piece { ProductType::Piece } else { ProductType::Weight },
            message: (!item.text.is_empty()).then_some(item.plu),
            label_template: (item.label != 0).then_some(item.label),
            deleted: false,
        }
    }

    fn article(self, messages: &[Message]) -> Option<ScaleItem> {
        let text = messages.iter().find(|message| Some(message.id) == self.message && !message.deleted);
        let shelf_life = self.shelf_life.unwrap_or(0);
        Some(ScaleItem {
            plu: self.plu_number.parse().ok()?,
            code: self.code.parse().ok()?,
            name: self.name,
            price: self.price.to_string().parse::<Money>().ok()?,
            unit: if self.product_type == ProductType::Piece { ItemUnit::Piece } else { ItemUnit::Weight },
            shelf_life_days: if self.shelf_life_type == Some(ShelfLifeType::Hours) {
                shelf_life / 24
            } else {
                shelf_life
            },
            text: text.map_or_else(String::new, |message| message.value.clone()),
            label: self.label_template.unwrap_or(0),
            ..ScaleItem::default()
        })
    }
}
