//! Recorded exchanges with ATOL's web server. The JSON is put together from the protocol's description.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use devices::fiscal::atol::{Atol, Timing};
use devices::fiscal::{FiscalDevice, FiscalSign};
use devices::port::Connector;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::{Exchange, storage_in_words, told};

const STORAGE: &str = r#"{"request":[{"type":"getFnInfo"},{"type":"getFnStatus"},{"type":"getShiftStatus"}],"uuid":"00000000-0000-0000-0000-000000000001"}"#;
const STORAGE_TOLD: &str = r#"{"results":[{"status":"ready","errorCode":0,"errorDescription":"Ошибок нет","result":{"fnInfo":{"serial":"9999078900000961"}}},
    {"status":"ready","errorCode":0,"result":{"fnStatus":{"fiscalDocumentNumber":69,"fiscalReceiptNumber":0,"warnings":{}}}},
    {"status":"ready","errorCode":0,"result":{"shiftStatus":{"state":"closed","number":11,"documentsCount":0}}}]}"#;
const OPEN: &str = r#"{"request":[{"operator":{"name":"Иванова А."},"type":"openShift"}],"uuid":"ID"}"#;
const OPENED: &str = r#"{"results":[{"status":"ready","errorCode":0,"errorDescription":"Ошибок нет","result":{"fiscalParams":
    {"fiscalDocumentNumber":70,"fiscalDocumentDateTime":"2026-11-23T09:00:00+03:00","fiscalDocumentSign":"1138986989",
    "fnNumber":"9999078900000961","registrationNumber":"0000000001002292","shiftNumber":12,"fnsUrl":"www.nalog.gov.ru"},
    "warnings":{}}}]}"#;
/// The key of this opening on this storage.
const OPENED_ID: &str = "47282047-7ec5-5461-bea8-48c49548f7ac";
const SILENT: &str = "the fiscal device is not reachable (no answer to \"state of the storage\"; no document was made): \
                      check its power and cable";
const DOUBT: &str =
    "the fiscal device did not answer to \"open the shift\": check its last document before trying again";

fn post(mark: &str, body: &str) -> String {
    let head = format!(
        "POST /api/v2/requests HTTP/1.1\r\nHost: device\r\nContent-Type: application/json; charset=utf-8\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    format!("{mark} {}\n", hex(&[head.as_str(), body].concat()))
}

fn get(id: &str) -> String {
    let text = format!(
        "GET /api/v2/requests/{id} HTTP/1.1\r\nHost: device\r\nContent-Type: application/json; charset=utf-8\r\n\
         Content-Length: 0\r\nConnection: close\r\n\r\n"
    );
    format!("> {}\n", hex(&text))
}

fn answer(status: &str, body: &str) -> String {
    format!("< {}\n", hex(&format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())))
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02X} ").expect("memory takes it");
        hex
    })
}

/// Ids that are the same in every run.
fn driver(connector: Connector) -> Atol {
    let count = AtomicU64::new(0);
    let ids = move || Uuid::from_u128(u128::from(count.fetch_add(1, Ordering::Relaxed) + 1));
    Atol::with_timing(connector, Timing::default(), Box::new(ids))
}

fn state(connector: Connector) -> BoxFuture<'static, String> {
    Box::pin(async move { told(driver(connector).state().await, storage_in_words) })
}

fn open(connector: Connector) -> BoxFuture<'static, String> {
    Box::pin(async move {
        told(driver(connector).open_shift("Иванова А.").await, |FiscalSign { device, number, sign }| {
            format!("storage {device}, document {number}, sign {sign}")
        })
    })
}

/// The storage is asked for under this id, and is at this document.
fn storage(id: u128, document: u32) -> String {
    let id = Uuid::from_u128(id).to_string();
    let ask = STORAGE.replace("00000000-0000-0000-0000-000000000001", &id);
    let told = STORAGE_TOLD.replace(":69", &format!(":{document}"));
    [post(">", &ask), answer("201 Created", "{}"), get(&id), answer("200 OK", &told)].concat()
}

fn opening(waits: &[String], told: &str) -> String {
    let ask = OPEN.replace("ID", OPENED_ID);
    let said = [post(">!", &ask), answer("201 Created", "{}")].concat();
    [storage(1, 69), said, waits.concat(), get(OPENED_ID), answer("200 OK", told)].concat()
}

#[test]
fn a_state() {
    let ask = STORAGE.replace("}],", "},{\"type\":\"getDeviceStatus\"}],");
    let status =
        r#",{"status":"ready","errorCode":0,"result":{"deviceStatus":{"shift":"closed","paperPresent":true}}}]}"#;
    let told = STORAGE_TOLD.replace("]}", status);
    let first = Uuid::from_u128(1).to_string();
    let wait =
        answer("200 OK", r#"{"results":[{"status":"wait"},{"status":"wait"},{"status":"wait"},{"status":"wait"}]}"#);
    let asked = [post(">", &ask), answer("201 Created", ""), get(&first), wait, get(&first)].concat();
    const SILENT: &str = "the fiscal device is not reachable (no answer to \"state of the device\"; no document was \
                          made): check its power and cable";
    Exchange {
        name: "atol, state",
        run: state,
        script: [asked, answer("200 OK", &told)].concat().leak(),
        says: "storage 9999078900000961, document 69, shift 11 open: false",
        in_doubt: None,
        silent: &[SILENT; 3],
        spoilt: Some((1, SILENT)),
        within: Duration::from_secs(10),
    }
    .check();
}

#[test]
fn a_shift_is_opened() {
    let opened = Exchange {
        name: "atol, a shift is opened",
        run: open,
        script: opening(&[], OPENED).leak(),
        says: "storage 9999078900000961, document 70, sign 1138986989",
        in_doubt: None,
        silent: &[SILENT, SILENT, DOUBT, DOUBT],
        spoilt: Some((1, SILENT)),
        within: Duration::from_secs(10),
    };
    opened.check();
    let going_on = answer("200 OK", r#"{"results":[{"status":"inProgress"}]}"#);
    Exchange {
        name: "atol, a shift is opened, slowly",
        script: opening(&[get(OPENED_ID), going_on], OPENED).leak(),
        silent: &[SILENT, SILENT, DOUBT, DOUBT, DOUBT],
        ..opened
    }
    .check();
    let blocked = answer("200 OK", r#"{"results":[{"status":"blocked","errorCode":44}]}"#);
    let second = Uuid::from_u128(2);
    let go_on = post(">", &format!(r#"{{"request":[{{"type":"continuePrint"}}],"uuid":"{second}"}}"#));
    Exchange {
        name: "atol, a shift is opened, and paper is loaded meanwhile",
        script: opening(&[get(OPENED_ID), blocked, go_on, answer("201 Created", "{}")], OPENED).leak(),
        silent: &[SILENT, SILENT, DOUBT, DOUBT, DOUBT, DOUBT],
        within: Duration::from_secs(13),
        ..opened
    }
    .check();
}

#[test]
fn what_is_refused_is_looked_for_all_the_same() {
    const TOLD: &str = r#"{"results":[{"status":"error","errorCode":83,"errorDescription":"Смена открыта"}]}"#;
    let refused = Exchange {
        name: "atol, a shift is refused",
        run: open,
        script: [opening(&[], TOLD), storage(2, 69)].concat().leak(),
        says: "the fiscal device refuses: the shift is already open (error 83)",
        in_doubt: None,
        silent: &[SILENT, SILENT, DOUBT, DOUBT, DOUBT, DOUBT],
        spoilt: Some((1, SILENT)),
        within: Duration::from_secs(10),
    };
    refused.check();
    Exchange {
        name: "atol, a shift is refused and is opened",
        script: [opening(&[], TOLD), storage(2, 70)].concat().leak(),
        says: DOUBT,
        ..refused
    }
    .check();
    Exchange {
        name: "atol, a shift is interrupted",
        script: opening(&[], &TOLD.replace("error\"", "interrupted\"")).leak(),
        says: DOUBT,
        silent: &[SILENT, SILENT, DOUBT, DOUBT],
        ..refused
    }
    .check();
}
