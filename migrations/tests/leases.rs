//! Leases and migrations on a real database: a SQLite file, or PostgreSQL where one is given.

#![allow(clippy::unwrap_used, reason = "a test binary: a failed step is a failed test")]

use std::time::{Duration, Instant};

use migrations::database::{Database, Location};
use migrations::lease::{self, Fence, FenceError};
use migrations::{ServerMigrator, scratch};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(300);

struct World {
    database: Database,
    _folder: tempfile::TempDir,
}

async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let database = scratch::open::<ServerMigrator>(folder.path(), "leases.sqlite").await;
    lease::make_table(&database.writer).await.unwrap();
    World { database, _folder: folder }
}

impl World {
    async fn offer(&self, roles: &[&str]) {
        let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
        lease::offer(&self.database.writer, &roles).await.unwrap();
    }

    async fn take(&self, prefix: &str, holder: &str, lasts: Duration, max: u64) -> Vec<Fence> {
        lease::take(&self.database.writer, prefix, holder, lasts, max).await.unwrap()
    }

    /// Take it as soon as it has expired.
    async fn wait_for(&self, role: &str, holder: &str) -> Fence {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(fence) = self.take(role, holder, LONG, 1).await.into_iter().next() {
                return fence;
            }
            assert!(Instant::now() < until, "\"{role}\" never became free");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn write_under(&self, fence: &Fence) -> Result<(), FenceError> {
        let transaction = self.database.begin().await?;
        fence.check(&transaction).await?;
        transaction.execute_unprepared("UPDATE dataset_head SET version = version + 1").await?;
        transaction.commit().await?;
        Ok(())
    }
}

fn names(fences: &[Fence]) -> Vec<(&str, i64)> {
    fences.iter().map(|fence| (fence.role.as_str(), fence.fence)).collect()
}

#[tokio::test]
async fn a_lease_has_one_holder_until_it_expires() {
    let world = world().await;
    world.offer(&["root", "root"]).await;
    let first = world.take("root", "a", SHORT, 1).await;
    assert_eq!(names(&first), [("root", 1)]);
    assert_eq!(world.take("root", "b", LONG, 1).await, []);
    world.write_under(&first[0]).await.unwrap();

    let second = world.wait_for("root", "b").await;
    assert_eq!(second.fence, 2);
    // The one of before slept, and is sure that it still has it.
    let refused = world.write_under(&first[0]).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the lease \"root\" has gone to another process: nothing is written under the old one"
    );
    world.write_under(&second).await.unwrap();
    assert_eq!(lease::renew(&world.database.writer, "a", LONG).await.unwrap(), []);
    assert_eq!(lease::renew(&world.database.writer, "b", LONG).await.unwrap(), [second]);
}

#[tokio::test]
async fn renewed_in_time_it_stays() {
    let world = world().await;
    world.offer(&["root"]).await;
    world.take("root", "a", SHORT, 1).await;
    let until = Instant::now() + 4 * SHORT;
    while Instant::now() < until {
        assert_eq!(lease::renew(&world.database.writer, "a", SHORT).await.unwrap().len(), 1);
        assert_eq!(world.take("root", "b", LONG, 1).await, []);
        tokio::time::sleep(SHORT / 10).await;
    }
}

#[tokio::test]
async fn given_back_it_is_free_at_once_and_its_holder_writes_no_more() {
    let world = world().await;
    world.offer(&["p/1", "p/2", "p/3", "q"]).await;
    let held = world.take("p/", "a", LONG, 2).await;
    assert_eq!(held.len(), 2);
    lease::release(&world.database.writer, &held[..1]).await.unwrap();
    assert!(matches!(world.write_under(&held[0]).await, Err(FenceError::Fenced(_))));
    world.write_under(&held[1]).await.unwrap();
    let mut others = world.take("p/", "b", LONG, 9).await;
    others.sort();
    assert_eq!(names(&others), [("p/1", 3), ("p/3", 1)]);
}

#[tokio::test]
async fn who_asks_at_once_gets_one_each() {
    let world = world().await;
    let roles: Vec<String> = (0..32).map(|n| format!("p/{n:02}")).collect();
    lease::offer(&world.database.writer, &roles).await.unwrap();
    let takers = (0..4).map(|taker| {
        let database = world.database.clone();
        async move { lease::take(&database.writer, "p/", &format!("taker {taker}"), LONG, 20).await.unwrap() }
    });
    let mut taken: Vec<Fence> = futures_util::future::join_all(takers).await.concat();
    taken.sort();
    assert_eq!(taken.iter().map(|fence| fence.role.clone()).collect::<Vec<_>>(), roles);
}

#[tokio::test]
async fn a_transaction_that_has_checked_ends_before_the_next_holder_begins() {
    let world = world().await;
    if world.database.writer.get_database_backend() == DbBackend::Sqlite {
        // It has one writer: nobody could take it meanwhile.
        return;
    }
    world.offer(&["root"]).await;
    let first = world.take("root", "a", Duration::ZERO, 1).await.remove(0);
    let transaction = world.database.begin().await.unwrap();
    first.check(&transaction).await.unwrap();
    assert_eq!(world.take("root", "b", LONG, 1).await, [], "it is being written under");
    // Its holder can renew it meanwhile.
    assert_eq!(lease::renew(&world.database.writer, "a", Duration::ZERO).await.unwrap().len(), 1);
    transaction.commit().await.unwrap();
    assert_eq!(world.take("root", "b", LONG, 1).await.len(), 1);
}

async fn applied(database: &Database) -> i64 {
    let sql = "SELECT count(*) AS n FROM seaql_migrations";
    let statement = Statement::from_string(database.reader.get_database_backend(), sql);
    database.reader.query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap()
}

#[tokio::test]
async fn fault_f32_two_that_start_together_migrate_once() {
    let folder = tempfile::tempdir().unwrap();
    let at = scratch::location(folder.path(), "together.sqlite").await;
    if matches!(at, Location::File(_)) {
        // A file is opened by one process: `runtime::claim`.
        return;
    }
    let starts = (0..4).map(|_| async { Database::open::<ServerMigrator>(&at).await });
    let opened: Vec<Result<Database, DbErr>> = futures_util::future::join_all(starts).await;
    let opened: Vec<Database> = opened.into_iter().map(Result::unwrap).collect();
    let once = applied(&opened[0]).await;
    assert!(once > 0);
    assert_eq!(applied(&opened[3]).await, once);

    // One that died while it migrated is waited for until its lease expires.
    let dead = lease::take(&opened[0].writer, "migrate", "a dead process", Duration::from_secs(2), 1).await.unwrap();
    assert_eq!(dead.len(), 1);
    let began = Instant::now();
    Database::open::<ServerMigrator>(&at).await.unwrap();
    assert!(began.elapsed() > Duration::from_millis(1_500), "it did not wait: {:?}", began.elapsed());
    let refused = dead[0].check(&opened[0].begin().await.unwrap()).await;
    assert!(matches!(refused, Err(FenceError::Fenced(_))));
}

#[test]
fn an_address_is_shown_without_its_password() {
    let at = |address: &str| Location::of(Some(address), "hq.sqlite".into()).map(|at| at.to_string());
    assert_eq!(
        at("postgres://hq:secret@10.0.0.2:5432/chain?sslmode=require").unwrap(),
        "postgres://10.0.0.2:5432/chain"
    );
    assert_eq!(at("postgresql:///chain").unwrap(), "postgres:///chain");
    assert!(at("mysql://10.0.0.2/chain").is_err());
}
