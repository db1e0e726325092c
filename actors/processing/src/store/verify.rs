//! Is the account book what it says it is? Everything is done again from the first block, and compared.
//!
//! Checked: the chain of blocks; that each transfer was posted once; double entry in every asset; that nothing is below its
//! limit; that every page of accounts has the sums, lots and holds of its block; that every row is the last one written.
//! Limits and flags of accounts are not in blocks: they are taken from the pages.

use std::collections::{BTreeMap, VecDeque};

use domain::ledger::{Account, AccountId, AccountKind, Code, Ledger, OVER_LIMIT, Posting, TransferId};
use rustc_hash::FxHashMap;

use super::index::each_posting;
use super::{Block, Head, Row, SavedPage, Store, StoreError};

/// Ids among which a second posting of the same one is looked for: memory does not grow with the book.
const IDS_REMEMBERED: usize = 1_000_000;
/// Blocks, pages and rows that are read at once.
const BLOCKS_AT_ONCE: usize = 256;
const PAGES_AT_ONCE: usize = 256;
const ROWS_AT_ONCE: usize = 4096;
/// Keys are shorter than this many bytes of 0xFF.
const KEY_BYTES_MAX: usize = 256;

/// The first thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Fault {
    /// The block that is wrong, or as of which something is.
    pub block: u64,
    /// The account, the row or the page, where it is one.
    pub place: Option<String>,
    pub sentence: String,
}

#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("the account book could not be read to its end")]
    Store(#[source] StoreError),
}

/// What was found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub head: Head,
    pub postings: u64,
    pub accounts: u64,
    pub pages: u64,
    pub rows: u64,
    /// Credits less debits of each kind of account in each asset, in minor units.
    pub balances: BTreeMap<(u32, AccountKind), i128>,
}

/// Does the book again, block by block.
#[derive(Debug, Default)]
pub struct Verifier {
    ledger: Ledger,
    head: Head,
    postings: u64,
    pages: u64,
    rows: u64,
    /// Ids posted of late, the oldest first.
    recent: VecDeque<TransferId>,
    /// A short hash of the last value of each key.
    last_values: FxHashMap<(u16, Vec<u8>), [u8; 16]>,
}

impl Verifier {
    pub fn new() -> Verifier {
        Verifier::default()
    }

    /// The last block that was done.
    pub fn head(&self) -> Head {
        self.head
    }

    /// The next block.
    pub fn block(&mut self, block: &Block) -> Result<(), Fault> {
        let number = block.number;
        block.check_follows(self.head).map_err(|error| fault(self.head.number + 1, None, error.to_string()))?;
        let mut wrong = None;
        each_posting(block, |posting| {
            if wrong.is_none() {
                wrong = self.post(number, block.elapsed_ms, &posting).err();
            }
        })
        .map_err(|error| fault(number, None, error.to_string()))?;
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        for row in &block.rows {
            let key = (row.space, row.key.clone());
            match &row.value {
                Some(value) => self.last_values.insert(key, short_hash(value)),
                None => self.last_values.remove(&key),
            };
        }
        self.postings += u64::from(block.posting_count);
        self.head = block.head();
        while self.recent.len() > IDS_REMEMBERED {
            self.ledger.forget(self.recent.pop_front().into_iter());
        }
        Ok(())
    }

    fn post(&mut self, block: u64, elapsed_ms: u64, posting: &Posting) -> Result<(), Fault> {
        let transfer = &posting.transfer;
        let name = format_args!("{:032x}", transfer.id.0).to_string();
        let wrong = |what: &str| Err(fault(block, Some(&name), format!("block {block}: transfer {name} {what}")));
        let before = self.ledger.known(transfer.id);
        if posting.code == Code::Created && before.is_some_and(|known| known.is_posted()) {
            return wrong("is posted a second time");
        }
        let amounts =
            [transfer.amount, posting.held].into_iter().chain(transfer.slices.iter().map(|slice| slice.amount));
        if posting.code == Code::Created && amounts.clone().any(|amount| amount < 0) {
            return wrong("has an amount below zero");
        }
        let fits = |id: AccountId| {
            self.ledger.account(id).is_none_or(|account| {
                let sums =
                    [account.debits_posted, account.debits_pending, account.credits_posted, account.credits_pending];
                sums.into_iter()
                    .all(|sum| sum.checked_add(transfer.amount).is_some() && sum.checked_sub(posting.held).is_some())
            })
        };
        if !fits(transfer.debit) || !fits(transfer.credit) {
            return wrong("makes a sum that cannot be counted");
        }
        self.ledger.apply(posting, elapsed_ms);
        self.recent.push_back(transfer.id);
        Ok(())
    }

    /// A page as of the block that was done last.
    pub fn page(&mut self, saved: &SavedPage) -> Result<(), Fault> {
        let (number, as_of) = (saved.page.number, saved.as_of);
        let name = format!("page {number}");
        let mut page = Ledger::new();
        page.load_page(0, &saved.page.bytes, as_of)
            .map_err(|error| fault(as_of, Some(&name), format!("page {number} of the accounts: {error}")))?;
        let none = Ledger::new();
        for (_, account) in page.accounts() {
            let id = account.id;
            let again = if self.ledger.account(id).is_some() { &self.ledger } else { &none };
            let same_holds = page.holds(id).eq(again.holds(id));
            if sums(Some(account)) != sums(again.account(id)) || !page.lots(id).eq(again.lots(id)) || !same_holds {
                let sentence =
                    format!("page {number} has of account {id} not what the blocks up to {as_of} make of it");
                return Err(fault(as_of, Some(&id.to_string()), sentence));
            }
            let free = i128::from(account.limit) + i128::from(account.balance()) - i128::from(account.debits_pending);
            if account.is_guarded() && !account.has_lots() && account.flags & OVER_LIMIT == 0 && free < 0 {
                let sentence = format!("account {id} was {} below its limit after block {as_of}", -free);
                return Err(fault(as_of, Some(&id.to_string()), sentence));
            }
        }
        self.pages += 1;
        Ok(())
    }

    /// A row, after the last block.
    pub fn row(&mut self, row: &Row) -> Result<(), Fault> {
        let (space, block) = (row.space, self.head.number);
        let name = row_name(space, &row.key);
        let written = self.last_values.remove(&(space, row.key.clone()));
        let kept = row.value.as_deref().map(short_hash);
        if written.is_none() || written != kept {
            return Err(fault(block, Some(&name), format!("{name} is not what was last written to it")));
        }
        self.rows += 1;
        Ok(())
    }

    /// All rows were given.
    pub fn rows_end(&self) -> Result<(), Fault> {
        match self.last_values.keys().min() {
            Some((space, key)) => {
                let name = row_name(*space, key);
                Err(fault(self.head.number, Some(&name), format!("{name} was written and is missing")))
            }
            None => Ok(()),
        }
    }

    /// All blocks were given.
    pub fn finish(mut self) -> Result<Verified, Fault> {
        let mut balances = BTreeMap::new();
        let ids: Vec<AccountId> = self.ledger.accounts().map(|(_, account)| account.id).collect();
        for id in &ids {
            // Limits were judged with the pages.
            self.ledger.open(*id, i64::MAX);
            let kind = id.kind().ok_or_else(|| {
                fault(self.head.number, Some(&id.to_string()), format!("account {id} is of no kind that is known"))
            })?;
            let account = self.ledger.account(*id);
            *balances.entry((id.asset(), kind)).or_insert(0) +=
                account.map_or(0, |account| i128::from(account.credits_posted) - i128::from(account.debits_posted));
        }
        self.ledger.check().map_err(|sentence| fault(self.head.number, None, sentence))?;
        Ok(Verified {
            head: self.head,
            postings: self.postings,
            accounts: ids.len() as u64,
            pages: self.pages,
            rows: self.rows,
            balances,
        })
    }
}

/// Verify a whole book, block by block, with little memory. `done` hears the number of every block that is right.
pub async fn verify(store: &dyn Store, mut done: impl FnMut(u64) + Send) -> Result<Verified, VerifyError> {
    let mut verifier = Verifier::new();
    let head = store.head().await.map_err(|error| unreadable(error, 0))?;
    let order = pages_by_block(store).await?;
    let mut order = order.into_iter().peekable();
    while verifier.head().number < head.number {
        let next = verifier.head().number + 1;
        let blocks = store.blocks(next, BLOCKS_AT_ONCE).await.map_err(|error| unreadable(error, next))?;
        if blocks.is_empty() {
            return Err(fault(next, None, format!("block {next} is missing")).into());
        }
        for block in &blocks {
            verifier.block(block)?;
            while let Some((as_of, number)) = order.next_if(|(as_of, _)| *as_of <= block.number) {
                let saved = store.pages(number, 1).await.map_err(|error| unreadable(error, as_of))?;
                for page in saved.iter().filter(|saved| saved.page.number == number) {
                    verifier.page(page)?;
                }
            }
            done(block.number);
        }
    }
    if verifier.head() != head {
        return Err(fault(head.number, None, "the last block has another hash than the book says".to_owned()).into());
    }
    if let Some((as_of, number)) = order.next() {
        let sentence = format!("page {number} of the accounts is as of block {as_of}, which is not there");
        return Err(fault(as_of, Some(&format!("page {number}")), sentence).into());
    }
    verify_rows(store, &mut verifier).await?;
    Ok(verifier.finish()?)
}

/// Block and number of every page, the oldest first.
async fn pages_by_block(store: &dyn Store) -> Result<Vec<(u64, u32)>, VerifyError> {
    let mut order = Vec::new();
    let mut from = Some(0);
    while let Some(number) = from {
        let pages = store.pages(number, PAGES_AT_ONCE).await.map_err(|error| unreadable(error, 0))?;
        from = pages.last().and_then(|last| last.page.number.checked_add(1));
        order.extend(pages.iter().map(|saved| (saved.as_of, saved.page.number)));
    }
    order.sort_unstable();
    Ok(order)
}

async fn verify_rows(store: &dyn Store, verifier: &mut Verifier) -> Result<(), VerifyError> {
    let to = [0xFF; KEY_BYTES_MAX];
    let number = verifier.head().number;
    let mut spaces = store.spaces().await.map_err(|error| unreadable(error, number))?;
    spaces.sort_unstable();
    for space in spaces {
        let mut from = Vec::new();
        loop {
            let rows = store.rows(space, &from, &to, ROWS_AT_ONCE).await.map_err(|error| unreadable(error, number))?;
            let Some(last) = rows.last() else { break };
            // The next key after the last.
            from = last.key.clone();
            from.push(0);
            for row in &rows {
                verifier.row(row)?;
            }
        }
    }
    Ok(verifier.rows_end()?)
}

fn fault(block: u64, place: Option<&str>, sentence: String) -> Fault {
    Fault { block, place: place.map(str::to_owned), sentence }
}

/// What cannot be read because it is damaged is a fault of the book; what cannot be read at all is none.
fn unreadable(error: StoreError, block: u64) -> VerifyError {
    match error {
        StoreError::Damaged { .. } | StoreError::HashWrong { .. } | StoreError::OtherBook { .. } => {
            fault(block, None, error.to_string()).into()
        }
        error => VerifyError::Store(error),
    }
}

fn sums(account: Option<&Account>) -> [i64; 4] {
    account.map_or([0; 4], |account| {
        [account.debits_pending, account.debits_posted, account.credits_pending, account.credits_posted]
    })
}

fn short_hash(value: &[u8]) -> [u8; 16] {
    let hash = blake3::hash(value);
    *hash.as_bytes().first_chunk().expect("a hash has 32 bytes")
}

fn row_name(space: u16, key: &[u8]) -> String {
    let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("row {key} of space {space}")
}
