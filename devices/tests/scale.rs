//! The CAS driver against the simulated scale, and against a scale that misbehaves byte by byte.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use devices::port::{self, BytePort, Connector, PortError};
use devices::scale::cas::{Cas, Timing};
use devices::scale::{self, Scale, ScaleError, Weight};
use devices::sim::cas::{ScaleFault, ScaleHandle};
use domain::quantity::Quantity;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// Waits short enough for a test and long enough for a busy machine.
const QUICK: Timing = Timing {
    enquiry: Duration::from_millis(300),
    block: Duration::from_millis(300),
    byte: Duration::from_millis(60),
    busy: Duration::from_millis(1),
};
const BLOCK_535: &[u8] = b"\x01\x02S 00.535kg\x62\x03\x04";

fn grams(thousandths: i64) -> Quantity {
    Quantity::from_thousandths(thousandths)
}

fn stable(thousandths: i64) -> Weight {
    Weight { gross: grams(thousandths), stable: true, overload: false }
}

fn device() -> (ScaleHandle, Cas) {
    let scale = ScaleHandle::new();
    let driver = Cas::with_timing(scale.connector(), QUICK);
    (scale, driver)
}

/// A connector that hands out one prepared port, and a scale whose answers are written by hand.
fn by_hand() -> (DuplexStream, Cas) {
    let (host, device) = port::memory();
    let host = Mutex::new(Some(host));
    let connector: Connector = Arc::new(move || {
        let host = host.lock().expect("no test panics here").take();
        Box::pin(async { host.map(|host| Box::new(host) as Box<dyn BytePort>).ok_or(PortError::Memory) })
    });
    (device, Cas::with_timing(connector, QUICK))
}

async fn expect(device: &mut DuplexStream, byte: u8) {
    assert_eq!(device.read_u8().await.expect("the host asks"), byte);
}

async fn send(device: &mut DuplexStream, bytes: &[u8]) {
    device.write_all(bytes).await.expect("the host listens");
}

#[tokio::test]
async fn what_lies_on_the_platform_is_weighed() {
    let (scale, mut driver) = device();
    assert_eq!(driver.weigh().await, Ok(stable(0)));
    scale.put(grams(535));
    assert_eq!(driver.weigh().await, Ok(stable(535)));
    scale.set_stable(false);
    assert_eq!(driver.weigh().await, Ok(Weight { stable: false, ..stable(535) }));
    scale.set_stable(true);
    scale.put(grams(-5));
    assert_eq!(driver.weigh().await, Ok(stable(-5)));
    scale.put(grams(99_999));
    assert_eq!(driver.weigh().await, Ok(stable(99_999)));
    scale.put(grams(100_000));
    assert!(driver.weigh().await.is_ok_and(|weight| weight.overload && !weight.stable));
}

#[tokio::test]
async fn faults_are_told_apart_and_pass() {
    let (scale, mut driver) = device();
    scale.put(grams(1250));
    for (fault, error) in [
        ("offline", ScaleError::NoAnswer),
        ("garbage", ScaleError::Protocol { what: "a block has a wrong check sum".into() }),
    ] {
        scale.set_fault(fault.parse().expect("a fault"));
        assert_eq!(driver.weigh().await, Err(error), "{fault}");
        scale.set_fault(ScaleFault::None);
        assert_eq!(driver.weigh().await, Ok(stable(1250)), "{fault}");
    }
    scale.set_fault("overload".parse().expect("a fault"));
    assert!(driver.weigh().await.is_ok_and(|weight| weight.overload));
    scale.set_fault("none".parse().expect("no fault"));
    assert_eq!(driver.weigh().await, Ok(stable(1250)));
    assert!("smoke".parse::<ScaleFault>().is_err());
}

#[tokio::test]
async fn the_simulator_answers_the_documented_bytes() {
    let scale = ScaleHandle::new();
    let mut port = (scale.connector())().await.expect("a port in memory opens");
    let mut ask = async || {
        let mut answer = [0; 16];
        port.write_all(&[0x05]).await.expect("the scale listens");
        port.read_exact(&mut answer[..1]).await.expect("an answer");
        port.write_all(&[0x11]).await.expect("the scale listens");
        port.read_exact(&mut answer[1..]).await.expect("an answer");
        answer
    };
    scale.put(grams(535));
    assert_eq!(ask().await, *b"\x06\x01\x02\x53\x20\x30\x30\x2E\x35\x33\x35\x6B\x67\x62\x03\x04");
    scale.set_fault(ScaleFault::Overload);
    assert_eq!(ask().await, *b"\x06\x01\x02\x55\x46\x46\x46\x46\x46\x46\x46\x6B\x67\x1F\x03\x04");
}

#[tokio::test]
async fn a_scale_that_cannot_be_reached_is_offline() {
    let mut driver = Cas::with_timing(port::connector("memory".parse().expect("an address")), QUICK);
    assert!(matches!(driver.weigh().await, Err(ScaleError::Offline { .. })));
    let lost: Connector = Arc::new(|| Box::pin(async { Ok(Box::new(port::memory().0) as Box<dyn BytePort>) }));
    let mut driver = Cas::with_timing(lost, QUICK);
    assert!(matches!(driver.weigh().await, Err(ScaleError::Offline { .. })));
}

#[tokio::test]
async fn a_lost_port_is_opened_again_within_the_call() {
    let scale = ScaleHandle::new();
    scale.put(grams(700));
    let opened = Arc::new(AtomicUsize::new(0));
    let (good, count) = (scale.connector(), opened.clone());
    let connector: Connector = Arc::new(move || {
        let is_first = count.fetch_add(1, Ordering::SeqCst) == 0;
        let good = good.clone();
        Box::pin(
            async move { if is_first { Ok(Box::new(port::memory().0) as Box<dyn BytePort>) } else { good().await } },
        )
    });
    let mut driver = Cas::with_timing(connector, QUICK);
    assert_eq!(driver.weigh().await, Ok(stable(700)));
    assert_eq!(driver.weigh().await, Ok(stable(700)));
    assert_eq!(opened.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_busy_scale_and_a_noisy_line_are_asked_again() {
    let (mut device, mut driver) = by_hand();
    let scale = async {
        expect(&mut device, 0x05).await;
        send(&mut device, &[0x15]).await;
        expect(&mut device, 0x05).await;
        send(&mut device, b"noise").await;
        expect(&mut device, 0x05).await;
        send(&mut device, &[0x06]).await;
        expect(&mut device, 0x11).await;
        for byte in BLOCK_535 {
            send(&mut device, &[*byte]).await;
            tokio::task::yield_now().await;
        }
    };
    let (weight, ()) = tokio::join!(driver.weigh(), scale);
    assert_eq!(weight, Ok(stable(535)));
}

#[tokio::test]
async fn the_answer_to_a_dropped_call_is_not_taken_for_this_one() {
    let (mut device, mut driver) = by_hand();
    {
        let mut dropped = driver.weigh();
        let scale = async {
            expect(&mut device, 0x05).await;
            send(&mut device, &[0x06]).await;
            expect(&mut device, 0x11).await;
        };
        tokio::select! {
            biased;
            weight = &mut dropped => panic!("nothing was answered: {weight:?}"),
            () = scale => {}
        }
    }
    let scale = async {
        expect(&mut device, 0x05).await;
        send(&mut device, b"\x01\x02S 09.999kg\x6B\x03\x04\x06").await;
        expect(&mut device, 0x11).await;
        send(&mut device, BLOCK_535).await;
    };
    let (weight, ()) = tokio::join!(driver.weigh(), scale);
    assert_eq!(weight, Ok(stable(535)));
}

#[test]
fn the_protocol_is_found_by_its_name() {
    assert!(scale::find("cas").is_some() && scale::find("abacus").is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_weight_survives_the_wire(thousandths in -99_999_i64..=99_999, is_stable: bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let weight = runtime.block_on(async {
            let (scale, mut driver) = device();
            scale.put(grams(thousandths));
            scale.set_stable(is_stable);
            driver.weigh().await
        });
        prop_assert_eq!(weight, Ok(Weight { stable: is_stable, ..stable(thousandths) }));
    }
}
