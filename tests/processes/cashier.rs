//! A cashier's day at a real terminal: programs of their own, keys as bytes, and the screen read back.

mod goods;
mod payment;
mod rights;
mod rules;
mod shift;

use domain::ids::TillId;

use super::HEAD;
use super::emulator::Emulator;
use super::shop::{Counter, Shop};
use super::terminal::{CASH, Terminal};
use crate::sandbox::in_system;

/// A till at work.
struct Desk {
    counter: Counter,
    till: Terminal,
    /// The number of the receipt that comes next.
    next: u64,
}

impl Desk {
    /// Anna opens the shift and sells a milk: now the catalogue is there.
    async fn open(shop: &Shop, till: u32) -> Desk {
        Desk::at(shop, shop.counter_with_card(TillId(till)).await).await
    }

    async fn at(shop: &Shop, counter: Counter) -> Desk {
        let mut desk = Desk { till: shop.till(&counter), counter, next: 2 };
        desk.till.open_shift().await;
        desk.till.sell(1).await;
        desk
    }

    /// Scan it, and see its row.
    async fn scan(&mut self, code: &str, row: &str) {
        self.till.scan(code).await;
        self.till.hides("RECEIPT 0").await;
        self.till.shows(row).await;
    }

    /// Pay with the key of a tender, exactly.
    async fn pay(&mut self, tender: &str, total: &str) {
        self.till.pay(tender).await;
        self.closed(total).await;
    }

    async fn pay_in_cash(&mut self, total: &str) {
        self.pay(CASH, total).await;
    }

    async fn closed(&mut self, total: &str) {
        self.till.closed(self.next).await;
        self.till.shows(&format!("total {total}")).await;
        self.next += 1;
        // The till is done with it, not only the screen.
        self.till.shows(&format!("receipt {:08}", self.next)).await;
    }

    /// F9 and a digit of the menu.
    async fn menu(&mut self, digit: &str) {
        self.till.press(super::terminal::F9).await;
        self.till.shows("Cashier's menu").await;
        self.till.press(digit).await;
    }

    /// Pavel allows `right`.
    async fn approve(&mut self, right: &str) {
        self.till.shows("A supervisor must allow this").await;
        self.till.shows(&format!("Missing right: {right}.")).await;
        for field in ["2\r", "2222\r", "seen\r"] {
            self.till.press(field).await;
        }
        self.till.hides("A supervisor must allow this").await;
    }

    /// Everything is sent; the cashier leaves, and the journal is whole.
    async fn leave(mut self, shop: &Shop) {
        self.till.shows("all sent").await;
        self.till.leave().await;
        shop.verify_journal(self.counter.till).await;
    }

    fn terminal(&self) -> &Emulator {
        self.counter.card.as_ref().expect("a payment terminal")
    }

    fn documents(&self) -> usize {
        self.counter.fiscal.documents().len()
    }
}

#[test]
fn retail_s02_s07_s09_s10_s11_goods_come_by_scanner_key_and_search() {
    in_system(async {
        let shop = Shop::new();
        let _running = shop.start().await;
        let mut desk = Desk::open(&shop, 1).await;
        goods::quantity_before_and_after(&mut desk).await;
        goods::a_void_stays_in_sight(&mut desk).await;
        goods::bursts_confirm_nothing(&mut desk).await;
        goods::two_returns_after_a_code(&mut desk).await;
        goods::once_more(&mut desk).await;
        goods::a_scan_on_a_cyrillic_layout(&mut desk).await;
        goods::search_by_name_and_code(&mut desk).await;
        let ukrainian = Counter { language: "uk", ..shop.counter(TillId(2)).await };
        let _other = goods::a_sale_in_ukrainian(&shop, &ukrainian).await;
        shop.hq_has(9).await;
        desk.leave(&shop).await;
    });
}

#[test]
fn retail_s30_s31_s34_money_is_taken_once() {
    in_system(async {
        let shop = Shop::new();
        let _running = shop.start().await;
        let mut desk = Desk::open(&shop, 1).await;
        payment::a_double_press_pays_once(&mut desk).await;
        payment::an_approval_without_an_answer(&mut desk).await;
        payment::a_terminal_that_hangs_is_stopped(&mut desk).await;
        payment::a_refused_document_is_settled(&mut desk).await;
        shop.hq_has(6).await;
        desk.leave(&shop).await;
    });
}

#[test]
fn retail_s08_s12_supervisors_allow_what_a_cashier_may_not() {
    in_system(async {
        let shop = Shop::new();
        let _running = shop.start().await;
        let mut desk = Desk::open(&shop, 1).await;
        rights::a_discount_asks_each_time(&mut desk).await;
        rights::cancelling_asks(&mut desk).await;
        rights::a_locked_till_keeps_its_receipt(&mut desk).await;
        shop.hq_has(3).await;
        desk.leave(&shop).await;
        let cancelled = shop.rows("cancelled?format=json").await.expect("the head office answers");
        assert_eq!(cancelled.len(), 1, "{cancelled:?}");
        assert_eq!((&cancelled[0]["total"], &cancelled[0]["approver"]), (&"232.30".into(), &"2".into()));
        // A tenth of the coffee's price is a tenth of its tax: 8.17 of the milk, 56.64 of the coffee, 4.14 of the bread.
        assert_eq!(shop.report(), format!("{HEAD}S1/1,3,449.50,0.00,449.50,68.95\n"));
    });
}

#[test]
fn retail_s47_s48_goods_that_are_not_for_everybody() {
    in_system(async {
        let shop = Shop::new();
        let _running = shop.start().await;
        let mut desk = Desk::open(&shop, 1).await;
        rules::a_marked_bottle(&mut desk).await;
        rules::beer_asks_the_age(&mut desk).await;
        shop.hq_has(3).await;
        desk.leave(&shop).await;
    });
}

#[test]
fn retail_s42_s49_s66_a_shift_from_its_float_to_its_count() {
    in_system(async {
        let shop = Shop::new();
        let _running = shop.start().await;
        shift::settings(&shop).await;
        let (mut desk, mut other) = (Desk::open(&shop, 1).await, Desk::open(&shop, 2).await);
        shift::set_aside_here_and_taken_up_there(&mut desk, &mut other).await;
        shift::training_leaves_nothing(&mut other).await;
        shift::goods_come_back_up_to_what_was_sold(&mut desk).await;
        shift::the_count_is_blind(&mut desk).await;
        shop.hq_has(8).await;
        desk.leave(&shop).await;
        other.leave(&shop).await;
    });
}
