//! What the section of label scales may say.

use std::collections::BTreeSet;

use domain::ids::ItemCode;
use domain::item::{CODE_CHARS_MAX, GROUP_CHARS_MAX};
use messages::v1::scales::{ScaleDepartment, Scales};

use super::checks::{Check, count, ensure};
use crate::rules::plain;

/// Departments of one shop; no shop has more counters.
const DEPARTMENTS_MAX: usize = 100;
/// Longest name of a department, in characters.
const NAME_CHARS_MAX: usize = 40;
/// Groups, items, numbers of one department, each: as many articles as the largest scale keeps.
const ROWS_MAX: usize = 20_000;
/// Keys of the largest scale.
const KEYS_MAX: usize = 1_000;
/// Two digits.
const PREFIX_MAX: u8 = 99;

impl Check for Scales {
    fn check(&self) -> Result<(), String> {
        count("departments", self.departments.len(), DEPARTMENTS_MAX)?;
        let mut names = BTreeSet::new();
        for department in &self.departments {
            let name = &department.name;
            ensure(name.is_empty() || plain(name, NAME_CHARS_MAX), || {
                format!(
                    "departments: \"{name}\" cannot be a name: at most {NAME_CHARS_MAX} characters without spaces at the ends are expected"
                )
            })?;
            ensure(names.insert(name), || format!("departments: \"{name}\" is there twice"))?;
            department.check().map_err(|why| format!("departments.\"{name}\".{why}"))?;
        }
        Ok(())
    }
}

impl Check for ScaleDepartment {
    fn check(&self) -> Result<(), String> {
        count("groups", self.groups.len(), ROWS_MAX)?;
        for group in &self.groups {
            ensure(plain(group, GROUP_CHARS_MAX), || format!("groups: \"{group}\" cannot be a group of goods"))?;
        }
        count("items", self.items.len(), ROWS_MAX)?;
        self.items.iter().try_for_each(|item| is_code("items", item))?;
        for (field, prefix) in [("weight_prefix", self.weight_prefix), ("piece_prefix", self.piece_prefix)] {
            ensure(prefix <= PREFIX_MAX, || format!("{field}: {prefix} has more than two digits"))?;
        }
        ensure(self.weight_prefix != self.piece_prefix, || {
            format!(
                "piece_prefix: {:02} is that of weighed goods too, and tills could not tell them apart",
                self.piece_prefix
            )
        })?;
        count("numbers", self.numbers.len(), ROWS_MAX)?;
        let (mut plus, mut items) = (BTreeSet::new(), BTreeSet::new());
        for number in &self.numbers {
            is_code("numbers", &number.item)?;
            ensure(number.plu > 0, || "numbers: 0 is not a number that scales can use".to_owned())?;
            ensure(plus.insert(number.plu), || format!("numbers: {} is there twice", number.plu))?;
            ensure(items.insert(&number.item), || format!("numbers: the item {} is there twice", number.item))?;
        }
        count("hot_keys", self.hot_keys.len(), KEYS_MAX)?;
        let mut keys = BTreeSet::new();
        for key in &self.hot_keys {
            is_code("hot_keys", &key.item)?;
            ensure(key.key > 0, || "hot_keys: keys are counted from 1".to_owned())?;
            ensure(keys.insert(key.key), || format!("hot_keys: the key {} is there twice", key.key))?;
        }
        Ok(())
    }
}

fn is_code(field: &str, code: &ItemCode) -> Result<(), String> {
    ensure(plain(&code.0, CODE_CHARS_MAX), || format!("{field}: \"{code}\" cannot be the code of an item"))
}
