//! A till whose database is damaged while it is down: it says so and what to do, sells nothing, and destroys nothing.

use std::ops::Range;
use std::path::Path;

use domain::ids::TillId;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::shop::{Counter, Shop};
use super::terminal::MILK;
use crate::sandbox::in_system;

/// Means nothing on a page.
const NONSENSE: u8 = 0xA5;

#[test]
fn fault_a_till_with_a_damaged_database_says_so_and_destroys_nothing() {
    in_system(async {
        let shop = Shop::new();
        let _running = shop.start().await;
        let counter = shop.counter(TillId(1)).await;
        let mut till = shop.till(&counter);
        till.open_shift().await;
        till.sell(1).await;
        shop.hq_has(1).await;
        till.leave().await;
        // Everything is in the one file then.
        shop.verify_journal(counter.till).await;
        let file = shop.path("counter").join("S1/till-1/till.sqlite");
        let journal = page_of_journal(&shop, &counter).await;
        let whole = std::fs::read(&file).expect("the database is there");

        damage(&file, &whole, journal);
        does_not_start(&shop, &counter).await;
        // Once the page is brought back, nothing is missing. The line to the store has gone on meanwhile.
        let mut repaired = std::fs::read(&file).expect("it is there still");
        let page = span(&whole, journal);
        assert!(repaired[page.clone()].iter().all(|byte| *byte == NONSENSE), "the damaged page was changed");
        repaired[page.clone()].copy_from_slice(&whole[page]);
        std::fs::write(&file, &repaired).expect("a file can be written");
        shop.verify_journal(counter.till).await;
        let whole = std::fs::read(&file).expect("the database is there");

        // Not a database at all: the program ends, says what to do and names the file.
        let damaged = damage(&file, &whole, 0);
        let mut till = shop.till(&counter);
        till.shows("the memory of this till is damaged").await;
        assert!(!till.has("Open the shift"), "{}", till.screen());
        assert!(std::fs::read(&file).expect("it is there still") == damaged, "the damaged database was changed");

        // Support brings it back, and the shift goes on.
        std::fs::write(&file, &whole).expect("a file can be written");
        let mut till = shop.till(&counter);
        till.shows(" SALE ").await;
        till.sell(2).await;
        assert_eq!(counter.fiscal.documents(), ["1 OpenShift 0.00", "2 Sale 89.90", "3 Sale 89.90"]);
        shop.hq_has(2).await;
        till.leave().await;
        shop.verify_journal(counter.till).await;
    });
}

async fn does_not_start(shop: &Shop, counter: &Counter) {
    let mut till = shop.till(counter);
    till.shows("The till cannot start").await;
    till.shows("the memory of this till is damaged: sell at another till").await;
    till.shows("call support; do not delete anything").await;
    till.shows(" DOES NOT START ").await;
    assert!(!till.has("Open the shift"), "{}", till.screen());
    till.scan(MILK).await;
    till.refuses("NOT done").await;
    till.shows("The till cannot start").await;
    till.leave().await;
}

/// Where the journal begins, counted from 0.
async fn page_of_journal(shop: &Shop, counter: &Counter) -> usize {
    let database = shop.till_database(counter.till).await;
    let question = "SELECT rootpage FROM sqlite_master WHERE name = 'journal'";
    let row = database.reader.query_one_raw(Statement::from_string(DbBackend::Sqlite, question)).await;
    let page: i64 = row.expect("it is read").expect("there is a journal").try_get_by_index(0).expect("a number");
    database.close().await.expect("it closes");
    usize::try_from(page - 1).expect("pages are counted from 1")
}

/// Where a page of the database lies in its file.
fn span(whole: &[u8], page: usize) -> Range<usize> {
    // As the head of every SQLite file says.
    let size = usize::from(u16::from_be_bytes([whole[16], whole[17]]));
    page * size..(page + 1) * size
}

/// Write nonsense over one page of the database; what stands in the file then.
fn damage(file: &Path, whole: &[u8], page: usize) -> Vec<u8> {
    let mut damaged = whole.to_vec();
    damaged[span(whole, page)].fill(NONSENSE);
    std::fs::write(file, &damaged).expect("a file can be written");
    damaged
}
