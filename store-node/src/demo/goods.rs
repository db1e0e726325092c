//! The goods and people of the demonstration: a small grocery.

use domain::ids::{ItemCode, OperatorNumber};
use domain::money::Money;
use domain::vat::VatRate;
use messages::v1::catalogue::{BarcodeKind, BarcodeRule, Item, Role, Unit};

/// Name, price in minor units, VAT per cent, true if sold by weight.
const GOODS: [(&str, i64, u32, bool); 48] = [
    ("Milk 3.2 % 0.93 l", 8990, 10, false),
    ("Kefir 1 % 0.9 l", 8450, 10, false),
    ("Sour cream 20 % 300 g", 10990, 10, false),
    ("Cottage cheese 5 % 200 g", 9490, 10, false),
    ("Butter 82.5 % 180 g", 21990, 10, false),
    ("Yoghurt strawberry 290 g", 6490, 10, false),
    ("Cheese Rossiysky", 74900, 10, true),
    ("Cheese Gouda", 89900, 10, true),
    ("Rye bread", 4550, 10, false),
    ("White loaf sliced", 5290, 10, false),
    ("Baguette", 6990, 10, false),
    ("Eggs 10 pcs", 11990, 10, false),
    ("Apples Golden", 12990, 10, true),
    ("Bananas", 14990, 10, true),
    ("Tomatoes on the vine", 24990, 10, true),
    ("Cucumbers", 19990, 10, true),
    ("Potatoes washed", 4990, 10, true),
    ("Carrots", 5490, 10, true),
    ("Onions", 3990, 10, true),
    ("Chicken breast chilled", 42990, 10, true),
    ("Pork neck chilled", 54990, 10, true),
    ("Minced beef 400 g", 29990, 10, false),
    ("Sausages 350 g", 23990, 10, false),
    ("Smoked sausage", 89990, 10, true),
    ("Salmon fillet", 199900, 10, true),
    ("Herring in oil 240 g", 18990, 10, false),
    ("Rice long grain 900 g", 11490, 10, false),
    ("Buckwheat 900 g", 9990, 10, false),
    ("Spaghetti 450 g", 8990, 10, false),
    ("Sunflower oil 1 l", 13990, 10, false),
    ("Sugar 1 kg", 7490, 10, false),
    ("Flour 2 kg", 9990, 10, false),
    ("Ground coffee 250 g", 34900, 22, false),
    ("Black tea 100 bags", 22990, 22, false),
    ("Milk chocolate 90 g", 11999, 22, false),
    ("Biscuits oat 500 g", 12990, 22, false),
    ("Mineral water 1.5 l", 6490, 22, false),
    ("Orange juice 1 l", 15990, 22, false),
    ("Crisps 150 g", 16990, 22, false),
    ("Ice cream 80 g", 8990, 10, false),
    ("Shampoo 400 ml", 25900, 22, false),
    ("Toothpaste 100 ml", 10000, 22, false),
    ("Washing powder 3 kg", 49990, 22, false),
    ("Dish soap 500 ml", 12990, 22, false),
    ("Paper towels 2 rolls", 14990, 22, false),
    ("Batteries AA 4 pcs", 19900, 22, false),
    ("Cat food 85 g", 3990, 22, false),
    ("Carrier bag", 700, 22, false),
];

/// First number of an item's barcode, in the range kept for use inside a shop's own country.
const BARCODE_BASE: u64 = 460_000_000_000;
/// Prefix of labels that carry a weight.
const WEIGHT_PREFIX: &str = "22";

pub(super) fn items() -> Vec<Item> {
    let make = |(index, &(name, price, vat, weighed)): (usize, &(&str, i64, u32, bool))| {
        let number = index as u64 + 1;
        Item {
            unit: if weighed { Unit::Kilogram } else { Unit::Piece },
            barcodes: if weighed { Vec::new() } else { vec![ean13(BARCODE_BASE + number)] },
            plu: weighed.then_some(number as u32),
            ..Item::new(
                ItemCode(format!("{number:04}")),
                name.to_owned(),
                Money::from_minor(price),
                VatRate::percent(vat),
            )
        }
    };
    GOODS.iter().enumerate().map(make).collect()
}

/// Goods that a cashier must be asked about; the simulated shoppers leave them alone.
pub(super) fn particular_items() -> Vec<Item> {
    let make = |number: u64, name: &str, price: i64| Item {
        barcodes: vec![ean13(BARCODE_BASE + number)],
        ..Item::new(ItemCode(format!("{number:04}")), name.to_owned(), Money::from_minor(price), VatRate::percent(22))
    };
    let deposit = make(903, "Bottle deposit", 1_000);
    vec![
        Item { marked: true, ..make(901, "Marked water 0.5 l", 6_490) },
        Item {
            min_age: Some(18),
            discountable: false,
            no_sale: "22:00-08:00".parse().ok(),
            deposit: Some(deposit.code.clone()),
            ..make(902, "Beer 0.5 l", 9_900)
        },
        deposit,
        Item { open_price: Some([Money::from_minor(100), Money::from_minor(100_000)]), ..make(904, "Flowers", 100) },
    ]
}

pub(super) fn barcode_rules() -> Vec<BarcodeRule> {
    vec![BarcodeRule {
        prefix: WEIGHT_PREFIX.to_owned(),
        length: 13,
        item: [2, 5],
        value: [7, 5],
        decimals: 3,
        kind: BarcodeKind::Weight,
    }]
}

/// Number, name, PIN, role.
pub(super) fn operators() -> Vec<(OperatorNumber, &'static str, &'static str, Role)> {
    [
        ("1", "Anna Ivanova", "1111", Role::Cashier),
        ("2", "Pavel Smirnov", "2222", Role::SeniorCashier),
        ("9", "Olga Petrova", "9999", Role::StoreAdmin),
    ]
    .into_iter()
    .map(|(number, name, pin, role)| (OperatorNumber(number.to_owned()), name, pin, role))
    .collect()
}

/// What the scanner reads from one of `item`: its barcode, or a label with `grams` from the scales.
pub(super) fn label(item: &Item, grams: u32) -> String {
    match (item.barcodes.first(), item.plu) {
        (Some(barcode), _) => barcode.clone(),
        (None, Some(plu)) => with_check_digit(format!("{WEIGHT_PREFIX}{plu:05}{grams:05}")),
        (None, None) => item.code.0.clone(),
    }
}

fn ean13(first_twelve: u64) -> String {
    with_check_digit(format!("{first_twelve:012}"))
}

fn with_check_digit(first_twelve: String) -> String {
    let weighted = |(index, digit): (usize, u32)| if index % 2 == 0 { digit } else { 3 * digit };
    let sum: u32 = first_twelve.chars().filter_map(|digit| digit.to_digit(10)).enumerate().map(weighted).sum();
    format!("{first_twelve}{}", (10 - sum % 10) % 10)
}
