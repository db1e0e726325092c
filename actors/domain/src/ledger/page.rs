//! Accounts in pages: what a checkpoint saves and a start loads.
//!
//! Pages are saved at different blocks. A page has its accounts, their lots, and the open holds that will be paid from them;
//! with these a leg of any later posting can be applied, whatever the pages of other accounts are (`Ledger::replay`).
//!
//! Invariants: a page that contradicts itself is refused whole. Reading any bytes ends.

use super::Ledger;
use super::account::{Account, BLOCKED, CLOSED, OVER_LIMIT};
use super::encode::{EncodeError, Reader, put_slice};
use super::hold::Hold;
use super::id::{AccountId, TransferId};
use super::lots::Lots;

/// Small enough that one changed account writes little, large enough that a million accounts are few rows.
pub const ACCOUNTS_A_PAGE: u32 = 32;

const VERSION: u8 = 1;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    #[error("a page of accounts cannot be read: {0}")]
    Bytes(#[from] EncodeError),
    #[error("a page of accounts has more than is said at its beginning")]
    Longer,
    #[error("there cannot be so many accounts: page {0}")]
    Number(u32),
    #[error("page {0} was loaded before")]
    Twice(u32),
    #[error("account {0} does not agree with its own page")]
    Contradiction(AccountId),
}

struct Entry {
    account: Account,
    lots: Lots,
    holds: Vec<(TransferId, Hold)>,
}

impl Ledger {
    /// How many pages there are.
    pub fn pages(&self) -> u32 {
        (self.accounts.len() as u32).div_ceil(ACCOUNTS_A_PAGE)
    }

    /// The page that an account is in.
    pub fn page_of(&self, id: AccountId) -> Option<u32> {
        self.index.get(&id).map(|index| index / ACCOUNTS_A_PAGE)
    }

    pub fn page(&self, page: u32, out: &mut Vec<u8>) {
        let start = (page as usize).saturating_mul(ACCOUNTS_A_PAGE as usize).min(self.accounts.len());
        let end = (start + ACCOUNTS_A_PAGE as usize).min(self.accounts.len());
        out.push(VERSION);
        out.push((end - start) as u8);
        for account in &self.accounts[start..end] {
            self.put_account(account, out);
        }
    }

    /// A vacant place is a number of zero and nothing after it.
    fn put_account(&self, account: &Account, out: &mut Vec<u8>) {
        out.extend(account.id.0.to_le_bytes());
        if account.id == AccountId(0) {
            return;
        }
        let sums = [account.debits_pending, account.debits_posted, account.credits_pending, account.credits_posted];
        for sum in sums.into_iter().chain([account.limit]) {
            out.extend(sum.to_le_bytes());
        }
        out.extend(account.flags.to_le_bytes());
        let lots = self.lots.get(account.slot as usize);
        out.extend((lots.map_or(0, Lots::len) as u32).to_le_bytes());
        for lot in lots.into_iter().flat_map(Lots::iter) {
            put_slice(&lot.slice, out);
        }
        out.extend((self.holds.of(account.id).count() as u32).to_le_bytes());
        for (id, hold) in self.holds.of(account.id) {
            out.extend(id.0.to_le_bytes());
            out.extend(hold.credit.0.to_le_bytes());
            out.extend(hold.amount.to_le_bytes());
            out.extend(hold.due_ms.to_le_bytes());
            out.extend(hold.reference.to_le_bytes());
            out.extend((hold.slices.len() as u32).to_le_bytes());
            for slice in &hold.slices {
                put_slice(slice, out);
            }
        }
    }

    /// Into an empty ledger, in any order. `as_of_block`: the last block whose postings the page has. Then `replay` what
    /// was written from the oldest of these blocks on.
    pub fn load_page(&mut self, page: u32, bytes: &[u8], as_of_block: u64) -> Result<(), PageError> {
        let start = page
            .checked_mul(ACCOUNTS_A_PAGE)
            .filter(|start| *start < u32::MAX - ACCOUNTS_A_PAGE)
            .ok_or(PageError::Number(page))?;
        let entries = read(bytes)?;
        let known = |entry: &Entry| {
            self.index.contains_key(&entry.account.id) || entry.holds.iter().any(|(id, _)| self.hold(*id).is_some())
        };
        if let Some(entry) = entries.iter().flatten().find(|entry| known(entry)) {
            return Err(PageError::Contradiction(entry.account.id));
        }
        let end = start + entries.len() as u32;
        let taken = (start..end).any(|at| (at as usize) < self.accounts.len() && !self.vacant.contains(&at));
        if taken {
            return Err(PageError::Twice(page));
        }
        while self.accounts.len() < end as usize {
            self.vacant.insert(self.accounts.len() as u32);
            self.accounts.push(Account::new(AccountId(0), 0));
        }
        self.as_of.resize(self.accounts.len(), 0);
        for (at, entry) in (start..end).zip(entries) {
            let Some(Entry { mut account, lots, holds }) = entry else { continue };
            if account.has_lots() {
                account.slot = self.lots.len() as u32;
                self.lots.push(lots);
            }
            self.vacant.remove(&at);
            self.index.insert(account.id, at);
            self.accounts[at as usize] = account;
            self.as_of[at as usize] = as_of_block;
            for (id, hold) in holds {
                self.holds.insert(id, hold);
            }
        }
        Ok(())
    }
}

fn read(bytes: &[u8]) -> Result<Vec<Option<Entry>>, PageError> {
    let mut reader = Reader(bytes);
    let version = reader.u8()?;
    if version != VERSION {
        return Err(EncodeError::Version(version).into());
    }
    let count = reader.u8()?;
    if u32::from(count) > ACCOUNTS_A_PAGE || count == 0 && !reader.0.is_empty() {
        return Err(PageError::Longer);
    }
    let entries = (0..count).map(|_| read_entry(&mut reader)).collect::<Result<Vec<_>, _>>()?;
    if !reader.0.is_empty() {
        return Err(PageError::Longer);
    }
    let mut seen: Vec<AccountId> = entries.iter().flatten().map(|entry| entry.account.id).collect();
    seen.sort_unstable();
    let mut holds: Vec<TransferId> =
        entries.iter().flatten().flat_map(|entry| entry.holds.iter().map(|(id, _)| *id)).collect();
    holds.sort_unstable();
    if let Some(twice) = seen.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(PageError::Contradiction(twice[0]));
    }
    match (holds.windows(2).any(|pair| pair[0] == pair[1]), seen.first()) {
        (true, Some(first)) => Err(PageError::Contradiction(*first)),
        _ => Ok(entries),
    }
}

fn read_entry(reader: &mut Reader<'_>) -> Result<Option<Entry>, PageError> {
    let id = AccountId(reader.u128()?);
    if id == AccountId(0) {
        return Ok(None);
    }
    let mut account = Account::new(id, 0);
    account.debits_pending = reader.i64()?;
    account.debits_posted = reader.i64()?;
    account.credits_pending = reader.i64()?;
    account.credits_posted = reader.i64()?;
    account.limit = reader.i64()?;
    account.flags = reader.u16()? & (CLOSED | BLOCKED | OVER_LIMIT);
    let count = reader.u32()?;
    let slices = reader.slices(count)?;
    let count = reader.u32()?;
    let holds = (0..count).map(|_| read_hold(reader, id)).collect::<Result<Vec<_>, _>>()?;
    let contradiction = PageError::Contradiction(id);
    let sums = [(account.debits_pending, account.debits_posted), (account.credits_pending, account.credits_posted)];
    let countable =
        sums.iter().all(|(pending, posted)| *pending >= 0 && *posted >= 0 && pending.checked_add(*posted).is_some());
    let held = holds.iter().map(|(_, hold)| i128::from(hold.amount)).sum::<i128>();
    if !countable || held != i128::from(account.debits_pending) || holds.iter().any(|(_, hold)| hold.amount <= 0) {
        return Err(contradiction);
    }
    let lots = if account.has_lots() {
        let of = |balance: i64| Lots::restored(slices, balance, holds.iter().map(|(_, hold)| &hold.slices[..]));
        of(account.balance()).ok_or(contradiction)?
    } else {
        Lots::default()
    };
    Ok(Some(Entry { account, lots, holds }))
}

fn read_hold(reader: &mut Reader<'_>, debit: AccountId) -> Result<(TransferId, Hold), PageError> {
    let id = TransferId(reader.u128()?);
    let credit = AccountId(reader.u128()?);
    let amount = reader.i64()?;
    let due_ms = reader.u64()?;
    let reference = reader.u128()?;
    let count = reader.u32()?;
    Ok((id, Hold { debit, credit, amount, due_ms, reference, slices: reader.slices(count)? }))
}
