//! What people and programs ask of the root itself: top-ups, holds of web shops, transfers between customers, corrections
//! by two people. All by an operation id of the asker: the same again is the same.

use domain::ids::OperatorNumber;
use domain::ledger::transfer::{Code, Day, LotTerms, PENDING, POST_PENDING, Transfer, TransferCode, VOID_PENDING};
use domain::ledger::{AccountId, AccountKind, OperationId, TransferId};
use serde::{Deserialize, Serialize};

use super::{Root, people::PeopleError};
use crate::machine::book::space;
use crate::machine::log::Told;
use crate::machine::subordinate::movement;
use crate::machine::{NodeId, Now, ROOT};

/// A budget that nobody set.
const UNLIMITED: i64 = i64::MAX / 4;
/// Longest reason, in bytes.
pub const REASON_BYTES_MAX: usize = 500;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedFor {
    /// Money taken elsewhere comes onto a wallet.
    TopUp {
        account: AccountId,
        amount: i64,
        tender: u64,
        lot: Option<LotTerms>,
    },
    /// Points of a campaign.
    Give {
        account: AccountId,
        amount: i64,
        campaign: u32,
        lot: Option<LotTerms>,
    },
    /// Pay at once.
    Spend {
        account: AccountId,
        amount: i64,
    },
    Hold {
        account: AccountId,
        amount: i64,
        timeout_s: u32,
    },
    /// None: all that is held.
    Capture {
        hold: OperationId,
        amount: Option<i64>,
    },
    Void {
        hold: OperationId,
    },
    /// From one customer to another, of the same programme or currency.
    Give2 {
        from: AccountId,
        to: AccountId,
        amount: i64,
    },
    /// A correction: above zero to the customer.
    Adjust {
        account: AccountId,
        amount: i64,
        reason: String,
    },
    /// Give up what the quarantine of a lost store holds for tills that will never tell.
    WriteOff {
        store: NodeId,
        reason: String,
    },
    /// This store is lost.
    Fence {
        store: NodeId,
        reason: String,
    },
}

impl AskedFor {
    /// Two people must want it.
    pub fn needs_two(&self) -> bool {
        matches!(self, AskedFor::Adjust { .. } | AskedFor::WriteOff { .. } | AskedFor::Fence { .. })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub operation: OperationId,
    pub by: OperatorNumber,
    pub reference: u128,
    pub what: AskedFor,
}

/// What one person asked for, until another has judged it; kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub operation: OperationId,
    pub day: Day,
    pub wall_ms: i64,
    pub by: OperatorNumber,
    pub what: AskedFor,
    pub state: RequestState,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    Waits,
    Done { by: OperatorNumber },
    Refused { by: OperatorNumber },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    #[error(transparent)]
    People(#[from] PeopleError),
    #[error("{0}")]
    Refused(Code),
    #[error("the account has not so much free: {free} are free, the rest is at stores that were asked to give it back")]
    NotFree { free: i64 },
    #[error("an amount above zero is needed")]
    AmountNotPositive,
    #[error("the account is no customer's wallet")]
    NoWallet,
    #[error("the customer is blocked or closed")]
    Blocked,
    #[error("another person must allow it")]
    SamePerson,
    #[error("there is no such request, or it was judged")]
    NoRequest,
    #[error("a reason is needed, of at most {REASON_BYTES_MAX} bytes")]
    Reason,
    #[error("the store is not known")]
    NoStore,
    #[error("the root was restored and waits for stores to report: try again later")]
    Recovering,
    #[error("the operation has no number")]
    NoOperation,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    Posted {
        operation: OperationId,
        code: Code,
        amount: i64,
    },
    /// Waits for a second person.
    Waits {
        operation: OperationId,
    },
}

impl Root {
    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        self.requests.values()
    }

    /// Do it, or keep it for a second person.
    pub fn ask(&mut self, asked: &Asked, now: Now) -> Result<Done, DeskError> {
        if asked.operation.0 == 0 || asked.operation.0 & 0xF != 0 {
            return Err(DeskError::NoOperation);
        }
        if !asked.what.needs_two() {
            return self.carry(asked.operation, &asked.what, asked.reference, now);
        }
        self.check_reason(&asked.what)?;
        if let Some(known) = self.requests.get(&asked.operation) {
            let same = known.what == asked.what && known.by == asked.by;
            return match same {
                true => Ok(Done::Waits { operation: asked.operation }),
                false => Err(DeskError::Refused(Code::ExistsWithDifferentTerms)),
            };
        }
        let request = Request {
            operation: asked.operation,
            day: now.moment.day,
            wall_ms: now.wall_ms,
            by: asked.by.clone(),
            what: asked.what.clone(),
            state: RequestState::Waits,
        };
        self.put_request(request);
        Ok(Done::Waits { operation: asked.operation })
    }

    /// The second person's word.
    pub fn judge(
        &mut self,
        operation: OperationId,
        by: &OperatorNumber,
        allow: bool,
        now: Now,
    ) -> Result<Done, DeskError> {
        let waits = self.requests.get(&operation).filter(|request| request.state == RequestState::Waits);
        let mut request = waits.cloned().ok_or(DeskError::NoRequest)?;
        if allow && request.by == *by {
            return Err(DeskError::SamePerson);
        }
        if !allow {
            request.state = RequestState::Refused { by: by.clone() };
            self.put_request(request);
            return Ok(Done::Posted { operation, code: Code::AlreadyFailed, amount: 0 });
        }
        let done = self.carry(operation, &request.what, 0, now)?;
        request.state = RequestState::Done { by: by.clone() };
        self.put_request(request);
        Ok(done)
    }

    fn put_request(&mut self, request: Request) {
        self.book.put(space::REQUEST, &request.operation.0.to_be_bytes(), &request);
        self.requests.insert(request.operation, request);
    }

    fn check_reason(&self, what: &AskedFor) -> Result<(), DeskError> {
        match what {
            AskedFor::Adjust { reason, .. } | AskedFor::WriteOff { reason, .. } | AskedFor::Fence { reason, .. } => {
                let fits = !reason.trim().is_empty() && reason.len() <= REASON_BYTES_MAX;
                if fits { Ok(()) } else { Err(DeskError::Reason) }
            }
            _ => Ok(()),
        }
    }

    fn carry(&mut self, operation: OperationId, what: &AskedFor, reference: u128, now: Now) -> Result<Done, DeskError> {
        let line = operation.line(1);
        match what {
            AskedFor::TopUp { account, amount, .. } | AskedFor::Give { account, amount, .. } => {
                self.may_move(*account, *amount, false, line)?;
            }
            AskedFor::Spend { account, amount } | AskedFor::Hold { account, amount, .. } => {
                self.may_spend(*account, *amount, line, now)?;
            }
            AskedFor::Give2 { from, to, amount } => {
                self.may_spend(*from, *amount, line, now)?;
                self.may_move(*to, *amount, false, line)?;
            }
            AskedFor::Adjust { account, amount, .. } => {
                let sum = amount.checked_abs().ok_or(DeskError::AmountNotPositive)?;
                self.may_move(*account, sum, true, line)?;
            }
            AskedFor::Capture { .. } | AskedFor::Void { .. } => {}
            AskedFor::WriteOff { store, .. } => {
                if !self.peers.contains_key(store) {
                    return Err(DeskError::NoStore);
                }
                self.recovered(*store, now);
            }
            AskedFor::Fence { store, .. } => {
                let peer = self.peers.get(store).ok_or(DeskError::NoStore)?;
                if peer.row.synced != self.meta.epoch {
                    self.retire(*store, now);
                } else {
                    self.fence(*store, 0, now);
                }
            }
        }
        match transfer_of(what, line, reference) {
            Some(transfer) => self.carry_transfer(operation, transfer, now),
            None => Ok(Done::Posted { operation, code: Code::Created, amount: 0 }),
        }
    }

    fn carry_transfer(&mut self, operation: OperationId, mut transfer: Transfer, now: Now) -> Result<Done, DeskError> {
        // Judged by the day, unlike what stores did.
        transfer.flags &= !domain::ledger::transfer::IMPORTED;
        let code = self.post(transfer, now);
        if !code.is_posted() {
            return Err(DeskError::Refused(code));
        }
        let amount = self.book.ledger.known(operation.line(1)).map_or(0, |known| known.amount);
        if code == Code::Created {
            let posted = self.book.last_posting().expect("it was just posted").transfer.clone();
            self.keep_copy(&posted);
            for wallet in [posted.debit, posted.credit] {
                if wallet.kind().is_some_and(AccountKind::is_wallet) {
                    self.came_in(wallet, now);
                }
            }
        }
        Ok(Done::Posted { operation, code, amount })
    }

    /// What is born here has a second copy at the customer's home store.
    pub(super) fn keep_copy(&mut self, posted: &Transfer) {
        if posted.flags & PENDING != 0 {
            return;
        }
        let wallets =
            [posted.credit, posted.debit].map(|id| id.kind().is_some_and(AccountKind::is_wallet).then_some(id));
        let home = wallets.iter().flatten().next().and_then(|wallet| self.people.get(wallet.owner()));
        let home = home.map(|customer| customer.home).filter(|home| *home != 0);
        let mut copy = posted.clone();
        if copy.flags & POST_PENDING != 0 {
            // A movement of its own, that names the hold which it ends.
            copy.flags = 0;
        }
        copy.flags |= domain::ledger::transfer::IMPORTED;
        let copied = Told::Copy { transfers: vec![copy.clone()] };
        let told = home.and_then(|home| Some((home, self.tell_at(home, &copied)?)));
        if wallets.iter().flatten().count() == wallets.len() {
            self.arrived(copy, told);
        }
    }

    /// An operation that is known was judged when it was asked first: the ledger answers it.
    fn may_move(
        &mut self,
        account: AccountId,
        amount: i64,
        also_blocked: bool,
        line: TransferId,
    ) -> Result<(), DeskError> {
        if self.book.ledger.known(line).is_some() {
            return Ok(());
        }
        if amount <= 0 {
            return Err(DeskError::AmountNotPositive);
        }
        if !account.kind().is_some_and(AccountKind::is_wallet) {
            return Err(DeskError::NoWallet);
        }
        if self.meta.recovering {
            return Err(DeskError::Recovering);
        }
        let owner = account.owner();
        let customer = self.people.get(owner).ok_or(PeopleError::Unknown(owner))?;
        let has = self.wallets_kind(account).is_some_and(|wallet| customer.has(wallet, account.asset()));
        if !has {
            return Err(DeskError::NoWallet);
        }
        if (customer.blocked || customer.closed) && !also_blocked {
            return Err(DeskError::Blocked);
        }
        self.open_wallet(account);
        Ok(())
    }

    /// There is so much free; or those who hold it are asked to give it back, and the asker to come again.
    fn may_spend(&mut self, account: AccountId, amount: i64, line: TransferId, now: Now) -> Result<(), DeskError> {
        self.may_move(account, amount, false, line)?;
        if self.book.ledger.known(line).is_some() {
            return Ok(());
        }
        let free = self.book.ledger.available(account, now.moment.day);
        if free < amount && self.ask_back(account, ROOT) > 0 {
            return Err(DeskError::NotFree { free });
        }
        Ok(())
    }

    /// The account that pays for a campaign's points is there; its limit is the budget.
    pub(super) fn campaign(&mut self, account: AccountId) {
        if self.book.ledger.account(account).is_none() {
            self.book.open(account, self.budget(account));
        }
    }

    fn budget(&self, account: AccountId) -> i64 {
        let campaign = u32::try_from(account.owner()).unwrap_or(u32::MAX);
        self.budgets.get(&(account.asset(), campaign)).copied().unwrap_or(UNLIMITED)
    }

    pub fn budget_of(&self, asset: u32, campaign: u32) -> Option<i64> {
        self.budgets.get(&(asset, campaign)).copied()
    }

    /// Most that a campaign may give. None: no limit.
    pub fn set_budget(&mut self, asset: u32, campaign: u32, budget: Option<i64>) {
        let key = [asset.to_be_bytes(), campaign.to_be_bytes()].concat();
        match budget {
            Some(budget) => {
                self.book.put(space::BUDGET, &key, &(asset, campaign, budget));
                self.budgets.insert((asset, campaign), budget);
            }
            None => {
                self.book.remove(space::BUDGET, &key);
                self.budgets.remove(&(asset, campaign));
            }
        }
        let account = AccountId::house(AccountKind::Expense, asset, 0, u64::from(campaign));
        self.book.open(account, budget.unwrap_or(UNLIMITED));
    }

    pub(super) fn open_campaigns(&mut self) {
        let expenses = self.book.ledger.accounts().map(|(_, account)| account.id);
        let expenses: Vec<AccountId> = expenses.filter(|id| id.kind() == Some(AccountKind::Expense)).collect();
        let budgets = self.budgets.keys();
        let budgets =
            budgets.map(|(asset, campaign)| AccountId::house(AccountKind::Expense, *asset, 0, u64::from(*campaign)));
        for account in budgets.chain(expenses).collect::<Vec<_>>() {
            self.book.open(account, self.budget(account));
        }
    }

    /// A store that cannot be compared any more is given up: its number is not used again. What it may have been given after
    /// the backup is not known, so of every wallet as much as it could have had is set aside.
    fn retire(&mut self, store: NodeId, now: Now) {
        if let Some(peer) = self.peers.get_mut(&store) {
            peer.row.retired = true;
            (peer.row.recover, peer.row.doubtful) = (false, false);
        }
        self.put_peer(store);
        self.quarantine(store, u32::MAX, now);
        let wallets: Vec<AccountId> = self
            .book
            .ledger
            .accounts()
            .map(|(_, account)| account.id)
            .filter(|id| id.kind().is_some_and(|kind| kind.is_wallet() && kind != AccountKind::BonusPending))
            .collect();
        for wallet in wallets {
            let part = self.book.ledger.available(wallet, now.moment.day).min(self.policy.standing_max);
            if part > 0 {
                let about: [&[u8]; 3] = [b"retire", &store.to_le_bytes(), &wallet.0.to_le_bytes()];
                let id = crate::machine::derived(now, &about).line(1);
                let to = wallet.at(AccountKind::Quarantine, store);
                let mut aside = movement(id, TransferCode::Fence, wallet, to, part, 0);
                aside.flags = 0;
                self.post(aside, now);
            }
        }
        self.end_recovery(now);
    }
}

/// The movement that is asked for. None: nothing is moved by it alone.
pub(super) fn transfer_of(what: &AskedFor, line: TransferId, reference: u128) -> Option<Transfer> {
    let web = |asset: u32| AccountId::house(AccountKind::Redeemed, asset, 0, 0);
    let moves = |code, debit, credit, amount| movement(line, code, debit, credit, amount, reference);
    let with_lot = |lot: &Option<LotTerms>, transfer| Transfer { lot: lot.unwrap_or(LotTerms::NONE), ..transfer };
    let none = AccountId(0);
    Some(match what {
        AskedFor::TopUp { account, amount, tender, lot } => {
            let from = AccountId::house(AccountKind::TenderIn, account.asset(), 0, *tender);
            with_lot(lot, moves(TransferCode::TopUp, from, *account, *amount))
        }
        AskedFor::Give { account, amount, campaign, lot } => {
            let from = AccountId::house(AccountKind::Expense, account.asset(), 0, u64::from(*campaign));
            with_lot(lot, moves(TransferCode::Accrue, from, *account, *amount))
        }
        AskedFor::Spend { account, amount } => moves(TransferCode::Purchase, *account, web(account.asset()), *amount),
        AskedFor::Hold { account, amount, timeout_s } => {
            let hold = moves(TransferCode::Hold, *account, web(account.asset()), *amount);
            Transfer { flags: PENDING, timeout_s: *timeout_s, ..hold }
        }
        AskedFor::Capture { hold, amount } => {
            let capture = moves(TransferCode::Capture, none, none, amount.unwrap_or(0));
            Transfer { flags: POST_PENDING, pending: hold.line(1), ..capture }
        }
        AskedFor::Void { hold } => {
            let void = moves(TransferCode::Void, none, none, 0);
            Transfer { flags: VOID_PENDING, pending: hold.line(1), ..void }
        }
        AskedFor::Give2 { from, to, amount } => moves(TransferCode::PersonToPerson, *from, *to, *amount),
        AskedFor::Adjust { account, amount, .. } => {
            let house = AccountId::house(AccountKind::Adjustment, account.asset(), 0, 0);
            let (from, to) = if *amount > 0 { (house, *account) } else { (*account, house) };
            moves(TransferCode::ManualAdjustment, from, to, amount.checked_abs()?)
        }
        AskedFor::WriteOff { .. } | AskedFor::Fence { .. } => return None,
    })
}
