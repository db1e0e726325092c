//! Simulated devices on real sockets and pseudo-terminals, told by their control ports what is the matter.

use std::net::SocketAddr;

use devices::port::connector;
use devices::scale;
use devices::sim::cd5220::DisplayHandle;
use devices::sim::control::{self, Controlled};
use devices::sim::escpos::PrinterHandle;
use devices::sim::listen::{listen_pty, listen_tcp};
use devices::sim::scale::Platform;
use devices::sim::shtrih_print::LabelScaleHandle;
use domain::quantity::Quantity;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

const ANY: &str = "127.0.0.1:0";

fn any() -> SocketAddr {
    ANY.parse().expect("an address")
}

/// What a control port answers to each line.
async fn answers(device: impl Controlled, lines: &[&str]) -> Vec<String> {
    let (address, work) = control::listen(device, any()).await.expect("a port");
    let work = tokio::spawn(work);
    let (reader, mut writer) = TcpStream::connect(address).await.expect("connected").into_split();
    let mut reader = BufReader::new(reader).lines();
    let mut answers = Vec::new();
    for line in lines {
        writer.write_all(format!("{line}\n").as_bytes()).await.expect("it listens");
        answers.push(reader.next_line().await.expect("it answers").expect("a line"));
    }
    work.abort();
    answers
}

#[tokio::test]
async fn checkout_scales_are_weighed_over_sockets_and_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    for protocol in scale::all() {
        let device = (protocol.emulator)(&Platform::new());
        let tcp = listen_tcp(&device, any()).await.expect("a port");
        let pty = listen_pty(&device, Some(&folder.path().join(protocol.name))).expect("a line");
        assert_eq!(answers(device, &["put 0.535", "stable"]).await, [r#"{"ok":null}"#; 2], "{}", protocol.name);
        for link in [&tcp, &pty] {
            let mut driver = (protocol.driver)(connector(link.address().clone()));
            let weighed = driver.weigh().await.expect("it answers");
            assert_eq!((weighed.gross, weighed.stable), (Quantity::from_thousandths(535), true), "{}", link.address());
        }
    }
}

#[tokio::test]
async fn a_control_port_says_what_it_knows() {
    let scale = (scale::all()[0].emulator)(&Platform::new());
    let said = answers(scale, &["dance", "put much", "fault overload", "fault smoke"]).await;
    let expected = [
        r#"{"error":"\"dance\" is not a command: fault WORD, put KILOGRAMS, stable or unstable is expected"}"#,
        r#"{"error":"\"much\" is not a quantity: digits with at most three decimals are expected"}"#,
        r#"{"ok":null}"#,
        r#"{"error":"\"smoke\" is not a fault of a scale: none, offline, garbage or overload is expected"}"#,
    ];
    assert_eq!(said, expected);
    let said = answers(PrinterHandle::new(), &["paper", "fault paper_out", "lines"]).await;
    let expected = [
        r#"{"ok":[]}"#,
        r#"{"ok":null}"#,
        r#"{"error":"\"lines\" is not a command: fault WORD or paper is expected"}"#,
    ];
    assert_eq!(said, expected);
    let blank = r#"{"ok":["                    ","                    "]}"#;
    assert_eq!(answers(DisplayHandle::new(), &["lines"]).await, [blank]);
    let said =
        answers(LabelScaleHandle::new(), &["goods", "weigh 5 100", "fault slow:200", "fault slow", "select 5"]).await;
    assert_eq!(said[..3], [r#"{"ok":[]}"#, r#"{"error":"no label came out"}"#, r#"{"ok":null}"#]);
    assert!(said[3].contains("is not a fault of a label scale") && said[4] == r#"{"ok":null}"#, "{said:?}");
}
