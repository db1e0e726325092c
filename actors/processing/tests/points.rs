//! Points of real customers, replayed over as many stores as they visited, with lines cut at random: every customer's
//! movement is what it was, and nobody is ever below zero. On made data always, on the real ones where they are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
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
use messages::v1::accounts::{
    AccountOperation, Authorisation, Authorise, DeclineCode, LotPart, OperationKind, Settled, Wallet,
};
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
/// A store whose line is cut stays so for this many purchases of the chain.
const CUT_FOR: u64 = 60;
/// Of a hundred purchases, how many begin with a line being cut.
const CUTS_PERCENT: u64 = 12;
const WITHIN: Duration = Duration::from_secs(30);

struct Purchase {
    client: String,
    store: String,
    received: i64,
    spent: i64,
}

struct Data {
    /// By client: what it had before.
    opening: BTreeMap<String, i64>,
    purchases: Vec<Purchase>,
}

impl Data {
    fn net(&self) -> BTreeMap<&str, i64> {
        let mut net = BTreeMap::new();
        for purchase in &self.purchases {
            *net.entry(purchase.client.as_str()).or_default() += purchase.received - purchase.spent;
        }
        net
    }
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

struct Shop {
    talk: Talk,
    up: Arc<AtomicBool>,
    /// The purchase at which its line comes back.
    back_at: u64,
}

struct Chain {
    root: Door<Root>,
    shops: BTreeMap<String, Shop>,
    node: Node,
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
    async fn start(stores: impl Iterator<Item = String>) -> Chain {
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

    async fn open(&self, opening: &BTreeMap<String, i64>) {
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
    async fn enrolled(&self) {
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

    async fn earn(&mut self, purchase: &Purchase) {
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

    fn question(&mut self, client: &str, amount: i64) -> Authorise {
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
    async fn spend(&mut self, purchase: &Purchase) -> bool {
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

    async fn nobody_below_zero(&self) {
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
    async fn settled(&self) {
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
    async fn stands(&self, purchase: &Purchase) -> String {
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

    async fn movements(&self, opening: &BTreeMap<String, i64>) -> BTreeMap<String, i64> {
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

/// The same for a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

async fn replay(data: &Data, seed: u64) {
    let stores: std::collections::BTreeSet<String> = data.purchases.iter().map(|p| p.store.clone()).collect();
    let names: Vec<String> = stores.iter().cloned().collect();
    let mut chain = Chain::start(stores.into_iter()).await;
    chain.enrolled().await;
    chain.open(&data.opening).await;
    let mut random = Random(seed | 1);
    let (mut later, mut declined) = (Vec::new(), 0);
    for (n, purchase) in (1..).zip(&data.purchases) {
        if random.below(100) < CUTS_PERCENT {
            let shop = chain.shops.get_mut(&names[random.below(names.len() as u64) as usize]).expect("a store");
            shop.up.store(false, Ordering::Release);
            shop.back_at = n + 1 + random.below(CUT_FOR);
        }
        for shop in chain.shops.values_mut().filter(|shop| shop.back_at == n) {
            shop.up.store(true, Ordering::Release);
        }
        if purchase.received > 0 {
            chain.earn(purchase).await;
        }
        if purchase.spent > 0 && !chain.spend(purchase).await {
            declined += 1;
            later.push(purchase);
        }
        if n % 100 == 0 {
            chain.nobody_below_zero().await;
        }
    }
    for shop in chain.shops.values() {
        shop.up.store(true, Ordering::Release);
    }
    chain.settled().await;
    // Whoever could not pay with points while lines were cut comes again.
    let until = Instant::now() + WITHIN;
    while let Some(purchase) = later.first().copied() {
        if chain.spend(purchase).await {
            later.remove(0);
        } else {
            if Instant::now() > until {
                let stands = chain.stands(purchase).await;
                panic!("{} cannot spend {} at {}: {stands}", purchase.client, purchase.spent, purchase.store);
            }
            tokio::task::yield_now().await;
        }
    }
    chain.settled().await;
    chain.nobody_below_zero().await;
    let net = data.net();
    for (client, movement) in chain.movements(&data.opening).await {
        let expected = net.get(client.as_str()).copied().unwrap_or(0);
        assert_eq!(movement, expected, "movement of {client}, seed {seed}");
    }
    let alerts = chain.root.ask(Vec::new(), |root, _| root.alerts().cloned().collect::<Vec<_>>()).await;
    assert_eq!(alerts.expect("an answer"), [], "nothing needs attention");
    println!(
        "{} purchases of {} customers in {} stores: {declined} payments waited for a line, movements are equal",
        data.purchases.len(),
        data.opening.len(),
        names.len()
    );
    chain.node.shutdown().await;
}

fn in_system(work: impl Future<Output = ()>) {
    actix::System::new().block_on(work);
}

#[test]
fn a_till_that_comes_second_is_refused_only_after_the_root_was_asked() {
    in_system(async {
        const STORE: &str = "s1";
        let mut chain = Chain::start([STORE.to_owned()].into_iter()).await;
        chain.enrolled().await;
        let opening: BTreeMap<String, i64> = (1..=3).map(|n| (format!("c{n}"), 25_000)).collect();
        chain.open(&opening).await;
        for client in opening.keys() {
            // What it may spend is here before the two ask.
            let first = chain.question(client, 5_000);
            let (one, two) = (chain.question(client, 15_000), chain.question(client, 15_000));
            let talk = &chain.shops[STORE].talk;
            assert!(matches!(talk.authorise(first).await, Authorisation::Approved(_)));
            let answers: [_; 2] = futures_util::future::join(talk.authorise(one), talk.authorise(two)).await.into();
            let declined: Vec<_> = answers
                .into_iter()
                .filter_map(|answer| match answer {
                    Authorisation::Approved(_) => None,
                    Authorisation::Declined(declined) => Some((declined.code, declined.available, declined.online)),
                })
                .collect();
            assert_eq!(declined, [(DeclineCode::NotEnough, Some(Money::from_minor(5_000)), true)]);
        }
        chain.node.shutdown().await;
    });
}

#[test]
fn made_points_move_as_they_were_made() {
    let mut random = Random(99);
    let (mut purchases, mut running, mut lowest) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    for _ in 0..400 {
        let client = format!("c{}", random.below(30));
        let (received, spent) = match random.below(4) {
            0 => (0, 100 * (1 + random.below(90)) as i64),
            1 => (10 * random.below(300) as i64, 10 * (1 + random.below(50)) as i64),
            _ => (10 * random.below(200) as i64, 0),
        };
        let now: &mut i64 = running.entry(client.clone()).or_default();
        *now += received - spent;
        let low: &mut i64 = lowest.entry(client.clone()).or_default();
        *low = (*low).min(*now);
        purchases.push(Purchase { client, store: format!("s{}", random.below(20)), received, spent });
    }
    let opening = lowest.into_iter().map(|(client, low)| (client, -low)).collect();
    in_system(async move { replay(&Data { opening, purchases }, 5).await });
}

/// 1,760 purchases of 100 customers in 260 stores. The data are not part of the project.
#[test]
fn real_points_move_as_they_did() {
    let Some(folder) = real_data() else { return };
    let data = read(&folder);
    in_system(async move { replay(&data, 7).await });
}

fn real_data() -> Option<PathBuf> {
    let shared = std::env::var_os("OPENSTORE_SHARED").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let folder = shared.join("data/x5_retailhero/reference");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("left out: the real data are not at {}; OPENSTORE_SHARED says where they are", folder.display());
    None
}

/// Points with one decimal, as minor units.
fn minor(text: &str) -> i64 {
    text.parse::<Money>().expect("points").minor()
}

fn read(folder: &Path) -> Data {
    let table = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).expect("a table");
        let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        let head = lines.next().expect("a head");
        lines.map(|line| head.iter().cloned().zip(line).collect::<BTreeMap<_, _>>()).collect::<Vec<_>>()
    };
    let purchase = |row: &BTreeMap<String, String>| Purchase {
        client: row["client_id"].clone(),
        store: row["store_id"].clone(),
        received: minor(&row["regular_points_received"]) + minor(&row["express_points_received"]),
        spent: -(minor(&row["regular_points_spent"]) + minor(&row["express_points_spent"])),
    };
    let purchases = table("events.csv").iter().map(purchase).collect();
    let clients = table("per_client.csv");
    let opening = clients.iter().map(|row| (row["client_id"].clone(), minor(&row["opening_balance_needed"])));
    let data = Data { opening: opening.collect(), purchases };
    let net = data.net();
    for row in &clients {
        let said = minor(&row["net_points_movement"]);
        assert_eq!(net.get(row["client_id"].as_str()).copied().unwrap_or(0), said, "the tables agree");
    }
    data
}
