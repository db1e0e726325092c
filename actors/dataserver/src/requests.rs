//! What the publisher is told, and what it answers.

use std::path::PathBuf;

use actix::Message;
use domain::ids::{ItemCode, OperatorNumber, StoreId};
use messages::v1::catalogue::{BarcodeRule, Item, Role};
use serde::Serialize;

/// Rows of one request: one transaction, and one delta that a till keeps whole.
pub const ROWS_MAX: usize = 10_000;
/// Operators of one request: hashing a PIN takes a twentieth of a second on purpose.
pub const OPERATORS_MAX: usize = 100;

/// Put items into the catalogue, all or none. Their past prices are not read: the publisher knows them (DS-5).
///
/// Sender: console, REST, exchange. Answer: what changed.
/// Repeat: yes; what is the same is not published again.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Published, PublishError>")]
pub struct PutItems {
    pub items: Vec<Item>,
}

/// Take items out of the catalogue; those that are not there are passed over.
///
/// Sender: console, REST, exchange. Answer: what changed.
/// Repeat: yes.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Published, PublishError>")]
pub struct RemoveItems {
    pub codes: Vec<ItemCode>,
}

/// Put in-store barcode rules, all or none. Prefix and length together name a rule.
///
/// Sender: console, REST. Answer: what changed.
/// Repeat: yes.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Published, PublishError>")]
pub struct PutBarcodeRules {
    pub rules: Vec<BarcodeRule>,
}

/// Remove in-store barcode rules by prefix and length.
///
/// Sender: console, REST. Answer: what changed.
/// Repeat: yes.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Published, PublishError>")]
pub struct RemoveBarcodeRules {
    pub rules: Vec<(String, usize)>,
}

/// An operator with the PIN and the card in clear, on their way to being hashed.
#[derive(Clone)]
pub struct NewOperator {
    pub number: OperatorNumber,
    pub name: String,
    /// `None` leaves the PIN of an operator who is there already.
    pub pin: Option<String>,
    pub role: Role,
    /// What the person's card says. `None` leaves the card as it is; empty text takes it away.
    pub card: Option<String>,
}

impl std::fmt::Debug for NewOperator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewOperator").field("number", &self.number).field("name", &self.name).finish_non_exhaustive()
    }
}

/// Put operators, all or none. No two of them may have the same card.
///
/// Sender: console, REST. Answer: what changed.
/// Repeat: yes; the same PIN is not published again.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Published, PublishError>")]
pub struct PutOperators {
    pub operators: Vec<NewOperator>,
}

/// Remove operators; they cannot sign on any more.
///
/// Sender: console, REST. Answer: what changed.
/// Repeat: yes.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Published, PublishError>")]
pub struct RemoveOperators {
    pub numbers: Vec<OperatorNumber>,
}

/// Which settings of the tills: a section, for all stores or for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsKey {
    pub section: String,
    pub store: Option<StoreId>,
}

impl std::fmt::Display for SettingsKey {
    /// As the key of the row.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.store {
            Some(store) => write!(f, "{}/{store}", self.section),
            None => f.write_str(&self.section),
        }
    }
}

/// Put a section of the settings of the tills.
///
/// Sender: console, REST, command. Answer: what changed.
/// Repeat: yes; what is the same is not published again.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Published, PublishError>")]
pub struct PutTillSettings {
    pub key: SettingsKey,
    /// The section as `deploy/TILL-SETTINGS.md` has it.
    pub json: String,
}

/// Take a section back: a store then has what the chain has, and the chain what is built in.
///
/// Sender: console, REST, command. Answer: what changed.
/// Repeat: yes.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Published, PublishError>")]
pub struct RemoveTillSettings {
    pub key: SettingsKey,
}

/// Begin to import a file of items. It is checked to its end before the first row is published.
///
/// Sender: console, exchange. Answer: at once; how it goes on is in [`ImportView`], to whoever watches.
/// Repeat: yes; while one runs the next is refused.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), PublishError>")]
pub struct ImportItems {
    pub file: PathBuf,
    /// What people call the file, for messages.
    pub name: String,
    /// Publish the good rows and leave the bad ones out.
    pub skip_bad: bool,
}

/// What a request changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Published {
    /// The version of the dataset after it.
    pub version: u64,
    pub changed: u64,
    pub unchanged: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The rules say no; nothing was changed.
    #[error("{0}")]
    Refused(String),
    #[error("{count} rows are too many for one request: at most {count_max} are taken")]
    TooMany { count: usize, count_max: usize },
    #[error("{0} is being imported: wait until it ends")]
    Busy(String),
    /// The same request may be sent again.
    #[error("nothing was changed, because the database failed: {0}")]
    NotStored(String),
}

/// How far an import is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportView {
    pub name: String,
    pub phase: ImportPhase,
    /// Rows read in this phase.
    pub rows: u64,
    pub bytes_done: u64,
    pub bytes_total: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub bad_rows: u64,
    /// The first of the bad rows, as `file:line column: why`.
    pub bad: Vec<String>,
    /// Why it failed.
    pub failure: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportPhase {
    /// There was none since the start.
    #[default]
    None,
    Checking,
    Applying,
    /// Published.
    Done,
    /// Bad rows; nothing was published.
    Refused,
    /// The file or the database failed; what was published before stays.
    Failed,
}

impl ImportPhase {
    pub fn is_running(self) -> bool {
        matches!(self, ImportPhase::Checking | ImportPhase::Applying)
    }
}
