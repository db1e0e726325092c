//! Faults of earlier versions in who is who: merges, newcomers and points, each played step by step.

use chrono::NaiveDate;
use domain::money::Money;
use messages::v1::accounts::{Identified, LotPart, OperationKind, Wallet};
use processing::machine::given::Limited;
use uuid::Uuid;

use crate::ghost::POINTS;
use crate::scenarios::script;
use crate::till::card_number;
use crate::world::{MINUTE_MS, SECOND_MS, World};

/// Points of the last day with any, and the last day of each campaign.
type GivenAt = (Option<(NaiveDate, Money)>, Vec<(u32, NaiveDate)>);

impl World {
    fn merges(&mut self, from: usize, into: usize) -> u64 {
        let (from_owner, into_owner) = (self.ghost.owner_at_till(from), self.ghost.owner_at_till(into));
        let number = self.root_does(|root, now| root.merge_customers(from_owner, into_owner, now));
        self.ghost.join(from, into);
        number.expect("the root is up").expect("both customers are there")
    }

    /// What a store says was given lately in points to whom it asks the root about.
    fn given_at(&mut self, shop: usize, card: usize) -> GivenAt {
        self.reads_card(shop, card);
        self.pass(SECOND_MS);
        let number = card_number(card);
        let identified = self.shop_does(shop, |machine, now| machine.identify(&number, true, now));
        let Some(Identified::Customer(customer)) = identified else { panic!("the card is known: {identified:?}") };
        let points = customer.wallets.into_iter().find(|state| state.wallet == Wallet::Points);
        points.map(|state| (state.earned, state.given)).expect("it has points")
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

/// While stores reported to a restored root, one customer paid for another who was merged into it, and had been parted from
/// it again: what the other one had was there to be spent, and this one owed.
pub(crate) fn a_debt_paid_before_the_parting_was_heard() {
    let mut world = script(|plan| plan.standing_max = 100_000);
    world.reads_card(1, 1);
    world.pass(MINUTE_MS);
    let backup = world.root.disk.copy();
    let merge = world.merges(1, 0);
    world.pass(MINUTE_MS);
    assert!(world.is_approved(0, 0, 40_000), "what the second store held came back");
    world.root_does(|root, now| root.unmerge(merge, now)).expect("the root is up").expect("it is a day old");
    world.pass(MINUTE_MS);
    // Who gave the money of one to the other, and then who had held it.
    world.parted[1] = true;
    world.root_goes_back_to(&backup);
    world.pass(MINUTE_MS);
    world.parted[1] = false;
    world.pass(MINUTE_MS);
    assert!(!world.is_approved(4, 1, 1) && !world.is_approved(4, 0, 1), "nothing is left of either");
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

/// What a programme gave in one store is known in the next one, also after the root was restored, and is counted together
/// when two customers turn out to be one.
pub(crate) fn what_was_given_lately_is_known_everywhere() {
    let mut world = script(|_| ());
    let limited = Limited { day: true, campaigns: [7].into() };
    world.root_does(|root, _| root.set_limited(POINTS, limited));
    world.pass(SECOND_MS);
    let backup = world.root.disk.copy();
    let day = world.business_day(0);
    let part = |amount| LotPart {
        origin: Uuid::nil(),
        amount: Money::from_minor(amount),
        activates_on: Some(day),
        expires_on: None,
        campaign: 7,
    };
    for (till, card, amount) in [(0, 0, 600), (0, 0, 50), (0, 1, 30)] {
        world.till_settles(till, card, OperationKind::Earn, Wallet::Points, amount, vec![part(amount)], None);
        world.pass(SECOND_MS);
    }
    let first = world.given_at(0, 0);
    assert_eq!(first, (Some((day, Money::from_minor(650))), vec![(7, day)]), "by what the store did itself");
    assert_eq!(world.given_at(2, 0), first, "and by what the root says");
    world.till_settles(0, 0, OperationKind::TakeBack, Wallet::Points, 50, vec![part(50)], Some(Uuid::nil()));
    world.pass(SECOND_MS);
    world.root_goes_back_to(&backup);
    world.pass(MINUTE_MS);
    assert_eq!(world.given_at(3, 0), (Some((day, Money::from_minor(600))), vec![(7, day)]));
    assert_eq!(world.given_at(3, 2), (None, Vec::new()), "nothing was given to this one");
    world.merges(1, 0);
    world.pass(MINUTE_MS);
    assert_eq!(world.given_at(1, 0).0, Some((day, Money::from_minor(630))));
    world.ends_well();
}
