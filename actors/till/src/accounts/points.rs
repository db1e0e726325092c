//! Points of one receipt, by the rules of the shop's programmes: what may be taken off, and what it earns.

use chrono::{NaiveDate, NaiveTime};
use domain::loyalty::{self, Award, Facts, Given, Line as Goods, Programme};
use domain::money::Money;
use domain::receipt::account::{Burn, BurnPart, KnownCustomer, Lot, Movement, MovementKind, Wallet, operation_of};
use domain::receipt::{Input, Kind, Line, Receipt, TenderKind};
use domain::refusal::Refusal;
use messages::v1::receipt::{AwardedPoints, ReceiptPoints};
use messages::v1::till::{TillError, TillReply};
use uuid::Uuid;

use crate::store::Changes;
use crate::till::{Till, refused};

/// More points than anybody has: for what the rules allow, whoever the customer is.
const ANY: Money = loyalty::POINTS_MAX;

impl Till {
    /// Take points off the lines: asked of the account first; `None` takes as many as there are and may be.
    pub(crate) async fn burn(&mut self, points: Option<Money>) -> Result<TillReply, TillError> {
        self.may_sell()?;
        let Some(receipt) = &self.receipt else { return Err(refused(Refusal::NoReceipt)) };
        if receipt.opening().kind == Kind::Return {
            return Err(refused(Refusal::NotOfAReturn));
        }
        receipt.may_burn().map_err(refused)?;
        let number = receipt.customer().map(str::to_owned).ok_or_else(|| refused(Refusal::NoCustomer))?;
        let Some(programme) = self.burned_by() else { return Err(refused(Refusal::NoProgramme)) };
        let goods = goods_to_burn(receipt);
        let rule = &programme.burn;
        let max = loyalty::burn_max(rule, &goods, ANY);
        let points_max = rule.points_for(max);
        if !max.is_positive() {
            return Err(refused(Refusal::NothingToBurn));
        }
        let (amount, up_to) = points.map_or((points_max, true), |points| (points, false));
        if !amount.is_positive() {
            return Err(refused(Refusal::AmountNotPositive));
        }
        if amount > points_max {
            return Err(refused(Refusal::BurnTooMuch { max: points_max }));
        }
        let yes = self.authorise(Wallet::Points, programme.asset, number, amount, up_to).await?;
        let asked = self.receipt.as_ref().and_then(|receipt| receipt.account_asked().cloned());
        let money = rule.money_for(yes.movement.amount).min(max);
        let parts = match loyalty::spread_burn(rule, &goods, money) {
            Ok(parts) => parts,
            Err(refusal) => {
                tracing::warn!(%refusal, "what the account gave cannot be taken off");
                if let Some(asked) = asked {
                    self.refuse_account(&asked, "not_used".to_owned(), true).await?;
                }
                return Err(refused(Refusal::NothingToBurn));
            }
        };
        let lines = self.receipt.iter().flat_map(Receipt::live_lines).map(|line| line.number);
        let parts = lines.zip(parts).filter(|(_, amount)| amount.is_positive());
        let parts = parts.map(|(line, amount)| BurnPart { line, amount }).collect();
        let taken = yes.taken();
        let records = self.decide(&Input::Burn(Box::new(Burn { taken: yes.movement, parts })))?;
        self.commit(Changes::of(records)).await?;
        let due = self.receipt.as_ref().map(Receipt::due);
        Ok(TillReply { due, taken: Some(taken), ..TillReply::default() })
    }

    /// The programme whose points the customer has; before the store has said so, the first one that takes points.
    pub(super) fn burned_by(&self) -> Option<Programme> {
        let programmes = self.programmes();
        let has = |programme: &&Programme| self.wallet_known(Wallet::Points, Some(programme.asset)).is_some();
        programmes.iter().find(has).or(programmes.first()).cloned()
    }

    /// Points that may be taken off the open receipt, as far as is known.
    pub(crate) fn points_max(&self) -> Money {
        let Some(receipt) = self.receipt.as_ref().filter(|receipt| receipt.may_burn().is_ok()) else {
            return Money::ZERO;
        };
        let (Some(programme), Some(customer)) = (self.burned_by(), self.customer_here()) else { return Money::ZERO };
        let Some(wallet) = self.wallet_known(Wallet::Points, Some(programme.asset)) else { return Money::ZERO };
        let available = if customer.online { wallet.balance } else { wallet.here };
        let rule = &programme.burn;
        rule.points_for(loyalty::burn_max(rule, &goods_to_burn(receipt), available)).min(available)
    }

    /// What the receipt earns as it stands.
    pub(crate) fn earns(&self, receipt: &Receipt) -> Vec<(Programme, Vec<Award>)> {
        if receipt.opening().kind == Kind::Return || receipt.customer().is_none() {
            return Vec::new();
        }
        let Ok(shift) = self.shift() else { return Vec::new() };
        let known = receipt.known().cloned().unwrap_or_default();
        let (day, at) = (shift.business_day, self.now().time());
        let goods: Vec<Goods> = receipt.live_lines().map(|line| goods(line, false)).collect();
        let programmes = self.programmes().into_iter();
        let earned = programmes.map(|programme| {
            let facts = facts(&known, programme.asset, day, at);
            let awards = loyalty::earn(&programme, &goods, &facts);
            (programme, awards)
        });
        earned.filter(|(_, awards)| !awards.is_empty()).collect()
    }

    /// What a sale that closes does to accounts beside what was taken: it loads gift cards and earns points.
    pub(super) fn given(&self, receipt: &Receipt) -> (Vec<Movement>, Option<Box<ReceiptPoints>>) {
        let mut movements: Vec<Movement> = receipt.live_lines().filter_map(load).collect();
        if receipt.opening().kind == Kind::Return {
            movements.clear();
        }
        let Some(number) = receipt.customer() else { return (movements, None) };
        let known = receipt.known().cloned().unwrap_or_default();
        let mut points = ReceiptPoints {
            tier: known.tier,
            birthday: known.birthday,
            first_purchase: known.first_purchase,
            referred_by: known.referred_by,
            ..ReceiptPoints::default()
        };
        for (programme, awards) in self.earns(receipt) {
            for award in awards {
                let movement = earned(&award, programme.asset, number, known.owner);
                if award.to.is_none() {
                    points.earned += award.amount;
                }
                points.awards.push(AwardedPoints {
                    operation: movement.operation,
                    asset: programme.asset,
                    campaign: award.campaign,
                    rule: award.rule,
                });
                movements.push(movement);
            }
        }
        (movements, Some(Box::new(points)))
    }

    /// All that closing does to accounts.
    pub(crate) fn account_movements(&self, receipt: &Receipt) -> (Vec<Movement>, Option<Box<ReceiptPoints>>) {
        let mut movements = receipt.movements();
        let sum = |movements: &[Movement], kind| -> Money {
            let of_points = |movement: &&Movement| movement.wallet == Wallet::Points && movement.kind == kind;
            movements.iter().filter(of_points).map(|movement| movement.amount).sum()
        };
        let (burned, put_back) = (sum(&movements, MovementKind::Spend), sum(&movements, MovementKind::PutBack));
        let taken_back = sum(&movements, MovementKind::TakeBack);
        let (given, points) = self.given(receipt);
        let day = self.shift().ok().map(|shift| shift.business_day);
        // What is not active yet is not in the balance that can be spent.
        let active = |movement: &&Movement| {
            movement.wallet == Wallet::Points
                && movement.lots.iter().all(|lot| day.is_none_or(|day| lot.is_active(day)))
        };
        let active: Money = given.iter().filter(active).map(|movement| movement.amount).sum();
        movements.extend(given);
        let kept = kept_for_points(receipt);
        let moves = !(burned + put_back + taken_back + kept).is_zero();
        let mut points = points.or_else(|| moves.then(Box::default));
        if let Some(points) = &mut points {
            points.earned += taken_back;
            points.burned = burned + put_back;
            points.kept = kept;
            let asset = self.burned_by().map(|programme| programme.asset);
            let before = self.wallet_known(Wallet::Points, asset).filter(|_| asset.is_some());
            // What an account does not have is owed, and its balance is not below zero.
            let after = |before: Money| (before - burned + put_back + active - taken_back).max(Money::ZERO);
            points.balance = before.map(|wallet| after(wallet.balance));
        }
        (movements, points)
    }
}

/// What decides how much one programme gives to a customer.
fn facts(known: &KnownCustomer, asset: u32, day: NaiveDate, at: NaiveTime) -> Facts {
    let given = known.given_by(asset);
    let earned = given.and_then(|given| given.earned).filter(|(earned_on, _)| *earned_on == day);
    let campaigns = given.iter().flat_map(|given| &given.campaigns);
    Facts {
        day,
        at,
        tier: known.tier.clone(),
        birthday: known.birthday,
        first_purchase: known.first_purchase,
        referred_by: known.referred_by,
        earned_today: earned.map_or(Money::ZERO, |(_, points)| points),
        given: campaigns.map(|(campaign, day)| Given { campaign: *campaign, day: *day }).collect(),
    }
}

/// Money of a return that was kept for points.
fn kept_for_points(receipt: &Receipt) -> Money {
    let tenders = receipt.tenders().iter().filter(|tender| tender.kind == TenderKind::Points);
    let returns = receipt.opening().kind == Kind::Return && receipt.opening().of.is_some();
    if returns { tenders.map(|tender| tender.amount).sum() } else { Money::ZERO }
}

/// The lines as rules of burning look at them: points are a discount, so what takes no discount takes no points.
fn goods_to_burn(receipt: &Receipt) -> Vec<Goods> {
    receipt.live_lines().map(|line| goods(line, line.traits.no_discount)).collect()
}

fn goods(line: &Line, excluded: bool) -> Goods {
    Goods {
        code: line.code.clone(),
        group: line.traits.group.clone(),
        quantity: line.quantity,
        amount: line.amount,
        points: line.traits.points,
        excluded: excluded || line.traits.load.is_some() || line.traits.deposit_of.is_some(),
    }
}

fn load(line: &Line) -> Option<Movement> {
    let load = line.traits.load.as_ref().filter(|_| line.amount.is_positive())?;
    let operation = operation_of(Uuid::now_v7());
    let bought = load.points.map(|bought| Lot {
        origin: operation,
        amount: bought.amount,
        activates_on: None,
        expires_on: bought.expires_on,
        campaign: 0,
    });
    Some(Movement {
        operation,
        kind: MovementKind::Load,
        owner: 0,
        number: load.number.clone(),
        wallet: load.wallet,
        asset: load.points.map_or(super::MONEY_ASSET, |bought| bought.asset),
        amount: load.points.map_or(line.amount, |bought| bought.amount),
        lots: bought.into_iter().collect(),
        of: None,
        online: false,
    })
}

fn earned(award: &Award, asset: u32, number: &str, owner: u64) -> Movement {
    let operation = operation_of(Uuid::now_v7());
    let lot = Lot {
        origin: operation,
        amount: award.amount,
        activates_on: Some(award.activates_on),
        expires_on: award.expires_on,
        campaign: award.campaign,
    };
    Movement {
        operation,
        kind: MovementKind::Earn,
        owner: award.to.unwrap_or(owner),
        number: if award.to.is_some() { String::new() } else { number.to_owned() },
        wallet: Wallet::Points,
        asset,
        amount: award.amount,
        lots: vec![lot],
        of: None,
        online: false,
    }
}
