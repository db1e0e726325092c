//! What a node needs when a database went back: documents that were acknowledged or received, kept for a while in packed
//! blocks; which databases a peer had; and how far a recovery has come. The rules are in `actors/link`.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, binary, boolean, integer, string};

use crate::entity::{document_block, node_identity, peer_incarnation, recovery};

#[derive(Debug)]
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261128_recovery"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A database that is there already has sent and received: it was compared.
        let compared = ColumnDef::from(boolean(node_identity::Column::Compared).default(true));
        let altered = Table::alter().table(node_identity::Entity).add_column(compared).to_owned();
        manager.alter_table(altered).await?;

        let mut blocks = Table::create().table(document_block::Entity).to_owned();
        blocks
            .col(string(document_block::Column::Peer))
            .col(integer(document_block::Column::Channel))
            .col(big_integer(document_block::Column::SeqTo))
            .col(big_integer(document_block::Column::SeqFrom))
            .col(big_integer(document_block::Column::KeptMs))
            .col(integer(document_block::Column::RawBytes))
            .col(binary(document_block::Column::Body));
        let by_place = [document_block::Column::Peer, document_block::Column::Channel, document_block::Column::SeqTo];
        manager.create_table(keyed(blocks, by_place)).await?;
        let by_age = Index::create()
            .name("document_block_kept")
            .table(document_block::Entity)
            .col(document_block::Column::KeptMs)
            .to_owned();
        manager.create_index(by_age).await?;

        let mut incarnations = Table::create().table(peer_incarnation::Entity).to_owned();
        incarnations
            .col(string(peer_incarnation::Column::Peer))
            .col(big_integer(peer_incarnation::Column::Incarnation))
            .col(big_integer(peer_incarnation::Column::SinceMs))
            .col(big_integer_null(peer_incarnation::Column::ReplacedMs));
        let by_peer = [peer_incarnation::Column::Peer, peer_incarnation::Column::Incarnation];
        manager.create_table(keyed(incarnations, by_peer)).await?;

        let mut recoveries = Table::create().table(recovery::Entity).to_owned();
        recoveries
            .col(integer(recovery::Column::Channel))
            .col(big_integer(recovery::Column::Seq))
            .col(binary(recovery::Column::Chain))
            .col(big_integer(recovery::Column::Documents));
        manager.create_table(keyed(recoveries, [recovery::Column::Channel])).await
    }
}

fn keyed(mut table: TableCreateStatement, columns: impl IntoIterator<Item = impl IntoIden>) -> TableCreateStatement {
    let mut key = Index::create();
    for column in columns {
        key.col(column);
    }
    table.primary_key(&mut key).to_owned()
}
