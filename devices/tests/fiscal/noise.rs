//! A noisy line: one bit turned, or one byte lost, anywhere in either direction while a receipt is registered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use devices::fiscal::shtrih::{Shtrih, Timing};
use devices::fiscal::{FiscalDevice, FiscalError, FiscalKind, FiscalPayments, FiscalReceipt};
use devices::port::{self, BytePort, Connector};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

use super::{groceries, money, with_shift};

/// Enough that the waits overlap, few enough that none of them is late.
const TRIES_AT_ONCE: usize = 200;
/// Eight bits to turn, and the byte to lose.
const DAMAGES: usize = 9;

#[derive(Clone, Copy, Debug)]
enum Damage {
    Turn(u8),
    Lose,
}

/// A port in memory whose n-th byte, counted over both directions, is damaged.
fn noisy(inner: Connector, at: usize, damage: Damage, passed: Arc<AtomicUsize>) -> Connector {
    Arc::new(move || {
        let (inner, passed) = (inner.clone(), passed.clone());
        Box::pin(async move {
            let device = inner().await?;
            let (host, wire) = port::memory();
            tokio::spawn(pass(device, wire, at, damage, passed));
            Ok(Box::new(host) as Box<dyn BytePort>)
        })
    })
}

async fn pass(
    mut device: Box<dyn BytePort>,
    mut wire: tokio::io::DuplexStream,
    at: usize,
    damage: Damage,
    passed: Arc<AtomicUsize>,
) {
    let carry = |bytes: &[u8]| {
        let mut carried = bytes.to_vec();
        let first = passed.fetch_add(bytes.len(), Ordering::Relaxed);
        if let Some(place) = at.checked_sub(first).filter(|place| *place < bytes.len()) {
            match damage {
                Damage::Turn(bit) => carried[place] ^= bit,
                Damage::Lose => {
                    carried.remove(place);
                }
            }
        }
        carried
    };
    let (mut from_device, mut from_host) = ([0; 512], [0; 512]);
    loop {
        tokio::select! {
            Ok(count @ 1..) = device.read(&mut from_device) => {
                if wire.write_all(&carry(&from_device[..count])).await.is_err() {
                    return;
                }
            }
            Ok(count @ 1..) = wire.read(&mut from_host) => {
                if device.write_all(&carry(&from_host[..count])).await.is_err() {
                    return;
                }
            }
            else => return,
        }
    }
}

#[tokio::test]
async fn a_bit_turned_or_a_byte_lost_anywhere_never_makes_a_wrong_or_a_second_document() {
    let fast = Timing {
        enquiry: Duration::from_millis(120),
        look: Duration::from_millis(120),
        byte: Duration::from_millis(55),
    };
    let sale = FiscalReceipt {
        operator: String::new(),
        lines: groceries(FiscalKind::Sale, 0, 0).lines.into_iter().take(2).collect(),
        payments: FiscalPayments { cash: money(31_697), ..FiscalPayments::default() },
        kind: FiscalKind::Sale,
    };
    let count = {
        let (emulator, _) = with_shift().await;
        let passed = Arc::new(AtomicUsize::new(0));
        let mut driver =
            Shtrih::with_timing(noisy(emulator.connector(), usize::MAX, Damage::Lose, passed.clone()), fast);
        driver.register(&sale).await.expect("a quiet line");
        passed.load(Ordering::Relaxed)
    };
    let mut tries = JoinSet::new();
    let (mut registered, mut reported) = (0, 0);
    for case in 0..count * DAMAGES {
        if tries.len() == TRIES_AT_ONCE {
            count_one(tries.join_next().await, &mut registered, &mut reported);
        }
        let sale = sale.clone();
        tries.spawn(async move {
            let at = case / DAMAGES;
            let damage = match case % DAMAGES {
                8 => Damage::Lose,
                bit => Damage::Turn(1 << bit),
            };
            let (emulator, _) = with_shift().await;
            let passed = Arc::new(AtomicUsize::new(0));
            let mut driver = Shtrih::with_timing(noisy(emulator.connector(), at, damage, passed), fast);
            let outcome = driver.register(&sale).await;
            let documents = emulator.documents();
            let what = format!("byte {at}, {damage:?}: {outcome:?}");
            match &outcome {
                Ok(sign) => {
                    assert_eq!(documents.len(), 2, "{what}");
                    assert_eq!(sign.sign, documents[1].sign.to_string(), "{what}");
                }
                Err(FiscalError::NoAnswer { .. }) => assert!(documents.len() <= 2, "{what}"),
                Err(_) => assert_eq!(documents.len(), 1, "{what}"),
            }
            if let Some(document) = documents.get(1) {
                assert_eq!(document.lines.len(), 2, "{what}");
                assert_eq!(document.total, sale.total(), "{what}");
            }
            outcome.is_ok()
        });
    }
    while !tries.is_empty() {
        count_one(tries.join_next().await, &mut registered, &mut reported);
    }
    println!("{registered} receipts were registered in spite of the noise, {reported} were reported");
    assert_eq!(registered + reported, count * DAMAGES);
    assert!(registered > reported * 50, "{registered} were mended, {reported} were reported");
}

fn count_one(tried: Option<Result<bool, tokio::task::JoinError>>, registered: &mut usize, reported: &mut usize) {
    match tried {
        Some(Ok(true)) => *registered += 1,
        Some(Ok(false)) => *reported += 1,
        Some(Err(failed)) => std::panic::resume_unwind(failed.into_panic()),
        None => {}
    }
}
