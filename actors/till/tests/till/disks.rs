//! Disks that fill up or break, and clocks that lie: what was committed stays, and the till says what is wrong.

use std::io::{Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use messages::v1::till::{TillCommand, TillError};
use messages::v1::view::TillMode;
use runtime::clock::Clock;
use runtime::disk::{Disk, Space};
use sea_orm::ConnectionTrait;

use crate::shop::{Counter, Shop, close_shift, closed, money, number, sell, sign_on, time};

/// What the cashier reads when nothing was stored.
async fn sentence(counter: &Counter, command: TillCommand) -> String {
    match counter.ask(command).await {
        Ok(Err(TillError::NotStored { reason } | TillError::Waiting { reason })) => reason,
        other => panic!("{other:?}"),
    }
}

async fn pragma(counter: &Counter, sql: &str) {
    counter.database.writer.execute_unprepared(sql).await.expect(sql);
}

#[test]
fn a_full_disk_loses_nothing_and_selling_goes_on_when_there_is_room() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sale(&[("1", "MILK")], "89.90").await;
        counter.sell("1", "COFFEE").await;
        pragma(counter, "PRAGMA max_page_count = 1").await;
        // Pages that are begun still take something; then comes the end.
        let mut lines = 1;
        let reason = loop {
            match counter.ask(sell("1", "COFFEE")).await {
                Ok(Ok(_)) => lines += 1,
                Ok(Err(TillError::NotStored { reason })) => break reason,
                other => panic!("{other:?}"),
            }
        };
        assert!(reason.contains("the disk of this till is full"), "{reason}");
        let view = counter.view().await;
        assert_eq!((view.lines.len(), view.mode), (lines, TillMode::Selling));
        let due = view.due.to_string();
        let reason = sentence(counter, crate::shop::pay(messages::v1::receipt::TenderType::Cash, &due)).await;
        assert!(reason.contains("full"), "{reason}");
        assert!(shop.fiscal_receipts().len() < 3);
        counter.verify().await;
        pragma(counter, "PRAGMA max_page_count = 4294967294").await;
        let receipt = match counter.view().await.mode {
            TillMode::Selling => closed(counter.cash(&due).await),
            _ => closed(counter.give(TillCommand::Resume).await),
        };
        assert_eq!((receipt.sequence, receipt.lines.len()), (2, lines));
        assert_eq!((counter.receipts().await.len(), shop.fiscal_receipts().len()), (2, 2));
        counter.sale(&[("1", "MILK")], "89.90").await;
        counter.verify().await;
    });
}

#[test]
fn a_database_that_rolled_back_by_itself_stores_again() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        // As SQLite does on a full disk: all of the transaction is gone, and not only the statement.
        pragma(
            counter,
            "CREATE TRIGGER undo AFTER INSERT ON journal WHEN NEW.kind = 'fiscalised'
             BEGIN SELECT RAISE(ROLLBACK, 'no room'); END",
        )
        .await;
        counter.sell("1", "COFFEE").await;
        sentence(counter, crate::shop::pay(messages::v1::receipt::TenderType::Cash, "349.00")).await;
        sentence(counter, TillCommand::Resume).await;
        sentence(counter, TillCommand::Resume).await;
        pragma(counter, "DROP TRIGGER undo").await;
        closed(counter.give(TillCommand::Resume).await);
        counter.sale(&[("1", "MILK")], "89.90").await;
        // Others see what is stored, not only the connection that stored it.
        assert_eq!(counter.receipts().await.len(), 2);
    });
    shop.run(async |counter| {
        assert_eq!((counter.receipts().await.len(), shop.fiscal_receipts().len()), (2, 2));
        assert_eq!(counter.sale(&[("1", "MILK")], "89.90").await.sequence, 3);
        counter.verify().await;
    });
}

/// Write garbage over the pages of a table, but for those that are in the way of opening the file.
fn damage(shop: &Shop, pages: &[i64]) {
    let mut file = std::fs::File::options().write(true).open(shop.files.path().join("till.db")).expect("the file");
    for page in pages {
        let at = u64::try_from((page - 1) * 4096).expect("a place");
        file.seek(SeekFrom::Start(at)).expect("there");
        file.write_all(&[0xAB; 4096]).expect("written");
    }
    file.sync_all().expect("on disk");
}

/// Root page of a table, with everything in the file and nothing in its log.
async fn root_of(counter: &Counter, table: &str) -> i64 {
    pragma(counter, "PRAGMA wal_checkpoint(TRUNCATE)").await;
    let sql = format!("SELECT rootpage FROM sqlite_schema WHERE name = '{table}'");
    let statement = sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, sql);
    let row = counter.database.reader.query_one_raw(statement).await.expect("a schema").expect("a table");
    row.try_get("", "rootpage").expect("a page")
}

#[test]
fn a_page_that_broke_while_the_till_was_off_stops_selling_with_a_sentence() {
    for table in ["journal", "till_state", "outbox"] {
        let shop = Shop::new();
        let page = shop.run(async |counter| {
            counter.open_shift("0.00").await;
            counter.sale(&[("1", "MILK")], "89.90").await;
            root_of(counter, table).await
        });
        damage(&shop, &[page]);
        shop.run(async |counter| {
            // A till that cannot read where it stood does not start; one that can, does not take what it cannot store.
            let said = match counter.ask_shortly(sell("1", "COFFEE")).await {
                Some(Err(error)) => error.to_string(),
                Some(Ok(_)) => {
                    sentence(counter, crate::shop::pay(messages::v1::receipt::TenderType::Cash, "349.00")).await
                }
                None => counter.failure().await,
            };
            assert!(said.contains("the memory of this till is damaged"), "{table}: {said}");
            let receipts = till::records::receipts(&counter.database, 0, 10).await.expect("receipts");
            assert_eq!(receipts.len(), 1, "{table}: what was committed is there");
        });
    }
}

#[test]
fn a_page_that_breaks_while_the_till_runs_keeps_what_is_stored() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sale(&[("1", "MILK")], "89.90").await;
        counter.sell("1", "COFFEE").await;
        let page = root_of(counter, "receipt").await;
        damage(&shop, &[page]);
        // A page that is in memory is read from there; nothing is in memory of a till that sold long ago.
        pragma(counter, "PRAGMA shrink_memory").await;
        let reason = sentence(counter, crate::shop::pay(messages::v1::receipt::TenderType::Cash, "349.00")).await;
        assert!(reason.contains("the memory of this till is damaged"), "{reason}");
        assert_eq!(counter.view().await.mode, TillMode::WaitingForFiscal);
        assert!(sentence(counter, TillCommand::Resume).await.contains("damaged"));
        // The journal has all of it, and the device made one document of it.
        counter.verify().await;
        assert_eq!(shop.fiscal_receipts().len(), 2);
        assert_eq!(counter.node.look().await.expect("the tree").children[0].restarts, 0);
    });
}

#[test]
fn a_clock_that_is_set_back_stops_selling_until_it_is_right() {
    let mut shop = Shop::staffed();
    shop.run(async |counter| {
        counter.open_shift_as("8", "4321", "0.00").await;
        counter.sale(&[("1", "MILK")], "89.90").await;
        counter.sell("1", "COFFEE").await;
    });
    shop.clock = Clock::by_hand(time("2025-03-02T10:00:00+03:00"));
    shop.run(async |counter| {
        for _ in 0..2 {
            assert_eq!(counter.refused(sell("1", "MILK")).await, "clock_set_back");
            assert_eq!(counter.refused(crate::shop::scan("nothing")).await, "clock_set_back");
            // Entries of the wrong time do not make it right.
            counter.give(sign_on("8", "4321")).await;
            assert_eq!(counter.refused(sign_on("8", "0000")).await, "wrong_pin");
        }
    });
    shop.run(async |counter| {
        assert_eq!(counter.refused(sell("1", "MILK")).await, "clock_set_back");
        counter.verify().await;
    });
    // A few minutes are a correction.
    shop.clock = Clock::by_hand(time("2026-03-02T09:51:00+03:00"));
    shop.run(async |counter| {
        assert_eq!(counter.view().await.lines.len(), 1);
        assert_eq!(closed(counter.cash("349.00").await).sequence, 2);
        counter.verify().await;
    });
}

#[test]
fn a_clock_that_was_ahead_is_trusted_again_by_an_administrator() {
    let mut shop = Shop::staffed();
    shop.clock = Clock::by_hand(time("2031-03-02T10:00:00+03:00"));
    shop.run(async |counter| {
        counter.open_shift_as("8", "4321", "0.00").await;
        counter.sale(&[("1", "MILK")], "89.90").await;
    });
    shop.clock = Clock::by_hand(time("2026-03-02T10:00:00+03:00"));
    shop.run(async |counter| {
        assert_eq!(counter.refused(sell("1", "MILK")).await, "clock_set_back");
        counter.give(close_shift("89.90")).await;
        let open = |who: &str, pin: &str| TillCommand::OpenShift {
            operator: number(who),
            pin: pin.to_owned(),
            float: money("0.00"),
        };
        assert_eq!(counter.refused(open("8", "4321")).await, "clock_set_back");
        counter.give(open("1", "1111")).await;
        counter.give(sign_on("8", "4321")).await;
        assert_eq!(counter.sale(&[("1", "MILK")], "89.90").await.sequence, 2);
    });
    shop.run(async |counter| {
        assert_eq!(counter.sale(&[("1", "MILK")], "89.90").await.sequence, 3);
        assert_eq!(counter.journal_count("clock_trusted").await, 1);
        counter.verify().await;
    });
}

#[test]
fn fault_f19_a_disk_that_fills_up_warns_then_finishes_the_receipt_at_hand_and_begins_no_other() {
    let mut shop = Shop::new();
    let used = Arc::new(AtomicU64::new(50));
    let measured = used.clone();
    shop.disk = Disk::measured_by(move || Ok(Space { used: measured.load(Ordering::Acquire), total: 100 }));
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sale(&[("1", "MILK")], "89.90").await;
        assert_eq!(counter.view().await.disk_percent, None);

        used.store(95, Ordering::Release);
        assert_eq!(counter.view().await.disk_percent, Some(95), "people are warned");
        counter.sale(&[("1", "MILK")], "89.90").await;

        counter.sell("1", "COFFEE").await;
        used.store(99, Ordering::Release);
        counter.sell("1", "MILK").await;
        assert_eq!(closed(counter.cash("438.90").await).sequence, 3, "the receipt at hand is finished");
        for input in [sell("1", "MILK"), crate::shop::scan("4600000000015"), crate::shop::scan("nothing")] {
            assert_eq!(counter.refused(input).await, "disk_full");
        }
        assert_eq!(counter.receipts().await.len(), 3);
        counter.give(close_shift("618.70")).await;

        used.store(98, Ordering::Release);
        counter.open_shift("0.00").await;
        assert_eq!(counter.sale(&[("1", "MILK")], "89.90").await.sequence, 4, "no number was spent meanwhile");
        assert_eq!(shop.fiscal_receipts().len(), 4);
        counter.verify().await;
    });
}

/// `mount -t tmpfs -o size=32m tmpfs DIR && TILL_SMALL_DISK=DIR cargo test -p till small_disk -- --ignored`
#[test]
#[ignore = "needs TILL_SMALL_DISK, a folder on a file system of 32 megabytes"]
fn a_small_disk_fills_up_and_is_freed() {
    let Ok(folder) = std::env::var("TILL_SMALL_DISK") else {
        println!("TILL_SMALL_DISK names no folder: a disk that fills up was tried with a limit of pages only");
        return;
    };
    let mut shop = Shop::new();
    shop.files = tempfile::TempDir::new_in(&folder).expect("a folder in it");
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        let ballast = std::path::Path::new(&folder).join("ballast");
        let (mut sold, mut met) = (0, 0);
        for round in 0..30 {
            for _ in 0..5 {
                counter.sale(&[("1", "MILK"), ("2", "COFFEE")], "1000.00").await;
                sold += 1;
            }
            // All that is left, but for a few pages, which differ each time so that each step of a sale meets the end.
            let room = vec![0; 4096];
            let mut file = std::fs::File::create(&ballast).expect("ballast");
            let mut written = 0_u64;
            while file.write_all(&room).is_ok() {
                written += 4096;
            }
            file.set_len(written.saturating_sub(4096 * (round % 11))).expect("a few pages");
            drop(file);
            for _ in 0..200 {
                let step = match counter.view().await {
                    view if view.mode == TillMode::WaitingForFiscal => TillCommand::Resume,
                    view if view.lines.len() < 3 => sell("1", "COFFEE"),
                    view => crate::shop::pay(messages::v1::receipt::TenderType::Cash, &view.due.to_string()),
                };
                match counter.ask(step).await {
                    Ok(Ok(reply)) => sold += usize::from(reply.receipt.is_some()),
                    Ok(Err(TillError::NotStored { reason } | TillError::Waiting { reason })) => {
                        assert!(reason.contains("full"), "{reason}");
                        met += 1;
                        break;
                    }
                    other => panic!("round {round}: {other:?}"),
                }
            }
            counter.verify().await;
            std::fs::remove_file(&ballast).expect("freed");
            if counter.view().await.mode == TillMode::WaitingForFiscal {
                closed(counter.give(TillCommand::Resume).await);
                sold += 1;
            } else if !counter.view().await.lines.is_empty() {
                closed(counter.cash(&counter.view().await.due.to_string()).await);
                sold += 1;
            }
            assert_eq!((counter.receipts().await.len(), shop.fiscal_receipts().len()), (sold, sold), "round {round}");
            counter.verify().await;
        }
        assert!(met > 10, "the disk was full {met} times");
    });
}
