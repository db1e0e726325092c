//! A scanner with a line of its own: its codes are taken as a burst of keys is, and a pulled cable stops nobody.

use devices::port::{BytePort, PortAddress, connector};
use devices::scanner::WedgeSettings;
use devices::sim::listen::{Emulated, listen_pty};
use messages::v1::receipt::TenderType;
use messages::v1::till::{Answer, Ask, TillCommand};
use messages::v1::view::{TillMode, TillView};
use runtime::node::{Node, Tree};
use runtime::spec::{ChildSpec, Strategy};
use serde_json::Value;
use store_node::scanner::Scanner;
use store_node::tui::{Scanned, ScreenOptions};
use tokio::io::AsyncWriteExt;
use tokio::sync::broadcast;

use super::fixture::{empty, money, quantity, sale};
use super::scripted::{PATIENCE, Till, run};

const CODE: &str = "4600000000015";
/// What the screen says when a sale may go on.
const READY: &str = "scan, or key a code";

/// The same code by keys and by the line, after `before` and what it shows: `after` it the same is seen, the same was sent.
fn check(first: TillView, before: (&str, &str), after: &str, seen: &str, sent: &[TillCommand]) {
    run(async {
        for typed in [true, false] {
            let mut till = Till::open_with(ScreenOptions::default(), first.clone()).await;
            till.fingers(before.0).await;
            till.sees(before.1).await;
            if typed {
                till.scanner(&format!("{CODE}<Enter><Enter>")).await;
            } else {
                till.scans_in.tell(Scanned(CODE.to_owned())).unwrap();
            }
            till.fingers(after).await;
            till.sees(seen).await;
            assert_eq!(*till.commands.borrow(), sent, "{before:?}, typed: {typed}");
            till.node.shutdown().await;
        }
    });
}

fn scan(pieces: Option<&str>) -> TillCommand {
    TillCommand::Scan { data: CODE.to_owned(), quantity: pieces.map(quantity) }
}

fn asking(ask: Ask) -> TillView {
    TillView { asks: Some(ask), ..sale() }
}

fn pay(tender: TenderType, amount: &str) -> TillCommand {
    TillCommand::Pay { tender, amount: money(amount), number: None }
}

#[test]
fn a_code_is_sold_where_a_burst_would_be() {
    let line = format!("Item {CODE}");
    check(empty(), ("", READY), "", &line, &[scan(None)]);
    check(empty(), ("3*", "3*"), "", &line, &[scan(Some("3"))]);
    check(sale(), ("<+>100", "▸ 100 "), "", &line, &[scan(None)]);
}

#[test]
fn a_code_answers_what_a_burst_would_answer_and_nothing_else() {
    let name = || "Вода".to_owned();
    let answer = |answer| [TillCommand::Answer(answer)];
    check(asking(Ask::Mark { name: name() }), ("", "Marked goods"), "", READY, &answer(Answer::Mark(CODE.into())));
    check(asking(Ask::Gift { name: name() }), ("", "Gift card"), "", READY, &answer(Answer::Gift(CODE.into())));
    let refused = "NOT added: answer first";
    check(asking(Ask::Age { years: 18, name: name() }), ("", "Age 18+"), "", refused, &[]);
    let approval = || asking(Ask::Approval { right: "cancel_receipt".into() });
    check(approval(), ("", "A supervisor must allow this"), "", refused, &[]);
    check(approval(), ("<F4>", "card now"), "", CODE, &[]);
    check(sale(), ("<+><F5>", "gift card"), "", CODE, &[]);
    check(sale(), ("<Ctrl+O>", "Open the drawer"), "", "NOT added", &[]);
}

#[test]
fn a_code_waits_or_is_refused_as_a_burst_while_a_receipt_is_closed() {
    let waiting = TillView { mode: TillMode::WaitingForFiscal, ..sale() };
    check(waiting, ("", "PAID, WAITING"), "", "NOT added: finish the last receipt first", &[]);
    let card = [pay(TenderType::Card, "581.08"), scan(None)];
    check(sale(), ("<+><F2>", "Only the terminal decides"), "<Esc>", &format!("Item {CODE}"), &card);
}

/// What is sent to the channel is what the scanner reads.
#[derive(Clone)]
struct Gun(broadcast::Sender<&'static str>);

impl Emulated for Gun {
    async fn serve(&self, mut port: impl BytePort + 'static) {
        let mut codes = self.0.subscribe();
        while let Ok(code) = codes.recv().await {
            port.write_all(code.as_bytes()).await.expect("the line is there");
        }
    }
}

/// Until the scanner's state is such.
async fn state(node: &Node, is: impl Fn(&Value) -> bool) -> Value {
    let seen = async {
        loop {
            let view = node.look().await.expect("the node looks at itself");
            if let Some(state) = view.children[0].state.clone().filter(|state| is(state)) {
                return state;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, seen).await.expect("the scanner's state")
}

#[test]
fn a_scanner_is_pulled_and_plugged_in_while_the_till_sells() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scanner");
        let gun = Gun(broadcast::channel(8).0);
        let mut till = Till::open().await;
        let address: PortAddress = path.to_str().unwrap().parse().unwrap();
        let (port, screen) = (connector(address), till.scans_in.clone());
        let mut tree = Tree::new("counter");
        tree.group("screen", Strategy::OneForOne);
        tree.child(ChildSpec::new("screen/scanner", "scanner", move || {
            let scanner = Scanner::new(port.clone(), WedgeSettings::default(), screen.clone());
            async move { Ok(scanner) }
        }));
        let node = tree.start().await;
        for (time, codes) in [(1, "4600000000015\r\n4600000000022\r\n46"), (2, "4600000000039\r4600000000046\r")] {
            let lost = state(&node, |state| state["failure"].is_string()).await;
            assert!(lost["failure"].as_str().unwrap().contains("scanner") || time > 1, "{lost}");
            till.fingers("12<Enter>").await;
            till.sees(&format!("{} line", 3 * (time - 1) + 1)).await;
            let line = listen_pty(&gun, Some(&path)).unwrap();
            state(&node, |state| state["failure"].is_null()).await;
            while gun.0.receiver_count() == 0 {
                tokio::task::yield_now().await;
            }
            gun.0.send(codes).unwrap();
            till.sees(&format!("{} lines", 3 * time)).await;
            drop(line);
        }
        let lost = state(&node, |state| state["failure"].is_string()).await;
        assert_eq!(lost["scans"], 4, "{lost}");
        assert_eq!(till.scans(), 6);
        till.sees("Item 4600000000046").await;
        node.shutdown().await;
        till.node.shutdown().await;
    });
}
