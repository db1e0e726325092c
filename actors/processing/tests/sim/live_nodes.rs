//! Nodes of the live world: how they start, end and crash, with the actors of production in them.

use std::sync::Arc;

use processing::keeper::Door;
use processing::line::Talk;
use processing::machine::root::Root;
use processing::machine::subordinate::Subordinate;
use processing::root_side::{RootAnswers, RootTicks};
use processing::seen::Seen;
use processing::store_side::{StoreAnswers, StoreTalk};
use runtime::spec::ChildSpec;

use super::{FAR, Live, Nobody};
use crate::desk::store_name;
use crate::life::{Life, Power, making, steady, tree};
use crate::shop::ShopSays;
use crate::wire::WireOf;
use crate::world::Event;

impl Live {
    pub(super) fn seen(&self, who: &str, restored: bool) -> Option<Seen> {
        restored.then(|| {
            let book = self.notes.path().join(who);
            std::fs::write(book.with_extension("seen"), FAR).expect("it can be written");
            Seen::beside(&book)
        })
    }

    pub(super) fn boot_root(&mut self, restored: bool) {
        if self.root.is_some() {
            return;
        }
        if restored {
            let keep = self.world.random.between(500, 1000);
            let before = self.world.root.disk.copy();
            self.world.root.restore(keep);
            if self.world.root.disk.copy().len() < self.opening {
                self.world.root.disk.put_back(before[..self.opening].to_vec());
            }
            self.world.stats.restores += 1;
            self.world.watch.root_restored();
            self.world.note(|| format!("root is restored: {keep} of 1000 kept"));
        }
        self.world.root.boots += 1;
        self.world.note(|| "root is up".to_owned());
        let (door, power) = (Door::default(), Power::new(self.ear.news.clone()));
        let policy = self.world.root_policy();
        let machine = move || Root::new(policy.clone());
        let making = making(&self.world.root.disk, &power, machine, Root::restored, self.seen("root", restored));
        let mut tree = tree("root", making, &door, &self.root_clock);
        let ticks = door.clone();
        tree.child(steady(ChildSpec::new("accounts/ticks", "root_ticks", move || {
            std::future::ready(Ok(RootTicks::new(ticks.clone())))
        })));
        let life = Life::begin(tree, door.clone(), power);
        let there = (life.jobs.clone(), RootAnswers::new(door, None));
        *self.wire.root.lock().expect("nobody panics with it") = Some(there);
        self.root = Some(life);
    }

    pub(super) async fn end_root(&mut self, how: &str) {
        self.world.note(|| format!("root: {how}"));
        *self.wire.root.lock().expect("nobody panics with it") = None;
        if let Some(life) = self.root.take() {
            life.end().await;
        }
        let torn = self.world.random.next();
        self.world.root.disk.crash(torn);
        self.world.root_is_down();
    }

    pub(super) async fn crash_root(&mut self) {
        if self.world.quiet {
            return;
        }
        let wait = self.world.random.about(self.world.plan.faults.root_crash_every_ms);
        self.world.after(wait, Event::CrashRoot);
        let (in_a_write, torn) = (self.world.random.chance(500), self.world.random.next());
        match &self.root {
            Some(life) if in_a_write => life.power.fails_next(Some(torn)),
            Some(_) => self.end_root("it crashes").await,
            None => {}
        }
    }

    pub(super) fn boot_shop(&mut self, shop: usize, restored: bool) {
        if self.shops[shop].life.is_some() {
            return;
        }
        let mut said = false;
        if restored {
            let keep = self.world.random.between(300, 1000);
            self.world.shops[shop].node.restore(keep);
            said = self.world.random.chance(500);
            self.world.stats.restores += 1;
            self.world.watch.shop_restored(shop);
            self.world.shops[shop].has_lost = true;
            self.world.note(|| format!("store {} is restored: {keep} of 1000 kept, said: {said}", shop + 1));
        }
        let policy = self.world.shops[shop].policy.clone();
        let machine = move || Subordinate::new(0, policy.clone(), false);
        if let Err(error) = self.world.shops[shop].node.boot(machine(), self.world.at_ms) {
            return self.world.fail(format!("store {} does not start: {error}", shop + 1), &[]);
        }
        let knows = self.world.knows_its_answers(shop);
        self.world.shops[shop].node.life = None;
        if let (false, Err(sentence)) = (self.world.shops[shop].has_lost, knows) {
            return self.world.fail(sentence, &[&format!("store {}", shop + 1)]);
        }
        self.world.note(|| format!("store {} is up", shop + 1));
        let (door, power) = (Door::default(), Power::new(self.ear.news.clone()));
        let seen = self.seen(&store_name(shop), said);
        let making = making(&self.world.shops[shop].node.disk, &power, machine, Subordinate::restored, seen);
        let mut tree = tree(&store_name(shop), making, &door, &self.shops[shop].clock);
        let talk = Talk { door: door.clone(), line: Arc::new(WireOf { wire: self.wire.clone(), shop }) };
        let talking = talk.clone();
        tree.child(steady(ChildSpec::new("accounts/talk", "store_talk", move || {
            std::future::ready(Ok(StoreTalk::new(talking.clone())))
        })));
        let answers = Arc::new(StoreAnswers::new(talk.clone(), Arc::new(Nobody)));
        self.shops[shop].life = Some((Life::begin(tree, door, power), answers, talk));
        for till in self.tills_of(shop) {
            self.world.send_to_till(till, ShopSays::Tell);
        }
    }

    pub(super) fn tills_of(&self, shop: usize) -> Vec<usize> {
        self.world.tills.iter().filter(|till| till.shop == shop).map(|till| till.till).collect()
    }

    pub(super) async fn end_shop(&mut self, shop: usize, how: &str) {
        self.world.note(|| format!("store {}: {how}", shop + 1));
        if let Some((life, _, _)) = self.shops[shop].life.take() {
            life.end().await;
        }
        let torn = self.world.random.next();
        self.world.shops[shop].node.disk.crash(torn);
        for till in self.tills_of(shop) {
            self.begun[till] = 0;
        }
        self.world.shop_is_down(shop);
    }

    pub(super) async fn crash_shop(&mut self, shop: usize) {
        if self.world.quiet {
            return;
        }
        let wait = self.world.random.about(self.world.plan.faults.shop_crash_every_ms);
        self.world.after(wait, Event::CrashShop(shop));
        let (in_a_write, torn) = (self.world.random.chance(500), self.world.random.next());
        match &self.shops[shop].life {
            Some((life, _, _)) if in_a_write => life.power.fails_next(Some(torn)),
            Some(_) => self.end_shop(shop, "it crashes").await,
            None => {}
        }
    }
}
