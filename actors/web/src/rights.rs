//! Roles, and what each may do. One table; everything that is not in it is denied.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    HqAnalyst,
    HqAdmin,
    Operator,
    StoreAdmin,
    /// A web shop or an app: customers pay there.
    Shop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Right {
    ViewOverview,
    ViewSales,
    ViewStores,
    ViewCatalogue,
    ChangeCatalogue,
    ChangePeople,
    ViewAccounts,
    /// Who customers are, and corrections.
    ChangeAccounts,
    /// Pay with them and top them up.
    UseAccounts,
    /// Load, compare and empty scales; print labels.
    OperateScales,
    /// Close a store's business days.
    CloseDays,
    OperateNode,
}

impl Role {
    pub const ALL: [Role; 5] = [Role::HqAnalyst, Role::HqAdmin, Role::Operator, Role::StoreAdmin, Role::Shop];

    pub fn rights(self) -> &'static [Right] {
        match self {
            Role::HqAnalyst => {
                &[Right::ViewOverview, Right::ViewSales, Right::ViewStores, Right::ViewCatalogue, Right::ViewAccounts]
            }
            Role::HqAdmin => EVERY_RIGHT,
            Role::Operator => &[Right::ViewOverview, Right::ViewStores, Right::OperateScales, Right::OperateNode],
            Role::StoreAdmin => &[
                Right::ViewOverview,
                Right::ViewSales,
                Right::ViewStores,
                Right::ViewCatalogue,
                Right::ChangePeople,
                Right::OperateScales,
                Right::CloseDays,
            ],
            Role::Shop => &[Right::ViewAccounts, Right::UseAccounts],
        }
    }

    pub fn may(self, right: Right) -> bool {
        self.rights().contains(&right)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Role::HqAnalyst => "hq_analyst",
            Role::HqAdmin => "hq_admin",
            Role::Operator => "operator",
            Role::StoreAdmin => "store_admin",
            Role::Shop => "shop",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not a role: hq_analyst, hq_admin, operator, store_admin or shop is expected")]
pub struct NotRole {
    text: String,
}

impl FromStr for Role {
    type Err = NotRole;
    fn from_str(text: &str) -> Result<Role, NotRole> {
        Role::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| NotRole { text: text.to_owned() })
    }
}

impl fmt::Display for Right {
    /// As a refusal names it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Right::ViewOverview => "view the overview",
            Right::ViewSales => "view sales",
            Right::ViewStores => "view stores and tills",
            Right::ViewCatalogue => "view the catalogue",
            Right::ChangeCatalogue => "change the catalogue",
            Right::ChangePeople => "change people",
            Right::ViewAccounts => "view accounts",
            Right::ChangeAccounts => "change accounts",
            Right::UseAccounts => "pay with accounts",
            Right::OperateScales => "operate scales",
            Right::CloseDays => "close business days",
            Right::OperateNode => "operate the node",
        })
    }
}

/// A right as a type, so that a handler's signature says what it needs.
pub trait Needed: 'static {
    const RIGHT: Right;
}

macro_rules! needed {
    ($($name:ident),*) => {
        const EVERY_RIGHT: &[Right] = &[$(Right::$name),*];

        $(
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl Needed for $name {
                const RIGHT: Right = Right::$name;
            }
        )*
    };
}

needed!(
    ViewOverview,
    ViewSales,
    ViewStores,
    ViewCatalogue,
    ChangeCatalogue,
    ChangePeople,
    ViewAccounts,
    ChangeAccounts,
    UseAccounts,
    OperateScales,
    CloseDays,
    OperateNode
);
