//! Customer accounts as tills and stores speak of them: who is this, may so much be taken, give it back; and what a closed
//! receipt did to accounts.
//!
//! Questions reserve, documents settle: an authorisation holds an amount, and the receipt that closes captures it.

use chrono::NaiveDate;
use domain::ids::{OperatorNumber, ReceiptId};
use domain::money::Money;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Most account operations of one receipt.
pub const OPERATIONS_MAX: usize = 64;

/// What of a customer is paid with. The asset says of which currency or programme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wallet {
    Points,
    Gift,
    Prepaid,
    /// On account: down to the limit.
    Credit,
    Stamps,
}

/// Who is this? `number` is a card, a phone or a gift card as it was read or typed. Repeat: yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentifyCustomer {
    pub number: String,
    /// The receipt for which it is asked, if one is open: rights are fetched for it.
    pub receipt: Option<ReceiptId>,
}

/// Answer to [`IdentifyCustomer`] and the state of a customer on screens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identified {
    Customer(Box<Customer>),
    Declined(Declined),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The customer's number at the root, or a store's provisional one.
    pub owner: u64,
    /// With all but its last four signs hidden when it is bearer's money.
    pub number: String,
    pub name: String,
    /// Name of the tier; empty: none.
    #[serde(default)]
    pub tier: String,
    /// Month and day, for rules of birthdays.
    #[serde(default)]
    pub birthday: Option<(u32, u32)>,
    /// Nothing was ever bought by this customer, as far as the answering node knows.
    #[serde(default)]
    pub first_purchase: bool,
    /// Who brought this customer.
    #[serde(default)]
    pub referred_by: Option<u64>,
    /// Opened here while the head office could not be asked: it gathers, it cannot spend what others gave.
    #[serde(default)]
    pub provisional: bool,
    pub wallets: Vec<WalletState>,
    /// The root answered just now. If not, balances are of the last word from it.
    pub online: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalletState {
    pub wallet: Wallet,
    pub asset: u32,
    /// The whole balance, as the root last said.
    pub balance: Money,
    /// Not active yet.
    #[serde(default)]
    pub pending: Money,
    /// What this store may take now without asking anybody.
    pub here: Money,
    /// What expires next, and when.
    #[serde(default)]
    pub expiring: Option<(Money, NaiveDate)>,
    /// Points that were earned last, less those taken back, and of which business day they are.
    #[serde(default)]
    pub earned: Option<(NaiveDate, Money)>,
    /// On which business day each campaign gave last.
    #[serde(default)]
    pub given: Vec<(u32, NaiveDate)>,
}

/// May so much be taken? A yes holds it for the receipt until it is captured by the closed receipt, released, or
/// `timeout_s` has passed. The same operation again is the same answer; another amount is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorise {
    /// UUIDv7 with its last four bits zero, written down by the till before it is sent.
    pub operation: Uuid,
    pub receipt: ReceiptId,
    /// The card, phone or gift card.
    pub number: String,
    #[serde(default)]
    pub pin: Option<String>,
    pub wallet: Wallet,
    pub asset: u32,
    pub amount: Money,
    /// Less is welcome if there is not so much.
    pub up_to: bool,
    pub operator: OperatorNumber,
    pub business_day: NaiveDate,
    /// Zero: until it is captured or released.
    pub timeout_s: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authorisation {
    Approved(Approval),
    Declined(Declined),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub operation: Uuid,
    pub owner: u64,
    pub amount: Money,
    /// The parts of lots that are held: a later return puts back these.
    #[serde(default)]
    pub lots: Vec<LotPart>,
    /// Asked of the root just now; if not, taken from the right that this store holds.
    pub online: bool,
    /// What stays spendable here.
    pub here: Money,
    /// How far the store's book has come: see [`TillOperations::mark`].
    #[serde(default)]
    pub mark: u64,
}

/// A part of a lot of points or of a dated gift card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LotPart {
    pub origin: Uuid,
    pub amount: Money,
    pub activates_on: Option<NaiveDate>,
    pub expires_on: Option<NaiveDate>,
    pub campaign: u32,
}

/// A refusal of the processing centre: nothing was held or posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declined {
    pub code: DeclineCode,
    /// What could be taken here, where that is known.
    #[serde(default)]
    pub available: Option<Money>,
    pub online: bool,
}

/// Codes are shown, translated and expected by scripts: never renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum DeclineCode {
    #[error("the card is not known")]
    UnknownCard,
    #[error("the card is blocked")]
    CardBlocked,
    #[error("the account is closed")]
    AccountClosed,
    #[error("the account has no such money or points")]
    NoSuchWallet,
    #[error("the amount must be above zero")]
    AmountNotPositive,
    #[error("there is not enough on the account")]
    NotEnough,
    #[error("there is not enough that this store may take while the head office does not answer")]
    NotEnoughHere,
    #[error("this operation was asked before with another amount or account")]
    OperationDiffers,
    #[error("this operation was refused before")]
    OperationRefused,
    #[error("the operation was given back or has timed out")]
    OperationEnded,
    #[error("the PIN is wrong")]
    WrongPin,
    #[error("too many wrong PINs: the card is locked")]
    PinLocked,
    #[error("the daily limit of the card is reached")]
    CardLimit,
    #[error("the daily limit of this cashier is reached: call a supervisor")]
    CashierLimit,
    #[error("the store checks its accounts after a fault: wait a moment, or take another payment")]
    NotReady,
    #[error("the accounts are too busy: try again")]
    Busy,
}

/// Give back what was held. Repeat: yes. What was never held is remembered as refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    pub operation: Uuid,
}

/// What a closed receipt did to an account: in the receipt, and what a till remembers of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountOperation {
    pub operation: Uuid,
    pub kind: OperationKind,
    /// Zero: not known yet, only by its number.
    pub owner: u64,
    pub number: String,
    pub wallet: Wallet,
    pub asset: u32,
    pub amount: Money,
    /// Of a spend: what was taken. Of a put-back: what goes back. Of an accrual: one part with its terms.
    #[serde(default)]
    pub lots: Vec<LotPart>,
    /// The operation that this one undoes, wholly or in part.
    #[serde(default)]
    pub of: Option<Uuid>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// Captures the hold of the same operation.
    Spend,
    Earn,
    /// Of what was spent, on a return.
    PutBack,
    /// Of what was earned, on a return.
    TakeBack,
    /// A gift card sold or loaded, a prepaid account topped up.
    Load,
}

/// What a till remembers: so that a store that lost its books gets them back. Repeat: yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TillOperations {
    /// Of closed receipts, oldest first.
    pub settled: Vec<Settled>,
    /// Authorised for the open receipt.
    pub open: Vec<Uuid>,
    /// There are more: ask after this one.
    pub more: bool,
    /// The furthest mark of the store's book that the till has seen. A book that is behind it was set back, also where it
    /// lost nothing of this till: a right that it had given back would be spent twice.
    #[serde(default)]
    pub mark: u64,
}

/// The accounts' part of one closed receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    pub receipt: ReceiptId,
    pub operator: OperatorNumber,
    pub business_day: NaiveDate,
    pub operations: Vec<AccountOperation>,
}

/// Answer to [`TillOperations`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationsTaken {
    /// The store does not need those of business days before this one any more.
    pub keep_from: Option<NaiveDate>,
    /// The store wants to hear all that the till remembers, from this day.
    pub tell_from: Option<NaiveDate>,
    /// How far the store's book has come. It only grows.
    #[serde(default)]
    pub mark: u64,
}
