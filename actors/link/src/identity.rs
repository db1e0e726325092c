//! Which database this is: a random incarnation, drawn when it is first used.

use chrono::Utc;
use migrations::database::Database;
use migrations::entity::node_identity;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, DbErr, EntityTrait};

const ROW: i32 = 1;

/// The incarnation of this database.
pub async fn incarnation(database: &Database) -> Result<u64, DbErr> {
    if let Some(row) = node_identity::Entity::find_by_id(ROW).one(&database.reader).await? {
        return Ok(row.incarnation.cast_unsigned());
    }
    let fresh = node_identity::ActiveModel {
        id: Set(ROW),
        incarnation: Set(rand::random::<i64>()),
        created_ms: Set(Utc::now().timestamp_millis()),
    };
    // Two tasks may meet here: the first one's draw holds.
    let first = OnConflict::column(node_identity::Column::Id).do_nothing().to_owned();
    node_identity::Entity::insert(fresh).on_conflict(first).exec_without_returning(&database.writer).await?;
    match node_identity::Entity::find_by_id(ROW).one(&database.writer).await? {
        Some(row) => Ok(row.incarnation.cast_unsigned()),
        None => Err(DbErr::RecordNotFound("the identity of the node was not kept".to_owned())),
    }
}
