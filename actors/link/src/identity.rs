//! Which database this is: a random incarnation, drawn when it is first used, and again when it is found to be an old copy.
//!
//! A backup of a database knows nothing of what came after it. So the place of the outbox is also noted in a small file
//! beside the database: a database that stands before its own note was put back. Whoever restores both, or loses both, is
//! found out by the node above, which has seen more than this one remembers.
//!
//! Invariants:
//! - LK-8 A database that went back never sends under the incarnation it had: it draws another, and says so above.
//! - LK-9 Until the node above has been asked, such a database is not `compared`, and its till does not sell.

use std::io;
use std::path::{Path, PathBuf};

use chrono::Utc;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use migrations::database::Database;
use migrations::entity::node_identity;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

use crate::chain::Place;

const ROW: i32 = 1;

/// The note beside the database, in the data folder.
pub const NOTE_FILE: &str = "node.state";

/// Which database this is, and whether the node above knows where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pub incarnation: u64,
    pub compared: bool,
}

impl From<node_identity::Model> for Identity {
    fn from(row: node_identity::Model) -> Identity {
        Identity { incarnation: row.incarnation.cast_unsigned(), compared: row.compared }
    }
}

/// The identity of this database.
pub async fn identity(database: &Database) -> Result<Identity, DbErr> {
    if let Some(row) = node_identity::Entity::find_by_id(ROW).one(&database.reader).await? {
        return Ok(row.into());
    }
    let fresh = node_identity::ActiveModel {
        id: Set(ROW),
        incarnation: Set(rand::random::<i64>()),
        created_ms: Set(Utc::now().timestamp_millis()),
        compared: Set(false),
    };
    // Two tasks may meet here: the first one's draw holds.
    let first = OnConflict::column(node_identity::Column::Id).do_nothing().to_owned();
    node_identity::Entity::insert(fresh).on_conflict(first).exec_without_returning(&database.writer).await?;
    match node_identity::Entity::find_by_id(ROW).one(&database.writer).await? {
        Some(row) => Ok(row.into()),
        None => Err(DbErr::RecordNotFound("the identity of the node was not kept".to_owned())),
    }
}

/// This database is an old copy: what it says from now on is said by another incarnation.
pub(crate) async fn renew(database: &Database) -> Result<Identity, DbErr> {
    let incarnation = rand::random::<u64>();
    node_identity::Entity::update_many()
        .col_expr(node_identity::Column::Incarnation, Expr::value(incarnation.cast_signed()))
        .col_expr(node_identity::Column::Compared, Expr::value(false))
        .filter(node_identity::Column::Id.eq(ROW))
        .exec(&database.writer)
        .await?;
    Ok(Identity { incarnation, compared: false })
}

/// The node above has seen where this database stands, and nothing is missing here.
pub(crate) async fn compared<C: ConnectionTrait>(db: &C) -> Result<(), DbErr> {
    node_identity::Entity::update_many()
        .col_expr(node_identity::Column::Compared, Expr::value(true))
        .filter(node_identity::Column::Id.eq(ROW))
        .exec(db)
        .await?;
    Ok(())
}

/// Where the note lies: a file beside the database.
pub trait NotePlace: Send + Sync + 'static {
    /// None if there is no note.
    fn read(&self) -> Option<String>;

    /// Replaced whole, so that a cut leaves the one before.
    fn write(&self, text: String) -> BoxFuture<'_, io::Result<()>>;
}

impl NotePlace for PathBuf {
    fn read(&self) -> Option<String> {
        std::fs::read_to_string(self).ok()
    }

    fn write(&self, text: String) -> BoxFuture<'_, io::Result<()>> {
        let file = self.clone();
        async move { tokio::task::spawn_blocking(move || write_whole(&file, &text)).await? }.boxed()
    }
}

fn write_whole(file: &Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    let beside = file.with_extension("state.new");
    let mut written = std::fs::File::create(&beside)?;
    written.write_all(text.as_bytes())?;
    written.sync_all()?;
    std::fs::rename(beside, file)
}

/// What the note says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) incarnation: u64,
    pub(crate) last: Place,
}

impl Note {
    /// None if it cannot be read: then only the node above can tell.
    pub(crate) fn from_text(text: &str) -> Option<Note> {
        let mut words = text.split_whitespace();
        let incarnation = u64::from_str_radix(words.next()?, 16).ok()?;
        let sequence = words.next()?.parse().ok()?;
        let chain = u128::from_str_radix(words.next()?, 16).ok()?.to_be_bytes();
        Some(Note { incarnation, last: Place { sequence, chain } })
    }

    pub(crate) fn to_text(self) -> String {
        let Place { sequence, chain } = self.last;
        format!("{:016x} {sequence} {:032x}\n", self.incarnation, u128::from_be_bytes(chain))
    }

    /// Does a database with this identity, whose outbox ends at `last`, stand before its own note?
    pub(crate) fn is_ahead_of(&self, identity: Identity, last: Place) -> bool {
        if !identity.compared {
            // It is known to be an old copy, or to be new.
            return false;
        }
        let Place { sequence, chain } = self.last;
        identity.incarnation != self.incarnation
            || last.sequence < sequence
            || (last.sequence == sequence && last.chain != chain)
    }
}
