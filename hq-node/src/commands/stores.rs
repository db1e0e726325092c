//! `hq-node store`: which stores may link.

use clap::{Args, Subcommand};
use domain::ids::StoreId;
use link::admit::TokenTable;
use link::apply::{Peer, PeerRole};
use runtime::ops::OpsToken;

use super::Office;

#[derive(Debug, Args)]
pub struct Store {
    #[command(subcommand)]
    pub what: What,
}

#[derive(Debug, Subcommand)]
pub enum What {
    /// Let a store link. Prints its new token, once; a token it had before is no longer good.
    Add {
        store: StoreId,
        #[command(flatten)]
        at: Office,
    },
    /// Refuse a store from its next connection on.
    Revoke {
        store: StoreId,
        #[command(flatten)]
        at: Office,
    },
}

pub async fn run(Store { what }: Store) -> anyhow::Result<()> {
    match what {
        What::Add { store, at } => {
            let database = at.open().await?;
            let token = OpsToken::random();
            let peer = Peer { name: store.as_str().to_owned(), role: PeerRole::Store };
            TokenTable::new(database.clone()).add(&peer, token.reveal()).await?;
            println!("{store} may link with the token {}", token.reveal());
            Ok(database.close().await?)
        }
        What::Revoke { store, at } => {
            let database = at.open().await?;
            TokenTable::new(database.clone()).revoke(store.as_str()).await?;
            println!("{store} is refused from its next connection on");
            Ok(database.close().await?)
        }
    }
}
