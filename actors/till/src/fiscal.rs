//! Asking the fiscal device, so that nothing is done twice: what it was before, what it did, and only then again.

use devices::fiscal::{
    FiscalDevice, FiscalDocumentKind, FiscalError, FiscalKind, FiscalLine, FiscalPayments, FiscalReceipt, FiscalSign,
};
use domain::money::Money;
use domain::receipt::{Baseline, Kind, Receipt, Sign, TenderKind};

use crate::desk::{Begun, Operation};

/// Times that a device which does not answer is looked at and asked again before a person must come.
pub(crate) const TRIES_MAX: u32 = 3;

/// What the device did since its baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Happened {
    Nothing,
    Ours(Sign),
    /// Something this till did not ask for.
    Conflict(String),
    /// It cannot be asked.
    NotKnown(String),
}

/// How an operation ended.
pub(crate) enum Performed {
    Done(Option<Sign>),
    /// Surely not done.
    Refused(String),
    Conflict(String),
    NotKnown(String),
}

/// What goes to the device; none if nothing of the receipt has an amount.
pub(crate) fn document(receipt: &Receipt, operator: &str) -> Option<FiscalReceipt> {
    let lines: Vec<FiscalLine> = receipt
        .live_lines()
        .filter(|line| line.amount.is_positive())
        .map(|line| FiscalLine {
            name: line.name.clone(),
            quantity: line.quantity,
            price: line.price,
            amount: line.amount,
            vat: line.vat_rate,
        })
        .collect();
    if lines.is_empty() {
        return None;
    }
    let mut payments = FiscalPayments::default();
    for tender in receipt.tenders() {
        match tender.kind {
            TenderKind::Cash => payments.cash += tender.amount,
            TenderKind::Card | TenderKind::Qr => payments.electronic += tender.amount,
            TenderKind::Gift | TenderKind::Points | TenderKind::Prepaid => payments.prepaid += tender.amount,
            TenderKind::Credit => payments.credit += tender.amount,
        }
    }
    let kind = match receipt.opening().kind {
        Kind::Sale => FiscalKind::Sale,
        Kind::Return => FiscalKind::Return,
    };
    Some(FiscalReceipt { kind, operator: operator.to_owned(), lines, payments })
}

pub(crate) fn sign(sign: FiscalSign) -> Sign {
    Sign { device: sign.device, number: sign.number, sign: sign.sign }
}

pub(crate) async fn baseline(device: &mut dyn FiscalDevice) -> Result<Baseline, FiscalError> {
    let state = device.state().await?;
    Ok(Baseline { device: state.device, last_document: state.last_document })
}

/// Look what became of `document`. A document that was only begun is cancelled.
pub(crate) async fn inquire(device: &mut dyn FiscalDevice, before: &Baseline, document: &FiscalReceipt) -> Happened {
    let kind = match document.kind {
        FiscalKind::Sale => FiscalDocumentKind::Sale,
        FiscalKind::Return => FiscalDocumentKind::Return,
    };
    match look(device, before, kind, document.total()).await {
        Ok(happened) => happened,
        Err(error) => Happened::NotKnown(error.to_string()),
    }
}

async fn look(
    device: &mut dyn FiscalDevice,
    before: &Baseline,
    kind: FiscalDocumentKind,
    total: Money,
) -> Result<Happened, FiscalError> {
    let state = device.state().await?;
    if state.device != before.device {
        let text =
            format!("the fiscal storage is {}, but the last document was begun on {}", state.device, before.device);
        return Ok(Happened::Conflict(text));
    }
    let last = state.last_document;
    if last == before.last_document {
        if state.document_open {
            device.cancel_document().await?;
        }
        return Ok(Happened::Nothing);
    }
    let found = if last == before.last_document + 1 { device.find_document(last).await? } else { None };
    match found {
        Some(found) if found.kind == kind && found.total == total => {
            Ok(Happened::Ours(Sign { device: state.device, number: found.number, sign: found.sign }))
        }
        Some(found) => Ok(Happened::Conflict(format!(
            "fiscal document {} is a {:?} of {}, where this till asked for a {kind:?} of {total}",
            found.number, found.kind, found.total
        ))),
        None => Ok(Happened::Conflict(format!(
            "the fiscal storage is at document {last}, where this till left it at {}",
            before.last_document
        ))),
    }
}

/// Do what was begun, whether it is the first time or not.
pub(crate) async fn perform(device: &mut dyn FiscalDevice, begun: &Begun, operator: &str) -> Performed {
    match &begun.operation {
        Operation::OpenShift { operator, float, .. } => {
            match turn_shift(device, begun, FiscalDocumentKind::OpenShift, &operator.name).await {
                Performed::Done(sign) => match align_drawer(device, *float).await {
                    Ok(()) => Performed::Done(sign),
                    Err(error) => Performed::NotKnown(error.to_string()),
                },
                other => other,
            }
        }
        Operation::CloseShift { .. } => turn_shift(device, begun, FiscalDocumentKind::CloseShift, operator).await,
        Operation::MoveCash { amount, .. } => move_cash(device, begun.drawer, *amount).await,
    }
}

async fn turn_shift(
    device: &mut dyn FiscalDevice,
    begun: &Begun,
    kind: FiscalDocumentKind,
    operator: &str,
) -> Performed {
    for _ in 0..TRIES_MAX {
        match look(device, &begun.baseline, kind, Money::ZERO).await {
            Ok(Happened::Nothing) => {}
            Ok(Happened::Ours(sign)) => return Performed::Done(Some(sign)),
            Ok(Happened::Conflict(text)) => return Performed::Conflict(text),
            Ok(Happened::NotKnown(reason)) => return Performed::NotKnown(reason),
            Err(error) => return Performed::NotKnown(error.to_string()),
        }
        let turned = match kind {
            FiscalDocumentKind::OpenShift => device.open_shift(operator).await,
            _ => device.close_shift(operator).await,
        };
        match turned {
            Ok(made) => return Performed::Done(Some(sign(made))),
            Err(FiscalError::NoAnswer { .. }) => {}
            Err(error) => return Performed::Refused(error.to_string()),
        }
    }
    Performed::NotKnown("the fiscal device does not answer".to_owned())
}

/// Bring the device's drawer register to `target`. Repeating it does no harm.
async fn align_drawer(device: &mut dyn FiscalDevice, target: Money) -> Result<(), FiscalError> {
    let mut last = None;
    for _ in 0..TRIES_MAX {
        let drawer = device.totals().await?.cash_in_drawer;
        let moved = match target - drawer {
            Money::ZERO => return Ok(()),
            more if more.is_positive() => device.cash_in(more).await,
            less => device.cash_out(-less).await,
        };
        match moved {
            Ok(()) => {}
            Err(error @ FiscalError::NoAnswer { .. }) => last = Some(error),
            Err(error) => return Err(error),
        }
    }
    match device.totals().await?.cash_in_drawer {
        drawer if drawer == target => Ok(()),
        _ => Err(last.unwrap_or(FiscalError::Protocol { what: format!("its drawer cannot be brought to {target}") })),
    }
}

async fn move_cash(device: &mut dyn FiscalDevice, before: Money, amount: Money) -> Performed {
    for _ in 0..TRIES_MAX {
        match device.totals().await {
            Ok(totals) if totals.cash_in_drawer == before => {}
            Ok(totals) if totals.cash_in_drawer == before + amount => return Performed::Done(None),
            Ok(totals) => {
                return Performed::Conflict(format!(
                    "the device's drawer holds {}, where {} or {} was expected",
                    totals.cash_in_drawer,
                    before,
                    before + amount
                ));
            }
            Err(error) => return Performed::NotKnown(error.to_string()),
        }
        let moved = if amount.is_negative() { device.cash_out(-amount).await } else { device.cash_in(amount).await };
        match moved {
            Ok(()) => return Performed::Done(None),
            Err(FiscalError::NoAnswer { .. }) => {}
            Err(error) => return Performed::Refused(error.to_string()),
        }
    }
    Performed::NotKnown("the fiscal device does not answer".to_owned())
}
