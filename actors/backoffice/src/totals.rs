//! Sums over receipts, computed in memory and then added to the tables of sums in a few statements.
//!
//! The same arithmetic serves the ledger (a batch at a time) and the rebuild (a store at a time), so the two cannot differ.

use std::collections::BTreeMap;

use chrono::{NaiveDate, Timelike};
use domain::vat::VatRate;
use messages::v1::accounts::{OperationKind, Wallet};
use messages::v1::receipt::{Receipt, ReceiptKind, TenderType};
use sea_orm::{ConnectionTrait, DbErr, Value};

use crate::bulk::{self, Shape};

/// The number that stands for goods without VAT in the column of rates.
const RATE_NONE: i64 = -1;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) receipts: i64,
    pub(crate) sales: i64,
    pub(crate) returns: i64,
    pub(crate) vat: i64,
}

impl Sums {
    fn add(&mut self, kind: ReceiptKind, amount: i64, vat: i64) {
        match kind {
            ReceiptKind::Sale => {
                self.sales += amount;
                self.vat += vat;
            }
            ReceiptKind::Return => {
                self.returns += amount;
                self.vat -= vat;
            }
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ItemSums {
    pub(crate) name: String,
    pub(crate) quantity: i64,
    /// `receipts` counts lines here.
    pub(crate) sums: Sums,
}

type Day = (NaiveDate, String);

#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) hours: BTreeMap<(Day, i64, i64), Sums>,
    pub(crate) items: BTreeMap<(Day, String), ItemSums>,
    pub(crate) tenders: BTreeMap<(Day, &'static str), Sums>,
    pub(crate) rates: BTreeMap<(Day, i64), Sums>,
    /// By card or phone, and by what is counted: [`MONEY`], or the points of a programme.
    pub(crate) customers: BTreeMap<(Day, String, i64), Sums>,
}

/// Stands for money where programmes have their numbers.
pub const MONEY: i64 = 0;

pub(crate) fn tender_name(tender: TenderType) -> &'static str {
    match tender {
        TenderType::Cash => "cash",
        TenderType::Card => "card",
        TenderType::Gift => "gift",
        TenderType::Credit => "credit",
        TenderType::Points => "points",
        TenderType::Qr => "qr",
        TenderType::Prepaid => "prepaid",
    }
}

pub(crate) fn rate_number(rate: VatRate) -> i64 {
    match rate {
        VatRate::None => RATE_NONE,
        VatRate::Percent { hundredths } => i64::from(hundredths),
    }
}

pub(crate) fn rate_of_number(number: i64) -> VatRate {
    u32::try_from(number).map_or(VatRate::None, |hundredths| VatRate::Percent { hundredths })
}

impl Totals {
    /// Add a closed receipt whose sums have been checked.
    pub(crate) fn add(&mut self, receipt: &Receipt) {
        let day: Day = (receipt.business_day, receipt.store.as_str().to_owned());
        let (kind, total) = (receipt.kind, receipt.total.minor());
        let vat = receipt.vat.iter().map(|sum| sum.amount.minor()).sum();
        let hour =
            self.hours.entry((day.clone(), i64::from(receipt.till.0), i64::from(receipt.at.hour()))).or_default();
        hour.receipts += 1;
        hour.add(kind, total, vat);

        let mut turnover: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
        for line in receipt.lines.iter().filter(|line| !line.voided) {
            let item = self.items.entry((day.clone(), line.code.0.clone())).or_default();
            item.name.clone_from(&line.name);
            item.quantity += match kind {
                ReceiptKind::Sale => line.quantity.thousandths(),
                ReceiptKind::Return => -line.quantity.thousandths(),
            };
            item.sums.receipts += 1;
            item.sums.add(kind, line.amount.minor(), line.vat.minor());
            turnover.entry(rate_number(line.vat_rate)).or_default().0 += line.amount.minor();
        }
        for sum in &receipt.vat {
            turnover.entry(rate_number(sum.rate)).or_default().1 += sum.amount.minor();
        }
        for (rate, (amount, vat)) in turnover {
            let sums = self.rates.entry((day.clone(), rate)).or_default();
            sums.receipts += 1;
            sums.add(kind, amount, vat);
        }
        self.add_customers(&day, receipt);
        self.add_tenders(day, receipt);
    }

    /// What a customer paid for goods, and points earned and taken back.
    fn add_customers(&mut self, day: &Day, receipt: &Receipt) {
        if let Some(number) = &receipt.customer {
            let goods = receipt.lines.iter().filter(|line| !line.voided && !line.load && line.deposit_of.is_none());
            let paid = goods.map(|line| line.amount.minor()).sum();
            let sums = self.customers.entry((day.clone(), number.clone(), MONEY)).or_default();
            sums.receipts += 1;
            sums.add(receipt.kind, paid, 0);
        }
        for operation in receipt.accounts.iter().filter(|operation| operation.wallet == Wallet::Points) {
            let kind = match operation.kind {
                OperationKind::Earn => ReceiptKind::Sale,
                OperationKind::TakeBack => ReceiptKind::Return,
                OperationKind::Spend | OperationKind::PutBack | OperationKind::Load => continue,
            };
            let key = (day.clone(), operation.number.clone(), i64::from(operation.asset));
            let sums = self.customers.entry(key).or_default();
            sums.receipts += 1;
            sums.add(kind, operation.amount.minor(), 0);
        }
    }

    fn add_tenders(&mut self, day: Day, receipt: &Receipt) {
        let mut taken: BTreeMap<&'static str, i64> = BTreeMap::new();
        for tender in &receipt.tenders {
            *taken.entry(tender_name(tender.tender)).or_default() += tender.amount.minor();
        }
        if !receipt.change.is_zero() {
            *taken.entry(tender_name(TenderType::Cash)).or_default() -= receipt.change.minor();
        }
        for (tender, amount) in taken {
            let sums = self.tenders.entry((day.clone(), tender)).or_default();
            sums.receipts += 1;
            sums.add(receipt.kind, amount, 0);
        }
    }

    /// Add these sums to the tables.
    pub(crate) async fn write(self, connection: &impl ConnectionTrait) -> Result<(), DbErr> {
        let mut rows: Vec<Value> = Vec::with_capacity(self.hours.len() * SALES_HOUR.columns.len());
        for (((day, store), till, hour), sums) in self.hours {
            rows.extend([day.into(), store.into(), till.into(), hour.into()]);
            rows.extend([sums.receipts, sums.sales, sums.returns, sums.vat].map(Value::from));
        }
        bulk::write(connection, &SALES_HOUR, rows).await?;

        let mut rows: Vec<Value> = Vec::with_capacity(self.items.len() * SALES_ITEM.columns.len());
        for (((day, store), code), item) in self.items {
            rows.extend([day.into(), store.into(), code.into(), item.name.into()]);
            let sums = item.sums;
            rows.extend([sums.receipts, item.quantity, sums.sales, sums.returns, sums.vat].map(Value::from));
        }
        bulk::write(connection, &SALES_ITEM, rows).await?;

        let mut rows: Vec<Value> = Vec::new();
        for (((day, store), tender), sums) in self.tenders {
            rows.extend([day.into(), store.into(), tender.into()]);
            rows.extend([sums.receipts, sums.sales, sums.returns].map(Value::from));
        }
        bulk::write(connection, &SALES_TENDER, rows).await?;

        let mut rows: Vec<Value> = Vec::new();
        for (((day, store), rate), sums) in self.rates {
            rows.extend([day.into(), store.into(), rate.into()]);
            rows.extend([sums.receipts, sums.sales, sums.returns, sums.vat].map(Value::from));
        }
        bulk::write(connection, &SALES_VAT, rows).await?;

        let mut rows: Vec<Value> = Vec::new();
        for (((day, store), number, asset), sums) in self.customers {
            rows.extend([number.into(), asset.into(), day.into(), store.into()]);
            rows.extend([sums.receipts, sums.sales, sums.returns].map(Value::from));
            rows.push(true.into());
        }
        bulk::write(connection, &SALES_CUSTOMER, rows).await
    }
}

const SALES_HOUR: Shape = Shape {
    table: "sales_hour",
    columns: &["business_day", "store", "till", "hour", "receipts", "sales", "returns", "vat"],
    key: &["business_day", "store", "till", "hour"],
    add: &["receipts", "sales", "returns", "vat"],
    replace: &[],
};

const SALES_ITEM: Shape = Shape {
    table: "sales_item",
    columns: &["business_day", "store", "code", "name", "lines", "quantity", "sales", "returns", "vat"],
    key: &["business_day", "store", "code"],
    add: &["lines", "quantity", "sales", "returns", "vat"],
    replace: &["name"],
};

const SALES_TENDER: Shape = Shape {
    table: "sales_tender",
    columns: &["business_day", "store", "tender", "receipts", "sales", "returns"],
    key: &["business_day", "store", "tender"],
    add: &["receipts", "sales", "returns"],
    replace: &[],
};

const SALES_VAT: Shape = Shape {
    table: "sales_vat",
    columns: &["business_day", "store", "rate", "receipts", "sales", "returns", "vat"],
    key: &["business_day", "store", "rate"],
    add: &["receipts", "sales", "returns", "vat"],
    replace: &[],
};

const SALES_CUSTOMER: Shape = Shape {
    table: "sales_customer",
    columns: &["number", "asset", "business_day", "store", "receipts", "sales", "returns", "is_due"],
    key: &["number", "asset", "business_day", "store"],
    add: &["receipts", "sales", "returns"],
    replace: &["is_due"],
};
