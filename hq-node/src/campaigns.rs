//! What the root must know of the published programmes: how much each campaign may give in all, and which rules give only so
//! much to one customer.
//!
//! A budget that is published counts before one that an administrator sets; where none is published, the administrator's
//! counts. Stores' own programmes are not looked at.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::loyalty::{Programme, programme_on};
use processing::machine::given::Limited;
use processing::machine::root::Root;

/// Of one programme.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Campaigns {
    pub limited: Limited,
    /// Points in all, in minor units, of the campaigns that have a budget.
    pub budgets: BTreeMap<u32, i64>,
}

/// By number of the programme: budgets of the version that counts today, limits of any version, so that a version begins
/// with what was given before it.
pub fn campaigns(programmes: &[Programme], day: NaiveDate) -> BTreeMap<u32, Campaigns> {
    let mut all: BTreeMap<u32, Campaigns> = BTreeMap::new();
    for programme in programmes {
        let of = all.entry(programme.asset).or_default();
        of.limited.day |= programme.day_max.is_some();
        let again = programme.earn.iter().filter(|rule| rule.again_after_days > 0);
        of.limited.campaigns.extend(again.map(|rule| rule.campaign));
    }
    for (asset, of) in &mut all {
        let today = programme_on(programmes, *asset, day);
        let campaigns = today.iter().flat_map(|programme| &programme.campaigns);
        of.budgets = campaigns.filter_map(|campaign| Some((campaign.id, campaign.budget?.minor()))).collect();
    }
    all
}

/// Tell the root, as far as it does not know.
pub fn tell(root: &mut Root, all: &BTreeMap<u32, Campaigns>) {
    for (asset, of) in all {
        root.set_limited(*asset, of.limited.clone());
        for (campaign, budget) in &of.budgets {
            if root.budget_of(*asset, *campaign) != Some(*budget) {
                root.set_budget(*asset, *campaign, Some(*budget));
            }
        }
    }
}
