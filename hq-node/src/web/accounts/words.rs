//! Words and amounts of customer accounts, as pages, commands and the interface say and read them.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, TimeZone};
use domain::ledger::transfer::Day;
use domain::ledger::{AccountId, AccountKind, NEVER, OperationId, TransferCode};
use domain::money::Money;
use domain::receipt::AMOUNT_MAX;
use messages::v1::accounts::Wallet;
use processing::machine::customer::{CardState, Customer};
use processing::machine::day_of;

/// The currency in which wallets of money are kept.
pub const MONEY_ASSET: u32 = 643;
pub const WALLETS: [(Wallet, &str); 5] = [
    (Wallet::Points, "points"),
    (Wallet::Gift, "gift"),
    (Wallet::Prepaid, "prepaid"),
    (Wallet::Credit, "credit"),
    (Wallet::Stamps, "stamps"),
];
/// Longest text of an amount: twelve digits, a point, two decimals.
const AMOUNT_CHARS_MAX: usize = 16;

pub fn wallet_word(wallet: Wallet) -> &'static str {
    WALLETS.iter().find(|(known, _)| *known == wallet).map_or("", |(_, word)| word)
}

pub fn wallet_named(word: &str) -> Option<Wallet> {
    WALLETS.iter().find(|(_, known)| *known == word).map(|(wallet, _)| *wallet)
}

pub fn kind_word(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::TenderIn => "taken for top-ups",
        AccountKind::Credit => "credit",
        AccountKind::Debt => "owed by customers",
        AccountKind::Prepaid => "prepaid",
        AccountKind::Gift => "gift cards",
        AccountKind::Bonus => "points",
        AccountKind::BonusPending => "points not active yet",
        AccountKind::Stamps => "stamps",
        AccountKind::Escrow => "at stores",
        AccountKind::Quarantine => "set aside (quarantine)",
        AccountKind::Clearing => "between stores and head office",
        AccountKind::Redeemed => "redeemed",
        AccountKind::Breakage => "expired",
        AccountKind::Expense => "given by campaigns",
        AccountKind::Adjustment => "corrections",
        AccountKind::Suspense => "suspense",
    }
}

pub fn move_word(code: TransferCode) -> &'static str {
    match code {
        TransferCode::TopUp => "top-up",
        TransferCode::GiftActivate => "gift card sold",
        TransferCode::GiftLoad => "gift card loaded",
        TransferCode::Hold => "held",
        TransferCode::Capture => "held amount taken",
        TransferCode::Void => "hold given back",
        TransferCode::HoldExpired => "hold timed out",
        TransferCode::Purchase => "purchase",
        TransferCode::Refund => "refund",
        TransferCode::Reversal => "reversal",
        TransferCode::AccruePending => "earned, not active yet",
        TransferCode::Activate => "became active",
        TransferCode::Clawback => "taken back with goods",
        TransferCode::LotExpire => "expired",
        TransferCode::ManualAdjustment => "correction",
        TransferCode::Welcome => "welcome gift",
        TransferCode::Referral => "for a recommendation",
        TransferCode::Accrue => "earned",
        TransferCode::Burn => "paid with points",
        TransferCode::LeaseGrant => "right given to a store",
        TransferCode::LeaseReturn => "right returned by a store",
        TransferCode::Fence => "set aside with a lost store",
        TransferCode::QuarantineSpend => "spent at a lost store",
        TransferCode::QuarantineRelease => "back from a lost store",
        TransferCode::LateSpend => "spent, came to light late",
        TransferCode::PersonToPerson => "between customers",
        TransferCode::MergeMove => "merged",
        TransferCode::UnmergeMove => "merge undone",
        TransferCode::Close => "closed",
        TransferCode::Settle => "owed amount paid",
    }
}

pub fn card_word(state: CardState) -> &'static str {
    match state {
        CardState::Active => "active",
        CardState::Blocked => "blocked",
        CardState::Replaced => "replaced",
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAmount {
    #[error("an amount is digits with at most two decimals, as \"12.50\", and at most {AMOUNT_MAX}")]
    Bad,
    #[error("an amount above zero is needed")]
    NotPositive,
}

/// Digits with at most two decimals; below zero too.
pub fn signed_amount(text: &str) -> Result<i64, BadAmount> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, parts) = digits.split_once('.').unwrap_or((digits, "00"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() > AMOUNT_CHARS_MAX || !all_digits(whole) || !all_digits(parts) || parts.len() > 2 {
        return Err(BadAmount::Bad);
    }
    let amount: Money = text.parse().map_err(|_| BadAmount::Bad)?;
    if amount.abs() > AMOUNT_MAX { Err(BadAmount::Bad) } else { Ok(amount.minor()) }
}

/// Above zero.
pub fn amount(text: &str) -> Result<i64, BadAmount> {
    signed_amount(text).and_then(|amount| if amount > 0 { Ok(amount) } else { Err(BadAmount::NotPositive) })
}

/// In major units, for machines.
pub fn decimal(minor: i64) -> String {
    Money::from_minor(minor).to_string()
}

pub fn operation_text(operation: OperationId) -> String {
    uuid::Uuid::from_u128(operation.0).to_string()
}

pub fn operation_of(text: &str) -> Option<OperationId> {
    let number = uuid::Uuid::try_parse(text.trim()).ok()?.as_u128();
    (number != 0 && number & 0xF == 0).then_some(OperationId(number))
}

/// For what one person asks now: a page that is sent twice carries the same.
pub fn new_operation() -> OperationId {
    OperationId::from_uuid(uuid::Uuid::now_v7().as_u128())
}

pub fn date_of(day: Day) -> Option<NaiveDate> {
    (day != NEVER).then(|| processing::machine::date_of(day)).flatten()
}

pub fn day_text(day: Day) -> String {
    date_of(day).map_or_else(|| "never".to_owned(), |date| date.to_string())
}

/// A moment as a form or a machine writes it: with an offset, or else in the local one. A day alone is its end.
pub fn moment(text: &str, offset: FixedOffset) -> Option<(i64, Day)> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some((at.timestamp_millis(), day_of(at.with_timezone(&offset).date_naive())));
    }
    let forms = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"];
    let end_of_day = |day: NaiveDate| day.and_hms_milli_opt(23, 59, 59, 999);
    let local = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let local = local.or_else(|| text.parse().ok().and_then(end_of_day))?;
    let at = offset.from_local_datetime(&local).single()?;
    Some((at.timestamp_millis(), day_of(local.date())))
}

/// Month and day, as "02-29".
pub fn birthday(text: &str) -> Option<(u32, u32)> {
    let (month, day) = text.split_once('-')?;
    let (month, day) = (month.parse().ok()?, day.parse().ok()?);
    // A leap year has every day.
    NaiveDate::from_ymd_opt(2024, month, day).map(|_| (month, day))
}

/// The wallet of a customer by its word; of several of a kind the asset must say which.
pub fn wallet_of(customer: &Customer, wallet: Wallet, asset: Option<u32>) -> Option<AccountId> {
    let is_it = |held: &&processing::machine::customer::Held| {
        held.wallet == wallet && asset.is_none_or(|asset| held.asset == asset)
    };
    let mut found = customer.wallets.iter().filter(is_it);
    let held = found.next()?;
    found.next().is_none().then(|| customer.account(held.wallet, held.asset))
}

/// A wallet as a form has it: "points.1".
pub fn wallet_key(wallet: Wallet, asset: u32) -> String {
    format!("{}.{asset}", wallet_word(wallet))
}

pub fn wallet_of_key(key: &str) -> Option<(Wallet, u32)> {
    let (word, asset) = key.split_once('.')?;
    Some((wallet_named(word)?, asset.parse().ok()?))
}

/// A sentence of an error as pages print it.
pub fn sentence(error: impl std::fmt::Display) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}

/// A number that is as good as money is shown by its end alone.
pub fn masked(number: &str) -> String {
    let count = number.chars().count();
    let end: String = number.chars().skip(count.saturating_sub(4)).collect();
    if count > 4 { format!("\u{2026}{end}") } else { number.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_strictly() {
        for (text, read) in [("12.50", 1250), ("0.01", 1), ("7", 700), ("1.5", 150), ("9999999999.99", 999_999_999_999)]
        {
            assert_eq!(amount(text), Ok(read), "{text}");
        }
        for text in ["", ".", "1.", ".5", "1.234", "1e3", "NaN", "+1", " 1", "1,5", "0x1", "10000000000.00", "\u{661}"]
        {
            assert_eq!(amount(text), Err(BadAmount::Bad), "{text}");
        }
        for text in ["0", "0.00", "-1", "-0.01"] {
            assert_eq!(amount(text), Err(BadAmount::NotPositive), "{text}");
        }
        assert_eq!(signed_amount("-12.5"), Ok(-1250));
    }

    #[test]
    fn moments_are_local_unless_they_say() {
        let offset = FixedOffset::east_opt(3 * 3600).unwrap();
        let noon = moment("2026-11-25T12:00", offset).unwrap();
        assert_eq!(Some(noon), moment("2026-11-25T09:00:00Z", offset));
        assert_eq!(day_text(noon.1), "2026-11-25");
        assert!(moment("2026-11-25", offset).unwrap().0 > noon.0);
        assert_eq!(moment("yesterday", offset), None);
    }
}
