//! The account book from a command: read as of one moment while a head office may be running, or opened to be changed when
//! none is; exported and verified.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use domain::ledger::transfer::Moment;
use migrations::database::{Database, Location};
use processing::host::{Loader, Sealed, Writer};
use processing::machine::day_of;
use processing::machine::root::{Policy, Root};
use processing::machine::{Now, ROOT};
use processing::seen::Seen;
use processing::store::export::{ExportError, export as write_export, verify_export};
use processing::store::verify::{Verified, VerifyError, verify};
use processing::store::{DatabaseStore, Store};
use processing::turn::{Queue, SCHEMA};
use runtime::clock::Clock;
use sea_orm::{ConnectOptions, ConnectionTrait};

use crate::commands::Office;
use crate::settings::ACCOUNTS_FILE;
use crate::web::accounts::words::{decimal, kind_word};

/// The one connection is kept for as long as any command takes: what it sees is a snapshot of its own.
const SNAPSHOT_LASTS: Duration = Duration::from_secs(7 * 24 * 3600);

/// The book as of now, whatever is written to it meanwhile.
pub(super) async fn snapshot(at: &Office) -> anyhow::Result<DatabaseStore> {
    let place = at.location()?;
    let (mut options, first) = match &place {
        Location::File(_) => {
            let file = at.data.join(ACCOUNTS_FILE);
            anyhow::ensure!(file.is_file(), "there is no {}: choose the data folder with --data", file.display());
            (ConnectOptions::new(format!("sqlite://{}?mode=ro", file.display())), "BEGIN")
        }
        Location::Postgres(url) => {
            let mut options = ConnectOptions::new(url);
            options.set_schema_search_path(SCHEMA);
            (options, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        }
    };
    options
        .max_connections(1)
        .min_connections(1)
        .idle_timeout(SNAPSHOT_LASTS)
        .max_lifetime(SNAPSHOT_LASTS)
        .test_before_acquire(false)
        .sqlx_logging(false);
    let open = async {
        let database = sea_orm::Database::connect(options).await?;
        // The first read of a transaction chooses what all the others see.
        database.execute_unprepared(first).await?;
        database.execute_unprepared("SELECT count(*) FROM account_block").await?;
        Ok::<_, sea_orm::DbErr>(database)
    };
    let database = open.await.with_context(|| format!("the account book of {place} cannot be read"))?;
    Ok(DatabaseStore::new(Database { writer: database.clone(), reader: database }))
}

fn now(elapsed_ms: u64) -> Now {
    let local = Clock::system().now();
    let moment = Moment { elapsed_ms, day: day_of(local.date_naive()) };
    Now { moment, wall_ms: local.timestamp_millis() }
}

async fn load(store: &DatabaseStore) -> anyhow::Result<(Root, Writer)> {
    let mut root = Root::new(Policy::default());
    let mut loader = Loader::new(&mut root);
    let head = store.load(&mut loader).await?;
    let writer = loader.finish(head);
    Ok((root, writer))
}

/// Look at the root as of now.
pub(super) async fn look<R>(
    at: &Office,
    work: impl AsyncFnOnce(&Root, Now, &DatabaseStore) -> anyhow::Result<R>,
) -> anyhow::Result<R> {
    let store = snapshot(at).await?;
    let (root, writer) = load(&store).await?;
    work(&root, now(writer.elapsed_ms()), &store).await
}

/// Change the root of a head office that is not running: one block.
pub(super) async fn change<R, E>(at: &Office, work: impl FnOnce(&mut Root, Now) -> Result<R, E>) -> anyhow::Result<R>
where
    anyhow::Error: From<E>,
{
    let _claim = at.claim()?;
    let Location::Postgres(url) = at.location()? else { return change_file(at, work).await };
    let queue = Queue { url, holder: format!("the command of process {}", std::process::id()) };
    let turn = queue.take_now().await.context("the account book cannot be opened")?;
    let turn = turn.map_err(|holder| anyhow::anyhow!("{holder} keeps the account book: stop it, or use its pages"))?;
    let done = change_in(&turn.store(), None, work).await;
    turn.give_back().await;
    done
}

async fn change_file<R, E>(at: &Office, work: impl FnOnce(&mut Root, Now) -> Result<R, E>) -> anyhow::Result<R>
where
    anyhow::Error: From<E>,
{
    let file = at.data.join(ACCOUNTS_FILE);
    let store = DatabaseStore::open_sqlite(&file).await?;
    let done = change_in(&store, Some(Seen::beside(&file)), work).await?;
    store.close().await?;
    Ok(done)
}

async fn change_in<R, E>(
    store: &DatabaseStore,
    seen: Option<Seen>,
    work: impl FnOnce(&mut Root, Now) -> Result<R, E>,
) -> anyhow::Result<R>
where
    anyhow::Error: From<E>,
{
    let (mut root, mut writer) = load(store).await?;
    anyhow::ensure!(
        !seen.is_some_and(|seen| seen.is_older(writer.head().number)),
        "the account book was brought back from a backup: start the head office first, so that stores report"
    );
    let now = now(writer.elapsed_ms());
    let done = work(&mut root, now)?;
    if let Some(Sealed { block, pages, .. }) = writer.seal(&mut root, now) {
        store.append(block, pages).await?;
    }
    Ok(done)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) async fn export(file: &Path, at: &Office) -> anyhow::Result<()> {
    let store = snapshot(at).await?;
    let cannot = || format!("{} cannot be written", file.display());
    let mut out = BufWriter::new(File::create(file).with_context(cannot)?);
    let done = write_export(&store, ROOT, &mut out).await?;
    out.flush().with_context(cannot)?;
    out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all().with_context(cannot)?;
    println!("{} blocks in {}", done.head.number, file.display());
    println!("last block {}", hex(&done.head.hash));
    println!("file {}", hex(&done.hash));
    Ok(())
}

fn print(verified: &Verified) {
    println!("blocks {}", verified.head.number);
    println!("postings {}", verified.postings);
    println!("accounts {}", verified.accounts);
    for ((asset, kind), balance) in &verified.balances {
        let balance = i64::try_from(*balance).map_or_else(|_| balance.to_string(), decimal);
        println!("  {asset} {}: {balance}", kind_word(*kind));
    }
    println!("last block {}", hex(&verified.head.hash));
}

/// The first thing that is wrong, as a person reads it.
#[derive(Debug, thiserror::Error)]
#[error("wrong: {0}")]
struct Wrong(String);

pub(super) fn verify_file(file: &Path) -> anyhow::Result<()> {
    let input = File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
    match verify_export(BufReader::new(input)) {
        Ok((exported, verified)) => {
            print(&verified);
            println!("file {}", hex(&exported.hash));
            println!("right");
            Ok(())
        }
        Err(error @ (ExportError::Store(_) | ExportError::File(_))) => Err(error.into()),
        Err(error) => Err(Wrong(error.to_string()).into()),
    }
}

pub(super) async fn verify_book(at: &Office) -> anyhow::Result<()> {
    let store = snapshot(at).await?;
    match verify(&store, |_| ()).await {
        Ok(verified) => {
            print(&verified);
            println!("pages {}, rows {}", verified.pages, verified.rows);
            println!("right");
            Ok(())
        }
        Err(VerifyError::Fault(fault)) => Err(Wrong(fault.to_string()).into()),
        Err(error) => Err(error.into()),
    }
}
