//! What goes wrong, and when.

use processing::machine::root::{Policy, Root};

use crate::world::{Event, HOUR_MS, MINUTE_MS, SECOND_MS, World};

/// A clock is wrong by at most this.
const SKEW_MS: u64 = 2 * HOUR_MS;

impl World {
    /// All nodes start, and what will go wrong is planned.
    pub(crate) fn begin(&mut self) {
        self.boot_root(false);
        self.open_shop_and_cards();
        self.after(SECOND_MS, Event::RootTick);
        for shop in 0..self.plan.shops {
            self.after(1, Event::BootShop { shop, restored: false });
            let phase = self.random.below(5 * SECOND_MS);
            self.after(SECOND_MS + phase, Event::ShopTick(shop));
            self.plan_next(self.plan.faults.partition_every_ms, Event::Part(shop));
            self.plan_next(self.plan.faults.shop_crash_every_ms, Event::CrashShop(shop));
        }
        self.plan_next(self.plan.faults.root_crash_every_ms, Event::CrashRoot);
        if self.plan.faults.clocks_jump {
            self.plan_next(2 * HOUR_MS, Event::ClockJumps);
        }
        for till in 0..self.tills.len() {
            let phase = self.random.below(10 * SECOND_MS);
            self.after(SECOND_MS + phase, Event::TillTick(till));
            if self.plan.work != crate::plan::Work::Script {
                self.after(10 * SECOND_MS + phase, Event::TillActs(till));
            }
        }
        if self.plan.work == crate::plan::Work::All {
            self.after(MINUTE_MS, Event::Desk);
        }
        self.after(30 * MINUTE_MS, Event::Look);
    }

    fn plan_next(&mut self, every_ms: u64, event: Event) {
        if every_ms > 0 {
            let delay = self.random.about(every_ms);
            self.after(delay, event);
        }
    }

    /// No faults and no new work from here on: all is up and every line is whole.
    pub(crate) fn calm_down(&mut self) {
        self.note(|| "all faults end".to_owned());
        self.quiet = true;
        self.parted.fill(false);
        for shop in 0..self.shops.len() {
            self.shops[shop].node.fails_next = false;
            if !self.shops[shop].node.is_up() {
                self.boot_shop(shop, false);
            }
        }
        self.root.fails_next = false;
        if !self.root.is_up() {
            self.boot_root(false);
        }
    }

    pub(crate) fn part(&mut self, shop: usize) {
        if self.quiet {
            return;
        }
        self.plan_next(self.plan.faults.partition_every_ms, Event::Part(shop));
        if self.parted[shop] {
            return;
        }
        self.parted[shop] = true;
        self.stats.partitions += 1;
        self.note(|| format!("store {} has no line", shop + 1));
        let lasts = self.random.between(10, 7200) * self.random.between(1, 1000);
        self.after(lasts.clamp(10 * SECOND_MS, 2 * HOUR_MS), Event::Heal(shop));
    }

    pub(crate) fn heal(&mut self, shop: usize) {
        self.parted[shop] = false;
        self.note(|| format!("store {} has its line again", shop + 1));
    }

    pub(crate) fn crash_shop(&mut self, shop: usize) {
        if self.quiet {
            return;
        }
        self.plan_next(self.plan.faults.shop_crash_every_ms, Event::CrashShop(shop));
        if !self.shops[shop].node.is_up() {
            return;
        }
        if self.random.chance(500) {
            self.shops[shop].node.fails_next = true;
            return;
        }
        self.note(|| format!("store {} crashes", shop + 1));
        let torn = self.random.next();
        self.shops[shop].node.cut(torn);
        self.shop_is_down(shop);
    }

    pub(crate) fn crash_root(&mut self) {
        if self.quiet {
            return;
        }
        self.plan_next(self.plan.faults.root_crash_every_ms, Event::CrashRoot);
        if !self.root.is_up() {
            return;
        }
        if self.random.chance(500) {
            self.root.fails_next = true;
            return;
        }
        self.note(|| "root crashes".to_owned());
        let torn = self.random.next();
        self.root.cut(torn);
        self.root_is_down();
    }

    pub(crate) fn root_policy(&self) -> Policy {
        Policy { standing_max: self.plan.standing_max, mutant: self.plan.mutant, ..Policy::default() }
    }

    pub(crate) fn boot_root(&mut self, restored: bool) {
        if self.root.is_up() {
            return;
        }
        if restored {
            let keep = self.random.between(500, 1000);
            self.root.restore(keep);
            self.stats.restores += 1;
            self.watch.root_restored();
            self.note(|| format!("root is restored: {keep} of 1000 kept"));
        }
        let machine = Root::new(self.root_policy());
        if let Err(error) = self.root.boot(machine, self.at_ms) {
            return self.fail(format!("the root does not start: {error}"), &[]);
        }
        self.note(|| "root is up".to_owned());
        if restored {
            self.root_does(|root, _| root.restored());
            self.desk_lost();
        }
    }

    /// Its journal was set back by hand.
    pub(crate) fn boots_root_restored(&mut self) {
        self.watch.root_restored();
        self.boot_root(false);
        self.root_does(|root, _| root.restored());
        self.desk_lost();
    }

    pub(crate) fn clock_jumps(&mut self) {
        if self.quiet {
            return;
        }
        self.plan_next(2 * HOUR_MS, Event::ClockJumps);
        let skew = self.random.below(2 * SKEW_MS) as i64 - SKEW_MS as i64;
        match self.random.index(self.shops.len() + 1) {
            0 => self.root.skew_ms = skew,
            shop => self.shops[shop - 1].node.skew_ms = skew,
        }
    }
}
