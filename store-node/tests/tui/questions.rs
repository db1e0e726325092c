//! What the till asks before it does what was asked, and what answers it: explicit keys, never a scan.

use domain::ids::OperatorNumber;
use messages::v1::till::{Answer, Ask, TillCommand, TillReply};
use messages::v1::view::TillView;
use store_node::tui::keys::Outcome;

use super::fixture::{Fingers, asks, command, done, empty, money, quantity, refused, sale};

fn age() -> Ask {
    Ask::Age { years: 18, name: "Пиво светлое".into() }
}

fn approval() -> Ask {
    Ask::Approval { right: "cancel_receipt".into() }
}

fn answer(answer: Answer) -> TillCommand {
    TillCommand::Answer(answer)
}

async fn asked(ask: Ask) -> Fingers {
    let mut fingers = Fingers::on(sale());
    fingers.scan_with("4600000000015", asks(ask)).await;
    fingers
}

async fn scanned(fingers: &mut Fingers, data: &str) -> Vec<Outcome> {
    fingers.scan_with(data, done()).await
}

#[tokio::test]
async fn an_age_is_confirmed_by_its_own_keys_only() {
    for yes in ["<+>", "y", "Д"] {
        assert_eq!(asked(age()).await.press(yes).await, [answer(Answer::OldEnough(true))], "{yes}");
    }
    for no in ["<Esc>", "<->", "н"] {
        assert_eq!(asked(age()).await.press(no).await, [answer(Answer::OldEnough(false))], "{no}");
    }
    assert_eq!(asked(age()).await.press("<Enter><Enter>1<F2><F9><Del>").await, [], "nothing else says anything");
}

#[tokio::test]
async fn a_scan_answers_no_question_but_that_for_a_mark() {
    for ask in [
        age(),
        approval(),
        Ask::Quantity { name: "Яблоки".into() },
        Ask::Price { name: "Букет".into(), from: money("1"), to: money("900") },
    ] {
        let mut fingers = asked(ask.clone()).await;
        let outcomes = scanned(&mut fingers, "4600000000022").await;
        assert!(matches!(&outcomes[..], [Outcome::Refused { code, .. }] if code == "scan_while_asked"), "{ask:?}");
    }
    let mut fingers = asked(Ask::Mark { name: "Вода".into() }).await;
    let outcomes = scanned(&mut fingers, "0104600000000015215abc").await;
    let mark = answer(Answer::Mark("0104600000000015215abc".into()));
    assert_eq!(outcomes.into_iter().filter_map(command).collect::<Vec<_>>(), [mark]);
    assert_eq!(asked(Ask::Mark { name: "Вода".into() }).await.press("<Esc>").await, [TillCommand::Decline]);
}

#[tokio::test]
async fn prices_and_weights_are_keyed_or_weighed() {
    let price = || Ask::Price { name: "Букет".into(), from: money("1"), to: money("900") };
    assert_eq!(asked(price()).await.press("450,50<Enter>").await, [answer(Answer::Price(money("450.50")))]);
    assert_eq!(asked(price()).await.press("<Esc>").await, [TillCommand::Decline]);
    let weight = || Ask::Quantity { name: "Яблоки".into() };
    assert_eq!(asked(weight()).await.press("0,512<Enter>").await, [answer(Answer::Quantity(quantity("0.512")))]);
    let weigh = |tare: Option<&str>| TillCommand::Weigh { data: "4600000000015".into(), tare: tare.map(quantity) };
    assert_eq!(asked(weight()).await.press("/").await, [weigh(None)]);
    assert_eq!(asked(weight()).await.press("0.012/").await, [weigh(Some("0.012"))], "what is typed is the tare");
}

#[tokio::test]
async fn a_supervisor_signs_for_the_act_and_the_act_goes_on() {
    let approve = |operator: &str, pin: &str| TillCommand::Approve {
        operator: OperatorNumber(operator.into()),
        pin: pin.into(),
        reason: "брак".into(),
    };
    let mut fingers = asked(approval()).await;
    assert_eq!(fingers.press("9<Enter>4321<Enter>брак<Enter>").await, [approve("9", "4321")]);
    // The till goes on asking after a wrong PIN: only that is typed again.
    let view = TillView { asks: Some(approval()), ..sale() };
    let mut fingers = Fingers::on(view);
    fingers.press_with("9<Enter>1<Enter>брак<Enter>", refused("wrong_pin", "the PIN is wrong")).await;
    assert_eq!(fingers.press("<Esc>4321<Enter>брак<Enter>").await, [approve("9", "4321")]);

    let mut fingers = asked(approval()).await;
    fingers.press("<F4>").await;
    assert_eq!(scanned(&mut fingers, "CARD-9").await, [], "a card fills the form and sends nothing");
    assert_eq!(fingers.press("брак<Enter>").await, [approve("CARD-9", "")]);
    assert_eq!(asked(approval()).await.press("<Esc>").await, [TillCommand::Decline]);
}

#[tokio::test]
async fn what_was_asked_about_is_done_when_it_is_answered() {
    let mut fingers = Fingers::on(empty());
    fingers.press_with("<F9>3", asks(Ask::Approval { right: "see_expected_cash".into() })).await;
    let totals = TillReply { totals: Some(Box::new(super::fixture::totals())), ..TillReply::default() };
    fingers.press_with("9<Enter>1<Enter><Enter>", Ok(totals)).await;
    super::frames::check("approved_report", &fingers);
}

#[tokio::test]
async fn the_same_question_again_is_typed_again() {
    let price = Ask::Price { name: "Букет".into(), from: money("1"), to: money("900") };
    let mut fingers = asked(price.clone()).await;
    fingers.press_with("1000<Enter>", asks(price)).await;
    assert_eq!(fingers.press("900<Enter>").await, [answer(Answer::Price(money("900")))]);
}
