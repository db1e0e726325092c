//! The ledger, its sums, the reports and the rebuild, on a real SQLite file; or, with `OPENSTORE_TEST_POSTGRES` set to
//! `postgres://user@host:port`, on databases made there.

use std::sync::atomic::{AtomicU64, Ordering};

use backoffice::ledger::TradeLedger;
use backoffice::reports::{self, Arguments, render};
use backoffice::{incidents, rebuild};
use chrono::{DateTime, FixedOffset, TimeDelta};
use domain::ids::{ItemCode, OperatorNumber, ReceiptId, StoreId, TillId};
use domain::money::Money;
use domain::quantity::Quantity;
use domain::vat::VatRate;
use expect_test::{Expect, expect};
use link::apply::{Apply, Origin, Outcome, Peer, PeerRole, Received};
use messages::v1::document::Document;
use messages::v1::receipt::{Receipt, ReceiptKind, ReceiptLine, Tender, TenderType, VatSum};
use migrations::database::Database;
use migrations::{ServerMigrator, scratch};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

#[path = "backoffice/answers.rs"]
mod answers;
#[path = "backoffice/documents.rs"]
mod documents;
#[path = "backoffice/marks.rs"]
mod marks;
#[path = "backoffice/parked.rs"]
mod parked_receipts;
#[path = "backoffice/reconcile.rs"]
mod reconcile;
#[path = "backoffice/relay.rs"]
mod relay;
#[path = "backoffice/returned.rs"]
mod returned;
#[path = "backoffice/sales.rs"]
mod sales;
#[path = "backoffice/shifts.rs"]
mod shifts;

struct Shop {
    database: Database,
    _folder: tempfile::TempDir,
    sequence: AtomicU64,
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

fn at(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(text).unwrap()
}

/// A sale of lines "code quantity price rate" at a store's till 1, paid by `tender`.
fn sale(store: &str, sequence: u64, when: &str, tender: TenderType, lines: &[(&str, &str, &str, &str)]) -> Receipt {
    let lines: Vec<ReceiptLine> = (1..)
        .zip(lines)
        .map(|(line, (code, quantity, price, rate))| {
            let quantity: Quantity = quantity.parse().unwrap();
            let unit_price = money(price);
            let amount = domain::rounding::line_amount(unit_price, quantity);
            let vat_rate: VatRate = rate.parse().unwrap();
            ReceiptLine {
                line,
                code: ItemCode((*code).to_owned()),
                name: format!("Item {code}"),
                quantity,
                unit_price,
                discount: Money::ZERO,
                amount,
                vat_rate,
                vat: vat_rate.contained_in(amount),
                voided: false,
                of_line: None,
                mark: None,
                deposit_of: None,
                group: None,
                points: Money::ZERO,
                load: false,
            }
        })
        .collect();
    let mut vat: Vec<VatSum> = Vec::new();
    for line in &lines {
        match vat.iter_mut().find(|sum| sum.rate == line.vat_rate) {
            Some(sum) => sum.amount += line.vat,
            None => vat.push(VatSum { rate: line.vat_rate, amount: line.vat }),
        }
    }
    let total: Money = lines.iter().map(|line| line.amount).sum();
    let at = at(when);
    Receipt {
        uid: ReceiptId(Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{store}/{sequence}").as_bytes())),
        store: StoreId::new(store).unwrap(),
        till: TillId(1),
        sequence,
        shift: 1,
        business_day: at.date_naive(),
        kind: ReceiptKind::Sale,
        at,
        operator: OperatorNumber("7".to_owned()),
        lines,
        discount: Money::ZERO,
        rounding: Money::ZERO,
        total,
        vat,
        tenders: vec![Tender::new(tender, total)],
        change: Money::ZERO,
        fiscal: None,
        of: None,
        of_fiscal: None,
        customer: None,
        discounts: Vec::new(),
        approvals: Vec::new(),
        recalled: None,
        accounts: Vec::new(),
        points: None,
    }
}

/// The receipt as till `till` made it.
fn at_till(mut receipt: Receipt, till: u32) -> Receipt {
    receipt.till = TillId(till);
    receipt.uid = ReceiptId(Uuid::new_v5(&receipt.uid.0, &till.to_be_bytes()));
    receipt
}

/// `sale` comes back whole by receipt `sequence`.
fn back(sale: &Receipt, sequence: u64) -> Receipt {
    let mut receipt = sale.clone();
    receipt.uid = ReceiptId(Uuid::new_v5(&sale.uid.0, &sequence.to_be_bytes()));
    receipt.sequence = sequence;
    receipt.kind = ReceiptKind::Return;
    receipt.at = sale.at + TimeDelta::hours(1);
    receipt.of = Some(sale.uid);
    for line in &mut receipt.lines {
        line.of_line = Some(line.line);
    }
    receipt
}

impl Shop {
    async fn open() -> Shop {
        let folder = tempfile::tempdir().unwrap();
        let database = scratch::open::<ServerMigrator>(folder.path(), "hq.sqlite").await;
        Shop { database, _folder: folder, sequence: AtomicU64::new(0) }
    }

    fn received(&self, store: &str, document: &Document) -> Received {
        self.by_till(store, 1, document)
    }

    fn by_till(&self, store: &str, till: u32, document: &Document) -> Received {
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed) + 1;
        Received {
            id: Uuid::now_v7(),
            type_id: document.type_id(),
            schema: 1,
            origin: Origin { store: StoreId::new(store).unwrap(), till: TillId(till), sequence, chain: [0; 16] },
            created_ms: 0,
            body: document.to_body(),
        }
    }

    async fn apply(&self, batch: &[Received]) -> Vec<Outcome> {
        let from = Peer { name: "S1".to_owned(), role: PeerRole::Store };
        let transaction = self.database.begin().await.unwrap();
        let outcomes = TradeLedger::new(false).apply(&transaction, &from, batch).await.unwrap();
        transaction.commit().await.unwrap();
        outcomes
    }

    async fn receipts(&self, receipts: &[Receipt]) -> Vec<Outcome> {
        let batch: Vec<Received> = receipts
            .iter()
            .map(|receipt| {
                let document = Document::ReceiptClosed(Box::new(receipt.clone()));
                self.by_till(receipt.store.as_str(), receipt.till.0, &document)
            })
            .collect();
        self.apply(&batch).await
    }

    /// A report as CSV.
    async fn csv(&self, name: &str, more: &[(&str, &str)]) -> String {
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let arguments = Arguments { more, ..Arguments::default() };
        let table = reports::find(name).unwrap().run(&self.database.reader, &arguments).await.unwrap();
        String::from_utf8(render::csv(&table)).unwrap()
    }

    async fn report(&self, by: &str, expected: Expect) {
        let arguments = Arguments { by: Some(by.to_owned()), ..Arguments::default() };
        let table = reports::find("sales").unwrap().run(&self.database.reader, &arguments).await.unwrap();
        expected.assert_eq(&render::text(&table));
    }

    async fn incidents(&self) -> Vec<String> {
        let newest = incidents::newest(&self.database.reader, 10).await.unwrap();
        newest.into_iter().map(|incident| incident.text).collect()
    }
}

fn trade() -> Vec<Receipt> {
    use TenderType::{Card, Cash};
    let first = sale("S1", 1, "2026-11-25T09:15:00+03:00", Cash, &[("10", "2", "89.90", "10"), ("20", "1", "7", "22")]);
    let second = sale("S1", 2, "2026-11-25T10:01:00+03:00", Card, &[("20", "3", "7", "22")]);
    let other =
        sale("S2", 1, "2026-11-26T09:00:00+03:00", Cash, &[("10", "0.475", "89.90", "10"), ("9", "1", "5", "none")]);
    let returned = back(&first, 3);
    vec![first, second, other, returned]
}

fn parked(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Park { reason } => reason,
        other => panic!("not parked but {other:?}"),
    }
}

#[tokio::test]
async fn invariant_bo1_a_receipt_is_applied_once() {
    let shop = Shop::open().await;
    let trade = trade();
    assert_eq!(shop.receipts(&trade).await, vec![Outcome::Applied; 4]);
    assert_eq!(shop.receipts(&trade).await, vec![Outcome::Duplicate; 4]);
    // Twice in one batch.
    let again = sale("S1", 4, "2026-11-25T11:00:00+03:00", TenderType::Cash, &[("10", "1", "1", "10")]);
    assert_eq!(shop.receipts(&[again.clone(), again]).await, vec![Outcome::Applied, Outcome::Duplicate]);
    shop.report(
        "store",
        expect![[r#"
        store  receipts   sales  returns    net   vat
        -----  --------  ------  -------  -----  ----
        S1            4  208.80   186.80  22.00  3.88
        S2            1   47.70     0.00  47.70  3.88
        -----  --------  ------  -------  -----  ----
        total         5  256.50   186.80  69.70  7.76
    "#]],
    )
    .await;
}

#[tokio::test]
async fn invariant_bo3_what_does_not_add_up_is_parked_and_changes_nothing() {
    let shop = Shop::open().await;
    let good = sale("S1", 1, "2026-11-25T09:15:00+03:00", TenderType::Cash, &[("10", "2", "89.90", "10")]);
    shop.receipts(std::slice::from_ref(&good)).await;
    let next =
        |sequence| sale("S1", sequence, "2026-11-25T09:16:00+03:00", TenderType::Cash, &[("10", "2", "89.90", "10")]);

    let mut total = next(2);
    total.total = money("1.00");
    let mut tenders = next(2);
    tenders.change = money("0.01");
    let mut vat = next(2);
    vat.vat[0].amount += money("5.00");
    let mut negative = next(2);
    negative.lines[0].amount = money("-1.00");
    let mut taken = next(1);
    taken.uid = ReceiptId(Uuid::now_v7());
    let mut reasons = String::new();
    for wrong in [total, tenders, vat, negative, taken] {
        // The uid of a taken number differs from run to run.
        let outcome = shop.receipts(&[wrong]).await;
        reasons += &parked(&outcome[0]).replace(&good.uid.to_string(), "UID");
        reasons.push('\n');
    }
    expect![[r#"
        its lines make 179.80, its total says 1.00
        its tenders less the change make 179.79, its total says 179.80
        the VAT of its lines at rate 10 makes 16.35, its VAT says 21.35
        the amount of line 1 is -1.00, which is below zero or larger than any sale
        number 1 of S1/1 is taken by another receipt, UID
    "#]]
    .assert_eq(&reasons);

    let elsewhere = shop.received("S2", &Document::ReceiptClosed(Box::new(next(2))));
    assert_eq!(parked(&shop.apply(&[elsewhere]).await[0]), "it says it was made at S1/1, but it came from S2/1");

    let mut garbage = shop.received("S1", &Document::ReceiptClosed(Box::new(next(2))));
    garbage.body.truncate(20);
    let follower = shop.received("S1", &Document::ReceiptClosed(Box::new(next(3))));
    let other = sale("S2", 1, "2026-11-25T09:16:00+03:00", TenderType::Cash, &[("10", "1", "1", "10")]);
    let other = shop.received("S2", &Document::ReceiptClosed(Box::new(other)));
    let mut newer = shop.received("S2", &Document::ReceiptClosed(Box::new(next(2))));
    newer.type_id = 999;
    let outcomes = shop.apply(&[garbage, follower, other, newer]).await;
    assert!(parked(&outcomes[0]).starts_with("the body cannot be read"));
    assert_eq!(parked(&outcomes[1]), "an earlier document of the same till is parked");
    assert_eq!(outcomes[2..], [Outcome::Applied, Outcome::Unsupported]);
    shop.report(
        "store",
        expect![[r#"
        store  receipts   sales  returns     net    vat
        -----  --------  ------  -------  ------  -----
        S1            1  179.80     0.00  179.80  16.35
        S2            1    1.00     0.00    1.00   0.09
        -----  --------  ------  -------  ------  -----
        total         2  180.80     0.00  180.80  16.44
    "#]],
    )
    .await;
}

#[tokio::test]
async fn invariant_bo2_rebuild_finds_a_corrupted_sum_and_mends_it() {
    let shop = Shop::open().await;
    shop.receipts(&trade()).await;
    let clean = rebuild::rebuild(&shop.database, false).await.unwrap();
    assert_eq!((clean.receipts, clean.stores, clean.differences), (4, 2, 0), "{:?}", clean.told);
    let spoil = "UPDATE sales_item SET sales = sales + 1 WHERE store = 'S1' AND code = '20'";
    shop.database.writer.execute_unprepared(spoil).await.unwrap();
    shop.database.writer.execute_unprepared("DELETE FROM sales_tender WHERE store = 'S2'").await.unwrap();
    let found = rebuild::rebuild(&shop.database, true).await.unwrap();
    expect![[r#"
        sales_item ((2026-11-25, "S1"), "20"): the table says ItemSums { name: "", quantity: 3000, sums: Sums { receipts: 3, sales: 2801, returns: 700, vat: 379 } }, the receipts make ItemSums { name: "", quantity: 3000, sums: Sums { receipts: 3, sales: 2800, returns: 700, vat: 379 } }
        sales_tender ((2026-11-26, "S2"), "cash"): missing, the receipts make Sums { receipts: 1, sales: 4770, returns: 0, vat: 0 }"#]].assert_eq(&found.told.join("\n"));
    assert_eq!(rebuild::rebuild(&shop.database, false).await.unwrap().differences, 0);
}
