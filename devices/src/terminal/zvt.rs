//! Driver of payment terminals that speak ZVT (the ECR protocol) over any byte port, in roubles.
//!
//! Invariants: a request that moves money is sent once; a yes counts only if the terminal reported result 0, the asked
//! amount and a receipt number, and ended with a completion; anything less is [`TerminalError::NoAnswer`].
//!
//! The reference of an approval is its receipt and trace number, "0123/000001": a reversal needs the first. The mark is
//! that of the last operation, whether it was approved or not. The terminal is told at registration that only the till
//! starts payments, so an operation newer than the mark is the one that was asked for; amount and kind are compared all
//! the same.
//!
//! Files: `codec` is packets, `fields` their data, `request` what is asked for, `report` what a terminal tells, `link` the
//! dialogue, `errors` the meaning of codes.

use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{
    Approval, Cancel, Mark, Outcome, PaymentTerminal, TerminalError, TerminalOperation, TerminalRequest, TerminalTotals,
};
use crate::port::Connector;
use codec::Packet;
use link::{Link, PASSWORD, Report, Trouble};
use report::{CURRENCY, Status};

pub mod codec;
pub(crate) mod errors;
pub mod fields;
mod link;
pub mod report;
mod request;

/// The mark of a terminal that has done nothing yet.
const NO_MARK: &str = "none";
/// The terminal reports its last operation, and prints nothing or prints it again.
const SERVICE_STATUS_ONLY: u8 = 0x03;
const SERVICE_STATUS_AND_SLIP: u8 = 0x02;

/// How long the terminal may be silent.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// Before it acknowledges a packet.
    pub ack: Duration,
    /// In a dialogue that needs neither a customer nor the bank.
    pub query: Duration,
    /// In a dialogue with the customer and the bank.
    pub answer: Duration,
}

impl Default for Deadlines {
    fn default() -> Deadlines {
        Deadlines {
            ack: Duration::from_secs(5),
            query: Duration::from_secs(10),
            // Terminals give up on a customer or a bank within 90 s.
            answer: Duration::from_secs(120),
        }
    }
}

pub struct Zvt {
    link: Link,
}

/// The last operation of the terminal.
struct Last {
    status: Status,
    slip: Vec<String>,
}

impl Zvt {
    pub fn new(connector: Connector) -> Zvt {
        Zvt::with_deadlines(connector, Deadlines::default())
    }

    pub fn with_deadlines(connector: Connector, deadlines: Deadlines) -> Zvt {
        Zvt { link: Link::new(connector, deadlines) }
    }

    async fn last(&mut self, service: u8) -> Result<Option<Last>, Trouble> {
        let mut data = PASSWORD.to_vec();
        fields::put(fields::SERVICE, &[service], &mut data);
        let report = self.link.query(&Packet::new(codec::REPEAT_RECEIPT, data)).await?;
        match (report.status, report.abort) {
            (Some(status), _) if mark_of(&status) != NO_MARK => Ok(Some(Last { status, slip: report.slip })),
            (Some(_), _) | (None, Some(errors::NOT_POSSIBLE)) => Ok(None),
            (None, Some(code)) => Err(Trouble::Refused(code)),
            (None, None) => Err(Trouble::Lost),
        }
    }

    async fn ask(&mut self, request: &TerminalRequest, cancel: &Cancel) -> Result<Approval, TerminalError> {
        // From here on the wish is heard, also while the terminal is being reached.
        let mut asked = pin!(cancel.asked());
        let mut is_asked = (&mut asked).now_or_never().is_some();
        let packet = request::packet(request)?;
        self.link.reach().await.map_err(before_asked)?;
        is_asked = is_asked || (&mut asked).now_or_never().is_some();
        if is_asked {
            return Err(TerminalError::Cancelled);
        }
        let report = self.link.operate(&packet, asked).await.map_err(after_asked)?;
        judge(report, request)
    }

    async fn find_outcome(&mut self, mark: &str, request: &TerminalRequest) -> Result<Outcome, TerminalError> {
        self.link.wait_idle().await.map_err(unclear)?;
        let Some(last) = self.last(SERVICE_STATUS_AND_SLIP).await.map_err(unclear)? else {
            return self.without_last(mark).await;
        };
        if mark_of(&last.status) == mark {
            return Ok(Outcome::Nothing);
        }
        let status = &last.status;
        if status.result != 0 {
            return Ok(Outcome::Nothing);
        }
        match (status.receipt, differs(status, request)) {
            (Some(receipt), false) if status.is_of(request.operation) && status.amount.is_some() => {
                Ok(Outcome::Approved(approval(receipt, last.status, last.slip)))
            }
            _ => Err(TerminalError::Protocol {
                what: format!(
                    "its last operation is not the one that was asked for: receipt {}, {} for {}",
                    mark_of(status),
                    kind(status),
                    status.amount.map_or("no amount".to_owned(), |amount| amount.to_string()),
                ),
            }),
        }
    }

    /// A terminal that tells of no operation may have done none, or may not be able to tell: its sums show which.
    async fn without_last(&mut self, mark: &str) -> Result<Outcome, TerminalError> {
        if mark == NO_MARK && self.day_sums().await? == TerminalTotals::default() {
            return Ok(Outcome::Nothing);
        }
        Err(TerminalError::Protocol { what: "tell its last operation; compare its slips".into() })
    }

    async fn day_sums(&mut self) -> Result<TerminalTotals, TerminalError> {
        let packet = Packet::new(codec::TURNOVER_TOTALS, PASSWORD.to_vec());
        sums(self.link.query(&packet).await.map_err(before_asked)?)
    }
}

impl PaymentTerminal for Zvt {
    fn mark(&mut self) -> BoxFuture<'_, Result<Mark, TerminalError>> {
        async {
            let last = self.last(SERVICE_STATUS_ONLY).await.map_err(before_asked)?;
            Ok(last.map_or(NO_MARK.to_owned(), |last| mark_of(&last.status)))
        }
        .boxed()
    }

    fn perform<'a>(
        &'a mut self,
        request: &'a TerminalRequest,
        cancel: &'a Cancel,
    ) -> BoxFuture<'a, Result<Approval, TerminalError>> {
        self.ask(request, cancel).boxed()
    }

    fn outcome<'a>(
        &'a mut self,
        mark: &'a str,
        request: &'a TerminalRequest,
    ) -> BoxFuture<'a, Result<Outcome, TerminalError>> {
        self.find_outcome(mark, request).boxed()
    }

    fn totals(&mut self) -> BoxFuture<'_, Result<TerminalTotals, TerminalError>> {
        self.day_sums().boxed()
    }

    fn settle(&mut self) -> BoxFuture<'_, Result<TerminalTotals, TerminalError>> {
        async {
            self.link.reach().await.map_err(before_asked)?;
            let packet = Packet::new(codec::END_OF_DAY, PASSWORD.to_vec());
            let report = self.link.operate(&packet, pin!(std::future::pending())).await.map_err(after_asked)?;
            sums(report)
        }
        .boxed()
    }
}

/// What a report means for the request that it answers.
fn judge(report: Report, request: &TerminalRequest) -> Result<Approval, TerminalError> {
    let result = report.status.as_ref().map(|status| status.result);
    let code = match (result, report.abort) {
        (Some(0), None) => 0,
        // A yes that ends like a no, or a no that ends like a yes: only the terminal's memory tells which of them holds.
        (Some(0), Some(_)) | (Some(_), None) | (None, None) => return Err(TerminalError::NoAnswer),
        (Some(code), Some(_)) | (None, Some(code)) => code,
    };
    match (code, report.status) {
        (0, Some(status)) => match status.receipt {
            Some(receipt) if !differs(&status, request) => Ok(approval(receipt, status, report.slip)),
            _ => {
                tracing::warn!(?status, ?request, "the payment terminal approved something else");
                Err(TerminalError::NoAnswer)
            }
        },
        (errors::ABORTED, _) => Err(TerminalError::Cancelled),
        (code, _) => Err(TerminalError::Declined { code, text: errors::text(code) }),
    }
}

fn approval(receipt: u16, status: Status, slip: Vec<String>) -> Approval {
    Approval {
        reference: report::reference(receipt, status.trace),
        authorisation: status.authorisation,
        card: status.card,
        slip,
    }
}

/// Another amount or currency than was asked for, if the terminal tells them.
fn differs(status: &Status, request: &TerminalRequest) -> bool {
    status.amount.is_some_and(|amount| amount != request.amount)
        || status.currency.is_some_and(|currency| currency != CURRENCY)
}

fn mark_of(status: &Status) -> Mark {
    match (status.receipt, status.trace) {
        (Some(receipt), trace) => report::reference(receipt, trace),
        // The closing of a day has no receipt number.
        (None, Some(trace)) => format!("----/{trace:06}"),
        (None, None) => NO_MARK.to_owned(),
    }
}

fn kind(status: &Status) -> &'static str {
    if status.is_of(TerminalOperation::Reverse) {
        "a reversal"
    } else if status.is_of(TerminalOperation::Sale) {
        "a payment"
    } else {
        "a refund"
    }
}

fn sums(report: Report) -> Result<TerminalTotals, TerminalError> {
    if let Some(code) = report.abort.filter(|code| *code != 0) {
        return Err(TerminalError::Protocol { what: errors::text(code) });
    }
    let status = report.status.ok_or_else(no_totals)?;
    if status.result != 0 {
        return Err(TerminalError::Protocol { what: errors::text(status.result) });
    }
    status.totals.ok_or_else(no_totals)
}

fn no_totals() -> TerminalError {
    TerminalError::Protocol { what: "tell its totals".into() }
}

/// No money was asked for yet.
fn before_asked(trouble: Trouble) -> TerminalError {
    match trouble {
        Trouble::Lost => TerminalError::Offline { reason: "it does not answer".into() },
        other => after_asked(other),
    }
}

/// The request may be on its way.
fn after_asked(trouble: Trouble) -> TerminalError {
    match trouble {
        Trouble::Unreachable(reason) => TerminalError::Offline { reason },
        Trouble::Busy => TerminalError::Offline { reason: "it is busy with another operation".into() },
        Trouble::Refused(code) => TerminalError::Protocol { what: errors::text(code) },
        Trouble::Lost => TerminalError::NoAnswer,
    }
}

/// What became of an operation is being asked.
fn unclear(trouble: Trouble) -> TerminalError {
    match trouble {
        Trouble::Busy => TerminalError::NoAnswer,
        other => after_asked(other),
    }
}

#[cfg(test)]
mod tests {
    use domain::money::Money;

    use super::*;

    #[test]
    fn only_a_whole_yes_is_a_yes() {
        let sale = TerminalRequest { operation: TerminalOperation::Sale, amount: Money::from_minor(17_980), of: None };
        let status = Status { amount: Some(sale.amount), receipt: Some(123), trace: Some(1), ..Status::default() };
        let with = |status: Option<Status>, abort| judge(Report { status, abort, slip: Vec::new() }, &sale);
        assert_eq!(with(Some(status.clone()), None).map(|yes| yes.reference), Ok("0123/000001".to_owned()));
        assert_eq!(with(None, None), Err(TerminalError::NoAnswer));
        assert_eq!(with(Some(status.clone()), Some(0xCC)), Err(TerminalError::NoAnswer));
        assert_eq!(with(Some(Status { receipt: None, ..status.clone() }), None), Err(TerminalError::NoAnswer));
        let other = Status { amount: Some(Money::from_minor(1)), ..status.clone() };
        assert_eq!(with(Some(other), None), Err(TerminalError::NoAnswer));
        let euro = Status { currency: Some(978), ..status.clone() };
        assert_eq!(with(Some(euro), None), Err(TerminalError::NoAnswer));
        let declined = Status { result: 51, ..status };
        assert_eq!(with(Some(declined.clone()), None), Err(TerminalError::NoAnswer));
        assert!(matches!(with(Some(declined), Some(51)), Err(TerminalError::Declined { code: 51, .. })));
        assert_eq!(with(None, Some(0x6C)), Err(TerminalError::Cancelled));
        assert!(matches!(with(None, Some(0x05)), Err(TerminalError::Declined { code: 5, .. })));
    }
}
