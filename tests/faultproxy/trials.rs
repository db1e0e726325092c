//! The proxy does what it is told, and nothing else.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::frames::{Piece, Splitter};
use super::{Fault, FaultProxy, Spoil, Way};

const HEAD: &[u8] = b"GET /link HTTP/1.1\r\nUpgrade: WebSocket\r\n\r\n";
const SOON: Duration = Duration::from_secs(10);
/// Long for what happens on one machine.
const NEVER: Duration = Duration::from_millis(200);

/// A proxy before a server that says everything again, and a connection to it.
async fn echo() -> (FaultProxy, TcpStream) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let proxy = FaultProxy::to(listener.local_addr().expect("an address")).await;
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = socket.split();
                tokio::io::copy(&mut from, &mut to).await.ok();
            });
        }
    });
    let client = TcpStream::connect(proxy.address()).await.expect("it listens");
    (proxy, client)
}

async fn hear(client: &mut TcpStream, bytes: usize) -> Vec<u8> {
    let mut heard = vec![0; bytes];
    timeout(SOON, client.read_exact(&mut heard)).await.expect("in time").expect("so much comes");
    heard
}

async fn is_silent(client: &mut TcpStream) -> bool {
    timeout(NEVER, client.read_u8()).await.is_err()
}

async fn ends(client: &mut TcpStream) -> bool {
    let read = timeout(SOON, client.read(&mut [0])).await.expect("in time");
    read.is_err() || read.is_ok_and(|read| read == 0)
}

/// A masked message of a client, whose fourth byte is its kind.
fn message(kind: u8, text: &str) -> Vec<u8> {
    let mask = [0x11, 0x22, 0x33, 0x44];
    let payload = [&[b'O', b'S', 1, kind], text.as_bytes()].concat();
    let masked = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
    let length = 0x80 | u8::try_from(payload.len()).expect("a short message");
    [0x82, length].into_iter().chain(mask).chain(masked).collect()
}

#[tokio::test]
async fn what_it_is_not_told_to_spoil_passes_and_is_counted() {
    let (proxy, mut client) = echo().await;
    client.write_all(b"anything at all").await.expect("sent");
    assert_eq!(hear(&mut client, 15).await, b"anything at all");
    let counters = proxy.counters();
    assert_eq!((counters.connections, counters.open, counters.bytes_up, counters.bytes_down), (1, 1, 15, 15));
    proxy.cut_all();
    assert!(ends(&mut client).await);
    proxy.set(Fault::Refuse);
    let mut late = TcpStream::connect(proxy.address()).await.expect("it listens");
    assert!(ends(&mut late).await);
    assert_eq!(proxy.counters().refused, 1);
}

#[tokio::test]
async fn a_slow_line_is_late_and_narrow_and_keeps_the_order() {
    let (proxy, mut client) = echo().await;
    let slow =
        Fault::Slow { least: Duration::from_millis(50), jitter: Duration::from_millis(30), bytes_per_s: Some(100_000) };
    proxy.set_way(Way::Up, slow);
    let sent: Vec<u8> = (0..20_000_u32).map(|n| (n % 251) as u8).collect();
    let begun = Instant::now();
    client.write_all(&sent).await.expect("sent");
    assert_eq!(hear(&mut client, sent.len()).await, sent);
    assert!(begun.elapsed() > Duration::from_millis(200), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_half_open_connection_takes_everything_and_stays_silent() {
    let (proxy, mut client) = echo().await;
    proxy.set(Fault::Swallow);
    client.write_all(b"hello").await.expect("it is taken");
    assert!(is_silent(&mut client).await);
    proxy.set(Fault::None);
    client.write_all(b"hello again").await.expect("it is taken");
    assert!(is_silent(&mut client).await, "what has lost bytes is of no use any more");
    assert!(proxy.counters().swallowed > 0);
    let mut other = TcpStream::connect(proxy.address()).await.expect("it listens");
    other.write_all(b"new").await.expect("sent");
    assert_eq!(hear(&mut other, 3).await, b"new");
    proxy.cut_all();
    assert!(ends(&mut client).await);
}

#[tokio::test]
async fn messages_are_lost_doubled_swapped_and_flipped() {
    let (a, b, c) = (message(5, "first"), message(6, "second"), message(5, "third"));
    for (how, times, wanted) in [
        (Spoil::Lose, 1, vec![&b, &c]),
        (Spoil::Lose, 9, vec![&b]),
        (Spoil::Double, 1, vec![&a, &a, &b, &c]),
        (Spoil::Swap, 1, vec![&b, &a, &c]),
    ] {
        let (proxy, mut client) = echo().await;
        proxy.set_way(Way::Up, Fault::Spoil { how, kind: 5, times });
        client.write_all(&[HEAD, &a, &b, &c].concat()).await.expect("sent");
        let wanted: Vec<u8> = HEAD.iter().chain(wanted.into_iter().flatten()).copied().collect();
        assert_eq!(hear(&mut client, wanted.len()).await, wanted, "{how:?}");
        assert!(is_silent(&mut client).await);
        assert_eq!(proxy.counters().spoilt, u64::from(times.min(2)));
    }
    let (proxy, mut client) = echo().await;
    proxy.set_way(Way::Up, Fault::Spoil { how: Spoil::FlipBit, kind: 6, times: 1 });
    client.write_all(&[HEAD, &a, &b].concat()).await.expect("sent");
    let heard = hear(&mut client, HEAD.len() + a.len() + b.len()).await;
    let differing: u32 = heard.iter().zip(HEAD.iter().chain(&a).chain(&b)).map(|(x, y)| (x ^ y).count_ones()).sum();
    assert_eq!(differing, 1);
}

#[test]
fn messages_are_found_however_the_bytes_come() {
    let long = [&[0x82, 126, 1, 0], [7; 256].as_slice()].concat();
    let stream = [HEAD, &message(5, "first"), &long, &message(6, "")].concat();
    for size in [1, 3, 64, stream.len()] {
        let mut splitter = Splitter::default();
        let pieces: Vec<Piece> =
            stream.chunks(size).flat_map(|bytes| splitter.push(bytes).expect("no message is too large")).collect();
        let kinds: Vec<Option<u8>> = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Message(message) if message.is_binary() => message.byte(3),
                _ => None,
            })
            .collect();
        assert_eq!(kinds, [None, Some(5), Some(7), Some(6)], "in pieces of {size}");
    }
    let mut splitter = Splitter::default();
    assert_eq!(splitter.push(b"SSH-2.0").expect("it passes"), [Piece::Bytes(b"SSH-2.0".to_vec())]);
    let huge = [HEAD, &[0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0]].concat();
    assert!(Splitter::default().push(&huge).is_err(), "nothing so large is kept together");
}
