//! Stores that were alone bring what they did; another store asks for rights meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use domain::ids::{OperatorNumber, ReceiptId};
use domain::ledger::OperationId;
use domain::ledger::transfer::Moment;
use domain::money::Money;
use futures_util::future::join_all;
use link::apply::{Peer, PeerRole};
use link::requests::{ACCOUNTS_SYNC, Answer};
use messages::v1::accounts::{AccountOperation, LotPart, OperationKind, Settled, Wallet};
use processing::machine::Now;
use processing::machine::customer::{Card, CardState, Customer, Held};
use processing::machine::root::Root;
use processing::machine::subordinate::{Policy, Subordinate};
use processing::machine::wire::{Answered, Envelope, ToRoot, Who};
use processing::root_side::RootAnswers;
use runtime::clock::Clock;

use crate::{number, per_mille, root_in, timed};

const STORES: u64 = 50;
const CUSTOMERS: u64 = 10_000;
const POINTS: u32 = 1;
const ASKS_EVERY: Duration = Duration::from_millis(20);
const NOW: Now = Now { moment: Moment { elapsed_ms: 1, day: 20_000 }, wall_ms: 1_700_000_000_000 };

pub(crate) async fn measure() {
    tokio::task::LocalSet::new().run_until(run()).await;
}

/// One store's side of the line.
struct Store {
    machine: Subordinate,
    peer: Peer,
    root: RootAnswers,
}

impl Store {
    fn new(name: String, root: &RootAnswers) -> Store {
        let peer = Peer { name, role: PeerRole::Store };
        Store { machine: Subordinate::new(0, Policy::default(), false), peer, root: root.clone() }
    }

    /// Say it, and what the answers ask for, until there is nothing more.
    async fn talk(&mut self, first: ToRoot) {
        let mut messages = vec![first];
        while !messages.is_empty() {
            let body = Envelope { node: self.machine.me(), messages, waits: false }.to_body();
            let answer = self.root.answer(&self.peer, ACCOUNTS_SYNC, body).await.expect("answered");
            let answered = Answered::from_body(&answer).expect("an answer");
            messages = if self.machine.is_enrolled() {
                answered.replies.into_iter().flat_map(|reply| self.machine.on_reply(reply, NOW)).collect()
            } else {
                self.machine.enrol(answered.node);
                vec![self.machine.poll()]
            };
            self.machine.take_changes();
        }
    }

    fn earn(&mut self, number: u64, customer: u64) {
        let operation = uuid::Uuid::from_u128(OperationId::from_uuid(u128::from(number) << 32).0);
        let part = LotPart {
            origin: uuid::Uuid::nil(),
            amount: Money::from_minor(100),
            activates_on: None,
            expires_on: None,
            campaign: 1,
        };
        let what = AccountOperation {
            operation,
            kind: OperationKind::Earn,
            owner: 1 + customer,
            number: format!("7{customer:09}"),
            wallet: Wallet::Points,
            asset: POINTS,
            amount: Money::from_minor(100),
            lots: vec![part],
            of: None,
        };
        let settled = Settled {
            receipt: ReceiptId(operation),
            operator: OperatorNumber("1".to_owned()),
            business_day: NaiveDate::from_ymd_opt(2024, 10, 4).expect("a day"),
            operations: vec![what],
        };
        self.machine.settle(1, &settled, NOW);
        self.machine.take_changes();
    }
}

async fn run() {
    let documents = number("OPENSTORE_DOCUMENTS", 200_000);
    let folder = tempfile::tempdir().expect("a folder");
    let (door, node) = root_in(folder.path(), &Clock::system()).await;
    let open = |root: &mut Root, _| {
        for n in 0..CUSTOMERS {
            let card = Card { number: format!("7{n:09}"), state: CardState::Active, day_max: None, pin: None };
            let wallets = vec![Held { wallet: Wallet::Points, asset: POINTS, limit: 0 }];
            root.open_customer(Customer { cards: vec![card], wallets, ..Customer::default() }).expect("opened");
        }
    };
    door.ask(Vec::new(), open).await.expect("opened");
    let root = RootAnswers::new(door.clone(), None);
    let mut stores: Vec<Store> = (0..STORES).map(|n| Store::new(format!("S{n}"), &root)).collect();
    let each = documents / STORES;
    for (n, store) in (0..).zip(&mut stores) {
        let hello = store.machine.poll();
        store.talk(hello).await;
        for document in 0..each {
            store.earn(1 + n * each + document, (document * 7 + n) % CUSTOMERS);
        }
    }
    let mut guest = Store::new("guest".to_owned(), &root);
    let hello = guest.machine.poll();
    guest.talk(hello).await;
    let done = Arc::new(AtomicBool::new(false));
    let ended = done.clone();
    let asking = tokio::task::spawn_local(async move {
        let (mut times, mut beats) = (Vec::new(), tokio::time::interval(ASKS_EVERY));
        for customer in (0..CUSTOMERS).cycle() {
            if ended.load(Ordering::Acquire) {
                break;
            }
            beats.tick().await;
            let began = Instant::now();
            let want = guest.machine.want(Who::Number(format!("7{customer:09}"))).expect("it agrees");
            guest.talk(want).await;
            times.push(began.elapsed());
        }
        times
    });
    let push = |mut store: Store| async move {
        let first = store.machine.poll();
        store.talk(first).await;
        store
    };
    let (stores, took) = timed(join_all(stores.into_iter().map(push))).await;
    done.store(true, Ordering::Release);
    assert!(stores.iter().all(|store| store.machine.standing().unsent == 0), "all has arrived");
    let mut times = asking.await.expect("it asked");
    println!(
        "{documents} documents of {STORES} stores came in in {:.1} s ({:.0}/s); {} wishes of another store meanwhile: p50 {:.1}, p99 {:.1} ms",
        took.as_secs_f64(),
        documents as f64 / took.as_secs_f64(),
        times.len(),
        per_mille(&mut times, 500),
        per_mille(&mut times, 990),
    );
    node.shutdown().await;
}
