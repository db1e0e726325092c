//! Statements: the movements of a wallet, read back from the book, the newest first, each with the balance after it.
//!
//! Reading begins at a block whose balance is known and goes back. A wallet is one whole: moving its money into the right
//! of a store and back changes nothing of it. Blocks have no wall clock: their time is taken from marks in them and from
//! numbers that the root itself made, and between those from the node's elapsed time.
//!
//! Must never: keep the writer waiting. It reads what is committed, and of a big book a part at a time.

use domain::ledger::transfer::{Day, PENDING, POST_PENDING, TransferCode, VOID_PENDING};
use domain::ledger::{AccountId, AccountKind, Code, Posting, TransferId};
use messages::codec::from_body;

use crate::keeper::{Door, DoorError};
use crate::machine::Now;
use crate::machine::book::space;
use crate::machine::customer::pending_of;
use crate::machine::root::Root;
use crate::machine::root::looks::time_key;
use crate::store::index::each_posting;
use crate::store::{Block, Store, StoreError};

/// Blocks that are read at once.
const BLOCKS_AT_ONCE: u64 = 256;
/// Postings that one reading looks at: about half a second. Then it says how far it came.
const POSTINGS_MAX: u64 = 400_000;
/// How often a moment is looked for in which nothing of the wallet is being written.
const TRIES: usize = 8;

#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    #[error(transparent)]
    Door(#[from] DoorError),
    #[error("the account book could not be read")]
    Store(#[from] StoreError),
    #[error("the wallet moves all the time just now: try again")]
    Restless,
}

/// From where a statement is read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The last block that is looked at.
    pub block: u64,
    /// After this block.
    pub balance: i64,
    /// What was posted up to it: when all was met there is nothing older.
    pub turnover: i128,
}

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub wallet: AccountId,
    /// Not what came after; with the business day for blocks whose time is not known.
    pub as_of: Option<(i64, Day)>,
    /// About so many; a block is not torn apart.
    pub lines_max: usize,
    /// Rights given to stores and returned as well.
    pub with_rights: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub block: u64,
    /// Milliseconds since 1970, when the block was written; none: no mark of time is near.
    pub at_ms: Option<i64>,
    /// The business day of the block.
    pub day: Day,
    pub id: TransferId,
    pub code: TransferCode,
    /// What it changed of the balance, of what is pending, of what is held.
    pub amount: i64,
    pub pending: i64,
    pub held: i64,
    /// After it.
    pub balance: i64,
    /// On the other side, or for a right: the right.
    pub other: AccountId,
    pub reference: u128,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// At the beginning of this reading, or as of the moment; none: that moment is further back than this reading came.
    pub balance: Option<i64>,
    /// The newest first.
    pub lines: Vec<Line>,
    /// Where to go on; none: that was all.
    pub next: Option<Place>,
}

/// The newest place of a wallet.
pub async fn newest(door: &Door<Root>, wallet: AccountId) -> Result<Place, StatementError> {
    for _ in 0..TRIES {
        let before = door.blocks()?.last();
        let look = move |root: &mut Root, _: Now| (root.total(wallet), root.turnover(wallet));
        let (balance, turnover) = door.ask(Vec::new(), look).await?;
        let block = door.blocks()?.last();
        if !moved(door.store()?.as_ref(), wallet, before + 1, block).await? {
            return Ok(Place { block, balance, turnover });
        }
    }
    Err(StatementError::Restless)
}

async fn moved(store: &dyn Store, wallet: AccountId, first: u64, last: u64) -> Result<bool, StoreError> {
    let mut moved = false;
    for block in range(store, first, last).await? {
        each_posting(&block, |posting| moved |= Effect::of(&posting, wallet).touches)?;
    }
    Ok(moved)
}

async fn range(store: &dyn Store, first: u64, last: u64) -> Result<Vec<Block>, StoreError> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut next = first;
    while next <= last {
        let limit = usize::try_from(last - next + 1).unwrap_or(usize::MAX).min(BLOCKS_AT_ONCE as usize);
        let read = store.blocks(next, limit).await?;
        let Some(end) = read.last().map(|block| block.number) else {
            return Err(StoreError::damaged(format!("block {next} is missing")));
        };
        blocks.extend(read.into_iter().filter(|block| block.number <= last));
        next = end + 1;
    }
    Ok(blocks)
}

/// Read back from `place`.
pub async fn read(store: &dyn Store, place: Place, wanted: &Wanted) -> Result<Statement, StoreError> {
    let mut place = place;
    let mut clock = None;
    let mut balance_then = None;
    let mut lines = Vec::new();
    let mut looked_at = 0;
    while place.block > 0 && place.turnover > 0 {
        let first = place.block.saturating_sub(BLOCKS_AT_ONCE - 1).max(1);
        let blocks = range(store, first, place.block).await?;
        let times = times(&blocks, &mut clock)?;
        for (block, at_ms) in blocks.iter().zip(times).rev() {
            let is_later = match (wanted.as_of, at_ms) {
                (None, _) => false,
                (Some((as_of_ms, _)), Some(at_ms)) => at_ms > as_of_ms,
                (Some((_, day)), None) => block.day > day,
            };
            if !is_later && balance_then.is_none() {
                balance_then = Some(place.balance);
            }
            let mut postings = Vec::new();
            each_posting(block, |posting| {
                if Effect::of(&posting, wanted.wallet).touches {
                    postings.push(posting);
                }
            })?;
            for posting in postings.iter().rev() {
                let effect = Effect::of(posting, wanted.wallet);
                if !is_later && (wanted.with_rights || effect.is_seen()) {
                    lines.push(effect.line(posting, block, at_ms, place.balance));
                }
                place.balance -= effect.amount;
                place.turnover -= effect.turnover;
            }
            place.block = block.number - 1;
            looked_at += u64::from(block.posting_count);
            if place.turnover <= 0 {
                break;
            }
            if lines.len() >= wanted.lines_max || looked_at >= POSTINGS_MAX {
                let next = (place.block > 0).then_some(place);
                return Ok(Statement { balance: balance_then, lines, next });
            }
        }
    }
    Ok(Statement { balance: balance_then.or(Some(place.balance)), lines, next: None })
}

/// When the transfers of these ids were posted, as far as the newest blocks say. For holds: they are not old.
pub async fn posted_at(store: &dyn Store, ids: &[TransferId]) -> Result<Vec<(TransferId, i64)>, StoreError> {
    let mut found = Vec::new();
    let mut block = store.head().await?.number;
    let mut clock = None;
    let mut looked_at = 0;
    while block > 0 && found.len() < ids.len() && looked_at < POSTINGS_MAX {
        let first = block.saturating_sub(BLOCKS_AT_ONCE - 1).max(1);
        let blocks = range(store, first, block).await?;
        for (block, at_ms) in blocks.iter().zip(times(&blocks, &mut clock)?) {
            let mut here = |posting: Posting| {
                if let Some(at_ms) = at_ms.filter(|_| ids.contains(&posting.transfer.id)) {
                    found.push((posting.transfer.id, at_ms));
                }
            };
            each_posting(block, &mut here)?;
            looked_at += u64::from(block.posting_count);
        }
        block = first - 1;
    }
    Ok(found)
}

/// The wall time of each block. `clock`: wall less elapsed of a block after these, for those before any mark.
fn times(blocks: &[Block], clock: &mut Option<i64>) -> Result<Vec<Option<i64>>, StoreError> {
    let elapsed = |block: &Block| i64::try_from(block.elapsed_ms).unwrap_or(i64::MAX);
    let mut marks = Vec::with_capacity(blocks.len());
    let mut last = i64::MIN;
    for block in blocks {
        // Rights that are given again after a restoration have numbers of long ago.
        let mark = mark_of(block)?.filter(|wall_ms| *wall_ms >= last);
        last = mark.unwrap_or(last);
        marks.push(mark.map(|wall_ms| wall_ms - elapsed(block)));
    }
    let first = marks.iter().flatten().next().copied().or(*clock);
    let mut now = first;
    let mut times = Vec::with_capacity(blocks.len());
    for (block, mark) in blocks.iter().zip(marks) {
        now = mark.or(now);
        times.push(now.map(|offset| offset + elapsed(block)));
    }
    *clock = first;
    Ok(times)
}

fn mark_of(block: &Block) -> Result<Option<i64>, StoreError> {
    let marked = block.rows.iter().find(|row| row.space == space::UP && row.key == time_key());
    if let Some(wall_ms) = marked.and_then(|row| from_body::<i64>(row.value.as_deref()?).ok()) {
        return Ok(Some(wall_ms));
    }
    let mut newest = None;
    each_posting(block, |posting| {
        if is_the_roots(posting.transfer.code) {
            newest = newest.max(i64::try_from(posting.transfer.id.0 >> 80).ok());
        }
    })?;
    Ok(newest)
}

/// Made by the root when it is posted: the number begins with the time.
fn is_the_roots(code: TransferCode) -> bool {
    use TransferCode::{Activate, LeaseGrant, LotExpire, MergeMove, Settle, UnmergeMove};
    matches!(code, LeaseGrant | Activate | LotExpire | Settle | MergeMove | UnmergeMove)
}

/// What a posting does to a wallet.
struct Effect {
    touches: bool,
    amount: i64,
    pending: i64,
    held: i64,
    turnover: i128,
    other: AccountId,
}

impl Effect {
    fn of(posting: &Posting, wallet: AccountId) -> Effect {
        let transfer = &posting.transfer;
        let pending_account = pending_of(wallet);
        let is_whole = |id: AccountId| {
            let is_right = matches!(id.kind(), Some(AccountKind::Escrow | AccountKind::Quarantine));
            id == wallet || (is_right && id.underlying() == Some(wallet))
        };
        let is_pending = |id: AccountId| Some(id) == pending_account;
        let (debit, credit) = (transfer.debit, transfer.credit);
        let ours = |id: AccountId| is_whole(id) || is_pending(id);
        let other = if ours(debit) && (!ours(credit) || credit != wallet) { credit } else { debit };
        let none = Effect { touches: false, amount: 0, pending: 0, held: 0, turnover: 0, other };
        if posting.code != Code::Created || !(ours(debit) || ours(credit)) {
            return none;
        }
        let held = match transfer.flags & (PENDING | POST_PENDING | VOID_PENDING) {
            0 => 0,
            PENDING => transfer.amount,
            _ => -posting.held,
        };
        let posted = if transfer.flags & (PENDING | VOID_PENDING) == 0 { transfer.amount } else { 0 };
        let on = |is: &dyn Fn(AccountId) -> bool| posted * (i64::from(is(credit)) - i64::from(is(debit)));
        Effect {
            touches: true,
            amount: on(&is_whole),
            pending: on(&is_pending),
            held: if is_whole(debit) { held } else { 0 },
            turnover: i128::from(posted) * (i128::from(ours(debit)) + i128::from(ours(credit))),
            other,
        }
    }

    fn is_seen(&self) -> bool {
        self.amount != 0 || self.pending != 0 || self.held != 0
    }

    fn line(&self, posting: &Posting, block: &Block, at_ms: Option<i64>, balance: i64) -> Line {
        Line {
            block: block.number,
            at_ms,
            day: block.day,
            id: posting.transfer.id,
            code: posting.transfer.code,
            amount: self.amount,
            pending: self.pending,
            held: self.held,
            balance,
            other: self.other,
            reference: posting.transfer.reference,
        }
    }
}
