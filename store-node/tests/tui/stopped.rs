//! A till whose database cannot be read: its screen stands, and says so.

use std::sync::Arc;

use domain::ids::{StoreId, TillId};
use messages::v1::till::{TillCommand, TillError, TillReply};
use runtime::actor::{Actor, Handle, Scope};
use runtime::node::Tree;
use runtime::spec::{ChildSpec, StartError, Strategy};
use store_node::tui::display::Headless;
use store_node::tui::{CashierScreen, Language, ScreenOptions};
use store_node::window::{Window, telling};
use tokio::sync::{mpsc, watch};

use super::scripted::{PATIENCE, run};

/// Never gets as far as answering.
struct Broken;

impl Actor for Broken {
    type State = ();

    fn observe(&self) {}
}

impl Handle<TillCommand> for Broken {
    async fn handle(&mut self, _: TillCommand, _: &Scope<Self>) -> Result<TillReply, TillError> {
        Err(TillError::NotStored { reason: "broken".into() })
    }
}

#[test]
fn a_till_that_cannot_start_does_not_take_its_screen_with_it() {
    run(async {
        let blank = Window::blank(StoreId::new("S0012").unwrap(), TillId(3));
        let (_views, seen) = watch::channel(Arc::new(blank));
        let (trouble, troubles) = watch::channel(None);
        let (_keys, typed) = mpsc::channel(16);
        let (quit, _left) = watch::channel(false);
        let (headless, mut frames) = Headless::new(80, 25);
        let mut tree = Tree::new("store");
        tree.group("sales", Strategy::RestForOne);
        let broken = || Box::pin(std::future::ready(Err(StartError::new("the database is damaged")))) as _;
        let till = tree.child(ChildSpec::<Broken>::new("sales/till", "till", telling(broken, trouble)));
        // In a group of its own: one that fails with the till is never started while the till is not.
        tree.group("screen", Strategy::OneForOne);
        let options = ScreenOptions { language: Language::En, trouble: Some(troubles), ..ScreenOptions::default() };
        let display = move || Box::new(headless.clone()) as _;
        tree.child(CashierScreen::headless("screen/3", till.reference(), seen, options, quit, typed, display));
        let node = tree.start().await;
        let shown = frames.wait_for(|shown| shown.text().contains("the database is damaged"));
        let frame = tokio::time::timeout(PATIENCE, shown).await.expect("the screen says why").unwrap().text();
        assert!(frame.contains("The till cannot start"), "{frame}");
        node.shutdown().await;
    });
}
