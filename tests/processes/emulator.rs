//! An emulated device as a process of its own: the fiscal device or the payment terminal of one till. What it remembers lies
//! in a file, and its control port says what it has done.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;

use serde_json::Value;

use super::PATIENCE;
use super::program::{Program, free_port};

/// Kinds that keep what they know in a file.
const REMEMBER: [&str; 2] = ["shtrih", "zvt"];

pub(crate) struct Emulator {
    pub(crate) kind: &'static str,
    port: u16,
    control: u16,
    memory: PathBuf,
    program: Option<Program>,
}

impl Emulator {
    /// A device of this kind, switched on.
    pub(crate) async fn on(kind: &'static str, memory: PathBuf) -> Emulator {
        let mut emulator = Emulator { kind, port: free_port(), control: free_port(), memory, program: None };
        emulator.start().await;
        emulator
    }

    /// Switch it on; it has what it had.
    pub(crate) async fn start(&mut self) {
        let (tcp, control) = (format!("127.0.0.1:{}", self.port), format!("127.0.0.1:{}", self.control));
        let memory = self.memory.to_string_lossy();
        let mut args = vec![self.kind, "--tcp", &tcp, "--control", &control];
        // A scale is not switched off by those who kill the store.
        if REMEMBER.contains(&self.kind) {
            args.extend(["--memory", &memory]);
        }
        let mut program = Program::start("emulator", &args, self.memory.with_extension("log"));
        program.listens(self.control).await;
        self.program = Some(program);
    }

    pub(crate) fn kill(&mut self) {
        self.program.take().expect("it runs").kill();
    }

    /// As a till's settings name it.
    pub(crate) fn address(&self) -> String {
        format!("tcp://127.0.0.1:{}", self.port)
    }

    /// A word to its control port with what belongs to it, and the answer.
    fn control(&self, word: &str, rest: &str) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.control)).expect("the device is on");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time can be set");
        let head = format!("POST /{word} HTTP/1.1\r\nHost: emulator\r\nContent-Length: {}\r\n\r\n", rest.len());
        stream.write_all(format!("{head}{rest}").as_bytes()).expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let answer: Value = serde_json::from_str(body).expect("JSON");
        assert!(answer.get("error").is_none(), "{answer}");
        answer["ok"].clone()
    }

    /// Every link of it breaks at once.
    pub(crate) fn cut(&self) {
        self.control("cut", "");
    }

    pub(crate) fn fault(&self, fault: &str) {
        self.control("fault", fault);
    }

    /// Number, kind and total of every document of a fiscal device.
    pub(crate) fn documents(&self) -> Vec<String> {
        let documents = self.control("documents", "");
        let told = |document: &Value| {
            let kind = match &document["kind"] {
                Value::Object(receipt) => receipt["Receipt"].as_str().expect("an operation"),
                kind => kind.as_str().expect("a kind"),
            };
            format!("{} {kind} {}", document["number"], text(&document["total"]))
        };
        documents.as_array().expect("documents").iter().map(told).collect()
    }

    /// What lies in the memory of a label scale: number and price of each article.
    pub(crate) fn articles(&self) -> Vec<(u64, String)> {
        let items = self.control("items", "");
        let told = |item: &Value| (item["plu"].as_u64().expect("a number"), text(&item["price"]).to_owned());
        items.as_array().expect("items").iter().map(told).collect()
    }

    /// What a payment terminal has moved: the operation and its amount.
    pub(crate) fn charges(&self) -> Vec<String> {
        let charges = self.control("charges", "");
        let told = |charge: &Value| format!("{} {}", text(&charge["operation"]), text(&charge["amount"]));
        charges.as_array().expect("charges").iter().map(told).collect()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a text"))
}
