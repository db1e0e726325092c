//! Simulated devices on real sockets and pseudo-terminals, told by their control ports what is the matter.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use devices::fiscal;
use devices::label_scale::{self, LabelScaleSetup, ScaleItem, Wire};
use devices::port::{PortAddress, connector};
use devices::scale;
use devices::sim::atol::{AtolHandle, EmulatorSettings};
use devices::sim::cd5220::DisplayHandle;
use devices::sim::control::{self, Controlled};
use devices::sim::escpos::PrinterHandle;
use devices::sim::label_scale::{LabelScaleHandle, LabelScaleKind, LabelScaleSettings};
use devices::sim::listen::{listen_pty, listen_tcp};
use devices::sim::scale::Platform;
use domain::quantity::Quantity;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ANY: &str = "127.0.0.1:0";

fn any() -> SocketAddr {
    ANY.parse().expect("an address")
}

/// What a control port answers to each of these requests as they are.
async fn raw(device: impl Controlled, requests: &[&str]) -> Vec<String> {
    let (address, work) = control::listen(device, any()).await.expect("a port");
    let work = tokio::spawn(work);
    let mut answers = Vec::new();
    for request in requests {
        let mut stream = TcpStream::connect(address).await.expect("connected");
        stream.write_all(request.as_bytes()).await.expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it answers");
        answers.push(answer);
    }
    work.abort();
    answers
}

/// What a control port answers when it is told these words.
async fn answers(device: impl Controlled, words: &[&str]) -> Vec<String> {
    let post = |line: &&str| {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        format!("POST /{word} HTTP/1.1\r\nContent-Length: {}\r\n\r\n{rest}", rest.len())
    };
    let requests: Vec<String> = words.iter().map(post).collect();
    let answers = raw(device, &requests.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let body = |answer: &String| answer.split_once("\r\n\r\n").expect("a head and a body").1.trim_end().to_owned();
    answers.iter().map(body).collect()
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
        r#"{"error":"\"dance\" is not a command: fault WORD, put KILOGRAMS, stable, unstable or platform is expected"}"#,
        r#"{"error":"\"much\" is not a quantity: digits with at most three decimals are expected"}"#,
        r#"{"ok":null}"#,
        r#"{"error":"\"smoke\" is not a fault: none, offline, garbage, overload, slow TIME is expected"}"#,
    ];
    assert_eq!(said, expected);
    let said = answers(PrinterHandle::new(), &["paper", "fault paper_out", "lines"]).await;
    let expected = [
        r#"{"ok":[]}"#,
        r#"{"ok":null}"#,
        r#"{"error":"\"lines\" is not a command: fault WORD, paper or pulses is expected"}"#,
    ];
    assert_eq!(said, expected);
    let blank = r#"{"ok":["                    ","                    "]}"#;
    assert_eq!(answers(DisplayHandle::new(), &["lines"]).await, [blank]);
    let registrar = AtolHandle::new(EmulatorSettings::default());
    let said =
        answers(registrar, &["documents", "fault refuse:2C", "fault hang", "advance 1500", "hold", "advance x"]).await;
    let expected = [
        r#"{"ok":[]}"#,
        r#"{"ok":null}"#,
        r#"{"error":"\"hang\" is not a fault: none, paper_out, offline, no_answer_after_commit, loses COUNT, refuse CODE, garbage, slow TIME is expected"}"#,
        r#"{"ok":null}"#,
        r#"{"ok":null}"#,
        r#"{"error":"invalid digit found in string"}"#,
    ];
    assert_eq!(said, expected);
    let scale = LabelScaleHandle::new(LabelScaleKind::ShtrihPrint, LabelScaleSettings::default());
    let said = answers(scale, &["items", "weigh 5 0.100", "fault slow:200", "fault slow", "busy", "weigh 5"]).await;
    let expected = [
        r#"{"ok":[]}"#,
        r#"{"error":"the scale has no PLU 5"}"#,
        r#"{"ok":null}"#,
        r#"{"error":"\"slow\" is not a fault: none, offline, slow TIME, no_answer_after_commit, loses COUNT, garbage, refuse CODE, memory_full, paper_out is expected"}"#,
        r#"{"ok":null}"#,
        r#"{"error":"a PLU and a quantity are expected"}"#,
    ];
    assert_eq!(said, expected);
}

#[tokio::test]
async fn a_control_port_is_a_page_and_survives_what_is_no_request() {
    let scale = (scale::find("pos2").expect("it is spoken").emulator)(&Platform::new());
    let long = format!("GET / HTTP/1.1\r\nA: {}", "x".repeat(8_192));
    for (request, status, says) in [
        ("GET / HTTP/1.1\r\n\r\n", "200 OK", "<button name=fault value=overload"),
        ("GET / HTTP/1.1\r\n\r\n", "200 OK", "<form method=post action=/put><button>put</button> <input name=value"),
        ("POST /put HTTP/1.1\r\nContent-Length: 11\r\n\r\nvalue=0.535", "303 See Other", "Location: /\r\n"),
        ("POST /fault HTTP/1.1\r\nContent-Length: 19\r\n\r\nfault=slow&value=5s", "303 See Other", r#"{"ok":null}"#),
        ("GET /platform HTTP/1.1\r\n\r\n", "200 OK", r#"{"ok":{"gross":"0.535","stable":true}}"#),
        ("GET /unstable HTTP/1.1\r\n\r\n", "405 Method Not Allowed", "GET shows, POST tells"),
        ("GET /picture HTTP/1.1\r\n\r\n", "404 Not Found", "nothing came out of it yet"),
        ("POST /dance HTTP/1.1\r\n\r\n", "404 Not Found", "is not a command"),
        ("\u{1}\r\n\r\n", "400 Bad Request", "the request cannot be read"),
        ("POST /put HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400 Bad Request", "the request cannot be read"),
        ("POST /put HTTP/1.1\r\nContent-Length: 99999\r\n\r\n", "400 Bad Request", "the request cannot be read"),
        (&long[..8_192], "400 Bad Request", "the request cannot be read"),
    ] {
        let answer = raw(scale.clone(), &[request]).await.remove(0);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{request:.60}: {answer}");
        assert!(answer.contains(says), "{request:.60}: {answer}");
    }
    assert!(control::listen(scale, "0.0.0.0:0".parse().expect("an address")).await.is_err(), "it has no password");
}

#[tokio::test]
async fn a_label_scale_shows_the_label_that_came_out() {
    let scale = LabelScaleHandle::new(LabelScaleKind::Mertech, LabelScaleSettings::default());
    let mut driver = (label_scale::find("mertech").expect("it is spoken").driver)(
        scale.connector(Wire::Tcp),
        LabelScaleSetup::default(),
    );
    let item = ScaleItem { plu: 5, code: 123, name: "Сыр".into(), barcode_prefix: 22, ..ScaleItem::default() };
    driver.upload(&[item]).await.expect("an upload");
    let weigh = "POST /weigh HTTP/1.1\r\nContent-Length: 7\r\n\r\n5 0.535";
    let said = raw(scale, &[weigh, "GET /picture HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"]).await;
    for (answer, part) in said.iter().zip(["\"barcode\":\"2200123005359\"", ">Сыр</text>", "<img src=/picture"]) {
        assert!(answer.contains(part), "{answer}");
    }
    assert!(said[1].starts_with("HTTP/1.1 200 OK\r\nContent-Type: image/svg+xml\r\n"), "{}", said[1]);
}

/// It is stopped as soon as it has said where it listens, which is when a script stops it at the earliest.
#[tokio::test]
async fn the_program_takes_its_pseudo_terminal_away() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("scale");
    let (child, address) = started(&["pos2", "--fault", "overload", "--pty", path.to_str().expect("a plain path")]);
    let mut driver = (scale::find("pos2").expect("it is spoken").driver)(connector(address));
    let weighed = driver.weigh().await;
    stop(child);
    assert!(weighed.as_ref().is_ok_and(|weight| weight.overload), "{weighed:?}");
    assert!(!path.is_symlink(), "the link is left behind");
}

#[tokio::test]
async fn the_program_is_a_registrar_of_either_protocol_and_remembers() {
    let folder = tempfile::tempdir().expect("a folder");
    let memory = folder.path().join("memory");
    let mut made = Vec::new();
    for protocol in fiscal::all() {
        let memory = memory.to_str().expect("a plain path");
        let (child, address) =
            started(&[protocol.name, "--tcp", ANY, "--storage", "9999078900000042", "--memory", memory]);
        let mut driver = (protocol.driver)(connector(address));
        let sign = match driver.state().await.expect("a state").shift_open {
            false => driver.open_shift("").await,
            true => driver.close_shift("").await,
        };
        stop(child);
        let sign = sign.expect("a document");
        made.push((sign.device, sign.number));
    }
    let storage = || "9999078900000042".to_owned();
    assert_eq!(made, [(storage(), 1), (storage(), 2)]);
}

/// The program and where it says that it listens.
fn started(arguments: &[&str]) -> (Child, PortAddress) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_emulator"));
    let mut child = command.args(arguments).stdout(Stdio::piped()).spawn().expect("the program starts");
    let mut said = String::new();
    BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut said).expect("it says where it listens");
    let address = said.trim().strip_prefix("listening on ").expect("an address").parse().expect("an address");
    (child, address)
}

/// Stop it as a service manager does.
fn stop(mut child: Child) {
    let process = nix::unistd::Pid::from_raw(child.id().cast_signed());
    nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM).expect("it runs");
    assert!(child.wait().expect("it ends").success());
}
