//! The screen as an actor under a supervisor: bursts, double presses, crashes, speed.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use store_node::tui::keys::parse;

use super::scripted::{PATIENCE, Till, run};

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
