//! The settings of the tills, for machines: a section of the chain, or of one store.

use ::web::guard::May;
use ::web::refusal::Refusal;
use ::web::rights::{ChangeCatalogue, ViewCatalogue};
use actix_web::{HttpResponse, web};
use dataserver::browse;
use dataserver::requests::{PutTillSettings, RemoveTillSettings, SettingsKey};
use dataserver::sections::{SectionKind, find};
use domain::ids::StoreId;
use serde::Deserialize;
use serde_json::json;

use super::{Answer, failed, published};
use crate::web::{Site, till_settings};

/// The parts of the address; without a store it is the chain's.
#[derive(Debug, Deserialize)]
pub struct Place {
    section: String,
    #[serde(default)]
    store: Option<String>,
}

fn parsed(place: &Place) -> Result<(SectionKind, Option<StoreId>), Refusal> {
    let kind = find(&place.section).map_err(|error| Refusal::not_found(format!("{error}.")).as_json())?;
    let store = place.store.as_deref().map(StoreId::new).transpose();
    Ok((kind, store.map_err(|error| Refusal::bad_request(format!("{error}.")).as_json())?))
}

fn key(place: &Place) -> Result<SettingsKey, Refusal> {
    parsed(place).map(|(kind, store)| SettingsKey { section: kind.name.to_owned(), store })
}

#[derive(Debug, Default, Deserialize)]
pub struct Query {
    #[serde(default)]
    after: String,
}

/// What was published, by key.
pub async fn list(_: May<ViewCatalogue>, site: web::Data<Site>, query: web::Query<Query>) -> Answer {
    let after = Some(query.after.as_str()).filter(|after| !after.is_empty());
    let keys = browse::till_settings(&site.reader, after, browse::PAGE_ROWS_MAX).await.map_err(failed)?;
    let next = keys.last().filter(|_| keys.len() == browse::PAGE_ROWS_MAX).cloned();
    Ok(HttpResponse::Ok().json(json!({ "keys": keys, "next_after": next })))
}

/// What counts there: its own, or the chain's, or what is built in. It can be put back as it is.
pub async fn show(_: May<ViewCatalogue>, site: web::Data<Site>, place: web::Path<Place>) -> Answer {
    let (kind, store) = parsed(&place)?;
    let (value, ..) = till_settings::in_force(&site, kind, store.as_ref()).await.map_err(failed)?;
    Ok(HttpResponse::Ok().json(value))
}

pub async fn put(_: May<ChangeCatalogue>, site: web::Data<Site>, place: web::Path<Place>, json: String) -> Answer {
    let put = PutTillSettings { key: key(&place)?, json };
    published(site.catalogue.put_till_settings.ask(put).await)
}

pub async fn remove(_: May<ChangeCatalogue>, site: web::Data<Site>, place: web::Path<Place>) -> Answer {
    published(site.catalogue.remove_till_settings.ask(RemoveTillSettings { key: key(&place)? }).await)
}
