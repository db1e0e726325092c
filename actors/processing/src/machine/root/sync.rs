//! The root's side of the two logs.

use domain::ledger::transfer::{Code, Transfer, TransferCode, VOID_PENDING};
use domain::ledger::{AccountId, AccountKind, TransferId};
use domain::receipt::AMOUNT_MAX;

use super::{Out, Peer, PeerRow, Root};
use crate::machine::book::{log_key, space};
use crate::machine::log::{Act, Document, Entry, Range, Told};
use crate::machine::subordinate::{MOVED, Mutant, movement};
use crate::machine::wire::{ENTRIES_MAX, Reply, Say, Sync, ToRoot};
use crate::machine::{NodeId, Now};

/// The last line under which a part of a store's operation is posted.
pub(super) const PARTS_LAST: u8 = 6;

impl Root {
    /// A message of a store. The shell has checked that it is from this store.
    pub fn on_store(&mut self, message: ToRoot, now: Now) -> Vec<Out> {
        let store = message.from;
        self.say_epoch(now);
        if store == crate::machine::ROOT || !self.hear_epoch(store, message.epoch, now) {
            return Vec::new();
        }
        if !self.peers.contains_key(&store) {
            // A new store has nothing to give back.
            let row = PeerRow { synced: self.meta.epoch, ..PeerRow::default() };
            self.peers.insert(store, Peer { row, ..Peer::default() });
            self.put_peer(store);
        }
        let peer = self.peers.get_mut(&store).expect("it was just put there");
        peer.heard_ms = now.moment.elapsed_ms;
        if peer.row.retired {
            return Vec::new();
        }
        match message.say {
            Say::Hello => self.welcome(store, now),
            Say::Sync(sync) => self.synchronise(store, *sync, now),
            Say::Push { epoch, inc, up, down_next, trusted } => {
                let out = self.pushed(store, epoch, inc, up, down_next, now);
                if trusted {
                    self.no_doubt(store, now);
                }
                out
            }
            Say::Want { epoch, inc, down_next, who } => {
                if epoch == self.meta.epoch && inc == self.peers[&store].row.inc {
                    self.wanted(store, who, now);
                }
                self.answer(store, down_next, 0)
            }
        }
    }

    fn welcome(&mut self, store: NodeId, now: Now) -> Vec<Out> {
        self.nonces += 1;
        let about: [&[u8]; 4] = [
            &store.to_le_bytes(),
            &self.nonces.to_le_bytes(),
            &now.moment.elapsed_ms.to_le_bytes(),
            &now.wall_ms.to_le_bytes(),
        ];
        let nonce = (crate::machine::derived(now, &about).0 >> 4) as u64 | 1;
        let epoch = self.meta.epoch;
        let peer = self.peers.get_mut(&store).expect("whoever is welcomed is known");
        peer.nonce = Some(nonce);
        let (up, down) = (peer.row.up, peer.row.down);
        vec![Out::Reply(Reply::Welcome { epoch, nonce, up, down_next: down.next, down_chain: down.chain })]
    }

    fn synchronise(&mut self, store: NodeId, sync: Sync, now: Now) -> Vec<Out> {
        let peer = self.peers.get_mut(&store).expect("whoever compares is known");
        if peer.nonce.take() != Some(sync.nonce) {
            return Vec::new();
        }
        self.merge(store, sync.ups, sync.downs, now);
        let epoch = self.meta.epoch;
        let row = &self.peers[&store].row;
        // What a store wrote after a fence that it has not heard of is not waited for: it comes again when it has.
        let rest_comes_later = sync.restored || sync.inc < row.inc;
        let all_here = sync.down.next <= row.down.next && (sync.up.next <= row.up.next || rest_comes_later);
        if all_here && row.synced != epoch {
            let peer = self.peers.get_mut(&store).expect("whoever compares is known");
            peer.row.synced = epoch;
            // What was given before the backup may be forgotten on both sides: only tills know what was done with it.
            peer.row.doubtful = self.meta.recovering && (sync.restored || sync.unheard);
            self.put_peer(store);
            self.retell(store);
            self.end_recovery(now);
        }
        let row = &self.peers[&store].row;
        let caught_up = sync.up.next >= row.up.next && sync.down.next == row.down.next && sync.inc == row.inc;
        // The store is about to hear of a fence after which nothing happened: one is enough.
        if sync.restored && caught_up && row.synced == epoch {
            self.fence(store, sync.nonce, now);
        }
        let row = &self.peers[&store].row;
        let ups = Range { peer: store, from: sync.up.next, to: row.up.next.min(sync.up.next + ENTRIES_MAX as u64) };
        let mut out = self.answer(store, sync.down.next, sync.nonce);
        if !ups.is_empty() {
            let nothing = Range { peer: store, from: 0, to: 0 };
            out.insert(0, Out::Entries { epoch, ups, downs: nothing });
        }
        out
    }

    fn pushed(&mut self, store: NodeId, epoch: u32, inc: u32, up: Vec<Entry>, down_next: u64, now: Now) -> Vec<Out> {
        let row = &self.peers[&store].row;
        if epoch == self.meta.epoch && inc == row.inc && row.synced == epoch {
            self.merge(store, up, Vec::new(), now);
            let peer = self.peers.get_mut(&store).expect("whoever pushes is known");
            peer.applied = peer.applied.max(down_next);
        }
        self.answer(store, down_next, 0)
    }

    /// Its tills have told all, and it has not lost anything of it.
    fn no_doubt(&mut self, store: NodeId, now: Now) {
        let epoch = self.meta.epoch;
        if let Some(peer) = self.peers.get_mut(&store).filter(|peer| peer.row.doubtful && peer.row.synced == epoch) {
            peer.row.doubtful = false;
            self.put_peer(store);
            self.end_recovery(now);
        }
    }

    /// What the store has not heard yet, and how far both logs are here.
    fn answer(&self, store: NodeId, from: u64, nonce: u64) -> Vec<Out> {
        let (epoch, row) = (self.meta.epoch, &self.peers[&store].row);
        let mut out = Vec::new();
        let downs = Range { peer: store, from, to: row.down.next.min(from.saturating_add(ENTRIES_MAX as u64)) };
        if !downs.is_empty() && row.synced == epoch {
            out.push(Out::Entries { epoch, ups: Range { peer: store, from: 0, to: 0 }, downs });
        }
        let ack = Reply::Ack {
            epoch,
            inc: row.inc,
            up_next: row.up.next,
            down_next: row.down.next,
            recover: row.recover,
            nonce,
        };
        out.push(Out::Reply(ack));
        out
    }

    fn merge(&mut self, store: NodeId, ups: Vec<Entry>, downs: Vec<Entry>, now: Now) {
        let mut ups = ups.into_iter().peekable();
        let mut downs = downs.into_iter().peekable();
        let no_dedup = self.policy.mutant == Some(Mutant::NoDedup);
        loop {
            let row = &self.peers[&store].row;
            while ups.next_if(|entry| entry.seq < row.up.next && !no_dedup).is_some() {}
            while downs.next_if(|entry| entry.seq < row.down.next).is_some() {}
            if let Some(entry) = ups.peek()
                && no_dedup
                && entry.seq < row.up.next
            {
                let entry = ups.next().expect("it was looked at");
                self.take_twice(store, &entry, now);
                continue;
            }
            let admissible =
                |entry: &Entry| entry.inc == row.inc && entry.down_seen <= row.down.next && row.up.takes(entry);
            if let Some(entry) = ups.next_if(admissible) {
                self.take(store, entry, now);
                continue;
            }
            let row = &self.peers[&store].row;
            let Some(entry) = downs.next_if(|entry| row.down.takes(entry)) else { return };
            let told = match Told::from_body(&entry.body) {
                Ok(told) => told,
                Err(error) => {
                    tracing::error!(store, %error, "an own word that was lost cannot be read");
                    return;
                }
            };
            if let Told::Fence { up_next, .. } = told
                && row.up.next != up_next
            {
                return;
            }
            self.relearn(store, entry, told, now);
        }
    }

    /// The next document of a store.
    fn take(&mut self, store: NodeId, entry: Entry, now: Now) {
        let peer = self.peers.get_mut(&store).expect("whoever wrote is known");
        peer.row.up.advance(&entry);
        self.book.put(space::UP, &log_key(store, entry.seq), &entry);
        match Document::from_body(&entry.body) {
            Ok(document) => {
                if document.stamp.till != 0 {
                    self.peers.get_mut(&store).expect("it is known").row.tills.insert(document.stamp.till);
                }
                self.carry_out(store, document, now);
            }
            Err(error) => {
                let operation = crate::machine::derived(now, &[b"unreadable", &entry.chain]);
                self.alert(store, operation, format!("a document of the store cannot be read: {error}"), now);
            }
        }
        self.put_peer(store);
    }

    /// For the mutant alone: the same document once more, as if it were another.
    fn take_twice(&mut self, store: NodeId, entry: &Entry, now: Now) {
        if let Ok(Document { act: Act::Move(mut transfer), .. }) = Document::from_body(&entry.body) {
            let salt = self.book.ledger.hash();
            transfer.id = crate::machine::derived(now, &[b"twice", &salt]).line(1);
            self.post(transfer, now);
        }
        self.put_peer(store);
    }

    fn carry_out(&mut self, store: NodeId, document: Document, now: Now) {
        match document.act.clone() {
            Act::Open { customer } => self.opened_by_store(store, *customer, now),
            Act::Recovered => self.recovered(store, now),
            Act::Move(transfer) => self.moved(store, &document, transfer, now),
        }
    }

    fn moved(&mut self, store: NodeId, document: &Document, transfer: Transfer, now: Now) {
        // A late operation may have been posted in parts, each under a line of its own.
        let posted =
            |line| self.book.ledger.known(document.operation.line(line)).is_some_and(|known| known.is_posted());
        if (MOVED..=PARTS_LAST).any(posted) {
            return;
        }
        if transfer.id != document.operation.line(MOVED) {
            let sentence = "a movement of the store has a number of another operation: nothing was posted".to_owned();
            return self.alert(store, document.operation, sentence, now);
        }
        if !(1..=AMOUNT_MAX.minor()).contains(&transfer.amount) || transfer.debit.asset() != transfer.credit.asset() {
            let sentence =
                "a movement of the store has an amount or a currency that no receipt has: nothing was posted"
                    .to_owned();
            return self.alert(store, document.operation, sentence, now);
        }
        if !self.is_from(store, &transfer) {
            let sentence = "a movement of the store names accounts of others: nothing was posted".to_owned();
            return self.alert(store, document.operation, sentence, now);
        }
        let wallet = [transfer.debit, transfer.credit].into_iter().find_map(|id| match id.kind() {
            Some(AccountKind::Escrow) => id.underlying(),
            Some(kind) if kind.is_wallet() => Some(id),
            _ => None,
        });
        let Some(wallet) = wallet else {
            let sentence = "a movement of the store is of no customer: nothing was posted".to_owned();
            return self.alert(store, document.operation, sentence, now);
        };
        if !self.open_wallet(wallet) {
            return self.unknown_customer(store, document, transfer, wallet, now);
        }
        match transfer.code {
            TransferCode::Clawback => self.claw_back(store, document, &transfer, now),
            TransferCode::Purchase if document.recovered => self.late_spend(store, document, &transfer, wallet, now),
            _ => {
                let mut posted = transfer.clone();
                if document.recovered && posted.credit.kind() == Some(AccountKind::Escrow) {
                    // A till may hold an approval on it that it has not told of yet.
                    let aside = self.peers[&store].row.recover && self.policy.mutant != Some(Mutant::NoQuarantine);
                    posted.credit = if aside { wallet.at(AccountKind::Quarantine, store) } else { wallet };
                }
                let code = self.post(posted, now);
                if !code.is_posted() {
                    self.did_not_fit(store, document, &transfer, wallet, code, now);
                }
            }
        }
        self.bought(wallet.owner(), &transfer);
        self.note_given(&transfer, document.stamp.day);
        self.came_in(wallet, now);
    }

    /// Does a store move what is its own to move?
    fn is_from(&self, store: NodeId, transfer: &Transfer) -> bool {
        let own = |id: AccountId| match id.kind() {
            Some(AccountKind::Escrow | AccountKind::Redeemed | AccountKind::TenderIn) => id.node() == store,
            Some(AccountKind::Expense) => true,
            Some(kind) => kind.is_wallet(),
            None => false,
        };
        let of = |id: AccountId| id.underlying().unwrap_or(id);
        let from_right = transfer.debit.kind() == Some(AccountKind::Escrow);
        let fits = match transfer.code {
            TransferCode::Purchase => from_right && transfer.credit.kind() == Some(AccountKind::Redeemed),
            TransferCode::LeaseReturn => from_right && of(transfer.debit) == transfer.credit,
            TransferCode::TopUp => {
                transfer.debit.kind() == Some(AccountKind::TenderIn)
                    && transfer.credit.kind() == Some(AccountKind::Escrow)
            }
            TransferCode::Refund => {
                transfer.debit.kind() == Some(AccountKind::Redeemed)
                    && transfer.credit.kind() == Some(AccountKind::Escrow)
            }
            TransferCode::Accrue | TransferCode::AccruePending => {
                transfer.debit.kind() == Some(AccountKind::Expense)
                    && transfer.credit.kind().is_some_and(AccountKind::is_wallet)
            }
            TransferCode::Clawback => {
                transfer.debit.kind().is_some_and(AccountKind::is_wallet)
                    && transfer.credit.kind() == Some(AccountKind::Expense)
            }
            _ => false,
        };
        fits && own(transfer.debit) && own(transfer.credit)
    }

    fn did_not_fit(
        &mut self,
        store: NodeId,
        document: &Document,
        transfer: &Transfer,
        wallet: AccountId,
        code: Code,
        now: Now,
    ) {
        match transfer.code {
            // By I4 this cannot be. If it is, the goods are gone: the money is found elsewhere, and people are told.
            TransferCode::Purchase => self.late_spend(store, document, transfer, wallet, now),
            _ => self.alert(store, document.operation, format!("a movement of the store was refused: {code}"), now),
        }
    }

    /// A word that the root itself had lost, given back by the store.
    fn relearn(&mut self, store: NodeId, entry: Entry, told: Told, now: Now) {
        let peer = self.peers.get_mut(&store).expect("whoever gives back is known");
        peer.row.down.advance(&entry);
        self.book.put(space::DOWN, &log_key(store, entry.seq), &entry);
        match told {
            Told::Grant { transfers } => transfers.into_iter().for_each(|transfer| self.grant_again(transfer, now)),
            Told::Fence { inc, tills, .. } => {
                let peer = self.peers.get_mut(&store).expect("it is known");
                peer.row.inc = inc;
                peer.row.recover = true;
                peer.row.tills.extend(tills);
                self.quarantine(store, inc, now);
            }
            Told::Customer(customer) => self.relearn_customer(*customer, store, now),
            Told::Copy { transfers } => transfers.into_iter().for_each(|transfer| self.relearn_copy(transfer, now)),
            Told::Balance { .. } | Told::Recall { .. } => {}
        }
        self.put_peer(store);
    }

    /// What the root did itself and had lost: money changed hands, so it is posted, from suspense if from nowhere else.
    fn relearn_copy(&mut self, mut transfer: Transfer, now: Now) {
        for id in [transfer.debit, transfer.credit] {
            if id.kind().is_some_and(AccountKind::is_wallet) {
                self.open_wallet(id);
            }
        }
        let is_void = transfer.flags & VOID_PENDING != 0;
        if !is_void && transfer.pending != TransferId::NONE {
            self.end_hold(std::mem::replace(&mut transfer.pending, TransferId::NONE), now);
        }
        let (debit, credit) = (transfer.debit, transfer.credit);
        let known = self.book.ledger.known(transfer.id).is_some_and(|known| known.is_posted());
        if !known && !self.post(transfer.clone(), now).is_posted() && !is_void {
            transfer.id = TransferId(transfer.id.0 ^ 0x8);
            transfer.debit = AccountId::house(AccountKind::Suspense, debit.asset(), 0, debit.owner());
            if !credit.has_lots() {
                transfer.slices.clear();
            }
            let code = self.post(transfer, now);
            if !code.is_posted() {
                tracing::error!(%code, %debit, %credit, "what the root had done could not be done again");
            }
        }
        for wallet in [debit, credit].into_iter().filter(|id| id.kind().is_some_and(AccountKind::is_wallet)) {
            self.came_in(wallet, now);
        }
    }

    /// Its capture was lost and comes back as a movement of its own.
    fn end_hold(&mut self, hold: TransferId, now: Now) {
        if self.book.ledger.hold(hold).is_some() {
            let id = crate::machine::derived(now, &[b"captured", &hold.0.to_le_bytes()]).line(1);
            let mut void = movement(id, TransferCode::Void, AccountId(0), AccountId(0), 0, 0);
            (void.pending, void.flags) = (hold, VOID_PENDING);
            self.post(void, now);
        }
    }
}
