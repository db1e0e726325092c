//! Points of real customers, replayed over as many stores as they visited, with lines cut at random: every customer's
//! movement is what it was, and nobody is ever below zero. On made data always, on the real ones where they are.

#[path = "points/chain.rs"]
mod chain;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Instant;

use domain::money::Money;
use messages::v1::accounts::{Authorisation, DeclineCode};

use crate::chain::{Chain, Purchase, WITHIN};

/// A store whose line is cut stays so for this many purchases of the chain.
const CUT_FOR: u64 = 60;
/// Of a hundred purchases, how many begin with a line being cut.
const CUTS_PERCENT: u64 = 12;

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
