//! What the screen itself knows: which page is open, what is half typed, which refusals were not read yet.
//!
//! Everything else is the till's and comes with its view; so a screen that crashed loses half a code and nothing more.
//! [`Screen::reduce`] takes one input, [`Screen::answered`] one answer. Both are pure and are given the view that holds now.

mod answer;
mod asking;
mod back;
mod count;
mod form;
mod list;
mod menu;
mod page;
mod payment;
mod sale;
mod search;
mod stage;
mod waiting;

use std::collections::VecDeque;
use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use messages::v1::catalogue::Item;
use messages::v1::receipt::Receipt;
use messages::v1::till::{Ask, TillCommand, TillError};
use messages::v1::view::{TillMode, TillView};
use runtime::reference::SendError;

use super::entry::Entry;
use super::shop::Shop;

pub use asking::Asking;
pub use back::Back;
pub use count::Count;
pub use form::{Field, FieldKind, Form, FormKind};
pub use list::{Choices, List};
pub use menu::{Menu, MenuRow, rows};
pub(super) use page::Page;
pub use page::{Notice, Question, Report};
pub use search::{FOUND_MAX, Search};
pub use stage::Stage;

/// Refusals that wait to be read; of more in a row only the first are worth reading.
pub const REFUSALS_MAX: usize = 20;

/// What comes in: a key of the keyboard, the whole of what a scanner sent, or what was found for a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    Key(KeyEvent),
    Scan(String),
    Found { text: String, items: Vec<Item> },
}

/// What an input or an answer leads to, at most one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Send(TillCommand),
    /// Look for goods; the answer is an [`Input::Found`] with the same text.
    Search(String),
    /// Ask the payment terminal to stop. Only its answer decides.
    CancelTerminal,
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

#[derive(Clone, Debug)]
pub struct Screen {
    pub(super) shop: Arc<Shop>,
    pub(super) page: Page,
    /// The first line of the help that is seen, while it is open.
    pub(super) help: Option<usize>,
    pub(super) entry: Entry,
    /// The line that arrows chose; none is the last one.
    pub(super) selected: Option<u32>,
    pub(super) sign_on: Form,
    pub(super) asking: Option<Asking>,
    pub(super) refusals: VecDeque<Refusal>,
    pub(super) notice: Option<Notice>,
    /// The receipt that was closed last, until the next key.
    pub(super) closed: Option<Box<Receipt>>,
    pub(super) waiting_reason: Option<String>,
    pub(super) restored_read: bool,
    /// Why the till cannot start.
    pub(super) trouble: Option<String>,
    /// The cashier asked the terminal to stop.
    pub(super) cancelling: bool,
    /// What an answer asked for, with the view's version then: a later view knows better.
    said: Option<(Ask, u64)>,
    /// The command for which something is asked.
    asked_for: Option<TillCommand>,
    /// A command is on its way.
    pub(super) sent: bool,
    /// The command on its way was made by hand, so its success takes an older refusal away.
    by_hand: bool,
    /// The list of receipts is wanted for reading, not for printing.
    to_read: bool,
}

impl Default for Screen {
    fn default() -> Screen {
        Screen {
            shop: Arc::default(),
            page: Page::Base,
            help: None,
            entry: Entry::default(),
            selected: None,
            sign_on: Form::new(FormKind::SignOn),
            asking: None,
            refusals: VecDeque::new(),
            notice: None,
            closed: None,
            waiting_reason: None,
            restored_read: false,
            trouble: None,
            cancelling: false,
            said: None,
            asked_for: None,
            sent: false,
            by_hand: false,
            to_read: false,
        }
    }
}

impl Screen {
    /// A screen that says that the one before it failed.
    pub fn restarted() -> Screen {
        Screen { notice: Some(Notice::ScreenRestarted), ..Screen::default() }
    }

    /// From now on the shop's own keys, words and goods on keys are these.
    pub fn set_shop(&mut self, shop: Arc<Shop>) {
        self.shop = shop;
    }

    /// Why the till cannot start; none: it has.
    pub fn set_trouble(&mut self, trouble: Option<String>) {
        self.trouble = trouble;
    }

    /// The cashier asked the terminal to stop, and it has not answered.
    pub(in crate::tui) fn cancels(&self) -> bool {
        self.cancelling
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
            Input::Found { text, items } => {
                self.found(&text, items);
                None
            }
        };
        if matches!(action, Some(Action::Send(_))) {
            self.restored_read = true;
            self.sent = true;
        }
        action
    }

    /// The till went on without us: what no longer fits its mode is put away.
    pub(in crate::tui) fn follow(&mut self, view: &TillView) {
        let kind = match view.shift {
            Some(_) if matches!(view.mode, TillMode::SignedOff | TillMode::Locked) => FormKind::SignOn,
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
        if view.mode != TillMode::WaitingForTerminal {
            self.cancelling = false;
        }
        self.follow_asks(view);
    }

    fn pressed(&mut self, view: &TillView, key: KeyEvent) -> Option<Action> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if key.code == KeyCode::Esc && self.stage(view) == (Stage::Terminal { lost: false }) {
            self.cancelling = true;
            return Some(Action::CancelTerminal);
        }
        if key.code == KeyCode::Esc && self.refusals.pop_front().is_some() {
            return None;
        }
        self.notice = None;
        if control && matches!(key.code, KeyCode::Char('c' | 'q')) {
            self.help = None;
            self.closed = None;
            self.page = Page::Ask(Question::Leave);
            return None;
        }
        if let Some(from) = self.help {
            self.help = scrolled(from, key.code);
            return None;
        }
        if key.code == KeyCode::F(1) {
            self.help = Some(0);
            return None;
        }
        if self.closed.take().is_some() && matches!(key.code, KeyCode::Enter | KeyCode::Esc | KeyCode::Char('+')) {
            return None;
        }
        match self.stage(view) {
            Stage::Stopped => Some(Action::Bell),
            Stage::SignOn => self.key_on_sign_on(view, key),
            Stage::Sale => self.key_on_sale(view, key),
            Stage::Payment { begun } => self.key_on_payment(view, key, begun),
            Stage::Expired => self.key_on_expired(key),
            Stage::Terminal { lost } => self.key_on_terminal(key, lost),
            Stage::Waiting => self.key_on_waiting(view, key),
            Stage::Asking => self.key_on_asking(view, key),
            Stage::Menu => self.key_on_menu(view, key),
            Stage::Form => self.key_on_form(key),
            Stage::Ask => self.key_on_question(key),
            Stage::List => self.key_on_list(view, key),
            Stage::Back => self.key_on_back(key),
            Stage::Search => self.key_on_search(key),
            Stage::Count => self.key_on_count(key),
            Stage::QuickKeys => self.key_on_quick_keys(key),
            Stage::Report => self.key_on_report(key),
        }
    }

    fn key_on_report(&mut self, key: KeyEvent) -> Option<Action> {
        if let Page::Report { from, .. } = &mut self.page {
            match scrolled(*from, key.code) {
                Some(to) => *from = to,
                None => self.page = Page::Base,
            }
        }
        None
    }

    fn scanned(&mut self, view: &TillView, data: String) -> Option<Action> {
        match self.stage(view) {
            Stage::Stopped => return self.refuse("till_restarting", Some(data)),
            Stage::SignOn => return self.scan_on_sign_on(data),
            Stage::Asking => return self.scan_on_asking(data),
            Stage::Form => return self.scan_on_form(data),
            Stage::Sale => {}
            Stage::Payment { begun: false } => {
                // One more thing came to the counter; what was typed as money is void with the old total.
                self.entry.clear();
                self.page = Page::Base;
            }
            Stage::Report if view.mode == TillMode::Selling => self.page = Page::Base,
            Stage::Payment { begun: true } | Stage::Terminal { .. } => {
                return self.refuse("scan_while_paying", Some(data));
            }
            Stage::Waiting => return self.refuse("scan_while_waiting", Some(data)),
            Stage::Expired => return self.refuse("shift_expired", Some(data)),
            Stage::Menu
            | Stage::Ask
            | Stage::List
            | Stage::Back
            | Stage::Search
            | Stage::Count
            | Stage::QuickKeys
            | Stage::Report => return self.refuse("scan_not_here", Some(data)),
        }
        self.help = None;
        self.closed = None;
        self.notice = None;
        self.scan_on_sale(data)
    }

    fn open(&mut self, page: Page) -> Option<Action> {
        self.page = page;
        self.entry.clear();
        None
    }

    fn open_form(&mut self, kind: FormKind) -> Option<Action> {
        self.open(Page::Form(Form::new(kind)))
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

/// The first line that is seen of a long text after a key; none: it was put away.
fn scrolled(from: usize, code: KeyCode) -> Option<usize> {
    const PAGE: usize = 10;
    match code {
        KeyCode::Up => Some(from.saturating_sub(1)),
        KeyCode::Down => Some(from + 1),
        KeyCode::PageUp => Some(from.saturating_sub(PAGE)),
        KeyCode::PageDown => Some(from + PAGE),
        KeyCode::Home => Some(0),
        KeyCode::Esc | KeyCode::Enter | KeyCode::F(1) => None,
        _ => Some(from),
    }
}
