//! The same tables on PostgreSQL. Run by hand: `OPENSTORE_TEST_POSTGRES=postgres://user@host:port cargo test -p link -- --ignored`.

use std::sync::Arc;

use domain::ids::TillId;
use link::chain::Place;
use link::datasets::table::TableDatasets;
use link::datasets::{DatasetSink, DatasetSource};
use link::frame::Numbered;
use link::inbox::{self, TakeError, parked};
use link::{apply, datasets, outbox};
use migrations::ServerMigrator;
use migrations::database::Database;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::world::{Effects, effects, play, store, till_peer, upto};

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
#[ignore = "needs the address of a PostgreSQL server in OPENSTORE_TEST_POSTGRES, with an empty database \"postgres\""]
fn the_tables_work_the_same_on_postgres() {
    play(async {
        let server = std::env::var("OPENSTORE_TEST_POSTGRES").expect("the address of a server");
        let url = format!("{server}/postgres");
        let database = Database::open_postgres::<ServerMigrator>(&url, 8).await.unwrap();
        let sql = "CREATE TABLE effect (n BIGSERIAL PRIMARY KEY, store TEXT, till BIGINT, sequence BIGINT)";
        database.writer.execute_unprepared(sql).await.unwrap();
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
