//! Days of many accounts that follow from a seed; and starts from pages and postings, after which the books are the same.

use std::collections::BTreeMap;

use domain::ledger::transfer::{BALANCING, LINKED, PENDING, POST_PENDING, VOID_PENDING};
use domain::ledger::{AccountId, AccountKind, Code, Ledger, LotTerms, Moment, Posting, Transfer, TransferId};

use super::language::{MONEY, POINTS, account, plain};

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}

fn wallet(number: u64) -> AccountId {
    match number % 3 {
        0 => AccountId::wallet(AccountKind::Prepaid, MONEY, number),
        _ => AccountId::wallet(AccountKind::Bonus, POINTS, number),
    }
}

/// One of the usual movements between many accounts.
fn movement(dice: &mut Dice, id: u128, wallets: u64, day: i32) -> Transfer {
    let owner = dice.below(wallets);
    let amount = 1 + dice.below(50) as i64;
    let of = wallet(owner);
    let points = of.has_lots();
    let node = 1 + dice.below(5) as u32;
    let house = |kind| AccountId::house(kind, of.asset(), node, 0);
    let (source, sink) = if points {
        (account("campaign"), AccountKind::Redeemed)
    } else {
        (house(AccountKind::TenderIn), AccountKind::Redeemed)
    };
    let (debit, credit, flags) = match dice.below(9) {
        0..=2 => (source, of, 0),
        3 => (of, house(sink), BALANCING),
        4 => (of, house(sink), 0),
        5 => (of, house(sink), PENDING),
        6 if points => (of, of.at(AccountKind::Escrow, node), 0),
        7 if points => (of.at(AccountKind::Escrow, node), house(sink), 0),
        8 => (source, of, PENDING),
        _ => (of, wallet((owner + 3) % wallets), 0),
    };
    let lot = LotTerms { expires_on: day + dice.below(6) as i32, ..LotTerms::NONE };
    let timeout_s = if flags & PENDING != 0 { dice.below(4) as u32 } else { 0 };
    Transfer { flags, lot, timeout_s, ..plain(id, debit, credit, amount) }
}

fn end(dice: &mut Dice, id: u128, hold: TransferId) -> Transfer {
    let (flags, amount) = match dice.below(3) {
        0 => (POST_PENDING, 0),
        1 => (POST_PENDING, 1 + dice.below(20) as i64),
        _ => (VOID_PENDING, 0),
    };
    Transfer { pending: hold, flags, ..plain(id, AccountId(0), AccountId(0), amount) }
}

/// Of the day's work, a block: what it wrote down, and how late it was.
fn block(ledger: &mut Ledger, dice: &mut Dice, now: &mut Moment, next: &mut u128, wallets: u64) -> Vec<Posting> {
    now.elapsed_ms += dice.below(900);
    now.day += i32::from(dice.below(12) == 0);
    let mut postings = Vec::new();
    for hold in ledger.due(*now, 4) {
        ledger.expire(hold, *now, &mut postings);
    }
    let mut asked = Vec::new();
    for _ in 0..1 + dice.below(12) {
        *next += 1;
        let hold = TransferId(1 + u128::from(dice.below(*next as u64)));
        let ends = ledger.hold(hold).is_some() && dice.below(2) == 0;
        let transfer = if ends { end(dice, *next, hold) } else { movement(dice, *next, wallets, now.day) };
        asked.push(Transfer { flags: transfer.flags | if dice.below(8) == 0 { LINKED } else { 0 }, ..transfer });
    }
    ledger.post(&asked, *now, &mut postings);
    postings
}

/// Pages of different blocks, some never saved, and all that was written down: the same books again.
#[test]
fn a_start_from_pages_of_any_age_makes_the_same_books() {
    for seed in 1..=64 {
        let mut dice = Dice(seed * 0x9E37_79B9);
        let (wallets, blocks) = (40 + dice.below(100), 20 + dice.below(60));
        let mut ledger = Ledger::new();
        ledger.open(account("campaign"), 1_000_000);
        (0..wallets).for_each(|number| ledger.open(wallet(number), 0));
        let mut now = Moment { elapsed_ms: 0, day: 100 };
        let mut next = 0;
        let mut written = Vec::new();
        let mut pages = BTreeMap::new();
        for number in 1..=blocks {
            let postings = block(&mut ledger, &mut dice, &mut now, &mut next, wallets);
            written.push((number, now.elapsed_ms, postings));
            for _ in 0..dice.below(3) {
                let page = dice.below(ledger.pages().into()) as u32;
                let mut bytes = Vec::new();
                ledger.page(page, &mut bytes);
                pages.insert(page, (number, bytes));
            }
        }
        assert_eq!(ledger.check(), Ok(()), "seed {seed}");
        let complete = (0..ledger.pages()).all(|page| pages.contains_key(&page));
        let from = if complete { pages.values().map(|(block, _)| *block).min().unwrap_or(0) } else { 0 };

        let mut again = Ledger::new();
        let mut order: Vec<u32> = pages.keys().copied().collect();
        let turn = dice.below(order.len().max(1) as u64) as usize;
        order.rotate_left(turn);
        for page in order {
            let (block, bytes) = &pages[&page];
            again.load_page(page, bytes, *block).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        }
        again.open(account("campaign"), 1_000_000);
        (0..wallets).for_each(|number| again.open(wallet(number), 0));
        for (number, elapsed_ms, postings) in written.iter().filter(|(number, ..)| *number > from) {
            postings.iter().for_each(|posting| again.replay(posting, *number, *elapsed_ms));
        }
        assert_eq!(again.check(), Ok(()), "seed {seed}");
        assert_eq!(again.hash(), ledger.hash(), "seed {seed}");
        let late = Moment { elapsed_ms: u64::MAX - 1, ..now };
        assert_eq!(again.due(late, usize::MAX), ledger.due(late, usize::MAX), "seed {seed}");
        for posting in written.iter().filter(|(number, ..)| *number > from).flat_map(|(.., postings)| postings) {
            let id = posting.transfer.id;
            assert_eq!(again.known(id), ledger.known(id), "seed {seed}: {id:?}");
        }
    }
}

/// The hold is in the page of the account that pays, its capture is later, and the page of the other is older than both.
#[test]
fn a_hold_in_a_page_is_captured_after_it() {
    let mut ledger = Ledger::new();
    let now = Moment { elapsed_ms: 0, day: 100 };
    (0..40).for_each(|number| ledger.open(AccountId::wallet(AccountKind::Prepaid, MONEY, number), 0));
    let [anna, boris] = [1, 39].map(|number| AccountId::wallet(AccountKind::Prepaid, MONEY, number));
    let mut blocks = vec![Vec::new(); 10];
    ledger.post(&[plain(1, account("cash"), anna, 500)], now, &mut blocks[1]);
    let mut old = Vec::new();
    ledger.page(1, &mut old);
    ledger.post(&[Transfer { flags: PENDING, ..plain(2, anna, boris, 300) }], now, &mut blocks[5]);
    let mut new = Vec::new();
    ledger.page(0, &mut new);
    let capture = Transfer { flags: POST_PENDING, pending: TransferId(2), ..plain(3, anna, boris, 200) };
    assert_eq!(ledger.post(&[capture], now, &mut blocks[9]), [Code::Created]);

    let mut again = Ledger::new();
    assert!(again.load_page(1, &old, 3).is_ok());
    assert!(again.load_page(0, &new, 7).is_ok());
    assert!(again.load_page(0, &new, 7).is_err());
    for (number, postings) in blocks.iter().enumerate().skip(4) {
        postings.iter().for_each(|posting| again.replay(posting, number as u64, 0));
    }
    assert_eq!(again.check(), Ok(()));
    assert_eq!(again.hash(), ledger.hash());
}

#[test]
fn processing_s17_lots_are_the_balance_through_a_hundred_thousand_operations() {
    let mut dice = Dice(0x5EED);
    let mut ledger = Ledger::new();
    ledger.open(account("campaign"), i64::MAX / 2);
    (0..30).for_each(|number| ledger.open(wallet(number), 0));
    let mut now = Moment { elapsed_ms: 0, day: 100 };
    let mut next = 0;
    let mut round = 0;
    while next < 100_000 {
        block(&mut ledger, &mut dice, &mut now, &mut next, 30);
        round += 1;
        if round % 100 == 0 {
            assert_eq!(ledger.check(), Ok(()), "after {next}");
        }
    }
    assert_eq!(ledger.check(), Ok(()));
    assert!(ledger.accounts().filter(|(_, account)| account.has_lots() && account.balance() > 0).count() > 20);
}
