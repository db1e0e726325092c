//! From an operation of a script to the command that a till is given.

use domain::vat::VatRate;
use messages::v1::document::CashKind;
use messages::v1::receipt::{ReceiptKind, Tender};
use messages::v1::till::{Answer, Counted, DiscountBy, ItemChoice, ReturnLine, TillCommand, WholeLine, WholeReceipt};

use super::runner::{Failure, Runner, refuse};
use super::script::Act;

impl Runner {
    pub(super) fn command(&self, act: &Act) -> Result<TillCommand, Failure> {
        Ok(match act {
            Act::OpenShift { operator, pin, float } => {
                TillCommand::OpenShift { operator: operator.clone(), pin: pin.clone(), float: *float }
            }
            Act::Scan { data } => TillCommand::Scan { data: data.clone(), quantity: None },
            Act::Sell { code, name, quantity, price, vat } => {
                let item = match (code, name) {
                    (Some(code), _) => ItemChoice::Code(code.clone()),
                    (None, Some(name)) => ItemChoice::Name(name.clone()),
                    (None, None) => return Err(refuse("no_item", "\"sell\" needs a code or a name")),
                };
                TillCommand::Sell { item, quantity: *quantity, price: *price, vat: *vat }
            }
            Act::Quantity { line, quantity } => TillCommand::ChangeQuantity { line: *line, quantity: *quantity },
            Act::Void { line, quantity } => TillCommand::VoidLine { line: *line, quantity: *quantity },
            Act::Pay { tender, amount, number } => {
                TillCommand::Pay { tender: *tender, amount: *amount, number: number.clone() }
            }
            Act::Receipt { lines, tenders, operator, card, kind, of } => TillCommand::Whole(WholeReceipt {
                kind: kind.unwrap_or(ReceiptKind::Sale),
                lines: lines
                    .iter()
                    .map(|line| WholeLine {
                        code: line.code.clone(),
                        name: line.name.clone(),
                        quantity: line.quantity,
                        price: line.price,
                        vat: line.vat,
                    })
                    .collect(),
                tenders: tenders.iter().map(|given| Tender::new(given.tender, given.amount)).collect(),
                of: of.as_deref().map(|of| self.receipt_of(of)).transpose()?,
                operator: operator.clone(),
                customer: card.clone(),
            }),
            Act::Return { of, lines, tender } => TillCommand::Return {
                of: of.as_deref().map(|of| self.receipt_of(of)).transpose()?,
                lines: lines.iter().map(|line| ReturnLine { line: line.line, quantity: line.quantity }).collect(),
                tender: *tender,
            },
            Act::Cancel {} => TillCommand::Cancel,
            Act::CashIn { amount, reason, kind } => {
                TillCommand::MoveCash { kind: kind.unwrap_or(CashKind::Loan), amount: *amount, reason: reason.clone() }
            }
            Act::CashOut { amount, reason, kind } => TillCommand::MoveCash {
                kind: kind.unwrap_or(CashKind::Pickup),
                amount: *amount,
                reason: reason.clone(),
            },
            Act::XReport {} => TillCommand::ReportX,
            Act::Count { counted } => TillCommand::Count { counted: sum(counted)? },
            Act::CloseShift { counted } => TillCommand::CloseShift { counted: counted.as_ref().map(sum).transpose()? },
            Act::SignOn { operator, pin } => TillCommand::SignOn { operator: operator.clone(), pin: pin.clone() },
            Act::SignOff {} => TillCommand::SignOff,
            Act::Lock { r#break } => TillCommand::Lock { break_: *r#break },
            Act::Answer { old_enough, mark, price, quantity, gift, pin } => TillCommand::Answer(
                old_enough
                    .map(Answer::OldEnough)
                    .or_else(|| mark.clone().map(Answer::Mark))
                    .or_else(|| price.map(Answer::Price))
                    .or_else(|| quantity.map(Answer::Quantity))
                    .or_else(|| gift.clone().map(Answer::Gift))
                    .or_else(|| pin.clone().map(Answer::Pin))
                    .ok_or_else(|| {
                        refuse("no_answer", "\"answer\" needs old_enough, mark, price, quantity, gift or pin")
                    })?,
            ),
            Act::Approve { operator, pin, reason } => {
                TillCommand::Approve { operator: operator.clone(), pin: pin.clone(), reason: reason.clone() }
            }
            Act::Decline {} => TillCommand::Decline,
            Act::Weigh { data, tare } => TillCommand::Weigh { data: data.clone(), tare: *tare },
            Act::Repeat {} => TillCommand::RepeatLast,
            Act::PriceCheck { data } => TillCommand::CheckPrice { data: data.clone() },
            Act::Discount { line, percent, amount, reason } => {
                let by = match (percent, amount) {
                    (Some(VatRate::Percent { hundredths }), None) => DiscountBy::Percent { hundredths: *hundredths },
                    (None, Some(amount)) => DiscountBy::Amount(*amount),
                    _ => return Err(refuse("bad_discount", "\"discount\" needs percent or amount")),
                };
                TillCommand::Discount { line: *line, by, reason: reason.clone() }
            }
            Act::Price { line, price, reason } => {
                TillCommand::ChangePrice { line: *line, price: *price, reason: reason.clone() }
            }
            Act::Card { number } => TillCommand::Customer { number: number.clone() },
            Act::Burn { points } => TillCommand::Burn { points: *points },
            Act::ChangeToPoints { cash } => TillCommand::ChangeToPoints { cash: *cash },
            Act::GiveBack {} => TillCommand::GiveBack,
            Act::Park { name } => TillCommand::Park { name: name.clone() },
            Act::Recall { .. } => TillCommand::Recall { parked: None },
            Act::Find { text } => TillCommand::FindSale { text: text.clone() },
            Act::ReturnMode { code: None } => TillCommand::ToggleReturn,
            Act::ReturnMode { code: Some(code) } => TillCommand::ReturnByFiscalCode { code: code.clone() },
            Act::Resume {} => TillCommand::Resume,
            Act::TakeOut { line } => TillCommand::TakeOut { line: *line },
            Act::SettleConflict { made, reason } => TillCommand::SettleConflict { made: *made, reason: reason.clone() },
            Act::Reprint { sequence } => TillCommand::Reprint { sequence: *sequence },
            Act::OpenDrawer { reason } => TillCommand::OpenDrawer { reason: reason.clone() },
            Act::Train { on } => TillCommand::Train { on: *on },
            other => return Err(refuse("not_of_a_till", format!("{other:?} is not an operation of a till"))),
        })
    }
}

fn sum(counted: &super::script::Counted) -> Result<Counted, Failure> {
    counted.counted().map_err(|text| refuse("bad_count", text))
}
