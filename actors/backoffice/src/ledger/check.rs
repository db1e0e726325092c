//! What must be true of a document before it may change a total.
//!
//! Only sums are checked: how a price, a discount or a tax came about is the till's business, and a till of a newer
//! version may know a rule that this node does not.

use std::collections::BTreeMap;

use domain::money::Money;
use domain::vat::VatRate;
use link::apply::Origin;
use messages::v1::receipt::{RECEIPT_LINES_MAX, Receipt};

/// The largest amount of one receipt or line, in minor units. Ten trillion is no sale, and a sum of millions of such still
/// fits into 64 bits.
const AMOUNT_MINOR_MAX: i64 = 1_000_000_000_000;
/// The largest quantity of a line, in thousandths.
const QUANTITY_THOUSANDTHS_MAX: i64 = 1_000_000_000_000;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Wrong {
    #[error("it says it was made at {says}, but it came from {came}")]
    Place { says: String, came: String },
    #[error("it has {lines} lines, more than the {RECEIPT_LINES_MAX} that a receipt may have")]
    TooLong { lines: usize },
    #[error("{what} is {amount}, which is below zero or larger than any sale")]
    OutOfRange { what: String, amount: String },
    #[error("its lines make {lines}, its total says {total}")]
    Total { lines: Money, total: Money },
    #[error("its tenders less the change make {tenders}, its total says {total}")]
    Tenders { tenders: Money, total: Money },
    #[error("the VAT of its lines at rate {rate} makes {lines}, its VAT says {vat}")]
    Vat { rate: VatRate, lines: Money, vat: Money },
    #[error("receipt {uid} is here already under another number")]
    NumberChanged { uid: String },
    #[error("number {sequence} of {place} is taken by another receipt, {uid}")]
    NumberTaken { sequence: u64, place: String, uid: String },
}

pub(crate) fn place(store: &str, till: u32, origin: &Origin) -> Result<(), Wrong> {
    if store == origin.store.as_str() && till == origin.till.0 {
        return Ok(());
    }
    Err(Wrong::Place { says: format!("{store}/{till}"), came: format!("{}/{}", origin.store, origin.till) })
}

fn in_range(what: impl Fn() -> String, amount: Money) -> Result<i64, Wrong> {
    if (0..=AMOUNT_MINOR_MAX).contains(&amount.minor()) {
        Ok(amount.minor())
    } else {
        Err(Wrong::OutOfRange { what: what(), amount: amount.to_string() })
    }
}

/// Bounds of everything that is going to be summed. For receipts that were cancelled too.
pub(crate) fn bounds(receipt: &Receipt) -> Result<(), Wrong> {
    if receipt.lines.len() > RECEIPT_LINES_MAX {
        return Err(Wrong::TooLong { lines: receipt.lines.len() });
    }
    for line in &receipt.lines {
        in_range(|| format!("the amount of line {}", line.line), line.amount)?;
        in_range(|| format!("the VAT of line {}", line.line), line.vat)?;
        if !(0..=QUANTITY_THOUSANDTHS_MAX).contains(&line.quantity.thousandths()) {
            return Err(Wrong::OutOfRange {
                what: format!("the quantity of line {}", line.line),
                amount: line.quantity.to_string(),
            });
        }
    }
    for tender in &receipt.tenders {
        in_range(|| "a tender".to_owned(), tender.amount)?;
    }
    for sum in &receipt.vat {
        in_range(|| format!("the VAT at rate {}", sum.rate), sum.amount)?;
    }
    in_range(|| "the change".to_owned(), receipt.change)?;
    in_range(|| "the rounding".to_owned(), receipt.rounding.abs())?;
    in_range(|| "the total".to_owned(), receipt.total)?;
    Ok(())
}

/// The sums of a closed receipt, within [`bounds`].
pub(crate) fn sums(receipt: &Receipt) -> Result<(), Wrong> {
    let kept = || receipt.lines.iter().filter(|line| !line.voided);
    let total = receipt.total;
    let lines: Money = kept().map(|line| line.amount).sum();
    // What was rounded is in the lines.
    if lines != total {
        return Err(Wrong::Total { lines, total });
    }
    let given: Money = receipt.tenders.iter().map(|tender| tender.amount).sum();
    let tenders = given - receipt.change;
    if tenders != total {
        return Err(Wrong::Tenders { tenders, total });
    }
    let mut rates: BTreeMap<VatRate, (Money, Money, i64)> = BTreeMap::new();
    for line in kept() {
        let rate = rates.entry(line.vat_rate).or_default();
        rate.0 += line.vat;
        rate.2 += 1;
    }
    for sum in &receipt.vat {
        rates.entry(sum.rate).or_default().1 += sum.amount;
    }
    for (rate, (lines, vat, count)) in rates {
        // A profile may round once a rate instead of once a line: that is half a minor unit a line apart at most.
        if (lines - vat).abs().minor() > (count + 1) / 2 {
            return Err(Wrong::Vat { rate, lines, vat });
        }
    }
    Ok(())
}
