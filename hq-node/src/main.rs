//! The command of the head office.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use hq_node::commands::{accounts, import, nodes, operators, people, rebuild, report, serve, stores, till_settings};
use hq_node::settings::SettingsError;

#[derive(Debug, Parser)]
#[command(name = "hq-node", version, about = "The head office of a chain of shops")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the head office: pages, programming interface, and the stores' links.
    Serve(serve::Serve),
    /// Print a report.
    Report(report::Report),
    /// Import a file.
    Import(import::Import),
    /// Who may sign in to the pages.
    User(people::User),
    /// Who may sign on at the tills.
    Operator(operators::Operator),
    /// How the tills behave.
    TillSettings(till_settings::TillSettings),
    /// Which stores may link.
    Store(stores::Store),
    /// Which nodes may link by a key.
    Node(nodes::Node),
    /// Customer accounts: points, prepaid money, gift cards.
    Accounts(accounts::Accounts),
    /// Compute the sums of reports again from the receipts, and put right what differs.
    Rebuild(rebuild::Rebuild),
}

/// Exit status of settings that make no sense, as `sysexits.h` has it.
const EXIT_USAGE: u8 = 64;

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    let done = runtime::system::run(async {
        match command {
            Command::Serve(command) => serve::run(command).await,
            Command::Report(command) => report::run(command).await,
            Command::Import(command) => import::run(command).await,
            Command::User(command) => people::run(command).await,
            Command::Operator(command) => operators::run(command).await,
            Command::TillSettings(command) => till_settings::run(command).await,
            Command::Store(command) => stores::run(command).await,
            Command::Node(command) => nodes::run(command).await,
            Command::Accounts(command) => accounts::run(command).await,
            Command::Rebuild(command) => rebuild::run(command).await,
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hq-node: {error:#}");
            if error.is::<SettingsError>() { ExitCode::from(EXIT_USAGE) } else { ExitCode::FAILURE }
        }
    }
}
