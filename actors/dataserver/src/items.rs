//! An item that is put where it stands already: is it another one, and what did it cost before (DS-2, DS-5)?

use chrono::{DateTime, FixedOffset, TimeDelta};
use messages::codec::{from_body, to_body};
use messages::v1::catalogue::{Item, PastPrice};

use crate::rows::Row;

/// How long a price that has ended is remembered: nobody brings goods back without a receipt later than that.
const PAST_PRICES_KEPT: TimeDelta = TimeDelta::days(30);
/// Past prices of one item; whoever changes a price every day is remembered for ten days.
const PAST_PRICES_MAX: usize = 10;

/// An item, and when it is put.
pub(crate) struct PutItem {
    pub(crate) item: Item,
    pub(crate) now: DateTime<FixedOffset>,
}

impl Row for PutItem {
    fn key(&self) -> &str {
        &self.item.code.0
    }

    fn body(&self, old: Option<&[u8]>) -> Vec<u8> {
        let mut item = self.item.clone();
        item.past_prices.clear();
        let Some((bytes, mut old)) = old.and_then(|bytes| Some((bytes, from_body::<Item>(bytes).ok()?))) else {
            return to_body(&item);
        };
        let mut past = std::mem::take(&mut old.past_prices);
        if item == old {
            return bytes.to_vec();
        }
        if item.price != old.price {
            past.insert(0, PastPrice { price: old.price, until: self.now });
        }
        past.retain(|price| self.now - price.until <= PAST_PRICES_KEPT);
        past.truncate(PAST_PRICES_MAX);
        item.past_prices = past;
        to_body(&item)
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::ItemCode;
    use domain::money::Money;
    use domain::vat::VatRate;

    use super::*;

    fn put(price: i64, day: i64, old: Option<&[u8]>) -> (Vec<u8>, Vec<i64>) {
        let item = Item::new(ItemCode("A".to_owned()), "A".to_owned(), Money::from_minor(price), VatRate::None);
        let now = DateTime::<FixedOffset>::default() + TimeDelta::days(day);
        let body = PutItem { item, now }.body(old);
        let past = from_body::<Item>(&body).unwrap().past_prices.iter().map(|past| past.price.minor()).collect();
        (body, past)
    }

    #[test]
    fn earlier_prices_stay_for_a_month() {
        let (mut body, past) = put(100, 0, None);
        assert!(past.is_empty());
        for (price, day, expected) in [
            (90, 1, vec![100]),
            (90, 5, vec![100]),
            (80, 20, vec![90, 100]),
            (70, 40, vec![80, 90]),
            (70, 99, vec![80, 90]),
        ] {
            let next = put(price, day, Some(&body));
            assert_eq!(next.1, expected, "day {day}");
            body = next.0;
        }
        for price in 0..20 {
            body = put(price, 41, Some(&body)).0;
        }
        assert_eq!(put(19, 41, Some(&body)).1, (9..19).rev().collect::<Vec<i64>>());
    }

    #[test]
    fn past_prices_from_outside_are_not_read() {
        let mut item = Item::new(ItemCode("A".to_owned()), "A".to_owned(), Money::from_minor(1), VatRate::None);
        let now = DateTime::<FixedOffset>::default();
        item.past_prices.push(PastPrice { price: Money::ZERO, until: now });
        let body = PutItem { item: item.clone(), now }.body(None);
        assert!(from_body::<Item>(&body).unwrap().past_prices.is_empty());
        assert_eq!(PutItem { item, now }.body(Some(&body)), body);
    }
}
