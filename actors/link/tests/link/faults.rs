//! What breaks in between: cut lines, lost acknowledgements, spoilt bytes, forged histories, strangers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use link::downlinks::SetLine;
use link::frame::Frame;
use link::outbox;
use link::transport::Dial;
use link::transport::memory::MemoryHub;
use sea_orm::ConnectionTrait;
use tempfile::TempDir;

use crate::world::{
    Fate, FaultyDial, Server, Till, Way, effects, memory_way, play, sell_at_once, till_peer, until, upto,
};

fn faulty(hub: &MemoryHub, fault: impl Fn(Way, &mut Vec<u8>) -> Fate + Send + Sync + 'static) -> Arc<dyn Dial> {
    Arc::new(FaultyDial { inner: memory_way(hub), fault: Arc::new(fault) })
}

async fn applied(server: &Server, till: u32, count: u64) {
    until("documents are applied", async || {
        let done = effects(&server.database, till).await.len() as u64;
        (done >= count, done)
    })
    .await;
    assert_eq!(effects(&server.database, till).await, upto(count));
}

#[test]
fn both_sides_restarted_in_mid_stream_lose_and_double_nothing() {
    play(async {
        let dir = TempDir::new().unwrap();
        let hub = MemoryHub::new();
        let mut server = Server::start(&dir, "store.db").await;
        hub.up("above", server.acceptor());
        let mut till = Till::start(&dir, 1, "one", memory_way(&hub)).await;
        sell_at_once(&till.database, 1, 4_000).await;
        for round in 1..=3 {
            till.sell(5).await;
            let wanted = round * 300;
            until("some are applied", async || {
                let done = effects(&server.database, 1).await.len();
                (done >= wanted, done)
            })
            .await;
            hub.down("above");
            server = server.restart(&dir).await;
            till = till.restart(&dir).await;
            hub.up("above", server.acceptor());
        }
        applied(&server, 1, 4_015).await;
    });
}

#[test]
fn a_lost_acknowledgement_doubles_nothing() {
    play(async {
        let dir = TempDir::new().unwrap();
        let hub = MemoryHub::new();
        let server = Server::start(&dir, "store.db").await;
        hub.up("above", server.acceptor());
        let acks = Arc::new(AtomicU32::new(0));
        let counted = acks.clone();
        let dial = faulty(&hub, move |_, frame| match Frame::decode(frame) {
            // The acknowledgement is lost with its connection, three times.
            Ok(Frame::Ack(_)) if counted.fetch_add(1, Ordering::AcqRel) < 3 => Fate::Cut,
            _ => Fate::Pass,
        });
        let till = Till::start(&dir, 1, "one", dial).await;
        for _ in 0..5 {
            till.sell(10).await;
        }
        applied(&server, 1, 50).await;
        assert!(acks.load(Ordering::Acquire) > 3);
        assert!(till.status().await.sessions >= 4);
    });
}

#[test]
fn a_wrong_token_is_refused_with_a_sentence() {
    play(async {
        let dir = TempDir::new().unwrap();
        let hub = MemoryHub::new();
        let server = Server::start(&dir, "store.db").await;
        hub.up("above", server.acceptor());
        let till = Till::start(&dir, 1, "wrong", memory_way(&hub)).await;
        till.sell(1).await;
        let status = until("refused more than once", async || {
            let status = server.status().await;
            (status.refused >= 2, status)
        })
        .await;
        assert!(status.peers.is_empty());
        assert_eq!(status.last_refusal.unwrap(), "till \"S1/1\" is not admitted: check its name and its token");
        let seen = till.status().await;
        assert!(!seen.connected && seen.lag == 1);
        assert!(seen.last_error.unwrap().contains("not admitted"));
        assert!(effects(&server.database, 1).await.is_empty());
    });
}

#[test]
fn a_flipped_bit_closes_the_line_and_loses_nothing() {
    play(async {
        let dir = TempDir::new().unwrap();
        let hub = MemoryHub::new();
        let server = Server::start(&dir, "store.db").await;
        hub.up("above", server.acceptor());
        let flips = Arc::new(AtomicUsize::new(0));
        let (counted, spared) = (flips.clone(), AtomicBool::new(true));
        // One bit of each session, whichever way it goes.
        let dial = faulty(&hub, move |_, frame| {
            match Frame::decode(frame) {
                Ok(Frame::Hello(_)) => spared.store(true, Ordering::Release),
                Ok(Frame::Data(_) | Frame::Ack(_)) if spared.swap(false, Ordering::AcqRel) => {
                    let flip = counted.load(Ordering::Acquire);
                    if flip < 6 {
                        counted.store(flip + 1, Ordering::Release);
                        let at = (flip * 7919) % frame.len();
                        frame[at] ^= 1 << (flip % 8);
                    }
                }
                _ => {}
            }
            Fate::Pass
        });
        let till = Till::start(&dir, 1, "one", dial).await;
        sell_at_once(&till.database, 1, 1_500).await;
        till.sell(1).await;
        applied(&server, 1, 1_501).await;
        let (sessions, flips) = (till.status().await.sessions, flips.load(Ordering::Acquire));
        assert!(flips == 6 && sessions > 6, "{flips} bits were flipped, {sessions} sessions were opened");
    });
}

#[test]
fn a_lost_frame_is_asked_for_again() {
    play(async {
        let dir = TempDir::new().unwrap();
        let hub = MemoryHub::new();
        let server = Server::start(&dir, "store.db").await;
        hub.up("above", server.acceptor());
        let lost = Arc::new(AtomicBool::new(false));
        let once = lost.clone();
        let dial = faulty(&hub, move |_, frame| match Frame::decode(frame) {
            Ok(Frame::Data(_)) if !once.swap(true, Ordering::AcqRel) => Fate::Lose,
            _ => Fate::Pass,
        });
        let till = Till::start(&dir, 1, "one", dial).await;
        sell_at_once(&till.database, 1, 900).await;
        till.sell(1).await;
        applied(&server, 1, 901).await;
        assert_eq!(till.status().await.sessions, 1);
    });
}

#[test]
fn a_forked_history_is_refused_and_named() {
    play(async {
        let dir = TempDir::new().unwrap();
        let hub = MemoryHub::new();
        let server = Server::start(&dir, "store.db").await;
        hub.up("above", server.acceptor());
        let till = Till::start(&dir, 1, "one", memory_way(&hub)).await;
        till.sell(5).await;
        applied(&server, 1, 5).await;
        hub.down("above");
        sell_at_once(&till.database, 1, 3).await;
        // Somebody rewrites a document that has its place in the chain.
        let sql = "UPDATE outbox SET body = CAST('forged' AS BLOB) WHERE seq = 7";
        till.database.writer.execute_unprepared(sql).await.unwrap();
        hub.up("above", server.acceptor());
        let incident = until("the incident is seen", async || {
            let status = server.status().await;
            (status.peers[0].incident.is_some(), status)
        })
        .await;
        let sentence = incident.peers[0].incident.clone().unwrap();
        assert!(sentence.starts_with("fork: document 7 of S1/1"), "{sentence}");
        assert_eq!(effects(&server.database, 1).await, upto(5), "nothing of the forked batch may be applied");
        let seen = until("the till knows why", async || {
            let status = till.status().await;
            (status.last_error.as_deref().is_some_and(|error| error.starts_with("fork")), status)
        })
        .await;
        assert!(!seen.connected && seen.lag == 3);
    });
}

#[test]
fn a_database_that_fails_is_tried_again_and_then_the_session_ends() {
    play(async {
        let dir = TempDir::new().unwrap();
        let hub = MemoryHub::new();
        let server = Server::start(&dir, "store.db").await;
        server.effects.failures.store(4, Ordering::Release);
        hub.up("above", server.acceptor());
        let till = Till::start(&dir, 1, "one", memory_way(&hub)).await;
        till.sell(20).await;
        applied(&server, 1, 20).await;
        assert!(till.status().await.sessions >= 2);
        assert!(server.effects.batches.load(Ordering::Acquire) >= 5);
    });
}

#[test]
fn the_upper_node_cuts_one_line_and_mends_it() {
    play(async {
        let dir = TempDir::new().unwrap();
        let hub = MemoryHub::new();
        let server = Server::start(&dir, "store.db").await;
        hub.up("above", server.acceptor());
        let one = Till::start(&dir, 1, "one", memory_way(&hub)).await;
        let two = Till::start(&dir, 2, "two", memory_way(&hub)).await;
        one.sell(1).await;
        two.sell(1).await;
        applied(&server, 1, 1).await;
        applied(&server, 2, 1).await;
        let set = async |up| {
            let order = SetLine { peer: till_peer(1).name, up };
            server.downlinks.reference().ask(order).await.unwrap();
        };
        set(false).await;
        until("the line is cut", async || (!one.status().await.connected, ())).await;
        one.sell(3).await;
        two.sell(3).await;
        applied(&server, 2, 4).await;
        assert_eq!(effects(&server.database, 1).await, upto(1));
        assert_eq!(server.status().await.cut, ["S1/1"]);
        set(true).await;
        applied(&server, 1, 4).await;
    });
}

#[test]
fn a_slow_receiver_leaves_documents_on_disk() {
    play(async {
        let dir = TempDir::new().unwrap();
        let hub = MemoryHub::new();
        let server = Server::start(&dir, "store.db").await;
        hub.up("above", server.acceptor());
        let till = Till::start(&dir, 1, "one", memory_way(&hub)).await;
        until("the receiver knows it", async || (server.status().await.peers.len() == 1, ())).await;
        // The line is known for a good one.
        sell_at_once(&till.database, 1, 3_999).await;
        till.sell(1).await;
        applied(&server, 1, 4_000).await;
        until("all of it is put aside", async || {
            let count = outbox::unsent(&till.database.reader).await.unwrap().count;
            (count == 0, count)
        })
        .await;
        // The database of the receiver is held by somebody else.
        let held = server.database.begin().await.unwrap();
        sell_at_once(&till.database, 1, 6_000).await;
        till.sell(1).await;
        let seen = until("the window is full", async || {
            let status = till.status().await;
            (status.in_flight >= 1_000, status)
        })
        .await;
        assert_eq!((seen.in_flight, seen.lag), (1_000, 6_001));
        let peer = server.status().await.peers.remove(0);
        assert!(peer.pending <= 1_000, "{peer:?}");
        assert_eq!(outbox::unsent(&till.database.reader).await.unwrap().count, 6_001);
        held.rollback().await.unwrap();
        applied(&server, 1, 10_001).await;
    });
}

#[test]
fn nodes_on_threads_of_their_own_link_through_memory() {
    let dir = TempDir::new().unwrap();
    let hub = MemoryHub::new();
    let (path, upper) = (dir.path().to_owned(), hub.clone());
    let (started, is_started) = std::sync::mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let thread = std::thread::spawn(move || {
        play(async move {
            let dir = tempfile::Builder::new().tempdir_in(path).unwrap();
            let server = Server::start(&dir, "store.db").await;
            upper.up("above", server.acceptor());
            started.send(server.database.clone()).unwrap();
            stopped.await.ok();
        });
    });
    let theirs = is_started.recv().unwrap();
    play(async {
        let till = Till::start(&dir, 1, "one", memory_way(&hub)).await;
        till.sell(20).await;
        until("documents are applied", async || {
            let done = effects(&theirs, 1).await;
            (done == upto(20), done.len())
        })
        .await;
    });
    stop.send(()).unwrap();
    thread.join().unwrap();
}
