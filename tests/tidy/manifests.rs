//! What depends on what: read from the manifests, held against the table of the design.

use std::collections::BTreeMap;
use std::fs;

use toml::{Table, Value};

use super::none;
use super::source::root;

const FEATURES: &[&str] =
    &["till", "dataserver", "scales", "processing", "licence", "backoffice", "restaurant", "print", "tickets"];
/// Features that drive devices.
const WITH_DEVICES: &[&str] = &["till", "scales", "restaurant", "tickets", "print"];

/// Which of our crates a crate may use. `None`: all of them.
fn allowed(name: &str) -> Option<Vec<&'static str>> {
    let list = match name {
        "domain" | "migrations" => vec![],
        "messages" | "devices" => vec!["domain"],
        "runtime" => vec!["messages"],
        "link" => vec!["domain", "messages", "runtime", "migrations"],
        "web" => vec!["domain", "messages", "runtime"],
        "tests" => return None,
        "hq-node" | "store-node" => {
            let mut all = vec!["domain", "messages", "runtime", "link", "web", "devices", "migrations"];
            all.extend(FEATURES);
            if name == "store-node" {
                all.push("hq-node");
            }
            all
        }
        feature if FEATURES.contains(&feature) => {
            let mut all = vec!["domain", "messages", "runtime", "link", "migrations"];
            if WITH_DEVICES.contains(&feature) {
                all.push("devices");
            }
            all
        }
        _ => vec![],
    };
    Some(list)
}

/// Crates of others that have one home each.
const HOMES: &[(&str, &[&str])] = &[
    ("actix-web", &["web", "runtime", "link", "hq-node", "store-node", "tests"]),
    ("serialport", &["devices"]),
    ("ratatui", &["store-node", "tests"]),
    ("crossterm", &["store-node", "tests"]),
    ("clap", &["store-node", "hq-node", "devices"]),
    ("anyhow", &["store-node", "hq-node", "devices", "tests"]),
    ("bincode", &["link", "messages"]),
];

/// What a pure crate cannot use: it would wait, log, ask the time or roll dice.
const IMPURE: &[&str] = &[
    "tokio",
    "actix-rt",
    "actix-web",
    "sea-orm",
    "sea-orm-migration",
    "rand",
    "tracing",
    "tracing-subscriber",
    "reqwest",
];
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("domain", &["actix"]),
    ("domain", IMPURE),
    ("messages", IMPURE),
    ("runtime", &["sea-orm", "sea-orm-migration"]),
    ("web", &["sea-orm", "sea-orm-migration"]),
    ("devices", &["sea-orm", "sea-orm-migration", "actix-web"]),
];

pub(super) struct Manifest {
    /// "actors/till"
    pub(super) folder: String,
    pub(super) name: String,
    table: Table,
    text: String,
}

impl Manifest {
    fn path(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }

    fn table_of(&self, section: &str) -> BTreeMap<String, Value> {
        let table = self.table.get(section).and_then(Value::as_table);
        table.map(|table| table.clone().into_iter().collect()).unwrap_or_default()
    }

    fn uses(&self, section: &str) -> Vec<String> {
        self.table_of(section).into_keys().collect()
    }

    /// "file:line" of the dependency.
    fn place_of(&self, name: &str) -> String {
        let line = self.text.lines().position(|line| line.starts_with(name)).map_or(1, |line| line + 1);
        format!("{}:{line}", self.path())
    }
}

fn workspace() -> Table {
    fs::read_to_string(root().join("Cargo.toml")).expect("the root manifest").parse().expect("TOML")
}

pub(super) fn manifests() -> Vec<Manifest> {
    let workspace = workspace();
    let members = workspace["workspace"]["members"].as_array().expect("members");
    let folders = members.iter().map(|member| member.as_str().expect("a path").to_owned());
    folders
        .map(|folder| {
            let text = fs::read_to_string(root().join(&folder).join("Cargo.toml")).expect("a manifest");
            let table: Table = text.parse().expect("TOML");
            let name = table["package"]["name"].as_str().expect("a name").to_owned();
            Manifest { folder, name, table, text }
        })
        .collect()
}

const ALL_SECTIONS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

#[test]
fn dependencies_run_down() {
    let manifests = manifests();
    let mut findings = Vec::new();
    for manifest in &manifests {
        let Some(allowed) = allowed(&manifest.name) else { continue };
        for used in ALL_SECTIONS.iter().flat_map(|section| manifest.uses(section)) {
            let ours = manifests.iter().any(|other| other.name == used);
            if ours && !allowed.contains(&used.as_str()) {
                findings.push(format!(
                    "{}: {} may not use {used}; share a message, or move what both need down to domain or messages",
                    manifest.place_of(&used),
                    manifest.name
                ));
            }
        }
    }
    none(findings);
}

#[test]
fn libraries_stay_in_their_homes() {
    let mut findings = Vec::new();
    for manifest in manifests() {
        for used in ["dependencies", "build-dependencies"].iter().flat_map(|section| manifest.uses(section)) {
            let homeless = HOMES.iter().find(|(name, homes)| *name == used && !homes.contains(&manifest.name.as_str()));
            if let Some((_, homes)) = homeless {
                let place = manifest.place_of(&used);
                findings.push(format!("{place}: {used} is used in {} only", homes.join(", ")));
            }
            let impure = FORBIDDEN.iter().any(|(name, list)| *name == manifest.name && list.contains(&used.as_str()));
            if impure {
                let place = manifest.place_of(&used);
                findings.push(format!("{place}: {} does without {used}; do that part in a shell", manifest.name));
            }
        }
    }
    none(findings);
}

#[test]
fn versions_and_lints_are_in_one_place() {
    let mut findings = Vec::new();
    for manifest in manifests() {
        for section in ALL_SECTIONS {
            for (name, wanted) in manifest.table_of(section) {
                if wanted.get("workspace").and_then(Value::as_bool) != Some(true) {
                    findings.push(format!(
                        "{}: {name} names its own version; put it under [workspace.dependencies] and write {name}.workspace = true",
                        manifest.place_of(&name)
                    ));
                }
            }
        }
        let lints = manifest.table.get("lints").and_then(|lints| lints.get("workspace")).and_then(Value::as_bool);
        if lints != Some(true) {
            findings.push(format!("{}:1: has lints of its own; write [lints] workspace = true", manifest.path()));
        }
    }
    none(findings);
}

/// The supervisor catches panics by unwinding; a profile that aborts would take the whole node down with one actor.
#[test]
fn panics_unwind_in_every_profile() {
    let workspace = workspace();
    let profiles = workspace.get("profile").and_then(Value::as_table).cloned().unwrap_or_default();
    none(
        profiles
            .iter()
            .filter(|(_, profile)| profile.get("panic").and_then(Value::as_str) == Some("abort"))
            .map(|(name, _)| format!("Cargo.toml: profile {name} aborts on panic; supervision needs unwinding")),
    );
}
