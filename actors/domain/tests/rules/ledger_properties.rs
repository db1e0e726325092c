//! What holds for all books: they are what the naive twin says, and what is read from pages and postings is the same again.

use domain::ledger::transfer::{BALANCING, IMPORTED, LINKED, PENDING, POST_PENDING, VOID_PENDING};
use domain::ledger::{
    AccountId, AccountKind, BLOCKED, CLOSED, Code, Ledger, LotTerms, Moment, NEVER, Posting, Slice, Transfer,
    TransferCode, TransferId, decode, encode,
};
use proptest::prelude::*;
use proptest::sample::select;

use super::language::{Desk, MONEY, POINTS, account, plain};
use super::model::Model;

const NAMES: [&str; 11] =
    ["cash", "sold", "anna", "boris", "firm", "campaign", "redeemed", "points", "others", "right", "-"];

#[derive(Clone, Debug)]
enum Step {
    Post(Vec<Transfer>),
    /// One of the earlier, as it was asked or nearly so.
    Again {
        which: usize,
        flags: u16,
        amount: Option<i64>,
    },
    Later {
        elapsed_ms: u64,
        days: i32,
    },
    ExpireDue,
    Open(AccountId, i64),
    Flags(AccountId, u16),
}

fn any_account() -> impl Strategy<Value = AccountId> {
    select(&NAMES[..]).prop_map(account)
}

/// Mostly such as can be done.
fn any_accounts() -> impl Strategy<Value = (AccountId, AccountId)> {
    let usual = [
        ("cash", "anna"),
        ("cash", "boris"),
        ("anna", "boris"),
        ("anna", "sold"),
        ("firm", "sold"),
        ("cash", "firm"),
        ("campaign", "points"),
        ("campaign", "points"),
        ("campaign", "others"),
        ("points", "others"),
        ("points", "right"),
        ("right", "redeemed"),
        ("right", "points"),
        ("points", "redeemed"),
        ("redeemed", "points"),
    ];
    let usual = select(usual.to_vec()).prop_map(|(debit, credit)| (account(debit), account(credit)));
    prop_oneof![9 => usual, 1 => (any_account(), any_account())]
}

fn any_amount() -> impl Strategy<Value = i64> {
    prop_oneof![16 => 1..60i64, 1 => -1..1i64, 1 => select(vec![i64::MAX, i64::MAX - 30, i64::MAX / 2, i64::MIN])]
}

fn any_slice() -> impl Strategy<Value = Slice> {
    (
        select(vec![99, 101, 103, NEVER]),
        0..40u128,
        select(vec![i32::MIN, 102]),
        0..2u32,
        prop_oneof![9 => 1..20i64, 1 => -1..1i64],
    )
        .prop_map(|(expires_on, origin, activates_on, campaign, amount)| Slice {
            expires_on,
            origin: TransferId(origin),
            activates_on,
            campaign,
            amount,
        })
}

fn any_transfer() -> impl Strategy<Value = Transfer> {
    let flags = prop_oneof![
        8 => Just(0),
        5 => Just(PENDING),
        2 => Just(BALANCING),
        1 => Just(BALANCING | PENDING),
        1 => Just(IMPORTED),
        1 => any::<u16>(),
    ];
    let timeout_s = prop_oneof![Just(0), 1..8u32];
    let lot = (select(vec![i32::MIN, 102, 104]), select(vec![99, 101, 103, NEVER]), 0..2u32)
        .prop_map(|(activates_on, expires_on, campaign)| LotTerms { activates_on, expires_on, campaign });
    let slices = prop_oneof![6 => Just(Vec::new()), 1 => prop::collection::vec(any_slice(), 1..4)];
    let linked = prop_oneof![6 => Just(0), 1 => Just(LINKED)];
    let new = (0..60u128, any_accounts(), any_amount(), flags, timeout_s, lot, (slices, any::<bool>(), linked));
    let new = new.prop_map(|(id, (debit, credit), amount, flags, timeout_s, lot, (slices, fits, linked))| {
        let sum = slices.iter().map(|slice| slice.amount).sum();
        Transfer {
            amount: if fits && !slices.is_empty() { sum } else { amount },
            flags: flags | linked,
            timeout_s: if flags & PENDING != 0 || amount < 0 { timeout_s } else { 0 },
            lot,
            slices,
            ..plain(id, debit, credit, amount)
        }
    });
    let ends = (
        0..60u128,
        0..60u128,
        prop_oneof![2 => Just(0), 2 => any_amount()],
        select(vec![POST_PENDING, POST_PENDING, VOID_PENDING, VOID_PENDING | IMPORTED, POST_PENDING | LINKED]),
        prop_oneof![6 => Just((AccountId(0), AccountId(0))), 1 => any_accounts()],
    );
    let ends = ends.prop_map(|(id, hold, amount, flags, (debit, credit))| Transfer {
        pending: TransferId(hold),
        flags,
        code: TransferCode::Capture,
        ..plain(id, debit, credit, amount)
    });
    prop_oneof![3 => new, 1 => ends]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => prop::collection::vec(any_transfer(), 1..5).prop_map(Step::Post),
        3 => (any::<usize>(), select(vec![0, 0, 0, IMPORTED, LINKED, PENDING]), prop::option::weighted(0.2, 1..60i64))
            .prop_map(|(which, flags, amount)| Step::Again { which, flags, amount }),
        2 => (0..4000u64, 0..2i32).prop_map(|(elapsed_ms, days)| Step::Later { elapsed_ms, days }),
        1 => Just(Step::ExpireDue),
        1 => (select(vec!["anna", "boris", "firm", "points", "others", "campaign"]), 0..200i64)
            .prop_map(|(name, limit)| Step::Open(account(name), if name == "points" { 0 } else { limit })),
        1 => (any_account(), select(vec![0, 0, CLOSED, BLOCKED])).prop_map(|(id, flags)| Step::Flags(id, flags)),
    ]
}

/// Books and their twin.
struct Pair {
    desk: Desk,
    model: Model,
    asked: Vec<Transfer>,
}

impl Pair {
    fn new() -> Pair {
        let mut pair = Pair { desk: Desk::new(), model: Model::default(), asked: Vec::new() };
        for (name, limit) in [("anna", 0), ("firm", 90), ("points", 0), ("campaign", 400)] {
            pair.step(&Step::Open(account(name), limit));
        }
        pair
    }

    fn post(&mut self, transfers: &[Transfer]) {
        let expected = self.model.post(transfers, self.desk.now);
        assert_eq!(self.desk.post(transfers), expected, "{transfers:#?}");
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Post(transfers) => {
                self.post(transfers);
                self.asked.extend_from_slice(transfers);
            }
            Step::Again { which, flags, amount } => {
                if self.asked.is_empty() {
                    return;
                }
                let mut again = self.asked[which % self.asked.len()].clone();
                again.flags ^= flags;
                again.amount = amount.unwrap_or(again.amount);
                self.post(&[again]);
            }
            Step::Later { elapsed_ms, days } => {
                self.desk.now.elapsed_ms += elapsed_ms;
                self.desk.now.day += days;
            }
            Step::ExpireDue => assert_eq!(self.desk.expire_due(), self.model.expire_due(self.desk.now)),
            Step::Open(id, limit) => {
                self.desk.open(*id, *limit);
                self.model.books.entry(*id).or_default().limit = i128::from(*limit);
            }
            Step::Flags(id, flags) => {
                if let Some(book) = self.model.books.get_mut(id) {
                    book.flags = *flags;
                    self.desk.set_flags(*id, *flags);
                }
            }
        }
    }

    fn same(&self) {
        let ledger = &self.desk.ledger;
        assert_eq!(ledger.accounts().count(), self.model.books.len());
        for (id, book) in &self.model.books {
            let account = ledger.account(*id).expect("an open account");
            let sums = [account.debits_pending, account.debits_posted, account.credits_pending, account.credits_posted];
            let expected = [self.model.debits_pending(*id), book.debits, self.model.credits_pending(*id), book.credits];
            assert_eq!(sums.map(i128::from), expected, "{id}");
            let lots = ledger.lots(*id).map(|lot| {
                let Slice { expires_on, origin, activates_on, campaign, amount } = lot.slice;
                ((expires_on, origin, activates_on, campaign), i128::from(amount), i128::from(lot.held))
            });
            let expected = book.lots.iter().map(|(lot, amount)| (*lot, *amount, self.model.held(*id, *lot)));
            assert_eq!(lots.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{id}");
        }
    }
}

proptest! {
    #[test]
    fn the_books_are_what_the_naive_twin_says(steps in prop::collection::vec(any_step(), 0..80)) {
        let mut pair = Pair::new();
        for step in &steps {
            pair.step(step);
        }
        pair.same();
        pair.desk.check();
    }

    #[test]
    fn no_bytes_break_the_reader(
        transfers in prop::collection::vec(any_transfer(), 1..20),
        cut in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        noise in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut desk = Pair::new().desk;
        desk.post(&transfers);
        let mut page = Vec::new();
        desk.ledger.page(0, &mut page);
        let mut posting = Vec::new();
        desk.written.iter().for_each(|(written, _)| encode(written, &mut posting));
        for mut bytes in [page, posting, noise] {
            for (at, to) in &flips {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = *to;
                }
            }
            bytes.truncate(cut.index(bytes.len() + 1));
            if let Ok((read, rest)) = decode(&bytes) {
                let mut again = Vec::new();
                encode(&read, &mut again);
                prop_assert_eq!(again, &bytes[..bytes.len() - rest.len()]);
            }
            let mut ledger = Ledger::new();
            if ledger.load_page(0, &bytes, 1).is_ok() {
                let mut again = Vec::new();
                ledger.page(0, &mut again);
                prop_assert_eq!(again.len(), bytes.len());
            }
        }
    }
}

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
        let mut pages = std::collections::BTreeMap::new();
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
