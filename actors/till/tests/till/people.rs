//! PINs that are tried, cards, tills that are left for a while.

use chrono::TimeDelta;
use messages::v1::document::AuditKind;
use messages::v1::till::TillCommand;
use messages::v1::view::TillMode;

use crate::shop::{Counter, Shop, approve, number, sell, sign_on};

async fn wrong(counter: &Counter, shop: &Shop, times: usize) {
    for _ in 0..times {
        assert_eq!(counter.refused(sign_on("8", "0000")).await, "wrong_pin");
        shop.later(TimeDelta::seconds(301));
    }
}

#[test]
fn wrong_pins_slow_down_then_block_until_a_supervisor_helps() {
    let shop = Shop::staffed();
    shop.run(async |counter| {
        counter.open_shift_as("9", "9999", "0.00").await;
        for _ in 0..3 {
            assert_eq!(counter.refused(sign_on("8", "0000")).await, "wrong_pin");
        }
        // The right one waits too, and nobody else does.
        assert_eq!(counter.refused(sign_on("8", "4321")).await, "pin_wait");
        counter.give(sign_on("9", "9999")).await;
        shop.later(TimeDelta::seconds(5));
        assert_eq!(counter.refused(sign_on("8", "0000")).await, "wrong_pin");
        shop.later(TimeDelta::seconds(9));
        assert_eq!(counter.refused(sign_on("8", "4321")).await, "pin_wait");
        shop.later(TimeDelta::seconds(1));
        counter.give(sign_on("8", "4321")).await;
        // All in a row count, and only those.
        wrong(counter, &shop, 9).await;
    });
    shop.run(async |counter| {
        wrong(counter, &shop, 1).await;
        assert_eq!(counter.audits(AuditKind::PinBlocked).await.len(), 1);
        assert_eq!(counter.lacks(sign_on("8", "4321")).await, "approve");
        assert_eq!(counter.refused(approve("9", "9999")).await, "missing_right");
        counter.give(approve("5", "5555")).await;
        assert_eq!(counter.view().await.operator.as_deref(), Some("Петрова"));
        assert_eq!(counter.audits(AuditKind::Approved).await[0].subject, "approve");
        assert_eq!(counter.journal_count("pin_forgiven").await, 1);
        assert_eq!(counter.journal_count("pin_wrong").await, 14);
        wrong(counter, &shop, 1).await;
        counter.give(sign_on("8", "4321")).await;
    });
}

#[test]
fn a_supervisor_who_approves_with_the_right_pin_begins_anew() {
    let shop = Shop::staffed();
    shop.run(async |counter| {
        counter.open_shift_as("8", "4321", "0.00").await;
        for _ in 0..5 {
            counter.sell("1", "MILK").await;
            counter.lacks(TillCommand::Cancel).await;
            for _ in 0..2 {
                assert_eq!(counter.refused(approve("5", "0000")).await, "wrong_pin");
            }
            counter.give(approve("5", "5555")).await;
        }
    });
}

#[test]
fn a_card_signs_on_and_approves() {
    let shop = Shop::staffed();
    shop.run(async |counter| {
        assert_eq!(counter.refused(sign_on("CARD-OF-6", "")).await, "unknown_operator");
        counter.open_shift_as("CARD-OF-5", "", "0.00").await;
        assert_eq!(counter.view().await.operator.as_deref(), Some("Сидоров"));
        counter.give(sign_on("8", "4321")).await;
        counter.sell("1", "MILK").await;
        assert_eq!(counter.lacks(TillCommand::Cancel).await, "cancel_receipt");
        let cancelled = counter.give(approve("CARD-OF-5", "")).await.receipt.expect("the receipt");
        assert_eq!(cancelled.approvals[0].approver, number("5"));
    });
}

#[test]
fn a_locked_till_keeps_its_receipt_for_its_operator_or_a_supervisor() {
    let shop = Shop::staffed();
    shop.run(async |counter| {
        counter.open_shift_as("8", "4321", "0.00").await;
        counter.sell("1", "MILK").await;
        counter.give(TillCommand::Lock { break_: true }).await;
        let view = counter.view().await;
        assert_eq!(view.mode, TillMode::Locked);
        assert_eq!(view.locked.map(|locked| (locked.operator, locked.break_)), Some(("Петрова".to_owned(), true)));
        for command in [sell("1", "MILK"), TillCommand::Cancel, TillCommand::ReportX, TillCommand::Train { on: true }] {
            assert_eq!(counter.refused(command).await, "locked");
        }
        assert_eq!(counter.refused(approve("5", "5555")).await, "locked");
        assert_eq!(counter.refused(sign_on("8", "0000")).await, "wrong_pin");
    });
    shop.run(async |counter| {
        assert_eq!(counter.view().await.mode, TillMode::Locked);
        assert_eq!(counter.refused(sign_on("9", "9999")).await, "locked");
        counter.give(sign_on("8", "4321")).await;
        assert_eq!((counter.view().await.mode, counter.view().await.lines.len()), (TillMode::Selling, 1));
        counter.give(TillCommand::Lock { break_: false }).await;
        counter.give(sign_on("5", "5555")).await;
        assert_eq!(counter.view().await.operator.as_deref(), Some("Сидоров"));
        assert_eq!(counter.audits(AuditKind::Locked).await.len(), 2);
        assert_eq!(counter.audits(AuditKind::Unlocked).await.len(), 2);
        assert_eq!(counter.cash("89.90").await.receipt.expect("closed").operator, number("8"));
    });
}

#[test]
fn a_blocked_operator_is_helped_at_his_locked_till() {
    let shop = Shop::staffed();
    shop.run(async |counter| {
        counter.open_shift_as("8", "4321", "0.00").await;
        counter.sell("1", "MILK").await;
        counter.give(TillCommand::Lock { break_: false }).await;
        wrong(counter, &shop, 10).await;
        assert_eq!(counter.lacks(sign_on("8", "4321")).await, "approve");
        counter.give(approve("1", "1111")).await;
        assert_eq!(counter.view().await.mode, TillMode::Selling);
    });
}

#[test]
fn cashiers_change_between_receipts() {
    let shop = Shop::staffed();
    shop.run(async |counter| {
        counter.open_shift_as("8", "4321", "0.00").await;
        counter.sell("1", "MILK").await;
        assert_eq!(counter.refused(sign_on("9", "9999")).await, "locked");
        assert_eq!(counter.refused(TillCommand::SignOff).await, "receipt_open");
        assert_eq!(counter.cash("89.90").await.receipt.expect("closed").operator, number("8"));
        counter.give(sign_on("9", "9999")).await;
        assert_eq!(counter.sale(&[("1", "MILK")], "89.90").await.operator, number("9"));
        counter.give(TillCommand::SignOff).await;
        assert_eq!(counter.refused(sell("1", "MILK")).await, "not_signed_on");
        counter.verify().await;
    });
}
