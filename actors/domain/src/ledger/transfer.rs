//! What is asked of the ledger, what it answers, and what is written down.

use serde::{Deserialize, Serialize};

use super::id::{AccountId, TransferId};

/// Days since 1970-01-01. A business day, not a clock.
pub type Day = i32;

/// A lot that never expires.
pub const NEVER: Day = Day::MAX;

/// When something is asked, as the node sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Monotonic milliseconds of this node since some start; never of a wall clock.
    pub elapsed_ms: u64,
    /// The business day: by it lots activate and expire.
    pub day: Day,
}

/// What a transfer is for. Kept for ever; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u16)]
pub enum TransferCode {
    TopUp = 100,
    GiftActivate = 110,
    GiftLoad = 120,
    Hold = 200,
    Capture = 201,
    Void = 202,
    HoldExpired = 203,
    Purchase = 210,
    Refund = 211,
    Reversal = 212,
    AccruePending = 300,
    Activate = 301,
    Clawback = 302,
    LotExpire = 303,
    ManualAdjustment = 304,
    Welcome = 305,
    Referral = 306,
    Accrue = 307,
    Burn = 310,
    LeaseGrant = 400,
    LeaseReturn = 401,
    Fence = 402,
    QuarantineSpend = 403,
    QuarantineRelease = 404,
    LateSpend = 405,
    PersonToPerson = 500,
    MergeMove = 510,
    UnmergeMove = 511,
    Close = 520,
    Settle = 600,
}

impl TransferCode {
    pub const ALL: [TransferCode; 30] = [
        TransferCode::TopUp,
        TransferCode::GiftActivate,
        TransferCode::GiftLoad,
        TransferCode::Hold,
        TransferCode::Capture,
        TransferCode::Void,
        TransferCode::HoldExpired,
        TransferCode::Purchase,
        TransferCode::Refund,
        TransferCode::Reversal,
        TransferCode::AccruePending,
        TransferCode::Activate,
        TransferCode::Clawback,
        TransferCode::LotExpire,
        TransferCode::ManualAdjustment,
        TransferCode::Welcome,
        TransferCode::Referral,
        TransferCode::Accrue,
        TransferCode::Burn,
        TransferCode::LeaseGrant,
        TransferCode::LeaseReturn,
        TransferCode::Fence,
        TransferCode::QuarantineSpend,
        TransferCode::QuarantineRelease,
        TransferCode::LateSpend,
        TransferCode::PersonToPerson,
        TransferCode::MergeMove,
        TransferCode::UnmergeMove,
        TransferCode::Close,
        TransferCode::Settle,
    ];

    pub fn from_code(code: u16) -> Option<TransferCode> {
        TransferCode::ALL.into_iter().find(|known| *known as u16 == code)
    }
}

/// All or nothing with the transfer after it.
pub const LINKED: u16 = 1;
/// Hold the amount; a later transfer captures or voids it.
pub const PENDING: u16 = 1 << 1;
/// Capture the hold `pending`: the amount, at most what was held; zero: all of it. The rest is free again.
pub const POST_PENDING: u16 = 1 << 2;
/// Give the hold `pending` back.
pub const VOID_PENDING: u16 = 1 << 3;
/// As much of the amount as the debit account has (may be less, not nothing).
pub const BALANCING: u16 = 1 << 4;
/// Take the lots as given, expired or not: what another node decided is not judged again.
pub const IMPORTED: u16 = 1 << 5;

/// A part of a lot. Lots keep their origin wherever they go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slice {
    /// The last day on which it can be spent; [`NEVER`].
    pub expires_on: Day,
    /// The accrual that made the lot: ids grow with time, so that of two lots the older goes first.
    pub origin: TransferId,
    /// The first day on which it can be spent.
    pub activates_on: Day,
    pub campaign: u32,
    /// Minor units, above zero.
    pub amount: i64,
}

/// How a new lot is made, when a credit brings no slices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LotTerms {
    pub activates_on: Day,
    pub expires_on: Day,
    pub campaign: u32,
}

impl LotTerms {
    /// Usable at once and for ever.
    pub const NONE: LotTerms = LotTerms { activates_on: Day::MIN, expires_on: NEVER, campaign: 0 };
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    pub id: TransferId,
    pub debit: AccountId,
    pub credit: AccountId,
    /// Minor units, at least zero (zero only with `POST_PENDING` or `VOID_PENDING`).
    pub amount: i64,
    /// The hold that this one captures or voids; else none. Its accounts may then be left at zero.
    pub pending: TransferId,
    pub code: TransferCode,
    pub flags: u16,
    /// Of a hold; zero: it does not time out.
    pub timeout_s: u32,
    pub lot: LotTerms,
    /// What it belongs to: a receipt, a document.
    pub reference: u128,
    /// Exactly these parts of the debit account's lots, or, where it has none, the lots that the credit account gets (a
    /// refund puts back what was taken). Empty: the ledger chooses, the first to expire first.
    pub slices: Vec<Slice>,
}

impl Transfer {
    /// At once, of lots that the ledger chooses, belonging to nothing.
    pub fn plain(id: TransferId, code: TransferCode, debit: AccountId, credit: AccountId, amount: i64) -> Transfer {
        Transfer {
            id,
            debit,
            credit,
            amount,
            pending: TransferId::NONE,
            code,
            flags: 0,
            timeout_s: 0,
            lot: LotTerms::NONE,
            reference: 0,
            slices: Vec::new(),
        }
    }
}

/// The answer to a transfer. Numbers are kept and sent: never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Code {
    #[error("done")]
    Created = 0,
    #[error("done before")]
    Exists = 1,
    #[error("this operation was done before with another amount")]
    ExistsWithDifferentAmount = 2,
    #[error("this operation was done before with other accounts")]
    ExistsWithDifferentAccounts = 3,
    #[error("this operation was done before in another way")]
    ExistsWithDifferentTerms = 4,
    #[error("this operation was refused before, and stays refused")]
    AlreadyFailed = 5,
    #[error("an operation that belongs to it was refused")]
    LinkedFailed = 10,
    #[error("the last operation of a chain is missing")]
    LinkedChainOpen = 11,
    #[error("the operation has no number")]
    IdZero = 12,
    #[error("an amount above zero is needed")]
    AmountNotPositive = 13,
    #[error("an amount goes from one account to another")]
    AccountsSame = 14,
    #[error("the accounts are of different currencies or programmes")]
    AssetsDiffer = 15,
    #[error("the operation asks for things that exclude each other")]
    FlagsConflict = 16,
    #[error("the lots do not add up to the amount")]
    SlicesWrong = 17,
    #[error("the account that pays is not known")]
    DebitNotFound = 20,
    #[error("the account that receives is not known")]
    CreditNotFound = 21,
    #[error("the account that pays is closed")]
    DebitClosed = 22,
    #[error("the account that receives is closed")]
    CreditClosed = 23,
    #[error("the account is blocked")]
    Blocked = 24,
    #[error("the account has not so much")]
    ExceedsCredits = 30,
    #[error("the account would hold more than can be counted")]
    Overflow = 31,
    #[error("the lots that it names are not there")]
    LotsMissing = 32,
    #[error("the hold is not known")]
    PendingNotFound = 40,
    #[error("the hold was captured before")]
    PendingAlreadyPosted = 41,
    #[error("the hold was given back before")]
    PendingAlreadyVoided = 42,
    #[error("the hold has timed out")]
    PendingExpired = 43,
    #[error("more than was held")]
    ExceedsPending = 44,
    #[error("the hold is of other accounts")]
    PendingDiffers = 45,
}

impl Code {
    pub const ALL: [Code; 28] = [
        Code::Created,
        Code::Exists,
        Code::ExistsWithDifferentAmount,
        Code::ExistsWithDifferentAccounts,
        Code::ExistsWithDifferentTerms,
        Code::AlreadyFailed,
        Code::LinkedFailed,
        Code::LinkedChainOpen,
        Code::IdZero,
        Code::AmountNotPositive,
        Code::AccountsSame,
        Code::AssetsDiffer,
        Code::FlagsConflict,
        Code::SlicesWrong,
        Code::DebitNotFound,
        Code::CreditNotFound,
        Code::DebitClosed,
        Code::CreditClosed,
        Code::Blocked,
        Code::ExceedsCredits,
        Code::Overflow,
        Code::LotsMissing,
        Code::PendingNotFound,
        Code::PendingAlreadyPosted,
        Code::PendingAlreadyVoided,
        Code::PendingExpired,
        Code::ExceedsPending,
        Code::PendingDiffers,
    ];

    pub fn from_code(code: u8) -> Option<Code> {
        Code::ALL.into_iter().find(|known| *known as u8 == code)
    }

    /// A refusal that stays one, whatever changes. The others are answers about an earlier transfer, or about the chain.
    pub const fn is_for_ever(self) -> bool {
        self as u8 >= Code::AmountNotPositive as u8
    }

    /// It is posted, now or before.
    pub const fn is_posted(self) -> bool {
        matches!(self, Code::Created | Code::Exists)
    }
}

/// What was done or refused: all that is written down, and all that replay needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// With the amount and the lots that were settled on. A capture or a void names the accounts of its hold. A refused
    /// one is as it was asked, without slices.
    pub transfer: Transfer,
    /// `Created`, or why it was refused for ever.
    pub code: Code,
    /// The amount that was asked: a repetition is compared with it.
    pub asked: i64,
    /// Of a capture or a void: all that the hold held. Both accounts can then be brought forward without the hold.
    pub held: i64,
}
