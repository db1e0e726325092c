//! Sessions and writers that meet at one database.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::TillId;
use link::chain::Place;
use link::datasets::table::TableDatasets;
use link::datasets::{DatasetSink, DatasetSource};
use link::frame::Numbered;
use link::inbox::{self, TakeError, parked};
use link::{apply, datasets, outbox};
use migrations::lease::{self, Fence};
use uuid::Uuid;

use crate::tables::server_database;
use crate::world::{Effects, effect_table, effects, play, store, till_peer, upto};

fn documents(last: u64) -> Vec<Numbered> {
    let mut place = Place::default();
    (1..=last)
        .map(|sequence| {
            let (id, body) = (Uuid::now_v7(), vec![1, 2, 3]);
            place = place.next(id, &body);
            let origin = apply::Origin { store: store(), till: TillId(1), sequence, chain: place.chain };
            let document = apply::Received { id, type_id: 1, schema: 1, origin, created_ms: 5, body };
            Numbered { place, document }
        })
        .collect()
}

#[test]
fn who_lost_its_lease_applies_nothing() {
    play(async {
        let dir = tempfile::tempdir().unwrap();
        let database = server_database(&dir, "server.db").await;
        effect_table(&database).await;
        let writer = &database.writer;
        lease::make_table(writer).await.unwrap();
        lease::offer(writer, &["partition/07".to_owned()]).await.unwrap();
        let ours = lease::take(writer, "partition/", "the one that slept", Duration::ZERO, 1).await.unwrap();
        let (effects_of, peer, all) = (Effects::default(), till_peer(1), documents(4));
        let take = async |fence: &Fence, before, batch| {
            inbox::take_under(&database, Some(fence), &effects_of, &peer, before, batch).await
        };
        let first = take(&ours[0], Place::default(), &all[..2]).await.unwrap();
        let theirs = lease::take(writer, "partition/", "the next one", Duration::from_secs(60), 1).await.unwrap();
        let refused = take(&ours[0], first.place, &all[2..]).await;
        assert!(matches!(refused, Err(TakeError::Fenced(_))), "{refused:?}");
        assert_eq!(effects(&database, 1).await, upto(2));
        assert_eq!(inbox::cursor(&database.reader, &peer.name).await.unwrap(), first.place);
        take(&theirs[0], first.place, &all[2..]).await.unwrap();
        assert_eq!(effects(&database, 1).await, upto(4));
    });
}

#[test]
fn writers_that_meet_take_turns() {
    play(async {
        let dir = tempfile::tempdir().unwrap();
        let database = server_database(&dir, "server.db").await;
        effect_table(&database).await;
        let effects_of = Effects { relays: true, ..Effects::default() };
        effects_of.bad.lock().unwrap().insert(7);
        let (peer, all) = (till_peer(1), documents(12));
        let first = inbox::take(&database, &effects_of, &peer, Place::default(), &all[..3]).await.unwrap();
        let again = inbox::take(&database, &effects_of, &peer, Place::default(), &all[..3]).await;
        assert!(matches!(again, Err(TakeError::Overtaken)));
        let taken = inbox::take(&database, &effects_of, &peer, first.place, &all[3..]).await.unwrap();
        assert_eq!((taken.applied, taken.parked), (3, 6));
        effects_of.bad.lock().unwrap().clear();
        assert_eq!(parked::retry(&database, &effects_of).await.unwrap().left, 0);
        assert_eq!(effects(&database, 1).await, upto(12));
        assert_eq!(outbox::unsent(&database.reader).await.unwrap().count, 12);
        assert_eq!(
            apply::origin_head(&database.reader, &store(), TillId(1)).await.unwrap(),
            Some((12, all[11].place.chain))
        );

        // Writers that meet take their versions one after another.
        let database = Arc::new(database);
        let writers = (0..8).map(|writer| {
            let database = database.clone();
            async move {
                let transaction = database.begin().await.unwrap();
                let rows = (0..50).map(|n| (format!("{writer}-{n}"), vec![1])).collect();
                datasets::put(&transaction, "items", rows).await.unwrap();
                transaction.commit().await.unwrap();
            }
        });
        futures_util::future::join_all(writers).await;
        let tables = TableDatasets::new((*database).clone());
        let rows = tables.changes("items", 0, 1_000).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.version).collect::<Vec<_>>(), upto(400));
        tables.keep("operators", rows, 400).await.unwrap();
        assert_eq!(tables.version("operators").await.unwrap(), 400);
    });
}
