//! What is asked of ATOL's web server: JSON tasks from receipts. Pure.
//!
//! Money and quantities are JSON numbers in roubles and units. They are written from and read into their decimal text, so
//! no sum is ever computed with a float.
//!
//! Not confirmed by any paper of the maker that could be read, only by programs that use them: `getFnInfo`,
//! `getFnDocument`, `getShiftTotals`, `cashSum`, and that a sum may differ from price x quantity by a discount.

use domain::money::Money;
use domain::vat::VatRate;
use serde_json::{Number, Value, json};
use uuid::Uuid;

use super::answers::Storage;
use crate::fiscal::{FiscalError, FiscalKind, FiscalLine, FiscalPayments, FiscalReceipt};

/// Requests are put here, and their results asked for below it.
pub(crate) const REQUESTS: &str = "/api/v2/requests";
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

/// The body of a request.
pub(super) fn request(id: Uuid, tasks: &[Value]) -> Vec<u8> {
    json!({ "uuid": id, "request": tasks }).to_string().into_bytes()
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

/// What tells of the storage, in the order in which it is read.
pub(super) fn about_storage() -> Vec<Value> {
    ["getFnInfo", "getFnStatus", "getShiftStatus"].map(simple).to_vec()
}

/// What tells of the whole device, in the order in which it is read.
pub(super) fn about_state() -> Vec<Value> {
    [about_storage(), vec![simple("getDeviceStatus")]].concat()
}

/// What tells of a document: whether the storage is so far, and the document.
pub(super) fn about_document(number: u32) -> Vec<Value> {
    let document = json!({ "type": "getFnDocument", "fiscalDocumentNumber": number, "withRawData": false });
    vec![simple("getFnStatus"), document]
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

#[cfg(test)]
mod tests {
    use domain::quantity::Quantity;

    use super::super::answers::{Shift, ShiftState, Sum};
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
        let before = Shift { state: ShiftState::Opened, number: 1 };
        let storage = Storage { device: "9999078900001234".into(), last_document: 7, shift: before };
        let task = shift("openShift", "Иванова");
        let key = document_id(&storage, 0, &task);
        assert_eq!(key, document_id(&storage.clone(), 0, &task.clone()));
        assert_ne!(key, document_id(&storage, 1, &task));
        assert_ne!(key, document_id(&storage, 0, &shift("openShift", "Петрова")));
        assert_ne!(key, document_id(&Storage { last_document: 8, ..storage.clone() }, 0, &task));
        assert_ne!(key, document_id(&Storage { device: "9999078900001235".into(), ..storage }, 0, &task));
    }
}
