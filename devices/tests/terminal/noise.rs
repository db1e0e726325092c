//! A noisy line: bytes before packets, and one byte turned or lost anywhere while a payment is made.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use devices::port::{self, BytePort, Connector};
use devices::sim::zvt::{TerminalHandle, TerminalSettings};
use devices::terminal::zvt::{Deadlines, Zvt};
use devices::terminal::{Outcome, PaymentTerminal, TerminalError};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinSet;

use super::{PATIENT, QUICK, perform, sale};

/// Enough that the waits overlap, few enough that none of them is late.
const TRIES_AT_ONCE: usize = 100;

#[derive(Clone, Copy, Debug)]
enum Damage {
    /// These bytes before whatever the terminal says.
    Before(&'static [u8]),
    /// The n-th byte, counted over both directions, is turned.
    Turn(usize, u8),
    /// The n-th byte is lost.
    Lose(usize),
}

fn noisy(inner: Connector, damage: Damage, passed: Arc<AtomicUsize>) -> Connector {
    Arc::new(move || {
        let (inner, passed) = (inner.clone(), passed.clone());
        Box::pin(async move {
            let device = inner().await?;
            let (host, wire) = port::memory();
            tokio::spawn(pass(device, wire, damage, passed));
            Ok(Box::new(host) as Box<dyn BytePort>)
        })
    })
}

async fn pass(mut device: Box<dyn BytePort>, mut wire: DuplexStream, damage: Damage, passed: Arc<AtomicUsize>) {
    let carry = |bytes: &[u8], is_answer: bool| {
        let mut carried = bytes.to_vec();
        let first = passed.fetch_add(bytes.len(), Ordering::Relaxed);
        let place = |at: usize| at.checked_sub(first).filter(|place| *place < bytes.len());
        match damage {
            Damage::Before(noise) if is_answer => carried.splice(0..0, noise.iter().copied()).for_each(drop),
            Damage::Before(_) => {}
            Damage::Turn(at, bits) => place(at).into_iter().for_each(|place| carried[place] ^= bits),
            Damage::Lose(at) => {
                if let Some(place) = place(at) {
                    carried.remove(place);
                }
            }
        }
        carried
    };
    let (mut from_device, mut from_host) = ([0; 2048], [0; 2048]);
    loop {
        let written = tokio::select! {
            Ok(count @ 1..) = device.read(&mut from_device) => wire.write_all(&carry(&from_device[..count], true)).await,
            Ok(count @ 1..) = wire.read(&mut from_host) => device.write_all(&carry(&from_host[..count], false)).await,
            else => return,
        };
        if written.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn noise_before_packets_is_passed_over() {
    for noise in [&b"\x00"[..], b"\xFF\xFF\xFF", b"\x33\x06\x06", b"\x10\x02\x7F\x80"] {
        let terminal = TerminalHandle::new(TerminalSettings::default());
        let connector = noisy(terminal.connector(), Damage::Before(noise), Arc::default());
        let mut driver = Zvt::with_deadlines(connector, QUICK);
        let paid = perform(&mut driver, &sale(100)).await.expect("a sale");
        assert_eq!(driver.mark().await, Ok(paid.reference), "{noise:02X?}");
    }
}

/// What the driver says is never more than what the terminal did, and what it does not know it finds out.
async fn is_never_wrong(damage: Damage, deadlines: Deadlines) -> bool {
    let terminal = TerminalHandle::new(TerminalSettings::default());
    let mut driver = Zvt::with_deadlines(noisy(terminal.connector(), damage, Arc::default()), deadlines);
    let request = sale(17_980);
    let result = perform(&mut driver, &request).await;
    let charges = terminal.charges();
    let whole = charges.iter().all(|charge| charge.amount == request.amount);
    match &result {
        Ok(paid) => {
            assert_eq!((charges.len(), whole), (1, true), "{damage:?}: {result:?}");
            assert_eq!(paid.reference, charges[0].reference, "{damage:?}");
        }
        Err(TerminalError::NoAnswer) => {
            let mut driver = Zvt::with_deadlines(terminal.connector(), PATIENT);
            match driver.outcome("none", &request).await {
                Ok(Outcome::Approved(_)) => assert_eq!((charges.len(), whole), (1, true), "{damage:?}"),
                Ok(Outcome::Nothing) => assert_eq!(charges, [], "{damage:?}"),
                Err(error) => assert!(!whole, "{damage:?}: {error}"),
            }
        }
        Err(_) => assert_eq!(charges, [], "{damage:?}: {result:?}"),
    }
    result.is_ok()
}

#[tokio::test]
async fn a_byte_turned_or_lost_anywhere_is_never_taken_for_another_answer() {
    let deadlines = Deadlines {
        ack: Duration::from_millis(250),
        query: Duration::from_millis(250),
        answer: Duration::from_millis(250),
    };
    let passed = Arc::new(AtomicUsize::new(0));
    let terminal = TerminalHandle::new(TerminalSettings::default());
    let quiet = noisy(terminal.connector(), Damage::Lose(usize::MAX), passed.clone());
    perform(&mut Zvt::with_deadlines(quiet, PATIENT), &sale(17_980)).await.expect("a quiet line");

    // These bits make most digits no digits. A digit of a receipt number that turns into another digit is beyond what a
    // protocol without check sums can see.
    let damages = (0..passed.load(Ordering::Relaxed)).flat_map(|at| [Damage::Turn(at, 0xA0), Damage::Lose(at)]);
    let mut tries = JoinSet::new();
    let (mut paid, mut all) = (0, 0);
    for damage in damages {
        if tries.len() == TRIES_AT_ONCE
            && let Some(tried) = tries.join_next().await
        {
            paid += usize::from(tried.expect("a try"));
        }
        tries.spawn(is_never_wrong(damage, deadlines));
        all += 1;
    }
    paid += tries.join_all().await.into_iter().filter(|paid| *paid).count();
    assert!(paid > 0 && paid < all, "{paid} of {all}");
}
