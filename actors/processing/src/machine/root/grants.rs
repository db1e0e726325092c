//! Rights: who gets how much, and who is asked to give back.

use domain::ledger::transfer::{Transfer, TransferCode};
use domain::ledger::{AccountId, AccountKind};

use super::{Root, Want};
use crate::machine::customer::{CardState, pending_of};
use crate::machine::log::Told;
use crate::machine::subordinate::{Mutant, movement};
use crate::machine::wire::{NUMBER_BYTES_MAX, Who};
use crate::machine::{NodeId, Now, ROOT, derived};

/// Stores that wait for one wallet.
const WANTS_MAX: usize = 64;

impl Root {
    pub(super) fn wanted(&mut self, store: NodeId, who: Who, now: Now) {
        match who {
            Who::Number(number) if number.len() <= NUMBER_BYTES_MAX => self.asked_who(store, &number, now),
            Who::Number(_) => {}
            Who::Account { account, amount } => {
                let allowed = account.kind().is_some_and(|kind| kind.is_wallet() && kind != AccountKind::BonusPending)
                    && self.people.get(account.owner()).is_some_and(|c| !c.blocked && !c.closed);
                if allowed && amount > 0 {
                    self.ask_for(store, account, amount, now);
                }
            }
        }
    }

    fn asked_who(&mut self, store: NodeId, number: &str, now: Now) {
        let Some(customer) = self.whose(number).cloned() else { return };
        self.introduce(store, &customer);
        let spends = !customer.blocked
            && !customer.closed
            && customer.card(number).is_some_and(|card| card.state == CardState::Active);
        for held in &customer.wallets {
            let account = customer.account(held.wallet, held.asset);
            for account in [Some(account), pending_of(account)].into_iter().flatten() {
                self.tell_balance(store, account);
            }
            if spends {
                self.ask_for(store, account, self.policy.standing_max, now);
            }
        }
    }

    /// The whole of a wallet, wherever its rights are.
    pub fn total(&self, wallet: AccountId) -> i64 {
        let of = |id: AccountId| self.book.ledger.account(id).map_or(0, |account| account.balance());
        let at = |kind: AccountKind| self.peers.keys().map(move |store| of(wallet.at(kind, *store))).sum::<i64>();
        of(wallet) + at(AccountKind::Escrow) + at(AccountKind::Quarantine)
    }

    fn tell_balance(&mut self, store: NodeId, account: AccountId) {
        if self.book.ledger.account(account).is_some() {
            let (balance, given) = (self.total(account), self.given_to(account));
            self.tell(store, &Told::Balance { account, balance, given });
        }
    }

    fn ask_for(&mut self, store: NodeId, wallet: AccountId, amount: i64, now: Now) {
        if self.grant(store, wallet, amount, now) {
            return;
        }
        // Others may hold it, or hold of who was merged into this one: they are asked, and this store is served when something
        // comes back.
        let Some(kind) = wallet.kind() else { return };
        let owners = self.one_person(wallet.owner()).into_iter();
        let held: Vec<(AccountId, NodeId)> = owners
            .map(|owner| AccountId::wallet(kind, wallet.asset(), owner))
            .map(|held| (held, if held == wallet { store } else { ROOT }))
            .filter(|(held, but)| self.holders(*held).any(|(holder, _)| holder != *but))
            .collect();
        if held.is_empty() {
            return;
        }
        let until_ms = now.moment.elapsed_ms + self.policy.want_ms;
        let wants = self.wants.entry(wallet).or_default();
        wants.retain(|want| want.until_ms > now.moment.elapsed_ms && want.store != store);
        let first = wants.is_empty();
        if wants.len() < WANTS_MAX {
            wants.push(Want { store, amount, until_ms });
        }
        if first {
            for (held, but) in held {
                self.ask_back(held, but);
            }
        }
    }

    /// Ask the stores that hold rights of a wallet to give them back, all but one. What they hold together.
    pub fn ask_back(&mut self, wallet: AccountId, but: NodeId) -> i64 {
        let holders: Vec<(NodeId, i64)> = self.holders(wallet).filter(|(holder, _)| *holder != but).collect();
        for (store, _) in &holders {
            self.tell(*store, &Told::Recall { account: wallet });
        }
        holders.iter().map(|(_, right)| right).sum()
    }

    /// Which stores may spend of a wallet, and how much.
    pub fn holders(&self, wallet: AccountId) -> impl Iterator<Item = (NodeId, i64)> {
        self.peers.keys().filter_map(move |store| {
            let right = self.book.ledger.account(wallet.at(AccountKind::Escrow, *store))?;
            (right.balance() > 0).then_some((*store, right.balance()))
        })
    }

    /// Give a right. False: there was not enough for all of it.
    fn grant(&mut self, store: NodeId, wallet: AccountId, amount: i64, now: Now) -> bool {
        if !self.may_grant(store) || !self.open_wallet(wallet) {
            return false;
        }
        let day = now.moment.day;
        let has = self.book.ledger.available(wallet.at(AccountKind::Escrow, store), day);
        let needs = amount - has;
        if needs <= 0 {
            return true;
        }
        let standing = amount.saturating_mul(self.policy.grant_factor).min(self.policy.standing_max) - has;
        let gives = self.book.ledger.available(wallet, day).min(needs.max(standing));
        if gives > 0 {
            let next = self.peers[&store].row.down.next;
            let about: [&[u8]; 4] =
                [b"grant", &store.to_le_bytes(), &self.meta.epoch.to_le_bytes(), &next.to_le_bytes()];
            let id = derived(now, &about).line(1);
            let mut transfer =
                movement(id, TransferCode::LeaseGrant, wallet, wallet.at(AccountKind::Escrow, store), gives, 0);
            transfer.flags = 0;
            if self.post(transfer, now).is_posted() {
                self.tell_arrivals(store, wallet);
                let granted = self.book.last_posting().expect("it was just posted").transfer.clone();
                self.tell(store, &Told::Grant { transfers: vec![granted] });
            }
        }
        gives >= needs
    }

    pub(super) fn serve_wants(&mut self, wallet: AccountId, now: Now) {
        let Some(wants) = self.wants.remove(&wallet) else { return };
        let mut left = Vec::new();
        for want in wants {
            if want.until_ms <= now.moment.elapsed_ms {
                continue;
            }
            if !self.grant(want.store, wallet, want.amount, now) {
                left.push(want);
            }
        }
        if !left.is_empty() {
            self.wants.insert(wallet, left);
        }
    }

    /// A grant that the root had lost: its wallet may not have been filled again yet.
    pub(super) fn grant_again(&mut self, transfer: Transfer, now: Now) {
        let wallet = transfer.debit;
        if self.book.ledger.known(transfer.id).is_some_and(|known| known.is_posted()) {
            return;
        }
        self.open_wallet(wallet);
        let free: i64 = match wallet.has_lots() {
            true => self.has_slices(wallet, &transfer),
            false => self.book.ledger.available(wallet, now.moment.day),
        };
        if free >= transfer.amount && self.post(transfer.clone(), now).is_posted() {
            return;
        }
        let mut aside = transfer;
        aside.id = domain::ledger::TransferId(aside.id.0 ^ 0x8);
        aside.debit = AccountId::house(AccountKind::Suspense, wallet.asset(), 0, wallet.owner());
        let code = self.post(aside, now);
        if !code.is_posted() {
            tracing::error!(%code, %wallet, "a right that was given before could not be given again");
        }
        self.settle_shortfall(wallet, now);
    }

    fn has_slices(&self, wallet: AccountId, transfer: &Transfer) -> i64 {
        let there = |slice: &domain::ledger::transfer::Slice| {
            let mut lots = self.book.ledger.lots(wallet);
            lots.any(|lot| {
                lot.slice.origin == slice.origin
                    && lot.slice.expires_on == slice.expires_on
                    && lot.free() >= slice.amount
            })
        };
        if transfer.slices.iter().all(there) { transfer.amount } else { 0 }
    }

    /// Fence a store: a new incarnation; the rights of the old one are set aside.
    pub(super) fn fence(&mut self, store: NodeId, nonce: u64, now: Now) {
        let Some(peer) = self.peers.get_mut(&store) else { return };
        peer.row.inc += 1;
        (peer.row.recover, peer.row.doubtful) = (true, false);
        let (inc, up_next) = (peer.row.inc, peer.row.up.next);
        let tills = peer.row.tills.iter().copied().collect();
        self.put_peer(store);
        self.quarantine(store, inc, now);
        self.tell(store, &Told::Fence { inc, up_next, tills, nonce });
    }

    /// For the mutant: rights of a store that is silent are taken back by time.
    pub(super) fn reclaim_silent(&mut self, now: Now) {
        if self.policy.mutant != Some(Mutant::ReclaimsSilent) {
            return;
        }
        let silent = |peer: &super::Peer| now.moment.elapsed_ms.saturating_sub(peer.heard_ms) > self.policy.reclaim_ms;
        let stores: Vec<NodeId> = self.peers.iter().filter(|(_, peer)| silent(peer)).map(|(store, _)| *store).collect();
        for store in stores {
            self.take_rights(store, now);
        }
    }
}
