//! A store that asks the head office: sales, what came back elsewhere, marked units; and the business day.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use backoffice::answers::{Above, TradeAnswers};
use futures_util::future::BoxFuture;
use link::requests::{Answer, BUSINESS_DAY, FIND_RECEIPT, FIND_SALE, RequestError};
use messages::codec::{from_body, to_body};
use messages::v1::document::ShiftOpened;
use messages::v1::receipt::{Fiscal, FiscalCode, FoundReceipt};
use messages::v1::requests::{AskBusinessDay, BusinessDay, MarkClaimed, SaleBy};
use runtime::clock::Clock;

use super::marks::claim;
use super::*;

/// The head office as store S1 reaches it, while there is a line.
struct Office {
    answers: TradeAnswers,
    line: AtomicBool,
}

impl Above for Office {
    fn ask(&self, type_id: u32, body: Vec<u8>) -> BoxFuture<'_, Result<Vec<u8>, RequestError>> {
        Box::pin(async move {
            if !self.line.load(Ordering::Relaxed) {
                return Err(RequestError::NoLine);
            }
            let store = Peer { name: "S1".to_owned(), role: PeerRole::Store };
            self.answers.answer(&store, type_id, body).await.map_err(RequestError::Refused)
        })
    }
}

struct Chain {
    store: Shop,
    hq: Shop,
    office: Arc<Office>,
    answers: TradeAnswers,
}

impl Chain {
    async fn open() -> Chain {
        let (store, hq) = (Shop::open().await, Shop::open().await);
        let answers = TradeAnswers::new(hq.database.clone(), Clock::system());
        let office = Arc::new(Office { answers, line: AtomicBool::new(true) });
        let answers = TradeAnswers::new(store.database.clone(), Clock::system()).asks(office.clone());
        Chain { store, hq, office, answers }
    }

    async fn ask(&self, type_id: u32, body: Vec<u8>) -> Result<FoundReceipt, RequestError> {
        let till = Peer { name: "S1/2".to_owned(), role: PeerRole::Till };
        let answer = self.answers.answer(&till, type_id, body).await;
        answer.map(|body| from_body(&body).unwrap()).map_err(RequestError::Refused)
    }

    async fn sale(&self, by: SaleBy) -> Result<FoundReceipt, RequestError> {
        self.ask(FIND_SALE, to_body(&by)).await
    }

    fn line(&self, up: bool) {
        self.office.line.store(up, Ordering::Relaxed);
    }
}

fn sold_at(store: &str, number: u32) -> Receipt {
    let lines = [("10", "2", "10.00", "10")];
    let mut sold = sale(store, 4, "2026-11-25T09:15:00+03:00", TenderType::Cash, &lines);
    sold.fiscal = Some(Fiscal { device: "9960".to_owned(), number, sign: "17".to_owned() });
    sold
}

fn code(number: u32) -> SaleBy {
    SaleBy::Fiscal(FiscalCode { device: "9960".to_owned(), number, sign: "17".to_owned(), total: money("20.00") })
}

#[tokio::test]
async fn a_store_finds_its_own_sales_in_every_way_without_a_line() {
    let chain = Chain::open().await;
    chain.line(false);
    let sold = sold_at("S1", 8);
    chain.store.receipts(std::slice::from_ref(&sold)).await;
    let number = |store: Option<&str>| SaleBy::Number { store: store.map(str::to_owned), till: TillId(1), sequence: 4 };
    for by in [SaleBy::Uid(sold.uid), number(None), number(Some("S1")), code(8)] {
        assert_eq!(chain.sale(by).await.unwrap().receipt, sold);
    }
    assert_eq!(chain.ask(FIND_RECEIPT, sold.uid.to_string().into_bytes()).await.unwrap().receipt, sold);
    let refused = chain.sale(number(Some("S2"))).await.unwrap_err();
    assert!(refused.is_unreachable() && !refused.is_not_known());
    expect!["the other node refused: unreachable: there is no receipt 4 of S2/1 here, and the head office cannot be asked now"]
        .assert_eq(&refused.to_string());
}

#[tokio::test]
async fn a_store_asks_the_head_office_for_what_it_does_not_know() {
    let chain = Chain::open().await;
    let sold = sold_at("S2", 8);
    let elsewhere = back(&sold, 5);
    chain.hq.receipts(&[sold.clone(), elsewhere.clone()]).await;
    let mut here = back(&sold, 6);
    (here.store, here.fiscal) = (StoreId::new("S1").unwrap(), None);
    chain.store.receipts(std::slice::from_ref(&here)).await;
    for by in [SaleBy::Uid(sold.uid), code(8)] {
        let found = chain.sale(by).await.unwrap();
        assert_eq!(found.receipt, sold);
        let by: Vec<_> = found.returned.iter().map(|line| line.by).collect();
        assert_eq!(by, [elsewhere.uid, here.uid], "what is still on its way up counts too");
    }
    let refused = chain.ask(FIND_RECEIPT, Uuid::nil().to_string().into_bytes()).await.unwrap_err();
    assert!(refused.is_not_known() && !refused.is_unreachable(), "{refused}");
    assert!(chain.sale(code(9)).await.unwrap_err().is_not_known());
}

#[tokio::test]
async fn what_came_back_in_another_store_counts_for_a_sale_that_is_known_here() {
    let chain = Chain::open().await;
    let sold = sold_at("S1", 8);
    chain.store.receipts(std::slice::from_ref(&sold)).await;
    let mut elsewhere = back(&sold, 5);
    elsewhere.store = StoreId::new("S2").unwrap();
    chain.hq.receipts(&[sold.clone(), elsewhere]).await;
    assert_eq!(chain.sale(SaleBy::Uid(sold.uid)).await.unwrap().returned.len(), 1);
    chain.line(false);
    assert_eq!(chain.sale(SaleBy::Uid(sold.uid)).await.unwrap().returned.len(), 0, "the store decides alone");
}

#[tokio::test]
async fn a_marked_unit_is_claimed_in_the_whole_chain() {
    let chain = Chain::open().await;
    let (mine, other) = (sold_at("S1", 1), sold_at("S2", 2));
    assert_eq!(claim(&chain.office.answers, "S2", &other, false).await, MarkClaimed::Yes);
    let taken = MarkClaimed::Taken { receipt: other.uid };
    assert_eq!(claim(&chain.answers, "S1/1", &mine, false).await, taken);
    chain.line(false);
    assert_eq!(claim(&chain.answers, "S1/1", &mine, false).await, MarkClaimed::Yes, "alone the store decides");
    let third = at_till(mine.clone(), 3);
    assert_eq!(claim(&chain.answers, "S1/3", &third, false).await, MarkClaimed::Taken { receipt: mine.uid });
}

#[tokio::test]
async fn a_unit_that_came_back_in_another_store_is_free_where_it_was_sold() {
    let chain = Chain::open().await;
    let mut sold = sold_at("S1", 1);
    sold.lines[0].mark = Some(super::marks::UNIT.to_owned());
    let mut elsewhere = back(&sold, 5);
    elsewhere.store = StoreId::new("S2").unwrap();
    chain.store.receipts(std::slice::from_ref(&sold)).await;
    chain.hq.receipts(std::slice::from_ref(&sold)).await;
    let next = at_till(sold_at("S1", 2), 3);
    let taken = MarkClaimed::Taken { receipt: sold.uid };
    assert_eq!(claim(&chain.answers, "S1/3", &next, false).await, taken);
    chain.hq.receipts(&[elsewhere]).await;
    chain.line(false);
    assert_eq!(claim(&chain.answers, "S1/3", &next, false).await, taken, "alone the store knows no better");
    chain.line(true);
    assert_eq!(claim(&chain.answers, "S1/3", &next, false).await, MarkClaimed::Yes);
    let other = at_till(sold_at("S1", 3), 2);
    let taken = MarkClaimed::Taken { receipt: next.uid };
    assert_eq!(claim(&chain.answers, "S1/2", &other, false).await, taken);
}

#[tokio::test]
async fn a_shift_that_opens_after_midnight_joins_the_day_of_the_others() {
    let shop = Shop::open().await;
    let answers = TradeAnswers::new(shop.database.clone(), Clock::system());
    let ask = async |till: &str, when: &str| {
        let from = Peer { name: till.to_owned(), role: PeerRole::Till };
        let body = to_body(&AskBusinessDay { at: at(when) });
        let day: BusinessDay = from_body(&answers.answer(&from, BUSINESS_DAY, body).await.unwrap()).unwrap();
        day.day.to_string()
    };
    assert_eq!(ask("S1/2", "2026-11-26T00:30:00+03:00").await, "2026-11-26");
    let opened = ShiftOpened {
        store: StoreId::new("S1").unwrap(),
        till: TillId(1),
        shift: 1,
        business_day: "2026-11-25".parse().unwrap(),
        at: at("2026-11-25T20:00:00+03:00"),
        operator: OperatorNumber("7".to_owned()),
        float: Money::ZERO,
    };
    shop.apply(&[shop.received("S1", &Document::ShiftOpened(opened))]).await;
    assert_eq!(ask("S1/2", "2026-11-26T00:30:00+03:00").await, "2026-11-25");
    assert_eq!(ask("S2/2", "2026-11-26T00:30:00+03:00").await, "2026-11-26", "another store");
    assert_eq!(ask("S1/2", "2026-11-26T20:00:00+03:00").await, "2026-11-26", "an old shift is forgotten");
}
