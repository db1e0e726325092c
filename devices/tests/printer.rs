//! The ESC/POS encoder and driver against the simulated printer, and the simulated printer against the documented bytes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use devices::port::{self, BytePort, Connector, PortError};
use devices::printer::escpos::answers::{self, Heard};
use devices::printer::escpos::{self, CodePage, EscPos, EscPosSettings, Timing, to_text};
use devices::printer::{
    self, Align, DrawerPin, Paper, PrintLine, PrinterError, PrinterProblem, PrinterStatus, ReceiptPrinter, cp866,
};
use devices::sim::escpos::PrinterHandle;
use devices::sim::fault::Fault;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// Waits short enough for a test and long enough for a busy machine.
const QUICK: Timing = Timing { state: Duration::from_millis(300), printing: Duration::from_millis(300) };
const FISCAL_QR: &str = "t=20261123T1200&s=179.80&fn=1&i=1&fp=1&n=1";
const BEGIN: &str = "1B 40 1C 2E 1B 74 11";

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("hex")).collect()
}

fn text(text: &str) -> PrintLine {
    PrintLine::Text { text: text.into(), align: Align::Left, bold: false, double: false }
}

fn slip() -> Vec<PrintLine> {
    vec![
        PrintLine::Text { text: "ИТОГО".into(), align: Align::Centre, bold: true, double: true },
        text("Сир київський  89,90 ₽"),
        PrintLine::Text { text: "Café".into(), align: Align::Right, bold: false, double: false },
        PrintLine::Qr(FISCAL_QR.into()),
        PrintLine::Cut,
    ]
}

fn slip_on_paper() -> Vec<String> {
    let qr = format!("[QR: {FISCAL_QR}]");
    ["ИТОГО", "Сир київський  89,90 руб.", "Cafe", &qr, "----8<----"].map(str::to_owned).to_vec()
}

fn quick() -> EscPosSettings {
    EscPosSettings { timing: QUICK, ..EscPosSettings::default() }
}

fn encode(document: &[PrintLine]) -> Vec<u8> {
    escpos::encode(document, CodePage::default())
}

fn device() -> (PrinterHandle, EscPos) {
    let printer = PrinterHandle::new();
    let driver = EscPos::with_settings(printer.connector(), quick());
    (printer, driver)
}

/// What the simulator answers to these bytes and what it prints, the bytes coming in these pieces.
async fn fed(pieces: &[&[u8]], answers: usize) -> (Vec<u8>, Vec<String>) {
    let printer = PrinterHandle::new();
    let mut port = (printer.connector())().await.expect("a port in memory opens");
    for piece in pieces {
        port.write_all(piece).await.expect("the printer listens");
        tokio::task::yield_now().await;
    }
    // The mark is answered last.
    port.write_all(b"\x1D\x72\x01").await.expect("the printer listens");
    let mut answer = vec![0; answers + 1];
    port.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(answer.pop(), Some(0));
    (answer, printer.paper())
}

#[test]
fn documented_bytes_are_made_word_for_word() {
    let bytes = |document: &[PrintLine]| encode(document)[hex(BEGIN).len()..].to_vec();
    assert_eq!(encode(&[]), hex(BEGIN));
    assert_eq!(bytes(&[text("Молоко")]), hex("8C AE AB AE AA AE 0A"));
    assert_eq!(bytes(&slip()[..1]), hex("1B 61 01 1B 45 01 1D 21 11 88 92 8E 83 8E 0A 1D 21 00 1B 45 00 1B 61 00"));
    assert_eq!(bytes(&[PrintLine::Cut]), hex("1D 56 42 00"));
    let mut qr = hex(
        "1B 61 01 1D 28 6B 04 00 31 41 32 00 1D 28 6B 03 00 31 43 04 1D 28 6B 03 00 31 45 31 1D 28 6B 2D 00 31 50 30",
    );
    qr.extend(FISCAL_QR.bytes());
    qr.extend(hex("1D 28 6B 03 00 31 51 30 1B 61 00"));
    assert_eq!(bytes(&[PrintLine::Qr(FISCAL_QR.into())]), qr);
}

#[test]
fn plain_text_looks_as_the_paper_does() {
    let qr = format!("[QR: {FISCAL_QR}]");
    assert_eq!(
        to_text(&slip(), 32),
        [
            "             ИТОГО",
            "Сир київський  89,90 руб.",
            "                            Cafe",
            qr.as_str(),
            "----8<----"
        ]
    );
    assert_eq!(to_text(&[text("longer than the paper")], 4), ["longer than the paper"]);
}

#[tokio::test]
async fn the_simulator_answers_and_prints_the_documented_bytes() {
    let qr = encode(&[PrintLine::Qr(FISCAL_QR.into())]);
    let qr_line = format!("[QR: {FISCAL_QR}]");
    let cases: &[(Vec<u8>, &[u8], &[&str])] = &[
        (hex("1B 40"), b"", &[]),
        (hex("1C 2E 1B 74 11 8C AE AB AE AA AE 0A"), b"", &["Молоко"]),
        (hex("1C 2E 1B 74 2E CC EE EB EE EA EE 0A"), b"", &["Молоко"]),
        (hex("1B 74 11 8C 0A"), b"", &["\u{FFFD}"]),
        (hex("1C 2E 8C 0A"), b"", &["\u{FFFD}"]),
        (hex("41 1B 64 06 1D 56 00"), b"", &["A", "", "", "", "", "", "----8<----"]),
        (hex("1D 56 42 00"), b"", &["----8<----"]),
        (hex("1B 70 00 32 32 1B 70 01 32 32 41 0A"), b"", &["A"]),
        (
            hex("1D 68 40 1D 77 02 1D 66 00 1D 48 02 1D 6B 02 34 36 30 31 32 33 34 35 36 37 38 39 33 00"),
            b"",
            &["[barcode: 4601234567893]"],
        ),
        (hex("1D 68 40 1D 77 02 1D 66 00 1D 48 02 1D 6B 49 07 7B 42 31 32 33 34 35"), b"", &["[barcode: {B12345]"]),
        (qr, b"", &[&qr_line]),
        (hex("10 04 01 10 04 02 10 04 04"), b"\x12\x12\x12", &[]),
        (hex("1D 72 31"), b"\x00", &[]),
        (hex("1D 49 42"), b"_EPSON\0", &[]),
        (hex("1D 49 43"), b"_TM-T20II\0", &[]),
        (hex("1D 61 FF"), b"\x10\x00\x00\x0F", &[]),
        (hex("1D 76 30 00 02 00 03 00 0A 0A 0A 1B 1D 10 41 0A"), b"", &["A"]),
        (vec![b'-'; 50], b"", &["------------------------------------------------"]),
    ];
    for (bytes, answers, paper) in cases {
        assert_eq!(
            fed(&[bytes], answers.len()).await,
            (answers.to_vec(), paper.iter().map(|line| line.to_string()).collect()),
            "{bytes:02X?}"
        );
    }
}

#[tokio::test]
async fn a_stream_cut_at_any_byte_prints_the_same() {
    let mut bytes = encode(&slip());
    bytes.extend(hex("1D 6B 49 02 7B 42 1D 76 30 00 01 00 02 00 0A 1D 10 04 04"));
    let mut paper = slip_on_paper();
    paper.push("[barcode: {B]".into());
    for cut in 0..=bytes.len() {
        let (left, right) = bytes.split_at(cut);
        assert_eq!(fed(&[left, right], 1).await, (vec![0x12], paper.clone()), "{cut}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(fed(&single, 1).await, (vec![0x12], paper));
}

#[tokio::test]
async fn a_document_comes_out_and_is_confirmed() {
    let (printer, mut driver) = device();
    assert_eq!(driver.print(&slip()).await, Ok(()));
    assert_eq!(printer.paper(), slip_on_paper());
    let long: Vec<PrintLine> = (0..1000).map(|number| text(&format!("строка {number}"))).collect();
    assert_eq!(driver.print(&long).await, Ok(()));
    assert_eq!(printer.paper().last().map(String::as_str), Some("строка 999"));
}

#[tokio::test]
async fn faults_are_told_apart_and_pass() {
    let (printer, mut driver) = device();
    let mut printed = Vec::new();
    for (fault, error) in [
        ("offline", PrinterError::Offline { reason: "it does not answer".into() }),
        ("paper_out", PrinterError::PaperOut),
        ("no_answer", PrinterError::NoAnswer),
        ("no_answer_after_commit", PrinterError::NoAnswer),
    ] {
        printer.set_fault(fault.parse().expect("a fault"));
        assert_eq!(driver.print(&slip()).await, Err(error), "{fault}");
        if fault.starts_with("no_answer") {
            printed.extend(slip_on_paper());
        }
        assert_eq!(printer.paper(), printed, "{fault}");
        // The last of them is over by itself.
        if fault != "no_answer_after_commit" {
            printer.set_fault(Fault::None);
        }
        assert_eq!(driver.print(&slip()).await, Ok(()), "{fault}");
        printed.extend(slip_on_paper());
        assert_eq!(printer.paper(), printed, "{fault}");
    }
    assert!("jam".parse::<Fault>().is_err());
}

#[tokio::test]
async fn a_lost_port_is_opened_again_and_a_missing_one_is_offline() {
    let printer = PrinterHandle::new();
    let opened = Arc::new(AtomicUsize::new(0));
    let (good, count) = (printer.connector(), opened.clone());
    let connector: Connector = Arc::new(move || {
        let is_first = count.fetch_add(1, Ordering::SeqCst) == 0;
        let good = good.clone();
        Box::pin(
            async move { if is_first { Ok(Box::new(port::memory().0) as Box<dyn BytePort>) } else { good().await } },
        )
    });
    let mut driver = EscPos::with_settings(connector, quick());
    assert_eq!(driver.print(&slip()).await, Ok(()));
    assert_eq!((printer.paper(), opened.load(Ordering::SeqCst)), (slip_on_paper(), 2));
    let mut driver = EscPos::with_settings(port::connector("memory".parse().expect("an address")), quick());
    assert!(matches!(driver.print(&slip()).await, Err(PrinterError::Offline { .. })));
    assert!(printer::find("escpos").is_some() && printer::find("quill").is_none());
}

/// A printer whose answers are written by hand: each question of three bytes with its answer.
async fn by_hand(answers: &[(&[u8], &[u8])]) -> (Result<(), PrinterError>, DuplexStream) {
    let (host, mut device) = port::memory();
    let host = Mutex::new(Some(host));
    let connector: Connector = Arc::new(move || {
        let host = host.lock().expect("no test panics here").take();
        Box::pin(async { host.map(|host| Box::new(host) as Box<dyn BytePort>).ok_or(PortError::Memory) })
    });
    let mut driver = EscPos::with_settings(connector, quick());
    let document = [text("A")];
    let printer = async {
        for (question, answer) in answers {
            let mut asked = [0; 3];
            device.read_exact(&mut asked).await.expect("the host asks");
            assert_eq!(asked, *question);
            device.write_all(answer).await.expect("the host listens");
        }
    };
    let (printed, ()) = tokio::join!(driver.print(&document), printer);
    (printed, device)
}

#[tokio::test]
async fn the_state_of_a_printer_that_is_not_ready_is_understood() {
    let (paper, state, cause): (&[u8], &[u8], &[u8]) = (b"\x10\x04\x04", b"\x10\x04\x01", b"\x10\x04\x02");
    let ask = [(paper, &b"\x1E"[..]), (state, b"\x1A"), (cause, b"\x16")];
    assert_eq!(by_hand(&ask).await.0, Err(PrinterError::Problem(PrinterProblem::CoverOpen)));
    let ask = [(paper, &b"\x10\x00\x12"[..]), (state, b"\x1A"), (cause, b"\x32")];
    assert_eq!(by_hand(&ask).await.0, Err(PrinterError::PaperOut));
    let ask = [(paper, &b"\x12"[..]), (state, b"\x1A"), (cause, b"\x12")];
    assert_eq!(by_hand(&ask).await.0, Err(PrinterError::Problem(PrinterProblem::Other)));
    for (error, problem) in [
        (b"\x1A", PrinterProblem::Cutter),
        (b"\x52", PrinterProblem::HeadHot),
        (b"\x16", PrinterProblem::Mechanical),
        (b"\x32", PrinterProblem::ForGood),
        (b"\x12", PrinterProblem::Other),
    ] {
        let ask = [(paper, &b"\x12"[..]), (state, b"\x1A"), (cause, b"\x52"), (b"\x10\x04\x03", error)];
        assert_eq!(by_hand(&ask).await.0, Err(PrinterError::Problem(problem)));
    }
    assert_eq!(by_hand(&[(paper, b"\x7E")]).await.0, Err(PrinterError::PaperOut));
    let silent = PrinterError::Offline { reason: "it does not answer".into() };
    assert_eq!(by_hand(&[(paper, b"\x10\x00")]).await.0, Err(silent));
    let (printed, mut device) = by_hand(&[(paper, b"\x12"), (state, b"\x16")]).await;
    assert_eq!(printed, Err(PrinterError::NoAnswer));
    let mut sent = Vec::new();
    device.read_to_end(&mut sent).await.expect("the driver let the port go");
    assert_eq!(sent, [encode(&[text("A")]), hex("1D 72 31")].concat());
}

/// Codes that a printer can be asked for, and what stands for them where no code can be made.
#[tokio::test]
async fn barcodes_are_made_of_what_fits_them() {
    let bytes = |text: &str| encode(&[PrintLine::Barcode(text.into())])[hex(BEGIN).len()..].to_vec();
    let code = |rest: &str, text: &str| {
        let begin = hex(&format!("1B 61 01 1D 68 50 1D 77 02 1D 66 00 1D 48 02 1D 6B {rest}"));
        [begin, text.as_bytes().to_vec(), hex("1B 61 00")].concat()
    };
    assert_eq!(bytes("4601234567893"), code("43 0D", "4601234567893"));
    assert_eq!(bytes("4601234567894"), code("49 0F", "{B4601234567894"));
    assert_eq!(bytes("12345"), code("49 07", "{B12345"));
    assert_eq!(bytes("a{B}"), code("49 07", "{Ba{{B}"));
    let (printer, mut driver) = device();
    let texts = ["4601234567893", "12345", "", "сыр", "longer than twenty one", "a\u{10}b"];
    let document = texts.map(|text| PrintLine::Barcode(text.into()));
    assert_eq!(driver.print(&document).await, Ok(()));
    assert_eq!(driver.print(&[PrintLine::Qr("a\u{10}\u{4}b".into())]).await, Ok(()));
    let paper = ["[barcode: 4601234567893]", "[barcode: {B12345]", "", "сыр", "longer than twenty one", "a b", "a  b"];
    assert_eq!(printer.paper(), paper);
    assert_eq!(to_text(&document[..1], 32), ["[barcode: 4601234567893]"]);
}

#[tokio::test]
async fn a_page_has_the_number_that_its_maker_gave_it() {
    let bytes = |page| escpos::encode(&[text("Молоко «Ї» №")], page);
    assert_eq!(bytes(CodePage::cp866(59)), hex("1B 40 1C 2E 1B 74 3B 8C AE AB AE AA AE 20 22 F4 22 20 FC 0A"));
    assert_eq!(bytes(CodePage::cp1251(46)), hex("1B 40 1C 2E 1B 74 2E CC EE EB EE EA EE 20 AB AF BB 20 B9 0A"));
    let printer = PrinterHandle::new();
    let protocol = printer::find("escpos-1251").expect("it is spoken");
    (protocol.driver)(printer.connector()).print(&slip()).await.expect("it prints");
    assert_eq!(printer.paper()[..2], ["ИТОГО", "Сир київський  89,90 руб."]);
}

#[tokio::test]
async fn a_printer_that_proves_is_believed_by_the_number() {
    let printer = PrinterHandle::new();
    let settings = EscPosSettings { proves: true, ..quick() };
    let mut driver = EscPos::with_settings(printer.connector(), settings);
    for _ in 0..3 {
        assert_eq!(driver.print(&slip()).await, Ok(()));
    }
    assert_eq!(printer.paper().len(), 3 * slip_on_paper().len());
    printer.set_fault(Fault::NoAnswerAfterCommit);
    assert_eq!(driver.print(&slip()).await, Err(PrinterError::NoAnswer));
    assert_eq!(driver.print(&slip()).await, Ok(()));
    let asks = hex("1D 28 48 06 00 30 30 41 42 43 44");
    assert_eq!(fed(&[&asks], 7).await, (b"\x37\x22ABCD\0".to_vec(), vec![]));

    let number = 0x01F7;
    let letters = answers::proof_letters(number);
    assert_eq!(&letters, b"ABPH");
    let proof = [&b"\x10\x37\x22\x37\x22"[..], &letters, b"\0"].concat();
    let heard = |bytes: &[u8]| {
        let mut heard = Heard::default();
        bytes.chunks(2).for_each(|piece| heard.feed(piece));
        heard
    };
    assert!(heard(&proof).has_proof(number) && !heard(&proof).has_proof(number + 1));
    assert!(!heard(&proof[..proof.len() - 1]).has_proof(number));
    assert!(heard(&[&[0xFF; 9_999], &proof[..]].concat()).has_proof(number));
    // A proof that comes late is no state.
    assert_eq!(heard(&proof).state(), None);
    assert!((0..=u16::MAX).all(|number| heard(&answers::proof_letters(number)).state().is_none()));
}

#[tokio::test]
async fn a_drawer_is_opened_also_without_paper() {
    let (printer, mut driver) = device();
    assert_eq!(driver.open_drawer(DrawerPin::Two).await, Ok(()));
    assert_eq!(driver.open_drawer(DrawerPin::Five).await, Ok(()));
    assert_eq!(printer.pulses(), 2);
    printer.set_fault(Fault::PaperOut);
    assert_eq!(driver.open_drawer(DrawerPin::Two).await, Ok(()));
    assert_eq!((printer.pulses(), printer.paper()), (3, vec![]));
    let status = PrinterStatus { paper: Paper::Out, problem: None, drawer_pin_is_high: false };
    assert_eq!(driver.status().await, Ok(status));
    printer.set_fault(Fault::Offline);
    assert!(matches!(driver.open_drawer(DrawerPin::Two).await, Err(PrinterError::Offline { .. })));
    printer.set_fault(Fault::None);
    assert_eq!(driver.status().await, Ok(PrinterStatus { paper: Paper::There, ..status }));
}

#[tokio::test]
async fn no_text_commands_the_printer() {
    let (printer, mut driver) = device();
    let document = [text("a\u{1B}@\u{1D}V\0b\u{10}\u{14}\nc"), PrintLine::Qr("\u{1D}V\0\n".into()), text("b")];
    assert_eq!(driver.print(&document).await, Ok(()));
    assert_eq!(printer.paper(), ["a @ V b   c", "[QR: \u{1D}V\0\n]", "b"]);
    let long = "я".repeat(2000);
    assert_eq!(driver.print(&[PrintLine::Qr(long.clone())]).await, Ok(()));
    assert_eq!(printer.paper()[3..].concat(), long);
}

fn print(document: &[PrintLine]) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(async {
        let (printer, mut driver) = device();
        driver.print(document).await.expect("the printer is there");
        printer.paper()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn russian_and_english_read_back_as_written(line in "[А-Яа-яЁё№A-Za-z0-9 .,;:!?%()+=/\"'*#_-]{1,48}") {
        prop_assert_eq!(print(&[text(&line)]), [line]);
    }

    #[test]
    fn ukrainian_reads_back_but_for_two_letters(line in "[А-ЩЬЮЯа-щьюяІіЇїЄєҐґ' ]{1,48}") {
        let expected = line.replace('І', "I").replace('і', "i").replace('Ґ', "Г").replace('ґ', "г");
        prop_assert_eq!(print(&[text(&line)]), [expected]);
    }

    #[test]
    fn any_document_prints_as_its_plain_text(
        lines in prop::collection::vec((any::<String>(), 0_usize..3, any::<bool>(), any::<bool>()), 0..8)
    ) {
        let document: Vec<PrintLine> = lines
            .into_iter()
            .map(|(text, align, bold, double)| {
                let text: String = text.chars().take(6).collect();
                let align = [Align::Left, Align::Centre, Align::Right][align];
                PrintLine::Text { text, align, bold, double }
            })
            .collect();
        let expected = to_text(&document, 0);
        prop_assert_eq!(print(&document), expected);
    }

    #[test]
    fn latin_text_is_never_a_question_mark(line in "[a-zA-ZÀ-ÖØ-öø-ſȘșȚț«»„“”’ –—…€]{0,48}") {
        let shown = cp866::shown(&line);
        prop_assert!(!shown.contains('?'), "{} {}", line, shown);
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let answered = runtime.block_on(async {
            let printer = PrinterHandle::new();
            let mut port = (printer.connector())().await.expect("a port in memory opens");
            port.write_all(&bytes).await.expect("the printer listens");
            port.shutdown().await.expect("the printer listens");
            let mut answers = Vec::new();
            port.read_to_end(&mut answers).await
        });
        prop_assert!(answered.is_ok());
    }
}
