//! What holds for all books: they are what the naive twin says. No bytes break the readers.

use domain::ledger::transfer::{BALANCING, IMPORTED, LINKED, PENDING, POST_PENDING, VOID_PENDING};
use domain::ledger::{
    AccountId, BLOCKED, CLOSED, Ledger, LotTerms, NEVER, Slice, Transfer, TransferCode, TransferId, decode, encode,
};
use proptest::prelude::*;
use proptest::sample::select;

use super::language::{Desk, account, plain};
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
