//! What older releases have sent or kept is read for ever, and what newer ones add does no harm.
//!
//! `bodies/<release>.json` says what each body means, `bodies/<release>.txt` holds its bytes as that release wrote them. Neither
//! is changed after the release. A body that is new gets a line in [`BODIES`], its meaning, and what
//! `cargo test -p messages --test bodies -- --ignored --nocapture` prints.

#![allow(clippy::unwrap_used, reason = "a test: a failed step is a failed test")]

use std::fmt::Debug;

use messages::codec::{from_body, to_body};
use messages::v1::accounts::{
    Authorisation, Authorise, DeclineCode, Identified, IdentifyCustomer, OperationKind, OperationsTaken, Release,
    TillOperations, Wallet,
};
use messages::v1::catalogue::{BarcodeKind, BarcodeRule, Item, Operator, Role};
use messages::v1::document::{
    AuditKind, AuditNoted, CashKind, CashMoved, Document, DocumentError, ParkedRecalled, ReceiptCancelled,
    ReceiptParked, ShiftClosed, ShiftOpened,
};
use messages::v1::receipt::{FoundReceipt, Receipt, TenderType};
use messages::v1::requests::{
    AskBusinessDay, BusinessDay, ClaimMark, ListParked, MarkClaimed, ParkedList, SaleBy, TakeParked, Taken,
};
use messages::v1::scales::Scales;
use messages::v1::settings::{Bindings, CashRules, Loyalty, QuickKeys, ReceiptText, Roles, SaleRules, TaxRules};
use rmpv::Value as Packed;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const MEANINGS: &str = include_str!("bodies/0.1.json");
const BYTES: &str = include_str!("bodies/0.1.txt");

/// A kind of body, and how it is read and written.
struct Kind {
    name: &'static str,
    /// The meaning of a body.
    read: fn(&[u8]) -> Result<Value, String>,
    /// What this release writes for a meaning.
    write: fn(&Value) -> Vec<u8>,
    /// Whether a body and a meaning are the same value.
    same: fn(&[u8], &Value) -> Result<(), String>,
}

const fn kind<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &'static str) -> Kind {
    Kind {
        name,
        read: |body| from_body::<T>(body).map(|value| serde_json::to_value(value).unwrap()).map_err(|e| e.to_string()),
        write: |meaning| to_body(&serde_json::from_value::<T>(meaning.clone()).unwrap()),
        same: |body, meaning| {
            let meant: T = serde_json::from_value(meaning.clone()).map_err(|error| error.to_string())?;
            let read: T = from_body(body).map_err(|error| error.to_string())?;
            if read == meant { Ok(()) } else { Err(format!("{read:?} is read, {meant:?} was meant")) }
        },
    }
}

const BODIES: &[Kind] = &[
    kind::<Receipt>("receipt_closed"),
    kind::<ReceiptCancelled>("receipt_cancelled"),
    kind::<ReceiptParked>("receipt_parked"),
    kind::<ParkedRecalled>("parked_recalled"),
    kind::<ShiftOpened>("shift_opened"),
    kind::<ShiftClosed>("shift_closed"),
    kind::<CashMoved>("cash_moved"),
    kind::<AuditNoted>("audit_noted"),
    kind::<Item>("item"),
    kind::<Item>("item_plain"),
    kind::<BarcodeRule>("barcode_rule"),
    kind::<Operator>("operator"),
    kind::<Roles>("settings_roles"),
    kind::<CashRules>("settings_cash"),
    kind::<SaleRules>("settings_sale"),
    kind::<TaxRules>("settings_tax"),
    kind::<QuickKeys>("settings_quick_keys"),
    kind::<Bindings>("settings_bindings"),
    kind::<ReceiptText>("settings_receipt_text"),
    kind::<Loyalty>("settings_loyalty"),
    kind::<Scales>("settings_scales"),
    kind::<Vec<SaleBy>>("sale_by"),
    kind::<ListParked>("list_parked"),
    kind::<ParkedList>("parked_list"),
    kind::<TakeParked>("take_parked"),
    kind::<Vec<Taken>>("taken"),
    kind::<ClaimMark>("claim_mark"),
    kind::<Vec<MarkClaimed>>("mark_claimed"),
    kind::<AskBusinessDay>("ask_business_day"),
    kind::<BusinessDay>("business_day"),
    kind::<IdentifyCustomer>("identify_customer"),
    kind::<Vec<Identified>>("identified"),
    kind::<Authorise>("authorise"),
    kind::<Vec<Authorisation>>("authorisation"),
    kind::<Release>("release"),
    kind::<TillOperations>("till_operations"),
    kind::<OperationsTaken>("operations_taken"),
    kind::<FoundReceipt>("found_receipt"),
    kind::<Vec<AuditKind>>("audit_kinds"),
    kind::<Vec<CashKind>>("cash_kinds"),
    kind::<Vec<TenderType>>("tender_types"),
    kind::<Vec<Role>>("roles"),
    kind::<Vec<BarcodeKind>>("barcode_kinds"),
    kind::<Vec<Wallet>>("wallets"),
    kind::<Vec<OperationKind>>("operation_kinds"),
    kind::<Vec<DeclineCode>>("decline_codes"),
];

fn meanings() -> Value {
    serde_json::from_str(MEANINGS).unwrap()
}

fn recorded(name: &str) -> Vec<u8> {
    let hex = BYTES.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let hex = hex.unwrap_or_else(|| panic!("no bytes of \"{name}\" were recorded"));
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn fault_f31_bodies_of_release_0_1_are_read() {
    let meanings = meanings();
    let mut wrong = Vec::new();
    for kind in BODIES {
        if let Err(why) = (kind.same)(&recorded(kind.name), &meanings[kind.name]) {
            wrong.push(format!("{}: {why}", kind.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let unknown: Vec<&String> =
        meanings.as_object().unwrap().keys().filter(|name| BODIES.iter().all(|kind| kind.name != *name)).collect();
    assert!(unknown.is_empty(), "nobody reads {unknown:?}");
}

#[test]
#[ignore = "prints the bodies of this release, to be recorded when one is new"]
fn print_bodies() {
    for kind in BODIES {
        let hex: String = (kind.write)(&meanings()[kind.name]).iter().map(|byte| format!("{byte:02x}")).collect();
        println!("{}: {hex}", kind.name);
    }
}

#[test]
fn retail_s58_a_field_of_a_newer_release_changes_nothing() {
    for kind in BODIES {
        let body = recorded(kind.name);
        let Packed::Map(mut fields) = rmpv::decode::read_value(&mut &body[..]).unwrap() else { continue };
        fields.insert(0, (Packed::from("from_the_future"), Packed::Map(vec![(Packed::from(1), Packed::Nil)])));
        let mut newer = Vec::new();
        rmpv::encode::write_value(&mut newer, &Packed::Map(fields)).unwrap();
        assert_eq!((kind.read)(&newer), (kind.read)(&body), "{}", kind.name);
    }
}

/// A document with a word that is not known is an error, by which it is kept until the upgrade: never a panic, and never
/// read as something else.
#[test]
fn retail_s58_a_word_of_a_newer_release_is_an_error() {
    let text = |body: &[u8]| Document::from_body(8, body).map(drop).map_err(|error| error.to_string());
    let body = recorded("audit_noted");
    let Packed::Map(fields) = rmpv::decode::read_value(&mut &body[..]).unwrap() else { panic!("a map") };
    let renamed = |(name, value): (Packed, Packed)| match name.as_str() {
        Some("kind") => (name, Packed::from("from_the_future")),
        _ => (name, value),
    };
    let mut newer = Vec::new();
    let fields = fields.into_iter().map(renamed).collect();
    rmpv::encode::write_value(&mut newer, &Packed::Map(fields)).unwrap();
    assert!(text(&body).is_ok());
    assert!(text(&newer).unwrap_err().contains("from_the_future"));
    assert!(matches!(Document::from_body(60_000, &body), Err(DocumentError::UnknownType(60_000))));
}
