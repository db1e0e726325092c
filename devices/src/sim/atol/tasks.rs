//! What the simulated registrar does for each task, and what it answers. Pure, except that the register owns its memory.

use chrono::NaiveDateTime;
use domain::money::Money;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::fiscal::atol::answers::{Count, Sum};
use crate::fiscal::atol::errors;
use crate::fiscal::atol::tasks::number;
use crate::sim::fault::Fault;
use crate::sim::register::memory::{Operation, PAYMENT_TYPES, StoredDocument, StoredKind, StoredLine};
use crate::sim::register::{CashRegister, Denied, Made, NewReceipt};

/// More lines than any receipt of a shop has.
const LINES_MAX: usize = 10_000;
/// The largest total of the tax format.
const TOTAL_MAX: Money = Money::from_minor(0xFF_FFFF_FFFF);
const DEPARTMENT: u8 = 1;
/// The device is registered in one zone of time.
const ZONE: &str = "+03:00";
const REGISTRATION: &str = "0000000001002292";

/// An error number instead of a result.
type Refusal = u16;

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Refusal {
        match denied {
            // Which of the two it was is known where it is asked.
            Denied::WrongShiftState | Denied::ShiftClosed => errors::SHIFT_CLOSED,
            Denied::ShiftExpired => errors::SHIFT_EXPIRED,
            Denied::StorageFull => errors::STORAGE_FULL,
            Denied::NothingSold => errors::NO_TOTAL,
            Denied::PaidTooLittle => errors::PAID_TOO_LITTLE,
            Denied::NonCashTooMuch => errors::NON_CASH_TOO_MUCH,
            Denied::NotEnoughCash => errors::NOT_ENOUGH_CASH,
        }
    }
}

/// Do one task: its result, and whether the device is another than before.
pub(super) fn perform(register: &mut CashRegister, task: &Value, now: NaiveDateTime) -> (Value, bool) {
    let word = task["type"].as_str().unwrap_or_default();
    match suffer(register, word).and_then(|()| run(register, word, task, now)) {
        Ok(result) => {
            let done = json!({
                "status": "ready", "errorCode": 0, "errorDescription": "Ошибок нет", "result": result,
            });
            (done, is_change(word))
        }
        Err(code) => {
            register.cashier.clear();
            (json!({ "status": "error", "errorCode": code, "errorDescription": description(code) }), false)
        }
    }
}

/// The faults that show themselves as a refusal.
fn suffer(register: &CashRegister, word: &str) -> Result<(), Refusal> {
    match register.fault {
        Fault::PaperOut if is_change(word) && word != "openCashDrawer" => Err(errors::NO_PAPER),
        Fault::Refuse(code) if is_change(word) => Err(code.into()),
        _ => Ok(()),
    }
}

/// Whatever only asks has a name that says so.
fn is_change(word: &str) -> bool {
    !word.starts_with("get")
}

fn run(register: &mut CashRegister, word: &str, task: &Value, now: NaiveDateTime) -> Result<Value, Refusal> {
    if let Some(name) = task["operator"]["name"].as_str() {
        register.cashier = name.to_owned();
    }
    Ok(match word {
        "openShift" => match register.open_shift(now) {
            Err(Denied::WrongShiftState) => return Err(errors::SHIFT_OPEN),
            made => fiscal(register, made?, now),
        },
        "closeShift" => {
            let receipts = receipts(register);
            let made = register.close_shift(now)?;
            let mut result = fiscal(register, made, now);
            result["fiscalParams"]["receiptsCount"] = json!(receipts);
            result
        }
        "sell" => sell(register, Operation::Sale, task, now)?,
        "sellReturn" => sell(register, Operation::SaleReturn, task, now)?,
        "buy" => sell(register, Operation::Buy, task, now)?,
        "buyReturn" => sell(register, Operation::BuyReturn, task, now)?,
        "cashIn" | "cashOut" => {
            let Cash { cash_sum: Sum(amount) } = read(task)?;
            if !amount.is_positive() || amount > TOTAL_MAX {
                return Err(errors::BAD_TASK);
            }
            register.move_cash(word == "cashIn", amount, now)?;
            json!({ "counters": { "cashSum": number(register.memory.cash) } })
        }
        "reportX" => {
            register.report_x();
            Value::Null
        }
        "nonFiscal" => {
            let NonFiscal { items } = read(task)?;
            items.into_iter().for_each(|item| print(register, item));
            Value::Null
        }
        "openCashDrawer" => {
            register.drawer_openings = register.drawer_openings.wrapping_add(1);
            Value::Null
        }
        "continuePrint" => Value::Null,
        _ => tell(register, word, task, now)?,
    })
}

fn tell(register: &CashRegister, word: &str, task: &Value, now: NaiveDateTime) -> Result<Value, Refusal> {
    let memory = &register.memory;
    let shift = match (memory.is_shift_open(), register.is_shift_expired(now)) {
        (false, _) => "closed",
        (true, false) => "opened",
        (true, true) => "expired",
    };
    Ok(match word {
        "getShiftStatus" => json!({ "shiftStatus": {
            "state": shift, "number": memory.shift,
            "documentsCount": receipts(register),
        } }),
        "getDeviceStatus" => json!({ "deviceStatus": {
            "currentDateTime": stamp(now), "shift": shift, "blocked": false, "coverOpened": false,
            "paperPresent": register.fault != Fault::PaperOut, "fiscal": true, "fnFiscal": true, "fnPresent": true,
            "cashDrawerOpened": false,
        } }),
        "getDeviceInfo" => json!({ "deviceInfo": {
            "model": 63, "modelName": "АТОЛ 30Ф", "serial": format!("{:014}", register.settings.serial),
            "firmwareVersion": "5.8.100", "receiptLineLength": 32, "receiptLineLengthPix": 384,
            "ffdVersion": "1.2", "fnFfdVersion": "1.2",
        } }),
        "getFnStatus" => json!({ "fnStatus": {
            "fiscalDocumentNumber": memory.last_number(),
            "fiscalReceiptNumber": receipts(register),
            "warnings": { "memoryOverflow": false, "needReplacement": false, "ofdTimeout": false },
        } }),
        "getFnInfo" => json!({ "fnInfo": { "serial": register.settings.storage, "livePhase": "fiscalMode" } }),
        "getFnDocument" => {
            let Wanted { fiscal_document_number: wanted } = read(task)?;
            stored(register, memory.find(wanted).ok_or(errors::NO_DATA)?)
        }
        "getCashDrawerStatus" => json!({
            "counters": { "cashSum": number(memory.cash) }, "cashDrawerStatus": { "cashDrawerOpened": false },
        }),
        "getShiftTotals" => json!({ "shiftTotals": {
            "shiftNumber": memory.shift,
            "cashDrawer": { "sum": number(memory.cash) },
            "income": { "sum": number(memory.totals.cash_in) },
            "outcome": { "sum": number(memory.totals.cash_out) },
            "receipts": {
                "sell": registered(register, Operation::Sale), "sellReturn": registered(register, Operation::SaleReturn),
                "buy": registered(register, Operation::Buy), "buyReturn": registered(register, Operation::BuyReturn),
            },
        } }),
        _ => return Err(errors::BAD_TASK),
    })
}

fn sell(register: &mut CashRegister, operation: Operation, task: &Value, now: NaiveDateTime) -> Result<Value, Refusal> {
    let Receipt { items, payments, total } = read(task)?;
    let mut lines = Vec::new();
    let mut texts = Vec::new();
    for item in items {
        match item {
            Item::Position(position) if lines.len() < LINES_MAX => lines.push(line(register, position)?),
            Item::Position(_) => return Err(errors::BAD_TASK),
            item => texts.push(item),
        }
    }
    let sum: Money = lines.iter().map(|line| line.amount).sum();
    if total.is_some_and(|Sum(total)| total != sum) || sum > TOTAL_MAX {
        return Err(errors::BAD_TOTAL);
    }
    let mut paid = [Money::ZERO; PAYMENT_TYPES];
    for Payment { kind, sum: Sum(sum) } in payments {
        if sum.is_negative() || sum > TOTAL_MAX {
            return Err(errors::BAD_TASK);
        }
        paid[place_of_payment(&kind)?] += sum;
    }
    let made = register.register(NewReceipt { operation, lines, payments: paid, total: sum }, now)?;
    texts.into_iter().for_each(|text| print(register, text));
    let mut result = fiscal(register, made, now);
    result["fiscalParams"]["total"] = number(sum);
    result["fiscalParams"]["fiscalReceiptNumber"] = json!(receipts(register));
    Ok(result)
}

fn line(register: &CashRegister, position: Position) -> Result<StoredLine, Refusal> {
    let Position { name, price: Sum(price), quantity: Count(quantity), amount: Sum(amount), tax } = position;
    let tax_group = group(&tax.kind)?;
    if !amount.is_positive() || amount > TOTAL_MAX || price.is_negative() || !quantity.is_positive() {
        return Err(errors::BAD_TASK);
    }
    let tax = tax.sum.map_or_else(|| register.tax(tax_group, amount), |Sum(sum)| sum);
    Ok(StoredLine { name, quantity, price, amount, tax_group, tax, department: DEPARTMENT })
}

/// The group of a tax among the registers.
fn group(tax: &str) -> Result<u8, Refusal> {
    Ok(match tax {
        "vat18" | "vat20" | "vat22" => 0,
        "vat10" => 1,
        "vat0" => 2,
        "none" => 3,
        "vat118" | "vat120" | "vat122" => 4,
        "vat110" => 5,
        _ => return Err(errors::BAD_TAX),
    })
}

/// The place of a kind of payment among the registers.
fn place_of_payment(kind: &str) -> Result<usize, Refusal> {
    Ok(match kind {
        "cash" => 0,
        "electronically" => 1,
        "prepaid" => 13,
        "credit" => 14,
        "other" => 15,
        _ => return Err(errors::BAD_PAYMENT),
    })
}

fn print(register: &mut CashRegister, item: Item) {
    if let Item::Text { text } = item {
        register.print(text);
    }
}

/// Receipts of the shift, of all kinds.
fn receipts(register: &CashRegister) -> u32 {
    register.memory.totals.receipts.iter().map(|count| u32::from(*count)).sum()
}

fn registered(register: &CashRegister, operation: Operation) -> Value {
    let totals = &register.memory.totals;
    let paid = |place: usize| number(totals.payments[place][operation as usize]);
    let sum: Money = totals.payments.iter().map(|sums| sums[operation as usize]).sum();
    json!({
        "count": totals.receipts[operation as usize], "sum": number(sum),
        "payments": {
            "cash": paid(0), "electronically": paid(1), "prepaid": paid(13), "credit": paid(14), "other": paid(15),
        },
    })
}

fn fiscal(register: &CashRegister, made: Made, now: NaiveDateTime) -> Value {
    json!({
        "fiscalParams": {
            "fiscalDocumentNumber": made.number, "fiscalDocumentDateTime": stamp(now),
            "fiscalDocumentSign": made.sign.to_string(), "fnNumber": register.settings.storage,
            "registrationNumber": REGISTRATION, "shiftNumber": register.memory.shift, "fnsUrl": "www.nalog.gov.ru",
        },
        "warnings": {},
    })
}

/// A document by its tags.
fn stored(register: &CashRegister, document: &StoredDocument) -> Value {
    let StoredDocument { number: place, at, sign, total, .. } = document;
    let mut tags = json!({
        "short": false, "1012": stamp(*at), "1038": document.shift, "1040": place,
        "1041": register.settings.storage, "1077": sign.to_string(),
    });
    tags["fiscalDocumentType"] = json!(match document.kind {
        StoredKind::OpenShift => "openShift",
        StoredKind::CloseShift => "closeShift",
        StoredKind::Receipt(_) => "receipt",
    });
    if let StoredKind::Receipt(operation) = document.kind {
        let operation = match operation {
            Operation::Sale => 1,
            Operation::SaleReturn => 2,
            Operation::Buy => 3,
            Operation::BuyReturn => 4,
        };
        tags["1020"] = number(*total);
        tags["1054"] = json!(operation);
        let storage = &register.settings.storage;
        tags["qr"] =
            json!(format!("t={}&s={total}&fn={storage}&i={place}&fp={sign}&n={operation}", at.format("%Y%m%dT%H%M")));
    }
    json!({ "documentTLV": tags })
}

fn stamp(at: NaiveDateTime) -> String {
    format!("{}{ZONE}", at.format("%Y-%m-%dT%H:%M:%S"))
}

fn description(code: Refusal) -> &'static str {
    match code {
        errors::NO_PAPER => "Нет бумаги",
        errors::NON_CASH_TOO_MUCH => "Сумма не наличных платежей превышает сумму чека",
        errors::BAD_PAYMENT => "Неверный тип оплаты",
        errors::PAID_TOO_LITTLE => "Чек оплачен не полностью",
        errors::SHIFT_EXPIRED => "Смена превысила 24 часа",
        errors::SHIFT_CLOSED => "Смена закрыта, операция невозможна",
        errors::NOT_ENOUGH_CASH => "Недостаточно наличных в денежном ящике",
        errors::SHIFT_OPEN => "Смена открыта, операция невозможна",
        errors::STORAGE_FULL => "Переполнение ФН",
        errors::NO_DATA => "Нет запрошенных данных",
        errors::BAD_TAX => "Неверный тип налога",
        errors::NO_TOTAL => "Нет суммы чека",
        errors::BAD_TOTAL => "Неверная сумма чека",
        _ => "Задание не выполнено",
    }
}

fn read<T: serde::de::DeserializeOwned>(task: &Value) -> Result<T, Refusal> {
    T::deserialize(task).map_err(|_| errors::BAD_TASK)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cash {
    cash_sum: Sum,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    fiscal_document_number: u32,
}

#[derive(Deserialize)]
struct NonFiscal {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Receipt {
    items: Vec<Item>,
    payments: Vec<Payment>,
    total: Option<Sum>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Item {
    Position(Position),
    Text {
        text: String,
    },
    /// Bar codes and pictures leave no trace on the simulated roll.
    #[serde(other)]
    Picture,
}

#[derive(Deserialize)]
struct Position {
    name: String,
    price: Sum,
    quantity: Count,
    amount: Sum,
    tax: Tax,
}

#[derive(Deserialize)]
struct Tax {
    #[serde(rename = "type")]
    kind: String,
    sum: Option<Sum>,
}

#[derive(Deserialize)]
struct Payment {
    #[serde(rename = "type")]
    kind: String,
    sum: Sum,
}
