//! What the shop has set for its screens: keys and words of its own, goods on keys, banknotes that are counted.

use std::collections::BTreeMap;

use crossterm::event::KeyEvent;
use messages::v1::settings::{Bindings, CashRules, QuickKeys};

use super::actions::{self, Act, On};
use super::keys;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shop {
    bindings: Bindings,
    /// By the names of keys.
    keys: BTreeMap<String, Act>,
    /// By words in capitals.
    words: BTreeMap<String, Act>,
    pub quick_keys: QuickKeys,
    pub cash: CashRules,
}

/// A word that stands for an action, with the number or the code beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    pub act: Act,
    pub argument: String,
    /// The word itself, in capitals.
    pub word: String,
}

impl Shop {
    /// Names of actions that are not known are left out and logged.
    pub fn new(bindings: Bindings, quick_keys: QuickKeys, cash: CashRules) -> Shop {
        let mut shop = Shop { quick_keys, cash, ..Shop::default() };
        for (bound, name) in &bindings.bindings {
            let Some(act) = actions::by_name(name) else {
                tracing::warn!(bound, name, "a key or word is bound to an action that this version does not know");
                continue;
            };
            match keys::named(bound) {
                Some(key) => shop.keys.insert(keys::name_of(&key), act),
                None => shop.words.insert(bound.to_uppercase(), act),
            };
        }
        shop.bindings = bindings;
        shop
    }

    /// Made from the same settings?
    pub fn is_of(&self, bindings: &Bindings, quick_keys: &QuickKeys, cash: &CashRules) -> bool {
        self.bindings == *bindings && self.quick_keys == *quick_keys && self.cash == *cash
    }

    /// The keys that lead to an action: built-in ones that the shop left alone, and its own.
    pub fn keys_of(&self, act: Act) -> impl Iterator<Item = &str> {
        let taken = move |key: &str| self.keys.get(key).is_some_and(|own| *own != act);
        let built_in = actions::of(act).keys.iter().copied().filter(move |key| !taken(key));
        let own = self.keys.iter().filter(move |(_, bound)| **bound == act).map(|(key, _)| key.as_str());
        built_in.chain(own)
    }

    pub fn act_of(&self, key: &KeyEvent, place: On) -> Option<Act> {
        let name = keys::name_of(key);
        let own = self.keys.get(&name).copied().filter(|act| actions::of(*act).on.includes(place));
        own.or_else(|| actions::by_key(&name, place))
    }

    /// The action that a typed line names, if it is a word: alone, after a number, or before one.
    pub fn spoken(&self, line: &str, place: On) -> Option<Spoken> {
        let line = line.trim();
        let is_figure = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '*');
        let before: String = line.chars().take_while(|c| is_figure(*c)).collect();
        let rest = line[before.len()..].trim_start();
        let word: String = rest.chars().take_while(|c| c.is_alphabetic()).collect();
        let after = rest[word.len()..].trim();
        let word = word.to_uppercase();
        let own = self.words.get(&word).copied().filter(|act| actions::of(*act).on.includes(place));
        let act = own.or_else(|| actions::by_word(&word, place))?;
        let one_side = before.is_empty() || after.is_empty() || act == Act::Quantity;
        if !one_side || !after.chars().all(|c| is_figure(c) || act == Act::Search) {
            return None;
        }
        let argument = match act {
            Act::Quantity => format!("{before}*{after}"),
            _ if before.is_empty() => after.to_owned(),
            _ => before,
        };
        Some(Spoken { act, argument, word })
    }
}
