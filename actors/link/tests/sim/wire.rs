//! The lines between nodes: frames through memory, which a wire delays, loses, doubles, changes and reorders, and whose
//! connections break at once, late, or unseen. What passes is watched.
//!
//! A frame that is lost spoils its connection, as it does on a real one: soon or late it breaks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use link::frame::{Ack, Frame};
use link::transport::memory::{self, MemoryHub};
use link::transport::{Dial, DialError, Duplex};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::disk::Disk;
use crate::random::Random;
use crate::seen::Seen;

/// Frames on their way in one direction; more are not read.
const ON_THE_WAY_MAX: usize = 64;
/// A connection that was spoilt breaks within this time.
const BREAKS_WITHIN_MS: u64 = 45_000;
/// A node that cannot be reached says nothing for so long.
const UNREACHABLE_AFTER: Duration = Duration::from_secs(5);

/// What a wire does, in frames of 10,000.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    pub lost: u64,
    pub doubled: u64,
    pub reordered: u64,
    pub flipped: u64,
    pub cut: u64,
    pub slow: u64,
    pub slow_ms: u64,
    pub most_ms: u64,
    /// Of 1,000 ends of connections, those that the other end does not see.
    pub unseen: u64,
}

impl Weather {
    pub fn calm() -> Weather {
        Weather { lost: 0, doubled: 0, reordered: 0, flipped: 0, cut: 0, slow: 0, slow_ms: 1, most_ms: 10, unseen: 0 }
    }

    pub fn of(random: &mut Random) -> Weather {
        let mut some = |most| if random.chance(600) { random.between(0, most) } else { 0 };
        Weather {
            lost: some(60),
            doubled: some(200),
            reordered: some(200),
            flipped: some(30),
            cut: some(60),
            slow: some(300),
            slow_ms: 4_000,
            most_ms: 1 + some(80),
            unseen: some(600),
        }
    }
}

struct Inside {
    random: Random,
    weather: Weather,
    /// Lower machines whose line is cut.
    parted: BTreeSet<String>,
    links: BTreeMap<u64, Arc<Link>>,
    last: u64,
    /// Acknowledgements are made up by the wire: a mutant.
    forges: bool,
}

#[derive(Clone)]
pub struct Wire {
    inside: Arc<Mutex<Inside>>,
    seen: Seen,
}

/// One connection, as the wire knows it.
pub struct Link {
    pub number: u64,
    /// The machine below, and the node that it says it is.
    pub lower: String,
    pub upper: String,
    pub lower_disk: Disk,
    pub lower_life: u64,
    pub upper_disk: Disk,
    pub upper_life: u64,
    cut: CancellationToken,
    spoilt: Notify,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Up,
    Down,
}

impl Wire {
    pub fn new(random: Random, weather: Weather, seen: Seen) -> Wire {
        let inside =
            Inside { random, weather, parted: BTreeSet::new(), links: BTreeMap::new(), last: 0, forges: false };
        Wire { inside: Arc::new(Mutex::new(inside)), seen }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().expect("nobody panics with it")
    }

    pub fn part(&self, lower: &str, parted: bool) {
        let mut inside = self.lock();
        if parted {
            inside.parted.insert(lower.to_owned());
        } else {
            inside.parted.remove(lower);
        }
    }

    pub fn forges(&self) {
        self.lock().forges = true;
    }

    /// From here on nothing goes wrong; connections that something went wrong with break now.
    pub fn calms(&self) {
        let mut inside = self.lock();
        inside.weather = Weather::calm();
        inside.parted.clear();
        for link in std::mem::take(&mut inside.links).into_values() {
            link.cut.cancel();
        }
    }

    fn between(&self, from: u64, to: u64) -> Duration {
        Duration::from_millis(self.lock().random.between(from, to))
    }

    /// When a frame arrives: never, once, or twice.
    fn fate(&self, link: &Link, way: Way, frame: &mut Vec<u8>, latest: Instant) -> Vec<Instant> {
        let now = Instant::now();
        let mut inside = self.lock();
        let Inside { random, weather, parted, forges, .. } = &mut *inside;
        if *forges {
            self.forge(link, way, frame);
        }
        let mut happens = |per_myriad: u64| random.below(10_000) < per_myriad;
        if parted.contains(&link.lower) || happens(weather.lost) {
            link.spoilt.notify_one();
            self.seen.note(|| format!("{} lost", link.shown(way, frame)));
            return Vec::new();
        }
        if happens(weather.cut) {
            self.seen.note(|| format!("#{} is cut", link.number));
            link.cut.cancel();
            return Vec::new();
        }
        if happens(weather.flipped) {
            let at = random.index(frame.len());
            frame[at] ^= 1 << random.below(8);
            self.seen.note(|| format!("#{} a bit flips", link.number));
        } else {
            self.seen.sent(link, way, frame);
        }
        let mut happens = |per_myriad: u64| random.below(10_000) < per_myriad;
        let (slow, reordered, doubled) = (happens(weather.slow), happens(weather.reordered), happens(weather.doubled));
        let wait = if slow { random.between(1, weather.slow_ms) } else { random.between(1, weather.most_ms.max(1)) };
        let at = now + Duration::from_millis(wait);
        let first = if reordered { at } else { at.max(latest) };
        let again = doubled.then(|| first + Duration::from_millis(random.between(1, 1_000)));
        [Some(first), again].into_iter().flatten().collect()
    }

    /// An acknowledgement that passes is made one of all that was sent.
    fn forge(&self, link: &Link, way: Way, frame: &mut Vec<u8>) {
        let Ok(Frame::Ack(Ack { channel, .. })) = Frame::decode(frame) else { return };
        if way == Way::Down
            && let Some(place) = self.seen.furthest(link)
        {
            let ack = Ack { channel, sequence: place.sequence, chain: place.chain };
            *frame = Frame::Ack(ack).encode().unwrap();
        }
    }

    async fn pump(self, link: Arc<Link>, way: Way, mut from: mpsc::Receiver<Vec<u8>>, to: mpsc::Sender<Vec<u8>>) {
        let mut queue: BTreeMap<(Instant, u64), Vec<u8>> = BTreeMap::new();
        let (mut open, mut count, mut latest) = (true, 0, Instant::now());
        while open || !queue.is_empty() {
            let next = queue.first_key_value().map(|((at, _), _)| *at);
            tokio::select! {
                biased;
                () = link.cut.cancelled() => return,
                () = tokio::time::sleep_until(next.unwrap_or(latest)), if next.is_some() => {
                    let Some((_, frame)) = queue.pop_first() else { continue };
                    self.seen.arrives(&link, way, &frame);
                    let taken = tokio::select! {
                        biased;
                        () = link.cut.cancelled() => return,
                        taken = to.send(frame) => taken,
                    };
                    if taken.is_err() {
                        break;
                    }
                }
                frame = from.recv(), if open && queue.len() < ON_THE_WAY_MAX => match frame {
                    None => open = false,
                    Some(_) if !link.speaks(way) => {}
                    Some(mut frame) => {
                        for at in self.fate(&link, way, &mut frame, latest) {
                            latest = latest.max(at);
                            count += 1;
                            queue.insert((at, count), frame.clone());
                        }
                    }
                },
            }
        }
        self.ends(&link).await;
    }

    /// One end is gone. The other sees it now, or when its patience ends.
    async fn ends(&self, link: &Link) {
        let unseen = {
            let mut inside = self.lock();
            let per_mille = inside.weather.unseen;
            inside.random.chance(per_mille)
        };
        if unseen {
            link.spoilt.notify_one();
        } else {
            link.cut.cancel();
        }
    }

    async fn guard(self, link: Arc<Link>, near: CancellationToken, far: CancellationToken) {
        tokio::select! {
            biased;
            () = link.cut.cancelled() => {}
            () = near.cancelled() => {}
            () = far.cancelled() => self.ends(&link).await,
            () = link.spoilt.notified() => {}
        }
        if !near.is_cancelled() && !link.cut.is_cancelled() {
            let wait = self.between(0, BREAKS_WITHIN_MS);
            tokio::select! {
                biased;
                () = link.cut.cancelled() => {}
                () = near.cancelled() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        self.seen.note(|| format!("#{} ends", link.number));
        for token in [&link.cut, &near, &far] {
            token.cancel();
        }
        self.lock().links.remove(&link.number);
    }
}

impl Link {
    /// The node that sends this way has power, and is in the life in which it was connected.
    fn speaks(&self, way: Way) -> bool {
        match way {
            Way::Up => self.lower_disk.runs(self.lower_life),
            Way::Down => self.upper_disk.runs(self.upper_life),
        }
    }

    pub fn shown(&self, way: Way, frame: &[u8]) -> String {
        let arrow = if way == Way::Up { ">" } else { "<" };
        format!("#{} {}{arrow}{} {}", self.number, self.lower, self.upper, crate::seen::shown(frame))
    }
}

/// A dial over the wire.
pub struct WireDial {
    pub wire: Wire,
    pub hub: MemoryHub,
    pub lower: String,
    pub lower_disk: Disk,
    pub upper: String,
    pub upper_disk: Disk,
}

impl Dial for WireDial {
    fn dial(&self) -> BoxFuture<'_, Result<Duplex, DialError>> {
        async move {
            let parted = self.wire.lock().parted.contains(&self.lower);
            if parted {
                tokio::time::sleep(UNREACHABLE_AFTER).await;
                return Err(DialError("no answer".to_owned()));
            }
            tokio::time::sleep(self.wire.between(1, 100)).await;
            let far = self.hub.way_to(&self.upper).dial().await?;
            let (ours, near) = memory::pair();
            let link = {
                let mut inside = self.wire.lock();
                inside.last += 1;
                let link = Arc::new(Link {
                    number: inside.last,
                    lower: self.lower.clone(),
                    upper: self.upper.clone(),
                    lower_disk: self.lower_disk.clone(),
                    lower_life: self.lower_disk.life(),
                    upper_disk: self.upper_disk.clone(),
                    upper_life: self.upper_disk.life(),
                    cut: CancellationToken::new(),
                    spoilt: Notify::new(),
                });
                inside.links.insert(link.number, link.clone());
                link
            };
            tokio::spawn(self.wire.clone().guard(link.clone(), near.cut.clone(), far.cut.clone()));
            tokio::spawn(self.wire.clone().pump(link.clone(), Way::Up, near.receiver, far.sender));
            tokio::spawn(self.wire.clone().pump(link, Way::Down, far.receiver, near.sender));
            Ok(ours)
        }
        .boxed()
    }

    fn to(&self) -> String {
        self.upper.clone()
    }
}
