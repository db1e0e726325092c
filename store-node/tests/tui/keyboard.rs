//! The key map: which keys make which commands, and which make none.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use domain::ids::OperatorNumber;
use messages::v1::document::CashKind;
use messages::v1::receipt::{Tender, TenderType};
use messages::v1::till::{TillCommand, TillReply};
use messages::v1::view::{TillMode, TillView};
use store_node::tui::keys::{Keyboard, KeysError, Outcome, parse};

use super::fixture::{Fingers, closed, command, empty, line, money, quantity, refused, sale, sum};

fn scan(data: &str, of: Option<&str>) -> TillCommand {
    TillCommand::Scan { data: data.into(), quantity: of.map(quantity) }
}

fn cash(amount: &str) -> TillCommand {
    TillCommand::Pay { tender: TenderType::Cash, amount: money(amount), number: None }
}

#[test]
fn keys_are_read_and_unknown_ones_named() {
    assert_eq!(parse("3*46<Enter><+>500<Ctrl+L><F12><lt>").unwrap().len(), 12);
    assert_eq!(parse("<Hyper>"), Err(KeysError::Unknown("Hyper".into())));
    assert_eq!(parse("<F13>"), Err(KeysError::Unknown("F13".into())));
    assert_eq!(parse("12<Enter"), Err(KeysError::Unclosed));
}

#[tokio::test]
async fn codes_and_quantities() {
    let mut fingers = Fingers::on(sale());
    assert_eq!(fingers.press("4600000000015<Enter>").await, [scan("4600000000015", None)]);
    assert_eq!(fingers.press("3*4600000000015<Enter>").await, [scan("4600000000015", Some("3"))]);
    assert_eq!(fingers.press("0,512*21<Enter>").await, [scan("21", Some("0.512"))]);
    let change = TillCommand::ChangeQuantity { line: 4, quantity: quantity("3") };
    assert_eq!(fingers.press("3*<Enter>").await, [change]);
    let change = TillCommand::ChangeQuantity { line: 2, quantity: quantity("5") };
    assert_eq!(fingers.press("<Up><Up><Up>5*<Enter>").await, [change], "the selected line");
    assert_eq!(fingers.press("<Esc>12<BS>3<Enter>").await, [scan("13", None)]);
    assert_eq!(fingers.press("AB-1<Enter>").await, [scan("AB-1", None)], "a minus inside a code");
}

#[tokio::test]
async fn a_quantity_waits_for_the_scanner() {
    let mut fingers = Fingers::on(sale());
    assert_eq!(fingers.press("3*").await, []);
    let outcomes = fingers.scan_with("4600000000015", Ok(TillReply::default())).await;
    assert_eq!(outcomes.into_iter().filter_map(command).collect::<Vec<_>>(), [scan("4600000000015", Some("3"))]);
    let outcomes = fingers.scan_with("4600000000015", Ok(TillReply::default())).await;
    assert_eq!(outcomes.into_iter().filter_map(command).collect::<Vec<_>>(), [scan("4600000000015", None)]);
}

#[tokio::test]
async fn a_star_in_a_marking_code_is_no_quantity() {
    let mut fingers = Fingers::on(sale());
    let code = "010460000000001521*5aB\u{1d}93abcd";
    for (scanned, expected) in [(code, scan(code, None)), ("3*4600000000015", scan("4600000000015", Some("3")))] {
        let outcomes = fingers.scan_with(scanned, Ok(TillReply::default())).await;
        assert_eq!(outcomes.into_iter().filter_map(command).collect::<Vec<_>>(), [expected]);
    }
}

#[tokio::test]
async fn enter_alone_does_nothing_on_the_sale_and_payment_screens() {
    assert_eq!(Fingers::on(sale()).press("<Enter><Enter><Enter>").await, []);
    assert_eq!(Fingers::on(sale()).press("<+><Enter><Enter>").await, []);
    assert_eq!(Fingers::on(empty()).press("<+><+><Enter>").await, [], "an empty receipt has no payment");
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_with_a_reason() {
    let mut fingers = Fingers::on(sale());
    assert_eq!(fingers.refused("<*>").await, ["quantity_before_star"]);
    assert_eq!(fingers.refused("<Esc>0*<Enter>").await, ["bad_quantity"]);
    assert_eq!(fingers.refused("<Esc>46<+>").await, ["finish_entry_first"]);
    assert_eq!(fingers.refused("<Esc><Esc><+>1,2,3<Enter>").await, ["bad_amount"]);
    assert_eq!(Fingers::on(empty()).refused("3*<Enter>").await, ["no_line"]);
    assert_eq!(Fingers::on(empty()).refused("<->").await, ["no_line"]);
}

#[tokio::test]
async fn a_void_is_asked_once() {
    let void = |line| TillCommand::VoidLine { line, quantity: None };
    let mut fingers = Fingers::on(sale());
    assert_eq!(fingers.press("<->").await, []);
    assert_eq!(fingers.press("<Esc><Enter>").await, []);
    assert_eq!(fingers.press("<-><Enter>").await, [void(4)]);
    assert_eq!(fingers.press("<-><->").await, [void(4)], "the same key says yes");
    assert_eq!(fingers.press("<Home><Del><Del>").await, [void(1)]);
    let mut last_voided = sale();
    last_voided.lines[3].voided = true;
    assert_eq!(Fingers::on(last_voided).press("<-><Enter>").await, [void(2)], "the last that counts");
}

#[tokio::test]
async fn payment_by_keys() {
    let due = "581.08";
    assert_eq!(Fingers::on(sale()).press("<+>1000<Enter>").await, [cash("1000")]);
    assert_eq!(Fingers::on(sale()).press("<+>1000<+>").await, [cash("1000")]);
    assert_eq!(Fingers::on(sale()).press("<F12><F12>").await, [cash(due)], "the exact amount");
    let card = |amount| TillCommand::Pay { tender: TenderType::Card, amount: money(amount), number: None };
    assert_eq!(Fingers::on(sale()).press("<+><F2>").await, [card(due)]);
    assert_eq!(Fingers::on(sale()).press("<+>300,50<F2>").await, [card("300.50")]);
    assert_eq!(Fingers::on(sale()).press("<+><F7>4601<Enter>").await, [scan("4601", None)], "back to the receipt");
    let mut begun = TillView { mode: TillMode::Paying, ..sale() };
    begun.tenders = vec![Tender::new(TenderType::Card, money("300"))];
    sum(&mut begun);
    assert_eq!(Fingers::on(begun.clone()).press("<+>").await, [cash("281.08")]);
    assert_eq!(Fingers::on(begun.clone()).refused("<Esc>").await, ["payment_begun"]);
    assert_eq!(Fingers::on(begun).press("<F9>9<Enter>").await, [TillCommand::Cancel]);
}

#[tokio::test]
async fn sign_on_and_shift() {
    let (operator, pin) = (OperatorNumber("7".into()), "1234".to_owned());
    let signed_off = TillView { mode: TillMode::SignedOff, operator: None, ..empty() };
    let sign_on = TillCommand::SignOn { operator: operator.clone(), pin: pin.clone() };
    assert_eq!(Fingers::on(signed_off.clone()).press("7<Enter>1234<Enter>").await, [sign_on]);
    let closed = TillView { mode: TillMode::ShiftClosed, shift: None, ..empty() };
    let open = TillCommand::OpenShift { operator, pin, float: money("1000") };
    assert_eq!(Fingers::on(closed).press("7<Enter>1234<Enter>1000<Enter>").await, [open]);

    let mut fingers = Fingers::on(signed_off);
    fingers.press_with("7<Enter>1<Enter>", refused("wrong_pin", "the PIN is wrong")).await;
    let again = TillCommand::SignOn { operator: OperatorNumber("7".into()), pin: "1234".into() };
    assert_eq!(fingers.press("1234<Enter>").await, [again], "only the PIN is typed again");
}

#[tokio::test]
async fn the_menu() {
    let reason = || "сдача".to_owned();
    let cash_moved = |kind| TillCommand::MoveCash { kind, amount: money("500"), reason: reason() };
    for (keys, expected) in [
        ("<F9>11500<Enter>сдача<Enter>", cash_moved(CashKind::Loan)),
        ("<F9>12500<Enter>сдача<Enter>", cash_moved(CashKind::PaidIn)),
        ("<F9>21500<Enter>сдача<Enter>", cash_moved(CashKind::Pickup)),
        ("<F9>22500<Enter>сдача<Enter>", cash_moved(CashKind::PaidOut)),
        ("<F9>3", TillCommand::ReportX),
        ("<F9>47841.30<Enter>", TillCommand::CloseShift { counted: Some(money("7841.30").into()) }),
        ("<F9>57841,30<Enter>", TillCommand::Count { counted: money("7841.30").into() }),
        ("<F9><Down><Down><Down><Down><Enter>0<Enter>", TillCommand::Count { counted: money("0").into() }),
        ("<F9><Up><Enter>3", TillCommand::SignOff),
        ("<F9>01", TillCommand::Lock { break_: false }),
        ("<F9>02", TillCommand::Lock { break_: true }),
        ("<F9>03", TillCommand::SignOff),
        ("<F9>6", TillCommand::ListReceipts),
        ("<F9>7", TillCommand::ListReceipts),
        ("<F9>8", TillCommand::Train { on: true }),
        ("<Ctrl+L>", TillCommand::Lock { break_: false }),
        ("<Ctrl+P>", TillCommand::Reprint { sequence: None }),
        ("<F6>", TillCommand::RepeatLast),
        ("<F7>", TillCommand::ListParked),
        ("<Ctrl+O>сдача<Enter>", TillCommand::OpenDrawer { reason: reason() }),
        ("<F8>2", TillCommand::ToggleReturn),
    ] {
        assert_eq!(Fingers::on(empty()).press(keys).await, [expected], "{keys}");
    }
    assert_eq!(Fingers::on(empty()).press("<F9>11<Enter><Esc><Enter>").await, [], "an empty amount goes nowhere");
}

#[tokio::test]
async fn leaving_is_asked() {
    let mut fingers = Fingers::on(sale());
    let reply = || Ok(TillReply::default());
    assert_eq!(fingers.press_with("<Ctrl+C><Esc>", reply()).await, []);
    assert_eq!(fingers.press_with("<Ctrl+Q><Enter>", reply()).await, [Outcome::Left]);
}

#[tokio::test]
async fn leaving_is_possible_while_the_change_is_shown() {
    let mut fingers = Fingers::on(sale());
    let reply = TillReply { receipt: Some(Box::new(closed(&sale(), "1000"))), ..TillReply::default() };
    fingers.press_with("<+>1000<Enter>", Ok(reply)).await;
    assert_eq!(fingers.press_with("<Ctrl+Q><Enter>", Ok(TillReply::default())).await, [Outcome::Left]);
}

#[tokio::test]
async fn waiting_goes_on_or_gives_up() {
    let waiting = TillView { mode: TillMode::WaitingForFiscal, ..sale() };
    assert_eq!(Fingers::on(waiting.clone()).press("r").await, [TillCommand::Resume]);
    assert_eq!(Fingers::on(waiting.clone()).press("<+>500<Esc>").await, []);
    assert_eq!(Fingers::on(waiting.clone()).press("9<Enter>").await, [TillCommand::Cancel]);
    assert_eq!(Fingers::on(waiting).press("9<Esc><Enter>").await, [TillCommand::Resume]);
}

#[tokio::test]
async fn a_scan_confirms_nothing_anywhere() {
    let paying = TillView { mode: TillMode::Paying, ..sale() };
    let waiting = TillView { mode: TillMode::WaitingForFiscal, ..sale() };
    for (view, keys, code) in [
        (paying, "500", "scan_while_paying"),
        (waiting, "", "scan_while_waiting"),
        (sale(), "<->", "scan_not_here"),
        (sale(), "<F9>", "scan_not_here"),
        (sale(), "<F9>9", "scan_not_here"),
        (sale(), "<F9>11500", "scan_not_here"),
        (sale(), "<Ctrl+Q>", "scan_not_here"),
    ] {
        let mut fingers = Fingers::on(view);
        fingers.press(keys).await;
        let outcomes = fingers.scan_with("4600000000015", Ok(TillReply::default())).await;
        assert!(matches!(&outcomes[..], [Outcome::Refused { code: of, .. }] if of == code), "{keys}: {outcomes:?}");
    }
}

#[tokio::test]
async fn a_scan_before_the_first_tender_goes_back_to_the_sale() {
    let mut fingers = Fingers::on(sale());
    fingers.press("<+>500").await;
    let outcomes = fingers.scan_with("4600000000015", Ok(TillReply::default())).await;
    assert_eq!(outcomes.into_iter().filter_map(command).collect::<Vec<_>>(), [scan("4600000000015", None)]);
    assert_eq!(fingers.press("<Enter>").await, [], "the amount that was typed is gone");
}

#[tokio::test]
async fn only_esc_or_a_correction_by_hand_takes_a_refusal_away() {
    let mut fingers = Fingers::on(sale());
    fingers.scan_with("4600000000099", refused("unknown_code", "no")).await;
    for keys in ["<Enter>", "<Enter><Enter>", "<+>", "<F7>", "<F9>", "<F9>", "<F1>", "<F1>"] {
        fingers.press(keys).await;
        assert!(fingers.keyboard.screen().refusal().is_some(), "after {keys}");
    }
    fingers.scan_with("4600000000015", Ok(TillReply::default())).await;
    assert!(fingers.keyboard.screen().refusal().is_some(), "a scan after it does not hide it");
    fingers.press("<Esc>").await;
    assert!(fingers.keyboard.screen().refusal().is_none());

    fingers.scan_with("4600000000099", refused("unknown_code", "no")).await;
    fingers.press("4600000000015<Enter>").await;
    assert!(fingers.keyboard.screen().refusal().is_none(), "the code was keyed right");
}

/// The whole of the script format's example, against a till that adds what it is given.
#[tokio::test]
async fn keys_see_what_the_keys_before_them_did() {
    let till = Rc::new(RefCell::new(empty()));
    let sent = Rc::new(RefCell::new(Vec::new()));
    let send = |command: TillCommand| {
        let (till, sent) = (till.clone(), sent.clone());
        async move {
            sent.borrow_mut().push(command.clone());
            let mut view = till.borrow_mut();
            if let TillCommand::Scan { quantity: Some(of), .. } = command {
                view.lines.push(line(1, "Хлеб", &of.to_string(), "45.50"));
                sum(&mut view);
            }
            (Ok(TillReply::default()), Arc::new(view.clone()))
        }
    };
    let keys = parse("3*4600000000015<Enter><+>500<Enter>").unwrap();
    let outcomes = Keyboard::default().press(Arc::new(empty()), keys, send).await;
    assert_eq!(*sent.borrow(), [scan("4600000000015", Some("3")), cash("500")]);
    assert_eq!(outcomes.len(), 2);
}
