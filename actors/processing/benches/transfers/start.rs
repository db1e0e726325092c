//! A start with a large book, whether it is as quick afterwards as an empty one, and how long it takes to verify it.

use processing::store::database::DatabaseStore;
use processing::store::verify::verify;

use crate::load::{Load, Spread};
use crate::server::Server;
use crate::{TURN, number, timed};

pub(crate) async fn measure() {
    let (accounts, transfers) = (number("OPENSTORE_ACCOUNTS", 100_000), number("OPENSTORE_TRANSFERS", 5_000_000));
    let folder = tempfile::tempdir().expect("a folder");
    let book = folder.path().join("book");
    let server = Server::start(&book, accounts).await;
    let mut load = Load::connect(&server, accounts).await;
    let before = load.run(100, TURN, Spread::Even).await.rate();
    let p99_before = load.p99_ms();
    let mut posted = 0;
    let (_, took) = timed(async {
        while posted < transfers {
            posted += load.run(8_189, TURN, Spread::Even).await.transfers;
        }
    })
    .await;
    println!(
        "{posted} transfers of {accounts} accounts were posted in {:.0} s ({:.0}/s)",
        took.as_secs_f64(),
        posted as f64 / took.as_secs_f64()
    );
    let after = load.run(100, TURN, Spread::Even).await.rate();
    let p99_after = load.p99_ms();
    println!("100 in flight: {before:.0}/s, p99 {p99_before:.2} ms before; {after:.0}/s, p99 {p99_after:.2} ms after");
    drop(load);
    server.kill();
    let server = Server::start(&book, accounts).await;
    println!("killed and started again: it answered after {:.2} s", server.up_after.as_secs_f64());
    server.kill();
    let store = DatabaseStore::open_sqlite(&book.join("accounts.sqlite")).await.expect("the book");
    let (verified, took) = timed(verify(&store, |_| ())).await;
    let postings = verified.expect("the book is right").postings;
    println!("{postings} postings verified in {:.0} s", took.as_secs_f64());
}
