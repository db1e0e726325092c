//! The process that keeps a book is killed while it works, again and again: whatever was answered is in the book, once.
//!
//! `OPENSTORE_KILLS` says how often, and `OPENSTORE_TRANSFERS` how many transfers are in the book before; the suite does a few
//! kills of an empty one.

use std::io::{BufRead, BufReader, Lines, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use domain::ledger::transfer::{Transfer, TransferCode};
use domain::ledger::{AccountId, AccountKind, Code, OperationId};
use processing::keeper::{Door, Keeper, Making};
use processing::machine::root::{Policy, Root};
use processing::port::{self, Client};
use runtime::clock::Clock;
use runtime::node::Tree;
use runtime::spec::{ChildSpec, Strategy};

const FOLDER: &str = "OPENSTORE_POWER_BOOK";
const TOKEN: &str = "a token of the test";
const KILLS: u64 = 20;
const BATCH: u64 = 4_000;
/// A book that is killed serves again within this, on an idle machine in far less.
const UP_WITHIN: Duration = Duration::from_secs(30);
const TENDER: AccountId = AccountId::house(AccountKind::TenderIn, 643, 0, 1);
const PAID: AccountId = AccountId::house(AccountKind::Redeemed, 643, 0, 0);

/// The other process: this test program, told by a variable to be the server.
#[test]
#[ignore = "it is the process that the test beside it starts and kills"]
fn keeps_the_book() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    actix::System::new().block_on(async move {
        let door: Door<Root> = Door::default();
        let file = Path::new(&folder).join("accounts.sqlite");
        let making = Making::in_file(file, || Root::new(Policy::default()), Root::restored);
        let mut tree = Tree::new("power");
        tree.group("accounts", Strategy::OneForOne);
        let opened = door.clone();
        tree.child(ChildSpec::new("accounts/book", "keeper", move || {
            std::future::ready(Ok(Keeper::new(making.clone(), opened.clone(), Clock::system())))
        }));
        let _node = tree.start().await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        // Whoever reads this line knows that it serves.
        door.ask(Vec::new(), |_, _| ()).await.expect("it serves");
        println!("\nat {}", listener.local_addr().expect("an address"));
        std::io::stdout().flush().expect("flushed");
        port::serve(listener, door, TOKEN.to_owned()).await;
    });
}

/// The server, up; its output stays open, for it says after a minute that it still runs.
struct Up {
    child: Child,
    address: SocketAddr,
    after: Duration,
    _output: Lines<BufReader<ChildStdout>>,
}

fn start(folder: &Path) -> Up {
    let began = Instant::now();
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "keeps_the_book", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let address = output.by_ref().map_while(Result::ok).find_map(|line| line.strip_prefix("at ").map(str::to_owned));
    let address = address.expect("an address").parse().expect("an address");
    Up { child, address, after: began.elapsed(), _output: output }
}

fn transfer(number: u64) -> Transfer {
    // As tills number: first the time, then what is as good as chance.
    let chance = number.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let id = OperationId::from_uuid(u128::from(number) << 80 | u128::from(chance)).line(1);
    let amount = 1 + (number % 50) as i64;
    let plain = Transfer::plain(id, TransferCode::TopUp, TENDER, PAID, amount);
    Transfer { reference: u128::from(number), ..plain }
}

#[test]
fn processing_s08_what_was_answered_survives_kill_9() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let kills = number("OPENSTORE_KILLS").unwrap_or(KILLS);
    let before = number("OPENSTORE_TRANSFERS").unwrap_or(0);
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (mut next, mut answered, mut longest, mut random) = (1u64, 0u64, Duration::ZERO, 88_172_645_463_325_252_u64);
    let mut unsure: Vec<Transfer> = Vec::new();
    if before > 0 {
        let Up { mut child, address, _output, .. } = start(folder.path());
        runtime.block_on(async {
            let mut client = Client::connect(address, TOKEN).await.expect("connected");
            for first in (1..=before).step_by(BATCH as usize) {
                let batch: Vec<Transfer> = (first..=before.min(first + BATCH - 1)).map(transfer).collect();
                client.post(&batch).await.expect("answered");
            }
        });
        child.kill().expect("killed");
        child.wait().expect("it ended");
        next += before;
    }
    for kill in 0..kills {
        let Up { mut child, address, after: up_after, _output } = start(folder.path());
        assert!(up_after < UP_WITHIN, "kill {kill}: it served after {up_after:?}");
        longest = longest.max(up_after);
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let live_for = Duration::from_micros(2_000 + random % 40_000);
        runtime.block_on(async {
            let mut client = Client::connect(address, TOKEN).await.expect("connected");
            // What was not answered may have happened or not: asked again it is answered, and is there once.
            if !unsure.is_empty() {
                let codes = client.post(&unsure).await.expect("answered");
                let well = |code: &u8| [Code::Created as u8, Code::Exists as u8].contains(code);
                assert!(codes.iter().all(well), "kill {kill}: {codes:?}");
                answered += unsure.len() as u64;
            }
            // What was answered before is there.
            if next > 1 {
                let last: Vec<Transfer> = (next.saturating_sub(200).max(1)..next).map(transfer).collect();
                let codes = client.post(&last).await.expect("answered");
                assert!(codes.iter().all(|code| *code == Code::Exists as u8), "kill {kill}: lost: {codes:?}");
            }
            let until = Instant::now() + live_for;
            let mut pid = Some(child.id());
            loop {
                let size = 1 + next % 7;
                unsure = (next..next + size).map(transfer).collect();
                if client.send(&unsure).await.is_err() {
                    break;
                }
                if Instant::now() >= until
                    && let Some(id) = pid.take()
                {
                    // While the answer is being made.
                    let killed = Command::new("kill").args(["-9", &id.to_string()]).status();
                    assert!(killed.is_ok_and(|status| status.success()), "it is killed");
                }
                match client.answer().await {
                    Ok((_, codes)) => {
                        assert!(codes.iter().all(|code| *code == Code::Created as u8), "kill {kill}: {codes:?}");
                        next += size;
                        answered += size;
                        unsure.clear();
                    }
                    Err(_) => {
                        next += size;
                        break;
                    }
                }
            }
        });
        child.wait().expect("it ended");
    }
    let Up { mut child, address, _output, .. } = start(folder.path());
    runtime.block_on(async {
        let mut client = Client::connect(address, TOKEN).await.expect("connected");
        client.post(&unsure).await.expect("answered");
        // Each is there; those that were there before are counted below.
        for first in (1 + before..next).step_by(BATCH as usize) {
            let all: Vec<Transfer> = (first..next.min(first + BATCH)).map(transfer).collect();
            let codes = client.post(&all).await.expect("answered");
            assert!(codes.iter().all(|code| *code == Code::Exists as u8), "from {first}: something was lost");
        }
    });
    child.kill().expect("killed");
    child.wait().expect("it ended");
    let expected: i64 = (1..next).map(|number| transfer(number).amount).sum();
    let balance = actix::System::new().block_on(balance(folder.path()));
    assert_eq!(balance, expected, "each transfer is posted once");
    println!("killed {kills} times, {before} before, {answered} answered, serving again after {longest:?} at most");
}

/// What the book says, by a keeper of this process.
async fn balance(folder: &Path) -> i64 {
    let door: Door<Root> = Door::default();
    let making = Making::in_file(folder.join("accounts.sqlite"), || Root::new(Policy::default()), Root::restored);
    let mut tree = Tree::new("power");
    tree.group("accounts", Strategy::OneForOne);
    let opened = door.clone();
    tree.child(ChildSpec::new("accounts/book", "keeper", move || {
        std::future::ready(Ok(Keeper::new(making.clone(), opened.clone(), Clock::system())))
    }));
    let node = tree.start().await;
    let look = |root: &mut Root, _| root.book().ledger.account(PAID).map_or(0, |account| account.balance());
    let balance = door.ask(Vec::new(), look).await.expect("an answer");
    node.shutdown().await;
    balance
}
