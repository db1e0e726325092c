//! Three hundred random receipts: the journal, the shift, the device and the documents for the store say the same.

use domain::ids::ReceiptId;
use domain::money::Money;
use messages::v1::document::Document;
use messages::v1::receipt::{ReceiptKind, TenderType};
use messages::v1::till::{ReturnLine, TillCommand, TillError};

use crate::shop::{Counter, Shop, money, pay, quantity, sell};

/// Another seed may be given to look for more: `TILL_SEED=7 cargo test -p till random`.
const SEED: u64 = 20_260_302;
const RECEIPTS: usize = 300;
const CODES: [&str; 8] = ["MILK", "BREAD", "COFFEE", "CHOC", "BAG", "SHAMPOO", "APPLE", "CHEESE"];

/// Enough randomness for a test, the same on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

#[test]
fn retail_s50_three_hundred_random_receipts_agree_everywhere() {
    let seed = std::env::var("TILL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    println!("seed {seed}");
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("2000.00").await;
        let mut dice = Dice(seed.max(1));
        let mut sales: Vec<(ReceiptId, u32)> = Vec::new();
        for _ in 0..RECEIPTS {
            match dice.below(10) {
                0 if !sales.is_empty() => take_back(counter, &mut dice, &sales).await,
                1 => cancel(counter, &mut dice).await,
                _ => sales.push(sale(counter, &mut dice).await),
            }
        }
        agree(&shop, counter).await;
    });
}

async fn add_lines(counter: &Counter, dice: &mut Dice) -> u32 {
    let lines = 1 + dice.below(4);
    for _ in 0..lines {
        let code = CODES[usize::try_from(dice.below(8)).expect("an index")];
        let part = if matches!(code, "APPLE" | "CHEESE") {
            format!("0.{:03}", 1 + dice.below(999))
        } else {
            (1 + dice.below(5)).to_string()
        };
        counter.give(sell(&part, code)).await;
    }
    if lines > 1 && dice.below(4) == 0 {
        counter.give(TillCommand::VoidLine { line: 1, quantity: None }).await;
    }
    u32::try_from(lines).expect("few")
}

async fn sale(counter: &Counter, dice: &mut Dice) -> (ReceiptId, u32) {
    let lines = add_lines(counter, dice).await;
    let due = counter.view().await.due;
    let half = Money::from_minor(due.minor() / 2);
    if dice.below(3) == 0 && half.is_positive() {
        counter.give(pay(TenderType::Card, &half.to_string())).await;
    }
    let due = counter.view().await.due + Money::from_minor(i64::try_from(dice.below(10_000)).expect("small"));
    let receipt = counter.cash(&due.to_string()).await.receipt.expect("closed");
    assert_eq!(receipt.tenders.iter().map(|tender| tender.amount).sum::<Money>() - receipt.change, receipt.total);
    (receipt.uid, lines)
}

async fn cancel(counter: &Counter, dice: &mut Dice) {
    add_lines(counter, dice).await;
    counter.give(TillCommand::Cancel).await;
}

/// Refusals are fine here: the line may be voided, or back already.
async fn take_back(counter: &Counter, dice: &mut Dice, sales: &[(ReceiptId, u32)]) {
    let (of, lines) = sales[usize::try_from(dice.below(sales.len() as u64)).expect("an index")];
    let lines = match dice.below(3) {
        0 => Vec::new(),
        _ => vec![ReturnLine {
            line: 1 + u32::try_from(dice.below(u64::from(lines))).expect("small"),
            quantity: quantity("0.5"),
        }],
    };
    match counter.ask(TillCommand::Return { of: Some(of), lines, tender: TenderType::Cash }).await {
        Ok(Ok(_) | Err(TillError::Refused { .. })) => {}
        other => panic!("a return: {other:?}"),
    }
}

async fn agree(shop: &Shop, counter: &Counter) {
    let totals = counter.give(TillCommand::ReportX).await.totals.expect("totals");
    let receipts = counter.receipts().await;
    let sequences: Vec<u64> = receipts.iter().map(|ended| ended.receipt.sequence).collect();
    assert_eq!(sequences, (1..=receipts.len() as u64).collect::<Vec<_>>(), "numbers without a gap");
    let of = |kind| {
        let kept = receipts.iter().filter(move |ended| ended.is_closed() && ended.receipt.kind == kind);
        (kept.clone().count() as u64, kept.map(|ended| ended.receipt.total).sum::<Money>())
    };
    assert_eq!((totals.sales_count, totals.sales), of(ReceiptKind::Sale));
    assert_eq!((totals.returns_count, totals.returns), of(ReceiptKind::Return));
    for vat in &totals.vat {
        let sum: Money = receipts
            .iter()
            .filter(|ended| ended.is_closed() && ended.receipt.kind == ReceiptKind::Sale)
            .flat_map(|ended| &ended.receipt.vat)
            .filter(|sum| sum.rate == vat.rate)
            .map(|sum| sum.amount)
            .sum();
        assert_eq!(vat.sales_vat, sum, "VAT at {}", vat.rate);
    }

    let tender = |tender: TenderType| totals.tenders.iter().find(|total| total.tender == tender).copied();
    let (cash, card) = (tender(TenderType::Cash).expect("cash"), tender(TenderType::Card).expect("cards"));
    let register = |number| shop.emulator.money_register(number).expect("a register");
    assert_eq!((register(0xC1), register(0xC1 + 2)), (cash.sales, cash.returns), "the device's cash");
    assert_eq!((register(0xC1 + 4), register(0xF1)), (card.sales, totals.cash_expected), "its cards and drawer");
    assert_eq!(u64::from(shop.emulator.counter(0x90)), totals.sales_count);

    let documents = counter.outbox().await;
    let sent: Vec<_> = documents
        .iter()
        .filter_map(|document| match document {
            Document::ReceiptClosed(receipt) => {
                Some(till::records::EndedReceipt { receipt: (**receipt).clone(), kind: "sale".to_owned() })
            }
            Document::ReceiptCancelled(cancelled) => {
                Some(till::records::EndedReceipt { receipt: cancelled.receipt.clone(), cancelled: true })
            }
            _ => None,
        })
        .collect();
    assert_eq!(sent, receipts, "the documents for the store are the receipts");
    assert_eq!(totals.cancelled_count, sent.iter().filter(|ended| ended.cancelled).count() as u64);
    assert_eq!(money("2000.00") + cash.sales - cash.returns, totals.cash_expected);
    counter.verify().await;
}
