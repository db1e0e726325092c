//! Around the sale: receipts set aside, training, goods that come back, and the count of the drawer.

use serde_json::json;

use super::Desk;
use crate::processes::shop::Shop;
use crate::processes::terminal::{BREAD, CASH, DOWN, ESC, F7, F8, LAMP, MILK, SOFA};

/// A blind count with few differences; no small coins.
pub(super) async fn settings(shop: &Shop) {
    let worths =
        ["5000", "2000", "1000", "500", "200", "100", "50", "10", "5", "2", "1"].map(|worth| format!("{worth}.00"));
    let cash = json!({ "blind_count": true, "difference_max": "30.00", "denominations": worths });
    shop.put("till-settings/cash", &cash).await;
}

pub(super) async fn set_aside_here_and_taken_up_there(desk: &mut Desk, other: &mut Desk) {
    desk.scan(BREAD, "1 Bread 1 45.50 45.50").await;
    desk.till.press(F7).await;
    desk.till.shows("Put the receipt aside").await;
    desk.till.press("Ann\r").await;
    desk.till.shows(&format!("Receipt {} is put aside", desk.next)).await;
    desk.till.shows("parked: 1").await;
    desk.next += 1;
    // As soon as the store has it.
    other.till.press(F7).await;
    while !other.till.led_to("Parked receipts").await.expect("the till stays") {
        other.till.press(F7).await;
    }
    other.till.shows("till 1 Ann 1 line 45.50").await;
    other.till.press("1").await;
    other.till.shows("1 Bread 1 45.50 45.50").await;
    other.scan(MILK, "2 Milk 1 89.90 89.90").await;
    other.pay_in_cash("135.40").await;
    other.till.shows("all sent").await;

    desk.till.press(F7).await;
    desk.till.refuses("nothing is put aside").await;
    desk.till.hides("parked: 1").await;
}

/// Scenario 66.
pub(super) async fn training_leaves_nothing(desk: &mut Desk) {
    let documents = desk.documents();
    desk.menu("8").await;
    desk.till.shows("TRAINING ▸ S1 ▸ till 2").await;
    desk.till.shows("── TRAINING ──").await;
    desk.till.shows("Open the shift").await;
    for field in ["1\r", "1111\r", "100\r"] {
        desk.till.press(field).await;
    }
    desk.till.shows("TRAINING: SALE").await;
    desk.till.scan(MILK).await;
    desk.till.shows("1 Milk 1 89.90 89.90").await;
    desk.till.press("+").await;
    desk.till.shows("TO PAY").await;
    desk.till.press(super::super::terminal::CARD).await;
    desk.till.shows("RECEIPT 00000001 CLOSED").await;
    desk.menu("8").await;
    desk.till.hides("TRAINING").await;
    desk.till.shows(" SALE ").await;
    desk.till.shows("Anna Ivanova").await;
    desk.till.shows("all sent").await;
    assert_eq!(desk.documents(), documents);
    assert!(desk.counter.charges().is_empty());
    // The numbers go on as if nothing had been.
    desk.scan(BREAD, "1 Bread 1 45.50 45.50").await;
    desk.pay_in_cash("45.50").await;
}

/// Scenario 42: two of three come back, and of the two that are asked for then only one.
pub(super) async fn goods_come_back_up_to_what_was_sold(desk: &mut Desk) {
    desk.till.press("3*").await;
    desk.till.shows("▸ 3*").await;
    desk.scan(LAMP, "1 Desk light 3 830.00 2,490.00").await;
    let sale = desk.next;
    desk.pay_in_cash("2,490.00").await;
    find(desk, sale).await;
    desk.till.shows("1 Desk light 0 / 3").await;
    take_back(desk, "2", "1,660.00").await;

    find(desk, sale).await;
    desk.till.shows("1 Desk light 0 / 1").await;
    desk.till.press("2\r").await;
    desk.till.refuses("not so much can still be returned").await;
    take_back(desk, "1", "830.00").await;

    find_form(desk, sale).await;
    desk.till.refuses("everything of this receipt came back already").await;
}

async fn find_form(desk: &mut Desk, sale: u64) {
    desk.till.press(F8).await;
    desk.till.shows("By the receipt: number or QR code").await;
    desk.till.press("1").await;
    desk.till.shows("Scan the QR code of the receipt, or key its number").await;
    desk.till.press(&format!("{sale}\r")).await;
}

async fn find(desk: &mut Desk, sale: u64) {
    find_form(desk, sale).await;
    desk.till.shows(&format!("Return of receipt {sale:08}")).await;
}

async fn take_back(desk: &mut Desk, count: &str, total: &str) {
    desk.till.press(&format!("{count}\r")).await;
    desk.till.shows(&format!("1 Desk light {count} /")).await;
    desk.till.press("+").await;
    desk.till.shows("How does the money go back?").await;
    desk.till.press(CASH).await;
    desk.closed(total).await;
}

/// Scenario 49. The float is 5,000.00; with the milk and the sofa 47,900.00 more than went back come in.
pub(super) async fn the_count_is_blind(desk: &mut Desk) {
    desk.till.hides("Return of receipt").await;
    desk.scan(SOFA, "1 Sofa 1 47,810.10 47,810.10").await;
    desk.pay_in_cash("47,810.10").await;
    desk.menu("2").await;
    desk.till.shows("Pickup to the safe").await;
    desk.till.press("1").await;
    desk.till.shows("Amount").await;
    desk.till.press("20000\r").await;
    desk.till.press("safe\r").await;
    desk.till.shows("Cash out: 20,000.00").await;

    // What should be there is for a supervisor only.
    desk.menu("3").await;
    desk.till.shows("Missing right: see what the drawer should hold.").await;
    desk.till.press(ESC).await;
    desk.till.hides("A supervisor must allow this").await;
    desk.menu("5").await;
    count(desk, "Count drawer").await;
    desk.till.press("\r").await;
    desk.till.shows("Counted 32,850.00").await;
    assert!(!desk.till.has("expected") && !desk.till.has("Short"), "{}", desk.till.screen());
    desk.till.press(ESC).await;
    desk.till.hides("Counted").await;

    desk.menu("4").await;
    count(desk, "Close shift (Z)").await;
    desk.till.press("\r").await;
    desk.approve("close with such a difference").await;
    desk.till.shows("The shift is closed").await;
    desk.till.shows("Cash expected 32,900.00").await;
    desk.till.shows("Short 50.00").await;
    desk.till.press(ESC).await;
    desk.till.shows("Open the shift").await;
}

/// 3×5000, 2×2000, 7×1000, 9×500, 4×200, 11×100, 6×50, 12×10, 3×5, 4×2, 7×1.
async fn count(desk: &mut Desk, title: &str) {
    desk.till.shows(title).await;
    desk.till.shows("5,000.00 ×").await;
    desk.till.press(DOWN).await;
    desk.till.shows("▸ 5,000.00 ×").await;
    for pieces in ["3\r", "2\r", "7\r", "9\r", "4\r", "11\r", "6\r", "12\r", "3\r", "4\r", "7\r"] {
        desk.till.press(pieces).await;
    }
    desk.till.shows("▸ Counted 32,850.00").await;
}
