//! Scans and fingers that do not wait: bursts into a question, keys while a terminal is at work, a search while typing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use messages::v1::till::{Answer, TillCommand};
use messages::v1::view::TillView;
use store_node::tui::ScreenOptions;
use tokio::sync::watch;

use super::fixture::{empty, item};
use super::scripted::{Till, run};

/// Twenty scans in 200 ms, the eleventh of which is `special`.
async fn burst(till: &Till, special: &str) {
    for n in 0..20 {
        let code = if n == 10 { special.to_owned() } else { format!("46000000000{n:02}") };
        // 13 characters and two returns.
        till.press(&format!("{code}<Enter><Enter>"), Duration::from_micros(650)).await;
    }
}

#[test]
fn a_burst_into_a_question_is_refused_and_answers_nothing() {
    run(async {
        for (special, title) in [("8800000000000", "Age 18+"), ("7700000000000", "A supervisor must allow this")] {
            let mut till = Till::open().await;
            till.sees("scan, or key a code").await;
            burst(&till, special).await;
            let frame = till.sees("9 to read").await;
            assert!(frame.contains(title) && frame.contains("NOT added: answer first"), "{frame}");
            assert_eq!(
                till.commands.borrow().len(),
                11,
                "ten lines and what asked; nothing answered, nothing declined"
            );
            assert_eq!(till.frames.borrow().bells, 10);
            // Each refusal is read by itself, and only then does Esc answer.
            till.fingers("<Enter><Enter><Esc><Esc><Esc><Esc><Esc><Esc><Esc><Esc><Esc>").await;
            till.fingers("<F1><F1>").await;
            assert_eq!(till.commands.borrow().len(), 11);
            till.node.shutdown().await;
        }
    });
}

#[test]
fn an_age_is_confirmed_and_the_next_scan_is_sold() {
    run(async {
        let mut till = Till::open().await;
        till.scanner("8800000000000<Enter>").await;
        till.sees("Age 18+").await;
        // The finger was on its way to the total before the question came; later ones have read it.
        till.fingers("<+><Left><Left><Left>").await;
        assert_eq!(till.commands.borrow().len(), 1);
        till.fingers("<+>").await;
        till.sees("Beer").await;
        till.scanner("4600000000015<Enter>").await;
        till.sees("Item 4600000000015").await;
        assert!(till.commands.borrow().contains(&TillCommand::Answer(Answer::OldEnough(true))));
        till.node.shutdown().await;
    });
}

#[test]
fn esc_reaches_the_terminal_at_once_and_impatient_keys_pay_nothing() {
    run(async {
        let mut till = Till::open().await;
        till.scanner("4600000000015<Enter>").await;
        till.sees("Item 4600000000015").await;
        till.fingers("<+><F2>").await;
        till.sees("Only the terminal decides").await;
        till.fingers("<+><Enter>100<Enter><+><F2>").await;
        till.scanner("4600000000022<Enter>").await;
        till.fingers("<Esc>").await;
        let frame = till.sees("the payment was cancelled").await;
        assert!(!frame.contains("4600000000022:"), "the scan waits for the terminal's answer:\n{frame}");
        till.sees("Item 4600000000022").await;
        assert_eq!(till.payments(), 1, "nothing but the card was asked to pay");
        till.node.shutdown().await;
    });
}

#[test]
fn an_esc_before_the_terminal_listens_reaches_it_too() {
    run(async {
        let mut till = Till::open().await;
        till.scanner("4600000000015<Enter>").await;
        till.sees("Item 4600000000015").await;
        till.fingers("<+><F2><Esc>").await;
        till.sees("the payment was cancelled").await;
        assert_eq!(till.payments(), 1);
        till.node.shutdown().await;
    });
}

#[test]
fn a_search_never_piles_up_and_shows_what_was_typed_last() {
    run(async {
        let running = Arc::new(AtomicUsize::new(0));
        let counted = running.clone();
        let (go, gate) = watch::channel(false);
        let finder = move |text: String| {
            let (running, mut gate) = (counted.clone(), gate.clone());
            async move {
                assert_eq!(running.fetch_add(1, Ordering::AcqRel), 0, "one query at a time");
                gate.wait_for(|open| *open).await.unwrap();
                running.fetch_sub(1, Ordering::AcqRel);
                vec![item("000101", &format!("found for {text}"), "45.50")]
            }
            .boxed()
        };
        let options = ScreenOptions { finder: Some(Arc::new(finder)), ..ScreenOptions::default() };
        let mut till = Till::open_with(options, empty()).await;
        till.fingers("<F2>bread").await;
        till.sees("bread").await;
        go.send_replace(true);
        till.sees("found for bread").await;
        till.fingers("<Enter>1").await;
        till.sees("Item 000101").await;
        till.node.shutdown().await;
    });
}

#[test]
fn a_till_that_cannot_start_says_why_and_comes_back_by_itself() {
    run(async {
        let (trouble, seen) = watch::channel(Some("the database is damaged".to_owned()));
        let options = ScreenOptions { trouble: Some(seen), ..ScreenOptions::default() };
        let first = TillView { version: 0, ..empty() };
        let mut till = Till::open_with(options, first).await;
        let frame = till.sees("The till cannot start").await;
        assert!(frame.contains("the database is damaged"), "{frame}");
        till.scanner("4600000000015<Enter>").await;
        till.sees("4600000000015:").await;
        trouble.send_replace(None);
        assert_eq!(till.commands.borrow().len(), 0);
        till.fingers("<Esc>").await;
        till.sees("scan, or key a code").await;
        till.node.shutdown().await;
    });
}
