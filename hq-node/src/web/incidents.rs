//! What needs a person's look: incidents of the trade, and documents that could not be applied.

use ::web::guard::May;
use ::web::refusal::Refusal;
use ::web::rights::ViewStores;
use ::web::table::{Cell, Column, Table};
use ::web::{layout, show};
use actix_web::{HttpResponse, web};
use askama::Template;
use backoffice::incidents;
use link::inbox::parked;

use super::{Site, words};

/// The newest are enough to see a pattern.
const SHOWN_MAX: u64 = 200;

#[derive(Template)]
#[template(path = "incidents.html")]
struct Page {
    incidents: Table,
    parked: Table,
}

pub async fn page(visitor: May<ViewStores>, site: web::Data<Site>) -> Result<HttpResponse, Refusal> {
    let failed = |error: sea_orm::DbErr| Refusal::failed(error.to_string());
    let offset = *site.clock.now().offset();
    let found = incidents::newest(&site.reader, SHOWN_MAX).await.map_err(failed)?;
    let waiting = parked::list(&site.reader, SHOWN_MAX).await.map_err(failed)?;
    let incidents = Table {
        caption: "Incidents, the newest first".to_owned(),
        columns: vec![Column::text("At"), Column::text("Till"), Column::text("What"), Column::text("Details")],
        rows: found
            .into_iter()
            .map(|incident| {
                vec![
                    Cell::text(show::time(incident.at_ms, offset)),
                    Cell::text(format!("{}/{}", incident.store, incident.till)),
                    Cell::text(words::incident(&incident.kind)),
                    Cell::text(incident.text).tone("wide"),
                ]
            })
            .collect(),
        totals: Vec::new(),
        empty: "Nothing needs a look.".to_owned(),
    };
    let parked = Table {
        caption: "Parked documents".to_owned(),
        columns: vec![
            Column::text("Till"),
            Column::number("Document"),
            Column::text("Since"),
            Column::number("Tries"),
            Column::text("Why"),
        ],
        rows: waiting
            .into_iter()
            .map(|document| {
                vec![
                    Cell::text(document.origin.to_string()),
                    Cell::text(document.sequence.to_string()),
                    Cell::text(show::time(document.parked_ms, offset)),
                    Cell::text(document.tries.to_string()),
                    Cell::text(document.reason).tone("wide"),
                ]
            })
            .collect(),
        totals: Vec::new(),
        empty: "Every document that arrived is applied.".to_owned(),
    };
    layout::page(&site.frame(words::INCIDENTS, "/incidents", &visitor), &Page { incidents, parked })
}
