//! The commands of `hq-node`: what a person types, and what is printed for them.

pub mod accounts;
pub mod import;
pub mod nodes;
pub mod operators;
pub mod people;
pub mod rebuild;
pub mod report;
pub mod serve;
pub mod stores;
pub mod till_settings;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use dataserver::requests::Published;
use link::admit::TokenTable;
use migrations::ServerMigrator;
use migrations::database::Database;
use runtime::claim::Claim;
use runtime::clock::Clock;

use crate::settings::DATABASE_FILE;
use crate::tree;
use crate::web::Catalogue;

/// The database of a data folder, made if it is not there.
pub(crate) async fn open(data: &Path) -> anyhow::Result<Database> {
    std::fs::create_dir_all(data).with_context(|| format!("the data folder {} cannot be made", data.display()))?;
    let file = data.join(DATABASE_FILE);
    Database::open_sqlite::<ServerMigrator>(&file)
        .await
        .with_context(|| format!("the database {} cannot be opened", file.display()))
}

/// The file of a data folder, which must be there.
pub(crate) fn existing(data: &Path) -> anyhow::Result<PathBuf> {
    let file = data.join(DATABASE_FILE);
    anyhow::ensure!(file.is_file(), "there is no {}: choose the data folder with --data", file.display());
    Ok(file)
}

/// Ask the publisher of a head office that is not running, so that the same rules hold as for one that is.
pub(crate) async fn publish<E: std::error::Error + Send + Sync + 'static>(
    data: &Path,
    ask: impl AsyncFnOnce(Catalogue) -> anyhow::Result<Result<Published, E>>,
) -> anyhow::Result<Published> {
    std::fs::create_dir_all(data).with_context(|| format!("the data folder {} cannot be made", data.display()))?;
    let _claim = Claim::take(&data.join(DATABASE_FILE))?;
    let database = open(data).await?;
    let (tree, parts) =
        tree::tree("hq", &database, None, &Clock::system(), Arc::new(TokenTable::new(database.clone())));
    let node = tree.start().await;
    let answer = ask(Catalogue::of(&parts.publisher)).await;
    node.shutdown().await;
    database.close().await?;
    Ok(answer??)
}
