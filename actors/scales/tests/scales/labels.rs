//! Price labels on shelves through the planner: what changed must be hung anew, also after a restart.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::{ItemCode, StoreId};
use link::bell::Bell;
use link::datasets;
use link::datasets::table::TableDatasets;
use messages::codec::to_body;
use messages::v1::catalogue::{ITEMS, Item};
use migrations::database::Database;
use migrations::entity::shelf_label_head;
use migrations::{ScalesMigrator, ServerMigrator};
use runtime::node::{ChildRef, Node, Tree};
use runtime::spec::{ChildSpec, Strategy};
use scales::goods::Goods;
use scales::planner::{Planner, PlannerPorts};
use scales::requests::{CloseChange, HangLabels, OutdatedLabels};
use scales::shelf_labels::LabelCount;
use sea_orm::EntityTrait;
use tokio::sync::watch;

use super::counter::{PATIENCE, item};

struct Store {
    node: Node,
    planner: ChildRef<Planner>,
    goods: watch::Receiver<Arc<Goods>>,
    labels: watch::Receiver<LabelCount>,
    database: Database,
    own: Database,
    bell: Bell,
}

impl Store {
    async fn open(folder: &tempfile::TempDir) -> Store {
        let file = folder.path().join("store.sqlite");
        let database = Database::open_sqlite::<ServerMigrator>(&file).await.expect("a database");
        let file = folder.path().join("scales.sqlite");
        let own = Database::open_sqlite::<ScalesMigrator>(&file).await.expect("a database");
        let ((goods, goods_seen), (labels, labels_seen)) =
            (watch::channel(Arc::default()), watch::channel(LabelCount::default()));
        let bell = Bell::new();
        let ports = PlannerPorts {
            store: StoreId::new("S1").expect("a code"),
            database: own.clone(),
            source: Arc::new(TableDatasets::new(database.clone())),
            bell: bell.clone(),
            goods,
            labels,
        };
        let mut tree = Tree::new("store");
        tree.group("scales", Strategy::OneForOne);
        let planner = tree.child(ChildSpec::new("scales/planner", "planner", move || Planner::new(ports.clone())));
        Store { node: tree.start().await, planner, goods: goods_seen, labels: labels_seen, database, own, bell }
    }

    /// Goods come down the link; without an item it is removed.
    async fn comes(&mut self, rows: Vec<(&str, Option<Item>)>) {
        let transaction = self.database.begin().await.expect("a transaction");
        let mut version = 0;
        for (code, item) in rows {
            let done = match item {
                Some(item) => datasets::put(&transaction, ITEMS, vec![(code.to_owned(), to_body(&item))]).await,
                None => datasets::remove(&transaction, ITEMS, vec![code.to_owned()]).await,
            };
            version = done.expect("it is written");
        }
        transaction.commit().await.expect("it is committed");
        self.bell.ring();
        let seen = self.goods.wait_for(|goods| goods.version >= version);
        tokio::time::timeout(PATIENCE, seen).await.expect("in time").expect("the planner lives");
    }

    /// The first goods are all there, and the labels that hang are taken for right.
    async fn has_begun(&self) {
        let noted = async {
            let mut ticks = tokio::time::interval(Duration::from_millis(100));
            let own = &self.own.reader;
            while shelf_label_head::Entity::find().one(own).await.expect("an answer").is_none() {
                ticks.tick().await;
            }
        };
        tokio::time::timeout(PATIENCE, noted).await.expect("in time");
    }

    async fn told(&self) -> String {
        let asked = OutdatedLabels { after: String::new(), limit: 100 };
        let outdated = self.planner.reference::<OutdatedLabels>().ask(asked).await.expect("it listens");
        let codes: Vec<String> = outdated.expect("it reads").into_iter().map(|code| code.0).collect();
        let LabelCount { hung, of } = *self.labels.borrow();
        format!("{hung}/{of} {}", codes.join(" ")).trim_end().to_owned()
    }

    async fn hang(&self, code: &str, version: u64) {
        let hang = HangLabels { items: vec![ItemCode(code.to_owned())], version };
        self.planner.reference::<HangLabels>().ask(hang).await.expect("it listens").expect("it is noted");
    }
}

#[test]
fn labels_of_what_changed_are_hung_anew() {
    runtime::system::run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let mut store = Store::open(&folder).await;
        let goods = |code: &'static str, price| (code, Some(item(code[1..].parse().expect("digits"), price)));
        store.comes(vec![goods("I00001", 100), goods("I00002", 100), goods("I00003", 100)]).await;
        store.has_begun().await;
        assert_eq!(store.told().await, "0/0", "what hangs when a store begins is right");
        store.comes(vec![goods("I00004", 100)]).await;
        assert_eq!(store.told().await, "0/1 I00004", "a store that is open gets new goods");
        store.hang("I00004", 4).await;
        assert_eq!(store.told().await, "1/1");
        store
            .planner
            .reference::<CloseChange>()
            .ask(CloseChange { version: 4 })
            .await
            .expect("it listens")
            .expect("closed");
        assert_eq!(store.told().await, "0/0");

        let renamed = Item { name: "Another".to_owned(), ..item(2, 100) };
        let same_label = Item { min_age: Some(18), ..item(3, 100) };
        store.comes(vec![goods("I00001", 90), ("I00002", Some(renamed)), ("I00003", Some(same_label))]).await;
        assert_eq!(store.told().await, "0/2 I00001 I00002");
        store.hang("I00001", 4).await;
        assert_eq!(store.told().await, "0/2 I00001 I00002", "a sheet of before the change does not count");
        store.hang("I00001", 7).await;
        assert_eq!(store.told().await, "1/2 I00002");
        store.comes(vec![("I00002", None)]).await;
        assert_eq!(store.told().await, "1/1");
        store.node.shutdown().await;
        drop(store);

        let mut store = Store::open(&folder).await;
        assert_eq!(store.told().await, "1/1", "a restart forgets nothing and finds nothing new");
        store.comes(vec![goods("I00001", 80)]).await;
        assert_eq!(store.told().await, "0/1 I00001");
        store.node.shutdown().await;
    });
}
