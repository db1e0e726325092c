//! A database for one test: a file in its folder; or, with `OPENSTORE_TEST_POSTGRES` set to `postgres://user@host:port`, a
//! database made on that server.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use sea_orm::{ConnectionTrait, Statement};
use sea_orm_migration::MigratorTrait;

use crate::database::{Database, Location};

/// The server on which tests make their databases.
pub const SERVER: &str = "OPENSTORE_TEST_POSTGRES";

/// The place of `file` in a test's folder: the same again for the same file, so that a node can be started anew.
pub async fn location(folder: &Path, file: &str) -> Location {
    let Ok(server) = std::env::var(SERVER) else { return Location::File(folder.join(file)) };
    let mut hasher = DefaultHasher::new();
    (std::process::id(), folder.join(file)).hash(&mut hasher);
    let name = format!("test_{:016x}", hasher.finish());
    let maker = sea_orm::Database::connect(format!("{server}/postgres")).await.expect("the server of tests");
    let known = Statement::from_sql_and_values(
        maker.get_database_backend(),
        "SELECT 1 AS one FROM pg_database WHERE datname = $1",
        [name.as_str().into()],
    );
    if maker.query_one_raw(known).await.expect("the databases of the server").is_none() {
        maker.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database for a test");
    }
    maker.close().await.expect("the server of tests");
    Location::Postgres(format!("{server}/{name}"))
}

/// The address of that place, for a node's settings; none: a file in its data folder.
pub async fn address(folder: &Path, file: &str) -> Option<String> {
    match location(folder, file).await {
        Location::File(_) => None,
        Location::Postgres(url) => Some(url),
    }
}

pub async fn open<M: MigratorTrait>(folder: &Path, file: &str) -> Database {
    let at = location(folder, file).await;
    Database::open::<M>(&at).await.unwrap_or_else(|error| panic!("{at} cannot be opened: {error}"))
}
