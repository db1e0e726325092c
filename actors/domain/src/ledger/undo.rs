//! The way back out of a chain: how everything was before each change, newest last.

use super::Ledger;
use super::account::Account;
use super::hold::Hold;
use super::id::TransferId;
use super::known::Known;
use super::lots::Lots;

#[derive(Clone, Debug)]
pub(super) enum Before {
    Opened(u32),
    Account(u32, Account),
    Lots(u32, Lots),
    HoldOpened(TransferId),
    HoldEnded(TransferId, Hold),
    Known(TransferId, Option<Known>),
}

impl Ledger {
    pub(super) fn keep(&mut self, before: impl FnOnce() -> Before) {
        if let Some(kept) = &mut self.before {
            kept.push(before());
        }
    }

    pub(super) fn keep_account(&mut self, index: u32) {
        let Some(kept) = &mut self.before else { return };
        let account = self.accounts[index as usize];
        kept.push(Before::Account(index, account));
        if let Some(lots) = self.lots.get(account.slot as usize) {
            kept.push(Before::Lots(account.slot, lots.clone()));
        }
    }

    pub(super) fn keep_known(&mut self, id: TransferId) {
        if let Some(kept) = &mut self.before {
            kept.push(Before::Known(id, self.known.get(id).copied()));
        }
    }

    pub(super) fn undo(&mut self, kept: Vec<Before>) {
        for before in kept.into_iter().rev() {
            match before {
                Before::Opened(index) => self.take_back_account(index),
                Before::Account(index, account) => self.accounts[index as usize] = account,
                Before::Lots(slot, lots) => self.lots[slot as usize] = lots,
                Before::HoldOpened(id) => drop(self.holds.remove(id)),
                Before::HoldEnded(id, hold) => self.holds.insert(id, hold),
                Before::Known(id, known) => {
                    self.known.remove(id);
                    if let Some(known) = known {
                        self.known.insert(id, known);
                    }
                }
            }
        }
    }
}
