//! A head office of three processes takes receipts of many stores off the link, through NATS, and writes them to PostgreSQL;
//! beside bare inserts of the very same rows on the same server. All of it shares this machine: stores, processes, broker and
//! database.

use std::time::{Duration, Instant};

use link::apply::{Peer, PeerRole};
use link::chain::Place;
use link::session::sending::BATCH_DOCUMENTS_MAX;
use link::uplink::SetLine;
use migrations::{ServerMigrator, scratch};

use crate::ledger;
use crate::linked_store::Store;
use crate::office::Office;
use crate::table::{Table, median, rate};

const STORES: usize = 8;
/// Full batches of each store in a turn.
const BATCHES: usize = 2;
const TURNS: usize = 5;
const LOOK_EVERY: Duration = Duration::from_millis(20);
const TURN_WITHIN: Duration = Duration::from_secs(300);

pub(crate) async fn measure(table: &mut Table) {
    if std::env::var_os(scratch::SERVER).is_none() {
        return table.note(format!("three processes are not measured: {} names no server", scratch::SERVER));
    }
    let mut office = Office::open().await;
    for (name, roles) in [("gate", "gateway"), ("ingest", "ingest"), ("web", "ingest,root,web")] {
        office.start(name, roles).await;
    }
    office.shares_are("ingest web", [32, 32]).await;
    let stores = Store::several(&office, "gate", STORES).await;
    let folder = tempfile::tempdir().expect("a folder");
    let bare = scratch::open::<ServerMigrator>(folder.path(), "bare.sqlite").await;
    let scratch = scratch::open::<ServerMigrator>(folder.path(), "scratch.sqlite").await;
    let peer = Peer { name: "S1".to_owned(), role: PeerRole::Store };
    let (mut place, mut number, mut name) = (Place::default(), 0, 0);
    let (mut office_s, mut bare_s, mut ratios) = (vec![], vec![], vec![]);
    let count = (STORES * BATCHES * BATCH_DOCUMENTS_MAX) as u64;
    for _ in 0..TURNS {
        for store in &stores {
            line(store, false).await;
            let next = store.sold() + 1;
            let upto = next + (BATCHES * BATCH_DOCUMENTS_MAX) as u64;
            store.closes((next..upto).map(|number| ledger::receipt(&store.name, number)).collect()).await;
        }
        let began = Instant::now();
        for store in &stores {
            line(store, true).await;
        }
        tokio::time::timeout(TURN_WITHIN, all_sent(&stores)).await.expect("a turn ends");
        let by_office = began.elapsed();

        let mut by_inserts = Duration::ZERO;
        for _ in 0..STORES * BATCHES {
            let batch = ledger::batch(&mut place, &mut number);
            name += 1;
            let rows = ledger::rows_of(&scratch, &peer, &batch, name).await;
            let began = Instant::now();
            ledger::insert(&bare, rows).await;
            by_inserts += began.elapsed();
        }
        office_s.push(rate(count, by_office));
        bare_s.push(rate(count, by_inserts));
        ratios.push(by_inserts.as_secs_f64() / by_office.as_secs_f64());
    }
    office.has_all_of(&stores).await;
    table.row(
        "head office of three processes: receipts applied",
        format!("{:.0} /s", median(office_s)),
        format!("bare inserts of the same rows: {:.0} /s", median(bare_s)),
        median(ratios),
    );
    table.note(format!(
        "{STORES} stores, {count} receipts in each of {TURNS} turns, from the line's mending to the last acknowledgement; bare inserts {BATCH_DOCUMENTS_MAX} a transaction",
    ));
}

async fn line(store: &Store, up: bool) {
    store.uplink.reference::<SetLine>().ask(SetLine { up }).await.expect("the uplink runs");
}

async fn all_sent(stores: &[Store]) {
    for store in stores {
        while store.unsent().await > 0 {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}
