//! What a cashier changes about the lines of the open receipt, within the limits of the role; and whose receipt it is.

use domain::barcode::mark::UnitCode;
use domain::money::Money;
use domain::quantity::Quantity;
use domain::receipt::{self, Discount, DiscountBy, Event, Input, Receipt};
use domain::refusal::Refusal;
use domain::rights::{Asked, Right};
use messages::v1::till::{Ask, TillError, TillReply};

use crate::desk::Record;
use crate::store::Changes;
use crate::till::{Till, event, refused};

/// Digits of a card or a phone.
const CUSTOMER_DIGITS: std::ops::RangeInclusive<usize> = 4..=20;

impl Till {
    pub(crate) async fn change_quantity(&mut self, line: u32, quantity: Quantity) -> Result<TillReply, TillError> {
        self.may_sell()?;
        // Less of a line is a void by another name.
        let input = Input::ChangeQuantity { line, quantity };
        let permitted = self.permit_voids(&input).await?;
        self.change_line(line, permitted, &input).await
    }

    pub(crate) async fn void_line(&mut self, line: u32, quantity: Option<Quantity>) -> Result<TillReply, TillError> {
        self.may_sell()?;
        // A line that cannot be voided is refused before anybody is asked for anything.
        self.decide(&Input::Void { line, quantity })?;
        let before = self.receipt.as_ref().and_then(|receipt| live(receipt, line)).cloned();
        let Some(before) = before else { return Err(refused(Refusal::NoSuchLine(line))) };
        if let Some(mark) = &before.traits.mark {
            let Some(code) = &self.answers.mark else { return Err(TillError::Asks(Ask::Mark { name: before.name })) };
            if UnitCode::parse(code).is_none_or(|unit| unit.identity != mark.identity) {
                return Err(refused(Refusal::NotTheMark(before.name)));
            }
        }
        let input = Input::Void { line, quantity };
        let permitted = self.permit_voids(&input).await?;
        self.change_line(line, permitted, &input).await
    }

    /// The right to what `input` voids, beside what was voided of the receipt before.
    async fn permit_voids(&mut self, input: &Input) -> Result<Changes, TillError> {
        let before = self.receipt.as_ref().map_or(Money::ZERO, Receipt::voids);
        let sum = self.after_input(input)?.voids();
        if sum == before && matches!(input, Input::ChangeQuantity { .. }) {
            return Ok(Changes::default());
        }
        self.permit(Asked::Voids { sum }).await
    }

    /// The open receipt as `input` would leave it.
    pub(crate) fn after_input(&self, input: &Input) -> Result<Receipt, TillError> {
        let mut after = self.receipt.clone().ok_or_else(|| refused(Refusal::NoReceipt))?;
        self.decide(input)?.iter().filter_map(event).for_each(|event| after.apply(event));
        Ok(after)
    }

    pub(crate) async fn discount(
        &mut self,
        line: Option<u32>,
        by: DiscountBy,
        reason: String,
    ) -> Result<TillReply, TillError> {
        self.may_sell()?;
        let input = Input::Discount(Discount { line, by, reason });
        let after = self.after_input(&input)?;
        let hundredths = self.receipt.as_ref().map_or(0, |before| {
            // Small discounts on top of each other are a large one.
            let all = receipt::hundredths_of(
                DiscountBy::Amount(after.discount()),
                after.discount() + after.discountable(None),
            );
            receipt::hundredths_of(by, before.discountable(line)).max(all)
        });
        let permitted = self.permit(Asked::Discount { hundredths }).await?;
        self.change_line(line.or(self.last_line).unwrap_or(1), permitted, &input).await
    }

    pub(crate) async fn change_price(
        &mut self,
        line: u32,
        price: Money,
        reason: String,
    ) -> Result<TillReply, TillError> {
        self.may_sell()?;
        let input = Input::ChangePrice { line, price, reason };
        self.decide(&input)?;
        let permitted = self.permit(Asked::Right(Right::ChangePrice)).await?;
        self.change_line(line, permitted, &input).await
    }

    async fn change_line(&mut self, line: u32, permitted: Changes, input: &Input) -> Result<TillReply, TillError> {
        let records = self.decide(input)?;
        self.commit(permitted.and(Changes::of(records))).await?;
        self.last_line = Some(line);
        Ok(TillReply { line: Some(line), due: self.receipt.as_ref().map(Receipt::due), ..TillReply::default() })
    }

    /// Whose receipt it is. Before the first line it is remembered for the receipt that comes.
    pub(crate) async fn customer(&mut self, number: String) -> Result<TillReply, TillError> {
        self.may_sell()?;
        let digits = customer_digits(&number).map_err(refused)?;
        let records = match &self.receipt {
            Some(_) => self.decide(&Input::Customer { number: digits })?,
            None => {
                let operator = self.signed_on()?.number.clone();
                let opening = self.opening(self.standing.desk.kind, operator, None)?;
                [Event::Opened(opening), Event::CustomerIdentified { number: digits }].map(Record::Receipt).into()
            }
        };
        self.commit(Changes::of(records)).await?;
        self.ask_who();
        Ok(TillReply { due: self.receipt.as_ref().map(Receipt::due), ..TillReply::default() })
    }
}

/// The digits of a card or a phone, however it was written.
pub(crate) fn customer_digits(number: &str) -> Result<String, Refusal> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let only = number.chars().all(|c| c.is_ascii_digit() || " +-()".contains(c));
    if only && CUSTOMER_DIGITS.contains(&digits.len()) { Ok(digits) } else { Err(Refusal::NotACustomer) }
}

fn live(receipt: &Receipt, number: u32) -> Option<&domain::receipt::Line> {
    receipt.live_lines().find(|line| line.number == number)
}
