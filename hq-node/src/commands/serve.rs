//! `hq-node serve`: the head office until the operating system asks it to stop.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use runtime::claim::Claim;
use runtime::logging::{self, LogForm, LogTo};
use runtime::shutdown;

use crate::node::HqNode;
use crate::people::FIRST_NAME;
use crate::settings::{DATABASE_FILE, Settings};

/// Migrations and the HTTP server are told of only when something is wrong with them.
const LOG_FILTER: &str = "info,sea_orm_migration=warn,actix_server=warn";

#[derive(Debug, Args)]
pub struct Serve {
    /// Settings; see deploy/hq.toml.
    #[arg(long, env = "OPENSTORE_HQ_CONFIG", default_value = "deploy/hq.toml")]
    pub config: PathBuf,
}

pub async fn run(command: Serve) -> anyhow::Result<()> {
    let settings = Settings::read(&command.config)?;
    logging::start(LOG_FILTER, LogForm::Text, &LogTo::Stderr)?;
    // Also where the database is elsewhere: imports lie in the folder.
    let _claim = Claim::take(&settings.data.join(DATABASE_FILE))?;
    let node = HqNode::start(settings).await?;
    println!("The head office is at {}", node.pages_url());
    if let Some(password) = node.first_password() {
        println!("First start: sign in as \"{FIRST_NAME}\" with the password {password} (shown only this once)");
    }
    let signal = shutdown::asked_to_stop().await.context("signals cannot be listened for")?;
    tracing::info!(signal, "asked to stop");
    node.shutdown().await;
    Ok(())
}
