//! The publisher over a real database, through real messages.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dataserver::browse;
use dataserver::pin;
use dataserver::publisher::{CataloguePublisher, PublisherPorts};
use dataserver::requests::{
    ImportItems, ImportPhase, ImportView, NewOperator, PublishError, Published, PutBarcodeRules, PutItems,
    PutOperators, RemoveItems, RemoveOperators,
};
use domain::ids::{ItemCode, OperatorNumber};
use domain::money::Money;
use domain::vat::VatRate;
use link::datasets::DatasetSource;
use link::datasets::table::TableDatasets;
use messages::v1::catalogue::{BARCODE_RULES, BarcodeKind, BarcodeRule, ITEMS, Item, OPERATORS, Role, Unit};
use migrations::ServerMigrator;
use migrations::database::Database;
use runtime::actor::Handle;
use runtime::node::{ChildRef, Node, Tree};
use runtime::spec::{ChildSpec, Strategy};
use tokio::sync::watch;
use tokio::task::LocalSet;

struct Hq {
    folder: tempfile::TempDir,
    database: Database,
    publisher: ChildRef<CataloguePublisher>,
    imports: watch::Receiver<ImportView>,
    rings: Arc<AtomicU64>,
    node: Node,
}

impl Hq {
    async fn start() -> Hq {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open_sqlite::<ServerMigrator>(&folder.path().join("hq.sqlite")).await.unwrap();
        let (sender, imports) = watch::channel(ImportView::default());
        let rings = Arc::new(AtomicU64::new(0));
        let counter = rings.clone();
        let ports = PublisherPorts {
            database: database.clone(),
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
        Hq { folder, database, publisher, imports, rings, node }
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
    Item {
        code: ItemCode(code.to_owned()),
        name: format!("Name of {code}"),
        price: Money::from_minor(price),
        vat: VatRate::percent(22),
        unit: Unit::Piece,
        barcodes: Vec::new(),
        plu: None,
        group: None,
        marked: false,
        min_age: None,
        discountable: true,
    }
}

fn published(version: u64, changed: u64, unchanged: u64) -> Result<Published, PublishError> {
    Ok(Published { version, changed, unchanged })
}

#[tokio::test]
async fn what_does_not_change_is_not_published_again() {
    at_hq(async |hq| {
        let put = |items: &[Item]| PutItems { items: items.to_vec() };
        assert_eq!(hq.ask(put(&[item("A", 100), item("B", 100)])).await, published(2, 2, 0));
        assert_eq!(hq.ask(put(&[item("A", 100), item("B", 200), item("C", 1)])).await, published(4, 2, 1));
        assert_eq!(hq.ask(put(&[item("A", 100)])).await, published(4, 0, 1));
        assert_eq!(hq.rings.load(Ordering::Relaxed), 2);

        let remove =
            |codes: &[&str]| RemoveItems { codes: codes.iter().map(|code| ItemCode((*code).to_owned())).collect() };
        assert_eq!(hq.ask(remove(&["A", "NOBODY"])).await, published(5, 1, 1));
        assert_eq!(hq.ask(remove(&["A"])).await, published(5, 0, 1));
        let changes = TableDatasets::new(hq.database.clone()).changes(ITEMS, 4, 10).await.unwrap();
        assert_eq!((changes.len(), changes[0].key.as_str(), changes[0].deleted), (1, "A", true));
        assert_eq!(hq.ask(put(&[item("A", 100)])).await, published(6, 1, 0));
        let state = hq.node.look().await.unwrap().children[0].state.clone().unwrap();
        assert_eq!(state["datasets"]["items"], serde_json::json!({ "version": 6, "rows": 3 }));
    })
    .await;
}

#[tokio::test]
async fn what_breaks_a_rule_is_refused_as_a_whole() {
    at_hq(async |hq| {
        let bad = PutItems { items: vec![item("A", 100), item("B", -1)] };
        assert_eq!(
            hq.ask(bad).await.unwrap_err().to_string(),
            "item B, price: -0.01 is not between 0 and 1000000000.00"
        );
        let rule = |prefix: &str, value| BarcodeRule {
            prefix: prefix.to_owned(),
            length: 13,
            item: [2, 5],
            value,
            decimals: 3,
            kind: BarcodeKind::Weight,
        };
        let refused = hq.ask(PutBarcodeRules { rules: vec![rule("22", [7, 5]), rule("23", [8, 5])] }).await;
        assert_eq!(
            refused.unwrap_err().to_string(),
            "barcode rule 23/13: the value must lie between the prefix and the check digit, at positions 2 to 11"
        );
        assert_eq!((hq.versions(ITEMS).await, hq.versions(BARCODE_RULES).await), (0, 0));
        assert_eq!(hq.ask(PutBarcodeRules { rules: vec![rule("22", [7, 5])] }).await, published(1, 1, 0));
        assert_eq!(browse::barcode_rules(&hq.database.reader).await.unwrap(), [rule("22", [7, 5])]);
        let many = PutItems { items: vec![item("A", 1); 10_001] };
        assert_eq!(
            hq.ask(many).await.unwrap_err().to_string(),
            "10001 rows are too many for one request: at most 10000 are taken"
        );
    })
    .await;
}

#[tokio::test]
async fn an_operator_has_a_hash_and_no_pin() {
    at_hq(async |hq| {
        let anna = |pin: Option<&str>, role| PutOperators {
            operators: vec![NewOperator {
                number: OperatorNumber("7".to_owned()),
                name: "Anna".to_owned(),
                pin: pin.map(str::to_owned),
                role,
            }],
        };
        assert_eq!(
            hq.ask(anna(None, Role::Cashier)).await.unwrap_err().to_string(),
            "operator \"7\" is new and needs a PIN"
        );
        assert_eq!(
            hq.ask(anna(Some(""), Role::Cashier)).await.unwrap_err().to_string(),
            "operator \"7\", PIN: 1 to 32 characters without spaces at the ends are expected"
        );
        assert_eq!(hq.ask(anna(Some("1234"), Role::Cashier)).await, published(1, 1, 0));
        assert_eq!(hq.ask(anna(Some("1234"), Role::Cashier)).await, published(1, 0, 1));
        assert_eq!(hq.ask(anna(None, Role::SeniorCashier)).await, published(2, 1, 0));
        let kept = browse::operators(&hq.database.reader, None, 10).await.unwrap();
        assert!(pin::verify("1234", &kept[0].pin_hash) && !pin::verify("1235", &kept[0].pin_hash));
        assert_eq!(kept[0].role, Role::SeniorCashier);
        assert_eq!(hq.ask(anna(Some("4321"), Role::SeniorCashier)).await, published(3, 1, 0));
        let numbers = vec![OperatorNumber("7".to_owned())];
        assert_eq!(hq.ask(RemoveOperators { numbers }).await, published(4, 1, 0));
        assert_eq!(hq.versions(OPERATORS).await, 4);
    })
    .await;
}

#[tokio::test]
async fn a_file_is_imported_whatever_its_delimiter_mark_and_order() {
    at_hq(async |hq| {
        let view = hq
            .import(
                "\u{feff}name;price;code;vat;unit;barcodes;plu;group;marked;min_age;discountable\r\n\
                 \"Сыр \"\"Голландский\"\"; вес\";749,00;CHEESE;10;kg;;456;Сыры;;;\r\n\
                 Пиво;99;BEER;22;;4600000000091| 048519059669;;;yes;18;no\r\n"
                    .as_bytes(),
                false,
            )
            .await;
        assert_eq!((view.phase, view.rows, view.changed, view.bad), (ImportPhase::Done, 2, 2, Vec::new()));
        let cheese = browse::item(&hq.database.reader, "CHEESE").await.unwrap().unwrap();
        assert_eq!(
            cheese,
            Item {
                name: "Сыр \"Голландский\"; вес".to_owned(),
                vat: VatRate::percent(10),
                unit: Unit::Kilogram,
                plu: Some(456),
                group: Some("Сыры".to_owned()),
                ..item("CHEESE", 74_900)
            }
        );
        let beer = browse::item(&hq.database.reader, "BEER").await.unwrap().unwrap();
        assert_eq!(beer.barcodes, ["4600000000091", "048519059669"]);
        assert_eq!((beer.marked, beer.min_age, beer.discountable), (true, Some(18), false));

        let again = hq.import("code,name,price,vat\nBEER2,Beer,99.50,22\n".as_bytes(), false).await;
        assert_eq!((again.changed, again.unchanged), (1, 0));
        let again = hq.import("code,name,price,vat\nBEER2,Beer,99.50,22\n".as_bytes(), false).await;
        assert_eq!((again.changed, again.unchanged, again.bytes_done), (0, 1, again.bytes_total));
        assert_eq!(hq.versions(ITEMS).await, 3);
    })
    .await;
}

const BAD_FILE: &[u8] = b"code,name,price,vat,unit,barcodes,plu,min_age,marked\n\
A,Good,1.00,22,,,,,\n\
,No code,1.00,22,,,,,\n\
B,Price,1.005,22,,,,,\n\
C,Vat,1.00,200,,,,,\n\
D,Unit,1.00,22,box,,,,\n\
E,Barcode,1.00,22,,4600000000016,,,\n\
F,Plu,1.00,22,,,none,,\n\
G,Age,1.00,22,,,,200,\n\
H,Marked,1.00,22,,,,,maybe\n\
A,Twice,1.00,22,,,,,\n\
I,Short,1.00\n\
J,\xff,1.00,22,,,,,\n\
K,\"Two\nlines\",1.00,22,,,,,\n\
L,Negative,-1,22,,,,,\n\
M,Good too,1.00,none,,,,,\n";

#[tokio::test]
async fn a_bad_row_is_named_by_line_column_and_reason() {
    at_hq(async |hq| {
        let view = hq.import(BAD_FILE, false).await;
        assert_eq!(
            view.bad,
            [
                "items.csv:3 code: it is empty",
                "items.csv:4 price: \"1.005\" is not an amount of money: digits with at most two decimals are expected",
                "items.csv:5 vat: \"200\" is not a VAT rate: a percentage from 0 to 100 with at most two decimals, or \"none\", is expected",
                "items.csv:6 unit: \"box\" is not a unit: pc or kg is expected",
                "items.csv:7 barcodes: 4600000000016 has a wrong check digit: 5 is expected",
                "items.csv:8 plu: \"none\" is not a whole number that fits here",
                "items.csv:9 min_age: 200 years are more than 99",
                "items.csv:10 marked: \"maybe\" is not an answer: yes or no is expected",
                "items.csv:11 code: A stands on line 2 already",
                "items.csv:12 row: 9 columns are expected, not 3",
                "items.csv:13 name: it is not UTF-8 text",
                "items.csv:14 name: it has a line break, a tab or another control character",
                "items.csv:16 price: -1.00 is not between 0 and 1000000000.00",
            ]
        );
        assert_eq!((view.phase, view.bad_rows, view.changed), (ImportPhase::Refused, 13, 0));
        assert_eq!(hq.versions(ITEMS).await, 0);

        let view = hq.import(BAD_FILE, true).await;
        assert_eq!((view.phase, view.bad_rows, view.changed), (ImportPhase::Done, 13, 2));
        assert_eq!(hq.versions(ITEMS).await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_file_without_our_columns_is_refused_at_once() {
    at_hq(async |hq| {
        for (text, sentence) in [
            ("code,name,vat\n", "items.csv:1 price: this column is missing from the first line"),
            (
                "code,name,price,vat,colour\n",
                "items.csv:1 colour: this column is not known: the first line names code, name, price, vat, unit, \
                 barcodes, plu, group, marked, min_age, discountable",
            ),
            ("code,code,name,price,vat\n", "items.csv:1 code: this column is there twice"),
            ("", "items.csv:1 code: this column is missing from the first line"),
        ] {
            let file = hq.folder.path().join("items.csv");
            std::fs::write(&file, text).unwrap();
            let refused = hq.ask(ImportItems { file, name: "items.csv".to_owned(), skip_bad: true }).await;
            assert_eq!(refused.unwrap_err().to_string(), sentence);
        }
        let file = hq.folder.path().join("nowhere.csv");
        let refused = hq.ask(ImportItems { file, name: "nowhere.csv".to_owned(), skip_bad: true }).await;
        assert_eq!(
            refused.unwrap_err().to_string(),
            "nowhere.csv cannot be read: No such file or directory (os error 2)"
        );
    })
    .await;
}

#[tokio::test]
async fn a_price_by_hand_does_not_wait_for_a_long_import() {
    at_hq(async |hq| {
        let rows: String = (0..20_000).map(|n| format!("I{n:05},Item {n},1.00,22\n")).collect();
        let file = hq.folder.path().join("items.csv");
        std::fs::write(&file, format!("code,name,price,vat\n{rows}")).unwrap();
        let import = ImportItems { file, name: "items.csv".to_owned(), skip_bad: false };
        hq.ask(import.clone()).await.unwrap();
        assert_eq!(hq.ask(import).await.unwrap_err().to_string(), "items.csv is being imported: wait until it ends");
        assert_eq!(hq.ask(PutItems { items: vec![item("BY-HAND", 100)] }).await.unwrap().changed, 1);
        assert!(hq.imports.borrow().phase.is_running());
        let view = hq.imports.wait_for(|view| !view.phase.is_running()).await.unwrap().clone();
        assert_eq!((view.phase, view.changed), (ImportPhase::Done, 20_000));

        let first = browse::items(&hq.database.reader, "I000", "", None, 50).await.unwrap();
        assert_eq!((first.items.len(), first.next_after.as_deref()), (50, Some("I00049")));
        let second = browse::items(&hq.database.reader, "I000", "", first.next_after.as_deref(), 50).await.unwrap();
        assert_eq!((second.items.len(), second.next_after), (50, None));
        let named = browse::items(&hq.database.reader, "", "ITEM 1999", None, 5).await.unwrap();
        let codes: Vec<&str> = named.items.iter().map(|item| item.code.0.as_str()).collect();
        assert_eq!(codes, ["I01999", "I19990", "I19991", "I19992", "I19993"]);
        assert_eq!((named.next_after.as_deref(), named.cut_short), (Some("I19993"), false));
        let rare = browse::items(&hq.database.reader, "", "nothing is called this", None, 5).await.unwrap();
        assert!(rare.items.is_empty() && rare.cut_short && rare.next_after.is_some());
    })
    .await;
}
