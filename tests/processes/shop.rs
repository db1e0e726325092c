//! A chain of one store as processes: head office, store server, what stands at its counters, and the settings of its tills.
//! Their databases are files, and the head office is one process; or they are on a server, and it is three with NATS between.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use domain::ids::{StoreId, TillId};
use migrations::database::{Database, Location};
use migrations::entity::out_head;
use migrations::{ServerMigrator, TillMigrator, scratch};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use till::SagaStep;

use super::PATIENCE;
use super::emulator::Emulator;
use super::office::nats_server;
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

/// The processes of a head office and their roles; people and machines ask the last one.
const ONE: &[(&str, &str)] = &[("hq", "")];
const THREE: &[(&str, &str)] = &[("gate", "gateway"), ("ingest", "ingest"), ("web", "ingest,root,web")];

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

/// A process of the head office.
struct Part {
    name: &'static str,
    port: u16,
}

pub(crate) struct Shop {
    pub(crate) folder: tempfile::TempDir,
    parts: Vec<Part>,
    store_port: u16,
    /// Where the databases of the store and of the head office are.
    databases: [Location; 2],
    _nats: Option<Program>,
}

impl Shop {
    pub(crate) fn new() -> Shop {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let databases = ["store/S1/store.sqlite", "hq/hq.sqlite"].map(|file| Location::File(folder.path().join(file)));
        Shop::of(folder, ONE, databases, None)
    }

    pub(crate) async fn on_servers() -> Shop {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = scratch::location(folder.path(), "store.sqlite").await;
        let hq = scratch::location(folder.path(), "hq.sqlite").await;
        let port = free_port();
        let nats = nats_server(port, folder.path()).await;
        Shop::of(folder, THREE, [store, hq], Some((nats, port)))
    }

    fn of(
        folder: tempfile::TempDir,
        parts: &[(&'static str, &str)],
        databases: [Location; 2],
        nats: Option<(Program, u16)>,
    ) -> Shop {
        let named = parts.iter().map(|(name, _)| Part { name, port: free_port() }).collect();
        let (nats, nats_port) = nats.unzip();
        let shop = Shop { folder, parts: named, store_port: free_port(), databases, _nats: nats };
        let [store_database, hq_database] = shop.databases.each_ref().map(|database| match database {
            Location::File(_) => String::new(),
            Location::Postgres(url) => format!("database = {url:?}\n"),
        });
        for (Part { name, port }, (_, roles)) in shop.parts.iter().zip(parts) {
            let between = nats_port.map(|nats| format!("nats = \"nats://127.0.0.1:{nats}\"\nroles = {roles:?}\n"));
            shop.write(
                &format!("{name}.toml"),
                &format!(
                    "data = {:?}\nlisten = \"127.0.0.1:{port}\"\nadmin_password = \"not for a shop\"\n{hq_database}{}\
                     machines = [{{ machine = \"exchange\", token = \"{MACHINE_TOKEN}\", role = \"hq_admin\" }}]\n\
                     stores = [{{ store = \"S1\", token = \"token of S1\" }}]\n",
                    shop.path(name),
                    between.unwrap_or_default(),
                ),
            );
        }
        let (links, store_port) = (shop.parts[0].port, shop.store_port);
        let tills: Vec<String> = (1..=TILLS_MAX).map(|till| format!("\"{till}\" = \"token of till {till}\"")).collect();
        shop.write(
            "store.toml",
            &format!(
                "roles = [\"server\"]\nstore = \"S1\"\ndata = {:?}\nlisten = \"127.0.0.1:{store_port}\"\n\
                 [server]\n{store_database}hq = \"ws://127.0.0.1:{links}/link\"\ntoken = \"token of S1\"\ntills = {{ {} }}\n",
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

    /// The head office, or its first process.
    pub(crate) fn begin_hq(&self) -> Program {
        self.begin_part(0)
    }

    pub(crate) fn begin_part(&self, part: usize) -> Program {
        let name = self.parts[part].name;
        let settings = self.path(&format!("{name}.toml"));
        let args = ["serve", "--config", &settings.to_string_lossy()];
        Program::start("hq-node", &args, self.path(&format!("{name}.log")))
    }

    pub(crate) fn begin_store(&self) -> Program {
        let settings = self.path("store.toml");
        Program::start("store-node", &["run", "--config", &settings.to_string_lossy()], self.path("store.log"))
    }

    /// Head office and store server, with people and goods.
    pub(crate) async fn start(&self) -> (Program, Program) {
        let (mut parts, store) = self.start_parts().await;
        (parts.remove(0), store)
    }

    /// The same, with all processes of the head office.
    pub(crate) async fn start_parts(&self) -> (Vec<Program>, Program) {
        let mut parts: Vec<Program> = (0..self.parts.len()).map(|part| self.begin_part(part)).collect();
        let mut store = self.begin_store();
        for (program, part) in parts.iter_mut().zip(&self.parts) {
            program.listens(part.port).await;
        }
        store.listens(self.store_port).await;
        for [number, name, pin, role] in PEOPLE {
            self.put(&format!("operators/{number}"), &json!({ "name": name, "pin": pin, "role": role })).await;
        }
        self.import(GOODS.to_owned()).await;
        (parts, store)
    }

    fn address(&self, path: &str) -> String {
        let asked = self.parts.last().expect("a head office has a process").port;
        format!("http://127.0.0.1:{asked}/api/v1/{path}")
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
        command.args(["report", "sales", "--by", "till", "--format", "csv"]);
        match &self.databases[1] {
            Location::File(_) => command.arg("--data").arg(self.path("hq")),
            Location::Postgres(url) => command.args(["--database", url]),
        };
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

    /// The store has acknowledged all that a till has written. Its screen may say so a moment too early.
    pub(crate) async fn has_sent_all(&self, till: TillId) {
        let database = self.till_database(till).await;
        let all = async || {
            let head = out_head::Entity::find().one(&database.reader).await.expect("it is read");
            head.is_some_and(|head| head.acked_seq == head.seq).then_some(())
        };
        eventually("all of a till's documents acknowledged", PATIENCE, all).await;
        database.close().await.expect("it closes");
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
        for (head, at) in heads[1..].iter_mut().zip(&self.databases) {
            let database = Database::open::<ServerMigrator>(at).await.expect("it opens");
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
