//! Settings of a store's machine: read whole and checked before a port is opened. Every key is in `deploy/store.toml`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use config::{Config, Environment, File};
use devices::fiscal::FiscalChoice;
use devices::label_scale::{self, LabelScaleProtocol, Timing};
use devices::port::{PortAddress, connector};
use devices::scale::ScaleKind;
use domain::ids::{StoreId, TillId};
use hq_node::settings::link::LinkSettings;
use migrations::database::{Location, NotPostgres};
use scales::keeper::ScaleSettings;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::nodes;
use crate::tui::Language;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What this machine does: "server", "till", or both.
    pub roles: Vec<MachineRole>,
    /// The code of the store.
    pub store: StoreId,
    /// Folder of the databases.
    pub data: PathBuf,
    /// Where the operations pages, the link for tills and health checks are served.
    #[serde(default = "default_listen")]
    pub listen: String,
    /// Opens the operations pages. Without it they stay closed.
    #[serde(default)]
    pub ops_token: Option<String>,
    /// How links are protected.
    #[serde(default)]
    pub link: LinkSettings,
    /// What a till keeps back on its disk, in MiB, to be given up when the disk is full; 0: nothing.
    #[serde(default = "default_ballast_mib")]
    pub ballast_mib: u64,
    #[serde(default)]
    pub server: Option<ServerSettings>,
    #[serde(default)]
    pub till: Option<TillNodeSettings>,
}

impl Settings {
    /// Where the database of the store's server is.
    pub fn server_location(&self) -> Result<Location, NotPostgres> {
        let address = self.server.as_ref().and_then(|server| server.database.as_deref());
        Location::of(address, nodes::server_file(&self.data, &self.store))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MachineRole {
    Server,
    Till,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// Address of the head office's link.
    pub hq: String,
    /// This store's token at a head office on the same machine. A store that was enrolled needs none.
    #[serde(default)]
    pub token: String,
    /// The address of its database on PostgreSQL. Without it the database is a file in the data folder.
    #[serde(default)]
    pub database: Option<String>,
    /// The token of each till, by its number.
    #[serde(default)]
    pub tills: std::collections::BTreeMap<String, String>,
    /// The password of "admin" of the store's pages at the first start. Without it one is made up and printed once.
    #[serde(default)]
    pub admin_password: Option<String>,
    /// People reach the pages over TLS (a proxy in front ends it): cookies are then sent over TLS only.
    #[serde(default)]
    pub https: bool,
    /// The label scales of the store.
    #[serde(default)]
    pub scales: Vec<ScaleSetting>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScaleSetting {
    /// What people call it: small letters, digits and dashes.
    pub name: String,
    /// Where it stands, as the plan of the head office calls it.
    #[serde(default)]
    pub department: String,
    /// What it speaks.
    #[serde(deserialize_with = "label_scale")]
    pub protocol: &'static LabelScaleProtocol,
    #[serde(deserialize_with = "from_text")]
    pub address: PortAddress,
    /// Four digits, where the protocol has a password; without it that of the factory.
    #[serde(default)]
    pub password: Option<String>,
    /// Articles a second at most, where others need the line too.
    #[serde(default)]
    pub articles_per_second_max: Option<u32>,
}

/// Longest name of a scale, in characters.
const SCALE_NAME_CHARS_MAX: usize = 40;

impl ScaleSetting {
    /// The scale for its keeper, or a sentence.
    pub fn scale(&self) -> Result<ScaleSettings, String> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || self.name.len() > SCALE_NAME_CHARS_MAX || !self.name.chars().all(is_plain) {
            return Err(format!(
                "\"{}\" is not the name of a scale: 1 to {SCALE_NAME_CHARS_MAX} small letters, digits and dashes are expected",
                self.name
            ));
        }
        let password = match self.password.as_deref().map(str::as_bytes) {
            None => None,
            Some(&[a, b, c, d]) if [a, b, c, d].iter().all(u8::is_ascii_digit) => Some([a, b, c, d]),
            Some(_) => return Err(format!("the password of the scale {} must have four digits", self.name)),
        };
        Ok(ScaleSettings {
            name: self.name.clone(),
            department: self.department.clone(),
            protocol: self.protocol,
            address: self.address.to_string(),
            connector: connector(self.address.clone()),
            password,
            articles_per_second_max: self.articles_per_second_max,
            timing: Timing::default(),
        })
    }
}

fn label_scale<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static LabelScaleProtocol, D::Error> {
    let name = String::deserialize(deserializer)?;
    label_scale::find(&name).ok_or_else(|| {
        let known: Vec<&str> = label_scale::all().iter().map(|protocol| protocol.name).collect();
        D::Error::custom(format!("\"{name}\" is not a protocol of label scales: {} is expected", known.join(", ")))
    })
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TillNodeSettings {
    pub number: TillId,
    /// Address of the store server's link.
    pub server: String,
    /// This till's token at a store server on the same machine. A till that was enrolled needs none.
    #[serde(default)]
    pub token: String,
    /// The fiscal device: `tcp://127.0.0.1:7778`, `serial:///dev/ttyS0?baud=115200`, or `memory` for an emulated one.
    #[serde(deserialize_with = "from_text")]
    pub fiscal: PortAddress,
    /// What it speaks.
    #[serde(default, deserialize_with = "from_text")]
    pub fiscal_protocol: FiscalChoice,
    /// The bank terminal. Without one a card is a tender that the cashier answers for.
    #[serde(default, deserialize_with = "from_text_or_none")]
    pub card_terminal: Option<PortAddress>,
    /// The terminal that shows QR codes of a fast payment system.
    #[serde(default, deserialize_with = "from_text_or_none")]
    pub qr_terminal: Option<PortAddress>,
    /// The scale at the counter.
    #[serde(default, deserialize_with = "from_text_or_none")]
    pub scale: Option<PortAddress>,
    /// What it speaks.
    #[serde(default, deserialize_with = "from_text")]
    pub scale_protocol: ScaleKind,
    /// A scanner with a line of its own, where it does not type as a keyboard does. Only a till with a screen listens.
    #[serde(default, deserialize_with = "from_text_or_none")]
    pub scanner: Option<PortAddress>,
    /// A printer for copies and training. Without one the fiscal device prints them.
    #[serde(default, deserialize_with = "from_text_or_none")]
    pub printer: Option<PortAddress>,
    /// The display that the customer sees.
    #[serde(default, deserialize_with = "from_text_or_none")]
    pub display: Option<PortAddress>,
    /// Language of the screen: "en", "ru" or "uk".
    #[serde(default)]
    pub language: Language,
    /// Whether an operator who is not in the staff list may work: only for trying things out.
    #[serde(default)]
    pub unknown_operators: bool,
    /// For tests of recovery: the process kills itself when a receipt reaches this step.
    #[serde(default)]
    pub kill_at: Option<String>,
}

fn from_text<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: std::fmt::Display>,
    D: Deserializer<'de>,
{
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

fn from_text_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PortAddress>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
}

fn default_ballast_mib() -> u64 {
    runtime::disk::BALLAST_BYTES / (1024 * 1024)
}

fn default_listen() -> String {
    "127.0.0.1:7800".to_owned()
}

#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("settings {}: {reason}", file.display())]
    Unreadable { file: PathBuf, reason: String },
    #[error("settings {}: the role \"{role}\" needs a [{role}] section", file.display())]
    SectionMissing { file: PathBuf, role: &'static str },
    #[error("settings {}: \"roles\" is empty: this machine would do nothing", file.display())]
    NoRoles { file: PathBuf },
    #[error("settings {}: {reason}", file.display())]
    Scale { file: PathBuf, reason: String },
    #[error("settings {}: {source}", file.display())]
    Database { file: PathBuf, source: NotPostgres },
}

/// Read `file`, then variables such as `OPENSTORE_STORE__TILL__LANGUAGE`.
pub fn read(file: &Path) -> Result<Settings, SettingsError> {
    let unreadable = |error: config::ConfigError| {
        let reason = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        SettingsError::Unreadable { file: file.to_owned(), reason }
    };
    let sources = Config::builder()
        .add_source(File::from(file))
        .add_source(Environment::with_prefix("OPENSTORE_STORE").prefix_separator("__").separator("__"));
    let settings: Settings = sources.build().map_err(unreadable)?.try_deserialize().map_err(unreadable)?;
    if settings.roles.is_empty() {
        return Err(SettingsError::NoRoles { file: file.to_owned() });
    }
    if settings.roles.contains(&MachineRole::Server) && settings.server.is_none() {
        return Err(SettingsError::SectionMissing { file: file.to_owned(), role: "server" });
    }
    if settings.roles.contains(&MachineRole::Till) && settings.till.is_none() {
        return Err(SettingsError::SectionMissing { file: file.to_owned(), role: "till" });
    }
    settings.server_location().map_err(|source| SettingsError::Database { file: file.to_owned(), source })?;
    let scales = settings.server.iter().flat_map(|server| &server.scales);
    let mut names = BTreeSet::new();
    for scale in scales {
        let refused = |reason| SettingsError::Scale { file: file.to_owned(), reason };
        scale.scale().map_err(refused)?;
        if !names.insert(scale.name.clone()) || !names.insert(scale.address.to_string()) {
            return Err(refused(format!("the scale \"{}\" has the name or the address of another one", scale.name)));
        }
    }
    Ok(settings)
}
