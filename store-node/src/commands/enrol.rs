//! `store-node enrol`: this machine gets its certificate from the node above.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use link::apply::{Peer, PeerRole};
use link::enrolment::ask::enrol;
use link::enrolment::token::Token;
use link::trust;

use crate::nodes;
use crate::settings::{self, MachineRole};
use crate::tree::till_peer;

#[derive(Debug, Args)]
pub struct Enrol {
    /// The node above: wss://HOST:PORT of the head office, or of the store's server for a till.
    pub url: String,
    /// What `hq-node node add`, or `store-node node add` for a till, has printed.
    pub token: Token,
    #[arg(long, default_value = "deploy/store.toml")]
    pub config: PathBuf,
    /// Enrol the till of a machine that is server and till.
    #[arg(long)]
    pub till: bool,
}

pub async fn run(Enrol { url, token, config, till }: Enrol) -> anyhow::Result<()> {
    let settings = settings::read(&config)?;
    let (me, folder) = if settings.roles.contains(&MachineRole::Server) && !till {
        let me = Peer { name: settings.store.to_string(), role: PeerRole::Store };
        (me, nodes::store_folder(&settings.data, &settings.store))
    } else {
        let own = settings.till.as_ref().context("the settings have no [till] section")?;
        (till_peer(&settings.store, own.number), nodes::till_folder(&settings.data, &settings.store, own.number))
    };
    let kept = enrol(&url, settings.link.allow_plain, &token, &me, &folder.join(trust::FOLDER)).await?;
    let Peer { name, role } = kept.peer();
    println!("{role} \"{name}\" is enrolled; its key is in {}", folder.join(trust::FOLDER).display());
    println!("It links by this key from its next start on.");
    Ok(())
}
