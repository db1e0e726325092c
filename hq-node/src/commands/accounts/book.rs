//! The account book from a command: read as of one moment while a head office may be running, or opened to be changed when
//! none is; exported and verified.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use domain::ledger::transfer::Moment;
use migrations::database::Database;
use processing::host::{Loader, Sealed, Writer};
use processing::machine::day_of;
use processing::machine::root::{Policy, Root};
use processing::machine::{Now, ROOT};
use processing::seen::Seen;
use processing::store::export::{ExportError, export as write_export, verify_export};
use processing::store::verify::{Verified, VerifyError, verify};
use processing::store::{DatabaseStore, Store};
use runtime::claim::Claim;
use runtime::clock::Clock;
use sea_orm::{ConnectOptions, ConnectionTrait};

use crate::settings::{ACCOUNTS_FILE, DATABASE_FILE};
use crate::web::accounts::words::{decimal, kind_word};

/// The one connection is kept for as long as any command takes: what it sees is a snapshot of its own.
const SNAPSHOT_LASTS: Duration = Duration::from_secs(7 * 24 * 3600);

fn existing(data: &Path) -> anyhow::Result<PathBuf> {
    let file = data.join(ACCOUNTS_FILE);
    anyhow::ensure!(file.is_file(), "there is no {}: choose the data folder with --data", file.display());
    Ok(file)
}

/// The book as of now, whatever is written to it meanwhile.
pub(super) async fn snapshot(data: &Path) -> anyhow::Result<DatabaseStore> {
    let file = existing(data)?;
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=ro", file.display()));
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
        database.execute_unprepared("BEGIN").await?;
        database.execute_unprepared("SELECT count(*) FROM sqlite_master").await?;
        Ok::<_, sea_orm::DbErr>(database)
    };
    let database = open.await.with_context(|| format!("the account book {} cannot be read", file.display()))?;
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
    data: &Path,
    work: impl AsyncFnOnce(&Root, Now, &DatabaseStore) -> anyhow::Result<R>,
) -> anyhow::Result<R> {
    let store = snapshot(data).await?;
    let (root, writer) = load(&store).await?;
    work(&root, now(writer.elapsed_ms()), &store).await
}

/// Change the root of a head office that is not running: one block.
pub(super) async fn change<R, E>(data: &Path, work: impl FnOnce(&mut Root, Now) -> Result<R, E>) -> anyhow::Result<R>
where
    anyhow::Error: From<E>,
{
    std::fs::create_dir_all(data).with_context(|| format!("the data folder {} cannot be made", data.display()))?;
    let _claim = Claim::take(&data.join(DATABASE_FILE))?;
    let file = data.join(ACCOUNTS_FILE);
    let store = DatabaseStore::open_sqlite(&file).await?;
    let (mut root, mut writer) = load(&store).await?;
    anyhow::ensure!(
        !Seen::beside(&file).is_older(writer.head().number),
        "the account book was brought back from a backup: start the head office first, so that stores report"
    );
    let now = now(writer.elapsed_ms());
    let done = work(&mut root, now)?;
    if let Some(Sealed { block, pages, .. }) = writer.seal(&mut root, now) {
        store.append(block, pages).await?;
    }
    store.close().await?;
    Ok(done)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) async fn export(file: &Path, data: &Path) -> anyhow::Result<()> {
    let store = snapshot(data).await?;
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

pub(super) async fn verify_book(data: &Path) -> anyhow::Result<()> {
    let store = snapshot(data).await?;
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
