//! Marked goods and goods for adults.

use super::Desk;
use crate::processes::terminal::{BEER, ESC, MILK, WATER};

/// The code of one bottle; a scanner that types sends its separator as Ctrl+].
const BOTTLE: &str = "01046000000000842155555\x1d93abcd";
const ANOTHER: &str = "01046000000000842177777\x1d93abcd";

/// Scenario 47.
pub(super) async fn a_marked_bottle(desk: &mut Desk) {
    desk.till.scan(WATER).await;
    desk.till.shows("Scan the code of the unit itself").await;
    // Not the code of the shelf once more.
    desk.till.scan(WATER).await;
    desk.till.refuses("this is not the code").await;
    desk.till.scan(BOTTLE).await;
    desk.till.hides("Scan the code of the unit itself").await;
    desk.till.shows("1 Water 1 64.90 64.90").await;
    desk.till.scan(BOTTLE).await;
    desk.till.refuses("this unit is on the receipt").await;
    desk.scan(ANOTHER, "2 Water 1 64.90 64.90").await;

    desk.till.press("-").await;
    desk.till.shows("Void line 2?").await;
    desk.till.press("\r").await;
    desk.till.shows("Scan the code of the unit itself").await;
    desk.till.scan(BOTTLE).await;
    desk.till.refuses("this is not the code").await;
    desk.till.scan(ANOTHER).await;
    desk.till.shows("2 Water 1 64.90 void").await;
    desk.pay_in_cash("64.90").await;

    // It is sold.
    desk.till.scan(BOTTLE).await;
    desk.till.refuses("this unit was sold").await;
}

/// Scenario 48.
pub(super) async fn beer_asks_the_age(desk: &mut Desk) {
    desk.scan(MILK, "1 Milk 1 89.90 89.90").await;
    desk.till.scan(BEER).await;
    desk.till.shows("Age 18+").await;
    // The end of a scan is no answer, and a key that came before anybody could read is none either.
    desk.till.press("\r").await;
    desk.till.scan(MILK).await;
    desk.till.shows("NOT added: answer first").await;
    desk.till.read().await;
    desk.till.refuses("NOT added: answer first").await;
    desk.till.answer("Age 18+", ESC).await;
    desk.till.refuses("not sold to a buyer of that age").await;
    desk.till.shows("1 line").await;
    desk.till.scan(BEER).await;
    desk.till.answer("Age 18+", "y").await;
    desk.till.shows("2 Beer 1 99.00 99.00").await;
    // The buyer is the same for the rest of the receipt.
    desk.scan(BEER, "3 Beer 1 99.00 99.00").await;
    desk.pay_in_cash("287.90").await;
}
