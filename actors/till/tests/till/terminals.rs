//! Payment terminals: money moves once, whatever is lost on the way.

use devices::sim::fault::Fault;
use devices::sim::zvt::Charge;
use devices::terminal::TerminalOperation;
use domain::money::Money;
use messages::v1::document::AuditKind;
use messages::v1::receipt::TenderType::{Card, Cash, Qr};
use messages::v1::till::{TillCommand, TillError};
use messages::v1::view::TillMode;

use crate::shop::{Counter, Shop, closed, money, pay, sell};

/// What the bank moved: to the shop above zero, back below it.
pub(crate) fn net(charges: &[Charge]) -> Money {
    let moved = |charge: &Charge| match charge.operation {
        TerminalOperation::Sale => charge.amount,
        TerminalOperation::Refund | TerminalOperation::Reverse => -charge.amount,
    };
    charges.iter().map(moved).sum()
}

async fn coffee(counter: &Counter) {
    counter.open_shift("1000.00").await;
    counter.sell("1", "COFFEE").await;
}

#[test]
fn an_approved_card_is_on_the_receipt() {
    let shop = Shop::new();
    shop.run(async |counter| {
        coffee(counter).await;
        let receipt = closed(counter.give(pay(Card, "349.00")).await);
        let proof = receipt.tenders[0].proof.clone().expect("the terminal's word");
        let charges = shop.card.charges();
        assert_eq!((charges.len(), &charges[0].reference), (1, &proof.reference));
        assert!(!proof.authorisation.is_empty());
        assert_eq!(shop.emulator.drawer_openings(), 0, "no cash, no drawer");
        counter.sell("1", "MILK").await;
        let receipt = closed(counter.give(pay(Qr, "89.90")).await);
        assert_eq!((receipt.tenders[0].tender, shop.qr.charges().len()), (Qr, 1));
        let asked = counter.journal_count("terminal_asked").await;
        assert_eq!(asked, 2);
    });
}

#[test]
fn a_no_takes_nothing_and_another_way_is_open() {
    let shop = Shop::new();
    shop.run(async |counter| {
        coffee(counter).await;
        for fault in [Fault::Refuse(5), Fault::Offline, Fault::NoAnswer] {
            shop.card.set_fault(fault);
            assert_eq!(counter.refused(pay(Card, "349.00")).await, "terminal", "{fault:?}");
            let view = counter.view().await;
            assert_eq!((view.mode, view.due, view.terminal), (TillMode::Selling, money("349.00"), None), "{fault:?}");
        }
        shop.card.set_fault(Fault::None);
        assert!(shop.card.charges().is_empty());
        counter.sell("1", "MILK").await;
        closed(counter.give(pay(Card, "438.90")).await);
        assert_eq!(net(&shop.card.charges()), money("438.90"));
    });
}

#[test]
fn retail_s31_a_lost_yes_is_found_and_not_asked_for_again() {
    let shop = Shop::new();
    shop.run(async |counter| {
        coffee(counter).await;
        shop.card.set_fault(Fault::NoAnswerAfterCommit);
        let receipt = closed(counter.give(pay(Card, "349.00")).await);
        let charges = shop.card.charges();
        assert_eq!(charges.len(), 1);
        assert_eq!(receipt.tenders[0].proof.as_ref().map(|proof| &proof.reference), Some(&charges[0].reference));
        assert_eq!(shop.fiscal_receipts().len(), 1);
    });
}

/// The terminal takes the money, and dies with its answer.
async fn dies_with_its_yes(shop: &Shop, counter: &Counter) {
    shop.card.set_fault(Fault::Slow(std::time::Duration::from_millis(100)));
    let pays = counter.ask(pay(Card, "349.00"));
    let dies = async {
        shop.card.begins_work().await;
        while shop.card.charges().is_empty() {
            tokio::task::yield_now().await;
        }
        shop.card.set_fault(Fault::Offline);
        shop.card.cut_links();
    };
    let (answer, ()) = tokio::join!(pays, dies);
    assert!(matches!(answer, Ok(Err(TillError::WaitingForTerminal { .. }))), "{answer:?}");
}

#[test]
fn a_dead_terminal_is_waited_for() {
    let shop = Shop::new();
    shop.run(async |counter| {
        coffee(counter).await;
        dies_with_its_yes(&shop, counter).await;
        let view = counter.view().await;
        assert_eq!(
            (view.mode, view.terminal.map(|work| work.amount)),
            (TillMode::WaitingForTerminal, Some(money("349.00")))
        );
        for command in [sell("1", "MILK"), TillCommand::Cancel, pay(Cash, "349.00"), pay(Card, "349.00")] {
            assert_eq!(counter.refused(command).await, "terminal_asked");
        }
        assert_eq!(counter.refused(TillCommand::Resume).await, "waiting_for_terminal");
    });
    shop.run(async |counter| {
        assert_eq!(counter.view().await.restored.as_deref(), Some("waiting_for_terminal"));
        shop.card.set_fault(Fault::None);
        closed(counter.give(TillCommand::Resume).await);
        assert_eq!((shop.card.charges().len(), shop.fiscal_receipts().len()), (1, 1));
        counter.verify().await;
    });
}

#[test]
fn a_supervisor_says_what_a_dead_terminal_did() {
    for made in [true, false] {
        let shop = Shop::staffed();
        shop.run(async |counter| {
            counter.open_shift_as("8", "4321", "0.00").await;
            counter.sell("1", "COFFEE").await;
            dies_with_its_yes(&shop, counter).await;
            let settle = TillCommand::SettleConflict { made, reason: "its slip".to_owned() };
            assert_eq!(counter.lacks(settle).await, "resolve_conflict");
            assert_eq!(counter.refused(crate::shop::approve("5", "5555")).await, "missing_right");
            let reply = counter.give(crate::shop::approve("1", "1111")).await;
            assert_eq!(reply.receipt.is_some(), made);
            assert_eq!(counter.view().await.mode, TillMode::Selling);
            assert_eq!(counter.view().await.lines.len(), usize::from(!made));
            assert_eq!(counter.audits(AuditKind::ConflictSettled).await[0].reason, "its slip");
        });
    }
}

#[test]
fn the_cashier_stops_a_customer_who_does_not_pay() {
    let shop = Shop::new();
    shop.run(async |counter| {
        coffee(counter).await;
        shop.card.set_fault(Fault::Hang);
        let stops = async {
            shop.card.begins_work().await;
            shop.cancel.ask();
        };
        let (answer, ()) = tokio::join!(counter.ask(pay(Card, "349.00")), stops);
        assert!(matches!(answer, Ok(Err(TillError::Refused { .. }))), "{answer:?}");
        // Nobody stops it: it is given up by the till itself, and asked what it did.
        assert_eq!(counter.refused(pay(Card, "349.00")).await, "terminal");
        assert!(shop.card.charges().is_empty());
        closed(counter.cash("349.00").await);
    });
}

#[test]
fn retail_s27_card_and_cash_with_change() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("4", "COFFEE").await;
        assert_eq!(counter.refused(pay(Card, "1396.01")).await, "over_due");
        assert_eq!(counter.give(pay(Card, "1000.00")).await.due, Some(money("396.00")));
        let receipt = closed(counter.cash("500.00").await);
        assert_eq!(receipt.change, money("104.00"));
        let tenders: Vec<_> = receipt.tenders.iter().map(|tender| (tender.tender, tender.amount)).collect();
        assert_eq!(tenders, [(Card, money("1000.00")), (Cash, money("500.00"))]);
        assert_eq!(net(&shop.card.charges()), money("1000.00"));
    });
}

#[test]
fn a_cancelled_receipt_gives_every_card_its_money_back() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("4", "COFFEE").await;
        counter.give(pay(Card, "1000.00")).await;
        counter.give(pay(Qr, "96.00")).await;
        counter.cash("100.00").await;
        shop.card.set_fault(Fault::Refuse(5));
        assert_eq!(counter.refused(TillCommand::Cancel).await, "terminal");
        // The QR payment went back, the card's did not: the receipt says so, and may still be paid.
        let view = counter.view().await;
        assert_eq!((view.due, net(&shop.qr.charges())), (money("296.00"), Money::ZERO));
        shop.card.set_fault(Fault::NoAnswerAfterCommit);
        let cancelled = counter.give(TillCommand::Cancel).await.receipt.expect("the receipt");
        assert_eq!(net(&shop.card.charges()), Money::ZERO);
        assert!(cancelled.tenders.iter().all(|tender| tender.tender == Cash), "{:?}", cancelled.tenders);
        let of = shop.card.charges().into_iter().map(|charge| charge.reversed).collect::<Vec<_>>();
        assert_eq!(of, [true, false]);
        assert!(shop.fiscal_receipts().is_empty());
        counter.verify().await;
    });
}

#[test]
fn retail_s34_a_refused_receipt_is_taken_apart_or_given_up() {
    let shop = Shop::new();
    shop.run(async |counter| {
        coffee(counter).await;
        counter.sell("2", "MILK").await;
        shop.emulator.set_fault(Fault::Refuse(0x33));
        assert_eq!(counter.refused(pay(Card, "528.80")).await, "waiting");
        assert_eq!(counter.refused(sell("1", "MILK")).await, "waiting_for_fiscal");
        assert_eq!(counter.refused(TillCommand::Resume).await, "waiting");
        // The line that the device does not like goes, with its money.
        assert_eq!(counter.refused(TillCommand::TakeOut { line: 1 }).await, "waiting");
        assert_eq!(net(&shop.card.charges()), money("179.80"));
        assert_eq!(counter.refused(TillCommand::TakeOut { line: 2 }).await, "last_line");
        shop.emulator.set_fault(Fault::None);
        let receipt = closed(counter.give(TillCommand::Resume).await);
        assert_eq!((receipt.total, receipt.tenders[0].amount), (money("179.80"), money("179.80")));
        assert_eq!(shop.fiscal_receipts()[0].total, money("179.80"));

        counter.sell("1", "COFFEE").await;
        shop.emulator.set_fault(Fault::Refuse(0x33));
        assert_eq!(counter.refused(pay(Card, "349.00")).await, "waiting");
        counter.give(TillCommand::Cancel).await;
        shop.emulator.set_fault(Fault::None);
        assert_eq!((net(&shop.card.charges()), shop.fiscal_receipts().len()), (money("179.80"), 1));
        // In cash the money of the line is change.
        counter.sell("1", "COFFEE").await;
        counter.sell("1", "MILK").await;
        shop.emulator.set_fault(Fault::Refuse(0x33));
        assert_eq!(counter.refused(pay(Cash, "500.00")).await, "waiting");
        shop.emulator.set_fault(Fault::None);
        let receipt = closed(counter.give(TillCommand::TakeOut { line: 1 }).await);
        assert_eq!((receipt.total, receipt.change), (money("89.90"), money("410.10")));
        counter.verify().await;
    });
}
