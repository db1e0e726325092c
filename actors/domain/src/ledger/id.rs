//! Numbers of accounts and transfers. An account's number says what it is: no table is asked.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Owners that the root numbers, and those that a store numbers while it is alone, fit into so many bits.
pub const OWNER_BITS: u32 = 44;
/// Nodes of a chain fit into so many bits.
pub const NODE_BITS: u32 = 20;

/// What an account is for. Values are kept in books for ever: never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u16)]
pub enum AccountKind {
    /// Taken for top-ups, by tender: cash, card.
    TenderIn = 1010,
    /// What a customer or a firm may owe: a wallet whose limit is above zero.
    Credit = 1110,
    /// Owed because an operation of a lost store came to light after its right was given back.
    Debt = 1120,
    /// Prepaid customer money.
    Prepaid = 2010,
    Gift = 2020,
    /// Points that can be spent.
    Bonus = 2030,
    /// Points that are not active yet.
    BonusPending = 2031,
    /// Stamps, visits, passes.
    Stamps = 2040,
    /// The right of a store to spend from a wallet.
    Escrow = 2100,
    /// The rights of a store's lost incarnation.
    Quarantine = 2110,
    /// Between a store and the head office.
    Clearing = 3010,
    /// What a store accepted in payment.
    Redeemed = 4010,
    /// Expired points and remainders of gift cards.
    Breakage = 4020,
    /// What a campaign gives; its limit is the campaign's budget.
    Expense = 5010,
    /// Goodwill and corrections by two people.
    Adjustment = 5020,
    /// Unknown cards and late documents: an alarm while it is not zero.
    Suspense = 9990,
}

impl AccountKind {
    pub const ALL: [AccountKind; 16] = [
        AccountKind::TenderIn,
        AccountKind::Credit,
        AccountKind::Debt,
        AccountKind::Prepaid,
        AccountKind::Gift,
        AccountKind::Bonus,
        AccountKind::BonusPending,
        AccountKind::Stamps,
        AccountKind::Escrow,
        AccountKind::Quarantine,
        AccountKind::Clearing,
        AccountKind::Redeemed,
        AccountKind::Breakage,
        AccountKind::Expense,
        AccountKind::Adjustment,
        AccountKind::Suspense,
    ];

    pub fn from_code(code: u16) -> Option<AccountKind> {
        AccountKind::ALL.into_iter().find(|kind| *kind as u16 == code)
    }

    /// A customer's own: opened by the directory, never below zero (beyond its limit).
    pub const fn is_wallet(self) -> bool {
        matches!(
            self,
            AccountKind::Credit
                | AccountKind::Prepaid
                | AccountKind::Gift
                | AccountKind::Bonus
                | AccountKind::BonusPending
                | AccountKind::Stamps
        )
    }

    /// Never below zero: what it may spend is what was put in, and its limit.
    pub const fn is_guarded(self) -> bool {
        self.is_wallet() || matches!(self, AccountKind::Escrow | AccountKind::Quarantine | AccountKind::Expense)
    }
}

/// `kind(16) wallet(16) asset(32) node(20) owner(44)`, most significant first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountId(pub u128);

impl AccountId {
    const fn pack(kind: AccountKind, wallet: u16, asset: u32, node: u32, owner: u64) -> AccountId {
        assert!(node < 1 << NODE_BITS, "a node's number fits into 20 bits");
        assert!(owner < 1 << OWNER_BITS, "an owner's number fits into 44 bits");
        AccountId(
            (kind as u16 as u128) << 112
                | (wallet as u128) << 96
                | (asset as u128) << 64
                | (node as u128) << OWNER_BITS
                | owner as u128,
        )
    }

    /// A customer's own account.
    pub const fn wallet(kind: AccountKind, asset: u32, owner: u64) -> AccountId {
        AccountId::pack(kind, 0, asset, 0, owner)
    }

    /// An account of the house: of a node, a tender, a campaign.
    pub const fn house(kind: AccountKind, asset: u32, node: u32, owner: u64) -> AccountId {
        AccountId::pack(kind, 0, asset, node, owner)
    }

    /// The right of `node` to spend from this wallet; its twin of kind `Quarantine` after a fence.
    pub const fn at(self, kind: AccountKind, node: u32) -> AccountId {
        assert!(matches!(kind, AccountKind::Escrow | AccountKind::Quarantine));
        AccountId::pack(kind, (self.0 >> 112) as u16, self.asset(), node, self.owner())
    }

    /// The wallet that an escrow or a quarantine draws from.
    pub fn underlying(self) -> Option<AccountId> {
        let wallet = AccountKind::from_code((self.0 >> 96) as u16)?;
        Some(AccountId::wallet(wallet, self.asset(), self.owner()))
    }

    pub fn kind(self) -> Option<AccountKind> {
        AccountKind::from_code((self.0 >> 112) as u16)
    }

    pub const fn asset(self) -> u32 {
        (self.0 >> 64) as u32
    }

    pub const fn node(self) -> u32 {
        (self.0 >> OWNER_BITS) as u32 & ((1 << NODE_BITS) - 1)
    }

    pub const fn owner(self) -> u64 {
        self.0 as u64 & ((1 << OWNER_BITS) - 1)
    }

    /// Lots are kept for what can expire.
    pub fn has_lots(self) -> bool {
        let of = |code: u16| {
            matches!(
                AccountKind::from_code(code),
                Some(AccountKind::Bonus | AccountKind::BonusPending | AccountKind::Gift | AccountKind::Stamps)
            )
        };
        of((self.0 >> 112) as u16) || of((self.0 >> 96) as u16)
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, wallet) = ((self.0 >> 112) as u16, (self.0 >> 96) as u16);
        write!(f, "{kind}")?;
        if wallet != 0 {
            write!(f, ".{wallet}")?;
        }
        write!(f, ":{}:{}:{}", self.asset(), self.node(), self.owner())
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Made by whoever asks first, written down before it is sent: the same id is the same operation for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TransferId(pub u128);

/// An operation is a UUIDv7 with its last four bits zero; its lines are numbered in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OperationId(pub u128);

impl OperationId {
    pub const LINES_MAX: u8 = 15;

    pub const fn from_uuid(uuid: u128) -> OperationId {
        OperationId(uuid & !0xF)
    }

    pub const fn line(self, line: u8) -> TransferId {
        assert!(line >= 1 && line <= OperationId::LINES_MAX, "lines of an operation are 1 to 15");
        TransferId(self.0 | line as u128)
    }
}

impl TransferId {
    pub const NONE: TransferId = TransferId(0);

    pub const fn operation(self) -> OperationId {
        OperationId(self.0 & !0xF)
    }

    /// The id under which the time-out of this hold is posted: the UUID's version becomes 8, so that no operation has it.
    pub const fn timed_out(self) -> TransferId {
        TransferId(self.0 ^ 0xF << 76)
    }
}
