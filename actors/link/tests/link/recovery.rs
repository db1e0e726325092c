//! Databases that were put back from a backup, lost, or copied while they run: a chain of a head office, a store and two
//! tills is played by a script, and at its end every node knows every document once, in order.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use domain::ids::TillId;
use link::apply::origin_head;
use link::downlinks::TrustAnother;
use link::outbox;
use link::transport::memory::MemoryHub;
use migrations::database::Database;
use sea_orm::ConnectionTrait;
use tempfile::TempDir;

use crate::world::{Effects, Server, Till, effects, memory_way, play, store, till_peer, until, upto};

struct Chain {
    dir: TempDir,
    /// What is dialled: the head office's, and the store's.
    above: [MemoryHub; 2],
    hq: Option<Server>,
    store: Option<Server>,
    tills: BTreeMap<String, Till>,
    sold: BTreeMap<u32, u64>,
}

/// Play `script`, a step a line:
///
/// - `sell TILL COUNT`, `settle`: everything is everywhere
/// - `save NODE`, `stop NODE`, `restore NODE` (the database alone), `restore NODE whole` (with its note), `lose NODE`, stopped or not,
///   `start NODE`
/// - `copy TILL`: a second machine with the disk that was saved of the first, called `copy`
/// - `cut NODE`, `mend NODE`: the lines down from a node
/// - `refused NAME WORDS`: the node above says so of it
fn check(script: &'static str) {
    play(async move {
        let mut chain = Chain::start().await;
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            chain.step(line).await;
        }
    });
}

impl Chain {
    async fn start() -> Chain {
        let mut chain = Chain {
            dir: TempDir::new().unwrap(),
            above: [MemoryHub::new(), MemoryHub::new()],
            hq: None,
            store: None,
            tills: BTreeMap::new(),
            sold: BTreeMap::new(),
        };
        for node in ["hq", "store", "1", "2"] {
            chain.begin(node).await;
        }
        chain
    }

    async fn step(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["sell", till, count] => {
                let count: u64 = count.parse().unwrap();
                let seller = &self.tills[till];
                seller.sell(count).await;
                *self.sold.entry(seller.number).or_default() += count;
            }
            ["settle"] => self.settle().await,
            ["save", node] => self.save(node).await,
            ["stop", node] => self.stop(node).await,
            ["start", node] => self.begin(node).await,
            ["restore", node, ref whole @ ..] => {
                self.stop(node).await;
                self.remove(node, !whole.is_empty());
                let saved = self.file(&format!("{node}.saved"));
                std::fs::copy(saved, self.file(&database_name(node))).unwrap();
                self.begin(node).await;
            }
            ["lose", node] => {
                if node == "store" || self.tills.contains_key(node) {
                    self.stop(node).await;
                }
                self.remove(node, true);
                self.begin(node).await;
            }
            ["copy", till] => {
                let other = TempDir::new_in(self.dir.path()).unwrap();
                std::fs::copy(self.file(&format!("{till}.saved")), other.path().join(database_name(till))).unwrap();
                let number = till.parse().unwrap();
                let copy = Till::start(&other, number, token(number), memory_way(&self.above[1])).await;
                let _kept = other.keep();
                self.tills.insert("copy".to_owned(), copy);
            }
            ["cut", node] => self.above[level(node)].down("above"),
            ["mend", node] => self.lines_of(node),
            ["refused", name, ..] => self.refused(name, &words[2..].join(" ")).await,
            ["trust", name] => {
                let order = TrustAnother { peer: format!("S1/{name}") };
                self.store.as_ref().unwrap().downlinks.reference().ask(order).await.unwrap().unwrap();
            }
            ["back", till, count] => {
                let back = self.tills[till].back.0.lock().unwrap().clone();
                assert_eq!(back.len(), count.parse::<usize>().unwrap(), "{back:?} came back");
            }
            _ => panic!("no such step: {line}"),
        }
    }

    async fn begin(&mut self, node: &str) {
        match node {
            "hq" => self.hq = Some(Server::start(&self.dir, &database_name(node)).await),
            "store" => {
                let above: Arc<dyn link::transport::Dial> = memory_way(&self.above[0]);
                let server = Server::start_with(&self.dir, &database_name(node), Effects::default(), Some(above)).await;
                self.store = Some(server);
            }
            till => {
                let number = till.parse().unwrap();
                let started = Till::start(&self.dir, number, token(number), memory_way(&self.above[1])).await;
                self.tills.insert(till.to_owned(), started);
                return;
            }
        }
        self.lines_of(node);
    }

    async fn stop(&mut self, node: &str) {
        let (stopped, database) = match node {
            "hq" => self.hq.take().map(|server| (server.node, server.database)).unwrap(),
            "store" => self.store.take().map(|server| (server.node, server.database)).unwrap(),
            till => self.tills.remove(till).map(|till| (till.node, till.database)).unwrap(),
        };
        if ["hq", "store"].contains(&node) {
            self.above[level(node)].down("above");
        }
        stopped.shutdown().await;
        database.close().await.unwrap();
    }

    fn lines_of(&self, node: &str) {
        let server = if node == "hq" { &self.hq } else { &self.store };
        if let Some(server) = server {
            self.above[level(node)].up("above", server.acceptor());
        }
    }

    fn database(&self, node: &str) -> &Database {
        match node {
            "hq" => &self.hq.as_ref().unwrap().database,
            "store" => &self.store.as_ref().unwrap().database,
            till => &self.tills[till].database,
        }
    }

    async fn save(&self, node: &str) {
        let saved = self.file(&format!("{node}.saved"));
        std::fs::remove_file(&saved).ok();
        let sql = format!("VACUUM INTO '{}'", saved.display());
        self.database(node).writer.execute_unprepared(&sql).await.unwrap();
    }

    fn remove(&self, node: &str, note: bool) {
        let name = database_name(node);
        let stem = name.strip_suffix(".db").unwrap();
        let notes = [format!("{name}.state"), format!("{stem}.state")];
        let files = [name.clone(), format!("{name}-wal"), format!("{name}-shm")].into_iter();
        for file in files.chain(notes.into_iter().filter(|_| note)) {
            std::fs::remove_file(self.file(&file)).ok();
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    async fn settle(&self) {
        for (till, sold) in &self.sold {
            for node in ["store", "hq"] {
                let what = format!("{node} knows what till {till} sold");
                let database = self.database(node).clone();
                until(&what, async || {
                    let seen = effects(&database, *till).await;
                    (seen.len() as u64 >= *sold, seen.len())
                })
                .await;
                assert_eq!(effects(&database, *till).await, upto(*sold), "{node}, till {till}");
                let own = self.tills.get(&till.to_string()).or_else(|| self.tills.get("copy"));
                let Some(own) = own else { continue };
                until("the till stands where it is known to", async || {
                    let head = outbox::chain_head(&own.database.reader, &store(), TillId(*till)).await.unwrap();
                    let known = origin_head(&database.reader, &store(), TillId(*till)).await.unwrap();
                    (head == known, (head, known))
                })
                .await;
            }
        }
        for server in [&self.hq, &self.store].into_iter().flatten() {
            assert_eq!(parked(&server.database).await, 0);
        }
    }

    /// The store says it of a till, the head office of the store.
    async fn refused(&self, name: &str, words: &str) {
        let (server, peer) = match name {
            "store" => (&self.hq, "S1".to_owned()),
            till => (&self.store, till_peer(till.parse().unwrap()).name),
        };
        let server = server.as_ref().unwrap();
        until(&format!("{name} is refused: {words}"), async || {
            let status = server.status().await;
            let incident = status.peers.iter().find(|seen| seen.name == peer).and_then(|seen| seen.incident.clone());
            (incident.as_deref().is_some_and(|sentence| sentence.contains(words)), status)
        })
        .await;
    }
}

async fn parked(database: &Database) -> u64 {
    link::inbox::parked::count(&database.reader).await.unwrap()
}

fn token(till: u32) -> &'static str {
    if till == 1 { "one" } else { "two" }
}

fn level(node: &str) -> usize {
    usize::from(node != "hq")
}

fn database_name(node: &str) -> String {
    match node {
        "hq" | "store" => format!("{node}.db"),
        till => format!("till{till}.db"),
    }
}

#[test]
fn fault_f21_a_till_that_lost_its_database_takes_its_documents_back_and_goes_on_after_them() {
    check(
        "sell 1 40
         sell 2 5
         settle
         lose 1
         settle
         back 1 40
         sell 1 7
         settle",
    );
}

#[test]
fn fault_f22_a_store_of_yesterday_gets_its_day_back_from_above_and_from_below() {
    check(
        "sell 1 30
         settle
         save store
         sell 1 20
         sell 2 10
         settle
         cut hq
         sell 1 4
         restore store
         sell 2 3
         mend hq
         settle
         sell 1 1
         settle",
    );
}

#[test]
fn fault_f22_a_store_whose_note_went_back_with_it_is_found_out_by_the_head_office() {
    check(
        "sell 1 30
         settle
         save store
         sell 1 20
         settle
         restore store whole
         sell 2 3
         settle",
    );
}

#[test]
fn a_store_that_lost_everything_gets_it_back() {
    check(
        "sell 1 30
         sell 2 30
         settle
         lose store
         sell 1 2
         settle",
    );
}

/// Found by the simulator, seed 15.
#[test]
fn a_till_and_its_store_that_both_lost_everything_get_it_back_from_the_head_office() {
    check(
        "sell 1 10
         settle
         stop 1
         lose store
         settle
         lose 1
         settle
         back 1 10
         sell 1 2
         settle",
    );
}

#[test]
fn fault_f23_a_head_office_of_yesterday_is_sent_everything_again() {
    check(
        "sell 1 30
         settle
         save hq
         sell 1 200
         sell 2 10
         settle
         restore hq
         sell 1 4
         settle",
    );
}

#[test]
fn fault_f24_both_went_back_to_different_times() {
    check(
        "sell 1 10
         settle
         save store
         sell 1 10
         sell 2 10
         settle
         save hq
         sell 1 10
         sell 2 10
         settle
         cut hq
         restore store
         restore hq
         sell 1 5
         settle",
    );
    check(
        "sell 1 10
         settle
         save hq
         sell 1 10
         sell 2 10
         settle
         save store
         sell 1 10
         settle
         cut hq
         restore hq
         restore store
         sell 1 5
         settle",
    );
}

#[test]
fn fault_f25_a_copy_of_a_running_till_is_refused_and_named() {
    check(
        "sell 1 10
         settle
         save 1
         copy 1
         refused 1 clone
         sell 1 3
         settle
         stop 1
         settle
         sell copy 2
         settle",
    );
}

#[test]
fn fault_f25_a_machine_whose_place_a_copy_took_waits_for_an_operator() {
    check(
        "sell 1 10
         settle
         save 1
         sell 1 10
         settle
         stop 1
         copy 1
         settle
         sell copy 2
         settle
         start 1
         refused 1 replaced
         stop copy
         trust 1
         sell 1 3
         settle",
    );
}

#[test]
fn a_till_put_back_takes_back_what_it_sent_since() {
    check(
        "sell 1 10
         settle
         save 1
         sell 1 10
         settle
         restore 1
         settle
         sell 1 2
         settle",
    );
    check(
        "sell 1 10
         settle
         save 1
         sell 1 10
         settle
         restore 1 whole
         settle
         sell 1 2
         settle",
    );
}
