//! Made-up trade: a till script of some stores and days with the totals that it must give, added up here with decimals
//! and nothing of the product's own arithmetic.

use std::collections::BTreeMap;
use std::fmt::Write;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::json;

/// More than any day's returns: a drawer gives back only what it holds.
const FLOAT: u64 = 1_000_000;

/// Net totals of one row of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) count: u64,
    pub(crate) sales: Decimal,
    pub(crate) returns: Decimal,
    pub(crate) vat: Decimal,
}

/// A script with what the head office must report for it, by day, store, product and hour.
pub(crate) struct Trade {
    pub(crate) script: String,
    pub(crate) receipts: u64,
    pub(crate) expected: BTreeMap<&'static str, BTreeMap<String, Totals>>,
}

fn half_up(value: Decimal) -> Decimal {
    value.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// Lines that make the chain suffer, put between the days' receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    Fine,
    /// Links cut for days, and every node killed again and again.
    Storm,
}

pub(crate) fn make(seed: u64, stores: u32, days: u32, receipts_a_day: u32, weather: Weather) -> Trade {
    let mut random = StdRng::seed_from_u64(seed);
    let mut script = String::new();
    let mut expected: BTreeMap<&'static str, BTreeMap<String, Totals>> = BTreeMap::new();
    let mut receipts = 0;
    for day in 1..=days {
        let date = format!("2026-03-{day:02}");
        let mut drawers = vec![Decimal::from(FLOAT); stores as usize];
        for store in 0..stores {
            say(
                &mut script,
                json!({"do": "open_shift", "store": name(store), "till": 1, "at": format!("{date}T08:00:00"), "operator": "7", "float": format!("{FLOAT}.00")}),
            );
        }
        for n in 0..receipts_a_day {
            let minute = 9 * 60 + n * 700 / receipts_a_day;
            let at = format!("{date}T{:02}:{:02}:00", minute / 60, minute % 60);
            for store in 0..stores {
                if weather == Weather::Storm {
                    storm(&mut script, &mut random, store, day, days, n, &at);
                }
                let back = random.random_ratio(1, 8);
                let (lines, total) = receipt(&mut random, back, &date, &at, &name(store), &mut expected);
                drawers[store as usize] += if back { -total } else { total };
                let kind = if back { "return" } else { "sale" };
                say(
                    &mut script,
                    json!({"do": "receipt", "store": name(store), "till": 1, "at": at, "kind": kind, "lines": lines,
                    "tenders": [{"tender": "cash", "amount": total.to_string()}], "expect": {"receipt.total": total.to_string(), "ok": true}}),
                );
                receipts += 1;
            }
        }
        for store in 0..stores {
            let counted = drawers[store as usize].to_string();
            say(
                &mut script,
                json!({"do": "close_shift", "store": name(store), "till": 1, "at": format!("{date}T22:00:00"), "counted": counted, "expect": {"over_short": "0.00"}}),
            );
        }
    }
    Trade { script, receipts, expected }
}

fn name(store: u32) -> String {
    format!("S{:04}", store + 1)
}

fn say(script: &mut String, operation: serde_json::Value) {
    writeln!(script, "{operation}").expect("a string takes any text");
}

fn receipt(
    random: &mut StdRng,
    back: bool,
    day: &str,
    at: &str,
    store: &str,
    expected: &mut BTreeMap<&'static str, BTreeMap<String, Totals>>,
) -> (Vec<serde_json::Value>, Decimal) {
    let mut lines = Vec::new();
    let (mut total, mut vat_total) = (Decimal::ZERO, Decimal::ZERO);
    for _ in 0..random.random_range(1..=14) {
        let product = format!("P{:03}", random.random_range(1..=60));
        let price = Decimal::new(random.random_range(1..=99_999), 2);
        let quantity = if random.random_ratio(1, 4) {
            Decimal::new(random.random_range(1..=3_000), 3)
        } else {
            Decimal::from(random.random_range(1..=6))
        };
        let rate = if random.random_ratio(1, 2) { 22 } else { 10 };
        let amount = half_up(price * quantity);
        let vat = half_up(amount * Decimal::from(rate) / Decimal::from(100 + rate));
        add(expected, "product", &product, back, amount, vat);
        total += amount;
        vat_total += vat;
        lines.push(json!({"code": product, "name": format!("Product {product}"), "quantity": quantity.to_string(), "price": price.to_string(), "vat": rate.to_string()}));
    }
    if total.is_zero() {
        return receipt(random, back, day, at, store, expected);
    }
    add(expected, "day", day, back, total, vat_total);
    add(expected, "store", store, back, total, vat_total);
    add(expected, "hour", &at[11..13], back, total, vat_total);
    (lines, total)
}

fn add(
    expected: &mut BTreeMap<&'static str, BTreeMap<String, Totals>>,
    by: &'static str,
    key: &str,
    back: bool,
    amount: Decimal,
    vat: Decimal,
) {
    let row = expected.entry(by).or_default().entry(key.to_owned()).or_default();
    row.count += 1;
    if back {
        row.returns += amount;
        row.vat -= vat;
    } else {
        row.sales += amount;
        row.vat += vat;
    }
}

fn storm(script: &mut String, random: &mut StdRng, store: u32, day: u32, days: u32, n: u32, at: &str) {
    let middle = (days / 3 + 1)..=(2 * days / 3 + 1);
    let here = |operation: serde_json::Value| {
        let mut operation = operation;
        operation["store"] = json!(name(store));
        operation["at"] = json!(at);
        operation
    };
    if n == 0 && day == *middle.start() {
        say(script, here(json!({"do": "link", "between": ["till", "store"], "up": false})));
        say(script, here(json!({"do": "link", "between": ["store", "hq"], "up": false})));
    }
    if n == 0 && day == *middle.end() {
        say(script, here(json!({"do": "link", "between": ["till", "store"], "up": true})));
        say(script, here(json!({"do": "link", "between": ["store", "hq"], "up": true})));
    }
    if random.random_ratio(1, 12) {
        say(script, here(json!({"do": "crash", "node": "store"})));
    }
    if random.random_ratio(1, 40) {
        say(script, here(json!({"do": "crash", "node": "hq"})));
    }
    if random.random_ratio(1, 15) {
        let steps = ["paying", "paid", "fiscalising", "registered", "fiscalised", "closed"];
        let when = steps[random.random_range(0..steps.len())];
        say(script, here(json!({"do": "crash", "node": "till", "when": when})));
    }
}
