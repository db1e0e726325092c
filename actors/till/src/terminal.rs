//! Asking a payment terminal, so that money moves once: where it stood is stored before it is asked, and after a lost
//! answer or a crash it is asked what it did.

use devices::terminal::{Approval, Outcome, PaymentTerminal, TerminalError, TerminalOperation, TerminalRequest};
use domain::money::Money;
use domain::receipt::{Asked, AskedFor, Input, Proof, Receipt, Tender, TenderKind};
use domain::refusal::Refusal;
use messages::v1::till::{TillError, TillReply};

use crate::desk::Record;
use crate::settings::SagaStep;
use crate::store::Changes;
use crate::till::{Till, Trouble, refused};

/// Times that a terminal which does not answer is asked what it did before a person must come.
const TRIES_MAX: u32 = 3;

/// How an asking ended.
enum Said {
    Yes(Proof),
    /// Surely no money moved.
    No(String),
    NotKnown(String),
}

impl Till {
    pub(crate) fn terminal(&mut self, kind: TenderKind) -> Option<&mut Box<dyn PaymentTerminal>> {
        match kind {
            TenderKind::Card => self.card_terminal.as_mut(),
            TenderKind::Qr => self.qr_terminal.as_mut(),
            _ => None,
        }
    }

    /// Ask for a payment, or for money to go back for goods; the receipt goes on with it.
    pub(crate) async fn ask_terminal(
        &mut self,
        kind: TenderKind,
        amount: Money,
        for_what: AskedFor,
    ) -> Result<TillReply, TillError> {
        self.begin_asking(kind, amount, for_what).await?;
        match self.perform_asked().await {
            Said::Yes(proof) => self.take(proof).await,
            Said::No(reason) => self.refuse_asked(reason).await,
            Said::NotKnown(reason) => self.wait_for_terminal(reason),
        }
    }

    /// Give `amount` of a tender back. With `line` that line leaves the receipt in the same commit.
    pub(crate) async fn reverse(
        &mut self,
        place: usize,
        tender: &Tender,
        amount: Money,
        line: Option<u32>,
    ) -> Result<(), TillError> {
        let Some(proof) = &tender.proof else { return Err(refused(Refusal::PaymentNotReversed)) };
        let whole = self.receipt.as_ref().is_some_and(|receipt| receipt.is_whole(place, amount));
        let for_what = AskedFor::Reversal { tender: place, of: proof.reference.clone(), whole, line };
        self.begin_asking(tender.kind, amount, for_what).await?;
        match self.perform_asked().await {
            Said::Yes(proof) => self.take(proof).await.map(|_| ()),
            Said::No(reason) => self.refuse_asked(reason).await.map(|_| ()),
            Said::NotKnown(reason) => self.wait_for_terminal(reason).map(|_| ()),
        }
    }

    /// What was asked before a crash, or before an answer was lost: done or not?
    pub(crate) async fn finish_asking(&mut self) -> Result<TillReply, TillError> {
        let Some(asked) = self.asked() else { return Err(refused(Refusal::NothingWaits)) };
        match self.inquire_terminal(&asked).await {
            Said::Yes(proof) => self.take_and_go_on(proof).await,
            Said::No(reason) => self.refuse_asked(reason).await,
            Said::NotKnown(reason) => self.wait_for_terminal(reason),
        }
    }

    /// What comes of a yes that was found later. A receipt out of which a line was taken goes on to its document.
    async fn take_and_go_on(&mut self, proof: Proof) -> Result<TillReply, TillError> {
        let reply = self.take(proof).await?;
        if !self.receipt.as_ref().is_some_and(Receipt::is_unfinished) {
            return Ok(reply);
        }
        let reply = self.finish_receipt().await?;
        self.hand_over(&reply).await;
        Ok(reply)
    }

    /// A supervisor has seen the terminal's slip, or that there is none.
    pub(crate) async fn settle_asked(&mut self, made: bool, reason: String) -> Result<TillReply, TillError> {
        if made {
            let proof = Proof { reference: format!("seen by a supervisor: {reason}"), ..manual() };
            return self.take_and_go_on(proof).await;
        }
        match self.refuse_asked(reason).await {
            Err(TillError::Refused { .. }) => {
                Ok(TillReply { due: self.receipt.as_ref().map(Receipt::due), ..TillReply::default() })
            }
            other => other,
        }
    }

    fn asked(&self) -> Option<Asked> {
        self.receipt.as_ref().and_then(|receipt| receipt.asked().cloned())
    }

    async fn begin_asking(&mut self, kind: TenderKind, amount: Money, for_what: AskedFor) -> Result<(), TillError> {
        let Some(terminal) = self.terminal(kind) else { return Err(refused(Refusal::NoTerminal)) };
        let mark = terminal.mark().await.map_err(|error| refused(Refusal::Terminal(error.to_string())))?;
        let records = self.decide(&Input::AskTerminal(Asked { kind, amount, for_what, mark }))?;
        self.commit(Changes::of(records)).await?;
        self.terminal_since = Some(self.now());
        self.show();
        Ok(())
    }

    async fn perform_asked(&mut self) -> Said {
        let Some(asked) = self.asked() else { return Said::No(Refusal::NothingWaits.to_string()) };
        let cancel = self.ports.counter.cancel.clone();
        let Some(terminal) = self.terminal(asked.kind) else { return Said::No(Refusal::NoTerminal.to_string()) };
        match terminal.perform(&request(&asked), &cancel).await {
            Ok(approval) => Said::Yes(proof(approval)),
            Err(TerminalError::NoAnswer) => self.inquire_terminal(&asked).await,
            Err(error) => Said::No(error.to_string()),
        }
    }

    async fn inquire_terminal(&mut self, asked: &Asked) -> Said {
        let mut last = TerminalError::NoAnswer;
        for _ in 0..TRIES_MAX {
            let Some(terminal) = self.terminal(asked.kind) else {
                return Said::NotKnown(Refusal::NoTerminal.to_string());
            };
            match terminal.outcome(&asked.mark, &request(asked)).await {
                Ok(Outcome::Approved(approval)) => return Said::Yes(proof(approval)),
                Ok(Outcome::Nothing) => return Said::No("it did not answer, and no money moved".to_owned()),
                Err(error) => last = error,
            }
        }
        Said::NotKnown(last.to_string())
    }

    /// The terminal's yes becomes a tender, or gives one back.
    async fn take(&mut self, proof: Proof) -> Result<TillReply, TillError> {
        self.step(SagaStep::TerminalAnswered);
        let Some(asked) = self.asked() else { return Err(refused(Refusal::NothingWaits)) };
        let records = match asked.for_what {
            AskedFor::Reversal { line: Some(line), .. } => {
                self.decide(&Input::TakeOut { line, reversed: Some(proof) })?
            }
            AskedFor::Reversal { line: None, .. } => self.decide(&Input::Reversed { proof })?,
            AskedFor::Payment | AskedFor::Refund { .. } => {
                let tender = Tender { proof: Some(proof), ..Tender::new(asked.kind, asked.amount) };
                self.decide(&Input::Tender { tender, rounding: None })?
            }
        };
        if let Err(error) = self.commit(Changes::of(records)).await {
            // The bank has moved the money; what it did is asked again when the till goes on.
            return self.wait_for_terminal(error.to_string());
        }
        (self.trouble, self.terminal_since) = (None, None);
        match asked.for_what {
            AskedFor::Reversal { .. } => {
                Ok(TillReply { due: self.receipt.as_ref().map(Receipt::due), ..TillReply::default() })
            }
            AskedFor::Payment | AskedFor::Refund { .. } => self.paid_or_paying().await,
        }
    }

    async fn refuse_asked(&mut self, reason: String) -> Result<TillReply, TillError> {
        let records = self.decide(&Input::TerminalRefused { reason: reason.clone() })?;
        self.commit(Changes::of(records)).await?;
        self.terminal_since = None;
        if !self.owes() {
            // Otherwise the receipt still waits for its fiscal device.
            self.trouble = None;
        }
        Err(refused(Refusal::Terminal(reason)))
    }

    fn wait_for_terminal(&mut self, reason: String) -> Result<TillReply, TillError> {
        tracing::warn!(till = %self.settings.till, reason, "the till waits for its payment terminal");
        let since = self.trouble.as_ref().map_or_else(|| self.now(), |trouble| trouble.since);
        self.trouble = Some(Trouble { reason: reason.clone(), conflict: false, since });
        Err(TillError::WaitingForTerminal { reason })
    }

    /// What a supervisor said is written down with the act that it lets go on.
    pub(crate) async fn note_settled(&mut self, made: bool, reason: &str) -> Result<(), TillError> {
        let note = self.audit(
            messages::v1::document::AuditKind::ConflictSettled,
            if made { "made" } else { "not made" }.to_owned(),
            reason.to_owned(),
        );
        let records = vec![Record::ConflictSettled { made, reason: reason.to_owned() }];
        self.commit(Changes { records, documents: note.into_iter().collect(), ..Changes::default() }).await
    }
}

fn manual() -> Proof {
    Proof { reference: String::new(), authorisation: String::new(), card: String::new() }
}

fn request(asked: &Asked) -> TerminalRequest {
    let (operation, of) = match &asked.for_what {
        AskedFor::Payment => (TerminalOperation::Sale, None),
        AskedFor::Refund { of } => (TerminalOperation::Refund, of.clone()),
        AskedFor::Reversal { of, whole: true, .. } => (TerminalOperation::Reverse, Some(of.clone())),
        AskedFor::Reversal { of, .. } => (TerminalOperation::Refund, Some(of.clone())),
    };
    TerminalRequest { operation, amount: asked.amount, of }
}

fn proof(approval: Approval) -> Proof {
    let Approval { reference, authorisation, card, slip: _ } = approval;
    Proof { reference, authorisation, card }
}
