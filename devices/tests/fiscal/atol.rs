//! What only ATOL's web server can show: ids that are done once, results that come later.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use devices::fiscal::atol::{Atol, Timing};
use devices::fiscal::{FiscalDevice, FiscalError, FiscalKind};
use devices::http::{self, Read};
use devices::port::{self, BytePort, Connector};
use devices::sim::atol::{AtolHandle, EmulatorSettings};
use devices::sim::fault::Fault;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use uuid::Uuid;

use super::scripts::{finds, trade};
use super::{QUICK_HTTP, TOTAL, groceries, money, receipts};

fn driver(connector: Connector, timing: Timing) -> Atol {
    Atol::with_timing(connector, timing, Box::new(Uuid::now_v7))
}

async fn with_shift() -> (AtolHandle, Atol) {
    let emulator = AtolHandle::new(EmulatorSettings::default());
    let mut driver = driver(emulator.connector(), QUICK_HTTP);
    driver.open_shift("Иванова").await.expect("a shift");
    (emulator, driver)
}

/// What the server answers to a request as it is: its status and its body.
async fn raw(emulator: &AtolHandle, head: &str, body: &str) -> (u16, String) {
    let mut port = (emulator.connector())().await.expect("a port");
    let request = format!("{head} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    port.write_all(request.as_bytes()).await.expect("it listens");
    let mut answer = Vec::new();
    port.read_to_end(&mut answer).await.expect("it answers");
    match http::read_response(&answer, true, 1 << 16) {
        Read::Whole(response) => (response.status, String::from_utf8_lossy(&response.body).into_owned()),
        other => panic!("{other:?}"),
    }
}

async fn result(emulator: &AtolHandle, id: &str) -> serde_json::Value {
    let (status, body) = raw(emulator, &format!("GET /api/v2/requests/{id}"), "").await;
    assert_eq!(status, 200, "{id}");
    serde_json::from_str::<serde_json::Value>(&body).expect("JSON")["results"][0].clone()
}

/// The exchanges that the protocol's description shows.
#[tokio::test]
async fn the_server_does_an_id_once() {
    const POST: &str = "POST /api/v2/requests";
    let emulator = AtolHandle::new(EmulatorSettings::default());
    let open = r#"{"uuid":"r1","request":[{"type":"openShift","operator":{"name":"Иванова А."}}]}"#;
    assert_eq!(raw(&emulator, POST, open).await.0, 201);
    let opened = result(&emulator, "r1").await;
    assert_eq!((&opened["status"], &opened["errorCode"]), (&"ready".into(), &0.into()));
    assert_eq!(opened["result"]["fiscalParams"]["fiscalDocumentNumber"], 1);
    assert_eq!(opened["result"]["fiscalParams"]["fnNumber"], "9999078900001234");

    let sell = r#"{"uuid":"r2","request":[{"type":"sell","taxationType":"osn","operator":{"name":"Иванова А."},
        "items":[{"type":"position","name":"Сыр","price":499.00,"quantity":0.535,"amount":266.97,"measurementUnit":11,
        "paymentMethod":"fullPayment","paymentObject":"commodity","tax":{"type":"vat10"}}],
        "payments":[{"type":"cash","sum":300.00}],"total":266.97}]}"#;
    assert_eq!(raw(&emulator, POST, sell).await.0, 201);
    let sold = result(&emulator, "r2").await;
    assert_eq!(sold["result"]["fiscalParams"]["total"], 266.97);
    assert_eq!(sold["result"]["fiscalParams"]["fiscalReceiptNumber"], 1);
    assert_eq!(raw(&emulator, POST, sell).await.0, 409);
    assert_eq!(result(&emulator, "r2").await, sold);
    assert_eq!(receipts(&emulator), 1);

    let status = r#"{"uuid":"r3","request":{"type":"getDeviceStatus"}}"#;
    assert_eq!(raw(&emulator, POST, status).await.0, 201);
    let status = result(&emulator, "r3").await["result"]["deviceStatus"].clone();
    assert_eq!((&status["shift"], &status["paperPresent"]), (&"opened".into(), &true.into()));

    for (id, from, to) in [
        ("r4", "300.00", "100"),
        ("r5", "266.97}]", "266.96}]"),
        ("r6", "vat10", "vat99"),
        ("r7", "\"sell\"", "\"sold\""),
    ] {
        let refused = sell.replace("r2", id).replace(from, to);
        assert_eq!(raw(&emulator, POST, &refused).await.0, 201);
        let refused = result(&emulator, id).await;
        assert!(refused["status"] == "error" && refused["errorCode"] != 0, "{id}: {refused}");
    }
    assert_eq!(receipts(&emulator), 1);
    for (head, body, status) in [
        (POST, "{}", 400),
        (POST, r#"{"uuid":"","request":[{"type":"reportX"}]}"#, 400),
        (POST, r#"{"uuid":"r8","request":[]}"#, 400),
        ("GET /api/v2/requests/r9", "", 404),
        ("GET /", "", 404),
        ("\u{1}", "", 400),
    ] {
        assert_eq!(raw(&emulator, head, body).await.0, status, "{head} {body}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_under_the_same_id() {
    let (emulator, mut driver) = with_shift().await;
    emulator.set_fault(Fault::NoAnswerAfterCommit);
    let made = driver.register(&groceries(FiscalKind::Sale, TOTAL, 0)).await.expect("its result is asked for");
    assert_eq!((made.number, made.sign), (2, emulator.documents()[1].sign.to_string()));
    assert_eq!(receipts(&emulator), 1);
    emulator.set_fault(Fault::NoAnswerAfterCommit);
    driver.cash_in(money(100)).await.expect("cash in");
    assert_eq!(driver.totals().await.expect("totals").cash_in, money(100));
}

/// A way to the device on which the request of one connection is kept instead of delivered.
fn keeping(inner: Connector, at: usize, kept: watch::Sender<Vec<u8>>) -> Connector {
    let connections = Arc::new(AtomicUsize::new(0));
    Arc::new(move || {
        let (inner, kept) = (inner.clone(), kept.clone());
        let is_kept = connections.fetch_add(1, Ordering::Relaxed) == at;
        Box::pin(async move {
            if !is_kept {
                return inner().await;
            }
            let (host, mut wire) = port::memory();
            tokio::spawn(async move {
                let mut bytes = Vec::new();
                while http::read_request(&bytes, 1 << 16) == Read::Part {
                    assert!(wire.read_buf(&mut bytes).await.is_ok_and(|count| count > 0), "the request is whole");
                }
                kept.send_replace(bytes);
                // The host gives up first.
                while wire.read_u8().await.is_ok() {}
            });
            Ok(Box::new(host) as Box<dyn BytePort>)
        })
    })
}

/// Deliver what was kept: the server's status.
async fn deliver(emulator: &AtolHandle, kept: &watch::Sender<Vec<u8>>) -> u16 {
    let late = String::from_utf8(kept.borrow().clone()).expect("text");
    let (_, body) = late.split_once("\r\n\r\n").expect("a head and a body");
    raw(emulator, "POST /api/v2/requests", body).await.0
}

#[tokio::test]
async fn a_request_that_arrives_after_it_was_sent_again_makes_no_second_document() {
    let (emulator, _) = with_shift().await;
    let kept = watch::Sender::new(Vec::new());
    // The storage is asked for over the first two connections.
    let mut driver = driver(keeping(emulator.connector(), 2, kept.clone()), QUICK_HTTP);
    let made = driver.register(&groceries(FiscalKind::Sale, TOTAL, 0)).await.expect("it is sent again");
    assert_eq!(deliver(&emulator, &kept).await, 409);
    assert_eq!((made.number, receipts(&emulator)), (2, 1));
}

#[tokio::test]
async fn a_request_that_arrives_after_the_till_was_restarted_makes_no_second_document() {
    let (emulator, _) = with_shift().await;
    let sale = groceries(FiscalKind::Sale, TOTAL, 0);
    let kept = watch::Sender::new(Vec::new());
    let mut sent = kept.subscribe();
    let mut first = driver(keeping(emulator.connector(), 2, kept.clone()), QUICK_HTTP);
    tokio::select! {
        made = first.register(&sale) => panic!("{made:?} without an answer"),
        sent = sent.wait_for(|bytes| !bytes.is_empty()) => assert!(sent.is_ok()),
    }
    drop(first);
    let mut second = driver(emulator.connector(), QUICK_HTTP);
    let made = second.register(&sale).await.expect("nothing was made before");
    assert_eq!(deliver(&emulator, &kept).await, 409);
    assert_eq!((made.number, receipts(&emulator)), (2, 1));
}

#[tokio::test]
async fn a_document_whose_result_never_comes_is_looked_for_before_anything_else_is_asked() {
    let (emulator, _) = with_shift().await;
    let impatient = Timing { result: Duration::from_millis(100), ..QUICK_HTTP };
    let mut driver = driver(emulator.connector(), impatient);
    let baseline = driver.state().await.expect("state").last_document;
    let sale = groceries(FiscalKind::Sale, TOTAL, 0);
    let control = emulator.clone();
    // The storage is asked for before the sale, so its results are held back only from then on.
    emulator.set_fault(Fault::Slow(Duration::from_millis(30)));
    let held = tokio::spawn(async move {
        control.documents_reach(2).await;
        control.hold_answers();
    });
    let lost = driver.register(&sale).await.expect_err("no result");
    held.await.expect("held");
    emulator.set_fault(Fault::None);
    assert!(matches!(lost, FiscalError::NoAnswer { .. }), "{lost}");
    for _ in 0..2 {
        let closed = driver.register(&sale).await.expect_err("nothing is done while that is not known");
        let expected = "the fiscal device is not reachable (it does not say what became of \"register the receipt\"): \
                        check its power and cable";
        assert_eq!(closed.to_string(), expected);
    }
    assert_eq!(receipts(&emulator), 1);
    emulator.release_answers();
    finds(&emulator, &mut driver, baseline + 1, &sale).await;
}

#[tokio::test]
async fn a_refused_receipt_is_asked_for_under_another_id_also_after_a_restart() {
    let (emulator, mut first) = with_shift().await;
    let sale = groceries(FiscalKind::Sale, TOTAL, 0);
    emulator.set_fault(Fault::PaperOut);
    for _ in 0..3 {
        assert!(matches!(first.register(&sale).await, Err(FiscalError::Refused { code: 44, .. })));
    }
    let mut second = driver(emulator.connector(), QUICK_HTTP);
    assert!(matches!(second.register(&sale).await, Err(FiscalError::Refused { code: 44, .. })));
    emulator.set_fault(Fault::None);
    let mut third = driver(emulator.connector(), QUICK_HTTP);
    assert_eq!(third.register(&sale).await.expect("paper is loaded").number, 2);
    assert_eq!(first.register(&sale).await.expect("the same sale again").number, 3);
    assert_eq!(receipts(&emulator), 2);
}

#[tokio::test]
async fn a_day_of_trade_goes_on_while_requests_are_lost() {
    for count in 2..12 {
        let emulator = AtolHandle::new(EmulatorSettings::default());
        emulator.set_fault(Fault::Loses(count));
        trade(&emulator, &mut driver(emulator.connector(), QUICK_HTTP)).await;
        assert_eq!(receipts(&emulator), 3, "one of {count} is lost");
    }
}

#[tokio::test]
async fn what_is_no_http_is_no_answer() {
    let (emulator, mut driver) = with_shift().await;
    emulator.set_fault(Fault::Garbage);
    let offline = driver.register(&groceries(FiscalKind::Sale, TOTAL, 0)).await.expect_err("garbage");
    assert!(matches!(offline, FiscalError::Offline { .. }), "{offline}");
    emulator.set_fault(Fault::None);
    assert_eq!(receipts(&emulator), 0);
}
