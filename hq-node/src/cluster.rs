//! A head office of several processes: who does what, and how they reach each other.
//!
//! Gateways hold the links of stores and offer what they receive by NATS JetStream; processes that ingest own partitions of
//! the stores by leases in the database, apply what is offered and answer the gateway; one process keeps the accounts.
//!
//! Invariants:
//! - CL-1 A store hears of a commit from the database: the answer of whoever committed, or the cursor. Never from NATS.
//! - CL-2 Whoever applies documents of a partition checks its lease in the transaction that applies them.
//! - CL-3 What NATS loses is offered again by the gateway, or sent again by the store; what it brings twice is dropped.
//!
//! Must never: keep anything in NATS that is nowhere else.

pub mod bells;
pub mod gateway;
pub mod ingest;
pub mod links;
pub mod partitions;
pub mod root;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::stream::{DiscardPolicy, RetentionPolicy, StorageType};
use async_nats::jetstream::{self, stream};
use async_nats::{Client, ConnectOptions, Message};
use futures_util::StreamExt;
use migrations::lease::Fence;
use tokio::sync::{Semaphore, watch};

/// Stores are spread over so many partitions, for ever: where a store belongs follows from its code alone.
pub const PARTITIONS: u8 = 64;
/// What waits between gateways and those who ingest. It is a copy of what the stores keep.
const STREAM: &str = "OS_UP";
/// More than this is refused, and the stores wait.
const STREAM_BYTES_MAX: i64 = 256 * 1024 * 1024;
/// By then a gateway has offered it again many times.
const STREAM_AGE_MAX: Duration = Duration::from_secs(600);
/// A subscription that ended is made again.
const AGAIN: Duration = Duration::from_secs(1);
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// JetStream answers in milliseconds, or is away.
const BROKER_WITHIN: Duration = Duration::from_secs(3);

/// Partitions that this process owns, with the fence of each.
pub type Owned = Arc<BTreeMap<u8, Fence>>;

/// The way to the other processes. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    /// This start of this process.
    id: Arc<str>,
    client: Client,
    owned: watch::Sender<Owned>,
    /// What the other processes told of their links.
    pub links: links::Elsewhere,
}

#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    #[error("NATS at {address} cannot be reached: {reason}")]
    Connect { address: String, reason: String },
    #[error("NATS is away")]
    Away,
    #[error("the stream {STREAM} of NATS cannot be used: {0}")]
    Stream(String),
}

impl Cluster {
    /// Connect to NATS at `address`. It may be away: the connection is tried again for ever.
    pub async fn connect(address: &str, listen: &str) -> Result<Cluster, ClusterError> {
        let id = format!("process {} at {listen} ({:08x})", std::process::id(), rand::random::<u32>());
        let failed = |reason: String| ClusterError::Connect { address: shown(address), reason };
        let client = ConnectOptions::new()
            .name(&id)
            .connection_timeout(CONNECT_WITHIN)
            .request_timeout(Some(BROKER_WITHIN))
            .retry_on_initial_connect()
            .connect(address)
            .await
            .map_err(|error| failed(error.to_string()))?;
        Ok(Cluster { id: id.into(), client, owned: watch::Sender::default(), links: links::Elsewhere::default() })
    }

    /// This process, for operators and for leases.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A subject on which `process` alone listens. An id has spaces; a subject has none.
    fn subject_of(process: &str, what: &str) -> String {
        format!("os1.{what}.{}", blake3::hash(process.as_bytes()).to_hex())
    }

    /// Answer the questions of other processes on `subject`, as many at once as there are `turns`. `answer` gives none for
    /// those that are another's.
    async fn serve<F>(&self, subject: String, turns: Arc<Semaphore>, answer: impl Fn(Message) -> Option<F>)
    where
        F: Future<Output = Vec<u8>> + 'static,
    {
        loop {
            if let Ok(mut questions) = self.client.subscribe(subject.clone()).await {
                while let Some(mut question) = questions.next().await {
                    // One that finds no room is asked again.
                    let (Some(to), Ok(turn)) = (question.reply.take(), turns.clone().try_acquire_owned()) else {
                        continue;
                    };
                    let Some(answering) = answer(question) else { continue };
                    let client = self.client.clone();
                    tokio::task::spawn_local(async move {
                        if let Err(error) = client.publish(to, answering.await.into()).await {
                            tracing::warn!(%error, "an answer to another process was not sent");
                        }
                        drop(turn);
                    });
                }
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// The lease of this store's partition, if this process has it.
    fn owns(&self, store: &str) -> Option<Fence> {
        self.owned.borrow().get(&partition_of(store)).cloned()
    }

    fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    fn jetstream(&self) -> jetstream::Context {
        let mut context = jetstream::new(self.client.clone());
        context.set_timeout(BROKER_WITHIN);
        context
    }

    /// The stream, made if it is not there: whoever comes first makes it, also after its folder was lost.
    async fn stream(&self) -> Result<stream::Stream, ClusterError> {
        if !self.is_connected() {
            return Err(ClusterError::Away);
        }
        let config = stream::Config {
            name: STREAM.to_owned(),
            subjects: vec![format!("{UP}.*")],
            retention: RetentionPolicy::WorkQueue,
            storage: StorageType::File,
            discard: DiscardPolicy::New,
            max_bytes: STREAM_BYTES_MAX,
            max_age: STREAM_AGE_MAX,
            ..stream::Config::default()
        };
        let made = self.jetstream().get_or_create_stream(config).await;
        made.map_err(|error| ClusterError::Stream(error.to_string()))
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("id", &self.id).finish_non_exhaustive()
    }
}

/// An address without user and password.
fn shown(address: &str) -> String {
    address.rsplit_once('@').map_or(address, |(_, place)| place).to_owned()
}

/// Documents go up here, by partition.
const UP: &str = "os1.up";

fn up(partition: u8) -> String {
    format!("{UP}.{partition:02}")
}

/// Where a store belongs.
pub fn partition_of(store: &str) -> u8 {
    blake3::hash(store.as_bytes()).as_bytes()[0] % PARTITIONS
}

#[cfg(test)]
mod tests {
    use super::{PARTITIONS, partition_of, shown};

    #[test]
    fn a_store_stays_in_its_partition_for_ever() {
        assert_eq!(["S1", "S2", "S0001", "S0002"].map(partition_of), [8, 55, 11, 27]);
        assert!((0..1_000).all(|n| partition_of(&format!("S{n}")) < PARTITIONS));
        let used: std::collections::BTreeSet<u8> = (0..1_000).map(|n| partition_of(&format!("S{n}"))).collect();
        assert_eq!(used.len(), usize::from(PARTITIONS));
    }

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(shown("nats://hq:secret@10.0.0.1:4222"), "10.0.0.1:4222");
    }
}
