//! A supervisor says what the fiscal device did, when the till cannot know.

use std::sync::Arc;

use messages::v1::document::AuditKind;
use messages::v1::receipt::TenderType;
use messages::v1::till::TillCommand;
use messages::v1::view::TillMode;
use till::SagaStep;

use crate::faults::foreign_sale;
use crate::shop::{Shop, approve, closed, money, pay, sell};

/// The receipt is paid, and the device has made a document that is not the till's.
fn conflicting() -> Shop {
    let mut shop = Shop::staffed();
    shop.settings.on_step = Some(Arc::new(|step| assert_ne!(step, SagaStep::Fiscalising, "power cut")));
    shop.restart = runtime::spec::Restart::Temporary;
    shop.run(async |counter| {
        counter.open_shift_as("8", "4321", "0.00").await;
        counter.sell("1", "COFFEE").await;
        counter.ask(pay(TenderType::Card, "349.00")).await.expect_err("the node dies");
        foreign_sale(&shop).await;
    });
    shop.settings.on_step = None;
    shop
}

#[test]
fn retail_s33_a_document_that_was_made_or_not_is_settled_by_a_supervisor() {
    for made in [true, false] {
        let shop = conflicting();
        shop.run(async |counter| {
            assert_eq!(counter.view().await.mode, TillMode::WaitingForFiscal);
            assert_eq!(counter.refused(sell("1", "MILK")).await, "fiscal_conflict");
            let settle = TillCommand::SettleConflict { made, reason: "the paper roll".to_owned() };
            assert_eq!(counter.lacks(settle.clone()).await, "resolve_conflict");
            assert_eq!(counter.refused(approve("5", "5555")).await, "missing_right");
            let receipt = closed(counter.give(approve("1", "1111")).await);
            let fiscal = receipt.fiscal.expect("its proof");
            let documents = shop.fiscal_receipts();
            // Made: the last document is taken for ours. Not made: one more is made now.
            assert_eq!(documents.len(), if made { 1 } else { 2 });
            assert_eq!(fiscal.number, documents.last().expect("a document").number);
            let noted = counter.audits(AuditKind::ConflictSettled).await;
            assert_eq!((noted.len(), noted[0].subject.as_str()), (1, if made { "made" } else { "not made" }));
            assert_eq!(counter.journal_count("conflict_settled").await, 1);
            assert_eq!(counter.refused(settle).await, "nothing_waits");
            assert_eq!((shop.card.charges().len(), counter.receipts().await.len()), (1, 1));
            counter.sell("1", "MILK").await;
            assert_eq!(closed(counter.cash("89.90").await).total, money("89.90"));
            counter.verify().await;
        });
    }
}
