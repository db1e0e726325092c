//! The rules of datasets and of life signs, told as scripts.

use std::collections::BTreeMap;
use std::time::Duration;

use link::datasets::Change;
use link::frame::DatasetChunk;
use link::session::alive::{Alive, DEAD_AFTER, Due, PING_EVERY, Patience};
use link::session::clocks::Clocks;
use link::session::giving::Giving;
use link::session::pace::{CHUNKS_IN_FLIGHT_MAX, WINDOW_BYTES_MIN};
use link::session::taking::{COLLECTED_ROWS_MAX, Have, Left, Taking};
use tokio::time::Instant;

const ITEMS: &str = "items";

fn chunk(after: u64, upto: u64, more: bool) -> DatasetChunk {
    let rows = (after + 1..=upto)
        .map(|version| Change { key: version.to_string(), version, deleted: false, body: Vec::new() })
        .collect();
    DatasetChunk { dataset: ITEMS.to_owned(), after, upto, more, rows }
}

fn taking(version: u64) -> Taking {
    Taking::new("hq", 1, [(ITEMS, version)], &mut Left::default())
}

#[test]
fn a_first_load_is_kept_chunk_by_chunk() {
    let mut taking = taking(0);
    assert_eq!(taking.chunk(chunk(0, 3, true)).unwrap(), None);
    let keep = taking.next_keep().unwrap();
    assert_eq!((keep.changes.len(), keep.upto), (3, 3));
    assert_eq!(taking.kept(ITEMS, 3), Have { dataset: ITEMS, kept: 3, received: 3 });
    // The line breaks: it goes on where it was, still chunk by chunk.
    let mut taking = Taking::new("hq", 1, [(ITEMS, 3)], &mut taking.left(1));
    assert_eq!(taking.wish(ITEMS), Some(Have { dataset: ITEMS, kept: 3, received: 3 }));
    taking.chunk(chunk(3, 4, true)).unwrap();
    assert_eq!(taking.next_keep().unwrap().upto, 4);
    taking.kept(ITEMS, 4);
    taking.chunk(chunk(4, 5, false)).unwrap();
    taking.next_keep().unwrap();
    taking.kept(ITEMS, 5);
    assert_eq!(taking.level(ITEMS), Some(5));
    // What comes later is a change.
    assert!(taking.chunk(chunk(5, 6, true)).unwrap().is_some());
}

#[test]
fn a_change_is_collected_until_it_is_whole() {
    let mut taking = taking(5);
    assert_eq!(taking.chunk(chunk(5, 7, true)).unwrap(), Some(Have { dataset: ITEMS, kept: 5, received: 7 }));
    assert_eq!((taking.next_keep(), taking.level(ITEMS)), (None, None));
    assert_eq!(taking.chunk(chunk(7, 8, false)).unwrap(), None);
    let keep = taking.next_keep().unwrap();
    assert_eq!((keep.changes.len(), keep.upto), (3, 8));
    // A next change begins before the first is in the database: no receipt goes back.
    let next = taking.chunk(chunk(8, 9, true)).unwrap();
    assert_eq!(next, Some(Have { dataset: ITEMS, kept: 5, received: 9 }));
    assert_eq!(taking.kept(ITEMS, 8), Have { dataset: ITEMS, kept: 8, received: 9 });
}

#[test]
fn a_change_that_broke_off_is_taken_up_behind_what_was_collected() {
    let broken_off = || {
        let mut taking = taking(5);
        taking.chunk(chunk(5, 7, true)).unwrap();
        taking.left(1)
    };
    let mut again = Taking::new("hq", 1, [(ITEMS, 5)], &mut broken_off());
    assert_eq!(again.wish(ITEMS), Some(Have { dataset: ITEMS, kept: 5, received: 7 }));
    again.chunk(chunk(7, 8, false)).unwrap();
    assert_eq!(again.next_keep().unwrap().changes.len(), 3);
    for (what, from, version) in [("another database above", 2, 5), ("another version here", 1, 6)] {
        let anew = Taking::new("hq", from, [(ITEMS, version)], &mut broken_off());
        let whole = Some(Have { dataset: ITEMS, kept: version, received: version });
        assert_eq!(anew.wish(ITEMS), whole, "{what}");
    }
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
    let (mut giving, now) = (Giving::new("S1"), Instant::now());
    let heads = |version| BTreeMap::from([(ITEMS, version)]);
    assert_eq!(giving.next(), None);
    giving.have(ITEMS, 0, 0, now).unwrap();
    giving.heads(&heads(100_000)).unwrap();
    let mut sent = 0;
    while let Some(wanted) = giving.next() {
        assert_eq!((wanted.dataset, wanted.after, wanted.head), (ITEMS, sent, 100_000));
        assert_eq!(wanted.bytes, WINDOW_BYTES_MIN / CHUNKS_IN_FLIGHT_MAX);
        giving.reading(ITEMS);
        sent += 3;
        giving.gave(ITEMS, sent, true, wanted.bytes, now);
    }
    assert_eq!(sent, 3 * CHUNKS_IN_FLIGHT_MAX as u64);
    giving.have(ITEMS, 3, 3, now).unwrap();
    assert_eq!(giving.next().unwrap().after, sent);
    giving.reading(ITEMS);
    assert_eq!(giving.next(), None, "what is being read is not read twice");
    giving.heads(&heads(100_001)).unwrap();
    assert_eq!(giving.next().unwrap().after, sent, "a change during the reading is not lost");
    giving.have(ITEMS, 3, sent, now).unwrap();
    giving.reading(ITEMS);
    giving.gave(ITEMS, 100_001, false, 1, now);
    assert_eq!((giving.next(), giving.level(ITEMS)), (None, None));
    giving.have(ITEMS, 100_001, 100_001, now).unwrap();
    assert_eq!(giving.level(ITEMS), Some(100_001));
    assert!(giving.have(ITEMS, 0, 200_000, now).is_err());
}

#[test]
fn a_peer_ahead_of_a_database_that_was_set_back_is_seen() {
    let (mut giving, now) = (Giving::new("S1"), Instant::now());
    giving.have(ITEMS, 100, 100, now).unwrap();
    assert_eq!(giving.heads(&BTreeMap::from([(ITEMS, 80)])).unwrap(), Some((ITEMS, 100)));
    assert_eq!(giving.heads(&BTreeMap::from([(ITEMS, 100)])).unwrap(), None);
    assert_eq!(giving.level(ITEMS), Some(100));
    let mut liar = Giving::new("S2");
    liar.have(ITEMS, u64::MAX, u64::MAX, now).unwrap();
    assert!(liar.heads(&BTreeMap::from([(ITEMS, 80)])).is_err());
}

#[test]
fn a_silent_peer_is_asked_and_then_given_up() {
    let start = Instant::now();
    let mut alive = Alive::new(start, Patience::default());
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

#[test]
fn a_clock_is_judged_by_documents_that_were_made_meanwhile() {
    const MINUTE: i64 = 60 * 1000;
    const YEAR: i64 = 365 * 24 * 60 * MINUTE;
    let (begun, now) = (1_000 * MINUTE, 1_010 * MINUTE);
    let (till, relay) = (Clocks::new(begun, 7, true), Clocks::new(begun, 7, false));
    for (clocks, sequence, created, wanted) in [
        // Made while we listened: within the session, or wrong.
        (till, 8, begun + MINUTE, Some(0)),
        (till, 8, begun - 2 * MINUTE, Some(0)),
        (till, 8, begun - YEAR, Some(-YEAR)),
        (till, 8, now + YEAR, Some(YEAR)),
        // One that waited may be of any age, but not of tomorrow.
        (till, 7, begun - YEAR, None),
        (till, 7, now + YEAR, Some(YEAR)),
        // And so what is only passed on.
        (relay, 8, begun - YEAR, None),
        (relay, 8, now, None),
        (relay, 8, now + 3 * MINUTE, Some(3 * MINUTE)),
    ] {
        assert_eq!(clocks.ahead_ms(sequence, created, now), wanted, "document {sequence} of {created}");
    }
}
