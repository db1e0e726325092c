//! The end of a run: people look after what was refused, faults end, all is delivered, and it is looked at.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use link::downlinks::Status;
use link::inbox;

use super::{CLONES_TOLD_MS, QUIET_WITHIN_MS, TURNS, World, store_of};
use crate::books::{self, held};
use crate::plan::SECOND_MS;
use crate::seen::without_chains;

impl World<'_> {
    pub(super) async fn ends(&mut self) {
        self.calms_down().await;
        self.goes_on(5 * SECOND_MS).await;
        if self.machines.iter().any(|machine| machine.label.contains('~')) {
            self.goes_on(CLONES_TOLD_MS).await;
            self.clones_are_told().await;
            self.one_of_each().await;
        }
        self.common.sells.set(false);
        self.settles().await;
        // Everybody can still sell.
        let before = self.common.serials.load(Ordering::Relaxed);
        self.common.sells.set(true);
        self.goes_on(2 * self.plan.sell_every_ms).await;
        self.common.sells.set(false);
        if self.common.serials.load(Ordering::Relaxed) == before {
            self.seen.broken("I1", "no till sells any more");
        }
        self.settles().await;
        self.looks();
        if self.seen.violation().is_none() {
            self.books.check_quiet(&self.machines, &self.seen);
        }
    }

    // People.

    /// A machine that was refused because another took its place is trusted again, if it is the only one of its name.
    pub(super) async fn operator(&mut self) {
        for at in 0..self.machines.len() {
            let Some(downlinks) = self.machines[at].life.as_ref().and_then(|life| life.downlinks.clone()) else {
                continue;
            };
            let Ok(status) = downlinks.reference().ask(Status).await else { continue };
            for peer in status.peers {
                let replaced = peer.incident.is_some_and(|sentence| sentence.starts_with("replaced"));
                let machines = self.machines.iter().filter(|machine| machine.name() == peer.name).count();
                if replaced && !peer.connected && machines == 1 {
                    self.seen.note(|| format!("{} is trusted", peer.name));
                    let database = self.machines[at].disk.database(self.common.wakes.clone());
                    inbox::trust_another(&database, &peer.name).await.ok();
                }
            }
        }
    }

    // Looks.

    pub(super) fn looks(&self) {
        for machine in self.machines.iter().filter(|machine| !machine.is_till()) {
            books::check_server(machine, &self.seen);
        }
    }

    /// I8: of two machines of one name, which both can reach the node above, one is refused and named there.
    pub(super) async fn clones_are_told(&mut self) {
        let copies: Vec<String> = self.machines.iter().map(|m| m.label.clone()).filter(|l| l.contains('~')).collect();
        for label in copies {
            let name = self.of(&label).name().to_owned();
            let life = self.of(store_of(&name)).life.as_ref();
            let Some(downlinks) = life.and_then(|life| life.downlinks.clone()) else { continue };
            let Ok(status) = downlinks.reference().ask(Status).await else { continue };
            let told = status.peers.into_iter().find(|peer| peer.name == name).and_then(|peer| peer.incident);
            let named = told.as_ref().is_some_and(|told| told.starts_with("clone") || told.starts_with("replaced"));
            if !named {
                self.seen.broken("I8", format!("two machines are {name}, and its store says {told:?}"));
            }
        }
    }

    /// The operator switches one of each pair off.
    pub(super) async fn one_of_each(&mut self) {
        let copies: Vec<String> = self.machines.iter().map(|m| m.label.clone()).filter(|l| l.contains('~')).collect();
        for copy in copies {
            let first = self.of(&copy).name().to_owned();
            let goes = if self.random.chance(500) { first } else { copy };
            self.seen.note(|| format!("{goes} is switched off for ever"));
            if let Some(life) = self.of_mut(&goes).life.take() {
                life.end().await;
            }
            let at = self.machines.iter().position(|machine| machine.label == goes).expect("it is there");
            let machine = self.machines.remove(at);
            self.books.sold(&machine, machine.disk.take_sold(), &self.seen);
            self.books.gone(&held(&machine), &self.machines, &self.seen);
        }
    }

    // Quiet.

    pub(super) async fn calms_down(&mut self) {
        self.seen.note(|| "all faults end".to_owned());
        self.quiet = true;
        self.wire.calms();
        let labels: Vec<String> = self.machines.iter().map(|machine| machine.label.clone()).collect();
        for label in labels {
            self.of(&label).disk.fails(None);
            self.boot(&label);
        }
    }

    /// Until all is everywhere.
    pub(super) async fn settles(&mut self) {
        let until_ms = self.now_ms() + QUIET_WITHIN_MS;
        loop {
            self.goes_on(3 * SECOND_MS).await;
            let open = self.open();
            if open.is_empty() || self.seen.violation().is_some() {
                break;
            }
            if self.now_ms() >= until_ms {
                let told = self.told().await;
                self.seen.broken("I1", format!("this is not delivered: {open:?}; {told}"));
            }
        }
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
        self.hears().await;
    }

    /// Nodes with something that the node above is not known to have.
    pub(super) fn open(&self) -> BTreeSet<String> {
        let mut open = BTreeSet::new();
        for machine in self.machines.iter().filter(|machine| machine.label != "hq") {
            let (last, acked) = books::ends(&machine.disk);
            if last != acked || !books::is_compared(&machine.disk) {
                open.insert(machine.label.clone());
            }
            if machine.is_till() {
                let (store, till) = machine.name().rsplit_once('/').expect("it is a till's name");
                let own = books::chain_of_till(&machine.disk).0;
                let there = |server: &str| books::chain_at_server(&self.of(server).disk, store, till).0;
                if own != there(store) || own != there("hq") {
                    open.insert(machine.label.clone());
                }
            }
        }
        open
    }

    /// What operators read.
    pub(super) async fn told(&self) -> String {
        let mut told = Vec::new();
        for machine in &self.machines {
            let Some(downlinks) = machine.life.as_ref().and_then(|life| life.downlinks.clone()) else { continue };
            let Ok(status) = downlinks.reference().ask(Status).await else { continue };
            for peer in status.peers {
                if let Some(sentence) = peer.incident.or(peer.last_error.filter(|_| !peer.connected)) {
                    told.push(format!("{} of {}: {}", machine.label, peer.name, without_chains(&sentence)));
                }
            }
        }
        told.join("; ")
    }
}
