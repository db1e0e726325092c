//! Rows of people and their sessions. What a password or a token is worth is decided by the pages, not here.

use migrations::entity::{session, user_account};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, Set};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub role: String,
    pub password_hash: String,
    pub enabled: bool,
}

impl From<user_account::Model> for Account {
    fn from(row: user_account::Model) -> Account {
        let user_account::Model { name, role, password_hash, enabled } = row;
        Account { name, role, password_hash, enabled }
    }
}

pub async fn count(database: &impl ConnectionTrait) -> Result<u64, DbErr> {
    user_account::Entity::find().count(database).await
}

pub async fn all(database: &impl ConnectionTrait) -> Result<Vec<Account>, DbErr> {
    let rows = user_account::Entity::find().order_by_asc(user_account::Column::Name).all(database).await?;
    Ok(rows.into_iter().map(Account::from).collect())
}

pub async fn find(database: &impl ConnectionTrait, name: &str) -> Result<Option<Account>, DbErr> {
    Ok(user_account::Entity::find_by_id(name).one(database).await?.map(Account::from))
}

/// Add an account or change it. Its open sessions end: a new password or role holds at once.
pub async fn put(database: &impl ConnectionTrait, account: Account) -> Result<(), DbErr> {
    use user_account::Column;
    let Account { name, role, password_hash, enabled } = account;
    session::Entity::delete_many().filter(session::Column::UserName.eq(&name)).exec(database).await?;
    let row = user_account::ActiveModel {
        name: Set(name),
        role: Set(role),
        password_hash: Set(password_hash),
        enabled: Set(enabled),
    };
    let replace = OnConflict::column(Column::Name)
        .update_columns([Column::Role, Column::PasswordHash, Column::Enabled])
        .to_owned();
    user_account::Entity::insert(row).on_conflict(replace).exec_without_returning(database).await?;
    Ok(())
}

pub async fn open_session(
    database: &impl ConnectionTrait,
    token_hash: Vec<u8>,
    user_name: String,
    now_ms: i64,
    expires_ms: i64,
) -> Result<(), DbErr> {
    session::Entity::delete_many().filter(session::Column::ExpiresMs.lte(now_ms)).exec(database).await?;
    let row = session::ActiveModel {
        token_hash: Set(token_hash),
        user_name: Set(user_name),
        created_ms: Set(now_ms),
        expires_ms: Set(expires_ms),
    };
    session::Entity::insert(row).exec_without_returning(database).await?;
    Ok(())
}

/// The account of a session that has not ended, if it may still sign in.
pub async fn of_session(
    database: &impl ConnectionTrait,
    token_hash: &[u8],
    now_ms: i64,
) -> Result<Option<Account>, DbErr> {
    let found = session::Entity::find_by_id(token_hash.to_vec()).one(database).await?;
    let Some(open) = found.filter(|open| open.expires_ms > now_ms) else { return Ok(None) };
    Ok(find(database, &open.user_name).await?.filter(|account| account.enabled))
}

pub async fn end_session(database: &impl ConnectionTrait, token_hash: &[u8]) -> Result<(), DbErr> {
    session::Entity::delete_by_id(token_hash.to_vec()).exec(database).await?;
    Ok(())
}
