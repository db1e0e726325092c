//! A TCP proxy that does to a connection what bad lines do: late, slow, half-open, cut, refused; and to the messages of a
//! WebSocket what a broken box on the way can do: lost, doubled, swapped, a bit flipped.
//!
//! It stands between programs, or between nodes of one process. What it does changes while connections run.
//! Must never: let bytes overtake each other unless it was told to, or keep more of them than its limits say.

#[path = "faultproxy/frames.rs"]
mod frames;
#[cfg(test)]
#[path = "faultproxy/trials.rs"]
mod trials;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::RngExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::Instant;

use frames::{Message, Piece, Splitter};

/// Connections at once; one more is closed.
const CONNECTIONS_MAX: u64 = 256;
/// Bytes of one direction of a connection that wait for their time or for a slow reader.
const WAITING_BYTES_MAX: usize = 4 * 1024 * 1024;
/// And pieces of them.
const WAITING_PIECES_MAX: usize = 1_024;
const READ_BYTES: usize = 16 * 1024;
/// A throttled direction passes a little so often.
const TICK: Duration = Duration::from_millis(20);

/// What happens to a direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fault {
    #[default]
    None,
    /// Every piece comes later by `least` and up to `jitter` more, and no more than so many bytes pass in a second.
    Slow { least: Duration, jitter: Duration, bytes_per_s: Option<u32> },
    /// Half-open: what comes is taken and goes nowhere, and no end is passed on. A connection that lost bytes so stays so.
    Swallow,
    /// New connections are closed at once; those that are there go on.
    Refuse,
    /// Of the WebSocket messages of one kind (their fourth byte), the next `times` are spoilt.
    Spoil { how: Spoil, kind: u8, times: u32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoil {
    Lose,
    Double,
    /// It comes after the message that follows it.
    Swap,
    /// A bit somewhere in the message, at random.
    FlipBit,
}

/// As the dialler sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Up,
    Down,
}

/// What went through since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) connections: u64,
    pub(crate) open: u64,
    pub(crate) refused: u64,
    pub(crate) bytes_up: u64,
    pub(crate) bytes_down: u64,
    pub(crate) swallowed: u64,
    pub(crate) spoilt: u64,
}

/// The proxy. It ends, with all its connections, when this is dropped.
#[derive(Debug)]
pub(crate) struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    target: Mutex<Option<SocketAddr>>,
    faults: Mutex<[Fault; 2]>,
    /// Counted up when all connections are cut; `u64::MAX` when the proxy ends.
    cuts: watch::Sender<u64>,
    connections: AtomicU64,
    open: AtomicU64,
    refused: AtomicU64,
    bytes: [AtomicU64; 2],
    swallowed: AtomicU64,
    spoilt: AtomicU64,
}

impl FaultProxy {
    /// Listen at a free port of this machine and pass everything on to `target`.
    pub(crate) async fn to(target: SocketAddr) -> FaultProxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        let shared = Arc::new(Shared::default());
        let proxy = FaultProxy { address, shared };
        proxy.aim(target);
        tokio::spawn(accept(listener, proxy.shared.clone()));
        proxy
    }

    /// Pass the next connections on to `target`.
    pub(crate) fn aim(&self, target: SocketAddr) {
        *self.shared.target.lock().unwrap_or_else(PoisonError::into_inner) = Some(target);
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What happens from now on, both ways.
    pub(crate) fn set(&self, fault: Fault) {
        *self.shared.faults() = [fault; 2];
    }

    pub(crate) fn set_way(&self, way: Way, fault: Fault) {
        self.shared.faults()[way as usize] = fault;
    }

    /// End every connection here and now, in the middle of whatever it carries.
    pub(crate) fn cut_all(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    pub(crate) fn counters(&self) -> Counters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Acquire);
        let Shared { connections, open, refused, bytes: [up, down], swallowed, spoilt, .. } = &*self.shared;
        Counters {
            connections: read(connections),
            open: read(open),
            refused: read(refused),
            bytes_up: read(up),
            bytes_down: read(down),
            swallowed: read(swallowed),
            spoilt: read(spoilt),
        }
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.shared.cuts.send_replace(u64::MAX);
    }
}

impl Shared {
    fn faults(&self) -> std::sync::MutexGuard<'_, [Fault; 2]> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault(&self, way: Way) -> Fault {
        self.faults()[way as usize]
    }

    /// How to spoil this message, if it is one of those that are to be.
    fn spoils(&self, way: Way, message: &Message) -> Option<Spoil> {
        let mut faults = self.faults();
        let Fault::Spoil { how, kind, times } = &mut faults[way as usize] else { return None };
        if *times == 0 || !message.is_binary() || message.byte(3) != Some(*kind) {
            return None;
        }
        *times -= 1;
        self.spoilt.fetch_add(1, Ordering::AcqRel);
        Some(*how)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut cuts = shared.cuts.subscribe();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = cuts.changed() => {
                if *cuts.borrow_and_update() == u64::MAX {
                    return;
                }
                continue;
            }
        };
        let Ok((near, _)) = accepted else { continue };
        let target = *shared.target.lock().unwrap_or_else(PoisonError::into_inner);
        let target = target.filter(|_| !shared.faults().contains(&Fault::Refuse));
        let Some(target) = target.filter(|_| shared.open.load(Ordering::Acquire) < CONNECTIONS_MAX) else {
            shared.refused.fetch_add(1, Ordering::AcqRel);
            continue;
        };
        shared.connections.fetch_add(1, Ordering::AcqRel);
        shared.open.fetch_add(1, Ordering::AcqRel);
        tokio::spawn(connection(near, target, shared.clone()));
    }
}

async fn connection(near: TcpStream, target: SocketAddr, shared: Arc<Shared>) {
    let mut cuts = shared.cuts.subscribe();
    let carried = async {
        let far = TcpStream::connect(target).await?;
        near.set_nodelay(true)?;
        far.set_nodelay(true)?;
        let (near_in, near_out) = near.into_split();
        let (far_in, far_out) = far.into_split();
        let up = carry(&shared, Way::Up, near_in, far_out);
        let down = carry(&shared, Way::Down, far_in, near_out);
        tokio::try_join!(up, down).map(|_| ())
    };
    // How a connection ends is seen by those at its ends.
    tokio::select! {
        _ = carried => {}
        _ = cuts.changed() => {}
    }
    shared.open.fetch_sub(1, Ordering::AcqRel);
}

/// Bytes, and when they may go on.
type Waiting = (Instant, Vec<u8>);

async fn carry(shared: &Shared, way: Way, from: OwnedReadHalf, to: OwnedWriteHalf) -> io::Result<()> {
    let (waiting, due) = mpsc::channel(WAITING_PIECES_MAX);
    let room = Semaphore::new(WAITING_BYTES_MAX);
    let take = Taking { shared, way, waiting, room: &room, last_due: Instant::now(), held: None, is_dead: false };
    tokio::try_join!(take.run(from), write(shared, way, due, &room, to)).map(|_| ())
}

/// Reads a direction, spoils what is to be spoilt, and says when the rest may go on.
struct Taking<'a> {
    shared: &'a Shared,
    way: Way,
    waiting: mpsc::Sender<Waiting>,
    room: &'a Semaphore,
    last_due: Instant,
    /// A message that waits for the one behind it.
    held: Option<Vec<u8>>,
    /// It has lost bytes: nothing that comes later can be of use.
    is_dead: bool,
}

impl Taking<'_> {
    async fn run(mut self, mut from: OwnedReadHalf) -> io::Result<()> {
        let mut splitter = Splitter::default();
        let mut bytes = vec![0; READ_BYTES];
        loop {
            let read = from.read(&mut bytes).await?;
            if read == 0 && self.is_dead {
                return std::future::pending().await;
            }
            if read == 0 {
                return Ok(());
            }
            for piece in splitter.push(&bytes[..read])? {
                self.piece(piece).await;
            }
        }
    }

    async fn piece(&mut self, piece: Piece) {
        if self.is_dead || self.shared.fault(self.way) == Fault::Swallow {
            self.is_dead = true;
            self.shared.swallowed.fetch_add(1, Ordering::AcqRel);
            return;
        }
        let mut message = match piece {
            Piece::Bytes(bytes) => return self.pass(bytes).await,
            Piece::Message(message) => message,
        };
        match self.shared.spoils(self.way, &message) {
            Some(Spoil::Lose) => return,
            Some(Spoil::Swap) if self.held.is_none() => {
                self.held = Some(message.bytes);
                return;
            }
            Some(Spoil::Double) => self.pass(message.bytes.clone()).await,
            Some(Spoil::FlipBit) => message.flip(rand::rng().random_range(0..message.bits())),
            Some(Spoil::Swap) | None => {}
        }
        self.pass(message.bytes).await;
        if let Some(held) = self.held.take() {
            self.pass(held).await;
        }
    }

    async fn pass(&mut self, bytes: Vec<u8>) {
        let late = match self.shared.fault(self.way) {
            Fault::Slow { least, jitter, .. } => least + jitter.mul_f64(rand::rng().random_range(0.0..=1.0)),
            _ => Duration::ZERO,
        };
        self.last_due = self.last_due.max(Instant::now() + late);
        let taken = u32::try_from(bytes.len()).expect("a piece is smaller than the room for all");
        // Both end only with the writer, and then the connection does.
        if let Ok(permit) = self.room.acquire_many(taken).await {
            permit.forget();
        }
        self.waiting.send((self.last_due, bytes)).await.ok();
    }
}

async fn write(
    shared: &Shared,
    way: Way,
    mut due: mpsc::Receiver<Waiting>,
    room: &Semaphore,
    mut to: OwnedWriteHalf,
) -> io::Result<()> {
    while let Some((at, bytes)) = due.recv().await {
        tokio::time::sleep_until(at).await;
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let now = match shared.fault(way) {
                Fault::Slow { bytes_per_s: Some(bytes_per_s), .. } => {
                    tokio::time::sleep(TICK).await;
                    ((f64::from(bytes_per_s) * TICK.as_secs_f64()) as usize).clamp(1, rest.len())
                }
                _ => rest.len(),
            };
            to.write_all(&rest[..now]).await?;
            shared.bytes[way as usize].fetch_add(now as u64, Ordering::AcqRel);
            rest = &rest[now..];
        }
        room.add_permits(bytes.len());
    }
    to.shutdown().await
}
