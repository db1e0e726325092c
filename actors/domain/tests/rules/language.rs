//! The language of the scripts: one step a line, and what the receipt says to it.
//!
//! Steps that are no input: `round DIRECTION TO` sets cash rounding, `vat group` begins again with VAT that is rounded by
//! groups, `return all` or `return LINE QUANTITY` begins the return of the receipt before, `show` lists the live lines.

use std::fmt::Write as _;

use chrono::{DateTime, FixedOffset};
use domain::ids::{ItemCode, OperatorNumber, ReceiptId};
use domain::money::Money;
use domain::quantity::Quantity;
use domain::receipt::account::{AccountAsked, Burn, BurnPart, Lot, Movement, MovementKind, Wallet};
use domain::receipt::{
    Asked, AskedFor, Baseline, Discount, DiscountBy, Event, Input, Kind, LineSource, LineTraits, Mark, NewLine,
    Opening, Priced, Proof, Receipt, Sign, Tender, TenderKind, VatRounding,
};
use domain::returns::{self, SoldLine};
use domain::rounding::{CashRounding, Direction};
use domain::vat::VatRate;
use expect_test::Expect;

pub(crate) fn at() -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339("2026-03-02T10:00:00+03:00").expect("a time")
}

pub(crate) fn opening(kind: Kind, vat_rounding: VatRounding) -> Opening {
    Opening {
        uid: ReceiptId(uuid::Uuid::nil()),
        sequence: 1,
        shift: 1,
        kind,
        operator: OperatorNumber("7".to_owned()),
        at: at(),
        vat_rounding,
        of: None,
        of_fiscal: None,
        price_vat: domain::receipt::PriceVat::Included,
        recalled: None,
    }
}

/// The opening of the return of a sale.
pub(crate) fn opening_of_return(of: &Receipt) -> Opening {
    Opening { of: Some(of.opening().uid), ..opening(Kind::Return, of.opening().vat_rounding) }
}

/// What may come back of a sale.
pub(crate) fn sold(sale: &Receipt) -> Vec<SoldLine> {
    let sold = |line: &domain::receipt::Line| SoldLine {
        line: line.number,
        code: line.code.clone(),
        name: line.name.clone(),
        quantity: line.quantity,
        price: line.price,
        discount: line.discount,
        amount: line.amount,
        vat_rate: line.vat_rate,
        vat: line.vat,
        mark: line.traits.mark.as_ref().map(|mark| mark.identity.clone()),
        returned: Quantity::ZERO,
    };
    sale.live_lines().map(sold).collect()
}

pub(crate) fn line(code: &str, price: Money, quantity: Quantity, vat_rate: VatRate) -> NewLine {
    NewLine {
        code: ItemCode(code.to_owned()),
        name: code.to_owned(),
        price,
        quantity,
        discount: Money::ZERO,
        amount: None,
        vat_rate,
        vat: None,
        source: LineSource::Catalogue,
        of_line: None,
        traits: LineTraits::default(),
    }
}

pub(crate) fn mark(identity: &str) -> Mark {
    Mark { identity: identity.to_owned(), code: format!("{identity}-signed") }
}

pub(crate) fn tender(kind: TenderKind, amount: Money) -> Input {
    Input::Tender { tender: Tender::new(kind, amount), rounding: None }
}

pub(crate) fn proof() -> Proof {
    Proof { reference: "ref".to_owned(), authorisation: "ok".to_owned(), card: "1234".to_owned() }
}

pub(crate) fn asked(kind: TenderKind, amount: Money, for_what: AskedFor) -> Asked {
    Asked { kind, amount, for_what, mark: "m".to_owned() }
}

/// The terminal's yes to what it is asked for.
pub(crate) fn approval(receipt: &Receipt) -> Input {
    let (kind, amount) = receipt.asked().map_or((TenderKind::Card, Money::ZERO), |asked| (asked.kind, asked.amount));
    Input::Tender { tender: Tender { proof: Some(proof()), ..Tender::new(kind, amount) }, rounding: None }
}

pub(crate) fn account_asked(wallet: Wallet, amount: Money, up_to: bool) -> Input {
    let operation = uuid::Uuid::from_u128(0x10);
    let number = "79990000000".to_owned();
    Input::AskAccount(AccountAsked { operation, wallet, asset: 1, number, amount, up_to })
}

/// The processing centre's yes: to all that it is asked for, or to less.
pub(crate) fn account_yes(receipt: &Receipt, amount: Option<Money>) -> Movement {
    let asked = receipt.account_asked().cloned();
    let asked = asked.unwrap_or_else(|| match account_asked(Wallet::Gift, Money::ZERO, false) {
        Input::AskAccount(asked) => asked,
        _ => unreachable!("an account is asked"),
    });
    let amount = amount.unwrap_or(asked.amount);
    let lot = |origin: u128, amount| Lot {
        origin: uuid::Uuid::from_u128(origin),
        amount,
        activates_on: None,
        expires_on: None,
        campaign: 1,
    };
    let first = amount.min(money("100.00"));
    let lots = [lot(1, first), lot(2, amount - first)].into_iter().filter(|lot| lot.amount.is_positive()).collect();
    Movement {
        operation: asked.operation,
        kind: MovementKind::Spend,
        owner: 5,
        number: asked.number,
        wallet: asked.wallet,
        asset: asked.asset,
        amount,
        lots,
        of: None,
        online: true,
    }
}

/// Run a script and compare what came of each line of it.
pub(crate) fn check(kind: Kind, script: &str, expected: Expect) {
    let mut receipt = Receipt::new(opening(kind, VatRounding::Line));
    let mut rounding = None;
    let mut told = String::new();
    for step in script.lines().map(str::trim).filter(|step| !step.is_empty()) {
        let words: Vec<&str> = step.split_whitespace().collect();
        let input = match words.as_slice() {
            ["round", direction, to] => {
                let direction = match *direction {
                    "up" => Direction::Up,
                    "nearest" => Direction::Nearest,
                    _ => Direction::Down,
                };
                rounding = Some(CashRounding { to: money(to), direction });
                continue;
            }
            ["vat", "group"] => {
                receipt = Receipt::new(opening(kind, VatRounding::Group));
                continue;
            }
            ["show"] => {
                receipt.live_lines().for_each(|line| writeln!(told, "  {}", shown(line)).expect("a string"));
                continue;
            }
            ["return", what @ ..] => {
                let mut sold = sold(&receipt);
                let parts = match what {
                    [line, part] => returns::by_line(&mut sold, &[(number(line), quantity(part))]),
                    _ => returns::everything(&sold),
                };
                receipt = Receipt::new(opening_of_return(&receipt));
                Input::Add(parts.expect("it was sold"))
            }
            _ => read(&words, rounding, &receipt),
        };
        match receipt.decide(&input) {
            Ok(events) => {
                for event in &events {
                    receipt.apply(event);
                    writeln!(told, "{}", tell(event)).expect("a string");
                }
            }
            Err(refusal) => writeln!(told, "refused {}: {refusal}", refusal.code()).expect("a string"),
        }
    }
    write!(told, "total {} due {} change {}", receipt.total(), receipt.due(), receipt.change()).expect("a string");
    for (name, sum) in [("discount", receipt.discount()), ("rounding", receipt.rounding()), ("voids", receipt.voids())]
    {
        if !sum.is_zero() {
            write!(told, " {name} {sum}").expect("a string");
        }
    }
    told.push('\n');
    for movement in receipt.movements() {
        let lots: Vec<String> = movement.lots.iter().map(|lot| lot.amount.to_string()).collect();
        writeln!(told, "{:?} {} {} of lots {}", movement.kind, movement.amount, movement.wallet, lots.join("+"))
            .expect("a string");
    }
    expected.assert_eq(&told);
}

/// Run a script of inputs only; the codes of what was refused.
pub(crate) fn run(receipt: &mut Receipt, script: &str) -> Vec<&'static str> {
    let mut refused = Vec::new();
    for step in script.lines().map(str::trim).filter(|step| !step.is_empty()) {
        let words: Vec<&str> = step.split_whitespace().collect();
        match receipt.decide(&read(&words, None, receipt)) {
            Ok(events) => events.iter().for_each(|event| receipt.apply(event)),
            Err(refusal) => refused.push(refusal.code()),
        }
    }
    refused
}

fn quantity(text: &str) -> Quantity {
    text.parse().expect("a quantity")
}

fn money(text: &str) -> Money {
    text.parse().expect("money")
}

fn number(text: &str) -> u32 {
    text.parse().expect("a line")
}

/// `line` with what makes it particular: `10%`, `no-discount`, `mark=X`, `deposit=LINE`.
fn with_traits(mut line: NewLine, traits: &[&str]) -> NewLine {
    for of in traits {
        match of.split_once('=') {
            Some(("mark", identity)) => line.traits.mark = Some(mark(identity)),
            Some(("deposit", goods)) => line.traits.deposit_of = Some(number(goods)),
            _ if *of == "no-discount" => line.traits.no_discount = true,
            _ => line.vat_rate = of.trim_end_matches('%').parse().expect("a rate"),
        }
    }
    line
}

fn read(words: &[&str], rounding: Option<CashRounding>, receipt: &Receipt) -> Input {
    let kind = |text: &str| if text == "qr" { TenderKind::Qr } else { TenderKind::Card };
    match words {
        ["add", code, price, amount, traits @ ..] => {
            let new = line(code, money(price), quantity(amount), VatRate::percent(22));
            Input::Add(vec![with_traits(new, traits)])
        }
        ["label", code, price, amount, sum] => Input::Add(vec![NewLine {
            amount: Some(money(sum)),
            source: LineSource::Label,
            ..line(code, money(price), quantity(amount), VatRate::percent(10))
        }]),
        ["quantity", line, amount] => Input::ChangeQuantity { line: number(line), quantity: quantity(amount) },
        ["void", line] => Input::Void { line: number(line), quantity: None },
        ["void", line, part] => Input::Void { line: number(line), quantity: Some(quantity(part)) },
        ["discount", of, by] => Input::Discount(Discount {
            line: of.parse().ok(),
            by: match by.strip_suffix('%') {
                Some(percent) => {
                    DiscountBy::Percent { hundredths: u32::try_from(money(percent).minor()).expect("a percentage") }
                }
                None => DiscountBy::Amount(money(by)),
            },
            reason: "damaged".to_owned(),
        }),
        ["price", line, price] => {
            Input::ChangePrice { line: number(line), price: money(price), reason: "damaged".to_owned() }
        }
        ["ask", tender, amount] => Input::AskTerminal(asked(kind(tender), money(amount), AskedFor::Payment)),
        ["ask-back", tender, amount] => {
            let tender: usize = tender.parse().expect("a place");
            let kind = receipt.tenders().get(tender).map_or(TenderKind::Card, |tender| tender.kind);
            Input::AskTerminal(asked(
                kind,
                money(amount),
                AskedFor::Reversal { tender, of: "ref".to_owned(), whole: false, line: None },
            ))
        }
        ["yes"] => approval(receipt),
        ["no"] => Input::TerminalRefused { reason: "no money".to_owned() },
        ["given-back"] => Input::Reversed { proof: proof() },
        ["out", line] => Input::TakeOut { line: number(line), reversed: None },
        ["out", line, "given-back"] => Input::TakeOut { line: number(line), reversed: Some(proof()) },
        ["cash", amount] => {
            let tender = Tender::new(TenderKind::Cash, money(amount));
            Input::Tender { tender, rounding }
        }
        ["card", amount] => tender(TenderKind::Card, money(amount)),
        ["points-ask", amount] => account_asked(Wallet::Points, money(amount), false),
        ["points-ask-up-to", amount] => account_asked(Wallet::Points, money(amount), true),
        ["gift-ask", amount] => account_asked(Wallet::Gift, money(amount), false),
        ["points-yes", parts @ ..] => {
            let parts: Vec<BurnPart> = receipt
                .live_lines()
                .zip(parts)
                .map(|(line, part)| BurnPart { line: line.number, amount: money(part) })
                .collect();
            let amount = parts.iter().map(|part| part.amount).sum();
            Input::Burn(Box::new(Burn { taken: account_yes(receipt, Some(amount)), parts }))
        }
        ["gift-yes"] => {
            let taken = account_yes(receipt, None);
            let tender =
                Tender { account: Some(Box::new(taken.clone())), ..Tender::new(TenderKind::Gift, taken.amount) };
            Input::Tender { tender, rounding }
        }
        ["account-no"] => Input::AccountRefused {
            operation: uuid::Uuid::from_u128(0x10),
            code: "not_enough".to_owned(),
            may_hold: false,
        },
        ["give-back"] => Input::GiveBack,
        ["customer", number] => Input::Customer { number: (*number).to_owned() },
        ["fiscalise", last] => {
            Input::Fiscalise(Baseline { device: "fn".to_owned(), last_document: last.parse().expect("a number") })
        }
        ["fiscalised", sign] => Input::Fiscalised {
            sign: Some(Sign { device: "fn".to_owned(), number: number(sign), sign: "1".to_owned() }),
        },
        ["close"] => Input::Close { at: at() },
        ["cancel"] => Input::Cancel { at: at() },
        ["park", name] => Input::Park { at: at(), name: (*name).to_owned() },
        other => panic!("not a step: {other:?}"),
    }
}

fn shown(line: &domain::receipt::Line) -> String {
    format!("{}. {} less {} = {} vat {}", line.number, line.code, line.discount, line.amount, line.vat)
}

fn priced(lines: &[Priced]) -> String {
    let one = |line: &Priced| format!("{}. less {} = {} vat {}", line.line, line.discount, line.amount, line.vat);
    lines.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn tell(event: &Event) -> String {
    match event {
        Event::LinesAdded { lines } => lines
            .iter()
            .map(|line| {
                format!(
                    "{}. {} {} x {} = {} vat {}",
                    line.number, line.code, line.quantity, line.price, line.amount, line.vat
                )
            })
            .collect::<Vec<_>>()
            .join("; "),
        Event::QuantityChanged { line, quantity, amount, .. } => format!("{line}. now {quantity} = {amount}"),
        Event::LineVoided { line } => format!("{line}. voided"),
        Event::LinePartVoided { line, voided, quantity, amount, .. } => {
            format!("{line}. voided {voided}, left {quantity} = {amount}")
        }
        Event::Repriced { lines } => format!("repriced {}", priced(lines)),
        Event::PriceChanged { line, price, amount, .. } => format!("{line}. now at {price} = {amount}"),
        Event::Rounded { by, lines } => format!("rounded by {by}: {}", priced(lines)),
        Event::Claimed { claim } => format!("claimed {}", claim.key),
        Event::Released { key, .. } => format!("released {key}"),
        Event::TerminalAsked(asked) => format!("terminal asked for {} {}", asked.amount, asked.kind),
        Event::TenderReversed { tender, amount, .. } => format!("tender {tender} gave {amount} back"),
        Event::Tendered(tender) => format!("tendered {} {}", tender.amount, tender.kind),
        Event::Paid { change, vats: None } => format!("paid, change {change}"),
        Event::Paid { change, vats: Some(vats) } => {
            let vats: Vec<String> = vats.iter().map(Money::to_string).collect();
            format!("paid, change {change}, vats {}", vats.join(" "))
        }
        Event::AccountAsked(asked) => format!("asked for {} {}", asked.amount, asked.wallet),
        Event::PointsBurned { lines, .. } | Event::BurnUndone { lines } => {
            format!("{} {}", event.name(), priced(lines))
        }
        Event::TenderUndone { tender } => format!("tender {tender} undone"),
        Event::Fiscalising(baseline) => format!("fiscalising from {}", baseline.last_document),
        Event::Fiscalised { sign } => format!("fiscalised {:?}", sign.as_ref().map(|sign| sign.number)),
        other => other.name().to_owned(),
    }
}
