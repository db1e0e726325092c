//! Marked units: claimed by one open receipt, sold once, and sellable again when they came back.

use backoffice::answers::{CLAIM_LAPSES, TradeAnswers};
use link::requests::{Answer, CLAIM_MARK};
use messages::codec::{from_body, to_body};
use messages::v1::document::ReceiptCancelled;
use messages::v1::requests::{ClaimMark, MarkClaimed};
use runtime::clock::Clock;

use super::*;

pub(super) const UNIT: &str = "0104600439931256215Qbag!";

/// A receipt of marked units.
fn marked(till: u32, sequence: u64, when: &str, marks: &[&str]) -> Receipt {
    let lines = vec![("10", "1", "10.00", "10"); marks.len()];
    let mut receipt = at_till(sale("S1", sequence, when, TenderType::Cash, &lines), till);
    for (line, mark) in receipt.lines.iter_mut().zip(marks) {
        line.mark = Some((*mark).to_owned());
    }
    receipt
}

pub(super) async fn claim(answers: &TradeAnswers, peer: &str, receipt: &Receipt, returns: bool) -> MarkClaimed {
    let role = if peer.contains('/') { PeerRole::Till } else { PeerRole::Store };
    let from = Peer { name: peer.to_owned(), role };
    let body = to_body(&ClaimMark { identity: UNIT.to_owned(), receipt: receipt.uid, returns });
    from_body(&answers.answer(&from, CLAIM_MARK, body).await.unwrap()).unwrap()
}

fn taken(receipt: &Receipt) -> MarkClaimed {
    MarkClaimed::Taken { receipt: receipt.uid }
}

#[tokio::test]
async fn a_unit_is_held_by_one_receipt_and_free_when_that_ends_without_it() {
    let shop = Shop::open().await;
    let clock = Clock::by_hand(at("2026-11-25T09:00:00+03:00"));
    let answers = TradeAnswers::new(shop.database.clone(), clock.clone());
    let first = marked(1, 1, "2026-11-25T09:15:00+03:00", &[UNIT]);
    let second = marked(2, 1, "2026-11-25T09:16:00+03:00", &[UNIT]);
    assert_eq!(claim(&answers, "S1/1", &first, false).await, MarkClaimed::Yes);
    assert_eq!(claim(&answers, "S1/1", &first, false).await, MarkClaimed::Yes, "asked again");
    assert_eq!(claim(&answers, "S1/2", &second, false).await, taken(&first));
    let cancelled = Document::ReceiptCancelled(Box::new(ReceiptCancelled { receipt: first.clone() }));
    assert_eq!(shop.apply(&[shop.by_till("S1", 1, &cancelled)]).await, [Outcome::Applied]);
    assert_eq!(claim(&answers, "S1/2", &second, false).await, MarkClaimed::Yes);

    let third = marked(3, 1, "2026-11-25T09:40:00+03:00", &[UNIT]);
    assert_eq!(claim(&answers, "S1/3", &third, false).await, taken(&second));
    clock.set(clock.now() + CLAIM_LAPSES);
    assert_eq!(claim(&answers, "S1/3", &third, false).await, MarkClaimed::Yes, "till 2 forgot it");

    // The unit was taken off the receipt before its end.
    let mut without = third.clone();
    without.lines[0].mark = None;
    shop.receipts(&[without]).await;
    assert_eq!(claim(&answers, "S1/2", &second, false).await, MarkClaimed::Yes);
}

#[tokio::test]
async fn a_unit_is_sold_comes_back_and_is_sold_again() {
    let shop = Shop::open().await;
    let answers = TradeAnswers::new(shop.database.clone(), Clock::system());
    let first = marked(1, 1, "2026-11-25T09:15:00+03:00", &[UNIT]);
    let second = marked(2, 1, "2026-11-25T12:00:00+03:00", &[UNIT]);
    assert_eq!(claim(&answers, "S1/1", &first, false).await, MarkClaimed::Yes);
    shop.receipts(std::slice::from_ref(&first)).await;
    assert_eq!(claim(&answers, "S1/2", &second, false).await, taken(&first));
    assert_eq!(claim(&answers, "S1/1", &first, false).await, MarkClaimed::Yes, "its own");

    let returned = back(&first, 2);
    assert_eq!(claim(&answers, "S1/1", &returned, true).await, MarkClaimed::Yes);
    assert_eq!(claim(&answers, "S1/2", &second, false).await, taken(&first), "not before it is back");
    shop.receipts(std::slice::from_ref(&returned)).await;
    let again = back(&first, 3);
    assert_eq!(claim(&answers, "S1/1", &again, true).await, taken(&returned), "it comes back once");
    assert_eq!(claim(&answers, "S1/2", &second, false).await, MarkClaimed::Yes);
    assert_eq!(shop.receipts(&[second]).await, [Outcome::Applied]);
    assert_eq!(shop.incidents().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_unit_that_two_tills_sold_is_kept_and_becomes_an_incident() {
    let shop = Shop::open().await;
    let late = marked(2, 1, "2026-11-25T09:20:00+03:00", &["other", UNIT]);
    let early = marked(1, 5, "2026-11-25T09:15:00+03:00", &[UNIT]);
    shop.receipts(std::slice::from_ref(&late)).await;
    assert_eq!(shop.receipts(std::slice::from_ref(&early)).await, [Outcome::Applied]);
    expect!["The marked unit 0104600439931256215Qbag! was sold twice: by receipt 1 of S1/2 and by receipt 5 of S1/1. Both are kept: see which code was scanned wrongly."].assert_eq(&shop.incidents().await.join("\n"));
    assert_eq!(shop.receipts(&[early, late.clone()]).await, vec![Outcome::Duplicate; 2]);
    assert_eq!(shop.incidents().await.len(), 1);
    let answers = TradeAnswers::new(shop.database.clone(), Clock::system());
    let third = marked(3, 1, "2026-11-25T12:00:00+03:00", &[UNIT]);
    assert_eq!(claim(&answers, "S1/3", &third, false).await, taken(&late), "the later sale counts");
}
