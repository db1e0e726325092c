//! Each driver against recorded bytes on lines that misbehave, and against its simulator on real sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use devices::label_scale::{self, LabelScale, LabelScaleError, LabelScaleSetup, Wire};
use devices::port::{self, BytePort, Connector, PortError};
use devices::sim::label_scale::{LabelScaleHandle, LabelScaleKind};
use domain::quantity::Quantity;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

use super::bytes::hex;
use super::{Pair, driver, goods, kept, pairs, settings, stored};

/// What a scale was heard to answer, and what it comes to.
struct Recorded {
    name: &'static str,
    /// Every answer ends with a check sum, and a frame is found again after noise.
    has_sum: bool,
    wire: Wire,
    /// What the host says, and what the scale answers.
    dialogue: Vec<(Vec<u8>, Vec<u8>)>,
    ask: for<'a> fn(&'a mut dyn LabelScale) -> BoxFuture<'a, Result<String, LabelScaleError>>,
    result: &'static str,
}

#[derive(Clone, Copy, Debug)]
enum Damage {
    None,
    /// Each answer comes in two pieces.
    Split(usize),
    /// These bytes before each answer.
    Noise(&'static [u8]),
    /// On the first so many links nothing is answered.
    Silence(usize),
    /// On the first so many links the last byte of each answer is turned.
    WrongSum(usize),
    /// On the first so many links the host is cut off inside an answer.
    Cut(usize),
}

fn recorded() -> Vec<Recorded> {
    let state = "02 4A 11 00 34 35 00 00 01 06 0C A0 0F E8 03 08 0F 06 01 0C 00 00 00 00 00 17 0B 1A 0C 00 00 00 01 00 02 00 01 \
                 01 14 00 05 15 17 02 00*31 01";
    let status: for<'a> fn(&'a mut dyn LabelScale) -> BoxFuture<'a, Result<String, LabelScaleError>> = |driver| {
        Box::pin(async {
            let status = driver.status().await?;
            let clock = status.clock.map_or_else(|| "no clock".into(), |clock| clock.to_string());
            Ok(format!("{} {clock} {:?} {:?}", status.model, status.items, status.paper))
        })
    };
    let info = br#"{"scaleModel":"M-ER 725 PM-15.2"}"#.to_vec();
    let serial_state = {
        let mut frame = hex(state);
        frame.push(frame[1..].iter().fold(0, |sum, byte| sum ^ byte));
        [hex("06"), frame].concat()
    };
    vec![
        Recorded {
            name: "shtrih-print",
            has_sum: false,
            wire: Wire::Datagram,
            dialogue: vec![(hex("02 01 11"), hex(state))],
            ask: status,
            result: "Shtrih-Print 4.5 2026-11-23 12:00:00 None Some(true)",
        },
        Recorded {
            name: "shtrih-print-serial",
            has_sum: true,
            wire: Wire::Serial,
            dialogue: vec![(hex("05"), hex("15")), (hex("02 01 11 10"), serial_state), (hex("06"), Vec::new())],
            ask: status,
            result: "Shtrih-Print 4.5 2026-11-23 12:00:00 None Some(true)",
        },
        Recorded {
            name: "massak-vpm",
            has_sum: true,
            wire: Wire::Tcp,
            dialogue: vec![(hex("F8 55 CE 01 00 80 80 00"), hex("F8 55 CE 05 00 40 01 01 00 00 BD 3E"))],
            ask: status,
            result: "Massa-K VPM no clock Some(0) None",
        },
        Recorded {
            name: "mertech",
            has_sum: false,
            wire: Wire::Tcp,
            dialogue: vec![(hex("04 00 00 00 02 02 FF 17"), [hex("28 00 00 00 02 26 FF 17 00 21 00"), info].concat())],
            ask: status,
            result: "M-ER 725 PM-15.2 no clock None None",
        },
        Recorded {
            name: "cas-cl5000",
            has_sum: true,
            wire: Wire::Tcp,
            dialogue: vec![(
                hex("57 4C 00 00 00 00 2C 06 00 3A 01 00 7B 00 00 00 3A 22 0D"),
                hex("47 4C 01 00 00 00 2C 04 00 3A BB 42 0F 00 3A B1 0D"),
            )],
            ask: |driver| {
                Box::pin(async {
                    driver.delete(&[123]).await.map(|done| format!("{done} deleted")).map_err(|halted| halted.cause)
                })
            },
            result: "1 deleted",
        },
    ]
}

/// Every link is answered by a scale of its own that says what was recorded.
fn line(recorded: &Recorded, damage: Damage) -> Connector {
    let dialogue = Arc::new(recorded.dialogue.clone());
    let links = Arc::new(AtomicUsize::new(0));
    Arc::new(move || {
        let (host, scale) = port::memory();
        tokio::spawn(say(scale, dialogue.clone(), damage, links.fetch_add(1, Ordering::Relaxed)));
        Box::pin(async { Ok(Box::new(host) as Box<dyn BytePort>) })
    })
}

async fn say(mut scale: DuplexStream, dialogue: Arc<Vec<(Vec<u8>, Vec<u8>)>>, damage: Damage, link: usize) {
    for (question, answer) in dialogue.iter() {
        let mut heard = vec![0; question.len()];
        if scale.read_exact(&mut heard).await.is_err() {
            return;
        }
        assert_eq!(heard, *question);
        let mut pieces = vec![answer.clone()];
        match damage {
            Damage::Split(at) if at < answer.len() => pieces = vec![answer[..at].to_vec(), answer[at..].to_vec()],
            Damage::Noise(noise) if !answer.is_empty() => pieces.insert(0, noise.to_vec()),
            Damage::Silence(links) if link < links => pieces.clear(),
            Damage::WrongSum(links) if link < links => {
                pieces[0].iter_mut().last().into_iter().for_each(|byte| *byte ^= 0x41)
            }
            Damage::Cut(links) if link < links => {
                scale.write_all(&answer[..answer.len() / 2]).await.expect("the host listens");
                return;
            }
            _ => {}
        }
        for piece in pieces {
            scale.write_all(&piece).await.expect("the host listens");
            tokio::task::yield_now().await;
        }
    }
    // The link stays open until the host has had enough.
    let mut rest = [0; 64];
    while scale.read(&mut rest).await.is_ok_and(|count| count > 0) {}
}

async fn asked(recorded: &Recorded, damage: Damage) -> Result<String, LabelScaleError> {
    let mut driver = driver(recorded.name, line(recorded, damage));
    (recorded.ask)(&mut *driver).await
}

async fn check(recorded: &Recorded, damage: Damage) {
    assert_eq!(asked(recorded, damage).await.as_deref(), Ok(recorded.result), "{} {damage:?}", recorded.name);
}

#[tokio::test]
async fn what_was_recorded_is_understood_on_a_clean_line_and_on_a_bad_one() {
    for recorded in recorded() {
        check(&recorded, Damage::None).await;
        for links in 1..=2 {
            check(&recorded, Damage::Silence(links)).await;
            check(&recorded, Damage::Cut(links)).await;
            if recorded.has_sum {
                check(&recorded, Damage::WrongSum(links)).await;
            }
        }
    }
}

#[tokio::test]
async fn a_stream_may_be_cut_at_any_byte_and_begin_with_noise() {
    for recorded in recorded().iter().filter(|recorded| recorded.wire != Wire::Datagram) {
        let longest = recorded.dialogue.iter().map(|(_, answer)| answer.len()).max().unwrap_or(0);
        for at in 1..longest {
            check(recorded, Damage::Split(at)).await;
        }
    }
    for recorded in recorded().iter().filter(|recorded| recorded.wire == Wire::Tcp && recorded.has_sum) {
        for noise in [&b"\x00"[..], b"\xFF\xFF\xFF", b"\xF8\x55\x00", b"GG", b"\x33\x15\x06"] {
            check(recorded, Damage::Noise(noise)).await;
        }
    }
}

#[tokio::test]
async fn a_line_that_stays_bad_is_told_as_what_it_is() {
    for recorded in recorded() {
        let name = recorded.name;
        assert_eq!(asked(&recorded, Damage::Silence(9)).await, Err(LabelScaleError::NoAnswer), "{name}");
        let cut = asked(&recorded, Damage::Cut(9)).await;
        assert!(cut.is_err(), "{name}: {cut:?}");
        if recorded.has_sum {
            let garbled = asked(&recorded, Damage::WrongSum(9)).await;
            assert!(
                matches!(&garbled, Err(LabelScaleError::Protocol { .. } | LabelScaleError::NoAnswer)),
                "{name}: {garbled:?}"
            );
        }
        let closed: Connector = Arc::new(|| Box::pin(async { Err(PortError::Memory) }));
        let offline = (recorded.ask)(&mut *driver(recorded.name, closed)).await;
        assert!(matches!(&offline, Err(LabelScaleError::Offline { .. })), "{name}: {offline:?}");
    }
}

#[tokio::test]
async fn a_late_answer_is_not_taken_for_an_answer_to_the_next_question() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let address = socket.local_addr().expect("an address");
    let scale = tokio::spawn(async move {
        let mut bytes = [0; 200];
        let (mut delayed, mut answered) = (None, 0);
        while answered < 2 {
            let (_, host) = socket.recv_from(&mut bytes).await.expect("a question");
            match delayed {
                // The first question is answered only when the second one is there.
                None => delayed = Some(host),
                Some(first) => {
                    assert_ne!(first, host, "each question has a port of its own");
                    socket.send_to(&hex("02 02 54 00"), first).await.expect("sent");
                    socket.send_to(&hex("02 02 54 85"), host).await.expect("sent");
                    answered += 1;
                }
            }
        }
    });
    let connector = port::connector(format!("udp://{address}").parse().expect("an address"));
    let mut driver = driver("shtrih-print", connector);
    {
        let dropped = driver.delete(&[5]);
        assert!(tokio::time::timeout(Duration::from_millis(50), dropped).await.is_err());
    }
    let halted = driver.delete(&[6]).await.expect_err("the scale refuses");
    assert!(matches!(halted.cause, LabelScaleError::Refused { code: 133, .. }), "{halted:?}");
    scale.abort();
}

#[tokio::test]
async fn nobody_listens_at_a_port_of_datagrams() {
    let free = UdpSocket::bind("127.0.0.1:0").await.and_then(|socket| socket.local_addr()).expect("an address");
    let mut driver = driver("shtrih-print", port::connector(format!("udp://{free}").parse().expect("an address")));
    // Datagrams to nobody are lost like any others.
    assert_eq!(driver.status().await, Err(LabelScaleError::NoAnswer));
}

#[tokio::test]
async fn a_scale_on_a_pseudo_terminal_is_loaded() {
    let scale = LabelScaleHandle::new(LabelScaleKind::ShtrihPrint, settings(4000));
    let listening = scale.listen_pty(None).expect("a pseudo-terminal");
    let driver = driver("shtrih-print-serial", port::connector(listening.address().clone()));
    let mut pair = Pair { name: "shtrih-print-serial", wire: Wire::Serial, scale, driver };
    let items = goods(&*pair.driver, 100);
    assert_eq!(pair.driver.upload(&items).await, Ok(100));
    assert_eq!(stored(&pair), kept(&*pair.driver, &items));
    assert_eq!(pair.driver.read_back(51).await, Ok(Some(pair.driver.kept(&items[50]))));
}

/// The bench of the scales server: so many scales in one process, each with a socket of its own.
const SCALES: usize = 40;

#[tokio::test]
async fn forty_scales_in_one_process_are_loaded_at_once() {
    let mut loads = JoinSet::new();
    for number in 0..SCALES {
        loads.spawn(async move {
            let Pair { name, wire, scale, .. } = pairs(4000).swap_remove(number % pairs(4000).len());
            let protocol = label_scale::find(name).expect(name);
            let at = ([127, 0, 0, 1], 0).into();
            let listening = match protocol.address.split_once(':').expect("a scheme").0 {
                "udp" => scale.listen_udp(at).await,
                "tcp" => scale.listen_tcp(at).await,
                _ => scale.listen_pty(None),
            };
            let listening = listening.expect("a socket");
            let driver = (protocol.driver)(port::connector(listening.address().clone()), LabelScaleSetup::default());
            let mut pair = Pair { name, wire, scale, driver };
            let items = goods(&*pair.driver, 100);
            assert_eq!(pair.driver.upload(&items).await, Ok(100), "{number}");
            assert_eq!(stored(&pair), kept(&*pair.driver, &items), "{number}");
            let label = pair.scale.weigh(5, Quantity::from_thousandths(250)).expect("a label");
            assert_eq!(label.barcode.len(), 13);
        });
    }
    let mut done = 0;
    while let Some(loaded) = loads.join_next().await {
        loaded.expect("a load");
        done += 1;
    }
    assert_eq!(done, SCALES);
}
