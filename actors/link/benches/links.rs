//! Thousands of links on one process: what each takes in memory, how many come in a second, and how soon all are back after
//! the upper node was started again. `cargo bench -p link`, or `cargo bench -p link -- 1000` for fewer.
//!
//! The upper node is a process of its own; the nodes below are sockets of this one that say what a store says.

#![allow(clippy::print_stdout, reason = "a bench: a failed step ends it, and it prints what it has seen")]

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use link::admit::StaticTokens;
use link::apply::{Apply, Outcome, Peer, PeerRole, Received};
use link::bell::Bell;
use link::datasets::table::TableDatasets;
use link::downlinks::{DownlinkSettings, Downlinks};
use link::frame::{Agreed, DatasetHave, Frame, Hello, Pong};
use link::transport::websocket::{self, WebSocketDial};
use link::transport::{Dial, Duplex};
use link::uplink::backoff::Backoff;
use messages::v1::catalogue::DATASETS;
use migrations::ServerMigrator;
use migrations::database::Database;
use runtime::node::{Node, Tree};
use runtime::spec::{ChildSpec, Overflow, Strategy};
use sea_orm::{DatabaseTransaction, DbErr};
use tokio::sync::{Semaphore, mpsc};

const LINKS: usize = 5_000;
/// Connections that are being made at once in the first load.
const AT_ONCE: usize = 64;
/// As a head office takes them.
const MAILBOX: usize = 1_024;
const PATIENCE: Duration = Duration::from_secs(180);
/// Processor time of a second in which nothing is going on, and how many seconds that is waited for.
const CALM: Duration = Duration::from_millis(100);
const CALM_WITHIN_S: u64 = 30;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    match arguments.next().as_deref() {
        Some("upper") => upper(arguments.next().and_then(|links| links.parse().ok()).expect("a number of links")),
        links => below(links.and_then(|links| links.parse().ok()).unwrap_or(LINKS)),
    }
}

fn name(link: usize) -> String {
    format!("S{link:05}")
}

struct Nothing;

impl Apply for Nothing {
    fn apply<'a>(
        &'a self,
        _: &'a DatabaseTransaction,
        _: &'a Peer,
        batch: &'a [Received],
    ) -> BoxFuture<'a, Result<Vec<Outcome>, DbErr>> {
        std::future::ready(Ok(vec![Outcome::Applied; batch.len()])).boxed()
    }
}

/// The upper node: prints its address, and starts anew for every line it reads.
fn upper(links: usize) {
    actix_web::rt::System::new().block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let database = Database::open_sqlite::<ServerMigrator>(&folder.path().join("hq.db")).await.expect("a database");
        let mut address: SocketAddr = ([127, 0, 0, 1], 0).into();
        loop {
            let (node, acceptor) = start(&database, links).await;
            let http = actix_web::HttpServer::new(move || {
                let acceptor = acceptor.clone();
                actix_web::App::new().configure(move |config| websocket::configure(config, acceptor))
            })
            .workers(1)
            .max_connections(links * 2)
            .backlog(4_096)
            .shutdown_timeout(1)
            .disable_signals()
            .bind(address)
            .expect("the address is free");
            address = http.addrs()[0];
            let running = http.run();
            let handle = running.handle();
            actix_web::rt::spawn(running);
            println!("{address}");
            let line = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await;
            node.shutdown().await;
            handle.stop(false).await;
            if !matches!(line, Ok(Ok(1..))) {
                return;
            }
        }
    });
}

async fn start(database: &Database, links: usize) -> (Node, link::transport::Acceptor) {
    let peers = (0..links).map(|link| (Peer { name: name(link), role: PeerRole::Store }, "token".to_owned()));
    let tokens = Arc::new(StaticTokens::new(peers));
    let mut tree = Tree::new("hq");
    tree.group("link", Strategy::OneForOne);
    let (database, source) = (database.clone(), Arc::new(TableDatasets::new(database.clone())));
    let spec = ChildSpec::new("link/down", "downlinks", move || {
        let me = Peer { name: "hq".to_owned(), role: PeerRole::Hq };
        let settings = DownlinkSettings::new(me).datasets(&DATASETS);
        let built = Downlinks::new(database.clone(), settings, tokens.clone(), Arc::new(Nothing))
            .datasets_from(source.clone(), Bell::new());
        std::future::ready(Ok(built))
    });
    let child = tree.child(spec.mailbox(MAILBOX, Overflow::Refuse).shutdown_timeout(Duration::from_secs(10)));
    (tree.start().await, child.reference())
}

/// The other process.
struct Upper {
    child: Child,
    commands: ChildStdin,
    said: mpsc::Receiver<String>,
}

impl Upper {
    fn start(links: usize) -> Upper {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["upper", &links.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let (commands, output) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let (says, said) = mpsc::channel(8);
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if says.blocking_send(line).is_err() {
                    return;
                }
            }
        });
        Upper { child, commands, said }
    }

    /// A line of `/proc`, in KiB or in ticks.
    fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line of memory");
        line.trim().trim_end_matches(" kB").parse().expect("KiB")
    }

    fn processor(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("it runs");
        let fields: Vec<&str> = stat.rsplit_once(')').expect("a name").1.split_whitespace().collect();
        let ticks: u64 = [11, 12].iter().map(|at| fields[*at].parse::<u64>().expect("ticks")).sum();
        Duration::from_millis(ticks * 10)
    }
}

async fn session(dial: &WebSocketDial, link: usize) -> Option<Duplex> {
    let mut duplex = dial.dial().await.ok()?;
    let hello = Hello {
        name: name(link),
        role: PeerRole::Store,
        token: "token".to_owned(),
        incarnation: 1,
        last_sequence: 0,
        last_chain: [0; 16],
        software: "a bench".to_owned(),
    };
    duplex.sender.send(Frame::Hello(hello).encode().expect("a frame")).await.ok()?;
    let Ok(Frame::Welcome(_)) = Frame::decode(&duplex.receiver.recv().await?) else { return None };
    duplex.sender.send(Frame::Agreed(Agreed { last_sequence: 0 }).encode().expect("a frame")).await.ok()?;
    for dataset in DATASETS {
        let have = DatasetHave { dataset: dataset.to_owned(), kept: 0, received: 0 };
        duplex.sender.send(Frame::DatasetHave(have).encode().expect("a frame")).await.ok()?;
    }
    Some(duplex)
}

/// Keep a session until it ends; the wait that the upper node asked for, and when it said so.
async fn until_bye(mut duplex: Duplex) -> (Duration, Instant) {
    let mut asked = Duration::ZERO;
    while let Some(bytes) = duplex.receiver.recv().await {
        match Frame::decode(&bytes) {
            Ok(Frame::Ping(ping)) => {
                let pong = Frame::Pong(Pong { number: ping.number }).encode().expect("a frame");
                if duplex.sender.send(pong).await.is_err() {
                    break;
                }
            }
            Ok(Frame::Bye(bye)) => {
                asked = Duration::from_millis(u64::from(bye.retry_after_ms));
                break;
            }
            _ => {}
        }
    }
    (asked, Instant::now())
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn below(links: usize) {
    let mut upper = Upper::start(links);
    let address = upper.said.recv().await.expect("an address");
    let dial = WebSocketDial::new(&format!("ws://{address}"));
    let empty_kib = upper.resident_kib();
    let (linked, tries) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (report, mut back) = mpsc::channel(links);
    let few = Arc::new(Semaphore::new(AT_ONCE));
    let begun = Instant::now();
    for link in 0..links {
        let (dial, linked, tries, few, report) =
            (dial.clone(), linked.clone(), tries.clone(), few.clone(), report.clone());
        tokio::spawn(async move {
            let permit = few.acquire().await.expect("it is never closed");
            let duplex = session(&dial, link).await.expect("the first load is taken");
            drop(permit);
            linked.fetch_add(1, Ordering::AcqRel);
            let (asked, ended) = until_bye(duplex).await;
            // As an uplink waits.
            let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(60));
            let mut wait = backoff.next(&mut rand::rng()).max(asked);
            loop {
                tokio::time::sleep(wait).await;
                tries.fetch_add(1, Ordering::AcqRel);
                if let Some(duplex) = session(&dial, link).await {
                    report.send(ended.elapsed()).await.ok();
                    until_bye(duplex).await;
                    return;
                }
                wait = backoff.next(&mut rand::rng());
            }
        });
    }
    drop(report);
    while linked.load(Ordering::Acquire) < links {
        assert!(begun.elapsed() < PATIENCE, "{} of {links} are linked", linked.load(Ordering::Acquire));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let took = begun.elapsed();
    let (full_kib, processor) = (upper.resident_kib(), upper.processor());
    println!(
        "{links} links, {AT_ONCE} at once, in {:.1} s: {:.0} handshakes/s",
        took.as_secs_f64(),
        links as f64 / took.as_secs_f64()
    );
    println!("processor of the upper node: {:.2} ms a handshake", processor.as_secs_f64() * 1_000.0 / links as f64);
    println!(
        "memory of the upper node: {} MiB, of which a link takes {:.1} KiB",
        full_kib / 1_024,
        (full_kib - empty_kib) as f64 / links as f64
    );
    // What they asked for when they came is answered first.
    for _ in 0..CALM_WITHIN_S {
        let before = upper.processor();
        tokio::time::sleep(Duration::from_secs(1)).await;
        if upper.processor() - before < CALM {
            break;
        }
    }
    let idle = upper.processor();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let idle = upper.processor() - idle;
    println!("processor of the upper node while all are silent: {:.1} % of one", idle.as_secs_f64() * 10.0);

    writeln!(upper.commands).expect("it listens");
    upper.said.recv().await.expect("it is up again");
    let mut waits = Vec::with_capacity(links);
    while waits.len() < links {
        match tokio::time::timeout(PATIENCE, back.recv()).await {
            Ok(Some(wait)) => waits.push(wait),
            _ => panic!("{} of {links} came back", waits.len()),
        }
    }
    waits.sort_unstable();
    let at = |share: f64| waits[((links - 1) as f64 * share) as usize].as_secs_f64();
    println!(
        "started again: back after {:.1} s (half), {:.1} s (99 %), {:.1} s (all), with {} tries; limit 60 s for 99 %",
        at(0.5),
        at(0.99),
        at(1.0),
        tries.load(Ordering::Acquire)
    );
    println!("memory of the upper node after that: {} MiB", upper.resident_kib() / 1_024);
    drop(upper.commands);
    upper.child.wait().expect("it ends");
}
