//! Scripts of lots: which are used, where they go, and what happens when there are very many.

use domain::ledger::transfer::{IMPORTED, PENDING};
use domain::ledger::{AccountId, AccountKind, Code, LotTerms, SLICES_MAX, Slice, Transfer, TransferId};
use expect_test::expect;

use super::language::{Desk, POINTS, account, check, plain};

#[test]
fn processing_s17_the_lot_that_expires_first_is_used_first_and_comes_back_as_it_was() {
    check(
        "
        open points
        open campaign 1000
        1 campaign > points 300
        2 campaign > points 200 to=130
        3 campaign > points 100 to=100
        4 points > redeemed 250
        show points
        5 redeemed > points 250 lot=3/100/100 lot=2/130/150
        show points
        day 101
        show points
        6 points > redeemed 600
        7 points > redeemed 600 balancing
        8 points > redeemed 100 lot=3/100/100
        9 points > redeemed 100 lot=3/100/100 imported
        show points
        ",
        expect![[r#"
            1 Created
            2 Created
            3 Created
            4 Created
            points: 350 held 0 free 350, 2/130/50, 1/never/300
            5 Created
            points: 600 held 0 free 600, 3/100/100, 2/130/200, 1/never/300
            points: 600 held 0 free 500, 3/100/100, 2/130/200, 1/never/300
            6 ExceedsCredits
            7 Created 500
            8 LotsMissing
            9 Created
            points: 0 held 0 free 0
        "#]],
    );
}

#[test]
fn a_hold_pins_its_lots_beyond_their_day() {
    check(
        "
        open points
        open campaign 1000
        1 campaign > points 100 to=100
        2 campaign > points 100 to=120
        3 campaign > points 100 from=105
        4 points > redeemed 150 hold
        show points
        5 points > redeemed 51
        day 101
        show points
        6 capture 4 120
        show points
        day 105
        show points
        7 points > redeemed 180
        show points
        ",
        expect![[r#"
            1 Created
            2 Created
            3 Created
            4 Created
            points: 300 held 150 free 50, 1/100/100 held 100, 2/120/100 held 50, 3/never/100
            5 ExceedsCredits
            points: 300 held 150 free 50, 1/100/100 held 100, 2/120/100 held 50, 3/never/100
            6 Created
            points: 180 held 0 free 80, 2/120/80, 3/never/100
            points: 180 held 0 free 180, 2/120/80, 3/never/100
            7 Created
            points: 0 held 0 free 0
        "#]],
    );
}

#[test]
fn lots_go_to_a_right_and_come_back_with_their_days() {
    check(
        "
        open points
        open campaign 1000
        1 campaign > points 100 to=110
        2 campaign > points 100 to=120
        3 points > right 150
        show points
        show right
        4 right > redeemed 120
        day 121
        5 right > points 30
        6 right > points 30 lot=2/120/30 imported
        show points
        show right
        ",
        expect![[r#"
            1 Created
            2 Created
            3 Created
            points: 50 held 0 free 50, 2/120/50
            right: 150 held 0 free 150, 1/110/100, 2/120/50
            4 Created
            5 ExceedsCredits
            6 Created
            points: 80 held 0 free 0, 2/120/80
            right: 0 held 0 free 0
        "#]],
    );
}

pub(super) fn accrual(id: u128, amount: i64, expires_on: i32) -> Transfer {
    let lot = LotTerms { expires_on, ..LotTerms::NONE };
    Transfer { lot, ..plain(id, account("campaign"), account("points"), amount) }
}

pub(super) fn desk_of_points() -> Desk {
    let mut desk = Desk::new();
    desk.open(account("points"), 0);
    desk.open(account("campaign"), i64::MAX);
    desk
}

#[test]
fn very_many_lots_of_the_same_terms_become_one_and_are_found_by_what_they_were() {
    let mut desk = desk_of_points();
    let points = account("points");
    let accruals: Vec<Transfer> = (1..=256).map(|id| accrual(id, 10, 200)).collect();
    desk.post(&accruals);
    let hold = Transfer { flags: PENDING, ..plain(1000, points, account("redeemed"), 25) };
    assert_eq!(desk.post(&[hold]), [Code::Created]);
    assert_eq!(desk.ledger.lots(points).count(), 256);
    desk.post(&[accrual(257, 10, 200)]);
    let lots: Vec<_> = desk.ledger.lots(points).map(|lot| (lot.slice.origin.0, lot.slice.amount, lot.held)).collect();
    assert_eq!(lots, [(1, 2555, 10), (2, 10, 10), (3, 5, 5)]);
    desk.check();
    // Another node, which did not merge, names lots that are no more here.
    let named = |origin: u128| Slice {
        expires_on: 200,
        origin: TransferId(origin),
        activates_on: i32::MIN,
        campaign: 0,
        amount: 10,
    };
    let burn = Transfer { slices: vec![named(100), named(101)], ..plain(1001, points, account("redeemed"), 20) };
    assert_eq!(desk.post(&[burn.clone(), burn]), [Code::Created, Code::Exists]);
    assert_eq!(desk.ledger.account(points).map(|account| account.balance()), Some(2550));
    desk.check();
}

#[test]
fn one_transfer_moves_at_most_so_many_lots() {
    let mut desk = desk_of_points();
    let points = account("points");
    let lots = SLICES_MAX as i64 + 10;
    let accruals: Vec<Transfer> = (1..=lots).map(|id| accrual(id as u128, 1, 200 + id as i32)).collect();
    desk.post(&accruals);
    assert_eq!(desk.ledger.available(points, 100), SLICES_MAX as i64);
    let all = |id| plain(id, points, account("redeemed"), lots);
    let first = plain(5001, points, account("redeemed"), SLICES_MAX as i64);
    let rest = plain(5002, points, account("redeemed"), 10);
    assert_eq!(desk.post(&[all(5000), first, rest]), [Code::ExceedsCredits, Code::Created, Code::Created]);
    desk.check();
}

#[test]
fn what_has_expired_and_is_not_held_is_told() {
    let mut desk = desk_of_points();
    let points = account("points");
    desk.post(&[accrual(1, 100, 100), accrual(2, 50, 101), accrual(3, 7, 102)]);
    desk.post(&[Transfer { flags: PENDING, ..plain(4, points, account("redeemed"), 30) }]);
    let expired = |day| desk.ledger.expired_lots(points, day).iter().map(|lot| lot.amount).collect::<Vec<_>>();
    assert_eq!(expired(100), [0; 0]);
    assert_eq!(expired(101), [70]);
    assert_eq!(expired(102), [70, 50]);
    let breakage = AccountId::house(AccountKind::Breakage, POINTS, 0, 0);
    let slices = desk.ledger.expired_lots(points, 102);
    desk.now.day = 102;
    assert_eq!(desk.post(&[Transfer { slices, flags: IMPORTED, ..plain(5, points, breakage, 120) }]), [Code::Created]);
    assert_eq!(desk.ledger.available(points, 102), 7);
    desk.check();
}
