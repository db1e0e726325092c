//! `hq-node operator`: who may sign on at the tills, in a head office that is not running.

use clap::{Args, Subcommand, ValueEnum};
use dataserver::browse;
use dataserver::requests::{NewOperator, PutOperators, RemoveOperators};
use domain::ids::OperatorNumber;
use messages::v1::catalogue::Role;

use super::{Office, publish};

#[derive(Debug, Args)]
pub struct Operator {
    #[command(subcommand)]
    pub what: What,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum RoleName {
    Cashier,
    SeniorCashier,
    StoreAdmin,
}

#[derive(Debug, Subcommand)]
pub enum What {
    /// Add a person or change one.
    Put {
        number: String,
        #[arg(long)]
        name: String,
        #[arg(long, value_enum)]
        role: RoleName,
        /// Without it a person who is there keeps theirs. Read from the variable, it stays out of the list of processes.
        #[arg(long, env = "OPENSTORE_PIN", hide_env_values = true)]
        pin: Option<String>,
        /// What the person's card says; empty takes the card away.
        #[arg(long, env = "OPENSTORE_CARD", hide_env_values = true)]
        card: Option<String>,
        #[command(flatten)]
        at: Office,
    },
    /// A person may not sign on any more.
    Remove {
        number: String,
        #[command(flatten)]
        at: Office,
    },
    /// Who there is.
    List {
        #[command(flatten)]
        at: Office,
    },
}

fn word(role: Role) -> &'static str {
    match role {
        Role::Cashier => "cashier",
        Role::SeniorCashier => "senior_cashier",
        Role::StoreAdmin => "store_admin",
    }
}

pub async fn run(Operator { what }: Operator) -> anyhow::Result<()> {
    match what {
        What::Put { number, name, role, pin, card, at } => {
            let role = match role {
                RoleName::Cashier => Role::Cashier,
                RoleName::SeniorCashier => Role::SeniorCashier,
                RoleName::StoreAdmin => Role::StoreAdmin,
            };
            let told = format!("{name} signs on as {number} ({})", word(role));
            let operator = NewOperator { number: OperatorNumber(number), name, pin, role, card };
            let put = PutOperators { operators: vec![operator] };
            publish(&at, async |to| Ok(to.put_operators.ask(put).await?)).await?;
            println!("{told}");
            Ok(())
        }
        What::Remove { number, at } => {
            let remove = RemoveOperators { numbers: vec![OperatorNumber(number.clone())] };
            let done = publish(&at, async |to| Ok(to.remove_operators.ask(remove).await?)).await?;
            println!("{number}: {}", if done.changed > 0 { "removed" } else { "was not there" });
            Ok(())
        }
        What::List { at } => list(&at).await,
    }
}

async fn list(at: &Office) -> anyhow::Result<()> {
    let database = at.existing().await?;
    let mut after: Option<String> = None;
    loop {
        let people = browse::operators(&database.reader, after.as_deref(), browse::PAGE_ROWS_MAX).await?;
        for person in &people {
            let card = if person.card_hash.is_some() { "  (card)" } else { "" };
            println!("{}  {}  {}{card}", person.number, person.name, word(person.role));
        }
        if people.len() < browse::PAGE_ROWS_MAX {
            return Ok(database.close().await?);
        }
        after = people.last().map(|last| last.number.0.clone());
    }
}
