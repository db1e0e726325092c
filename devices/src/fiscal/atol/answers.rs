//! What ATOL's web server answers: values and errors from the results of tasks. Pure.

use std::fmt;
use std::marker::PhantomData;

use domain::money::Money;
use domain::quantity::Quantity;
use serde::de::{DeserializeOwned, Error as _, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Number;

use super::errors;
use crate::fiscal::{
    FiscalDocument, FiscalDocumentKind, FiscalError, FiscalPayments, FiscalSign, FiscalState, FiscalTotals,
};

/// The most results of one request.
const RESULTS_MAX: usize = 4;

/// What became of one task, and what it tells.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskResult<T = IgnoredAny> {
    pub status: Status,
    error_code: Option<i64>,
    error_description: Option<String>,
    result: Option<T>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    Wait,
    InProgress,
    Ready,
    Error,
    Interrupted,
    /// It waits for a person, usually for paper.
    Blocked,
    /// A word that no paper names: nothing is known from it.
    #[serde(other)]
    Unknown,
}

/// The storage before a document is made: what names it, and whether it takes documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Storage {
    pub(super) device: String,
    pub(super) last_document: u32,
    pub(super) shift: Shift,
}

/// How far the tasks of a request are. What they tell is read later, so that it cannot hide that they are over.
pub fn results(body: &[u8]) -> Result<Vec<TaskResult>, FiscalError> {
    read(body)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<Vec<TaskResult<T>>, FiscalError> {
    let results: Result<Results<T>, serde_json::Error> = serde_json::from_slice(body);
    let results =
        results.map_err(|error| FiscalError::Protocol { what: format!("its answer is not as expected ({error})") })?;
    Ok(results.results)
}

pub(super) fn storage(body: &[u8]) -> Result<Storage, FiscalError> {
    storage_of(&mut read(body)?)
}

fn storage_of(told: &mut [TaskResult<Told>]) -> Result<Storage, FiscalError> {
    let FnInfo { serial } = take(told, 0, "fnInfo", |told| told.fn_info)?;
    let FnStatus { fiscal_document_number } = take(told, 1, "fnStatus", |told| told.fn_status)?;
    let shift = take(told, 2, "shiftStatus", |told| told.shift_status)?;
    Ok(Storage { device: serial, last_document: fiscal_document_number, shift })
}

pub fn state(body: &[u8]) -> Result<FiscalState, FiscalError> {
    let mut told = read(body)?;
    let Storage { device, last_document, shift } = storage_of(&mut told)?;
    let DeviceStatus { paper_present } = take(&mut told, 3, "deviceStatus", |told| told.device_status)?;
    Ok(FiscalState {
        device,
        last_document,
        shift_open: shift.state != ShiftState::Closed,
        shift_expired: shift.state == ShiftState::Expired,
        shift: shift.number,
        // A task is a whole document: nothing is ever left begun.
        document_open: false,
        paper: paper_present,
    })
}

/// The proof of a document, and its total if it has one.
pub fn made(body: &[u8]) -> Result<(FiscalSign, Option<Money>), FiscalError> {
    let params = take(&mut read(body)?, 0, "fiscalParams", |told| told.fiscal_params)?;
    let sign = FiscalSign {
        device: params.fn_number,
        number: params.fiscal_document_number,
        sign: params.fiscal_document_sign,
    };
    Ok((sign, params.total.map(|Sum(total)| total)))
}

/// The document with this number. None if the storage is not so far.
pub fn found(number: u32, body: &[u8]) -> Result<Option<FiscalDocument>, FiscalError> {
    let mut told = read(body)?;
    let FnStatus { fiscal_document_number: last } = take(&mut told, 0, "fnStatus", |told| told.fn_status)?;
    if number == 0 || number > last {
        return Ok(None);
    }
    let stored = take(&mut told, 1, "documentTLV", |told| told.document)?;
    let (kind, total) = match (stored.kind.as_str(), stored.operation) {
        ("openShift", _) => (FiscalDocumentKind::OpenShift, None),
        ("closeShift", _) => (FiscalDocumentKind::CloseShift, None),
        ("receipt" | "bso", Some(1)) => (FiscalDocumentKind::Sale, stored.total),
        ("receipt" | "bso", Some(2)) => (FiscalDocumentKind::Return, stored.total),
        _ => (FiscalDocumentKind::Other, stored.total),
    };
    let total = total.map_or(Money::ZERO, |Sum(total)| total);
    Ok(Some(FiscalDocument { number, kind, total, sign: sign(stored.sign, &stored.qr) }))
}

/// Cash is taken to be net of change, as the fiscal storage counts it; no paper of the maker says so.
pub fn totals(body: &[u8]) -> Result<FiscalTotals, FiscalError> {
    let totals = take(&mut read(body)?, 0, "shiftTotals", |told| told.shift_totals)?;
    let Receipts { sell, sell_return } = totals.receipts;
    Ok(FiscalTotals {
        sales_count: sell.count,
        returns_count: sell_return.count,
        sales: sell.payments.into(),
        returns: sell_return.payments.into(),
        cash_in_drawer: totals.cash_drawer.sum.0,
        cash_in: totals.income.sum.0,
        cash_out: totals.outcome.sum.0,
    })
}

/// Of a task that is over: its refusal, if it was refused.
pub fn refusal<T>(result: &TaskResult<T>) -> Option<FiscalError> {
    match result.error_code.unwrap_or_default() {
        0 if result.status == Status::Ready => None,
        code => Some(errors::refusal(code, result.error_description.as_deref().unwrap_or_default())),
    }
}

/// One value of one result.
fn take<T>(
    told: &mut [TaskResult<Told>],
    place: usize,
    name: &str,
    pick: impl FnOnce(Told) -> Option<T>,
) -> Result<T, FiscalError> {
    let missing = || FiscalError::Protocol { what: format!("it does not answer with \"{name}\"") };
    let result = told.get_mut(place).ok_or_else(missing)?;
    match refusal(result) {
        Some(refusal) => Err(refusal),
        None => result.result.take().and_then(pick).ok_or_else(missing),
    }
}

/// The sign as the document's QR code has it, or as the document has it. One that shows neither has an empty sign.
fn sign(tag: Option<Tag>, qr: &str) -> String {
    let of_qr = qr.split('&').find_map(|part| part.strip_prefix("fp="));
    match (of_qr, tag) {
        (Some(sign), _) => sign.to_owned(),
        (None, Some(Tag::Text(sign))) => sign,
        (None, Some(Tag::Number(sign))) => sign.to_string(),
        (None, Some(Tag::Other(_)) | None) => String::new(),
    }
}

/// Roubles as a JSON number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum(pub(crate) Money);

impl<'de> Deserialize<'de> for Sum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Sum, D::Error> {
        Number::deserialize(deserializer)?.to_string().parse().map(Sum).map_err(D::Error::custom)
    }
}

/// A quantity as a JSON number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) Quantity);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Count, D::Error> {
        Number::deserialize(deserializer)?.to_string().parse().map(Count).map_err(D::Error::custom)
    }
}

#[derive(Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
struct Results<T> {
    #[serde(deserialize_with = "few")]
    results: Vec<TaskResult<T>>,
}

/// As many as a request has tasks, whatever comes.
fn few<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    struct Few<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Few<T> {
        type Value = Vec<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "at most {RESULTS_MAX} results")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
            let mut few = Vec::new();
            while let Some(one) = list.next_element()? {
                if few.len() == RESULTS_MAX {
                    return Err(A::Error::invalid_length(RESULTS_MAX + 1, &self));
                }
                few.push(one);
            }
            Ok(few)
        }
    }
    deserializer.deserialize_seq(Few(PhantomData))
}

/// Whatever a task may tell; each tells one or none of these.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    fn_info: Option<FnInfo>,
    fn_status: Option<FnStatus>,
    shift_status: Option<Shift>,
    device_status: Option<DeviceStatus>,
    fiscal_params: Option<FiscalParams>,
    #[serde(rename = "documentTLV")]
    document: Option<Stored>,
    shift_totals: Option<ShiftTotals>,
}

#[derive(Deserialize)]
struct FnInfo {
    serial: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FnStatus {
    fiscal_document_number: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Shift {
    pub(super) state: ShiftState,
    pub(super) number: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum ShiftState {
    Closed,
    Opened,
    Expired,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeviceStatus {
    paper_present: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FiscalParams {
    fiscal_document_number: u32,
    fiscal_document_sign: String,
    fn_number: String,
    total: Option<Sum>,
}

#[derive(Deserialize)]
struct Stored {
    #[serde(rename = "fiscalDocumentType")]
    kind: String,
    #[serde(default)]
    qr: String,
    #[serde(rename = "1054")]
    operation: Option<u8>,
    #[serde(rename = "1020")]
    total: Option<Sum>,
    #[serde(rename = "1077")]
    sign: Option<Tag>,
}

/// A tag whose form is not confirmed: a text or a number; nothing is read from any other.
#[derive(Deserialize)]
#[serde(untagged)]
enum Tag {
    Text(String),
    Number(u64),
    Other(IgnoredAny),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShiftTotals {
    cash_drawer: Moved,
    income: Moved,
    outcome: Moved,
    receipts: Receipts,
}

#[derive(Deserialize)]
struct Moved {
    sum: Sum,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Receipts {
    sell: Registered,
    sell_return: Registered,
}

#[derive(Deserialize)]
struct Registered {
    count: u32,
    /// Left out when there were none.
    #[serde(default)]
    payments: Payments,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Payments {
    cash: Sum,
    electronically: Sum,
    prepaid: Sum,
    credit: Sum,
}

impl From<Payments> for FiscalPayments {
    fn from(paid: Payments) -> FiscalPayments {
        FiscalPayments {
            cash: paid.cash.0,
            electronic: paid.electronically.0,
            prepaid: paid.prepaid.0,
            credit: paid.credit.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_as_the_protocol_shows() {
        let opened = r#"{"results":[{"status":"ready","errorCode":0,"errorDescription":"Ошибок нет","result":{"fiscalParams":
            {"fiscalDocumentNumber":70,"fiscalDocumentDateTime":"2026-11-23T09:00:00+03:00","fiscalDocumentSign":"1138986989",
            "fnNumber":"9999078900000961","registrationNumber":"0000000001002292","shiftNumber":12,
            "fnsUrl":"www.nalog.gov.ru"},"warnings":{}}}]}"#;
        let sign = FiscalSign { device: "9999078900000961".into(), number: 70, sign: "1138986989".into() };
        assert_eq!(made(opened.as_bytes()), Ok((sign, None)));

        let refused =
            r#"{"results":[{"status":"error","errorCode":66,"errorDescription":"Чек оплачен не полностью"}]}"#;
        let refused = made(refused.as_bytes()).expect_err("a refusal");
        assert_eq!(refused.to_string(), "the fiscal device refuses: the payments are less than the total (error 66)");
        let unknown = r#"{"results":[{"status":"error","errorCode":1001,"errorDescription":" Беда "}]}"#;
        let unknown = made(unknown.as_bytes()).expect_err("a refusal");
        assert_eq!(unknown.to_string(), "the fiscal device refuses: Беда (error 1001)");

        let silent = r#"{"results":[{"status":"error","errorCode":-1}]}"#;
        let silent = made(silent.as_bytes()).expect_err("a refusal");
        assert_eq!(silent.to_string(), "the fiscal device refuses: it does not say why (error -1)");

        let waits = r#"{"results":[{"status":"wait","errorCode":null,"errorDescription":null},{"status":"inProgress"},{"status":"blocked"},{"status":"asleep"}]}"#;
        let waits: Vec<Status> = results(waits.as_bytes()).expect("results").iter().map(|one| one.status).collect();
        assert_eq!(waits, [Status::Wait, Status::InProgress, Status::Blocked, Status::Unknown]);
        for text in ["", "{}", "[]", r#"{"results":{}}"#, r#"{"results":[{}]}"#, r#"{"results":[]} x"#] {
            assert!(results(text.as_bytes()).is_err(), "{text}");
        }
    }
}
