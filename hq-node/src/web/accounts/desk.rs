//! What two people do together: requests and their second person; stores, their rights, and a store that is lost.

use ::web::doors::Visitor;
use ::web::guard::May;
use ::web::refusal::Refusal;
use actix_web::{HttpResponse, web};
use processing::machine::root::{AskedFor, PeerStanding, RequestState};
use serde::Deserialize;

use super::tables::{self, Names};
use super::words::{new_operation, operation_of, operation_text};
use super::{
    CHANGE, Change, Field, Form, Query, Section, Told, View, against, ask, by, changes, draw, file, look, seen_at,
};
use crate::web::Site;

const REQUESTS: &str = "/accounts/requests";
const STORES: &str = "/accounts/stores";
/// Requests that wait and are shown with their buttons.
const WAITING_SHOWN: usize = 50;

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    #[serde(rename = "do")]
    action: String,
    operation: String,
    store: String,
    reason: String,
}

pub async fn requests(
    visitor: May<View>,
    site: web::Data<Site>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Refusal> {
    requests_shown(&site, &visitor, &query, &Told::done(&query.done)).await
}

async fn requests_shown(site: &Site, visitor: &Visitor, query: &Query, told: &Told) -> Result<HttpResponse, Refusal> {
    let (requests, names) = look(site, |root, _| {
        let mut requests: Vec<_> = root.requests().cloned().collect();
        requests.sort_by_key(|request| std::cmp::Reverse(request.wall_ms));
        (requests, Names::of(root))
    })
    .await?;
    let offset = *site.clock.now().offset();
    let made = tables::requests(requests.iter(), &names, offset);
    if let Some(file) = file("requests", &query.format, &made) {
        return file;
    }
    let mut sections = Vec::new();
    for request in requests.iter().filter(|request| request.state == RequestState::Waits).take(WAITING_SHOWN) {
        let mut section = Section::new(format!("{} asks", request.by));
        section.facts = vec![
            ("What", tables::asked_text(&request.what, &names)),
            ("Since", ::web::show::time(request.wall_ms, offset)),
            ("Operation", operation_text(request.operation)),
        ];
        let own = request.by.0 == visitor.name;
        let buttons: &[(&str, &str)] =
            if own { &[("refuse", "Take it back")] } else { &[("allow", "Allow"), ("refuse", "Refuse")] };
        if visitor.may(CHANGE) {
            let form = Form::post("", REQUESTS, buttons).hidden("operation", operation_text(request.operation));
            section.forms.push(form);
        }
        if own {
            section.note = "Another person must allow it.".to_owned();
        }
        sections.push(section);
    }
    let all = Section::new("All requests").table(&made, "Nothing was asked for yet.", |_| None).files(REQUESTS);
    sections.push(all);
    draw(site, visitor, ("Requests for two people", REQUESTS), told, Vec::new(), sections)
}

pub async fn judge(
    visitor: May<Change>,
    site: web::Data<Site>,
    sent: web::Form<Sent>,
) -> Result<HttpResponse, Refusal> {
    let operation = operation_of(&sent.operation).ok_or_else(|| Refusal::bad_request("The request is not named."))?;
    let allow = match sent.action.as_str() {
        "allow" => true,
        "refuse" => false,
        _ => return Err(Refusal::bad_request("A request is allowed or refused.")),
    };
    let person = by(&visitor);
    let judged =
        ask(&site, vec![operation.line(1)], move |root, now| changes::judge(root, operation, &person, allow, now));
    match judged.await? {
        Ok(_) => Ok(seen_at(&format!("{REQUESTS}?done=saved"))),
        Err(error) => requests_shown(&site, &visitor, &Query::default(), &Told::refused(against(error))).await,
    }
}

pub async fn stores(
    visitor: May<View>,
    site: web::Data<Site>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Refusal> {
    stores_shown(&site, &visitor, &query, &Told::done(&query.done)).await
}

async fn stores_shown(site: &Site, visitor: &Visitor, query: &Query, told: &Told) -> Result<HttpResponse, Refusal> {
    let (peers, leases, names, epoch, recovering, now) =
        look(site, |root, now| (root.peers(), root.leases(), Names::of(root), root.epoch(), root.is_recovering(), now))
            .await?;
    let made = tables::leases(&leases, &names);
    if let Some(file) = file("leases", &query.format, &made) {
        return file;
    }
    let mut stores = Section::new("Stores");
    stores.note = match recovering {
        true => {
            format!("Epoch {epoch}: the book was restored, and no rights are given until every store has reported.")
        }
        false => format!("Epoch {epoch}."),
    };
    let standing = tables::stores(&peers, &names, now);
    stores = stores.table(&standing, "No store has asked for a customer yet.", |_| None);
    if visitor.may(CHANGE) && !peers.is_empty() {
        stores.forms = forms(&peers, &names);
    }
    let rights = Section::new("Rights by store").table(&made, "No store holds anything.", |_| None).files(STORES);
    draw(site, visitor, ("Accounts at stores", STORES), told, Vec::new(), vec![stores, rights])
}

fn forms(peers: &[PeerStanding], names: &Names) -> Vec<Form> {
    let which: Vec<(String, String)> = peers
        .iter()
        .filter(|peer| !peer.retired)
        .map(|peer| (peer.store.to_string(), names.name(peer.store)))
        .collect();
    let form = |title, action, note: &str| {
        Form::post(title, STORES, &[(action, "Ask for it")])
            .hidden("operation", operation_text(new_operation()))
            .note(note)
            .fields(vec![Field::choice("store", "Store", which.clone()), Field::text("reason", "Reason")])
    };
    vec![
        form(
            "A store is lost: fence it (two people)",
            "fence",
            "Its rights are set aside, and a new server may take its place. Its tills then tell what they did.",
        ),
        form(
            "Write off what is set aside of a store (two people)",
            "write_off",
            "For tills that will never tell. What is set aside goes back to the customers; what comes to light later is owed.",
        ),
    ]
}

pub async fn change_store(
    visitor: May<Change>,
    site: web::Data<Site>,
    sent: web::Form<Sent>,
) -> Result<HttpResponse, Refusal> {
    let bad = |text: &str| Refusal::bad_request(text.to_owned());
    let operation = operation_of(&sent.operation).ok_or_else(|| bad("The page is too old: open it again."))?;
    let store = sent.store.parse().map_err(|_| bad("Choose a store."))?;
    let reason = sent.reason.trim().to_owned();
    let what = match sent.action.as_str() {
        "fence" => AskedFor::Fence { store, reason },
        "write_off" => AskedFor::WriteOff { store, reason },
        _ => return Err(bad("What is to be done is not known.")),
    };
    let person = by(&visitor);
    let asked = ask(&site, vec![operation.line(1)], move |root, now| {
        if !root.peers().iter().any(|peer| peer.store == store) {
            return Err(processing::machine::root::DeskError::NoStore);
        }
        changes::asked(root, operation, person, what, now)
    });
    match asked.await? {
        Ok(_) => Ok(seen_at(&format!("{STORES}?done=asked"))),
        Err(error) => stores_shown(&site, &visitor, &Query::default(), &Told::refused(against(error))).await,
    }
}
