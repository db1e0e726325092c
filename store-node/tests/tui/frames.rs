//! Every screen as text, in every language. `UPDATE_EXPECT=1 cargo test` writes the frames anew; read the difference.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use messages::v1::receipt::{ReceiptKind, Tender, TenderType};
use messages::v1::till::{TillError, TillReply};
use messages::v1::view::{Light, TillMode, TillView};
use ratatui::style::Modifier;
use store_node::tui::display::{Display, Headless, Shown};
use store_node::tui::model::ViewModel;
use store_node::tui::texts::{Language, Texts};

use super::fixture::{Fingers, at, closed, empty, line, money, now, refused, sale, sum, totals};

fn shown(fingers: &Fingers, language: Language, width: u16, height: u16, busy: Option<Duration>) -> Shown {
    let (mut display, frames) = Headless::new(width, height);
    let model = ViewModel::of(fingers.keyboard.screen(), &fingers.view, &Texts::new(language), now(), busy);
    display.draw(&model).unwrap();
    frames.borrow().clone()
}

pub(crate) fn check_sized(name: &str, fingers: &Fingers, width: u16, height: u16, busy: Option<Duration>) {
    for (language, folder) in [(Language::En, "en"), (Language::Ru, "ru"), (Language::Uk, "uk")] {
        let frame = shown(fingers, language, width, height, busy).text();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/tui/frames/{folder}/{name}.txt"));
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, &frame).unwrap();
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(frame == expected, "{} differs; the frame is now:\n{frame}", file.display());
        for text in frame.lines() {
            assert!(!text.contains("Unknown localization"), "a text is missing: {text}");
        }
    }
}

pub(crate) fn check(name: &str, fingers: &Fingers) {
    check_sized(name, fingers, 80, 25, None);
}

pub(crate) async fn pressed(view: TillView, keys: &str) -> Fingers {
    let mut fingers = Fingers::on(view);
    fingers.press(keys).await;
    fingers
}

fn signed_off(shift: Option<u32>) -> TillView {
    let mode = if shift.is_some() { TillMode::SignedOff } else { TillMode::ShiftClosed };
    TillView { mode, operator: None, shift, ..empty() }
}

#[tokio::test]
async fn sign_on() {
    check("sign_on", &pressed(signed_off(Some(118)), "7<Enter>1234").await);
    check("open_shift", &pressed(signed_off(None), "7<Enter>1234<Enter>1000").await);
}

#[tokio::test]
async fn the_sale() {
    check("sale", &pressed(sale(), "3*46000000").await);
    check("sale_empty", &Fingers::on(TillView { change: Some(money("144.22")), ..empty() }));
    check("sale_selected", &pressed(sale(), "<Home><Down>").await);
    check("restored", &Fingers::on(TillView { restored: Some("restored_open_receipt".into()), ..sale() }));
    check("disk_scarce", &Fingers::on(TillView { disk_percent: Some(96), ..sale() }));
    check_sized("busy", &Fingers::on(sale()), 80, 25, Some(Duration::from_secs(3)));
    let mut dark = sale();
    dark.fiscal =
        Light { works: false, since: Some(at("2026-11-25T14:04:50+03:00")), reason: Some("paper_out".into()) };
    check("lights_out", &Fingers::on(dark));
}

#[tokio::test]
async fn a_refusal_has_its_own_line() {
    let mut fingers = Fingers::on(sale());
    let unknown = refused("unknown_code", "4600000000099 is not in the catalogue");
    fingers.scan_with("4600000000099", unknown.clone()).await;
    check("refusal", &fingers);
    fingers.scan_with("4600000000098", unknown).await;
    check("refusals", &fingers);
}

#[tokio::test]
async fn returns_look_unlike_sales() {
    let view = TillView { kind: ReceiptKind::Return, ..sale() };
    check("return", &Fingers::on(view.clone()));
    check("return_payment", &pressed(view, "<+>").await);
}

#[tokio::test]
async fn payment() {
    check("payment", &pressed(sale(), "<+>").await);
    check("payment_typed", &pressed(sale(), "<+>1000").await);
    let mut part = TillView { mode: TillMode::Paying, ..sale() };
    part.tenders = vec![Tender::new(TenderType::Card, money("300"))];
    sum(&mut part);
    check("payment_part", &pressed(part, "50").await);
}

#[tokio::test]
async fn after_payment_the_change_is_the_largest_thing() {
    let before = sale();
    let mut fingers = Fingers::on(before.clone());
    fingers.press("<+>").await;
    let after = Arc::new(TillView { sequence: 42_918, ..empty() });
    let reply = TillReply { receipt: Some(Box::new(closed(&before, "1000"))), ..TillReply::default() };
    let keys = store_node::tui::keys::parse("1000<Enter>").unwrap();
    let send = |_| std::future::ready((Ok(reply.clone()), after.clone()));
    fingers.keyboard.press(fingers.view.clone(), keys, send).await;
    fingers.view = after.clone();
    check("change", &fingers);
    assert_eq!(fingers.press("<+>").await, [], "the key that puts the change away does nothing else");
    check("next_customer", &fingers);
}

#[tokio::test]
async fn the_menu_and_its_forms() {
    check("menu", &pressed(sale(), "<F9><Down><Down>").await);
    check("cash_in", &pressed(empty(), "<F9>11500<Enter>размен").await);
    check("close_shift", &pressed(empty(), "<F9>47841,3").await);
    check("count", &pressed(empty(), "<F9>5").await);
    check("drawer", &pressed(empty(), "<Ctrl+O>").await);
    check("ask_void", &pressed(sale(), "<->").await);
    check("ask_cancel", &pressed(sale(), "<F9>9").await);
    check("ask_leave", &pressed(sale(), "<Ctrl+Q>").await);
}

#[tokio::test]
async fn reports() {
    let mut fingers = Fingers::on(empty());
    let reply = TillReply { totals: Some(Box::new(totals())), ..TillReply::default() };
    fingers.press_with("<F9>3", Ok(reply.clone())).await;
    check("report_x", &fingers);
    let short = TillReply { over_short: Some(money("-41.30")), ..reply };
    fingers.press_with("<Esc><F9>57800<Enter>", Ok(short.clone())).await;
    check("report_count", &fingers);
    fingers.press_with("<Esc><F9>47800<Enter>", Ok(short)).await;
    check("report_z", &fingers);
}

#[tokio::test]
async fn waiting_for_the_fiscal_device() {
    let view = TillView { mode: TillMode::WaitingForFiscal, ..sale() };
    let mut fingers = Fingers::on(view);
    fingers.press_with("R", Err(TillError::Waiting { reason: "no_answer".into() })).await;
    check("waiting", &fingers);
}

#[tokio::test]
async fn help_of_the_mode() {
    check("help_sale", &pressed(sale(), "<F1>").await);
    check("help_payment", &pressed(sale(), "<+><F1>").await);
    check("help_waiting", &pressed(TillView { mode: TillMode::WaitingForFiscal, ..sale() }, "<F1>").await);
}

#[tokio::test]
async fn a_larger_window_shows_more_of_the_receipt_and_a_smaller_one_says_so() {
    let mut long = empty();
    long.lines = (1..=60).map(|n| line(n, "Печенье «Юбилейное» молочное 112 г, с глазурью", "1", "74.99")).collect();
    long.lines[58].name = "牛乳 1リットル".into();
    sum(&mut long);
    let fingers = Fingers::on(long.clone());
    check("long", &fingers);
    check_sized("long_120x40", &fingers, 120, 40, None);
    check("long_home", &pressed(long, "<Home>").await);
    check_sized("too_small", &fingers, 79, 24, None);
    check_sized("much_too_small", &fingers, 10, 3, None);
}

#[tokio::test]
async fn figures_of_any_size_stay_inside() {
    let mut large = empty();
    large.lines = vec![line(1, "Золото", "999.999", "99999.99"), line(2, "Серебро", "1234", "9876.54")];
    sum(&mut large);
    check("large", &Fingers::on(large.clone()));
    check("large_payment", &pressed(large, "<+>999999999").await);
}

#[test]
fn voided_lines_are_struck_through_and_colours_are_not_alone() {
    let frame = shown(&Fingers::on(sale()), Language::Ru, 80, 25, None);
    let struck = |row: u16, column: u16| frame.buffer[(column, row)].modifier.contains(Modifier::CROSSED_OUT);
    assert!(struck(4, 8) && !struck(3, 8), "the third line is voided, the second is not");
    assert!(frame.text().contains("сторно"));
    assert!(frame.text().contains("фискальный ●") && frame.text().contains("сервер ○"));
}

#[test]
fn no_frame_is_wider_than_its_window() {
    for width in [80, 81, 100, 200] {
        let text = shown(&Fingers::on(sale()), Language::Ru, width, 25, None).text();
        let widths: Vec<usize> = text.lines().map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|of| *of == usize::from(width)), "{widths:?}");
    }
}
