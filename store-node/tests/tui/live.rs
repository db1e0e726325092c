//! The screen as an actor under a supervisor, with a till that answers by a script: bursts, double presses, crashes, speed.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use messages::v1::till::{TillCommand, TillError, TillReply};
use messages::v1::view::TillView;
use runtime::actor::{Actor, Handle, Scope};
use runtime::node::{Node, Tree};
use runtime::spec::{ChildSpec, Strategy};
use store_node::tui::display::{Display, Headless, Shown, TimedKey};
use store_node::tui::keys::parse;
use store_node::tui::model::ViewModel;
use store_node::tui::{CashierScreen, Language, ScreenOptions};
use tokio::sync::{mpsc, watch};

use super::fixture::{closed, empty, line, refused, sum};

/// As long as anything here may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

type Views = watch::Sender<Arc<TillView>>;

/// Answers from a view that it keeps: scans of "46…" are lines, "99…" is not known, a payment closes.
struct ScriptedTill {
    view: TillView,
    version: u64,
    views: Rc<Views>,
    commands: Rc<RefCell<Vec<TillCommand>>>,
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
        match command {
            TillCommand::Scan { data, .. } if data.starts_with("99") => {
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
        self.version += 1;
        self.view.version = self.version;
        self.views.send_replace(Arc::new(self.view.clone()));
        Ok(reply)
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

struct Till {
    node: Node,
    keys: mpsc::Sender<TimedKey>,
    frames: watch::Receiver<Shown>,
    commands: Rc<RefCell<Vec<TillCommand>>>,
    quit: watch::Receiver<bool>,
    breaks: Arc<AtomicBool>,
    /// Keys are never said to be pressed before those that were pressed before them.
    pressed_until: Cell<Instant>,
}

impl Till {
    async fn open() -> Till {
        let (views, seen) = watch::channel(Arc::new(empty()));
        let (views, commands) = (Rc::new(views), Rc::new(RefCell::new(Vec::new())));
        let (keys, typed) = mpsc::channel(1_024);
        let (quit_sender, quit) = watch::channel(false);
        let (headless, frames) = Headless::new(80, 25);
        let breaks = Arc::new(AtomicBool::new(false));
        let mut tree = Tree::new("store");
        tree.group("till/3", Strategy::OneForOne);
        let kept = commands.clone();
        let till = tree.child(ChildSpec::new("till/3/session", "till", move || {
            std::future::ready(Ok(ScriptedTill { view: empty(), version: 1, views: views.clone(), commands: kept.clone() }))
        }));
        let breaking = breaks.clone();
        tree.child(CashierScreen::headless(
            "till/3/screen",
            till.reference(),
            seen,
            ScreenOptions { language: Language::En, ..ScreenOptions::default() },
            quit_sender,
            typed,
            move || Box::new(Fragile { inner: headless.clone(), breaks: breaking.clone() }),
        ));
        Till {
            node: tree.start().await,
            keys,
            frames,
            commands,
            quit,
            breaks,
            pressed_until: Cell::new(Instant::now()),
        }
    }

    /// Press keys as fast as a channel takes them, with the times at which they are said to be pressed.
    async fn press(&self, text: &str, gap: Duration) {
        let mut at = Instant::now().max(self.pressed_until.get());
        for key in parse(text).unwrap() {
            self.keys.send((key, at)).await.unwrap();
            at += gap;
        }
        self.pressed_until.set(at);
    }

    async fn fingers(&self, text: &str) {
        self.press(text, Duration::from_millis(90)).await;
    }

    async fn scanner(&self, text: &str) {
        self.press(text, Duration::from_millis(1)).await;
    }

    async fn sees(&mut self, what: &str) -> String {
        let last = self.frames.clone();
        let seen = self.frames.wait_for(|shown| shown.text().contains(what));
        match tokio::time::timeout(PATIENCE, seen).await {
            Ok(shown) => shown.unwrap().text(),
            Err(_) => panic!("never saw {what:?}; the screen is\n{}", last.borrow().text()),
        }
    }

    fn scans(&self) -> usize {
        self.commands.borrow().iter().filter(|command| matches!(command, TillCommand::Scan { .. })).count()
    }

    fn payments(&self) -> usize {
        self.commands.borrow().iter().filter(|command| matches!(command, TillCommand::Pay { .. })).count()
    }
}

fn run(test: impl Future<Output = ()>) {
    actix::System::new().block_on(test);
}

#[test]
fn retail_s9_an_unknown_code_in_a_burst_is_one_refusal_and_the_rest_is_sold() {
    run(async {
        let mut till = Till::open().await;
        till.sees("scan, or key a code").await;
        for n in 0..20 {
            let code = if n == 10 { "9900000000000".to_owned() } else { format!("46000000000{n:02}") };
            till.scanner(&format!("{code}<Enter><Enter>")).await;
        }
        till.sees("Item 4600000000019").await;
        let frame = till.sees("the code is not known: 9900000000000").await;
        assert!(frame.contains("19 lines"), "{frame}");
        assert_eq!((till.scans(), till.payments()), (20, 0));
        assert_eq!(till.frames.borrow().bells, 1);
        till.fingers("<Enter><Enter><+>").await;
        let frame = till.sees("TO PAY").await;
        assert!(frame.contains("9900000000000"), "no key but Esc has confirmed it:\n{frame}");
        till.fingers("<Esc><F7>").await;
        let frame = till.sees("SALE").await;
        assert!(!frame.contains("9900000000000"), "{frame}");
        till.node.shutdown().await;
    });
}

#[test]
fn retail_s10_a_scanner_with_two_returns_adds_one_line_and_opens_nothing() {
    run(async {
        let mut till = Till::open().await;
        till.scanner("4600000000015<Enter><Enter>").await;
        let frame = till.sees("Item 4600000000015").await;
        assert!(frame.contains("SALE"), "{frame}");
        assert_eq!(till.commands.borrow().len(), 1);
        till.node.shutdown().await;
    });
}

#[test]
fn retail_s30_a_double_press_on_the_payment_screen_makes_one_receipt() {
    run(async {
        for keys in ["<+><+>", "100<Enter><Enter>"] {
            let mut till = Till::open().await;
            till.scanner("4600000000015<Enter>").await;
            till.sees("Item 4600000000015").await;
            till.fingers("<+>").await;
            till.sees("TO PAY").await;
            till.press(keys, Duration::from_millis(30)).await;
            till.sees("CLOSED").await;
            till.fingers("<Left><Enter>").await;
            till.sees("scan, or key a code").await;
            assert_eq!(till.payments(), 1, "{keys}");
            till.node.shutdown().await;
        }
    });
}

#[test]
fn a_screen_that_fails_comes_back_on_the_same_receipt_and_says_so() {
    run(async {
        let mut till = Till::open().await;
        till.scanner("4600000000015<Enter>").await;
        till.sees("Item 4600000000015").await;
        till.breaks.store(true, Ordering::Release);
        till.fingers("12").await;
        let frame = till.sees("was started again").await;
        assert!(frame.contains("Item 4600000000015"), "{frame}");
        till.scanner("4600000000022<Enter>").await;
        till.sees("Item 4600000000022").await;
        till.node.shutdown().await;
    });
}

#[test]
fn leaving_tells_the_node() {
    run(async {
        let mut till = Till::open().await;
        till.fingers("<Ctrl+Q>").await;
        till.sees("Leave the till?").await;
        assert!(!*till.quit.borrow());
        till.fingers("<Enter>").await;
        tokio::time::timeout(PATIENCE, till.quit.wait_for(|quit| *quit)).await.unwrap().unwrap();
        till.node.shutdown().await;
    });
}

#[test]
fn a_scan_is_a_line_on_the_screen_at_once() {
    run(async {
        let mut till = Till::open().await;
        till.sees("scan, or key a code").await;
        let mut took = VecDeque::new();
        for n in 0..50 {
            let code = format!("46000000{n:05}");
            let keys = parse(&format!("{code}<Enter>")).unwrap();
            let began = Instant::now();
            for key in keys {
                till.keys.send((key, began)).await.unwrap();
            }
            till.sees(&format!("Item {code}")).await;
            took.push_back(began.elapsed());
        }
        took.make_contiguous().sort();
        let (median, worst) = (took[25], took[49]);
        println!("scan to line on the screen: median {median:?}, worst {worst:?}");
        assert!(median < Duration::from_millis(100), "median {median:?}, worst {worst:?}");
        till.node.shutdown().await;
    });
}
