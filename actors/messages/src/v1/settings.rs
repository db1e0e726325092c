//! How the tills and scales of a shop behave: sections of the dataset [`TILL_SETTINGS`], kept by the head office.
//!
//! The key of a row is the section's name, or the name, a slash and a store's code, which then counts for that store
//! alone. A section that is not there has its `Default`.

use std::collections::BTreeMap;

use domain::ids::ItemCode;
use domain::loyalty::Programme;
use domain::loyalty::gift::GiftRules;
use domain::loyalty::limits::CashierLimits;
use domain::money::Money;
use domain::receipt::{PriceVat, VatRounding};
use domain::rights::Permissions;
pub use domain::rounding::Direction;
use domain::vat::VatRate;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::catalogue::Role;
use super::scales::Scales;

/// Name of the dataset on the wire.
pub const TILL_SETTINGS: &str = "till_settings";

/// A section of the settings.
pub trait Section: Default + Serialize + DeserializeOwned {
    const NAME: &'static str;
}

/// What each role may do. A role that is not named has its built-in rights.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roles {
    pub roles: BTreeMap<Role, Permissions>,
}

impl Roles {
    pub fn permissions(&self, role: Role) -> Permissions {
        self.roles.get(&role).cloned().unwrap_or_else(|| match role {
            Role::Cashier => Permissions::cashier(),
            Role::SeniorCashier => Permissions::senior_cashier(),
            Role::StoreAdmin => Permissions::all(),
        })
    }
}

/// Money in the drawer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CashRules {
    /// What is paid in cash is rounded to whole multiples of this; zero does not round.
    pub round_to: Money,
    pub round: Direction,
    /// The cashier does not see what should be there before it is counted.
    pub blind_count: bool,
    /// Most that a count may differ without a supervisor.
    pub difference_max: Money,
    /// Banknotes and coins that are counted, largest first.
    pub denominations: Vec<Money>,
}

impl Default for CashRules {
    fn default() -> CashRules {
        let worths = [500_000, 200_000, 100_000, 50_000, 20_000, 10_000, 5_000, 1_000, 500, 200, 100, 50, 10, 5, 1];
        CashRules {
            round_to: Money::ZERO,
            round: Direction::Down,
            blind_count: false,
            difference_max: domain::receipt::AMOUNT_MAX,
            denominations: worths.map(Money::from_minor).to_vec(),
        }
    }
}

/// Goods on keys of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuickKeys {
    /// In the order in which they are shown; the first nine have digits.
    pub keys: Vec<QuickKey>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuickKey {
    pub item: ItemCode,
    pub label: String,
}

/// Which key or word does what, beside the built-in ones. Keys are written as scripts write them ("F3", "Ctrl+P", "ё").
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bindings {
    /// By key or word, the name of the action.
    pub bindings: BTreeMap<String, String>,
}

/// How a receipt reads on paper. Lines of the template are in `deploy/RECEIPT-TEMPLATE.md`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReceiptText {
    /// Columns of the paper.
    pub columns: u32,
    /// None: the built-in template of `language`.
    pub template: Option<String>,
    /// "en", "ru" or "uk".
    pub language: String,
    /// Print each receipt on the receipt printer, where the fiscal device has no paper of its own.
    pub print_sales: bool,
}

impl Default for ReceiptText {
    fn default() -> ReceiptText {
        ReceiptText { columns: 42, template: None, language: "ru".to_owned(), print_sales: false }
    }
}

/// How sales are taxed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaxRules {
    /// Where VAT is rounded.
    pub vat_rounding: VatRounding,
    /// Whether prices have their VAT in them.
    pub price_vat: PriceVat,
    /// The rate of goods that are sold by an entered price and are not in the catalogue.
    pub default_vat: VatRate,
}

impl Default for TaxRules {
    fn default() -> TaxRules {
        TaxRules { vat_rounding: VatRounding::Line, price_vat: PriceVat::Included, default_vat: VatRate::percent(22) }
    }
}

/// What the shop does with goods and receipts in particular cases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SaleRules {
    /// A recalled receipt keeps the prices with which it was parked.
    pub parked_keep_prices: bool,
    /// How long marked goods are sold while nothing above has checked a code.
    pub marks_unchecked_hours_max: u32,
    /// Days after which a sale cannot come back; zero: never too late.
    pub return_days_max: u32,
}

impl Default for SaleRules {
    fn default() -> SaleRules {
        SaleRules { parked_keep_prices: false, marks_unchecked_hours_max: 72, return_days_max: 0 }
    }
}

/// Points and gift cards: what receipts earn, what they may be paid with, what a cashier may give.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Loyalty {
    /// Versions of all programmes; by the business day of a receipt one of each counts.
    pub programmes: Vec<Programme>,
    pub gift: GiftRules,
    pub cashier: CashierLimits,
}

macro_rules! sections {
    ($($section:ty => $name:literal),*) => { $(impl Section for $section { const NAME: &'static str = $name; })* };
}
sections!(
    Roles => "roles",
    CashRules => "cash",
    QuickKeys => "quick_keys",
    Bindings => "bindings",
    ReceiptText => "receipt_text",
    SaleRules => "sale",
    TaxRules => "tax",
    Loyalty => "loyalty",
    Scales => "scales"
);
