//! A person who may sign in to the pages.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user_account")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub role: String,
    /// Argon2id in PHC form.
    pub password_hash: String,
    pub enabled: bool,
}

impl ActiveModelBehavior for ActiveModel {}
