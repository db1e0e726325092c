//! What the receipts of a shift make, against what the shift says.

use std::collections::BTreeMap;

use domain::money::Money;
use domain::vat::VatRate;
use messages::v1::document::ShiftTotals;
use messages::v1::receipt::{Receipt, ReceiptKind, TenderType};

use crate::word::word;

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct BothWays {
    sales: Money,
    returns: Money,
}

impl BothWays {
    fn add(&mut self, kind: ReceiptKind, amount: Money) {
        match kind {
            ReceiptKind::Sale => self.sales += amount,
            ReceiptKind::Return => self.returns += amount,
        }
    }
}

impl std::fmt::Display for BothWays {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} sold and {} returned", self.sales, self.returns)
    }
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Counted {
    count: u64,
    total: Money,
}

impl Counted {
    fn add(&mut self, total: Money) {
        self.count += 1;
        self.total += total;
    }
}

impl std::fmt::Display for Counted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} for {}", self.count, self.total)
    }
}

#[derive(Default)]
pub(super) struct Sums {
    sales: Counted,
    returns: Counted,
    cancelled: Counted,
    tenders: BTreeMap<TenderType, BothWays>,
    /// Turnover and VAT.
    rates: BTreeMap<VatRate, (BothWays, BothWays)>,
}

impl Sums {
    /// A receipt of a kind as its row has it.
    pub(super) fn add(&mut self, kind: &str, receipt: &Receipt) {
        match kind {
            "sale" => self.sales.add(receipt.total),
            "return" => self.returns.add(receipt.total),
            "cancelled" => return self.cancelled.add(receipt.total),
            // A parked receipt is in no total: its goods go on in another.
            _ => return,
        }
        for tender in &receipt.tenders {
            self.tenders.entry(tender.tender).or_default().add(receipt.kind, tender.amount);
        }
        if !receipt.change.is_zero() {
            self.tenders.entry(TenderType::Cash).or_default().add(receipt.kind, -receipt.change);
        }
        for line in receipt.lines.iter().filter(|line| !line.voided) {
            self.rates.entry(line.vat_rate).or_default().0.add(receipt.kind, line.amount);
        }
        for sum in &receipt.vat {
            self.rates.entry(sum.rate).or_default().1.add(receipt.kind, sum.amount);
        }
    }

    pub(super) fn differences(&self, totals: &ShiftTotals) -> Vec<String> {
        let mut differences = Vec::new();
        let counted = |count, total| Counted { count, total };
        differ("sales", counted(totals.sales_count, totals.sales), self.sales, &mut differences);
        differ("returns", counted(totals.returns_count, totals.returns), self.returns, &mut differences);
        differ("cancelled", counted(totals.cancelled_count, totals.cancelled), self.cancelled, &mut differences);

        let mut tenders: BTreeMap<TenderType, (BothWays, BothWays)> = BTreeMap::new();
        for said in &totals.tenders {
            tenders.entry(said.tender).or_default().0 = BothWays { sales: said.sales, returns: said.returns };
        }
        for (tender, made) in &self.tenders {
            tenders.entry(*tender).or_default().1 = *made;
        }
        for (tender, (said, made)) in tenders {
            differ(&word(&tender), said, made, &mut differences);
        }

        let mut rates: BTreeMap<VatRate, [(BothWays, BothWays); 2]> = BTreeMap::new();
        for said in &totals.vat {
            rates.entry(said.rate).or_default()[0] = (
                BothWays { sales: said.sales, returns: said.returns },
                BothWays { sales: said.sales_vat, returns: said.returns_vat },
            );
        }
        for (rate, made) in &self.rates {
            rates.entry(*rate).or_default()[1] = *made;
        }
        for (rate, [said, made]) in rates {
            differ(&format!("turnover at VAT {rate}"), said.0, made.0, &mut differences);
            differ(&format!("VAT {rate}"), said.1, made.1, &mut differences);
        }
        differences
    }
}

fn differ<T: PartialEq + std::fmt::Display>(what: &str, said: T, made: T, differences: &mut Vec<String>) {
    if said != made {
        differences.push(format!("{what}: the shift says {said}, its receipts make {made}"));
    }
}
