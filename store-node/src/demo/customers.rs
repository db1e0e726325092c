//! The customers of the demonstration: their cards, the programme of points, the gift cards.

use domain::ids::ItemCode;
use domain::loyalty::gift::gift_number;
use domain::money::Money;
use domain::vat::VatRate;
use messages::v1::catalogue::Item;

use crate::chain::Chain;
use crate::chain::accounts::NewCustomer;

/// Customers there are.
pub(super) const CUSTOMERS: u32 = 30;
/// The campaign that pays for the points of the programme.
pub(super) const CAMPAIGN: u64 = 1;
/// The item that is a gift card, and what it costs.
pub(super) const GIFT_ITEM: &str = "0905";
pub(super) const GIFT_PRICE: Money = Money::from_minor(100_000);
/// First digits of the chain's gift cards.
const GIFT_PREFIX: &str = "2777";
/// What a new customer has, times their number of ten.
const POINTS_STEP: i64 = 5_000;
/// Every third customer has paid in so much.
const PREPAID: Money = Money::from_minor(200_000);
/// A point for every full 10.00; up to 30 % of a receipt are paid with points.
const LOYALTY: &str = r#"{
    "programmes": [{
        "asset": 1, "name": "Points", "from": "2026-01-01",
        "campaigns": [{"id": 1, "name": "Everyday"}],
        "earn": [{"name": "A point for 10", "campaign": 1, "give": {"per_step": {"step": "10", "points": "1"}}}],
        "burn": {"share_hundredths_max": 3000},
        "expiry": {"after_days": 365}
    }],
    "gift": {"prefix": "2777", "reload": true}
}"#;
const NAMES: [&str; 10] =
    ["Alexey", "Boris", "Daria", "Elena", "Irina", "Maria", "Nikolai", "Oksana", "Sergei", "Vera"];
const INITIALS: [char; 3] = ['K', 'P', 'S'];

/// The card of a customer, counted from 1: 7000000001.
pub(super) fn card(number: u32) -> String {
    format!("{}", 7_000_000_000 + u64::from(number))
}

pub(super) fn gift_card(random: u64) -> String {
    gift_number(GIFT_PREFIX, random)
}

/// Publish the rules, and open those customers who are not there from the last time.
pub(super) async fn open(chain: &Chain) -> Result<(), String> {
    let gift = Item {
        gift_card: true,
        ..Item::new(ItemCode(GIFT_ITEM.to_owned()), "Gift card".to_owned(), GIFT_PRICE, VatRate::None)
    };
    chain.put_items(vec![gift]).await?;
    chain.put_till_settings("loyalty".to_owned(), None, LOYALTY.to_owned()).await?;
    let failed = |error: anyhow::Error| format!("{error:#}");
    for (n, number) in (0..).zip(1..=CUSTOMERS) {
        let card = card(number);
        if chain.customer_accounts(&card).await.map_err(failed)?.is_ok() {
            continue;
        }
        let new = NewCustomer {
            card,
            name: format!("{} {}.", NAMES[n % NAMES.len()], INITIALS[n / NAMES.len() % INITIALS.len()]),
            points: Some(Money::from_minor(POINTS_STEP * i64::from(1 + number % 10))),
            prepaid: number.is_multiple_of(3).then_some(PREPAID),
            ..NewCustomer::default()
        };
        chain.open_customer(new).await.map_err(failed)??;
    }
    Ok(())
}
