//! `hq-node accounts`: customer accounts from a terminal.
//!
//! What only looks works on a running head office too: it reads the book as of one moment. What changes something needs the
//! head office to be stopped; while it runs, use its pages or its interface.

pub mod book;
mod change;
mod look;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use messages::v1::accounts::Wallet;

use super::Office;

#[derive(Debug, Args)]
pub struct Accounts {
    #[command(subcommand)]
    pub what: What,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum WalletName {
    Points,
    Gift,
    Prepaid,
    Credit,
    Stamps,
}

impl WalletName {
    pub fn wallet(self) -> Wallet {
        match self {
            WalletName::Points => Wallet::Points,
            WalletName::Gift => Wallet::Gift,
            WalletName::Prepaid => Wallet::Prepaid,
            WalletName::Credit => Wallet::Credit,
            WalletName::Stamps => Wallet::Stamps,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Form {
    Table,
    Csv,
    Json,
}

#[derive(Clone, Debug, Args)]
pub struct Shown {
    #[arg(long, value_enum, default_value = "table")]
    pub format: Form,
    #[command(flatten)]
    pub at: Office,
}

/// A wallet of the customer with this card or phone.
#[derive(Clone, Debug, Args)]
pub struct OfWallet {
    /// Card or phone.
    pub number: String,
    #[arg(long, value_enum)]
    pub wallet: WalletName,
    /// Currency or programme; needed when the customer has several wallets of the kind.
    #[arg(long)]
    pub asset: Option<u32>,
}

/// Who asks, for what two people do together.
#[derive(Clone, Debug, Args)]
pub struct Asker {
    /// Who asks; somebody else must allow it.
    #[arg(long)]
    pub by: String,
    #[arg(long)]
    pub reason: String,
}

#[derive(Debug, Args)]
pub struct NewCustomer {
    #[arg(long)]
    pub name: String,
    /// May be given several times.
    #[arg(long)]
    pub card: Vec<String>,
    /// May be given several times.
    #[arg(long)]
    pub phone: Vec<String>,
    /// Month and day, as 02-29.
    #[arg(long)]
    pub birthday: Option<String>,
    /// Card or phone of who brought the customer.
    #[arg(long, value_name = "NUMBER")]
    pub brought_by: Option<String>,
    /// A wallet of points of this programme.
    #[arg(long, value_name = "ASSET")]
    pub points: Vec<u32>,
    /// A wallet of stamps of this programme.
    #[arg(long, value_name = "ASSET")]
    pub stamps: Vec<u32>,
    /// A wallet of prepaid money.
    #[arg(long)]
    pub prepaid: bool,
    /// A wallet that may go below zero by so much, as 5000.00.
    #[arg(long, value_name = "LIMIT")]
    pub credit: Option<String>,
    #[command(flatten)]
    pub at: Office,
}

#[derive(Debug, Subcommand)]
pub enum Customers {
    /// A new customer. (The head office is stopped.)
    Add(NewCustomer),
    /// A customer with cards, wallets and what stores hold.
    Show {
        /// Card or phone.
        number: String,
        #[command(flatten)]
        shown: Shown,
    },
    /// All customers.
    List(Shown),
}

#[derive(Debug, Subcommand)]
pub enum What {
    /// Customers: add, show, list.
    #[command(subcommand)]
    Customer(Customers),
    /// Stop all cards of a customer, or one card, and print what stores may still spend. (The head office is stopped.)
    Block {
        number: String,
        /// Only this card.
        #[arg(long)]
        card_only: bool,
        #[command(flatten)]
        at: Office,
    },
    /// Let a customer, or one card, pay again. (The head office is stopped.)
    Unblock {
        number: String,
        #[arg(long)]
        card_only: bool,
        #[command(flatten)]
        at: Office,
    },
    /// A new card instead of a lost one, with its limit. (The head office is stopped.)
    Replace {
        old: String,
        new: String,
        #[command(flatten)]
        at: Office,
    },
    /// One customer instead of two: cards, money and points of FROM come to INTO. (The head office is stopped.)
    Merge {
        from: String,
        into: String,
        #[command(flatten)]
        at: Office,
    },
    /// Undo a merge by its number. (The head office is stopped.)
    Unmerge {
        merge: u64,
        #[command(flatten)]
        at: Office,
    },
    /// Ask for a correction, above or below zero; another person must allow it. (The head office is stopped.)
    Adjust {
        #[command(flatten)]
        of: OfWallet,
        /// As 12.50 or -12.50.
        #[arg(long, allow_hyphen_values = true)]
        amount: String,
        #[command(flatten)]
        asker: Asker,
        #[command(flatten)]
        at: Office,
    },
    /// What was asked for, and what became of it.
    Requests(Shown),
    /// Allow a request as the second person. (The head office is stopped.)
    Allow {
        operation: String,
        #[arg(long)]
        by: String,
        #[command(flatten)]
        at: Office,
    },
    /// Refuse a request, or take back one's own. (The head office is stopped.)
    Refuse {
        operation: String,
        #[arg(long)]
        by: String,
        #[command(flatten)]
        at: Office,
    },
    /// The movements of a wallet, the newest first.
    Statement {
        #[command(flatten)]
        of: OfWallet,
        /// Not what came after this moment, as 2026-11-25 or 2026-11-25T14:30.
        #[arg(long)]
        as_of: Option<String>,
        /// Rights given to stores and returned as well.
        #[arg(long)]
        rights: bool,
        /// At most about so many movements.
        #[arg(long, default_value_t = 1_000)]
        lines: usize,
        #[command(flatten)]
        shown: Shown,
    },
    /// Open holds of web shops and apps.
    Holds(Shown),
    /// Stores and what they may spend.
    Stores(Shown),
    /// What people must look at.
    Alerts(Shown),
    /// Ask for a store to be given up as lost; another person must allow it. (The head office is stopped.)
    Fence {
        store: String,
        #[command(flatten)]
        asker: Asker,
        #[command(flatten)]
        at: Office,
    },
    /// Ask to give back what is set aside of a lost store; another person must allow it. (The head office is stopped.)
    WriteOff {
        store: String,
        #[command(flatten)]
        asker: Asker,
        #[command(flatten)]
        at: Office,
    },
    /// Budgets of campaigns: shown, or with --campaign one of them set. (To set one the head office is stopped.)
    Budget {
        #[arg(long, requires = "asset")]
        campaign: Option<u32>,
        #[arg(long)]
        asset: Option<u32>,
        /// Most that it may give; left out: no limit.
        #[arg(long)]
        most: Option<String>,
        #[command(flatten)]
        shown: Shown,
    },
    /// Issue gift cards and print their numbers. (The head office is stopped.)
    IssueGift {
        #[arg(long)]
        label: String,
        #[arg(long)]
        count: String,
        #[arg(long, default_value = "")]
        prefix: String,
        /// Money on each card; left out, they are loaded when they are sold.
        #[arg(long, default_value = "")]
        value: String,
        /// Days of validity; left out: for ever.
        #[arg(long, default_value = "")]
        valid_days: String,
        #[arg(long)]
        by: String,
        #[command(flatten)]
        at: Office,
    },
    /// Write all movements with their chain of hashes into a file that anybody can verify.
    Export {
        file: PathBuf,
        #[command(flatten)]
        at: Office,
    },
    /// Do all of an export, or of the book itself (with --data), again, and say the first thing that is wrong.
    Verify {
        /// An export.
        #[arg(required_unless_present_any = ["data", "database"], conflicts_with = "data")]
        file: Option<PathBuf>,
        /// The book in this folder.
        #[arg(long)]
        data: Option<PathBuf>,
        /// The book in this database.
        #[arg(long, hide_env_values = true)]
        database: Option<String>,
    },
}

pub async fn run(Accounts { what }: Accounts) -> anyhow::Result<()> {
    match what {
        What::Customer(Customers::Add(new)) => change::add(new).await,
        What::Customer(Customers::Show { number, shown }) => look::customer(&number, &shown).await,
        What::Customer(Customers::List(shown)) => look::customers(&shown).await,
        What::Block { number, card_only, at } => change::block(&at, &number, card_only, true).await,
        What::Unblock { number, card_only, at } => change::block(&at, &number, card_only, false).await,
        What::Replace { old, new, at } => change::replace(&at, &old, &new).await,
        What::Merge { from, into, at } => change::merge(&at, &from, &into).await,
        What::Unmerge { merge, at } => change::unmerge(&at, merge).await,
        What::Adjust { of, amount, asker, at } => change::adjust(&at, &of, &amount, asker).await,
        What::Requests(shown) => look::requests(&shown).await,
        What::Allow { operation, by, at } => change::judge(&at, &operation, by, true).await,
        What::Refuse { operation, by, at } => change::judge(&at, &operation, by, false).await,
        What::Statement { of, as_of, rights, lines, shown } => {
            look::statement(&of, as_of.as_deref(), rights, lines, &shown).await
        }
        What::Holds(shown) => look::holds(&shown).await,
        What::Stores(shown) => look::stores(&shown).await,
        What::Alerts(shown) => look::alerts(&shown).await,
        What::Fence { store, asker, at } => change::store(&at, &store, asker, true).await,
        What::WriteOff { store, asker, at } => change::store(&at, &store, asker, false).await,
        What::Budget { campaign: Some(campaign), asset, most, shown } => {
            change::budget(&shown.at, campaign, asset.unwrap_or_default(), most.as_deref()).await
        }
        What::Budget { shown, .. } => look::budgets(&shown).await,
        What::IssueGift { label, count, prefix, value, valid_days, by, at } => {
            let batch = crate::web::accounts::gift::Batch::read(&label, &prefix, &count, &value, &valid_days)?;
            change::issue_gift(&at, batch, by).await
        }
        What::Export { file, at } => book::export(&file, &at).await,
        What::Verify { file: Some(file), .. } => book::verify_file(&file),
        What::Verify { data, database, .. } => {
            book::verify_book(&Office { data: data.unwrap_or_default(), database }).await
        }
    }
}
