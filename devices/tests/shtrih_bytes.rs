//! The simulated registrar byte by byte: what the protocol's checked examples show, and what an independent client says.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use devices::port::BytePort;
use devices::sim::fault::Fault;
use devices::sim::listen::listen_pty;
use devices::sim::shtrih::{EmulatorHandle, EmulatorSettings};
use domain::money::Money;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// More than a busy machine needs for an answer in memory.
const PATIENCE: Duration = Duration::from_secs(5);

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("hex")).collect()
}

/// Bytes as hex, with `..` repeated zeros: `00*3` is three of them.
fn long_hex(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in text.split_whitespace() {
        match word.strip_prefix("00*") {
            Some(count) => bytes.resize(bytes.len() + count.parse::<usize>().expect("a count"), 0),
            None => bytes.push(u8::from_str_radix(word, 16).expect("hex")),
        }
    }
    bytes
}

async fn reads(port: &mut dyn BytePort, expected: &[u8], what: &str) {
    let mut got = vec![0; expected.len()];
    let read = tokio::time::timeout(PATIENCE, port.read_exact(&mut got)).await;
    read.expect(what).expect(what);
    assert_eq!(got, expected, "{what}");
}

/// ENQ, NAK, the frame, ACK with the answer, ACK.
async fn exchange(port: &mut dyn BytePort, frame: &str, answer: &str) {
    port.write_all(&[5]).await.expect("ENQ");
    reads(port, &[0x15], frame).await;
    port.write_all(&long_hex(frame)).await.expect("a frame");
    let answer: Vec<u8> = [6].into_iter().chain(long_hex(answer)).collect();
    reads(port, &answer, frame).await;
    port.write_all(&[6]).await.expect("ACK");
}

/// Frames and answers whose check sums two programs computed, in an order in which a device would say them.
const EXAMPLES: &[(&str, &str)] = &[
    ("02 01 FC FD", "02 13 FC 00 00 00 01 0F FA 00 D8 D2 D0 C8 D5 2D CC 2D 30 31 D4 C5"),
    ("02 05 10 1E 00 00 00 0B", "02 10 10 00 1E 92 02 04 00 00 00 00 00 00 00 00 00 00 8A"),
    ("02 05 E0 1E 00 00 00 FB", "02 03 E0 00 1E FD"),
    ("02 06 8D 01 00 00 00 00 8A", "02 03 8D 00 01 8F"),
    (
        "02 3C 80 01 00 00 00 D0 07 00 00 00 1E 23 00 00 00 01 01 00 00 00 CC EE EB EE EA EE 00*34 74",
        "02 03 80 00 01 82",
    ),
    ("02 05 89 01 00 00 00 8D", "02 08 89 00 01 3C 46 00 00 00 FA"),
    ("02 47 85 01 00 00 00 64 00*65 A7", "02 02 85 45 C2"),
    ("02 47 85 01 00 00 00 20 4E 00*64 AD", "02 08 85 00 01 E4 07 00 00 00 6F"),
    ("02 0A 50 01 00 00 00 10 27 00 00 00 6C", "02 05 50 00 01 02 00 56"),
    ("02 06 1A 01 00 00 00 F1 EC", "02 09 1A 00 01 4C 6D 00 00 00 00 33"),
    ("02 0A 51 01 00 00 00 88 13 00 00 00 C1", "02 05 51 00 01 03 00 56"),
    ("02 3C 82 01 00 00 00 E8 03 00 00 00 88 13 00 00 00 01 00 00 00 00 D5 EB E5 E1 00*36 F4", "02 03 82 00 01 80"),
    ("02 05 88 01 00 00 00 8C", "02 03 88 00 01 8A"),
    ("02 2E 17 01 00 00 00 02 CF F0 E8 E2 E5 F2 00*34 18", "02 03 17 00 01 15"),
    ("02 06 25 01 00 00 00 01 23", "02 03 25 00 01 27"),
    ("02 06 28 01 00 00 00 00 2F", "02 03 28 00 01 2A"),
    ("02 07 29 01 00 00 00 02 03 2E", "02 03 29 00 01 2B"),
    ("02 05 13 01 00 00 00 17", "02 03 13 00 01 11"),
    ("02 05 40 1E 00 00 00 5B", "02 03 40 00 1E 5D"),
    ("02 0A 1E 1E 00 00 00 01 01 00 01 01 0A", "02 02 1E 00 1C"),
    ("02 09 1F 1E 00 00 00 01 01 00 01 09", "02 03 1F 00 01 1D"),
    ("02 08 21 1E 00 00 00 0C 1E 00 25", "02 02 21 00 23"),
    ("02 08 22 1E 00 00 00 17 0B 1A 32", "02 02 22 00 20"),
    ("02 08 23 1E 00 00 00 17 0B 1A 33", "02 02 23 00 21"),
    ("02 3C 80 63 00 00 00 E8 03 00 00 00 64 00 00 00 00 01 00 00 00 00 78 00*39 29", "02 02 80 4F CD"),
    ("02 05 B0 01 00 00 00 B4", "02 03 B0 00 01 B2"),
    ("02 05 89 01 00 00 00 8D", "02 02 89 55 DE"),
    (
        "02 30 FF 61 1E 00 00 00 01 00 26 00 30 31 30 34 36 30 31 32 33 34 35 36 37 38 39 33 32 31 35 6A 63 6D 48 7A 4C 6D \
         6B 64 50 4D 4C 1D 39 33 38 70 39 45 AA",
        "02 09 FF 61 00 03 00 05 02 00 0F 9C",
    ),
    ("02 07 FF 69 1E 00 00 00 01 8E", "02 04 FF 69 00 0F 9D"),
    (
        "02 23 FF 46 1E 00 00 00 01 D8 29 08 00 00 00 EC C2 00 00 00 49 68 00 00 00 FF FF FF FF FF 02 01 04 01 D1 FB F0 50",
        "02 03 FF 46 00 BA",
    ),
    (
        "02 2D FF 67 1E 00 00 00 26 30 31 30 34 36 30 31 32 33 34 35 36 37 38 39 33 32 31 35 6A 63 6D 48 7A 4C 6D 6B 64 50 \
         4D 4C 1D 39 33 38 70 39 45 B0",
        "02 06 FF 67 00 44 4D 03 94",
    ),
    ("02 10 FF 0C 1E 00 00 00 F0 03 06 00 61 40 62 2E 72 75 62", "02 03 FF 0C 00 F0"),
];

#[tokio::test]
async fn the_checked_examples_of_the_protocol_are_answered_byte_for_byte() {
    let emulator = EmulatorHandle::new(EmulatorSettings::default());
    let mut port = (emulator.connector())().await.expect("a port");
    for (frame, answer) in EXAMPLES {
        exchange(&mut port, frame, answer).await;
    }
    // The close command of the page, whose answer carries our own number and sign.
    port.write_all(&[5]).await.expect("ENQ");
    reads(&mut port, &[0x15], "idle").await;
    let close = long_hex("02 76 FF 45 1E 00 00 00 30 75 00*109 01 96");
    assert_eq!(close.len(), 0x76 + 3);
    port.write_all(&close).await.expect("a frame");
    let sign = {
        emulator.documents_reach(3).await;
        emulator.document(3).expect("the document").sign
    };
    let mut answer = hex("02 10 FF 45 00 E7 0C 00 00 00 03 00 00 00");
    answer.extend(sign.to_le_bytes());
    answer.push(answer[1..].iter().fold(0, |sum, byte| sum ^ byte));
    answer.insert(0, 6);
    reads(&mut port, &answer, "change 33.03").await;
    port.write_all(&[6]).await.expect("ACK");
    exchange(&mut port, "02 05 41 1E 00 00 00 5A", "02 03 41 00 1E 5C").await;
    assert_eq!(emulator.document(2).map(|document| document.change), Some(Money::from_minor(2020)));
}

#[tokio::test]
async fn an_answer_that_is_not_acknowledged_is_offered_again() {
    let emulator = EmulatorHandle::new(EmulatorSettings::default());
    let mut port = (emulator.connector())().await.expect("a port");
    let beep = hex("02 05 13 01 00 00 00 17");
    let answer = hex("06 02 03 13 00 01 11");
    port.write_all(&beep).await.expect("a frame");
    reads(&mut port, &answer, "the answer").await;
    for reply in [0x15, 0x77] {
        port.write_all(&[reply]).await.expect("no acknowledgement");
        port.write_all(&[5]).await.expect("ENQ");
        reads(&mut port, &answer, "ACK and the answer again").await;
    }
    port.write_all(&[6, 5]).await.expect("ACK, ENQ");
    reads(&mut port, &[0x15], "idle").await;
}

#[tokio::test]
async fn bad_frames_are_refused_and_a_torn_one_is_given_up() {
    let emulator = EmulatorHandle::new(EmulatorSettings::default());
    let mut port = (emulator.connector())().await.expect("a port");
    port.write_all(&hex("02 01 FC FE")).await.expect("a bad check sum");
    reads(&mut port, &[0x15], "a bad check sum").await;
    port.write_all(&[0x44]).await.expect("garbage");
    reads(&mut port, &[0x15], "garbage").await;
    port.write_all(&hex("02 05 10 1E")).await.expect("a torn frame");
    reads(&mut port, &[0x15], "a torn frame, after silence").await;
    exchange(&mut port, "02 06 10 1E 00 00 00 00 08", "02 02 10 7E 6C").await;
    exchange(&mut port, "02 02 99 00 9B", "02 02 99 37 AC").await;
}

#[tokio::test]
async fn without_paper_the_status_says_so() {
    let emulator = EmulatorHandle::new(EmulatorSettings::default());
    emulator.set_fault(Fault::PaperOut);
    let mut port = (emulator.connector())().await.expect("a port");
    exchange(&mut port, "02 05 10 1E 00 00 00 0B", "02 10 10 00 1E 10 02 04 01 00 00 00 00 00 00 00 00 00 09").await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Bodies are framed well half of the time, so that commands are reached and not only the frame check.
    #[test]
    fn no_bytes_bring_the_registrar_down(pieces in prop::collection::vec((any::<bool>(), command()), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let emulator = EmulatorHandle::new(EmulatorSettings::default());
            let mut port = (emulator.connector())().await.expect("a port");
            let mut heard = [0; 4096];
            for (framed, body) in &pieces {
                let mut bytes = body.clone();
                if *framed {
                    let length = u8::try_from(body.len()).expect("short");
                    bytes.insert(0, length);
                    bytes.push(bytes.iter().fold(0, |sum, byte| sum ^ byte));
                    bytes.insert(0, 2);
                }
                bytes.push(5);
                port.write_all(&bytes).await.expect("the registrar is alive");
                let heard = tokio::time::timeout(PATIENCE, port.read(&mut heard)).await;
                assert!(matches!(heard, Ok(Ok(1..))), "the registrar answers to {bytes:02X?}");
            }
        });
    }
}

/// A command that exists, a good password, and anything.
fn command() -> impl Strategy<Value = Vec<u8>> {
    let code = prop_oneof![
        any::<u8>().prop_map(|low| vec![low]),
        any::<u8>().prop_map(|low| vec![0xFF, low]),
        prop::sample::select(vec![
            vec![0x8D],
            vec![0x80],
            vec![0x85],
            vec![0xE0],
            vec![0x50],
            vec![0xFF, 0x46],
            vec![0xFF, 0x61],
            vec![0xFF, 0x67],
            vec![0xFF, 0x69],
            vec![0xFF, 0x4D],
            vec![0x1E],
            vec![0x22],
            vec![0xFF, 0x45]
        ]),
    ];
    (code, prop::collection::vec(prop_oneof![Just(0_u8), Just(1), Just(0xFF), any::<u8>()], 0..140)).prop_map(
        |(mut code, rest)| {
            code.extend([30, 0, 0, 0]);
            code.extend(rest);
            code
        },
    )
}

/// An independent client runs a day against the registrar. Needs a Python that has `pyshtrih` 2.0.6, named in
/// `PYSHTRIH_PYTHON`.
#[tokio::test]
#[ignore = "needs pyshtrih 2.0.6: set PYSHTRIH_PYTHON to a Python that has it"]
async fn pyshtrih_runs_a_day_over_a_pseudo_terminal() {
    let python = std::env::var("PYSHTRIH_PYTHON").expect("PYSHTRIH_PYTHON names a Python");
    let emulator = EmulatorHandle::new(EmulatorSettings::default());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kkt");
    let _pty = listen_pty(&emulator, Some(&path)).expect("a pseudo-terminal");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/pyshtrih_day.py");
    let run =
        tokio::process::Command::new(python).arg(script).arg(&path).stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(Duration::from_secs(60), run).await.expect("a day takes less").expect("python");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let documents = emulator.documents();
    assert_eq!((documents.len(), documents[4].operator.as_str()), (6, "Иванова"));
    assert!(emulator.printed().iter().any(|line| line == "ООО Ромашка"));
}
