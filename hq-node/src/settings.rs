//! Settings of a head office: read whole and checked before a port is opened (HQ-1). Every key is in `deploy/hq.toml`.

pub mod link;

use std::path::{Path, PathBuf};

use ::web::rights::Role;
use config::{Config, Environment, File, FileFormat};
use domain::ids::StoreId;
use migrations::database::{Location, NotPostgres};
use serde::de::{Error as _, IntoDeserializer as _};
use serde::{Deserialize, Deserializer};

use self::link::LinkSettings;

/// The database file in the data folder.
pub const DATABASE_FILE: &str = "hq.sqlite";
/// Customer accounts, in the data folder: a file of its own, with one writer of its own.
pub const ACCOUNTS_FILE: &str = "accounts.sqlite";

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Folder of the database and of files that are being imported.
    pub data: PathBuf,
    /// The address of its database on PostgreSQL. Without it the database is a file in the data folder.
    #[serde(default)]
    pub database: Option<String>,
    /// What this process does of the work of a head office; left out: all of it.
    #[serde(default = "all_roles", deserialize_with = "roles")]
    pub roles: Vec<ProcessRole>,
    /// The address of the NATS server by which the processes of one head office reach each other.
    #[serde(default)]
    pub nats: Option<String>,
    /// Where the pages, the programming interface and the stores' links are served.
    #[serde(default = "default_listen")]
    pub listen: String,
    /// What people call this node; stands in the head of every page.
    #[serde(default = "default_name")]
    pub name: String,
    /// People reach the pages over TLS (a proxy in front ends it): cookies are then sent over TLS only.
    #[serde(default)]
    pub https: bool,
    /// Opens the operations pages. Without it a new random one is made at each start and nobody knows it.
    #[serde(default)]
    pub ops_token: Option<String>,
    /// The password of "admin" at the first start. Without it one is made up and printed once.
    #[serde(default)]
    pub admin_password: Option<String>,
    /// Where plain transfers are taken from programs of the head office itself. Without it nowhere.
    #[serde(default)]
    pub accounts_port: Option<AccountsPort>,
    /// Machines that use the programming interface.
    #[serde(default)]
    pub machines: Vec<Machine>,
    /// Stores that may link. Others may be added by `hq-node store add`.
    #[serde(default)]
    pub stores: Vec<StoreToken>,
    /// How links are protected.
    #[serde(default)]
    pub link: LinkSettings,
}

/// A part of a head office's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProcessRole {
    /// Holds the links of stores.
    Gateway,
    /// Applies their documents.
    Ingest,
    /// Keeps the accounts of customers; of several processes one does, the others wait.
    Root,
    /// Serves the pages and the programming interface.
    Web,
}

/// A list; or, in a variable, names with commas between them.
fn roles<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ProcessRole>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Roles {
        Text(String),
        List(Vec<String>),
    }
    let names = match Roles::deserialize(deserializer)? {
        Roles::Text(text) => text.split(',').map(|name| name.trim().to_owned()).collect(),
        Roles::List(list) => list,
    };
    let known = |name: String| ProcessRole::deserialize(name.as_str().into_deserializer());
    names.into_iter().map(known).collect::<Result<_, serde::de::value::Error>>().map_err(D::Error::custom)
}

fn all_roles() -> Vec<ProcessRole> {
    vec![ProcessRole::Gateway, ProcessRole::Ingest, ProcessRole::Root, ProcessRole::Web]
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    pub machine: String,
    pub token: String,
    pub role: Role,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountsPort {
    pub listen: String,
    pub token: String,
}

impl std::fmt::Debug for AccountsPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountsPort").field("listen", &self.listen).finish_non_exhaustive()
    }
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreToken {
    pub store: StoreId,
    pub token: String,
}

impl std::fmt::Debug for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Machine").field("machine", &self.machine).field("role", &self.role).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for StoreToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreToken").field("store", &self.store).finish_non_exhaustive()
    }
}

/// A token of a machine is random and long; a short one is somebody's password.
const TOKEN_CHARS_MIN: usize = 16;

fn default_listen() -> String {
    "127.0.0.1:7700".to_owned()
}

fn default_name() -> String {
    "Head office".to_owned()
}

#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("settings {}: {reason}", file.display())]
    Unreadable { file: PathBuf, reason: String },
    #[error("settings {}: the token of machine \"{machine}\" is too short: use at least {TOKEN_CHARS_MIN} random characters", file.display())]
    WeakToken { file: PathBuf, machine: String },
    #[error("settings {}: {source}", file.display())]
    Database { file: PathBuf, source: NotPostgres },
    #[error("settings {}: {reason}", file.display())]
    Processes { file: PathBuf, reason: &'static str },
}

impl Settings {
    /// A node on `data` that listens on a free port of this machine, for another node's process.
    pub fn in_process(data: impl Into<PathBuf>) -> Settings {
        Settings {
            data: data.into(),
            database: None,
            roles: all_roles(),
            nats: None,
            listen: "127.0.0.1:0".to_owned(),
            name: default_name(),
            https: false,
            ops_token: None,
            admin_password: None,
            accounts_port: None,
            machines: Vec::new(),
            stores: Vec::new(),
            link: LinkSettings::default(),
        }
    }

    /// Read `file`, then variables such as `OPENSTORE_HQ__LISTEN`.
    pub fn read(file: &Path) -> Result<Settings, SettingsError> {
        let unreadable = |reason: String| SettingsError::Unreadable { file: file.to_owned(), reason };
        let sources = Config::builder()
            .add_source(File::from(file).format(FileFormat::Toml))
            .add_source(Environment::with_prefix("OPENSTORE_HQ").prefix_separator("__").separator("__"));
        let settings: Settings = sources
            .build()
            .and_then(Config::try_deserialize)
            .map_err(|error| unreadable(sentence(&error.to_string())))?;
        if let Some(weak) = settings.machines.iter().find(|machine| machine.token.chars().count() < TOKEN_CHARS_MIN) {
            return Err(SettingsError::WeakToken { file: file.to_owned(), machine: weak.machine.clone() });
        }
        if settings.accounts_port.as_ref().is_some_and(|port| port.token.chars().count() < TOKEN_CHARS_MIN) {
            return Err(SettingsError::WeakToken { file: file.to_owned(), machine: "accounts_port".to_owned() });
        }
        settings.location().map_err(|source| SettingsError::Database { file: file.to_owned(), source })?;
        settings.processes().map_err(|reason| SettingsError::Processes { file: file.to_owned(), reason })?;
        Ok(settings)
    }

    pub fn location(&self) -> Result<Location, NotPostgres> {
        Location::of(self.database.as_deref(), self.data.join(DATABASE_FILE))
    }

    pub fn does(&self, role: ProcessRole) -> bool {
        self.roles.contains(&role)
    }

    /// Whether the parts of the work find each other.
    fn processes(&self) -> Result<(), &'static str> {
        if self.roles.is_empty() {
            return Err("\"roles\" is empty: this process would do nothing");
        }
        if self.nats.is_some() && !cfg!(feature = "nats") {
            return Err(
                "this program was built without NATS: build it with the feature \"nats\", or leave out \"nats\"",
            );
        }
        let is_part = !all_roles().iter().all(|role| self.does(*role));
        if self.database.is_none() && (is_part || self.nats.is_some()) {
            return Err("several processes share one database: give its address as \"database\"");
        }
        if is_part && self.nats.is_none() {
            return Err(
                "a process with some of the roles reaches those with the others by NATS: give its address as \"nats\"",
            );
        }
        Ok(())
    }
}

/// The reason in one line.
fn sentence(reason: &str) -> String {
    reason.split_whitespace().collect::<Vec<_>>().join(" ")
}
