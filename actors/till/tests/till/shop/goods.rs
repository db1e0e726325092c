//! The scenarios' goods, in-store rules and staff.

use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};
use chrono::TimeDelta;
use domain::ids::ItemCode;
use link::datasets::{Change, DatasetSink};
use messages::codec::to_body;
use messages::v1::catalogue::{
    BARCODE_RULES, BarcodeKind, BarcodeRule, ITEMS, Item, OPERATORS, Operator, PastPrice, Role, Unit,
};
use sha2::{Digest, Sha256};
use till::catalogue::Catalogue;

use super::{money, number, quantity, time};

pub(super) async fn load(catalogue: &Catalogue) {
    let sink = catalogue.sink();
    let rows = items().iter().map(|item| (item.code.0.clone(), to_body(item))).collect();
    keep(&sink, ITEMS, rows).await;
    let rule = |prefix: &str, kind, decimals| BarcodeRule {
        prefix: prefix.to_owned(),
        length: 13,
        item: [2, 5],
        value: [7, 5],
        decimals,
        kind,
    };
    let card = BarcodeRule { item: [0, 0], value: [2, 10], ..rule("27", BarcodeKind::Card, 0) };
    let rules = [rule("22", BarcodeKind::Weight, 3), rule("24", BarcodeKind::Price, 2), card];
    keep(&sink, BARCODE_RULES, rules.iter().map(|rule| (format!("{}/13", rule.prefix), to_body(rule))).collect()).await;
    let staff = [
        person("8", "Петрова", "4321", Role::Cashier, None),
        person("9", "Ким", "9999", Role::Cashier, None),
        person("5", "Сидоров", "5555", Role::SeniorCashier, Some("CARD-OF-5")),
        person("1", "Иванова", "1111", Role::StoreAdmin, None),
    ];
    keep(&sink, OPERATORS, staff.iter().map(|person| (person.number.0.clone(), to_body(person))).collect()).await;
}

fn items() -> Vec<Item> {
    let coded = |code: &str, barcode: &str, price: &str, vat: &str| Item {
        barcodes: if barcode.is_empty() { Vec::new() } else { vec![barcode.to_owned()] },
        ..item(code, price, vat)
    };
    let weighed =
        |code: &str, plu, price: &str| Item { plu: Some(plu), unit: Unit::Kilogram, ..item(code, price, "10") };
    let now = time("2026-03-02T10:00:00+03:00");
    let past = |price: &str, days| PastPrice { price: money(price), until: now - TimeDelta::days(days) };
    vec![
        coded("MILK", "4600000000015", "89.90", "10"),
        coded("BREAD", "4600000000022", "45.50", "10"),
        coded("COFFEE", "4600000000039", "349.00", "22"),
        coded("CHOC", "4600000000046", "119.99", "22"),
        coded("BAG", "4600000000077", "7.00", "22"),
        coded("SHAMPOO", "4600000000121", "259.00", "22"),
        coded("GIFT", "", "0.00", "22"),
        coded("BATT", "", "199.00", "22"),
        Item { gift_card: true, ..coded("GIFTCARD", "", "1000.00", "22") },
        Item { marked: true, ..coded("WATER", "4600000000084", "64.90", "22") },
        Item { marked: true, ..coded("JUICE", "4600000000145", "99.90", "22") },
        Item {
            min_age: Some(18),
            discountable: false,
            no_sale: Some("22:00-08:00".parse().expect("hours")),
            ..coded("BEER", "4600000000091", "99.00", "22")
        },
        Item {
            past_prices: vec![past("80.00", 10), past("50.00", 40)],
            ..coded("PASTE", "4600000000138", "100.00", "22")
        },
        Item { open_price: Some([money("10.00"), money("500.00")]), ..coded("FLOWERS", "", "0.00", "22") },
        Item { deposit: Some(ItemCode("BOTTLE".to_owned())), ..coded("COLA", "", "60.00", "22") },
        coded("BOTTLE", "", "5.00", "22"),
        weighed("APPLE", 123, "129.90"),
        weighed("CHEESE", 456, "749.00"),
        Item { tare: Some(quantity("0.02")), ..weighed("HAM", 789, "500.00") },
    ]
}

fn item(code: &str, price: &str, vat: &str) -> Item {
    Item::new(ItemCode(code.to_owned()), code.to_owned(), money(price), vat.parse().expect("a rate"))
}

fn person(who: &str, name: &str, pin: &str, role: Role, card: Option<&str>) -> Operator {
    let card_hash = card.map(|card| Sha256::digest(card.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect());
    Operator { number: number(who), name: name.to_owned(), pin_hash: pin_hash(pin), role, card_hash }
}

/// Cheap to check: these PINs protect nothing.
fn pin_hash(pin: &str) -> String {
    let cheap = Params::new(8, 1, 1, None).expect("parameters");
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, cheap);
    argon.hash_password(pin.as_bytes()).expect("a hash").to_string()
}

pub(super) async fn keep(sink: &impl DatasetSink, dataset: &'static str, rows: Vec<(String, Vec<u8>)>) {
    let before = sink.version(dataset).await.expect("a version");
    let upto = before + rows.len() as u64;
    let changes = (before + 1..).zip(rows).map(|(version, (key, body))| Change { key, version, deleted: false, body });
    sink.keep(dataset, changes.collect(), upto).await.expect("rows kept");
}
