//! A whole shift on the terminal, with a till, a store and emulated devices behind it that are the real ones.

use std::time::{Duration, Instant};

use domain::ids::{ItemCode, StoreId, TillId};
use messages::v1::till::{ItemChoice, TillCommand};
use runtime::clock::Clock;
use runtime::node::{Node, Tree};
use runtime::spec::Strategy;
use store_node::chain::{Chain, ChainOptions};
use store_node::tui::display::{Headless, Shown, TimedKey};
use store_node::tui::keys::parse;
use store_node::tui::{CashierScreen, Language, ScreenOptions};
use tokio::sync::{mpsc, watch};

use super::fixture::{money, quantity};
use super::scripted::{PATIENCE, run};

/// Between the keys of a quick cashier.
const GAP: Duration = Duration::from_millis(90);

struct Counter {
    chain: Chain,
    store: StoreId,
    till: TillId,
    screen: Node,
    keys: mpsc::Sender<TimedKey>,
    frames: watch::Receiver<Shown>,
    pressed_until: Instant,
}

impl Counter {
    async fn open(folder: &std::path::Path) -> Counter {
        let (store, till) = (StoreId::new("S0012").unwrap(), TillId(3));
        let mut chain = Chain::start(ChainOptions::new(folder.to_owned(), Clock::system())).await.unwrap();
        chain.ensure_till(&store, till).await.unwrap();
        let (keys, typed) = mpsc::channel(1_024);
        let (quit, _left) = watch::channel(false);
        let (headless, frames) = Headless::new(80, 25);
        let mut tree = Tree::new("screen");
        tree.group("screen", Strategy::OneForOne);
        tree.child(CashierScreen::headless(
            "screen/3",
            chain.commands(&store, till).unwrap(),
            chain.till(&store, till).unwrap().views.clone(),
            ScreenOptions { language: Language::En, ..ScreenOptions::default() },
            quit,
            typed,
            move || Box::new(headless.clone()),
        ));
        let screen = tree.start().await;
        Counter { chain, store, till, screen, keys, frames, pressed_until: Instant::now() }
    }

    /// Press keys, and see what comes of them.
    async fn press(&mut self, text: &str, sees: &str) -> String {
        let mut at = Instant::now().max(self.pressed_until);
        for key in parse(text).unwrap() {
            self.keys.send((key, at)).await.unwrap();
            at += GAP;
        }
        self.pressed_until = at;
        self.sees(text, sees).await
    }

    async fn sees(&mut self, after: &str, what: &str) -> String {
        let last = self.frames.clone();
        let seen = self.frames.wait_for(|shown| shown.text().contains(what));
        match tokio::time::timeout(PATIENCE, seen).await {
            Ok(shown) => shown.unwrap().text(),
            Err(_) => panic!("never saw {what:?} after {after:?}; the screen is\n{}", last.borrow().text()),
        }
    }

    /// A line at an entered price: the catalogue of this shop is empty.
    async fn line(&mut self, name: &str, price: &str) {
        let item = ItemChoice::Code(ItemCode(name.to_owned()));
        let sell = TillCommand::Sell { item, quantity: quantity("1"), price: Some(money(price)), vat: None };
        self.chain.ask(&self.store, self.till, PATIENCE, sell).await.unwrap().unwrap();
        self.sees("a line", name).await;
    }
}

#[test]
fn a_cashier_works_a_whole_shift() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let mut till = Counter::open(folder.path()).await;
        till.sees("the start", "The shift is closed").await;
        till.press("7<Enter><Enter>1000<Enter>", "SALE").await;

        till.line("Bread", "45.50").await;
        till.line("Flowers", "300").await;
        till.press("<+>500<Enter>", "CLOSED").await;
        till.press("<Esc>", "last change 154.50").await;

        till.line("Honey", "250").await;
        till.press("<+><F2>", "CLOSED").await;
        till.press("<Esc>", "scan, or key a code").await;

        till.line("Vase", "700").await;
        till.press("<F7>Anna<Enter>", "is put aside").await;
        till.press("<F7>", "Parked receipts").await;
        till.press("1", "Vase").await;
        till.press("<Ctrl+L>", "The till is locked").await;
        till.press("7<Enter><Enter>", "Vase").await;
        till.press("10DI<Enter>scratched<Enter>", "discount −70.00").await;
        till.press("<+>100<F2>", "TO PAY").await;
        till.press("<+>", "CLOSED").await;
        till.press("<Esc>", "scan, or key a code").await;

        till.press("<F8>11<Enter>", "Return of receipt 00000001").await;
        till.press("<Enter><+><+>", "TO GIVE BACK").await;
        till.press("<Esc>", "scan, or key a code").await;

        till.press("<F9>7", "Journal").await;
        till.press("1", "RETURN").await;
        till.press("<Esc><F9>11200<Enter>change<Enter>", "Cash in: 200.00").await;
        till.press("<F9>3", "Cash expected").await;
        till.press("<Esc><F9>8", "Training: nothing of this is real").await;
        till.press("<F9>8", "The training is over").await;
        till.press("<F9>5<Down>1<+><Enter>", "Counted").await;
        till.sees("a count", "Over").await;
        let report = till.press("<Esc><F9>42030<Enter>", "The shift is closed").await;
        assert!(report.contains("Sales: 3") && report.contains("Returns: 1"), "{report}");
        till.press("<Esc>", "Open the shift").await;
        till.screen.shutdown().await;
        till.chain.stop().await;
    });
}
