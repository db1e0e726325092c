//! A chain of real keepers in memory: the root and as many stores, each with a line that can be cut.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use domain::ids::{OperatorNumber, ReceiptId};
use domain::ledger::{AccountId, AccountKind, OperationId};
use domain::money::Money;
use futures_util::future::BoxFuture;
use link::apply::{Peer, PeerRole};
use link::requests::RequestError;
use messages::v1::accounts::{AccountOperation, Authorisation, Authorise, LotPart, OperationKind, Settled, Wallet};
use processing::keeper::{Book, Door, Keeper, Making};
use processing::line::{Line, Talk};
use processing::machine::customer::{Card, CardState, Customer, Held};
use processing::machine::root::{self, Asked, AskedFor, Root};
use processing::machine::subordinate::{Policy, Subordinate};
use processing::root_side::{Beside, RootAnswers};
use processing::store::Store;
use processing::store::journal::JournalStore;
use processing::store::memory::MemoryDisk;
use processing::store_side::StoreTalk;
use runtime::clock::Clock;
use runtime::node::{Node, Tree};
use runtime::spec::{ChildSpec, Strategy};
use uuid::Uuid;

const POINTS: u32 = 1;
/// For a state of a node to come.
pub(crate) const WITHIN: Duration = Duration::from_secs(30);

pub(crate) struct Purchase {
    pub(crate) client: String,
    pub(crate) store: String,
    pub(crate) received: i64,
    pub(crate) spent: i64,
}

struct CutLine {
    line: Beside,
    up: Arc<AtomicBool>,
}

impl Line for CutLine {
    fn exchange(&self, body: Vec<u8>, within: Duration) -> BoxFuture<'_, Result<Vec<u8>, RequestError>> {
        Box::pin(async move {
            if !self.up.load(Ordering::Acquire) {
                return Err(RequestError::NoLine);
            }
            let answer = self.line.exchange(body, within).await;
            // Cut while the answer was on its way: it is lost.
            if self.up.load(Ordering::Acquire) { answer } else { Err(RequestError::Deadline) }
        })
    }
}

pub(crate) struct Shop {
    pub(crate) talk: Talk,
    pub(crate) up: Arc<AtomicBool>,
    /// The purchase at which its line comes back.
    pub(crate) back_at: u64,
}

pub(crate) struct Chain {
    pub(crate) root: Door<Root>,
    pub(crate) shops: BTreeMap<String, Shop>,
    pub(crate) node: Node,
    operations: u128,
}

fn in_memory<M: 'static>(
    machine: impl Fn() -> M + Send + Sync + 'static,
    restored: impl Fn(&mut M) + Send + Sync + 'static,
) -> Making<M> {
    let disk = MemoryDisk::new();
    let store = move || -> BoxFuture<'static, Result<Arc<dyn Store>, processing::store::StoreError>> {
        let opened = JournalStore::open(disk.clone());
        Box::pin(async move { Ok(Arc::new(opened?) as Arc<dyn Store>) })
    };
    Making { book: Book::Own(Arc::new(store)), machine: Arc::new(machine), restored: Arc::new(restored), seen: None }
}

impl Chain {
    pub(crate) async fn start(stores: impl Iterator<Item = String>) -> Chain {
        let root: Door<Root> = Door::default();
        let mut tree = Tree::new("chain");
        tree.group("accounts", Strategy::OneForOne);
        let making = in_memory(|| Root::new(root::Policy::default()), Root::restored);
        let opened = root.clone();
        tree.child(ChildSpec::new("accounts/root", "keeper", move || {
            std::future::ready(Ok(Keeper::new(making.clone(), opened.clone(), Clock::system())))
        }));
        let mut shops = BTreeMap::new();
        for store in stores {
            let door: Door<Subordinate> = Door::default();
            let making = in_memory(|| Subordinate::new(0, Policy::default(), false), Subordinate::restored);
            let opened = door.clone();
            tree.child(ChildSpec::new(format!("accounts/{store}"), "keeper", move || {
                std::future::ready(Ok(Keeper::new(making.clone(), opened.clone(), Clock::system())))
            }));
            let up = Arc::new(AtomicBool::new(true));
            let peer = Peer { name: store.clone(), role: PeerRole::Store };
            let line = Beside { root: RootAnswers::new(root.clone(), None), store: peer };
            let talk = Talk { door, line: Arc::new(CutLine { line, up: up.clone() }) };
            let talking = talk.clone();
            tree.child(ChildSpec::new(format!("talk/{store}"), "store_talk", move || {
                std::future::ready(Ok(StoreTalk::new(talking.clone())))
            }));
            shops.insert(store, Shop { talk, up, back_at: 0 });
        }
        Chain { root, shops, node: tree.start().await, operations: 1 }
    }

    pub(crate) async fn open(&self, opening: &BTreeMap<String, i64>) {
        for (number, (client, points)) in opening.iter().enumerate() {
            let (client, points) = (client.clone(), *points);
            let work = move |root: &mut Root, now| {
                let card = Card { number: client, state: CardState::Active, day_max: None, pin: None };
                let wallets = vec![Held { wallet: Wallet::Points, asset: POINTS, limit: 0 }];
                let customer = Customer { cards: vec![card], wallets, ..Customer::default() };
                let owner = root.open_customer(customer).expect("opened");
                if points > 0 {
                    let account = AccountId::wallet(AccountKind::Bonus, POINTS, owner);
                    let asked = Asked {
                        operation: OperationId::from_uuid((number as u128 + 1) << 100),
                        by: OperatorNumber("1".to_owned()),
                        reference: 0,
                        what: AskedFor::Give { account, amount: points, campaign: 0, lot: None },
                    };
                    root.ask(&asked, now).expect("given");
                }
            };
            self.root.ask(Vec::new(), work).await.expect("opened");
        }
    }

    fn next(&mut self) -> Uuid {
        self.operations += 1;
        Uuid::from_u128(self.operations << 32)
    }

    async fn settle(&self, store: &str, what: AccountOperation) {
        let settled = Settled {
            receipt: ReceiptId(what.operation),
            operator: OperatorNumber("1".to_owned()),
            business_day: day(),
            operations: vec![what],
        };
        let talk = &self.shops[store].talk;
        talk.settle(1, settled).await.expect("settled");
    }

    /// The store's centre is at work; before that a till has nothing to give it.
    pub(crate) async fn enrolled(&self) {
        for (store, shop) in &self.shops {
            let until = Instant::now() + WITHIN;
            loop {
                let ready = shop.talk.door.ask(Vec::new(), |store, _| store.standing().trusted).await;
                if matches!(ready, Ok(true)) {
                    break;
                }
                assert!(Instant::now() < until, "{store} does not begin");
                tokio::task::yield_now().await;
            }
        }
    }

    pub(crate) async fn earn(&mut self, purchase: &Purchase) {
        let operation = self.next();
        let part = LotPart {
            origin: Uuid::nil(),
            amount: Money::from_minor(purchase.received),
            activates_on: None,
            expires_on: None,
            campaign: 7,
        };
        let what = self.what(operation, purchase, OperationKind::Earn, purchase.received, vec![part]);
        self.settle(&purchase.store, what).await;
    }

    fn what(
        &self,
        operation: Uuid,
        purchase: &Purchase,
        kind: OperationKind,
        amount: i64,
        lots: Vec<LotPart>,
    ) -> AccountOperation {
        AccountOperation {
            operation,
            kind,
            owner: 0,
            number: purchase.client.clone(),
            wallet: Wallet::Points,
            asset: POINTS,
            amount: Money::from_minor(amount),
            lots,
            of: None,
        }
    }

    pub(crate) fn question(&mut self, client: &str, amount: i64) -> Authorise {
        let operation = self.next();
        Authorise {
            operation,
            receipt: ReceiptId(operation),
            number: client.to_owned(),
            pin: None,
            wallet: Wallet::Points,
            asset: POINTS,
            amount: Money::from_minor(amount),
            up_to: false,
            operator: OperatorNumber("1".to_owned()),
            business_day: day(),
            timeout_s: 600,
        }
    }

    /// False: declined, for now.
    pub(crate) async fn spend(&mut self, purchase: &Purchase) -> bool {
        let asked = self.question(&purchase.client, purchase.spent);
        let operation = asked.operation;
        match self.shops[&purchase.store].talk.authorise(asked).await {
            Authorisation::Approved(approval) => {
                let lots = approval.lots;
                let what = self.what(operation, purchase, OperationKind::Spend, purchase.spent, lots);
                self.settle(&purchase.store, what).await;
                true
            }
            Authorisation::Declined(_) => false,
        }
    }

    pub(crate) async fn nobody_below_zero(&self) {
        let work = |root: &mut Root, _| {
            root.book().ledger.check()?;
            let owners: Vec<u64> = root.customers().map(|customer| customer.owner).collect();
            let below =
                owners.into_iter().find(|owner| root.total(AccountId::wallet(AccountKind::Bonus, POINTS, *owner)) < 0);
            match below {
                Some(owner) => Err(format!("customer {owner} is below zero")),
                None => Ok(()),
            }
        };
        self.root.ask(Vec::new(), work).await.expect("an answer").expect("nobody is below zero");
    }

    /// Until the root has all that stores wrote.
    pub(crate) async fn settled(&self) {
        for (store, shop) in &self.shops {
            let until = Instant::now() + WITHIN;
            loop {
                let standing = shop.talk.door.ask(Vec::new(), |store, _| store.standing()).await.expect("an answer");
                if standing.agreed && standing.unsent == 0 && standing.waiting == 0 {
                    break;
                }
                assert!(Instant::now() < until, "{store} is not done: {standing:?}");
                tokio::task::yield_now().await;
            }
        }
    }

    /// Where a customer's points are, for a failure.
    pub(crate) async fn stands(&self, purchase: &Purchase) -> String {
        let client = purchase.client.clone();
        let root = self.root.ask(Vec::new(), move |root, now| {
            let owner = root.whose(&client).expect("known").owner;
            let account = AccountId::wallet(AccountKind::Bonus, POINTS, owner);
            let free = root.book().ledger.available(account, now.moment.day);
            let total = root.total(account);
            let rights: Vec<_> = root.holders(account).collect();
            let holders: Vec<_> =
                root.peers().into_iter().filter(|peer| rights.iter().any(|(store, _)| *store == peer.store)).collect();
            (account, format!("free {free} of {total}, rights {rights:?}, as the root sees them: {holders:?}"))
        });
        let (account, mut text) = root.await.expect("an answer");
        for (name, shop) in &self.shops {
            let look = move |store: &mut Subordinate, now: processing::machine::Now| {
                let right = store.right(account, now.moment.day);
                (right > 0).then(|| format!("right {right}, {:?}", store.standing()))
            };
            if let Some(stands) = shop.talk.door.ask(Vec::new(), look).await.expect("an answer") {
                text.push_str(&format!("\n{name}: {stands}"));
            }
        }
        text
    }

    pub(crate) async fn movements(&self, opening: &BTreeMap<String, i64>) -> BTreeMap<String, i64> {
        let opening = opening.clone();
        let work = move |root: &mut Root, _| {
            let of = |(client, opening): (&String, &i64)| {
                let owner = root.whose(client).expect("known").owner;
                let total = root.total(AccountId::wallet(AccountKind::Bonus, POINTS, owner));
                (client.clone(), total - opening)
            };
            opening.iter().map(of).collect()
        };
        self.root.ask(Vec::new(), work).await.expect("an answer")
    }
}

fn day() -> NaiveDate {
    Clock::system().now().date_naive()
}
