//! What a transfer would do, or why it is refused. Looks only: nothing is changed here.

use super::Ledger;
use super::account::{Account, BLOCKED, CLOSED};
use super::ahead::Places;
use super::id::AccountId;
use super::known::End;
use super::lots::{self, NO_LOTS, SLICES_MAX};
use super::transfer::{
    BALANCING, Code, IMPORTED, LINKED, Moment, PENDING, POST_PENDING, Posting, Slice, Transfer, VOID_PENDING,
};

const FLAGS: u16 = LINKED | PENDING | POST_PENDING | VOID_PENDING | BALANCING | IMPORTED;

/// What was settled on, before it is done.
pub(super) struct Settled {
    /// Of a hold's end they are not looked for.
    pub(super) places: Places,
    debit: AccountId,
    credit: AccountId,
    amount: i64,
    held: i64,
    slices: Vec<Slice>,
}

impl Settled {
    pub(super) fn posting(self, asked: &Transfer) -> Posting {
        let transfer =
            Transfer { debit: self.debit, credit: self.credit, amount: self.amount, slices: self.slices, ..*asked };
        Posting { transfer, code: Code::Created, asked: asked.amount, held: self.held }
    }
}

pub(super) fn refused(asked: &Transfer, code: Code) -> Posting {
    Posting { transfer: Transfer { slices: Vec::new(), ..*asked }, code, asked: asked.amount, held: 0 }
}

impl Ledger {
    pub(super) fn decide(&self, asked: &Transfer, places: Places, now: Moment) -> Result<Settled, Code> {
        let ends = asked.flags & (POST_PENDING | VOID_PENDING);
        let conflict = asked.flags & !FLAGS != 0
            || (asked.flags & (PENDING | POST_PENDING | VOID_PENDING)).count_ones() > 1
            || (ends != 0 && asked.flags & BALANCING != 0)
            || (ends != 0) != (asked.pending.0 != 0)
            || (asked.timeout_s != 0 && asked.flags & PENDING == 0);
        if conflict {
            return Err(Code::FlagsConflict);
        }
        if asked.amount < 0 || (asked.amount == 0 && ends == 0) {
            return Err(Code::AmountNotPositive);
        }
        if ends == 0 { self.decide_new(asked, places, now) } else { self.decide_end(asked, now) }
    }

    fn decide_new(&self, asked: &Transfer, places: Places, now: Moment) -> Result<Settled, Code> {
        if asked.debit == asked.credit {
            return Err(Code::AccountsSame);
        }
        if asked.debit.asset() != asked.credit.asset() {
            return Err(Code::AssetsDiffer);
        }
        let debit = self.account_or_new(asked.debit, places.debit()).ok_or(Code::DebitNotFound)?;
        let credit = self.account_or_new(asked.credit, places.credit()).ok_or(Code::CreditNotFound)?;
        if debit.flags & CLOSED != 0 {
            return Err(Code::DebitClosed);
        }
        if credit.flags & CLOSED != 0 {
            return Err(Code::CreditClosed);
        }
        if debit.flags & BLOCKED != 0 {
            return Err(Code::Blocked);
        }
        if !asked.slices.is_empty() && !(fit(asked) && (debit.has_lots() || credit.has_lots())) {
            return Err(Code::SlicesWrong);
        }
        let (amount, slices) = if debit.has_lots() {
            self.take_lots(asked, &debit, now)?
        } else {
            let amount = take_balance(asked, &debit)?;
            let slices = if credit.has_lots() { make_lots(asked, amount) } else { Vec::new() };
            (amount, slices)
        };
        let fits = |pending: i64, posted: i64| pending.checked_add(posted).and_then(|sum| sum.checked_add(amount));
        if fits(debit.debits_pending, debit.debits_posted).is_none()
            || fits(credit.credits_pending, credit.credits_posted).is_none()
        {
            return Err(Code::Overflow);
        }
        Ok(Settled { places, debit: asked.debit, credit: asked.credit, amount, held: 0, slices })
    }

    /// Wallets are opened by the directory; what else is known by its kind opens itself.
    fn account_or_new(&self, id: AccountId, place: Option<u32>) -> Option<Account> {
        match place.or_else(|| self.index.get(&id).copied()) {
            Some(index) => Some(self.accounts[index as usize]),
            None => id.kind().filter(|kind| !kind.is_wallet()).map(|_| Account::new(id, 0)),
        }
    }

    fn take_lots(&self, asked: &Transfer, debit: &Account, now: Moment) -> Result<(i64, Vec<Slice>), Code> {
        let lots = self.lots.get(debit.slot as usize).unwrap_or(&NO_LOTS);
        if !asked.slices.is_empty() {
            let day = (asked.flags & IMPORTED == 0).then_some(now.day);
            let slices = lots.named(&asked.slices, day).ok_or(Code::LotsMissing)?;
            return Ok((asked.amount, slices));
        }
        let amount = match asked.flags & BALANCING {
            0 => asked.amount,
            _ => lots.available(now.day).min(asked.amount),
        };
        let slices = lots.choose(amount, now.day).ok_or(Code::ExceedsCredits)?;
        Ok((amount, slices))
    }

    fn decide_end(&self, asked: &Transfer, now: Moment) -> Result<Settled, Code> {
        let Some(hold) = self.holds.get(asked.pending) else {
            return Err(match self.known(asked.pending).map(|known| known.end) {
                Some(End::Captured) => Code::PendingAlreadyPosted,
                Some(End::Voided) => Code::PendingAlreadyVoided,
                Some(End::TimedOut) => Code::PendingExpired,
                None | Some(End::NoHold | End::Open | End::Ended) => Code::PendingNotFound,
            });
        };
        let others = |asked: AccountId, held: AccountId| asked.0 != 0 && asked != held;
        if others(asked.debit, hold.debit) || others(asked.credit, hold.credit) {
            return Err(Code::PendingDiffers);
        }
        if hold.due_ms <= now.elapsed_ms && asked.flags & IMPORTED == 0 {
            return Err(Code::PendingExpired);
        }
        let amount = if asked.amount == 0 { hold.amount } else { asked.amount };
        if amount > hold.amount {
            return Err(Code::ExceedsPending);
        }
        let captures = asked.flags & POST_PENDING != 0;
        if !captures && amount != hold.amount {
            return Err(Code::FlagsConflict);
        }
        let slices = if captures { lots::first_of(&hold.slices, amount) } else { Vec::new() };
        let agreed = asked.slices.is_empty() || (fit(asked) && lots::in_order(&asked.slices) == slices);
        if !agreed {
            return Err(Code::SlicesWrong);
        }
        let places = Places::UNKNOWN;
        Ok(Settled { places, debit: hold.debit, credit: hold.credit, amount, held: hold.amount, slices })
    }
}

fn take_balance(asked: &Transfer, debit: &Account) -> Result<i64, Code> {
    if !debit.is_guarded() {
        return Ok(asked.amount);
    }
    let free = debit.free();
    if i128::from(asked.amount) <= free {
        return Ok(asked.amount);
    }
    match i64::try_from(free) {
        Ok(free) if free > 0 && asked.flags & BALANCING != 0 => Ok(free),
        _ => Err(Code::ExceedsCredits),
    }
}

fn make_lots(asked: &Transfer, amount: i64) -> Vec<Slice> {
    if !asked.slices.is_empty() {
        return lots::first_of(&lots::in_order(&asked.slices), amount);
    }
    let terms = asked.lot;
    vec![Slice {
        expires_on: terms.expires_on,
        origin: asked.id,
        activates_on: terms.activates_on,
        campaign: terms.campaign,
        amount,
    }]
}

/// Not too many, each above zero, and together the amount.
fn fit(asked: &Transfer) -> bool {
    let sum = asked.slices.iter().map(|slice| i128::from(slice.amount)).sum::<i128>();
    asked.slices.len() <= SLICES_MAX
        && asked.slices.iter().all(|slice| slice.amount > 0)
        && sum == i128::from(asked.amount)
}
