//! `hq-node rebuild`: compute the sums of reports again from the receipts and compare.

use anyhow::bail;
use clap::Args;

use super::Office;

#[derive(Debug, Args)]
pub struct Rebuild {
    /// Only compare: change nothing, and fail if something differs.
    #[arg(long)]
    pub check: bool,
    #[command(flatten)]
    pub at: Office,
}

pub async fn run(command: Rebuild) -> anyhow::Result<()> {
    let database = command.at.existing().await?;
    let rebuilt = backoffice::rebuild::rebuild(&database, !command.check).await?;
    database.close().await?;
    for sentence in &rebuilt.told {
        println!("{sentence}");
    }
    let looked = format!("{} receipts of {} stores", rebuilt.receipts, rebuilt.stores);
    match (rebuilt.differences, command.check) {
        (0, _) => println!("{looked}: every sum equals its receipts"),
        (count, false) => println!("{looked}: {count} sums differed and were put right"),
        (count, true) => bail!("{looked}: {count} sums differ; run it without --check to put them right"),
    }
    Ok(())
}
