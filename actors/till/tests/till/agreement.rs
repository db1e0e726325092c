//! Does everybody who counts say the same?

use std::collections::BTreeMap;

use devices::sim::shtrih::{Operation, StoredKind};
use domain::money::Money;
use domain::receipt::{Event, Receipt as Machine};
use messages::v1::document::Document;
use messages::v1::receipt::{Receipt, ReceiptKind, TenderType};
use messages::v1::till::TillCommand;
use till::Record;

use crate::shop::{Counter, Shop};
use crate::terminals::net;

/// Sums by tender and kind, change taken off.
type Sums = BTreeMap<(TenderType, ReceiptKind), Money>;

/// The shift that is open, and everything since the first one.
pub(crate) async fn agree(shop: &Shop, counter: &Counter) {
    counter.verify().await;
    let ended = counter.receipts().await;
    let numbers: Vec<u64> = ended.iter().map(|ended| ended.receipt.sequence).collect();
    assert_eq!(numbers, (1..=ended.len() as u64).collect::<Vec<_>>(), "numbers without a gap");
    let closed: Vec<Receipt> = ended.into_iter().filter(|ended| ended.is_closed()).map(|ended| ended.receipt).collect();
    shift_agrees(counter, &closed).await;
    device_agrees(shop, &closed);
    let sums = sums(&closed);
    let banked = |tender| {
        let sum = |kind| sums.get(&(tender, kind)).copied().unwrap_or_default();
        sum(ReceiptKind::Sale) - sum(ReceiptKind::Return)
    };
    assert_eq!(net(&shop.card.charges()), banked(TenderType::Card), "the bank's cards");
    assert_eq!(net(&shop.qr.charges()), banked(TenderType::Qr), "the bank's QR payments");
    let sent: Vec<Receipt> = counter
        .outbox()
        .await
        .into_iter()
        .filter_map(|document| match document {
            Document::ReceiptClosed(receipt) => Some(*receipt),
            _ => None,
        })
        .collect();
    assert_eq!(sent, closed, "the documents for the store are the receipts");
    let journalled = journalled(counter).await;
    let receipts: Vec<_> = closed.iter().map(|receipt| (receipt.sequence, receipt.total, receipt.change)).collect();
    assert_eq!(journalled, receipts, "the journal says what the receipts say");
}

fn sums(receipts: &[Receipt]) -> Sums {
    let mut sums = Sums::new();
    for receipt in receipts {
        for tender in &receipt.tenders {
            *sums.entry((tender.tender, receipt.kind)).or_default() += tender.amount;
        }
        if !receipt.change.is_zero() {
            *sums.entry((TenderType::Cash, receipt.kind)).or_default() -= receipt.change;
        }
        let paid: Money = receipt.tenders.iter().map(|tender| tender.amount).sum();
        assert_eq!(paid - receipt.change, receipt.total, "receipt {}", receipt.sequence);
    }
    sums.retain(|_, sum| !sum.is_zero());
    sums
}

async fn shift_agrees(counter: &Counter, closed: &[Receipt]) {
    let totals = counter.give(TillCommand::ReportX).await.totals.expect("totals");
    let of_shift: Vec<Receipt> = closed.iter().filter(|receipt| receipt.shift == totals.shift).cloned().collect();
    let mut tenders = Sums::new();
    for total in &totals.tenders {
        tenders.insert((total.tender, ReceiptKind::Sale), total.sales);
        tenders.insert((total.tender, ReceiptKind::Return), total.returns);
    }
    tenders.retain(|_, sum| !sum.is_zero());
    assert_eq!(tenders, sums(&of_shift), "the shift by tender");
    let of = |kind| {
        let all = of_shift.iter().filter(move |receipt| receipt.kind == kind);
        (all.clone().count() as u64, all.map(|receipt| receipt.total).sum::<Money>())
    };
    assert_eq!((totals.sales_count, totals.sales), of(ReceiptKind::Sale));
    assert_eq!((totals.returns_count, totals.returns), of(ReceiptKind::Return));
    for vat in &totals.vat {
        let lines = |kind| {
            let lines = of_shift.iter().filter(move |receipt| receipt.kind == kind).flat_map(|receipt| &receipt.lines);
            let lines = lines.filter(|line| !line.voided && line.vat_rate == vat.rate);
            lines.fold((Money::ZERO, Money::ZERO), |sums, line| (sums.0 + line.amount, sums.1 + line.vat))
        };
        assert_eq!((vat.sales, vat.sales_vat), lines(ReceiptKind::Sale), "VAT at {}", vat.rate);
        assert_eq!((vat.returns, vat.returns_vat), lines(ReceiptKind::Return), "VAT at {}", vat.rate);
    }
}

/// One document a receipt, with its total and its payments.
fn device_agrees(shop: &Shop, closed: &[Receipt]) {
    let documents = shop.fiscal_receipts();
    let fiscal: Vec<_> = closed
        .iter()
        .filter_map(|receipt| Some((receipt.fiscal.as_ref()?.number, receipt.kind, receipt.total)))
        .collect();
    let kind = |kind| match kind {
        StoredKind::Receipt(Operation::Sale) => ReceiptKind::Sale,
        _ => ReceiptKind::Return,
    };
    let made: Vec<_> =
        documents.iter().map(|document| (document.number, kind(document.kind), document.total)).collect();
    assert_eq!(made, fiscal, "one document a receipt");
    let mut paid: BTreeMap<(bool, ReceiptKind), Money> = BTreeMap::new();
    let mut by_group: BTreeMap<(u8, ReceiptKind), Money> = BTreeMap::new();
    for document in &documents {
        *paid.entry((true, kind(document.kind))).or_default() += document.payments[0];
        *paid.entry((false, kind(document.kind))).or_default() += document.payments[1];
        for line in &document.lines {
            *by_group.entry((line.tax_group, kind(document.kind))).or_default() += line.amount;
        }
    }
    for ((tender, kind), sum) in sums(closed) {
        *paid.entry((tender == TenderType::Cash, kind)).or_default() -= sum;
    }
    assert!(paid.values().all(|sum| sum.is_zero()), "the device by payment: {paid:?}");
    for receipt in closed {
        for line in receipt.lines.iter().filter(|line| !line.voided) {
            let group = u8::from(line.vat_rate == domain::vat::VatRate::percent(10));
            *by_group.entry((group, receipt.kind)).or_default() -= line.amount;
        }
    }
    assert!(by_group.values().all(|sum| sum.is_zero()), "the device by tax: {by_group:?}");
}

/// Number, total and change of each receipt that the journal closes.
async fn journalled(counter: &Counter) -> Vec<(u64, Money, Money)> {
    let entries = till::records::journal(&counter.database, 1, u64::MAX).await.expect("the journal");
    let mut open: Option<Machine> = None;
    let mut closed = Vec::new();
    for entry in &entries {
        let Record::Receipt(event) = till::records::record(entry).expect("a record") else { continue };
        match (&event, &mut open) {
            (Event::Opened(opening), open) => *open = Some(Machine::new(opening.clone())),
            (event, Some(receipt)) => receipt.apply(event),
            (_, None) => panic!("an event of no receipt"),
        }
        if let (Event::Closed { .. }, Some(receipt)) = (&event, &open) {
            closed.push((receipt.opening().sequence, receipt.total(), receipt.change()));
        }
    }
    closed
}
