//! Keys, words and the shop's own bindings lead to the same actions.

use std::collections::BTreeSet;

use domain::receipt::DiscountBy;
use messages::v1::receipt::TenderType;
use messages::v1::till::TillCommand;
use messages::v1::view::{CustomerAccount, TillView};
use store_node::tui::actions;

use super::fixture::{Fingers, empty, money, quantity, sale, shop};

fn scan(data: &str, of: Option<&str>) -> TillCommand {
    TillCommand::Scan { data: data.into(), quantity: of.map(quantity) }
}

fn pay(tender: TenderType, amount: &str) -> TillCommand {
    TillCommand::Pay { tender, amount: money(amount), number: None }
}

fn percent(line: Option<u32>, hundredths: u32) -> TillCommand {
    TillCommand::Discount { line, by: DiscountBy::Percent { hundredths }, reason: "брак".into() }
}

#[test]
fn no_two_actions_of_a_place_share_a_name_a_key_or_a_word() {
    for place in [actions::On::Sale, actions::On::Payment] {
        let here: Vec<_> = actions::ALL.iter().filter(|known| known.on.includes(place)).collect();
        let all: Vec<&str> = here.iter().flat_map(|known| known.keys.iter().chain(known.words)).copied().collect();
        assert_eq!(all.len(), all.iter().collect::<BTreeSet<_>>().len(), "{all:?}");
    }
    let names: BTreeSet<_> = actions::ALL.iter().map(|known| known.name).collect();
    assert_eq!(names.len(), actions::ALL.len());
}

#[tokio::test]
async fn a_word_does_what_its_key_does() {
    let discount =
        |line| TillCommand::Discount { line, by: DiscountBy::Amount(money("50")), reason: "брак".into() };
    let weigh = |tare: Option<&str>| TillCommand::Weigh { data: "00456".into(), tare: tare.map(quantity) };
    let check = TillCommand::CheckPrice { data: "46".into() };
    let customer = TillCommand::Customer { number: "79161234567".into() };
    for (keys, expected) in [
        ("3*<Enter>", TillCommand::ChangeQuantity { line: 4, quantity: quantity("3") }),
        ("3х<Enter>", TillCommand::ChangeQuantity { line: 4, quantity: quantity("3") }),
        ("3KOL46<Enter>", scan("46", Some("3"))),
        ("00456/", weigh(None)),
        ("0.012*00456/", weigh(Some("0.012"))),
        ("вес 00456<Enter>", weigh(None)),
        ("46<F3>", check.clone()),
        ("<F3>46<Enter>", check.clone()),
        ("pc46<Enter>", check),
        ("79161234567<F4>", customer.clone()),
        ("<F4>79161234567<Enter>", customer.clone()),
        ("карта 79161234567<Enter>", customer),
        ("<F5>210<Enter>брак<Enter>", percent_to_sum()),
        ("<F5>110<Enter>брак<Enter>", percent(Some(4), 1_000)),
        ("<F5>37,5<Enter>брак<Enter>", percent(None, 750)),
        ("<F5>550<Enter>брак<Enter>", discount(None)),
        ("10DI<Enter>брак<Enter>", percent(Some(4), 1_000)),
        ("10da<Enter>брак<Enter>", percent(None, 1_000)),
        ("10<F5>брак<Enter>", percent(Some(4), 1_000)),
        ("ещё<Enter>", TillCommand::RepeatLast),
        ("<F7>Анна<Enter>", TillCommand::Park { name: "Анна".into() }),
        ("ОТЛ<Enter><Enter>", TillCommand::Park { name: String::new() }),
        ("VD 2<Enter><Enter>", TillCommand::VoidLine { line: 2, quantity: None }),
        ("ст<Enter><Enter>", TillCommand::VoidLine { line: 4, quantity: None }),
        ("copy<Enter>", TillCommand::Reprint { sequence: None }),
        ("БЛОК<Enter>", TillCommand::Lock { break_: false }),
        ("перерва<Enter>", TillCommand::Lock { break_: true }),
        ("<+>500НАЛ<Enter>", pay(TenderType::Cash, "500")),
        ("ит<Enter>бн<Enter>", pay(TenderType::Card, "581.08")),
        ("TL<Enter>СБП<Enter>", pay(TenderType::Qr, "581.08")),
        ("<+><F3>", pay(TenderType::Qr, "581.08")),
        ("<+><F8>", TillCommand::GiveBack),
        ("<+>лс<Enter>", pay(TenderType::Prepaid, "581.08")),
        ("<+><F6>", pay(TenderType::Credit, "581.08")),
    ] {
        assert_eq!(Fingers::on(sale()).press(keys).await, [expected], "{keys}");
    }
    let burn = |points: &str| TillCommand::Burn { points: Some(money(points)) };
    let account = CustomerAccount { points_max: money("174.30"), ..CustomerAccount::default() };
    let known = TillView { account: Some(Box::new(account)), ..sale() };
    assert_eq!(Fingers::on(known.clone()).press("<+>100бон<Enter>").await, [burn("100")]);
    assert_eq!(Fingers::on(known).press("<+><F4><Enter>").await, [burn("174.30")], "as many as may be");
    let mut nobody = Fingers::on(sale());
    assert_eq!(nobody.press("<+><F4>").await, []);
    assert_eq!(nobody.keyboard.screen().refusal().map(|refusal| refusal.code.as_str()), Some("no_customer"));
    let gift = TillCommand::Pay { tender: TenderType::Gift, amount: money("500"), number: Some("777".into()) };
    assert_eq!(Fingers::on(sale()).press("<+>500<F5>777<Enter>").await, [gift]);
    assert_eq!(Fingers::on(sale()).press("AB-1<Enter>").await, [scan("AB-1", None)], "a code that begins like a word");
}

fn percent_to_sum() -> TillCommand {
    TillCommand::Discount { line: Some(4), by: DiscountBy::Amount(money("10")), reason: "брак".into() }
}

#[tokio::test]
async fn a_clear_word_is_an_esc() {
    let mut fingers = Fingers::on(empty());
    fingers.scan_with("99", super::fixture::refused("unknown_code", "no")).await;
    assert!(fingers.keyboard.screen().refusal().is_some());
    fingers.press("нет<Enter>").await;
    assert!(fingers.keyboard.screen().refusal().is_none());
}

#[tokio::test]
async fn cash_is_paid_as_cash_rounds() {
    let mut view = sale();
    view.due_in_cash = money("581");
    assert_eq!(Fingers::on(view.clone()).press("<+><+>").await, [pay(TenderType::Cash, "581")]);
    assert_eq!(Fingers::on(view).press("<+><F2>").await, [pay(TenderType::Card, "581.08")]);
}

#[tokio::test]
async fn the_shop_lays_its_own_over_it() {
    let mut fingers = Fingers::on(sale());
    fingers.keyboard.screen_mut().set_shop(shop());
    assert_eq!(fingers.press("79161234567ё").await, [TillCommand::Customer { number: "79161234567".into() }]);
    assert_eq!(fingers.press("<F6><Esc>").await, [], "F6 searches here");
    assert_eq!(
        fingers.press("46<F3>").await,
        [TillCommand::CheckPrice { data: "46".into() }],
        "an unknown name is ignored"
    );
    assert_eq!(fingers.press(".2<Enter>").await, [scan("000102", None)]);
    assert_eq!(fingers.press("3*.2<Enter>").await, [scan("000102", Some("3"))]);
    assert_eq!(fingers.press("<Ins>3").await, [scan("000103", None)]);
    assert_eq!(fingers.press("2*<Ins>1").await, [scan("000101", Some("2"))]);
    assert_eq!(fingers.press("Хлеб<Enter>1").await, [scan("000101", None)]);
    assert_eq!(fingers.refused(".9<Enter>").await, ["no_such_quick_key"]);
    super::frames::check("help_bound", &{
        fingers.press("<Esc><F1>").await;
        fingers
    });
}
