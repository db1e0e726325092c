//! Payment terminals: what a till asks of one, and the list of the protocols that are spoken.
//!
//! Money moves inside [`PaymentTerminal::sale`], [`PaymentTerminal::refund`] and [`PaymentTerminal::reverse`], and their
//! answers get lost. So the caller takes a [`PaymentTerminal::mark`] and stores it before it asks; after
//! [`TerminalError::NoAnswer`] it hands the mark to [`PaymentTerminal::outcome`], which says whether the terminal did
//! it. Any other error means that no money moved.
//!
//! To add a protocol: write one file here and add one line to [`all`].

use std::sync::Arc;

use domain::money::Money;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::port::Connector;

pub mod zvt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TerminalOperation {
    Sale,
    /// Money goes back for goods that came back.
    Refund,
    /// A payment is undone before the day is closed.
    Reverse,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalRequest {
    pub operation: TerminalOperation,
    pub amount: Money,
    /// Refund and reverse: the `reference` of the payment that is given back.
    pub of: Option<String>,
}

/// The bank's yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// By which the payment is found and given back later: RRN, or the terminal's receipt number.
    pub reference: String,
    pub authorisation: String,
    /// The card with all but its last digits hidden; empty if there is none.
    pub card: String,
    /// What the terminal wants printed.
    pub slip: Vec<String>,
}

/// What became of a request whose answer was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Approved(Approval),
    /// Surely not done: it may be asked again.
    Nothing,
}

/// Where the terminal stood before it was asked: opaque text, to be stored.
pub type Mark = String;

/// Sums of the terminal's open day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalTotals {
    pub sales: Money,
    pub refunds: Money,
    pub count: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TerminalError {
    /// It was asked and its outcome is not known: ask for the outcome before anything else.
    #[error("the payment terminal did not answer: it must be asked what it did")]
    NoAnswer,
    #[error("the payment terminal is not reachable ({reason}): check its power and cable")]
    Offline { reason: String },
    /// The bank or the customer said no.
    #[error("the payment was declined: {text}")]
    Declined { code: u8, text: String },
    #[error("the payment was cancelled")]
    Cancelled,
    #[error("the payment terminal cannot do this: {what}")]
    Protocol { what: String },
}

/// A payment terminal. One call at a time; a call may reopen a lost port by itself.
pub trait PaymentTerminal: Send {
    fn mark(&mut self) -> BoxFuture<'_, Result<Mark, TerminalError>>;

    /// Ask for money to move. When `cancel` rings, the terminal is asked to stop; only its answer decides.
    fn perform<'a>(
        &'a mut self,
        request: &'a TerminalRequest,
        cancel: &'a Cancel,
    ) -> BoxFuture<'a, Result<Approval, TerminalError>>;

    /// What became of `request`, asked after `mark` was taken.
    fn outcome<'a>(
        &'a mut self,
        mark: &'a str,
        request: &'a TerminalRequest,
    ) -> BoxFuture<'a, Result<Outcome, TerminalError>>;

    fn totals(&mut self) -> BoxFuture<'_, Result<TerminalTotals, TerminalError>>;

    /// Close the terminal's day with the bank; answers what it closed.
    fn settle(&mut self) -> BoxFuture<'_, Result<TerminalTotals, TerminalError>>;
}

/// A cashier's wish to stop, from another task. Rings once for whoever waits; a wish that nobody awaits is dropped.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    wish: Arc<Notify>,
}

impl Cancel {
    pub fn ask(&self) {
        self.wish.notify_waiters();
    }

    pub async fn asked(&self) {
        self.wish.notified().await;
    }
}

/// A protocol that the till can be set to.
pub struct TerminalProtocol {
    /// The word in the settings.
    pub name: &'static str,
    pub title: &'static str,
    pub driver: fn(Connector) -> Box<dyn PaymentTerminal>,
}

/// Every terminal protocol that is spoken.
pub fn all() -> &'static [TerminalProtocol] {
    &[TerminalProtocol {
        name: "zvt",
        title: "ZVT (ECR protocol) over TCP",
        driver: |connector| Box::new(zvt::Zvt::new(connector)),
    }]
}

/// The protocol with this name in the settings.
pub fn find(name: &str) -> Option<&'static TerminalProtocol> {
    all().iter().find(|protocol| protocol.name == name)
}
