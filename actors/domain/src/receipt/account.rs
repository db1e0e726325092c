//! What a receipt takes from customers' accounts, and what it gives to them.
//!
//! Asked, answered, claimed: the number of an operation is in the receipt's history before anybody is asked, and each
//! operation that was answered with a yes is in the closed receipt or is given back, never both.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Event, Kind, Line, Priced, Receipt, State};
use crate::claims::{Claim, ClaimKind};
use crate::money::Money;
use crate::refusal::Refusal;

/// What of a customer is paid with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wallet {
    Points,
    Gift,
    Prepaid,
    /// On account: down to the limit.
    Credit,
}

impl Wallet {
    pub fn claim(self) -> ClaimKind {
        match self {
            Wallet::Points => ClaimKind::Points,
            Wallet::Gift => ClaimKind::Gift,
            Wallet::Prepaid => ClaimKind::Prepaid,
            Wallet::Credit => ClaimKind::Credit,
        }
    }
}

impl fmt::Display for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.claim().name())
    }
}

/// The number of an operation: the last four bits are free for its lines.
pub fn operation_of(uuid: Uuid) -> Uuid {
    Uuid::from_u128(uuid.as_u128() & !0xf)
}

/// What the processing centre is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountAsked {
    pub operation: Uuid,
    pub wallet: Wallet,
    /// Of which currency or programme.
    pub asset: u32,
    /// The card, phone or gift card.
    pub number: String,
    pub amount: Money,
    /// Less is welcome if there is not so much.
    pub up_to: bool,
}

/// What happens to one account when the receipt closes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    pub operation: Uuid,
    pub kind: MovementKind,
    /// Zero: known only by its number.
    pub owner: u64,
    pub number: String,
    pub wallet: Wallet,
    pub asset: u32,
    pub amount: Money,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lots: Vec<Lot>,
    /// The operation that it undoes, wholly or in part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Uuid>,
    /// The head office said yes just now; if not, the store alone did.
    #[serde(default)]
    pub online: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    Spend,
    Earn,
    PutBack,
    TakeBack,
    Load,
}

/// A part of a lot of points or of a dated gift card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    pub origin: Uuid,
    pub amount: Money,
    pub activates_on: Option<NaiveDate>,
    pub expires_on: Option<NaiveDate>,
    pub campaign: u32,
}

impl Lot {
    /// Can it be spent on `day`, as far as its first day says?
    pub fn is_active(&self, day: NaiveDate) -> bool {
        self.activates_on.is_none_or(|from| from <= day)
    }

    /// The first `amount` of `lots`.
    pub fn first(lots: &[Lot], amount: Money) -> Vec<Lot> {
        Lot::between(lots.iter(), Money::ZERO, amount)
    }

    /// `amount` of `lots` from their end, after `before` of it went before: what was taken last goes back first.
    pub fn last(lots: &[Lot], before: Money, amount: Money) -> Vec<Lot> {
        Lot::between(lots.iter().rev(), before, amount)
    }

    fn between<'a>(lots: impl Iterator<Item = &'a Lot>, mut skip: Money, mut amount: Money) -> Vec<Lot> {
        let mut parts = Vec::new();
        for lot in lots {
            let skipped = lot.amount.min(skip);
            skip -= skipped;
            let part = (lot.amount - skipped).min(amount);
            if part.is_positive() {
                amount -= part;
                parts.push(Lot { amount: part, ..*lot });
            }
        }
        parts
    }
}

/// A gift card or an account that a line loads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    pub wallet: Wallet,
    pub number: String,
    /// The points that are bought for the line's money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<BoughtPoints>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoughtPoints {
    /// Of which programme.
    pub asset: u32,
    pub amount: Money,
    /// The last day on which they can be spent.
    pub expires_on: Option<NaiveDate>,
}

/// What is known of the customer, as far as it decides what the receipt gives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownCustomer {
    pub owner: u64,
    pub name: String,
    pub tier: String,
    /// Month and day.
    pub birthday: Option<(u32, u32)>,
    pub first_purchase: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referred_by: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub points: Vec<PointsGiven>,
}

/// What one programme gave to a customer lately, as far as the store knew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointsGiven {
    pub asset: u32,
    /// Of the last business day with points.
    pub earned: Option<(NaiveDate, Money)>,
    /// On which business day each campaign gave last.
    pub campaigns: Vec<(u32, NaiveDate)>,
}

impl KnownCustomer {
    pub fn given_by(&self, asset: u32) -> Option<&PointsGiven> {
        self.points.iter().find(|given| given.asset == asset)
    }
}

/// Points that were taken off the lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Burn {
    pub taken: Movement,
    /// What lines cost less by it, in money.
    pub parts: Vec<BurnPart>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BurnPart {
    pub line: u32,
    pub amount: Money,
}

impl Burn {
    pub fn money(&self) -> Money {
        self.parts.iter().map(|part| part.amount).sum()
    }

    /// The points that stand for `money` of what they took off: all of them for all of it.
    pub fn points_of(&self, money: Money) -> Money {
        points_of(self.taken.amount, money, self.money())
    }
}

/// Of `points` that took `all` off, those that stand for `part` of it, rounded down: parts in a row add up to all.
pub fn points_of(points: Money, part: Money, all: Money) -> Money {
    if part >= all {
        return points;
    }
    let share = i128::from(points.minor()) * i128::from(part.minor()) / i128::from(all.minor().max(1));
    Money::from_minor(i64::try_from(share).expect("a share is within its sum"))
}

impl Receipt {
    /// What the processing centre is asked for and has not answered.
    pub fn account_asked(&self) -> Option<&AccountAsked> {
        self.account_asked.as_ref()
    }

    pub fn burn(&self) -> Option<&Burn> {
        self.burn.as_deref()
    }

    pub fn known(&self) -> Option<&KnownCustomer> {
        self.known.as_deref()
    }

    /// Operations that hold something of an account for this receipt, or may hold it.
    pub fn account_holds(&self) -> Vec<uuid::Uuid> {
        let burned = self.burn.iter().map(|burn| burn.taken.operation);
        let paid = self.account_tenders().map(|(_, taken)| taken.operation);
        burned.chain(paid).chain(self.account_asked.iter().map(|asked| asked.operation)).collect()
    }

    /// Tenders that stand and took from an account, with their places.
    fn account_tenders(&self) -> impl DoubleEndedIterator<Item = (usize, &Movement)> {
        self.tenders.iter().enumerate().filter(|(_, tender)| tender.amount.is_positive()).filter_map(
            |(place, tender)| {
                tender.account.as_deref().filter(|taken| taken.kind == MovementKind::Spend).map(|taken| (place, taken))
            },
        )
    }

    /// What closing the receipt does to accounts by what was decided so far: points that were burned for lines that
    /// stand, tenders, loads of gift cards, and what a return gives and takes back.
    pub fn movements(&self) -> Vec<Movement> {
        let mut movements = Vec::new();
        if let Some(burn) = &self.burn {
            // A line that was taken out of the paid receipt gives its points back with it.
            let stands = burn.parts.iter().filter(|part| !self.lines[super::index(part.line)].voided);
            let amount = burn.points_of(stands.map(|part| part.amount).sum());
            if amount.is_positive() {
                let lots = Lot::first(&burn.taken.lots, amount);
                movements.push(Movement { amount, lots, ..burn.taken.clone() });
            }
        }
        let paid = self.tenders.iter().filter(|tender| tender.amount.is_positive());
        movements.extend(paid.filter_map(|tender| tender.account.as_deref().cloned()));
        movements.extend(self.settles.iter().cloned());
        movements
    }

    /// May the processing centre be asked for this?
    pub(super) fn decide_account_ask(&self, asked: &AccountAsked) -> Result<Vec<Event>, Refusal> {
        if self.opening.kind == Kind::Return {
            return Err(Refusal::NotOfAReturn);
        }
        match asked.wallet {
            Wallet::Points => self.may_burn()?,
            wallet => {
                self.may_tender(wallet.tender(), asked.amount, None)?;
            }
        }
        if !asked.amount.is_positive() {
            return Err(Refusal::AmountNotPositive);
        }
        Ok(vec![Event::AccountAsked(asked.clone())])
    }

    /// Points are taken off lines that are all there, before any other payment.
    pub fn may_burn(&self) -> Result<(), Refusal> {
        match self.state {
            _ if self.burn.is_some() => Err(Refusal::PointsBurned),
            _ if self.live_lines().next().is_none() => Err(Refusal::EmptyReceipt),
            State::Open if self.taxed => Err(Refusal::PaymentBegun),
            State::Open => Ok(()),
            _ => Err(self.wrong_state()),
        }
    }

    /// A yes must be to what was asked.
    pub(super) fn answers_asked(&self, taken: &Movement) -> Result<(), Refusal> {
        let asked = self.account_asked.as_ref().ok_or(Refusal::NothingWaits)?;
        let same = (taken.operation, taken.wallet, taken.asset) == (asked.operation, asked.wallet, asked.asset);
        let enough = taken.amount == asked.amount || (asked.up_to && taken.amount < asked.amount);
        if same && enough && taken.amount.is_positive() { Ok(()) } else { Err(Refusal::AccountAsked) }
    }

    pub(super) fn decide_burn(&self, burn: &Burn) -> Result<Vec<Event>, Refusal> {
        self.answers_asked(&burn.taken)?;
        self.may_burn()?;
        let mut lines = Vec::with_capacity(burn.parts.len());
        for part in &burn.parts {
            let line = self.live_line(part.line)?;
            let twice = lines.iter().any(|priced: &Priced| priced.line == part.line);
            if twice || part.amount.is_negative() || part.amount > line.amount {
                return Err(Refusal::DiscountTooLarge);
            }
            lines.push(less(line, part.amount));
        }
        if !burn.money().is_positive() {
            return Err(Refusal::AmountNotPositive);
        }
        Ok(vec![
            Event::Claimed { claim: claim(&burn.taken) },
            Event::PointsBurned { burn: Box::new(burn.clone()), lines },
        ])
    }

    /// What was taken from accounts last goes back: a tender, or, before any tender, the points.
    pub(super) fn decide_give_back(&self) -> Result<Vec<Event>, Refusal> {
        if !matches!(self.state, State::Open | State::Paying) {
            return Err(self.wrong_state());
        }
        if let Some((tender, taken)) = self.account_tenders().next_back() {
            let released = Event::Released { kind: taken.wallet.claim(), key: taken.operation.to_string() };
            return Ok(vec![released, Event::TenderUndone { tender }]);
        }
        match (&self.state, self.unburned()) {
            (_, None) => Err(Refusal::NothingTaken),
            (State::Open, Some(events)) if !self.taxed => Ok(events),
            (..) => Err(Refusal::PaymentBegun),
        }
    }

    /// The lines cost what they did before points were burned.
    pub(super) fn unburned(&self) -> Option<Vec<Event>> {
        let burn = self.burn.as_deref()?;
        let lines = burn.parts.iter().map(|part| less(&self.lines[super::index(part.line)], -part.amount)).collect();
        let released = Event::Released { kind: ClaimKind::Points, key: burn.taken.operation.to_string() };
        Some(vec![released, Event::BurnUndone { lines }])
    }
}

/// A line that costs `by` less.
fn less(line: &Line, by: Money) -> Priced {
    let amount = line.amount - by;
    Priced { line: line.number, discount: line.discount + by, amount, vat: line.vat_rate.contained_in(amount) }
}

pub(super) fn claim(taken: &Movement) -> Claim {
    Claim { kind: taken.wallet.claim(), key: taken.operation.to_string(), amount: Some(taken.amount) }
}
