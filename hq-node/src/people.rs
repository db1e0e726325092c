//! The people of this node for its pages: rows of the back-office, seen through the doors of the page kit.

use ::web::doors::{People, Person, Visitor};
use ::web::password;
use ::web::rights::Role;
use anyhow::Context;
use backoffice::people::{self, Account};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use migrations::database::Database;
use sea_orm::DbErr;

/// Who may sign in when there is nobody else yet.
pub const FIRST_NAME: &str = "admin";

/// People and sessions in the node's database.
#[derive(Clone, Debug)]
pub struct PeopleTable {
    database: Database,
}

impl PeopleTable {
    pub fn new(database: Database) -> PeopleTable {
        PeopleTable { database }
    }
}

fn person(account: Account) -> Option<Person> {
    let Account { name, role, password_hash, enabled } = account;
    match role.parse() {
        Ok(role) => Some(Person { name, role, password_hash, enabled }),
        Err(error) => {
            tracing::error!(name = %name, error = %error, "a person has an unknown role and cannot sign in");
            None
        }
    }
}

fn told(error: DbErr) -> String {
    error.to_string()
}

impl People for PeopleTable {
    fn find<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Person>, String>> {
        async move { Ok(people::find(&self.database.reader, name).await.map_err(told)?.and_then(person)) }.boxed()
    }

    fn open_session(
        &self,
        token_hash: [u8; 32],
        name: String,
        now_ms: i64,
        expires_ms: i64,
    ) -> BoxFuture<'_, Result<(), String>> {
        async move {
            let opened = people::open_session(&self.database.writer, token_hash.to_vec(), name, now_ms, expires_ms);
            opened.await.map_err(told)
        }
        .boxed()
    }

    fn of_session(&self, token_hash: [u8; 32], now_ms: i64) -> BoxFuture<'_, Result<Option<Visitor>, String>> {
        async move {
            let account = people::of_session(&self.database.reader, &token_hash, now_ms).await.map_err(told)?;
            Ok(account.and_then(person).map(|person| Visitor { name: person.name, role: person.role }))
        }
        .boxed()
    }

    fn end_session(&self, token_hash: [u8; 32]) -> BoxFuture<'_, Result<(), String>> {
        async move { people::end_session(&self.database.writer, &token_hash).await.map_err(told) }.boxed()
    }
}

/// Add a person or change one.
pub async fn put(database: &Database, name: &str, role: Role, password: &str) -> anyhow::Result<()> {
    let name = name.trim();
    anyhow::ensure!(!name.is_empty(), "a person needs a name");
    let account = Account {
        name: name.to_owned(),
        role: role.as_str().to_owned(),
        password_hash: password::hash(password)?,
        enabled: true,
    };
    let transaction = database.begin().await?;
    people::put(&transaction, account).await?;
    transaction.commit().await.context("the person was not stored")
}

/// With nobody in the database, make "admin" with this role. Answers the password if it was made up, to be printed once.
pub async fn first(database: &Database, role: Role, given: Option<&str>) -> anyhow::Result<Option<String>> {
    if people::count(&database.reader).await? > 0 {
        return Ok(None);
    }
    let made_up = if given.is_none() { Some(password::random()) } else { None };
    let password = given.or(made_up.as_deref()).unwrap_or_default();
    put(database, FIRST_NAME, role, password).await.context("the password of \"admin\" in the settings")?;
    Ok(made_up)
}
