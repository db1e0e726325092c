//! Receipts, printed by emupos: what it reads out of our bytes, its pictures read by ZBar, and its states read by our driver.

use std::path::Path;
use std::process::{ExitStatus, Stdio};

use devices::port;
use devices::printer::escpos::{CodePage, encode};
use devices::printer::{
    self, Align, DrawerPin, Paper, PrintLine, PrinterError, PrinterProblem, PrinterStatus, ReceiptPrinter,
};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::label::scan;

const FISCAL_QR: &str = "t=20261123T1200&s=179.80&fn=1&i=1&fp=1&n=1";

/// The printer as a process of its own.
struct Peer {
    child: Child,
    said: BufReader<ChildStdout>,
    told: ChildStdin,
    port: u16,
}

impl Peer {
    async fn start(folder: &Path) -> Peer {
        let python = std::env::var("EMUPOS_PYTHON").expect("EMUPOS_PYTHON names a Python");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/emupos_printer.py");
        let mut command = Command::new(python);
        command.arg(script).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the printer starts");
        let (said, told) = (child.stdout.take().expect("it is piped"), child.stdin.take().expect("it is piped"));
        let mut peer = Peer { child, said: BufReader::new(said), told, port: 0 };
        peer.port = peer.line().await.parse().expect("a port");
        peer
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).await.expect("the printer speaks");
        line.trim().to_owned()
    }

    async fn set(&mut self, fault: &str, state: &str) {
        self.told.write_all(format!("{fault} {state}\n").as_bytes()).await.expect("the printer listens");
        assert_eq!(self.line().await, "");
    }

    fn driver(&self, protocol: &str) -> Box<dyn ReceiptPrinter> {
        let address = format!("tcp://127.0.0.1:{}", self.port).parse().expect("an address");
        (printer::find(protocol).expect("it is spoken").driver)(port::connector(address))
    }

    /// What came out of it.
    async fn end(mut self) -> (Value, ExitStatus) {
        self.told.shutdown().await.expect("the printer listens");
        drop(self.told);
        let mut line = String::new();
        self.said.read_line(&mut line).await.expect("the printer speaks");
        let status = self.child.wait().await.expect("it ends");
        (serde_json::from_str(&line).expect("JSON"), status)
    }
}

fn text(text: &str) -> PrintLine {
    PrintLine::Text { text: text.into(), align: Align::Left, bold: false, double: false }
}

fn receipt() -> Vec<PrintLine> {
    vec![
        PrintLine::Text { text: "ИТОГО".into(), align: Align::Centre, bold: true, double: true },
        text("Сыр Российский, ёлка № 1  89,90 ₽"),
        PrintLine::Text { text: "съешь ЖЁ".into(), align: Align::Right, bold: false, double: false },
        PrintLine::Qr(FISCAL_QR.into()),
        PrintLine::Barcode("4601234567893".into()),
        PrintLine::Barcode("2200123005359".into()),
        PrintLine::Barcode("Till-7/{00042}".into()),
        PrintLine::Cut,
    ]
}

#[tokio::test]
#[ignore = "needs emupos 0.4.0: set EMUPOS_PYTHON to a Python that has it; and zbarimg of zbar-tools"]
async fn a_receipt_is_printed_as_it_was_meant() {
    let folder = tempfile::tempdir().expect("a folder");
    let protocols = ["escpos", "escpos-1251", "escpos-5890", "escpos-rp326"];
    let peer = Peer::start(folder.path()).await;
    for protocol in protocols {
        let mut driver = peer.driver(protocol);
        assert_eq!(driver.print(&receipt()).await, Ok(()), "{protocol}");
    }
    let (came_out, status) = peer.end().await;
    assert!(status.success());
    let lines = [
        "ИТОГО",
        "Сыр Российский, ёлка № 1  89,90 руб.",
        "съешь ЖЁ",
        &format!("[qr {FISCAL_QR}]"),
        "[barcode EAN-13 4601234567893]",
        "[barcode EAN-13 2200123005359]",
        "[barcode CODE128 Till-7/{00042}]",
    ];
    let cut = json!({ "lines": lines, "ended": "cut" });
    assert_eq!(came_out["receipts"], json!(vec![cut; protocols.len()]));
    // All that it cannot do is draw the letters of page 1251, which it still reads.
    let page_1251 = json!(["printer.codepage.unsupported", { "number": 46, "code_page": "WPC1251" }]);
    assert_eq!(came_out["events"], json!([page_1251]));
    let codes = format!("CODE-128:Till-7/{{00042}}\nEAN-13:2200123005359\nEAN-13:4601234567893\nQR-Code:{FISCAL_QR}");
    for number in 0..protocols.len() {
        let scanned = scan(&folder.path().join(format!("{number}.png")));
        let mut scanned: Vec<&str> = scanned.lines().collect();
        scanned.sort_unstable();
        assert_eq!(scanned.join("\n"), codes, "{number}");
    }
}

#[tokio::test]
#[ignore = "needs emupos 0.4.0: set EMUPOS_PYTHON to a Python that has it"]
async fn its_states_and_its_drawer_are_understood() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut peer = Peer::start(folder.path()).await;
    let mut driver = peer.driver("escpos");
    let ready = PrinterStatus { paper: Paper::There, problem: None, drawer_pin_is_high: false };
    assert_eq!(driver.status().await, Ok(ready));
    assert_eq!(driver.open_drawer(DrawerPin::Five).await, Ok(()));
    assert_eq!(driver.status().await, Ok(PrinterStatus { drawer_pin_is_high: true, ..ready }));
    for (fault, status, printed) in [
        ("paper-near-end", PrinterStatus { paper: Paper::NearEnd, drawer_pin_is_high: true, ..ready }, Ok(())),
        ("paper-out", PrinterStatus { paper: Paper::Out, ..ready }, Err(PrinterError::PaperOut)),
        (
            "cover-open",
            PrinterStatus { problem: Some(PrinterProblem::CoverOpen), drawer_pin_is_high: true, ..ready },
            Err(PrinterError::Problem(PrinterProblem::CoverOpen)),
        ),
        (
            "offline",
            PrinterStatus { problem: Some(PrinterProblem::Other), drawer_pin_is_high: true, ..ready },
            Err(PrinterError::Problem(PrinterProblem::Other)),
        ),
    ] {
        peer.set(fault, "on").await;
        assert_eq!(driver.status().await, Ok(status), "{fault}");
        assert_eq!(driver.print(&[text(fault), PrintLine::Cut]).await, printed, "{fault}");
        peer.set(fault, "off").await;
        assert_eq!(driver.print(&[text("again"), PrintLine::Cut]).await, Ok(()), "{fault}");
    }
    let (came_out, _) = peer.end().await;
    let receipt = |line| json!({ "lines": [line], "ended": "cut" });
    let expected = ["paper-near-end", "again", "again", "again", "again"].map(receipt);
    assert_eq!(came_out["receipts"], json!(expected));
    assert_eq!(came_out["events"][0], json!(["drawer.opened", { "pin": 5, "on_time_ms": 50 }]));
}

/// The first drawer, and a printer that stands still.
#[tokio::test]
#[ignore = "needs emupos 0.4.0: set EMUPOS_PYTHON to a Python that has it"]
async fn a_drawer_opens_while_nothing_can_be_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    for (fault, on_time_ms) in [("paper-out", 100), ("cover-open", 100), ("paper-near-end", 50)] {
        let mut peer = Peer::start(folder.path()).await;
        peer.set(fault, "on").await;
        assert_eq!(peer.driver("escpos").open_drawer(DrawerPin::Two).await, Ok(()), "{fault}");
        let (came_out, _) = peer.end().await;
        assert_eq!(came_out["events"], json!([["drawer.opened", { "pin": 2, "on_time_ms": on_time_ms }]]), "{fault}");
    }
}

/// The bytes alone, without the questions of a driver, in one piece and byte by byte.
#[tokio::test]
#[ignore = "needs emupos 0.4.0: set EMUPOS_PYTHON to a Python that has it"]
async fn the_bytes_of_a_document_are_all_known_to_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let peer = Peer::start(folder.path()).await;
    let bytes = encode(&receipt(), CodePage::default());
    for piece_bytes in [bytes.len(), 1] {
        let mut line = tokio::net::TcpStream::connect(("127.0.0.1", peer.port)).await.expect("the printer listens");
        for piece in bytes.chunks(piece_bytes) {
            line.write_all(piece).await.expect("the printer listens");
        }
        line.write_all(b"\x1D\x72\x01").await.expect("the printer listens");
        assert_eq!(tokio::io::AsyncReadExt::read_u8(&mut line).await.expect("an answer"), 0);
    }
    let (came_out, _) = peer.end().await;
    assert_eq!((came_out["receipts"].as_array().map(Vec::len), &came_out["events"]), (Some(2), &json!([])));
    assert_eq!(came_out["receipts"][0], came_out["receipts"][1]);
}
