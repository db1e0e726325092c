//! What is seen of a run: its log, and the rules that hold for every frame on a wire. The first rule that is broken ends the run.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use link::chain::Place;
use link::frame::Frame;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::wire::{Link, Way};

/// Lines that are shown before a failure.
pub const SHOWN_MAX: usize = 60;

struct Inside {
    began: Instant,
    lines: VecDeque<String>,
    kept_max: usize,
    hash: u64,
    violation: Option<String>,
    talks: BTreeMap<u64, Talk>,
    /// Machines that agreed with the node above.
    agreed: Vec<String>,
    frames: u64,
}

/// What was said on one connection.
#[derive(Clone, Copy, Debug, Default)]
struct Talk {
    /// The last place that was acknowledged, as the sender knows it.
    acked: u64,
    furthest: Place,
    widest: u64,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Seen {
    inside: Arc<Mutex<Inside>>,
    wakes: Arc<Notify>,
}

impl Seen {
    /// Rings `wakes` when somebody agreed.
    pub fn new(kept_max: usize, wakes: Arc<Notify>) -> Seen {
        let inside = Inside {
            began: Instant::now(),
            lines: VecDeque::new(),
            kept_max,
            hash: 0xCBF2_9CE4_8422_2325,
            violation: None,
            talks: BTreeMap::new(),
            agreed: Vec::new(),
            frames: 0,
        };
        Seen { inside: Arc::new(Mutex::new(inside)), wakes }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().expect("nobody panics with it")
    }

    pub fn note(&self, line: impl FnOnce() -> String) {
        self.lock().note(line());
    }

    /// A rule is broken.
    pub fn broken(&self, rule: &str, sentence: impl Into<String>) {
        let sentence = format!("{rule}: {}", sentence.into());
        let mut inside = self.lock();
        inside.note(sentence.clone());
        inside.violation.get_or_insert(sentence);
    }

    pub fn violation(&self) -> Option<String> {
        self.lock().violation.clone()
    }

    /// The log as far as it is kept, and a hash over all of it.
    pub fn told(&self) -> (Vec<String>, u64) {
        let inside = self.lock();
        (inside.lines.iter().cloned().collect(), inside.hash)
    }

    /// Who agreed since it was last asked for.
    pub fn take_agreed(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().agreed)
    }

    pub fn frames(&self) -> u64 {
        self.lock().frames
    }

    /// The last document that was sent on this connection.
    pub fn furthest(&self, link: &Link) -> Option<Place> {
        self.lock().talks.get(&link.number).map(|talk| talk.furthest).filter(|place| place.sequence > 0)
    }

    /// A frame leaves a node.
    pub fn sent(&self, link: &Link, way: Way, bytes: &[u8]) {
        let Ok(frame) = Frame::decode(bytes) else {
            return self.broken("frames", format!("{} cannot be read", link.shown(way, bytes)));
        };
        let mut inside = self.lock();
        inside.frames += 1;
        if !matches!(frame, Frame::Ping(_) | Frame::Pong(_)) {
            inside.note(link.shown(way, bytes));
        }
        let talk = inside.talks.entry(link.number).or_default();
        match frame {
            Frame::Data(data) if way == Way::Up => {
                let Some(last) = data.documents.last() else { return };
                if last.place.sequence > talk.furthest.sequence {
                    talk.furthest = last.place;
                }
                let (on_the_way, most) = (last.place.sequence.saturating_sub(talk.acked), talk.widest + 1);
                if on_the_way > most {
                    drop(inside);
                    self.broken("I7", format!("#{} has {on_the_way} documents on the way, {most} may be", link.number));
                }
            }
            Frame::Agreed(_) => {
                inside.agreed.push(link.lower.clone());
                self.wakes.notify_one();
            }
            Frame::Ack(ack) => {
                drop(inside);
                self.is_committed(link, Place { sequence: ack.sequence, chain: ack.chain });
            }
            _ => {}
        }
    }

    /// I6: what is acknowledged lies on the disk of the node that says so.
    fn is_committed(&self, link: &Link, acked: Place) {
        let peer = node_of(&link.lower);
        let sql = format!("SELECT applied_seq, chain FROM inbox_cursor WHERE peer = '{peer}'");
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, Vec<u8>>(1)?));
        let cursor = link.upper_disk.rows(&sql, read).pop().unwrap_or_default();
        let there = cursor.0 > acked.sequence || (cursor.0 == acked.sequence && cursor.1 == acked.chain);
        if link.upper_disk.in_transaction() || (acked.sequence > 0 && !there) {
            let sentence = format!("{} acknowledges {} to {peer} and has {}", link.upper, acked.sequence, cursor.0);
            self.broken("I6", sentence);
        }
    }

    /// A frame comes to a node.
    pub fn arrives(&self, link: &Link, way: Way, bytes: &[u8]) {
        let Ok(frame) = Frame::decode(bytes) else { return };
        let mut inside = self.lock();
        let talk = inside.talks.entry(link.number).or_default();
        match frame {
            Frame::Welcome(welcome) if way == Way::Down => {
                talk.acked = welcome.applied_sequence;
                talk.widest = u64::from(welcome.window_documents);
            }
            Frame::Ack(ack) => talk.acked = talk.acked.max(ack.sequence),
            Frame::Credit(credit) => talk.widest = talk.widest.max(u64::from(credit.documents)),
            _ => {}
        }
    }
}

impl Inside {
    fn note(&mut self, line: String) {
        let line = format!("{:>8.3} {line}", self.began.elapsed().as_secs_f64());
        for byte in line.bytes().chain([b'\n']) {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
        if self.lines.len() == self.kept_max {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }
}

/// A copied machine is called as the first one, with something behind it.
pub fn node_of(machine: &str) -> &str {
    machine.split('~').next().unwrap_or(machine)
}

/// A frame in the log: what is the same whenever the seed is.
pub fn shown(bytes: &[u8]) -> String {
    match Frame::decode(bytes) {
        Err(error) => error.to_string(),
        Ok(Frame::Hello(hello)) => format!("Hello at {}", hello.last_sequence),
        Ok(Frame::Welcome(welcome)) => format!("Welcome {} at {}", welcome.session, welcome.applied_sequence),
        Ok(Frame::Data(data)) => match &data.documents[..] {
            [first, .., last] => format!("Data {}..{}", first.place.sequence, last.place.sequence),
            [only] => format!("Data {}", only.place.sequence),
            [] => "Data of nothing".to_owned(),
        },
        Ok(Frame::Ack(ack)) => format!("Ack {}", ack.sequence),
        Ok(Frame::Nack(nack)) => format!("Nack from {}", nack.expected),
        Ok(Frame::Credit(credit)) => format!("Credit {}", credit.documents),
        Ok(Frame::Agreed(agreed)) => format!("Agreed at {}", agreed.last_sequence),
        Ok(Frame::Backfill(asked)) => format!("Backfill after {}", asked.after),
        Ok(Frame::Bye(bye)) => format!("Bye: {}", without_chains(&bye.sentence)),
        Ok(other) => other.kind_name().to_owned(),
    }
}

/// Chains are made of random numbers.
pub fn without_chains(sentence: &str) -> String {
    let is_chain = |word: &str| word.len() == 8 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let words = sentence.split(' ').map(|word| if is_chain(word.trim_end_matches([',', ':'])) { "…" } else { word });
    words.collect::<Vec<_>>().join(" ")
}
