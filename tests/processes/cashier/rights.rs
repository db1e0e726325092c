//! What a cashier may not do alone, and a till that is locked.

use super::Desk;
use crate::processes::terminal::{BAG, BREAD, COFFEE, CTRL_L, F5, MILK};

/// Scenario 12: a tenth where a twentieth is allowed. The supervisor's word is good once.
pub(super) async fn a_discount_asks_each_time(desk: &mut Desk) {
    desk.scan(COFFEE, "1 Coffee 1 349.00 349.00").await;
    a_tenth_off(desk).await;
    desk.approve("give such a discount").await;
    desk.till.shows("1 Coffee 1 349.00 314.10").await;
    desk.till.shows("discount −34.90").await;
    desk.scan(COFFEE, "2 Coffee 1 349.00 349.00").await;
    a_tenth_off(desk).await;
    desk.till.shows("A supervisor must allow this").await;
    // A cashier is no supervisor.
    for field in ["3\r", "3333\r", "seen\r"] {
        desk.till.press(field).await;
    }
    desk.till.refuses("may not do this").await;
    desk.till.shows("A supervisor must allow this").await;
    desk.till.back_to("2 Coffee 1 349.00 349.00").await;
    desk.till.press("-").await;
    desk.till.shows("Void line 2?").await;
    desk.till.press("\r").await;
    desk.till.shows("2 Coffee 1 349.00 void").await;
    desk.pay_in_cash("314.10").await;
}

async fn a_tenth_off(desk: &mut Desk) {
    desk.till.press("10").await;
    desk.till.shows("▸ 10").await;
    desk.till.press(F5).await;
    desk.till.shows("Discount on the line, %").await;
    desk.till.press("old\r").await;
}

/// Scenario 8.
pub(super) async fn cancelling_asks(desk: &mut Desk) {
    let documents = desk.documents();
    desk.till.press("2*").await;
    desk.till.shows("▸ 2*").await;
    desk.scan(MILK, "1 Milk 2 89.90 179.80").await;
    desk.scan(BREAD, "2 Bread 1 45.50 45.50").await;
    desk.scan(BAG, "3 Bag 1 7.00 7.00").await;
    desk.menu("9").await;
    desk.till.shows("Cancel the receipt?").await;
    desk.till.press("\r").await;
    desk.approve("cancel a receipt").await;
    desk.till.shows(&format!("Receipt {} is cancelled", desk.next)).await;
    desk.next += 1;
    desk.till.shows(&format!("receipt {:08}", desk.next)).await;
    assert_eq!(desk.documents(), documents);
}

pub(super) async fn a_locked_till_keeps_its_receipt(desk: &mut Desk) {
    desk.scan(BREAD, "1 Bread 1 45.50 45.50").await;
    desk.till.press(CTRL_L).await;
    desk.till.shows("The till is locked").await;
    desk.till.shows("Anna Ivanova locked the till").await;
    desk.till.shows(" LOCKED ").await;
    // Nothing is sold meanwhile, not even by a scanner.
    desk.till.press(&format!("{MILK}\r{MILK}\r")).await;
    desk.till.refuses("NOT added").await;
    desk.till.back_to("▸ Operator number _").await;
    for field in ["3\r", "3333\r"] {
        desk.till.press(field).await;
    }
    desk.till.refuses("the till is locked by Anna Ivanova").await;
    desk.till.shows(" LOCKED ").await;
    desk.till.back_to("▸ Operator number _").await;
    for field in ["1\r", "0000\r"] {
        desk.till.press(field).await;
    }
    desk.till.refuses("the PIN is wrong").await;
    desk.till.press("1111\r").await;
    desk.till.hides("The till is locked").await;
    desk.till.shows("1 Bread 1 45.50 45.50").await;
    desk.till.shows("1 line").await;
    desk.pay_in_cash("45.50").await;
}
