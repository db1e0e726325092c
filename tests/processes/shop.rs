//! A chain of one store as processes: head office, store server, fiscal devices, and the settings of its tills.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;

use domain::ids::{StoreId, TillId};
use migrations::database::Database;
use migrations::{ServerMigrator, TillMigrator};
use serde_json::{Value, json};
use till::SagaStep;

use super::PATIENCE;
use super::program::{Program, binary, free_port};
use super::terminal::{MILK, Terminal};
use crate::sandbox::eventually;

const MACHINE_TOKEN: &str = "a long token of the exchange";
/// How often the terminal's own till numbers go: more than any test here needs.
const TILLS_MAX: u32 = 9;

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

    /// Head office and store server, with an operator and a bottle of milk.
    pub(crate) async fn start(&self) -> (Program, Program) {
        let (mut hq, mut store) = (self.begin_hq(), self.begin_store());
        hq.listens(self.hq_port).await;
        store.listens(self.store_port).await;
        let client = reqwest::Client::new();
        let address = |path: &str| format!("http://127.0.0.1:{}/api/v1/{path}", self.hq_port);
        let operator = json!({ "name": "Anna Ivanova", "pin": "1111", "role": "cashier" });
        let items = format!("code,name,price,vat,barcodes\nMILK,Milk,89.90,10,{MILK}\n");
        let requests = [
            client.put(address("operators/1")).json(&operator),
            client.post(address("items/import?name=items.csv")).body(items),
        ];
        for request in requests {
            let answer = request.bearer_auth(MACHINE_TOKEN).send().await.expect("the head office answers");
            let status = answer.status();
            assert!(status.is_success(), "{status}: {}", answer.text().await.unwrap_or_default());
        }
        (hq, store)
    }

    /// The settings of a till, for which a fiscal device is running.
    fn till_settings(&self, till: TillId, fiscal: &Fiscal, kill_at: Option<SagaStep>) -> PathBuf {
        let kill_at = kill_at.map(|step| format!("kill_at = \"{}\"\n", step.name())).unwrap_or_default();
        self.write(
            &format!("till-{till}.toml"),
            &format!(
                "roles = [\"till\"]\nstore = \"S1\"\ndata = {:?}\nlisten = \"\"\n\
                 [till]\nnumber = {till}\nserver = \"ws://127.0.0.1:{}/link\"\ntoken = \"token of till {till}\"\n\
                 fiscal = \"tcp://127.0.0.1:{}\"\n{kill_at}",
                self.path("counter"),
                self.store_port,
                fiscal.port,
            ),
        )
    }

    pub(crate) fn till(&self, till: TillId, fiscal: &Fiscal) -> Terminal {
        Terminal::open(&self.till_settings(till, fiscal, None))
    }

    /// A till that dies as soon as a receipt reaches `step`.
    pub(crate) fn mortal_till(&self, till: TillId, fiscal: &Fiscal, step: SagaStep) -> Terminal {
        Terminal::open(&self.till_settings(till, fiscal, Some(step)))
    }

    pub(crate) async fn fiscal(&self, till: TillId) -> Fiscal {
        let (port, control) = (free_port(), free_port());
        let mut fiscal = Fiscal { port, control, memory: self.path(&format!("fiscal-{till}")), program: None };
        fiscal.start().await;
        fiscal
    }

    /// The report as a person asks for it while the head office runs.
    pub(crate) fn report(&self) -> String {
        let mut command = Command::new(binary("hq-node"));
        command.args(["report", "sales", "--by", "till", "--format", "csv", "--data"]).arg(self.path("hq"));
        let output = command.output().expect("the command runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("a report is text")
    }

    /// Receipts in the head office's report, if it answers.
    pub(crate) async fn receipts_at_hq(&self) -> Option<u64> {
        let address = format!("http://127.0.0.1:{}/api/v1/reports/sales?by=till&format=json", self.hq_port);
        let answer = reqwest::Client::new().get(address).bearer_auth(MACHINE_TOKEN).send().await.ok()?;
        let rows: Value = answer.json().await.ok()?;
        let counts = rows.as_array()?.iter().map(|row| row["receipts"].as_u64().expect("a count"));
        Some(counts.sum())
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

/// The fiscal device of one till.
pub(crate) struct Fiscal {
    port: u16,
    control: u16,
    memory: PathBuf,
    program: Option<Program>,
}

impl Fiscal {
    /// Switch it on; it has what it had.
    pub(crate) async fn start(&mut self) {
        let (tcp, control) = (format!("127.0.0.1:{}", self.port), format!("127.0.0.1:{}", self.control));
        let memory = self.memory.to_string_lossy();
        let args = ["--tcp", &tcp, "--control", &control, "--memory", &memory];
        let mut program = Program::start("shtrih-emulator", &args, self.memory.with_extension("log"));
        program.listens(self.control).await;
        self.program = Some(program);
    }

    pub(crate) fn kill(&mut self) {
        self.program.take().expect("it runs").kill();
    }

    /// A word to its control port, and the answer.
    pub(crate) fn control(&self, word: &str) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.control)).expect("the device is on");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time can be set");
        stream.write_all(format!("{word}\n").as_bytes()).expect("it listens");
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).expect("it answers");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert!(answer.get("error").is_none(), "{answer}");
        answer["ok"].clone()
    }

    /// Number, kind and total of every document.
    pub(crate) fn documents(&self) -> Vec<String> {
        let documents = self.control("documents");
        let told = |document: &Value| {
            let kind = match &document["kind"] {
                Value::Object(receipt) => receipt["Receipt"].as_str().expect("an operation"),
                kind => kind.as_str().expect("a kind"),
            };
            format!("{} {kind} {}", document["number"], document["total"].as_str().expect("a total"))
        };
        documents.as_array().expect("documents").iter().map(told).collect()
    }
}
