//! The commands of `hq-node`: what a person types, and what is printed for them.

pub mod import;
pub mod people;
pub mod rebuild;
pub mod report;
pub mod serve;
pub mod stores;

use std::path::{Path, PathBuf};

use anyhow::Context;
use migrations::ServerMigrator;
use migrations::database::Database;

use crate::settings::DATABASE_FILE;

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
