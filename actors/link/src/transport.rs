//! How frames get from node to node: a pair of bounded queues, whatever lies between.
//!
//! NATS, for a head office of several processes, will be one more file here and changes nothing above.

pub mod connect;
pub mod memory;
pub mod tls;
pub mod websocket;

use futures_util::future::BoxFuture;
use runtime::reference::ActorRef;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Frames that may wait in a transport, each way. With what the system buffers this hides a round trip; more only
/// grows memory.
pub const QUEUE_FRAMES_MAX: usize = 8;

/// One end of a connection: whole frames in, whole frames out. Dropping it ends the connection.
#[derive(Debug)]
pub struct Duplex {
    pub sender: mpsc::Sender<Vec<u8>>,
    pub receiver: mpsc::Receiver<Vec<u8>>,
    /// Cancelled when the connection is cut, also while frames are waiting.
    pub cut: CancellationToken,
    /// The other end is on this machine: a token is enough to know it by.
    pub near: bool,
}

/// Why there is no connection, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DialError(pub String);

/// The way to the node above.
pub trait Dial: Send + Sync + 'static {
    fn dial(&self) -> BoxFuture<'_, Result<Duplex, DialError>>;

    /// Where it leads, for operators.
    fn to(&self) -> String;
}

/// A connection came in from below. Sender: transports. Answer: none. Repeat: no.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Accept {
    pub duplex: Duplex,
    /// The address it came from, for operators.
    pub from: String,
}

/// Who takes connections.
pub type Acceptor = ActorRef<Accept>;
