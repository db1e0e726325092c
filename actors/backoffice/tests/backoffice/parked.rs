//! Receipts that were put aside: listed, taken by one till, taken up by one receipt.

use backoffice::answers::{TAKE_LAPSES, TradeAnswers};
use link::requests::{Answer, LIST_PARKED, TAKE_PARKED};
use messages::codec::{from_body, to_body};
use messages::v1::document::{ParkedRecalled, ReceiptParked};
use messages::v1::requests::{ListParked, ParkedList, ParkedReceipt, TakeParked, Taken};
use runtime::clock::Clock;

use super::*;

fn aside(sequence: u64, name: &str) -> ReceiptParked {
    let lines = [("10", "2", "10.00", "10"), ("20", "1", "5.00", "22")];
    let mut receipt = sale("S1", sequence, "2026-11-25T09:15:00+03:00", TenderType::Cash, &lines);
    receipt.tenders = Vec::new();
    ReceiptParked { receipt, name: name.to_owned() }
}

fn recall(parked: &ReceiptParked, till: u32, by_sequence: u64) -> ParkedRecalled {
    ParkedRecalled {
        store: parked.receipt.store.clone(),
        till: TillId(till),
        at: at("2026-11-25T09:30:00+03:00"),
        parked: parked.receipt.uid,
        by: ReceiptId(Uuid::new_v5(&parked.receipt.uid.0, &by_sequence.to_be_bytes())),
        by_sequence,
    }
}

impl Shop {
    async fn park(&self, parked: &ReceiptParked) -> Vec<Outcome> {
        self.apply(&[self.received("S1", &Document::ReceiptParked(Box::new(parked.clone())))]).await
    }

    async fn recall(&self, recalled: &ParkedRecalled) -> Vec<Outcome> {
        self.apply(&[self.by_till("S1", recalled.till.0, &Document::ParkedRecalled(recalled.clone()))]).await
    }
}

struct Tills {
    answers: TradeAnswers,
    clock: Clock,
}

impl Tills {
    fn of(shop: &Shop) -> Tills {
        let clock = Clock::by_hand(at("2026-11-25T09:20:00+03:00"));
        Tills { answers: TradeAnswers::new(shop.database.clone(), clock.clone()), clock }
    }

    async fn list(&self, till: &str) -> Vec<ParkedReceipt> {
        let from = Peer { name: till.to_owned(), role: PeerRole::Till };
        let body = to_body(&ListParked::default());
        let list: ParkedList = from_body(&self.answers.answer(&from, LIST_PARKED, body).await.unwrap()).unwrap();
        list.parked
    }

    async fn take(&self, till: &str, parked: &ReceiptParked) -> Taken {
        let from = Peer { name: till.to_owned(), role: PeerRole::Till };
        let body = to_body(&TakeParked { uid: parked.receipt.uid });
        from_body(&self.answers.answer(&from, TAKE_PARKED, body).await.unwrap()).unwrap()
    }
}

#[tokio::test]
async fn a_parked_receipt_spends_its_number_and_changes_no_total() {
    let shop = Shop::open().await;
    let parked = aside(1, "the lady with the dog");
    assert_eq!(shop.park(&parked).await, [Outcome::Applied]);
    assert_eq!(shop.park(&parked).await, [Outcome::Duplicate]);
    let next = sale("S1", 2, "2026-11-25T09:16:00+03:00", TenderType::Cash, &[("10", "1", "10.00", "10")]);
    let mut taken = next.clone();
    (taken.sequence, taken.uid) = (1, ReceiptId(Uuid::now_v7()));
    assert!(super::parked(&shop.receipts(&[taken]).await[0]).starts_with("number 1 of S1/1 is taken"));
    shop.receipts(&[next]).await;
    shop.report(
        "day",
        expect![[r#"
            day         receipts  sales  returns    net   vat
            ----------  --------  -----  -------  -----  ----
            2026-11-25         1  10.00     0.00  10.00  0.91
            ----------  --------  -----  -------  -----  ----
            total              1  10.00     0.00  10.00  0.91
        "#]],
    )
    .await;
    assert_eq!(rebuild::rebuild(&shop.database, false).await.unwrap().differences, 0);
    let error = backoffice::find_receipt::find(&shop.database.reader, parked.receipt.uid.0).await.unwrap_err();
    assert!(error.to_string().ends_with("was put aside: nothing was sold by it"), "{error}");
}

#[tokio::test]
async fn one_till_takes_a_parked_receipt_until_it_is_taken_up_or_the_till_is_silent() {
    let shop = Shop::open().await;
    let tills = Tills::of(&shop);
    let parked = aside(1, "the lady with the dog");
    shop.park(&parked).await;
    let list = tills.list("S1/2").await;
    assert_eq!((list.len(), list[0].name.as_str(), list[0].lines), (1, "the lady with the dog", 2));
    assert_eq!((list[0].sequence, list[0].total, list[0].at), (1, money("25.00"), parked.receipt.at));
    assert_eq!(tills.list("S2/2").await, [], "each store has its own");
    assert_eq!(tills.take("S2/2", &parked).await, Taken::Unknown);
    assert_eq!(tills.take("S1/2", &aside(9, "")).await, Taken::Unknown);

    let yes = Taken::Yes(Box::new(parked.receipt.clone()));
    assert_eq!(tills.take("S1/2", &parked).await, yes);
    assert_eq!(tills.take("S1/2", &parked).await, yes, "asked again");
    assert_eq!(tills.take("S1/3", &parked).await, Taken::Gone { till: TillId(2) });
    assert_eq!(tills.list("S1/3").await, []);

    tills.clock.set(tills.clock.now() + TAKE_LAPSES);
    assert_eq!(tills.list("S1/3").await.len(), 1);
    assert_eq!(tills.take("S1/3", &parked).await, yes, "till 2 was not heard of again");
    assert_eq!(tills.take("S1/2", &parked).await, Taken::Gone { till: TillId(3) });

    assert_eq!(shop.recall(&recall(&parked, 3, 7)).await, [Outcome::Applied]);
    tills.clock.set(tills.clock.now() + TAKE_LAPSES);
    assert_eq!(tills.list("S1/3").await, []);
    assert_eq!(tills.take("S1/2", &parked).await, Taken::Gone { till: TillId(3) });
}

#[tokio::test]
async fn a_receipt_that_was_taken_up_twice_is_an_incident_and_a_recall_may_come_first() {
    let shop = Shop::open().await;
    let tills = Tills::of(&shop);
    let parked = aside(1, "");
    let first = recall(&parked, 2, 7);
    assert_eq!(shop.recall(&first).await, [Outcome::Applied], "before what it recalls");
    shop.park(&parked).await;
    assert_eq!(tills.list("S1/2").await, []);
    assert_eq!(shop.recall(&first).await, [Outcome::Duplicate]);
    assert_eq!(shop.incidents().await, Vec::<String>::new());
    let second = recall(&parked, 1, 8);
    assert_eq!(shop.recall(&second).await, [Outcome::Applied]);
    assert_eq!(shop.recall(&second).await, [Outcome::Duplicate]);
    expect!["Parked receipt 1 of S1/1 was taken up twice: by receipt 7 of S1/2 and by receipt 8 of S1/1. Both are kept: see whose goods they are."].assert_eq(&shop.incidents().await.join("\n"));
}
