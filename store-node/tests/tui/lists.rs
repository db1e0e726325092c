//! Pages from which something is chosen: returns by receipt, parked receipts, the last receipts, search, counts.

use std::sync::Arc;

use domain::ids::ReceiptId;
use messages::v1::document::Pieces;
use messages::v1::receipt::TenderType;
use messages::v1::requests::ParkedReceipt;
use messages::v1::till::{Counted, ReturnLine, TillCommand, TillReply};
use store_node::tui::keys::parse;
use store_node::tui::screen::{Action, Input, Screen};

use super::fixture::{Fingers, at, closed, command, done, empty, found, item, money, quantity, refused, sale};

fn parked(n: u128, name: &str) -> ParkedReceipt {
    ParkedReceipt {
        uid: ReceiptId(uuid::Uuid::from_u128(n)),
        till: domain::ids::TillId(2),
        sequence: 41,
        name: name.into(),
        at: at("2026-11-25T13:40:00+03:00"),
        total: money("89.90"),
        lines: 3,
    }
}

pub(crate) async fn with_parked() -> Fingers {
    let mut fingers = Fingers::on(empty());
    let parked = Some(vec![parked(1, "Анна"), parked(2, ""), parked(3, "дама с собакой")]);
    fingers.press_with("<F7>", Ok(TillReply { parked, ..TillReply::default() })).await;
    fingers
}

pub(crate) async fn with_receipts(digit: char) -> Fingers {
    let mut fingers = Fingers::on(empty());
    let receipts = Some(vec![closed(&sale(), "1000"), closed(&sale(), "600")]);
    let keys = format!("<F9>{digit}");
    fingers.press_with(&keys, Ok(TillReply { receipts, ..TillReply::default() })).await;
    fingers
}

pub(crate) async fn with_sale() -> Fingers {
    let mut fingers = Fingers::on(empty());
    let reply = TillReply { found: Some(Box::new(found())), ..TillReply::default() };
    fingers.press_with("<F8>142917<Enter>", Ok(reply)).await;
    fingers
}

fn back(lines: &[(u32, &str)], tender: TenderType) -> TillCommand {
    let lines = lines.iter().map(|(line, of)| ReturnLine { line: *line, quantity: quantity(of) }).collect();
    TillCommand::Return { of: Some(found().receipt.uid), lines, tender }
}

#[tokio::test]
async fn goods_come_back_by_their_receipt() {
    let find = TillCommand::FindSale { text: "42917".into() };
    assert_eq!(Fingers::on(empty()).press("<F8>142917<Enter>").await, [find]);
    for (keys, expected) in [
        ("*<+><+>", back(&[(1, "1"), (2, "1"), (4, "0.475")], TenderType::Cash)),
        ("<Enter><+><F2>", back(&[(1, "1")], TenderType::Card)),
        ("<Down><Down>0,2<Enter><+><+>", back(&[(4, "0.2")], TenderType::Cash)),
        ("*<Home><-><+><F3>", back(&[(2, "1"), (4, "0.475")], TenderType::Qr)),
    ] {
        assert_eq!(with_sale().await.press(keys).await, [expected], "{keys}");
    }
    assert_eq!(with_sale().await.refused("2<Enter>").await, ["return_too_much"], "one of two came back already");
    assert_eq!(with_sale().await.refused("<+>").await, ["nothing_chosen"]);
    assert_eq!(with_sale().await.press("<Enter><+><Enter><Enter>").await, [], "Enter pays nothing back");
}

#[tokio::test]
async fn a_sale_that_cannot_be_found_now_comes_back_by_its_paper() {
    let qr = "t=20261125T1405&s=581.08&fn=9999078900004312&i=118&fp=1234567890&n=1";
    let mut fingers = Fingers::on(empty());
    fingers.press("<F8>1").await;
    fingers.scan_with(qr, refused("sale_unreachable", "not now")).await;
    let by_code = TillCommand::ReturnByFiscalCode { code: qr.into() };
    assert_eq!(fingers.press("<Esc><Enter>").await, [by_code], "what was scanned is there already");
    let mut fingers = Fingers::on(empty());
    fingers.press("<F8>3").await;
    let outcomes = fingers.scan_with(qr, done()).await;
    let by_code = TillCommand::ReturnByFiscalCode { code: qr.into() };
    assert_eq!(outcomes.into_iter().filter_map(command).collect::<Vec<_>>(), [by_code]);
}

#[tokio::test]
async fn parked_and_past_receipts_are_chosen_by_digit_or_arrows() {
    let recall = |n| TillCommand::Recall { parked: Some(ReceiptId(uuid::Uuid::from_u128(n))) };
    assert_eq!(with_parked().await.press("2").await, [recall(2)]);
    assert_eq!(with_parked().await.press("<Down><Down><Enter>").await, [recall(3)]);
    assert_eq!(with_parked().await.press("9<Esc><Enter>").await, []);
    let copy = TillCommand::Reprint { sequence: Some(42_917) };
    assert_eq!(with_receipts('6').await.press("1").await, [copy]);
    assert_eq!(with_receipts('7').await.press("1<Down><Esc>").await, [], "reading prints nothing");
    let none = TillReply { parked: Some(Vec::new()), ..TillReply::default() };
    let mut fingers = Fingers::on(empty());
    fingers.press_with("<F7>", Ok(none)).await;
    assert_eq!(fingers.keyboard.screen().refusal().unwrap().code, "nothing_parked");
}

fn typed(screen: &mut Screen, keys: &str) -> Vec<Action> {
    let view = Arc::new(empty());
    parse(keys).unwrap().into_iter().filter_map(|key| screen.reduce(&view, Input::Key(key))).collect()
}

#[test]
fn a_search_is_asked_while_typing_and_late_answers_are_dropped() {
    let view = empty();
    let mut screen = Screen::default();
    let search = |text: &str| Action::Search(text.to_owned());
    assert_eq!(typed(&mut screen, "<F2>хле"), [search("хл"), search("хле")], "one letter is no question");
    let found = |text: &str, names: &[&str]| Input::Found {
        text: text.to_owned(),
        items: names.iter().enumerate().map(|(n, name)| item(&format!("00010{n}"), name, "45.50")).collect(),
    };
    screen.reduce(&view, found("хл", &["Хлопья", "Хлорка"]));
    assert_eq!(typed(&mut screen, "<Down>"), [Action::Bell], "that was for another text");
    screen.reduce(&view, found("хле", &["Хлеб ржаной", "Хлеб белый"]));
    assert_eq!(typed(&mut screen, "2"), [search("хле2")], "digits belong to the text");
    assert_eq!(typed(&mut screen, "<BS>"), [search("хле")]);
    screen.reduce(&view, found("хле", &["Хлеб ржаной", "Хлеб белый"]));
    let scan = |of: Option<&str>| Action::Send(TillCommand::Scan { data: "000101".into(), quantity: of.map(quantity) });
    assert_eq!(typed(&mut screen, "<Enter>2"), [scan(None)], "and after Enter to the list");
    let mut screen = Screen::default();
    assert_eq!(typed(&mut screen, "3*<F2>хле").len(), 2);
    screen.reduce(&view, found("хле", &["Хлеб ржаной", "Хлеб белый"]));
    assert_eq!(typed(&mut screen, "<Down><Down><Enter>"), [scan(Some("3"))]);
}

#[tokio::test]
async fn a_drawer_is_counted_piece_by_piece_or_as_a_sum() {
    let pieces = |worth: &str, count| Pieces { worth: money(worth), count };
    let counted = Counted { amount: money("11500"), pieces: vec![pieces("5000", 2), pieces("500", 3)] };
    let keys = "<F9>5<Down>2<Enter><Enter><Enter>3<Enter><+><Enter>";
    assert_eq!(Fingers::on(empty()).press(keys).await, [TillCommand::Count { counted: counted.clone() }]);
    let keys = "<F9>4<Down>2<Down><Down><Down>3<Home><Enter>";
    assert_eq!(Fingers::on(empty()).press(keys).await, [TillCommand::CloseShift { counted: Some(counted) }]);
    assert_eq!(Fingers::on(empty()).press("<F9>4<Enter><Enter>").await, [], "nothing counted is not zero");
    assert_eq!(Fingers::on(empty()).refused("<F9>41,2,3<Enter>").await, ["bad_amount"]);
}
