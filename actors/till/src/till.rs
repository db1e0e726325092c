//! The actor: one till, its journal, its device and its open receipt.
//!
//! A restart keeps everything that was committed: the open receipt, the shift, what was begun on the device. It loses the
//! input that was being worked on, which was then not committed. Whoever sent it looks at the view before asking again.

use std::sync::Arc;
use std::time::Duration;

use actix::Message;
use chrono::{DateTime, FixedOffset};
use devices::fiscal::FiscalDevice;
use devices::printer::ReceiptPrinter;
use devices::scale::Scale;
use devices::terminal::PaymentTerminal;
use domain::ids::ReceiptId;
use domain::journal::{Entry, Head};
use domain::money::Money;
use domain::quantity::Quantity;
use domain::receipt::{Event, Receipt};
use domain::refusal::Refusal;
use domain::rights::Asked;
use futures_util::future::LocalBoxFuture;
use messages::codec::to_body;
use messages::v1::accounts::Identified;
use messages::v1::receipt as v1;
use messages::v1::settings::Section;
use messages::v1::till::{Ask, TillCommand, TillError, TillReply};
use messages::v1::view::{TillMode, TillView};
use runtime::actor::{Actor, Handle, Scope};
use runtime::spec::StartError;
use serde::Serialize;
use tokio::time::Instant;
use uuid::Uuid;

use crate::accounts::{Beside, CustomerAnswered, LOOK_EVERY, LookAtAccounts, Released, Told};
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

/// Clocks are corrected by minutes; a clock that is further back is wrong.
const CLOCK_BACK_MAX_MS: i64 = 10 * 60 * 1000;
/// A till that starts waits so long for its store to say that it stands where it believes: a little longer than the link does.
const TOLD_WITHIN: Duration = Duration::from_secs(4);

/// Why the till waits for its device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) reason: String,
    /// The device holds what this till did not ask for; only a person can tell.
    pub(crate) conflict: bool,
    pub(crate) since: DateTime<FixedOffset>,
}

/// A command that waits for an answer.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) command: TillCommand,
    pub(crate) answers: Answers,
    pub(crate) ask: Ask,
    /// The right that is missing, if that is what is asked.
    pub(crate) wanted: Option<Asked>,
}

/// What was answered for the command at hand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers {
    pub(crate) old_enough: Option<bool>,
    pub(crate) mark: Option<String>,
    pub(crate) price: Option<Money>,
    pub(crate) quantity: Option<Quantity>,
    pub(crate) gift: Option<String>,
    pub(crate) pin: Option<String>,
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
    pub(crate) last_change: Option<Money>,
    pub(crate) last_line: Option<u32>,
    pub(crate) pending: Option<Pending>,
    /// Of the command at hand.
    pub(crate) answers: Answers,
    /// The right that the command at hand lacks.
    pub(crate) wanted: Option<Asked>,
    /// Since when a terminal is at work.
    pub(crate) terminal_since: Option<DateTime<FixedOffset>>,
    pub(crate) card_terminal: Option<Box<dyn PaymentTerminal>>,
    pub(crate) qr_terminal: Option<Box<dyn PaymentTerminal>>,
    pub(crate) scale: Option<Box<dyn Scale>>,
    pub(crate) printer: Option<Box<dyn ReceiptPrinter>>,
    /// The till that plays shop, while it does.
    pub(crate) training: Option<Box<Till>>,
    pub(crate) parked: u32,
    /// The next receipt's: what is claimed before its first line is claimed by it.
    pub(crate) next_uid: ReceiptId,
    /// What the store said of a customer, with the number that was asked.
    pub(crate) customer: Option<(String, Identified)>,
    pub(crate) beside: Beside,
    /// Where it stands was read from a database that the store knows.
    pub(crate) settled: bool,
    /// The store's word is waited for until then.
    pub(crate) told_until: Instant,
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
        let unreadable = |error| StartError::new(store::sentence(&error));
        let (standing, receipt) = store::load(&ports.database.writer).await.map_err(unreadable)?;
        let parked = store::parked(&ports.database.reader).await.map_err(unreadable)?.len();
        let device = (ports.device)();
        let version = standing.head.sequence;
        let counter = &ports.counter;
        let mut till = Till {
            card_terminal: counter.card_terminal.as_ref().map(|make| make()),
            qr_terminal: counter.qr_terminal.as_ref().map(|make| make()),
            scale: counter.scale.as_ref().map(|make| make()),
            printer: counter.printer.as_ref().map(|make| make()),
            pending: None,
            answers: Answers::default(),
            wanted: None,
            terminal_since: None,
            training: None,
            parked: u32::try_from(parked).unwrap_or(u32::MAX),
            next_uid: ReceiptId(Uuid::now_v7()),
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
            customer: None,
            beside: Beside::default(),
            settled: false,
            told_until: Instant::now() + TOLD_WITHIN,
            version,
            commits: 0,
        };
        if let Some(receipt) = till.receipt.as_ref().filter(|receipt| !receipt.is_unfinished()) {
            till.last_line = receipt.lines().last().map(|line| line.number);
            till.restored = Some("restored_open_receipt");
        }
        till.clear_training();
        till.show();
        Ok(till)
    }

    /// Something was begun with the device and not finished.
    pub(crate) fn owes(&self) -> bool {
        self.standing.desk.begun.is_some() || self.receipt.as_ref().is_some_and(Receipt::is_unfinished)
    }

    async fn finish_what_was_begun(&mut self) {
        let done = match &self.receipt {
            Some(receipt) if receipt.asked().is_some() => self.finish_asking().await,
            Some(receipt) if receipt.is_unfinished() => self.finish_receipt().await,
            _ => self.finish_operation().await,
        };
        match done {
            Ok(reply) => {
                self.restored = Some(match (&reply.receipt, &self.receipt) {
                    (Some(_), _) => "finished_receipt",
                    (None, Some(_)) => "restored_open_receipt",
                    (None, None) => "finished_operation",
                });
                self.finished = reply.receipt.map(|receipt| *receipt);
            }
            Err(error) => {
                tracing::warn!(till = %self.settings.till, reason = %error, "what was begun is not finished yet");
                self.restored = Some(match error {
                    TillError::WaitingForTerminal { .. } => "waiting_for_terminal",
                    // The terminal surely did nothing: the receipt stands as before it was asked.
                    _ if !self.owes() => "restored_open_receipt",
                    _ => "waiting_for_fiscal",
                });
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
        let (mut next, opened) = self.after(head, &entries, &changes.records);
        let trusted = changes.records.iter().any(|record| matches!(record, Record::ClockTrusted { .. }));
        // Entries of a clock that was set back do not make it right.
        next.latest_ms = next.latest_ms.filter(|_| !trusted).max(Some(at.timestamp_millis()));
        let moved = next.desk != self.standing.desk || next.receipt_from != self.standing.receipt_from;
        let standing = moved.then_some(&next);
        match store::commit(&self.ports.database, &self.settings, at, &entries, standing, &changes).await {
            Ok(()) => {}
            Err(CommitError::Aborted(error)) => {
                tracing::error!(till = %self.settings.till, %error, "nothing was stored");
                return Err(TillError::NotStored { reason: store::sentence(&error) });
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
            self.next_uid = ReceiptId(Uuid::now_v7());
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
                    if matches!(event, Event::Closed { .. } | Event::Cancelled { .. } | Event::Parked { .. }) {
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
                Event::TerminalAsked(_) => self.step(SagaStep::TerminalAsked),
                Event::AccountAsked(_) => self.step(SagaStep::AccountAsked),
                Event::Tendered(_) => self.step(SagaStep::Paying),
                Event::Paid { .. } => self.step(SagaStep::Paid),
                Event::Fiscalising(_) => self.step(SagaStep::Fiscalising),
                Event::Fiscalised { .. } => self.step(SagaStep::Fiscalised),
                Event::Closed { .. } => self.step(SagaStep::Closed),
                _ => {}
            }
        }
    }

    /// The clock must not be before what is written: a till whose clock lies stops, before its papers lie too.
    pub(crate) fn clock_is_right(&self) -> Result<(), TillError> {
        let now = self.now();
        let Some(last) = self.standing.latest_ms.filter(|last| now.timestamp_millis() + CLOCK_BACK_MAX_MS < *last)
        else {
            return Ok(());
        };
        let last = DateTime::from_timestamp_millis(last).map(|last| last.with_timezone(now.offset()));
        let text = |at: DateTime<FixedOffset>| at.format("%Y-%m-%d %H:%M").to_string();
        Err(refused(Refusal::ClockSetBack { now: text(now), last: last.map(text).unwrap_or_default() }))
    }

    /// A section of the settings as it holds in this store.
    pub(crate) fn section<S: Section>(&self) -> S {
        self.ports.catalogue.section(&self.settings.store)
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

pub(crate) fn event(record: &Record) -> Option<&Event> {
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
    TillError::NotStored { reason: store::sentence(&error) }
}

impl Actor for Till {
    type State = TillState;

    async fn started(&mut self, scope: &Scope<Till>) -> Result<(), StartError> {
        self.beside.scope = Some(scope.clone());
        if self.owes() || self.receipt.is_some() {
            scope.me::<FinishBegun>().nudge(FinishBegun);
        }
        if self.ports.above.is_some() {
            scope.every(LOOK_EVERY, || LookAtAccounts);
            scope.me::<LookAtAccounts>().nudge(LookAtAccounts);
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
        if self.stand_on_what_is_known().await.is_err() {
            // What an old copy had begun was finished long ago.
            return;
        }
        if let Err(error) = self.settle_account_asked().await {
            tracing::warn!(%error, "what an account was asked for is not given back yet");
        }
        if self.owes() {
            self.finish_what_was_begun().await;
        }
        self.show();
    }
}

impl Handle<LookAtAccounts> for Till {
    async fn handle(&mut self, _: LookAtAccounts, _: &Scope<Till>) {
        if self.stand_on_what_is_known().await.is_ok() {
            self.look_at_accounts().await;
        }
    }
}

impl Handle<CustomerAnswered> for Till {
    async fn handle(&mut self, answered: CustomerAnswered, _: &Scope<Till>) {
        self.customer_answered(answered).await;
    }
}

impl Handle<Released> for Till {
    async fn handle(&mut self, Released { operations }: Released, _: &Scope<Till>) {
        self.released(operations).await;
    }
}

impl Handle<Told> for Till {
    async fn handle(&mut self, told: Told, _: &Scope<Till>) {
        self.told(told).await;
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
