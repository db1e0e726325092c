//! Whose turn it is to keep the book, where several processes could: a lease in the book's own database, checked in the
//! transaction of every block.
//!
//! A process that waits for its turn serves nothing of the book. One whose turn has passed, because it slept or its
//! database did, answers nothing from then on: it loads the book anew when its turn comes again.

use std::sync::Mutex;
use std::time::Duration;

use migrations::AccountsMigrator;
use migrations::database::Database;
use migrations::lease::{self, Fence};
use sea_orm::DbErr;
use tokio::time::Instant;

use crate::store::database::{DatabaseStore, POSTGRES_CONNECTIONS_MAX};

/// A holder that is not heard of for so long has lost its turn.
pub const TURN_LASTS: Duration = Duration::from_secs(10);
/// Three renewals may fail before that.
const RENEW_EVERY: Duration = Duration::from_secs(3);
/// Who waits looks so often.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The schema of the book in the database of the trade: its tables are restored, copied and verified apart.
pub const SCHEMA: &str = "accounts";
const ROLE: &str = "root";

/// A turn that has come.
pub struct Turn {
    database: Database,
    holder: String,
    fence: Fence,
    /// It lasts until then if nothing more is heard of the database.
    until: Mutex<Instant>,
}

/// The book in PostgreSQL and who wants to keep it.
#[derive(Clone)]
pub struct Queue {
    pub url: String,
    /// This process, for operators of the others.
    pub holder: String,
}

impl Queue {
    /// The tables of the book, made if they are not there.
    pub async fn open(&self) -> Result<Database, DbErr> {
        let database =
            Database::open_postgres_schema::<AccountsMigrator>(&self.url, SCHEMA, POSTGRES_CONNECTIONS_MAX).await?;
        lease::offer(&database.writer, &[ROLE.to_owned()]).await?;
        Ok(database)
    }

    /// Wait until nobody else keeps the book, and while the database is away.
    pub async fn wait(&self) -> Turn {
        let mut database = None;
        loop {
            match self.once(&mut database).await {
                Ok(Some(turn)) => return turn,
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "the account book cannot be opened"),
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn once(&self, opened: &mut Option<Database>) -> Result<Option<Turn>, DbErr> {
        let database = match opened {
            Some(database) => database,
            None => opened.insert(self.open().await?),
        };
        self.try_take(database).await
    }

    /// The turn, or who has it.
    pub async fn take_now(&self) -> Result<Result<Turn, String>, DbErr> {
        let database = self.open().await?;
        if let Some(turn) = self.try_take(&database).await? {
            return Ok(Ok(turn));
        }
        let held = lease::all(&database.writer).await?.into_iter().find(|lease| lease.role == ROLE);
        Ok(Err(held.map_or_else(String::new, |lease| lease.holder)))
    }

    async fn try_take(&self, database: &Database) -> Result<Option<Turn>, DbErr> {
        let asked = Instant::now();
        let taken = lease::take(&database.writer, ROLE, &self.holder, TURN_LASTS, 1).await?;
        Ok(taken.into_iter().next().map(|fence| {
            tracing::info!(holder = self.holder, fence = fence.fence, "this process keeps the account book");
            let until = Mutex::new(asked + TURN_LASTS);
            Turn { database: database.clone(), holder: self.holder.clone(), fence, until }
        }))
    }
}

impl Turn {
    /// The book, written under this turn only.
    pub fn store(&self) -> DatabaseStore {
        DatabaseStore::new(self.database.clone()).fenced(self.fence.clone())
    }

    /// Surely nobody else keeps the book now, as far as this machine's clock runs.
    pub fn lasts(&self) -> bool {
        Instant::now() < *self.until.lock().expect("nothing panics while it holds the time")
    }

    /// Renew it until it is lost.
    pub async fn keep(&self) {
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            let asked = Instant::now();
            match lease::renew(&self.database.writer, &self.holder, TURN_LASTS).await {
                Ok(held) if held.contains(&self.fence) => {
                    *self.until.lock().expect("nothing panics while it holds the time") = asked + TURN_LASTS;
                }
                Ok(_) => return,
                Err(error) => tracing::warn!(%error, "the turn to keep the account book could not be renewed"),
            }
        }
    }

    /// Let the next one keep the book.
    pub async fn give_back(&self) {
        *self.until.lock().expect("nothing panics while it holds the time") = Instant::now();
        if let Err(error) = lease::release(&self.database.writer, std::slice::from_ref(&self.fence)).await {
            tracing::warn!(%error, "the turn to keep the account book could not be given back: it expires");
        }
    }
}
