//! Power cuts while money goes back: afterwards the bank, the receipt and the device agree.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use devices::sim::fault::Fault;
use domain::money::Money;
use messages::v1::receipt::TenderType::{Card, Cash};
use messages::v1::till::TillCommand;
use messages::v1::view::TillMode;
use till::SagaStep;

use crate::shop::{Counter, Shop, back, closed, money, pay};
use crate::terminals::net;

/// A shop whose node dies when it reaches `step` for the `time`th time.
fn dying_at(step: SagaStep, time: u32) -> Shop {
    let reached = AtomicU32::new(0);
    Shop::dying(Arc::new(move |now| {
        if now == step && reached.fetch_add(1, Ordering::SeqCst) + 1 == time {
            panic!("power cut at {step:?}");
        }
    }))
}

const STEPS: [SagaStep; 2] = [SagaStep::TerminalAsked, SagaStep::TerminalAnswered];

#[test]
fn a_cut_while_a_cancelled_payment_goes_back() {
    for step in STEPS {
        // The first asking is the payment, the second its reversal.
        let shop = dying_at(step, 2);
        shop.run(async |counter| {
            counter.open_shift("0.00").await;
            counter.sell("2", "COFFEE").await;
            counter.give(pay(Card, "500.00")).await;
            counter.ask(TillCommand::Cancel).await.expect_err("the node dies");
        });
        shop.run(async |counter| {
            let view = counter.view().await;
            let kept = net(&shop.card.charges());
            assert_eq!(view.total - view.due, kept, "{step:?}: the receipt says what the bank has");
            let back = step == SagaStep::TerminalAnswered;
            assert_eq!((kept.is_zero(), view.restored.as_deref()), (back, Some("restored_open_receipt")), "{step:?}");
            counter.give(TillCommand::Cancel).await;
            assert_eq!(net(&shop.card.charges()), Money::ZERO, "{step:?}");
            assert_eq!(shop.fiscal_receipts().len(), 0);
            counter.verify().await;
        });
    }
}

#[test]
fn a_cut_while_the_money_of_a_line_goes_back() {
    for step in STEPS {
        let shop = dying_at(step, 2);
        shop.run(async |counter| {
            counter.open_shift("0.00").await;
            counter.sell("1", "COFFEE").await;
            counter.sell("1", "MILK").await;
            shop.emulator.set_fault(Fault::Refuse(0x33));
            assert_eq!(counter.refused(pay(Card, "438.90")).await, "waiting");
            shop.emulator.set_fault(Fault::None);
            counter.ask(TillCommand::TakeOut { line: 1 }).await.expect_err("the node dies");
        });
        shop.run(async |counter| {
            let view = counter.view().await;
            if step == SagaStep::TerminalAsked {
                // Nothing went back: the receipt is as it was paid, and goes on so.
                assert_eq!(view.mode, TillMode::WaitingForFiscal);
                assert_eq!(closed(counter.give(TillCommand::Resume).await).total, money("438.90"));
            }
            let receipts = counter.receipts().await;
            assert_eq!((receipts.len(), shop.fiscal_receipts().len()), (1, 1), "{step:?}");
            let total = receipts[0].receipt.total;
            assert_eq!((net(&shop.card.charges()), shop.fiscal_receipts()[0].total), (total, total), "{step:?}");
            counter.verify().await;
        });
    }
}

#[test]
fn a_cut_while_goods_are_refunded() {
    for step in SagaStep::ALL.into_iter().filter(|step| *step != SagaStep::Open) {
        let shop = dying_at(step, 2);
        let sale = shop.run(async |counter| {
            counter.open_shift("0.00").await;
            counter.sell("1", "COFFEE").await;
            let sale = closed(counter.give(pay(Card, "349.00")).await);
            counter.ask(back(sale.uid, &[], Card)).await.expect_err("the node dies");
            sale
        });
        shop.run(async |counter| {
            if counter.view().await.lines.len() == 1 {
                closed(counter.give(back(sale.uid, &[], Card)).await);
            }
            assert_eq!(net(&shop.card.charges()), Money::ZERO, "{step:?}");
            assert_eq!((shop.card.charges().len(), shop.fiscal_receipts().len()), (2, 2), "{step:?}");
            assert_eq!(counter.refused(back(sale.uid, &[], Card)).await, "nothing_left", "{step:?}");
            counter.verify().await;
        });
    }
}

#[test]
fn a_lost_answer_of_a_part_that_goes_back() {
    let shop = Shop::new();
    let take_out = async |counter: &Counter| {
        counter.open_shift("0.00").await;
        counter.sell("1", "COFFEE").await;
        counter.sell("1", "MILK").await;
        shop.emulator.set_fault(Fault::Refuse(0x33));
        assert_eq!(counter.refused(pay(Card, "438.90")).await, "waiting");
        shop.card.set_fault(Fault::Refuse(5));
        assert_eq!(counter.refused(TillCommand::TakeOut { line: 1 }).await, "terminal");
        let view = counter.view().await;
        assert_eq!((view.mode, view.fiscal.works), (TillMode::WaitingForFiscal, false));
        shop.card.set_fault(Fault::NoAnswerAfterCommit);
        shop.emulator.set_fault(Fault::None);
        closed(counter.give(TillCommand::TakeOut { line: 1 }).await)
    };
    shop.run(async |counter| {
        let receipt = take_out(counter).await;
        assert_eq!((receipt.total, net(&shop.card.charges())), (money("89.90"), money("89.90")));
        assert!(receipt.tenders.iter().all(|tender| tender.tender != Cash));
    });
}
