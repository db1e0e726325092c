//! What the names of templates stand for. A field that has nothing to say is empty text.

use devices::printer::cp866;
use domain::fiscal_code::FiscalCode;
use domain::money::Money;
use messages::v1::receipt::{
    Approved, ManualDiscount, Receipt, ReceiptKind, ReceiptLine, ReceiptPoints, Tender, TenderProof, VatSum,
};

use super::Paper;
use super::words::{Words, masked};

/// One receipt on one paper.
pub(super) struct Slip<'a> {
    pub(super) receipt: &'a Receipt,
    pub(super) paper: &'a Paper,
    pub(super) words: &'static Words,
}

/// A list of a receipt, or all lines of it with those that were voided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    Lines,
    AllLines,
    Discounts,
    Vat,
    Tenders,
    Approvals,
}

/// An element of a list.
#[derive(Clone, Copy)]
pub(super) enum Item<'a> {
    Line(&'a ReceiptLine),
    Discount(&'a ManualDiscount),
    Vat(&'a VatSum),
    Tender(&'a Tender),
    Approval(&'a Approved),
}

pub(super) struct Field {
    pub(super) name: &'static str,
    read: Read,
}

enum Read {
    Receipt(fn(&Slip<'_>) -> String),
    Line(fn(&Slip<'_>, &ReceiptLine) -> String),
    Discount(fn(&Slip<'_>, &ManualDiscount) -> String),
    Vat(fn(&Slip<'_>, &VatSum) -> String),
    Tender(fn(&Slip<'_>, &Tender) -> String),
    Approval(fn(&Slip<'_>, &Approved) -> String),
}

impl List {
    pub(super) const ALL: [(&'static str, List); 6] = [
        ("lines", List::Lines),
        ("all_lines", List::AllLines),
        ("discounts", List::Discounts),
        ("vat", List::Vat),
        ("tenders", List::Tenders),
        ("approvals", List::Approvals),
    ];
}

impl Slip<'_> {
    pub(super) fn items(&self, list: List) -> Vec<Item<'_>> {
        let Receipt { lines, discounts, vat, tenders, approvals, .. } = self.receipt;
        match list {
            List::Lines => lines.iter().filter(|line| !line.voided).map(Item::Line).collect(),
            List::AllLines => lines.iter().map(Item::Line).collect(),
            List::Discounts => discounts.iter().map(Item::Discount).collect(),
            List::Vat => vat.iter().map(Item::Vat).collect(),
            List::Tenders => tenders.iter().map(Item::Tender).collect(),
            List::Approvals => approvals.iter().map(Item::Approval).collect(),
        }
    }

    /// The text by which the fiscal document is known. Training makes no documents.
    pub(super) fn qr(&self) -> Option<String> {
        let fiscal = self.receipt.fiscal.as_ref().filter(|fiscal| !fiscal.sign.is_empty() && !self.paper.training)?;
        let code = FiscalCode {
            device: fiscal.device.clone(),
            number: fiscal.number,
            sign: fiscal.sign.clone(),
            total: self.receipt.total,
        };
        let kind = match self.receipt.kind {
            ReceiptKind::Sale => 1,
            ReceiptKind::Return => 2,
        };
        Some(format!("t={}&{code}&n={kind}", self.receipt.at.format("%Y%m%dT%H%M")))
    }

    fn at(&self, format: &str) -> String {
        self.receipt.at.format(format).to_string()
    }
}

impl Field {
    pub(super) fn find(name: &str) -> Option<&'static Field> {
        FIELDS.iter().find(|field| field.name == name)
    }

    /// The commands between which and `@end` it can stand; none: anywhere.
    pub(super) fn lists(&self) -> &'static [List] {
        match self.read {
            Read::Receipt(_) => &[],
            Read::Line(_) => &[List::Lines, List::AllLines],
            Read::Discount(_) => &[List::Discounts],
            Read::Vat(_) => &[List::Vat],
            Read::Tender(_) => &[List::Tenders],
            Read::Approval(_) => &[List::Approvals],
        }
    }

    /// The text, in characters that the printer has. Spaces inside a figure stay unbreakable.
    pub(super) fn read(&self, slip: &Slip<'_>, item: Option<Item<'_>>) -> String {
        let text = match (&self.read, item) {
            (Read::Receipt(read), _) => read(slip),
            (Read::Line(read), Some(Item::Line(line))) => read(slip, line),
            (Read::Discount(read), Some(Item::Discount(discount))) => read(slip, discount),
            (Read::Vat(read), Some(Item::Vat(vat))) => read(slip, vat),
            (Read::Tender(read), Some(Item::Tender(tender))) => read(slip, tender),
            (Read::Approval(read), Some(Item::Approval(approval))) => read(slip, approval),
            _ => String::new(),
        };
        printable(&text)
    }
}

pub(super) fn printable(text: &str) -> String {
    text.split('\u{A0}').map(cp866::shown).collect::<Vec<_>>().join("\u{A0}")
}

/// The word if it is so, or nothing to say.
fn word_if(is_so: bool, word: &str) -> String {
    if is_so { word.to_owned() } else { String::new() }
}

/// Points as people count them: no decimals where there are none. Nothing for nothing.
fn points(slip: &Slip<'_>, read: fn(&ReceiptPoints) -> Money) -> String {
    let points = slip.receipt.points.as_deref().map(read).unwrap_or_default();
    slip.words.points_if_any(points)
}

fn proof(tender: &Tender, part: fn(&TenderProof) -> String) -> String {
    tender.proof.as_ref().map(part).unwrap_or_default()
}

const fn of_receipt(name: &'static str, read: fn(&Slip<'_>) -> String) -> Field {
    Field { name, read: Read::Receipt(read) }
}

const fn of_line(name: &'static str, read: fn(&Slip<'_>, &ReceiptLine) -> String) -> Field {
    Field { name, read: Read::Line(read) }
}

const fn of_discount(name: &'static str, read: fn(&Slip<'_>, &ManualDiscount) -> String) -> Field {
    Field { name, read: Read::Discount(read) }
}

const fn of_vat(name: &'static str, read: fn(&Slip<'_>, &VatSum) -> String) -> Field {
    Field { name, read: Read::Vat(read) }
}

const fn of_tender(name: &'static str, read: fn(&Slip<'_>, &Tender) -> String) -> Field {
    Field { name, read: Read::Tender(read) }
}

const fn of_approval(name: &'static str, read: fn(&Slip<'_>, &Approved) -> String) -> Field {
    Field { name, read: Read::Approval(read) }
}

/// Every field, as the document lists them.
pub(super) static FIELDS: &[Field] = &[
    of_receipt("store", |s| s.receipt.store.to_string()),
    of_receipt("till", |s| s.receipt.till.to_string()),
    of_receipt("number", |s| s.receipt.sequence.to_string()),
    of_receipt("uid", |s| s.receipt.uid.to_string()),
    of_receipt("shift", |s| s.receipt.shift.to_string()),
    of_receipt("operator", |s| match s.paper.copy {
        None if !s.paper.operator.is_empty() => s.paper.operator.clone(),
        _ => s.receipt.operator.to_string(),
    }),
    of_receipt("operator.number", |s| s.receipt.operator.to_string()),
    of_receipt("printed_by", |s| word_if(s.paper.copy.is_some(), &s.paper.operator)),
    of_receipt("at", |s| s.at(&format!("{} {}", s.words.day, s.words.time))),
    of_receipt("date", |s| s.at(s.words.day)),
    of_receipt("time", |s| s.at(s.words.time)),
    of_receipt("day", |s| s.receipt.business_day.format(s.words.day).to_string()),
    of_receipt("kind", |s| s.words.kind(s.receipt.kind).to_owned()),
    of_receipt("sale", |s| word_if(s.receipt.kind == ReceiptKind::Sale, s.words.kind(ReceiptKind::Sale))),
    of_receipt("return", |s| word_if(s.receipt.kind == ReceiptKind::Return, s.words.kind(ReceiptKind::Return))),
    of_receipt("copy", |s| s.paper.copy.map(|copy| copy.to_string()).unwrap_or_default()),
    of_receipt("training", |s| word_if(s.paper.training, s.words.training)),
    of_receipt("count", |s| s.receipt.lines.iter().filter(|line| !line.voided).count().to_string()),
    of_receipt("cost", |s| {
        let cost = s.receipt.total + s.receipt.discount;
        word_if(cost != s.receipt.total || !s.receipt.rounding.is_zero(), &s.words.money(cost))
    }),
    // Rounding is in the discounts of the lines; a template shows it by itself.
    of_receipt("discount", |s| s.words.money_if_any(s.receipt.discount + s.receipt.rounding)),
    of_receipt("rounding", |s| s.words.money_if_any(s.receipt.rounding)),
    of_receipt("total", |s| s.words.money(s.receipt.total)),
    of_receipt("vat", |s| s.words.money_if_any(s.receipt.vat.iter().map(|vat| vat.amount).sum())),
    of_receipt("change", |s| s.words.money_if_any(s.receipt.change)),
    of_receipt("customer", |s| s.receipt.customer.as_deref().map(masked).unwrap_or_default()),
    of_receipt("points.earned", |s| points(s, |points| points.earned)),
    of_receipt("points.burned", |s| points(s, |points| points.burned)),
    of_receipt("points.kept", |s| {
        s.words.money_if_any(s.receipt.points.as_deref().map(|points| points.kept).unwrap_or_default())
    }),
    of_receipt("points.balance", |s| points(s, |points| points.balance.unwrap_or_default())),
    of_receipt("fiscal.device", |s| s.receipt.fiscal.as_ref().map(|f| f.device.clone()).unwrap_or_default()),
    of_receipt("fiscal.number", |s| s.receipt.fiscal.as_ref().map(|f| f.number.to_string()).unwrap_or_default()),
    of_receipt("fiscal.sign", |s| s.receipt.fiscal.as_ref().map(|f| f.sign.clone()).unwrap_or_default()),
    of_receipt("of", |s| s.receipt.of.map(|of| of.to_string()).unwrap_or_default()),
    of_receipt("of.device", |s| s.receipt.of_fiscal.as_ref().map(|of| of.device.clone()).unwrap_or_default()),
    of_receipt("of.number", |s| s.receipt.of_fiscal.as_ref().map(|of| of.number.to_string()).unwrap_or_default()),
    of_receipt("of.sign", |s| s.receipt.of_fiscal.as_ref().map(|of| of.sign.clone()).unwrap_or_default()),
    of_line("line.number", |_, line| line.line.to_string()),
    of_line("line.code", |_, line| line.code.to_string()),
    of_line("line.name", |_, line| line.name.clone()),
    of_line("line.mark", |_, line| word_if(line.mark.is_some(), "[M]")),
    of_line("line.quantity", |s, line| s.words.quantity(line.quantity)),
    of_line("line.price", |s, line| s.words.money(line.unit_price)),
    of_line("line.cost", |s, line| s.words.money(line.amount + line.discount)),
    of_line("line.discount", |s, line| s.words.money_if_any(line.discount)),
    of_line("line.points", |s, line| s.words.money_if_any(line.points)),
    of_line("line.amount", |s, line| s.words.money(line.amount)),
    of_line("line.rate", |s, line| s.words.rate(line.vat_rate)),
    of_line("line.vat", |s, line| s.words.money_if_any(line.vat)),
    of_line("line.voided", |s, line| word_if(line.voided, s.words.voided)),
    of_line("line.deposit", |_, line| line.deposit_of.map(|goods| goods.to_string()).unwrap_or_default()),
    of_discount("discount.value", |s, discount| match (&discount.percent, discount.amount) {
        (Some(percent), _) => s.words.percent(percent),
        (None, amount) => s.words.money_if_any(amount.unwrap_or_default()),
    }),
    of_discount("discount.line", |_, discount| discount.line.map(|line| line.to_string()).unwrap_or_default()),
    of_discount("discount.reason", |_, discount| discount.reason.clone()),
    of_vat("vat.rate", |s, vat| s.words.rate(vat.rate)),
    of_vat("vat.amount", |s, vat| s.words.money(vat.amount)),
    of_vat("vat.turnover", |s, vat| {
        let lines = s.receipt.lines.iter().filter(|line| !line.voided && line.vat_rate == vat.rate);
        s.words.money(lines.map(|line| line.amount).sum::<Money>())
    }),
    of_tender("tender.name", |s, tender| s.words.tender(tender.tender).to_owned()),
    of_tender("tender.amount", |s, tender| s.words.money(tender.amount)),
    of_tender("tender.card", |_, tender| proof(tender, |proof| masked(&proof.card))),
    of_tender("tender.reference", |_, tender| proof(tender, |proof| proof.reference.clone())),
    of_tender("tender.authorisation", |_, tender| proof(tender, |proof| proof.authorisation.clone())),
    of_approval("approval.right", |_, approval| approval.right.clone()),
    of_approval("approval.requester", |_, approval| approval.requester.to_string()),
    of_approval("approval.approver", |_, approval| approval.approver.to_string()),
    of_approval("approval.reason", |_, approval| approval.reason.clone()),
];
