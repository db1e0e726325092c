//! Random steps of a receipt: every input there is, with numbers that mostly make sense and sometimes do not.

use domain::allocation;
use domain::claims::ClaimKind;
use domain::ids::ItemCode;
use domain::money::Money;
use domain::quantity::Quantity;
use domain::receipt::account::{Burn, BurnPart, Wallet};
use domain::receipt::{
    AMOUNT_MAX, Approval, AskedFor, Baseline, Discount, DiscountBy, Input, Kind, LineSource, NewLine, Receipt, Sign,
    State, TENDERS_MAX, Tender, TenderKind, VatRounding,
};
use domain::rights::Right;
use domain::rounding::{self, CashRounding, Direction};
use domain::vat::VatRate;
use proptest::prelude::*;

use crate::language::{account_asked, account_yes, approval, asked, at, line, mark, opening, proof};

const RATES: [VatRate; 4] = [VatRate::None, VatRate::percent(0), VatRate::percent(10), VatRate::percent(22)];
const WAYS: [Direction; 3] = [Direction::Down, Direction::Up, Direction::Nearest];

#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// What is done, before the numbers that it takes.
    what: u8,
    line: u32,
    sum: i64,
    thousandths: i64,
    /// Part of what is due or there is.
    percent: u32,
}

pub(crate) const LINES: std::ops::Range<u8> = 0..12;
pub(crate) const ALL: std::ops::Range<u8> = 0..40;

pub(crate) fn step(what: std::ops::Range<u8>) -> impl Strategy<Value = Step> {
    let sum =
        prop_oneof![4 => 0..60_000_i64, 2 => 0..100_i64, 1 => -2..2_i64, 1 => 999_999_999_000..1_000_000_000_100_i64];
    let thousandths = prop_oneof![
        4 => (1..20_i64).prop_map(|units| units * 1000),
        2 => -100..9_999_i64,
        1 => 99_999_000..100_000_100_i64,
    ];
    let percent = prop_oneof![2 => Just(100_u32), 3 => 0..102_u32];
    (what, 0..7_u32, sum, thousandths, percent).prop_map(|(what, line, sum, thousandths, percent)| Step {
        what,
        line,
        sum,
        thousandths,
        percent,
    })
}

pub(crate) fn rounding() -> impl Strategy<Value = Option<CashRounding>> {
    let to = prop_oneof![Just(5_i64), Just(10), Just(100), Just(1000)];
    let some = (0..3_usize, to).prop_map(|(way, to)| CashRounding { to: Money::from_minor(to), direction: WAYS[way] });
    proptest::option::of(some)
}

fn part(of: Money, percent: u32) -> Money {
    Money::from_minor(of.minor() * i64::from(percent) / 100)
}

fn goods(step: &Step) -> NewLine {
    let rate = RATES[step.percent as usize % RATES.len()];
    let code = step.line.to_string();
    line(&code, Money::from_minor(step.sum), Quantity::from_thousandths(step.thousandths), rate)
}

/// The step as an input of `receipt`.
pub(crate) fn input(step: &Step, receipt: &Receipt, rounding: Option<CashRounding>) -> Input {
    let sum = Money::from_minor(step.sum);
    let quantity = Quantity::from_thousandths(step.thousandths);
    let electronic = if step.line.is_multiple_of(2) { TenderKind::Card } else { TenderKind::Qr };
    let of = |line: u32| Some(line).filter(|line| *line != 0);
    let discount = |by| Input::Discount(Discount { line: of(step.line), by, reason: "damaged".to_owned() });
    let cash = |amount| Input::Tender { tender: Tender::new(TenderKind::Cash, amount), rounding };
    match step.what {
        0 | 1 => Input::Add(vec![goods(step)]),
        2 => Input::Add(vec![NewLine { source: LineSource::Label, amount: Some(sum), ..goods(step) }]),
        3 => {
            let mut new = goods(step);
            new.source = LineSource::OpenPrice;
            new.traits.no_discount = step.percent.is_multiple_of(2);
            new.traits.mark = Some(mark(&step.line.to_string())).filter(|_| step.percent < 70);
            Input::Add(vec![new])
        }
        4 => {
            let mut deposit = goods(step);
            deposit.code = ItemCode("DEPOSIT".to_owned());
            deposit.traits.deposit_of = Some(step.line);
            Input::Add(vec![goods(step), deposit])
        }
        5 => Input::ChangeQuantity { line: step.line, quantity },
        6 => Input::Void { line: step.line, quantity: Some(quantity).filter(|_| step.percent < 100) },
        7 | 8 => discount(DiscountBy::Percent { hundredths: step.percent * 100 + step.line }),
        9 => discount(DiscountBy::Amount(sum)),
        10 => discount(DiscountBy::Amount(part(receipt.discountable(of(step.line)), step.percent))),
        11 => Input::ChangePrice { line: step.line, price: sum, reason: "damaged".to_owned() },
        12 => Input::Customer { number: "79990000000".to_owned() },
        13 => Input::ConfirmAge { years: 18 },
        14 => Input::Approve(Approval {
            right: Right::Discount,
            requester: receipt.opening().operator.clone(),
            approver: receipt.opening().operator.clone(),
            reason: "regular".to_owned(),
        }),
        15 => Input::AskTerminal(asked(electronic, part(receipt.due(), step.percent), AskedFor::Payment)),
        16 => Input::AskTerminal(asked(electronic, sum, AskedFor::Payment)),
        17 => {
            let tender = step.line as usize % 3;
            let (kind, amount) = receipt
                .tenders()
                .get(tender)
                .map_or((electronic, sum), |tender| (tender.kind, part(tender.amount, step.percent)));
            Input::AskTerminal(asked(
                kind,
                amount,
                AskedFor::Reversal { tender, of: "ref".to_owned(), whole: false, line: None },
            ))
        }
        18 => match receipt.gives_back(step.line) {
            Ok(Some((tender, back, amount))) => Input::AskTerminal(asked(
                back.kind,
                amount,
                AskedFor::Reversal { tender, of: "ref".to_owned(), whole: false, line: None },
            )),
            _ => Input::TakeOut { line: step.line, reversed: None },
        },
        19 => Input::TerminalRefused { reason: "no money".to_owned() },
        20 | 21 => approval(receipt),
        22 => Input::Reversed { proof: proof() },
        23 => Input::TakeOut { line: step.line, reversed: Some(proof()) },
        24 => Input::TakeOut { line: step.line, reversed: None },
        25 => cash(part(receipt.due_in_cash(rounding), step.percent)),
        26 => cash(sum),
        27 => cash(receipt.due_in_cash(rounding)),
        28 => Input::Fiscalise(Baseline { device: "fn".to_owned(), last_document: 17 }),
        29 => Input::Fiscalised {
            sign: Some(Sign { device: "fn".to_owned(), number: 18, sign: "1".to_owned() })
                .filter(|_| step.percent < 100),
        },
        30 => Input::Close { at: at() },
        31 => anew(receipt, account_asked(Wallet::Points, part(receipt.total(), step.percent), true)),
        32 => anew(receipt, account_asked(Wallet::Gift, part(receipt.due(), step.percent), false)),
        33 | 34 => match receipt.account_asked().map(|asked| asked.wallet) {
            Some(Wallet::Points) => burn(receipt, step.percent),
            _ => {
                let taken = account_yes(receipt, None);
                let account = Some(Box::new(taken.clone()));
                Input::Tender { tender: Tender { account, ..Tender::new(TenderKind::Gift, taken.amount) }, rounding }
            }
        },
        35 => burn(receipt, step.percent),
        36 => Input::AccountRefused {
            operation: receipt.account_asked().map(|asked| asked.operation).unwrap_or_default(),
            code: "not_enough".to_owned(),
            may_hold: step.percent < 50,
        },
        37 => Input::GiveBack,
        _ if step.percent < 50 => Input::Park { at: at(), name: "later".to_owned() },
        _ => Input::Cancel { at: at() },
    }
}

/// Each asking has a number of its own.
fn anew(receipt: &Receipt, input: Input) -> Input {
    match input {
        Input::AskAccount(mut asked) => {
            asked.operation = uuid::Uuid::from_u128(0x10 * (1 + receipt.claims().all().count() as u128));
            Input::AskAccount(asked)
        }
        other => other,
    }
}

/// The account's yes to a part of what it is asked for, spread over the lines.
fn burn(receipt: &Receipt, percent: u32) -> Input {
    let asked = receipt.account_asked().map_or(Money::ZERO, |asked| asked.amount);
    let taken = account_yes(receipt, Some(part(asked, percent)));
    let amounts: Vec<Money> = receipt.live_lines().map(|line| line.amount).collect();
    let parts = receipt.live_lines().zip(allocation::spread(taken.amount, &amounts));
    let parts = parts.map(|(line, amount)| BurnPart { line: line.number, amount }).collect();
    Input::Burn(Box::new(Burn { taken, parts }))
}

/// What holds of a receipt at every moment.
pub(crate) fn check(receipt: &Receipt) {
    let sum: Money = receipt.live_lines().map(|line| line.amount).sum();
    assert_eq!(sum, receipt.total(), "R-1");
    // Rounding up may be the last penny of the largest sum.
    assert!(receipt.total() - receipt.rounding() <= AMOUNT_MAX);
    let is_over = matches!(receipt.state(), State::Closed { .. } | State::Cancelled { .. } | State::Parked { .. });
    for line in receipt.live_lines() {
        assert!(line.quantity.is_positive() && !line.amount.is_negative(), "{line:?}");
        assert!(!line.vat.is_negative() && line.vat <= line.amount, "{line:?}");
        if !line.source.has_fixed_sum() {
            let regular = rounding::line_amount(line.price, line.quantity);
            assert_eq!(regular, line.amount + line.discount, "R-6: {line:?}");
        }
        if let Some(mark) = &line.traits.mark {
            assert_eq!(receipt.claims().holds(ClaimKind::Mark, &mark.identity), !is_over, "CL-3");
        }
    }
    assert!(receipt.tenders().iter().all(|tender| !tender.amount.is_negative()));
    let burned: Money = receipt.lines().iter().map(|line| line.traits.points).sum();
    assert_eq!(burned, receipt.burn().map_or(Money::ZERO, Burn::money), "R-10");
    // Whatever an account gave is held while the receipt lives, and is in what closes it.
    for movement in receipt.movements() {
        let held = receipt.claims().holds(movement.wallet.claim(), &movement.operation.to_string());
        assert_eq!(held, !is_over, "R-11");
        let lots: Money = movement.lots.iter().map(|lot| lot.amount).sum();
        assert_eq!(lots, movement.amount);
    }
    assert!(!receipt.change().is_negative() && !receipt.voids().is_negative());
    assert!(receipt.tenders().len() <= TENDERS_MAX);
    let tendered: Money = receipt.tenders().iter().map(|tender| tender.amount).sum();
    match receipt.state() {
        State::Open | State::Parked { .. } => assert!(tendered.is_zero() && receipt.change().is_zero()),
        State::Paying => assert!(tendered.is_positive() && receipt.change().is_zero()),
        State::Cancelled { .. } => {}
        _ => assert_eq!(tendered - receipt.change(), receipt.total(), "R-2"),
    }
}

/// A receipt after the steps that are allowed. What happened to it, told again, makes the same receipt.
pub(crate) fn receipt_of(kind: Kind, steps: &[Step], rounding: Option<CashRounding>, group: bool) -> Receipt {
    let vat = if group { VatRounding::Group } else { VatRounding::Line };
    let mut receipt = Receipt::new(opening(kind, vat));
    let mut history = Vec::new();
    for step in steps {
        let waits = receipt.asked().is_some();
        let input = input(step, &receipt, rounding);
        let Ok(events) = receipt.decide(&input) else { continue };
        let labels: Vec<_> = receipt.lines().iter().filter(|line| line.source == LineSource::Label).cloned().collect();
        let (before, voids) = (receipt.total(), receipt.voids());
        events.iter().for_each(|event| receipt.apply(event));
        history.extend(events);
        check(&receipt);
        assert!(!waits || receipt.asked().is_none(), "only an answer is taken from a terminal that was asked");
        for label in labels {
            let now = &receipt.lines()[label.number as usize - 1];
            assert_eq!(now.amount + now.discount, label.amount + label.discount, "R-6: {label:?}");
        }
        if matches!(input, Input::Void { .. }) {
            assert!(receipt.total() <= before && receipt.voids() >= voids, "a void makes nothing dearer");
        }
    }
    let mut told = Receipt::new(receipt.opening().clone());
    history.iter().for_each(|event| told.apply(event));
    assert_eq!(told, receipt);
    receipt
}
