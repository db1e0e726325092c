//! A till: a client with a durable journal. It makes the numbers of operations, repeats what was not answered, hands goods
//! over when it settles, and remembers all that it settled.

use std::sync::Arc;

use chrono::NaiveDate;
use domain::ids::{OperatorNumber, ReceiptId};
use domain::ledger::AccountKind;
use domain::money::Money;
use messages::v1::accounts::{
    AccountOperation, Authorisation, Authorise, DeclineCode, LotPart, OperationKind, Settled, TillOperations, Wallet,
};
use processing::machine::date_of;
use uuid::Uuid;

use crate::ghost::{MONEY, POINTS};
use crate::plan::Work;
use crate::shop::{ShopSays, TillSays};
use crate::world::{Event, MINUTE_MS, SECOND_MS, World};

const TICK_MS: u64 = 10 * SECOND_MS;
/// A cashier does not wait longer for an answer.
const PATIENCE_MS: u64 = MINUTE_MS;
/// Cards that only stores have met.
pub(crate) const WALK_INS: usize = 8;
/// Settled receipts that are told again at once.
const AGAIN_MAX: usize = 32;

/// What the journal has of an operation that is asked.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    asked: Box<Authorise>,
    card: usize,
    since_ms: u64,
    approved: Option<(u64, i64, Vec<LotPart>)>,
}

pub(crate) struct Remembered {
    pub(crate) settled: Arc<Settled>,
    pub(crate) card: usize,
    pub(crate) taken: bool,
    pub(crate) since_ms: u64,
    /// What was put back or taken back of it.
    undone: bool,
}

pub(crate) struct Till {
    pub(crate) till: usize,
    pub(crate) shop: usize,
    pub(crate) sent: u64,
    /// What its store sent to it, counted; and the last of it that was heard and asks for all.
    pub(crate) told: u64,
    heard: u64,
    /// The furthest mark of its store's book that it has seen.
    pub(crate) mark: u64,
    counter: u64,
    pub(crate) open: Option<Open>,
    pub(crate) releasing: Vec<Uuid>,
    pub(crate) settled: Vec<Remembered>,
    /// Places of those that the store has not taken.
    untaken: Vec<usize>,
    told_ms: u64,
    pub(crate) approved: u64,
    pub(crate) declined: Vec<DeclineCode>,
}

impl Till {
    pub(crate) fn new(till: usize, shop: usize) -> Till {
        Till {
            till,
            shop,
            sent: 0,
            told: 0,
            heard: 0,
            mark: 0,
            counter: 0,
            open: None,
            releasing: Vec::new(),
            settled: Vec::new(),
            untaken: Vec::new(),
            told_ms: 0,
            approved: 0,
            declined: Vec::new(),
        }
    }

    pub(crate) fn approved_now(&self) -> Option<Uuid> {
        self.open.as_ref().filter(|open| open.approved.is_some()).map(|open| open.asked.operation)
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.open.is_none() && self.releasing.is_empty() && self.untaken.is_empty()
    }
}

pub(crate) fn card_number(card: usize) -> String {
    format!("C{card:04}")
}

impl World {
    /// A new number, as a till makes it: a UUIDv7 whose last four bits are zero.
    fn number(&mut self, till: usize) -> Uuid {
        let till = &mut self.tills[till];
        till.counter += 1;
        let time = u128::from(self.at_ms) + (1 << 40);
        let id = time << 80 | 7 << 76 | (till.till as u128) << 40 | u128::from(till.counter) << 4;
        Uuid::from_u128(id | 2 << 62)
    }

    pub(crate) fn business_day(&self, till: usize) -> NaiveDate {
        let shop = self.tills[till].shop;
        date_of(self.shops[shop].node.day(self.at_ms)).expect("days of a run are dates")
    }

    pub(crate) fn till_acts(&mut self, till: usize) {
        let wait = self.random.about(self.plan.till_every_ms);
        self.after(wait, Event::TillActs(till));
        if self.quiet || self.tills[till].open.is_some() {
            return;
        }
        let card = match self.random.chance(100) {
            true => 0,
            false => self.random.index(self.plan.cards),
        };
        let all = self.plan.work == Work::All;
        let walks_in = all && self.random.chance(50);
        let card = if walks_in { self.plan.cards + self.random.index(WALK_INS) } else { card };
        match self.random.below(100) {
            0..65 => {
                let points = all && self.random.chance(400);
                let wallet = if points { Wallet::Points } else { Wallet::Prepaid };
                let amount = self.random.between(1, self.plan.spend_max as u64) as i64;
                let up_to = all && self.random.chance(200);
                self.till_spends(till, card, wallet, amount, up_to);
            }
            65..80 => {
                let amount = self.random.between(1, 4000) as i64;
                self.till_settles(till, card, OperationKind::Load, Wallet::Prepaid, amount, Vec::new(), None);
            }
            80..90 if all => self.till_gives_points(till, card),
            90..100 => self.till_undoes(till),
            _ => {}
        }
    }

    /// Points for a purchase: some at once, some from tomorrow, and some are gone after tomorrow.
    fn till_gives_points(&mut self, till: usize, card: usize) {
        let amount = self.random.between(1, 3000) as i64;
        let today = self.business_day(till);
        let later = |days: u64| today.checked_add_days(chrono::Days::new(days));
        let part = LotPart {
            origin: Uuid::nil(),
            amount: Money::from_minor(amount),
            activates_on: if self.random.chance(300) { later(1) } else { None },
            expires_on: if self.random.chance(500) { later(self.random.below(3)) } else { None },
            campaign: self.random.below(3) as u32,
        };
        self.till_settles(till, card, OperationKind::Earn, Wallet::Points, amount, vec![part], None);
    }

    /// A return: what was spent goes back, what was earned is taken back.
    fn till_undoes(&mut self, till: usize) {
        if self.tills[till].settled.is_empty() {
            return;
        }
        let at = self.random.index(self.tills[till].settled.len());
        let before = &mut self.tills[till].settled[at];
        let what = before.settled.operations[0].clone();
        let back = match what.kind {
            OperationKind::Spend => OperationKind::PutBack,
            OperationKind::Earn => OperationKind::TakeBack,
            _ => return,
        };
        if std::mem::replace(&mut before.undone, true) {
            return;
        }
        let card = before.card;
        let lots = if back == OperationKind::TakeBack {
            vec![LotPart { origin: what.operation, ..what.lots[0] }]
        } else {
            what.lots.clone()
        };
        self.till_settles(till, card, back, what.wallet, what.amount.minor(), lots, Some(what.operation));
    }

    pub(crate) fn till_spends(&mut self, till: usize, card: usize, wallet: Wallet, amount: i64, up_to: bool) -> Uuid {
        let operation = self.number(till);
        let asked = Box::new(Authorise {
            operation,
            receipt: ReceiptId(operation),
            number: card_number(card),
            pin: None,
            wallet,
            asset: if wallet == Wallet::Points { POINTS } else { MONEY },
            amount: Money::from_minor(amount),
            up_to,
            operator: OperatorNumber("7".to_owned()),
            business_day: self.business_day(till),
            timeout_s: 0,
        });
        self.stats.operations += 1;
        let since_ms = self.at_ms;
        self.tills[till].open = Some(Open { asked: asked.clone(), card, since_ms, approved: None });
        self.send_to_shop(till, TillSays::Authorise(asked));
        operation
    }

    pub(crate) fn till_tick(&mut self, till: usize) {
        self.after(TICK_MS, Event::TillTick(till));
        let at_ms = self.at_ms;
        if let Some(open) = &self.tills[till].open
            && open.approved.is_none()
        {
            if at_ms >= open.since_ms + PATIENCE_MS {
                self.give_up(till);
            } else {
                let asked = open.asked.clone();
                self.send_to_shop(till, TillSays::Authorise(asked));
            }
        }
        for operation in self.tills[till].releasing.clone() {
            self.send_to_shop(till, TillSays::Release(operation));
        }
        let here = &mut self.tills[till];
        here.untaken.retain(|at| !here.settled[*at].taken);
        let again: Vec<Arc<Settled>> = here
            .untaken
            .iter()
            .map(|at| &here.settled[*at])
            .filter(|remembered| at_ms >= remembered.since_ms + TICK_MS)
            .take(AGAIN_MAX)
            .map(|remembered| remembered.settled.clone())
            .collect();
        for settled in again {
            self.send_to_shop(till, TillSays::Settled(settled));
        }
        if at_ms >= self.tills[till].told_ms + MINUTE_MS {
            self.tells(till, false);
        }
    }

    /// All, or only what the store has not taken: then it is said that there is more.
    fn tells(&mut self, till: usize, all: bool) {
        let here = &mut self.tills[till];
        here.told_ms = self.at_ms;
        let settled = here.settled.iter().filter(|remembered| all || !remembered.taken);
        let settled = settled.map(|remembered| remembered.settled.as_ref().clone()).collect();
        let open = here.open.iter().filter(|open| open.approved.is_some()).map(|open| open.asked.operation).collect();
        let told = TillOperations { settled, open, more: !all, mark: here.mark };
        self.send_to_shop(till, TillSays::Operations(Arc::new(told)));
    }

    fn give_up(&mut self, till: usize) {
        if let Some(open) = self.tills[till].open.take() {
            let operation = open.asked.operation;
            self.note(|| format!("till {} gives {:x} back", till + 1, operation.as_u128()));
            self.tills[till].releasing.push(operation);
            self.send_to_shop(till, TillSays::Release(operation));
        }
    }

    pub(crate) fn till_hears(&mut self, till: usize, number: u64, says: ShopSays) {
        match says {
            ShopSays::Tell => {
                self.tills[till].heard = self.tills[till].heard.max(number);
                self.tells(till, true);
            }
            ShopSays::Heard(mark) => self.tills[till].mark = self.tills[till].mark.max(mark),
            ShopSays::Released(operation) => self.tills[till].releasing.retain(|known| *known != operation),
            ShopSays::Taken(receipt) => {
                let here = &mut self.tills[till];
                for at in &here.untaken {
                    if here.settled[*at].settled.receipt.0 == receipt {
                        here.settled[*at].taken = true;
                    }
                }
                here.untaken.retain(|at| !here.settled[*at].taken);
            }
            // One line to a store: what was said before is not heard after.
            ShopSays::Authorised(..) if number < self.tills[till].heard => {}
            ShopSays::Authorised(operation, answer) => self.till_is_answered(till, operation, *answer),
        }
    }

    fn till_is_answered(&mut self, till: usize, operation: Uuid, answer: Authorisation) {
        let Some(open) = &mut self.tills[till].open else { return };
        if open.asked.operation != operation || open.approved.is_some() {
            return;
        }
        match answer {
            Authorisation::Approved(approval) => {
                open.approved = Some((approval.owner, approval.amount.minor(), approval.lots));
                self.stats.approved += 1;
                let here = &mut self.tills[till];
                here.approved += 1;
                here.mark = here.mark.max(approval.mark);
                let wait = self.random.between(100, 30 * SECOND_MS);
                self.after(wait, Event::TillFinishes(till, operation.as_u128()));
            }
            Authorisation::Declined(declined) => {
                self.stats.declined += 1;
                self.tills[till].declined.push(declined.code);
                self.give_up(till);
            }
        }
    }

    pub(crate) fn till_finishes(&mut self, till: usize, operation: u128) {
        let Some(open) = self.tills[till].open.clone() else { return };
        if open.asked.operation.as_u128() != operation {
            return;
        }
        let Some((_, held, lots)) = open.approved else { return };
        if self.plan.work != Work::Script && self.random.chance(120) {
            return self.give_up(till);
        }
        let part = self.plan.work == Work::All && self.random.chance(200);
        let amount = if part { self.random.between(1, held as u64) as i64 } else { held };
        self.tills[till].open = None;
        let lots = first_of(&lots, amount);
        let asked = open.asked;
        self.record(till, open.card, asked.operation, OperationKind::Spend, asked.wallet, amount, lots, None);
    }

    #[expect(clippy::too_many_arguments, reason = "a receipt has so many parts")]
    pub(crate) fn till_settles(
        &mut self,
        till: usize,
        card: usize,
        kind: OperationKind,
        wallet: Wallet,
        amount: i64,
        lots: Vec<LotPart>,
        of: Option<Uuid>,
    ) -> Uuid {
        let operation = self.number(till);
        self.stats.operations += 1;
        self.record(till, card, operation, kind, wallet, amount, lots, of);
        operation
    }

    /// The receipt is closed: goods and money have changed hands.
    #[expect(clippy::too_many_arguments, reason = "a receipt has so many parts")]
    fn record(
        &mut self,
        till: usize,
        card: usize,
        operation: Uuid,
        kind: OperationKind,
        wallet: Wallet,
        amount: i64,
        lots: Vec<LotPart>,
        of: Option<Uuid>,
    ) {
        let asset = if wallet == Wallet::Points { POINTS } else { MONEY };
        let owner = self.ghost.owner_at_till(card);
        let what = AccountOperation {
            operation,
            kind,
            owner,
            number: card_number(card),
            wallet,
            asset,
            amount: Money::from_minor(amount),
            lots,
            of,
        };
        let settled = Arc::new(Settled {
            receipt: ReceiptId(operation),
            operator: OperatorNumber("7".to_owned()),
            business_day: self.business_day(till),
            operations: vec![what],
        });
        self.note(|| {
            format!("till {} settles {:x}: {kind:?} {} {amount}", till + 1, operation.as_u128(), card_number(card))
        });
        if let Err(sentence) = self.ghost.settled(card, asset, kind, amount) {
            let wallet = crate::desk::wallet(asset, self.ghost.owner_at_till(card));
            let rights = (1..=self.shops.len() as u32).map(|store| wallet.at(AccountKind::Escrow, store));
            let accounts: Vec<String> = rights.chain([wallet]).map(|account| account.to_string()).collect();
            let (card, store) = (card_number(card), format!("store {}", self.tills[till].shop + 1));
            let about: Vec<&str> = accounts.iter().chain([&card, &store]).map(String::as_str).collect();
            self.fail(sentence, &about);
        }
        let here = &mut self.tills[till];
        here.untaken.push(here.settled.len());
        let since_ms = self.at_ms;
        here.settled.push(Remembered { settled: settled.clone(), card, taken: false, since_ms, undone: false });
        self.send_to_shop(till, TillSays::Settled(settled));
    }
}

fn first_of(lots: &[LotPart], mut amount: i64) -> Vec<LotPart> {
    let mut first = Vec::new();
    for lot in lots {
        let part = lot.amount.minor().min(amount);
        if part > 0 {
            first.push(LotPart { amount: Money::from_minor(part), ..*lot });
            amount -= part;
        }
    }
    first
}
