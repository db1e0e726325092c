//! Customers' accounts on the cashier's screen: who it is, points, gift cards.

use domain::money::Money;
use messages::v1::accounts::{Customer, DeclineCode, Declined, Identified, Wallet, WalletState};
use messages::v1::receipt::TenderType;
use messages::v1::till::{Answer, Ask, Taken, TillCommand, TillReply};
use messages::v1::view::{CustomerAccount, TillView};

use super::fixture::{Fingers, asks, money, sale};
use super::frames::check;

fn customer(online: bool) -> Identified {
    let points = WalletState {
        wallet: Wallet::Points,
        asset: 1,
        balance: money("1240"),
        pending: Money::ZERO,
        here: money("500"),
        expiring: None,
        earned: None,
        given: Vec::new(),
    };
    Identified::Customer(Box::new(Customer {
        owner: 5,
        number: "79161234417".into(),
        name: "Анна Петровна".into(),
        tier: "gold".into(),
        birthday: None,
        first_purchase: false,
        referred_by: None,
        provisional: false,
        wallets: vec![points],
        online,
    }))
}

fn known(known: Option<Identified>) -> TillView {
    let account =
        CustomerAccount { known, points_max: money("174.30"), earns: money("58"), ..CustomerAccount::default() };
    TillView { customer: Some("79161234417".into()), account: Some(Box::new(account)), ..sale() }
}

#[tokio::test]
async fn the_customer_is_seen_beside_the_total() {
    check("customer_known", &Fingers::on(known(Some(customer(true)))));
    check("customer_known_offline", &Fingers::on(known(Some(customer(false)))));
    check("customer_not_heard", &Fingers::on(known(None)));
    let blocked = Declined { code: DeclineCode::CardBlocked, available: None, online: true };
    check("customer_blocked", &Fingers::on(known(Some(Identified::Declined(blocked)))));
}

#[tokio::test]
async fn change_is_taken_in_points() {
    let asked = Fingers::on(known(Some(customer(true)))).press("<+>600<F11>").await;
    assert_eq!(asked, [TillCommand::ChangeToPoints { cash: money("600") }]);
    let mut fingers = Fingers::on(known(Some(customer(true))));
    assert!(fingers.press("<+><F11>").await.is_empty(), "the cash comes first");
}

#[tokio::test]
async fn points_and_what_the_account_said() {
    let mut fingers = Fingers::on(known(Some(customer(true))));
    fingers.press("<+><F4>").await;
    check("points_form", &fingers);
    let taken = Taken { amount: money("174.30"), online: false, here: money("325.70") };
    let reply = TillReply { taken: Some(taken), ..TillReply::default() };
    fingers.press_with("<Enter>", Ok(reply)).await;
    check("points_taken", &fingers);
}

#[tokio::test]
async fn a_gift_card_that_is_sold_has_its_number() {
    let ask = Ask::Gift { name: "Подарочная карта 1000".into() };
    let mut fingers = Fingers::on(sale());
    fingers.scan_with("GIFTCARD", asks(ask.clone())).await;
    check("asks_gift", &fingers);
    let view = TillView { asks: Some(ask), ..sale() };
    let answer = |number: &str| TillCommand::Answer(Answer::Gift(number.into()));
    assert_eq!(Fingers::on(view).press("9900000000000001<Enter>").await, [answer("9900000000000001")]);
    let gift = TillCommand::Pay { tender: TenderType::Gift, amount: money("581.08"), number: Some("99".into()) };
    assert_eq!(Fingers::on(sale()).press("<+><F5>99<Enter>").await, [gift]);
}
