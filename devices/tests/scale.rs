//! Every checkout scale's protocol over recorded bytes, whole and cut anywhere, between noise, silent and spoilt; and against
//! its simulated scale.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use devices::port::{self, BytePort, Connector, PortError};
use devices::scale::asking::{Asking, Dialogue, Step, Timing};
use devices::scale::{self, Scale, ScaleError, Weight, cas, massa_100, mettler_8217, pos2};
use devices::sim::fault::Fault;
use devices::sim::scale::Platform;
use domain::quantity::Quantity;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// Waits short enough for a test and long enough for a busy machine.
const QUICK: Timing = Timing {
    first: Duration::from_millis(300),
    later: Duration::from_millis(300),
    byte: Duration::from_millis(60),
    busy: Duration::from_millis(1),
};

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("hex")).collect()
}

fn weight(thousandths: i64, stable: bool) -> Weight {
    Weight { gross: Quantity::from_thousandths(thousandths), stable, overload: false }
}

/// A talk in lines, `>` what the host says and `<` what the scale does: what the host makes of it, in a line.
fn talk<D: Dialogue>(lines: &str, cut: impl Fn(&[u8]) -> Vec<Vec<u8>>) -> String {
    let mut dialogue = D::default();
    let mut says = vec![dialogue.ask().to_vec()];
    let mut end = None;
    for line in lines.split(['\n', '|']).map(str::trim).filter(|line| !line.is_empty()) {
        let bytes = hex(&line[1..]);
        if line.starts_with('>') {
            assert!(!says.is_empty(), "the host says nothing before {line}");
            assert_eq!(says.remove(0), bytes, "{line}");
            continue;
        }
        for piece in cut(&bytes) {
            dialogue.feed(&piece);
            while let Some(step) = dialogue.next_step() {
                match step {
                    Step::Say(word) => says.push(word.to_vec()),
                    step => {
                        end.get_or_insert(step);
                    }
                }
            }
        }
    }
    match end {
        Some(Step::Weight(Weight { overload: true, .. })) => "overload".to_owned(),
        Some(Step::Weight(Weight { gross, stable, .. })) => format!("{gross}{}", if stable { "" } else { " moving" }),
        Some(Step::Busy) => "busy".to_owned(),
        Some(Step::Unclear(what)) => what,
        Some(Step::Say(_)) | None => "nothing".to_owned(),
    }
}

fn check<D: Dialogue>(lines: &str, expected: &str) {
    let whole = |bytes: &[u8]| vec![bytes.to_vec()];
    assert_eq!(talk::<D>(lines, whole), expected, "{lines}");
    let longest = lines.split(['\n', '|']).map(str::len).max().unwrap_or(0);
    for at in 1..longest {
        let cut = |bytes: &[u8]| {
            let (left, right) = bytes.split_at(at.min(bytes.len()));
            vec![left.to_vec(), right.to_vec()]
        };
        assert_eq!(talk::<D>(lines, cut), expected, "{lines} cut at {at}");
    }
    assert_eq!(
        talk::<D>(lines, |bytes| bytes.chunks(1).map(<[u8]>::to_vec).collect()),
        expected,
        "{lines} byte by byte"
    );
    for noise in ["00", "FF 33", "20 31 30"] {
        let noisy = |bytes: &[u8]| vec![hex(noise), bytes.to_vec()];
        assert_eq!(talk::<D>(lines, noisy), expected, "{lines} after {noise}");
    }
}

const CAS: &str = "> 05 |< 06 |> 11 |<";

#[test]
fn cas_reads_documented_bytes() {
    check::<cas::Blocks>(&format!("{CAS} 01 02 53 20 30 30 2E 35 33 35 6B 67 62 03 04"), "0.535");
    check::<cas::Blocks>(&format!("{CAS} 01 02 55 46 46 46 46 46 46 46 6B 67 1F 03 04"), "overload");
    check::<cas::Blocks>(&format!("{CAS} 01 02 53 2D 30 30 2E 30 30 35 6B 67 69 03 04"), "-0.005");
    check::<cas::Blocks>(&format!("{CAS} 01 02 55 20 30 31 2E 32 35 30 6B 67 61 03 04"), "1.25 moving");
    // Seven digits, and no last byte.
    check::<cas::Blocks>(&format!("{CAS} 01 02 53 20 30 30 30 2E 35 33 35 6B 67 52 03"), "0.535");
    // Seven bits and even parity, read as eight bits.
    check::<cas::Blocks>("> 05 |< 06 |> 11 |< 81 82 53 A0 30 30 2E 35 33 35 EB E7 E2 03 84", "0.535");
    check::<cas::Blocks>("> 05 |< 15", "busy");
    check::<cas::Blocks>(
        &format!("{CAS} 01 02 53 20 30 30 2E 35 33 35 6C 62 60 03 04"),
        "it does not weigh in kilograms",
    );
    check::<cas::Blocks>(&format!("{CAS} 01 02 53 20 30 20 2E 35 33 35 6B 67 72 03 04"), "a block has no weight in it");
    check::<cas::Blocks>(
        &format!("{CAS} 01 02 53 20 30 30 2E 35 33 35 6B 67 63 03 04"),
        "a block has a wrong check sum",
    );
    // A block that comes before the acknowledgement is the answer to an earlier question.
    let late =
        "> 05 |< 01 02 53 20 30 39 2E 39 39 39 6B 67 6B 03 04 06 |> 11 |< 01 02 53 20 30 30 2E 35 33 35 6B 67 62 03 04";
    check::<cas::Blocks>(late, "0.535");
}

#[test]
fn mettler_8217_reads_documented_bytes() {
    check::<mettler_8217::Words>("> 57 |< 02 30 30 2E 35 33 35 0D", "0.535");
    check::<mettler_8217::Words>("> 57 |< 02 30 30 2E 35 33 35 4E 0D", "0.535");
    check::<mettler_8217::Words>("> 57 |< 02 3F 41 0D", "0 moving");
    check::<mettler_8217::Words>("> 57 |< 02 3F 42 0D", "overload");
    check::<mettler_8217::Words>("> 57 |< 02 3F 44 0D", "0 moving");
    check::<mettler_8217::Words>("> 57 |< 02 3F 50 0D", "0");
    // With the parity in the eighth bit.
    check::<mettler_8217::Words>("> 57 |< 82 30 30 2E 35 33 35 8D", "0.535");
    check::<mettler_8217::Words>("> 57 |< 02 30 30 2E 35 33 0D", "an answer has no weight in it");
    check::<mettler_8217::Words>("> 57 |< 02 30 30 30 2E 35 33 0D", "an answer has no weight in it");
    // Its end was lost, and the next one begins.
    check::<mettler_8217::Words>("> 57 |< 02 30 30 2E 02 30 30 2E 35 33 35 0D", "an answer has no weight in it");
}

const MASSA: &str = "> F8 55 CE 01 00 23 23 00 |<";

#[test]
fn massa_100_reads_documented_bytes() {
    let frame = "F8 55 CE 0D 00 24 0F 00 00 00 01 01 00 00 00 00 00 00 7D 42";
    check::<massa_100::Frames>(&format!("{MASSA} {frame}"), "0.015");
    check::<massa_100::Frames>(&format!("{MASSA} F8 55 CE 09 00 24 17 02 00 00 01 01 00 00 66 1A"), "0.535");
    check::<massa_100::Frames>(&format!("{MASSA} F8 55 CE 02 00 28 08 08 28"), "overload");
    check::<massa_100::Frames>(
        &format!("{MASSA} F8 55 CE 02 00 28 09 09 28"),
        "it refuses with 09h, it is not in the mode for weighing",
    );
    check::<massa_100::Frames>(&format!("{MASSA} F8 55 CE 01 00 F0 F0 00"), "busy");
    check::<massa_100::Frames>(
        &format!("{MASSA} {}", frame.replace("7D 42", "7D 43")),
        "a frame has a wrong check sum",
    );
    // A frame of another size, of which the rest is no frame, and then one that is.
    check::<massa_100::Frames>(&format!("{MASSA} F8 55 F8 55 CE FF FF {frame}"), "0.015");
    assert_eq!(massa_100::crc(&hex("24 0F 00 00 00 01 01 00 00 00 00 00 00")), 0x427D);
}

const POS2: &str = "> 02 05 3A 30 30 33 30 3C |< 06";

#[test]
fn pos2_reads_documented_bytes() {
    check::<pos2::Frames>(&format!("{POS2} |< 02 0B 3A 00 15 00 17 02 00 00 00 00 00 31 |> 06"), "0.535");
    check::<pos2::Frames>(&format!("{POS2} |< 02 0B 3A 00 45 00 00 00 00 00 00 00 00 74 |> 06"), "overload");
    check::<pos2::Frames>(&format!("{POS2} |< 02 0B 3A 00 04 00 FD FF FF FF 00 00 00 37 |> 06"), "-0.003 moving");
    check::<pos2::Frames>(&format!("{POS2} |< 02 02 3A 7A 42 |> 06"), "it refuses with 122, the password is wrong");
    check::<pos2::Frames>("> 02 05 3A 30 30 33 30 3C |< 15", "busy");
    check::<pos2::Frames>(
        &format!("{POS2} |< 02 0B 3A 00 15 00 17 02 00 00 00 00 00 32"),
        "a frame has a wrong check sum",
    );
    // A frame before the acknowledgement is the answer to an earlier question.
    let late = "> 02 05 3A 30 30 33 30 3C |< 02 0B 3A 00 04 00 FD FF FF FF 00 00 00 37 06 \
                |< 02 0B 3A 00 15 00 17 02 00 00 00 00 00 31 |> 06";
    check::<pos2::Frames>(late, "0.535");
}

/// No spoilt bit of an answer with a check sum makes another weight.
fn spoil<D: Dialogue>(answer: &str) {
    let good = hex(answer);
    let expected = talk::<D>(&format!("< {answer}"), |bytes| vec![bytes.to_vec()]);
    for (at, bit) in (0..good.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let mut bad = good.clone();
        bad[at] ^= 1 << bit;
        let line: Vec<String> = bad.iter().map(|byte| format!("{byte:02X}")).collect();
        let read = talk::<D>(&format!("< {}", line.join(" ")), |bytes| vec![bytes.to_vec()]);
        let is_weight = read.starts_with(|sign: char| sign.is_ascii_digit() || sign == '-') || read == "overload";
        assert!(!is_weight || read == expected, "byte {at} bit {bit}: {read}");
    }
}

#[test]
fn a_spoilt_bit_makes_no_other_weight() {
    spoil::<cas::Blocks>("06 01 02 53 20 30 30 2E 35 33 35 6B 67 62 03 04");
    spoil::<massa_100::Frames>("F8 55 CE 0D 00 24 0F 00 00 00 01 01 00 00 00 00 00 00 7D 42");
    spoil::<pos2::Frames>("06 02 0B 3A 00 15 00 17 02 00 00 00 00 00 31");
}

/// A driver of each protocol over its simulated scale.
fn drivers() -> Vec<(&'static str, Platform, Box<dyn Scale>)> {
    let one = |protocol: &'static scale::ScaleProtocol| {
        let platform = Platform::new();
        let driver = protocol.simulated(&platform);
        (protocol.name, platform, driver)
    };
    scale::all().iter().map(one).collect()
}

#[tokio::test(start_paused = true)]
async fn what_lies_on_the_platform_is_weighed() {
    for (name, platform, mut driver) in drivers() {
        for grams in [0, 535, 1_250, 99_999] {
            platform.put(Quantity::from_thousandths(grams));
            assert_eq!(driver.weigh().await, Ok(weight(grams, true)), "{name}");
        }
        platform.set_stable(false);
        assert!(driver.weigh().await.is_ok_and(|weight| !weight.stable && !weight.overload), "{name}");
        platform.set_stable(true);
        platform.put(Quantity::from_thousandths(100_000));
        assert!(driver.weigh().await.is_ok_and(|weight| weight.overload && !weight.stable), "{name}");
        platform.put(Quantity::from_thousandths(-5));
        let below = driver.weigh().await.expect("it answers");
        assert!(!below.gross.is_positive() && !below.overload, "{name}: {below:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn faults_are_told_apart_and_pass() {
    for (name, platform, mut driver) in drivers() {
        platform.put(Quantity::from_thousandths(1_250));
        platform.set_fault("offline".parse().expect("a fault"));
        assert_eq!(driver.weigh().await, Err(ScaleError::NoAnswer), "{name}");
        platform.set_fault("garbage".parse().expect("a fault"));
        assert!(matches!(driver.weigh().await, Err(ScaleError::Protocol { .. })), "{name}");
        platform.set_fault("overload".parse().expect("a fault"));
        assert!(driver.weigh().await.is_ok_and(|weight| weight.overload), "{name}");
        platform.set_fault("slow 900ms".parse().expect("a fault"));
        let began = tokio::time::Instant::now();
        assert_eq!(driver.weigh().await, Ok(weight(1_250, true)), "{name}");
        assert!(began.elapsed() >= Duration::from_millis(900), "{name}");
        platform.set_fault(Fault::None);
        assert_eq!(driver.weigh().await, Ok(weight(1_250, true)), "{name}");
    }
    assert!("smoke".parse::<Fault>().is_err());
}

/// A connector that hands out one prepared port, and a scale whose answers are written by hand.
fn by_hand() -> (DuplexStream, cas::Cas) {
    let (host, device) = port::memory();
    let host = Mutex::new(Some(host));
    let connector: Connector = Arc::new(move || {
        let host = host.lock().expect("no test panics here").take();
        Box::pin(async { host.map(|host| Box::new(host) as Box<dyn BytePort>).ok_or(PortError::Memory) })
    });
    (device, Asking::with_timing(connector, QUICK))
}

async fn expect(device: &mut DuplexStream, byte: u8) {
    assert_eq!(device.read_u8().await.expect("the host asks"), byte);
}

async fn send(device: &mut DuplexStream, bytes: &[u8]) {
    device.write_all(bytes).await.expect("the host listens");
}

const BLOCK_535: &[u8] = b"\x01\x02S 00.535kg\x62\x03\x04";

#[tokio::test]
async fn a_scale_that_cannot_be_reached_is_offline() {
    let mut driver = cas::Cas::with_timing(port::connector("memory".parse().expect("an address")), QUICK);
    assert!(matches!(driver.weigh().await, Err(ScaleError::Offline { .. })));
    let lost: Connector = Arc::new(|| Box::pin(async { Ok(Box::new(port::memory().0) as Box<dyn BytePort>) }));
    let mut driver = cas::Cas::with_timing(lost, QUICK);
    assert!(matches!(driver.weigh().await, Err(ScaleError::Offline { .. })));
}

#[tokio::test]
async fn a_lost_port_is_opened_again_within_the_call() {
    let platform = Platform::new();
    platform.put(Quantity::from_thousandths(700));
    let opened = Arc::new(AtomicUsize::new(0));
    let (good, count) = ((scale::all()[0].emulator)(&platform).connector(), opened.clone());
    let connector: Connector = Arc::new(move || {
        let is_first = count.fetch_add(1, Ordering::SeqCst) == 0;
        let good = good.clone();
        Box::pin(
            async move { if is_first { Ok(Box::new(port::memory().0) as Box<dyn BytePort>) } else { good().await } },
        )
    });
    let mut driver = cas::Cas::with_timing(connector, QUICK);
    assert_eq!(driver.weigh().await, Ok(weight(700, true)));
    assert_eq!(driver.weigh().await, Ok(weight(700, true)));
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
    let (weighed, ()) = tokio::join!(driver.weigh(), scale);
    assert_eq!(weighed, Ok(weight(535, true)));
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
    let (weighed, ()) = tokio::join!(driver.weigh(), scale);
    assert_eq!(weighed, Ok(weight(535, true)));
}

#[test]
fn the_protocol_is_found_by_its_name() {
    let names: Vec<&str> = scale::all().iter().map(|protocol| protocol.name).collect();
    assert_eq!(names, ["cas", "mettler-8217", "massa-100", "pos2"]);
    assert!(scale::find("cas").is_some() && scale::find("abacus").is_none());
    let refused = "abacus".parse::<scale::ScaleKind>().expect_err("no protocol").to_string();
    assert_eq!(refused, "\"abacus\" is not a scale's protocol: cas, mettler-8217, massa-100, pos2 is expected");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_weight_survives_the_wire(thousandths in 0_i64..=99_999) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        for (name, platform, mut driver) in drivers() {
            platform.put(Quantity::from_thousandths(thousandths));
            let weighed = runtime.block_on(driver.weigh());
            prop_assert_eq!(weighed, Ok(weight(thousandths, true)), "{}", name);
        }
    }
}
