//! Power cuts at every step: the node is dropped without a word and started again on the same files and device.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::ids::ItemCode;
use messages::v1::document::Document;
use messages::v1::receipt::{ReceiptKind, Tender, TenderType};
use messages::v1::till::{TillCommand, WholeLine, WholeReceipt};
use messages::v1::view::TillMode;
use runtime::spec::Restart;
use runtime::supervisor::Order;
use till::SagaStep;

use crate::shop::{Counter, Shop, closed, money, pay, quantity, sell};

/// A shop whose node dies when it first reaches `step`.
fn dying_at(step: SagaStep) -> (Shop, Arc<AtomicBool>) {
    let armed = Arc::new(AtomicBool::new(true));
    let once = armed.clone();
    let shop = Shop::dying(Arc::new(move |reached| {
        if reached == step && once.swap(false, Ordering::SeqCst) {
            panic!("power cut at {step:?}");
        }
    }));
    (shop, armed)
}

/// Whatever the cut left, the cashier brings the receipt of COFFEE and MILK to its end.
async fn finish(counter: &Counter) {
    let view = counter.view().await;
    assert_ne!(view.mode, TillMode::WaitingForFiscal, "the start finishes what a working device allows");
    if view.lines.is_empty() {
        return;
    }
    assert_eq!(view.restored.as_deref(), Some("restored_open_receipt"));
    if view.lines.len() < 2 {
        counter.sell("1", "MILK").await;
    }
    closed(counter.give(pay(TenderType::Card, &counter.view().await.due.to_string())).await);
}

async fn exactly_one_receipt(shop: &Shop, counter: &Counter, step: SagaStep) {
    let fiscal = shop.fiscal_receipts();
    let receipts = counter.receipts().await;
    assert_eq!((fiscal.len(), receipts.len()), (1, 1), "{step:?}");
    let receipt = &receipts[0].receipt;
    assert_eq!((receipt.sequence, receipt.total), (1, money("438.90")), "{step:?}");
    assert_eq!(
        (fiscal[0].total, fiscal[0].sign.to_string()),
        (receipt.total, receipt.fiscal.as_ref().expect("its proof").sign.clone())
    );
    let sent = counter.outbox().await;
    let closed = sent.iter().filter(|document| matches!(document, Document::ReceiptClosed(_))).count();
    assert_eq!(closed, 1, "{step:?}");
    let next = counter.sale(&[("1", "MILK")], "89.90").await;
    assert_eq!(next.sequence, 2, "{step:?}: no gap");
    assert_eq!(next.fiscal.expect("its proof").number, fiscal[0].number + 1, "{step:?}");
    counter.verify().await;
}

#[test]
fn retail_s32_s33_power_cut_at_every_step_of_a_sale() {
    for step in SagaStep::ALL {
        let (shop, armed) = dying_at(step);
        shop.run(async |counter| {
            counter.open_shift("0.00").await;
            for command in [sell("1", "COFFEE"), sell("1", "MILK"), pay(TenderType::Card, "438.90")] {
                if counter.ask(command).await.is_err() {
                    break;
                }
            }
        });
        assert!(!armed.load(Ordering::SeqCst), "{step:?} was reached");
        shop.run(async |counter| {
            finish(counter).await;
            let charges: Vec<_> = shop.card.charges().iter().map(|charge| charge.amount).collect();
            assert_eq!(charges, [money("438.90")], "{step:?}: one charge");
            exactly_one_receipt(&shop, counter, step).await;
        });
    }
}

#[test]
fn retail_s33_power_cut_at_every_step_of_a_whole_receipt() {
    let line = |code: &str| WholeLine {
        code: ItemCode(code.to_owned()),
        name: None,
        quantity: quantity("1"),
        price: None,
        vat: None,
    };
    // A whole receipt asks no terminal.
    let asks = [SagaStep::TerminalAsked, SagaStep::TerminalAnswered];
    for step in SagaStep::ALL.into_iter().filter(|step| !asks.contains(step)) {
        let (shop, armed) = dying_at(step);
        shop.run(async |counter| {
            counter.open_shift("0.00").await;
            let whole = WholeReceipt {
                kind: ReceiptKind::Sale,
                lines: vec![line("COFFEE"), line("MILK")],
                tenders: vec![Tender::new(TenderType::Card, money("438.90"))],
                of: None,
                operator: None,
                customer: None,
            };
            counter.ask(TillCommand::Whole(whole)).await.expect_err("the node dies");
        });
        assert!(!armed.load(Ordering::SeqCst), "{step:?} was reached");
        shop.run(async |counter| {
            if counter.view().await.restored.as_deref() == Some("finished_receipt") {
                let found = closed(counter.give(TillCommand::Resume).await);
                assert_eq!(found.sequence, 1, "whoever asked gets the receipt now");
            }
            exactly_one_receipt(&shop, counter, step).await;
        });
    }
}

#[test]
fn a_panic_restarts_the_till_with_its_open_receipt() {
    let mut shop = Shop::new();
    shop.restart = Restart::Permanent;
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("1", "COFFEE").await;
        counter.sell("1", "MILK").await;
        let before = counter.view().await;
        counter.node.order("till/1", Order::PanicInHandler).await.expect("the till is there");
        let after = loop {
            match counter.ask(TillCommand::ReportX).await {
                Ok(_) => break counter.view().await,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        assert_eq!((after.lines, after.total, after.sequence), (before.lines, before.total, before.sequence));
        assert_eq!(after.operator, before.operator);
        assert_eq!(closed(counter.cash("438.90").await).total, money("438.90"));
        let look = counter.node.look().await.expect("the tree");
        assert_eq!(look.children[0].restarts, 1);
    });
}
