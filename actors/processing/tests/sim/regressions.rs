//! Faults of earlier versions, each played step by step and named after what was wrong. And seeds that once failed.

use messages::v1::accounts::{OperationKind, Wallet};
use processing::machine::root::{AskedFor, Policy, Root};
use processing::machine::wire::{Reply, Say, ToRoot};

use crate::ghost::MONEY;
use crate::plan::{Plan, Work};
use crate::scenarios::script;
use crate::world::{Event, HOUR_MS, MINUTE_MS, SECOND_MS, World};

/// Once failed; run again always.
pub(crate) const PLAIN_SEEDS: [u64; 8] = [1, 2, 4, 5, 10, 11, 12, 20];
pub(crate) const ALL_SEEDS: [u64; 13] =
    [2080, 2209, 2276, 2291, 2414, 2982, 3192, 4271, 5065, 10188, 10733, 20453, 20704];

fn busy(seed: u64) -> World {
    let mut plan = Plan::calm(Work::Plain);
    (plan.till_every_ms, plan.cards) = (20 * SECOND_MS, 20);
    World::new(plan, seed, false)
}

impl World {
    fn fences(&mut self, store: u32) {
        let what = AskedFor::Fence { store, reason: "a test".to_owned() };
        self.asks_at_desk(what);
    }

    fn goes_back_to(&mut self, shop: usize, backup: &[u8], said: bool) {
        if self.shops[shop].node.is_up() {
            self.kill_shop(shop);
        }
        self.shops[shop].node.disk.put_back(backup.to_vec());
        self.boots_restored(shop, said);
    }

    pub(crate) fn root_goes_back_to(&mut self, backup: &[u8]) {
        self.root.cut(1);
        self.root.disk.put_back(backup.to_vec());
        self.boots_root_restored();
    }
}

/// A fence told what it filled in relative to the backup of its day: a store with an older one could not follow.
pub(crate) fn a_backup_from_before_the_last_fence() {
    let mut world = busy(1);
    world.pass(HOUR_MS / 2);
    let oldest = world.shops[0].node.disk.copy();
    world.pass(HOUR_MS / 2);
    let older = world.shops[0].node.disk.copy();
    world.pass(HOUR_MS / 2);
    for backup in [older, oldest] {
        world.goes_back_to(0, &backup, true);
        world.pass(HOUR_MS / 2);
    }
    assert_eq!(world.incarnation(0), 2);
    world.ends_well();
}

/// A fence crossed documents on their way: each side refused the other for ever.
pub(crate) fn a_fence_and_documents_on_their_way() {
    let mut world = busy(2);
    world.pass(HOUR_MS / 2);
    world.parted[0] = true;
    world.pass(10 * MINUTE_MS);
    world.fences(1);
    world.parted[0] = false;
    world.pass(10 * MINUTE_MS);
    assert_eq!(world.incarnation(0), 1);
    world.ends_well();
}

/// A store's log was cut by a fence, and its backup held the log from before: what was cut was taken for a fork.
pub(crate) fn a_backup_with_what_a_fence_cut() {
    let mut world = busy(3);
    world.pass(HOUR_MS / 2);
    world.parted[0] = true;
    world.pass(10 * MINUTE_MS);
    let backup = world.shops[0].node.disk.copy();
    world.fences(1);
    world.parted[0] = false;
    world.pass(20 * MINUTE_MS);
    world.goes_back_to(0, &backup, true);
    world.pass(10 * MINUTE_MS);
    world.ends_well();
}

/// A crash between the fence and the word that all is told: the quarantine stayed.
pub(crate) fn a_crash_between_fence_and_recovery() {
    let mut world = busy(4);
    world.pass(HOUR_MS / 2);
    world.fences(1);
    let until = world.at_ms + MINUTE_MS;
    while world.incarnation(0) == 0 && world.at_ms < until {
        world.pass(1);
    }
    assert!(world.shops[0].machine().is_some_and(|machine| machine.standing().recovering));
    world.kill_shop(0);
    world.after(SECOND_MS, Event::BootShop { shop: 0, restored: false });
    world.pass(2 * MINUTE_MS);
    assert_eq!(world.quarantine(), 0);
    world.ends_well();
}

/// Words of the root were lost while the store always had something to say: it never asked for them again.
pub(crate) fn words_of_the_root_are_lost() {
    let mut world = busy(5);
    world.pass(10 * MINUTE_MS);
    world.loses = Some(|reply| matches!(reply, Reply::Downs { .. }));
    world.pass(10 * MINUTE_MS);
    world.loses = None;
    world.pass(MINUTE_MS);
    world.ends_well();
}

/// The same comparison of logs came once more, late: the store was fenced again for nothing.
pub(crate) fn a_late_second_comparison() {
    let mut world = busy(6);
    world.pass(10 * MINUTE_MS);
    let backup = world.shops[0].node.disk.copy();
    world.pass(10 * MINUTE_MS);
    world.goes_back_to(0, &backup, true);
    world.pass(5 * MINUTE_MS);
    assert_eq!(world.incarnation(0), 1);
    let late = world.restored_syncs.clone();
    assert!(!late.is_empty());
    for message in late {
        world.after(1, Event::ToRoot(message));
    }
    world.pass(5 * MINUTE_MS);
    assert_eq!(world.incarnation(0), 1);
    world.ends_well();
}

/// The root was restored and its welcome was lost: both waited for each other.
pub(crate) fn a_restored_root_whose_welcome_is_lost() {
    let mut world = busy(7);
    world.pass(10 * MINUTE_MS);
    let backup = world.root.disk.copy();
    world.pass(10 * MINUTE_MS);
    world.root_goes_back_to(&backup);
    world.loses = Some(|reply| matches!(reply, Reply::Welcome { .. }));
    world.pass(5 * MINUTE_MS);
    assert!(world.root().is_recovering());
    world.loses = None;
    world.pass(MINUTE_MS);
    assert!(!world.root().is_recovering());
    world.ends_well();
}

/// A root was restored twice from one backup: both lives had one epoch, and stores took the first for the second.
pub(crate) fn a_root_restored_twice_from_one_backup() {
    let mut world = busy(8);
    world.pass(10 * MINUTE_MS);
    let backup = world.root.disk.copy();
    for _ in 0..3 {
        world.pass(10 * MINUTE_MS);
        world.root_goes_back_to(&backup);
    }
    world.pass(2 * MINUTE_MS);
    assert!(!world.root().is_recovering());
    world.ends_well();
}

/// A store was fenced while it had no line, and then the root was set back to just after the fence: it waited for documents
/// that the fence had cut off, and did not tell the store of the fence.
pub(crate) fn a_fence_that_nobody_heard_and_a_restored_root() {
    let mut world = busy(9);
    world.pass(HOUR_MS / 2);
    world.parted[0] = true;
    world.pass(10 * MINUTE_MS);
    world.fences(1);
    world.pass(SECOND_MS);
    let backup = world.root.disk.copy();
    world.pass(MINUTE_MS);
    world.root_goes_back_to(&backup);
    world.parted[0] = false;
    world.pass(2 * MINUTE_MS);
    assert!(!world.root().is_recovering());
    assert_eq!((world.incarnation(0), world.quarantine()), (1, 0));
    world.ends_well();
}

/// Money was paid in at a store without a line, and goods were approved for it; when a fence cut that off, the root gave the
/// money to another store before the till with the approval had told of it.
pub(crate) fn money_of_a_fenced_store_with_an_approval_on_it() {
    for seed in 1..=20 {
        let mut plan = Plan::calm(Work::Script);
        plan.cards = 4;
        let mut world = World::new(plan, seed, false);
        world.pass(5 * SECOND_MS);
        world.reads_card(0, 0);
        world.pass(5 * SECOND_MS);
        world.parted[0] = true;
        world.till_settles(0, 0, OperationKind::Load, Wallet::Prepaid, 3_000, Vec::new(), None);
        world.till_spends(1, 0, Wallet::Prepaid, 20_000, false);
        world.pass(MINUTE_MS);
        world.fences(1);
        world.till_spends(0, 0, Wallet::Prepaid, 3_000, false);
        while world.tills[0].approved == 0 {
            world.pass(100);
        }
        world.parted[0] = false;
        // It is asked for elsewhere as soon as it can be, and the goods of the first are handed over later.
        for _ in 0..20 {
            if world.tills[2].is_idle() {
                world.till_spends(2, 0, Wallet::Prepaid, 3_000, false);
            }
            world.pass(2 * SECOND_MS);
        }
        world.pass(MINUTE_MS);
        assert_eq!((world.tills[0].approved, world.tills[1].approved, world.tills[2].approved), (1, 1, 0));
        world.ends_well();
    }
}

/// A right was given back, and then both books were set back behind it: the store would have spent it once more.
pub(crate) fn a_returned_right_that_both_books_forgot() {
    let mut world = script(|_| ());
    world.reads_card(0, 0);
    world.pass(5 * SECOND_MS);
    let (shop, root) = (world.shops[0].node.disk.copy(), world.root.disk.copy());
    // The other store wants all of it: the right goes back, is given to the other, and is spent there.
    world.till_spends(2, 0, Wallet::Prepaid, 20_000, false);
    world.pass(3 * MINUTE_MS);
    assert_eq!(world.tills[2].approved, 1);
    world.parted[1] = true;
    world.root_goes_back_to(&root);
    world.goes_back_to(0, &shop, false);
    world.pass(MINUTE_MS);
    world.till_spends(0, 0, Wallet::Prepaid, 20_000, false);
    world.pass(MINUTE_MS);
    assert_eq!(world.tills[0].approved, 0);
    world.parted[1] = false;
    world.pass(MINUTE_MS);
    assert_eq!(world.total(0), 0, "asset {MONEY}");
    world.ends_well();
}

/// A right was given and spent, and then both books were set back behind it. The store had told the root that it was restored
/// and lost its line before its tills' words went up: the root took it for reported, and gave the money to another store.
pub(crate) fn a_given_right_that_both_books_forgot() {
    let mut world = script(|_| ());
    // The root's backup is the later one: it has words for the store that the store has lost.
    let shop = world.shops[0].node.disk.copy();
    world.reads_card(0, 1);
    world.pass(5 * SECOND_MS);
    let root = world.root.disk.copy();
    world.reads_card(0, 0);
    world.pass(5 * SECOND_MS);
    world.till_spends(0, 0, Wallet::Prepaid, 20_000, false);
    world.pass(MINUTE_MS);
    assert_eq!(world.tills[0].approved, 1);
    world.root_goes_back_to(&root);
    world.goes_back_to(0, &shop, true);
    let until = world.at_ms + MINUTE_MS;
    while !world.root().peers()[0].synced && world.at_ms < until {
        world.pass(1);
    }
    world.parted[0] = true;
    world.pass(MINUTE_MS);
    world.till_spends(2, 0, Wallet::Prepaid, 20_000, false);
    world.pass(3 * MINUTE_MS);
    assert_eq!((world.tills[2].approved, world.root().is_recovering()), (0, true));
    world.parted[0] = false;
    world.pass(MINUTE_MS);
    assert!(!world.root().is_recovering());
    world.ends_well();
}

/// Two lives of a restored root heard of the same earlier one, and both took the number after it: stores that knew the first
/// took the second for it, and neither heard the other again.
pub(crate) fn two_lives_that_heard_of_the_same_epoch() {
    let life = |second: u64| {
        let world = script(|_| ());
        let mut root = Root::new(Policy::default());
        root.add_store(1);
        root.restored();
        let hello = ToRoot { from: 1, epoch: 5_000_000, say: Say::Hello };
        root.on_store(hello, world.root.now(second * SECOND_MS));
        root.epoch()
    };
    assert_ne!(life(10), life(11));
}
