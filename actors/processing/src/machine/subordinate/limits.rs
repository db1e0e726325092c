//! What a card may spend of a day, and its PIN: kept by each store for itself, so that both hold without a line.

use domain::ledger::transfer::Day;
use messages::v1::accounts::DeclineCode;

use super::Subordinate;
use crate::machine::Now;
use crate::machine::book::space;
use crate::machine::customer::Customer;

impl Subordinate {
    /// A card with a PIN is tried a few times, also while nobody else can be asked; then it is locked here.
    pub(super) fn right_pin(
        &mut self,
        customer: &Customer,
        number: &str,
        pin: Option<&str>,
    ) -> Result<(), DeclineCode> {
        let Some(kept) = customer.card(number).and_then(|card| card.pin.as_deref()) else { return Ok(()) };
        let key = [b"pin:", number.as_bytes()].concat();
        let wrong = self.limits.get(&key).copied().unwrap_or(0);
        if wrong >= i64::from(self.policy.pin_tries_max) {
            return Err(DeclineCode::PinLocked);
        }
        if pin.is_some_and(|pin| pin_of(number, pin) == kept) {
            if wrong > 0 {
                self.book.remove(space::LIMIT, &key);
                self.limits.remove(&key);
            }
            return Ok(());
        }
        // A question without a PIN is no try.
        if pin.is_some() {
            self.book.put(space::LIMIT, &key, &(wrong + 1));
            self.limits.insert(key, wrong + 1);
        }
        Err(DeclineCode::WrongPin)
    }

    pub(super) fn within_day(
        &self,
        customer: &Customer,
        number: &str,
        amount: i64,
        now: Now,
    ) -> Result<(), DeclineCode> {
        let Some(max) = customer.card(number).and_then(|card| card.day_max) else { return Ok(()) };
        let used = self.limits.get(&day_key(number, now.moment.day)).copied().unwrap_or(0);
        if used.saturating_add(amount) > max { Err(DeclineCode::CardLimit) } else { Ok(()) }
    }

    pub(super) fn use_day(&mut self, customer: &Customer, number: &str, amount: i64, now: Now) {
        if customer.card(number).is_some_and(|card| card.day_max.is_some()) {
            let key = day_key(number, now.moment.day);
            let used = self.limits.get(&key).copied().unwrap_or(0).saturating_add(amount);
            self.book.put(space::LIMIT, &key, &used);
            self.limits.insert(key, used);
        }
    }
}

/// How a card's PIN is kept. Whoever has the book can try all PINs of four digits: the tries are what protects it.
pub fn pin_of(number: &str, pin: &str) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("openstore card pin 1");
    hasher.update(&(number.len() as u64).to_le_bytes());
    hasher.update(number.as_bytes());
    hasher.update(pin.as_bytes());
    hasher.finalize().to_hex().to_string()
}

fn day_key(number: &str, day: Day) -> Vec<u8> {
    [b"card:", number.as_bytes(), b":", &day.to_be_bytes()].concat()
}
