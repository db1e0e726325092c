//! Label scales: documented bytes both ways, and drivers against simulated scales on real sockets that lose datagrams, are slow,
//! silent, spoilt and refuse.

use std::net::SocketAddr;
use std::time::Duration;

use devices::label_scale::shtrih_print::codec::{self, Command};
use devices::label_scale::shtrih_print::{ShtrihPrint, Timing};
use devices::label_scale::{self, ItemRefusal, ItemUnit, LabelScale, LabelScaleError, ScaleItem};
use devices::port::datagrams;
use devices::sim::shtrih_print::{LabelScaleFault, LabelScaleHandle, Served};
use domain::money::Money;
use domain::quantity::Quantity;
use tokio::net::UdpSocket;

/// Waits short enough for a test and long enough for a busy machine.
const QUICK: Timing =
    Timing { answer: Duration::from_millis(150), clear: Duration::from_secs(20), selected: Duration::from_millis(20) };
const ANY: &str = "127.0.0.1:0";
const FUZZED: u32 = if cfg!(debug_assertions) { 20_000 } else { 1_000_000 };

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("hex")).collect()
}

fn sausage() -> ScaleItem {
    ScaleItem {
        plu: 5,
        code: 123,
        name: "Сыр Российский 50%".to_owned(),
        price: Money::from_minor(49_900),
        unit: ItemUnit::Weight,
        group: 1,
        tare: Quantity::from_thousandths(10),
        shelf_life_days: 30,
        message: 7,
    }
}

async fn scale() -> (LabelScaleHandle, Served, ShtrihPrint) {
    let device = LabelScaleHandle::new();
    let served = device.listen_udp(ANY.parse().expect("an address")).await.expect("a socket");
    let driver = ShtrihPrint::with_timing(datagrams(served.address()), QUICK);
    (device, served, driver)
}

#[test]
fn documented_bytes_are_written_and_read() {
    let written = "30 30 33 30 05 00 7B 00 00 00 D1 FB F0 20 D0 EE F1 F1 E8 E9 F1 EA E8 E9 20 35 30 25 20 20 20 20 20 20 20 20 20 20 \
        20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 EC C2 00 00 1E 00 0A 00 01 00 07 00 00 20 \
        20 20 20 00 00 00";
    let item = codec::item_bytes(&sausage());
    assert_eq!([&hex("30 30 33 30 05 00"), &item[..]].concat(), hex(written));
    assert_eq!(codec::item(5, &item), Some(sausage()));
    assert_eq!(codec::question(Command::Mode, &[]), hex("02 01 12"));
    assert_eq!(codec::question(Command::ClearGoods, codec::PASSWORD), hex("02 05 18 30 30 33 30"));
    let total = codec::answer(&hex("02 0C 60 00 49 68 00 00 17 02 00 00 01 00")).expect("an answer");
    assert_eq!((total.command, total.error, total.data.len()), (0x60, 0, 10));
    for (bytes, what) in [
        ("02 02 18", "an answer has another length than it says"),
        ("0B A8 C0 0A 01 DC 05", "another computer is talking to it"),
        ("15", "it did not understand the question"),
        ("", "it is no answer of this protocol"),
    ] {
        assert_eq!(codec::answer(&hex(bytes)), Err(what), "{bytes}");
    }
}

#[tokio::test]
async fn the_simulator_answers_the_documented_bytes() {
    let (_device, served, _driver) = scale().await;
    let host = UdpSocket::bind(ANY).await.expect("a socket");
    host.connect(served.address()).await.expect("connected");
    let item = "D1 FB F0 20 D0 EE F1 F1 E8 E9 F1 EA E8 E9 20 20 20 20 20 20 20 20 20 20 20 20 20 20 35 30 25 20 20 20 20 20 20 20 20 20 \
        20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 EC C2 00 00 1E 00 0A 00 01 00 07 00 00 20 20 20 20 00 00 00";
    for (question, answer) in [
        ("05", "06".to_owned()),
        ("02 01 12", "02 05 12 00 00 00 00".to_owned()),
        ("02 08 21 30 30 33 30 0C 1E 00", "02 02 21 00".to_owned()),
        ("02 08 22 30 30 33 30 17 0B 1A", "02 02 22 00".to_owned()),
        (&format!("02 57 57 30 30 33 30 05 00 7B 00 00 00 {item}"), "02 02 57 00".to_owned()),
        ("02 07 58 30 30 33 30 05 00", format!("02 52 58 00 7B 00 00 00 {item}")),
        ("02 07 58 30 30 33 30 09 00", "02 02 58 8C".to_owned()),
        ("02 07 54 30 30 33 30 05 00", "02 02 54 00".to_owned()),
        ("02 0B B1 30 30 33 30 01 01 05 00 00 00", "02 02 B1 00".to_owned()),
        ("02 07 58 39 39 39 39 05 00", "02 02 58 7A".to_owned()),
        ("02 05 AF 30 30 33 30", "02 02 AF 78".to_owned()),
        ("02 05 18 30 30 33 30", "02 02 18 00".to_owned()),
        ("02 01 12", "02 05 12 00 00 00 01".to_owned()),
        ("03", "15".to_owned()),
    ] {
        host.send(&hex(question)).await.expect("sent");
        let mut buffer = [0; 200];
        let count = host.recv(&mut buffer).await.expect("an answer");
        assert_eq!(buffer[..count], hex(&answer), "{question}");
    }
}

#[tokio::test]
async fn goods_are_written_read_changed_and_removed() {
    let (device, _served, mut driver) = scale().await;
    let state = driver.state().await.expect("it answers");
    assert_eq!((state.firmware.as_str(), state.plu_max, state.has_paper, state.is_busy), ("4.5", 4_000, true, false));
    assert_eq!(state.clock, None, "it has no date yet");
    let clock = "2026-11-23T12:30:00".parse().expect("a time");
    driver.set_clock(clock).await.expect("set");
    assert_eq!(driver.state().await.expect("it answers").clock, Some(clock));
    assert_eq!(driver.read(5).await, Ok(None));
    driver.put(&sausage()).await.expect("put");
    assert_eq!(driver.read(5).await, Ok(Some(sausage())));
    let dearer = ScaleItem { price: Money::from_minor(51_000), ..sausage() };
    driver.put(&dearer).await.expect("put");
    assert_eq!(device.goods(), [dearer]);
    let long = ScaleItem {
        name: "Сыр полутвёрдый  «Российский молодой» с массовой долей жира 50 процентов".to_owned(),
        unit: ItemUnit::Piece,
        plu: 6,
        ..sausage()
    };
    driver.put(&long).await.expect("put");
    let kept = driver.kept(&long);
    assert_eq!(kept.name, "Сыр полутвёрдый «Российский молодой» с массовой долей");
    assert_eq!(driver.read(6).await, Ok(Some(kept)));
    driver.set_hot_key(1, 5).await.expect("set");
    assert_eq!(device.hot_key(1), Some((1, 5)));
    driver.remove(6).await.expect("removed");
    driver.remove(6).await.expect("it is not there any more");
    driver
        .put_message(7, "Состав: молоко нормализованное, соль, закваска, молокосвёртывающий фермент")
        .await
        .expect("put");
    let label = device.weigh(5, 535).expect("a label");
    assert_eq!((label.barcode.as_str(), label.sum), ("2200123005359", Money::from_minor(27_285)));
    assert_eq!(label.message, ["Состав: молоко нормализованное, соль, закваска,", "молокосвёртывающий фермент"]);
    let total = driver.total(5).await.expect("it answers");
    assert_eq!((total.sum, total.grams_or_pieces, total.labels), (Money::from_minor(27_285), 535, 1));
    driver.clear().await.expect("cleared");
    assert_eq!((device.goods(), driver.read(5).await), (Vec::new(), Ok(None)));
}

#[tokio::test]
async fn two_thousand_goods_reach_a_scale_that_loses_datagrams() {
    let (device, _served, mut driver) = scale().await;
    device.set_fault(LabelScaleFault::Loses(97));
    let goods: Vec<ScaleItem> = (1..=2_000)
        .map(|plu| ScaleItem { plu, code: plu, price: Money::from_minor(i64::from(plu)), ..sausage() })
        .collect();
    for item in &goods {
        driver.put(item).await.expect("put");
    }
    assert_eq!(device.goods(), goods);
    // Each is read as it is, though answers were lost and asked for again.
    for item in &goods {
        assert_eq!(driver.read(item.plu).await.as_ref(), Ok(&Some(item.clone())));
    }
}

#[tokio::test]
async fn a_late_answer_is_not_taken_for_the_next_one() {
    let scale = UdpSocket::bind(ANY).await.expect("a socket");
    let address: SocketAddr = scale.local_addr().expect("an address");
    let mut driver = ShtrihPrint::with_timing(datagrams(address), QUICK);
    let answers = async {
        let mut buffer = [0; 200];
        let mut next = async || {
            let (count, host) = scale.recv_from(&mut buffer).await.expect("a question");
            (buffer[..count].to_vec(), host)
        };
        // The first answer is late: it is sent when the question has come again, and so is the second.
        let (first, _) = next().await;
        let (again, host) = next().await;
        assert_eq!(first, again);
        scale.send_to(&hex("02 02 54 00"), host).await.expect("sent");
        // Before the next question comes another one, and the answer that was on its way.
        let (barrier, host) = next().await;
        assert_eq!(barrier, hex("02 01 12"));
        scale.send_to(&hex("02 02 54 00"), host).await.expect("sent");
        scale.send_to(&hex("02 05 12 00 00 00 00"), host).await.expect("sent");
        let (second, host) = next().await;
        assert_eq!(second, hex("02 07 54 30 30 33 30 06 00"));
        scale.send_to(&hex("02 02 54 80"), host).await.expect("sent");
    };
    let questions = async {
        assert_eq!(driver.remove(5).await, Ok(()));
        assert!(matches!(driver.remove(6).await, Err(LabelScaleError::Refused { code: 128, .. })));
    };
    tokio::join!(answers, questions);
}

#[tokio::test]
async fn faults_are_told_apart_and_pass() {
    let (device, served, mut driver) = scale().await;
    for (fault, expected) in [
        (LabelScaleFault::Offline, "the scale did not answer"),
        (LabelScaleFault::NoAnswerAfterCommit, "the scale did not answer"),
        (LabelScaleFault::Slow(QUICK.answer * 4), "the scale did not answer"),
        (
            LabelScaleFault::Garbage,
            "the scale's answer cannot be understood: an answer has another length than it says",
        ),
        (LabelScaleFault::Refuses(123), "the scale is being used: somebody works in its menu (123)"),
        (LabelScaleFault::Refuses(131), "the scale refuses: the price (131)"),
    ] {
        device.set_fault(fault);
        let error = driver.put(&sausage()).await.expect_err("it fails");
        assert_eq!(error.to_string(), expected, "{fault:?}");
        device.set_fault(LabelScaleFault::None);
        assert_eq!(driver.put(&sausage()).await, Ok(()), "{fault:?}");
    }
    device.select(5);
    let error = driver.remove(5).await.expect_err("it is chosen");
    assert!(matches!(error, LabelScaleError::Busy { code: 141, .. }), "{error}");
    device.select(0);
    device.set_fault(LabelScaleFault::PaperOut);
    assert!(!driver.state().await.expect("it answers").has_paper && device.weigh(5, 100).is_none());
    drop(served);
    let gone = driver.put(&sausage()).await.expect_err("nobody is there");
    assert!(matches!(gone, LabelScaleError::Offline { .. } | LabelScaleError::NoAnswer), "{gone}");
}

#[test]
fn what_does_not_fit_is_refused_before_it_is_sent() {
    let driver = ShtrihPrint::new(datagrams(ANY.parse().expect("an address")));
    let fits = |change: fn(&mut ScaleItem)| {
        let mut item = sausage();
        change(&mut item);
        driver.abilities().fits(&item)
    };
    assert_eq!(fits(|_| ()), Ok(()));
    assert_eq!(fits(|item| item.plu = 0), Err(ItemRefusal::Plu { plu: 0, max: 4_000 }));
    assert_eq!(fits(|item| item.code = 1_000_000), Err(ItemRefusal::Code { code: 1_000_000, max: 999_999 }));
    assert!(matches!(fits(|item| item.price = Money::ZERO), Err(ItemRefusal::Price { .. })));
    assert!(matches!(fits(|item| item.price = Money::from_minor(1_000_000)), Err(ItemRefusal::Price { .. })));
    assert!(matches!(fits(|item| item.group = 10_000), Err(ItemRefusal::Group { .. })));
    assert!(matches!(fits(|item| item.tare = Quantity::from_thousandths(-1)), Err(ItemRefusal::Tare { .. })));
    assert!(matches!(fits(|item| item.shelf_life_days = 10_000), Err(ItemRefusal::ShelfLife { .. })));
    assert_eq!(fits(|item| item.name = " ".to_owned()), Err(ItemRefusal::Name));
    assert!(label_scale::find("shtrih-print").is_some() && label_scale::find("abacus").is_none());
}

#[test]
fn any_datagram_is_survived() {
    let good = hex("02 52 58 00 7B 00 00 00 D1 FB F0 20 D0 EE F1 F1 E8 E9 20 35 30 25");
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    for round in 0..FUZZED {
        let mut bytes = good.clone();
        for _ in 0..=round % 5 {
            let (at, what) = (next() as usize % bytes.len(), next() as u8);
            match what % 4 {
                0 => bytes.truncate(at + 1),
                1 => bytes.insert(at, what),
                _ => bytes[at] = what,
            }
        }
        if let Ok(answer) = codec::answer(&bytes) {
            codec::item(u32::from(answer.error), &answer.data);
        }
    }
}
