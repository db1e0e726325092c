//! The naive twin of the ledger: plain maps, everything counted anew, a chain by a copy of the whole.

use std::collections::BTreeMap;

use domain::ledger::transfer::{BALANCING, IMPORTED, LINKED, PENDING, POST_PENDING, VOID_PENDING};
use domain::ledger::{AccountId, BLOCKED, CLOSED, Code, End, Moment, SLICES_MAX, Slice, Transfer, TransferId};

/// Refusals that are not remembered.
const FLEETING: [Code; 5] = [
    Code::IdZero,
    Code::AlreadyFailed,
    Code::ExistsWithDifferentAmount,
    Code::ExistsWithDifferentAccounts,
    Code::ExistsWithDifferentTerms,
];

/// A lot, without its amount.
type Terms = (i32, TransferId, i32, u32);

fn terms(slice: &Slice) -> Terms {
    (slice.expires_on, slice.origin, slice.activates_on, slice.campaign)
}

#[derive(Clone, Default)]
pub(super) struct Book {
    pub(super) debits: i128,
    pub(super) credits: i128,
    pub(super) lots: BTreeMap<Terms, i128>,
    pub(super) limit: i128,
    pub(super) flags: u16,
}

#[derive(Clone)]
struct Held {
    debit: AccountId,
    credit: AccountId,
    parts: Vec<(Terms, i128)>,
    amount: i128,
    due_ms: Option<u64>,
}

#[derive(Clone)]
struct Done {
    asked: Transfer,
    code: Code,
    amount: i128,
    accounts: (AccountId, AccountId),
    parts: Vec<(Terms, i128)>,
}

#[derive(Clone, Default)]
pub(super) struct Model {
    pub(super) books: BTreeMap<AccountId, Book>,
    holds: BTreeMap<TransferId, Held>,
    ended: BTreeMap<TransferId, End>,
    done: BTreeMap<TransferId, Done>,
}

fn by_terms(slices: &[Slice]) -> BTreeMap<Terms, i128> {
    let mut sum = BTreeMap::new();
    for slice in slices {
        *sum.entry(terms(slice)).or_insert(0) += i128::from(slice.amount);
    }
    sum
}

fn first(parts: impl IntoIterator<Item = (Terms, i128)>, mut amount: i128) -> Vec<(Terms, i128)> {
    let mut first = Vec::new();
    for (terms, part) in parts {
        let part = part.min(amount);
        amount -= part;
        if part > 0 {
            first.push((terms, part));
        }
    }
    first
}

impl Model {
    pub(super) fn debits_pending(&self, id: AccountId) -> i128 {
        self.holds.values().filter(|hold| hold.debit == id).map(|hold| hold.amount).sum()
    }

    pub(super) fn credits_pending(&self, id: AccountId) -> i128 {
        self.holds.values().filter(|hold| hold.credit == id).map(|hold| hold.amount).sum()
    }

    pub(super) fn held(&self, id: AccountId, lot: Terms) -> i128 {
        let parts = self.holds.values().filter(|hold| hold.debit == id).flat_map(|hold| &hold.parts);
        parts.filter(|(terms, _)| *terms == lot).map(|(_, part)| part).sum()
    }

    fn free_lots(&self, id: AccountId, day: Option<i32>) -> Vec<(Terms, i128)> {
        let lots = self.books.get(&id).map(|book| book.lots.clone()).unwrap_or_default();
        let usable = lots.into_iter().filter(|(lot, _)| day.is_none_or(|day| lot.2 <= day && day <= lot.0));
        usable.map(|(lot, amount)| (lot, amount - self.held(id, lot))).filter(|(_, free)| *free > 0).collect()
    }

    pub(super) fn post(&mut self, transfers: &[Transfer], now: Moment) -> Vec<Code> {
        let mut codes = Vec::new();
        for chain in transfers.split_inclusive(|transfer| transfer.flags & LINKED == 0) {
            if chain.last().is_some_and(|last| last.flags & LINKED != 0) {
                codes.extend(vec![Code::LinkedFailed; chain.len() - 1]);
                codes.push(Code::LinkedChainOpen);
                break;
            }
            let before = self.clone();
            let start = codes.len();
            for asked in chain {
                match self.one(asked, now) {
                    Ok(code) => codes.push(code),
                    Err(code) => {
                        *self = before;
                        codes[start..].iter_mut().filter(|code| **code == Code::Created).for_each(|code| {
                            *code = Code::LinkedFailed;
                        });
                        codes.push(code);
                        if !FLEETING.contains(&code) {
                            self.done.entry(asked.id).or_insert_with(|| Done {
                                asked: asked.clone(),
                                code,
                                amount: 0,
                                accounts: (asked.debit, asked.credit),
                                parts: Vec::new(),
                            });
                        }
                        break;
                    }
                }
            }
            codes.resize(start + chain.len(), Code::LinkedFailed);
        }
        codes
    }

    fn one(&mut self, asked: &Transfer, now: Moment) -> Result<Code, Code> {
        if asked.id.0 == 0 {
            return Err(Code::IdZero);
        }
        if let Some(done) = self.done.get(&asked.id) {
            return match again(done, asked) {
                Code::Exists => Ok(Code::Exists),
                code => Err(code),
            };
        }
        let kinds = [PENDING, POST_PENDING, VOID_PENDING].iter().filter(|kind| asked.flags & **kind != 0).count();
        let ends = asked.flags & (POST_PENDING | VOID_PENDING) != 0;
        if asked.flags >= IMPORTED << 1
            || kinds > 1
            || ends && asked.flags & BALANCING != 0
            || ends == (asked.pending.0 == 0)
            || asked.timeout_s > 0 && asked.flags & PENDING == 0
        {
            return Err(Code::FlagsConflict);
        }
        if asked.amount < 0 || asked.amount == 0 && !ends {
            return Err(Code::AmountNotPositive);
        }
        let (accounts, amount, parts) = if ends { self.end(asked, now)? } else { self.begin(asked, now)? };
        let done = Done { asked: asked.clone(), code: Code::Created, amount, accounts, parts };
        self.done.insert(asked.id, done);
        Ok(Code::Created)
    }

    fn begin(&mut self, asked: &Transfer, now: Moment) -> Result<Settled, Code> {
        let (debit, credit, mut amount) = (asked.debit, asked.credit, i128::from(asked.amount));
        if debit == credit {
            return Err(Code::AccountsSame);
        }
        if debit.asset() != credit.asset() {
            return Err(Code::AssetsDiffer);
        }
        let known = |id: AccountId| self.books.contains_key(&id) || id.kind().is_some_and(|kind| !kind.is_wallet());
        if !known(debit) {
            return Err(Code::DebitNotFound);
        }
        if !known(credit) {
            return Err(Code::CreditNotFound);
        }
        let flags = |id: AccountId| self.books.get(&id).map_or(0, |book| book.flags);
        let refused = [
            (flags(debit) & CLOSED != 0, Code::DebitClosed),
            (flags(credit) & CLOSED != 0, Code::CreditClosed),
            (flags(debit) & BLOCKED != 0, Code::Blocked),
        ];
        if let Some((_, code)) = refused.into_iter().find(|(refused, _)| *refused) {
            return Err(code);
        }
        let given = by_terms(&asked.slices);
        let sound = asked.slices.iter().all(|slice| slice.amount > 0) && given.values().sum::<i128>() == amount;
        if !given.is_empty() && !(sound && (debit.has_lots() || credit.has_lots())) {
            return Err(Code::SlicesWrong);
        }
        let mut parts = Vec::new();
        if debit.has_lots() && !given.is_empty() {
            parts = self.named(asked, &given, now)?;
        } else if debit.has_lots() {
            let free: Vec<_> = self.free_lots(debit, Some(now.day)).into_iter().take(SLICES_MAX).collect();
            let available = free.iter().map(|(_, part)| part).sum();
            if asked.flags & BALANCING != 0 {
                amount = amount.min(available);
            }
            if amount == 0 || amount > available {
                return Err(Code::ExceedsCredits);
            }
            parts = first(free, amount);
        } else {
            if debit.kind().is_some_and(|kind| kind.is_guarded()) {
                let book = self.books.get(&debit).cloned().unwrap_or_default();
                let available = book.limit + book.credits - book.debits - self.debits_pending(debit);
                if asked.flags & BALANCING != 0 {
                    amount = amount.min(available);
                }
                if amount <= 0 || amount > available {
                    return Err(Code::ExceedsCredits);
                }
            }
            if credit.has_lots() {
                let new = (asked.lot.expires_on, asked.id, asked.lot.activates_on, asked.lot.campaign);
                let lots = if given.is_empty() { BTreeMap::from([(new, amount)]) } else { given };
                parts = first(lots, amount);
            }
        }
        let books = |id: AccountId| self.books.get(&id).cloned().unwrap_or_default();
        if books(debit).debits + self.debits_pending(debit) + amount > i64::MAX.into()
            || books(credit).credits + self.credits_pending(credit) + amount > i64::MAX.into()
        {
            return Err(Code::Overflow);
        }
        self.books.entry(debit).or_default();
        self.books.entry(credit).or_default();
        if asked.flags & PENDING != 0 {
            let due_ms = (asked.timeout_s > 0).then(|| now.elapsed_ms + u64::from(asked.timeout_s) * 1000);
            self.holds.insert(asked.id, Held { debit, credit, amount, due_ms, parts: parts.clone() });
            self.ended.insert(asked.id, End::Open);
        } else {
            self.flow(debit, credit, amount, &parts);
        }
        Ok(((debit, credit), amount, parts))
    }

    fn named(&self, asked: &Transfer, given: &BTreeMap<Terms, i128>, now: Moment) -> Result<Vec<(Terms, i128)>, Code> {
        let mut free: BTreeMap<Terms, i128> = self.free_lots(asked.debit, None).into_iter().collect();
        let mut parts: BTreeMap<Terms, i128> = BTreeMap::new();
        let mut missing = given.clone();
        for exact in [true, false] {
            for (want, left) in &mut missing {
                for (lot, free) in &mut free {
                    let same = if exact { lot == want } else { (lot.0, lot.2, lot.3) == (want.0, want.2, want.3) };
                    let part = if same { (*free).min(*left) } else { 0 };
                    *free -= part;
                    *left -= part;
                    if part > 0 {
                        *parts.entry(*lot).or_insert(0) += part;
                    }
                }
            }
        }
        let usable = |lot: &Terms| asked.flags & IMPORTED != 0 || lot.2 <= now.day && now.day <= lot.0;
        let found = missing.values().all(|left| *left == 0) && parts.keys().all(usable);
        if found { Ok(parts.into_iter().collect()) } else { Err(Code::LotsMissing) }
    }

    fn end(&mut self, asked: &Transfer, now: Moment) -> Result<Settled, Code> {
        let Some(hold) = self.holds.get(&asked.pending).cloned() else {
            return Err(match self.ended.get(&asked.pending) {
                Some(End::Captured) => Code::PendingAlreadyPosted,
                Some(End::Voided) => Code::PendingAlreadyVoided,
                Some(End::TimedOut) => Code::PendingExpired,
                _ => Code::PendingNotFound,
            });
        };
        for (asked, held) in [(asked.debit, hold.debit), (asked.credit, hold.credit)] {
            if asked.0 != 0 && asked != held {
                return Err(Code::PendingDiffers);
            }
        }
        if hold.due_ms.is_some_and(|due_ms| now.elapsed_ms >= due_ms) && asked.flags & IMPORTED == 0 {
            return Err(Code::PendingExpired);
        }
        let amount = if asked.amount == 0 { hold.amount } else { asked.amount.into() };
        let captures = asked.flags & POST_PENDING != 0;
        if amount > hold.amount {
            return Err(Code::ExceedsPending);
        }
        if amount != hold.amount && !captures {
            return Err(Code::FlagsConflict);
        }
        let parts = if captures { first(hold.parts, amount) } else { Vec::new() };
        let given = by_terms(&asked.slices);
        let sound =
            asked.slices.iter().all(|slice| slice.amount > 0) && given.values().sum::<i128>() == asked.amount.into();
        let agreed = given.is_empty() || sound && parts.iter().copied().eq(given);
        if !agreed {
            return Err(Code::SlicesWrong);
        }
        self.holds.remove(&asked.pending);
        self.ended.insert(asked.pending, if captures { End::Captured } else { End::Voided });
        if captures {
            self.flow(hold.debit, hold.credit, amount, &parts);
        }
        Ok(((hold.debit, hold.credit), amount, parts))
    }

    pub(super) fn expire_due(&mut self, now: Moment) -> Vec<TransferId> {
        let due_ms = |hold: &Held| hold.due_ms.filter(|due_ms| *due_ms <= now.elapsed_ms);
        let mut due: Vec<_> = self.holds.iter().filter_map(|(id, hold)| Some((due_ms(hold)?, *id))).collect();
        due.sort();
        for (_, id) in &due {
            self.holds.remove(id);
            self.ended.insert(*id, End::TimedOut);
        }
        due.into_iter().map(|(_, id)| id).collect()
    }

    fn flow(&mut self, debit: AccountId, credit: AccountId, amount: i128, parts: &[(Terms, i128)]) {
        let book = self.books.entry(debit).or_default();
        book.debits += amount;
        if debit.has_lots() {
            for (lot, part) in parts {
                *book.lots.entry(*lot).or_insert(0) -= part;
            }
            book.lots.retain(|_, amount| *amount != 0);
        }
        let book = self.books.entry(credit).or_default();
        book.credits += amount;
        if credit.has_lots() {
            for (lot, part) in parts {
                *book.lots.entry(*lot).or_insert(0) += part;
            }
        }
    }
}

type Settled = ((AccountId, AccountId), i128, Vec<(Terms, i128)>);

fn again(done: &Done, asked: &Transfer) -> Code {
    let first = &done.asked;
    if done.code != Code::Created {
        return Code::AlreadyFailed;
    }
    if asked.amount != first.amount && !(asked.flags & IMPORTED != 0 && done.amount == asked.amount.into()) {
        return Code::ExistsWithDifferentAmount;
    }
    let ends = asked.flags & (POST_PENDING | VOID_PENDING) != 0;
    let same = |asked: AccountId, was: AccountId| asked == was || ends && asked.0 == 0;
    if !same(asked.debit, done.accounts.0) || !same(asked.credit, done.accounts.1) {
        return Code::ExistsWithDifferentAccounts;
    }
    let what = |transfer: &Transfer| {
        let flags = transfer.flags & !(LINKED | IMPORTED);
        (transfer.code, flags, transfer.pending, transfer.timeout_s, transfer.lot, transfer.reference)
    };
    let mut lots: BTreeMap<(i32, i32, u32), i128> = BTreeMap::new();
    for (lot, part) in &done.parts {
        *lots.entry((lot.0, lot.2, lot.3)).or_insert(0) += part;
    }
    for (lot, part) in by_terms(&asked.slices) {
        *lots.entry((lot.0, lot.2, lot.3)).or_insert(0) -= part;
    }
    let same_lots = asked.slices.is_empty() || lots.values().all(|left| *left == 0);
    if what(asked) == what(first) && same_lots { Code::Exists } else { Code::ExistsWithDifferentTerms }
}
