//! Scarce things that a receipt takes before its money: marked units, points, gift cards and money of customers; seats and
//! restaurant checks later.
//!
//! One protocol for all: `claim → extend → pin → confirm | release`. Whoever owns the thing gives a claim for a while; the
//! payment extends it; from the moment the fiscal device is asked it is pinned and does not lapse; the closed receipt
//! confirms it, a voided line or a cancelled receipt releases it. Every step may be repeated.
//!
//! Invariants:
//! - CL-1 One thing is held once by a receipt.
//! - CL-2 What is pinned is released only by a receipt that surely has no fiscal document.
//! - CL-3 At the end of its receipt every claim is confirmed or released.

use serde::{Deserialize, Serialize};

use crate::money::Money;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimKind {
    /// A marked unit, by the identity of its code.
    Mark,
    /// Points of a customer, by the number of the operation; so are the kinds that follow.
    Points,
    Gift,
    Prepaid,
    Credit,
}

impl ClaimKind {
    /// It is held by the processing centre of customer accounts.
    pub fn is_of_account(self) -> bool {
        self != ClaimKind::Mark
    }

    /// The word in tables and messages.
    pub fn name(self) -> &'static str {
        match self {
            ClaimKind::Mark => "mark",
            ClaimKind::Points => "points",
            ClaimKind::Gift => "gift",
            ClaimKind::Prepaid => "prepaid",
            ClaimKind::Credit => "credit",
        }
    }
}

/// A thing, and how much of it when it is divisible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub kind: ClaimKind,
    pub key: String,
    #[serde(default)]
    pub amount: Option<Money>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimState {
    Claimed,
    Pinned,
    Confirmed,
    Released,
}

/// What one receipt holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    held: Vec<(Claim, ClaimState)>,
}

impl Claims {
    pub fn all(&self) -> impl Iterator<Item = (&Claim, ClaimState)> {
        self.held.iter().map(|(claim, state)| (claim, *state))
    }

    /// Does the receipt hold it now?
    pub fn holds(&self, kind: ClaimKind, key: &str) -> bool {
        self.held.iter().any(|(claim, state)| {
            claim.kind == kind && claim.key == key && matches!(state, ClaimState::Claimed | ClaimState::Pinned)
        })
    }

    pub fn is_empty(&self) -> bool {
        self.held.iter().all(|(_, state)| *state == ClaimState::Released)
    }

    pub fn claim(&mut self, claim: Claim) {
        assert!(!self.holds(claim.kind, &claim.key), "CL-1: one thing is held once");
        self.held.retain(|(held, _)| held.kind != claim.kind || held.key != claim.key);
        self.held.push((claim, ClaimState::Claimed));
    }

    pub fn pin(&mut self) {
        self.change(|state| matches!(state, ClaimState::Claimed), ClaimState::Pinned);
    }

    pub fn confirm(&mut self) {
        self.change(|state| matches!(state, ClaimState::Claimed | ClaimState::Pinned), ClaimState::Confirmed);
    }

    /// One thing goes back.
    pub fn release(&mut self, kind: ClaimKind, key: &str) {
        for (claim, state) in &mut self.held {
            if claim.kind == kind && claim.key == key {
                assert_ne!(*state, ClaimState::Confirmed, "CL-3: what is confirmed is not released");
                *state = ClaimState::Released;
            }
        }
    }

    /// All go back. The receipt has no fiscal document and will have none.
    pub fn release_all(&mut self) {
        self.change(|state| matches!(state, ClaimState::Claimed | ClaimState::Pinned), ClaimState::Released);
    }

    fn change(&mut self, from: impl Fn(ClaimState) -> bool, to: ClaimState) {
        self.held.iter_mut().filter(|(_, state)| from(*state)).for_each(|(_, state)| *state = to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_ends_confirmed_or_released() {
        let claim = |key: &str| Claim { kind: ClaimKind::Mark, key: key.to_owned(), amount: None };
        let mut claims = Claims::default();
        claims.claim(claim("a"));
        claims.claim(claim("b"));
        claims.release(ClaimKind::Mark, "a");
        assert!(!claims.holds(ClaimKind::Mark, "a"));
        claims.claim(claim("a"));
        claims.pin();
        assert!(claims.holds(ClaimKind::Mark, "a") && claims.holds(ClaimKind::Mark, "b"));
        claims.confirm();
        let states: Vec<_> = claims.all().map(|(claim, state)| (claim.key.as_str(), state)).collect();
        assert_eq!(states, [("b", ClaimState::Confirmed), ("a", ClaimState::Confirmed)]);
    }
}
