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

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use dataserver::requests::Published;
use migrations::ServerMigrator;
use migrations::database::{Database, Location};
use runtime::claim::Claim;
use sea_orm::ConnectOptions;

use crate::settings::DATABASE_FILE;
use crate::tree::{self, Ground};
use crate::web::Catalogue;

/// Which head office a command is for.
#[derive(Clone, Debug, Args)]
pub struct Office {
    /// Folder of the head office's data.
    #[arg(long, default_value = "data", global = true)]
    pub data: PathBuf,
    /// The address of its database, where its settings have one.
    #[arg(long, env = "OPENSTORE_HQ__DATABASE", hide_env_values = true, global = true)]
    pub database: Option<String>,
}

impl Office {
    pub(crate) fn location(&self) -> anyhow::Result<Location> {
        Ok(Location::of(self.database.as_deref(), self.data.join(DATABASE_FILE))?)
    }

    /// The database, made if it is not there.
    pub(crate) async fn open(&self) -> anyhow::Result<Database> {
        let at = self.location()?;
        if matches!(at, Location::File(_)) {
            std::fs::create_dir_all(&self.data)
                .with_context(|| format!("the data folder {} cannot be made", self.data.display()))?;
        }
        Database::open::<ServerMigrator>(&at).await.with_context(|| format!("the database {at} cannot be opened"))
    }

    /// The database, which must be there.
    pub(crate) async fn existing(&self) -> anyhow::Result<Database> {
        self.must_exist()?;
        self.open().await
    }

    /// The database, which must be there and stays as it is.
    pub(crate) async fn read_only(&self) -> anyhow::Result<sea_orm::DatabaseConnection> {
        self.must_exist()?;
        let at = self.location()?;
        let mut options = match &at {
            Location::File(file) => ConnectOptions::new(format!("sqlite://{}?mode=ro", file.display())),
            Location::Postgres(url) => {
                let mut options = ConnectOptions::new(url);
                options.map_sqlx_postgres_opts(|postgres| postgres.options([("default_transaction_read_only", "on")]));
                options
            }
        };
        options.max_connections(1).sqlx_logging(false);
        sea_orm::Database::connect(options).await.with_context(|| format!("the database {at} cannot be read"))
    }

    fn must_exist(&self) -> anyhow::Result<()> {
        match self.location()? {
            Location::File(file) if !file.is_file() => {
                anyhow::bail!("there is no {}: choose the data folder with --data", file.display())
            }
            _ => Ok(()),
        }
    }

    /// No other process opens the file. On PostgreSQL several may: leases and transactions keep them apart.
    pub(crate) fn claim(&self) -> anyhow::Result<Option<Claim>> {
        match self.location()? {
            Location::File(file) => Ok(Some(Claim::take(&file)?)),
            Location::Postgres(_) => Ok(None),
        }
    }
}

/// Ask the publisher of a head office that is not running, so that the same rules hold as for one that is.
pub(crate) async fn publish<E: std::error::Error + Send + Sync + 'static>(
    at: &Office,
    ask: impl AsyncFnOnce(Catalogue) -> anyhow::Result<Result<Published, E>>,
) -> anyhow::Result<Published> {
    let _claim = at.claim()?;
    let database = at.open().await?;
    let (tree, parts) = tree::tree(Ground::publishing(&database));
    let node = tree.start().await;
    let answer = ask(Catalogue::of(&parts.publisher)).await;
    node.shutdown().await;
    database.close().await?;
    Ok(answer??)
}
