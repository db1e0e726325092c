//! What days bring: points become active, lots expire, holds time out. A little each second, so that nobody waits for it.

use domain::ledger::transfer::{Day, Slice, TransferCode};
use domain::ledger::{AccountId, AccountKind};

use super::Root;
use crate::machine::subordinate::movement;
use crate::machine::{Now, derived};

/// Accounts that one turn looks at, lots that it moves, holds that it ends: a turn keeps others waiting for a few
/// milliseconds at most.
const ACCOUNTS_PER_TURN: u32 = 20_000;
const LOTS_PER_TURN: usize = 2_000;
const DUE_MAX: usize = 1_024;

/// Once through all accounts for a day.
#[derive(Debug, Default)]
pub(super) struct Pass {
    /// The day for which it is done, or being done.
    day: Option<Day>,
    next: u32,
}

impl Root {
    /// What time brings. Called about once a second, and again at once while it answers true: there is more to do.
    pub fn tick(&mut self, now: Now) -> bool {
        for hold in self.book.ledger.due(now.moment, DUE_MAX) {
            self.book.expire(hold, now);
        }
        self.reclaim_silent(now);
        self.wants.retain(|_, wants| wants.iter().any(|want| want.until_ms > now.moment.elapsed_ms));
        if self.meta.recovering {
            return false;
        }
        self.pass(now)
    }

    fn pass(&mut self, now: Now) -> bool {
        let today = now.moment.day;
        if self.pass.day != Some(today) {
            self.pass = Pass { day: Some(today), next: 0 };
        }
        let end = self.pass.next.saturating_add(ACCOUNTS_PER_TURN);
        let mut lots = 0;
        while self.pass.next < end {
            let Some(account) = self.book.ledger.at(self.pass.next) else { return false };
            let id = account.id;
            if id.kind().is_some_and(AccountKind::is_wallet) && id.has_lots() {
                lots += self.day_of(id, now);
            }
            self.pass.next += 1;
            if lots >= LOTS_PER_TURN {
                break;
            }
        }
        true
    }

    /// How many lots moved.
    fn day_of(&mut self, account: AccountId, now: Now) -> usize {
        let today = now.moment.day;
        if account.kind() == Some(AccountKind::BonusPending) {
            let active = AccountId::wallet(AccountKind::Bonus, account.asset(), account.owner());
            let due: Vec<Slice> =
                self.book.ledger.lots(account).map(|lot| lot.slice).filter(|s| s.activates_on <= today).collect();
            let lots = due.len();
            if !self.move_slices(account, active, TransferCode::Activate, due, now) {
                return 0;
            }
            self.came_in(active, now);
            return lots;
        }
        let expired = self.book.ledger.expired_lots(account, today);
        let lots = expired.len();
        let breakage = AccountId::house(AccountKind::Breakage, account.asset(), 0, 0);
        if self.move_slices(account, breakage, TransferCode::LotExpire, expired, now) { lots } else { 0 }
    }

    /// What came back of a store after its day goes the same way.
    pub(super) fn expire_now(&mut self, account: AccountId, now: Now) {
        if account.has_lots() {
            self.day_of(account, now);
        }
    }

    fn move_slices(
        &mut self,
        from: AccountId,
        to: AccountId,
        code: TransferCode,
        slices: Vec<Slice>,
        now: Now,
    ) -> bool {
        let amount: i64 = slices.iter().map(|slice| slice.amount).sum();
        if amount == 0 || (to.kind().is_some_and(AccountKind::is_wallet) && !self.open_wallet(to)) {
            return false;
        }
        let moved = self.book.ledger.account(from).map_or(0, |account| account.debits_posted);
        let about: [&[u8]; 3] = [b"day", &from.0.to_le_bytes(), &moved.to_le_bytes()];
        let mut transfer = movement(derived(now, &about).line(1), code, from, to, amount, 0);
        transfer.slices = slices;
        self.post(transfer, now).is_posted()
    }
}
