//! A store and its root: what is said, how the two logs meet, and what a fence does.
//!
//! The merge rule is the same on both sides: the next document is taken when its incarnation is the one here and all that its
//! writer had seen is here; a fence is taken when the documents before it are. So two logs have one order.

use domain::ledger::transfer::{TransferCode, VOID_PENDING};
use domain::ledger::{AccountId, AccountKind};

use super::{Mutant, Subordinate, movement};
use crate::machine::book::{log_key, space};
use crate::machine::log::{Act, Document, End, Entry, Stamp, Told};
use crate::machine::wire::{ENTRIES_MAX, Reply, Say, Sync, ToRoot, Who};
use crate::machine::{Now, derived};

/// Comparisons of which any may be the one that is answered with a fence; what was asked before them is too late to come.
const FENCES_ASKED_MAX: usize = 256;

impl Subordinate {
    fn say(&self, say: Say) -> ToRoot {
        ToRoot { from: self.me, epoch: self.meta.epoch, say }
    }

    /// What is to be said now, unasked. Called when a line comes up, after a write, and once a second.
    pub fn poll(&mut self) -> ToRoot {
        if !self.agreed || self.restored {
            return self.say(Say::Hello);
        }
        let up = self.up.from(self.root_next, ENTRIES_MAX);
        self.push(up)
    }

    /// Says nothing new: what the root has to tell is waited for.
    pub fn listen(&self) -> ToRoot {
        self.push(Vec::new())
    }

    fn push(&self, up: Vec<Entry>) -> ToRoot {
        let (epoch, inc, down_next) = (self.meta.epoch, self.meta.inc, self.down.end.next);
        self.say(Say::Push { epoch, inc, up, down_next, trusted: self.trusted })
    }

    /// Ask who it is, or for a right to spend.
    pub fn want(&self, who: Who) -> Option<ToRoot> {
        self.agreed.then(|| {
            let (epoch, inc, down_next) = (self.meta.epoch, self.meta.inc, self.down.end.next);
            self.say(Say::Want { epoch, inc, down_next, who })
        })
    }

    pub fn on_reply(&mut self, reply: Reply, now: Now) -> Vec<ToRoot> {
        match reply {
            Reply::Welcome { epoch, nonce, up, down_next, down_chain } => {
                self.welcomed(epoch, nonce, up, End { next: down_next, chain: down_chain })
            }
            Reply::Downs { epoch, ups, downs } => {
                if self.takes_epoch(epoch) {
                    self.merge(ups, downs, now);
                }
                Vec::new()
            }
            Reply::Ack { epoch, inc, up_next, down_next, recover, nonce } => {
                self.acknowledged(epoch, inc, up_next, down_next, recover, nonce, now)
            }
        }
    }

    /// A root of an older epoch was restored and does not know it, or is a second one: it is not listened to.
    fn takes_epoch(&mut self, epoch: u32) -> bool {
        if epoch < self.meta.epoch {
            tracing::error!(epoch, known = self.meta.epoch, "a root of an earlier epoch is refused");
            return false;
        }
        if epoch > self.meta.epoch {
            self.meta.epoch = epoch;
            self.agreed = false;
            self.put_meta();
        }
        true
    }

    fn welcomed(&mut self, epoch: u32, nonce: u64, up: End, down: End) -> Vec<ToRoot> {
        if !self.takes_epoch(epoch) || (self.agreed && !self.restored) {
            return Vec::new();
        }
        let forked = self.up.end_at(up.next).is_some_and(|mine| mine.next != self.up.base.next && mine != up);
        if forked {
            self.cut_fork();
        }
        if up.next > self.up.end.next || forked {
            self.fear_restored();
        }
        if let Some(mine) = self.down.end_at(down.next)
            && mine.next != self.down.base.next
            && mine != down
        {
            tracing::error!(
                "the root and this store remember different words of the root: rebuild this store's accounts"
            );
            return Vec::new();
        }
        self.agreed = false;
        self.nonce = Some(nonce);
        if self.restored {
            if self.asked_fence.len() >= FENCES_ASKED_MAX {
                self.asked_fence.pop_front();
            }
            self.asked_fence.push_back(nonce);
        }
        let sync = Sync {
            nonce,
            inc: self.meta.inc,
            restored: self.restored && self.policy.mutant != Some(Mutant::KeepsRights),
            unheard: self.unheard().next().is_some(),
            up: self.up.end,
            down: self.down.end,
            ups: self.up.from(up.next, ENTRIES_MAX),
            downs: self.down.from(down.next, ENTRIES_MAX),
        };
        vec![self.say(Say::Sync(Box::new(sync)))]
    }

    /// The book may be older than what was answered from it.
    pub(super) fn fear_restored(&mut self) {
        if self.policy.mutant == Some(Mutant::KeepsRights) {
            return;
        }
        self.restored = true;
        self.agreed = false;
        self.trusted = false;
    }

    /// Two logs went apart: what this store wrote after the root surely had it loses its place.
    fn cut_fork(&mut self) {
        let common = self.meta.acked;
        if common.next < self.up.base.next {
            return;
        }
        self.lose_place(common);
    }

    /// What was written first stays before what waits: a customer is opened before anything is moved.
    fn lose_place(&mut self, end: End) {
        let later = self.waits_no_more();
        for entry in self.up.cut(end) {
            self.book.remove(space::UP, &log_key(0, entry.seq));
            match Document::from_body(&entry.body) {
                Ok(document) => self.keep_orphan(document),
                Err(error) => tracing::error!(%error, "a document of this store cannot be read"),
            }
        }
        later.into_iter().for_each(|document| self.wait(document));
    }

    fn keep_orphan(&mut self, mut document: Document) {
        let gone = match &document.act {
            // The right that it gave back is fenced with the others.
            Act::Move(transfer) => transfer.code == TransferCode::LeaseReturn,
            Act::Recovered => true,
            Act::Open { .. } => false,
        };
        if !gone {
            document.recovered = true;
            self.wait(document);
        }
    }

    fn merge(&mut self, ups: Vec<Entry>, downs: Vec<Entry>, now: Now) {
        let mut ups =
            ups.into_iter().filter(|entry| entry.seq >= self.up.end.next).collect::<Vec<_>>().into_iter().peekable();
        let no_dedup = self.policy.mutant == Some(Mutant::NoDedup);
        let mut downs = downs.into_iter().peekable();
        // What was written while this was on its way is not overwritten: only a store that agrees with nobody relearns.
        let relearns = !self.agreed;
        loop {
            while downs.next_if(|entry| entry.seq < self.down.end.next && !no_dedup).is_some() {}
            if relearns
                && let Some(entry) = ups.peek()
                && entry.inc == self.meta.inc
                && entry.down_seen <= self.down.end.next
            {
                if entry.seq > self.up.end.next {
                    // Asked for before a fence cut this log: it is asked for again, from where the log ends now.
                    return;
                }
                if !self.up.end.takes(entry) {
                    self.cut_fork();
                    self.fear_restored();
                    return;
                }
                let entry = ups.next().expect("it was looked at");
                self.relearn(entry, now);
                continue;
            }
            let Some(entry) = downs.peek() else { return };
            if no_dedup && entry.seq < self.down.end.next {
                let entry = downs.next().expect("it was looked at");
                if let Ok(Told::Grant { transfers }) = Told::from_body(&entry.body) {
                    self.granted(&transfers, true, now);
                }
                continue;
            }
            if !self.down.end.takes(entry) {
                return;
            }
            let told = match Told::from_body(&entry.body) {
                Ok(told) => told,
                Err(error) => {
                    tracing::error!(%error, seq = entry.seq, "a word of the root cannot be read by this version");
                    return;
                }
            };
            if let Told::Fence { up_next, .. } = told
                && self.up.end.next < up_next
            {
                return;
            }
            let entry = downs.next().expect("it was looked at");
            self.book.put(space::DOWN, &log_key(0, entry.seq), &entry);
            self.down.push(entry);
            self.hear(told, now);
        }
    }

    /// A document of this store that only the root still had.
    fn relearn(&mut self, entry: Entry, now: Now) {
        match Document::from_body(&entry.body) {
            Ok(document) => {
                // It waits no longer: it has its place.
                if let Some(number) = self.waits.remove(&document.operation) {
                    self.waiting.remove(&number);
                    self.book.remove(space::WAITING, &number.to_be_bytes());
                }
                self.carry_out(&document, now);
            }
            Err(error) => tracing::error!(%error, "a document of this store cannot be read"),
        }
        self.book.put(space::UP, &log_key(0, entry.seq), &entry);
        self.up.push(entry);
    }

    fn hear(&mut self, told: Told, now: Now) {
        match told {
            Told::Grant { transfers } => self.granted(&transfers, false, now),
            Told::Fence { inc, up_next, tills, nonce } => {
                // A fence from before the restoration is one of the words that were lost: the rights after it are not
                // gone, and what was done with them is not known here.
                self.restored &= !self.asked_fence.contains(&nonce);
                self.fenced(inc, up_next, tills, now);
            }
            Told::Customer(customer) => {
                self.book.put(space::CUSTOMER, &customer.owner.to_be_bytes(), &customer);
                self.people.know(*customer);
            }
            Told::Balance { account, balance, given } => {
                self.book.put(space::TOLD, &account.0.to_be_bytes(), &balance);
                self.told.insert(account, balance);
                if !given.is_empty() {
                    let here = self.given.entry(account).or_default();
                    here.hear(&given);
                    self.book.put(space::GIVEN, &account.0.to_be_bytes(), &here);
                }
            }
            // While it does not agree with the root its log is closed: the right stays where it is.
            Told::Recall { account } if self.agreed && !self.restored => self.return_right(account, now),
            Told::Recall { .. } | Told::Copy { .. } => {}
        }
    }

    fn granted(&mut self, transfers: &[domain::ledger::transfer::Transfer], twice: bool, now: Now) {
        for transfer in transfers {
            let mut local = self.local(transfer, false);
            if twice {
                local.id = derived(now, &[b"twice", &self.book.ledger.hash()]).line(1);
            }
            let code = self.book.post_one(local, now);
            if !code.is_posted() {
                tracing::error!(%code, "a right that the root gave does not fit this store's book");
            }
            self.used_ms.insert(transfer.credit, now.moment.elapsed_ms);
        }
    }

    /// All rights of the incarnation are gone; what lost its place in the log will be told anew.
    fn fenced(&mut self, inc: u32, up_next: u64, tills: Vec<u32>, now: Now) {
        if let Some(end) = self.up.end_at(up_next) {
            self.lose_place(end);
            // The root has all before its fence: no later fork reaches back behind it, into another incarnation.
            self.meta.acked = end;
        }
        self.drop_rights(inc, now);
        for document in self.waiting.values_mut() {
            document.recovered = true;
        }
        for (number, document) in &self.waiting {
            self.book.put(space::WAITING, &number.to_be_bytes(), document);
        }
        for till in tills.into_iter().chain(self.tills.iter().copied()).collect::<Vec<_>>() {
            self.tills.insert(till);
            self.book.put(space::TILL, &u64::from(till).to_be_bytes(), &());
        }
        self.meta.inc = inc;
        self.meta.recover = true;
        self.put_meta();
        (self.agreed, self.trusted) = (false, false);
        self.heard.clear();
        tracing::warn!(
            inc,
            "this store was fenced: its rights are given again when all tills have told what they remember"
        );
    }

    fn drop_rights(&mut self, inc: u32, now: Now) {
        let rights: Vec<AccountId> = self
            .book
            .ledger
            .accounts()
            .map(|(_, account)| account.id)
            .filter(|id| id.kind() == Some(AccountKind::Escrow))
            .collect();
        for right in rights {
            let about = |what: &[u8], of: u128| derived(now, &[what, &inc.to_le_bytes(), &of.to_le_bytes()]).line(1);
            let holds: Vec<_> = self.book.ledger.holds(right).map(|(id, _)| id).collect();
            for hold in holds {
                let mut void =
                    movement(about(b"fence hold", hold.0), TransferCode::Fence, AccountId(0), AccountId(0), 0, 0);
                (void.pending, void.flags) = (hold, VOID_PENDING);
                self.book.post_one(void, now);
            }
            let lots: Vec<_> = self.book.ledger.lots(right).map(|lot| lot.slice).collect();
            let balance = self.book.ledger.account(right).map_or(0, |account| account.balance());
            if balance > 0 {
                let clearing = AccountId::house(AccountKind::Clearing, right.asset(), self.me, 0);
                let id = about(b"fence", right.0);
                let mut away = movement(id, TransferCode::Fence, right, clearing, balance, u128::from(inc));
                away.slices = lots;
                let code = self.book.post_one(away, now);
                assert!(code.is_posted(), "I4: the rights of a fenced incarnation end, but: {code}");
            }
        }
        self.used_ms.clear();
    }

    #[expect(clippy::too_many_arguments, reason = "one argument a field of the message")]
    fn acknowledged(
        &mut self,
        epoch: u32,
        inc: u32,
        up_next: u64,
        down_next: u64,
        recover: bool,
        nonce: u64,
        now: Now,
    ) -> Vec<ToRoot> {
        if !self.takes_epoch(epoch) {
            return Vec::new();
        }
        let equal = inc == self.meta.inc && down_next == self.down.end.next;
        if !self.agreed {
            // Only the answer to this store's own comparison counts.
            let mine = self.nonce.is_some_and(|known| known == nonce);
            if !mine {
                return Vec::new();
            }
            self.nonce = None;
            if equal && up_next == self.up.end.next && !self.restored {
                self.agree(up_next, recover, now);
                return Vec::new();
            }
            // There is more to exchange than fits into one turn.
            return vec![self.say(Say::Hello)];
        }
        // Of one epoch the root's positions only grow: what is less is an older word that came late.
        if inc < self.meta.inc || up_next < self.root_next || down_next < self.down.end.next {
            return Vec::new();
        }
        if inc > self.meta.inc || up_next > self.up.end.next {
            self.agreed = false;
            return vec![self.say(Say::Hello)];
        }
        self.heard_of(up_next);
        if recover && !self.meta.recover {
            // The word that all is told got lost with this store's memory of it.
            self.meta.recover = true;
            self.put_meta();
        }
        self.settle_trust(now);
        match self.root_next < self.up.end.next || down_next > self.down.end.next {
            true => vec![self.poll()],
            false => Vec::new(),
        }
    }

    fn heard_of(&mut self, up_next: u64) {
        self.root_next = up_next;
        if let Some(end) = self.up.end_at(up_next)
            && end.next > self.meta.acked.next
        {
            self.meta.acked = end;
            // Not worth a commit of its own: it goes with the next one, and an older one is right too.
            if !self.book.is_clean() {
                self.put_meta();
            }
        }
        self.forget_old();
    }

    /// What the root has for long is the root's to keep.
    fn forget_old(&mut self) {
        let spare = self.up.entries.len().saturating_sub(super::KEPT_MAX);
        let had = usize::try_from(self.root_next.saturating_sub(self.up.base.next)).unwrap_or(usize::MAX);
        for entry in self.up.entries.drain(..spare.min(had)).collect::<Vec<_>>() {
            self.book.remove(space::UP, &log_key(0, entry.seq));
            self.up.base = End { next: entry.seq + 1, chain: entry.chain };
        }
        let spare = self.down.entries.len().saturating_sub(super::KEPT_MAX);
        for entry in self.down.entries.drain(..spare).collect::<Vec<_>>() {
            self.book.remove(space::DOWN, &log_key(0, entry.seq));
            self.down.base = End { next: entry.seq + 1, chain: entry.chain };
        }
    }

    /// Both logs are the same on both sides: from here on this store writes.
    fn agree(&mut self, up_next: u64, recover: bool, now: Now) {
        self.agreed = true;
        self.root_next = up_next;
        if let Some(end) = self.up.end_at(up_next) {
            self.meta.acked = end;
        }
        self.meta.recover |= recover;
        self.put_meta();
        self.flush(now);
        self.settle_trust(now);
    }

    /// Whether rights may be spent.
    pub fn may_spend(&self) -> bool {
        self.trusted || self.policy.mutant == Some(Mutant::NoWitness)
    }

    /// After every word of the root and of a till: is all told that has to be told?
    pub(super) fn settle_trust(&mut self, now: Now) {
        let all_heard = self.unheard().next().is_none();
        let agreed = self.agreed && !self.restored;
        if agreed && self.meta.recover && all_heard {
            let about: [&[u8]; 3] = [b"recovered", &self.me.to_le_bytes(), &self.meta.inc.to_le_bytes()];
            let stamp = Stamp::of_store(now);
            let operation = derived(now, &about);
            self.write(Document { operation, stamp, recovered: false, act: Act::Recovered }, now);
        }
        let without_root = self.policy.trust_without_root && !self.restored;
        self.trusted = all_heard && !self.restored && !self.meta.recover && (agreed || without_root);
    }
}
