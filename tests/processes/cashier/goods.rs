//! Lines of a receipt: quantities, voids, bursts of a scanner, layouts of a keyboard, search.

use super::Desk;
use crate::processes::shop::{Counter, Shop};
use crate::processes::terminal::{BAG, BREAD, CHOC, COFFEE, DOWN, ESC, F2, F6, MILK, Terminal, UNKNOWN, UP};

/// Scenario 2.
pub(super) async fn quantity_before_and_after(desk: &mut Desk) {
    desk.till.press("3*").await;
    desk.till.shows("▸ 3*").await;
    desk.scan(CHOC, "1 Chocolate 3 119.99 359.97").await;
    desk.till.press("2*\r").await;
    desk.till.shows("1 Chocolate 2 119.99 239.98").await;
    // The whole of it keyed by hand.
    desk.till.key_in(&format!("2*{COFFEE}\r")).await;
    desk.till.shows("2 Coffee 2 349.00 698.00").await;
    desk.pay_in_cash("937.98").await;
}

/// Scenario 7.
pub(super) async fn a_void_stays_in_sight(desk: &mut Desk) {
    desk.till.press("2*").await;
    desk.till.shows("▸ 2*").await;
    desk.scan(MILK, "1 Milk 2 89.90 179.80").await;
    desk.scan(BREAD, "2 Bread 1 45.50 45.50").await;
    desk.scan(BAG, "3 Bag 1 7.00 7.00").await;
    desk.till.press("-").await;
    desk.till.shows("Void line 3?").await;
    desk.till.press("-").await;
    desk.till.shows("3 Bag 1 7.00 void").await;
    desk.till.shows("2 lines").await;
    // Not twice.
    desk.till.press(UP).await;
    desk.till.shows("SELECTED LINE").await;
    desk.till.press("-").await;
    desk.till.shows("Void line 3?").await;
    desk.till.press("\r").await;
    desk.till.refuses("line 3 is voided already").await;
    desk.till.shows("2 lines").await;
    desk.pay_in_cash("225.30").await;
}

/// Scenario 9: the whole burst is on its way before the first code is answered.
pub(super) async fn bursts_confirm_nothing(desk: &mut Desk) {
    let documents = desk.documents();
    desk.till.press(&format!("{COFFEE}\r{UNKNOWN}\r{BREAD}\r")).await;
    desk.till.shows("1 Coffee 1 349.00 349.00").await;
    desk.till.shows("2 Bread 1 45.50 45.50").await;
    desk.till.shows("2 lines").await;
    desk.till.refuses(UNKNOWN).await;

    let burst: String = (1..=20).map(|place| format!("{}\r", if place == 10 { UNKNOWN } else { BAG })).collect();
    desk.till.press(&burst).await;
    desk.till.shows("21 Bag 1 7.00 7.00").await;
    desk.till.shows("21 lines").await;
    desk.till.refuses(UNKNOWN).await;

    // Nor does a burst answer a question of the screen.
    desk.till.press("-").await;
    desk.till.shows("Void line 21?").await;
    desk.till.press(&format!("{MILK}\r{MILK}\r")).await;
    desk.till.refuses("NOT added: close this box, scan again").await;
    desk.till.shows("Void line 21?").await;
    desk.till.press(ESC).await;
    desk.till.hides("Void line 21?").await;
    desk.till.shows("21 lines").await;
    desk.till.shows(" SALE ").await;
    assert_eq!(desk.documents(), documents);
    desk.pay_in_cash("527.50").await;
}

/// Scenario 10.
pub(super) async fn two_returns_after_a_code(desk: &mut Desk) {
    desk.till.press(&format!("{COFFEE}\r\r")).await;
    desk.till.shows("1 Coffee 1 349.00 349.00").await;
    desk.till.press(&format!("{BREAD}\r\r")).await;
    desk.till.shows("2 Bread 1 45.50 45.50").await;
    desk.till.shows("2 lines").await;
    desk.till.shows(" SALE ").await;
    assert!(!desk.till.has("PAYMENT"), "{}", desk.till.screen());
    desk.pay_in_cash("394.50").await;
}

/// Scenario 11.
pub(super) async fn once_more(desk: &mut Desk) {
    desk.scan(COFFEE, "1 Coffee 1 349.00 349.00").await;
    for line in 2..=4 {
        desk.till.press(F6).await;
        desk.till.shows(&format!("{line} Coffee 1 349.00 349.00")).await;
    }
    desk.till.shows("4 lines").await;
    desk.pay_in_cash("1,396.00").await;
}

/// "LAMP100" by the places of its keys.
pub(super) async fn a_scan_on_a_cyrillic_layout(desk: &mut Desk) {
    desk.scan("ДФЬЗ100", "1 Desk light 1 830.00 830.00").await;
    desk.pay_in_cash("830.00").await;
}

pub(super) async fn search_by_name_and_code(desk: &mut Desk) {
    desk.till.press(F2).await;
    desk.till.shows("Name or code").await;
    // No third letter: what is found for two would be on the screen already while the third is looked for.
    desk.till.key_in("li").await;
    desk.till.shows("Desk light LAMP100 830.00").await;
    desk.till.press("\r").await;
    desk.till.shows("digit or Enter sells").await;
    desk.till.press("\r").await;
    desk.till.shows("1 Desk light 1 830.00 830.00").await;

    desk.till.press("2*").await;
    desk.till.shows("▸ 2*").await;
    desk.till.press(F2).await;
    desk.till.shows("Name or code").await;
    desk.till.key_in("LA").await;
    desk.till.shows("Desk light LAMP100 830.00").await;
    desk.till.press(DOWN).await;
    desk.till.shows("digit or Enter sells").await;
    desk.till.press("1").await;
    desk.till.shows("2 Desk light 2 830.00 1,660.00").await;

    desk.till.press(F2).await;
    desk.till.shows("Name or code").await;
    desk.till.key_in("zz").await;
    desk.till.shows("nothing found").await;
    desk.till.press(F2).await;
    desk.till.hides("Name or code").await;
    desk.pay_in_cash("2,490.00").await;
}

pub(super) async fn a_sale_in_ukrainian(shop: &Shop, counter: &Counter) -> Terminal {
    let mut till = shop.till(counter);
    till.shows("Відкриття зміни").await;
    till.press("1\r").await;
    loop {
        till.press("1111\r").await;
        till.press("5000\r").await;
        let seen = |words: &str| {
            words.contains("ПРОДАЖ").then_some(true).or(words.contains("Esc — зрозуміло").then_some(false))
        };
        if till.look("the sale", seen).await.expect("the till stays") {
            break;
        }
        till.press(ESC).await;
        till.hides("Esc — зрозуміло").await;
    }
    loop {
        till.scan(MILK).await;
        let seen = |words: &str| {
            words.contains("1 позиція").then_some(true).or(words.contains("Esc — зрозуміло").then_some(false))
        };
        if till.look("a line", seen).await.expect("the till stays") {
            break;
        }
        till.press(ESC).await;
        till.hides("Esc — зрозуміло").await;
    }
    till.shows("1 Milk 1 89,90 89,90").await;
    till.scan(UNKNOWN).await;
    till.shows("код не знайдено").await;
    till.press(ESC).await;
    till.hides("Esc — зрозуміло").await;
    till.press("+").await;
    till.shows("ОПЛАТА").await;
    till.shows("ДО СПЛАТИ").await;
    till.press("100").await;
    till.press("\r").await;
    till.shows("ЧЕК 00000001 ЗАКРИТО").await;
    till.shows("разом 89,90").await;
    till.shows("отримано 100,00").await;
    till.shows("усе надіслано").await;
    till
}
