//! Boxes from which something is chosen: receipts, lines, goods.

use messages::v1::receipt::TenderType;
use messages::v1::view::TillView;

use super::{Dialog, DialogRow, NARROW, WIDE, line_name};
use crate::tui::model::figures::tender_key;
use crate::tui::screen::{Back, Choices, List, Screen, Search};
use crate::tui::texts::Texts;

/// The digit of a row, if it has one.
fn digit(index: usize) -> String {
    if index < 9 { (index + 1).to_string() } else { String::new() }
}

pub(super) fn list(list: &List, view: &TillView, texts: &Texts) -> Dialog {
    let choice = |index: usize, left: String, right: String| DialogRow::Choice {
        key: digit(index),
        left,
        right,
        chosen: index == list.at,
    };
    let (title, foot, rows): (_, _, Vec<DialogRow>) = match &list.choices {
        Choices::Parked(parked) => {
            let rows = parked.iter().enumerate().map(|(index, parked)| {
                let till = texts.say_with("till-number", [("n", parked.till.0.into())]);
                let left = format!("{}  {till}  {}", parked.at.format("%H:%M"), parked.name);
                let lines = texts.say_with("lines", [("n", u64::from(parked.lines).into())]);
                choice(index, left, format!("{lines}  {}", texts.money(parked.total)))
            });
            ("list-parked", "foot-list", rows.collect())
        }
        Choices::Receipts { receipts, to_read } => {
            let rows = receipts.iter().enumerate().map(|(index, receipt)| {
                let number = format!("{:08}", receipt.sequence);
                let tenders: Vec<String> =
                    receipt.tenders.iter().map(|paid| texts.say(tender_key(paid.tender))).collect();
                let left = format!("{}  {number}  {}", receipt.at.format("%d.%m %H:%M"), tenders.join(", "));
                let total = if receipt.kind == messages::v1::receipt::ReceiptKind::Return {
                    -receipt.total
                } else {
                    receipt.total
                };
                choice(index, left, texts.money(total))
            });
            (if *to_read { "menu-journal" } else { "menu-reprint" }, "foot-list", rows.collect())
        }
        Choices::TakeOut => {
            let lines = view.lines.iter().filter(|line| !line.voided).enumerate();
            let rows = lines.map(|(index, line)| choice(index, line_name(line), texts.money(line.amount)));
            ("list-take-out", "foot-take-out", rows.collect())
        }
    };
    Dialog { title: texts.say(title), rows, foot: texts.say(foot), width: WIDE, warning: false, from: 0 }
}

pub(super) fn back(back: &Back, texts: &Texts) -> Dialog {
    let sale = &back.found.receipt;
    let title = texts.say_with("back-title", [("n", format!("{:08}", sale.sequence).into())]);
    if back.paying {
        const TENDERS: [(&str, TenderType); 6] = [
            ("+", TenderType::Cash),
            ("F2", TenderType::Card),
            ("F3", TenderType::Qr),
            ("F4", TenderType::Points),
            ("F5", TenderType::Gift),
            ("F6", TenderType::Credit),
        ];
        let paid = sale.tenders.iter().map(|paid| {
            let right = texts.money(paid.amount);
            DialogRow::Sum { left: texts.say(tender_key(paid.tender)), right }
        });
        let mut rows = vec![DialogRow::Text(texts.say("back-paid"))];
        rows.extend(paid);
        rows.extend([DialogRow::Blank, DialogRow::Text(texts.say("back-how"))]);
        rows.extend(TENDERS.map(|(key, tender)| DialogRow::Pair {
            left: key.to_owned(),
            right: texts.say(tender_key(tender)),
            chosen: false,
        }));
        return Dialog { title, rows, foot: texts.say("foot-back-pay"), width: WIDE, warning: true, from: 0 };
    }
    let mut rows = vec![DialogRow::Choice {
        key: String::new(),
        left: sale.at.format("%d.%m.%Y %H:%M").to_string(),
        right: texts.say("back-heads"),
        chosen: false,
    }];
    rows.extend(back.lines.iter().enumerate().filter_map(|(index, row)| {
        let line = sale.lines.iter().find(|line| line.line == row.line)?;
        let counted = format!("{:>8} / {:<8}", texts.quantity(row.taken), texts.quantity(row.left));
        Some(DialogRow::Choice {
            key: line.line.to_string(),
            left: line.name.clone(),
            right: format!("{counted} {:>12}", texts.money(line.amount)),
            chosen: index == back.at,
        })
    }));
    rows.push(DialogRow::Blank);
    rows.push(DialogRow::Field { label: texts.say("field-quantity"), value: back.entry.as_str().into(), at: true });
    Dialog { title, rows, foot: texts.say("foot-back"), width: WIDE, warning: false, from: 0 }
}

pub(super) fn search(search: &Search, texts: &Texts) -> Dialog {
    let mut rows = vec![DialogRow::Field {
        label: texts.say("field-search"),
        value: search.entry.as_str().to_owned(),
        at: search.at.is_none(),
    }];
    rows.push(DialogRow::Blank);
    let in_list = search.at.is_some();
    rows.extend(search.items.iter().enumerate().map(|(index, item)| DialogRow::Choice {
        key: if in_list { digit(index) } else { "·".to_owned() },
        left: item.name.clone(),
        right: format!("{:>14} {:>12}", item.code.0, texts.money(item.price)),
        chosen: search.at == Some(index),
    }));
    if search.items.is_empty() && search.found_for.is_some() && !search.looks() {
        rows.push(DialogRow::Text(texts.say("search-nothing")));
    }
    let foot = texts.say(if in_list { "foot-search-list" } else { "foot-search" });
    Dialog { title: texts.say("search-title"), rows, foot, width: WIDE, warning: false, from: 0 }
}

pub(super) fn quick_keys(screen: &Screen, texts: &Texts) -> Dialog {
    let keys = screen.shop.quick_keys.keys.iter().enumerate();
    let rows = keys.map(|(index, key)| DialogRow::Pair {
        left: if index < 9 { digit(index) } else { format!(".{}", index + 1) },
        right: key.label.clone(),
        chosen: false,
    });
    Dialog {
        title: texts.say("quick-title"),
        rows: rows.collect(),
        foot: texts.say("foot-quick"),
        width: NARROW,
        warning: false,
        from: 0,
    }
}
