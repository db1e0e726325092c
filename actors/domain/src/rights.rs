//! Who may do what at a till: rights, the limits that go with them, and the grant of a supervisor.
//!
//! Invariants:
//! - RT-1 Deny by default: what a role does not name, it may not.
//! - RT-2 A grant is for one right, is used once, and not after it has expired.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, FixedOffset, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::ids::OperatorNumber;
use crate::money::Money;

/// A supervisor who has walked away grants nothing.
pub const GRANT_LASTS: TimeDelta = TimeDelta::minutes(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    OpenShift,
    CloseShift,
    /// Close a shift whose count differs by more than is allowed.
    CloseWithDifference,
    /// See what the drawer should hold before it is counted.
    SeeExpectedCash,
    MoveCash,
    OpenDrawer,
    VoidLines,
    CancelReceipt,
    /// Within the role's limit.
    Discount,
    /// Within the item's range.
    EnterPrice,
    /// Any price for any item.
    ChangePrice,
    ReturnByReceipt,
    /// Within the role's limit a day.
    ReturnWithoutReceipt,
    /// Money for a card payment back in cash.
    RefundInCash,
    /// A sale that cannot be found now, by its fiscal code.
    ReturnByFiscalCode,
    SellOnCredit,
    /// More points put back and gift cards loaded than a cashier may of a business day.
    GiveOverLimit,
    Reprint,
    Train,
    ResolveConflict,
    /// Stand in for a cashier's missing right.
    Approve,
}

impl Right {
    pub const ALL: [Right; 21] = [
        Right::OpenShift,
        Right::CloseShift,
        Right::CloseWithDifference,
        Right::SeeExpectedCash,
        Right::MoveCash,
        Right::OpenDrawer,
        Right::VoidLines,
        Right::CancelReceipt,
        Right::Discount,
        Right::EnterPrice,
        Right::ChangePrice,
        Right::ReturnByReceipt,
        Right::ReturnWithoutReceipt,
        Right::RefundInCash,
        Right::ReturnByFiscalCode,
        Right::SellOnCredit,
        Right::GiveOverLimit,
        Right::Reprint,
        Right::Train,
        Right::ResolveConflict,
        Right::Approve,
    ];

    /// The word in settings, journals and scripts.
    pub fn name(self) -> &'static str {
        match self {
            Right::OpenShift => "open_shift",
            Right::CloseShift => "close_shift",
            Right::CloseWithDifference => "close_with_difference",
            Right::SeeExpectedCash => "see_expected_cash",
            Right::MoveCash => "move_cash",
            Right::OpenDrawer => "open_drawer",
            Right::VoidLines => "void_lines",
            Right::CancelReceipt => "cancel_receipt",
            Right::Discount => "discount",
            Right::EnterPrice => "enter_price",
            Right::ChangePrice => "change_price",
            Right::ReturnByReceipt => "return_by_receipt",
            Right::ReturnWithoutReceipt => "return_without_receipt",
            Right::RefundInCash => "refund_in_cash",
            Right::ReturnByFiscalCode => "return_by_fiscal_code",
            Right::SellOnCredit => "sell_on_credit",
            Right::GiveOverLimit => "give_over_limit",
            Right::Reprint => "reprint",
            Right::Train => "train",
            Right::ResolveConflict => "resolve_conflict",
            Right::Approve => "approve",
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a role may do, and how far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    pub rights: BTreeSet<Right>,
    /// Highest manual discount, in hundredths of a per cent of what it is taken from.
    #[serde(default)]
    pub discount_hundredths_max: u32,
    /// Largest sum of voided lines of one receipt.
    #[serde(default)]
    pub voids_max: Money,
    /// Largest sum of returns without receipt of one business day at one till.
    #[serde(default)]
    pub returns_without_receipt_max: Money,
}

impl Permissions {
    /// Every right without limits.
    pub fn all() -> Permissions {
        Permissions {
            rights: Right::ALL.into_iter().collect(),
            discount_hundredths_max: 10_000,
            voids_max: crate::receipt::AMOUNT_MAX,
            returns_without_receipt_max: crate::receipt::AMOUNT_MAX,
        }
    }

    /// What a cashier may do where the head office has not said otherwise.
    pub fn cashier() -> Permissions {
        use Right::*;
        Permissions {
            rights: [OpenShift, CloseShift, MoveCash, VoidLines, Discount, EnterPrice, ReturnByReceipt, Reprint, Train]
                .into_iter()
                .collect(),
            discount_hundredths_max: 500,
            voids_max: Money::from_minor(100_000),
            returns_without_receipt_max: Money::ZERO,
        }
    }

    /// A senior cashier: all but the last word on money that is missing.
    pub fn senior_cashier() -> Permissions {
        let mut permissions = Permissions::all();
        permissions.rights.remove(&Right::ResolveConflict);
        permissions.discount_hundredths_max = 3_000;
        permissions.returns_without_receipt_max = Money::from_minor(500_000);
        permissions
    }

    /// May `asked` be done?
    pub fn allow(&self, asked: Asked) -> bool {
        self.rights.contains(&asked.right())
            && match asked {
                Asked::Right(_) | Asked::Given { .. } => true,
                Asked::Discount { hundredths } => hundredths <= self.discount_hundredths_max,
                Asked::Voids { sum } => sum <= self.voids_max,
                Asked::ReturnsWithoutReceipt { sum } => sum <= self.returns_without_receipt_max,
            }
    }
}

/// A right with how far it is stretched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    Right(Right),
    Discount {
        hundredths: u32,
    },
    /// All voids of the receipt, with the one that is asked for.
    Voids {
        sum: Money,
    },
    /// All returns without receipt of the day, with the one that is asked for.
    ReturnsWithoutReceipt {
        sum: Money,
    },
    /// All that the cashier gave to accounts on the day, with what the receipt gives.
    Given {
        put_back: Money,
        gift_load: Money,
        operations: u32,
    },
}

impl Asked {
    pub fn right(self) -> Right {
        match self {
            Asked::Right(right) => right,
            Asked::Discount { .. } => Right::Discount,
            Asked::Voids { .. } => Right::VoidLines,
            Asked::ReturnsWithoutReceipt { .. } => Right::ReturnWithoutReceipt,
            Asked::Given { .. } => Right::GiveOverLimit,
        }
    }
}

/// A supervisor's word for one act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub asked: Asked,
    pub requester: OperatorNumber,
    pub requester_name: String,
    pub approver: OperatorNumber,
    pub approver_name: String,
    pub reason: String,
    pub expires_at: DateTime<FixedOffset>,
}

impl Grant {
    /// Does it stand for `asked` now? A grant for more covers less of the same.
    pub fn covers(&self, asked: Asked, now: DateTime<FixedOffset>) -> bool {
        now <= self.expires_at
            && match (self.asked, asked) {
                (Asked::Discount { hundredths: granted }, Asked::Discount { hundredths }) => hundredths <= granted,
                (Asked::Voids { sum: granted }, Asked::Voids { sum }) => sum <= granted,
                (Asked::ReturnsWithoutReceipt { sum: granted }, Asked::ReturnsWithoutReceipt { sum }) => sum <= granted,
                (
                    Asked::Given { put_back: granted_back, gift_load: granted_load, operations: granted },
                    Asked::Given { put_back, gift_load, operations },
                ) => put_back <= granted_back && gift_load <= granted_load && operations <= granted,
                (Asked::Right(granted), Asked::Right(right)) => granted == right,
                _ => false,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_reaches_as_far_as_its_limits() {
        let cashier = Permissions::cashier();
        assert!(cashier.allow(Asked::Discount { hundredths: 500 }));
        assert!(!cashier.allow(Asked::Discount { hundredths: 1_000 }));
        assert!(!cashier.allow(Asked::Right(Right::CancelReceipt)));
        assert!(Permissions::all().allow(Asked::Right(Right::ResolveConflict)));
        assert!(!Permissions::senior_cashier().allow(Asked::ReturnsWithoutReceipt { sum: Money::from_minor(500_001) }));
    }

    #[test]
    fn a_grant_is_for_one_act_and_a_while() {
        let now = DateTime::<FixedOffset>::default();
        let grant = Grant {
            asked: Asked::Discount { hundredths: 1_000 },
            requester: OperatorNumber("1".to_owned()),
            requester_name: "Ann".to_owned(),
            approver: OperatorNumber("2".to_owned()),
            approver_name: "Bob".to_owned(),
            reason: "damaged".to_owned(),
            expires_at: now + GRANT_LASTS,
        };
        assert!(grant.covers(Asked::Discount { hundredths: 900 }, now + GRANT_LASTS));
        assert!(!grant.covers(Asked::Discount { hundredths: 1_100 }, now));
        assert!(!grant.covers(Asked::Discount { hundredths: 900 }, now + GRANT_LASTS + TimeDelta::seconds(1)));
        assert!(!grant.covers(Asked::Right(Right::Discount), now));
    }
}
