//! What a store knows of the goods that scales may sell, at one version of its catalogue.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::barcode::in_store::InStoreRules;
use domain::ids::ItemCode;
use messages::v1::catalogue::Item;
use messages::v1::scales::{ScaleDepartment, Scales};

#[derive(Clone, Debug, Default)]
pub struct Goods {
    /// Of the dataset of items.
    pub version: u64,
    /// Those that have a scale number.
    pub items: BTreeMap<ItemCode, Arc<Item>>,
    /// Scale numbers that more than one item has.
    pub shared_numbers: BTreeSet<u32>,
    /// How the tills read labels.
    pub rules: InStoreRules,
    pub plan: Scales,
}

impl Goods {
    /// Look for numbers that are there twice; to be called when items have changed.
    pub fn find_shared_numbers(&mut self) {
        let mut seen = BTreeSet::new();
        let numbers = self.items.values().filter_map(|item| item.plu);
        self.shared_numbers = numbers.filter(|number| !seen.insert(*number)).collect();
    }

    /// The plan of the scales that stand in this department; nothing: leave them as they are.
    pub fn department(&self, name: &str) -> Option<ScaleDepartment> {
        let planned = self.plan.departments.iter().find(|department| department.name == name).cloned();
        planned.or_else(|| (name.is_empty() && self.plan.departments.is_empty()).then(ScaleDepartment::default))
    }
}
