//! Which partitions this process owns: an equal share of them by leases, moved when processes come and go.

use std::sync::Arc;
use std::time::Duration;

use migrations::database::Database;
use migrations::lease::{self, Fence};
use runtime::actor::{Actor, Scope};
use runtime::spec::StartError;
use sea_orm::DbErr;
use serde::Serialize;
use tokio::time::Instant;

use super::{Cluster, Owned, PARTITIONS};

/// A process that is not heard of for so long has lost its partitions.
const LEASE_LASTS: Duration = Duration::from_secs(10);
/// Three renewals may fail before that.
const RENEW_EVERY: Duration = Duration::from_secs(3);
/// A process that was started long ago and is gone is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3_600);
/// The leases of partitions, and those by which processes know of each other.
const PARTITION: &str = "partition/";
const MEMBER: &str = "ingest/";

fn role(partition: u8) -> String {
    format!("{PARTITION}{partition:02}")
}

fn partition(fence: &Fence) -> Option<u8> {
    fence.role.strip_prefix(PARTITION)?.parse().ok()
}

/// The supervised actor.
pub struct Partitions {
    database: Database,
    cluster: Cluster,
}

/// What an operator sees of it.
#[derive(Clone, Debug, Serialize)]
pub struct PartitionsState {
    pub process: String,
    pub partitions: Vec<u8>,
}

impl Partitions {
    pub fn new(database: Database, cluster: Cluster) -> Partitions {
        Partitions { database, cluster }
    }
}

impl Actor for Partitions {
    type State = PartitionsState;

    async fn started(&mut self, scope: &Scope<Partitions>) -> Result<(), StartError> {
        let writer = &self.database.writer;
        lease::make_table(writer).await.map_err(StartError::new)?;
        lease::forget(writer, MEMBER, FORGOTTEN_AFTER).await.map_err(StartError::new)?;
        let me = format!("{MEMBER}{}", self.cluster.id());
        let roles: Vec<String> = (0..PARTITIONS).map(role).chain([me.clone()]).collect();
        lease::offer(writer, &roles).await.map_err(StartError::new)?;
        lease::take(writer, &me, self.cluster.id(), LEASE_LASTS, 1).await.map_err(StartError::new)?;
        let (database, cluster) = (self.database.clone(), self.cluster.clone());
        scope.spawn(async move {
            let mut held_until = Instant::now();
            loop {
                let asked = Instant::now();
                match look(&database, cluster.id()).await {
                    Ok(owned) => {
                        held_until = asked + LEASE_LASTS;
                        cluster.owned.send_if_modified(|before| {
                            let is_new = **before != *owned;
                            if is_new {
                                tracing::info!(partitions = owned.len(), "this process owns other partitions now");
                                *before = owned;
                            }
                            is_new
                        });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the leases of partitions could not be renewed");
                        // Another may have them by now: what it could take must not be taken from it.
                        if Instant::now() >= held_until {
                            cluster.owned.send_replace(Owned::default());
                        }
                    }
                }
                tokio::time::sleep(RENEW_EVERY).await;
            }
        });
        Ok(())
    }

    /// Another can go on at once.
    async fn stopping(&mut self) {
        self.cluster.owned.send_replace(Owned::default());
        let mut fences = lease::renew(&self.database.writer, self.cluster.id(), LEASE_LASTS).await.unwrap_or_default();
        fences.sort();
        if let Err(error) = lease::release(&self.database.writer, &fences).await {
            tracing::warn!(%error, "the leases of partitions could not be given back: they expire");
        }
    }

    fn observe(&self) -> PartitionsState {
        let partitions = self.cluster.owned.borrow().keys().copied().collect();
        PartitionsState { process: self.cluster.id().to_owned(), partitions }
    }
}

/// Renew what this process has, give back what is above its share, take what is missing.
async fn look(database: &Database, id: &str) -> Result<Owned, DbErr> {
    let writer = &database.writer;
    let mut held: Vec<Fence> = lease::renew(writer, id, LEASE_LASTS).await?;
    held.retain(|fence| partition(fence).is_some());
    held.sort();
    let all = lease::all(writer).await?;
    let members = all.iter().filter(|lease| lease.role.starts_with(MEMBER) && lease.left_ms > 0).count();
    let share = usize::from(PARTITIONS).div_ceil(members.max(1));
    if held.len() > share {
        let above = held.split_off(share);
        lease::release(writer, &above).await?;
    } else if held.len() < share {
        let wanted = (share - held.len()) as u64;
        held.extend(lease::take(writer, PARTITION, id, LEASE_LASTS, wanted).await?);
    }
    Ok(Arc::new(held.into_iter().filter_map(|fence| Some((partition(&fence)?, fence))).collect()))
}
