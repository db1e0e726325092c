//! Domain values as they are kept and sent.

use chrono::{DateTime, FixedOffset, NaiveDate};
use domain::journal::Head;
use domain::quantity::Quantity;
use domain::receipt::account::{Lot, Movement, MovementKind, Wallet};
use domain::receipt::{Discount, DiscountBy, Kind, Line, Proof, Receipt, Sign, Tender, TenderKind};
use domain::returns::SoldLine;
use domain::shift::Shift;
use domain::vat::VatRate;
use messages::v1::accounts;
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
        TenderKind::Qr => v1::TenderType::Qr,
        TenderKind::Prepaid => v1::TenderType::Prepaid,
    }
}

pub(crate) fn tender_kind_of(kind: v1::TenderType) -> TenderKind {
    match kind {
        v1::TenderType::Cash => TenderKind::Cash,
        v1::TenderType::Card => TenderKind::Card,
        v1::TenderType::Gift => TenderKind::Gift,
        v1::TenderType::Credit => TenderKind::Credit,
        v1::TenderType::Points => TenderKind::Points,
        v1::TenderType::Qr => TenderKind::Qr,
        v1::TenderType::Prepaid => TenderKind::Prepaid,
    }
}

pub(crate) fn tender(tender: &Tender) -> v1::Tender {
    v1::Tender { tender: tender_kind(tender.kind), amount: tender.amount, proof: tender.proof.as_ref().map(proof) }
}

fn proof(proof: &Proof) -> v1::TenderProof {
    v1::TenderProof {
        reference: proof.reference.clone(),
        authorisation: proof.authorisation.clone(),
        card: proof.card.clone(),
    }
}

/// Tenders that were not given back.
pub(crate) fn tenders(receipt: &Receipt) -> Vec<v1::Tender> {
    let stands = |tender: &&Tender| !tender.amount.is_zero() || receipt.total().is_zero();
    receipt.tenders().iter().filter(stands).map(tender).collect()
}

pub(crate) fn discounts(receipt: &Receipt) -> Vec<v1::ManualDiscount> {
    receipt
        .discounts()
        .iter()
        .map(|discount| {
            let (percent, amount) = match discount.by {
                DiscountBy::Percent { hundredths } => (Some(percent(hundredths)), None),
                DiscountBy::Amount(amount) => (None, Some(amount)),
            };
            v1::ManualDiscount { line: discount.line, percent, amount, reason: discount.reason.clone() }
        })
        .collect()
}

/// Hundredths of a per cent as people write them: "10", "2.5".
fn percent(hundredths: u32) -> String {
    VatRate::Percent { hundredths }.to_string()
}

/// A discount as it was written down.
pub(crate) fn discount_of(discount: &v1::ManualDiscount) -> Option<Discount> {
    let by = match (&discount.percent, discount.amount) {
        (Some(percent), _) => match percent.parse() {
            Ok(VatRate::Percent { hundredths }) => DiscountBy::Percent { hundredths },
            _ => return None,
        },
        (None, Some(amount)) => DiscountBy::Amount(amount),
        (None, None) => return None,
    };
    Some(Discount { line: discount.line, by, reason: discount.reason.clone() })
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
        mark: line.traits.mark.as_ref().map(|mark| mark.identity.clone()),
        deposit_of: line.traits.deposit_of,
        group: line.traits.group.clone(),
        points: line.traits.points,
        load: line.traits.load.is_some(),
    }
}

pub(crate) fn wallet(wallet: Wallet) -> accounts::Wallet {
    match wallet {
        Wallet::Points => accounts::Wallet::Points,
        Wallet::Gift => accounts::Wallet::Gift,
        Wallet::Prepaid => accounts::Wallet::Prepaid,
        Wallet::Credit => accounts::Wallet::Credit,
    }
}

/// None: one that a till does not pay with.
pub(crate) fn wallet_of(wallet: accounts::Wallet) -> Option<Wallet> {
    match wallet {
        accounts::Wallet::Points => Some(Wallet::Points),
        accounts::Wallet::Gift => Some(Wallet::Gift),
        accounts::Wallet::Prepaid => Some(Wallet::Prepaid),
        accounts::Wallet::Credit => Some(Wallet::Credit),
        accounts::Wallet::Stamps => None,
    }
}

fn lot(lot: &Lot) -> accounts::LotPart {
    let Lot { origin, amount, activates_on, expires_on, campaign } = *lot;
    accounts::LotPart { origin, amount, activates_on, expires_on, campaign }
}

pub(crate) fn lots_of(lots: &[accounts::LotPart]) -> Vec<Lot> {
    lots.iter()
        .map(|lot| Lot {
            origin: lot.origin,
            amount: lot.amount,
            activates_on: lot.activates_on,
            expires_on: lot.expires_on,
            campaign: lot.campaign,
        })
        .collect()
}

pub(crate) fn operation(movement: &Movement) -> accounts::AccountOperation {
    accounts::AccountOperation {
        operation: movement.operation,
        kind: match movement.kind {
            MovementKind::Spend => accounts::OperationKind::Spend,
            MovementKind::Earn => accounts::OperationKind::Earn,
            MovementKind::PutBack => accounts::OperationKind::PutBack,
            MovementKind::TakeBack => accounts::OperationKind::TakeBack,
            MovementKind::Load => accounts::OperationKind::Load,
        },
        owner: movement.owner,
        number: movement.number.clone(),
        wallet: wallet(movement.wallet),
        asset: movement.asset,
        amount: movement.amount,
        lots: movement.lots.iter().map(lot).collect(),
        of: movement.of,
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
        rounding: receipt.rounding(),
        total: receipt.total(),
        vat: receipt.vat().into_iter().map(|(rate, amount)| v1::VatSum { rate, amount }).collect(),
        tenders: tenders(receipt),
        change: receipt.change(),
        fiscal: sign.map(|sign| v1::Fiscal {
            device: sign.device.clone(),
            number: sign.number,
            sign: sign.sign.clone(),
        }),
        of: opening.of,
        of_fiscal: opening.of_fiscal.clone(),
        customer: receipt.customer().map(str::to_owned),
        discounts: discounts(receipt),
        approvals: receipt
            .approvals()
            .iter()
            .map(|approval| v1::Approved {
                right: approval.right.name().to_owned(),
                requester: approval.requester.clone(),
                approver: approval.approver.clone(),
                reason: approval.reason.clone(),
            })
            .collect(),
        recalled: opening.recalled,
        accounts: Vec::new(),
        points: None,
    }
}

/// The lines of a sale, with what came back of each.
pub(crate) fn sold(sale: &v1::Receipt, returned: impl Fn(u32) -> Quantity) -> Vec<SoldLine> {
    sale.lines
        .iter()
        // A gift card that was sold is spent, not brought back.
        .filter(|line| !line.voided && !line.load)
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
            mark: line.mark.clone(),
            returned: returned(line.line),
        })
        .collect()
}

/// Totals of a shift whose journal is at `head`.
pub(crate) fn totals(shift: &Shift, head: Head) -> ShiftTotals {
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
        returns_without_receipt: shift.returns_without_receipt,
        journal: head.sequence,
        journal_hash: head.hash.to_string(),
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
