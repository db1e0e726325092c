//! The auditor: which documents tills made, which of them may be gone for good, and what must be true of all disks.
//!
//! A document may be missing only if at some moment no disk of its till, its store and the head office held it. Its number may
//! then be given again, because nobody is left who knows it.

use std::collections::{BTreeMap, BTreeSet};

use crate::disk::{Disk, Sale};
use crate::node::Machine;
use crate::seen::Seen;

/// A document of a till.
#[derive(Clone, Debug)]
struct Made {
    till: String,
    /// Its till knew all numbers that it had given, as far as anybody could.
    sure: bool,
    lost: bool,
}

#[derive(Default)]
pub struct Books {
    made: BTreeMap<u64, Made>,
    numbers: BTreeMap<(String, u64), Vec<u64>>,
}

/// The documents that lie on a disk.
pub fn held(machine: &Machine) -> BTreeSet<u64> {
    let sql = if machine.is_till() { "SELECT serial FROM sim_sold" } else { "SELECT serial FROM sim_effect" };
    machine.disk.rows(sql, |row| row.get::<_, i64>(0)).into_iter().map(i64::unsigned_abs).collect()
}

impl Books {
    /// I5: a number is not given twice, unless the first is gone and nobody could know of it.
    pub fn sold(&mut self, machine: &Machine, sales: Vec<Sale>, seen: &Seen) {
        for Sale { serial, number } in sales {
            let till = machine.name().to_owned();
            seen.note(|| format!("{} sells {serial} as number {number}, sure: {}", machine.label, machine.is_sure));
            let others = self.numbers.entry((till.clone(), number)).or_default();
            let clash = others.iter().find(|other| {
                let made = &self.made[other];
                made.sure && !made.lost
            });
            if let (Some(other), true) = (clash, machine.is_sure) {
                seen.broken("I5", format!("{till} gives number {number} to {serial}, which {other} has"));
            }
            others.push(serial);
            self.made.insert(serial, Made { till, sure: machine.is_sure, lost: false });
        }
    }

    /// These were on a disk and are no more. What no disk has is lost.
    pub fn gone(&mut self, gone: &BTreeSet<u64>, machines: &[Machine], seen: &Seen) {
        let elsewhere: BTreeSet<u64> = machines.iter().flat_map(held).collect();
        for serial in gone.difference(&elsewhere) {
            if let Some(made) = self.made.get_mut(serial).filter(|made| !made.lost) {
                made.lost = true;
                seen.note(|| format!("{serial} of {} is lost", made.till));
            }
        }
    }

    pub fn made(&self) -> usize {
        self.made.len()
    }

    pub fn lost(&self) -> usize {
        self.made.values().filter(|made| made.lost).count()
    }

    /// When all is quiet: I1, I4.
    pub fn check_quiet(&self, machines: &[Machine], seen: &Seen) {
        let of = |name: &str| machines.iter().find(|machine| machine.name() == name).expect("it is there");
        let at_hq = held(of("hq"));
        for (serial, made) in &self.made {
            if !made.lost && !at_hq.contains(serial) {
                seen.broken("I1", format!("document {serial} of {} is not at the head office", made.till));
            }
        }
        for till in machines.iter().filter(|machine| machine.is_till()) {
            let (store, number) = till.name().rsplit_once('/').expect("it is a till's name");
            let own = chain_of_till(&till.disk);
            for server in [of(store), of("hq")] {
                let there = chain_at_server(&server.disk, store, number);
                if there != own {
                    let (there, own) = (there.0, own.0);
                    seen.broken("I4", format!("{} ends at {own}, at {} at {there}", till.name(), server.label));
                }
            }
            let order = |disk: &Disk| effects(disk, store, number);
            if order(&of(store).disk) != order(&of("hq").disk) {
                seen.broken("I4", format!("{store} and the head office know other documents of {}", till.name()));
            }
        }
    }
}

type Head = (i64, Vec<u8>);

fn head(disk: &Disk, sql: &str) -> Head {
    disk.rows(sql, |row| Ok((row.get(0)?, row.get(1)?))).pop().unwrap_or((0, vec![0; 16]))
}

pub fn chain_of_till(disk: &Disk) -> Head {
    head(disk, "SELECT seq, chain FROM out_head")
}

pub fn chain_at_server(disk: &Disk, store: &str, till: &str) -> Head {
    head(disk, &format!("SELECT sequence, chain FROM origin_head WHERE store = '{store}' AND till = {till}"))
}

/// Of the last document that was made here, and of the last that the node above is known to have.
pub fn ends(disk: &Disk) -> (i64, i64) {
    disk.rows("SELECT seq, acked_seq FROM out_head", |row| Ok((row.get(0)?, row.get(1)?))).pop().unwrap_or_default()
}

/// The node above is known to know where this database stands.
pub fn is_compared(disk: &Disk) -> bool {
    disk.number("SELECT COUNT(*) FROM node_identity WHERE compared") > 0
}

fn effects(disk: &Disk, store: &str, till: &str) -> Vec<(i64, i64)> {
    let sql = format!("SELECT sequence, serial FROM sim_effect WHERE store = '{store}' AND till = {till} ORDER BY n");
    disk.rows(&sql, |row| Ok((row.get(0)?, row.get(1)?)))
}

/// At any time, on the disk of a server: I2, I3, I9.
pub fn check_server(machine: &Machine, seen: &Seen) {
    let count = |sql: &str| machine.disk.number(sql);
    let whose = &machine.label;
    if count("SELECT COUNT(*) - COUNT(DISTINCT serial) FROM sim_effect") > 0 {
        seen.broken("I2", format!("{whose} applied a document twice"));
    }
    let order =
        "SELECT COUNT(*) FROM (SELECT sequence, LAG(sequence) OVER (PARTITION BY store, till ORDER BY n) AS before
        FROM sim_effect) WHERE sequence != COALESCE(before, 0) + 1";
    if count(order) > 0 {
        seen.broken("I3", format!("{whose} applied documents out of their till's order"));
    }
    let parted = "SELECT COUNT(*) FROM origin_head h WHERE sequence != (SELECT COUNT(*) FROM sim_effect e WHERE e.store = h.store
        AND e.till = h.till)";
    if count(parted) > 0 {
        seen.broken("I9", format!("{whose} has other effects than its tills' heads say"));
    }
    let kept = "SELECT COUNT(*) FROM inbox_cursor c WHERE applied_seq != (SELECT COALESCE(MAX(seq_to), 0) FROM document_block b
        WHERE b.peer = c.peer)";
    if count(kept) > 0 {
        seen.broken("I9", format!("{whose} does not keep what its cursors say it received"));
    }
}
