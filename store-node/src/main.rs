//! The command of a store's machines.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use store_node::commands::{enrol, nodes};
use store_node::settings::SettingsError;
use store_node::{demo, replay, run, settings};

#[derive(Debug, Parser)]
#[command(name = "store-node", version, about = "Tills and the store server of a chain of shops")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run this machine as its settings say: server, till, or both.
    Run {
        #[arg(long, default_value = "deploy/store.toml")]
        config: PathBuf,
    },
    /// Open a cashier's terminal: with the machine's settings, or without them as one more till of the running demo.
    Till {
        #[arg(long)]
        config: Option<PathBuf>,
        /// Language of the screen: en or ru.
        #[arg(long)]
        language: Option<store_node::tui::Language>,
        /// Folder of the till's databases, when it joins the demo.
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// A head office, two stores and four tills with simulated shoppers, in this process.
    Demo {
        /// Stop after this time ("60s", "5m") with a summary; without it, run until Ctrl+C.
        #[arg(long = "for", value_parser = duration)]
        runs_for: Option<Duration>,
        /// The folder of the databases; without it one among the temporary files. The next demo goes on with what is there.
        #[arg(long)]
        data: Option<PathBuf>,
        /// Where the head office's pages are served.
        #[arg(long, default_value = "127.0.0.1:7700")]
        listen: String,
    },
    /// Give this machine a key, with the token that the node above has printed for it.
    Enrol(enrol::Enrol),
    /// Which tills may link to this store's server by a key.
    Node(nodes::Node),
    /// Run a till script (deploy/TILL-SCRIPT.md).
    Replay(replay::Arguments),
}

fn duration(text: &str) -> Result<Duration, String> {
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u64 = digits.parse().map_err(|_| format!("\"{text}\" is not a time such as 60s, 5m or 1h"))?;
    match unit {
        "" | "s" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(60 * number)),
        "h" => Ok(Duration::from_secs(3600 * number)),
        _ => Err(format!("\"{text}\" is not a time such as 60s, 5m or 1h")),
    }
}

/// Exit status of a command line or of settings that make no sense, as `sysexits.h` has it.
const EXIT_USAGE: u8 = 64;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = runtime::system::run(async {
        match arguments.command {
            Command::Run { config } => run::machine(settings::read(&config)?).await.map(|()| ExitCode::SUCCESS),
            Command::Till { config, language, data } => {
                let settings = config.as_deref().map(settings::read).transpose()?;
                run::till(settings, language, data).await.map(|()| ExitCode::SUCCESS)
            }
            Command::Demo { runs_for, data, listen } => demo::run(runs_for, data, &listen).await,
            Command::Enrol(command) => enrol::run(command).await.map(|()| ExitCode::SUCCESS),
            Command::Node(command) => nodes::run(command).await.map(|()| ExitCode::SUCCESS),
            Command::Replay(arguments) => Ok(replay::run(arguments).await),
        }
    });
    done.unwrap_or_else(|error| {
        eprintln!("store-node: {error:#}");
        if error.is::<SettingsError>() { ExitCode::from(EXIT_USAGE) } else { ExitCode::FAILURE }
    })
}
