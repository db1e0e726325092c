//! A head office is started again, and all who were linked come back: each at its own moment, and nobody is left behind.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use link::admit::StaticTokens;
use link::apply::{Peer, PeerRole};
use link::downlinks::{self, DownlinkSettings, Downlinks};
use link::frame::{Agreed, Frame};
use link::transport::Duplex;
use link::transport::memory::MemoryHub;
use migrations::database::Database;
use runtime::node::{ChildRef, Node, Tree};
use runtime::spec::{ChildSpec, Strategy};
use tempfile::TempDir;

use crate::office::{hear, hello, say};
use crate::tables::server_database;
use crate::world::{Effects, hq_peer, memory_way, play, until};

const STORES: usize = 600;
/// 500 a second are taken back.
const ALL_BACK: Duration = Duration::from_millis(1_200);
const PART: Duration = Duration::from_millis(200);

fn peer(n: usize) -> Peer {
    Peer { name: format!("S{n}"), role: PeerRole::Store }
}

async fn head_office(database: &Database, hub: &MemoryHub) -> (Node, ChildRef<Downlinks>) {
    let tokens = Arc::new(StaticTokens::new((0..STORES).map(|n| (peer(n), "token".to_owned()))));
    let mut tree = Tree::new("hq");
    tree.group("link", Strategy::OneForOne);
    let (database, effects) = (database.clone(), Arc::new(Effects::default()));
    let downlinks = tree.child(ChildSpec::new("link/down", "downlinks", move || {
        let settings = DownlinkSettings::new(hq_peer());
        std::future::ready(Ok(Downlinks::new(database.clone(), settings, tokens.clone(), effects.clone())))
    }));
    let node = tree.start().await;
    hub.up("above", downlinks.reference());
    (node, downlinks)
}

async fn links(hub: &MemoryHub, n: usize) -> Duplex {
    let mut duplex = memory_way(hub).dial().await.unwrap();
    say(&duplex, Frame::Hello(hello(&peer(n), "token"))).await;
    let heard = hear(&mut duplex).await;
    assert!(matches!(heard, Some(Frame::Welcome(_))), "{heard:?}");
    say(&duplex, Frame::Agreed(Agreed { last_sequence: 0 })).await;
    duplex
}

/// The wait that the node above asks for when it leaves.
async fn told_to_wait(mut duplex: Duplex) -> Duration {
    while let Some(frame) = hear(&mut duplex).await {
        if let Frame::Bye(bye) = frame {
            return Duration::from_millis(u64::from(bye.retry_after_ms));
        }
    }
    panic!("nobody said goodbye");
}

async fn all_linked(downlinks: &ChildRef<Downlinks>) {
    until("all are linked", async || {
        let status = downlinks.reference().ask(downlinks::Status).await.unwrap();
        let linked = status.peers.iter().filter(|peer| peer.connected).count();
        (linked == STORES, linked)
    })
    .await;
}

#[test]
fn fault_f35_a_storm_comes_back_in_its_own_time_and_all_are_linked_again() {
    play(async {
        let dir = TempDir::new().unwrap();
        let database = server_database(&dir, "hq.db").await;
        let hub = MemoryHub::new();
        let (node, downlinks) = head_office(&database, &hub).await;
        let mut linked = Vec::new();
        for n in 0..STORES {
            linked.push(links(&hub, n).await);
        }
        all_linked(&downlinks).await;

        let goodbyes = tokio::task::spawn_local(join_all(linked.into_iter().map(told_to_wait)));
        node.shutdown().await;
        let waits = goodbyes.await.unwrap();
        assert!(waits.iter().all(|wait| *wait <= ALL_BACK), "{:?}", waits.iter().max());
        for part in 0..6 {
            let of_part = |wait: &&Duration| (PART * part..PART * (part + 1)).contains(*wait);
            let count = waits.iter().filter(of_part).count();
            assert!((50..150).contains(&count), "{count} come back in the part {part} of six, not about 100");
        }

        let (_node, downlinks) = head_office(&database, &hub).await;
        let back = waits.into_iter().enumerate().map(async |(n, wait)| {
            tokio::time::sleep(wait).await;
            links(&hub, n).await
        });
        let _linked = join_all(back).await;
        all_linked(&downlinks).await;
    });
}
