//! Gift cards and the limits of a cashier.

use domain::loyalty::gift::{
    GiftCard, GiftRefusal, GiftRules, PIN_TRIES_MAX, PinRefusal, PinTries, gift_number, number_is_well_formed,
};
use domain::loyalty::limits::{CashierLimits, CashierOperation, LimitReached, SoFar, within};
use domain::money::Money;
use proptest::prelude::*;

use crate::loyalty::{day, money};

fn rules() -> GiftRules {
    GiftRules { prefix: "2777".to_owned(), valid_days: Some(365), reload: true, ..GiftRules::default() }
}

#[test]
fn retail_s36_a_gift_card_is_sold_redeemed_and_loaded() {
    let (rules, today) = (rules(), day("2026-11-26"));
    let card = rules.sell(money("1000"), today).expect("a sale");
    assert_eq!(card, GiftCard { balance: money("1000"), expires_on: Some(day("2027-11-26")) });
    let (card, lost) = rules.redeem(card, money("750"), day("2027-11-26")).expect("the last day");
    assert_eq!((card.balance, lost), (money("250"), Money::ZERO));
    let too_much = rules.redeem(card, money("250.01"), today);
    assert_eq!(too_much, Err(GiftRefusal::NotEnough { balance: money("250") }));
    assert_eq!(rules.redeem(card, money("1"), day("2027-11-27")), Err(GiftRefusal::Expired { on: day("2027-11-26") }));
    assert_eq!((card.expired(day("2027-11-26")), card.expired(day("2027-11-27"))), (Money::ZERO, money("250")));
    assert_eq!(rules.load(card, money("14750"), today).expect("to the most").balance, money("15000"));
    assert_eq!(rules.load(card, money("14750.01"), today), Err(GiftRefusal::TooMuch { most: money("15000") }));
    assert_eq!(rules.load(card, money("0.99"), today), Err(GiftRefusal::TooLittle { least: money("1") }));
    let renewing = GiftRules { reload_renews: true, ..rules.clone() };
    let renewed = renewing.load(card, money("10"), day("2027-01-01")).expect("a load");
    assert_eq!(renewed.expires_on, Some(day("2028-01-01")));
    let once = GiftRules { reload: false, remainder_to_breakage: true, ..rules };
    assert_eq!(once.load(card, money("10"), today), Err(GiftRefusal::NoReload));
    let (spent, lost) = once.redeem(card, money("200"), today).expect("a redemption");
    assert_eq!((spent.balance, lost), (Money::ZERO, money("50")));
}

#[test]
fn processing_s23_card_numbers() {
    // The check digit by hand: 7992739871 has 3.
    assert_eq!(gift_number("", 7_992_739_871), "000000000079927398713");
    assert_eq!(gift_number("2777", u64::MAX).len(), 25);
    assert!(number_is_well_formed("2777", &gift_number("2777", u64::MAX)));
    let beyond = "2777184467440737095516160";
    assert!((0..10).all(|digit| !number_is_well_formed("2777", &format!("{}{digit}", &beyond[..24]))));
    for wrong in ["", "2777", "27770000000000799273987", "2777 000000000079927398713", "2777٠٠٠٠٠٠٠٠٠٠"] {
        assert!(!number_is_well_formed("2777", wrong), "{wrong}");
    }
}

#[test]
fn processing_s23_pin_tries() {
    let mut tries = PinTries::default();
    for left in (1..PIN_TRIES_MAX).rev() {
        assert_eq!(tries.tried(false), Err(PinRefusal::Wrong { left }));
    }
    let mut lucky = tries;
    assert_eq!((lucky.tried(true), lucky), (Ok(()), PinTries::default()));
    assert_eq!(tries.tried(false), Err(PinRefusal::Locked));
    assert_eq!(tries.tried(true), Err(PinRefusal::Locked), "the right one comes too late");
    let (here, there) = (PinTries { wrong: 3 }, PinTries { wrong: 2 });
    assert!(here.with(there).locked());
}

#[test]
fn a_cashier_gives_so_much_of_a_day() {
    let limits = CashierLimits {
        by_hand_day_max: Some(money("100")),
        put_back_day_max: Some(money("500")),
        gift_load_day_max: None,
        operations_day_max: Some(3),
    };
    let first = within(&limits, &SoFar::default(), CashierOperation::ByHand(money("70"))).expect("70 of 100");
    let more = within(&limits, &first, CashierOperation::ByHand(money("30.01")));
    assert_eq!(more, Err(LimitReached::ByHand { left: money("30") }));
    let second = within(&limits, &first, CashierOperation::PutBack(money("500"))).expect("all 500");
    let third = within(&limits, &second, CashierOperation::GiftLoad(money("100000"))).expect("no limit");
    assert_eq!(
        third,
        SoFar { by_hand: money("70"), put_back: money("500"), gift_load: money("100000"), operations: 3 }
    );
    let fourth = within(&limits, &third, CashierOperation::GiftLoad(money("1")));
    assert_eq!(fourth, Err(LimitReached::Operations { operations: 3 }));
}

proptest! {
    #[test]
    fn processing_s23_one_wrong_digit_is_seen(random in any::<u64>(), place in 0_usize..25, by in 1_u8..10) {
        let number = gift_number("2777", random);
        prop_assert!(number_is_well_formed("2777", &number));
        let mut digits = number.into_bytes();
        digits[place] = b'0' + (digits[place] - b'0' + by) % 10;
        prop_assert!(!number_is_well_formed("2777", &String::from_utf8(digits).unwrap()));
    }

    #[test]
    fn processing_s23_a_guess_has_no_form_nine_times_of_ten(random in any::<u64>(), digit in 0_u8..10) {
        let number = gift_number("2777", random);
        let guess = format!("{}{digit}", &number[..24]);
        prop_assert_eq!(number_is_well_formed("2777", &guess), guess == number);
    }
}
