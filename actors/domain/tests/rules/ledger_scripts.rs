//! One script a rule: what is asked of the ledger, and what it answers.

use domain::ledger::transfer::{PENDING, POST_PENDING};
use domain::ledger::{Code, Transfer, TransferId};
use expect_test::expect;

use super::language::{account, check, plain};
use super::lots::{accrual, desk_of_points};

#[test]
fn money_goes_in_and_out_and_never_below_zero() {
    check(
        "
        1 cash > anna 500
        open anna
        2 cash > anna 500
        3 anna > sold 600
        4 anna > sold 600 balancing
        5 anna > sold 1 balancing
        open firm 1000
        6 firm > sold 700
        7 firm > sold 301
        open firm 100
        8 firm > sold 1
        9 cash > firm 650
        10 firm > sold 50
        show anna
        show firm
        ",
        expect![[r#"
            1 CreditNotFound
            2 Created
            3 ExceedsCredits
            4 Created 500
            5 ExceedsCredits
            6 Created
            7 ExceedsCredits
            8 ExceedsCredits
            9 Created
            10 Created
            anna: 0 held 0 free 0
            firm: -100 held 0 free 0
        "#]],
    );
}

#[test]
fn the_same_operation_is_done_once() {
    check(
        "
        open anna
        1 cash > anna 500
        1 cash > anna 500
        1 cash > anna 501
        1 cash > sold 500
        1 sold > anna 500
        1 cash > anna 500 ref=7
        1 cash > anna 500 imported
        1 cash > anna 500 hold
        2 anna > sold 900 balancing
        2 anna > sold 900 balancing
        2 anna > sold 500 balancing
        2 anna > sold 500 balancing imported
        3 anna > sold 1
        4 cash > anna 100
        3 anna > sold 1
        0 cash > anna 1
        show anna
        ",
        expect![[r#"
            1 Created
            1 Exists
            1 ExistsWithDifferentAmount
            1 ExistsWithDifferentAccounts
            1 ExistsWithDifferentAccounts
            1 ExistsWithDifferentTerms
            1 Exists
            1 ExistsWithDifferentTerms
            2 Created 500
            2 Exists 500
            2 ExistsWithDifferentAmount
            2 Exists
            3 ExceedsCredits
            4 Created
            3 AlreadyFailed
            0 IdZero
            anna: 100 held 0 free 100
        "#]],
    );
}

#[test]
fn what_cannot_be_is_refused_by_its_name() {
    check(
        "
        open anna
        open points
        1 cash > anna 0
        2 cash > anna -5
        3 anna > anna 5
        4 cash > points 5
        5 boris > sold 5
        6 cash > boris 5
        7 - > anna 5
        8 cash > anna 5 hold capture
        9 cash > anna 5 lot=1/never/5
        10 campaign > points 5
        open campaign 9223372036854775807
        11 campaign > points 5 lot=1/never/4
        12 campaign > points 5 lot=1/never/6 lot=2/never/-1
        13 campaign > points 9223372036854775807
        14 campaign > points 1
        15 cash > anna 9223372036854775807
        16 cash > sold 1
        17 sold > anna 1
        ",
        expect![[r#"
            1 AmountNotPositive
            2 AmountNotPositive
            3 AccountsSame
            4 AssetsDiffer
            5 DebitNotFound
            6 CreditNotFound
            7 AssetsDiffer
            8 FlagsConflict
            9 SlicesWrong
            10 ExceedsCredits
            11 SlicesWrong
            12 SlicesWrong
            13 Created
            14 ExceedsCredits
            15 Created
            16 Overflow
            17 Overflow
        "#]],
    );
}

#[test]
fn a_chain_is_all_or_nothing() {
    check(
        "
        open anna
        open boris
        1 cash > anna 500
        2 anna > boris 300 linked
        3 boris > sold 300 linked
        4 anna > sold 201
        2 anna > boris 300 linked
        3 boris > sold 300 linked
        5 anna > sold 200
        2 anna > boris 300 linked
        3 boris > sold 300 linked
        5 anna > sold 200
        2 anna > boris 300 linked
        6 boris > sold 1 linked
        7 cash > boris 1
        show anna
        show boris
        8 cash > anna 5 hold linked
        9 capture 8 5 linked
        10 void 8
        13 cash > anna 5 linked
        13 cash > anna 6
        13 cash > anna 6
        11 cash > anna 5 linked
        12 cash > anna 6 linked
        ",
        expect![[r#"
            1 Created
            2 LinkedFailed
            3 LinkedFailed
            4 ExceedsCredits
            2 Created
            3 Created
            5 Created
            2 Exists
            3 Exists
            5 Exists
            2 Exists
            6 ExceedsCredits
            7 LinkedFailed
            anna: 0 held 0 free 0
            boris: 0 held 0 free 0
            8 LinkedFailed
            9 LinkedFailed
            10 PendingAlreadyPosted
            13 LinkedFailed
            13 ExistsWithDifferentAmount
            13 Created
            11 LinkedFailed
            12 LinkedChainOpen
        "#]],
    );
}

#[test]
fn a_chain_that_fails_opens_no_account() {
    check(
        "
        open points
        open campaign 100
        1 campaign > points 100 to=110 linked
        2 points > right 60 linked
        3 right > redeemed 60 linked
        4 points > redeemed 41
        show right
        show redeemed
        show points
        show campaign
        ",
        expect![[r#"
            1 LinkedFailed
            2 LinkedFailed
            3 LinkedFailed
            4 ExceedsCredits
            right: not open
            redeemed: not open
            points: 0 held 0 free 0
            campaign: 0 held 0 free 100
        "#]],
    );
}

#[test]
fn closed_and_blocked_accounts_still_end_their_holds() {
    check(
        "
        open anna
        1 cash > anna 500
        2 anna > sold 100 hold
        3 anna > sold 100 hold
        4 anna > sold 100 hold
        flags anna blocked
        5 anna > sold 1
        6 cash > anna 1
        7 capture 2
        flags anna closed
        8 anna > sold 1
        9 cash > anna 1
        10 capture 3
        11 void 4
        flags anna none
        12 anna > sold 300
        13 cash > anna 7
        show anna
        ",
        expect![[r#"
            1 Created
            2 Created
            3 Created
            4 Created
            5 Blocked
            6 Created
            7 Created 100
            8 DebitClosed
            9 CreditClosed
            10 Created 100
            11 Created 100
            12 Created
            13 Created
            anna: 8 held 0 free 8
        "#]],
    );
}

/// No clock of the wall is asked: only the interval that the node has measured.
#[test]
fn processing_s16_a_hold_is_captured_in_part_and_ends_once() {
    check(
        "
        open anna
        1 cash > anna 500
        2 anna > sold 500 hold=10s
        show anna
        3 anna > sold 1
        4 capture 2 501
        5 capture 2 320
        show anna
        5 capture 2 320
        5 capture 2 319
        6 capture 2 1
        7 void 2
        8 anna > sold 180 hold=10s
        clock 9999
        9 void 8
        10 void 8
        11 capture 8
        12 anna > sold 180 hold=10s
        clock 19998
        due
        clock 19999
        13 capture 12
        14 void 12
        show anna
        due
        15 capture 12
        16 void 12
        show anna
        17 capture 99
        18 capture 1
        19 anna > sold 180 hold
        20 void 19 100
        21 void 19 180
        clock 999999999
        due
        ",
        expect![[r#"
            1 Created
            2 Created
            anna: 500 held 500 free 0
            3 ExceedsCredits
            4 ExceedsPending
            5 Created
            anna: 180 held 0 free 180
            5 Exists
            5 ExistsWithDifferentAmount
            6 PendingAlreadyPosted
            7 PendingAlreadyPosted
            8 Created
            9 Created 180
            10 PendingAlreadyVoided
            11 PendingAlreadyVoided
            12 Created
            timed out []
            13 PendingExpired
            14 PendingExpired
            anna: 180 held 180 free 0
            timed out [12]
            15 PendingExpired
            16 PendingExpired
            anna: 180 held 0 free 180
            17 PendingNotFound
            18 PendingNotFound
            19 Created
            20 FlagsConflict
            21 Created
            timed out []
        "#]],
    );
}

#[test]
fn forgotten_ids_come_back_without_a_change_of_the_books() {
    let mut desk = desk_of_points();
    let points = account("points");
    let hold = |id| Transfer { flags: PENDING, ..plain(id, points, account("redeemed"), 30) };
    let capture = |id, hold| Transfer {
        flags: POST_PENDING,
        pending: TransferId(hold),
        ..plain(id, account("-"), account("-"), 10)
    };
    desk.post(&[accrual(1, 100, 200), hold(2), hold(3), capture(4, 2), plain(5, points, account("redeemed"), 900)]);
    let before = desk.ledger.hash();
    desk.ledger.forget((1..=5).map(TransferId));
    assert_eq!((1..=5).filter_map(|id| desk.ledger.known(TransferId(id))).count(), 0);
    for (posting, _) in &desk.written {
        desk.ledger.remember(posting);
    }
    assert_eq!(desk.ledger.hash(), before);
    let again = desk.post(&[accrual(1, 100, 200), hold(2), hold(3), capture(4, 2), capture(6, 2), capture(7, 3)]);
    assert_eq!(
        again,
        [Code::Exists, Code::Exists, Code::Exists, Code::Exists, Code::PendingAlreadyPosted, Code::Created]
    );
    desk.check();
}
