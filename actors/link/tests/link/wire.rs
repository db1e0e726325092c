//! The failure matrix over real sockets: what bad lines and broken machines do between two nodes. After each fault every
//! document is applied once and in order.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use chrono::DateTime;
use link::downlinks::DownlinkSettings;
use link::requests::{AskAbove, RequestError};
use link::session::alive::Patience;
use link::transport::websocket::WebSocketDial;
use link::uplink::UplinkSettings;
use runtime::clock::Clock;
use tempfile::TempDir;

use crate::faultproxy::{Fault, FaultProxy, Spoil, Way};
use crate::tables::till_database;
use crate::world::{Effects, MADE_MS, Server, Till, effects, play, sell_at_once, serve, until, upto};

/// The kinds of frames that are spoilt.
const DATA: u8 = 5;
const ACK: u8 = 6;
/// A minute of silence, told in seconds.
const IMPATIENT: Patience =
    Patience { ping_every: Duration::from_millis(400), dead_after: Duration::from_millis(1_500) };
const YEAR_MS: i64 = 365 * 24 * 60 * 60 * 1_000;

/// A till and its store with a bad line between them.
struct Wire {
    dir: TempDir,
    server: Server,
    till: Till,
    proxy: FaultProxy,
    http: ServerHandle,
}

impl Wire {
    async fn new() -> Wire {
        Wire::tuned(|down| down, |up| up).await
    }

    async fn tuned(
        down: impl Fn(DownlinkSettings) -> DownlinkSettings + 'static,
        up: impl Fn(UplinkSettings) -> UplinkSettings + 'static,
    ) -> Wire {
        let dir = TempDir::new().unwrap();
        let server = Server::tuned(&dir, "store.db", Effects::default(), None, down).await;
        let (address, http) = serve(server.acceptor());
        let proxy = FaultProxy::to(address).await;
        let dial = Arc::new(WebSocketDial::new(&format!("ws://{}", proxy.address())));
        let till = Till::tuned(till_database(&dir, "till1.db").await, 1, "one", dial, up).await;
        until("linked", async || (till.status().await.connected, ())).await;
        Wire { dir, server, till, proxy, http }
    }

    /// Everything is applied, once and in order, and the till knows it.
    async fn applied(&self, count: u64) {
        until("documents are applied", async || {
            let done = effects(&self.server.database, 1).await.len() as u64;
            (done >= count, done)
        })
        .await;
        assert_eq!(effects(&self.server.database, 1).await, upto(count));
        until("the till knows it", async || {
            let status = self.till.status().await;
            (status.lag == 0, status)
        })
        .await;
    }

    async fn spoilt(&self, count: u64) {
        until("messages are spoilt", async || (self.proxy.counters().spoilt == count, self.proxy.counters())).await;
    }

    async fn end(self) {
        self.http.stop(false).await;
        drop(self.dir);
    }
}

#[test]
fn fault_f03_a_node_that_dies_in_mid_batch_applies_it_once() {
    play(async {
        let Wire { dir, server, till, proxy, http } = Wire::new().await;
        server.effects.hangs.store(1, Ordering::Release);
        sell_at_once(&till.database, 1, 300).await;
        till.sell(1).await;
        until("it stands in mid-batch", async || (server.effects.hangs.load(Ordering::Acquire) == 0, ())).await;
        assert!(effects(&server.database, 1).await.is_empty(), "nobody sees half a batch");
        http.stop(false).await;
        let server = server.restart(&dir).await;
        assert!(effects(&server.database, 1).await.is_empty(), "it was rolled back");
        let (address, http) = serve(server.acceptor());
        proxy.aim(address);
        proxy.cut_all();
        Wire { dir, server, till, proxy, http }.applied(301).await;
    });
}

#[test]
fn fault_f04_an_upper_node_that_vanishes_ends_what_was_asked_and_is_dialled_again() {
    play(async {
        let wire = Wire::new().await;
        let never = wire.till.uplink.reference();
        let asked = tokio::task::spawn_local(async move { never.ask(AskAbove { type_id: 2, body: Vec::new() }).await });
        until("it is asked", async || (wire.server.effects.asked.load(Ordering::Acquire) == 1, ())).await;
        wire.proxy.set(Fault::Refuse);
        wire.proxy.cut_all();
        assert_eq!(asked.await.unwrap().unwrap(), Err(RequestError::NoLine), "not left to its deadline");
        wire.till.sell(5).await;
        until("it is dialled in vain", async || (wire.proxy.counters().refused >= 3, wire.proxy.counters())).await;
        wire.proxy.set(Fault::None);
        wire.applied(5).await;
        wire.end().await;
    });
}

#[test]
fn fault_f11_a_half_open_line_is_given_up_and_loses_nothing() {
    play(async {
        let wire = Wire::tuned(|down| down.patience(IMPATIENT), |up| up.patience(IMPATIENT)).await;
        let mut sold = 5;
        wire.till.sell(sold).await;
        wire.applied(sold).await;
        // Both are cut off from each other, then only the upper from the lower.
        for ways in [&[Way::Up, Way::Down][..], &[Way::Up]] {
            let (sessions, swallowed) = (wire.till.status().await.sessions, wire.proxy.counters().swallowed);
            ways.iter().for_each(|way| wire.proxy.set_way(*way, Fault::Swallow));
            wire.till.sell(10).await;
            sold += 10;
            until("it is swallowed", async || (wire.proxy.counters().swallowed > swallowed, ())).await;
            assert!(effects(&wire.server.database, 1).await.len() < sold as usize);
            // What is dialled next goes through; that line stays dead.
            wire.proxy.set(Fault::None);
            wire.applied(sold).await;
            assert!(wire.till.status().await.sessions > sessions);
        }
        let server = wire.server.status().await.peers.remove(0);
        assert_eq!(server.last_error.as_deref(), Some("nothing was heard for 1.5 seconds"));
        wire.end().await;
    });
}

#[test]
fn fault_f12_a_flapping_line_gets_on_in_every_window_and_is_dialled_ever_later() {
    const ROUNDS: u64 = 16;
    const SHORTEST_MS: u64 = 5;
    play(async {
        let (least, most) = (Duration::from_millis(SHORTEST_MS), Duration::from_millis(100));
        let wire = Wire::tuned(|down| down, move |up| up.reconnect(least, most)).await;
        let mut longest = 0;
        for round in 1..=ROUNDS {
            wire.till.sell(3).await;
            wire.applied(round * 3).await;
            wire.proxy.cut_all();
            let next = until("dialled again", async || {
                let status = wire.till.status().await;
                (status.connected && status.sessions > round, status)
            })
            .await;
            longest = longest.max(next.waits_ms.unwrap_or_default());
        }
        assert_eq!(wire.proxy.counters().connections, ROUNDS + 1, "one for each window");
        // A wait that began anew each time would never be longer than this.
        assert!(longest > 3 * SHORTEST_MS, "{longest} ms was the longest wait");
        wire.end().await;
    });
}

#[test]
fn fault_f14_doubled_frames_double_nothing() {
    play(async {
        let wire = Wire::new().await;
        wire.proxy.set_way(Way::Up, Fault::Spoil { how: Spoil::Double, kind: DATA, times: 3 });
        wire.proxy.set_way(Way::Down, Fault::Spoil { how: Spoil::Double, kind: ACK, times: 3 });
        for round in 1..=3 {
            wire.till.sell(20).await;
            wire.applied(round * 20).await;
        }
        wire.spoilt(6).await;
        assert_eq!(wire.till.status().await.sessions, 1, "it is nothing to end a session for");
        wire.end().await;
    });
}

#[test]
fn fault_f15_lost_and_overtaken_frames_are_asked_for_again() {
    play(async {
        let wire = Wire::new().await;
        for (round, how) in (1..).zip([Spoil::Lose, Spoil::Swap]) {
            wire.proxy.set_way(Way::Up, Fault::Spoil { how, kind: DATA, times: 1 });
            // More than one batch takes, so that another frame follows.
            sell_at_once(&wire.till.database, 1, 899).await;
            wire.till.sell(1).await;
            wire.applied(round * 900).await;
            wire.spoilt(round).await;
        }
        assert_eq!(wire.till.status().await.sessions, 1, "it is nothing to end a session for");
        wire.end().await;
    });
}

#[test]
fn fault_f16_a_flipped_bit_is_never_applied() {
    const FLIPS: u64 = 8;
    play(async {
        let wire = Wire::new().await;
        for flip in 1..=FLIPS {
            let (way, kind) = if flip % 2 == 0 { (Way::Up, DATA) } else { (Way::Down, ACK) };
            wire.proxy.set_way(way, Fault::Spoil { how: Spoil::FlipBit, kind, times: 1 });
            wire.till.sell(10).await;
            wire.spoilt(flip).await;
            wire.applied(flip * 10).await;
            let error = wire.till.status().await.last_error.unwrap_or_default();
            assert!(error.starts_with("a frame was refused"), "{error}");
        }
        assert!(wire.till.status().await.sessions > FLIPS, "each ends its session");
        wire.end().await;
    });
}

#[test]
fn fault_f26_a_wrong_clock_is_seen_and_stops_nothing() {
    const DAY_MS: i64 = YEAR_MS / 365;
    play(async {
        let right = Clock::by_hand(DateTime::from_timestamp_millis(MADE_MS).unwrap().fixed_offset());
        let wire = Wire::tuned(move |down| down.clock(right.clone()), |up| up).await;
        let cases = [(0, None), (YEAR_MS, Some(YEAR_MS)), (0, None), (-DAY_MS, Some(-DAY_MS)), (60_000, None)];
        for (round, (wrong_by, seen)) in (1..).zip(cases) {
            wire.till.sell_at(MADE_MS + wrong_by, 2).await;
            wire.applied(2 * round).await;
            let peer = wire.server.status().await.peers.remove(0);
            assert_eq!(peer.clock_ahead_ms, seen, "a clock that is wrong by {wrong_by} ms");
        }
        // Time-outs count on the machine, not on a clock that people set.
        let ask = AskAbove { type_id: 2, body: Vec::new() };
        assert_eq!(wire.till.uplink.reference().ask(ask).await.unwrap(), Err(RequestError::Deadline));
        assert_eq!(wire.till.status().await.sessions, 1);
        wire.end().await;
    });
}
