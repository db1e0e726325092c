//! Rights that are not used go back, and holds that are too old end.

use domain::ledger::transfer::{NEVER, Slice, TransferCode};
use domain::ledger::{AccountId, AccountKind};

use super::{MOVED, Subordinate, document, movement};
use crate::machine::log::Stamp;
use crate::machine::{Now, derived, first_of};

/// Holds that end in one turn.
const DUE_MAX: usize = 256;

impl Subordinate {
    /// What time brings. Called about once a second.
    pub fn tick(&mut self, now: Now) {
        let started = *self.started_ms.get_or_insert(now.moment.elapsed_ms);
        for hold in self.book.ledger.due(now.moment, DUE_MAX) {
            self.book.expire(hold, now);
        }
        if let Some(after) = self.policy.excuse_tills_after_ms
            && !self.trusted
            && self.agreed
            && now.moment.elapsed_ms.saturating_sub(started) >= after
        {
            let silent: Vec<u32> = self.unheard().collect();
            if !silent.is_empty() {
                tracing::warn!(tills = ?silent, "tills that say nothing are not waited for any more");
                self.heard.extend(silent);
            }
            self.settle_trust(now);
        }
        if self.agreed && !self.restored {
            self.return_idle(now);
            self.return_expired(now);
        }
    }

    /// Give back what may be spent of a wallet: somebody wants it elsewhere.
    pub(super) fn return_right(&mut self, wallet: AccountId, now: Now) {
        let right = wallet.at(AccountKind::Escrow, self.me);
        let amount = self.book.ledger.available(right, now.moment.day);
        if amount > 0 {
            self.give_back(right, wallet, amount, Vec::new(), now);
        }
        self.used_ms.remove(&right);
    }

    fn return_idle(&mut self, now: Now) {
        let idle = |used: u64| now.moment.elapsed_ms.saturating_sub(used) >= self.policy.idle_ms;
        let idle: Vec<AccountId> = self.used_ms.iter().filter(|(_, used)| idle(**used)).map(|(id, _)| *id).collect();
        for right in idle {
            match right.underlying() {
                Some(wallet) => self.return_right(wallet, now),
                None => drop(self.used_ms.remove(&right)),
            }
        }
    }

    /// Once a day: what expired here is the root's to write off.
    fn return_expired(&mut self, now: Now) {
        if self.swept == Some(now.moment.day) {
            return;
        }
        self.swept = Some(now.moment.day);
        let rights: Vec<AccountId> = self
            .book
            .ledger
            .accounts()
            .map(|(_, account)| account.id)
            .filter(|id| id.kind() == Some(AccountKind::Escrow) && id.has_lots())
            .collect();
        for right in rights {
            let expired = self.book.ledger.expired_lots(right, now.moment.day);
            let amount = expired.iter().map(|slice| slice.amount).sum();
            if let (Some(wallet), true) = (right.underlying(), amount > 0) {
                debug_assert!(expired.iter().all(|slice| slice.expires_on != NEVER));
                self.give_back(right, wallet, amount, expired, now);
            }
        }
    }

    fn give_back(&mut self, right: AccountId, wallet: AccountId, amount: i64, slices: Vec<Slice>, now: Now) {
        let place = self.up.end.next + self.waiting.len() as u64;
        let about: [&[u8]; 4] = [b"return", &self.me.to_le_bytes(), &self.meta.inc.to_le_bytes(), &place.to_le_bytes()];
        let operation = derived(now, &about);
        let stamp = Stamp::of_store(now);
        let mut transfer =
            movement(operation.line(MOVED), TransferCode::LeaseReturn, right, wallet, amount, operation.0);
        transfer.slices = if slices.is_empty() { self.chosen(right, amount, now) } else { slices };
        self.write(document(operation, stamp, transfer), now);
    }

    /// The parts of lots that would go first, so that the root takes the same.
    pub(super) fn chosen(&self, right: AccountId, amount: i64, now: Now) -> Vec<Slice> {
        let lots = self.book.ledger.lots(right).filter(|lot| lot.is_usable(now.moment.day));
        first_of(lots.map(|lot| Slice { amount: lot.free(), ..lot.slice }), amount)
    }
}
