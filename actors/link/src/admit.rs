//! Who may link to this node.
//!
//! Within a machine a token is enough; over a network a node proves its key at the [`Gate`].

use std::collections::HashMap;
use std::sync::Arc;

use chrono::Utc;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use migrations::database::Database;
use migrations::entity::link_peer;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter};
use sha2::{Digest, Sha256};

use crate::apply::{Peer, PeerRole};
use crate::gate::Gate;

/// Decides whether a peer may link.
pub trait Admit: Send + Sync + 'static {
    /// `Err` is the sentence of refusal, shown to operators on both sides: it must not tell what would be right.
    fn admit<'a>(&'a self, peer: &'a Peer, token: &'a str) -> BoxFuture<'a, Result<(), String>>;

    /// Where nodes come in that show a key instead of a token. Without it only tokens are good.
    fn gate(&self) -> Option<&Gate> {
        None
    }
}

/// Keys at a gate, and beside it the tokens that are still taken within this machine.
pub struct KeysAndTokens {
    pub gate: Gate,
    pub tokens: Arc<dyn Admit>,
}

impl Admit for KeysAndTokens {
    fn admit<'a>(&'a self, peer: &'a Peer, token: &'a str) -> BoxFuture<'a, Result<(), String>> {
        self.tokens.admit(peer, token)
    }

    fn gate(&self) -> Option<&Gate> {
        Some(&self.gate)
    }
}

/// Only hashes are kept and compared, so neither a copy of the table nor the time of a comparison gives a token away.
fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn unknown(peer: &Peer) -> String {
    format!("{} \"{}\" is not admitted: check its name and its token", peer.role, peer.name)
}

/// Tokens written down where the node is built, for several nodes in one process.
#[derive(Debug, Default)]
pub struct StaticTokens {
    hashes: HashMap<Peer, [u8; 32]>,
}

impl StaticTokens {
    pub fn new(tokens: impl IntoIterator<Item = (Peer, String)>) -> StaticTokens {
        StaticTokens { hashes: tokens.into_iter().map(|(peer, token)| (peer, token_hash(&token))).collect() }
    }
}

impl Admit for StaticTokens {
    fn admit<'a>(&'a self, peer: &'a Peer, token: &'a str) -> BoxFuture<'a, Result<(), String>> {
        let right = self.hashes.get(peer) == Some(&token_hash(token));
        std::future::ready(if right { Ok(()) } else { Err(unknown(peer)) }).boxed()
    }
}

/// Tokens in table `link_peer`.
#[derive(Clone, Debug)]
pub struct TokenTable {
    database: Database,
}

impl TokenTable {
    pub fn new(database: Database) -> TokenTable {
        TokenTable { database }
    }

    /// Let `peer` link with `token`; a token it had before is no longer good.
    pub async fn add(&self, peer: &Peer, token: &str) -> Result<(), DbErr> {
        use link_peer::Column;
        let row = link_peer::ActiveModel {
            name: Set(peer.name.clone()),
            role: Set(peer.role.as_str().to_owned()),
            token_sha256: Set(token_hash(token).to_vec()),
            revoked: Set(false),
            created_ms: Set(Utc::now().timestamp_millis()),
        };
        let newest = OnConflict::column(Column::Name)
            .update_columns([Column::Role, Column::TokenSha256, Column::Revoked, Column::CreatedMs])
            .to_owned();
        link_peer::Entity::insert(row).on_conflict(newest).exec_without_returning(&self.database.writer).await?;
        Ok(())
    }

    /// Refuse `name` from its next connection on.
    pub async fn revoke(&self, name: &str) -> Result<(), DbErr> {
        link_peer::Entity::update_many()
            .col_expr(link_peer::Column::Revoked, Expr::value(true))
            .filter(link_peer::Column::Name.eq(name))
            .exec(&self.database.writer)
            .await?;
        Ok(())
    }

    /// Peers that may link.
    pub async fn peers(&self) -> Result<Vec<Peer>, DbErr> {
        let rows =
            link_peer::Entity::find().filter(link_peer::Column::Revoked.eq(false)).all(&self.database.reader).await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| PeerRole::from_word(&row.role).map(|role| Peer { name: row.name, role }))
            .collect())
    }
}

impl Admit for TokenTable {
    fn admit<'a>(&'a self, peer: &'a Peer, token: &'a str) -> BoxFuture<'a, Result<(), String>> {
        async move {
            let row = link_peer::Entity::find_by_id(peer.name.clone()).one(&self.database.reader).await;
            match row {
                Err(error) => {
                    tracing::error!(peer = peer.name, error = %error, "cannot look up a peer");
                    Err("the list of peers cannot be read just now: try again later".to_owned())
                }
                Ok(Some(row)) if row.revoked => Err(format!("\"{}\" is no longer admitted", peer.name)),
                Ok(Some(row)) if row.role == peer.role.as_str() && row.token_sha256 == token_hash(token) => Ok(()),
                Ok(_) => Err(unknown(peer)),
            }
        }
        .boxed()
    }
}
