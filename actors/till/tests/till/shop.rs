//! A shop of one till for the tests: files and a device that outlive the node, and the scenarios' goods.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use devices::fiscal::shtrih::{Shtrih, Timing};
use devices::printer::escpos::EscPos;
use devices::sim::escpos::PrinterHandle;
use devices::sim::scale::Platform;
use devices::sim::shtrih::{EmulatorHandle, EmulatorSettings, StoredDocument, StoredKind};
use devices::sim::zvt::{TerminalHandle, TerminalSettings};
use devices::terminal::Cancel;
use devices::terminal::zvt::{Deadlines, Zvt};
use domain::ids::{ItemCode, StoreId, TillId};
use messages::codec::to_body;
use messages::v1::catalogue::{ITEMS, Item};
use messages::v1::document::{AuditKind, AuditNoted, Document};
use messages::v1::receipt::{Receipt, TenderType};
use messages::v1::settings::{Section, TILL_SETTINGS};
use messages::v1::till::{Answer, Ask, TillCommand, TillError, TillReply};
use messages::v1::view::TillView;
use migrations::TillMigrator;
use migrations::database::Database;
use runtime::clock::Clock;
use runtime::disk::Disk;
use runtime::node::{Node, Tree};
use runtime::reference::{ActorRef, SendError};
use runtime::spec::{ChildSpec, Restart, Strategy};
use sea_orm::{ConnectionTrait, Statement};
use tempfile::TempDir;
use till::catalogue::Catalogue;
use till::{
    Counter as CounterPorts, ShowTill, StepHook, TerminalFactory, Till, TillPorts, TillSettings, TrainingGround,
    UnknownOperators,
};

pub(crate) use above::Above;
pub(crate) use commands::*;

#[path = "shop/above.rs"]
mod above;
#[path = "shop/accounts.rs"]
pub(crate) mod accounts;
#[path = "shop/commands.rs"]
mod commands;
#[path = "shop/goods.rs"]
mod goods;

/// Waits short enough for a test and long enough for a busy machine.
const QUICK: Timing =
    Timing { enquiry: Duration::from_millis(200), look: Duration::from_millis(200), byte: Duration::from_millis(60) };
const QUICK_TERMINAL: Deadlines = Deadlines {
    ack: Duration::from_millis(300),
    query: Duration::from_millis(400),
    answer: Duration::from_millis(800),
};

/// What outlives a power cut.
pub(crate) struct Shop {
    /// The node above. None: there is none.
    pub(crate) above: Option<Above>,
    pub(crate) files: TempDir,
    pub(crate) emulator: EmulatorHandle,
    pub(crate) card: TerminalHandle,
    pub(crate) qr: TerminalHandle,
    pub(crate) scale: Platform,
    pub(crate) printer: PrinterHandle,
    /// The fiscal device of the training ground.
    pub(crate) toy: EmulatorHandle,
    /// Rings when the cashier wants a terminal to stop.
    pub(crate) cancel: Cancel,
    pub(crate) clock: Clock,
    pub(crate) disk: Disk,
    pub(crate) settings: TillSettings,
    pub(crate) restart: Restart,
    /// Nothing but the fiscal device stands on the counter.
    pub(crate) bare: bool,
    sections: RefCell<BTreeMap<String, Vec<u8>>>,
    goods_loaded: Cell<bool>,
}

/// One life of the node.
pub(crate) struct Counter {
    till: ActorRef<TillCommand>,
    show: ActorRef<ShowTill>,
    pub(crate) node: Node,
    pub(crate) database: Database,
    pub(crate) catalogue: Catalogue,
}

impl Shop {
    pub(crate) fn new() -> Shop {
        let mut settings = TillSettings::new(StoreId::new("S1").expect("a code"), TillId(1));
        settings.unknown_operators = UnknownOperators::Allow;
        Shop {
            above: None,
            files: TempDir::new().expect("a folder"),
            emulator: EmulatorHandle::new(EmulatorSettings::default()),
            card: TerminalHandle::new(TerminalSettings::default()),
            qr: TerminalHandle::new(TerminalSettings::default()),
            scale: Platform::new(),
            printer: PrinterHandle::new(),
            toy: EmulatorHandle::new(EmulatorSettings::default()),
            cancel: Cancel::default(),
            clock: Clock::by_hand(time("2026-03-02T10:00:00+03:00")),
            disk: Disk::default(),
            settings,
            restart: Restart::Permanent,
            bare: false,
            sections: RefCell::default(),
            goods_loaded: Cell::new(false),
        }
    }

    /// A shop where only its staff may work: 8 is a cashier, 5 a senior one, 1 the administrator.
    pub(crate) fn staffed() -> Shop {
        let mut shop = Shop::new();
        shop.settings.unknown_operators = UnknownOperators::Refuse;
        shop
    }

    /// A node that nobody starts again after it fails: the process is gone.
    pub(crate) fn dying(hook: StepHook) -> Shop {
        let mut shop = Shop::new();
        shop.settings.on_step = Some(hook);
        shop.restart = Restart::Temporary;
        shop
    }

    /// A section of the settings, for the lives that begin after it.
    pub(crate) fn set<S: Section>(&self, section: &S) {
        self.sections.borrow_mut().insert(S::NAME.to_owned(), to_body(section));
    }

    pub(crate) fn later(&self, by: TimeDelta) {
        self.clock.set(self.clock.now() + by);
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
            catalogue: catalogue.clone(),
            clock: self.clock.clone(),
            disk: self.disk.clone(),
            device: Arc::new(move || Box::new(Shtrih::with_timing(emulator.connector(), QUICK))),
            above,
            views: None,
            outbox_bell: None,
            compared: None,
            counter: if self.bare { CounterPorts::default() } else { self.counter_ports() },
        };
        let spec = ChildSpec::new("till/1", "till", Till::factory(self.settings.clone(), ports)).restart(self.restart);
        let child = tree.child(spec);
        let node = tree.start().await;
        Counter { till: child.reference(), show: child.reference(), node, database, catalogue }
    }

    fn counter_ports(&self) -> CounterPorts {
        let (scale, printer, toy) = (self.scale.clone(), self.printer.clone(), self.toy.clone());
        let toy_card = TerminalHandle::new(TerminalSettings::default());
        let training = TrainingGround {
            folder: self.training_folder(),
            device: Arc::new(move || Box::new(Shtrih::with_timing(toy.connector(), QUICK))),
            counter: Arc::new(CounterPorts { card_terminal: Some(terminal(&toy_card)), ..CounterPorts::default() }),
        };
        CounterPorts {
            card_terminal: Some(terminal(&self.card)),
            qr_terminal: Some(terminal(&self.qr)),
            cancel: self.cancel.clone(),
            scale: Some(Arc::new(move || devices::scale::all()[0].simulated(&scale))),
            printer: Some(Arc::new(move || Box::new(EscPos::new(printer.connector())))),
            training: Some(training),
        }
    }

    pub(crate) fn training_folder(&self) -> std::path::PathBuf {
        self.files.path().join("training")
    }

    async fn catalogue(&self, file: &Path) -> Catalogue {
        let catalogue = Catalogue::open(file).await.expect("a catalogue");
        if !self.goods_loaded.replace(true) {
            goods::load(&catalogue).await;
        }
        let sections: Vec<_> = std::mem::take(&mut *self.sections.borrow_mut()).into_iter().collect();
        if !sections.is_empty() {
            goods::keep(&catalogue.sink(), TILL_SETTINGS, sections).await;
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

fn terminal(handle: &TerminalHandle) -> TerminalFactory {
    let handle = handle.clone();
    Arc::new(move || Box::new(Zvt::with_deadlines(handle.connector(), QUICK_TERMINAL)))
}

impl Counter {
    pub(crate) async fn ask(&self, command: TillCommand) -> Result<Result<TillReply, TillError>, SendError> {
        self.till.ask_within(Duration::from_secs(60), command).await
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
            Ok(Err(TillError::WaitingForTerminal { .. })) => "waiting_for_terminal".to_owned(),
            Ok(Err(TillError::NotStored { .. })) => "not_stored".to_owned(),
            other => panic!("{said}: {other:?}"),
        }
    }

    /// What the till asks back.
    pub(crate) async fn asked(&self, command: TillCommand) -> Ask {
        let said = format!("{command:?}");
        match self.ask(command).await {
            Ok(Err(TillError::Asks(ask))) => ask,
            other => panic!("{said}: {other:?}"),
        }
    }

    /// The answer of a till that may not be there.
    pub(crate) async fn ask_shortly(&self, command: TillCommand) -> Option<Result<TillReply, TillError>> {
        self.till.ask_within(Duration::from_millis(500), command).await.ok()
    }

    /// Why the till does not run.
    pub(crate) async fn failure(&self) -> String {
        let tree = self.node.look().await.expect("the tree");
        let till = tree.children.into_iter().find(|child| child.path == "till/1").expect("the till");
        till.last_failure.unwrap_or_default()
    }

    pub(crate) async fn answer(&self, answer: Answer) -> TillReply {
        self.give(TillCommand::Answer(answer)).await
    }

    /// The right for which a supervisor is asked.
    pub(crate) async fn lacks(&self, command: TillCommand) -> String {
        match self.asked(command).await {
            Ask::Approval { right } => right,
            other => panic!("a supervisor should be asked, not {other:?}"),
        }
    }

    pub(crate) async fn open_shift_as(&self, operator: &str, pin: &str, float: &str) {
        let open = TillCommand::OpenShift { operator: number(operator), pin: pin.to_owned(), float: money(float) };
        self.give(open).await;
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
        let till = tree.children.iter().find(|child| child.path == "till/1").expect("the till");
        let state = till.state.clone().expect("a till that shows its state");
        state["commits"].as_u64().expect("a number")
    }

    /// Notes for the loss-prevention reports of this kind.
    pub(crate) async fn audits(&self, kind: AuditKind) -> Vec<AuditNoted> {
        let noted = |document| match document {
            Document::AuditNoted(noted) if noted.kind == kind => Some(*noted),
            _ => None,
        };
        self.outbox().await.into_iter().filter_map(noted).collect()
    }

    pub(crate) async fn journal_count(&self, kind: &str) -> usize {
        self.journal_kinds().await.iter().filter(|found| *found == kind).count()
    }

    /// The head office changes an item while the till runs.
    pub(crate) async fn put_item(&self, item: &Item) {
        goods::keep(&self.catalogue.sink(), ITEMS, vec![(item.code.0.clone(), to_body(item))]).await;
    }

    pub(crate) async fn item(&self, code: &str) -> Item {
        self.catalogue.by_code(&ItemCode(code.to_owned())).await.expect("a catalogue").expect(code)
    }

    pub(crate) async fn verify(&self) {
        till::records::verify_journal(&self.database).await.expect("an unbroken journal");
    }
}
