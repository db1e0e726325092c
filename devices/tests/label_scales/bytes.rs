//! The checked examples of the protocols, byte for byte: what a simulator answers and what the codecs make of them.

use chrono::NaiveDate;
use devices::label_scale::cas_cl5000 as cas;
use devices::label_scale::massak_vpm as massak;
use devices::label_scale::shtrih_print::codec::{Decoder, Item};
use devices::label_scale::shtrih_print::record::{self, State};
use devices::label_scale::{BarcodeValue, Decode, ItemUnit, ScaleItem, Wire};
use devices::port::BytePort;
use devices::sim::label_scale::{LabelScaleHandle, LabelScaleKind};
use domain::money::Money;
use domain::quantity::Quantity;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UdpSocket;

use super::settings;

/// More than a busy machine needs for an answer in memory.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// Bytes as hex; `20*3` is three spaces.
pub(super) fn hex(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in text.split_whitespace() {
        let (byte, count) = word.split_once('*').unwrap_or((word, "1"));
        let byte = u8::from_str_radix(byte, 16).expect("hex");
        bytes.resize(bytes.len() + count.parse::<usize>().expect("a count"), byte);
    }
    bytes
}

async fn exchange(port: &mut dyn BytePort, question: &str, answer: &str) {
    port.write_all(&hex(question)).await.expect(question);
    let expected = hex(answer);
    let mut got = vec![0; expected.len()];
    tokio::time::timeout(PATIENCE, port.read_exact(&mut got)).await.expect(question).expect(question);
    assert_eq!(got, expected, "{question}: {got:02X?}");
}

const CHEESE: &str =
    "7B 00 00 00 D1 FB F0 20 D0 EE F1 F1 E8 E9 F1 EA E8 E9 20*14 35 30 25 20*25 EC C2 00 00 1E 00 0A 00 01 00";
const LOAF: &str = "7C 00 00 00 C1 E0 F2 EE ED 20*51 AC 0D 00 00 03 00 00 00 02 00 00 00 80 20*4 00 00 00";

#[tokio::test]
async fn shtrih_print_answers_its_examples() {
    let scale = LabelScaleHandle::new(LabelScaleKind::ShtrihPrint, settings(4000));
    scale.put(Quantity::from_thousandths(535));
    let mut port = (scale.connector(Wire::Datagram))().await.expect("a port");
    let examples: &[(&str, &str)] = &[
        ("05", "06"),
        ("02 01 12", "02 05 12 00 00 00 00"),
        ("02 05 18 30 30 33 30", "02 02 18 00"),
        ("02 01 12", "02 05 12 00 00 00 01"),
        ("02 07 51 30 30 33 30 05 00", "02 02 51 7B"),
    ];
    for (question, answer) in examples {
        exchange(&mut port, question, answer).await;
    }
    tokio::time::timeout(PATIENCE, async {
        loop {
            port.write_all(&hex("02 01 12")).await.expect("a question");
            let mut answer = [0; 7];
            port.read_exact(&mut answer).await.expect("an answer");
            if answer == [2, 5, 0x12, 0, 0, 0, 0] {
                break;
            }
        }
    })
    .await
    .expect("the memory is cleared");
    let examples: &[(&str, &str)] = &[
        ("02 06 09 30 30 33 30 01", "02 02 09 00"),
        ("02 09 16 30 30 33 30 30 30 30 30", "02 02 16 00"),
        ("02 09 16 30 30 30 30 30 30 33 30", "02 02 16 00"),
        ("02 08 21 30 30 33 30 0C 1E 00", "02 02 21 00"),
        ("02 08 22 30 30 33 30 17 0B 1A", "02 02 22 00"),
        (&format!("02 54 50 30 30 33 30 05 00 {CHEESE} 00 00 00 20*4"), "02 02 50 00"),
        ("02 07 51 30 30 33 30 05 00", &format!("02 4F 51 00 {CHEESE} 00 00 00 20*4")),
        (&format!("02 57 57 30 30 33 30 05 00 {CHEESE} 07 00 00 20*4 00 00 00"), "02 02 57 00"),
        (&format!("02 57 57 30 30 33 30 06 00 {LOAF}"), "02 02 57 00"),
        ("02 07 58 30 30 33 30 06 00", &format!("02 52 58 00 {LOAF}")),
        ("02 07 51 30 30 33 30 09 00", "02 02 51 8C"),
        ("02 3A 52 30 30 33 30 07 00 01 D1 EE F1 F2 E0 E2 3A 20 EC EE EB EE EA EE 20*36", "02 02 52 00"),
        ("02 06 75 30 30 33 30 04", "02 02 75 00"),
        ("02 05 74 30 30 33 30", "02 03 74 00 04"),
        ("02 06 75 30 30 33 30 07", "02 02 75 00"),
        ("02 05 74 30 30 33 30", "02 03 74 00 07"),
        ("02 07 77 30 30 33 30 00 16", "02 02 77 00"),
        ("02 0B B1 30 30 33 30 01 01 05 00 00 00", "02 02 B1 00"),
        ("02 05 38 30 30 33 30", "02 04 38 00 17 02"),
        // The example says 11: a scale that has not set its zero yet. That of the state says 15, as here.
        ("02 05 3A 30 30 33 30", "02 08 3A 00 15 17 02 00 00 00"),
        ("02 54 50 39 39 39 39 05 00 7B 00 00 00 78 20*55 01 00*12 20*4", "02 02 50 7A"),
        ("02 05 77 30 30 33 30", "02 02 77 79"),
        ("02 05 AF 30 30 33 30", "02 02 AF 78"),
        ("02 01 FC", "02 13 FC 00 01 01 01 03 00 00 D8 F2 F0 E8 F5 2D CF F0 E8 ED F2"),
        ("02 07 51 30 30 33 30 A1 0F", "02 02 51 80"),
        ("44", "15"),
    ];
    for (question, answer) in examples {
        exchange(&mut port, question, answer).await;
    }
    let label = scale.weigh(5, Quantity::from_thousandths(535)).expect("a label");
    assert_eq!((label.sum, label.barcode.as_str()), (Money::from_minor(26_697), "2200123005359"));
    assert_eq!(label.item.text, "Состав: молоко");
    for (question, answer) in [
        ("02 07 60 30 30 33 30 05 00", "02 0C 60 00 49 68 00 00 17 02 00 00 01 00"),
        ("02 05 61 30 30 33 30", "02 0E 61 00 00 00 00 00 00 00 00 00 49 68 00 00"),
        ("02 07 54 30 30 33 30 05 00", "02 02 54 00"),
        ("02 07 54 30 30 33 30 05 00", "02 02 54 8C"),
    ] {
        exchange(&mut port, question, answer).await;
    }
    for _ in 0..5 {
        exchange(&mut port, "02 05 61 31 31 31 31", "02 02 61 7A").await;
    }
    exchange(&mut port, "02 05 61 30 30 33 30", "02 02 61 AA").await;
}

#[tokio::test]
async fn shtrih_print_answers_its_examples_on_a_serial_line() {
    let scale = LabelScaleHandle::new(LabelScaleKind::ShtrihPrint, settings(4000));
    scale.put(Quantity::from_thousandths(535));
    let mut port = (scale.connector(Wire::Serial))().await.expect("a port");
    exchange(&mut port, "05", "15").await;
    exchange(&mut port, "02 01 12 13", "06 02 05 12 00 00 00 00 17").await;
    exchange(&mut port, "05", "06 02 05 12 00 00 00 00 17").await;
    exchange(&mut port, "06 05", "15").await;
    exchange(&mut port, "02 05 38 30 30 33 30 3E", "06 02 04 38 00 17 02 29").await;
    exchange(&mut port, "02 01 12 14", "15").await;
}

#[tokio::test]
async fn a_host_holds_shtrih_print_until_it_acknowledges() {
    let scale = LabelScaleHandle::new(LabelScaleKind::ShtrihPrint, settings(4000));
    let listening = scale.listen_udp(([127, 0, 0, 1], 0).into()).await.expect("a socket");
    let address = listening.address().to_string();
    let address = address.strip_prefix("udp://").expect("an address of datagrams");
    let (first, second) = (host(address).await, host(address).await);
    let ask = async |socket: &UdpSocket, question: &str| {
        socket.send(&hex(question)).await.expect(question);
        let mut answer = [0; 100];
        let count = tokio::time::timeout(PATIENCE, socket.recv(&mut answer)).await.expect(question).expect(question);
        answer[..count].to_vec()
    };
    assert_eq!(ask(&first, "05").await, hex("06"));
    assert_eq!(ask(&first, "03 05 31 30 30 33 30").await, hex("03 02 31 00"));
    assert_eq!(ask(&first, "05").await, hex("03 02 31 00"), "the host did not acknowledge");
    assert_eq!(ask(&first, "02 01 12").await, hex("15"));
    let [low, high] = first.local_addr().expect("an address").port().to_le_bytes();
    assert_eq!(ask(&second, "05").await, [0x0B, 0, 127, 1, 0, low, high]);
    first.send(&hex("06")).await.expect("an acknowledgement");
    assert_eq!(ask(&first, "05").await, hex("06"));
    assert_eq!(ask(&second, "02 01 12").await, hex("02 05 12 00 00 00 00"));
}

#[tokio::test]
async fn massak_vpm_answers_its_examples() {
    let scale = LabelScaleHandle::new(LabelScaleKind::MassakVpm, settings(4000));
    let mut port = (scale.connector(Wire::Tcp))().await.expect("a port");
    for (question, answer) in MASSAK {
        exchange(&mut port, question, answer).await;
    }
    let items = scale.items();
    assert_eq!(items.len(), 2);
    assert_eq!((items[0].plu, items[0].name.as_str(), items[0].shelf_life_days), (1, "Сыр Российский", 30));
    assert_eq!((items[1].plu, items[1].name.as_str(), items[1].unit), (2, "Батон", ItemUnit::Piece));
    assert_eq!(scale.hot_keys(), [(1, 1)]);
    let label = scale.weigh(1, Quantity::from_thousandths(535)).expect("a label");
    assert_eq!((label.sum, label.barcode.as_str()), (Money::from_minor(26_697), "2200123005359"));
    // One transaction, whose number, PLU, price and mass are those of the documented one.
    port.write_all(&hex("F8 55 CE 06 00 85 08 00 00 01 00 DC C9")).await.expect("a question");
    let mut answer = [0; 65];
    tokio::time::timeout(PATIENCE, port.read_exact(&mut answer)).await.expect("an answer").expect("an answer");
    assert_eq!(answer[..21], hex("F8 55 CE 3A 00 45 08 01 00 01 00 32 00 01 00 00 00 2C 00 00 00"));
    assert_eq!(answer[31..63], hex("30 30 30 30 31 01 01 00 00 00 EC C2 00 00 17 02 00*16"));
}

/// Questions in an order in which a host would ask them, and answers.
const MASSAK: &[(&str, &str)] = &[
    ("F8 55 CE 01 00 00 00 00", "F8 55 CE 1B 00 01 01 00 56 50 4D 30 30 30 31 32 33 34 35 00*9 01 01 00 00 58 AA"),
    ("F8 55 CE 01 00 80 80 00", "F8 55 CE 05 00 40 01 01 00 00 BD 3E"),
    ("F8 55 CE 01 00 80 81 00", "F8 55 CE 01 00 F0 F0 00"),
    ("F8 55 CE 05 00 81 01 00 00 00 5B 3F", "F8 55 CE 05 00 41 01 01 00 00 8D 09"),
    ("F8 55 CE 0A 00 82 01 02 00 02 00 02 00 41 42 4E 8B", "F8 55 CE 06 00 43 01 00 00 00 00 70 C2"),
    ("F8 55 CE 09 00 82 4D 01 00 01 00 01 00 41 48 62", "F8 55 CE 06 00 43 00 00 00 00 00 40 F5"),
    (
        "F8 55 CE 1E 00 82 09 01 00 01 00 16 00 01 00 00 00 10 00 00 00 00 16 04 00*8 00 00 0D 90 CA",
        "F8 55 CE 06 00 42 09 01 00 01 00 54 2F",
    ),
    (
        "F8 55 CE 4D 00 82 01 01 00 01 00 45 00 01 00 00 00 3F 00 00 00 01 01 16 EC C2 00 00 0A 00 00 00 7B 00 00 00 \
         00*6 C0 A8 00 00 00 00 20 20 20 20 01 00 00 00 05 03 D1 FB F0 0C 04 0A D0 EE F1 F1 E8 E9 F1 EA E8 E9 0D \
         00 00 0D 00 00 0D 96 9B F1",
        "F8 55 CE 06 00 42 01 01 00 01 00 F5 86",
    ),
    (
        "F8 55 CE 42 00 82 65 01 00 01 00 3A 00 02 00 00 00 34 00 02 00 01 01 17 AC 0D 00 00 00 00 00 00 7C 00 00 00 \
         00*6 E0 10 00 00 00 00 20 20 20 20 01 00 00 00 05 05 C1 E0 F2 EE ED 0D 00 00 0D 00 00 0D 96 43 79",
        "F8 55 CE 06 00 42 65 01 00 01 00 5E C1",
    ),
    (
        "F8 55 CE 14 00 82 06 01 00 01 00 0C 00 01 00 00 00 06 00 01 00 00 00 00 00 39 24",
        "F8 55 CE 06 00 42 06 01 00 01 00 65 03",
    ),
    (
        "F8 55 CE 28 00 82 03 01 00 01 00 20 00 01 00 00 00 1A 00 50 32 50 31 4E 35 4E 34 4E 33 4E 32 4E 31 57 35 57 34 \
         57 33 57 32 57 31 4B 31 50 25",
        "F8 55 CE 06 00 42 03 01 00 01 00 95 E8",
    ),
    ("F8 55 CE 06 00 85 07 00 00 01 00 ED E5", "F8 55 CE 06 00 46 07 00 00 00 00 95 CC"),
];

#[test]
fn massak_vpm_files_are_the_documented_bytes() {
    let loaf = ScaleItem {
        plu: 2,
        code: 124,
        name: "Батон".into(),
        price: Money::from_minor(3500),
        unit: ItemUnit::Piece,
        group: 1,
        shelf_life_days: 3,
        label: 1,
        barcode_prefix: 23,
        ..ScaleItem::default()
    };
    let mut file = Vec::new();
    massak::record::put_article(&loaf, &mut file);
    let documented = hex(MASSAK[8].0);
    assert_eq!(file, documented[13..documented.len() - 2]);
    assert_eq!(massak::record::article(&file), Some(loaf));
    for at in 0..file.len() {
        let mut bad = file.clone();
        bad[at] ^= 1;
        let read = massak::record::records(&bad)
            .map(|records| records.iter().filter_map(|one| massak::record::article(one)).count());
        assert!(matches!(read, None | Some(0)), "byte {at}");
    }
    let data = |number: usize, from: usize| {
        hex(MASSAK[number].0)[from..].split_last_chunk::<2>().map(|(data, _)| data.to_vec())
    };
    let (amount, sum) = (BarcodeValue::Amount, BarcodeValue::Sum);
    assert_eq!(Some(massak::record::simple_mode_file(22, amount)), data(6, 13));
    assert_eq!(Some(massak::record::key_file(&[(1, 1)])), data(9, 13));
    assert_eq!(Some(massak::record::barcode_file(amount)), data(10, 13));
    let sums = [
        (massak::FILE_BARCODES, massak::record::barcode_file(sum), MASSAK_SUMS[0]),
        (massak::FILE_SIMPLE_MODE, massak::record::simple_mode_file(22, sum), MASSAK_SUMS[1]),
    ];
    for (kind, file, documented) in sums {
        let mut body = vec![0x82, kind, 1, 0, 1, 0, file.len() as u8, 0];
        body.extend(file);
        let mut frame = Vec::new();
        massak::codec::encode(&body, &mut frame);
        assert_eq!(frame, hex(documented));
    }
}

/// The files of both layouts with a sum in place of the grams.
const MASSAK_SUMS: [&str; 2] = [
    "F8 55 CE 28 00 82 03 01 00 01 00 20 00 01 00 00 00 1A 00 50 32 50 31 4E 35 4E 34 4E 33 4E 32 4E 31 43 35 43 34 43 33 \
     43 32 43 31 4B 31 EE 2C",
    "F8 55 CE 1E 00 82 09 01 00 01 00 16 00 01 00 00 00 10 00 00 00 00 16 02 00*8 00 00 0D 2F B9",
];

#[test]
fn massak_vpm_layouts_of_ours_are_replaced_and_those_of_a_shop_are_not() {
    use massak::record::{barcode_file, barcode_file_instead, simple_mode_file, simple_mode_file_instead};
    let (amount, sum) = (BarcodeValue::Amount, BarcodeValue::Sum);
    let shop = |file: Vec<u8>, at: usize| {
        let mut file = file;
        file[at] ^= 1;
        file
    };
    for (value, other) in [(amount, sum), (sum, amount)] {
        for (there, instead) in [
            (vec![], Some(barcode_file(value))),
            (barcode_file(other), Some(barcode_file(value))),
            (barcode_file(value), None),
            ([barcode_file(other), barcode_file(other)].concat(), None),
            (b"\x01\0\0\0\x1A\x000200T5T4T3T2T1C5C4C3C2C1K1".to_vec(), None),
            (b"?".to_vec(), None),
        ] {
            assert_eq!(barcode_file_instead(&there, value), instead, "{there:02X?}");
        }
        for (there, instead) in [
            (vec![], Some(simple_mode_file(22, value))),
            (simple_mode_file(22, other), Some(simple_mode_file(22, value))),
            // The prefix was set at the scale.
            (simple_mode_file(25, other), Some(simple_mode_file(25, value))),
            (simple_mode_file(25, value), None),
            // Another label, another layout, an advertisement.
            (shop(simple_mode_file(22, other), 8), None),
            (shop(simple_mode_file(22, other), 10), None),
            (shop(simple_mode_file(22, other), 19), None),
            (b"?".to_vec(), None),
        ] {
            assert_eq!(simple_mode_file_instead(&there, 22, value), instead, "{there:02X?}");
        }
    }
}

#[tokio::test]
async fn massak_vpm_scales_are_found() {
    let scale = LabelScaleHandle::new(LabelScaleKind::MassakVpm, settings(10));
    let listening = scale.listen_udp(([127, 0, 0, 1], 0).into()).await.expect("a socket");
    let address = listening.address().to_string();
    let address = address.trim_start_matches("udp://").parse().expect("an address");
    let found = massak::discover(address, std::time::Duration::from_millis(50)).await.expect("a socket");
    assert_eq!(found, [massak::Found { address, serial: "VPM00012345".into() }]);
}

#[tokio::test]
async fn cas_cl5000_answers_its_examples() {
    let scale = LabelScaleHandle::new(LabelScaleKind::CasCl5000, settings(4000));
    let mut port = (scale.connector(Wire::Tcp))().await.expect("a port");
    let good = "47 4C 01 00 00 00 2C 04 00 3A BB 42 0F 00 3A B1 0D";
    for (question, answer) in [
        (
            "57 4C 00 00 00 00 2C 06 00 3A 00 00 00 00 00 00 3A A6 0D",
            "47 4C 01 00 00 00 2C 04 00 3A 00 00 00 00 3A A5 0D",
        ),
        (CAS_CHEESE, good),
        (CAS_LOAF, "47 4C 01 00 00 00 2C 04 00 3A BC 42 0F 00 3A B2 0D"),
        ("57 4C 00 00 00 00 2C 06 00 3A 01 00 7B 00 00 00 3A 22 0D", good),
        (
            "57 4C 00 00 00 00 2C 06 00 3A 01 00 7B 00 00 00 3A 22 0D",
            "4E 4C 01 00 00 00 2C 05 00 3A BB 42 0F 00 62 3A 14 0D",
        ),
        (
            "57 4C 00 00 00 00 2C 06 00 3A 64 00 7B 00 00 00 3A 85 0D",
            "4E 4C 01 00 00 00 2C 05 00 3A 7B E1 F5 05 52 3A 4E 0D",
        ),
        (
            "57 4C 00 00 00 00 2C 06 00 3A 01 00 7B 00 00 00 3A 00 0D",
            "4E 4C 01 00 00 00 2C 05 00 3A 00 00 00 00 54 3A FA 0D",
        ),
    ] {
        exchange(&mut port, question, answer).await;
    }
    let items = scale.items();
    assert_eq!(items.len(), 1);
    assert_eq!((items[0].plu, items[0].name.as_str(), items[0].text.as_str()), (124, "Батон", "Состав: мука"));
}

const CAS_CHEESE: &str = "57 4C 00 00 00 00 2C 93 00 3A 01 00 7B 00 00 00 01 D1 FB F0 20 D0 EE F1 F1 E8 E9 F1 EA E8 E9 \
     20*26 35 30 25 20*42 00*13 7B 00 00 00 00 00 00 00 EC C2 00 00 00 00 00 00 0A 00*13 1F 00*11 3A 05 0D";
const CAS_LOAF: &str = "57 4C 00 00 00 00 2C A0 00 3A 01 00 7C 00 00 00 02 C1 E0 F2 EE ED 20*80 00*13 7C 00 00 00 00 00 00 \
     00 AC 0D 00*32 D1 EE F1 F2 E0 E2 3A 20 EC F3 EA E0 00 3A C9 0D";

#[test]
fn cas_cl5000_articles_are_the_documented_bytes() {
    let loaf = ScaleItem {
        plu: 124,
        code: 124,
        name: "Батон".into(),
        price: Money::from_minor(3500),
        unit: ItemUnit::Piece,
        text: "Состав: мука".into(),
        ..ScaleItem::default()
    };
    let mut data = Vec::new();
    cas::record::put_article(&loaf, &mut data);
    let mut frame = Vec::new();
    cas::codec::encode([cas::codec::WRITE, b'L'], 0, &data, &mut frame);
    assert_eq!(frame, hex(CAS_LOAF));
    let cheese = hex(CAS_CHEESE);
    let read = cas::record::article(&cheese[10..cheese.len() - 3]).expect("an article");
    let expected = ScaleItem {
        plu: 123,
        code: 123,
        name: "Сыр Российский 50%".into(),
        price: Money::from_minor(49_900),
        tare: Quantity::from_thousandths(10),
        shelf_life_days: 30,
        ..ScaleItem::default()
    };
    assert_eq!(read, expected);
}

#[tokio::test]
async fn mertech_answers_its_examples() {
    let scale = LabelScaleHandle::new(LabelScaleKind::Mertech, settings(4000));
    let mut port = (scale.connector(Wire::Tcp))().await.expect("a port");
    for (question, answer) in [
        ("09 00 00 00 02 07 77 31 32 33 34 00 16", "04 00 00 00 02 02 77 00"),
        (
            "18 00 00 00 02 16 FF 13 31 32 33 34 01 0D 00 70 72 6F 64 75 63 74 73 2E 6A 73 6F 6E",
            "05 00 00 00 02 03 FF 13 00",
        ),
        (
            "24 00 00 00 02 22 FF 13 31 32 33 34 02 99 91 4B 93 2B D3 7A 50 B9 83 C5 E7 C9 0A E9 3B 04 02 00*7 01 00",
            "05 00 00 00 02 03 FF 13 00",
        ),
        ("12 00 00 00 02 10 FF 13 31 32 33 34 03 01 00 00 00 00 02 00 7B 7D", "05 00 00 00 02 03 FF 13 00"),
        ("09 00 00 00 02 07 FF 13 31 32 33 34 09", "06 00 00 00 02 04 FF 13 00 00"),
        ("09 00 00 00 02 07 FF 13 30 30 33 30 09", "05 00 00 00 02 03 FF 13 7A"),
        ("0D 00 00 00 02 0B FF 0F 31 32 33 34 02 05 00 00 00", "05 00 00 00 02 03 FF 0F 8C"),
        // A file whose hash is another one.
        ("24 00 00 00 02 22 FF 13 31 32 33 34 02 00*16 04 02 00*7 01 00", "05 00 00 00 02 03 FF 13 00"),
        ("12 00 00 00 02 10 FF 13 31 32 33 34 03 01 00 00 00 00 02 00 7B 7D", "05 00 00 00 02 03 FF 13 00"),
        (
            "09 00 00 00 02 07 FF 13 31 32 33 34 09",
            "1D 00 00 00 02 1B FF 13 00 02 15 00 74 68 65 20 66 69 6C 65 20 63 61 6D 65 20 64 61 6D 61 67 65 64",
        ),
    ] {
        exchange(&mut port, question, answer).await;
    }
}

async fn host(address: &str) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    socket.connect(address).await.expect("an address");
    socket
}

#[test]
fn the_documented_state_of_shtrih_print_is_read() {
    let datagram = hex(
        "02 4A 11 00 34 35 00 00 01 06 0C A0 0F E8 03 08 0F 06 01 0C 00 00 00 00 00 17 0B 1A 0C 00 00 00 01 00 02 00 01 \
         01 14 00 05 15 17 02 00*31 01",
    );
    let mut decoder = Decoder::new(Wire::Datagram);
    decoder.feed(&datagram);
    let Some(Item::Body(body)) = decoder.next_item() else { panic!("a body") };
    let state = State::parse(&body[2..]).expect("a state");
    assert_eq!((state.articles_max, state.texts_max, state.text_lines, state.capacity_kg), (4000, 1000, 8, 15));
    assert_eq!((state.model().as_str(), state.paper, state.mode), ("Shtrih-Print 4.5", true, 0));
    assert_eq!(state.clock, NaiveDate::from_ymd_opt(2026, 11, 23).and_then(|day| day.and_hms_opt(12, 0, 0)));
}

#[test]
fn shtrih_print_articles_are_the_documented_bytes() {
    let cheese = ScaleItem {
        plu: 5,
        code: 123,
        name: "Сыр Российский              50%".into(),
        price: Money::from_minor(49_900),
        tare: Quantity::from_thousandths(10),
        group: 1,
        shelf_life_days: 30,
        ..ScaleItem::default()
    };
    let loaf = ScaleItem {
        plu: 6,
        code: 124,
        name: "Батон".into(),
        price: Money::from_minor(3500),
        unit: ItemUnit::Piece,
        group: 2,
        shelf_life_days: 3,
        ..ScaleItem::default()
    };
    let documented = hex(&format!("{CHEESE} 07 00 00 20*4 00 00 00"));
    let read = record::article(5, &documented).expect("an article");
    assert_eq!(read, (ScaleItem { name: "Сыр Российский 50%".into(), ..cheese }, 7));
    let mut bytes = Vec::new();
    record::put_article(&loaf, 0, &mut bytes);
    assert_eq!(bytes, hex(LOAF));
    assert_eq!(record::article(6, &bytes), Some((loaf, 0)));
    assert_eq!(record::article(6, &bytes[1..]), None);
}
