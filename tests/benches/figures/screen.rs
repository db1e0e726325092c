//! From the end of a scan to its line in a frame of the cashier's screen, beside what cannot be beaten: the till's own
//! answer and one period of a screen of sixty frames a second.

use std::time::{Duration, Instant};

use domain::money::Money;
use runtime::node::Tree;
use runtime::spec::Strategy;
use store_node::tui::display::{Headless, Shown, TimedKey};
use store_node::tui::keys::parse;
use store_node::tui::{CashierScreen, Language, ScreenOptions};
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;

use crate::counter::{Counter, barcode, name};
use crate::table::{Table, Times, ms};

const GOODS: u64 = 5_000;
const SCANS: u64 = 300;
/// Scans of a receipt: half of them on the screen, half straight to the till.
const RECEIPT_SCANS: u64 = 20;
const BURSTS: u64 = 10;
const BURST: u64 = 10;
const FRAME: Duration = Duration::from_nanos(1_000_000_000 / 60);
/// Between scans; no multiple of a frame, so that scans fall anywhere in it.
const PACE: Duration = Duration::from_millis(37);
const PATIENCE: Duration = Duration::from_secs(10);

struct Desk {
    counter: Counter,
    keys: mpsc::Sender<TimedKey>,
    frames: watch::Receiver<Shown>,
}

pub(crate) async fn measure(table: &mut Table) {
    let folder = tempfile::tempdir().expect("a folder");
    let counter = Counter::open(folder.path(), GOODS).await;
    let (keys, typed) = mpsc::channel(1_024);
    let (quit, _leaves) = watch::channel(false);
    let (headless, frames) = Headless::new(80, 25);
    let mut tree = Tree::new("screen");
    tree.group("screen", Strategy::OneForOne);
    tree.child(CashierScreen::headless(
        "screen/1",
        counter.till.commands.clone(),
        counter.till.views.clone(),
        ScreenOptions { language: Language::En, ..ScreenOptions::default() },
        quit,
        typed,
        move || Box::new(headless.clone()),
    ));
    let node = tree.start().await;
    let mut desk = Desk { counter, keys, frames };

    let (mut lines, mut answers) = (Times::default(), Times::default());
    let mut pace = tokio::time::interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut due, mut frames) = (Money::ZERO, 0);
    for n in 1..=SCANS {
        pace.tick().await;
        let drawn = desk.frames.borrow().frames;
        let began = desk.scanned(2 * n).await;
        let shown = desk.sees(&name(2 * n)).await - began;
        frames += desk.frames.borrow().frames - drawn;
        pace.tick().await;
        let began = Instant::now();
        due = desk.counter.scan(2 * n + 1).await.due.unwrap_or(due);
        // The first ones wake everything up.
        if n > 5 {
            answers.add(began.elapsed());
            lines.add(shown);
        }
        if 2 * n % RECEIPT_SCANS == 0 {
            desk.counter.pay(due).await;
        }
    }
    let mut bursts = Times::default();
    for burst in 0..BURSTS {
        pace.tick().await;
        let first = 1_000 + burst * BURST;
        let mut began = Instant::now();
        for number in first..first + BURST {
            began = desk.scanned(number).await;
        }
        bursts.add(desk.sees(&name(first + BURST - 1)).await - began);
        let due = desk.counter.till.views.borrow().due;
        desk.counter.pay(due).await;
    }
    let limit = answers.per_mille(990) + FRAME;
    table.row(
        "screen: scan to line, p99",
        format!("{:.2} ms", ms(lines.per_mille(990))),
        format!("till answers (p99 {:.2} ms) and a frame: {:.2} ms", ms(answers.per_mille(990)), ms(limit)),
        lines.per_mille(990).as_secs_f64() / limit.as_secs_f64(),
    );
    table.note(format!("scan to line: {}", lines.spread()));
    table.note(format!("the till's answer alone: {}", answers.spread()));
    table.note(format!(
        "{:.2} frames drawn until the line is seen; {BURST} scans at once: the last line after {}",
        frames as f64 / SCANS as f64,
        bursts.spread(),
    ));
    node.shutdown().await;
    desk.counter.close().await;
}

impl Desk {
    /// A scanner types a barcode as a keyboard does; the time of its last key.
    async fn scanned(&self, number: u64) -> Instant {
        let mut at = Instant::now();
        for key in parse(&format!("{}<Enter>", barcode(number))).expect("keys") {
            at = Instant::now();
            self.keys.send((key, at)).await.expect("a screen that listens");
        }
        at
    }

    /// When the frame came that shows `what`.
    async fn sees(&mut self, what: &str) -> Instant {
        let seen = async {
            loop {
                self.frames.changed().await.expect("a screen that draws");
                let at = Instant::now();
                if self.frames.borrow_and_update().text().contains(what) {
                    return at;
                }
            }
        };
        match tokio::time::timeout(PATIENCE, seen).await {
            Ok(at) => at,
            Err(_) => panic!("\"{what}\" never came; the screen is\n{}", self.frames.borrow().text()),
        }
    }
}
