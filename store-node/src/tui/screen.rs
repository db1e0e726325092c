//! What the screen itself knows: which page is open, what is half typed, which refusals were not read yet.
//!
//! Everything else is the till's and comes with its view; so a screen that crashed loses half a code and nothing more.
//! [`Screen::reduce`] takes one input, [`Screen::answered`] one answer. Both are pure and are given the view that holds now.

mod answer;
mod form;
mod menu;
mod payment;
mod sale;

use std::collections::VecDeque;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use domain::money::Money;
use messages::v1::document::ShiftTotals;
use messages::v1::receipt::Receipt;
use messages::v1::till::{TillCommand, TillError};
use messages::v1::view::{TillMode, TillView};
use runtime::reference::SendError;

use super::entry::Entry;

pub use form::{Field, FieldKind, Form, FormKind};
pub use menu::{MENU, MenuItem};

/// Refusals that wait to be read; of more in a row only the first are worth reading.
pub const REFUSALS_MAX: usize = 20;

/// What comes in: a key of the keyboard, or the whole of what a scanner sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    Key(KeyEvent),
    Scan(String),
}

/// What an input or an answer leads to, at most one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Send(TillCommand),
    Bell,
    Leave,
}

/// Why a command was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Till(#[from] TillError),
    #[error("the till: {0}")]
    Send(#[from] SendError),
}

/// A refusal until it is read. `text` is English; `code` finds it in the cashier's language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: String,
    pub text: String,
    /// The code that was scanned or keyed.
    pub subject: Option<String>,
}

/// Something went well; gone with the next key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    CashIn(Money),
    CashOut(Money),
    Cancelled(u64),
    DrawerOpened,
    SignedOff,
    /// The screen itself failed and is here again.
    ScreenRestarted,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    Void {
        line: u32,
    },
    Cancel,
    /// Give up a receipt that is paid and not fiscalised.
    GiveUp,
    Leave,
}

/// Figures to be read and put away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    X(Box<ShiftTotals>),
    Z { totals: Option<Box<ShiftTotals>>, over_short: Option<Money> },
    Count { counted: Money, over_short: Option<Money>, totals: Option<Box<ShiftTotals>> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// What the till's mode calls for.
    Base,
    Payment,
    Menu {
        at: usize,
    },
    Form(Form),
    Ask(Question),
    Report(Report),
}

/// The place where a key lands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    SignOn,
    Sale,
    /// `begun`: a tender was taken, there is no way back to the sale.
    Payment {
        begun: bool,
    },
    /// Paid; the fiscal device has not answered.
    Waiting,
    Menu,
    Form,
    Ask,
    Report,
}

#[derive(Clone, Debug)]
pub struct Screen {
    pub(super) page: Page,
    pub(super) help: bool,
    pub(super) entry: Entry,
    /// The line that arrows chose; none is the last one.
    pub(super) selected: Option<u32>,
    pub(super) sign_on: Form,
    pub(super) refusals: VecDeque<Refusal>,
    pub(super) notice: Option<Notice>,
    /// The receipt that was closed last, until the next key.
    pub(super) closed: Option<Box<Receipt>>,
    pub(super) waiting_reason: Option<String>,
    pub(super) restored_read: bool,
    /// The command on its way was made by hand, so its success takes an older refusal away.
    by_hand: bool,
}

impl Default for Screen {
    fn default() -> Screen {
        Screen {
            page: Page::Base,
            help: false,
            entry: Entry::default(),
            selected: None,
            sign_on: Form::new(FormKind::SignOn),
            refusals: VecDeque::new(),
            notice: None,
            closed: None,
            waiting_reason: None,
            restored_read: false,
            by_hand: false,
        }
    }
}

impl Screen {
    /// A screen that says that the one before it failed.
    pub fn restarted() -> Screen {
        Screen { notice: Some(Notice::ScreenRestarted), ..Screen::default() }
    }

    pub fn stage(&self, view: &TillView) -> Stage {
        match (&self.page, view.mode) {
            (Page::Ask(_), _) => Stage::Ask,
            (_, TillMode::WaitingForFiscal) => Stage::Waiting,
            (Page::Report(_), _) => Stage::Report,
            (Page::Menu { .. }, TillMode::Selling | TillMode::Paying) => Stage::Menu,
            (Page::Form(_), TillMode::Selling | TillMode::Paying) => Stage::Form,
            (_, TillMode::SignedOff | TillMode::ShiftClosed) => Stage::SignOn,
            (_, TillMode::Paying) => Stage::Payment { begun: true },
            (Page::Payment, TillMode::Selling) => Stage::Payment { begun: false },
            (_, TillMode::Selling) => Stage::Sale,
        }
    }

    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusals.front()
    }

    pub fn refusals_unread(&self) -> usize {
        self.refusals.len()
    }

    /// An input had no room to wait in.
    pub fn too_fast(&mut self) {
        self.refuse("too_fast", None);
    }

    /// One input, judged against the view that holds now.
    pub fn reduce(&mut self, view: &TillView, input: Input) -> Option<Action> {
        self.follow(view);
        let action = match input {
            Input::Key(key) if key.kind == KeyEventKind::Release => None,
            Input::Key(key) => self.pressed(view, key),
            Input::Scan(data) => self.scanned(view, data),
        };
        if matches!(action, Some(Action::Send(_))) {
            self.restored_read = true;
        }
        action
    }

    /// The till went on without us: what no longer fits its mode is put away.
    pub(in crate::tui) fn follow(&mut self, view: &TillView) {
        let kind = match view.shift {
            Some(_) if view.mode == TillMode::SignedOff => FormKind::SignOn,
            _ => FormKind::OpenShift,
        };
        if self.sign_on.kind != kind {
            self.sign_on = Form::new(kind);
        }
        if self.selected.is_some_and(|selected| view.lines.iter().all(|line| line.line != selected)) {
            self.selected = None;
        }
        if self.page == Page::Payment && view.lines.is_empty() {
            self.page = Page::Base;
            self.entry.clear();
        }
    }

    fn pressed(&mut self, view: &TillView, key: KeyEvent) -> Option<Action> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if key.code == KeyCode::Esc && self.refusals.pop_front().is_some() {
            return None;
        }
        self.notice = None;
        if control && matches!(key.code, KeyCode::Char('c' | 'q')) {
            self.help = false;
            self.closed = None;
            self.page = Page::Ask(Question::Leave);
            return None;
        }
        if self.help {
            self.help = !matches!(key.code, KeyCode::Esc | KeyCode::Enter | KeyCode::F(1));
            return None;
        }
        if key.code == KeyCode::F(1) {
            self.help = true;
            return None;
        }
        if self.closed.take().is_some() && matches!(key.code, KeyCode::Enter | KeyCode::Esc | KeyCode::Char('+')) {
            return None;
        }
        match self.stage(view) {
            Stage::SignOn => self.key_on_sign_on(key),
            Stage::Sale => self.key_on_sale(view, key),
            Stage::Payment { begun } => self.key_on_payment(view, key, begun),
            Stage::Waiting => self.key_on_waiting(view, key),
            Stage::Menu => self.key_on_menu(key),
            Stage::Form => self.key_on_form(key),
            Stage::Ask => self.key_on_question(key),
            Stage::Report => {
                if matches!(key.code, KeyCode::Enter | KeyCode::Esc) {
                    self.page = Page::Base;
                }
                None
            }
        }
    }

    fn scanned(&mut self, view: &TillView, data: String) -> Option<Action> {
        match self.stage(view) {
            Stage::SignOn => return self.scan_on_sign_on(data),
            Stage::Sale => {}
            Stage::Payment { begun: false } => {
                // One more thing came to the counter; what was typed as money is void with the old total.
                self.entry.clear();
                self.page = Page::Base;
            }
            Stage::Report if view.mode == TillMode::Selling => self.page = Page::Base,
            Stage::Payment { begun: true } => return self.refuse("scan_while_paying", Some(data)),
            Stage::Waiting => return self.refuse("scan_while_waiting", Some(data)),
            Stage::Menu | Stage::Form | Stage::Ask | Stage::Report => {
                return self.refuse("scan_not_here", Some(data));
            }
        }
        self.help = false;
        self.closed = None;
        self.notice = None;
        self.scan_on_sale(data)
    }

    fn key_on_waiting(&mut self, view: &TillView, key: KeyEvent) -> Option<Action> {
        match key.code {
            KeyCode::Enter | KeyCode::Char('r' | 'R' | 'к' | 'К') => self.send_by_hand(TillCommand::Resume),
            KeyCode::Char('9') if !view.lines.is_empty() => {
                self.page = Page::Ask(Question::GiveUp);
                None
            }
            _ => None,
        }
    }

    fn send_by_hand(&mut self, command: TillCommand) -> Option<Action> {
        self.by_hand = true;
        Some(Action::Send(command))
    }

    fn send_scanned(&mut self, command: TillCommand) -> Option<Action> {
        self.by_hand = false;
        Some(Action::Send(command))
    }

    /// A refusal of the screen's own; its English text is in the texts.
    fn refuse(&mut self, code: &str, subject: Option<String>) -> Option<Action> {
        self.show(Refusal { code: code.to_owned(), text: String::new(), subject });
        Some(Action::Bell)
    }

    fn show(&mut self, refusal: Refusal) {
        if self.refusals.len() < REFUSALS_MAX && self.refusals.back() != Some(&refusal) {
            self.refusals.push_back(refusal);
        }
    }
}
