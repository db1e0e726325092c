//! What a programme would cost: its rules over receipts that were, with its campaigns' budgets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Award, Facts, Line, Programme, earn};
use crate::money::Money;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignCost {
    /// How often it gave.
    pub awards: u64,
    pub points: Money,
    /// What it did not give because its budget was used up.
    pub beyond_budget: Money,
}

/// By campaign.
pub fn cost<'a>(
    programme: &Programme,
    receipts: impl IntoIterator<Item = (&'a [Line], &'a Facts)>,
) -> BTreeMap<u32, CampaignCost> {
    let budget = |campaign: &super::Campaign| campaign.budget.map(|budget| (campaign.id, budget));
    let mut left: BTreeMap<u32, Money> = programme.campaigns.iter().filter_map(budget).collect();
    let mut costs = BTreeMap::<u32, CampaignCost>::new();
    for (lines, facts) in receipts {
        let earned = earn(programme, lines, facts);
        for award in &earned {
            costs.entry(award.campaign).or_default().beyond_budget += award.amount;
        }
        for award in within_budgets(earned, &mut left) {
            let cost = costs.entry(award.campaign).or_default();
            cost.awards += 1;
            cost.points += award.amount;
            cost.beyond_budget -= award.amount;
        }
    }
    costs
}

/// The awards cut down to what is left of their campaigns' budgets, and so much less is left. A campaign that is not in
/// `left` has no limit.
pub fn within_budgets(awards: Vec<Award>, left: &mut BTreeMap<u32, Money>) -> Vec<Award> {
    let cut = |mut award: Award| {
        if let Some(left) = left.get_mut(&award.campaign) {
            award.amount = award.amount.min(*left);
            *left -= award.amount;
        }
        award.amount.is_positive().then_some(award)
    };
    awards.into_iter().filter_map(cut).collect()
}
