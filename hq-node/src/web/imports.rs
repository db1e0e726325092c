//! Importing a file of items: the upload, and how far it is, live.

use std::path::PathBuf;
use std::time::Duration;

use ::web::guard::May;
use ::web::layout::{self, Frame};
use ::web::live::{self, Fragment};
use ::web::refusal::Refusal;
use ::web::rights::ChangeCatalogue;
use ::web::show;
use actix_web::{HttpResponse, Responder, web};
use askama::Template;
use dataserver::requests::{ImportItems, ImportPhase, ImportView, PublishError};
use futures_util::StreamExt;
use runtime::reference::SendError;
use serde::Deserialize;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::{Site, words};

/// Largest file, in bytes: a million items of about 200 bytes.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Longest name of a file that is repeated in messages.
const NAME_CHARS_MAX: usize = 80;
const DEFAULT_NAME: &str = "items.csv";

#[derive(Debug, Default, Deserialize)]
pub struct Query {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub skip_bad: bool,
}

/// A file on its way in; removed when this goes, which an import that has it open does not notice.
struct Upload {
    path: PathBuf,
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), error = %error, "an imported file was not removed");
        }
    }
}

async fn store(site: &Site, mut body: web::Payload) -> Result<Upload, Refusal> {
    let failed = |error: std::io::Error| Refusal::failed(format!("upload not stored: {error}"));
    let upload = Upload { path: site.data.join(format!("import-{}.csv", Uuid::now_v7())) };
    let mut file = File::create(&upload.path).await.map_err(failed)?;
    let mut bytes = 0_u64;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| Refusal::bad_request(format!("The upload broke off: {error}.")))?;
        bytes += chunk.len() as u64;
        if bytes > FILE_BYTES_MAX {
            let limit = FILE_BYTES_MAX / (1024 * 1024);
            return Err(Refusal::too_large(format!("The file is larger than {limit} MiB: split it.")));
        }
        file.write_all(&chunk).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    if bytes == 0 {
        return Err(Refusal::bad_request("The file is empty."));
    }
    Ok(upload)
}

/// Take the file and begin its import.
pub async fn begin(site: &Site, query: &Query, body: web::Payload) -> Result<(), Refusal> {
    let upload = store(site, body).await?;
    let name: String = query.name.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect();
    let name = if name.trim().is_empty() { DEFAULT_NAME.to_owned() } else { name };
    let import = ImportItems { file: upload.path.clone(), name, skip_bad: query.skip_bad };
    answered(site.catalogue.import_items.ask(import).await)
}

/// The answer of the publisher, for whoever asked.
pub fn answered<T>(answer: Result<Result<T, PublishError>, SendError>) -> Result<T, Refusal> {
    answer.map_err(|error| Refusal::busy(format!("The catalogue cannot be changed now: {error}.")))?.map_err(refused)
}

fn refused(error: PublishError) -> Refusal {
    match error {
        PublishError::Refused(text) => Refusal::against_rules(text),
        PublishError::TooMany { .. } => Refusal::too_large(error.to_string()),
        PublishError::Busy(_) => Refusal::busy(error.to_string()),
        PublishError::NotStored(cause) => Refusal::failed(cause),
    }
}

/// The import when it has ended, or as it is after `patience`.
pub async fn ended(site: &Site, patience: Duration) -> ImportView {
    let mut imports = site.imports.clone();
    tokio::time::timeout(patience, imports.wait_for(|view| !view.phase.is_running())).await.ok();
    imports.borrow().clone()
}

#[derive(Template)]
#[template(path = "import.html")]
struct Page {
    progress: String,
}

#[derive(Template)]
#[template(path = "import_progress.html")]
struct Progress<'a> {
    view: &'a ImportView,
    running: bool,
    refused: bool,
    done: bool,
    failed: bool,
    percent: u64,
    rows: String,
    changed: String,
    unchanged: String,
    more_bad: u64,
}

fn fragments(view: &ImportView) -> Vec<Fragment> {
    let count = |count: u64| show::count(i64::try_from(count).unwrap_or(i64::MAX));
    let progress = Progress {
        running: view.phase.is_running(),
        refused: view.phase == ImportPhase::Refused,
        done: view.phase == ImportPhase::Done,
        failed: view.phase == ImportPhase::Failed,
        percent: (view.bytes_done * 100).checked_div(view.bytes_total).unwrap_or(0).min(100),
        rows: count(view.rows),
        changed: count(view.changed),
        unchanged: count(view.unchanged),
        more_bad: view.bad_rows.saturating_sub(view.bad.len() as u64),
        view,
    };
    vec![Fragment { name: "import", html: progress.render().unwrap_or_default() }]
}

pub async fn page(visitor: May<ChangeCatalogue>, site: web::Data<Site>) -> Result<HttpResponse, Refusal> {
    let view = site.imports.borrow().clone();
    let progress = fragments(&view).pop().map(|fragment| fragment.html).unwrap_or_default();
    let frame = Frame { live: Some("/live/import"), ..site.frame(words::IMPORT, "/catalogue", &visitor) };
    layout::page(&frame, &Page { progress })
}

pub async fn upload(
    _: May<ChangeCatalogue>,
    site: web::Data<Site>,
    query: web::Query<Query>,
    body: web::Payload,
) -> Result<HttpResponse, Refusal> {
    // The page's script sends the file and shows the sentence.
    begin(&site, &query, body).await.map_err(Refusal::as_json)?;
    Ok(HttpResponse::Accepted().finish())
}

pub async fn live(_: May<ChangeCatalogue>, site: web::Data<Site>) -> Result<impl Responder, Refusal> {
    live::stream(&site.viewers, site.imports.clone(), fragments)
}
