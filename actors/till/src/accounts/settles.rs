//! What a return does to accounts: points go back as they were taken, what was earned is taken back, gift cards get their
//! money again. All of it is a function of the sale and of what came back before, so all returns together do it exactly once.
//!
//! Points that must be taken back and are spent already are paid for with the refund, where the programme says so: the goods
//! come back for what they cost, so that turnover and VAT are those of the sale, and a tender of points stands for the money
//! that is kept. Only what the account then still has, or owes, is taken from it.

use std::collections::BTreeMap;

use domain::loyalty::{self, Award, Facts, Line as Goods, Programme, Sold};
use domain::money::Money;
use domain::quantity::Quantity;
use domain::receipt::account::{Lot, Movement, MovementKind, Wallet, operation_of, points_of};
use domain::receipt::{AMOUNT_MAX, Input, Kind, Receipt, State, Tender, TenderKind};
use domain::refusal::Refusal;
use domain::returns::SoldLine;
use messages::v1::accounts::{AccountOperation, Customer, OperationKind};
use messages::v1::receipt::{FoundReceipt, Receipt as Sale, ReceiptLine};
use messages::v1::requests::SaleBy;
use messages::v1::settings::Loyalty;
use messages::v1::till::TillError;
use uuid::Uuid;

use crate::store::{self, Changes};
use crate::till::{Till, not_read, refused};
use crate::wire;

/// What a return does to points, to be written down before its money goes back.
#[derive(Debug, Default)]
pub(crate) struct Settling {
    pub(crate) movements: Vec<Movement>,
    /// Money of the refund that stands for points which were spent already.
    pub(crate) kept: Money,
}

impl Till {
    /// What `receipt`, a return of the found sale, does to points. `customer` is what the head office says of the customer
    /// just now. Without its word, and for goods that were sold on this business day, no money is kept: the customer may
    /// well have the points, so all of them are taken back, and what the account turns out not to have is owed there,
    /// whatever the programme says.
    pub(crate) fn settles(&self, receipt: &Receipt, found: &FoundReceipt, customer: Option<&Customer>) -> Settling {
        let now = coming_back(receipt);
        let mut settling = Settling::default();
        settling.movements.extend(points_back(found, &now));
        let mut available: BTreeMap<u32, Money> = customer.map(points_of_customer).unwrap_or_default();
        for movement in &settling.movements {
            available.entry(movement.asset).and_modify(|there_is| *there_is += movement.amount);
        }
        let mut refund = receipt.total();
        for (programme, mut movement) in self.earned_back(found, &now) {
            let there_is = available.get_mut(&movement.asset).filter(|_| self.may_be_spent(&movement));
            if let Some(there_is) = there_is {
                let taken = loyalty::settle(&programme, movement.amount, *there_is, refund);
                *there_is -= taken.points;
                refund -= taken.refund_less;
                settling.kept += taken.refund_less;
                movement.amount = taken.points + taken.owed;
                movement.lots = Lot::last(&movement.lots, Money::ZERO, movement.amount);
            }
            settling.movements.extend(Some(movement).filter(|movement| movement.amount.is_positive()));
        }
        settling
    }

    /// Points that are not active yet wait where they were put; another customer's are no matter of this refund.
    fn may_be_spent(&self, taken: &Movement) -> bool {
        let day = self.shift().ok().map(|shift| shift.business_day);
        let active = |lot: &Lot| day.is_none_or(|day| lot.is_active(day));
        !taken.number.is_empty() && (taken.lots.is_empty() || taken.lots.iter().any(active))
    }

    /// The same for the open return, before money goes back; nothing more after that.
    pub(crate) async fn settling(&mut self, found: &FoundReceipt) -> Settling {
        let begins = |receipt: &&Receipt| *receipt.state() == State::Open && receipt.opening().kind == Kind::Return;
        if self.receipt.as_ref().filter(begins).is_none() {
            return Settling::default();
        }
        let customer = self.owner_of(found).await;
        let receipt = self.receipt.as_ref();
        receipt.map(|receipt| self.settles(receipt, found, customer.as_ref())).unwrap_or_default()
    }

    /// Write it down.
    pub(crate) async fn settle(&mut self, settling: Settling) -> Result<(), TillError> {
        let Settling { movements, kept } = settling;
        if movements.is_empty() && kept.is_zero() {
            return Ok(());
        }
        let mut records = self.decide(&Input::Settle(movements))?;
        if kept.is_positive() {
            let tender = Tender::new(TenderKind::Points, kept);
            records.extend(self.decide(&Input::Tender { tender, rounding: None })?);
        }
        self.commit(Changes::of(records)).await
    }

    fn earned_back(&self, found: &FoundReceipt, now: &BTreeMap<u32, Quantity>) -> Vec<(Programme, Movement)> {
        let sale = &found.receipt;
        let Some(points) = sale.points.as_deref().filter(|points| !points.awards.is_empty()) else { return Vec::new() };
        let lines: Vec<&ReceiptLine> = sale.lines.iter().filter(|line| !line.voided).collect();
        let sold: Vec<Sold> =
            lines.iter().map(|line| Sold { line: goods(line), returned: returned(found, line.line) }).collect();
        let now: Vec<Quantity> =
            lines.iter().map(|line| now.get(&line.line).copied().unwrap_or(Quantity::ZERO)).collect();
        let facts = Facts {
            day: sale.business_day,
            at: sale.at.time(),
            tier: points.tier.clone(),
            birthday: points.birthday,
            first_purchase: points.first_purchase,
            referred_by: points.referred_by,
            earned_today: Money::ZERO,
            given: Vec::new(),
        };
        let programmes = self.section::<Loyalty>().programmes;
        let mut movements = Vec::new();
        for awarded in &points.awards {
            let operation = sale.accounts.iter().find(|operation| operation.operation == awarded.operation);
            let Some(operation) = operation else { continue };
            let programme = loyalty::programme_on(&programmes, awarded.asset, sale.business_day).cloned();
            let programme = programme.unwrap_or_else(|| forgotten(awarded.asset, sale));
            let award = Award {
                campaign: awarded.campaign,
                rule: awarded.rule.clone(),
                amount: operation.amount,
                to: None,
                activates_on: sale.business_day,
                expires_on: None,
            };
            let back = loyalty::take_back(&programme, &sold, &facts, &now, &[award]);
            let amount: Money = back.into_iter().sum();
            if amount.is_positive() {
                let lots = Lot::last(&wire::lots_of(&operation.lots), Money::ZERO, amount);
                let movement = undoing(operation, Wallet::Points, MovementKind::TakeBack, amount, lots);
                movements.push((programme, movement));
            }
        }
        movements
    }

    /// A tender of a return that goes back to an account of the sale, as much as was paid so; None: the sale was not paid
    /// from such an account.
    pub(crate) async fn refund_to_account(
        &self,
        found: &FoundReceipt,
        kind: TenderKind,
        number: Option<&str>,
        amount: Money,
    ) -> Result<Option<Tender>, TillError> {
        let Some(wallet) = kind.wallet().filter(|wallet| *wallet != Wallet::Points) else { return Ok(None) };
        let paid = paid_by(found, kind, number);
        if paid.is_empty() {
            // A promise to pay is not an account.
            let no_account = wallet == Wallet::Credit;
            let left = Money::ZERO;
            return if no_account { Ok(None) } else { Err(refused(Refusal::PutBackTooMuch { left })) };
        }
        let mut all_left = Money::ZERO;
        for operation in paid {
            let before = self.put_back_before(found, operation.operation).await?;
            let left = operation.amount - before;
            all_left += left;
            if amount <= left {
                let lots = Lot::last(&wire::lots_of(&operation.lots), before, amount);
                let movement = undoing(operation, wallet, MovementKind::PutBack, amount, lots);
                let number = Some(operation.number.clone());
                return Ok(Some(Tender { number, account: Some(Box::new(movement)), ..Tender::new(kind, amount) }));
            }
        }
        Err(refused(Refusal::PutBackTooMuch { left: all_left }))
    }

    /// What can go back to one account of this kind: of the payment of the sale that has something left, the last. Without
    /// limit where the kind is of no account.
    pub(crate) async fn put_back_left(&self, found: &FoundReceipt, kind: TenderKind) -> Result<Money, TillError> {
        let mut left = AMOUNT_MAX;
        for operation in paid_by(found, kind, None) {
            left = operation.amount - self.put_back_before(found, operation.operation).await?;
            if left.is_positive() {
                break;
            }
        }
        Ok(left)
    }

    /// What earlier returns, and this one, gave back of an operation.
    async fn put_back_before(&self, found: &FoundReceipt, of: Uuid) -> Result<Money, TillError> {
        let mut by: Vec<_> = found.returned.iter().map(|returned| returned.by).collect();
        by.sort_unstable();
        by.dedup();
        let mut sum = Money::ZERO;
        for uid in by {
            let own = store::receipt(&self.ports.database.reader, uid).await.map_err(not_read)?;
            let receipt = match own {
                Some(own) => Some(own),
                None => self.ask_above(&SaleBy::Uid(uid)).await.ok().flatten().map(|found| found.receipt),
            };
            let put_back = receipt
                .iter()
                .flat_map(|receipt| &receipt.accounts)
                .filter(|operation| operation.kind == OperationKind::PutBack && operation.of == Some(of));
            sum += put_back.map(|operation| operation.amount).sum();
        }
        let here = self.receipt.iter().flat_map(Receipt::movements).filter(|movement| movement.of == Some(of));
        Ok(sum + here.map(|movement| movement.amount).sum())
    }
}

/// Points of each programme that the customer has.
fn points_of_customer(customer: &Customer) -> BTreeMap<u32, Money> {
    let points = customer.wallets.iter().filter(|state| wire::wallet_of(state.wallet) == Some(Wallet::Points));
    points.map(|state| (state.asset, state.balance)).collect()
}

/// The payments of the sale from accounts of this kind, the last first.
fn paid_by<'a>(found: &'a FoundReceipt, kind: TenderKind, number: Option<&str>) -> Vec<&'a AccountOperation> {
    let wallet = kind.wallet().filter(|wallet| *wallet != Wallet::Points);
    let paid_so = |operation: &&AccountOperation| {
        operation.kind == OperationKind::Spend
            && wallet.is_some()
            && wire::wallet_of(operation.wallet) == wallet
            && number.is_none_or(|number| operation.number == number)
    };
    found.receipt.accounts.iter().rev().filter(paid_so).collect()
}

/// What of each sold line comes back with this receipt.
fn coming_back(receipt: &Receipt) -> BTreeMap<u32, Quantity> {
    let mut now = BTreeMap::new();
    for line in receipt.live_lines() {
        if let Some(of) = line.of_line {
            let sum = now.entry(of).or_insert(Quantity::ZERO);
            *sum = *sum + line.quantity;
        }
    }
    now
}

fn returned(found: &FoundReceipt, line: u32) -> Quantity {
    found.returned.iter().filter(|returned| returned.line == line).map(|returned| returned.quantity).sum()
}

/// Points that were taken off what comes back, of the lots of which they were taken: the last of them first.
fn points_back(found: &FoundReceipt, now: &BTreeMap<u32, Quantity>) -> Option<Movement> {
    let burned = |operation: &&AccountOperation| {
        operation.kind == OperationKind::Spend && wire::wallet_of(operation.wallet) == Some(Wallet::Points)
    };
    let operation = found.receipt.accounts.iter().find(burned)?;
    let sold: Vec<SoldLine> = wire::sold(&found.receipt, |line| returned(found, line));
    let off =
        |line: u32| found.receipt.lines.iter().find(|sold| sold.line == line).map_or(Money::ZERO, |line| line.points);
    let (mut all, mut before, mut after) = (Money::ZERO, Money::ZERO, Money::ZERO);
    for line in &sold {
        let points = off(line.line);
        let now = now.get(&line.line).copied().unwrap_or(Quantity::ZERO);
        all += points;
        before += line.up_to(line.returned, points);
        after += line.up_to(line.returned + now, points);
    }
    let (before, after) = (points_of(operation.amount, before, all), points_of(operation.amount, after, all));
    let amount = after - before;
    let lots = Lot::last(&wire::lots_of(&operation.lots), before, amount);
    amount.is_positive().then(|| undoing(operation, Wallet::Points, MovementKind::PutBack, amount, lots))
}

fn undoing(of: &AccountOperation, wallet: Wallet, kind: MovementKind, amount: Money, lots: Vec<Lot>) -> Movement {
    Movement {
        operation: operation_of(Uuid::now_v7()),
        kind,
        owner: of.owner,
        number: of.number.clone(),
        wallet,
        asset: of.asset,
        amount,
        lots,
        of: Some(of.operation),
        online: false,
    }
}

fn goods(line: &ReceiptLine) -> Goods {
    Goods {
        code: line.code.clone(),
        group: line.group.clone(),
        quantity: line.quantity,
        amount: line.amount,
        points: line.points,
        excluded: line.load || line.deposit_of.is_some(),
    }
}

/// A programme that is not published any more: what it gave is taken back in proportion to the money.
fn forgotten(asset: u32, sale: &Sale) -> Programme {
    Programme {
        asset,
        name: String::new(),
        from: sale.business_day,
        until: None,
        decimals: 2,
        campaigns: Vec::new(),
        earn: Vec::new(),
        day_max: None,
        burn: Default::default(),
        tiers: Default::default(),
        activation_days: 0,
        expiry: Default::default(),
        clawback: Default::default(),
        change_to_points_max: Money::ZERO,
    }
}
