//! The keys that were certified here, in table `node_key`. Other processes change it too.

use chrono::Utc;
use migrations::database::Database;
use migrations::entity::{enrolment, link_peer, node_key};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
};

use crate::apply::{Peer, PeerRole};
use crate::trust::key::PublicKey;

/// A certificate that was made.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    pub(crate) peer: Peer,
    pub(crate) key: PublicKey,
    pub(crate) from_s: u64,
    pub(crate) until_s: u64,
}

#[derive(Clone, Debug)]
pub struct NodeTable {
    database: Database,
}

impl NodeTable {
    pub fn new(database: Database) -> NodeTable {
        NodeTable { database }
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    pub(crate) async fn find(&self, key: PublicKey) -> Result<Option<node_key::Model>, DbErr> {
        node_key::Entity::find_by_id(key.to_string()).one(&self.database.reader).await
    }

    /// Whether no key of the same node was certified after this one.
    pub(crate) async fn is_newest(&self, issued: &Issued) -> Result<bool, DbErr> {
        use node_key::Column;
        let later = node_key::Entity::find()
            .filter(Column::Name.eq(&issued.peer.name))
            .filter(Column::IssuedMs.gte(ms(issued.from_s)));
        Ok(later.count(&self.database.reader).await? == 0)
    }

    pub(crate) async fn note(&self, issued: &Issued) -> Result<(), DbErr> {
        insert(&self.database.writer, issued).await
    }

    /// The newest certificate of a key; false if the key is not good any more.
    pub(crate) async fn renew(&self, issued: &Issued) -> Result<bool, DbErr> {
        use node_key::Column;
        let renewed = node_key::Entity::update_many()
            .col_expr(Column::IssuedMs, Expr::value(ms(issued.from_s)))
            .col_expr(Column::ExpiresMs, Expr::value(ms(issued.until_s)))
            .filter(Column::Key.eq(issued.key.to_string()))
            .filter(Column::RevokedMs.is_null())
            .exec(&self.database.writer)
            .await?;
        Ok(renewed.rows_affected == 1)
    }

    pub(crate) async fn revoked_since(&self, ms: i64) -> Result<Vec<PublicKey>, DbErr> {
        let rows =
            node_key::Entity::find().filter(node_key::Column::RevokedMs.gte(ms)).all(&self.database.reader).await?;
        Ok(rows.iter().filter_map(|row| PublicKey::from_hex(&row.key)).collect())
    }

    /// Refuse every key and token that `name` has, also one that was not used yet. How many keys it had.
    pub async fn revoke(&self, name: &str) -> Result<u64, DbErr> {
        let transaction = self.database.begin().await?;
        let revoked = revoke(&transaction, name).await?;
        let tokens = link_peer::Entity::update_many().col_expr(link_peer::Column::Revoked, Expr::value(true));
        tokens.filter(link_peer::Column::Name.eq(name)).exec(&transaction).await?;
        let unused = enrolment::Entity::delete_many().filter(enrolment::Column::UsedBy.is_null());
        unused.filter(enrolment::Column::Name.eq(name)).exec(&transaction).await?;
        transaction.commit().await?;
        Ok(revoked)
    }

    /// Every key that was ever certified, newest first.
    pub async fn list(&self) -> Result<Vec<node_key::Model>, DbErr> {
        node_key::Entity::find().order_by_desc(node_key::Column::IssuedMs).all(&self.database.reader).await
    }

    /// Nodes that may link by a key.
    pub async fn peers(&self) -> Result<Vec<Peer>, DbErr> {
        let good = node_key::Entity::find().filter(node_key::Column::RevokedMs.is_null());
        let rows = good.all(&self.database.reader).await?;
        let peers = rows.into_iter().filter_map(|row| Some((row.name, PeerRole::from_word(&row.role)?)));
        Ok(peers.map(|(name, role)| Peer { name, role }).collect())
    }
}

pub(crate) async fn insert(connection: &impl ConnectionTrait, issued: &Issued) -> Result<(), DbErr> {
    use node_key::Column;
    let row = node_key::ActiveModel {
        key: Set(issued.key.to_string()),
        name: Set(issued.peer.name.clone()),
        role: Set(issued.peer.role.as_str().to_owned()),
        issued_ms: Set(ms(issued.from_s)),
        expires_ms: Set(ms(issued.until_s)),
        revoked_ms: Set(None),
    };
    let newest = OnConflict::column(Column::Key)
        .update_columns([Column::IssuedMs, Column::ExpiresMs, Column::RevokedMs])
        .to_owned();
    node_key::Entity::insert(row).on_conflict(newest).exec_without_returning(connection).await?;
    Ok(())
}

pub(crate) async fn revoke(connection: &impl ConnectionTrait, name: &str) -> Result<u64, DbErr> {
    use node_key::Column;
    let revoked = node_key::Entity::update_many()
        .col_expr(Column::RevokedMs, Expr::value(Utc::now().timestamp_millis()))
        .filter(Column::Name.eq(name))
        .filter(Column::RevokedMs.is_null())
        .exec(connection)
        .await?;
    Ok(revoked.rows_affected)
}

fn ms(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000)
}
