//! Each closed shift against its receipts.

use std::collections::BTreeMap;

use messages::v1::document::{ReceiptCancelled, ShiftClosed, ShiftOpened, ShiftTotals, TenderTotal, VatTotal};

use super::*;

pub(super) fn opening(store: &str, till: u32, shift: u32, when: &str) -> ShiftOpened {
    ShiftOpened {
        store: StoreId::new(store).unwrap(),
        till: TillId(till),
        shift,
        business_day: at(when).date_naive(),
        at: at(when),
        operator: OperatorNumber("7".to_owned()),
        float: money("100.00"),
    }
}

/// A shift of sales, each paid with one tender.
pub(super) fn closing(store: &str, till: u32, shift: u32, when: &str, sales: &[Receipt]) -> ShiftClosed {
    let total: Money = sales.iter().map(|sale| sale.total).sum();
    let mut tenders: BTreeMap<TenderType, Money> = BTreeMap::new();
    let mut rates: BTreeMap<VatRate, (Money, Money)> = BTreeMap::new();
    for sale in sales {
        *tenders.entry(sale.tenders[0].tender).or_default() += sale.total;
        for line in &sale.lines {
            let rate = rates.entry(line.vat_rate).or_default();
            rate.0 += line.amount;
            rate.1 += line.vat;
        }
    }
    let zero = Money::ZERO;
    ShiftClosed {
        store: StoreId::new(store).unwrap(),
        till: TillId(till),
        at: at(when),
        operator: OperatorNumber("7".to_owned()),
        counted: money("100.00"),
        over_short: zero,
        totals: ShiftTotals {
            shift,
            business_day: at(when).date_naive(),
            opened_at: at(when) - TimeDelta::hours(14),
            float: money("100.00"),
            cash_in: zero,
            cash_out: zero,
            cash_expected: money("100.00"),
            sales_count: sales.len() as u64,
            sales: total,
            returns_count: 0,
            returns: zero,
            cancelled_count: 0,
            cancelled: zero,
            returns_without_receipt: zero,
            journal: 0,
            journal_hash: String::new(),
            tenders: tenders.into_iter().map(|(tender, sales)| TenderTotal { tender, sales, returns: zero }).collect(),
            vat: rates
                .into_iter()
                .map(|(rate, (sales, sales_vat))| VatTotal { rate, sales, returns: zero, sales_vat, returns_vat: zero })
                .collect(),
        },
        pieces: Vec::new(),
        not_counted: false,
        approver: None,
    }
}

fn sales() -> Vec<Receipt> {
    (1..=4)
        .map(|sequence| {
            let tender = if sequence == 4 { TenderType::Qr } else { TenderType::Cash };
            sale("S1", sequence, "2026-11-25T09:15:00+03:00", tender, &[("10", "1", "10.00", "10")])
        })
        .collect()
}

#[tokio::test]
async fn a_shift_that_is_as_its_receipts_is_ok() {
    let shop = Shop::open().await;
    let sales = sales();
    let mut given_up = sale("S1", 5, "2026-11-25T09:20:00+03:00", TenderType::Cash, &[("20", "1", "7", "22")]);
    given_up.tenders = Vec::new();
    let mut closed = closing("S1", 1, 1, "2026-11-25T22:00:00+03:00", &sales);
    (closed.totals.cancelled_count, closed.totals.cancelled) = (1, money("7.00"));
    shop.receipts(&sales).await;
    let rest = [
        Document::ReceiptCancelled(Box::new(ReceiptCancelled { receipt: given_up })),
        Document::ShiftClosed(Box::new(closed)),
    ];
    let batch: Vec<Received> = rest.iter().map(|document| shop.received("S1", document)).collect();
    assert_eq!(shop.apply(&batch).await, vec![Outcome::Applied; 2]);
    expect![[r#"
        day,store,till,shift,receipts,number,result
        2026-11-25,S1,1,1,5,,ok
    "#]]
    .assert_eq(&shop.csv("reconcile", &[]).await);
}

#[tokio::test]
async fn what_is_missing_or_differs_is_named() {
    let shop = Shop::open().await;
    let sales = sales();
    let closed = closing("S1", 1, 1, "2026-11-25T22:00:00+03:00", &sales);
    let without: Vec<Receipt> = sales.iter().filter(|sale| sale.sequence != 2).cloned().collect();
    shop.receipts(&without).await;
    shop.apply(&[shop.received("S1", &Document::ShiftClosed(Box::new(closed)))]).await;
    let spoil = "UPDATE receipt SET total = total + 100 WHERE sequence = 3";
    shop.database.writer.execute_unprepared(spoil).await.unwrap();
    expect![[r#"
        day,store,till,shift,receipts,number,result
        2026-11-25,S1,1,1,3,2,missing
        2026-11-25,S1,1,1,3,3,"its row says 11.00, its body 10.00"
        2026-11-25,S1,1,1,3,,"sales: the shift says 4 for 40.00, its receipts make 3 for 30.00"
        2026-11-25,S1,1,1,3,,"cash: the shift says 30.00 sold and 0.00 returned, its receipts make 20.00 sold and 0.00 returned"
        2026-11-25,S1,1,1,3,,"turnover at VAT 10: the shift says 40.00 sold and 0.00 returned, its receipts make 30.00 sold and 0.00 returned"
        2026-11-25,S1,1,1,3,,"VAT 10: the shift says 3.64 sold and 0.00 returned, its receipts make 2.73 sold and 0.00 returned"
    "#]].assert_eq(&shop.csv("reconcile", &[]).await);
}
