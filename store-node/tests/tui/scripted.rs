//! A screen under a supervisor with a till that answers by a script, and the fingers and scanners before it.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::Local;
use devices::terminal::Cancel;
use messages::v1::receipt::TenderType;
use messages::v1::till::{Answer, Ask, TillCommand, TillError, TillReply};
use messages::v1::view::{TerminalWork, TillMode, TillView};
use runtime::actor::{Actor, Handle, Scope};
use runtime::node::{Node, Tree};
use runtime::reference::ActorRef;
use runtime::spec::{ChildSpec, Strategy};
use store_node::tui::display::{Display, Headless, Shown, TimedKey};
use store_node::tui::keys::parse;
use store_node::tui::model::ViewModel;
use store_node::tui::{CashierScreen, Language, Scanned, ScreenOptions};
use tokio::sync::{mpsc, watch};

use super::fixture::{closed, empty, line, refused, sum};

/// As long as anything here may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

type Views = watch::Sender<Arc<TillView>>;

/// Answers from a view that it keeps: scans of "46…" are lines, "99…" is not known, "88…" asks for an age, "77…" for a
/// supervisor; cash closes, and a card waits until the cashier stops it.
pub(crate) struct ScriptedTill {
    view: TillView,
    version: u64,
    views: Rc<Views>,
    commands: Rc<RefCell<Vec<TillCommand>>>,
    /// By which a card payment ends.
    cancel: Cancel,
}

impl Actor for ScriptedTill {
    type State = usize;

    fn observe(&self) -> usize {
        self.commands.borrow().len()
    }
}

impl Handle<TillCommand> for ScriptedTill {
    async fn handle(&mut self, command: TillCommand, _: &Scope<Self>) -> Result<TillReply, TillError> {
        self.commands.borrow_mut().push(command.clone());
        // A commit takes a moment; other tasks run meanwhile.
        tokio::task::yield_now().await;
        let mut reply = TillReply::default();
        self.version += 1;
        let asked = self.view.asks.take();
        match command {
            TillCommand::Scan { data, .. } if data.starts_with("88") || data.starts_with("77") => {
                let age = Ask::Age { years: 18, name: format!("Item {data}") };
                let approval = Ask::Approval { right: "discount".into() };
                let ask = if data.starts_with("88") { age } else { approval };
                self.view.asks = Some(ask.clone());
                self.show();
                return Err(TillError::Asks(ask));
            }
            TillCommand::Answer(Answer::OldEnough(true)) if asked.is_some() => {
                let number = u32::try_from(self.view.lines.len()).unwrap() + 1;
                self.view.lines.push(line(number, "Beer", "1", "10.00"));
                sum(&mut self.view);
            }
            TillCommand::Pay { tender: TenderType::Card, amount, .. } => {
                let terminal = TerminalWork {
                    tender: TenderType::Card,
                    amount,
                    since: Local::now().fixed_offset(),
                    gives_back: false,
                };
                self.view.mode = TillMode::WaitingForTerminal;
                self.view.terminal = Some(terminal);
                self.show();
                // A terminal that is deaf at first.
                tokio::task::yield_now().await;
                self.cancel.asked().await;
                self.view.mode = TillMode::Selling;
                self.view.terminal = None;
                self.version += 1;
                self.show();
                return refused("terminal", "the payment terminal: the payment was cancelled");
            }
            TillCommand::Scan { data, .. } if data.starts_with("99") => {
                self.show();
                return refused("unknown_code", &format!("the code is not known: {data}"));
            }
            TillCommand::Scan { data, .. } => {
                let number = u32::try_from(self.view.lines.len()).unwrap() + 1;
                self.view.lines.push(line(number, &format!("Item {data}"), "1", "10.00"));
                sum(&mut self.view);
            }
            TillCommand::Pay { amount, .. } => {
                reply.receipt = Some(Box::new(closed(&self.view, &amount.to_string())));
                self.view = TillView { sequence: self.view.sequence + 1, ..empty() };
            }
            _ => {}
        }
        self.show();
        Ok(reply)
    }
}

impl ScriptedTill {
    fn show(&mut self) {
        self.view.version = self.version;
        self.views.send_replace(Arc::new(self.view.clone()));
    }
}

/// Panics in its next frame when told to.
struct Fragile {
    inner: Headless,
    breaks: Arc<AtomicBool>,
}

impl Display for Fragile {
    fn draw(&mut self, model: &ViewModel) -> io::Result<()> {
        assert!(!self.breaks.swap(false, Ordering::AcqRel), "the display breaks, as the test asked");
        self.inner.draw(model)
    }

    fn bell(&mut self) -> io::Result<()> {
        self.inner.bell()
    }
}

pub(crate) struct Till {
    pub(crate) node: Node,
    pub(crate) keys: mpsc::Sender<TimedKey>,
    /// Where a scanner that does not type is heard.
    pub(crate) scans_in: ActorRef<Scanned>,
    pub(crate) frames: watch::Receiver<Shown>,
    pub(crate) commands: Rc<RefCell<Vec<TillCommand>>>,
    pub(crate) quit: watch::Receiver<bool>,
    pub(crate) breaks: Arc<AtomicBool>,
    /// Keys are never said to be pressed before those that were pressed before them.
    pressed_until: Cell<Instant>,
}

impl Till {
    pub(crate) async fn open() -> Till {
        Till::open_with(ScreenOptions::default(), empty()).await
    }

    /// With what the screen reaches beside the till, and what it shows at first.
    pub(crate) async fn open_with(options: ScreenOptions, first: TillView) -> Till {
        let (views, seen) = watch::channel(Arc::new(first));
        let (views, commands) = (Rc::new(views), Rc::new(RefCell::new(Vec::new())));
        let (keys, typed) = mpsc::channel(1_024);
        let (quit_sender, quit) = watch::channel(false);
        let (headless, frames) = Headless::new(80, 25);
        let breaks = Arc::new(AtomicBool::new(false));
        let mut tree = Tree::new("store");
        tree.group("till/3", Strategy::OneForOne);
        let (kept, cancel) = (commands.clone(), options.cancel.clone());
        let till = tree.child(ChildSpec::new("till/3/session", "till", move || {
            std::future::ready(Ok(ScriptedTill {
                view: empty(),
                version: 1,
                views: views.clone(),
                commands: kept.clone(),
                cancel: cancel.clone(),
            }))
        }));
        let breaking = breaks.clone();
        let screen = tree.child(CashierScreen::headless(
            "till/3/screen",
            till.reference(),
            seen,
            ScreenOptions { language: Language::En, ..options },
            quit_sender,
            typed,
            move || Box::new(Fragile { inner: headless.clone(), breaks: breaking.clone() }),
        ));
        Till {
            node: tree.start().await,
            keys,
            scans_in: screen.reference(),
            frames,
            commands,
            quit,
            breaks,
            pressed_until: Cell::new(Instant::now()),
        }
    }

    /// Press keys as fast as a channel takes them, with the times at which they are said to be pressed.
    pub(crate) async fn press(&self, text: &str, gap: Duration) {
        let mut at = Instant::now().max(self.pressed_until.get());
        for key in parse(text).unwrap() {
            self.keys.send((key, at)).await.unwrap();
            at += gap;
        }
        self.pressed_until.set(at);
    }

    pub(crate) async fn fingers(&self, text: &str) {
        self.press(text, Duration::from_millis(90)).await;
    }

    pub(crate) async fn scanner(&self, text: &str) {
        self.press(text, Duration::from_millis(1)).await;
    }

    pub(crate) async fn sees(&mut self, what: &str) -> String {
        let last = self.frames.clone();
        let seen = self.frames.wait_for(|shown| shown.text().contains(what));
        match tokio::time::timeout(PATIENCE, seen).await {
            Ok(shown) => shown.unwrap().text(),
            Err(_) => panic!("never saw {what:?}; the screen is\n{}", last.borrow().text()),
        }
    }

    pub(crate) fn scans(&self) -> usize {
        self.commands.borrow().iter().filter(|command| matches!(command, TillCommand::Scan { .. })).count()
    }

    pub(crate) fn payments(&self) -> usize {
        self.commands.borrow().iter().filter(|command| matches!(command, TillCommand::Pay { .. })).count()
    }
}

pub(crate) fn run(test: impl Future<Output = ()>) {
    actix::System::new().block_on(test);
}
