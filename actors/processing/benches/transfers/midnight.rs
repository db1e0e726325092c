//! The night on which many points expire, while people pay: how long it takes, and how long they wait.

use std::time::{Duration, Instant};

use chrono::DateTime;
use domain::ids::OperatorNumber;
use domain::ledger::transfer::LotTerms;
use domain::ledger::{AccountId, AccountKind, OperationId};
use messages::v1::accounts::Wallet;
use processing::machine::customer::{Customer, Held};
use processing::machine::root::{Asked, AskedFor, Root};
use runtime::clock::Clock;

use crate::{number, per_mille, root_in};

const POINTS: u32 = 1;
const LOTS_EACH: u64 = 10;
const AT_ONCE: u64 = 500;
const PAYS_EVERY: Duration = Duration::from_millis(5);

pub(crate) async fn measure() {
    tokio::task::LocalSet::new().run_until(run()).await;
}

fn asked(operation: u128, what: AskedFor) -> Asked {
    let operation = OperationId::from_uuid(operation << 32);
    Asked { operation, by: OperatorNumber("1".to_owned()), reference: 0, what }
}

async fn run() {
    let customers = number("OPENSTORE_LOTS", 200_000) / LOTS_EACH;
    let folder = tempfile::tempdir().expect("a folder");
    let evening = DateTime::parse_from_rfc3339("2026-11-25T23:59:50+03:00").expect("a time");
    let clock = Clock::by_hand(evening);
    let (door, node) = root_in(folder.path(), &clock).await;
    let mut next = 0;
    while next < customers {
        let until = customers.min(next + AT_ONCE);
        let fill = move |root: &mut Root, now: processing::machine::Now| {
            for n in next..until {
                let wallets = vec![Held { wallet: Wallet::Points, asset: POINTS, limit: 0 }];
                let owner = root.open_customer(Customer { wallets, ..Customer::default() }).expect("opened");
                let account = AccountId::wallet(AccountKind::Bonus, POINTS, owner);
                // One more that stays, to pay from.
                for lot in 0..=LOTS_EACH {
                    let expires_on = if lot == LOTS_EACH { now.moment.day + 30 } else { now.moment.day };
                    let lot = Some(LotTerms { expires_on, campaign: lot as u32, ..LotTerms::NONE });
                    let campaign = lot.map_or(0, |lot| lot.campaign);
                    let give = AskedFor::Give { account, amount: 1_000, campaign, lot };
                    let operation = u128::from(n * 16 + u64::from(campaign) + 1);
                    root.ask(&asked(operation, give), now).expect("given");
                }
            }
        };
        door.ask(Vec::new(), fill).await.expect("filled");
        next = until;
    }
    let expired = || {
        door.ask(Vec::new(), |root, _| {
            let breakage = AccountId::house(AccountKind::Breakage, POINTS, 0, 0);
            root.book().ledger.account(breakage).map_or(0, |account| account.balance())
        })
    };
    let all = i64::try_from(customers * LOTS_EACH * 1_000).expect("a sum");
    clock.set(evening + Duration::from_secs(20));
    let (began, mut times, mut paid) = (Instant::now(), Vec::new(), 0);
    let mut beats = tokio::time::interval(PAYS_EVERY);
    while expired().await.expect("an answer") < all {
        beats.tick().await;
        paid += 1;
        let owner = 1 + paid % customers;
        let account = AccountId::wallet(AccountKind::Bonus, POINTS, owner);
        let spend = asked(u128::from(paid) << 40, AskedFor::Spend { account, amount: 1 });
        let asked = Instant::now();
        door.ask(Vec::new(), move |root, now| root.ask(&spend, now).is_ok()).await.expect("an answer");
        times.push(asked.elapsed());
    }
    println!(
        "{} lots expired in {:.1} s; of {paid} payments meanwhile p50 took {:.2}, p99 {:.2}, the longest {:.2} ms",
        customers * LOTS_EACH,
        began.elapsed().as_secs_f64(),
        per_mille(&mut times, 500),
        per_mille(&mut times, 990),
        per_mille(&mut times, 1_000),
    );
    node.shutdown().await;
}
