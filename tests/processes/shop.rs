//! A chain of one store as processes: head office, store server, what stands at its counters, and the settings of its tills.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use domain::ids::{StoreId, TillId};
use migrations::database::Database;
use migrations::{ServerMigrator, TillMigrator};
use serde_json::{Value, json};
use till::SagaStep;

use super::PATIENCE;
use super::emulator::Emulator;
use super::program::{Program, binary, free_port};
use super::terminal::Terminal;
use crate::sandbox::eventually;

const MACHINE_TOKEN: &str = "a long token of the exchange";
/// More tills than any test here needs.
const TILLS_MAX: u32 = 20;

/// Goods of the acceptance scenarios, and a few that are not there.
const GOODS: &str = "\
code,name,price,vat,barcodes,marked,min_age
MILK,Milk,89.90,10,4600000000015,false,
BREAD,Bread,45.50,10,4600000000022,false,
COFFEE,Coffee,349.00,22,4600000000039,false,
CHOC,Chocolate,119.99,22,4600000000046,false,
BAG,Bag,7.00,22,4600000000077,false,
WATER,Water,64.90,22,4600000000084,true,
BEER,Beer,99.00,22,4600000000091,false,18
LAMP100,Desk light,830.00,22,4600000000206,false,
SOFA,Sofa,47810.10,22,4600000000213,false,
";

/// People at the tills: number, name, PIN and role.
const PEOPLE: [[&str; 4]; 4] = [
    ["1", "Anna Ivanova", "1111", "cashier"],
    ["2", "Pavel Smirnov", "2222", "senior_cashier"],
    ["3", "Maria Popova", "3333", "cashier"],
    ["9", "Olga Petrova", "9999", "store_admin"],
];

/// What stands at one counter.
pub(crate) struct Counter {
    pub(crate) till: TillId,
    pub(crate) fiscal: Emulator,
    /// Without one a card is a tender that the cashier answers for.
    pub(crate) card: Option<Emulator>,
    pub(crate) language: &'static str,
}

impl Counter {
    pub(crate) fn charges(&self) -> Vec<String> {
        self.card.as_ref().map(Emulator::charges).unwrap_or_default()
    }
}

pub(crate) struct Shop {
    pub(crate) folder: tempfile::TempDir,
    hq_port: u16,
    store_port: u16,
}

impl Shop {
    pub(crate) fn new() -> Shop {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let shop = Shop { folder, hq_port: free_port(), store_port: free_port() };
        let (hq_port, store_port) = (shop.hq_port, shop.store_port);
        shop.write(
            "hq.toml",
            &format!(
                "data = {:?}\nlisten = \"127.0.0.1:{hq_port}\"\nadmin_password = \"not for a shop\"\n\
                 machines = [{{ machine = \"exchange\", token = \"{MACHINE_TOKEN}\", role = \"hq_admin\" }}]\n\
                 stores = [{{ store = \"S1\", token = \"token of S1\" }}]\n",
                shop.path("hq"),
            ),
        );
        let tills: Vec<String> = (1..=TILLS_MAX).map(|till| format!("\"{till}\" = \"token of till {till}\"")).collect();
        shop.write(
            "store.toml",
            &format!(
                "roles = [\"server\"]\nstore = \"S1\"\ndata = {:?}\nlisten = \"127.0.0.1:{store_port}\"\n\
                 [server]\nhq = \"ws://127.0.0.1:{hq_port}/link\"\ntoken = \"token of S1\"\ntills = {{ {} }}\n",
                shop.path("store"),
                tills.join(", "),
            ),
        );
        shop
    }

    /// Give the store these label scales.
    pub(crate) fn has_scales(&self, scales: &[Emulator]) {
        let mut settings = std::fs::read_to_string(self.path("store.toml")).expect("the settings are there");
        for scale in scales {
            let (kind, address) = (scale.kind, scale.address());
            settings += &format!("[[server.scales]]\nname = {kind:?}\nprotocol = {kind:?}\naddress = {address:?}\n");
        }
        self.write("store.toml", &settings);
    }

    /// Import goods.
    pub(crate) async fn import(&self, goods: String) {
        accepted(reqwest::Client::new().post(self.address("items/import?name=items.csv")).body(goods)).await;
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.path(name);
        std::fs::write(&file, text).expect("a file can be written");
        file
    }

    pub(crate) fn begin_hq(&self) -> Program {
        let settings = self.path("hq.toml");
        Program::start("hq-node", &["serve", "--config", &settings.to_string_lossy()], self.path("hq.log"))
    }

    pub(crate) fn begin_store(&self) -> Program {
        let settings = self.path("store.toml");
        Program::start("store-node", &["run", "--config", &settings.to_string_lossy()], self.path("store.log"))
    }

    /// Head office and store server, with people and goods.
    pub(crate) async fn start(&self) -> (Program, Program) {
        let (mut hq, mut store) = (self.begin_hq(), self.begin_store());
        hq.listens(self.hq_port).await;
        store.listens(self.store_port).await;
        for [number, name, pin, role] in PEOPLE {
            self.put(&format!("operators/{number}"), &json!({ "name": name, "pin": pin, "role": role })).await;
        }
        self.import(GOODS.to_owned()).await;
        (hq, store)
    }

    fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/api/v1/{path}", self.hq_port)
    }

    /// Tell the head office.
    pub(crate) async fn put(&self, path: &str, body: &Value) {
        accepted(reqwest::Client::new().put(self.address(path)).json(body)).await;
    }

    /// The settings of the till at a counter.
    fn till_settings(&self, counter: &Counter, server: SocketAddr, kill_at: Option<SagaStep>) -> PathBuf {
        let Counter { till, fiscal, card, language } = counter;
        let card = card.as_ref().map(|card| format!("card_terminal = {:?}\n", card.address())).unwrap_or_default();
        let kill_at = kill_at.map(|step| format!("kill_at = \"{}\"\n", step.name())).unwrap_or_default();
        self.write(
            &format!("till-{till}.toml"),
            &format!(
                "roles = [\"till\"]\nstore = \"S1\"\ndata = {:?}\nlisten = \"\"\nballast_mib = 0\n\
                 [till]\nnumber = {till}\nserver = \"ws://{server}/link\"\ntoken = \"token of till {till}\"\n\
                 fiscal = {:?}\nlanguage = {language:?}\n{card}{kill_at}",
                self.path("counter"),
                fiscal.address(),
            ),
        )
    }

    pub(crate) fn till(&self, counter: &Counter) -> Terminal {
        self.till_through(counter, self.store_address())
    }

    /// A till that reaches its store at `server`.
    pub(crate) fn till_through(&self, counter: &Counter, server: SocketAddr) -> Terminal {
        Terminal::open(&self.till_settings(counter, server, None))
    }

    pub(crate) fn store_address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.store_port))
    }

    /// A till that dies as soon as a receipt reaches `step`.
    pub(crate) fn mortal_till(&self, counter: &Counter, step: SagaStep) -> Terminal {
        Terminal::open(&self.till_settings(counter, self.store_address(), Some(step)))
    }

    /// A counter with a fiscal device.
    pub(crate) async fn counter(&self, till: TillId) -> Counter {
        let fiscal = Emulator::on("shtrih", self.path(&format!("fiscal-{till}"))).await;
        Counter { till, fiscal, card: None, language: "en" }
    }

    /// And with a payment terminal.
    pub(crate) async fn counter_with_card(&self, till: TillId) -> Counter {
        let card = Emulator::on("zvt", self.path(&format!("card-{till}"))).await;
        Counter { card: Some(card), ..self.counter(till).await }
    }

    /// The report as a person asks for it while the head office runs.
    pub(crate) fn report(&self) -> String {
        let mut command = Command::new(binary("hq-node"));
        command.args(["report", "sales", "--by", "till", "--format", "csv", "--data"]).arg(self.path("hq"));
        let output = command.output().expect("the command runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("a report is text")
    }

    /// A report of the head office by its address, if it answers.
    pub(crate) async fn rows(&self, report: &str) -> Option<Vec<Value>> {
        let address = self.address(&format!("reports/{report}"));
        let answer = reqwest::Client::new().get(address).bearer_auth(MACHINE_TOKEN).send().await.ok()?;
        answer.json().await.ok()
    }

    /// Receipts in the head office's report, if it answers.
    pub(crate) async fn receipts_at_hq(&self) -> Option<u64> {
        let rows = self.rows("sales?by=till&format=json").await?;
        Some(rows.iter().map(|row| row["receipts"].as_u64().expect("a count")).sum())
    }

    pub(crate) async fn hq_has(&self, receipts: u64) {
        let what = format!("{receipts} receipts in the head office's report");
        let look = async || self.receipts_at_hq().await.filter(|count| *count >= receipts);
        assert_eq!(eventually(&what, PATIENCE, look).await, receipts);
    }

    pub(crate) async fn till_database(&self, till: TillId) -> Database {
        let file = self.path("counter").join(format!("S1/till-{till}/till.sqlite"));
        Database::open_sqlite::<TillMigrator>(&file).await.expect("the till's database opens")
    }

    /// The journal of a till that has stopped is whole.
    pub(crate) async fn verify_journal(&self, till: TillId) {
        let database = self.till_database(till).await;
        till::records::verify_journal(&database).await.expect("the journal is whole");
        database.close().await.expect("it closes");
    }

    /// The end of a till's chain of documents, as till, store and head office have it. All of them have stopped.
    pub(crate) async fn chain_heads(&self, till: TillId) -> [Option<(u64, [u8; 16])>; 3] {
        let store = StoreId::new("S1").expect("a code");
        let at_till = self.till_database(till).await;
        let mut heads =
            [link::outbox::chain_head(&at_till.reader, &store, till).await.expect("it is read"), None, None];
        for (head, file) in heads[1..].iter_mut().zip(["store/S1/store.sqlite", "hq/hq.sqlite"]) {
            let database = Database::open_sqlite::<ServerMigrator>(&self.path(file)).await.expect("it opens");
            *head = link::apply::origin_head(&database.reader, &store, till).await.expect("it is read");
        }
        heads
    }
}

/// The head office does it.
async fn accepted(request: reqwest::RequestBuilder) {
    let answer = request.bearer_auth(MACHINE_TOKEN).send().await.expect("the head office answers");
    let status = answer.status();
    assert!(status.is_success(), "{status}: {}", answer.text().await.unwrap_or_default());
}
