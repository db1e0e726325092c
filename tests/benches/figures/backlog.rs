//! Three days without a server: what three tills have sold meanwhile is delivered, beside the same bytes through a bare socket.

use std::path::Path;
use std::time::{Duration, Instant};

use runtime::clock::Clock;
use store_node::chain::{Chain, ChainOptions};
use store_node::replay::runner::{Runner, SETTLE_DEADLINE};
use store_node::replay::script::{Operation, Reader};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::bare::number;
use crate::table::{Table, ms, rate};
use crate::trade;

/// One till each.
const STORES: u32 = 3;
const DAYS: u32 = 3;
const RECEIPTS_A_DAY: u32 = 400;

pub(crate) async fn measure(table: &mut Table) {
    let folder = tempfile::tempdir().expect("a folder");
    let made = trade::make(1, STORES, DAYS, RECEIPTS_A_DAY, trade::Weather::Fine);
    let script = Reader::new(Path::new("made"), made.script.as_bytes());
    let operations: Vec<Operation> = script.collect::<Result<_, _>>().expect("a script");
    let clock = Clock::by_hand(operations[0].at);
    let chain = Chain::start(ChainOptions::new(folder.path().join("chain"), clock)).await.expect("a chain");
    let mut runner = Runner::new(chain, false);
    let (first, rest) = operations.split_at(STORES as usize);
    sell(&mut runner, first).await;
    let tills = runner.chain().tills();
    for (store, till) in &tills {
        runner.chain().set_till_link(store, *till, false).await.expect("the line is cut");
    }
    sell(&mut runner, rest).await;

    let chain = runner.chain();
    let (mut documents, mut bytes) = (0, 0);
    for (store, till) in &tills {
        let database = &chain.till(store, *till).expect("a till").database;
        documents += number(database, "SELECT COUNT(*) FROM outbox").await;
        bytes += number(database, "SELECT SUM(LENGTH(body)) FROM outbox").await;
    }
    let began = Instant::now();
    for (store, till) in &tills {
        chain.set_till_link(store, *till, true).await.expect("the line is mended");
    }
    chain.settle(SETTLE_DEADLINE).await.expect("all of it arrives");
    let delivered = began.elapsed();
    runner.into_chain().stop().await;

    let limit = socket(usize::try_from(bytes).expect("it fits the memory")).await;
    table.row(
        "backlog: three days of three tills",
        format!("{:.2} s", delivered.as_secs_f64()),
        format!("{:.1} MB through a socket: {:.1} ms", bytes as f64 / 1e6, ms(limit)),
        limit.as_secs_f64() / delivered.as_secs_f64(),
    );
    table.note(format!(
        "{documents} documents, applied by store and head office: {:.0} /s; the aim is 10 s",
        rate(documents, delivered),
    ));
}

async fn sell(runner: &mut Runner, operations: &[Operation]) {
    runner.run(operations, &mut std::io::sink(), |_| {}).await.expect("no node fails");
}

/// So many bytes there, and a byte back when all have come.
async fn socket(bytes: usize) -> Duration {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let taking = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let (mut left, mut buffer) = (bytes, vec![0; 64 * 1024]);
        while left > 0 {
            left -= socket.read(&mut buffer).await.expect("bytes").min(left);
        }
        socket.write_u8(1).await.expect("sent");
    });
    let body = vec![7; bytes];
    let mut socket = TcpStream::connect(address).await.expect("it listens");
    let began = Instant::now();
    socket.write_all(&body).await.expect("sent");
    socket.read_u8().await.expect("an answer");
    let took = began.elapsed();
    taking.await.expect("it ends");
    took
}
