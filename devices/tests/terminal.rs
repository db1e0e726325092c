//! The ZVT driver against the simulated terminal, over memory and TCP: what is approved, declined, lost and undone.

use std::time::Duration;

use devices::port;
use devices::sim::fault::Fault;
use devices::sim::listen::{listen_pty, listen_tcp};
use devices::sim::zvt::{Charge, TerminalHandle, TerminalSettings};
use devices::terminal::zvt::{Deadlines, Zvt};
use devices::terminal::{
    Approval, Cancel, Outcome, PaymentTerminal, TerminalError, TerminalOperation, TerminalRequest, TerminalTotals,
};
use domain::money::Money;

#[path = "terminal/bytes.rs"]
mod bytes;
#[path = "terminal/noise.rs"]
mod noise;

/// Waits short enough for a test and long enough for a busy machine.
const QUICK: Deadlines = Deadlines {
    ack: Duration::from_millis(500),
    query: Duration::from_millis(1_000),
    answer: Duration::from_millis(800),
};
/// As long as no test waits.
const PATIENT: Deadlines =
    Deadlines { ack: Duration::from_secs(5), query: Duration::from_secs(10), answer: Duration::from_secs(60) };

fn money(minor: i64) -> Money {
    Money::from_minor(minor)
}

fn device() -> (TerminalHandle, Zvt) {
    let terminal = TerminalHandle::new(TerminalSettings::default());
    let driver = Zvt::with_deadlines(terminal.connector(), QUICK);
    (terminal, driver)
}

fn sale(minor: i64) -> TerminalRequest {
    TerminalRequest { operation: TerminalOperation::Sale, amount: money(minor), of: None }
}

fn refund(minor: i64, of: &Approval) -> TerminalRequest {
    TerminalRequest { operation: TerminalOperation::Refund, amount: money(minor), of: Some(of.reference.clone()) }
}

fn reversal(minor: i64, of: &Approval) -> TerminalRequest {
    TerminalRequest { operation: TerminalOperation::Reverse, ..refund(minor, of) }
}

async fn perform(driver: &mut dyn PaymentTerminal, request: &TerminalRequest) -> Result<Approval, TerminalError> {
    driver.perform(request, &Cancel::default()).await
}

fn declined(result: Result<Approval, TerminalError>) -> u8 {
    match result {
        Err(TerminalError::Declined { code, text }) => {
            assert!(!text.is_empty());
            code
        }
        other => panic!("not declined: {other:?}"),
    }
}

fn sums(sales: i64, refunds: i64, count: u32) -> TerminalTotals {
    TerminalTotals { sales: money(sales), refunds: money(refunds), count }
}

/// A working day, the same over any port.
async fn trade(terminal: &TerminalHandle, driver: &mut dyn PaymentTerminal) {
    assert_eq!(driver.mark().await.as_deref(), Ok("none"));
    assert_eq!(driver.totals().await, Ok(sums(0, 0, 0)));

    let first = perform(driver, &sale(17_980)).await.expect("a sale");
    assert_eq!((first.reference.as_str(), first.card.as_str()), ("0001/000001", "************1234"));
    assert_eq!(first.authorisation.len(), 6);
    assert!(first.slip.iter().any(|line| line.contains("179.80")), "{:?}", first.slip);
    assert!(first.slip.iter().any(|line| line == "ОДОБРЕНО"), "{:?}", first.slip);
    assert_eq!(driver.mark().await, Ok(first.reference.clone()));

    let second = perform(driver, &sale(5_000)).await.expect("a second sale");
    let back = perform(driver, &refund(1_000, &second)).await.expect("a part back");
    perform(driver, &refund(2_500, &second)).await.expect("more back");
    assert_eq!(declined(perform(driver, &refund(1_501, &second)).await), 0xC3);
    assert_eq!(declined(perform(driver, &reversal(5_000, &second)).await), 0xB5);

    let undone = perform(driver, &reversal(17_980, &first)).await.expect("a reversal");
    assert_eq!(declined(perform(driver, &reversal(17_980, &first)).await), 0xB4);
    assert_eq!(declined(perform(driver, &refund(1, &first)).await), 0xB4);

    let charges = terminal.charges();
    assert_eq!(charges.len(), 5);
    assert!(charges[0].reversed && charges[1..].iter().all(|charge| !charge.reversed));
    assert_eq!(charges[2].of.as_ref(), Some(&second.reference));
    assert_eq!((&charges[2].reference, charges[2].amount), (&back.reference, money(1_000)));
    let reversed = Charge {
        operation: TerminalOperation::Reverse,
        amount: money(17_980),
        reference: undone.reference,
        of: Some(first.reference),
        reversed: false,
    };
    assert_eq!(charges[4], reversed);

    let totals = sums(5_000, 3_500, 3);
    assert_eq!((driver.totals().await, terminal.totals()), (Ok(totals), totals));
    assert_eq!(driver.settle().await, Ok(totals));
    assert_eq!(driver.totals().await, Ok(sums(0, 0, 0)));
    assert_eq!(declined(perform(driver, &reversal(5_000, &second)).await), 0xB5);
    perform(driver, &refund(1_500, &second)).await.expect("the rest back after the day was closed");
    // More goes back than comes in.
    assert_eq!(driver.settle().await, Ok(sums(0, 1_500, 1)));
}

#[tokio::test]
async fn a_day_over_memory() {
    let (terminal, mut driver) = device();
    trade(&terminal, &mut driver).await;
}

#[tokio::test]
async fn a_day_over_tcp_with_slips_in_one_block() {
    let terminal = TerminalHandle::new(TerminalSettings { text_block: true, ..TerminalSettings::default() });
    let listening = listen_tcp(&terminal, "127.0.0.1:0".parse().expect("an address")).await.expect("a link");
    let mut driver = Zvt::with_deadlines(port::connector(listening.address().clone()), QUICK);
    trade(&terminal, &mut driver).await;
}

#[tokio::test]
async fn a_day_over_a_pseudo_terminal() {
    let terminal = TerminalHandle::new(TerminalSettings::default());
    let listening = listen_pty(&terminal, None).expect("a pseudo-terminal");
    let mut driver = Zvt::with_deadlines(port::connector(listening.address().clone()), QUICK);
    trade(&terminal, &mut driver).await;
}

#[tokio::test]
async fn a_decline_moves_no_money_and_is_no_outcome() {
    let (terminal, mut driver) = device();
    let mark = driver.mark().await.expect("a mark");
    terminal.set_fault("declined:33".parse().expect("a fault"));
    assert_eq!(declined(perform(&mut driver, &sale(100)).await), 51);
    assert_eq!(terminal.charges(), []);
    assert_ne!(driver.mark().await.expect("a mark"), mark);
    assert_eq!(driver.outcome(&mark, &sale(100)).await, Ok(Outcome::Nothing));
    terminal.set_fault(Fault::None);
    perform(&mut driver, &sale(100)).await.expect("a sale");
}

#[tokio::test]
async fn a_request_without_an_answer_that_did_nothing() {
    let (terminal, mut driver) = device();
    for before in [0, 1] {
        assert_eq!(terminal.charges().len(), before);
        let mark = driver.mark().await.expect("a mark");
        terminal.set_fault(Fault::NoAnswer);
        assert_eq!(perform(&mut driver, &sale(100)).await, Err(TerminalError::NoAnswer));
        assert_eq!(terminal.fault(), Fault::None);
        assert_eq!(driver.outcome(&mark, &sale(100)).await, Ok(Outcome::Nothing));
        perform(&mut driver, &sale(100)).await.expect("asked again");
    }
}

#[tokio::test]
async fn an_approval_whose_answer_was_lost_is_found_and_charged_once() {
    let (terminal, mut driver) = device();
    let paid = perform(&mut driver, &sale(300)).await.expect("a sale");
    for (request, charges) in [(sale(100), 2), (refund(50, &paid), 3)] {
        let mark = driver.mark().await.expect("a mark");
        terminal.set_fault(Fault::NoAnswerAfterCommit);
        assert_eq!(perform(&mut driver, &request).await, Err(TerminalError::NoAnswer));
        // Another driver, as after a restart of the till.
        let mut driver = Zvt::with_deadlines(terminal.connector(), QUICK);
        let Ok(Outcome::Approved(found)) = driver.outcome(&mark, &request).await else { panic!("not found") };
        let booked = terminal.charges();
        assert_eq!((booked.len(), booked.last().map(|charge| &charge.reference)), (charges, Some(&found.reference)));
        assert!(found.slip.iter().any(|line| line == "ОДОБРЕНО"), "{:?}", found.slip);
        assert!(!found.authorisation.is_empty() && found.card.ends_with("1234"));
    }
    let other = perform(&mut driver, &sale(700)).await.expect("a sale");
    let mark = driver.mark().await.expect("a mark");
    terminal.set_fault(Fault::NoAnswerAfterCommit);
    let undo = reversal(700, &other);
    assert_eq!(perform(&mut driver, &undo).await, Err(TerminalError::NoAnswer));
    // The last operation is a reversal of 7.00: of nothing else is it the outcome.
    for (request, word) in [(sale(700), "reversal"), (refund(700, &other), "reversal"), (reversal(7, &other), "7.00")] {
        match driver.outcome(&mark, &request).await {
            Err(TerminalError::Protocol { what }) => assert!(what.contains(word), "{what}"),
            found => panic!("{found:?}"),
        }
    }
    assert!(matches!(driver.outcome(&mark, &undo).await, Ok(Outcome::Approved(_))));
    assert_eq!(terminal.charges().len(), 5);
}

#[tokio::test]
async fn a_terminal_that_is_off_is_known_before_money_is_asked_for() {
    let (terminal, mut driver) = device();
    perform(&mut driver, &sale(100)).await.expect("a sale");
    terminal.set_fault(Fault::Offline);
    assert!(matches!(driver.mark().await, Err(TerminalError::Offline { .. })));
    assert!(matches!(perform(&mut driver, &sale(100)).await, Err(TerminalError::Offline { .. })));
    assert!(matches!(driver.totals().await, Err(TerminalError::Offline { .. })));
    terminal.set_fault(Fault::None);
    perform(&mut driver, &sale(100)).await.expect("it is on again");
    terminal.cut_links();
    perform(&mut driver, &sale(100)).await.expect("the cable is back");
    assert_eq!(terminal.charges().len(), 3);
}

/// Ask for a sale, and call it off when the terminal waits for the customer.
async fn cancelled(terminal: &TerminalHandle, driver: &mut Zvt) -> Result<Approval, TerminalError> {
    let cancel = Cancel::default();
    let request = sale(100);
    let (result, ()) = tokio::join!(driver.perform(&request, &cancel), async {
        terminal.begins_work().await;
        cancel.ask();
    });
    result
}

#[tokio::test]
async fn a_cashier_calls_a_payment_off() {
    let terminal = TerminalHandle::new(TerminalSettings::default());
    let mut driver = Zvt::with_deadlines(terminal.connector(), PATIENT);
    for fault in ["hang", "slow:50000"] {
        terminal.set_fault(fault.parse().expect("a fault"));
        assert_eq!(cancelled(&terminal, &mut driver).await, Err(TerminalError::Cancelled), "{fault}");
    }
    assert_eq!(terminal.charges(), []);
    assert_eq!(driver.mark().await.as_deref(), Ok("none"));
    terminal.set_fault(Fault::None);
    perform(&mut driver, &sale(100)).await.expect("a sale");
}

#[tokio::test]
async fn a_slow_terminal_is_waited_for() {
    let terminal = TerminalHandle::new(TerminalSettings::default());
    let mut driver = Zvt::with_deadlines(terminal.connector(), PATIENT);
    terminal.set_fault("slow:100".parse().expect("a fault"));
    perform(&mut driver, &sale(100)).await.expect("a slow sale");
    assert_eq!(terminal.charges().len(), 1);
}

#[tokio::test]
async fn a_payment_that_still_runs_is_stopped_before_its_outcome_is_told() {
    let (terminal, mut driver) = device();
    terminal.set_fault(Fault::Hang);
    assert_eq!(perform(&mut driver, &sale(100)).await, Err(TerminalError::NoAnswer));
    // The customer could still pay: nothing new may begin, and "nothing" may not be said.
    assert!(matches!(perform(&mut driver, &sale(100)).await, Err(TerminalError::Offline { .. })));
    assert_eq!(driver.outcome("none", &sale(100)).await, Ok(Outcome::Nothing));
    terminal.set_fault(Fault::None);
    perform(&mut driver, &sale(100)).await.expect("a sale");
    assert_eq!(terminal.charges().len(), 1);
}

#[tokio::test]
async fn the_ledger_survives_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("terminal.jsonl");
    let start = || TerminalHandle::with_memory(TerminalSettings::default(), &path).expect("a terminal");
    let terminal = start();
    let mut driver = Zvt::with_deadlines(terminal.connector(), QUICK);
    let paid = perform(&mut driver, &sale(900)).await.expect("a sale");
    driver.settle().await.expect("the day is closed");
    perform(&mut driver, &refund(400, &paid)).await.expect("a part back");
    terminal.set_fault("declined".parse().expect("a fault"));
    assert_eq!(declined(perform(&mut driver, &sale(5)).await), 5);
    let (charges, mark) = (terminal.charges(), driver.mark().await);
    drop((terminal, driver));

    let terminal = start();
    let mut driver = Zvt::with_deadlines(terminal.connector(), QUICK);
    assert_eq!((terminal.charges(), terminal.totals()), (charges, sums(0, 400, 1)));
    assert_eq!(driver.mark().await, mark);
    assert_eq!(declined(perform(&mut driver, &refund(501, &paid)).await), 0xC3);
    perform(&mut driver, &refund(500, &paid)).await.expect("the rest back");
}
