//! `hq-node user`: who may sign in to the pages.

use clap::{Args, Subcommand};
use web::password;
use web::rights::Role;

use super::Office;

#[derive(Debug, Args)]
pub struct User {
    #[command(subcommand)]
    pub what: What,
}

#[derive(Debug, Subcommand)]
pub enum What {
    /// Add a person or change one; open sessions of theirs end. Without --password one is made up and printed.
    Add {
        name: String,
        /// hq_analyst, hq_admin, operator or shop.
        #[arg(long, default_value = "hq_analyst")]
        role: Role,
        /// Read from the variable, so that it stays out of the list of processes.
        #[arg(long, env = "OPENSTORE_PASSWORD", hide_env_values = true)]
        password: Option<String>,
        #[command(flatten)]
        at: Office,
    },
    /// Who there is.
    List {
        #[command(flatten)]
        at: Office,
    },
}

pub async fn run(User { what }: User) -> anyhow::Result<()> {
    match what {
        What::Add { name, role, password, at } => {
            let database = at.open().await?;
            let made_up = if password.is_none() { Some(password::random()) } else { None };
            let secret = password.or(made_up.clone()).unwrap_or_default();
            crate::people::put(&database, &name, role, &secret).await?;
            match made_up {
                Some(made_up) => println!("{name} may sign in as {role} with the password {made_up}"),
                None => println!("{name} may sign in as {role}"),
            }
            Ok(database.close().await?)
        }
        What::List { at } => {
            let database = at.open().await?;
            for person in backoffice::people::all(&database.reader).await? {
                println!("{}  {}{}", person.name, person.role, if person.enabled { "" } else { "  (may not sign in)" });
            }
            Ok(database.close().await?)
        }
    }
}
