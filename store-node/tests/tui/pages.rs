//! Frames of the pages beside the sale and the payment, in every language.

use domain::money::Money;
use messages::v1::catalogue::Unit;
use messages::v1::receipt::{ManualDiscount, ReceiptKind};
use messages::v1::till::{Ask, ItemShown, TillReply};
use messages::v1::view::{TillMode, TillView};
use store_node::tui::screen::Input;

use super::fixture::{Fingers, asks, empty, item, money, refused, sale, shop, sum};
use super::frames::{check, check_sized, pressed};
use super::lists::{with_parked, with_receipts, with_sale};
use super::terminals::{at_work, locked, lost};

async fn asked(ask: Ask) -> Fingers {
    let mut fingers = Fingers::on(sale());
    fingers.scan_with("4600000000015", asks(ask)).await;
    fingers
}

#[tokio::test]
async fn questions_of_the_till() {
    check("asks_age", &asked(Ask::Age { years: 18, name: "Пиво светлое 0,5 л".into() }).await);
    check("asks_mark", &asked(Ask::Mark { name: "Вода питьевая 1,5 л".into() }).await);
    let range = Ask::Price { name: "Букет".into(), from: money("100"), to: money("9000") };
    check("asks_price", &asked(range).await);
    check("asks_quantity", &asked(Ask::Quantity { name: "Яблоки".into() }).await);
    let mut fingers = asked(Ask::Approval { right: "close_with_difference".into() }).await;
    fingers.press("9<Enter>12<F4>").await;
    check("asks_approval", &fingers);
    let mut fingers = asked(Ask::Age { years: 18, name: "Пиво светлое 0,5 л".into() }).await;
    fingers.scan_with("4600000000022", Ok(TillReply::default())).await;
    check("asks_age_scanned", &fingers);
}

#[tokio::test]
async fn terminals_and_devices() {
    check("terminal", &Fingers::on(at_work()));
    check("terminal_lost", &Fingers::on(lost()));
    check("settle", &pressed(lost(), "s").await);
    let waiting = TillView { mode: TillMode::WaitingForFiscal, ..sale() };
    check("take_out", &pressed(waiting, "t2").await);
    check("expired", &Fingers::on(TillView { shift_expired: true, ..empty() }));
    check("expired_open", &Fingers::on(TillView { shift_expired: true, ..sale() }));
    check("ask_close_expired", &pressed(TillView { shift_expired: true, ..empty() }, "z").await);
    let mut stopped = Fingers::on(empty());
    stopped.keyboard.screen_mut().set_trouble(Some("the database is damaged at page 12".into()));
    check("stopped", &stopped);
}

#[tokio::test]
async fn a_till_that_is_locked() {
    check("locked", &Fingers::on(locked(false)));
    check("locked_break", &Fingers::on(locked(true)));
}

#[tokio::test]
async fn menus_of_the_sale() {
    for (name, keys) in [
        ("menu_discounts", "<F5>"),
        ("menu_returns", "<F8>"),
        ("menu_away", "<F9>0"),
        ("menu_cash_out", "<F9>2"),
        ("discount_form", "<F5>110"),
        ("price_form", "<F5>4"),
        ("park_form", "<F7>"),
        ("customer_form", "<F4>"),
        ("price_check_form", "<F3>"),
        ("find_sale_form", "<F8>1"),
        ("fiscal_code_form", "<F8>3"),
        ("gift_form", "<+><F5>"),
    ] {
        check(name, &pressed(sale(), keys).await);
    }
}

#[tokio::test]
async fn lists_and_figures() {
    check("list_parked", &with_parked().await);
    check("list_reprint", &with_receipts('6').await);
    let mut journal = with_receipts('7').await;
    journal.press("1").await;
    check("journal_receipt", &journal);
    let mut back = with_sale().await;
    back.press("<Enter>1").await;
    check("back", &back);
    back.press("<Esc><+>").await;
    check("back_pay", &back);
    check("count_pieces", &pressed(empty(), "<F9>5<Down>2<Enter><Enter><Enter>3").await);
    let shown = ItemShown {
        code: domain::ids::ItemCode("000104".into()),
        name: "Сыр «Российский»".into(),
        price: money("749"),
        unit: Unit::Kilogram,
        barcode: "4600000000046".into(),
    };
    let mut fingers = Fingers::on(sale());
    let reply = TillReply { item: Some(Box::new(shown)), ..TillReply::default() };
    fingers.press_with("46<F3>", Ok(reply)).await;
    check("price_check", &fingers);
    let mut recalled = with_parked().await;
    let notes = vec!["Молоко: 89.90 is now 95.00".to_owned()];
    recalled.press_with("1", Ok(TillReply { notes, ..TillReply::default() })).await;
    check("recalled_notes", &recalled);
}

#[tokio::test]
async fn search_and_quick_keys() {
    let mut fingers = pressed(sale(), "<F2>хлеб").await;
    let items = vec![item("000102", "Хлеб ржаной", "45.50"), item("000103", "Хлеб белый нарезной 400 г", "52")];
    let view = fingers.view.clone();
    fingers.keyboard.screen_mut().reduce(&view, Input::Found { text: "хлеб".into(), items });
    check("search", &fingers);
    fingers.press("<Down><Down>").await;
    check("search_list", &fingers);
    let mut nothing = pressed(sale(), "<F2>щщщ").await;
    nothing.keyboard.screen_mut().reduce(&view, Input::Found { text: "щщщ".into(), items: Vec::new() });
    check("search_nothing", &nothing);
    let mut quick = Fingers::on(sale());
    quick.keyboard.screen_mut().set_shop(shop());
    check_sized("quick_panel_120x40", &quick, 120, 40, None);
    quick.press("<Ins>").await;
    check("quick_page", &quick);
}

#[tokio::test]
async fn training_customer_discounts_and_parked_are_seen() {
    let mut view = TillView { training: true, parked: 2, customer: Some("79161234417".into()), ..sale() };
    view.lines[0].discount = money("34.90");
    view.lines[0].amount -= money("34.90");
    view.discount = money("34.90");
    let reason = "брак".to_owned();
    view.discounts = vec![ManualDiscount { line: Some(1), percent: Some("10".into()), amount: None, reason }];
    sum(&mut view);
    view.last_line = Some(1);
    check("training", &Fingers::on(view.clone()));
    check_sized("training_120x40", &Fingers::on(view.clone()), 120, 40, None);
    let back = TillView { kind: ReceiptKind::Return, ..view.clone() };
    check("training_return_payment", &pressed(back, "<+>").await);
    view.training = false;
    view.due_in_cash = money("546");
    check("discounted_payment", &pressed(view, "<+>").await);
    check("parked_waiting", &Fingers::on(TillView { parked: 2, total: Money::ZERO, ..empty() }));
    check("return_without_receipt", &Fingers::on(TillView { kind: ReceiptKind::Return, ..empty() }));
}

#[tokio::test]
async fn a_refusal_of_a_device_says_what_it_said() {
    let mut fingers = Fingers::on(sale());
    let declined = refused("terminal", "the payment terminal: the payment was declined: code 51");
    fingers.press_with("<+><F2>", declined).await;
    check("terminal_refused", &fingers);
}
