//! Domain values as they are kept and sent.

use chrono::{DateTime, FixedOffset, NaiveDate};
use domain::quantity::Quantity;
use domain::receipt::{Kind, Line, Receipt, Sign, Tender, TenderKind};
use domain::returns::SoldLine;
use domain::shift::Shift;
use messages::v1::document::{ShiftTotals, TenderTotal, VatTotal};
use messages::v1::receipt as v1;

use crate::settings::TillSettings;

pub(crate) fn kind(kind: Kind) -> v1::ReceiptKind {
    match kind {
        Kind::Sale => v1::ReceiptKind::Sale,
        Kind::Return => v1::ReceiptKind::Return,
    }
}

pub(crate) fn kind_of(kind: v1::ReceiptKind) -> Kind {
    match kind {
        v1::ReceiptKind::Sale => Kind::Sale,
        v1::ReceiptKind::Return => Kind::Return,
    }
}

pub(crate) fn tender_kind(kind: TenderKind) -> v1::TenderType {
    match kind {
        TenderKind::Cash => v1::TenderType::Cash,
        TenderKind::Card => v1::TenderType::Card,
        TenderKind::Gift => v1::TenderType::Gift,
        TenderKind::Credit => v1::TenderType::Credit,
        TenderKind::Points => v1::TenderType::Points,
    }
}

pub(crate) fn tender_kind_of(kind: v1::TenderType) -> TenderKind {
    match kind {
        v1::TenderType::Cash => TenderKind::Cash,
        v1::TenderType::Card => TenderKind::Card,
        v1::TenderType::Gift => TenderKind::Gift,
        v1::TenderType::Credit => TenderKind::Credit,
        v1::TenderType::Points => TenderKind::Points,
    }
}

pub(crate) fn tender(tender: &Tender) -> v1::Tender {
    v1::Tender { tender: tender_kind(tender.kind), amount: tender.amount }
}

pub(crate) fn line(line: &Line) -> v1::ReceiptLine {
    v1::ReceiptLine {
        line: line.number,
        code: line.code.clone(),
        name: line.name.clone(),
        quantity: line.quantity,
        unit_price: line.price,
        discount: line.discount,
        amount: line.amount,
        vat_rate: line.vat_rate,
        vat: line.vat,
        voided: line.voided,
        of_line: line.of_line,
    }
}

/// The receipt as it ends at `at`.
pub(crate) fn receipt(
    settings: &TillSettings,
    business_day: NaiveDate,
    receipt: &Receipt,
    at: DateTime<FixedOffset>,
    sign: Option<&Sign>,
) -> v1::Receipt {
    let opening = receipt.opening();
    v1::Receipt {
        uid: opening.uid,
        store: settings.store.clone(),
        till: settings.till,
        sequence: opening.sequence,
        shift: opening.shift,
        business_day,
        kind: kind(opening.kind),
        at,
        operator: opening.operator.clone(),
        lines: receipt.lines().iter().map(line).collect(),
        discount: receipt.discount(),
        rounding: domain::money::Money::ZERO,
        total: receipt.total(),
        vat: receipt.vat().into_iter().map(|(rate, amount)| v1::VatSum { rate, amount }).collect(),
        tenders: receipt.tenders().iter().map(tender).collect(),
        change: receipt.change(),
        fiscal: sign.map(|sign| v1::Fiscal {
            device: sign.device.clone(),
            number: sign.number,
            sign: sign.sign.clone(),
        }),
        of: opening.of,
    }
}

/// The lines of a sale, with what came back of each.
pub(crate) fn sold(sale: &v1::Receipt, returned: impl Fn(u32) -> Quantity) -> Vec<SoldLine> {
    sale.lines
        .iter()
        .filter(|line| !line.voided)
        .map(|line| SoldLine {
            line: line.line,
            code: line.code.clone(),
            name: line.name.clone(),
            quantity: line.quantity,
            price: line.unit_price,
            discount: line.discount,
            amount: line.amount,
            vat_rate: line.vat_rate,
            vat: line.vat,
            returned: returned(line.line),
        })
        .collect()
}

pub(crate) fn totals(shift: &Shift) -> ShiftTotals {
    ShiftTotals {
        shift: shift.number,
        business_day: shift.business_day,
        opened_at: shift.opened_at,
        float: shift.float,
        cash_in: shift.cash_in,
        cash_out: shift.cash_out,
        cash_expected: shift.cash_expected(),
        sales_count: shift.sales_count,
        sales: shift.turnover.sales,
        returns_count: shift.returns_count,
        returns: shift.turnover.returns,
        cancelled_count: shift.cancelled_count,
        cancelled: shift.cancelled,
        tenders: shift
            .tenders
            .iter()
            .map(|(kind, sums)| TenderTotal { tender: tender_kind(*kind), sales: sums.sales, returns: sums.returns })
            .collect(),
        vat: shift
            .rates
            .iter()
            .map(|(rate, taxed)| VatTotal {
                rate: *rate,
                sales: taxed.turnover.sales,
                returns: taxed.turnover.returns,
                sales_vat: taxed.vat.sales,
                returns_vat: taxed.vat.returns,
            })
            .collect(),
    }
}
