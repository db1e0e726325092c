//! Published programmes reach the root: budgets of campaigns, and rules that give only so much.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use processing::machine::root::Root;

use super::office::Office;

const WITHIN: Duration = Duration::from_secs(60);

async fn until<T: PartialEq + std::fmt::Debug + Send + 'static>(
    office: &Office,
    look: impl Fn(&Root) -> T + Clone + Send + 'static,
    expected: T,
) {
    let until = Instant::now() + WITHIN;
    loop {
        let look = look.clone();
        let is = office.node.accounts().ask(Vec::new(), move |root, _| look(root)).await.unwrap();
        if is == expected {
            return;
        }
        assert!(Instant::now() < until, "{is:?}, not {expected:?}");
        tokio::task::yield_now().await;
    }
}

fn programme(budget: &str, rest: &str) -> String {
    format!(
        r#"{{"programmes": [{{"asset": 1, "name": "Points", "from": "2026-01-01",
            "campaigns": [{{"id": 2, "name": "Birthdays"{budget}}}, {{"id": 3, "name": "Friends"}}],
            "earn": [{{"name": "Birthday", "campaign": 2, "give": {{"receipt": {{"points": "200"}}}},
                "when": {{"birthday": {{"days_before": 3, "days_after": 7}}}}, "again_after_days": 300}},
                {{"name": "Friend", "campaign": 3, "give": {{"receipt": {{"points": "10"}}}}}}]{rest}}}]}}"#
    )
}

#[actix_web::test]
async fn what_is_published_of_campaigns_is_what_the_root_goes_by() {
    let office = Office::open().await;
    let budget = |root: &Root| root.budget_of(1, 2);
    let limits = |root: &Root| root.limited_by(1).map(|limited| (limited.day, limited.campaigns.clone()));
    office.publish("loyalty", &programme(r#", "budget": "1000""#, "")).await;
    until(&office, budget, Some(100_000)).await;
    until(&office, limits, Some((false, BTreeSet::from([2])))).await;
    let set = [("campaign", "2"), ("asset", "1"), ("budget", "7.00")];
    assert_eq!(office.send("anna", "/accounts/budgets", &set).await, "/accounts/budgets?done=saved");
    until(&office, budget, Some(100_000)).await;
    office.publish("loyalty", &programme("", r#", "day_max": "500""#)).await;
    until(&office, limits, Some((true, BTreeSet::from([2])))).await;
    assert_eq!(office.send("anna", "/accounts/budgets", &set).await, "/accounts/budgets?done=saved");
    until(&office, budget, Some(700)).await;
    office.node.shutdown().await;
}
