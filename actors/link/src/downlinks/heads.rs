//! Where the datasets of this node are, for all its sessions: read once when the bell rings, not by each of thousands.

use std::collections::BTreeMap;
use std::sync::Arc;

use sea_orm::DbErr;
use tokio::sync::watch;

use crate::bell::{Ear, LOOK_EVERY};
use crate::datasets::DatasetSource;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heads {
    pub(crate) versions: BTreeMap<&'static str, u64>,
    /// As of [`DatasetSource::generation`].
    pub(crate) generation: u64,
}

pub(super) async fn read(source: &dyn DatasetSource, datasets: &[&'static str]) -> Result<Heads, DbErr> {
    // Before the versions: what is mended meanwhile is seen the next time.
    let generation = source.generation();
    let mut versions = BTreeMap::new();
    for dataset in datasets {
        versions.insert(*dataset, source.head(dataset).await?);
    }
    Ok(Heads { versions, generation })
}

pub(super) async fn follow(
    source: Arc<dyn DatasetSource>,
    datasets: &'static [&'static str],
    mut ear: Ear,
    heads: watch::Sender<Heads>,
) {
    loop {
        tokio::time::timeout(LOOK_EVERY, ear.heard()).await.ok();
        match read(source.as_ref(), datasets).await {
            Ok(newest) => {
                heads.send_if_modified(|heads| {
                    let changed = *heads != newest;
                    *heads = newest;
                    changed
                });
            }
            Err(error) => tracing::error!(%error, "the versions of the datasets cannot be read: nodes below wait"),
        }
    }
}
