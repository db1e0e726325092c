//! Documents go up, once and in order.

use std::sync::Arc;

use domain::ids::TillId;
use link::inbox::parked;
use link::requests::{AskAbove, RequestError};
use link::transport::memory::MemoryHub;
use link::transport::websocket::WebSocketDial;
use link::{apply, downlinks, outbox, uplink};
use runtime::actor::Handle;
use tempfile::TempDir;

use crate::world::{Effects, Server, Till, effects, memory_way, play, store, until, upto};

/// Assert that `Uplink` takes what features send to it.
fn _asks<A: Handle<AskAbove>>() {}
const _: fn() = _asks::<uplink::Uplink>;

async fn delivered(server: &Server, till: &Till, count: u64) {
    until("documents are applied", async || {
        let done = effects(&server.database, till.number).await;
        (done.len() as u64 >= count, done.len())
    })
    .await;
    assert_eq!(effects(&server.database, till.number).await, upto(count));
    until("the outbox is empty", async || {
        let unsent = outbox::unsent(&till.database.reader).await.unwrap();
        (unsent.count == 0, unsent)
    })
    .await;
    let made = outbox::chain_head(&till.database.reader, &store(), TillId(till.number)).await.unwrap();
    let there = apply::origin_head(&server.database.reader, &store(), TillId(till.number)).await.unwrap();
    assert_eq!(made, there);
}

#[test]
fn documents_of_two_tills_arrive_in_order() {
    play(async {
        let dir = TempDir::new().unwrap();
        let hub = MemoryHub::new();
        let server = Server::start(&dir, "store.db").await;
        hub.up("above", server.acceptor());
        let one = Till::start(&dir, 1, "one", memory_way(&hub)).await;
        let two = Till::start(&dir, 2, "two", memory_way(&hub)).await;
        one.sell(40).await;
        two.sell(25).await;
        delivered(&server, &one, 40).await;
        delivered(&server, &two, 25).await;

        let status = one.status().await;
        assert!(status.connected && status.lag == 0 && status.next == 41, "{status:?}");
        let status = server.status().await;
        assert_eq!(
            status.peers.iter().map(|peer| (peer.name.as_str(), peer.applied)).collect::<Vec<_>>(),
            [("S1/1", 40), ("S1/2", 25)]
        );
        let seen = one.node.look().await.unwrap();
        assert_eq!(seen.children[0].state.as_ref().unwrap()["connected"], true);
    });
}

#[test]
fn a_web_socket_carries_the_same() {
    play(async {
        let dir = TempDir::new().unwrap();
        let server = Server::start(&dir, "store.db").await;
        let (address, handle) = crate::world::serve(server.acceptor());

        let till = Till::start(&dir, 1, "one", Arc::new(WebSocketDial::new(&format!("ws://{address}")))).await;
        crate::world::sell_at_once(&till.database, 1, 1_200).await;
        till.sell(3).await;
        delivered(&server, &till, 1_203).await;
        let answer = till.uplink.reference().ask(AskAbove { type_id: 1, body: b"R-7".to_vec() }).await.unwrap();
        assert_eq!(answer.unwrap(), b"S1/1: R-7");
        handle.stop(false).await;
    });
}

#[test]
fn a_store_relays_to_the_head_office_and_the_heads_agree() {
    play(async {
        let dir = TempDir::new().unwrap();
        let (hub, upper) = (MemoryHub::new(), MemoryHub::new());
        let hq = Server::start(&dir, "hq.db").await;
        upper.up("above", hq.acceptor());
        let shop = Server::start_with(&dir, "store.db", Effects::default(), Some(memory_way(&upper))).await;
        hub.up("above", shop.acceptor());
        let one = Till::start(&dir, 1, "one", memory_way(&hub)).await;
        let two = Till::start(&dir, 2, "two", memory_way(&hub)).await;
        one.sell(30).await;
        two.sell(30).await;
        delivered(&shop, &one, 30).await;
        delivered(&shop, &two, 30).await;
        until("the head office has all", async || {
            let heads = apply::origin_heads(&hq.database.reader).await.unwrap();
            let theirs = apply::origin_heads(&shop.database.reader).await.unwrap();
            (heads == theirs, heads.len())
        })
        .await;
        assert_eq!(effects(&hq.database, 1).await, upto(30));
        assert_eq!(effects(&hq.database, 2).await, upto(30));
    });
}

#[test]
fn fault_f29_a_document_that_cannot_be_applied_holds_up_only_its_till() {
    play(async {
        let dir = TempDir::new().unwrap();
        let hub = MemoryHub::new();
        let server = Server::start(&dir, "store.db").await;
        server.effects.bad.lock().unwrap().extend([5, 8]);
        let till = Till::start(&dir, 1, "one", memory_way(&hub)).await;
        crate::world::sell_at_once(&till.database, 1, 10).await;
        hub.up("above", server.acceptor());
        until("all is received", async || {
            let parked = parked::count(&server.database.reader).await.unwrap();
            (parked == 6, parked)
        })
        .await;
        assert_eq!(effects(&server.database, 1).await, upto(4));
        // What comes later waits behind them, and is acknowledged.
        till.sell(2).await;
        until("the outbox is empty", async || {
            let unsent = outbox::unsent(&till.database.reader).await.unwrap();
            (unsent.count == 0, unsent)
        })
        .await;
        let listed = parked::list(&server.database.reader, 100).await.unwrap();
        assert_eq!(listed.iter().map(|parked| parked.sequence).collect::<Vec<_>>(), [5, 6, 7, 8, 9, 10, 11, 12]);
        assert_eq!(listed[0].reason, "the goods are not known");
        assert!(listed[1].reason.contains("waits behind"));

        let retry = async || server.downlinks.reference().ask(downlinks::RetryParked).await.unwrap().unwrap();
        let retried = retry().await;
        assert_eq!((retried.applied, retried.left), (0, 8));
        server.effects.bad.lock().unwrap().remove(&5);
        let retried = retry().await;
        assert_eq!((retried.applied, retried.left, retried.held_up[0].1), (3, 5, 8));
        server.effects.bad.lock().unwrap().clear();
        assert_eq!(retry().await.left, 0);
        till.sell(1).await;
        delivered(&server, &till, 13).await;
    });
}

#[test]
fn fault_f30_a_document_of_a_newer_kind_is_kept_acknowledged_and_applied_after_the_upgrade() {
    play(async {
        let dir = TempDir::new().unwrap();
        let hub = MemoryHub::new();
        let server = Server::start(&dir, "store.db").await;
        server.effects.unknown.lock().unwrap().insert(2);
        hub.up("above", server.acceptor());
        let till = Till::start(&dir, 1, "one", memory_way(&hub)).await;
        till.sell(3).await;
        until("two are parked", async || {
            let parked = parked::count(&server.database.reader).await.unwrap();
            (parked == 2, parked)
        })
        .await;
        until("all are acknowledged", async || {
            let acked = till.status().await.acked;
            (acked == 3, acked)
        })
        .await;
        hub.down("above");
        let server = server.restart(&dir).await;
        hub.up("above", server.acceptor());
        delivered(&server, &till, 3).await;
    });
}

#[test]
fn a_question_is_answered_or_fails_in_time() {
    play(async {
        let dir = TempDir::new().unwrap();
        let hub = MemoryHub::new();
        let server = Server::start(&dir, "store.db").await;
        let till = Till::start(&dir, 1, "one", memory_way(&hub)).await;
        let ask = async |type_id| till.uplink.reference().ask(AskAbove { type_id, body: Vec::new() }).await.unwrap();
        assert_eq!(ask(1).await, Err(RequestError::NoLine));
        hub.up("above", server.acceptor());
        until("linked", async || (till.status().await.connected, ())).await;
        assert_eq!(ask(1).await, Ok(b"S1/1: ".to_vec()));
        assert_eq!(ask(2).await, Err(RequestError::Deadline));
        assert_eq!(ask(9).await, Err(RequestError::Refused("no such question".to_owned())));

        let cut = uplink::SetLine { up: false };
        till.uplink.reference().ask(cut).await.unwrap();
        until("the line is cut", async || (!till.status().await.connected, ())).await;
        assert_eq!(ask(1).await, Err(RequestError::NoLine));
        till.sell(2).await;
        assert_eq!(till.status().await.lag, 2);
        till.uplink.reference().ask(uplink::SetLine { up: true }).await.unwrap();
        delivered(&server, &till, 2).await;
    });
}
