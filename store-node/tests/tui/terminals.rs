//! While a terminal or the fiscal device owes an answer, and when a shift is too old.

use messages::v1::receipt::TenderType;
use messages::v1::till::{TillCommand, TillError, TillReply};
use messages::v1::view::{Light, Locked, TerminalWork, TillMode, TillView};
use store_node::tui::keys::{Outcome, parse};
use store_node::tui::screen::{Action, Input, Screen};

use super::fixture::{Fingers, at, done, empty, money, sale};

pub(crate) fn at_work() -> TillView {
    let terminal = TerminalWork {
        tender: TenderType::Card,
        amount: money("581.08"),
        since: at("2026-11-25T14:05:12+03:00"),
        gives_back: false,
    };
    TillView { mode: TillMode::WaitingForTerminal, terminal: Some(terminal), ..sale() }
}

pub(crate) fn lost() -> TillView {
    let fiscal = Light { works: false, since: None, reason: Some("no_answer".into()) };
    TillView { fiscal, ..at_work() }
}

pub(crate) fn locked(break_: bool) -> TillView {
    let locked = Locked { operator: "Иванова А.".into(), since: at("2026-11-25T13:53:00+03:00"), break_ };
    TillView { mode: TillMode::Locked, locked: Some(locked), ..sale() }
}

#[test]
fn only_esc_means_something_while_a_terminal_is_at_work() {
    let view = at_work();
    let mut screen = Screen::default();
    for key in parse("<Enter><+>500<Enter>rs9<F2><F9><F12><Del>").unwrap() {
        assert_eq!(screen.reduce(&view, Input::Key(key)), Some(Action::Bell), "{key:?}");
    }
    let escape = parse("<Esc>").unwrap().remove(0);
    assert_eq!(screen.reduce(&view, Input::Key(escape)), Some(Action::CancelTerminal));
    assert_eq!(screen.reduce(&view, Input::Scan("4600000000015".into())), Some(Action::Bell));
    assert_eq!(screen.refusal().unwrap().code, "scan_while_paying");
    assert_eq!(screen.reduce(&view, Input::Key(escape)), Some(Action::CancelTerminal), "before any refusal is read");
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_or_settled_by_a_supervisor() {
    assert_eq!(Fingers::on(lost()).press("r").await, [TillCommand::Resume]);
    let settle = |made| TillCommand::SettleConflict { made, reason: "слип 12".into() };
    assert_eq!(Fingers::on(lost()).press("s1слип 12<Enter>").await, [settle(true)]);
    assert_eq!(Fingers::on(lost()).press("ы2слип 12<Enter>").await, [settle(false)]);
    assert_eq!(Fingers::on(lost()).press("<Enter><+><F2>9<Esc>").await, []);
    let mut fingers = Fingers::on(lost());
    let answer = Err(TillError::WaitingForTerminal { reason: "no_answer".into() });
    fingers.press_with("r", answer).await;
    assert!(fingers.keyboard.screen().refusal().is_none(), "the box says it");
}

#[tokio::test]
async fn a_paid_receipt_is_helped_by_line_or_by_a_supervisor() {
    let waiting = || TillView { mode: TillMode::WaitingForFiscal, ..sale() };
    assert_eq!(Fingers::on(waiting()).press("t2<Enter>").await, [TillCommand::TakeOut { line: 2 }]);
    assert_eq!(Fingers::on(waiting()).press("е<Down><Down><Enter>").await, [TillCommand::TakeOut { line: 4 }]);
    assert_eq!(Fingers::on(waiting()).press("t2<Esc>").await, [], "a digit alone takes nothing out");
    let settle = TillCommand::SettleConflict { made: true, reason: "лента".into() };
    assert_eq!(Fingers::on(waiting()).press("і1лента<Enter>").await, [settle]);
}

#[tokio::test]
async fn a_shift_that_is_too_old_is_closed_with_one_key_and_one_yes() {
    let expired = || TillView { shift_expired: true, ..empty() };
    let close = TillCommand::CloseShift { counted: None };
    assert_eq!(Fingers::on(expired()).press("я<Enter>").await, [close]);
    assert_eq!(Fingers::on(expired()).press("z<Esc>").await, []);
    let counted = TillCommand::CloseShift { counted: Some(money("100").into()) };
    assert_eq!(Fingers::on(expired()).press("<F9>4100<Enter>").await, [counted]);
    let open = TillView { shift_expired: true, ..sale() };
    assert_eq!(Fingers::on(open).press("<F9>9<Enter>").await, [TillCommand::Cancel]);
    let outcomes = Fingers::on(expired()).scan_with("4600000000015", done()).await;
    assert!(matches!(&outcomes[..], [Outcome::Refused { code, .. }] if code == "shift_expired"), "{outcomes:?}");
}

#[tokio::test]
async fn a_locked_till_wants_its_operator() {
    let sign_on = TillCommand::SignOn { operator: domain::ids::OperatorNumber("7".into()), pin: "1234".into() };
    assert_eq!(Fingers::on(locked(false)).press("7<Enter>1234<Enter>").await, [sign_on]);
    assert_eq!(Fingers::on(locked(true)).press("<F9>9<Enter><Esc>").await, [], "there is no menu");
}

#[tokio::test]
async fn training_is_left_from_wherever_it_stands() {
    for mode in [TillMode::SignedOff, TillMode::ShiftClosed, TillMode::Selling] {
        let view = TillView { mode, training: true, ..empty() };
        assert_eq!(Fingers::on(view).press("<F9>8").await, [TillCommand::Train { on: false }], "{mode:?}");
    }
}

#[tokio::test]
async fn a_part_by_gift_card_leaves_the_rest_to_pay() {
    let mut fingers = Fingers::on(sale());
    fingers.press_with("<+>100<F5>777<Enter>", Ok(TillReply::default())).await;
    let rest = TillCommand::Pay { tender: TenderType::Cash, amount: money("581.08"), number: None };
    assert_eq!(fingers.press("<+>").await, [rest], "back on the payment screen");
}
