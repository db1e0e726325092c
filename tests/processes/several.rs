//! A head office of several processes, as programs of their own, on PostgreSQL and NATS; stores that link to it; and what is
//! stopped, killed and lost meanwhile. The oracle is the same everywhere: every receipt once, in order, and the chains equal.

use migrations::ServerMigrator;
use nix::sys::signal::Signal;
use sea_orm_migration::MigratorTrait;

use super::PATIENCE;
use super::linked_store::Store;
use super::office::{ALONE, Office};
use crate::sandbox::{eventually, in_system};

/// Gateway, two that ingest, root with pages.
async fn chain(office: &mut Office) {
    for (name, roles) in [("gate", "gateway"), ("one", "ingest"), ("two", "ingest"), ("web", "root,web")] {
        office.start(name, roles).await;
    }
}

#[test]
#[ignore = "needs the address of a PostgreSQL server in OPENSTORE_TEST_POSTGRES"]
fn three_kinds_of_processes_are_one_head_office() {
    in_system(async {
        let mut office = Office::open().await;
        chain(&mut office).await;
        let stores = Store::several(&office, "gate", 6).await;
        for store in &stores {
            store.sell(40).await;
        }
        office.has_all_of(&stores).await;
        // Both have a share, and each store went to the owner of its partition.
        office.shares_are("one two", [32, 32]).await;

        // Accounts are asked for at the gateway and answered by the root.
        assert_eq!(stores[0].asks_the_root().await, "answered");
        // A dataset published in one process reaches the stores of another.
        office.publish_item("web", "MILK").await;
        stores[0].has_items(1).await;
        // Pages in one process know the links of another.
        office.shows_online("web", stores.len()).await;

        // One that is stopped in order hands over what it has.
        office.signal("one", Signal::SIGTERM);
        office.shares_are("one two", [0, 64]).await;
        for store in &stores {
            store.sell(5).await;
        }
        office.has_all_of(&stores).await;
    });
}

#[test]
#[ignore = "needs the address of a PostgreSQL server in OPENSTORE_TEST_POSTGRES"]
fn fault_f03_f04_processes_killed_under_load_lose_and_double_nothing() {
    in_system(async {
        let mut office = Office::open().await;
        chain(&mut office).await;
        office.start("gate2", "gateway").await;
        let stores = Store::several(&office, "gate gate2", 6).await;
        for name in ["one", "gate", "two", "gate2", "web", "one"] {
            for store in &stores {
                store.sell(15).await;
            }
            office.kill(name).await;
            for store in &stores {
                store.sell(5).await;
            }
            office.start_again(name).await;
        }
        office.has_all_of(&stores).await;
    });
}

#[test]
#[ignore = "needs the address of a PostgreSQL server in OPENSTORE_TEST_POSTGRES"]
fn fault_f08_a_stopped_owner_of_partitions_writes_nothing_when_it_goes_on() {
    in_system(async {
        let mut office = Office::open().await;
        chain(&mut office).await;
        let stores = Store::several(&office, "gate", 6).await;
        office.shares_are("one two", [32, 32]).await;
        for store in &stores {
            store.sell(10).await;
        }
        office.signal("one", Signal::SIGSTOP);
        for store in &stores {
            store.sell(20).await;
        }
        // Nobody does anything: what it owned expires, and the other takes it.
        office.has_all_of(&stores).await;
        let fences = office.fences().await;
        office.signal("one", Signal::SIGCONT);
        for store in &stores {
            store.sell(20).await;
        }
        office.has_all_of(&stores).await;
        // It comes back as one of two, under newer fences.
        office.shares_are("one two", [32, 32]).await;
        assert!(office.fences().await > fences);
    });
}

#[test]
#[ignore = "needs the address of a PostgreSQL server in OPENSTORE_TEST_POSTGRES"]
fn fault_f09_a_stopped_root_writes_nothing_when_it_goes_on() {
    in_system(async {
        let mut office = Office::open().await;
        office.start("gate", "gateway").await;
        office.start("first", "root,web").await;
        office.root_is("first").await;
        office.start("second", "root,web").await;
        let stores = Store::several(&office, "gate", 1).await;
        assert_eq!(stores[0].asks_the_root().await, "answered");
        office.add_customer("first", "79000000001").await.unwrap();
        office.add_customer("second", "79000000002").await.unwrap_err();

        office.signal("first", Signal::SIGSTOP);
        office.root_is("second").await;
        assert_eq!(stores[0].asks_the_root().await, "answered");
        office.add_customer("second", "79000000002").await.unwrap();
        let blocks = office.blocks().await;
        office.signal("first", Signal::SIGCONT);
        // Whatever it was sure of, it is not the root: it writes no block, and shows none of what it knew.
        office.add_customer("first", "79000000003").await.unwrap_err();
        assert_eq!(office.blocks().await, blocks);
        office.add_customer("second", "79000000004").await.unwrap();
    });
}

#[test]
#[ignore = "needs the address of a PostgreSQL server in OPENSTORE_TEST_POSTGRES"]
fn fault_f25_a_copy_of_a_store_is_refused_at_another_gateway_too() {
    in_system(async {
        let mut office = Office::open().await;
        chain(&mut office).await;
        office.start("gate2", "gateway").await;
        let stores = Store::several(&office, "gate", 1).await;
        stores[0].sell(5).await;
        office.has_all_of(&stores).await;
        office.knows_links_of_others("gate2", 1).await;
        let copy = stores[0].copy(&office, "gate2").await;
        let why = copy.is_refused().await;
        assert!(why.contains("copy"), "{why}");
        // The one that is there sells on, and the head office has only what it sold.
        copy.sell(1).await;
        stores[0].sell(5).await;
        office.has_all_of(&stores).await;
        assert_eq!(copy.unsent().await, 1);

        // One that dials another gateway because its own has died is no copy.
        drop(copy);
        office.kill("gate").await;
        let moved = stores[0].copy(&office, "gate2").await;
        moved.sell(5).await;
        office.has_all_of(std::slice::from_ref(&moved)).await;
    });
}

#[test]
#[ignore = "needs the address of a PostgreSQL server in OPENSTORE_TEST_POSTGRES"]
fn fault_f32_processes_that_start_together_migrate_once_and_share_the_work() {
    in_system(async {
        let mut office = Office::open().await;
        let migrations = office.start_together_on_a_new_database(&["one", "two"], "gateway,ingest,root,web").await;
        assert_eq!(migrations, ServerMigrator::migrations().len());
        office.shares_are("one two", [32, 32]).await;
        let stores = Store::several(&office, "one two", 4).await;
        for store in &stores {
            store.sell(10).await;
        }
        office.has_all_of(&stores).await;
    });
}

#[test]
#[ignore = "needs the address of a PostgreSQL server in OPENSTORE_TEST_POSTGRES"]
fn fault_f33_nats_is_away_and_comes_back_with_nothing() {
    in_system(async {
        let mut office = Office::open().await;
        chain(&mut office).await;
        let stores = Store::several(&office, "gate", 4).await;
        for store in &stores {
            store.sell(20).await;
        }
        office.has_all_of(&stores).await;
        office.nats_dies();
        for store in &stores {
            store.sell(30).await;
        }
        // Stores wait: nothing is acknowledged that is not in the database.
        office.gateway_says("gate", "NATS is away").await;
        for store in &stores {
            assert_eq!(store.unsent().await, 30);
        }
        // A process starts without it, too.
        office.kill("two").await;
        office.start_again("two").await;
        office.nats_comes_back_empty().await;
        office.has_all_of(&stores).await;
    });
}

#[test]
#[ignore = "needs the address of a PostgreSQL server in OPENSTORE_TEST_POSTGRES"]
fn fault_f34_what_nats_loses_in_the_middle_is_offered_again() {
    in_system(async {
        let mut office = Office::open().await;
        // Nobody ingests yet: what is offered lies in the stream.
        office.start("gate", "gateway").await;
        let stores = Store::several(&office, "gate", 4).await;
        for store in &stores {
            store.sell(20).await;
        }
        let kept = office.messages_in_stream().await;
        assert!(kept > 1, "{kept} messages");
        office.lose_messages().await;
        office.start("one", "ingest").await;
        office.has_all_of(&stores).await;
    });
}

#[test]
#[ignore = "needs the address of a PostgreSQL server in OPENSTORE_TEST_POSTGRES"]
fn fault_f18_a_database_of_one_transaction_a_second_fills_no_memory() {
    in_system(async {
        let mut office = Office::open().await;
        office.start("hq", ALONE).await;
        let stores = Store::several(&office, "hq", 3).await;
        stores[0].sell(1).await;
        office.has_all_of(&stores[..1]).await;
        office.database_is_slow(true).await;
        let before = office.memory("hq");
        for store in &stores {
            store.sell_together(3_000).await;
        }
        let window = async || (office.smallest_window("hq").await == 16).then_some(());
        eventually("a small window", PATIENCE, window).await;
        assert!(stores.iter().all(|store| store.sold() >= 3_000));
        let grown = office.memory("hq").saturating_sub(before);
        assert!(grown < 48, "{grown} MiB");
        office.database_is_slow(false).await;
        office.has_all_of(&stores).await;
    });
}

#[test]
#[ignore = "needs the address of a PostgreSQL server in OPENSTORE_TEST_POSTGRES"]
fn fault_f20_a_database_that_cannot_be_written_acknowledges_nothing_and_goes_on_by_itself() {
    in_system(async {
        let mut office = Office::open().await;
        chain(&mut office).await;
        let stores = Store::several(&office, "gate", 3).await;
        for store in &stores {
            store.sell(10).await;
        }
        office.has_all_of(&stores).await;
        office.database_is_read_only(true).await;
        for store in &stores {
            store.sell(10).await;
        }
        office.gateway_says("gate", "read-only").await;
        for store in &stores {
            assert_eq!(store.unsent().await, 10);
        }
        office.database_is_read_only(false).await;
        office.has_all_of(&stores).await;
    });
}
