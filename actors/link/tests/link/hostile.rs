//! Row 17 of the failure matrix: strangers who trickle, lie about lengths, or come in masses. Nobody else notices.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::{SinkExt, StreamExt};
use link::frame::{Auth, FRAME_BYTES_MAX, Frame};
use link::transport::connect::may_be_plain;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::office::{KeyedTill, LONG, Office, hello, keyed_hello, say};
use crate::world::{play, till_peer, until};

/// Longer than any patience of a listener.
const GIVEN_UP_WITHIN: Duration = Duration::from_secs(25);

/// Send a byte now and then, until the other side hangs up. How long it took.
async fn trickle(mut socket: TcpStream, begun: Instant) -> Duration {
    let mut heard = [0; 1024];
    loop {
        assert!(begun.elapsed() < GIVEN_UP_WITHIN, "a trickling connection is still open");
        tokio::select! {
            read = socket.read(&mut heard) => if !matches!(read, Ok(1..)) { return begun.elapsed() },
            () = tokio::time::sleep(Duration::from_millis(200)) => {
                // The other side may have hung up meanwhile; the next read says so.
                socket.write_all(b"x").await.ok();
            }
        }
    }
}

const UPGRADE: &str = "GET /link HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

#[test]
fn fault_f17_who_trickles_is_given_up_and_nobody_waits_for_him() {
    play(async {
        let dir = TempDir::new().unwrap();
        let office = Office::open(&dir, LONG).await;
        let (plain, encrypted) = (office.listen(false), office.listen(true));
        let begun = Instant::now();
        let mut slow = Vec::new();
        // Within TLS, within the request, and within a frame that says that a mebibyte will come.
        for (address, first) in [(encrypted, ""), (plain, "GET /link HTTP/1.1\r\n"), (plain, UPGRADE)] {
            let mut socket = TcpStream::connect(address).await.unwrap();
            socket.write_all(first.as_bytes()).await.unwrap();
            if first == UPGRADE {
                let mut head = vec![0; 512];
                let read = socket.read(&mut head).await.unwrap();
                assert!(head[..read].starts_with(b"HTTP/1.1 101"));
                socket.write_all(&[0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 1, 2, 3, 4]).await.unwrap();
            }
            slow.push(tokio::spawn(trickle(socket, begun)));
        }
        let till = office.enrolled(&dir, plain, 1).await;
        let till = KeyedTill::start(&dir, 1, &format!("wss://{encrypted}"), till).await;
        till.linked().await;
        for trickling in slow {
            trickling.await.unwrap();
        }
        assert!(till.status().await.connected);
        let rows = office.refusals(1).await;
        assert_eq!((rows[0].reason.as_str(), rows[0].peer.as_str(), rows[0].count), ("silent", "127.0.0.1", 1));
    });
}

#[test]
fn fault_f17_a_crowd_of_silent_strangers_displaces_only_itself() {
    play(async {
        let dir = TempDir::new().unwrap();
        let office = Office::open(&dir, LONG).await;
        let address = office.listen(false);
        let till = office.enrolled(&dir, address, 1).await;
        let mut crowd = Vec::new();
        for arrived in 1..=700 {
            crowd.push(office.connect(false));
            if arrived % 50 == 0 {
                // The node's mailbox takes so many at once.
                until("they are taken", async || {
                    let strangers = office.status().await.strangers;
                    (strangers == arrived.min(512), strangers)
                })
                .await;
            }
        }
        KeyedTill::start(&dir, 1, &format!("ws://{address}"), till).await.linked().await;
        for displaced in &mut crowd[..150] {
            assert_eq!(displaced.receiver.recv().await, None);
        }
        drop(crowd);
        until("all are gone", async || (office.status().await.strangers == 0, ())).await;
        let count: i64 = office.refusals(1).await.iter().map(|row| row.count).sum();
        assert!(count >= 150, "{count}");
        assert!(office.gate.refusals().held() <= 65);
    });
}

#[test]
fn links_over_a_network_are_not_in_the_clear() {
    let at = |text: &str| text.parse::<SocketAddr>().unwrap();
    for near in ["127.0.0.1:7700", "127.8.0.1:7700", "[::1]:7700", "[::ffff:127.0.0.1]:7700"] {
        assert!(may_be_plain(at(near), false).is_ok(), "{near}");
    }
    for far in
        ["0.0.0.0:7700", "10.0.0.1:7700", "192.168.1.5:80", "[::]:7700", "[2001:db8::1]:7700", "[::ffff:10.0.0.1]:1"]
    {
        let refused = may_be_plain(at(far), false).unwrap_err().to_string();
        assert!(
            refused.starts_with(far) && refused.contains("tls = true") && refused.contains("allow_plain"),
            "{refused}"
        );
        assert!(may_be_plain(at(far), true).is_ok());
    }
}

#[test]
fn a_plain_dial_over_a_network_is_refused_before_anything_is_sent() {
    play(async {
        use link::transport::Dial;
        use link::transport::websocket::WebSocketDial;
        let refused = WebSocketDial::new("ws://192.0.2.1:7700").dial().await.unwrap_err().to_string();
        assert!(refused.starts_with("192.0.2.1:7700 can be reached over a network"), "{refused}");
        let unknown = WebSocketDial::new("wss://127.0.0.1:9").dial().await.unwrap_err().to_string();
        assert!(unknown.contains("cannot be reached"), "{unknown}");
        let wrong = WebSocketDial::new("ftp://127.0.0.1").dial().await.unwrap_err().to_string();
        assert_eq!(wrong, "\"ftp://127.0.0.1/link\" is no address of a node: wss://HOST:PORT is expected");
    });
}

/// Set in the process that is flooded: its memory is measured, so it does nothing else.
const ALONE: &str = "OPENSTORE_FLOODED";
/// What the memory may grow by, in KiB, while some 300 MiB of rubbish come in.
const GROWS_KIB_MAX: u64 = 48 * 1024;
const ROUNDS: usize = 18;
/// Strangers of each kind who come at once.
const AT_ONCE: usize = 8;

#[test]
fn fault_f17_a_flood_of_rubbish_leaves_memory_and_disk_flat() {
    if std::env::var_os(ALONE).is_none() {
        let name = "hostile::fault_f17_a_flood_of_rubbish_leaves_memory_and_disk_flat";
        let itself = std::env::current_exe().unwrap();
        let flooded =
            std::process::Command::new(itself).args(["--exact", name, "--nocapture"]).env(ALONE, "1").output().unwrap();
        let said = String::from_utf8_lossy(&flooded.stdout).into_owned() + &String::from_utf8_lossy(&flooded.stderr);
        assert!(flooded.status.success(), "{said}");
        print!("{}", said.lines().filter(|line| line.starts_with("flooded")).collect::<Vec<_>>().join("\n"));
        return;
    }
    play(async {
        let dir = TempDir::new().unwrap();
        let office = Office::open(&dir, LONG).await;
        let address = office.listen(false);
        let flood = async |rounds| {
            for _ in 0..rounds {
                join_all((0..AT_ONCE).map(|number| rubbish(&office, address, number))).await;
            }
        };
        // What is on its way at once, on both sides, is a matter of luck; the rest would grow with each round.
        flood(4).await;
        let before = resident_kib();
        flood(ROUNDS).await;
        let grown = resident_kib().saturating_sub(before);
        until("all are gone", async || (office.status().await.strangers == 0, ())).await;
        let (total, held) = (office.gate.refusals().total(), office.gate.refusals().held());
        let rows = office.refusals(1).await.len();
        println!("flooded: {total} refusals, memory grew by {grown} KiB from {before} KiB, {held} held, {rows} rows");
        assert!(total as usize >= 5 * ROUNDS * AT_ONCE);
        assert!(grown < GROWS_KIB_MAX, "{grown} KiB");
        // A minute has 65 rows at most; the flood takes two or three.
        assert!(held <= 65 && rows <= 100);
    });
}

/// One stranger of each kind, under a name that nobody had before.
async fn rubbish(office: &Office, address: SocketAddr, number: usize) {
    let lies = {
        let mut bytes = Frame::Hello(hello(&till_peer(1), "one")).encode().unwrap();
        // A body of 4 GiB, and a name of 16 EiB.
        bytes[8..12].copy_from_slice(&[0xff; 4]);
        bytes
    };
    let stranger = link::apply::Peer { name: format!("S{number}/{}", rand::random::<u32>()), ..till_peer(1) };
    let wrong = Frame::Hello(hello(&stranger, "guessed")).encode().unwrap();
    let messages = [vec![0; FRAME_BYTES_MAX + 1], vec![0xff; FRAME_BYTES_MAX], lies, b"GET /".to_vec(), wrong];
    join_all(messages.into_iter().map(async |message| {
        let (mut socket, _) = connect_async(format!("ws://{address}/link")).await.unwrap();
        // The other side may hang up before it has heard all.
        socket.send(Message::Binary(message.into())).await.ok();
        while let Some(Ok(_)) = socket.next().await {}
    }))
    .await;
    let mut line = office.connect(false);
    say(&line, Frame::Hello(keyed_hello(&stranger))).await;
    line.receiver.recv().await.unwrap();
    say(&line, Frame::Auth(Auth { certificate: vec![0x30; 3_900], signature: vec![0; 64] })).await;
    while line.receiver.recv().await.is_some() {}
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
