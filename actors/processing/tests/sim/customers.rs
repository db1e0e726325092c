//! Faults of earlier versions in who is who: merges, newcomers and points, each played step by step.

use domain::money::Money;
use messages::v1::accounts::{LotPart, OperationKind, Wallet};
use uuid::Uuid;

use crate::scenarios::script;
use crate::world::{MINUTE_MS, SECOND_MS, World};

impl World {
    fn merges(&mut self, from: usize, into: usize) -> u64 {
        let (from_owner, into_owner) = (self.ghost.owner_at_till(from), self.ghost.owner_at_till(into));
        let number = self.root_does(|root, now| root.merge_customers(from_owner, into_owner, now));
        self.ghost.join(from, into);
        number.expect("the root is up").expect("both customers are there")
    }

    /// So much is asked of a card, and what was approved is handed over.
    fn is_approved(&mut self, till: usize, card: usize, amount: i64) -> bool {
        let before = self.tills[till].approved;
        self.till_spends(till, card, Wallet::Prepaid, amount, false);
        self.pass(2 * MINUTE_MS);
        self.tills[till].approved > before
    }
}

/// A restored root had forgotten a merge, and the money of the merged customer, which was spent already, was there again.
pub(crate) fn a_merge_that_the_root_forgot() {
    let mut world = script(|plan| plan.standing_max = 1_000);
    let backup = world.root.disk.copy();
    world.merges(1, 0);
    world.pass(SECOND_MS);
    assert!(world.is_approved(0, 0, 40_000), "both have 20,000");
    world.root_goes_back_to(&backup);
    world.pass(MINUTE_MS);
    // What it knows by its rows alone.
    world.root.cut(1);
    world.boot_root(false);
    world.pass(MINUTE_MS);
    assert!(!world.is_approved(2, 1, 1), "nothing is left of it");
    world.ends_well();
}

/// The same, when the two had been parted again before.
pub(crate) fn a_parting_that_the_root_forgot() {
    let mut world = script(|plan| plan.standing_max = 1_000);
    let merge = world.merges(1, 0);
    world.pass(SECOND_MS);
    let backup = world.root.disk.copy();
    world.root_does(|root, now| root.unmerge(merge, now)).expect("the root is up").expect("it is a day old");
    world.pass(SECOND_MS);
    assert!(world.is_approved(0, 1, 20_000));
    assert!(world.is_approved(2, 0, 20_000));
    world.root_goes_back_to(&backup);
    world.pass(MINUTE_MS);
    assert!(!world.is_approved(4, 0, 1), "nothing is left of either");
    assert!(world.root().merges().all(|merge| merge.undone), "the root knows again that they are two");
    world.ends_well();
}

/// A store gave a number to somebody whom the head office knew as well; a restored root kept the two apart, each with the
/// same card, and what was on one of them could not be reached by it.
pub(crate) fn a_newcomer_whom_the_root_knew() {
    let mut world = script(|_| ());
    let card = world.plan.cards;
    world.parted[0] = true;
    world.till_settles(0, card, OperationKind::Load, Wallet::Prepaid, 3_000, Vec::new(), None);
    world.pass(SECOND_MS);
    let backup = world.root.disk.copy();
    world
        .root_does(|root, _| root.open_customer(crate::desk::customer(card)))
        .expect("the root is up")
        .expect("it is new");
    world.reads_card(1, card);
    world.pass(MINUTE_MS);
    world.root_goes_back_to(&backup);
    // The store that met the newcomer is heard first.
    world.parted[1] = true;
    world.parted[0] = false;
    world.pass(MINUTE_MS);
    world.parted[1] = false;
    world.pass(MINUTE_MS);
    assert!(world.is_approved(2, card, 3_000), "it is one customer with one card");
    world.ends_well();
}

/// Points were taken back before the root heard that they were given: from then on their campaign gave nothing to anybody.
pub(crate) fn points_taken_back_before_they_were_given() {
    let mut world = script(|_| ());
    let day = world.business_day(0);
    let part = |origin, amount| LotPart {
        origin,
        amount: Money::from_minor(amount),
        activates_on: None,
        expires_on: Some(day),
        campaign: 7,
    };
    let given = Uuid::from_u128(1 << 100);
    world.till_settles(0, 0, OperationKind::TakeBack, Wallet::Points, 500, vec![part(given, 500)], Some(given));
    world.pass(MINUTE_MS);
    world.till_settles(0, 1, OperationKind::Earn, Wallet::Points, 600, vec![part(Uuid::nil(), 600)], None);
    world.pass(MINUTE_MS);
    world.ends_well();
}
