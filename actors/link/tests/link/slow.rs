//! A bad line: what somebody waits for does not wait behind a catalogue.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use link::requests::put;
use link::transport::memory::{self, MemoryHub};
use link::transport::{Dial, DialError, Duplex};
use messages::v1::catalogue::ITEMS;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::world::{Server, Till, effects, memory_way, play, sell_at_once, until, upto};

/// A wire of 20 kbit/s on which everything takes a second each way.
const BYTES_PER_SECOND: f64 = 2_500.0;
const LATENCY: Duration = Duration::from_secs(1);
/// Frames that the wire holds: more wait with whoever sends.
const HELD_MAX: usize = 256;

struct SlowDial(Arc<dyn Dial>);

impl Dial for SlowDial {
    fn dial(&self) -> BoxFuture<'_, Result<Duplex, DialError>> {
        async move {
            let far = self.0.dial().await?;
            let (ours, near) = memory::pair();
            tokio::spawn(slow(near.receiver, far.sender));
            tokio::spawn(slow(far.receiver, near.sender));
            Ok(ours)
        }
        .boxed()
    }

    fn to(&self) -> String {
        self.0.to()
    }
}

async fn slow(mut from: mpsc::Receiver<Vec<u8>>, to: mpsc::Sender<Vec<u8>>) {
    let (held, mut due) = mpsc::channel::<(Instant, Vec<u8>)>(HELD_MAX);
    tokio::spawn(async move {
        while let Some((at, frame)) = due.recv().await {
            tokio::time::sleep_until(at).await;
            if to.send(frame).await.is_err() {
                return;
            }
        }
    });
    while let Some(frame) = from.recv().await {
        tokio::time::sleep(Duration::from_secs_f64(frame.len() as f64 / BYTES_PER_SECOND)).await;
        if held.send((Instant::now() + LATENCY, frame)).await.is_err() {
            return;
        }
    }
}

#[test]
fn fault_f13_a_request_and_a_receipt_do_not_wait_behind_a_catalogue_on_a_slow_line() {
    play(async {
        let dir = TempDir::new().unwrap();
        let hub = MemoryHub::new();
        let server = Server::start(&dir, "store.db").await;
        hub.up("above", server.acceptor());
        let hash =
            |n: u32| Sha256::digest(n.to_le_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let rows =
            (0..30_000).map(|n| (format!("{n:07}"), format!("{}{}", hash(n), hash(n + 1)).into_bytes())).collect();
        let transaction = server.database.begin().await.unwrap();
        let head = link::datasets::put(&transaction, ITEMS, rows).await.unwrap();
        transaction.commit().await.unwrap();
        let till = Till::start(&dir, 1, "one", Arc::new(SlowDial(memory_way(&hub)))).await;
        let loaded = async || link::datasets::version(&till.database.reader, ITEMS).await.unwrap();
        until("goods come", async || {
            let loaded = loaded().await;
            (loaded > 100, loaded)
        })
        .await;
        let mut before = loaded().await;
        for round in 1..=4 {
            let asked = Instant::now();
            let answer = put(&till.uplink.reference(), 1, b"who?".to_vec(), Duration::from_secs(3)).await;
            assert_eq!(answer.as_deref(), Ok(&b"S1/1: who?"[..]), "round {round}, after {:?}", asked.elapsed());
            till.sell(1).await;
            until("the receipt is acknowledged", async || {
                let acked = till.status().await.acked;
                (acked == round, acked)
            })
            .await;
            assert!(asked.elapsed() < Duration::from_secs(7), "an answer and a receipt took {:?}", asked.elapsed());
            let now = loaded().await;
            assert!(now > before && now < head, "goods go on meanwhile: {before}, {now} of {head}");
            before = now;
        }
        assert_eq!(effects(&server.database, 1).await, upto(4));
        assert_eq!(till.status().await.sessions, 1);
    });
}

#[test]
fn fault_f13_a_request_does_not_wait_behind_a_backlog_on_a_slow_line() {
    play(async {
        let dir = TempDir::new().unwrap();
        let hub = MemoryHub::new();
        let server = Server::start(&dir, "store.db").await;
        hub.up("above", server.acceptor());
        let till = Till::start(&dir, 1, "one", Arc::new(SlowDial(memory_way(&hub)))).await;
        sell_at_once(&till.database, 1, 2_000).await;
        till.sell(1).await;
        let acked = async || till.status().await.acked;
        until("the backlog begins to go", async || {
            let acked = acked().await;
            (acked > 20, acked)
        })
        .await;
        let mut before = acked().await;
        for round in 1..=4 {
            let asked = Instant::now();
            let answer = put(&till.uplink.reference(), 1, b"who?".to_vec(), Duration::from_secs(4)).await;
            assert_eq!(answer.as_deref(), Ok(&b"S1/1: who?"[..]), "round {round}, after {:?}", asked.elapsed());
            until("documents go on meanwhile", async || {
                let acked = acked().await;
                (acked > before, acked)
            })
            .await;
            before = acked().await;
        }
        assert!(before < 2_000, "all went before the questions were answered");
        assert_eq!(till.status().await.sessions, 1);
    });
}
