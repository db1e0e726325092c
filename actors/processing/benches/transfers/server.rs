//! The root with its port in a process of its own: the same keeper and book as in a head office.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use domain::ledger::{AccountId, AccountKind};
use messages::v1::accounts::Wallet;
use processing::keeper::{Door, Keeper, Making};
use processing::machine::customer::{Customer, Held};
use processing::machine::root::{Policy, Root};
use processing::port;
use runtime::clock::Clock;
use runtime::node::Tree;
use runtime::spec::{ChildSpec, Strategy};

pub(crate) const FOLDER: &str = "OPENSTORE_BENCH_BOOK";
const ACCOUNTS: &str = "OPENSTORE_BENCH_ACCOUNTS";
pub(crate) const TOKEN: &str = "a token of the bench";
pub(crate) const ASSET: u32 = 643;

/// A running server; it ends with this.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) up_after: Duration,
}

impl Server {
    /// `accounts` wallets are there when it answers.
    pub(crate) async fn start(folder: &Path, accounts: u64) -> Server {
        let began = Instant::now();
        let exe = std::env::current_exe().expect("this program");
        let mut child = Command::new(exe)
            .env(FOLDER, folder)
            .env(ACCOUNTS, accounts.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("its address");
        let address = line.trim().parse().expect("an address");
        Server { child, address, up_after: began.elapsed() }
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

pub(crate) fn wallet(owner: u64) -> AccountId {
    AccountId::wallet(AccountKind::Prepaid, ASSET, owner)
}

/// The server's side: until its input ends.
pub(crate) fn serve(folder: &Path) {
    std::fs::create_dir_all(folder).expect("a folder");
    let accounts: u64 = std::env::var(ACCOUNTS).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let file = folder.join("accounts.sqlite");
    actix::System::new().block_on(async move {
        let door: Door<Root> = Door::default();
        let making = Making::in_file(file, || Root::new(Policy::default()), Root::restored);
        let mut tree = Tree::new("bench");
        tree.group("accounts", Strategy::OneForOne);
        let opened = door.clone();
        tree.child(ChildSpec::new("accounts/book", "keeper", move || {
            std::future::ready(Ok(Keeper::new(making.clone(), opened.clone(), Clock::system())))
        }));
        let node = tree.start().await;
        open(&door, accounts).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("{}", listener.local_addr().expect("an address"));
        std::io::stdout().flush().expect("flushed");
        let serving = port::serve(listener, door, TOKEN.to_owned());
        let ended = tokio::task::spawn_blocking(|| std::io::stdin().lines().count());
        tokio::select! {
            () = serving => {}
            _ = ended => {}
        }
        node.shutdown().await;
    });
}

async fn open(door: &Door<Root>, accounts: u64) {
    let there = door.ask(Vec::new(), |root, _| root.customers().count() as u64).await.expect("an answer");
    let mut next = there;
    while next < accounts {
        let until = accounts.min(next + 10_000);
        let work = move |root: &mut Root, _| {
            for _ in next..until {
                let wallets = vec![Held { wallet: Wallet::Prepaid, asset: ASSET, limit: 0 }];
                root.open_customer(Customer { wallets, ..Customer::default() }).expect("opened");
            }
        };
        door.ask(Vec::new(), work).await.expect("opened");
        next = until;
    }
}
