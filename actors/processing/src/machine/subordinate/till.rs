//! What tills ask and tell: who is it, hold so much, give it back, this is what a closed receipt did.
//!
//! An approval is a hold on this store's right. A refusal that is final is written down, so that the same question gets the
//! same answer; "not ready" is no refusal.

use chrono::NaiveDate;
use domain::ledger::transfer::{
    BALANCING, Code, Day, IMPORTED, LotTerms, NEVER, PENDING, POST_PENDING, Slice, Transfer, TransferCode, VOID_PENDING,
};
use domain::ledger::{AccountId, AccountKind, OperationId, TransferId};
use domain::money::Money;
use messages::v1::accounts::{
    AccountOperation, Approval, Authorisation, Authorise, Customer as Shown, DeclineCode, Declined, Identified,
    LotPart, OPERATIONS_MAX, OperationKind, OperationsTaken, Release, Settled, TillOperations, WalletState,
};
use uuid::Uuid;

use super::{MOVED, Subordinate, document, movement};
use crate::machine::book::space;
use crate::machine::customer::{Card, CardState, Customer, Held, kind_of, pending_of};
use crate::machine::given;
use crate::machine::log::{Act, Document, Stamp};
use crate::machine::wire::NUMBER_BYTES_MAX;
use crate::machine::{Now, date_of, day_of};

/// The hold of an operation.
const HELD: u8 = 1;
/// Owners that stores number: the highest bit of an owner is set.
pub(crate) const PROVISIONAL: u64 = 1 << 43;

/// What a till did in the last so many days it tells again after every cut of its line.
const REMEMBERED_DAYS: Day = 14;

impl Subordinate {
    /// What is known here of a card, a phone or a gift card.
    pub fn identify(&self, number: &str, online: bool, now: Now) -> Identified {
        let Some(customer) = self.whose(number) else { return declined(DeclineCode::UnknownCard, None, online) };
        if let Some(code) = refused_card(customer, number) {
            return declined(code, None, online);
        }
        Identified::Customer(Box::new(self.shown(customer, number, online, now)))
    }

    fn shown(&self, customer: &Customer, number: &str, online: bool, now: Now) -> Shown {
        let wallets = customer.wallets.iter().map(|held| {
            let account = customer.account(held.wallet, held.asset);
            let right = account.at(AccountKind::Escrow, self.me);
            let here = self.right(account, now.moment.day);
            let expiring = self.book.ledger.lots(right).find(|lot| lot.slice.expires_on != NEVER && lot.free() > 0);
            let given = self.given.get(&account);
            let campaigns = given.iter().flat_map(|given| &given.campaigns);
            WalletState {
                wallet: held.wallet,
                asset: held.asset,
                earned: given.and_then(|given| Some((date_of(given.day)?, Money::from_minor(given.earned)))),
                given: campaigns.filter_map(|(campaign, day)| Some((*campaign, date_of(*day)?))).collect(),
                // What the root said last, and never less than what is here.
                balance: Money::from_minor(self.told.get(&account).copied().unwrap_or(0).max(here)),
                pending: Money::from_minor(pending_of(account).and_then(|id| self.told.get(&id).copied()).unwrap_or(0)),
                here: Money::from_minor(here),
                expiring: expiring
                    .and_then(|lot| Some((Money::from_minor(lot.free()), date_of(lot.slice.expires_on)?))),
            }
        });
        Shown {
            owner: customer.owner,
            number: number.to_owned(),
            name: customer.name.clone(),
            tier: customer.tier.clone(),
            birthday: customer.birthday,
            first_purchase: !customer.bought,
            referred_by: customer.referred_by,
            provisional: customer.provisional,
            wallets: wallets.collect(),
            online,
        }
    }

    /// The wallet of which the root should be asked before this is refused: what is missing here.
    pub fn lacks(&self, asked: &Authorise, now: Now) -> Option<(AccountId, i64)> {
        let customer = self.whose(&asked.number)?;
        let account = customer.account(asked.wallet, asked.asset);
        let amount = asked.amount.minor();
        let known = self.book.ledger.known(operation(asked.operation).line(HELD)).is_some();
        (!known && customer.has(asked.wallet, asked.asset) && self.right(account, now.moment.day) < amount)
            .then_some((account, amount))
    }

    /// Hold an amount for a receipt.
    pub fn authorise(&mut self, asked: &Authorise, online: bool, now: Now) -> Authorisation {
        let no = |code, available| Authorisation::Declined(Declined { code, available, online });
        let operation = operation(asked.operation);
        let id = operation.line(HELD);
        if operation.0 == 0 {
            return no(DeclineCode::OperationDiffers, None);
        }
        if !asked.amount.is_positive() {
            return no(DeclineCode::AmountNotPositive, None);
        }
        if let Some(customer) = self.whose(&asked.number).map(|customer| customer.owner)
            && self.book.ledger.known(id).is_some()
        {
            return self.again(asked, customer, online, now);
        }
        if self.book.ledger.known(id).is_some_and(|known| !known.is_posted()) {
            return no(DeclineCode::OperationRefused, None);
        }
        let Some(customer) = self.whose(&asked.number).cloned() else { return no(DeclineCode::UnknownCard, None) };
        if let Some(code) = refused_card(&customer, &asked.number) {
            return no(code, None);
        }
        if !customer.has(asked.wallet, asked.asset) {
            return no(DeclineCode::NoSuchWallet, None);
        }
        if !self.may_spend() {
            return no(DeclineCode::NotReady, None);
        }
        if let Err(code) = self.right_pin(&customer, &asked.number, asked.pin.as_deref()) {
            return no(code, None);
        }
        let account = customer.account(asked.wallet, asked.asset);
        self.pretend_right(account, asked.amount.minor(), now);
        let here = self.right(account, now.moment.day);
        if let Err(code) = self.within_day(&customer, &asked.number, asked.amount.minor(), now) {
            return no(code, None);
        }
        if here == 0 || (here < asked.amount.minor() && !asked.up_to) {
            let code = if online { DeclineCode::NotEnough } else { DeclineCode::NotEnoughHere };
            self.refuse(asked, account, now);
            return no(code, Some(Money::from_minor(here)));
        }
        let hold = self.hold(asked, account, if asked.up_to { BALANCING } else { 0 });
        match self.book.post_one(hold, now) {
            code if code.is_posted() => {
                let amount = self.book.ledger.hold(id).map_or(0, |hold| hold.amount);
                self.use_day(&customer, &asked.number, amount, now);
                self.used_ms.insert(account.at(AccountKind::Escrow, self.me), now.moment.elapsed_ms);
                self.approved(asked, customer.owner, account, online, now)
            }
            Code::AlreadyFailed => no(DeclineCode::OperationRefused, None),
            _ => no(DeclineCode::NotEnough, Some(Money::from_minor(here))),
        }
    }

    /// For the mutant alone: what the root last said is on the account may be spent, right or no right.
    fn pretend_right(&mut self, account: AccountId, amount: i64, now: Now) {
        let told = self.told.get(&account).copied().unwrap_or(0);
        let missing = told.min(amount) - self.right(account, now.moment.day);
        if self.policy.mutant == Some(super::Mutant::NoLeases) && missing > 0 {
            let clearing = AccountId::house(AccountKind::Clearing, account.asset(), self.me, 0);
            let about: [&[u8]; 2] = [b"pretend", &self.book.ledger.hash()];
            let id = crate::machine::derived(now, &about).line(1);
            let right = account.at(AccountKind::Escrow, self.me);
            self.book.post_one(movement(id, TransferCode::LeaseGrant, clearing, right, missing, 0), now);
        }
    }

    fn hold(&self, asked: &Authorise, account: AccountId, flags: u16) -> Transfer {
        let redeemed = AccountId::house(AccountKind::Redeemed, asked.asset, self.me, 0);
        Transfer {
            flags: PENDING | flags,
            timeout_s: asked.timeout_s,
            ..movement(
                operation(asked.operation).line(HELD),
                TransferCode::Hold,
                account.at(AccountKind::Escrow, self.me),
                redeemed,
                asked.amount.minor(),
                asked.receipt.0.as_u128(),
            )
        }
    }

    /// Written down: the same operation stays refused.
    fn refuse(&mut self, asked: &Authorise, account: AccountId, now: Now) {
        let hold = self.hold(asked, account, 0);
        self.book.post_one(hold, now);
    }

    /// The same question again.
    fn again(&mut self, asked: &Authorise, owner: u64, online: bool, now: Now) -> Authorisation {
        let no = |code| Authorisation::Declined(Declined { code, available: None, online });
        let Some(customer) = self.people.get(owner) else { return no(DeclineCode::UnknownCard) };
        let account = customer.account(asked.wallet, asked.asset);
        let hold = self.hold(asked, account, if asked.up_to { BALANCING } else { 0 });
        let id = hold.id;
        match self.book.post_one(hold, now) {
            Code::Exists if self.book.ledger.hold(id).is_some() => self.approved(asked, owner, account, online, now),
            Code::Exists => no(DeclineCode::OperationEnded),
            Code::AlreadyFailed => no(DeclineCode::OperationRefused),
            _ => no(DeclineCode::OperationDiffers),
        }
    }

    fn approved(&self, asked: &Authorise, owner: u64, account: AccountId, online: bool, now: Now) -> Authorisation {
        let id = operation(asked.operation).line(HELD);
        let hold = self.book.ledger.hold(id);
        Authorisation::Approved(Approval {
            operation: asked.operation,
            owner,
            amount: Money::from_minor(hold.map_or(0, |hold| hold.amount)),
            lots: hold.map(|hold| hold.slices.iter().map(part_of).collect()).unwrap_or_default(),
            online,
            here: Money::from_minor(self.right(account, now.moment.day)),
            mark: self.mark(),
        })
    }

    /// Give back a hold; what was never held can never be held any more.
    pub fn release(&mut self, release: &Release, now: Now) {
        let operation = operation(release.operation);
        if operation.0 == 0 {
            return;
        }
        let id = operation.line(HELD);
        if self.book.ledger.hold(id).is_some() {
            let void = Transfer {
                pending: id,
                flags: VOID_PENDING,
                ..movement(operation.line(3), TransferCode::Void, AccountId(0), AccountId(0), 0, 0)
            };
            self.book.post_one(void, now);
        } else if self.book.ledger.known(id).is_none() {
            // A hold of nothing: refused, and so for ever.
            let clearing = AccountId::house(AccountKind::Clearing, 0, self.me, 0);
            let nothing = movement(id, TransferCode::Hold, clearing, clearing, 1, 0);
            self.book.post_one(nothing, now);
        }
    }

    /// What a closed receipt of a till did. Repeat: yes.
    pub fn settle(&mut self, till: u32, settled: &Settled, now: Now) {
        self.meet(till);
        for operation in settled.operations.iter().take(OPERATIONS_MAX) {
            self.settle_one(till, settled, operation, now);
        }
    }

    fn meet(&mut self, till: u32) {
        if self.tills.insert(till) {
            self.book.put(space::TILL, &u64::from(till).to_be_bytes(), &());
            self.heard.insert(till);
        }
    }

    fn settle_one(&mut self, till: u32, settled: &Settled, what: &AccountOperation, now: Now) {
        let id = operation(what.operation);
        let amount = what.amount.minor();
        let known = self.book.ledger.known(id.line(MOVED)).is_some() || self.waits.contains_key(&id);
        if id.0 == 0 || amount <= 0 || known {
            return;
        }
        let stamp = Stamp {
            wall_ms: now.wall_ms,
            day: day_of(settled.business_day),
            till,
            operator: Some(settled.operator.clone()),
            receipt: Some(settled.receipt),
        };
        let owner = self.owner_of(what, &stamp, now);
        let account = AccountId::wallet(kind_of(what.wallet), what.asset, owner);
        let right = account.at(AccountKind::Escrow, self.me);
        let redeemed = AccountId::house(AccountKind::Redeemed, what.asset, self.me, 0);
        let reference = settled.receipt.0.as_u128();
        let moved = id.line(MOVED);
        let slices: Vec<Slice> = what.lots.iter().map(slice_of).collect();
        let part = what.lots.first();
        let campaign = u64::from(part.map_or(0, |part| part.campaign));
        let mut recovered = false;
        let transfer = match what.kind {
            OperationKind::Spend => match self.capture(id, amount, now) {
                Some(captured) => captured,
                None => {
                    // Approved by a book that is lost, or after its hold had ended: the goods are gone all the same.
                    recovered = true;
                    let mut late = movement(moved, TransferCode::Purchase, right, redeemed, amount, reference);
                    late.slices = slices;
                    late
                }
            },
            OperationKind::Earn => {
                let terms = part.map_or(LotTerms::NONE, terms_of);
                let waits = part.and_then(|part| part.activates_on).is_some_and(|on| on > settled.business_day);
                let expense = AccountId::house(AccountKind::Expense, what.asset, 0, campaign);
                let (code, to) = match waits {
                    true => (TransferCode::AccruePending, AccountKind::BonusPending),
                    false => (TransferCode::Accrue, kind_of(what.wallet)),
                };
                let to = AccountId::wallet(to, what.asset, owner);
                Transfer { lot: terms, ..movement(moved, code, expense, to, amount, reference) }
            }
            OperationKind::PutBack => {
                let mut back = movement(moved, TransferCode::Refund, redeemed, right, amount, reference);
                if right.has_lots() && slices.iter().map(|slice| slice.amount).sum::<i64>() == amount {
                    back.slices = slices;
                }
                back
            }
            OperationKind::TakeBack => {
                let expense = AccountId::house(AccountKind::Expense, what.asset, 0, campaign);
                Transfer {
                    pending: TransferId::NONE,
                    ..movement(moved, TransferCode::Clawback, account, expense, amount, of(what))
                }
            }
            OperationKind::Load => {
                let terms = part.map_or(LotTerms::NONE, terms_of);
                let tender = AccountId::house(AccountKind::TenderIn, what.asset, self.me, 0);
                Transfer { lot: terms, ..movement(moved, TransferCode::TopUp, tender, right, amount, reference) }
            }
        };
        if matches!(what.kind, OperationKind::PutBack | OperationKind::Load) {
            self.used_ms.insert(right, now.moment.elapsed_ms);
        }
        given::note(&mut self.given, &mut self.book, &transfer, stamp.day, None);
        let document = Document { recovered, ..document(id, stamp, transfer) };
        self.write(document, now);
    }

    /// Take what is held, or part of it. None: nothing is held.
    fn capture(&mut self, id: OperationId, amount: i64, now: Now) -> Option<Transfer> {
        let hold = self.book.ledger.hold(id.line(HELD))?;
        if amount > hold.amount {
            return None;
        }
        let capture = Transfer {
            pending: id.line(HELD),
            // The goods are given: a hold whose time has passed meanwhile is still there.
            flags: POST_PENDING | IMPORTED,
            ..movement(id.line(MOVED), TransferCode::Capture, AccountId(0), AccountId(0), amount, hold.reference)
        };
        let code = self.book.post_one(capture, now);
        assert!(code.is_posted(), "I10: what is held can be captured, but: {code}");
        let posted = &self.book.last_posting().expect("it was just posted").transfer;
        Some(Transfer {
            slices: posted.slices.clone(),
            ..movement(posted.id, TransferCode::Purchase, posted.debit, posted.credit, posted.amount, posted.reference)
        })
    }

    /// Whose account it is: as the till knew, or by the number; a number that nobody knows gets a customer of its own.
    fn owner_of(&mut self, what: &AccountOperation, stamp: &Stamp, now: Now) -> u64 {
        if what.owner != 0 {
            return what.owner;
        }
        if let Some(customer) = self.whose(&what.number) {
            return customer.owner;
        }
        let number: String = what.number.chars().take(NUMBER_BYTES_MAX).collect();
        let owner = provisional(&number);
        let customer = Customer {
            owner,
            cards: vec![Card { number, state: CardState::Active, day_max: None, pin: None }],
            wallets: vec![Held { wallet: what.wallet, asset: what.asset, limit: 0 }],
            provisional: true,
            home: self.me,
            ..Customer::default()
        };
        let opened = crate::machine::derived(now, &[b"open", &self.me.to_le_bytes(), &owner.to_le_bytes()]);
        let act = Act::Open { customer: Box::new(customer) };
        self.write(Document { operation: opened, stamp: stamp.clone(), recovered: false, act }, now);
        owner
    }

    /// A return of rights has no till that remembers it; set back behind one, a store would spend those rights again.
    fn till_saw(&mut self, till: u32, mark: u64) {
        if mark > self.mark() && self.policy.mutant != Some(super::Mutant::NoWitness) {
            tracing::error!(till, mark, "a till has seen a later book of this store: the store was restored");
            self.fear_restored();
        }
    }

    /// What a till remembers. It is heard when it has told all and nothing of it is open.
    pub fn till_operations(&mut self, till: u32, told: &TillOperations, now: Now) -> OperationsTaken {
        self.till_saw(till, told.mark);
        self.started_ms.get_or_insert(now.moment.elapsed_ms);
        let lost = |book: &Self, operation: Uuid| {
            let id = self::operation(operation);
            let known = |line| book.book.ledger.known(id.line(line)).is_some();
            !known(HELD) && !known(MOVED) && !book.waits.contains_key(&id)
        };
        let spends = told.settled.iter().flat_map(|settled| &settled.operations);
        let approved = spends.filter(|what| what.kind == OperationKind::Spend).map(|what| what.operation);
        let witness = approved.chain(told.open.iter().copied()).any(|operation| lost(self, operation));
        let ignores = self.policy.mutant == Some(super::Mutant::NoWitness);
        if witness && !self.meta.recover && !ignores {
            tracing::error!(till, "a till remembers what this store does not: the store was restored");
            self.fear_restored();
        }
        self.meet(till);
        for settled in &told.settled {
            self.settle(till, settled, now);
        }
        if !told.more && (told.open.is_empty() || !self.meta.recover) {
            self.heard.insert(till);
        }
        self.settle_trust(now);
        OperationsTaken { keep_from: self.remembered_from(now), tell_from: None, mark: self.mark() }
    }

    /// What happened before is in the root's book, too, when all is: no till has to remember it.
    fn remembered_from(&self, now: Now) -> Option<NaiveDate> {
        let all_told = self.agreed && !self.restored && !self.meta.recover && self.root_next >= self.up.end.next;
        all_told.then(|| date_of(now.moment.day - REMEMBERED_DAYS)).flatten()
    }
}

fn refused_card(customer: &Customer, number: &str) -> Option<DeclineCode> {
    let state = customer.card(number).map(|card| card.state);
    if customer.closed {
        return Some(DeclineCode::AccountClosed);
    }
    (customer.blocked || matches!(state, Some(CardState::Blocked | CardState::Replaced)))
        .then_some(DeclineCode::CardBlocked)
}

fn declined(code: DeclineCode, available: Option<Money>, online: bool) -> Identified {
    Identified::Declined(Declined { code, available, online })
}

/// A number that a store gives to whom the root could not be asked about: the same number in every store is the same.
pub(crate) fn provisional(number: &str) -> u64 {
    let hash = blake3::hash(number.as_bytes());
    let mut low = [0; 8];
    low.copy_from_slice(&hash.as_bytes()[..8]);
    PROVISIONAL | (u64::from_le_bytes(low) & (PROVISIONAL - 1))
}

pub(crate) fn operation(uuid: Uuid) -> OperationId {
    OperationId::from_uuid(uuid.as_u128())
}

fn of(what: &AccountOperation) -> u128 {
    what.of.map_or(0, |of| operation(of).0)
}

fn part_of(slice: &Slice) -> LotPart {
    LotPart {
        origin: Uuid::from_u128(slice.origin.0),
        amount: Money::from_minor(slice.amount),
        activates_on: (slice.activates_on != Day::MIN).then(|| date_of(slice.activates_on)).flatten(),
        expires_on: (slice.expires_on != NEVER).then(|| date_of(slice.expires_on)).flatten(),
        campaign: slice.campaign,
    }
}

fn slice_of(part: &LotPart) -> Slice {
    Slice {
        origin: TransferId(part.origin.as_u128()),
        expires_on: part.expires_on.map_or(NEVER, day_of),
        activates_on: part.activates_on.map_or(Day::MIN, day_of),
        campaign: part.campaign,
        amount: part.amount.minor(),
    }
}

fn terms_of(part: &LotPart) -> LotTerms {
    LotTerms {
        activates_on: part.activates_on.map_or(Day::MIN, day_of),
        expires_on: part.expires_on.map_or(NEVER, day_of),
        campaign: part.campaign,
    }
}
