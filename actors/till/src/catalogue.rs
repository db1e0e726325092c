//! The till's own copy of the catalogue: what a scan, a code or a name means, and who may sign on.
//!
//! It lives in a SQLite file of its own, so that loading a million rows never holds the writer of money. Reads see the last
//! committed version and never wait for a load. Nothing here is made at the till: a lost file is loaded again.
//!
//! An input is looked for in this order, the first that knows it wins: barcode of an item, code of an item, number by which
//! scales know an item, in-store label. A number that fails its check digit is refused only when none of them has it word
//! for word, because catalogues carry misprints that scanners read.

mod items;
mod mending;
mod rows;
mod sink;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use domain::barcode::elements::Elements;
use domain::barcode::in_store::{InStoreRules, Label, LabelKind};
use domain::barcode::{Reading, Scanned, expected_check_digit, has_check_digit, identity};
use domain::ids::{ItemCode, OperatorNumber, StoreId};
use domain::money::Money;
use domain::quantity::Quantity;
use domain::rounding;
use messages::codec::from_body;
use messages::v1::catalogue::{BarcodeKind, ITEMS, Item, Operator, Unit};
use messages::v1::settings::Section;
use migrations::CatalogueMigrator;
use migrations::database::Database;
use sea_orm::{ConnectionTrait, DbErr};

pub use sink::CatalogueSink;

/// A label counts at least a gram: a sum too small for that was still paid for.
const QUANTITY_MIN: Quantity = Quantity::from_thousandths(1);
/// A lost commit is offered again by the link, so a power cut may cost the last one; a torn file may not. 64 MiB of log
/// let the pages that a load touches again and again reach the file once.
const SETTINGS: &str =
    "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 16384; PRAGMA journal_size_limit = 67108864";

/// How this program lays rows out in the file. What lies there by another number is loaded again from the beginning, and sold
/// from meanwhile.
const LAYOUT: i64 = 1;

/// What an input turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// An item; how much of it is for the cashier or the scale to say.
    Item(Item),
    /// A label with a weight.
    Weighed {
        item: Item,
        quantity: Quantity,
    },
    /// A label with a sum: the sum stands, the quantity follows from it.
    Priced {
        item: Item,
        amount: Money,
        quantity: Quantity,
        /// At which the label was printed; nothing: at none that is known.
        price: Option<Money>,
    },
    /// A label with a number of pieces.
    Pieces {
        item: Item,
        quantity: Quantity,
    },
    /// Misread or mistyped: the last digit should have been `expected`.
    BadCheckDigit {
        expected: char,
    },
    Unknown,
    /// A coupon or a card by an in-store rule; `value` is its number.
    NotForSale {
        kind: BarcodeKind,
        value: String,
    },
}

/// Cheap to clone; all clones and the [`CatalogueSink`] made from them are one catalogue.
#[derive(Clone, Debug)]
pub struct Catalogue {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    database: Database,
    rules: RwLock<Arc<InStoreRules>>,
    settings: RwLock<Arc<HashMap<String, Vec<u8>>>>,
    items_version: AtomicU64,
}

impl Catalogue {
    /// Open, or make, the file. One process opens it once.
    pub async fn open(file: &Path) -> Result<Catalogue, DbErr> {
        let database = Database::open_sqlite::<CatalogueMigrator>(file).await?;
        database.writer.execute_unprepared(SETTINGS).await?;
        rows::load_again_unless(&database.writer, LAYOUT).await?;
        let rules = rows::rules(&database.reader).await?;
        let items_version = rows::cursor(&database.reader, ITEMS).await?;
        let settings = rows::settings(&database.reader).await?;
        let shared = Shared {
            database,
            rules: RwLock::new(Arc::new(rules)),
            settings: RwLock::new(Arc::new(settings)),
            items_version: AtomicU64::new(items_version),
        };
        Ok(Catalogue { shared: Arc::new(shared) })
    }

    /// Where the link puts what it receives.
    pub fn sink(&self) -> CatalogueSink {
        CatalogueSink::new(self.shared.clone())
    }

    /// The version of the items it holds; 0 before the first load.
    pub fn version(&self) -> u64 {
        self.shared.items_version.load(Ordering::Acquire)
    }

    pub async fn close(self) -> Result<(), DbErr> {
        self.shared.database.clone().close().await
    }

    /// What a scanner or a keyboard sent.
    pub async fn find(&self, scanned: &str) -> Result<Found, DbErr> {
        let Scanned { text, reading } = Scanned::parse(scanned);
        if text.is_empty() {
            return Ok(Found::Unknown);
        }
        if let Reading::Elements(elements) = &reading
            && let Some(gtin) = elements.gtin()
        {
            return self.find_elements(elements, gtin).await;
        }
        let barcode = if let Reading::Gtin(identity) = &reading { identity } else { &text };
        if let Some(item) = self.known(&text, barcode).await? {
            return Ok(Found::Item(item));
        }
        match (self.rules().read(&text), reading) {
            (Some(Ok(label)), _) => self.find_label(label).await,
            (Some(Err(wrong)), _) => Ok(Found::BadCheckDigit { expected: wrong.expected }),
            (None, Reading::BadCheckDigit { expected }) => Ok(Found::BadCheckDigit { expected }),
            (None, _) => Ok(Found::Unknown),
        }
    }

    pub async fn by_code(&self, code: &ItemCode) -> Result<Option<Item>, DbErr> {
        rows::item(self.reader(), [(rows::CODE, &code.0); rows::WAYS]).await
    }

    /// Items whose names have all words of `text`, or words that begin with them; the whole name first.
    pub async fn by_name(&self, text: &str, limit: usize) -> Result<Vec<Item>, DbErr> {
        rows::items_by_name(self.reader(), text, limit).await
    }

    /// What a cashier may mean by a few letters or digits: first what begins with it as a code, then what is called so.
    pub async fn search(&self, text: &str, limit: usize) -> Result<Vec<Item>, DbErr> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let mut items = rows::items_by_code(self.reader(), text, limit).await?;
        for item in rows::items_by_name(self.reader(), text, limit).await? {
            if items.len() < limit && items.iter().all(|known| known.code != item.code) {
                items.push(item);
            }
        }
        Ok(items)
    }

    pub async fn operator(&self, number: &OperatorNumber) -> Result<Option<Operator>, DbErr> {
        rows::operator(self.reader(), number).await
    }

    pub async fn operator_by_card(&self, card_hash: &str) -> Result<Option<Operator>, DbErr> {
        rows::operator_by_card(self.reader(), card_hash).await
    }

    /// A section of the till's settings: that of the store, or the chain's, or as it is by default.
    pub fn section<S: Section>(&self, store: &StoreId) -> S {
        let settings = self.shared.settings.read().unwrap_or_else(PoisonError::into_inner).clone();
        let own = settings.get(&format!("{}/{store}", S::NAME));
        let Some(body) = own.or_else(|| settings.get(S::NAME)) else { return S::default() };
        from_body(body).unwrap_or_else(|error| {
            tracing::error!(section = S::NAME, %error, "a section of the settings cannot be read: its defaults are used");
            S::default()
        })
    }

    /// By barcode, by code, by the number of the scales.
    async fn known(&self, text: &str, barcode: &str) -> Result<Option<Item>, DbErr> {
        let plu = text.parse::<u32>().map_or_else(|_| text.to_owned(), |plu| plu.to_string());
        rows::item(self.reader(), [(rows::BARCODE, barcode), (rows::CODE, text), (rows::PLU, &plu)]).await
    }

    async fn find_elements(&self, elements: &Elements, gtin: &str) -> Result<Found, DbErr> {
        if let Some(expected) = expected_check_digit(gtin).filter(|_| !has_check_digit(gtin)) {
            return Ok(Found::BadCheckDigit { expected });
        }
        let Some(item) = rows::item(self.reader(), [(rows::BARCODE, &identity(gtin)); rows::WAYS]).await? else {
            return Ok(Found::Unknown);
        };
        let weight = elements.net_weight().filter(|weight| weight.is_positive());
        let count = elements.count().filter(|count| count.is_positive());
        Ok(match (elements.price().filter(|price| price.is_positive()), weight, count) {
            (Some(amount), weight, count) => priced(item, amount, weight.or(count)),
            (None, Some(quantity), _) => Found::Weighed { item, quantity },
            (None, None, Some(quantity)) => Found::Pieces { item, quantity },
            (None, None, None) => Found::Item(item),
        })
    }

    async fn find_label(&self, label: Label) -> Result<Found, DbErr> {
        let number = match &label {
            Label::Number { kind, number } => {
                return Ok(Found::NotForSale { kind: kind_of(*kind), value: number.clone() });
            }
            Label::Weight { item, .. } | Label::Price { item, .. } | Label::Pieces { item, .. } => item,
        };
        let Some(item) = self.labelled(number).await? else { return Ok(Found::Unknown) };
        Ok(match label {
            Label::Weight { quantity, .. } if quantity.is_positive() => Found::Weighed { item, quantity },
            Label::Pieces { quantity, .. } if quantity.is_positive() => Found::Pieces { item, quantity },
            Label::Price { amount, .. } if amount.is_positive() => priced(item, amount, None),
            // A label that says "nothing" was printed to be weighed or counted at the till.
            _ => Found::Item(item),
        })
    }

    /// The item with this number on a label: what scales call it, or its code, with the padding zeros or without.
    async fn labelled(&self, number: &str) -> Result<Option<Item>, DbErr> {
        let short = number.trim_start_matches('0');
        if short.is_empty() {
            return Ok(None);
        }
        rows::item(self.reader(), [(rows::PLU, short), (rows::CODE, number), (rows::CODE, short)]).await
    }

    fn rules(&self) -> Arc<InStoreRules> {
        self.shared.rules.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn reader(&self) -> &sea_orm::DatabaseConnection {
        &self.shared.database.reader
    }
}

impl Shared {
    async fn reload_settings(&self) -> Result<(), DbErr> {
        let settings = Arc::new(rows::settings(&self.database.reader).await?);
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = settings;
        Ok(())
    }

    async fn reload_rules(&self) -> Result<(), DbErr> {
        let rules = Arc::new(rows::rules(&self.database.reader).await?);
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
        Ok(())
    }
}

/// A label with a sum: the sum stays, and its weight is that of the price at which it was printed.
fn priced(item: Item, amount: Money, printed: Option<Quantity>) -> Found {
    let prices = std::iter::once(item.price).chain(item.past_prices.iter().map(|past| past.price));
    let price = rounding::printed_price(amount, printed, item.unit == Unit::Piece, prices);
    let derived =
        || rounding::quantity_for(amount, price.unwrap_or(item.price)).map(|quantity| quantity.max(QUANTITY_MIN));
    let quantity = printed.or_else(derived).unwrap_or(Quantity::ONE);
    Found::Priced { item, amount, quantity, price }
}

fn kind_of(kind: LabelKind) -> BarcodeKind {
    match kind {
        LabelKind::Weight => BarcodeKind::Weight,
        LabelKind::Price => BarcodeKind::Price,
        LabelKind::Pieces => BarcodeKind::Pieces,
        LabelKind::Coupon => BarcodeKind::Coupon,
        LabelKind::Card => BarcodeKind::Card,
    }
}

#[cfg(test)]
mod tests;
