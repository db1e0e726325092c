//! What one cashier may give of a business day without a supervisor: the way by which points are stolen is a till.

use serde::{Deserialize, Serialize};

use crate::money::Money;
use crate::receipt::account::{Movement, MovementKind, Wallet};
use crate::receipt::{Kind, Line, Receipt};

/// None: no such limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CashierLimits {
    /// Points given without a receipt.
    pub by_hand_day_max: Option<Money>,
    /// Points put back by returns.
    pub put_back_day_max: Option<Money>,
    /// Gift cards sold and loaded, and prepaid accounts topped up.
    pub gift_load_day_max: Option<Money>,
    /// Operations of all these kinds.
    pub operations_day_max: Option<u32>,
}

/// What a cashier gave on a business day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SoFar {
    pub by_hand: Money,
    pub put_back: Money,
    pub gift_load: Money,
    pub operations: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CashierOperation {
    ByHand(Money),
    PutBack(Money),
    GiftLoad(Money),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitReached {
    #[error("this cashier may give {left} more points by hand today: call a supervisor")]
    ByHand { left: Money },
    #[error("this cashier may put back {left} more points today: call a supervisor")]
    PutBack { left: Money },
    #[error("this cashier may load {left} more on gift cards today: call a supervisor")]
    GiftLoad { left: Money },
    #[error(
        "this cashier has done {operations} operations with accounts today, and no more are allowed: call a supervisor"
    )]
    Operations { operations: u32 },
}

/// What the cashier gives with a receipt that settles accounts so.
pub fn given_by(receipt: &Receipt, settles: &[Movement]) -> Vec<CashierOperation> {
    let put_back = |movement: &&Movement| movement.kind == MovementKind::PutBack && movement.wallet == Wallet::Points;
    let put_back = settles.iter().filter(put_back).map(|movement| CashierOperation::PutBack(movement.amount));
    let sale = receipt.opening().kind == Kind::Sale;
    // Change that is taken in points has its own limit.
    let loads = |line: &&Line| line.traits.load.as_ref().is_some_and(|load| load.wallet != Wallet::Points);
    let loads = receipt.live_lines().filter(loads).filter(|line| sale && line.amount.is_positive());
    put_back.chain(loads.map(|line| CashierOperation::GiftLoad(line.amount))).collect()
}

impl SoFar {
    /// With this operation, whatever the limits are.
    pub fn and(&self, operation: CashierOperation) -> SoFar {
        within(&CashierLimits::default(), self, operation).expect("without limits everything is within them")
    }
}

/// What the cashier gave with this operation; or it is too much.
pub fn within(limits: &CashierLimits, so_far: &SoFar, operation: CashierOperation) -> Result<SoFar, LimitReached> {
    if limits.operations_day_max.is_some_and(|most| so_far.operations >= most) {
        return Err(LimitReached::Operations { operations: so_far.operations });
    }
    let mut after = SoFar { operations: so_far.operations.saturating_add(1), ..*so_far };
    let (sum, amount, most) = match operation {
        CashierOperation::ByHand(amount) => (&mut after.by_hand, amount, limits.by_hand_day_max),
        CashierOperation::PutBack(amount) => (&mut after.put_back, amount, limits.put_back_day_max),
        CashierOperation::GiftLoad(amount) => (&mut after.gift_load, amount, limits.gift_load_day_max),
    };
    // What is taken does not make room for what is given.
    let amount = amount.max(Money::ZERO);
    if let Some(left) = most.map(|most| (most - *sum).max(Money::ZERO)).filter(|left| amount > *left) {
        return Err(match operation {
            CashierOperation::ByHand(_) => LimitReached::ByHand { left },
            CashierOperation::PutBack(_) => LimitReached::PutBack { left },
            CashierOperation::GiftLoad(_) => LimitReached::GiftLoad { left },
        });
    }
    *sum += amount;
    Ok(after)
}
