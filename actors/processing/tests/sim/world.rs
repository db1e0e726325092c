//! One run: time, what will happen when, the line between root and stores, and what every node does with what it hears.
//!
//! An answer or a message leaves its node after the commit of what the node wrote for it, sometimes with others in one
//! block. A message may be lost, doubled, late and out of order.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use processing::machine::NodeId;
use processing::machine::book::space;
use processing::machine::root::{Out, PeerStanding, Root};
use processing::machine::wire::{Reply, Say, ToRoot};

use crate::checks::Watch;
use crate::desk::Desk;
use crate::ghost::Ghost;
use crate::node::{Commit, Node};
use crate::plan::{Plan, Work};
use crate::random::Random;
use crate::shop::{Shop, ShopSays, TillSays};
use crate::shown::short;
use crate::till::Till;

pub(crate) const SECOND_MS: u64 = 1000;
pub(crate) const MINUTE_MS: u64 = 60 * SECOND_MS;
/// Comparisons of logs that are kept for scripts.
const SYNCS_KEPT_MAX: usize = 16;
pub(crate) const HOUR_MS: u64 = 60 * MINUTE_MS;

#[derive(Clone, Debug)]
pub(crate) enum Event {
    ToRoot(ToRoot),
    ToShop(usize, Reply),
    TillToShop(usize, u64, TillSays),
    ShopToTill { till: usize, boots: u64, number: u64, says: ShopSays },
    RootTick,
    ShopTick(usize),
    TillTick(usize),
    TillActs(usize),
    TillFinishes(usize, u128),
    CommitRoot(u64),
    CommitShop(usize, u64),
    CrashRoot,
    BootRoot { restored: bool },
    CrashShop(usize),
    BootShop { shop: usize, restored: bool },
    Part(usize),
    Heal(usize),
    ClockJumps,
    Desk,
    Look,
}

struct Planned {
    at_ms: u64,
    number: u64,
    event: Event,
}

impl PartialEq for Planned {
    fn eq(&self, other: &Planned) -> bool {
        (self.at_ms, self.number) == (other.at_ms, other.number)
    }
}
impl Eq for Planned {}
impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Planned) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Planned {
    fn cmp(&self, other: &Planned) -> std::cmp::Ordering {
        (self.at_ms, self.number).cmp(&(other.at_ms, other.number))
    }
}

/// A rule that was broken.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) at_ms: u64,
    pub(crate) sentence: String,
    /// Words by which the events that belong to it are found.
    pub(crate) about: Vec<String>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Stats {
    pub(crate) operations: u64,
    pub(crate) approved: u64,
    pub(crate) declined: u64,
    pub(crate) crashes: u64,
    pub(crate) partitions: u64,
    pub(crate) restores: u64,
    pub(crate) blocks: u64,
    pub(crate) fences: u64,
    pub(crate) late: u64,
}

pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) random: Random,
    pub(crate) at_ms: u64,
    queue: BinaryHeap<Reverse<Planned>>,
    planned: u64,
    pub(crate) root: Node<Root>,
    root_out: Vec<(NodeId, Out)>,
    /// Of each store the question that the root may answer when there is something to tell.
    waiting: BTreeMap<NodeId, ToRoot>,
    pub(crate) shops: Vec<Shop>,
    pub(crate) tills: Vec<Till>,
    pub(crate) parted: Vec<bool>,
    pub(crate) ghost: Ghost,
    pub(crate) desk: Desk,
    pub(crate) watch: Watch,
    pub(crate) stats: Stats,
    /// Over all events and blocks: the same seed is the same run.
    pub(crate) hash: u64,
    /// No faults any more, and no new work.
    pub(crate) quiet: bool,
    pub(crate) violation: Option<Violation>,
    /// For scripts: these answers of the root are lost.
    pub(crate) loses: Option<fn(&Reply) -> bool>,
    /// For scripts: the comparisons of logs in which a store said that it was restored.
    pub(crate) restored_syncs: Vec<ToRoot>,
    pub(crate) log: Option<Vec<(u64, String)>>,
}

impl World {
    pub(crate) fn new(plan: Plan, seed: u64, log: bool) -> World {
        let mut random = Random::new(seed);
        let shops = (0..plan.shops).map(|shop| Shop::new(shop, &plan, &mut random)).collect::<Vec<_>>();
        let tills = (0..plan.shops * plan.tills).map(|till| Till::new(till, till / plan.tills)).collect();
        let mut world = World {
            ghost: Ghost::default(),
            desk: Desk::default(),
            watch: Watch::default(),
            parted: vec![false; plan.shops],
            plan,
            random,
            at_ms: 0,
            queue: BinaryHeap::new(),
            planned: 0,
            root: Node::new(0),
            root_out: Vec::new(),
            waiting: BTreeMap::new(),
            shops,
            tills,
            stats: Stats::default(),
            hash: seed,
            quiet: false,
            violation: None,
            loses: None,
            restored_syncs: Vec::new(),
            log: log.then(Vec::new),
        };
        world.begin();
        world
    }

    pub(crate) fn note(&mut self, sentence: impl FnOnce() -> String) {
        if let Some(log) = &mut self.log {
            log.push((self.at_ms, sentence()));
        }
    }

    pub(crate) fn fail(&mut self, sentence: String, about: &[&str]) {
        if self.violation.is_none() {
            let about = about.iter().map(|word| (*word).to_owned()).collect();
            self.violation = Some(Violation { at_ms: self.at_ms, sentence, about });
        }
    }

    pub(crate) fn after(&mut self, delay_ms: u64, event: Event) {
        self.planned += 1;
        self.queue.push(Reverse(Planned { at_ms: self.at_ms + delay_ms, number: self.planned, event }));
    }

    pub(crate) fn mix(&mut self, value: u64) {
        self.hash = (self.hash ^ value).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(23);
    }

    /// Until then, or until a rule is broken.
    pub(crate) fn run_to(&mut self, until_ms: u64) {
        while self.violation.is_none() && self.next_ms().is_some_and(|next_ms| next_ms <= until_ms) {
            let Some(event) = self.next() else { break };
            self.happens(event);
        }
        self.at_ms = until_ms.max(self.at_ms);
    }

    pub(crate) fn next_ms(&self) -> Option<u64> {
        self.queue.peek().map(|Reverse(next)| next.at_ms)
    }

    /// It is that time now.
    pub(crate) fn next(&mut self) -> Option<Event> {
        let Reverse(planned) = self.queue.pop()?;
        self.at_ms = planned.at_ms;
        self.mix(planned.at_ms ^ planned.number << 40);
        Some(planned.event)
    }

    pub(crate) fn happens(&mut self, event: Event) {
        match event {
            Event::ToRoot(message) => self.root_hears(message),
            Event::ToShop(shop, reply) => {
                if !self.parted[shop] {
                    self.shop_hears(shop, reply);
                }
            }
            Event::TillToShop(till, number, says) => self.shop_asked(till, number, says),
            Event::ShopToTill { till, boots, number, says } => {
                // A line ends with the store that held it.
                if boots == self.shops[self.tills[till].shop].node.boots {
                    self.till_hears(till, number, says);
                }
            }
            Event::RootTick => {
                self.after(10 * SECOND_MS, Event::RootTick);
                self.root_does(|root, now| while root.tick(now) {});
            }
            Event::ShopTick(shop) => self.shop_tick(shop),
            Event::TillTick(till) => self.till_tick(till),
            Event::TillActs(till) => self.till_acts(till),
            Event::TillFinishes(till, operation) => self.till_finishes(till, operation),
            Event::CommitRoot(boots) if boots == self.root.boots => self.commit_root(),
            Event::CommitShop(shop, boots) if boots == self.shops[shop].node.boots => self.commit_shop(shop),
            Event::CommitRoot(_) | Event::CommitShop(..) => {}
            Event::CrashRoot => self.crash_root(),
            Event::BootRoot { restored } => self.boot_root(restored),
            Event::CrashShop(shop) => self.crash_shop(shop),
            Event::BootShop { shop, restored } => self.boot_shop(shop, restored),
            Event::Part(shop) => self.part(shop),
            Event::Heal(shop) => self.heal(shop),
            Event::ClockJumps => self.clock_jumps(),
            Event::Desk => self.desk_acts(),
            Event::Look => self.look(),
        }
    }

    // The line.

    fn delay(&mut self) -> u64 {
        let plan = &self.plan.line;
        if !self.quiet && self.random.chance(plan.slow_per_mille) {
            return self.random.below(plan.slow_ms);
        }
        self.random.between(plan.least_ms, plan.most_ms)
    }

    fn copies(&mut self) -> u64 {
        if let Some(copies) = self.plan.line.copies {
            return copies;
        }
        if self.random.chance(self.plan.line.lost_per_mille) {
            return 0;
        }
        1 + u64::from(self.random.chance(self.plan.line.doubled_per_mille))
    }

    pub(crate) fn send_up(&mut self, message: ToRoot) {
        if self.parted[message.from as usize - 1] {
            return;
        }
        if let Say::Sync(sync) = &message.say
            && sync.restored
            && self.plan.work == Work::Plain
            && self.restored_syncs.len() < SYNCS_KEPT_MAX
        {
            self.restored_syncs.push(message.clone());
        }
        for _ in 0..self.copies() {
            let delay = self.delay();
            self.after(delay, Event::ToRoot(message.clone()));
        }
    }

    fn send_down(&mut self, store: NodeId, reply: Reply) {
        let shop = store as usize - 1;
        if self.parted[shop] || self.loses.is_some_and(|loses| loses(&reply)) {
            return;
        }
        for _ in 0..self.copies() {
            let delay = self.delay();
            self.after(delay, Event::ToShop(shop, reply.clone()));
        }
    }

    pub(crate) fn send_to_till(&mut self, till: usize, says: ShopSays) {
        let shop = &self.shops[self.tills[till].shop];
        let boots = shop.node.boots;
        self.tills[till].told += 1;
        let number = self.tills[till].told;
        for _ in 0..self.copies() {
            let delay = self.random.between(1, 30);
            self.after(delay, Event::ShopToTill { till, boots, number, says: says.clone() });
        }
    }

    pub(crate) fn send_to_shop(&mut self, till: usize, says: TillSays) {
        self.tills[till].sent += 1;
        let number = self.tills[till].sent;
        for _ in 0..self.copies() {
            let late = !self.quiet && self.random.chance(self.plan.line.slow_per_mille);
            let delay = if late { self.random.below(self.plan.line.slow_ms) } else { self.random.between(1, 30) };
            self.after(delay, Event::TillToShop(till, number, says.clone()));
        }
    }

    // The root.

    fn root_hears(&mut self, message: ToRoot) {
        let store = message.from;
        if self.parted[store as usize - 1] || !self.root.is_up() {
            return;
        }
        self.note(|| format!("root hears store {store}: {}", short(&message.say)));
        if let Say::Push { epoch, inc, down_next, .. } = &message.say {
            let (epoch, inc, down_next) = (*epoch, *inc, *down_next);
            let say = Say::Push { epoch, inc, up: Vec::new(), down_next, trusted: false };
            self.waiting.insert(store, ToRoot { from: store, epoch: message.epoch, say });
        }
        let now = self.root.now(self.at_ms);
        let life = self.root.life.as_mut().expect("it is up");
        let out = life.machine.on_store(message, now);
        self.root_out.extend(out.into_iter().map(|out| (store, out)));
        self.after_root();
    }

    pub(crate) fn root_does<R>(&mut self, work: impl FnOnce(&mut Root, processing::machine::Now) -> R) -> Option<R> {
        if !self.root.is_up() {
            return None;
        }
        let now = self.root.now(self.at_ms);
        let life = self.root.life.as_mut().expect("it is up");
        let result = work(&mut life.machine, now);
        self.after_root();
        Some(result)
    }

    fn after_root(&mut self) {
        if self.root.commit_planned {
            return;
        }
        if self.random.chance(self.plan.batch_per_mille) {
            self.root.commit_planned = true;
            let (delay, boots) = (self.random.between(1, 30), self.root.boots);
            self.after(delay, Event::CommitRoot(boots));
        } else {
            self.commit_root();
        }
    }

    pub(crate) fn commit_root(&mut self) {
        let torn = self.random.next();
        match self.root.commit(self.at_ms, torn) {
            Commit::PowerFailed => {
                self.note(|| "root: the power failed in a commit".to_owned());
                return self.root_is_down();
            }
            Commit::Durable(mark) => self.mix(u64::from_le_bytes(mark)),
            Commit::Nothing => {}
        }
        for (store, out) in std::mem::take(&mut self.root_out) {
            let reply = match out {
                Out::Reply(reply) => reply,
                Out::Entries { epoch, ups, downs } => Reply::Downs {
                    epoch,
                    ups: self.root.entries(space::UP, ups),
                    downs: self.root.entries(space::DOWN, downs),
                },
            };
            self.send_down(store, reply);
        }
        let Some((epoch, peers)) = self.root.life.as_ref().map(|life| (life.machine.epoch(), life.machine.peers()))
        else {
            return;
        };
        self.watch_root(epoch, &peers);
        self.tell_waiting(&peers);
    }

    /// A store's question was kept until there is something to tell it.
    fn tell_waiting(&mut self, peers: &[PeerStanding]) {
        let news: Vec<NodeId> = peers
            .iter()
            .filter(|peer| {
                let asked = self.waiting.get(&peer.store).map(|message| &message.say);
                matches!(asked, Some(Say::Push { down_next, .. }) if *down_next < peer.down_next)
            })
            .map(|peer| peer.store)
            .collect();
        for store in news {
            if let Some(message) = self.waiting.remove(&store) {
                let now = self.root.now(self.at_ms);
                let life = self.root.life.as_mut().expect("it is up");
                let out = life.machine.on_store(message, now);
                self.root_out.extend(out.into_iter().map(|out| (store, out)));
                self.after_root();
            }
        }
    }

    pub(crate) fn root_is_down(&mut self) {
        self.root_out.clear();
        self.waiting.clear();
        self.stats.crashes += 1;
        let restored = self.random.chance(self.plan.faults.root_restored_per_mille) && !self.quiet;
        let delay = self.random.between(SECOND_MS, 2 * MINUTE_MS);
        self.after(delay, Event::BootRoot { restored });
    }
}
