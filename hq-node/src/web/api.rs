//! The interface for machines: items, operators, barcode rules, settings of the tills, customer accounts, and reports.
//! Refusals are JSON `{"code", "text"}`.

pub mod accounts;
pub mod operators;
pub mod till_settings;

use std::time::Duration;

use ::web::guard::May;
use ::web::refusal::Refusal;
use ::web::rights::{ChangeCatalogue, ViewCatalogue, ViewSales};
use actix_web::{HttpResponse, web};
use backoffice::reports;
use dataserver::browse;
use dataserver::requests::{ImportPhase, PublishError, Published, PutBarcodeRules, PutItems, RemoveItems};
use domain::ids::ItemCode;
use messages::v1::catalogue::{BarcodeRule, Item};
use runtime::reference::SendError;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Site, imports, sales, words};

/// A machine that imports waits this long; a larger file goes on and is asked for later.
const IMPORT_WAITS: Duration = Duration::from_secs(60);

type Answer = Result<HttpResponse, Refusal>;

/// The answer of the publisher, as JSON either way.
fn published(answer: Result<Result<Published, PublishError>, SendError>) -> Answer {
    imports::answered(answer).map(|done| HttpResponse::Ok().json(done)).map_err(Refusal::as_json)
}

fn failed(error: sea_orm::DbErr) -> Refusal {
    Refusal::failed(error.to_string()).as_json()
}

#[derive(Debug, Default, Deserialize)]
pub struct ItemsQuery {
    #[serde(default)]
    code: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    after: String,
}

pub async fn items(_: May<ViewCatalogue>, site: web::Data<Site>, query: web::Query<ItemsQuery>) -> Answer {
    let after = Some(query.after.as_str()).filter(|after| !after.is_empty());
    let found = browse::items(&site.reader, &query.code, &query.name, after, browse::PAGE_ROWS_MAX).await;
    let found = found.map_err(failed)?;
    Ok(HttpResponse::Ok().json(json!({ "items": found.items, "next_after": found.next_after })))
}

pub async fn item(_: May<ViewCatalogue>, site: web::Data<Site>, code: web::Path<String>) -> Answer {
    let found = browse::item(&site.reader, &code).await.map_err(failed)?;
    let item = found.ok_or_else(|| Refusal::not_found(words::NO_SUCH_ITEM).as_json())?;
    Ok(HttpResponse::Ok().json(item))
}

/// The code may be left out of the body: the address says it.
pub async fn put_item(
    _: May<ChangeCatalogue>,
    site: web::Data<Site>,
    code: web::Path<String>,
    body: web::Json<Value>,
) -> Answer {
    let refuse = |text: String| Refusal::bad_request(text).as_json();
    let mut body = body.into_inner();
    let Some(fields) = body.as_object_mut() else { return Err(refuse("An item is a JSON object.".to_owned())) };
    let code = code.into_inner();
    if fields.get("code").is_some_and(|inside| inside.as_str() != Some(&code)) {
        return Err(refuse("The code in the body is not the code in the address.".to_owned()));
    }
    fields.insert("code".to_owned(), code.into());
    let item: Item =
        serde_json::from_value(body).map_err(|error| refuse(format!("The item cannot be used: {error}.")))?;
    published(site.catalogue.put_items.ask(PutItems { items: vec![item] }).await)
}

pub async fn put_items(_: May<ChangeCatalogue>, site: web::Data<Site>, body: web::Json<Vec<Item>>) -> Answer {
    published(site.catalogue.put_items.ask(PutItems { items: body.into_inner() }).await)
}

pub async fn remove_item(_: May<ChangeCatalogue>, site: web::Data<Site>, code: web::Path<String>) -> Answer {
    published(site.catalogue.remove_items.ask(RemoveItems { codes: vec![ItemCode(code.into_inner())] }).await)
}

/// A CSV body; answers when the import has ended, or 202 when it takes longer.
pub async fn import(
    _: May<ChangeCatalogue>,
    site: web::Data<Site>,
    query: web::Query<imports::Query>,
    body: web::Payload,
) -> Answer {
    imports::begin(&site, &query, body).await.map_err(Refusal::as_json)?;
    let view = imports::ended(&site, IMPORT_WAITS).await;
    Ok(match view.phase {
        ImportPhase::Done => HttpResponse::Ok().json(view),
        ImportPhase::Refused | ImportPhase::Failed => {
            let text = view.failure.clone().unwrap_or_else(|| {
                format!("{} of {} rows cannot be used; nothing was changed.", view.bad_rows, view.rows)
            });
            let refusal = Refusal::against_rules(text);
            HttpResponse::build(refusal.status())
                .json(json!({ "code": refusal.code(), "text": refusal.text(), "import": view }))
        }
        ImportPhase::None | ImportPhase::Checking | ImportPhase::Applying => HttpResponse::Accepted().json(view),
    })
}

pub async fn put_barcode_rules(
    _: May<ChangeCatalogue>,
    site: web::Data<Site>,
    body: web::Json<Vec<BarcodeRule>>,
) -> Answer {
    published(site.catalogue.put_barcode_rules.ask(PutBarcodeRules { rules: body.into_inner() }).await)
}

pub async fn report(
    _: May<ViewSales>,
    site: web::Data<Site>,
    name: web::Path<String>,
    query: web::Query<sales::Query>,
) -> Answer {
    let run = async {
        let report = reports::find(&name).map_err(sales::refused)?;
        let made = report.run(&site.reader, &query.arguments()?).await.map_err(sales::refused)?;
        sales::answer(report.name, &query.format, &made)
    };
    run.await.map_err(Refusal::as_json)
}
