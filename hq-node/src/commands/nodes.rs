//! `hq-node node`: which nodes below may link by a key. The store's command of the same name uses the same words.

use std::path::Path;

use chrono::DateTime;
use clap::{Args, Subcommand};
use domain::ids::StoreId;
use link::apply::{Peer, PeerRole};
use link::enrolment;
use link::gate::nodes::NodeTable;
use link::gate::refusals::Refusals;
use link::trust::{self, authority::Authority};
use migrations::database::Database;

use super::Office;

/// Refusals that are printed: a screen of them.
const REFUSALS_SHOWN: u64 = 40;

#[derive(Debug, Args)]
pub struct Node {
    #[command(subcommand)]
    pub what: What,
    #[command(flatten)]
    pub at: Office,
}

#[derive(Debug, Subcommand)]
pub enum What {
    /// Print a token by which a store can be enrolled once, within a day.
    Add {
        #[arg(value_parser = ["store"])]
        role: String,
        store: StoreId,
    },
    #[command(flatten)]
    Known(Known),
    /// Make a new authority while the head office is stopped. Certificates of the old one stay good.
    ChangeAuthority {
        /// Refuse certificates of older authorities at once: every store must be enrolled anew.
        #[arg(long)]
        forget_old: bool,
    },
}

/// What can be asked and done about nodes, the same above stores and above tills.
#[derive(Debug, Subcommand)]
pub enum Known {
    /// Print every key that was certified here.
    List,
    /// Refuse a node from now on: its link is dropped within a second.
    Revoke { name: String },
    /// Another machine has taken the place of this node, and it should not have: let the one in that is refused as replaced,
    /// and refuse the other.
    Trust { name: String },
    /// Print who was not let in of late, and why.
    Refused,
}

pub async fn run(Node { what, at }: Node) -> anyhow::Result<()> {
    let database = at.open().await?;
    match what {
        What::Add { store, .. } => {
            let peer = Peer { name: store.as_str().to_owned(), role: PeerRole::Store };
            add(&database, &at.data.join(trust::FOLDER), &peer).await?;
        }
        What::Known(known) => look(&database, known).await?,
        What::ChangeAuthority { forget_old } => {
            let _claim = at.claim()?;
            let authority = Authority::change(&at.data.join(trust::FOLDER), forget_old)?;
            println!("The authority is now {authority:?}");
        }
    }
    Ok(database.close().await?)
}

/// Print a token for `peer` of the authority in `folder`.
pub async fn add(database: &Database, folder: &Path, peer: &Peer) -> anyhow::Result<()> {
    let authority = Authority::open_or_make(folder)?;
    let token = enrolment::invite(database, authority.fingerprint(), peer).await?;
    println!("{token}");
    eprintln!("{} \"{}\" may be enrolled with this token once, within 24 hours:", peer.role, peer.name);
    eprintln!("store-node enrol wss://THIS-NODE:PORT {token}");
    Ok(())
}

pub async fn look(database: &Database, known: Known) -> anyhow::Result<()> {
    match known {
        Known::List => {
            for row in NodeTable::new(database.clone()).list().await? {
                let state = match row.revoked_ms {
                    Some(ms) => format!("revoked {}", time(ms)),
                    None => format!("good until {}", time(row.expires_ms)),
                };
                println!("{:5} {:20} {} {state}", row.role, row.name, &row.key[..16]);
            }
        }
        Known::Revoke { name } => {
            let keys = NodeTable::new(database.clone()).revoke(&name).await?;
            println!("{name} is refused from now on ({keys} keys)");
        }
        Known::Trust { name } => {
            link::inbox::trust_another(database, &name).await?;
            println!("the next {name} that comes, and is not the one that had its place, is trusted");
        }
        Known::Refused => {
            for row in Refusals::new(database.clone()).newest(REFUSALS_SHOWN).await? {
                println!("{} {:>6}x {}: {}", time(row.minute_ms), row.count, row.peer, row.sentence);
            }
        }
    }
    Ok(())
}

fn time(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms).map_or_else(|| ms.to_string(), |at| at.format("%Y-%m-%d %H:%M UTC").to_string())
}
