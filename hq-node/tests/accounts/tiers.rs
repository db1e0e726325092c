//! Tiers: up with the receipt, down on the day after the keep period, and always what the documents say.
//!
//! `OPENSTORE_TIER_CUSTOMERS`: so many customers go through a night; the suite does a few.

use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate};
use domain::loyalty::tier;
use domain::money::Money;
use hq_node::tiers::tiers_of;
use migrations::entity::sales_customer::{ActiveModel, Entity};
use processing::machine::root::Root;
use sea_orm::{ActiveValue::Set, EntityTrait, TransactionTrait};

use super::office::{Office, customer_of};

const PROGRAMME: &str = r#"{"programmes": [{"asset": 1, "name": "Points", "from": "2026-01-01", "tiers": {"by": "turnover",
    "period_days": 30, "levels": [{"name": "silver", "from": "100.00", "keep_days": 5},
    {"name": "gold", "from": "500.00", "keep_days": 10}]}}]}"#;
const WITHIN: Duration = Duration::from_secs(120);
const ROWS_PER_STATEMENT: usize = 2_000;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn bought(number: &str, on: NaiveDate, sales: i64, returns: i64) -> ActiveModel {
    ActiveModel {
        number: Set(number.to_owned()),
        asset: Set(backoffice::customers::MONEY),
        business_day: Set(on),
        store: Set("S1".to_owned()),
        receipts: Set(1),
        sales: Set(sales),
        returns: Set(returns),
        is_due: Set(true),
    }
}

async fn until(office: &Office, number: &str, tier: &str) {
    let until = Instant::now() + WITHIN;
    loop {
        let asked = number.to_owned();
        let whose = move |root: &mut Root, _| root.whose(&asked).unwrap().tier.clone();
        let has = office.node.accounts().ask(Vec::new(), whose).await.unwrap();
        if has == tier {
            return;
        }
        assert!(Instant::now() < until, "customer {number} has \"{has}\", not \"{tier}\"");
        tokio::task::yield_now().await;
    }
}

fn at(office: &Office, on: &str) {
    office.clock.set(DateTime::parse_from_rfc3339(&format!("{on}T00:01:00+03:00")).unwrap());
}

#[actix_web::test]
async fn processing_s21_a_customer_goes_up_at_once_and_down_when_the_keep_period_ends() {
    let office = Office::open().await;
    office.publish("loyalty", PROGRAMME).await;
    let owner = office.customer("Vera", "7001").await;
    let database = office.node.database().clone();
    let rows = vec![bought("7001", day("2026-11-20"), 45_000, 0), bought("7001", day("2026-11-25"), 9_000, 1_500)];
    Entity::insert_many(rows).exec(&database.writer).await.unwrap();
    until(&office, "7001", "gold").await;
    let (_, page) = office.page("anna", &format!("/accounts/{owner}")).await;
    // The sum is enough until the 19th of December, when what was bought on the 20th of November is 30 days old.
    assert!(page.contains(">gold until 2026-12-29<"), "{page}");
    for (on, tier) in [("2026-12-29", "gold"), ("2026-12-30", "")] {
        at(&office, on);
        until(&office, "7001", tier).await;
    }
    office.node.shutdown().await;
}

#[actix_web::test]
async fn processing_s21_a_night_is_what_the_documents_say() {
    let customers = std::env::var("OPENSTORE_TIER_CUSTOMERS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_500_usize);
    let office = Office::open().await;
    let made = move |root: &mut Root, _| {
        for number in 0..customers {
            root.open_customer(customer_of(&format!("8{number:09}"))).unwrap();
        }
    };
    office.node.accounts().ask(Vec::new(), made).await.unwrap();
    let database = office.node.database().clone();
    let mut histories = vec![Vec::new(); customers];
    let (mut rows, mut random) = (Vec::new(), 0x1234_5678_9abc_def1_u64);
    let transaction = database.writer.begin().await.unwrap();
    for (number, history) in histories.iter_mut().enumerate() {
        for _ in 0..10 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let on = day("2026-11-25") - chrono::Days::new(random % 40);
            let amount = (random >> 32) as i64 % 12_000;
            if history.iter().all(|(known, _)| *known != on) {
                history.push((on, Money::from_minor(amount)));
                rows.push(ActiveModel { is_due: Set(false), ..bought(&format!("8{number:09}"), on, amount, 0) });
            }
        }
        if rows.len() > ROWS_PER_STATEMENT {
            Entity::insert_many(std::mem::take(&mut rows)).exec(&transaction).await.unwrap();
        }
    }
    Entity::insert_many(rows).exec(&transaction).await.unwrap();
    transaction.commit().await.unwrap();

    let began = Instant::now();
    office.publish("loyalty", PROGRAMME).await;
    // Whoever comes last in the order of customers.
    let rules = tiers_of(&database.reader, day("2026-11-25")).await.unwrap().unwrap();
    let of = |history: &[(NaiveDate, Money)]| tier(&rules.tiers, history, rules.day, None).current.unwrap_or_default();
    let last = histories.iter().rposition(|history| !of(history).is_empty()).unwrap();
    until(&office, &format!("8{last:09}"), &of(&histories[last])).await;
    println!("{customers} customers went through a night in {:.1} s", began.elapsed().as_secs_f64());
    let tiers = |root: &mut Root, _| root.customers().map(|customer| customer.tier.clone()).collect::<Vec<_>>();
    let has = office.node.accounts().ask(Vec::new(), tiers).await.unwrap();
    assert_eq!(has, histories.iter().map(|history| of(history)).collect::<Vec<_>>());
    office.node.shutdown().await;
}
