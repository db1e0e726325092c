//! A shop of one till for the tests: files and a device that outlive the node, and the scenarios' goods.

use std::path::Path;
use std::sync::Arc;

use chrono::DateTime;
use devices::fiscal::shtrih::{Shtrih, Timing};
use devices::sim::shtrih::{EmulatorHandle, EmulatorSettings, StoredDocument, StoredKind};
use domain::ids::{ItemCode, OperatorNumber, StoreId, TillId};
use domain::money::Money;
use domain::quantity::Quantity;
use link::datasets::{Change, DatasetSink};
use link::requests::{AskAbove, FIND_RECEIPT, RequestError};
use messages::codec::to_body;
use messages::v1::catalogue::{BARCODE_RULES, BarcodeKind, BarcodeRule, ITEMS, Item, OPERATORS, Operator, Role, Unit};
use messages::v1::document::Document;
use messages::v1::receipt::{FoundReceipt, Receipt, TenderType};
use messages::v1::till::{ItemChoice, TillCommand, TillError, TillReply};
use messages::v1::view::TillView;
use migrations::TillMigrator;
use migrations::database::Database;
use runtime::actor::{Actor, Handle, Scope};
use runtime::clock::Clock;
use runtime::node::{Node, Tree};
use runtime::reference::{ActorRef, SendError};
use runtime::spec::{ChildSpec, Restart, Strategy};
use sea_orm::{ConnectionTrait, Statement};
use tempfile::TempDir;
use till::catalogue::Catalogue;
use till::{ShowTill, StepHook, Till, TillPorts, TillSettings, UnknownOperators};

/// Waits short enough for a test and long enough for a busy machine.
const QUICK: Timing = Timing {
    enquiry: std::time::Duration::from_millis(200),
    look: std::time::Duration::from_millis(200),
    byte: std::time::Duration::from_millis(60),
};

/// What outlives a power cut.
pub(crate) struct Shop {
    /// What the node above knows of receipts. None: there is no node above.
    pub(crate) above: Option<Above>,
    pub(crate) files: TempDir,
    pub(crate) emulator: EmulatorHandle,
    pub(crate) clock: Clock,
    pub(crate) settings: TillSettings,
    pub(crate) restart: Restart,
    goods_loaded: std::cell::Cell<bool>,
}

/// The node above: it answers what it is told to, or has no line.
#[derive(Clone)]
pub(crate) struct Above {
    pub(crate) answer: Result<FoundReceipt, RequestError>,
}

impl Actor for Above {
    type State = ();
    fn observe(&self) {}
}

impl Handle<AskAbove> for Above {
    async fn handle(&mut self, question: AskAbove, _: &Scope<Above>) -> Result<Vec<u8>, RequestError> {
        assert_eq!(question.type_id, FIND_RECEIPT);
        self.answer.clone().map(|found| to_body(&found))
    }
}

/// One life of the node.
pub(crate) struct Counter {
    till: ActorRef<TillCommand>,
    show: ActorRef<ShowTill>,
    pub(crate) node: Node,
    pub(crate) database: Database,
}

impl Shop {
    pub(crate) fn new() -> Shop {
        let mut settings = TillSettings::new(StoreId::new("S1").expect("a code"), TillId(1));
        settings.unknown_operators = UnknownOperators::Allow;
        Shop {
            above: None,
            files: TempDir::new().expect("a folder"),
            emulator: EmulatorHandle::new(EmulatorSettings::default()),
            clock: Clock::by_hand(DateTime::parse_from_rfc3339("2026-03-02T10:00:00+03:00").expect("a time")),
            settings,
            restart: Restart::Permanent,
            goods_loaded: std::cell::Cell::new(false),
        }
    }

    /// A node that nobody starts again after it fails: the process is gone.
    pub(crate) fn dying(hook: StepHook) -> Shop {
        let mut shop = Shop::new();
        shop.settings.on_step = Some(hook);
        shop.restart = Restart::Temporary;
        shop
    }

    /// Run one life of the node. Afterwards everything in memory is dropped, without a word to the till.
    pub(crate) fn run<T>(&self, story: impl AsyncFnOnce(&Counter) -> T) -> T {
        actix_rt::System::new().block_on(async {
            let counter = self.start().await;
            story(&counter).await
        })
    }

    async fn start(&self) -> Counter {
        let file = |name: &str| self.files.path().join(name);
        let database = Database::open_sqlite::<TillMigrator>(&file("till.db")).await.expect("a database");
        let catalogue = self.catalogue(&file("catalogue.db")).await;
        let emulator = self.emulator.clone();
        let mut tree = Tree::new("till");
        tree.group("till", Strategy::OneForOne);
        let above = self.above.clone().map(|above| {
            let factory = move || std::future::ready(Ok(above.clone()));
            tree.child(ChildSpec::new("above", "above", factory)).reference()
        });
        let ports = TillPorts {
            database: database.clone(),
            catalogue,
            clock: self.clock.clone(),
            device: Arc::new(move || Box::new(Shtrih::with_timing(emulator.connector(), QUICK))),
            above,
            views: None,
            outbox_bell: None,
        };
        let spec = ChildSpec::new("till/1", "till", Till::factory(self.settings.clone(), ports)).restart(self.restart);
        let child = tree.child(spec);
        let node = tree.start().await;
        Counter { till: child.reference(), show: child.reference(), node, database }
    }

    async fn catalogue(&self, file: &Path) -> Catalogue {
        let catalogue = Catalogue::open(file).await.expect("a catalogue");
        if !self.goods_loaded.replace(true) {
            load(&catalogue).await;
        }
        catalogue
    }

    /// Work on the database while the machine is off.
    pub(crate) fn mend(&self, sql: &str) {
        actix_rt::System::new().block_on(async {
            let file = self.files.path().join("till.db");
            let database = Database::open_sqlite::<TillMigrator>(&file).await.expect("a database");
            database.writer.execute_unprepared(sql).await.expect("a statement");
            database.close().await.expect("closed");
        });
    }

    /// Sales and returns in the fiscal storage.
    pub(crate) fn fiscal_receipts(&self) -> Vec<StoredDocument> {
        let receipt = |document: &StoredDocument| matches!(document.kind, StoredKind::Receipt(_));
        self.emulator.documents().into_iter().filter(receipt).collect()
    }
}

impl Counter {
    pub(crate) async fn ask(&self, command: TillCommand) -> Result<Result<TillReply, TillError>, SendError> {
        self.till.ask_within(std::time::Duration::from_secs(60), command).await
    }

    pub(crate) async fn give(&self, command: TillCommand) -> TillReply {
        let said = format!("{command:?}");
        match self.ask(command).await {
            Ok(Ok(reply)) => reply,
            other => panic!("{said}: {other:?}"),
        }
    }

    /// The code of the refusal, "waiting" or "not_stored".
    pub(crate) async fn refused(&self, command: TillCommand) -> String {
        let said = format!("{command:?}");
        match self.ask(command).await {
            Ok(Err(TillError::Refused { code, .. })) => code,
            Ok(Err(TillError::Waiting { .. })) => "waiting".to_owned(),
            Ok(Err(TillError::NotStored { .. })) => "not_stored".to_owned(),
            other => panic!("{said}: {other:?}"),
        }
    }

    pub(crate) async fn view(&self) -> TillView {
        let view = self.show.ask(ShowTill).await.expect("a till that shows itself");
        (*view).clone()
    }

    pub(crate) async fn open_shift(&self, float: &str) {
        self.give(TillCommand::OpenShift { operator: number("7"), pin: "1234".to_owned(), float: money(float) }).await;
    }

    pub(crate) async fn scan(&self, data: &str) -> TillReply {
        self.give(TillCommand::Scan { data: data.to_owned(), quantity: None }).await
    }

    pub(crate) async fn sell(&self, quantity: &str, code: &str) -> TillReply {
        self.give(sell(quantity, code)).await
    }

    pub(crate) async fn cash(&self, amount: &str) -> TillReply {
        self.give(pay(TenderType::Cash, amount)).await
    }

    /// Sell for cash and close.
    pub(crate) async fn sale(&self, lines: &[(&str, &str)], cash: &str) -> Receipt {
        for (quantity, code) in lines {
            self.sell(quantity, code).await;
        }
        closed(self.cash(cash).await)
    }

    /// All documents for the store, in order.
    pub(crate) async fn outbox(&self) -> Vec<Document> {
        let reader = &self.database.reader;
        let sql =
            Statement::from_string(reader.get_database_backend(), "SELECT type_id, body FROM outbox ORDER BY seq");
        let rows = reader.query_all_raw(sql).await.expect("the outbox");
        rows.iter()
            .map(|row| {
                let type_id: i64 = row.try_get("", "type_id").expect("a type");
                let body: Vec<u8> = row.try_get("", "body").expect("a body");
                Document::from_body(u32::try_from(type_id).expect("a type"), &body).expect("a document")
            })
            .collect()
    }

    pub(crate) async fn receipts(&self) -> Vec<till::records::EndedReceipt> {
        till::records::receipts(&self.database, 0, 10_000).await.expect("receipts")
    }

    pub(crate) async fn journal_kinds(&self) -> Vec<String> {
        let entries = till::records::journal(&self.database, 1, 10_000).await.expect("the journal");
        entries.into_iter().map(|entry| entry.kind.into_owned()).collect()
    }

    /// Commits of this life, as an operator sees them.
    pub(crate) async fn commits(&self) -> u64 {
        let tree = self.node.look().await.expect("the tree");
        let state = tree.children[0].state.clone().expect("a till that shows its state");
        state["commits"].as_u64().expect("a number")
    }

    pub(crate) async fn verify(&self) {
        till::records::verify_journal(&self.database).await.expect("an unbroken journal");
    }
}

pub(crate) fn money(text: &str) -> Money {
    text.parse().expect(text)
}

pub(crate) fn quantity(text: &str) -> Quantity {
    text.parse().expect(text)
}

pub(crate) fn number(text: &str) -> OperatorNumber {
    OperatorNumber(text.to_owned())
}

pub(crate) fn sell(amount: &str, code: &str) -> TillCommand {
    TillCommand::Sell {
        item: ItemChoice::Code(ItemCode(code.to_owned())),
        quantity: quantity(amount),
        price: None,
        vat: None,
    }
}

pub(crate) fn pay(tender: TenderType, amount: &str) -> TillCommand {
    TillCommand::Pay { tender, amount: money(amount), number: None }
}

pub(crate) fn closed(reply: TillReply) -> Receipt {
    *reply.receipt.expect("a closed receipt")
}

/// `rate: amount` of the VAT of a receipt.
pub(crate) fn vat(receipt: &Receipt) -> Vec<String> {
    receipt.vat.iter().map(|vat| format!("{}: {}", vat.rate, vat.amount)).collect()
}

async fn load(catalogue: &Catalogue) {
    let goods = [
        ("MILK", "4600000000015", "89.90", "10"),
        ("BREAD", "4600000000022", "45.50", "10"),
        ("COFFEE", "4600000000039", "349.00", "22"),
        ("CHOC", "4600000000046", "119.99", "22"),
        ("BAG", "4600000000077", "7.00", "22"),
        ("SHAMPOO", "4600000000121", "259.00", "22"),
        ("GIFT", "", "0.00", "22"),
    ];
    let mut items: Vec<Item> = goods
        .iter()
        .map(|(code, barcode, price, vat)| Item {
            barcodes: if barcode.is_empty() { Vec::new() } else { vec![(*barcode).to_owned()] },
            ..item(code, price, vat)
        })
        .collect();
    items.push(Item { plu: Some(123), unit: Unit::Kilogram, ..item("APPLE", "129.90", "10") });
    items.push(Item { plu: Some(456), unit: Unit::Kilogram, ..item("CHEESE", "749.00", "10") });
    let rule = |prefix: &str, kind, decimals| BarcodeRule {
        prefix: prefix.to_owned(),
        length: 13,
        item: [2, 5],
        value: [7, 5],
        decimals,
        kind,
    };
    let rules = [rule("22", BarcodeKind::Weight, 3), rule("24", BarcodeKind::Price, 2)];
    let sink = catalogue.sink();
    let rows = items.iter().map(|item| (item.code.0.clone(), to_body(item))).collect();
    keep(&sink, ITEMS, rows).await;
    keep(&sink, BARCODE_RULES, rules.iter().map(|rule| (format!("{}/13", rule.prefix), to_body(rule))).collect()).await;
    let staff =
        Operator {
            number: number("8"), name: "Петрова".to_owned(), pin_hash: pin_hash("4321"), role: Role::Cashier
        };
    keep(&sink, OPERATORS, vec![("8".to_owned(), to_body(&staff))]).await;
}

fn pin_hash(pin: &str) -> String {
    use argon2::password_hash::PasswordHasher;
    argon2::Argon2::default().hash_password(pin.as_bytes()).expect("a hash").to_string()
}

fn item(code: &str, price: &str, vat: &str) -> Item {
    Item {
        code: ItemCode(code.to_owned()),
        name: code.to_owned(),
        price: money(price),
        vat: vat.parse().expect("a rate"),
        unit: Unit::Piece,
        barcodes: Vec::new(),
        plu: None,
        group: None,
        marked: false,
        min_age: None,
        discountable: true,
    }
}

pub(crate) async fn keep(sink: &impl DatasetSink, dataset: &'static str, rows: Vec<(String, Vec<u8>)>) {
    let before = sink.version(dataset).await.expect("a version");
    let upto = before + rows.len() as u64;
    let changes = (before + 1..).zip(rows).map(|(version, (key, body))| Change { key, version, deleted: false, body });
    sink.keep(dataset, changes.collect(), upto).await.expect("rows kept");
}
