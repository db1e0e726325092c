//! The actor: one till, its journal, its device and its open receipt.
//!
//! A restart keeps everything that was committed: the open receipt, the shift, what was begun on the device. It loses the
//! input that was being worked on, which was then not committed. Whoever sent it looks at the view before asking again.

use std::sync::Arc;

use actix::Message;
use chrono::{DateTime, FixedOffset};
use devices::fiscal::FiscalDevice;
use domain::journal::{Entry, Head};
use domain::receipt::{Event, Receipt};
use domain::refusal::Refusal;
use futures_util::future::LocalBoxFuture;
use messages::codec::to_body;
use messages::v1::receipt as v1;
use messages::v1::till::{TillCommand, TillError, TillReply};
use messages::v1::view::{TillMode, TillView};
use runtime::actor::{Actor, Handle, Scope};
use runtime::spec::StartError;
use serde::Serialize;

use crate::desk::Record;
use crate::settings::{SagaStep, TillPorts, TillSettings};
use crate::store::{self, Changes, CommitError, Standing};

/// What does the till show?
///
/// Sender: a screen, a test. Answer: everything a screen draws. Repeat: yes.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Arc<TillView>")]
pub struct ShowTill;

/// Finish what the last life had begun.
///
/// Sender: the till itself, when it starts: a long receipt takes its device longer than a start may take. Repeat: yes.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
struct FinishBegun;

/// Why the till waits for its device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) reason: String,
    /// The device holds what this till did not ask for; only a person can tell.
    pub(crate) conflict: bool,
    pub(crate) since: DateTime<FixedOffset>,
}

pub struct Till {
    pub(crate) standing: Standing,
    pub(crate) receipt: Option<Receipt>,
    pub(crate) settings: TillSettings,
    pub(crate) ports: TillPorts,
    pub(crate) device: Box<dyn FiscalDevice>,
    pub(crate) trouble: Option<Trouble>,
    /// What the start found, until the next command.
    pub(crate) restored: Option<&'static str>,
    /// A receipt that the start finished; nobody has had it as an answer yet.
    pub(crate) finished: Option<v1::Receipt>,
    pub(crate) last_change: Option<domain::money::Money>,
    pub(crate) last_line: Option<u32>,
    pub(crate) version: u64,
    commits: u64,
}

/// What an operator sees of a till: no names, no goods.
#[derive(Clone, Debug, Serialize)]
pub struct TillState {
    pub mode: TillMode,
    pub shift: Option<u32>,
    pub next_sequence: u64,
    pub lines: usize,
    pub journal: u64,
    pub commits: u64,
    pub waits_for: Option<String>,
}

impl Till {
    /// How a supervised till is built, each time anew from its database.
    pub fn factory(
        settings: TillSettings,
        ports: TillPorts,
    ) -> impl Fn() -> LocalBoxFuture<'static, Result<Till, StartError>> + 'static {
        move || {
            let (settings, ports) = (settings.clone(), ports.clone());
            Box::pin(Till::open(settings, ports))
        }
    }

    /// Read where the till stood. What it had begun with its device is finished by the first message.
    pub async fn open(settings: TillSettings, ports: TillPorts) -> Result<Till, StartError> {
        let (standing, receipt) = store::load(&ports.database.writer).await.map_err(StartError::new)?;
        let device = (ports.device)();
        let version = standing.head.sequence;
        let mut till = Till {
            standing,
            receipt,
            settings,
            ports,
            device,
            trouble: None,
            restored: None,
            finished: None,
            last_change: None,
            last_line: None,
            version,
            commits: 0,
        };
        if let Some(receipt) = till.receipt.as_ref().filter(|receipt| !receipt.is_unfinished()) {
            till.last_line = receipt.lines().last().map(|line| line.number);
            till.restored = Some("restored_open_receipt");
        }
        till.show();
        Ok(till)
    }

    /// Something was begun with the device and not finished.
    pub(crate) fn owes(&self) -> bool {
        self.standing.desk.begun.is_some() || self.receipt.as_ref().is_some_and(Receipt::is_unfinished)
    }

    async fn finish_what_was_begun(&mut self) {
        let done = match &self.receipt {
            Some(receipt) if receipt.is_unfinished() => self.finish_receipt().await,
            _ => self.finish_operation().await,
        };
        match done {
            Ok(reply) => {
                self.restored = Some(if reply.receipt.is_some() { "finished_receipt" } else { "finished_operation" });
                self.finished = reply.receipt.map(|receipt| *receipt);
            }
            Err(error) => {
                tracing::warn!(till = %self.settings.till, reason = %error, "what was begun is not finished yet");
                self.restored = Some("waiting_for_fiscal");
            }
        }
    }

    pub(crate) fn now(&self) -> DateTime<FixedOffset> {
        self.ports.clock.now()
    }

    /// Commit and apply: the only road by which anything changes. What was decided stands in `changes`.
    pub(crate) async fn commit(&mut self, changes: Changes) -> Result<(), TillError> {
        let at = self.now();
        let mut head = self.standing.head;
        let entries: Vec<Entry> = changes
            .records
            .iter()
            .map(|record| head.append(at.timestamp_millis(), record.kind(), to_body(record)))
            .collect();
        let (next, opened) = self.after(head, &entries, &changes.records);
        let moved = next.desk != self.standing.desk || next.receipt_from != self.standing.receipt_from;
        let standing = moved.then_some(&next);
        match store::commit(&self.ports.database, &self.settings, at, &entries, standing, &changes).await {
            Ok(()) => {}
            Err(CommitError::Aborted(error)) => {
                tracing::error!(till = %self.settings.till, %error, "nothing was stored");
                return Err(TillError::NotStored { reason: error.to_string() });
            }
            Err(CommitError::Unknown(error)) => {
                // Caught by the host, which builds the next till from what the database really holds.
                panic!("TL-5: it is not known whether a commit was stored: {error}");
            }
        }
        self.commits += 1;
        self.standing = next;
        if opened.is_some() {
            self.receipt = opened;
        } else if let Some(receipt) = &mut self.receipt {
            changes.records.iter().filter_map(event).for_each(|event| receipt.apply(event));
        }
        if self.standing.receipt_from.is_none() {
            self.receipt = None;
        }
        if let Some(bell) = self.ports.outbox_bell.as_ref().filter(|_| !changes.documents.is_empty()) {
            bell.ring();
        }
        self.note_steps(&changes.records);
        Ok(())
    }

    /// Where the till stands after `records`, and the receipt if one opens with them.
    fn after(&self, head: Head, entries: &[Entry], records: &[Record]) -> (Standing, Option<Receipt>) {
        let mut next = Standing { head, ..self.standing.clone() };
        let mut opened: Option<Receipt> = None;
        for (entry, record) in entries.iter().zip(records) {
            next.desk.apply(record, opened.as_ref().or(self.receipt.as_ref()));
            match event(record) {
                Some(Event::Opened(opening)) => {
                    opened = Some(Receipt::new(opening.clone()));
                    next.receipt_from = Some(entry.sequence);
                }
                Some(event) => {
                    if let Some(receipt) = &mut opened {
                        receipt.apply(event);
                    }
                    if matches!(event, Event::Closed { .. } | Event::Cancelled { .. }) {
                        next.receipt_from = None;
                    }
                }
                None => {}
            }
        }
        (next, opened)
    }

    fn note_steps(&self, records: &[Record]) {
        for event in records.iter().filter_map(event) {
            match event {
                Event::Opened(_) => self.step(SagaStep::Open),
                Event::Tendered(_) => self.step(SagaStep::Paying),
                Event::Paid { .. } => self.step(SagaStep::Paid),
                Event::Fiscalising(_) => self.step(SagaStep::Fiscalising),
                Event::Fiscalised { .. } => self.step(SagaStep::Fiscalised),
                Event::Closed { .. } => self.step(SagaStep::Closed),
                _ => {}
            }
        }
    }

    pub(crate) fn step(&self, step: SagaStep) {
        if let Some(hook) = &self.settings.on_step {
            hook(step);
        }
    }

    /// Send the view to whoever listens.
    pub(crate) fn show(&mut self) {
        self.version += 1;
        if let Some(views) = &self.ports.views
            && views.receiver_count() > 0
        {
            views.send_replace(Some(Arc::new(self.view())));
        }
    }
}

fn event(record: &Record) -> Option<&Event> {
    match record {
        Record::Receipt(event) => Some(event),
        _ => None,
    }
}

/// The rule's answer, for whoever asked.
pub(crate) fn refused(refusal: Refusal) -> TillError {
    TillError::Refused { code: refusal.code().to_owned(), text: refusal.to_string() }
}

pub(crate) fn not_read(error: sea_orm::DbErr) -> TillError {
    TillError::NotStored { reason: error.to_string() }
}

impl Actor for Till {
    type State = TillState;

    async fn started(&mut self, scope: &Scope<Till>) -> Result<(), StartError> {
        if self.owes() {
            scope.me::<FinishBegun>().nudge(FinishBegun);
        }
        Ok(())
    }

    fn observe(&self) -> TillState {
        TillState {
            mode: self.mode(),
            shift: self.standing.desk.shift.as_ref().map(|shift| shift.number),
            next_sequence: self.standing.desk.next_sequence,
            lines: self.receipt.as_ref().map_or(0, |receipt| receipt.lines().len()),
            journal: self.standing.head.sequence,
            commits: self.commits,
            waits_for: self.trouble.as_ref().map(|trouble| trouble.reason.clone()),
        }
    }
}

impl Handle<FinishBegun> for Till {
    async fn handle(&mut self, _: FinishBegun, _: &Scope<Till>) {
        if self.owes() {
            self.finish_what_was_begun().await;
            self.show();
        }
    }
}

impl Handle<TillCommand> for Till {
    async fn handle(&mut self, command: TillCommand, _: &Scope<Till>) -> Result<TillReply, TillError> {
        let done = self.execute(command).await;
        self.show();
        done
    }
}

impl Handle<ShowTill> for Till {
    async fn handle(&mut self, _: ShowTill, _: &Scope<Till>) -> Arc<TillView> {
        Arc::new(self.view())
    }
}
