//! A start with a large book, and whether it is as quick afterwards as an empty one.

use crate::load::{Load, Spread};
use crate::server::Server;
use crate::{TURN, timed};

pub(crate) async fn measure() {
    let number =
        |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
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
            load.run(8_189, TURN, Spread::Even).await;
            posted += load.times.len() as u64 * 8_189;
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
}
