//! A store that links to the head office: a real outbox and a real uplink, without tills.

use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use domain::ids::{StoreId, TillId};
use link::admit::TokenTable;
use link::apply::{Origin, Peer, PeerRole, Received};
use link::bell::Bell;
use link::chain::Place;
use link::datasets::table::TableDatasets;
use link::datasets::version;
use link::outbox;
use link::requests::{ACCOUNTS_SYNC, AskAbove};
use link::transport::websocket::WebSocketDial;
use link::uplink::{Status, Uplink, UplinkSettings};
use messages::v1::catalogue::{DATASETS, ITEMS};
use messages::v1::document::Document;
use messages::v1::receipt::Receipt;
use migrations::ServerMigrator;
use migrations::database::Database;
use processing::machine::wire::Envelope;
use runtime::node::{ChildRef, Node, Tree};
use runtime::spec::{ChildSpec, Strategy};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::office::{Office, comes};

pub(crate) struct Store {
    pub(crate) name: String,
    database: Database,
    bell: Bell,
    pub(crate) uplink: ChildRef<Uplink>,
    _node: Node,
    sold: Mutex<Place>,
}

impl Store {
    /// Linked to these gateways in turn.
    pub(crate) async fn several(office: &Office, gateways: &str, count: usize) -> Vec<Store> {
        let gateways: Vec<&str> = gateways.split(' ').collect();
        let mut stores = Vec::new();
        for (n, name) in office.names(count).into_iter().enumerate() {
            stores.push(Store::open(office, gateways[n % gateways.len()], name).await);
        }
        stores
    }

    async fn open(office: &Office, gateway: &str, name: String) -> Store {
        let peer = Peer { name: name.clone(), role: PeerRole::Store };
        TokenTable::new(office.database.clone()).add(&peer, "a token").await.unwrap();
        let file = office.path(&format!("{name}.sqlite"));
        Store::on(office, gateway, name, &file).await
    }

    /// The same store again on a copy of its database, as of a virtual machine that was copied while it ran.
    pub(crate) async fn copy(&self, office: &Office, gateway: &str) -> Store {
        let file = office.path(&format!("{} after {}.sqlite", self.name, self.sold()));
        let copy = format!("VACUUM INTO '{}'", file.display());
        self.database.writer.execute_unprepared(&copy).await.unwrap();
        let copy = Store::on(office, gateway, self.name.clone(), &file).await;
        *copy.sold.lock().unwrap() = *self.sold.lock().unwrap();
        copy
    }

    async fn on(office: &Office, gateway: &str, name: String, file: &Path) -> Store {
        let peer = Peer { name: name.clone(), role: PeerRole::Store };
        let database = Database::open_sqlite::<ServerMigrator>(file).await.unwrap();
        let bell = Bell::new();
        let mut tree = Tree::new(name.clone());
        tree.group("link", Strategy::OneForOne);
        let dial = Arc::new(WebSocketDial::new(&office.link_url(gateway)));
        let settings = UplinkSettings::new(peer, "a token")
            .datasets(&DATASETS)
            .reconnect(Duration::from_millis(100), Duration::from_secs(1));
        let (ground, rung) = (database.clone(), bell.clone());
        let uplink = tree.child(ChildSpec::new("link/up", "uplink", move || {
            let sink = Arc::new(TableDatasets::new(ground.clone()));
            let (database, settings) = (ground.clone(), settings.clone());
            std::future::ready(Ok(Uplink::new(database, dial.clone(), settings, Some(sink), rung.clone(), Bell::new())))
        }));
        Store { name, database, bell, uplink, _node: tree.start().await, sold: Mutex::default() }
    }

    /// So many receipts of till 1, each in a transaction of its own.
    pub(crate) async fn sell(&self, count: u64) {
        for _ in 0..count {
            self.sell_together(1).await;
        }
    }

    /// So many in one transaction.
    pub(crate) async fn sell_together(&self, count: u64) {
        let next = self.sold() + 1;
        self.closes((next..next + count).map(|sequence| self.receipt(sequence)).collect()).await;
    }

    /// These receipts of till 1 in one transaction.
    pub(crate) async fn closes(&self, receipts: Vec<Receipt>) {
        let mut place = *self.sold.lock().unwrap();
        let received: Vec<Received> = receipts
            .into_iter()
            .map(|receipt| {
                let document = Document::ReceiptClosed(Box::new(receipt));
                let (id, body, type_id) = (uuid::Uuid::now_v7(), document.to_body(), document.type_id());
                place = place.next(id, &body);
                let (store, till) = (StoreId::new(&self.name).unwrap(), TillId(1));
                let origin = Origin { store, till, sequence: place.sequence, chain: place.chain };
                Received { id, type_id, schema: 1, origin, created_ms: 0, body }
            })
            .collect();
        let transaction = self.database.begin().await.unwrap();
        outbox::relay(&transaction, &received.iter().collect::<Vec<_>>()).await.unwrap();
        transaction.commit().await.unwrap();
        *self.sold.lock().unwrap() = place;
        self.bell.ring();
    }

    fn receipt(&self, sequence: u64) -> Receipt {
        serde_json::from_value(json!({
            "uid": uuid::Uuid::now_v7(), "store": self.name, "till": 1, "sequence": sequence, "shift": 1,
            "business_day": "2026-11-25", "kind": "sale", "at": "2026-11-25T09:15:00+03:00", "operator": "7",
            "lines": [{"line": 1, "code": "10", "name": "Bread", "quantity": "1", "unit_price": "45.50", "discount": "0.00",
                "amount": "45.50", "vat_rate": "none", "vat": "0.00", "voided": false}],
            "discount": "0.00", "rounding": "0.00", "total": "45.50", "vat": [], "change": "0.00", "fiscal": null,
            "tenders": [{"tender": "cash", "amount": "45.50"}],
        }))
        .unwrap()
    }

    pub(crate) fn sold(&self) -> u64 {
        self.head().0
    }

    pub(crate) fn head(&self) -> (u64, [u8; 16]) {
        let place = *self.sold.lock().unwrap();
        (place.sequence, place.chain)
    }

    /// Why there is no line to the head office.
    pub(crate) async fn is_refused(&self) -> String {
        comes("a refusal", async || {
            let status = self.uplink.reference::<Status>().ask(Status).await.map_err(|error| error.to_string())?;
            status.last_error.filter(|_| !status.connected).ok_or_else(|| "it is linked".to_owned())
        })
        .await
    }

    pub(crate) async fn unsent(&self) -> u64 {
        outbox::unsent(&self.database.reader).await.unwrap().count
    }

    /// What became of a question about accounts.
    pub(crate) async fn asks_the_root(&self) -> String {
        comes("an answer of the root", async || {
            let body = Envelope { node: 0, messages: Vec::new(), waits: false }.to_body();
            let ask = AskAbove { type_id: ACCOUNTS_SYNC, body };
            match self.uplink.reference::<AskAbove>().ask(ask).await.unwrap() {
                Ok(_) => Ok("answered".to_owned()),
                Err(error) => Err(error.to_string()),
            }
        })
        .await
    }

    pub(crate) async fn has_items(&self, wanted: u64) {
        comes("items at the store", async || {
            let has = version(&self.database.reader, ITEMS).await.unwrap();
            if has >= wanted { Ok(()) } else { Err(format!("version {has}")) }
        })
        .await;
    }
}
