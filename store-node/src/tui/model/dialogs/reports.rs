//! Boxes with figures: reports, counts, a price, a receipt that is read again.

use domain::money::Money;
use messages::v1::catalogue::Unit;
use messages::v1::document::ShiftTotals;
use messages::v1::receipt::{Receipt, ReceiptKind};
use messages::v1::till::ItemShown;

use super::{Dialog, DialogRow, NARROW, WIDE, sum};
use crate::tui::model::figures::{masked, tender_key};
use crate::tui::model::frame::calculation;
use crate::tui::screen::{Count, Report};
use crate::tui::texts::Texts;

pub(super) fn report(report: &Report, from: usize, texts: &Texts) -> Dialog {
    let (title, rows, width) = match report {
        Report::X(totals) => {
            (texts.say_with("report-x", [("n", totals.shift.into())]), totals_rows(totals, texts), NARROW)
        }
        Report::Z { totals, over_short } => {
            let mut rows = totals.as_ref().map_or_else(Vec::new, |totals| totals_rows(totals, texts));
            rows.extend(over_short.map(|amount| over_short_row(amount, texts)));
            (texts.say("report-z"), rows, NARROW)
        }
        Report::Count { counted, over_short, totals } => {
            let mut rows = vec![sum(texts, "counted", *counted)];
            rows.extend(totals.as_ref().map(|totals| sum(texts, "cash-expected", totals.cash_expected)));
            rows.extend(over_short.map(|amount| over_short_row(amount, texts)));
            (texts.say("menu-count"), rows, NARROW)
        }
        Report::Item(item) => (texts.say("form-price"), item_rows(item, texts), WIDE),
        Report::Receipt(receipt) => {
            let number = format!("{:08}", receipt.sequence);
            (texts.say_with("receipt-number", [("n", number.into())]), receipt_rows(receipt, texts), WIDE)
        }
        Report::Notes(notes) => {
            (texts.say("notes-title"), notes.iter().map(|note| DialogRow::Text(note.clone())).collect(), WIDE)
        }
    };
    Dialog { title, rows, foot: texts.say("foot-close"), width, warning: false, from }
}

pub(super) fn count(count: &Count, texts: &Texts) -> Dialog {
    let counted = count.counted().map(|counted| texts.money(counted.amount)).unwrap_or_default();
    let mut rows = vec![DialogRow::Field {
        label: texts.say("field-counted"),
        value: if count.by_pieces() { counted } else { count.sum.as_str().to_owned() },
        at: count.at == 0,
    }];
    rows.extend(count.pieces.iter().enumerate().map(|(index, (worth, pieces))| DialogRow::Field {
        label: format!("{:>14} ×", texts.money(*worth)),
        value: pieces.as_str().to_owned(),
        at: count.at == index + 1,
    }));
    Dialog {
        title: texts.say(if count.closing { "menu-z" } else { "menu-count" }),
        rows,
        foot: texts.say("foot-count"),
        width: NARROW,
        warning: false,
        from: 0,
    }
}

fn item_rows(item: &ItemShown, texts: &Texts) -> Vec<DialogRow> {
    let unit = texts.say(match item.unit {
        Unit::Piece => "unit-piece",
        Unit::Kilogram => "unit-kilogram",
    });
    vec![
        DialogRow::Text(item.name.clone()),
        DialogRow::Blank,
        DialogRow::Sum { left: texts.say("column-price"), right: format!("{} / {unit}", texts.money(item.price)) },
        DialogRow::Sum { left: texts.say("field-code"), right: item.code.0.clone() },
        DialogRow::Sum { left: texts.say("item-barcode"), right: item.barcode.clone() },
    ]
}

fn receipt_rows(receipt: &Receipt, texts: &Texts) -> Vec<DialogRow> {
    let back = receipt.kind == ReceiptKind::Return;
    let mut rows = vec![DialogRow::Sum {
        left: texts.say(if back { "mode-return" } else { "mode-sale" }),
        right: receipt.at.format("%d.%m.%Y %H:%M").to_string(),
    }];
    for line in &receipt.lines {
        let amount = if line.voided { texts.say("voided") } else { texts.money(line.amount) };
        rows.push(DialogRow::Sum { left: format!("{}  {}", line.line, line.name), right: amount });
        rows.push(DialogRow::Text(format!("     {}", calculation(line, texts))));
    }
    rows.push(DialogRow::Blank);
    if !receipt.discount.is_zero() {
        rows.push(sum(texts, "discount", -receipt.discount));
    }
    rows.push(sum(texts, if back { "total-return" } else { "total" }, receipt.total));
    rows.extend(receipt.tenders.iter().map(|paid| sum(texts, tender_key(paid.tender), paid.amount)));
    if !receipt.change.is_zero() {
        rows.push(sum(texts, "change", receipt.change));
    }
    let customer = receipt.customer.iter().map(|customer| (texts.say("customer"), masked(customer)));
    let fiscal =
        receipt.fiscal.iter().map(|fiscal| (texts.say("light-fiscal"), format!("{} {}", fiscal.number, fiscal.sign)));
    rows.extend(customer.chain(fiscal).map(|(left, right)| DialogRow::Sum { left, right }));
    rows
}

fn totals_rows(totals: &ShiftTotals, texts: &Texts) -> Vec<DialogRow> {
    let counted = |key, n: u64, amount| DialogRow::Sum {
        left: texts.say_with(key, [("n", n.into())]),
        right: texts.money(amount),
    };
    let mut rows = vec![
        counted("report-sales", totals.sales_count, totals.sales),
        counted("report-returns", totals.returns_count, totals.returns),
        counted("report-cancelled", totals.cancelled_count, totals.cancelled),
        DialogRow::Blank,
    ];
    rows.extend(totals.tenders.iter().map(|total| sum(texts, tender_key(total.tender), total.sales - total.returns)));
    rows.extend([
        DialogRow::Blank,
        sum(texts, "report-float", totals.float),
        sum(texts, "report-cash-in", totals.cash_in),
        sum(texts, "report-cash-out", totals.cash_out),
        sum(texts, "cash-expected", totals.cash_expected),
    ]);
    rows
}

fn over_short_row(amount: Money, texts: &Texts) -> DialogRow {
    let key = match amount {
        amount if amount.is_negative() => "short",
        amount if amount.is_positive() => "over",
        _ => "exact",
    };
    sum(texts, key, amount.abs())
}
