//! A store server passes on what it applied, in the same transaction, and nothing else.

use super::*;

#[tokio::test]
async fn a_store_relays_what_it_applied_and_answers_for_receipts() {
    let shop = Shop::open().await;
    let batch: Vec<Received> = trade()
        .into_iter()
        .filter(|receipt| receipt.store.as_str() == "S1")
        .map(|receipt| shop.received("S1", &Document::ReceiptClosed(Box::new(receipt))))
        .collect();
    let from = Peer { name: "S1/1".to_owned(), role: PeerRole::Till };
    let apply = async |batch: &[Received], commit: bool| {
        let transaction = shop.database.begin().await.unwrap();
        let outcomes = TradeLedger::new(true).apply(&transaction, &from, batch).await.unwrap();
        if commit {
            transaction.commit().await.unwrap();
        } else {
            transaction.rollback().await.unwrap();
        }
        outcomes
    };
    let unsent = async || link::outbox::unsent(&shop.database.reader).await.unwrap().count;
    apply(&batch, false).await;
    assert_eq!(unsent().await, 0, "what was not committed is not sent");
    assert_eq!(apply(&batch, true).await, vec![Outcome::Applied; 3]);
    assert_eq!(unsent().await, 3);
    assert_eq!(apply(&batch, true).await, vec![Outcome::Duplicate; 3]);
    assert_eq!(unsent().await, 3, "a duplicate is not sent again");

    let uid = trade()[0].uid.to_string();
    let clock = runtime::clock::Clock::system();
    let answerer = backoffice::answers::TradeAnswers::new(shop.database.clone(), clock);
    let ask = async |type_id, text: &str| {
        link::requests::Answer::answer(&answerer, &from, type_id, text.as_bytes().to_vec()).await
    };
    let body = ask(link::requests::FIND_RECEIPT, &uid).await.unwrap();
    let found: messages::v1::receipt::FoundReceipt = messages::codec::from_body(&body).unwrap();
    assert_eq!((found.receipt, found.returned.len()), (trade()[0].clone(), 2));
    assert_eq!(ask(link::requests::FIND_RECEIPT, "42").await.unwrap_err(), "\"42\" is not the number of a receipt");
    assert_eq!(ask(99, &uid).await.unwrap_err(), "questions of kind 99 are not answered here");
}
