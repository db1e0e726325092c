//! Customers in random shifts: who they are, and whether the head office's book is the sum of what tills' journals say.

use std::collections::BTreeMap;

use domain::money::Money;
use messages::v1::accounts::OperationKind;
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use store_node::chain::Chain;
use till::records;

/// What every wallet has at first: more than is spent.
const OPENING: Money = Money::from_minor(100_000_000);
const CARDS: [&str; 3] = ["2900000000018", "2900000000025", "2900000000032"];
/// Nobody has heard of it before it earns.
const STRANGER: &str = "79215550123";
const PROGRAMME: &str = r#"{"programmes":[{"asset":1,"name":"Points","from":"2026-01-01","campaigns":[{"id":1,"name":"Everyday"}],"earn":[{"name":"A point for 10","campaign":1,"give":{"per_step":{"step":"10","points":"1"}}}],"burn":{"share_hundredths_max":3000},"clawback":"owe"}]}"#;

/// Lines of a script that publish the rules and open the customers.
pub(super) fn fixture() -> String {
    let value: Value = serde_json::from_str(PROGRAMME).expect("a programme");
    let mut script = json!({"do": "settings", "section": "loyalty", "value": value}).to_string();
    for card in CARDS {
        let opening = json!({"points": OPENING, "prepaid": OPENING, "gift": OPENING});
        script.push_str(&format!("\n{}", json!({"do": "account", "card": card, "opening": opening})));
    }
    script
}

pub(super) fn card(random: &mut StdRng) -> Value {
    let number = match random.random_range(0..=CARDS.len()) {
        n if n < CARDS.len() => CARDS[n],
        _ => STRANGER,
    };
    json!({"do": "card", "number": number})
}

pub(super) fn burn(random: &mut StdRng) -> Value {
    match random.random_range(0..4) {
        0 => json!({"do": "give_back"}),
        1 => json!({"do": "burn", "points": "5"}),
        _ => json!({"do": "burn"}),
    }
}

pub(super) fn pay(random: &mut StdRng, due: Money) -> Value {
    let tender = if random.random_ratio(1, 2) { "gift" } else { "prepaid" };
    let amount = if random.random_ratio(1, 2) { due } else { Money::from_minor(due.minor() / 2) };
    json!({"do": "pay", "tender": tender, "amount": amount, "number": CARDS[random.random_range(0..CARDS.len())]})
}

/// What receipts of all tills did, by number and wallet, in minor units.
async fn of_journals(chain: &Chain) -> BTreeMap<(String, String), i64> {
    let mut sums = BTreeMap::new();
    for (store, till) in chain.tills() {
        let database = chain.till(&store, till).expect("a till").database.clone();
        let mut after = 0;
        loop {
            let page = records::receipts(&database, after, 500).await.expect("receipts");
            let Some(last) = page.last() else { break };
            after = last.receipt.sequence;
            for what in page.iter().filter(|ended| ended.is_closed()).flat_map(|ended| &ended.receipt.accounts) {
                let amount = what.amount.minor();
                let moved = match what.kind {
                    OperationKind::Spend | OperationKind::TakeBack => -amount,
                    OperationKind::Earn | OperationKind::PutBack | OperationKind::Load => amount,
                };
                let wallet = json!(what.wallet).as_str().expect("a word").to_owned();
                *sums.entry((what.number.clone(), wallet)).or_default() += moved;
            }
        }
    }
    sums
}

pub(super) async fn compare(chain: &Chain, seed: u64) {
    let journals = of_journals(chain).await;
    println!("accounts: {journals:?}");
    assert!(journals.values().any(|moved| *moved != 0), "seed {seed}: customers did something");
    let mut told = BTreeMap::new();
    for card in CARDS.into_iter().chain([STRANGER]) {
        let Ok(rows) = chain.customer_accounts(card).await.expect("the root answers") else { continue };
        for row in rows.as_array().expect("rows") {
            let sum = |column: &str| row[column].as_str().expect("money").parse::<Money>().expect("money");
            let opening = if card == STRANGER { Money::ZERO } else { OPENING };
            let moved = sum("balance") + sum("pending") - opening;
            told.insert((card.to_owned(), row["wallet"].as_str().expect("a wallet").to_owned()), moved.minor());
        }
    }
    let moved = |sums: BTreeMap<(String, String), i64>| -> BTreeMap<_, _> {
        sums.into_iter().filter(|(_, moved)| *moved != 0).collect()
    };
    assert_eq!(moved(told), moved(journals), "seed {seed}: the book of the head office and the journals of tills");
}
