//! Posting: decide, change, remember; and the same change again from what was written down.
//!
//! Invariants: `post` changes the books only through [`Ledger::carry_out`], which sees nothing but the posting and the
//! account of each leg, so that replay cannot differ. A chain that fails leaves the books as they were.

use super::Ledger;
use super::account::OVER_LIMIT;
use super::ahead::{LOOK_AHEAD, Places};
use super::decide::refused;
use super::hold::{Hold, NO_TIMEOUT};
use super::id::{AccountId, TransferId};
use super::known::{self, Known};
use super::transfer::{Code, LINKED, Moment, PENDING, POST_PENDING, Posting, Transfer, TransferCode, VOID_PENDING};
use super::undo::Before;

impl Ledger {
    /// One code a transfer, in their order. Each `Created`, and each refusal that stays one, adds its posting.
    pub fn post(&mut self, transfers: &[Transfer], now: Moment, postings: &mut Vec<Posting>) -> Vec<Code> {
        let mut codes = Vec::with_capacity(transfers.len());
        let mut places = Vec::with_capacity(transfers.len());
        while let Some(rest) = transfers.get(codes.len()..).filter(|rest| !rest.is_empty()) {
            let Some(last) = rest.iter().position(|transfer| transfer.flags & LINKED == 0) else {
                codes.extend(rest[1..].iter().map(|_| Code::LinkedFailed));
                codes.push(Code::LinkedChainOpen);
                break;
            };
            let (start, end) = (codes.len(), codes.len() + last + 1);
            if end > places.len() {
                let ahead = end.max(start + LOOK_AHEAD).min(transfers.len());
                self.look_ahead(&transfers[places.len()..ahead], &mut places);
            }
            if last == 0 {
                let code = self.try_one(&rest[0], places[start], now, postings);
                codes.push(code.unwrap_or_else(|code| self.refuse(&rest[0], code, postings)));
            } else {
                self.post_chain(&rest[..=last], &places[start..end], now, postings, &mut codes);
            }
        }
        codes
    }

    /// Posted now or before; else why not.
    fn try_one(
        &mut self,
        asked: &Transfer,
        places: Places,
        now: Moment,
        postings: &mut Vec<Posting>,
    ) -> Result<Code, Code> {
        if asked.id == TransferId::NONE {
            return Err(Code::IdZero);
        }
        if let Some(known) = self.known.get(asked.id) {
            let code = known.answer(asked);
            return if code.is_posted() { Ok(code) } else { Err(code) };
        }
        let settled = self.decide(asked, places, now)?;
        let places = settled.places;
        let posting = settled.posting(asked);
        self.carry_out(&posting, places, now.elapsed_ms);
        postings.push(posting);
        Ok(Code::Created)
    }

    fn refuse(&mut self, asked: &Transfer, code: Code, postings: &mut Vec<Posting>) -> Code {
        if code.is_for_ever() {
            let posting = refused(asked, code);
            self.remember(&posting);
            postings.push(posting);
        }
        code
    }

    fn post_chain(
        &mut self,
        chain: &[Transfer],
        places: &[Places],
        now: Moment,
        postings: &mut Vec<Posting>,
        codes: &mut Vec<Code>,
    ) {
        let (first_code, first_posting) = (codes.len(), postings.len());
        self.before = Some(Vec::new());
        let failed =
            chain.iter().zip(places).find_map(|(asked, places)| match self.try_one(asked, *places, now, postings) {
                Ok(code) => {
                    codes.push(code);
                    None
                }
                Err(code) => Some((asked, code)),
            });
        let before = self.before.take().unwrap_or_default();
        if let Some((asked, code)) = failed {
            self.undo(before);
            postings.truncate(first_posting);
            let at = codes.len();
            for code in codes[first_code..].iter_mut().filter(|code| **code == Code::Created) {
                *code = Code::LinkedFailed;
            }
            codes.resize(first_code + chain.len(), Code::LinkedFailed);
            codes[at] = self.refuse(asked, code, postings);
        }
    }

    /// What was written down happens again: the state is the one that `post` left.
    pub fn apply(&mut self, posting: &Posting, now_elapsed_ms: u64) {
        if posting.code == Code::Created {
            self.carry_out(posting, Places::UNKNOWN, now_elapsed_ms);
        } else {
            self.remember(posting);
        }
    }

    fn carry_out(&mut self, posting: &Posting, places: Places, elapsed_ms: u64) {
        let debit = places.debit().unwrap_or_else(|| self.place(posting.transfer.debit));
        let credit = places.credit().unwrap_or_else(|| self.place(posting.transfer.credit));
        self.debit_leg(posting, debit, elapsed_ms);
        self.credit_leg(posting, credit);
        self.remember(posting);
    }

    /// Like `apply`, where accounts came from pages of different blocks: a leg that its page has is left out.
    pub fn replay(&mut self, posting: &Posting, block: u64, elapsed_ms: u64) {
        if posting.code == Code::Created {
            let debit = self.place(posting.transfer.debit);
            let credit = self.place(posting.transfer.credit);
            if block > self.as_of(debit) {
                self.debit_leg(posting, debit, elapsed_ms);
            }
            if block > self.as_of(credit) {
                self.credit_leg(posting, credit);
            }
        }
        self.remember(posting);
    }

    /// So that `known` answers, without a change of the books. Of a hold that has ended bring back what ended it as well,
    /// after it: else a capture of it is answered with `PendingNotFound`.
    pub fn remember(&mut self, posting: &Posting) {
        let transfer = &posting.transfer;
        let is_hold = posting.code == Code::Created && transfer.flags & PENDING != 0;
        let open = is_hold && self.holds.get(transfer.id).is_some();
        self.keep_known(transfer.id);
        self.known.insert(transfer.id, Known::of(posting, known::end_of(posting, open)));
        if posting.code == Code::Created
            && let Some((hold, end)) = known::ends(transfer)
        {
            self.keep_known(hold);
            if let Some(known) = self.known.get_mut(hold) {
                known.end = end;
            }
        }
    }

    /// Forgotten ids are on the shell's disk: it brings them back before it posts them again.
    pub fn forget(&mut self, ids: impl Iterator<Item = TransferId>) {
        for id in ids {
            self.known.remove(id);
        }
    }

    /// A void by time. A hold that is not open is left alone.
    pub fn expire(&mut self, hold: TransferId, now: Moment, postings: &mut Vec<Posting>) {
        let Some(open) = self.holds.get(hold) else { return };
        let (id, code) = (hold.timed_out(), TransferCode::HoldExpired);
        let transfer = Transfer {
            pending: hold,
            flags: VOID_PENDING,
            reference: open.reference,
            ..Transfer::plain(id, code, open.debit, open.credit, open.amount)
        };
        let posting = Posting { asked: open.amount, held: open.amount, code: Code::Created, transfer };
        self.apply(&posting, now.elapsed_ms);
        postings.push(posting);
    }

    fn place(&mut self, id: AccountId) -> u32 {
        match self.index.get(&id) {
            Some(index) => *index,
            None => self.add_account(id, 0),
        }
    }

    fn debit_leg(&mut self, posting: &Posting, index: u32, elapsed_ms: u64) {
        self.keep_account(index);
        let transfer = &posting.transfer;
        let account = &mut self.accounts[index as usize];
        let slot = account.slot as usize;
        match transfer.flags & (PENDING | POST_PENDING | VOID_PENDING) {
            0 => {
                account.debits_posted += transfer.amount;
                if let Some(lots) = self.lots.get_mut(slot) {
                    lots.take(&transfer.slices);
                }
            }
            PENDING => {
                account.debits_pending += transfer.amount;
                if let Some(lots) = self.lots.get_mut(slot) {
                    lots.pin(&transfer.slices);
                }
                self.open_hold(transfer, elapsed_ms);
            }
            ends => {
                account.debits_pending -= posting.held;
                if ends == POST_PENDING {
                    account.debits_posted += transfer.amount;
                }
                if account.flags & OVER_LIMIT != 0 {
                    account.mark_over_limit();
                }
                let hold = self.holds.remove(transfer.pending);
                if let Some(lots) = self.lots.get_mut(slot) {
                    lots.unpin(hold.as_ref().map_or(&[], |hold| &hold.slices));
                    lots.take(&transfer.slices);
                }
                if let Some(hold) = hold {
                    self.keep(|| Before::HoldEnded(transfer.pending, hold));
                }
            }
        }
    }

    fn open_hold(&mut self, transfer: &Transfer, elapsed_ms: u64) {
        let due_ms = match transfer.timeout_s {
            0 => NO_TIMEOUT,
            seconds => elapsed_ms.saturating_add(u64::from(seconds) * 1000),
        };
        let hold = Hold {
            debit: transfer.debit,
            credit: transfer.credit,
            amount: transfer.amount,
            due_ms,
            reference: transfer.reference,
            slices: transfer.slices.clone(),
        };
        self.holds.insert(transfer.id, hold);
        self.keep(|| Before::HoldOpened(transfer.id));
    }

    fn credit_leg(&mut self, posting: &Posting, index: u32) {
        self.keep_account(index);
        let transfer = &posting.transfer;
        let account = &mut self.accounts[index as usize];
        match transfer.flags & (PENDING | POST_PENDING | VOID_PENDING) {
            PENDING => {
                account.credits_pending += transfer.amount;
                return;
            }
            VOID_PENDING => {
                account.credits_pending -= posting.held;
                return;
            }
            POST_PENDING => account.credits_pending -= posting.held,
            _ => {}
        }
        account.credits_posted += transfer.amount;
        if account.flags & OVER_LIMIT != 0 {
            account.mark_over_limit();
        }
        if let Some(lots) = self.lots.get_mut(account.slot as usize) {
            lots.add(&transfer.slices);
        }
    }
}
