//! The screen as a supervised actor: keys, scans and views in, commands and frames out.
//!
//! It owns the terminal and what is half typed, nothing else. A restart takes the terminal anew and finds the receipt as
//! the till has it. Inputs wait in one bounded queue; a command is asked and its answer awaited before the next is taken.
//! One key does not wait: Esc while a payment terminal is at work.

mod finding;
mod session;

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;
use std::{fmt, io};

use actix::Message;
use crossterm::event::{Event, EventStream, KeyEvent};
use devices::scanner::WedgeSettings;
use devices::terminal::Cancel;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, Stream, StreamExt};
use messages::v1::catalogue::Item;
use messages::v1::settings::{Bindings, CashRules, QuickKeys};
use messages::v1::till::TillCommand;
use messages::v1::view::TillView;
use runtime::actor::{Actor, Handle, Scope};
use runtime::reference::ActorRef;
use runtime::spec::{ChildSpec, StartError};
use serde::Serialize;
use tokio::sync::{Mutex, mpsc, watch};

use super::display::{Console, Display, TimedKey};
use super::texts::Language;
use session::Session;

/// Codes on their way from the mailbox to the session, which takes them at once.
const SCANS_MAX: usize = 16;

/// Finds goods by a part of their name or the beginning of their code.
pub type Finder = Arc<dyn Fn(String) -> BoxFuture<'static, Vec<Item>> + Send + Sync>;
/// A section of the shop's settings as it is now; looked at about once a second.
pub type Setting<S> = Arc<dyn Fn() -> S + Send + Sync>;

/// What the shop may choose, and what the screen reaches beside the till.
#[derive(Clone)]
pub struct ScreenOptions {
    pub language: Language,
    pub scanner: WedgeSettings,
    /// Rung when the cashier wants the payment terminal to stop.
    pub cancel: Cancel,
    /// None: there is no search.
    pub finder: Option<Finder>,
    pub bindings: Setting<Bindings>,
    pub quick_keys: Setting<QuickKeys>,
    pub cash: Setting<CashRules>,
    /// Why the till cannot start; none while it can.
    pub trouble: Option<watch::Receiver<Option<String>>>,
}

impl Default for ScreenOptions {
    fn default() -> ScreenOptions {
        ScreenOptions {
            language: Language::default(),
            scanner: WedgeSettings::default(),
            cancel: Cancel::default(),
            finder: None,
            bindings: Arc::new(Bindings::default),
            quick_keys: Arc::new(QuickKeys::default),
            cash: Arc::new(CashRules::default),
            trouble: None,
        }
    }
}

impl fmt::Debug for ScreenOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScreenOptions")
            .field("language", &self.language)
            .field("scanner", &self.scanner)
            .field("finder", &self.finder.is_some())
            .finish_non_exhaustive()
    }
}

/// What the screen talks with.
#[derive(Clone)]
struct Wires {
    till: ActorRef<TillCommand>,
    views: watch::Receiver<Arc<TillView>>,
    /// Set to true when the cashier leaves.
    quit: watch::Sender<bool>,
    options: ScreenOptions,
}

/// What comes from a terminal, and from a scanner beside it.
#[derive(Clone, Debug)]
enum Heard {
    Key(KeyEvent, Instant),
    Scan(String),
    /// The window has another size.
    Resized,
}

type Keys = Pin<Box<dyn Stream<Item = io::Result<Heard>>>>;

/// A scanner that does not type has read a code. Sender: [`crate::scanner`]. Answer: none. Repeat: no, it is a second scan.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Scanned(pub String);

pub struct CashierScreen {
    session: Option<Session>,
    scans: mpsc::Sender<String>,
    state: Rc<RefCell<ScreenState>>,
}

/// What an operator sees of a screen: no goods and no money.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ScreenState {
    pub language: Language,
    pub inputs_waiting: usize,
    pub commands_sent: u64,
    pub refusals_unread: usize,
    pub frames: u64,
    /// From giving a scan to the till to its line on the screen.
    pub scan_to_line_us_last: u64,
    pub scan_to_line_us_max: u64,
}

impl CashierScreen {
    /// A screen on the terminal of this process. `quit` becomes true when the cashier asks to leave, or the terminal is gone.
    pub fn spec(
        path: impl Into<String>,
        till: ActorRef<TillCommand>,
        views: watch::Receiver<Arc<TillView>>,
        options: ScreenOptions,
        quit: watch::Sender<bool>,
    ) -> ChildSpec<CashierScreen> {
        let wires = Wires { till, views, quit, options };
        let display = || Console::open().map(|console| Box::new(console) as Box<dyn Display>);
        CashierScreen::child(path, wires, display, || EventStream::new().filter_map(heard).boxed_local())
    }

    /// A screen without a terminal: keys come from a channel, frames go to what `display` makes.
    pub fn headless(
        path: impl Into<String>,
        till: ActorRef<TillCommand>,
        views: watch::Receiver<Arc<TillView>>,
        options: ScreenOptions,
        quit: watch::Sender<bool>,
        keys: mpsc::Receiver<TimedKey>,
        display: impl Fn() -> Box<dyn Display> + 'static,
    ) -> ChildSpec<CashierScreen> {
        let wires = Wires { till, views, quit, options };
        // The channel outlives a crash of the screen: keys pressed meanwhile wait in it.
        let keys = Arc::new(Mutex::new(keys));
        let typed = move || {
            let next = |keys: Arc<Mutex<mpsc::Receiver<TimedKey>>>| async move {
                let (key, at) = keys.lock().await.recv().await?;
                Some((Ok(Heard::Key(key, at)), keys))
            };
            stream::unfold(keys.clone(), next).boxed_local()
        };
        CashierScreen::child(path, wires, move || Ok(display()), typed)
    }

    fn child(
        path: impl Into<String>,
        wires: Wires,
        display: impl Fn() -> io::Result<Box<dyn Display>> + 'static,
        keys: impl Fn() -> Keys + 'static,
    ) -> ChildSpec<CashierScreen> {
        let started_before = Cell::new(false);
        ChildSpec::new(path, "cashier_screen", move || {
            let built = display().map_err(StartError::new).map(|display| {
                let state =
                    Rc::new(RefCell::new(ScreenState { language: wires.options.language, ..ScreenState::default() }));
                let again = started_before.replace(true);
                let (scans, scanned) = mpsc::channel(SCANS_MAX);
                let session = Session::new(wires.clone(), display, keys(), scanned, state.clone(), again);
                CashierScreen { session: Some(session), scans, state }
            });
            std::future::ready(built)
        })
    }
}

/// The keys among what a terminal says.
async fn heard(event: io::Result<Event>) -> Option<io::Result<Heard>> {
    match event {
        Ok(Event::Key(key)) => Some(Ok(Heard::Key(key, Instant::now()))),
        Ok(Event::Resize(..)) => Some(Ok(Heard::Resized)),
        Ok(Event::FocusGained | Event::FocusLost | Event::Mouse(_) | Event::Paste(_)) => None,
        Err(error) => Some(Err(error)),
    }
}

impl Actor for CashierScreen {
    type State = ScreenState;

    async fn started(&mut self, scope: &Scope<CashierScreen>) -> Result<(), StartError> {
        if let Some(session) = self.session.take() {
            scope.spawn(session.run());
        }
        Ok(())
    }

    fn observe(&self) -> ScreenState {
        self.state.borrow().clone()
    }
}

impl Handle<Scanned> for CashierScreen {
    async fn handle(&mut self, Scanned(data): Scanned, _: &Scope<CashierScreen>) {
        // A session that has ended takes no scans: the cashier left.
        self.scans.send(data).await.ok();
    }
}
