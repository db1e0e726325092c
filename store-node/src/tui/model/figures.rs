//! The two things a cashier looks at ten thousand times a day, always in the same place: the last line and the total.

use domain::money::Money;
use messages::v1::accounts::{Identified, Wallet};
use messages::v1::receipt::{Receipt, ReceiptKind, ReceiptLine, TenderType};
use messages::v1::view::{CustomerAccount, TillView};

use super::Figure;
use super::frame::calculation;
use crate::tui::screen::{Refusal, Screen, Stage};
use crate::tui::texts::Texts;

pub(super) fn figures(
    screen: &Screen,
    view: &TillView,
    stage: Stage,
    texts: &Texts,
) -> (Figure, Option<Figure>, Figure) {
    if let Some(receipt) = &screen.closed {
        let given: Money = receipt.tenders.iter().map(|tender| tender.amount).sum();
        let closed = Figure {
            label: texts.say_with("closed", [("n", format!("{:08}", receipt.sequence).into())]),
            first: pair(texts, "total-small", receipt.total),
            second: pair(texts, "given-small", given),
            third: points(receipt, texts),
            ..Figure::default()
        };
        let (label, amount) = match receipt.kind {
            ReceiptKind::Sale => ("change", receipt.change),
            ReceiptKind::Return => ("to-give-back", receipt.total),
        };
        let change =
            Figure { label: texts.say(label), amount: texts.money(amount), stressed: true, ..Figure::default() };
        return (closed, None, change);
    }
    match stage {
        Stage::SignOn => (Figure::default(), None, Figure::default()),
        // Money that goes back is given exactly.
        Stage::Payment { .. } if view.kind == ReceiptKind::Return => {
            (Figure::default(), Some(Figure::default()), to_pay(view, texts))
        }
        Stage::Payment { .. } => {
            let (given, change) = paying(screen, view, texts);
            (given, Some(change), to_pay(view, texts))
        }
        _ => (last(screen, view, texts), None, total(view, texts)),
    }
}

fn last(screen: &Screen, view: &TillView, texts: &Texts) -> Figure {
    let number = screen.selected.or(view.last_line);
    let Some(line) = number.and_then(|number| view.lines.iter().find(|line| line.line == number)) else {
        return Figure::default();
    };
    let label = texts.say(if screen.selected.is_some() { "selected-line" } else { "last-line" });
    let state = line_state(line, texts);
    Figure {
        label: if state.is_empty() { label } else { format!("{label} ▸ {state}") },
        first: line.name.clone(),
        second: calculation(line, texts),
        amount: texts.money(line.amount),
        ..Figure::default()
    }
}

fn line_state(line: &ReceiptLine, texts: &Texts) -> String {
    if line.voided {
        texts.say("voided")
    } else if line.discount.is_zero() {
        String::new()
    } else {
        pair(texts, "discount", -line.discount)
    }
}

fn total(view: &TillView, texts: &Texts) -> Figure {
    let count = view.lines.iter().filter(|line| !line.voided).count();
    let change = view.change.filter(|_| view.lines.is_empty());
    Figure {
        label: texts.say(if view.kind == ReceiptKind::Return { "total-return" } else { "total" }),
        first: if count == 0 { String::new() } else { texts.say_with("lines", [("n", (count as u64).into())]) },
        second: discount(view, texts),
        third: customer(view, texts),
        fourth: match change {
            Some(change) => pair(texts, "change-before", change),
            None if view.parked > 0 => texts.say_with("parked", [("n", u64::from(view.parked).into())]),
            None => String::new(),
        },
        amount: texts.money(view.total),
        stressed: false,
    }
}

fn to_pay(view: &TillView, texts: &Texts) -> Figure {
    Figure {
        label: texts.say(if view.kind == ReceiptKind::Return { "to-give-back" } else { "to-pay" }),
        first: if view.due == view.total { String::new() } else { pair(texts, "total-small", view.total) },
        second: discount(view, texts),
        third: if view.due_in_cash == view.due { String::new() } else { pair(texts, "in-cash", view.due_in_cash) },
        fourth: customer(view, texts),
        amount: texts.money(view.due),
        stressed: true,
    }
}

/// What was taken and is being typed, and what would go back.
fn paying(screen: &Screen, view: &TillView, texts: &Texts) -> (Figure, Figure) {
    let typed = screen.entry.amount().filter(|_| !screen.entry.is_empty());
    let mut taken = view.tenders.iter().map(|taken| pair(texts, tender_key(taken.tender), taken.amount));
    let given = Figure {
        label: texts.say("given"),
        first: taken.next().unwrap_or_default(),
        second: taken.collect::<Vec<_>>().join("  "),
        amount: typed.map_or_else(String::new, |typed| texts.money(typed)),
        ..Figure::default()
    };
    let over = typed.map(|typed| typed - view.due_in_cash);
    let change = Figure {
        label: texts.say(if over.is_some_and(Money::is_negative) { "still-to-pay" } else { "change" }),
        amount: over.map_or_else(String::new, |over| texts.money(over.abs())),
        ..Figure::default()
    };
    (given, change)
}

pub(super) fn tender_key(tender: TenderType) -> &'static str {
    match tender {
        TenderType::Cash => "tender-cash",
        TenderType::Card => "tender-card",
        TenderType::Gift => "tender-gift",
        TenderType::Credit => "tender-credit",
        TenderType::Points => "tender-points",
        TenderType::Qr => "tender-qr",
        TenderType::Prepaid => "tender-prepaid",
    }
}

/// Who the customer is, and the points there are. None: the store has not said.
fn known(account: &CustomerAccount, texts: &Texts) -> Option<String> {
    match account.known.as_ref()? {
        Identified::Customer(customer) => {
            let points = customer.wallets.iter().find(|wallet| wallet.wallet == Wallet::Points);
            let mut said = customer.name.clone();
            if let Some(points) = points {
                said = format!("{said} {}", pair(texts, "tender-points", points.balance - account.burned));
            }
            Some(if customer.online { said } else { format!("{said} ?") })
        }
        Identified::Declined(no) => {
            let code = serde_json::to_value(no.code).ok()?.as_str()?.to_owned();
            Some(texts.refusal(&Refusal { code, text: no.code.to_string(), subject: None }))
        }
    }
}

/// What a receipt earned, or took back.
fn points(receipt: &Receipt, texts: &Texts) -> String {
    let earned = receipt.points.as_ref().map(|points| points.earned).filter(|earned| earned.is_positive());
    earned.map_or_else(String::new, |earned| match receipt.kind {
        ReceiptKind::Sale => pair(texts, "points-earned", earned),
        ReceiptKind::Return => pair(texts, "points-taken-back", earned),
    })
}

/// A card or a phone as it may be seen over a shoulder: its last digits.
pub(super) fn masked(number: &str) -> String {
    const SEEN: usize = 4;
    let hidden = number.chars().count().saturating_sub(SEEN);
    number.chars().skip(hidden).fold("*".to_owned(), |shown, digit| shown + digit.to_string().as_str())
}

fn customer(view: &TillView, texts: &Texts) -> String {
    if let Some(said) = view.account.as_deref().and_then(|account| known(account, texts)) {
        return said;
    }
    view.customer
        .as_ref()
        .map_or_else(String::new, |customer| format!("{} {}", texts.say("customer"), masked(customer)))
}

fn discount(view: &TillView, texts: &Texts) -> String {
    if view.discount.is_zero() { String::new() } else { pair(texts, "discount", -view.discount) }
}

fn pair(texts: &Texts, key: &str, amount: Money) -> String {
    format!("{} {}", texts.say(key), texts.money(amount))
}
