//! A store: its subordinate, and what its shell does for tills: ask the root first, wait a little, answer after the commit.

use std::sync::Arc;

use domain::ledger::OperationId;
use messages::v1::accounts::{Authorisation, Authorise, Release, Settled, TillOperations};
use processing::machine::subordinate::{Policy, Standing, Subordinate};
use processing::machine::wire::{Reply, Say, ToRoot, Who};
use uuid::Uuid;

use crate::node::{Commit, Node};
use crate::plan::Plan;
use crate::random::Random;
use crate::shown::{short, short_answer, short_reply};
use crate::world::{Event, HOUR_MS, MINUTE_MS, SECOND_MS, World};

/// How long a till's question waits for the root.
const ASK_MS: u64 = 3 * SECOND_MS;
/// How long it waits for a store that has just started.
const READY_MS: u64 = 1_500;
/// How often a store looks whether there is something to say.
const TICK_MS: u64 = 5 * SECOND_MS;
/// Least time between what a store says unasked.
const POLL_MS: u64 = 200;

#[derive(Clone, Debug)]
pub(crate) enum TillSays {
    Authorise(Box<Authorise>),
    Release(Uuid),
    Settled(Arc<Settled>),
    /// All that it remembers.
    Operations(Arc<TillOperations>),
}

#[derive(Clone, Debug)]
pub(crate) enum ShopSays {
    Authorised(Uuid, Box<Authorisation>),
    Released(Uuid),
    Taken(Uuid),
    /// Of what it remembers; with the mark of the store's book.
    Heard(u64),
    /// Tell all that you remember.
    Tell,
}

#[derive(Clone, Debug)]
enum Out {
    Root(ToRoot),
    Till(usize, ShopSays),
}

struct Ask {
    till: usize,
    asked: Box<Authorise>,
    until_ms: u64,
    /// A store that has just started is waited for so long.
    ready_ms: u64,
    /// What the root was asked last.
    wanted: Option<Who>,
}

pub(crate) struct Shop {
    pub(crate) node: Node<Subordinate>,
    out: Vec<Out>,
    asks: Vec<Ask>,
    polled_ms: u64,
    /// The last question of each till that was answered: a till's words are taken in their order.
    heard: Vec<u64>,
    pub(crate) policy: Policy,
    answers_early: bool,
    /// Restored, and not all is told again: it need not know what it answered.
    pub(crate) has_lost: bool,
    /// Of a store whose actors run: what it said itself.
    pub(crate) said: Option<Standing>,
}

impl Shop {
    pub(crate) fn new(shop: usize, plan: &Plan, random: &mut Random) -> Shop {
        let policy =
            Policy { excuse_tills_after_ms: None, mutant: plan.mutant, idle_ms: plan.idle_ms, ..Policy::default() };
        Shop {
            node: Node::new(if shop == 0 { 0 } else { random.below(HOUR_MS) }),
            out: Vec::new(),
            asks: Vec::new(),
            polled_ms: 0,
            heard: vec![0; plan.shops * plan.tills],
            policy,
            answers_early: plan.answers_early,
            has_lost: false,
            said: None,
        }
    }

    /// What was only in its memory is gone.
    pub(crate) fn forget(&mut self) {
        self.out.clear();
        self.asks.clear();
        self.heard.fill(0);
    }

    pub(crate) fn machine(&self) -> Option<&Subordinate> {
        self.node.life.as_ref().map(|life| &life.machine)
    }

    pub(crate) fn standing(&self) -> Option<Standing> {
        self.said.clone().or_else(|| self.machine().map(Subordinate::standing))
    }
}

impl World {
    pub(crate) fn shop_does<R>(
        &mut self,
        shop: usize,
        work: impl FnOnce(&mut Subordinate, processing::machine::Now) -> R,
    ) -> Option<R> {
        let here = &mut self.shops[shop];
        if !here.node.is_up() {
            return None;
        }
        let now = here.node.now(self.at_ms);
        let life = here.node.life.as_mut().expect("it is up");
        Some(work(&mut life.machine, now))
    }

    fn say(&mut self, shop: usize, messages: impl IntoIterator<Item = ToRoot>) {
        self.shops[shop].out.extend(messages.into_iter().map(Out::Root));
    }

    fn tell(&mut self, shop: usize, till: usize, says: ShopSays) {
        self.shops[shop].out.push(Out::Till(till, says));
    }

    pub(crate) fn after_shop(&mut self, shop: usize) {
        let here = &mut self.shops[shop];
        if here.answers_early {
            let out = std::mem::take(&mut here.out);
            self.let_out(shop, out);
            if !self.shops[shop].node.commit_planned {
                self.shops[shop].node.commit_planned = true;
                let (delay, boots) = (self.random.between(1, MINUTE_MS), self.shops[shop].node.boots);
                self.after(delay, Event::CommitShop(shop, boots));
            }
            return;
        }
        if here.node.commit_planned {
            return;
        }
        if self.random.chance(self.plan.batch_per_mille) {
            let boots = here.node.boots;
            here.node.commit_planned = true;
            let delay = self.random.between(1, 30);
            self.after(delay, Event::CommitShop(shop, boots));
        } else {
            self.commit_shop(shop);
        }
    }

    pub(crate) fn commit_shop(&mut self, shop: usize) {
        let torn = self.random.next();
        let wrote = match self.shops[shop].node.commit(self.at_ms, torn) {
            Commit::PowerFailed => {
                self.note(|| format!("store {}: the power failed in a commit", shop + 1));
                return self.shop_is_down(shop);
            }
            Commit::Durable(mark) => {
                self.mix(u64::from_le_bytes(mark));
                true
            }
            Commit::Nothing => false,
        };
        let out = std::mem::take(&mut self.shops[shop].out);
        self.let_out(shop, out);
        if let Some(standing) = self.shops[shop].standing() {
            self.watch_shop(shop, &standing);
        }
        if wrote && self.at_ms >= self.shops[shop].polled_ms + POLL_MS {
            self.poll(shop);
        }
    }

    fn let_out(&mut self, shop: usize, out: Vec<Out>) {
        for out in out {
            match out {
                Out::Root(message) => {
                    self.note(|| format!("store {} says: {}", shop + 1, short(&message.say)));
                    self.send_up(message);
                }
                Out::Till(till, says) => self.send_to_till(till, says),
            }
        }
    }

    fn poll(&mut self, shop: usize) {
        self.shops[shop].polled_ms = self.at_ms;
        if self.parted[shop] {
            return;
        }
        if let Some(message) = self.shop_does(shop, |machine, _| machine.poll()) {
            self.say(shop, [message]);
            self.after_shop(shop);
        }
    }

    pub(crate) fn shop_tick(&mut self, shop: usize) {
        self.after(TICK_MS, Event::ShopTick(shop));
        if self.shops[shop].node.is_up() {
            self.shop_does(shop, |machine, now| machine.tick(now));
            self.serve(shop);
            if self.shops[shop].machine().is_some_and(|machine| machine.standing().trusted) {
                self.shops[shop].has_lost = false;
            }
            let unheard = self.shops[shop].machine().map(|machine| machine.standing().unheard).unwrap_or_default();
            for till in unheard {
                self.tell(shop, till as usize - 1, ShopSays::Tell);
            }
            self.after_shop(shop);
            if self.at_ms >= self.shops[shop].polled_ms + 2 * TICK_MS || !self.agrees(shop) {
                self.poll(shop);
            }
        }
    }

    fn agrees(&self, shop: usize) -> bool {
        self.shops[shop].machine().is_some_and(|machine| machine.standing().agreed)
    }

    pub(crate) fn shop_hears(&mut self, shop: usize, reply: Reply) {
        self.note(|| format!("store {} hears: {}", shop + 1, short_reply(&reply)));
        let news = matches!(reply, Reply::Downs { .. });
        let Some(messages) = self.shop_does(shop, |machine, now| machine.on_reply(reply, now)) else { return };
        // One question at a time is on its way: what is said too soon after another is said with the next.
        let soon = self.at_ms < self.shops[shop].polled_ms + POLL_MS;
        let messages: Vec<ToRoot> =
            messages.into_iter().filter(|message| !soon || matches!(message.say, Say::Sync(_))).collect();
        if !messages.is_empty() {
            self.shops[shop].polled_ms = self.at_ms;
        }
        self.say(shop, messages);
        self.serve(shop);
        self.after_shop(shop);
        if news && self.shops[shop].node.is_up() {
            self.poll(shop);
        }
    }

    pub(crate) fn shop_asked(&mut self, till: usize, number: u64, says: TillSays) {
        let shop = self.tills[till].shop;
        if !self.shops[shop].node.is_up() {
            return;
        }
        match says {
            TillSays::Authorise(asked) => {
                self.shops[shop].heard[till] = self.shops[shop].heard[till].max(number);
                self.ask(shop, till, asked);
                self.serve(shop);
            }
            TillSays::Release(operation) => {
                self.shops[shop].asks.retain(|ask| ask.asked.operation != operation);
                self.shop_does(shop, |machine, now| machine.release(&Release { operation }, now));
                self.tell(shop, till, ShopSays::Released(operation));
            }
            TillSays::Settled(settled) => {
                let id = till as u32 + 1;
                self.shop_does(shop, |machine, now| machine.settle(id, &settled, now));
                self.tell(shop, till, ShopSays::Taken(settled.receipt.0));
            }
            TillSays::Operations(told) => {
                // One line to a till: what was said later is not heard before.
                if number < self.shops[shop].heard[till] {
                    return;
                }
                self.shops[shop].heard[till] = number;
                let id = till as u32 + 1;
                self.note(|| {
                    let open: Vec<OperationId> = told.open.iter().map(|id| OperationId(id.as_u128())).collect();
                    format!(
                        "store {} hears till {id}: {} settled, open {open:x?}, more {}",
                        shop + 1,
                        told.settled.len(),
                        told.more
                    )
                });
                let taken = self.shop_does(shop, |machine, now| machine.till_operations(id, &told, now));
                for settled in &told.settled {
                    self.tell(shop, till, ShopSays::Taken(settled.receipt.0));
                }
                self.tell(shop, till, ShopSays::Heard(taken.map_or(0, |taken| taken.mark)));
            }
        }
        self.after_shop(shop);
    }

    /// Let the till wait for what is missing here.
    fn ask(&mut self, shop: usize, till: usize, asked: Box<Authorise>) {
        if !self.shops[shop].asks.iter().any(|ask| ask.asked.operation == asked.operation) {
            let (at_ms, ready_ms) = (self.at_ms, self.at_ms + READY_MS);
            self.shops[shop].asks.push(Ask { till, asked, until_ms: at_ms, ready_ms, wanted: None });
        }
    }

    /// Ask the root for what is missing, once for each of it: first who it is, then for a right.
    fn wants(&mut self, shop: usize, ask: &mut Ask) {
        let missing = self.shop_does(shop, |machine, now| match machine.whose(&ask.asked.number) {
            None => Some(Who::Number(ask.asked.number.clone())),
            Some(_) => machine.lacks(&ask.asked, now).map(|(account, amount)| Who::Account { account, amount }),
        });
        let Some(who) = missing.flatten().filter(|who| ask.wanted.as_ref() != Some(who) && !self.parted[shop]) else {
            return;
        };
        if let Some(message) = self.shop_does(shop, |machine, _| machine.want(who.clone())).flatten() {
            self.say(shop, [message]);
            (ask.wanted, ask.until_ms) = (Some(who), self.at_ms + ASK_MS);
        }
    }

    /// Answer those who have waited long enough, or for whom enough is here now.
    fn serve(&mut self, shop: usize) {
        let at_ms = self.at_ms;
        for mut ask in std::mem::take(&mut self.shops[shop].asks) {
            if self.shop_does(shop, |machine, _| machine.may_spend()) == Some(false) && at_ms < ask.ready_ms {
                self.shops[shop].asks.push(ask);
                continue;
            }
            self.wants(shop, &mut ask);
            let lacks = self.shop_does(shop, |machine, now| {
                machine.whose(&ask.asked.number).is_none() || machine.lacks(&ask.asked, now).is_some()
            });
            if lacks == Some(true) && at_ms < ask.until_ms {
                self.shops[shop].asks.push(ask);
                continue;
            }
            let online = lacks == Some(false);
            let answer = self.shop_does(shop, |machine, now| machine.authorise(&ask.asked, online, now));
            if let Some(answer) = answer {
                self.note(|| {
                    format!(
                        "store {}: till {} asks {:x} of {} {:?} {}: {}",
                        shop + 1,
                        ask.till + 1,
                        ask.asked.operation.as_u128(),
                        ask.asked.number,
                        ask.asked.wallet,
                        ask.asked.amount.minor(),
                        short_answer(&answer)
                    )
                });
                let says = ShopSays::Authorised(ask.asked.operation, Box::new(answer));
                self.tell(shop, ask.till, says);
            }
        }
    }

    // Its lives.

    pub(crate) fn shop_is_down(&mut self, shop: usize) {
        let restored = self.random.chance(self.plan.faults.shop_restored_per_mille) && !self.quiet;
        self.shops[shop].forget();
        self.stats.crashes += 1;
        let delay = self.random.between(SECOND_MS, 2 * MINUTE_MS);
        self.after(delay, Event::BootShop { shop, restored });
    }

    pub(crate) fn boot_shop(&mut self, shop: usize, restored: bool) {
        // It was started when all faults ended.
        if self.shops[shop].node.is_up() {
            return;
        }
        let mut said = false;
        if restored {
            let keep = self.random.between(300, 1000);
            self.shops[shop].node.restore(keep);
            said = self.random.chance(500);
            self.stats.restores += 1;
            self.watch.shop_restored(shop);
            self.shops[shop].has_lost = true;
            self.note(|| format!("store {} is restored: {keep} of 1000 kept, said: {said}", shop + 1));
        }
        self.starts(shop, said);
    }

    /// Its journal was set back by hand.
    pub(crate) fn boots_restored(&mut self, shop: usize, said: bool) {
        self.watch.shop_restored(shop);
        self.shops[shop].has_lost = true;
        self.starts(shop, said);
    }

    fn starts(&mut self, shop: usize, said: bool) {
        let machine = Subordinate::new(shop as u32 + 1, self.shops[shop].policy.clone(), said);
        if let Err(error) = self.shops[shop].node.boot(machine, self.at_ms) {
            return self.fail(format!("store {} does not start: {error}", shop + 1), &[]);
        }
        self.note(|| format!("store {} is up", shop + 1));
        if !self.shops[shop].has_lost
            && let Err(sentence) = self.knows_its_answers(shop)
        {
            return self.fail(sentence, &[&format!("store {}", shop + 1)]);
        }
        let tills = self.tills.iter().filter(|till| till.shop == shop).map(|till| till.till).collect::<Vec<_>>();
        for till in tills {
            self.tell(shop, till, ShopSays::Tell);
        }
        self.after_shop(shop);
        self.poll(shop);
    }
}
