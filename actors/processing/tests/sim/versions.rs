//! A message as a node of another version would have written it: a later one adds fields that nobody here knows, an earlier
//! one leaves out those that came later.

use std::fmt::Debug;

use messages::codec::{from_body, to_body};
use processing::machine::customer::Customer;
use processing::machine::log::{Document, Told};
use rmpv::Value;
use serde::de::DeserializeOwned;

use crate::plan::{Plan, Work};
use crate::world::{HOUR_MS, World};

/// Fields that a reader takes for empty when they are not there.
const OPTIONAL: [&str; 16] = [
    "epoch",
    "till",
    "operator",
    "receipt",
    "recovered",
    "nonce",
    "cards",
    "blocked",
    "closed",
    "forward",
    "provisional",
    "home",
    "tier",
    "lots",
    "of",
    "mark",
];
/// Of messages in which the same word is not optional.
const NEEDED_WITH: [(&str, &str); 6] = [
    ("nonce", "up_next"),
    ("nonce", "down_next"),
    ("nonce", "ups"),
    ("epoch", "inc"),
    ("epoch", "down_next"),
    ("epoch", "downs"),
];

fn of_another(body: &[u8]) -> Vec<u8> {
    let mut value = rmpv::decode::read_value(&mut &body[..]).expect("a message is MessagePack");
    change(&mut value);
    let mut changed = Vec::new();
    rmpv::encode::write_value(&mut changed, &value).expect("it fits into memory");
    changed
}

/// In a mixed run every other speaker is of another version than whom it speaks with.
pub(crate) fn spoken(mixed: bool, speaker: usize, body: Vec<u8>) -> Vec<u8> {
    if mixed && speaker % 2 == 1 { of_another(&body) } else { body }
}

fn change(value: &mut Value) {
    match value {
        Value::Array(parts) => parts.iter_mut().for_each(change),
        Value::Map(fields) => {
            fields.iter_mut().for_each(|(_, value)| change(value));
            let names: Vec<String> = fields.iter().filter_map(|(name, _)| name.as_str().map(str::to_owned)).collect();
            let has = |name: &str| names.iter().any(|known| known == name);
            // A map of one is a variant with its name, not a record.
            if names.len() == fields.len() && fields.len() > 1 {
                fields.retain(|(name, value)| {
                    let name = name.as_str().unwrap_or_default();
                    let needed = NEEDED_WITH.iter().any(|(word, with)| *word == name && has(with));
                    !(OPTIONAL.contains(&name) && !needed && is_empty(value))
                });
                let later = Value::Map(vec![("since".into(), 2.into()), ("why".into(), "it came later".into())]);
                fields.push(("of_a_later_version".into(), later));
            }
        }
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Nil | Value::Boolean(false) => true,
        Value::Integer(number) => number.as_u64() == Some(0),
        Value::String(text) => text.as_str() == Some(""),
        Value::Array(parts) => parts.is_empty(),
        _ => false,
    }
}

/// Logs and customers that a node of another version wrote say the same here.
pub(crate) fn logs_can_be_read() {
    let mut world = World::new(Plan::new(Work::All), 25, false);
    world.run_to(2 * HOUR_MS);
    let mut changed = 0;
    for shop in 0..world.shops.len() {
        let Some(machine) = world.shops[shop].machine() else { continue };
        changed += machine.documents().filter(|entry| says_the_same::<Document>(&entry.body)).count();
        changed += machine.told().filter(|entry| says_the_same::<Told>(&entry.body)).count();
    }
    let root = world.root_machine();
    changed += root.customers().filter(|customer| says_the_same::<Customer>(&to_body(*customer))).count();
    assert!(changed > 500, "{changed} bodies of another version");
}

/// Was anything of it different?
fn says_the_same<T: DeserializeOwned + PartialEq + Debug>(body: &[u8]) -> bool {
    let theirs = of_another(body);
    let read = |body: &[u8]| from_body::<T>(body).expect("it can be read");
    assert_eq!(read(&theirs), read(body));
    theirs != body
}
