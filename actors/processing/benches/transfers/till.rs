//! Approvals of a store at 200 a second, beside bare commits on the same disk.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use domain::ids::{OperatorNumber, ReceiptId};
use domain::ledger::OperationId;
use domain::money::Money;
use link::apply::{Peer, PeerRole};
use messages::v1::accounts::{Authorisation, Authorise, Wallet};
use processing::keeper::{Door, Keeper, Making};
use processing::line::Talk;
use processing::machine::customer::{Card, CardState, Customer, Held};
use processing::machine::root::{self, Asked, AskedFor, Root};
use processing::machine::subordinate::{Policy, Subordinate};
use processing::root_side::{Beside, RootAnswers};
use processing::store_side::StoreTalk;
use runtime::clock::Clock;
use runtime::node::Tree;
use runtime::spec::{ChildSpec, Strategy};

use crate::bare::Bare;
use crate::server::{ASSET, wallet};
use crate::{number, per_mille};

const PER_SECOND: u32 = 200;
/// Customers that are opened in one block, and questions that are asked at once before the measurement.
const AT_ONCE: u32 = 50;

pub(crate) async fn measure() {
    tokio::task::LocalSet::new().run_until(run()).await;
}

async fn run() {
    let folder = tempfile::tempdir().expect("a folder");
    let (root_door, store_door): (Door<Root>, Door<Subordinate>) = (Door::default(), Door::default());
    let mut tree = Tree::new("bench");
    tree.group("accounts", Strategy::OneForOne);
    let policy = root::Policy { standing_max: 10_000_000, ..root::Policy::default() };
    let making = Making::in_file(folder.path().join("root.sqlite"), move || Root::new(policy.clone()), Root::restored);
    let opened = root_door.clone();
    tree.child(ChildSpec::new("accounts/root", "keeper", move || {
        std::future::ready(Ok(Keeper::new(making.clone(), opened.clone(), Clock::system())))
    }));
    let making = Making::in_file(
        folder.path().join("store.sqlite"),
        || Subordinate::new(0, Policy::default(), false),
        Subordinate::restored,
    );
    let opened = store_door.clone();
    tree.child(ChildSpec::new("accounts/store", "keeper", move || {
        std::future::ready(Ok(Keeper::new(making.clone(), opened.clone(), Clock::system())))
    }));
    let store = Peer { name: "S1".to_owned(), role: PeerRole::Store };
    let line = Arc::new(Beside { root: RootAnswers::new(root_door.clone(), None), store });
    let talk = Talk { door: store_door, line };
    let talking = talk.clone();
    tree.child(ChildSpec::new("accounts/talk", "store_talk", move || {
        std::future::ready(Ok(StoreTalk::new(talking.clone())))
    }));
    let node = tree.start().await;
    let accounts = u32::try_from(number("OPENSTORE_ACCOUNTS", 1_000)).expect("so many customers");
    let approvals = PER_SECOND * u32::try_from(number("OPENSTORE_SECONDS", 10)).expect("so many seconds");
    // The first question about each fetches the right; it is not counted.
    for from in (0..accounts).step_by(AT_ONCE as usize) {
        let part = from..accounts.min(from + AT_ONCE);
        let opened = part.clone();
        root_door.ask(Vec::new(), move |root, now| customers(root, opened, now)).await.expect("customers");
        let mut asking: tokio::task::JoinSet<()> = tokio::task::JoinSet::new();
        for n in part {
            let talk = talk.clone();
            asking.spawn_local(async move {
                let until = Instant::now() + Duration::from_secs(60);
                while !matches!(talk.authorise(question(n, 1 + n)).await, Authorisation::Approved(_)) {
                    assert!(Instant::now() < until, "the store was not given rights");
                    tokio::task::yield_now().await;
                }
            });
        }
        while let Some(done) = asking.join_next().await {
            done.expect("it ran");
        }
    }
    let bare = Bare::open(&folder.path().join("bare.sqlite")).await;
    let mut limit = bare.commits(1_000).await;
    let (begun, mut times, mut running) = (Instant::now(), Vec::new(), tokio::task::JoinSet::new());
    for n in 0..approvals {
        tokio::time::sleep_until((begun + Duration::from_secs(1) * n / PER_SECOND).into()).await;
        let talk = talk.clone();
        running.spawn_local(async move {
            let asked = Instant::now();
            // Far apart, so that all accounts are asked for.
            let customer = u32::try_from(u64::from(n) * 7_919 % u64::from(accounts)).expect("it is below");
            let answer = talk.authorise(question(customer, accounts + 1 + n)).await;
            assert!(matches!(answer, Authorisation::Approved(_)), "approved, but {answer:?}");
            asked.elapsed()
        });
    }
    while let Some(time) = running.join_next().await {
        times.push(time.expect("it ran"));
    }
    limit.extend(bare.commits(1_000).await);
    let (p50, p99) = (per_mille(&mut times, 500), per_mille(&mut times, 990));
    let (bare50, bare99) = (per_mille(&mut limit, 500), per_mille(&mut limit, 990));
    println!(
        "{approvals} approvals at {PER_SECOND} a second, {accounts} customers: p50 {p50:.2}, p99 {p99:.2} ms; a bare commit: p50 {bare50:.2}, p99 {bare99:.2} ms; ratio {:.2}",
        p50 / bare50
    );
    node.shutdown().await;
}

fn card(n: u32) -> String {
    format!("70{n:08}")
}

fn question(n: u32, operation: u32) -> Authorise {
    let operation = OperationId::from_uuid(u128::from(operation) << 32);
    Authorise {
        operation: uuid::Uuid::from_u128(operation.0),
        receipt: ReceiptId(uuid::Uuid::from_u128(u128::from(n) + 1)),
        number: card(n),
        pin: None,
        wallet: Wallet::Prepaid,
        asset: ASSET,
        amount: Money::from_minor(100),
        up_to: false,
        operator: OperatorNumber("1".to_owned()),
        business_day: NaiveDate::default(),
        timeout_s: 0,
    }
}

fn customers(root: &mut Root, which: std::ops::Range<u32>, now: processing::machine::Now) {
    for n in which {
        let card = Card { number: card(n), state: CardState::Active, day_max: None, pin: None };
        let wallets = vec![Held { wallet: Wallet::Prepaid, asset: ASSET, limit: 0 }];
        let owner = root.open_customer(Customer { cards: vec![card], wallets, ..Customer::default() }).expect("opened");
        let asked = Asked {
            operation: OperationId::from_uuid(u128::from(n + 1) << 64),
            by: OperatorNumber("1".to_owned()),
            reference: 0,
            what: AskedFor::TopUp { account: wallet(owner), amount: 10_000_000, tender: 1, lot: None },
        };
        root.ask(&asked, now).expect("topped up");
    }
}
