//! What must hold in situations that people know by name, each played on the machines without chance in what is done.

use domain::ids::OperatorNumber;
use domain::ledger::{AccountId, AccountKind, OperationId};
use messages::v1::accounts::{DeclineCode, OperationKind, Wallet};
use processing::machine::Now;
use processing::machine::customer::CardState;
use processing::machine::root::{AskedFor, RequestState, Root};
use processing::machine::wire::Who;

use crate::desk::{ask, wallet};
use crate::ghost::{MONEY, POINTS};
use crate::plan::{Plan, Work};
use crate::till::card_number;
use crate::world::{Event, HOUR_MS, MINUTE_MS, SECOND_MS, World};

pub(crate) fn script(change: impl FnOnce(&mut Plan)) -> World {
    let mut plan = Plan::calm(Work::Script);
    plan.cards = 4;
    change(&mut plan);
    let mut world = World::new(plan, 1, false);
    world.run_to(5 * SECOND_MS);
    world
}

impl World {
    pub(crate) fn pass(&mut self, ms: u64) {
        self.run_to(self.at_ms + ms);
        self.is_whole();
    }

    fn is_whole(&self) {
        if let Some(violation) = &self.violation {
            panic!("at {} ms: {}", violation.at_ms, violation.sentence);
        }
    }

    pub(crate) fn reads_card(&mut self, shop: usize, card: usize) {
        let asked = self.shop_does(shop, |machine, _| machine.want(Who::Number(card_number(card))));
        self.send_up(asked.flatten().expect("the store agrees with the root"));
    }

    fn buys(&mut self, till: usize, card: usize, amount: i64) {
        self.till_spends(till, card, Wallet::Prepaid, amount, false);
    }

    pub(crate) fn root(&self) -> &Root {
        &self.root.life.as_ref().expect("the root is up").machine
    }

    pub(crate) fn total(&self, card: usize) -> i64 {
        self.root().total(wallet(MONEY, self.ghost.owner_at_till(card)))
    }

    pub(crate) fn quarantine(&self) -> i64 {
        self.root()
            .book()
            .ledger
            .accounts()
            .map(|(_, account)| account)
            .filter(|account| account.id.kind() == Some(AccountKind::Quarantine))
            .map(|account| account.balance())
            .sum()
    }

    pub(crate) fn kill_shop(&mut self, shop: usize) {
        self.shops[shop].node.cut(1);
        self.shops[shop].forget();
    }

    pub(crate) fn incarnation(&self, shop: usize) -> u32 {
        self.shops[shop].machine().map_or(0, |machine| machine.standing().incarnation)
    }

    pub(crate) fn ends_well(&mut self) {
        self.calm_down();
        self.pass(2 * MINUTE_MS);
        self.check_quiet();
        self.is_whole();
    }
}

/// Two stores without a line sell for exactly the rights that they hold.
pub(crate) fn s02_same_card_two_parted_stores() {
    let mut world = script(|plan| (plan.opening, plan.standing_max) = (1000, 600));
    world.reads_card(0, 0);
    world.pass(5 * SECOND_MS);
    // The first store is alone already: it cannot be asked to give back.
    world.parted[0] = true;
    world.reads_card(1, 0);
    world.pass(5 * SECOND_MS);
    world.parted[1] = true;
    for _ in 0..20 {
        world.buys(0, 0, 100);
        world.buys(2, 0, 100);
        world.pass(MINUTE_MS);
    }
    assert_eq!((world.tills[0].approved, world.tills[2].approved), (6, 4));
    world.parted.fill(false);
    world.pass(MINUTE_MS);
    assert_eq!(world.total(0), 0);
    world.ends_well();
}

/// Every message three times and in any order: the balances are those of the clean run.
pub(crate) fn s06_duplicates() {
    let play = |copies: Option<u64>, most_ms: u64| {
        let mut world = script(|plan| {
            plan.opening = 1_000_000;
            plan.standing_max = 100_000;
            (plan.line.copies, plan.line.most_ms) = (copies, most_ms);
        });
        for round in 0..200 {
            let (till, card) = (round % 8, round % 4);
            match round % 3 {
                0 => drop(world.till_settles(till, card, OperationKind::Load, Wallet::Prepaid, 70, Vec::new(), None)),
                _ => world.buys(till, card, 100 + round as i64),
            }
            world.pass(MINUTE_MS);
        }
        world.ends_well();
        let ledger = &world.root().book().ledger;
        let house = |kind, store| ledger.account(AccountId::house(kind, MONEY, store, 0)).map_or(0, |a| a.balance());
        let stores = (1..=4).map(|store| (house(AccountKind::Redeemed, store), house(AccountKind::TenderIn, store)));
        ((0..4).map(|card| world.total(card)).collect::<Vec<_>>(), stores.collect::<Vec<_>>(), world.stats.approved)
    };
    assert_eq!(play(None, 1), play(Some(3), 900));
}

/// A store gets yesterday's book back: all comes back, from the root and from its tills.
pub(crate) fn s09_store_restored_from_a_backup() {
    let mut plan = Plan::calm(Work::Plain);
    (plan.till_every_ms, plan.opening) = (40 * SECOND_MS, 1_000_000);
    let mut world = World::new(plan, 9, false);
    world.pass(HOUR_MS);
    let backup = world.shops[0].node.disk.copy();
    world.pass(6 * HOUR_MS);
    world.parted[0] = true;
    world.pass(HOUR_MS / 2);
    world.kill_shop(0);
    world.shops[0].node.disk.put_back(backup);
    world.parted[0] = false;
    world.boots_restored(0, true);
    world.pass(MINUTE_MS);
    let peer = world.root().peers().into_iter().find(|peer| peer.store == 1).expect("the store is known");
    assert_eq!(peer.incarnation, 1, "one comparison of logs finds it");
    world.quiet = true;
    world.pass(MINUTE_MS);
    assert_eq!(world.quarantine(), 0);
    world.ends_well();
}

/// A machine is set back and nobody says so, without a line: it approves nothing until the root has spoken.
pub(crate) fn s10_silent_rollback_without_a_line() {
    let mut world = script(|_| ());
    world.reads_card(0, 0);
    world.pass(5 * SECOND_MS);
    let backup = world.shops[0].node.disk.copy();
    world.buys(0, 0, 20_000);
    world.pass(MINUTE_MS);
    assert_eq!(world.tills[0].approved, 1);
    world.parted[0] = true;
    world.kill_shop(0);
    world.shops[0].node.disk.put_back(backup);
    world.boots_restored(0, false);
    for _ in 0..30 {
        world.pass(MINUTE_MS);
        world.buys(1, 0, 100);
    }
    world.pass(MINUTE_MS);
    assert_eq!(world.tills[1].approved, 0);
    assert!(world.tills[1].declined.iter().all(|code| *code == DeclineCode::NotReady));
    world.ends_well();
}

/// The root's disk is lost and its backup is six hours old: stores sell on, and all of it comes back.
pub(crate) fn s11_root_lost() {
    let mut plan = Plan::calm(Work::Plain);
    (plan.shops, plan.tills, plan.opening, plan.standing_max) = (16, 1, 1_000_000, 50_000);
    plan.till_every_ms = 2 * MINUTE_MS;
    let mut world = World::new(plan, 11, false);
    world.pass(HOUR_MS);
    let backup = world.root.disk.copy();
    world.pass(6 * HOUR_MS);
    world.root.cut(1);
    let approved = world.stats.approved;
    world.pass(HOUR_MS / 2);
    assert!(world.stats.approved > approved, "stores sell from the rights that they hold");
    world.root.disk.put_back(backup);
    world.parted[15] = true;
    world.boots_root_restored();
    world.pass(5 * MINUTE_MS);
    assert!(world.root().is_recovering(), "it gives no rights before the last store has reported");
    world.parted[15] = false;
    world.pass(2 * MINUTE_MS);
    assert!(!world.root().is_recovering());
    world.ends_well();
}

/// A store burns down: two people fence it and write it off, and what it held is the customers' again.
pub(crate) fn s12_dead_store() {
    let mut world = script(|_| ());
    world.reads_card(0, 0);
    world.pass(5 * SECOND_MS);
    world.kill_shop(0);
    let (fence, off) = (OperationId(1 << 90 | 16), OperationId(1 << 90 | 32));
    let reason = "burnt down".to_owned();
    world
        .root_does(|root, now| ask(root, fence, AskedFor::Fence { store: 1, reason: reason.clone() }, now))
        .unwrap()
        .unwrap();
    assert!(world.quarantine() > 0);
    world.root_does(|root, now| ask(root, off, AskedFor::WriteOff { store: 1, reason }, now)).unwrap().unwrap();
    assert_eq!(world.quarantine(), 0);
    let account = wallet(MONEY, world.ghost.owner_at_till(0));
    assert_eq!(world.root().book().ledger.available(account, world.root.day(world.at_ms)), world.plan.opening);
    let judged = |request: &processing::machine::root::Request| {
        request.by == OperatorNumber("1".to_owned())
            && request.state == RequestState::Done { by: OperatorNumber("2".to_owned()) }
    };
    assert_eq!(world.root().requests().filter(|request| judged(request)).count(), 2);
}

/// A blocked card is refused where there is a line; where there is none the loss is what was shown before.
pub(crate) fn s13_block() {
    let mut world = script(|plan| plan.standing_max = 5_000);
    for shop in [0, 1] {
        world.reads_card(shop, 0);
        world.pass(5 * SECOND_MS);
    }
    world.parted[1] = true;
    world.root_does(|root, _| root.set_card(&card_number(0), CardState::Blocked)).unwrap().unwrap();
    let exposure = world.root().exposure(world.ghost.owner_at_till(0));
    let money =
        |store| exposure.iter().filter(|(s, id, _)| *s == store && id.asset() == MONEY).map(|e| e.2).sum::<i64>();
    world.pass(2 * SECOND_MS);
    world.buys(0, 0, 10);
    world.pass(MINUTE_MS);
    assert_eq!(world.tills[0].declined, [DeclineCode::CardBlocked]);
    let before = world.total(0);
    for _ in 0..20 {
        world.buys(2, 0, 700);
        world.pass(MINUTE_MS);
    }
    world.parted[1] = false;
    world.pass(MINUTE_MS);
    assert!(before - world.total(0) <= money(2) && world.tills[2].approved > 0);
    world.ends_well();
}

/// A day without the root: customers in their usual store pay, and all gather points.
pub(crate) fn s14_offline_day() {
    let mut world = script(|plan| {
        (plan.cards, plan.opening, plan.standing_max, plan.idle_ms) = (100, 20_000, 200_000, 48 * HOUR_MS);
    });
    for card in 0..100 {
        world.reads_card(card % 4, card);
        world.pass(SECOND_MS);
    }
    world.parted.fill(true);
    let (mut asked, mut earned) = (0, 0);
    for round in 0..1300 {
        // 1.3 stores each: most come to their usual one.
        let card = round % 100;
        let shop = if round % 13 == 0 { (card + 1) % 4 } else { card % 4 };
        let till = shop * 2 + round % 2;
        asked += 1;
        world.buys(till, card, 1_000);
        world.pass(MINUTE_MS);
        world.till_settles(till, card, OperationKind::Earn, Wallet::Points, 10, vec![points(10)], None);
        earned += 10;
    }
    let approved: u64 = world.tills.iter().map(|till| till.approved).sum();
    assert!(approved * 100 >= asked * 85, "{approved} of {asked} were approved");
    world.ends_well();
    let all: i64 = (0..100).map(|card| world.root().total(wallet(POINTS, world.ghost.owner_at_till(card)))).sum();
    assert_eq!(all, 100 * 20_000 + earned);
}

fn points(amount: i64) -> messages::v1::accounts::LotPart {
    messages::v1::accounts::LotPart {
        origin: uuid::Uuid::nil(),
        amount: domain::money::Money::from_minor(amount),
        activates_on: None,
        expires_on: None,
        campaign: 1,
    }
}

/// One store holds all, the customer stands in another: it is there within 300 ms.
pub(crate) fn s15_recall() {
    let mut world = script(|plan| {
        (plan.opening, plan.standing_max, plan.batch_per_mille) = (2_000, 2_000, 0);
        (plan.line.least_ms, plan.line.most_ms) = (25, 25);
    });
    world.reads_card(0, 0);
    world.pass(30 * SECOND_MS);
    world.buys(2, 0, 2_000);
    world.pass(300);
    assert_eq!(world.tills[2].approved, 1);
    world.pass(MINUTE_MS);
    world.ends_well();
}

/// A merge and its undoing while a store has no line and holds rights and an open hold.
pub(crate) fn s22_merge_in_a_partition() {
    let mut world = script(|plan| plan.standing_max = 5_000);
    for (shop, card) in [(0, 0), (0, 1), (1, 0)] {
        world.reads_card(shop, card);
        world.pass(5 * SECOND_MS);
    }
    world.buys(0, 0, 4_000);
    world.pass(100);
    world.parted[0] = true;
    let owners = [world.ghost.owner_at_till(0), world.ghost.owner_at_till(1)];
    let both = |world: &World| owners.iter().map(|owner| world.root().total(wallet(MONEY, *owner))).sum::<i64>();
    let before = both(&world);
    let number = world.root_does(|root, now: Now| root.merge_customers(owners[0], owners[1], now)).unwrap().unwrap();
    world.ghost.join(1, 0);
    assert_eq!(both(&world), before);
    world.pass(MINUTE_MS);
    world.parted[0] = false;
    world.pass(MINUTE_MS);
    assert_eq!(both(&world), before - 4_000);
    let account = wallet(MONEY, owners[0]);
    let day = world.root.day(world.at_ms);
    assert_eq!(world.root().book().ledger.available(account, day), 0, "what comes back goes on to the other");
    world.root_does(|root, now: Now| root.unmerge(number, now)).unwrap().unwrap();
    assert!(world.root().book().ledger.available(account, day) > 0);
    assert_eq!(both(&world), before - 4_000);
    world.ends_well();
}

/// Sixteen stores are updated one after another while people pay at all of them: a payment waits, none is declined.
pub(crate) fn s25_rolling_update() {
    let mut plan = Plan::calm(Work::Plain);
    (plan.shops, plan.cards, plan.till_every_ms) = (16, 200, 15 * SECOND_MS);
    (plan.opening, plan.standing_max, plan.spend_max) = (10_000_000, 100_000, 1_000);
    // One line keeps its order.
    (plan.line.least_ms, plan.line.most_ms) = (50, 50);
    let mut world = World::new(plan, 25, false);
    world.pass(5 * MINUTE_MS);
    for shop in 0..16 {
        world.kill_shop(shop);
        world.after(3 * SECOND_MS, Event::BootShop { shop, restored: false });
        world.pass(20 * SECOND_MS);
    }
    world.ends_well();
    let declined: Vec<DeclineCode> = world.tills.iter().flat_map(|till| till.declined.clone()).collect();
    assert!(declined.is_empty(), "{declined:?}");
    assert!(world.stats.approved > 500, "{} payments", world.stats.approved);
}
