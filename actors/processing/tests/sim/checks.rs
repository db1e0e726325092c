//! The invariants, looked at while a run goes on and when it is quiet.

use std::collections::BTreeMap;

use domain::ledger::transfer::{TransferCode, VOID_PENDING};
use domain::ledger::{Account, AccountId, AccountKind, Ledger, Lot, OperationId, TransferId};
use messages::v1::accounts::OperationKind;
use processing::machine::book::space;
use processing::machine::log::{Act, Document, Entry, Range, Told};
use processing::machine::root::{PeerStanding, Root};
use processing::machine::subordinate::{Standing, Subordinate};

use crate::ghost::{MONEY, POINTS};
use crate::node::Node;
use crate::shown::movement;
use crate::till::card_number;
use crate::world::{Event, MINUTE_MS, World};

/// What only grows.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    root_epoch: u32,
    peers: BTreeMap<u32, (u32, u64, u64)>,
    shops: BTreeMap<usize, (u32, u32)>,
}

impl Watch {
    pub(crate) fn shop_restored(&mut self, shop: usize) {
        self.shops.remove(&shop);
    }

    pub(crate) fn root_restored(&mut self) {
        self.peers.clear();
        self.root_epoch = 0;
    }
}

/// A check of a whole world, and what is wrong with it.
type Check = fn(&World) -> Result<(), String>;

impl World {
    /// I8 at the root.
    pub(crate) fn watch_root(&mut self, epoch: u32, peers: &[PeerStanding]) {
        if epoch < self.watch.root_epoch {
            self.fail(format!("I8: the root's epoch fell from {} to {epoch}", self.watch.root_epoch), &["root"]);
        }
        self.watch.root_epoch = epoch;
        for peer in peers {
            let now = (peer.incarnation, peer.up_next, peer.down_next);
            let before = self.watch.peers.insert(peer.store, now).unwrap_or_default();
            if before.0 < now.0 {
                self.stats.fences += 1;
            }
            if before.0 > now.0 || before.1 > now.1 || before.2 > now.2 {
                let store = peer.store;
                self.fail(
                    format!("I8: of store {store} the root had incarnation and logs {before:?}, and now {now:?}"),
                    &["root", &format!("store {store}")],
                );
            }
        }
    }

    /// I8 at a store.
    pub(crate) fn watch_shop(&mut self, shop: usize, standing: &Standing) {
        let standing = (standing.incarnation, standing.epoch);
        let before = self.watch.shops.insert(shop, standing).unwrap_or_default();
        if before.0 > standing.0 || before.1 > standing.1 {
            let sentence = format!("I8: store {} had incarnation and epoch {before:?}, and now {standing:?}", shop + 1);
            self.fail(sentence, &[&format!("store {}", shop + 1)]);
        }
    }

    /// I1, I2, I9, I10 in every book; I4 where both sides can be compared.
    pub(crate) fn look(&mut self) {
        self.after(30 * MINUTE_MS, Event::Look);
        self.look_at_books();
    }

    pub(crate) fn look_at_books(&mut self) {
        let mut wrong = Vec::new();
        if let Some(life) = &self.root.life
            && let Err(sentence) = life.machine.book().ledger.check()
        {
            wrong.push((format!("at the root: {sentence}"), "root".to_owned()));
        }
        for shop in 0..self.shops.len() {
            let Some(machine) = self.shops[shop].machine() else { continue };
            let name = format!("store {}", shop + 1);
            if let Err(sentence) = machine.book().ledger.check() {
                wrong.push((format!("at {name}: {sentence}"), name.clone()));
            }
            if let Err(sentence) = self.rights(shop) {
                wrong.push((
                    format!("I4: at {name}: {sentence}"),
                    sentence.split(' ').nth(2).unwrap_or_default().to_owned(),
                ));
            }
        }
        for (sentence, about) in wrong {
            self.fail(sentence, &[&about]);
        }
    }

    /// I4: the escrow at the root is the right at the store, and what is on its way between the two.
    fn rights(&self, shop: usize) -> Result<(), String> {
        let (Some(machine), Some(root)) = (self.shops[shop].machine(), &self.root.life) else { return Ok(()) };
        let store = shop as u32 + 1;
        let here = self.shops[shop].standing().expect("it has a machine");
        let Some(peer) = root.machine.peers().into_iter().find(|peer| peer.store == store) else { return Ok(()) };
        let comparable = here.agreed
            && !here.restored
            && peer.synced
            && here.epoch == root.machine.epoch()
            && here.incarnation == peer.incarnation
            && here.down_next <= peer.down_next;
        if !comparable || self.root.commit_planned || self.shops[shop].node.commit_planned {
            return Ok(());
        }
        let mut way: BTreeMap<AccountId, i64> = BTreeMap::new();
        let range = Range { peer: store, from: here.down_next, to: peer.down_next };
        for entry in self.root.entries(space::DOWN, range) {
            match Told::from_body(&entry.body).expect("what the root said can be read") {
                Told::Grant { transfers } => {
                    transfers.iter().for_each(|grant| *way.entry(grant.credit).or_default() -= grant.amount);
                }
                Told::Fence { .. } => return Ok(()),
                _ => {}
            }
        }
        for document in machine.documents().filter(|entry| entry.seq >= peer.up_next).map(read) {
            let Act::Move(transfer) = document.act else { continue };
            if document.recovered {
                continue;
            }
            if transfer.debit.kind() == Some(AccountKind::Escrow) {
                *way.entry(transfer.debit).or_default() -= transfer.amount;
            }
            if transfer.credit.kind() == Some(AccountKind::Escrow) {
                *way.entry(transfer.credit).or_default() += transfer.amount;
            }
        }
        let escrows = |ledger: &Ledger| -> BTreeMap<AccountId, i64> {
            let all = ledger.accounts().map(|(_, account)| (account.id, account.balance()));
            all.filter(|(id, balance)| id.kind() == Some(AccountKind::Escrow) && id.node() == store && *balance != 0)
                .collect()
        };
        for (id, balance) in escrows(&root.machine.book().ledger) {
            *way.entry(id).or_default() += balance;
        }
        let mine = escrows(&machine.book().ledger);
        for (id, expected) in way {
            let right = mine.get(&id).copied().unwrap_or(0);
            if right != expected {
                return Err(format!("the right {id} is {right}, by the root's book it is {expected}"));
            }
        }
        match mine.iter().find(|(id, right)| !escrows(&root.machine.book().ledger).contains_key(id) && **right < 0) {
            Some((id, right)) => Err(format!("the right {id} is {right}")),
            None => Ok(()),
        }
    }

    /// I14: what a store answered before it crashed is in its book.
    pub(crate) fn knows_its_answers(&self, shop: usize) -> Result<(), String> {
        let Some(machine) = self.shops[shop].machine() else { return Ok(()) };
        let known = |operation: uuid::Uuid, line| {
            machine.book().ledger.known(OperationId::from_uuid(operation.as_u128()).line(line)).is_some()
        };
        let waits = machine.standing().waiting > 0;
        for till in self.tills.iter().filter(|till| till.shop == shop) {
            let approved = till.approved_now().filter(|operation| !known(*operation, 1));
            let taken = till.settled.iter().rev().take(20).filter(|remembered| remembered.taken && !waits);
            let taken = taken.map(|remembered| remembered.settled.receipt.0).filter(|operation| !known(*operation, 2));
            if let Some(lost) = approved.into_iter().chain(taken).next() {
                return Err(format!(
                    "I14: store {} answered till {} about {:x}, and does not know it after a crash",
                    shop + 1,
                    till.till + 1,
                    lost.as_u128()
                ));
            }
        }
        Ok(())
    }

    /// When all faults have ended: I13 first, then all that can be compared only in quiet.
    pub(crate) fn check_quiet(&mut self) {
        self.look_at_books();
        self.desk_counts_again();
        let checks: [Check; 7] = [
            World::all_done,
            World::copies_are_posted,
            World::logs_are_equal,
            World::posted_once,
            World::money_is_conserved,
            World::stores_add_up,
            World::books_are_their_blocks,
        ];
        for check in checks {
            if self.violation.is_some() {
                return;
            }
            if let Err(sentence) = check(self) {
                self.fail(sentence, &[]);
            }
        }
    }

    pub(crate) fn root_machine(&self) -> &Root {
        &self.root.life.as_ref().expect("in quiet the root is up").machine
    }

    fn shop_machine(&self, shop: usize) -> &Subordinate {
        self.shops[shop].machine().expect("in quiet all stores are up")
    }

    /// I13
    fn all_done(&self) -> Result<(), String> {
        let root = self.root_machine();
        if root.is_recovering() {
            return Err("I13: the root still waits for stores".to_owned());
        }
        for peer in root.peers() {
            let here = self.shop_machine(peer.store as usize - 1).standing();
            let done = here.agreed
                && here.trusted
                && !here.recovering
                && here.unsent == 0
                && here.waiting == 0
                && !peer.recovering
                && peer.synced
                && peer.up_next == here.up_next
                && peer.down_next == here.down_next;
            if !done {
                return Err(format!("I13: store and root are not done with each other: {here:?}, {peer:?}"));
            }
        }
        match self.tills.iter().find(|till| !till.is_idle()) {
            Some(till) => Err(format!("I13: till {} still waits for its store", till.till + 1)),
            None => Ok(()),
        }
    }

    /// I7 and the first half of I14
    fn logs_are_equal(&self) -> Result<(), String> {
        for peer in self.root_machine().peers() {
            let machine = self.shop_machine(peer.store as usize - 1);
            let range = |to| Range { peer: peer.store, from: 0, to };
            same("up", peer.store, machine.documents(), &self.root.entries(space::UP, range(peer.up_next)))?;
            same("down", peer.store, machine.told(), &self.root.entries(space::DOWN, range(peer.down_next)))?;
        }
        Ok(())
    }

    /// I6: what a till settled is in the root's book, once and whole.
    fn posted_once(&self) -> Result<(), String> {
        let ledger = &self.root_machine().book().ledger;
        for till in &self.tills {
            for remembered in &till.settled {
                for what in &remembered.settled.operations {
                    let operation = OperationId::from_uuid(what.operation.as_u128());
                    let lines = (2..=6).filter_map(|line| ledger.known(operation.line(line)));
                    let posted: i64 = lines.filter(|known| known.is_posted()).map(|known| known.amount).sum();
                    if posted != what.amount.minor() {
                        self.postings_of(operation);
                        return Err(format!(
                            "I6: operation {:x} of till {} ({:?} {} on {}) is in the root's book with {posted}",
                            operation.0,
                            till.till + 1,
                            what.kind,
                            what.amount.minor(),
                            what.number
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    /// I6 for what was born at the root: what a store keeps as its second copy is in the root's book.
    fn copies_are_posted(&self) -> Result<(), String> {
        let ledger = &self.root_machine().book().ledger;
        for peer in self.root_machine().peers() {
            let range = Range { peer: peer.store, from: 0, to: peer.down_next };
            for entry in self.root.entries(space::DOWN, range) {
                if let Ok(Told::Copy { transfers }) = Told::from_body(&entry.body) {
                    let posted = |id| ledger.known(id).is_some_and(|known| known.is_posted());
                    let moves = transfers.iter().filter(|transfer| transfer.flags & VOID_PENDING == 0);
                    let mut moves = moves;
                    let lost = moves.find(|t| !posted(t.id) && !posted(TransferId(t.id.0 ^ 8)));
                    if let Some(lost) = lost {
                        return Err(format!("I6: {} has a copy and is not in the root's book", movement(lost)));
                    }
                }
            }
        }
        Ok(())
    }

    /// I3: all that belongs to a customer is what was received less what was handed over, taken back and expired.
    fn money_is_conserved(&self) -> Result<(), String> {
        let root = self.root_machine();
        let mut gone: BTreeMap<AccountId, i64> = BTreeMap::new();
        for posting in self.root.postings() {
            if posting.code.is_posted() && posting.transfer.code == TransferCode::LotExpire {
                *gone.entry(posting.transfer.debit).or_default() += posting.transfer.amount;
            }
        }
        let mut has: BTreeMap<(usize, u32), i64> = BTreeMap::new();
        let mut card_of: BTreeMap<u64, usize> =
            (0..self.plan.cards).map(|card| (self.ghost.owner_at_till(card), self.ghost.leader(card))).collect();
        for card in self.plan.cards..self.plan.cards + crate::till::WALK_INS {
            // Numbered by a store, and perhaps opened at the desk as well.
            let met = root.customers().filter(|customer| customer.name.is_empty() && customer.owner >> 43 == 1);
            let number = card_number(card);
            let here = met.filter(|customer| provisional(&number) == customer.owner).map(|customer| customer.owner);
            for owner in here.chain(root.whose(&number).map(|customer| customer.owner)) {
                card_of.insert(owner, card);
            }
        }
        for (_, account) in root.book().ledger.accounts() {
            let id = account.id;
            if is_customers(id)
                && let Some(card) = card_of.get(&id.owner())
            {
                *has.entry((*card, id.asset())).or_default() += account.balance() + gone.get(&id).copied().unwrap_or(0);
            }
        }
        for (card, asset, truth) in self.ghost.truths() {
            let has = has.remove(&(card, asset)).unwrap_or(0);
            let should = truth.received - truth.handed_over - truth.taken_back;
            if has != should {
                self.explain(card, asset);
                return Err(format!(
                    "I3: {} has {has} of asset {asset} at the root (with what expired), by what happened it is {should}",
                    card_number(card)
                ));
            }
        }
        Ok(())
    }

    /// I15: what a store took and gave is the same in both books. And rights are escrows, nothing is in quarantine.
    fn stores_add_up(&self) -> Result<(), String> {
        let root = &self.root_machine().book().ledger;
        if let Some((_, account)) =
            root.accounts().find(|(_, a)| a.id.kind() == Some(AccountKind::Quarantine) && a.balance() != 0)
        {
            return Err(format!("I13: {} is still in quarantine {}", account.balance(), account.id));
        }
        for shop in 0..self.shops.len() {
            let store = shop as u32 + 1;
            let ledger = &self.shop_machine(shop).book().ledger;
            if self.log.is_some() {
                let refused = self.shops[shop].node.postings().into_iter().filter(|posting| !posting.code.is_posted());
                for posting in refused.filter(|posting| posting.transfer.code != TransferCode::Hold) {
                    eprintln!("store {store} refused {} ({})", movement(&posting.transfer), posting.code);
                }
            }
            let balance = |ledger: &Ledger, id| ledger.account(id).map_or(0, |account| account.balance());
            for asset in [MONEY, POINTS] {
                for kind in [AccountKind::TenderIn, AccountKind::Redeemed] {
                    let id = AccountId::house(kind, asset, store, 0);
                    let (there, here) = (balance(root, id), balance(ledger, id));
                    if there != here {
                        return Err(format!("I15: account {id} is {there} at the root and {here} at store {store}"));
                    }
                }
            }
            let settled = self.tills.iter().filter(|till| till.shop == shop).flat_map(|till| &till.settled);
            let operations = settled.flat_map(|remembered| &remembered.settled.operations);
            let spent = |kind: OperationKind| -> i64 {
                let of_kind = operations.clone().filter(|what| what.kind == kind && what.asset == MONEY);
                of_kind.map(|what| what.amount.minor()).sum()
            };
            let redeemed = spent(OperationKind::Spend) - spent(OperationKind::PutBack);
            let id = AccountId::house(AccountKind::Redeemed, MONEY, store, 0);
            if balance(root, id) != redeemed {
                return Err(format!(
                    "I15: store {store} accepted {redeemed}, and the root has {} for it",
                    balance(root, id)
                ));
            }
        }
        Ok(())
    }

    /// I14: what the blocks say is the state.
    fn books_are_their_blocks(&self) -> Result<(), String> {
        same_after_start("the root", &self.root, Root::new(self.root_policy()), |root| &root.book().ledger)?;
        for shop in &self.shops {
            let policy = processing::machine::subordinate::Policy::default();
            let empty = Subordinate::new(1, policy, false);
            same_after_start("a store", &shop.node, empty, |store| &store.book().ledger)?;
        }
        Ok(())
    }
}

fn same_after_start<M: processing::host::Machine + Send>(
    who: &str,
    node: &Node<M>,
    empty: M,
    ledger: impl Fn(&M) -> &Ledger,
) -> Result<(), String> {
    let mut twin = Node::new(0);
    twin.disk = processing::store::memory::MemoryDisk::of(node.disk.copy());
    twin.boot(empty, 0)?;
    let (Some(life), Some(twin)) = (&node.life, &twin.life) else { return Ok(()) };
    match holdings(ledger(&life.machine)) == holdings(ledger(&twin.machine)) {
        true => Ok(()),
        false => Err(format!("I14: the blocks of {who} are not its state")),
    }
}

/// All accounts on which anything was ever moved, with their lots. An account that is only open is not in a block.
fn holdings(ledger: &Ledger) -> BTreeMap<AccountId, ([i64; 4], Vec<Lot>)> {
    let of = |account: &Account| {
        let sums = [account.debits_pending, account.debits_posted, account.credits_pending, account.credits_posted];
        (account.id, (sums, ledger.lots(account.id).collect()))
    };
    ledger.accounts().map(|(_, account)| of(account)).filter(|(_, (sums, _))| *sums != [0; 4]).collect()
}

fn same<'e>(log: &str, store: u32, here: impl Iterator<Item = &'e Entry>, there: &[Entry]) -> Result<(), String> {
    let mut there = there.iter();
    for entry in here {
        if there.next() != Some(entry) {
            return Err(format!("I7: the {log}-log of store {store} is another one at the root from {}", entry.seq));
        }
    }
    match there.next() {
        None => Ok(()),
        Some(more) => Err(format!("I7: the root has more of the {log}-log of store {store}, from {}", more.seq)),
    }
}

/// Wherever what a customer has, or owes, may be.
pub(crate) fn is_customers(id: AccountId) -> bool {
    id.kind().is_some_and(|kind| {
        use AccountKind::{Debt, Escrow, Quarantine, Suspense};
        kind.is_wallet() || matches!(kind, Escrow | Quarantine | Debt | Suspense)
    })
}

/// The owner that stores give to a number that nobody knows.
pub(crate) fn provisional(number: &str) -> u64 {
    let hash = blake3::hash(number.as_bytes());
    let low = u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("a hash has 32 bytes"));
    1 << 43 | low & ((1 << 43) - 1)
}

fn read(entry: &Entry) -> Document {
    Document::from_body(&entry.body).expect("what a store wrote can be read")
}
