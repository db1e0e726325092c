//! The chain: a head office, stores, tills and what happens to them, in simulated time.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use actix::System;
use link::session::Window;
use link::transport::Dial;
use link::transport::memory::MemoryHub;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::books::{self, Books, held};
use crate::disk::{Fault, Templates};
use crate::node::{Backup, Common, Machine, Mutant};
use crate::plan::{Plan, SECOND_MS};
use crate::random::Random;
use crate::seen::Seen;
use crate::wire::{Wire, WireDial};

#[path = "quiet.rs"]
mod quiet;

const SAVED_MAX: usize = 3;
/// How wrong a clock may be: right again, some minutes, a day or a year, before or after.
const JUMPS_MS: [i64; 7] = [0, 0, 300_000, -300_000, -86_400_000, 86_400_000, 365 * 86_400_000];
const LOOK_MS: u64 = 10 * SECOND_MS;
const OPERATOR_MS: u64 = 30 * SECOND_MS;
/// Two machines of one name are told within this time when nothing else goes wrong.
const CLONES_TOLD_MS: u64 = 180 * SECOND_MS;
/// All is delivered within this time after the last fault.
const QUIET_WITHIN_MS: u64 = 3_600 * SECOND_MS;
/// Turns in which all that can be done at one instant is done.
const TURNS: usize = 200;

#[derive(Clone, Debug)]
enum Event {
    Crash,
    Boot(String),
    DiskFails,
    Part,
    Mend(Vec<String>),
    ClockJumps,
    Save,
    Clone,
    Look,
    Operator,
}

/// How a run ended.
#[derive(Clone, Debug, Default)]
pub struct Ended {
    pub hash: u64,
    pub violation: Option<String>,
    pub log: Vec<String>,
    pub made: usize,
    pub lost: usize,
    pub frames: u64,
    pub crashes: u64,
    pub restores: u64,
    pub simulated_s: u64,
}

struct World<'a> {
    plan: Plan,
    random: Random,
    templates: &'a Templates,
    began: Instant,
    seen: Seen,
    wire: Wire,
    hub: MemoryHub,
    common: Common,
    machines: Vec<Machine>,
    books: Books,
    events: BTreeMap<(u64, u64), Event>,
    last_event: u64,
    quiet: bool,
    crashes: u64,
    restores: u64,
}

/// One run, to its end or to the first rule that is broken.
pub fn run(templates: &Arc<Templates>, seed: u64, mutant: Option<Mutant>, lines_max: usize) -> Ended {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().start_paused(true).build().unwrap()
    };
    let templates = templates.clone();
    System::with_tokio_rt(runtime).block_on(async move {
        let mut random = Random::new(seed);
        let mut plan = Plan::of(&mut random);
        plan.mutant = mutant;
        let mut world = World::begin(&templates, plan, random, lines_max);
        world.lives().await;
        let (log, hash) = world.seen.told();
        Ended {
            hash,
            violation: world.seen.violation(),
            log,
            made: world.books.made(),
            lost: world.books.lost(),
            frames: world.seen.frames(),
            crashes: world.crashes,
            restores: world.restores,
            simulated_s: world.began.elapsed().as_secs(),
        }
    })
}

impl<'a> World<'a> {
    fn begin(templates: &'a Templates, plan: Plan, mut random: Random, lines_max: usize) -> World<'a> {
        let wakes = Arc::new(Notify::new());
        let seen = Seen::new(lines_max, wakes.clone());
        seen.note(|| format!("{plan:?}"));
        let wire = Wire::new(Random::new(random.next()), plan.weather, seen.clone());
        if plan.mutant == Some(Mutant::Forges) {
            wire.forges();
        }
        let common = Common {
            seen: seen.clone(),
            wakes,
            serials: Arc::new(AtomicU64::new(1)),
            mutant: plan.mutant,
            sells: Rc::new(Cell::new(true)),
            sell_every_ms: plan.sell_every_ms,
            window: Window { documents: plan.window, ..Window::default() },
        };
        let mut names = vec!["hq".to_owned()];
        names.extend((1..=plan.stores).map(|store| format!("S{store}")));
        names.extend((1..=plan.stores).flat_map(|store| (1..=plan.tills).map(move |till| format!("S{store}/{till}"))));
        let machines = names
            .iter()
            .map(|name| {
                let template = if name.contains('/') { "till" } else { "server" };
                let machine = Machine::new(name, templates.open(template), Random::new(random.next()));
                if plan.mutant == Some(Mutant::Lies) && !machine.is_till() {
                    machine.disk.lies(30);
                }
                machine
            })
            .collect();
        let mut world = World {
            plan,
            random,
            templates,
            began: Instant::now(),
            seen,
            wire,
            hub: MemoryHub::new(),
            common,
            machines,
            books: Books::default(),
            events: BTreeMap::new(),
            last_event: 0,
            quiet: false,
            crashes: 0,
            restores: 0,
        };
        for name in names {
            world.boot(&name);
        }
        world
    }

    fn now_ms(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }

    fn after(&mut self, wait_ms: u64, event: Event) {
        self.last_event += 1;
        self.events.insert((self.now_ms() + wait_ms, self.last_event), event);
    }

    fn about(&mut self, mean_ms: Option<u64>, event: Event) {
        if let Some(mean_ms) = mean_ms {
            let wait_ms = self.random.about(mean_ms);
            self.after(wait_ms, event);
        }
    }

    async fn lives(&mut self) {
        let plan = self.plan.clone();
        self.about(plan.crash_every_ms, Event::Crash);
        self.about(plan.disk_every_ms, Event::DiskFails);
        self.about(plan.part_every_ms, Event::Part);
        self.about(plan.clock_every_ms, Event::ClockJumps);
        self.about(Some(plan.save_every_ms), Event::Save);
        self.about(plan.clones.then_some(plan.faults_ms / 2), Event::Clone);
        self.after(LOOK_MS, Event::Look);
        self.after(OPERATOR_MS, Event::Operator);
        self.goes_on(plan.faults_ms).await;
        self.ends().await;
    }

    /// For so long, or until a rule is broken.
    async fn goes_on(&mut self, for_ms: u64) {
        let until_ms = self.now_ms() + for_ms;
        while self.seen.violation().is_none() {
            self.hears().await;
            let next_ms = self.events.first_key_value().map_or(until_ms, |((at_ms, _), _)| *at_ms);
            if next_ms <= self.now_ms().min(until_ms) {
                if let Some((_, event)) = self.events.pop_first() {
                    self.happens(event).await;
                }
                continue;
            }
            if self.now_ms() >= until_ms {
                return;
            }
            let next = self.began + Duration::from_millis(next_ms.min(until_ms));
            let wakes = self.common.wakes.clone();
            tokio::select! {
                biased;
                () = wakes.notified() => {}
                () = tokio::time::sleep_until(next) => {}
            }
        }
    }

    /// What tills and the wire told, and whose power failed. What was sold was sold before whoever agreed now did.
    async fn hears(&mut self) {
        for machine in &self.machines {
            let sold = machine.disk.take_sold();
            self.books.sold(machine, sold, &self.seen);
        }
        for label in self.seen.take_agreed() {
            let below_sure = |machine: &Machine| !machine.is_till() || self.of(store_of(machine.name())).is_sure;
            if let Some(at) = self.machines.iter().position(|machine| machine.label == label) {
                let sure = below_sure(&self.machines[at]);
                self.machines[at].is_sure |= sure && !self.has_copy(&label);
            }
        }
        let off: Vec<String> = self
            .machines
            .iter()
            .filter(|machine| machine.life.is_some() && machine.disk.is_off())
            .map(|machine| machine.label.clone())
            .collect();
        for label in off {
            self.crash(&label, "the power failed in a write").await;
        }
    }

    async fn happens(&mut self, event: Event) {
        match event {
            Event::Look => {
                self.after(LOOK_MS, Event::Look);
                self.machines.iter().for_each(|machine| machine.tick(self.now_ms()));
                self.looks();
            }
            Event::Operator => {
                self.after(OPERATOR_MS, Event::Operator);
                self.operator().await;
            }
            Event::Boot(label) => self.boot(&label),
            _ if self.quiet => {}
            Event::Crash => {
                self.about(self.plan.crash_every_ms, Event::Crash);
                let label = self.any(|_| true);
                self.crash(&label, "it crashes").await;
            }
            Event::DiskFails => {
                self.about(self.plan.disk_every_ms, Event::DiskFails);
                let label = self.any(|_| true);
                let after = self.random.between(0, 30);
                let fault = if self.random.chance(500) {
                    Fault::Refuses { after, count: self.random.between(1, 5) }
                } else {
                    Fault::PowerFails { after, committed: self.random.chance(500) }
                };
                self.seen.note(|| format!("the disk of {label}: {fault:?}"));
                self.of(&label).disk.fails(Some(fault));
            }
            Event::Part => {
                self.about(self.plan.part_every_ms, Event::Part);
                let label = self.any(|machine| machine.label != "hq");
                let whole = self.random.chance(200);
                let labels: Vec<String> = match whole {
                    true => self.machines.iter().map(|m| m.label.clone()).filter(|l| l.starts_with(&label)).collect(),
                    false => vec![label],
                };
                self.seen.note(|| format!("no line: {labels:?}"));
                labels.iter().for_each(|label| self.wire.part(label, true));
                let wait_ms = self.random.between(2 * SECOND_MS, 70 * SECOND_MS);
                self.after(wait_ms, Event::Mend(labels));
            }
            Event::Mend(labels) => {
                self.seen.note(|| format!("lines again: {labels:?}"));
                labels.iter().for_each(|label| self.wire.part(label, false));
            }
            Event::ClockJumps => {
                self.about(self.plan.clock_every_ms, Event::ClockJumps);
                let label = self.any(|_| true);
                let ahead_ms = JUMPS_MS[self.random.index(JUMPS_MS.len())];
                self.seen.note(|| format!("the clock of {label} is {ahead_ms} ms ahead"));
                let now_ms = self.now_ms();
                let machine = self.of_mut(&label);
                machine.ahead_ms = ahead_ms;
                machine.tick(now_ms);
            }
            Event::Save => {
                self.about(Some(self.plan.save_every_ms), Event::Save);
                let label = self.any(|_| true);
                self.seen.note(|| format!("{label} is saved"));
                let machine = self.of_mut(&label);
                let backup = machine.backup();
                machine.saved.push(backup);
                if machine.saved.len() > SAVED_MAX {
                    machine.saved.remove(0);
                }
            }
            Event::Clone => self.clones(),
        }
    }

    fn any(&mut self, which: impl Fn(&Machine) -> bool) -> String {
        let labels: Vec<&String> = self.machines.iter().filter(|m| which(m)).map(|machine| &machine.label).collect();
        labels[self.random.index(labels.len())].clone()
    }

    fn of(&self, label: &str) -> &Machine {
        self.machines.iter().find(|machine| machine.label == label).expect("it is there")
    }

    fn of_mut(&mut self, label: &str) -> &mut Machine {
        self.machines.iter_mut().find(|machine| machine.label == label).expect("it is there")
    }

    fn has_copy(&self, label: &str) -> bool {
        let name = self.of(label).name();
        self.machines.iter().filter(|machine| machine.name() == name).count() > 1
    }

    // Lives.

    fn boot(&mut self, label: &str) {
        let Some(at) = self.machines.iter().position(|machine| machine.label == label && machine.life.is_none()) else {
            return;
        };
        self.seen.note(|| format!("{label} starts"));
        let name = self.machines[at].name().to_owned();
        let above = match name.as_str() {
            "hq" => None,
            till if till.contains('/') => Some(store_of(till)),
            _ => Some("hq"),
        };
        let dial = above.map(|above| -> Arc<dyn Dial> {
            Arc::new(WireDial {
                wire: self.wire.clone(),
                hub: self.hub.clone(),
                lower: label.to_owned(),
                lower_disk: self.machines[at].disk.clone(),
                upper: above.to_owned(),
                upper_disk: self.of(above).disk.clone(),
            })
        });
        let wait = Duration::from_millis(self.random.between(500, 8_000));
        let (random, hub, place) = (Random::new(self.random.next()), self.hub.clone(), name);
        self.machines[at].boot(&self.common, dial, wait, random, move |downlinks| {
            hub.up(&place, downlinks.reference());
        });
    }

    async fn crash(&mut self, label: &str, how: &str) {
        let Some(life) = self.of_mut(label).life.take() else { return };
        self.seen.note(|| format!("{label}: {how}"));
        if !label.contains('/') {
            self.hub.down(label);
        }
        life.end().await;
        self.crashes += 1;
        let machine = self.of(label);
        machine.disk.end();
        let sold = machine.disk.take_sold();
        let at = self.machines.iter().position(|machine| machine.label == label).expect("it is there");
        self.books.sold(&self.machines[at], sold, &self.seen);
        if !self.quiet {
            self.replaces_disk(at);
        }
        let wait_ms = self.random.between(1, if self.quiet { 1_000 } else { 30 * SECOND_MS });
        self.after(wait_ms, Event::Boot(label.to_owned()));
    }

    /// Perhaps what comes up again is not what went down.
    fn replaces_disk(&mut self, at: usize) {
        let (restored, lost) = (self.random.chance(self.plan.restored), self.random.chance(self.plan.lost));
        let mut whole = self.random.chance(self.plan.whole);
        // Not known to anybody until the head office answers: a store that believes that it is compared and is not. Tills that
        // go back meanwhile would be compared with it.
        let name = self.machines[at].name();
        if self.machines[at].is_till() {
            if !self.of(store_of(name)).is_sure {
                return;
            }
        } else {
            let stands = |till: &Machine| till.is_sure && books::is_compared(&till.disk);
            whole &= self.machines.iter().filter(|till| store_of(till.name()) == name && till.is_till()).all(stands);
        }
        let machine = &mut self.machines[at];
        let backup = if lost {
            let template = if machine.is_till() { "till" } else { "server" };
            Backup { disk: self.templates.open(template), note: None }
        } else if restored && !machine.saved.is_empty() {
            let which = self.random.index(machine.saved.len());
            machine.saved.swap_remove(which)
        } else {
            return;
        };
        let label = machine.label.clone();
        self.seen.note(|| {
            format!("{label}: {} {}", if lost { "lost" } else { "restored" }, if whole { "whole" } else { "" })
        });
        self.restores += 1;
        let before = held(&self.machines[at]);
        let machine = &mut self.machines[at];
        machine.disk.put_back(backup.disk);
        if whole {
            machine.is_sure &= backup.note.is_none();
            *machine.note.0.lock().unwrap() = backup.note;
        }
        let gone = before.difference(&held(&self.machines[at])).copied().collect();
        self.books.gone(&gone, &self.machines, &self.seen);
    }

    /// Somebody copies the disk of a running till into another machine, and starts it.
    fn clones(&mut self) {
        let first = self.any(Machine::is_till);
        if !self.of(store_of(&first)).is_sure {
            return;
        }
        let label = format!("{first}~");
        self.seen.note(|| format!("{first} is copied"));
        let random = Random::new(self.random.next());
        let machine = self.of_mut(&first);
        machine.is_sure = false;
        let backup = machine.backup();
        let mut copy = Machine::new(&label, backup.disk, random);
        *copy.note.0.lock().unwrap() = backup.note;
        copy.is_sure = false;
        self.machines.push(copy);
        self.boot(&label);
    }
}

fn store_of(till: &str) -> &str {
    till.rsplit_once('/').map_or("hq", |(store, _)| store)
}
