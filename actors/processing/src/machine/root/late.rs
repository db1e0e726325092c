//! What comes to light after its right was fenced, and what is owed because of it: no wallet ever goes below zero for it.

use domain::ledger::transfer::{BALANCING, Code, Slice, Transfer, TransferCode};
use domain::ledger::{AccountId, AccountKind, OperationId, TransferId};

use super::Root;
use crate::machine::customer::pending_of;
use crate::machine::log::Document;
use crate::machine::subordinate::{Mutant, movement};
use crate::machine::{NodeId, Now, derived, first_of};

/// The part that is taken from what is free, when the first source has not enough.
const FREE: u8 = 4;
/// The part that nobody has: owed.
const OWED: u8 = 5;

impl Root {
    /// Rights of a fenced incarnation are set aside until its tills have told what they did with them.
    pub(super) fn quarantine(&mut self, store: NodeId, inc: u32, now: Now) {
        let at_once = self.policy.mutant == Some(Mutant::NoQuarantine);
        for right in self.rights(AccountKind::Escrow, store) {
            let Some(wallet) = right.underlying() else { continue };
            let to = if at_once { wallet } else { wallet.at(AccountKind::Quarantine, store) };
            self.move_all(right, to, TransferCode::Fence, &[b"fence", &inc.to_le_bytes()], now);
        }
    }

    /// All is told: what is left of the quarantine is the customers' again.
    pub(super) fn recovered(&mut self, store: NodeId, now: Now) {
        let inc = self.peers.get(&store).map_or(0, |peer| peer.row.inc);
        for account in self.rights(AccountKind::Quarantine, store) {
            let Some(wallet) = account.underlying() else { continue };
            let about: [&[u8]; 2] = [b"release", &inc.to_le_bytes()];
            if self.move_all(account, wallet, TransferCode::QuarantineRelease, &about, now) {
                self.came_in(wallet, now);
            }
        }
        if let Some(peer) = self.peers.get_mut(&store) {
            (peer.row.recover, peer.row.doubtful) = (false, false);
        }
        self.put_peer(store);
        self.end_recovery(now);
    }

    fn rights(&self, kind: AccountKind, store: NodeId) -> Vec<AccountId> {
        let all = self.book.ledger.accounts().map(|(_, account)| account);
        let of_store = all.filter(|account| account.id.kind() == Some(kind) && account.id.node() == store);
        of_store.filter(|account| account.balance() > 0).map(|account| account.id).collect()
    }

    fn move_all(&mut self, from: AccountId, to: AccountId, code: TransferCode, about: &[&[u8]], now: Now) -> bool {
        let Some(balance) = self.book.ledger.account(from).map(|account| account.balance()) else { return false };
        if balance <= 0 {
            return false;
        }
        if to.kind().is_some_and(AccountKind::is_wallet) && !self.open_wallet(to) {
            tracing::error!(%from, %to, "an amount that is set aside belongs to nobody who is known");
            return false;
        }
        let mut about = about.to_vec();
        let (account, balanced) = (from.0.to_le_bytes(), self.book.ledger.account(from).map(|a| a.credits_posted));
        let total = balanced.unwrap_or(0).to_le_bytes();
        about.extend([&account[..], &total[..]]);
        let mut transfer = movement(derived(now, &about).line(1), code, from, to, balance, 0);
        transfer.slices = self.book.ledger.lots(from).map(|lot| lot.slice).collect();
        let posted = self.post(transfer, now);
        assert!(posted.is_posted(), "I3: what is set aside is moved whole, but: {posted}");
        true
    }

    /// Goods were given for it and its right is gone: from the quarantine, from what is free, and the rest is owed.
    pub(super) fn late_spend(
        &mut self,
        store: NodeId,
        document: &Document,
        transfer: &Transfer,
        wallet: AccountId,
        now: Now,
    ) {
        let operation = document.operation;
        let quarantine = wallet.at(AccountKind::Quarantine, store);
        let mut left = transfer.amount;
        let sources = [
            (quarantine, TransferCode::QuarantineSpend, transfer.id),
            (wallet, TransferCode::LateSpend, operation.line(FREE)),
        ];
        let mut first = true;
        for (source, code, id) in sources {
            left -= self.take_from(source, transfer.credit, left, code, free_id(&self.book, id, first), transfer, now);
            first = false;
        }
        if left > 0 {
            let debt = debt_of(wallet);
            let owed = movement(
                operation.line(OWED),
                TransferCode::LateSpend,
                debt,
                transfer.credit,
                left,
                transfer.reference,
            );
            self.post(owed, now);
            self.alert(
                store,
                operation,
                format!(
                    "{left} of wallet {wallet} were spent at the store without a right: they are owed by the customer"
                ),
                now,
            );
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a movement has so many parts")]
    fn take_from(
        &mut self,
        source: AccountId,
        to: AccountId,
        amount: i64,
        code: TransferCode,
        id: TransferId,
        of: &Transfer,
        now: Now,
    ) -> i64 {
        let there_is = self.book.ledger.available(source, now.moment.day).min(amount);
        // Lots that have expired meanwhile were good when the goods were given.
        let all: i64 = self.book.ledger.lots(source).map(|lot| lot.free()).sum();
        let part = if source.has_lots() { all.min(amount) } else { there_is };
        if part <= 0 {
            return 0;
        }
        let mut transfer = movement(id, code, source, to, part, of.reference);
        if source.has_lots() {
            transfer.slices = self.slices_of(source, &of.slices, part);
        } else {
            transfer.flags |= BALANCING;
        }
        match self.post(transfer, now) {
            Code::Created => part,
            code => {
                tracing::error!(%code, %source, "a source of a late operation refused");
                0
            }
        }
    }

    /// The lots that were named, as far as they are there, then the first to expire.
    fn slices_of(&self, source: AccountId, wanted: &[Slice], amount: i64) -> Vec<Slice> {
        let lots: Vec<_> = self.book.ledger.lots(source).collect();
        let named = |slice: &Slice| wanted.iter().any(|w| w.origin == slice.origin && w.expires_on == slice.expires_on);
        let (first, then): (Vec<_>, Vec<_>) = lots.into_iter().partition(|lot| named(&lot.slice));
        let free = first.into_iter().chain(then).map(|lot| Slice { amount: lot.free(), ..lot.slice });
        first_of(free, amount)
    }

    /// Points come back with the goods: pending ones first, then active ones; what is spent already is owed.
    pub(super) fn claw_back(&mut self, store: NodeId, document: &Document, transfer: &Transfer, now: Now) {
        let wallet = transfer.debit;
        let mut left = transfer.amount;
        let mut id = transfer.id;
        let of_accrual = OperationId(transfer.reference);
        let mine = |slice: &Slice| slice.origin.operation() == of_accrual;
        if let Some(pending) = pending_of(wallet) {
            let waiting: Vec<Slice> = self.book.ledger.lots(pending).map(|lot| lot.slice).filter(mine).collect();
            left -= self.take_slices(pending, &waiting, transfer, left, &mut id, now);
        }
        let free: Vec<Slice> =
            self.book.ledger.lots(wallet).map(|lot| Slice { amount: lot.free(), ..lot.slice }).collect();
        left -= self.take_slices(wallet, &free, transfer, left, &mut id, now);
        if left > 0 {
            let owed = movement(id, TransferCode::Clawback, debt_of(wallet), transfer.credit, left, transfer.reference);
            self.post(owed, now);
            tracing::info!(store, operation = ?document.operation, left, "points to take back were spent already: they are owed");
        }
    }

    fn take_slices(
        &mut self,
        from: AccountId,
        slices: &[Slice],
        of: &Transfer,
        amount: i64,
        id: &mut TransferId,
        now: Now,
    ) -> i64 {
        let chosen = first_of(slices.iter().copied(), amount);
        let part = chosen.iter().map(|slice| slice.amount).sum();
        if part == 0 {
            return 0;
        }
        let mut transfer = movement(*id, of.code, from, of.credit, part, of.reference);
        transfer.slices = chosen;
        if !self.post(transfer, now).is_posted() {
            return 0;
        }
        *id = TransferId(id.0 + 1);
        part
    }

    /// Whatever comes in pays first what is owed: of a lost store's operations, and of rights that were given again.
    pub(super) fn settle_shortfall(&mut self, wallet: AccountId, now: Now) {
        let kinds = [(AccountKind::Suspense, b"suspense"), (AccountKind::Debt, b"debt    ")];
        // While stores report it is not known yet who is one: a merge that is heard may have been undone later.
        let debtors = if self.meta.recovering { vec![wallet.owner()] } else { self.one_person(wallet.owner()) };
        for ((kind, word), debtor) in debtors.into_iter().flat_map(|debtor| kinds.map(|kind| (kind, debtor))) {
            let owed_to = AccountId::house(kind, wallet.asset(), 0, debtor);
            let Some(account) = self.book.ledger.account(owed_to) else { continue };
            let owed = account.debits_posted - account.credits_posted;
            let there_is = self.book.ledger.available(wallet, now.moment.day).min(owed);
            if there_is <= 0 {
                continue;
            }
            let about: [&[u8]; 4] =
                [word, &wallet.0.to_le_bytes(), &debtor.to_le_bytes(), &account.credits_posted.to_le_bytes()];
            let operation = derived(now, &about);
            let Some(payer) = self.gives_to(debtor, operation, wallet, there_is, now) else { continue };
            let mut pays = movement(operation.line(1), TransferCode::Settle, payer, owed_to, there_is, 0);
            pays.flags = 0;
            self.post(pays, now);
        }
    }

    /// The wallet from which the debtor pays. What it gets from another for it has copies, as all that is moved between
    /// customers: a restored root would give it to both.
    fn gives_to(
        &mut self,
        debtor: u64,
        operation: OperationId,
        wallet: AccountId,
        amount: i64,
        now: Now,
    ) -> Option<AccountId> {
        if debtor == wallet.owner() {
            return Some(wallet);
        }
        let own = AccountId::wallet(wallet.kind()?, wallet.asset(), debtor);
        let mut gives = movement(operation.line(FREE), TransferCode::MergeMove, wallet, own, amount, 0);
        gives.flags = 0;
        if !self.open_wallet(own) || !self.post(gives, now).is_posted() {
            return None;
        }
        let posted = self.book.last_posting().expect("it was just posted").transfer.clone();
        self.keep_copy(&posted);
        Some(own)
    }

    /// The books of a customer whom nobody knows: kept aside, and people are told.
    pub(super) fn unknown_customer(
        &mut self,
        store: NodeId,
        document: &Document,
        transfer: Transfer,
        wallet: AccountId,
        now: Now,
    ) {
        let suspense = AccountId::house(AccountKind::Suspense, wallet.asset(), store, wallet.owner());
        let aside = |id: AccountId| {
            let is_customer = id.kind().is_some_and(AccountKind::is_wallet) || id.kind() == Some(AccountKind::Escrow);
            if is_customer { suspense } else { id }
        };
        let mut moved = transfer;
        (moved.debit, moved.credit) = (aside(moved.debit), aside(moved.credit));
        moved.slices.clear();
        if moved.debit != moved.credit {
            self.post(moved, now);
        }
        self.alert(
            store,
            document.operation,
            format!("customer {} is not known: the movement is in suspense", wallet.owner()),
            now,
        );
    }
}

/// What the customer owes of this wallet.
pub(super) fn debt_of(wallet: AccountId) -> AccountId {
    AccountId::house(AccountKind::Debt, wallet.asset(), 0, wallet.owner())
}

/// The operation's own number for the first source, unless it was refused under it before.
fn free_id(book: &crate::machine::Book, id: TransferId, first: bool) -> TransferId {
    match book.ledger.known(id) {
        Some(known) if first && !known.is_posted() => TransferId(id.operation().0 | 3),
        _ => id,
    }
}

impl Root {
    /// For the mutant that reclaims by time.
    pub(super) fn take_rights(&mut self, store: NodeId, now: Now) {
        for right in self.rights(AccountKind::Escrow, store) {
            if let Some(wallet) = right.underlying() {
                self.move_all(right, wallet, TransferCode::LeaseReturn, &[b"reclaim"], now);
            }
        }
    }
}
