//! Taking money: double presses, terminals that fail, a document that the fiscal device refuses.

use super::Desk;
use crate::processes::PATIENCE;
use crate::processes::terminal::{CARD, CASH, COFFEE, ESC, MILK};
use crate::sandbox::eventually;

/// Scenario 30.
pub(super) async fn a_double_press_pays_once(desk: &mut Desk) {
    let documents = desk.documents();
    desk.scan(COFFEE, "1 Coffee 1 349.00 349.00").await;
    // Neither the key that opens the payment,
    desk.till.press("++").await;
    desk.till.shows(" PAYMENT ").await;
    desk.till.press("400").await;
    desk.till.shows("▸ 400").await;
    assert_eq!(desk.documents(), documents);
    // nor the one that takes the money.
    desk.till.press("\r\r").await;
    desk.closed("349.00").await;
    desk.till.shows("given 400.00").await;
    desk.scan(MILK, "1 Milk 1 89.90 89.90").await;
    desk.till.pay("++").await;
    desk.closed("89.90").await;
    assert_eq!(desk.documents(), documents + 2);
}

/// Scenario 31.
pub(super) async fn an_approval_without_an_answer(desk: &mut Desk) {
    desk.scan(COFFEE, "1 Coffee 1 349.00 349.00").await;
    desk.terminal().fault("no_answer_after_commit");
    desk.till.pay(CARD).await;
    let approved = async || desk.counter.charges().first().cloned();
    eventually("the approval at the bank", PATIENCE, approved).await;
    // The line to the terminal is gone; on the next one the till asks what became of it.
    desk.terminal().cut();
    desk.closed("349.00").await;
    assert_eq!(desk.counter.charges(), ["sale 349.00"]);
}

/// The customer never comes; the cashier stops the terminal and takes cash.
pub(super) async fn a_terminal_that_hangs_is_stopped(desk: &mut Desk) {
    let documents = desk.documents();
    desk.scan(COFFEE, "1 Coffee 1 349.00 349.00").await;
    desk.terminal().fault("hang");
    desk.till.pay(CARD).await;
    desk.till.shows("Waiting for the terminal").await;
    // An impatient finger pays nothing, now or later.
    desk.till.press("+").await;
    desk.till.press("\r").await;
    desk.till.press(ESC).await;
    desk.till.refuses("the payment terminal: ").await;
    desk.till.shows(" PAYMENT ").await;
    assert_eq!(desk.documents(), documents);
    desk.terminal().fault("none");
    desk.till.press(CASH).await;
    desk.closed("349.00").await;
    assert_eq!(desk.counter.charges(), ["sale 349.00"]);
    assert_eq!(desk.documents(), documents + 1);
}

/// Scenario 34.
pub(super) async fn a_refused_document_is_settled(desk: &mut Desk) {
    let documents = desk.documents();
    desk.scan(COFFEE, "1 Coffee 1 349.00 349.00").await;
    desk.scan(MILK, "2 Milk 1 89.90 89.90").await;
    desk.counter.fiscal.fault("refuse:33");
    desk.till.pay(CARD).await;
    desk.till.shows("Paid, but not fiscalised yet").await;
    desk.till.shows("PAID, WAITING").await;
    // The sale is not rung up again.
    desk.till.scan(COFFEE).await;
    desk.till.refuses("NOT added: finish the last receipt first").await;
    desk.till.press("r").await;
    desk.till.shows("Paid, but not fiscalised yet").await;
    desk.till.press("t").await;
    desk.till.shows("Take a line out; its money goes back").await;
    desk.till.press("2").await;
    desk.till.press("\r").await;
    desk.till.hides("Take a line out").await;
    desk.till.shows("Paid, but not fiscalised yet").await;
    desk.counter.fiscal.fault("none");
    desk.till.press("r").await;
    desk.closed("349.00").await;
    desk.till.shows("2 Milk 1 89.90 void").await;
    assert_eq!(desk.counter.charges(), ["sale 349.00", "sale 438.90", "refund 89.90"]);
    assert_eq!(desk.documents(), documents + 1);
}
