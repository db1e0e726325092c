//! People and programs at the root: the customers of a run, top-ups, web shops, transfers, corrections by two, blocks and
//! merges. Whoever asks repeats the same number when no answer came.

use domain::ids::OperatorNumber;
use domain::ledger::transfer::{LotTerms, NEVER};
use domain::ledger::{AccountId, AccountKind, OperationId, TransferId};
use messages::v1::accounts::Wallet;
use processing::machine::Now;
use processing::machine::customer::{Card, CardState, Customer, Held};
use processing::machine::root::{Asked, AskedFor, DeskError, Done, PeopleError, Root};

use crate::ghost::{MONEY, POINTS};
use crate::till::card_number;
use crate::world::{Event, SECOND_MS, World};

const EVERY_MS: u64 = 60 * SECOND_MS;

/// What an operation does to the truth: so much is received on one card, handed over on another.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Effect {
    asset: u32,
    received: Option<(usize, i64)>,
    handed_over: Option<usize>,
    taken_back: Option<(usize, i64)>,
}

#[derive(Clone, Debug)]
pub(crate) struct DeskOperation {
    operation: OperationId,
    what: AskedFor,
    effect: Effect,
    /// What was handed over, once it is known.
    amount: i64,
}

#[derive(Debug, Default)]
pub(crate) struct Desk {
    counter: u128,
    /// Asked, and no answer came.
    unsure: Vec<DeskOperation>,
    pub(crate) done: Vec<DeskOperation>,
    /// Done, and not in the root's book since it was restored.
    lost: Vec<DeskOperation>,
    holds: Vec<(OperationId, usize, u32, i64)>,
    blocked: Vec<usize>,
    /// Number, from, into.
    merges: Vec<(usize, u64, u64)>,
}

impl Desk {
    fn number(&mut self) -> OperationId {
        self.counter += 1;
        self.last()
    }

    fn last(&self) -> OperationId {
        OperationId((1 << 40) << 80 | 7 << 76 | 1 << 60 | self.counter << 4)
    }
}

/// One asks, and where two are needed another allows.
pub(crate) fn ask(root: &mut Root, operation: OperationId, what: AskedFor, now: Now) -> Result<i64, DeskError> {
    let asked = Asked { operation, by: OperatorNumber("1".to_owned()), reference: 0, what };
    match root.ask(&asked, now)? {
        Done::Posted { amount, .. } => Ok(amount),
        Done::Waits { operation } => match root.judge(operation, &OperatorNumber("2".to_owned()), true, now) {
            // It was allowed the first time, and the answer was lost.
            Err(DeskError::NoRequest) => Ok(0),
            Err(error) => Err(error),
            Ok(_) => Ok(0),
        },
    }
}

pub(crate) fn customer(card: usize) -> Customer {
    let wallets = [(Wallet::Prepaid, MONEY), (Wallet::Points, POINTS)];
    Customer {
        name: format!("customer {card}"),
        cards: vec![Card { number: card_number(card), state: CardState::Active, day_max: None, pin: None }],
        wallets: wallets.iter().map(|(wallet, asset)| Held { wallet: *wallet, asset: *asset, limit: 0 }).collect(),
        ..Customer::default()
    }
}

pub(crate) fn store_name(shop: usize) -> String {
    format!("s{}", shop + 1)
}

impl World {
    pub(crate) fn open_shop_and_cards(&mut self) {
        for shop in 0..self.plan.shops {
            self.root_does(|root, _| root.number_of(&store_name(shop)));
        }
        for card in 0..self.plan.cards {
            let Some(Ok(owner)) = self.root_does(|root, _| root.open_customer(customer(card))) else {
                return self.fail("a customer could not be opened".to_owned(), &[]);
            };
            self.ghost.owns(card, owner);
            for asset in [MONEY, POINTS] {
                let (account, amount) = (wallet(asset, owner), self.plan.opening);
                let what = AskedFor::TopUp { account, amount, tender: 1, lot: None };
                self.desk_asks(what, Effect { asset, received: Some((card, amount)), ..Effect::default() });
            }
        }
        self.commit_root();
        self.root.is_never_older();
    }

    pub(crate) fn desk_acts(&mut self) {
        let wait = self.random.about(EVERY_MS);
        self.after(wait, Event::Desk);
        if !self.root.is_up() {
            return;
        }
        for operation in std::mem::take(&mut self.desk.unsure) {
            self.desk_repeats(operation, true);
        }
        if self.quiet {
            return;
        }
        let (card, other) = (self.random.index(self.plan.cards), self.random.index(self.plan.cards));
        let asset = if self.random.chance(500) { MONEY } else { POINTS };
        let amount = self.random.between(1, 3000) as i64;
        let account = wallet(asset, self.ghost.owner_at_till(card));
        let received = Effect { asset, received: Some((card, amount)), ..Effect::default() };
        let handed_over = Effect { asset, handed_over: Some(card), ..Effect::default() };
        match self.random.below(100) {
            0..25 if asset == MONEY => {
                self.desk_asks(AskedFor::TopUp { account, amount, tender: 1, lot: None }, received)
            }
            0..25 => {
                let today = self.root.day(self.at_ms);
                let expires_on = if self.random.chance(500) { today + self.random.below(3) as i32 } else { NEVER };
                let lot = Some(LotTerms { expires_on, ..LotTerms::NONE });
                let campaign = 1 + self.random.below(2) as u32;
                self.desk_asks(AskedFor::Give { account, amount, campaign, lot }, received);
            }
            25..40 => self.desk_asks(AskedFor::Spend { account, amount }, handed_over),
            40..55 => {
                let timeout_s = if self.random.chance(500) { 600 } else { 0 };
                self.desk_asks(AskedFor::Hold { account, amount, timeout_s }, Effect { asset, ..Effect::default() });
                let number = self.desk.last();
                if let Some(last) = self.desk.done.last().filter(|done| done.operation == number) {
                    self.desk.holds.push((last.operation, card, asset, last.amount));
                }
            }
            55..70 => self.desk_ends_hold(),
            70..80 => {
                let to = wallet(asset, self.ghost.owner_at_till(other));
                let effect = Effect { received: Some((other, amount)), ..handed_over };
                if account != to {
                    self.desk_asks(AskedFor::Give2 { from: account, to, amount }, effect);
                }
            }
            80..85 => {
                let reason = "correction".to_owned();
                self.desk_asks(AskedFor::Adjust { account, amount, reason }, received);
            }
            85..88 => {
                let reason = "correction".to_owned();
                let effect = Effect { asset, taken_back: Some((card, amount)), ..Effect::default() };
                self.desk_asks(AskedFor::Adjust { account, amount: -amount, reason }, effect);
            }
            88..96 => self.desk_blocks(card),
            96..98 => self.desk_merges(card, other),
            98 => self.desk_opens(),
            _ if self.random.chance(100) => {
                let (store, reason) = (1 + self.random.index(self.plan.shops) as u32, "it is silent".to_owned());
                let compared = self
                    .root
                    .life
                    .as_ref()
                    .is_some_and(|life| life.machine.peers().iter().any(|peer| peer.store == store && peer.synced));
                if compared {
                    self.desk_asks(AskedFor::Fence { store, reason }, Effect::default());
                }
            }
            _ => {}
        }
    }

    pub(crate) fn asks_at_desk(&mut self, what: AskedFor) {
        self.desk_asks(what, Effect::default());
    }

    fn desk_asks(&mut self, what: AskedFor, effect: Effect) {
        let operation = self.desk.number();
        // The money was taken before it is asked to be written down.
        if let Some((card, amount)) = effect.received {
            self.ghost.received(card, effect.asset, amount);
        }
        self.desk_repeats(DeskOperation { operation, what, effect, amount: 0 }, false);
    }

    fn desk_repeats(&mut self, mut asked: DeskOperation, again: bool) {
        let (operation, what) = (asked.operation, asked.what.clone());
        let answer = self.root_does(|root, now| ask(root, operation, what, now));
        if self.at_ms > 0 {
            self.commit_root();
        }
        self.note(|| format!("desk: {:x} {:?}: {answer:?}", operation.0, asked.what));
        let Some(answer) = answer.filter(|_| self.root.is_up()) else { return self.desk.unsure.push(asked) };
        match answer {
            Ok(amount) => {
                asked.amount = amount;
                self.desk_counts(&asked, 1);
                self.desk.done.push(asked);
            }
            // It may have been done, and lost since, and come back.
            Err(_) if again => self.desk.unsure.push(asked),
            // Refused for now, and not asked again: what was taken is handed back.
            Err(_) => {
                if let Some((card, amount)) = asked.effect.received {
                    self.ghost.received(card, asked.effect.asset, -amount);
                }
            }
        }
    }

    /// What is known only after the answer.
    fn desk_counts(&mut self, done: &DeskOperation, times: i64) {
        let asset = done.effect.asset;
        if let Some(card) = done.effect.handed_over
            && let Err(sentence) = self.ghost.gave(card, asset, times * done.amount)
        {
            self.fail(sentence, &[&card_number(card), "desk"]);
        }
        if let Some((card, amount)) = done.effect.taken_back {
            self.ghost.took_back(card, asset, times * amount);
        }
    }

    fn desk_ends_hold(&mut self) {
        if self.desk.holds.is_empty() {
            return;
        }
        let at = self.random.index(self.desk.holds.len());
        let (hold, card, asset, held) = self.desk.holds.swap_remove(at);
        if self.random.chance(300) {
            return self.desk_asks(AskedFor::Void { hold }, Effect { asset, ..Effect::default() });
        }
        let amount =
            if self.random.chance(500) { None } else { Some(self.random.between(1, held.max(1) as u64) as i64) };
        let effect = Effect { asset, handed_over: Some(card), ..Effect::default() };
        self.desk_asks(AskedFor::Capture { hold, amount }, effect);
    }

    fn desk_blocks(&mut self, card: usize) {
        let free = !self.desk.blocked.is_empty() && self.random.chance(600);
        let (card, state) = match free {
            true => {
                let at = self.random.index(self.desk.blocked.len());
                (self.desk.blocked.swap_remove(at), CardState::Active)
            }
            false => {
                self.desk.blocked.push(card);
                (card, CardState::Blocked)
            }
        };
        self.note(|| format!("desk: {} is {state:?}", card_number(card)));
        self.root_does(|root, _| root.set_card(&card_number(card), state).ok());
    }

    fn desk_merges(&mut self, card: usize, other: usize) {
        if !self.desk.merges.is_empty() && self.random.chance(500) {
            let at = self.random.index(self.desk.merges.len());
            let (number, from, into) = self.desk.merges.swap_remove(at);
            // A root that lost it may have given its number to another.
            let done = self.root_does(|root, now| {
                let same = root.merges().nth(number - 1).is_some_and(|merge| (merge.from, merge.into) == (from, into));
                match same {
                    true => root.unmerge(number as u64, now),
                    false => Err(PeopleError::NoMerge),
                }
            });
            self.note(|| format!("desk: merge {number} of {from} into {into} is undone: {done:?}"));
            return;
        }
        let (from, into) = (self.ghost.owner_at_till(card), self.ghost.owner_at_till(other));
        let done = self.root_does(|root, now| root.merge_customers(from, into, now));
        self.note(|| format!("desk: customer {from} is merged into {into}: {done:?}"));
        if let Some(Ok(number)) = done {
            self.ghost.join(card, other);
            self.desk.merges.push((number as usize, from, into));
        }
    }

    /// Somebody whom stores know by number only comes to the desk.
    fn desk_opens(&mut self) {
        let card = self.plan.cards + self.random.index(crate::till::WALK_INS);
        let done = self.root_does(|root, _| root.open_customer(customer(card)));
        self.note(|| format!("desk: {} is opened: {done:?}", card_number(card)));
    }

    /// The root was restored: what only it knew of is not in its book, and it may come back from a store.
    pub(crate) fn desk_lost(&mut self) {
        self.desk_looks(true);
    }

    /// What the root's book has of the desk's operations, now that nothing more comes back.
    pub(crate) fn desk_counts_again(&mut self) {
        self.desk_looks(false);
    }

    fn desk_looks(&mut self, more_may_come: bool) {
        let Some(life) = &self.root.life else { return };
        let ledger = &life.machine.book().ledger;
        let here = |done: &DeskOperation| {
            let posted = |id| ledger.known(id).is_some_and(|known| known.is_posted());
            let line = done.operation.line(1);
            posted(line) || posted(TransferId(line.0 ^ 8))
        };
        let (kept, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut self.desk.done).into_iter().partition(here);
        let (back, lost): (Vec<_>, Vec<_>) = std::mem::take(&mut self.desk.lost).into_iter().partition(here);
        self.desk.done = kept;
        for done in back {
            self.desk_counts(&done, 1);
            self.desk.done.push(done);
        }
        for done in &gone {
            self.desk_counts(done, -1);
        }
        self.desk.lost = lost.into_iter().chain(gone).collect();
        if !more_may_come {
            for mut asked in std::mem::take(&mut self.desk.unsure) {
                let ledger = &self.root.life.as_ref().expect("it is up").machine.book().ledger;
                let line = asked.operation.line(1);
                let mut known = [line, TransferId(line.0 ^ 8)].into_iter().filter_map(|line| ledger.known(line));
                match known.find(|known| known.is_posted()) {
                    Some(known) => {
                        asked.amount = known.amount;
                        self.desk_counts(&asked, 1);
                    }
                    None => self.desk.lost.push(asked),
                }
            }
            for lost in std::mem::take(&mut self.desk.lost) {
                if let Some((card, amount)) = lost.effect.received {
                    self.ghost.received(card, lost.effect.asset, -amount);
                }
            }
        }
    }
}

pub(crate) fn wallet(asset: u32, owner: u64) -> AccountId {
    let kind = if asset == POINTS { AccountKind::Bonus } else { AccountKind::Prepaid };
    AccountId::wallet(kind, asset, owner)
}
