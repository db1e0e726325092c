//! What is looked through now and then: open holds, alerts, budgets of campaigns.

use ::web::doors::Visitor;
use ::web::guard::May;
use ::web::refusal::Refusal;
use actix_web::{HttpResponse, web};
use processing::statement;
use serde::Deserialize;

use super::tables::{self, Names};
use super::words::amount;
use super::{
    CHANGE, Change, Field, Form, Query, Section, Told, View, against, ask, customer_path, draw, file, look, refused,
    seen_at,
};
use crate::web::Site;

const HOLDS: &str = "/accounts/holds";
const ALERTS: &str = "/accounts/alerts";
const BUDGETS: &str = "/accounts/budgets";
/// Holds and alerts of a file.
const LISTED_MAX: usize = 10_000;

pub async fn holds(
    visitor: May<View>,
    site: web::Data<Site>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Refusal> {
    let (mut holds, wall_ms) = look(&site, |root, now| (root.open_holds(LISTED_MAX, now), now.wall_ms)).await?;
    let store = site.accounts.store().map_err(refused)?;
    let ids: Vec<_> = holds.iter().map(|hold| hold.id).collect();
    let made = statement::posted_at(store.as_ref(), &ids).await;
    let made = made.map_err(|error| Refusal::failed(error.to_string()))?;
    // The oldest first; one that is older than what was looked through is before them all.
    holds.sort_by_key(|hold| made.iter().find(|(id, _)| *id == hold.id).map(|(_, at_ms)| *at_ms));
    let table = tables::holds(&holds, &made, wall_ms, *site.clock.now().offset());
    if let Some(file) = file("holds", &query.format, &table) {
        return file;
    }
    let mut section = Section::new("Open holds, the oldest first");
    section.note = "Held here for web shops and apps. A hold of a till is at its store.".to_owned();
    let link = |row: usize| holds.get(row).map(|hold| customer_path(hold.account.owner()));
    let section = section.table(&table, "Nothing is held.", link).files(HOLDS);
    draw(&site, &visitor, ("Open holds", HOLDS), &Told::default(), Vec::new(), vec![section])
}

pub async fn alerts(
    visitor: May<View>,
    site: web::Data<Site>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Refusal> {
    let (alerts, names) = look(&site, |root, _| (root.last_alerts(LISTED_MAX), Names::of(root))).await?;
    let table = tables::alerts(&alerts, &names, *site.clock.now().offset());
    if let Some(file) = file("alerts", &query.format, &table) {
        return file;
    }
    let section =
        Section::new("To look at, the newest first").table(&table, "There is no alert.", |_| None).files(ALERTS);
    draw(&site, &visitor, ("Alerts of accounts", ALERTS), &Told::default(), Vec::new(), vec![section])
}

pub async fn budgets(
    visitor: May<View>,
    site: web::Data<Site>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Refusal> {
    budgets_shown(&site, &visitor, &query, &Told::done(&query.done)).await
}

async fn budgets_shown(site: &Site, visitor: &Visitor, query: &Query, told: &Told) -> Result<HttpResponse, Refusal> {
    let table = tables::budgets(&look(site, |root, _| root.budgets_now()).await?);
    if let Some(file) = file("budgets", &query.format, &table) {
        return file;
    }
    let mut section = Section::new("Campaigns");
    section.note =
        "What a campaign gave, and the most that it may give. What is published with the programme counts first."
            .to_owned();
    section = section.table(&table, "No campaign has a budget or gave anything.", |_| None).files(BUDGETS);
    if visitor.may(CHANGE) {
        section.forms.push(Form::post("Set a budget", BUDGETS, &[("set", "Save")]).fields(vec![
            Field::text("campaign", "Campaign"),
            Field::text("asset", "Programme").with("1"),
            Field::amount("budget", "Most that it may give (no limit: empty)").optional(),
        ]));
    }
    draw(site, visitor, ("Budgets of campaigns", BUDGETS), told, Vec::new(), vec![section])
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Budget {
    campaign: String,
    asset: String,
    budget: String,
}

pub async fn set_budget(
    visitor: May<Change>,
    site: web::Data<Site>,
    sent: web::Form<Budget>,
) -> Result<HttpResponse, Refusal> {
    let number = |text: &str, what: &str| {
        let refuse = || against(format!("{what} is a whole number, not \"{text}\""));
        text.trim().parse::<u32>().map_err(|_| refuse())
    };
    let wanted = (|| {
        let budget = Some(sent.budget.trim()).filter(|text| !text.is_empty());
        let budget = budget.map(amount).transpose().map_err(against)?;
        Ok::<_, Refusal>((number(&sent.asset, "a programme")?, number(&sent.campaign, "a campaign")?, budget))
    })();
    match wanted {
        Ok((asset, campaign, budget)) => {
            let set = move |root: &mut processing::machine::root::Root, now| {
                root.mark_time(now);
                root.set_budget(asset, campaign, budget);
            };
            ask(&site, Vec::new(), set).await?;
            Ok(seen_at(&format!("{BUDGETS}?done=saved")))
        }
        Err(refusal) => budgets_shown(&site, &visitor, &Query::default(), &Told::refused(refusal)).await,
    }
}
