//! The rules of datasets and of life signs, told as scripts.

use std::collections::BTreeSet;
use std::time::Duration;

use link::datasets::Change;
use link::frame::DatasetChunk;
use link::session::alive::{Alive, DEAD_AFTER, Due, PING_EVERY};
use link::session::giving::{CHUNKS_IN_FLIGHT_MAX, Giving};
use link::session::taking::{COLLECTED_ROWS_MAX, Have, Taking};
use tokio::time::Instant;

const ITEMS: &str = "items";

fn chunk(after: u64, upto: u64, more: bool) -> DatasetChunk {
    let rows = (after + 1..=upto)
        .map(|version| Change { key: version.to_string(), version, deleted: false, body: Vec::new() })
        .collect();
    DatasetChunk { dataset: ITEMS.to_owned(), after, upto, more, rows }
}

fn taking(version: u64) -> Taking {
    Taking::new("hq", [(ITEMS, version)], &BTreeSet::new())
}

#[test]
fn a_first_load_is_kept_chunk_by_chunk() {
    let mut taking = taking(0);
    assert_eq!(taking.chunk(chunk(0, 3, true)).unwrap(), None);
    let keep = taking.next_keep().unwrap();
    assert_eq!((keep.changes.len(), keep.upto), (3, 3));
    assert_eq!(taking.kept(ITEMS, 3), Have { dataset: ITEMS, kept: 3, received: 3 });
    assert_eq!(taking.unfinished(), BTreeSet::from([ITEMS]));
    taking.chunk(chunk(3, 5, false)).unwrap();
    taking.next_keep().unwrap();
    taking.kept(ITEMS, 5);
    assert!(taking.unfinished().is_empty());
}

#[test]
fn a_change_is_collected_until_it_is_whole() {
    let mut taking = taking(5);
    assert_eq!(taking.chunk(chunk(5, 7, true)).unwrap(), Some(Have { dataset: ITEMS, kept: 5, received: 7 }));
    assert_eq!(taking.next_keep(), None);
    assert_eq!(taking.unfinished(), BTreeSet::from([ITEMS]));
    assert_eq!(taking.chunk(chunk(7, 8, false)).unwrap(), None);
    let keep = taking.next_keep().unwrap();
    assert_eq!((keep.changes.len(), keep.upto), (3, 8));
}

#[test]
fn a_change_too_large_for_memory_goes_on_chunk_by_chunk() {
    let mut taking = taking(1);
    let mut after = 1;
    while taking.chunk(chunk(after, after + 10_000, true)).unwrap().is_some() {
        after += 10_000;
        assert!(after as usize <= COLLECTED_ROWS_MAX + 1);
    }
    assert_eq!(taking.next_keep().unwrap().changes.len(), COLLECTED_ROWS_MAX + 10_000);
}

#[test]
fn rows_out_of_order_or_unasked_are_refused() {
    let sentence = |chunk| taking(5).chunk(chunk).unwrap_err().to_string();
    assert_eq!(sentence(chunk(6, 7, false)), "hq breaks the protocol: it sends items from 6 to 7, received was 5");
    let unasked = DatasetChunk { dataset: "secrets".to_owned(), ..chunk(5, 6, false) };
    assert_eq!(sentence(unasked), "hq breaks the protocol: it sends secrets, which was not asked for");
}

#[test]
fn chunks_on_the_way_are_bounded_and_changes_start_again() {
    let mut giving = Giving::new("S1");
    assert_eq!(giving.next(), None);
    giving.have(ITEMS, 0, 0).unwrap();
    let mut sent = 0;
    while let Some((dataset, after)) = giving.next() {
        assert_eq!((dataset, after), (ITEMS, sent));
        giving.reading(ITEMS);
        sent += 2_000;
        giving.gave(ITEMS, sent, true);
    }
    assert_eq!(sent, 2_000 * CHUNKS_IN_FLIGHT_MAX as u64);
    giving.have(ITEMS, 2_000, 2_000).unwrap();
    assert_eq!(giving.next(), Some((ITEMS, sent)));
    giving.reading(ITEMS);
    assert_eq!(giving.next(), None, "what is being read is not read twice");
    giving.changed();
    assert_eq!(giving.next(), Some((ITEMS, sent)), "a change during the reading is not lost");
    assert!(giving.have(ITEMS, 0, 99_000).is_err());
}

#[test]
fn a_silent_peer_is_asked_and_then_given_up() {
    let start = Instant::now();
    let mut alive = Alive::new(start);
    let later = |elapsed: Duration| start + elapsed;
    assert_eq!(alive.due(later(PING_EVERY - Duration::from_millis(1))), Due::Nothing);
    assert_eq!(alive.next(), later(PING_EVERY));
    assert_eq!(alive.due(later(PING_EVERY)), Due::Ping(1));
    alive.pong(1, later(PING_EVERY + Duration::from_millis(30)));
    assert_eq!(alive.round_trip(), Some(Duration::from_millis(30)));
    assert_eq!(alive.due(later(PING_EVERY * 2)), Due::Ping(2));
    assert_eq!(alive.due(later(DEAD_AFTER)), Due::Dead);
    alive.heard(later(DEAD_AFTER));
    assert_eq!(alive.due(later(DEAD_AFTER)), Due::Nothing);
}
