//! Views and answers that tests begin from.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use domain::ids::{ItemCode, OperatorNumber, ReceiptId, StoreId, TillId};
use domain::money::Money;
use domain::quantity::Quantity;
use domain::rounding::line_amount;
use domain::vat::VatRate;
use messages::v1::catalogue::Item;
use messages::v1::document::{ShiftTotals, TenderTotal};
use messages::v1::receipt::{FoundReceipt, Receipt, ReceiptKind, ReceiptLine, ReturnedLine, Tender, TenderType};
use messages::v1::settings::{Bindings, CashRules, QuickKey, QuickKeys};
use messages::v1::till::{Ask, TillCommand, TillError, TillReply};
use messages::v1::view::{Light, TillMode, TillView};
use store_node::tui::keys::{self, Keyboard, Outcome};
use store_node::tui::shop::Shop;

pub(crate) fn money(text: &str) -> Money {
    text.parse().unwrap()
}

pub(crate) fn quantity(text: &str) -> Quantity {
    text.parse().unwrap()
}

pub(crate) fn at(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(text).unwrap()
}

pub(crate) fn now() -> DateTime<FixedOffset> {
    at("2026-11-25T14:05:30+03:00")
}

pub(crate) fn line(number: u32, name: &str, of: &str, price: &str) -> ReceiptLine {
    let (unit_price, quantity) = (money(price), quantity(of));
    ReceiptLine {
        line: number,
        code: ItemCode(format!("{number:06}")),
        name: name.to_owned(),
        quantity,
        unit_price,
        discount: Money::ZERO,
        amount: line_amount(unit_price, quantity),
        vat_rate: VatRate::percent(10),
        vat: Money::ZERO,
        voided: false,
        of_line: None,
        mark: None,
        deposit_of: None,
        group: None,
        points: Money::ZERO,
        load: false,
    }
}

pub(crate) fn empty() -> TillView {
    let works = Light { works: true, since: None, reason: None };
    TillView {
        version: 1,
        store: StoreId::new("S0012").unwrap(),
        till: TillId(3),
        operator: Some("Иванова А.".into()),
        shift: Some(118),
        shift_expired: false,
        sequence: 42_917,
        mode: TillMode::Selling,
        kind: ReceiptKind::Sale,
        lines: Vec::new(),
        last_line: None,
        total: Money::ZERO,
        discount: Money::ZERO,
        tenders: Vec::new(),
        due: Money::ZERO,
        change: None,
        fiscal: works.clone(),
        server: works,
        unsent: 0,
        oldest_unsent: None,
        restored: None,
        catalogue_version: 1,
        asks: None,
        training: false,
        customer: None,
        discounts: Vec::new(),
        due_in_cash: Money::ZERO,
        locked: None,
        terminal: None,
        parked: 0,
        account: None,
        disk_percent: None,
    }
}

/// The receipt of the sketch: goods by the piece and by weight, a voided line, a server that is away.
pub(crate) fn sale() -> TillView {
    let mut view = empty();
    view.lines = vec![
        line(1, "Молоко 3,2 % 0,93 л", "2", "89.90"),
        line(2, "Хлеб ржаной", "1", "45.50"),
        line(3, "Пакет майка", "1", "7.00"),
        line(4, "Сыр «Российский»", "0.475", "749.00"),
    ];
    view.lines[2].voided = true;
    view.server = Light { works: false, since: Some(at("2026-11-25T13:53:00+03:00")), reason: None };
    view.unsent = 7;
    view.oldest_unsent = Some(at("2026-11-25T13:53:10+03:00"));
    sum(&mut view);
    view
}

/// Total and due as a till would have them.
pub(crate) fn sum(view: &mut TillView) {
    view.last_line = view.lines.last().map(|line| line.line);
    view.total = view.lines.iter().filter(|line| !line.voided).map(|line| line.amount).sum();
    view.due = view.total - view.tenders.iter().map(|tender| tender.amount).sum();
    view.due_in_cash = view.due;
    view.version += 1;
}

pub(crate) fn closed(view: &TillView, given: &str) -> Receipt {
    Receipt {
        uid: ReceiptId(uuid::Uuid::nil()),
        store: view.store.clone(),
        till: view.till,
        sequence: view.sequence,
        shift: 118,
        business_day: now().date_naive(),
        kind: view.kind,
        at: now(),
        operator: OperatorNumber("7".into()),
        lines: view.lines.clone(),
        discount: view.discount,
        rounding: Money::ZERO,
        total: view.total,
        vat: Vec::new(),
        tenders: vec![Tender::new(TenderType::Cash, money(given))],
        change: money(given) - view.total,
        fiscal: None,
        of: None,
        of_fiscal: None,
        customer: view.customer.clone(),
        discounts: Vec::new(),
        approvals: Vec::new(),
        recalled: None,
        accounts: Vec::new(),
        points: None,
    }
}

pub(crate) fn totals() -> ShiftTotals {
    let tender =
        |tender, sales: &str, returns: &str| TenderTotal { tender, sales: money(sales), returns: money(returns) };
    ShiftTotals {
        shift: 118,
        business_day: now().date_naive(),
        opened_at: at("2026-11-25T08:00:00+03:00"),
        float: money("1000"),
        cash_in: money("500"),
        cash_out: money("12000"),
        cash_expected: money("7841.30"),
        sales_count: 421,
        sales: money("312455.80"),
        returns_count: 2,
        returns: money("958.50"),
        cancelled_count: 3,
        cancelled: money("1204.00"),
        returns_without_receipt: Money::ZERO,
        journal: 4_311,
        journal_hash: String::new(),
        tenders: vec![tender(TenderType::Cash, "19299.80", "958.50"), tender(TenderType::Card, "293156.00", "0")],
        vat: Vec::new(),
    }
}

pub(crate) fn refused(code: &str, text: &str) -> Result<TillReply, TillError> {
    Err(TillError::Refused { code: code.into(), text: text.into() })
}

/// A screen over one view that never changes: enough to see which commands keys make.
pub(crate) struct Fingers {
    pub(crate) keyboard: Keyboard,
    pub(crate) view: Arc<TillView>,
}

impl Fingers {
    pub(crate) fn on(view: TillView) -> Fingers {
        Fingers { keyboard: Keyboard::default(), view: Arc::new(view) }
    }

    /// Press keys; every command is answered with `answer`.
    pub(crate) async fn press_with(&mut self, text: &str, answer: Result<TillReply, TillError>) -> Vec<Outcome> {
        let keys = keys::parse(text).unwrap();
        let view = self.view.clone();
        let send = |_| std::future::ready((answer.clone(), view.clone()));
        self.keyboard.press(self.view.clone(), keys, send).await
    }

    pub(crate) async fn scan_with(&mut self, data: &str, answer: Result<TillReply, TillError>) -> Vec<Outcome> {
        let view = self.view.clone();
        let send = |_| std::future::ready((answer.clone(), view.clone()));
        self.keyboard.scan(self.view.clone(), data, send).await
    }

    pub(crate) async fn press(&mut self, text: &str) -> Vec<TillCommand> {
        let outcomes = self.press_with(text, Ok(TillReply::default())).await;
        outcomes.into_iter().filter_map(command).collect()
    }

    /// The codes of what the screen itself refused.
    pub(crate) async fn refused(&mut self, text: &str) -> Vec<String> {
        let outcomes = self.press_with(text, Ok(TillReply::default())).await;
        outcomes
            .into_iter()
            .filter_map(|outcome| match outcome {
                Outcome::Refused { code, .. } => Some(code),
                Outcome::Answered { .. } | Outcome::Left => None,
            })
            .collect()
    }
}

pub(crate) fn command(outcome: Outcome) -> Option<TillCommand> {
    match outcome {
        Outcome::Answered { command, .. } => Some(command),
        Outcome::Refused { .. } | Outcome::Left => None,
    }
}

/// What the till says when it must be told something first.
pub(crate) fn asks(ask: Ask) -> Result<TillReply, TillError> {
    Err(TillError::Asks(ask))
}

pub(crate) fn done() -> Result<TillReply, TillError> {
    Ok(TillReply::default())
}

pub(crate) fn item(code: &str, name: &str, price: &str) -> Item {
    Item::new(ItemCode(code.to_owned()), name.to_owned(), money(price), VatRate::percent(10))
}

/// A sale of three lines of which one piece of the first came back already.
pub(crate) fn found() -> FoundReceipt {
    let receipt = closed(&sale(), "1000");
    let by = ReceiptId(uuid::Uuid::from_u128(7));
    FoundReceipt { receipt, returned: vec![ReturnedLine { line: 1, quantity: quantity("1"), by }] }
}

/// What a shop may set for its screens.
pub(crate) fn shop() -> Arc<Shop> {
    let bindings = [("F6", "search"), ("ё", "customer"), ("хлеб", "quick_keys"), ("F3", "no_such_action")];
    let bindings = Bindings { bindings: bindings.map(|(key, name)| (key.to_owned(), name.to_owned())).into() };
    let key = |item: &str, label: &str| QuickKey { item: ItemCode(item.to_owned()), label: label.to_owned() };
    let keys = vec![key("000101", "Пакет майка"), key("000102", "Хлеб ржаной"), key("000103", "Кофе с собой")];
    Arc::new(Shop::new(bindings, QuickKeys { keys }, CashRules::default()))
}
