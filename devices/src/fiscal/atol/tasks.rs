//! What is asked of ATOL's web server and what it answers, as JSON: tasks from receipts, values and errors from results.
//!
//! Money and quantities are JSON numbers in roubles and units. They are written from and read into their decimal text, so
//! no sum is ever computed with a float.
//!
//! Not confirmed by any paper of the maker that could be read, only by programs that use them: `getFnInfo`,
//! `getFnDocument`, `getShiftTotals`, and that a sum may differ from price x quantity by a discount.

use domain::money::Money;
use domain::quantity::Quantity;
use domain::vat::VatRate;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value, json};
use uuid::Uuid;

use super::errors;
use crate::fiscal::{
    FiscalDocument, FiscalDocumentKind, FiscalError, FiscalKind, FiscalLine, FiscalPayments, FiscalReceipt, FiscalSign,
    FiscalState, FiscalTotals,
};

/// Requests are put here, and their results asked for below it.
pub const REQUESTS: &str = "/api/v2/requests";
/// The largest sum of the tax format, in kopecks. Its decimal text goes through a float unharmed.
const MONEY_MAX: i64 = 0xFF_FFFF_FFFF;
/// Likewise, in thousandths.
const QUANTITY_THOUSANDTHS_MAX: i64 = 0xFF_FFFF_FFFF;
/// The longest name that the tax format allows, in characters.
const ITEM_NAME_MAX: usize = 128;
const OPERATOR_MAX: usize = 64;
/// Units of tag 2108. A receipt does not name them: what is no whole number of pieces is weighed.
const UNIT_PIECE: u32 = 0;
const UNIT_KILOGRAM: u32 = 11;

/// What became of one task.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskResult {
    pub status: Status,
    #[serde(default)]
    pub error_code: u16,
    #[serde(default)]
    pub error_description: String,
    #[serde(default)]
    result: Value,
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

#[derive(Deserialize)]
struct Results {
    results: Vec<TaskResult>,
}

/// The body of a request.
pub(super) fn request(id: Uuid, tasks: &[Value]) -> Vec<u8> {
    json!({ "uuid": id, "request": tasks }).to_string().into_bytes()
}

/// The results of a request, as many as it had tasks.
pub fn results(body: &[u8]) -> Result<Vec<TaskResult>, FiscalError> {
    let results: Results = serde_json::from_slice(body).map_err(|error| not_as_expected("results", &error))?;
    Ok(results.results)
}

/// The key of a task that makes a document: the same while the same is asked of a storage that has not moved on, also
/// after a restart. Each `attempt` follows one that was surely refused.
pub(super) fn document_id(storage: &Storage, attempt: u32, task: &Value) -> Uuid {
    let name = format!("{} {} {attempt} {task}", storage.device, storage.last_document);
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

pub(super) fn simple(word: &str) -> Value {
    json!({ "type": word })
}

/// Open or close the shift.
pub(super) fn shift(word: &str, operator: &str) -> Value {
    let mut task = simple(word);
    put_operator(operator, &mut task);
    task
}

/// Put cash into the drawer or take it out.
pub(super) fn cash(word: &str, amount: Money) -> Result<Value, FiscalError> {
    check_money(amount)?;
    Ok(json!({ "type": word, "cashSum": number(amount) }))
}

pub(super) fn text(lines: &[String]) -> Value {
    let items: Vec<Value> = lines.iter().map(|line| json!({ "type": "text", "text": line })).collect();
    json!({ "type": "nonFiscal", "items": items })
}

pub(super) fn document(number: u32) -> Value {
    json!({ "type": "getFnDocument", "fiscalDocumentNumber": number, "withRawData": false })
}

/// A whole receipt, refused before anything is sent if it cannot be told.
pub(super) fn receipt(receipt: &FiscalReceipt) -> Result<Value, FiscalError> {
    if receipt.lines.is_empty() {
        return Err(FiscalError::Protocol { what: "a receipt without lines".into() });
    }
    let items = receipt.lines.iter().map(position).collect::<Result<Vec<Value>, FiscalError>>()?;
    let FiscalPayments { cash, electronic, prepaid, credit } = receipt.payments;
    let paid = [("cash", cash), ("electronically", electronic), ("prepaid", prepaid), ("credit", credit)];
    let mut payments = Vec::new();
    for (kind, sum) in paid.into_iter().filter(|(_, sum)| !sum.is_zero()) {
        check_money(sum)?;
        payments.push(json!({ "type": kind, "sum": number(sum) }));
    }
    let total = receipt.total();
    check_money(total)?;
    let kind = match receipt.kind {
        FiscalKind::Sale => "sell",
        FiscalKind::Return => "sellReturn",
    };
    let mut task = json!({
        "type": kind, "taxationType": "osn", "electronically": false, "items": items, "payments": payments,
        "total": number(total),
    });
    put_operator(&receipt.operator, &mut task);
    Ok(task)
}

fn position(line: &FiscalLine) -> Result<Value, FiscalError> {
    let refuse = |what: String| Err(FiscalError::Protocol { what });
    if !line.amount.is_positive() {
        return refuse(format!(
            "the amount of \"{}\" is {}, and only a positive one can be registered",
            line.name, line.amount
        ));
    }
    if !(1..=QUANTITY_THOUSANDTHS_MAX).contains(&line.quantity.thousandths()) {
        return refuse(format!("the quantity of \"{}\" is {}", line.name, line.quantity));
    }
    check_money(line.amount)?;
    check_money(line.price)?;
    let unit = if line.quantity.is_whole() { UNIT_PIECE } else { UNIT_KILOGRAM };
    Ok(json!({
        "type": "position", "name": cut(&line.name, ITEM_NAME_MAX), "price": number(line.price),
        "quantity": number(line.quantity), "amount": number(line.amount), "measurementUnit": unit,
        "paymentMethod": "fullPayment", "paymentObject": "commodity",
        "tax": { "type": tax(line.vat)?, "sum": number(line.vat.contained_in(line.amount)) },
    }))
}

fn tax(rate: VatRate) -> Result<&'static str, FiscalError> {
    Ok(match rate {
        VatRate::None => "none",
        VatRate::Percent { hundredths: 0 } => "vat0",
        VatRate::Percent { hundredths: 500 } => "vat5",
        VatRate::Percent { hundredths: 700 } => "vat7",
        VatRate::Percent { hundredths: 1000 } => "vat10",
        VatRate::Percent { hundredths: 2000 } => "vat20",
        VatRate::Percent { hundredths: 2200 } => "vat22",
        other => return Err(FiscalError::Protocol { what: format!("the device has no tax of {other} %") }),
    })
}

fn put_operator(operator: &str, task: &mut Value) {
    if !operator.is_empty() {
        task["operator"] = json!({ "name": cut(operator, OPERATOR_MAX) });
    }
}

fn cut(text: &str, characters_max: usize) -> &str {
    text.char_indices().nth(characters_max).map_or(text, |(end, _)| &text[..end])
}

fn check_money(amount: Money) -> Result<(), FiscalError> {
    if (0..=MONEY_MAX).contains(&amount.minor()) {
        Ok(())
    } else {
        Err(FiscalError::Protocol { what: format!("an amount of {amount} does not fit the protocol") })
    }
}

/// The decimal text of a value is a JSON number.
pub(crate) fn number(value: impl ToString) -> Value {
    value.to_string().parse::<Number>().map_or(Value::Null, Value::Number)
}

/// The storage before a document is made: what names it, and whether it takes documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Storage {
    pub(super) device: String,
    pub(super) last_document: u32,
    pub(super) shift: Shift,
}

/// What tells of the storage, to be read by [`storage`].
pub(super) fn about_storage() -> Vec<Value> {
    ["getFnInfo", "getFnStatus", "getShiftStatus"].map(simple).to_vec()
}

pub(super) fn storage(results: &[TaskResult]) -> Result<Storage, FiscalError> {
    let FnInfo { serial } = value(results, 0, "fnInfo")?;
    let FnStatus { fiscal_document_number } = value(results, 1, "fnStatus")?;
    Ok(Storage { device: serial, last_document: fiscal_document_number, shift: value(results, 2, "shiftStatus")? })
}

/// What tells of the whole device, to be read by [`state`].
pub(super) fn about_state() -> Vec<Value> {
    [about_storage(), vec![simple("getDeviceStatus")]].concat()
}

pub fn state(results: &[TaskResult]) -> Result<FiscalState, FiscalError> {
    let Storage { device, last_document, shift } = storage(results)?;
    let DeviceStatus { paper_present } = value(results, 3, "deviceStatus")?;
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
pub fn made(results: &[TaskResult]) -> Result<(FiscalSign, Option<Money>), FiscalError> {
    let params: FiscalParams = value(results, 0, "fiscalParams")?;
    let sign = FiscalSign {
        device: params.fn_number,
        number: params.fiscal_document_number,
        sign: params.fiscal_document_sign,
    };
    Ok((sign, params.total.map(|Sum(total)| total)))
}

/// The document with this number: the answers to `getFnStatus` and [`document`]. None if the storage is not so far.
pub fn found(number: u32, results: &[TaskResult]) -> Result<Option<FiscalDocument>, FiscalError> {
    let FnStatus { fiscal_document_number: last } = value(results, 0, "fnStatus")?;
    if number == 0 || number > last {
        return Ok(None);
    }
    let stored: Stored = value(results, 1, "documentTLV")?;
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
pub fn totals(results: &[TaskResult]) -> Result<FiscalTotals, FiscalError> {
    let totals: ShiftTotals = value(results, 0, "shiftTotals")?;
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
pub fn refusal(result: &TaskResult) -> Option<FiscalError> {
    if result.status == Status::Ready && result.error_code == 0 {
        return None;
    }
    let code = result.error_code;
    let text = match errors::text(code) {
        Some(text) => format!("{text} (error {code})"),
        None => format!("{} (error {code})", result.error_description.trim()),
    };
    Some(FiscalError::Refused { code, text })
}

/// One value of one result.
fn value<T: DeserializeOwned>(results: &[TaskResult], place: usize, name: &str) -> Result<T, FiscalError> {
    let missing = || FiscalError::Protocol { what: format!("it does not answer with \"{name}\"") };
    let result = results.get(place).ok_or_else(missing)?;
    if let Some(refusal) = refusal(result) {
        return Err(refusal);
    }
    let found = result.result.get(name).ok_or_else(missing)?;
    T::deserialize(found).map_err(|error| not_as_expected(name, &error))
}

fn not_as_expected(name: &str, error: &serde_json::Error) -> FiscalError {
    FiscalError::Protocol { what: format!("its \"{name}\" is not as expected ({error})") }
}

/// The sign as the document has it, or as its QR code has it. Whether tag 1077 is a number or a text is not confirmed;
/// of a document that shows neither the sign stays empty.
fn sign(tag: Option<Value>, qr: &str) -> String {
    let of_qr = qr.split('&').find_map(|part| part.strip_prefix("fp="));
    match (of_qr, tag) {
        (Some(sign), _) => sign.to_owned(),
        (None, Some(Value::String(sign))) => sign,
        (None, Some(Value::Number(sign))) => sign.to_string(),
        (None, _) => String::new(),
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
    number: u16,
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
    sign: Option<Value>,
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

    fn line(quantity: i64, price: i64, amount: i64, vat: VatRate) -> FiscalLine {
        FiscalLine {
            name: "Сыр".into(),
            quantity: Quantity::from_thousandths(quantity),
            price: Money::from_minor(price),
            amount: Money::from_minor(amount),
            vat,
        }
    }

    fn sale(lines: Vec<FiscalLine>) -> FiscalReceipt {
        let payments = FiscalPayments { cash: Money::from_minor(30_000), ..FiscalPayments::default() };
        FiscalReceipt { kind: FiscalKind::Sale, operator: "Иванова А.".into(), lines, payments }
    }

    #[test]
    fn a_receipt_is_written_as_the_protocol_shows() {
        let task = receipt(&sale(vec![line(535, 49_900, 26_697, VatRate::percent(10))])).expect("a receipt");
        let expected = json!({
            "type": "sell", "taxationType": "osn", "electronically": false, "operator": { "name": "Иванова А." },
            "items": [{
                "type": "position", "name": "Сыр", "price": 499.0, "quantity": 0.535, "amount": 266.97,
                "measurementUnit": 11, "paymentMethod": "fullPayment", "paymentObject": "commodity",
                "tax": { "type": "vat10", "sum": 24.27 },
            }],
            "payments": [{ "type": "cash", "sum": 300.0 }], "total": 266.97,
        });
        assert_eq!(task, expected);
    }

    #[test]
    fn every_sum_survives_its_way_through_a_number() {
        for minor in (0..=MONEY_MAX).step_by(7_919_111).chain([1, 99, 100, 10_001, MONEY_MAX]) {
            let amount = Money::from_minor(minor);
            let text = number(amount).to_string();
            assert_eq!(serde_json::from_str::<Sum>(&text).expect("a sum"), Sum(amount), "{text}");
        }
    }

    #[test]
    fn a_receipt_that_cannot_be_told_is_refused() {
        for lines in [
            vec![],
            vec![line(1000, 100, 0, VatRate::None)],
            vec![line(0, 100, 100, VatRate::None)],
            vec![line(1000, -1, 100, VatRate::None)],
            vec![line(1000, 100, MONEY_MAX + 1, VatRate::None)],
            vec![line(1000, 100, MONEY_MAX, VatRate::None), line(1000, 1, 1, VatRate::None)],
            vec![line(1000, 100, 100, VatRate::percent(13))],
        ] {
            assert!(matches!(receipt(&sale(lines)), Err(FiscalError::Protocol { .. })));
        }
    }

    #[test]
    fn the_key_of_a_document_changes_with_whatever_makes_another_document() {
        let shift = Shift { state: ShiftState::Opened, number: 1 };
        let storage = Storage { device: "9999078900001234".into(), last_document: 7, shift };
        let task = shift_task("Иванова");
        let key = document_id(&storage, 0, &task);
        assert_eq!(key, document_id(&storage.clone(), 0, &task.clone()));
        assert_ne!(key, document_id(&storage, 1, &task));
        assert_ne!(key, document_id(&storage, 0, &shift_task("Петрова")));
        assert_ne!(key, document_id(&Storage { last_document: 8, ..storage.clone() }, 0, &task));
        assert_ne!(key, document_id(&Storage { device: "9999078900001235".into(), ..storage }, 0, &task));
    }

    fn shift_task(operator: &str) -> Value {
        shift("openShift", operator)
    }

    #[test]
    fn results_are_read_as_the_protocol_shows() {
        let opened = r#"{"results":[{"status":"ready","errorCode":0,"errorDescription":"Ошибок нет","result":{"fiscalParams":
            {"fiscalDocumentNumber":70,"fiscalDocumentDateTime":"2026-11-23T09:00:00+03:00","fiscalDocumentSign":"1138986989",
            "fnNumber":"9999078900000961","registrationNumber":"0000000001002292","shiftNumber":12,
            "fnsUrl":"www.nalog.gov.ru"},"warnings":{}}}]}"#;
        let sign = FiscalSign { device: "9999078900000961".into(), number: 70, sign: "1138986989".into() };
        assert_eq!(made(&results(opened.as_bytes()).expect("results")), Ok((sign, None)));

        let refused =
            r#"{"results":[{"status":"error","errorCode":66,"errorDescription":"Чек оплачен не полностью"}]}"#;
        let refused = made(&results(refused.as_bytes()).expect("results")).expect_err("a refusal");
        assert_eq!(refused.to_string(), "the fiscal device refuses: the payments are less than the total (error 66)");
        let unknown = r#"{"results":[{"status":"error","errorCode":1001,"errorDescription":" Беда "}]}"#;
        let unknown = made(&results(unknown.as_bytes()).expect("results")).expect_err("a refusal");
        assert_eq!(unknown.to_string(), "the fiscal device refuses: Беда (error 1001)");

        let waits =
            r#"{"results":[{"status":"wait"},{"status":"inProgress"},{"status":"blocked"},{"status":"asleep"}]}"#;
        let waits: Vec<Status> = results(waits.as_bytes()).expect("results").iter().map(|one| one.status).collect();
        assert_eq!(waits, [Status::Wait, Status::InProgress, Status::Blocked, Status::Unknown]);
        for text in ["", "{}", "[]", r#"{"results":{}}"#, r#"{"results":[{}]}"#, r#"{"results":[]} x"#] {
            assert!(results(text.as_bytes()).is_err(), "{text}");
        }
    }
}
