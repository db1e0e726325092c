//! The same world with the actors of production in it: keepers, talks, answers and ticks of one root and its stores, on one
//! paused clock, each node on tasks of its own and a disk that fails. Tills, faults and rules are those of the simulator.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::System;
use chrono::{DateTime, FixedOffset};
use domain::ledger::OperationId;
use domain::ledger::transfer::Day;
use futures_util::future::BoxFuture;
use link::apply::Peer;
use link::requests::Answer;
use processing::line::Talk;
use processing::machine::root::{AskedFor, PeerStanding, Root};
use processing::machine::subordinate::{Standing, Subordinate};
use processing::store::JournalStore;
use processing::store_side::StoreAnswers;
use runtime::clock::Clock;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::desk::ask;
use crate::life::Life;
use crate::node::{DAY_MS, FIRST_DAY, NOON_MS};
use crate::plan::Plan;
use crate::run::{DONE_MS, Ended, SHOWN_MAX, clock};
use crate::shop::ShopSays;
use crate::wire::Wire;
use crate::world::{Event, HOUR_MS, MINUTE_MS, SECOND_MS, World};

#[path = "live_nodes.rs"]
mod nodes;
#[path = "live_tills.rs"]
mod tills;

const SHOP_TICK_MS: u64 = 5 * SECOND_MS;
const ROOT_TICK_MS: u64 = 10 * SECOND_MS;
const LOOK_MS: u64 = 30 * MINUTE_MS;
/// Turns in which all that can be done at one instant is done.
const TURNS: usize = 2_000;
/// A book that was set back is behind this.
const FAR: &str = "9000000000000000000";

/// What nodes say to the world; of stores and the root with the number of their life.
enum Heard {
    Till(usize, u64, ShopSays),
    Shop(usize, u64, Standing),
    Root(u64, u32, Vec<PeerStanding>),
}

#[derive(Clone, Default)]
struct Ear {
    heard: Arc<Mutex<Vec<Heard>>>,
    news: Arc<Notify>,
}

impl Ear {
    fn hears(&self, heard: Heard) {
        self.heard.lock().expect("nobody panics with it").push(heard);
        self.news.notify_one();
    }
}

struct Nobody;

impl Answer for Nobody {
    fn answer<'a>(&'a self, _: &'a Peer, _: u32, _: Vec<u8>) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        Box::pin(std::future::ready(Err("nobody else answers here".to_owned())))
    }
}

struct Shop {
    life: Option<(Life<Subordinate>, Arc<StoreAnswers>, Talk)>,
    clock: Clock,
}

pub(crate) struct Live {
    pub(crate) world: World,
    began: Instant,
    wire: Arc<Wire>,
    ear: Ear,
    root: Option<Life<Root>>,
    root_clock: Clock,
    shops: Vec<Shop>,
    /// The last question of each till that its store began to answer.
    begun: Vec<u64>,
    fences: u128,
    /// What the root held when it was opened: no backup is older.
    opening: usize,
    /// What is noted beside books.
    notes: tempfile::TempDir,
}

fn at(ms: u64) -> DateTime<FixedOffset> {
    let utc = DateTime::from_timestamp_millis((Day::from(FIRST_DAY) as u64 * DAY_MS + NOON_MS + ms) as i64);
    utc.expect("days of a run are dates").fixed_offset()
}

impl Live {
    pub(crate) async fn begin(plan: &Plan, seed: u64, log: bool) -> Live {
        let mut world = World::new(plan.clone(), seed, log);
        world.root.life = None;
        let start = at(0) - Duration::from_secs(3600);
        let shop = || Shop { life: None, clock: Clock::by_hand(start) };
        let mut live = Live {
            began: Instant::now(),
            wire: Arc::new(Wire::new(plan, seed, log)),
            ear: Ear::default(),
            root: None,
            root_clock: Clock::by_hand(start),
            shops: (0..plan.shops).map(|_| shop()).collect(),
            begun: vec![0; world.tills.len()],
            fences: 0,
            opening: world.root.disk.copy().len(),
            notes: tempfile::tempdir().expect("a directory"),
            world,
        };
        live.sets_clocks();
        live.boot_root(false);
        live
    }

    fn now_ms(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }

    fn sets_clocks(&mut self) {
        let now_ms = self.now_ms();
        self.world.at_ms = now_ms;
        self.root_clock.set(at(now_ms));
        for (shop, here) in self.world.shops.iter().zip(&self.shops) {
            here.clock.set(at(now_ms) - Duration::from_millis(shop.node.day_after_ms));
        }
    }

    /// Until then, or until a rule is broken.
    pub(crate) async fn run_to(&mut self, until_ms: u64) {
        while self.world.violation.is_none() {
            self.sets_clocks();
            self.hears().await;
            let next_ms = self.world.next_ms().unwrap_or(until_ms).min(until_ms);
            if self.world.next_ms().is_some_and(|next_ms| next_ms <= self.now_ms().min(until_ms)) {
                if let Some(event) = self.world.next() {
                    self.happens(event).await;
                    self.wire.set(&self.world.parted, self.world.quiet);
                }
                continue;
            }
            if self.now_ms() >= until_ms {
                return;
            }
            let next = self.began + Duration::from_millis(next_ms);
            let news = self.ear.news.clone();
            tokio::select! {
                biased;
                () = news.notified() => {}
                () = tokio::time::sleep_until(next) => {}
            }
        }
    }

    async fn hears(&mut self) {
        let heard = std::mem::take(&mut *self.ear.heard.lock().expect("nobody panics with it"));
        for heard in heard {
            match heard {
                Heard::Till(till, boots, says) => {
                    let shop = self.world.tills[till].shop;
                    if boots == self.world.shops[shop].node.boots {
                        self.world.note(|| format!("store {} to till {}: {says:?}", shop + 1, till + 1));
                        self.world.mix(till as u64);
                        self.world.send_to_till(till, says);
                    }
                }
                Heard::Shop(shop, boots, standing) if boots == self.world.shops[shop].node.boots => {
                    self.world.watch_shop(shop, &standing);
                    self.world.mix(standing.up_next << 32 | standing.down_next);
                    if standing.trusted {
                        self.world.shops[shop].has_lost = false;
                    }
                    for till in standing.unheard {
                        self.world.send_to_till(till as usize - 1, ShopSays::Tell);
                    }
                }
                Heard::Root(boots, epoch, peers) if boots == self.world.root.boots => {
                    self.world.watch_root(epoch, &peers);
                }
                Heard::Shop(..) | Heard::Root(..) => {}
            }
        }
        if self.root.as_ref().is_some_and(|root| root.power.is_off()) {
            self.end_root("the power failed in a write").await;
        }
        for shop in 0..self.shops.len() {
            if self.shops[shop].life.as_ref().is_some_and(|(life, _, _)| life.power.is_off()) {
                self.end_shop(shop, "the power failed in a write").await;
            }
        }
        let lives = self.shops.iter().filter_map(|shop| shop.life.as_ref().and_then(|(life, _, _)| life.gave_up()));
        let gave_up = lives.chain(self.root.as_ref().and_then(Life::gave_up)).next();
        if let Some(said) = gave_up {
            self.world.fail(format!("an actor panicked: {said}"), &[]);
        }
    }

    async fn happens(&mut self, event: Event) {
        match event {
            Event::TillToShop(till, number, says) => self.asks(till, number, says),
            Event::RootTick => self.asks_root(),
            Event::ShopTick(shop) => self.asks_shop(shop),
            Event::CrashRoot => self.crash_root().await,
            Event::BootRoot { restored } => self.boot_root(restored),
            Event::CrashShop(shop) => self.crash_shop(shop).await,
            Event::BootShop { shop, restored } => self.boot_shop(shop, restored),
            Event::Part(shop) => self.part(shop),
            Event::Look => {
                self.world.after(LOOK_MS, Event::Look);
                self.look().await;
            }
            // Without people at the root, and with clocks that do not run back.
            Event::Desk | Event::ClockJumps | Event::CommitRoot(_) | Event::CommitShop(..) => {}
            other => self.world.happens(other),
        }
    }

    fn asks_shop(&mut self, shop: usize) {
        self.world.after(SHOP_TICK_MS, Event::ShopTick(shop));
        let Some((life, _, talk)) = &self.shops[shop].life else { return };
        let (ear, door, boots) = (self.ear.clone(), talk.door.clone(), self.world.shops[shop].node.boots);
        life.does(async move {
            if let Ok(standing) = door.ask(Vec::new(), |store, _| store.standing()).await {
                ear.hears(Heard::Shop(shop, boots, standing));
            }
        });
    }

    fn asks_root(&mut self) {
        self.world.after(ROOT_TICK_MS, Event::RootTick);
        let Some(life) = &self.root else { return };
        let (ear, door, boots) = (self.ear.clone(), life.door.clone(), self.world.root.boots);
        life.does(async move {
            if let Ok((epoch, peers)) = door.ask(Vec::new(), |root, _| (root.epoch(), root.peers())).await {
                ear.hears(Heard::Root(boots, epoch, peers));
            }
        });
    }

    /// A store loses its line, and perhaps somebody at the root fences it soon after: it goes on with the rights it holds.
    fn part(&mut self, shop: usize) {
        self.world.happens(Event::Part(shop));
        let fenced = self.world.random.chance(self.world.plan.faults.fenced_per_mille) && self.world.parted[shop];
        let (Some(life), true) = (&self.root, fenced && !self.world.quiet) else { return };
        self.world.note(|| format!("store {} is to be fenced", shop + 1));
        let wait = Duration::from_millis(self.world.random.between(SECOND_MS, 10 * MINUTE_MS));
        self.fences += 1;
        let operation = OperationId((1 << 40) << 80 | 7 << 76 | 1 << 59 | self.fences << 4);
        let store = shop as u32 + 1;
        let what = AskedFor::Fence { store, reason: "it does not answer".to_owned() };
        let door = life.door.clone();
        life.does(async move {
            tokio::time::sleep(wait).await;
            let fence = move |root: &mut Root, now| {
                // A store that was not compared with since a restoration would be given up for good.
                let fences = root.peers().iter().any(|peer| peer.store == store && peer.synced);
                fences && ask(root, operation, what, now).is_ok()
            };
            door.ask(Vec::new(), fence).await.ok();
        });
    }

    // Lives.

    /// No faults and no new work from here on: all is up and every line is whole.
    fn calm_down(&mut self) {
        self.world.note(|| "all faults end".to_owned());
        self.world.quiet = true;
        self.world.parted.fill(false);
        self.wire.set(&self.world.parted, true);
        self.root.iter().for_each(|life| life.power.fails_next(None));
        self.boot_root(false);
        for shop in 0..self.shops.len() {
            self.shops[shop].life.iter().for_each(|(life, _, _)| life.power.fails_next(None));
            self.boot_shop(shop, false);
        }
    }

    // Looks.

    /// The books on the disks are made anew, and looked at beside what the running stores say of themselves.
    async fn look(&mut self) {
        rest().await;
        let mut said = Vec::new();
        for shop in &self.shops {
            said.push(match &shop.life {
                Some((life, _, _)) => life.door.ask(Vec::new(), |store, _| store.standing()).await.ok(),
                None => None,
            });
        }
        let root = self.root.is_some();
        let boots = self.world.root.boots;
        if root && self.world.root.boot(Root::new(self.world.root_policy()), 0).is_err() {
            self.world.fail("I14: the root's book cannot be read".to_owned(), &[]);
        }
        self.world.root.boots = boots;
        for (shop, said) in said.into_iter().enumerate() {
            let here = &mut self.world.shops[shop];
            let Some(said) = said else { continue };
            let boots = here.node.boots;
            let empty = Subordinate::new(0, here.policy.clone(), false);
            if here.node.boot(empty, 0).is_err() {
                self.world.fail(format!("I14: the book of store {} cannot be read", shop + 1), &[]);
                return;
            }
            here.node.boots = boots;
            let reads = here.machine().expect("it was made").standing();
            let written = (reads.incarnation, reads.epoch, reads.up_next, reads.down_next);
            if written == (said.incarnation, said.epoch, said.up_next, said.down_next) {
                here.said = Some(said);
            } else {
                here.node.life = None;
            }
        }
        self.world.look_at_books();
        self.world.root.life = None;
        for shop in &mut self.world.shops {
            (shop.node.life, shop.said) = (None, None);
        }
    }

    /// All nodes end in quiet; what they had in mind is looked at with what they wrote.
    async fn ends(&mut self) {
        rest().await;
        *self.wire.root.lock().expect("nobody panics with it") = None;
        for shop in 0..self.shops.len() {
            let Some((life, _, _)) = self.shops[shop].life.take() else { continue };
            let machine = life.taken(Subordinate::new(0, Default::default(), false)).await;
            let node = &mut self.world.shops[shop].node;
            if machine.is_none_or(|machine| node.lived(machine).is_err()) {
                self.world.fail(format!("store {} does not answer in quiet", shop + 1), &[]);
            }
        }
        let machine = match self.root.take() {
            Some(life) => life.taken(Root::new(Default::default())).await,
            None => None,
        };
        if machine.is_none_or(|machine| self.world.root.lived(machine).is_err()) {
            self.world.fail("the root does not answer in quiet".to_owned(), &[]);
        }
    }

    /// Of the books of all nodes.
    fn mixes_heads(&mut self) {
        let shops = self.world.shops.iter().map(|shop| shop.node.disk.clone());
        let disks: Vec<_> = shops.chain([self.world.root.disk.clone()]).collect();
        for disk in disks {
            let head = JournalStore::open(disk).expect("a journal that was synced can be read").last();
            self.world.mix(u64::from_le_bytes(head.hash[..8].try_into().expect("a hash has 32 bytes")));
            self.world.stats.blocks += head.number;
        }
    }
}

/// All that can be done at this instant is done.
async fn rest() {
    for _ in 0..TURNS {
        tokio::task::yield_now().await;
    }
}

pub(crate) fn in_system<R: 'static>(work: impl Future<Output = R> + 'static) -> R {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().start_paused(true).build().expect("a runtime")
    };
    System::with_tokio_rt(runtime).block_on(work)
}

fn end(plan: &Plan, seed: u64, log: bool) -> (Ended, Vec<(u64, String)>) {
    let plan = plan.clone();
    in_system(async move {
        let mut live = Live::begin(&plan, seed, log).await;
        let end = plan.hours * HOUR_MS;
        live.run_to(end).await;
        if live.world.violation.is_none() {
            live.calm_down();
            live.run_to(end + DONE_MS + MINUTE_MS).await;
        }
        if live.world.violation.is_none() {
            live.ends().await;
            live.world.check_quiet();
        }
        live.mixes_heads();
        let world = &mut live.world;
        let ended = Ended { hash: world.hash, stats: world.stats.clone(), violation: world.violation.clone() };
        let mut log = world.log.take().unwrap_or_default();
        log.extend(live.wire.take_log());
        log.sort_by_key(|(at_ms, _)| *at_ms);
        (ended, log)
    })
}

/// One run of a plan, to its end or to the first rule that is broken.
pub(crate) fn run(plan: &Plan, seed: u64) -> Ended {
    end(plan, seed, false).0
}

/// The failure of a seed, told.
pub(crate) fn tell(plan: &Plan, seed: u64) -> String {
    let (ended, log) = end(plan, seed, true);
    if let Ok(path) = std::env::var("OPENSTORE_SIM_LOG") {
        let lines: Vec<String> = log.iter().map(|(at_ms, line)| format!("{} {line}", clock(*at_ms))).collect();
        std::fs::write(path, lines.join("\n")).expect("the log of the run can be written");
    }
    let Some(violation) = ended.violation else {
        return format!("seed {seed} failed once and did not fail again: a run is not the same twice");
    };
    let concerns = |line: &str| violation.about.is_empty() || violation.about.iter().any(|word| line.contains(word));
    let lines: Vec<String> =
        log.iter().filter(|(_, line)| concerns(line)).map(|(ms, line)| format!("  {} {line}", clock(*ms))).collect();
    format!(
        "seed {seed} at {}: {}\nthe last events of it:\n{}\nagain: OPENSTORE_L1_FROM={seed} OPENSTORE_L1_SEEDS=1 OPENSTORE_L1_HOURS={} \
         cargo test -p processing --test sim processing_live -- --nocapture",
        clock(violation.at_ms),
        violation.sentence,
        lines[lines.len().saturating_sub(SHOWN_MAX)..].join("\n"),
        plan.hours
    )
}

/// What an hour in which nothing happens costs each keeper, the root first: questions and blocks.
pub(crate) fn idle_hour(plan: &Plan) -> Vec<(u64, u64)> {
    let plan = plan.clone();
    in_system(async move {
        let mut live = Live::begin(&plan, 1, false).await;
        live.run_to(10 * MINUTE_MS).await;
        let before = live.questions().await;
        live.run_to(10 * MINUTE_MS + HOUR_MS).await;
        let after = live.questions().await;
        assert!(live.world.violation.is_none(), "{:?}", live.world.violation);
        after.into_iter().zip(before).map(|(after, before)| (after.0 - before.0, after.1 - before.1)).collect()
    })
}

impl Live {
    async fn questions(&self) -> Vec<(u64, u64)> {
        let mut all = vec![self.root.as_ref().expect("it is up").questions().await];
        for shop in &self.shops {
            all.push(shop.life.as_ref().expect("it is up").0.questions().await);
        }
        all
    }
}
