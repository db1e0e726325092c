//! The publisher over a real database, through real messages.

#![allow(clippy::unwrap_used, reason = "a test binary: a failed step is a failed test")]

mod imports;
mod items;
mod operators;
mod till_settings;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dataserver::publisher::{CataloguePublisher, PublisherPorts};
use dataserver::requests::{ImportItems, ImportView, PublishError, Published};
use domain::ids::ItemCode;
use domain::money::Money;
use domain::vat::VatRate;
use link::datasets::DatasetSource;
use link::datasets::table::TableDatasets;
use messages::v1::catalogue::Item;
use migrations::database::Database;
use migrations::{ServerMigrator, scratch};
use runtime::actor::Handle;
use runtime::clock::Clock;
use runtime::node::{ChildRef, Node, Tree};
use runtime::spec::{ChildSpec, Strategy};
use tokio::sync::watch;
use tokio::task::LocalSet;

struct Hq {
    folder: tempfile::TempDir,
    database: Database,
    clock: Clock,
    publisher: ChildRef<CataloguePublisher>,
    imports: watch::Receiver<ImportView>,
    rings: Arc<AtomicU64>,
    node: Node,
}

impl Hq {
    async fn start() -> Hq {
        let folder = tempfile::tempdir().unwrap();
        let database = scratch::open::<ServerMigrator>(folder.path(), "hq.sqlite").await;
        let (sender, imports) = watch::channel(ImportView::default());
        let rings = Arc::new(AtomicU64::new(0));
        let counter = rings.clone();
        let clock = Clock::by_hand("2026-11-25T09:00:00+03:00".parse().unwrap());
        let ports = PublisherPorts {
            database: database.clone(),
            clock: clock.clone(),
            bell: Arc::new(move || {
                counter.fetch_add(1, Ordering::Relaxed);
            }),
            imports: sender,
        };
        let mut tree = Tree::new("hq");
        tree.group("catalogue", Strategy::OneForOne);
        let publisher = tree.child(ChildSpec::new("catalogue/publisher", "publisher", move || {
            let ports = ports.clone();
            async move { Ok(CataloguePublisher::new(ports)) }
        }));
        let node = tree.start().await;
        Hq { folder, database, clock, publisher, imports, rings, node }
    }

    async fn ask<M>(&self, message: M) -> M::Result
    where
        M: actix::Message + Send + 'static,
        M::Result: Send,
        CataloguePublisher: Handle<M>,
    {
        self.publisher.reference::<M>().ask(message).await.unwrap()
    }

    async fn import(&mut self, text: &[u8], skip_bad: bool) -> ImportView {
        let file: PathBuf = self.folder.path().join("items.csv");
        std::fs::write(&file, text).unwrap();
        self.ask(ImportItems { file, name: "items.csv".to_owned(), skip_bad }).await.unwrap();
        self.imports.wait_for(|view| !view.phase.is_running()).await.unwrap().clone()
    }

    async fn versions(&self, dataset: &'static str) -> u64 {
        TableDatasets::new(self.database.clone()).head(dataset).await.unwrap()
    }

    async fn end(self) {
        self.node.shutdown().await;
        self.database.close().await.unwrap();
    }
}

async fn at_hq(test: impl AsyncFnOnce(&mut Hq)) {
    LocalSet::new()
        .run_until(async {
            let mut hq = Hq::start().await;
            test(&mut hq).await;
            hq.end().await;
        })
        .await;
}

fn item(code: &str, price: i64) -> Item {
    let code = ItemCode(code.to_owned());
    Item::new(code.clone(), format!("Name of {code}"), Money::from_minor(price), VatRate::percent(22))
}

fn published(version: u64, changed: u64, unchanged: u64) -> Result<Published, PublishError> {
    Ok(Published { version, changed, unchanged })
}
