//! Tables of the link: the outbox, what was received, datasets, and who may link. The rules are in `actors/link`.

use sea_orm_migration::prelude::*;

use crate::entity::{
    dataset_head, dataset_row, inbox_cursor, link_peer, node_identity, origin_head, out_head, outbox, parked,
};

#[derive(Debug)]
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261125_link"
    }
}

fn column(name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.not_null();
    column
}

fn key(table: &mut TableCreateStatement, columns: impl IntoIterator<Item = DynIden>) {
    let mut index = Index::create();
    for column in columns {
        index.col(column);
    }
    table.primary_key(&mut index);
}

fn node_identity_table() -> TableCreateStatement {
    use node_identity::Column;
    let mut table = Table::create();
    table
        .table(node_identity::Entity)
        .col(column(Column::Id).integer().primary_key())
        .col(column(Column::Incarnation).big_integer())
        .col(column(Column::CreatedMs).big_integer());
    table
}

fn out_head_table() -> TableCreateStatement {
    use out_head::Column;
    let mut table = Table::create();
    table
        .table(out_head::Entity)
        .col(column(Column::Channel).integer().primary_key())
        .col(column(Column::Seq).big_integer())
        .col(column(Column::Chain).blob())
        .col(column(Column::AckedSeq).big_integer())
        .col(column(Column::AckedChain).blob())
        .col(ColumnDef::new(Column::Store).string().null())
        .col(ColumnDef::new(Column::Till).big_integer().null());
    table
}

fn outbox_table() -> TableCreateStatement {
    use outbox::Column;
    let mut table = Table::create();
    table
        .table(outbox::Entity)
        .col(column(Column::Channel).integer())
        .col(column(Column::Seq).big_integer())
        .col(column(Column::Id).uuid())
        .col(column(Column::TypeId).big_integer())
        .col(column(Column::Schema).integer())
        .col(column(Column::Store).string())
        .col(column(Column::Till).big_integer())
        .col(column(Column::Sequence).big_integer())
        .col(column(Column::OriginChain).blob())
        .col(column(Column::CreatedMs).big_integer())
        .col(column(Column::Body).blob())
        .col(column(Column::Chain).blob());
    key(&mut table, [Column::Channel.into_iden(), Column::Seq.into_iden()]);
    table
}

fn inbox_cursor_table() -> TableCreateStatement {
    use inbox_cursor::Column;
    let mut table = Table::create();
    table
        .table(inbox_cursor::Entity)
        .col(column(Column::Peer).string())
        .col(column(Column::Channel).integer())
        .col(column(Column::AppliedSeq).big_integer())
        .col(column(Column::Chain).blob())
        .col(column(Column::UpdatedMs).big_integer());
    key(&mut table, [Column::Peer.into_iden(), Column::Channel.into_iden()]);
    table
}

fn origin_head_table() -> TableCreateStatement {
    use origin_head::Column;
    let mut table = Table::create();
    table
        .table(origin_head::Entity)
        .col(column(Column::Store).string())
        .col(column(Column::Till).big_integer())
        .col(column(Column::Sequence).big_integer())
        .col(column(Column::Chain).blob());
    key(&mut table, [Column::Store.into_iden(), Column::Till.into_iden()]);
    table
}

fn parked_table() -> TableCreateStatement {
    use parked::Column;
    let mut table = Table::create();
    table
        .table(parked::Entity)
        .col(column(Column::Store).string())
        .col(column(Column::Till).big_integer())
        .col(column(Column::Sequence).big_integer())
        .col(column(Column::Id).uuid())
        .col(column(Column::TypeId).big_integer())
        .col(column(Column::Schema).integer())
        .col(column(Column::OriginChain).blob())
        .col(column(Column::CreatedMs).big_integer())
        .col(column(Column::Body).blob())
        .col(column(Column::Peer).string())
        .col(column(Column::PeerRole).string())
        .col(column(Column::Reason).text())
        .col(column(Column::ParkedMs).big_integer())
        .col(column(Column::Tries).integer());
    key(&mut table, [Column::Store.into_iden(), Column::Till.into_iden(), Column::Sequence.into_iden()]);
    table
}

fn dataset_head_table() -> TableCreateStatement {
    use dataset_head::Column;
    let mut table = Table::create();
    table
        .table(dataset_head::Entity)
        .col(column(Column::Dataset).string().primary_key())
        .col(column(Column::Version).big_integer());
    table
}

fn dataset_row_table() -> TableCreateStatement {
    use dataset_row::Column;
    let mut table = Table::create();
    table
        .table(dataset_row::Entity)
        .col(column(Column::Dataset).string())
        .col(column(Column::Key).string())
        .col(column(Column::Version).big_integer())
        .col(column(Column::Deleted).boolean())
        .col(column(Column::Body).blob());
    key(&mut table, [Column::Dataset.into_iden(), Column::Key.into_iden()]);
    table
}

fn link_peer_table() -> TableCreateStatement {
    use link_peer::Column;
    let mut table = Table::create();
    table
        .table(link_peer::Entity)
        .col(column(Column::Name).string().primary_key())
        .col(column(Column::Role).string())
        .col(column(Column::TokenSha256).blob())
        .col(column(Column::Revoked).boolean())
        .col(column(Column::CreatedMs).big_integer());
    table
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            node_identity_table(),
            out_head_table(),
            outbox_table(),
            inbox_cursor_table(),
            origin_head_table(),
            parked_table(),
            dataset_head_table(),
            dataset_row_table(),
            link_peer_table(),
        ] {
            manager.create_table(table).await?;
        }
        manager
            .create_index(
                Index::create()
                    .name("dataset_row_version")
                    .table(dataset_row::Entity)
                    .col(dataset_row::Column::Dataset)
                    .col(dataset_row::Column::Version)
                    .to_owned(),
            )
            .await
    }
}
