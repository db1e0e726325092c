//! The rules of the house, read from the sources themselves. A failure says where, which rule, and what to do about it.
//!
//! Only the standard library and `toml` are used here, so that the rules can be checked before anything else compiles.

mod manifests;
mod papers;
mod source;

use std::path::Path;

use source::{Source, sources};

/// Files that are longer than they should be, with the lines they have now. The list only shrinks.
const LONG_FILES: &[(&str, usize)] = &[];
const LINES_MAX: usize = 500;

/// What may lie at the top: whoever opens the repository sees the system. Names with a dot in front are the tools'.
const TOP_LEVEL: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "CHANGELOG.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "deny.toml",
    "actors",
    "store-node",
    "hq-node",
    "devices",
    "migrations",
    "tests",
    "deploy",
];

/// Fail with everything that was found at once, so that it is mended in one go.
pub(crate) fn none(findings: impl IntoIterator<Item = String>) {
    let findings: Vec<String> = findings.into_iter().collect();
    assert!(findings.is_empty(), "\n\n{}\n", findings.join("\n"));
}

/// Each line of each chosen file for which `broken` is true, told with the rule.
fn lines(chosen: impl Fn(&Source) -> bool, broken: impl Fn(&source::Line) -> bool, rule: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources().iter().filter(|source| chosen(source)) {
        for (number, line) in source.lines.iter().enumerate().filter(|(_, line)| broken(line)) {
            findings.push(format!("{}:{}: {rule}\n    {}", source.path, number + 1, line.text.trim()));
        }
    }
    findings
}

fn has_word(code: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        !code[..at].chars().next_back().is_some_and(is_part)
            && !code[at + word.len()..].chars().next().is_some_and(is_part)
    })
}

fn any(_: &Source) -> bool {
    true
}

#[test]
fn top_level_is_as_agreed() {
    let found: Vec<String> = std::fs::read_dir(source::root())
        .expect("the top level is readable")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && name != "target")
        .collect();
    let strange = found.iter().filter(|name| !TOP_LEVEL.contains(&name.as_str()));
    let missing = TOP_LEVEL.iter().filter(|name| !found.iter().any(|there| there == *name));
    none(
        strange
            .map(|name| format!("{name}: does not belong at the top level; put it where its reader looks for it"))
            .chain(missing.map(|name| format!("{name}: is missing at the top level"))),
    );
}

#[test]
fn every_file_says_what_it_is() {
    none(
        sources()
            .iter()
            .filter(|source| !source.lines.first().is_some_and(|line| line.text.starts_with("//!")))
            .map(|source| format!("{}:1: opens without `//!`; say in one sentence what this file is for", source.path)),
    );
}

#[test]
fn files_stay_short() {
    let mut findings = Vec::new();
    for source in sources() {
        let (path, count) = (source.path.as_str(), source.lines.len());
        let listed = LONG_FILES.iter().find(|(long, _)| *long == path).map(|(_, lines)| *lines);
        match listed {
            None if count > LINES_MAX => findings.push(format!(
                "{path}:{count}: has {count} lines, {LINES_MAX} are enough; give one of its ideas a file of its own"
            )),
            Some(listed) if count > listed => {
                findings.push(format!("{path}:{count}: grew from {listed} lines to {count}; it may only shrink"));
            }
            Some(listed) if count < listed => findings.push(format!(
                "{path}:1: shrank to {count} lines, well done; write that into LONG_FILES or take it out at {LINES_MAX}"
            )),
            _ => {}
        }
    }
    for (path, _) in LONG_FILES.iter().filter(|(path, _)| !source::root().join(path).exists()) {
        findings.push(format!("{path}: is gone; take it out of LONG_FILES"));
    }
    none(findings);
}

#[test]
fn names_say_what_is_inside() {
    const EMPTY_NAMES: &[&str] =
        &["util", "utils", "helper", "helpers", "common", "manager", "service", "services", "misc", "mod"];
    const EMPTY_ENDINGS: &[&str] = &["_v2", "_new", "_old", "_improved", "_final"];
    let is_empty = |name: &str| EMPTY_NAMES.contains(&name) || EMPTY_ENDINGS.iter().any(|end| name.ends_with(end));
    let mut findings = Vec::new();
    for source in sources() {
        let path = Path::new(&source.path);
        for part in path.with_extension("").iter().filter_map(|part| part.to_str()).filter(|part| is_empty(part)) {
            findings.push(format!(
                "{}:1: \"{part}\" says nothing; name it after what it holds, and use `foo.rs` beside `foo/`, no mod.rs",
                source.path
            ));
        }
        for (number, line) in source.lines.iter().enumerate() {
            let declared = line.code.trim().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
            let module = declared.strip_prefix("mod ").map(|rest| rest.trim_end_matches([' ', ';', '{']));
            if module.is_some_and(is_empty) {
                findings.push(format!("{}:{}: this module's name says nothing; rename it", source.path, number + 1));
            }
        }
    }
    none(findings);
}

#[test]
fn nothing_is_left_half_done() {
    const MARKS: &[&str] = &["TODO", "FIXME", "XXX", "HACK"];
    const MACROS: &[&str] = &["todo!", "unimplemented!", "dbg!"];
    let here = |source: &Source| source.path != "tests/tidy.rs";
    none(
        lines(
            here,
            |line| MACROS.iter().any(|call| line.code.contains(call)),
            "is not finished; finish it or leave it out",
        )
        .into_iter()
        .chain(lines(
            here,
            |line| MARKS.iter().any(|mark| has_word(&line.comment, mark)),
            "is a note to oneself; do it now, or write an issue",
        )),
    );
}

#[test]
fn failures_are_handled_not_unwrapped() {
    none(lines(
        any,
        |line| !line.is_test && line.code.contains(".unwrap()"),
        "may panic; return an error, or `expect` the invariant that makes it impossible",
    ));
}

#[test]
fn money_and_quantity_know_no_floats() {
    const EXACT: &[&str] = &["actors/domain/src/", "actors/messages/src/", "actors/till/src/"];
    none(lines(
        |source| EXACT.iter().any(|start| source.path.starts_with(start)),
        |line| has_word(&line.code, "f32") || has_word(&line.code, "f64"),
        "is a binary fraction; use Money, Quantity or rust_decimal",
    ));
}

#[test]
fn the_domain_is_pure() {
    const IMPURE: &[(&str, &str)] = &[
        ("Utc::now", "takes the time from the machine; let the caller say what time it is"),
        ("Local::now", "takes the time from the machine; let the caller say what time it is"),
        ("SystemTime", "takes the time from the machine; let the caller say what time it is"),
        ("Instant", "takes the time from the machine; let the caller say what time it is"),
        ("rand::", "is random; let the caller give the value"),
        ("now_v7", "is random; let the caller give the id"),
        ("new_v4", "is random; let the caller give the id"),
        ("std::fs", "reads or writes; that is for a shell"),
        ("std::net", "talks to others; that is for a shell"),
        ("std::env", "reads the surroundings; let the caller give the value"),
        ("std::thread", "runs beside; that is for a shell"),
        ("async fn", "waits; decide at once and let the shell wait"),
        (".await", "waits; decide at once and let the shell wait"),
        ("tracing::", "logs; return what there is to say"),
        ("HashMap", "has an order that differs from run to run; use BTreeMap"),
        ("HashSet", "has an order that differs from run to run; use BTreeSet"),
    ];
    none(IMPURE.iter().flat_map(|(what, rule)| {
        lines(
            |source| source.path.starts_with("actors/domain/src/"),
            // Of a map that hashes the same in every run, and is asked by key alone, nothing differs.
            |line| !line.is_test && line.code.replace("FxHashMap", "").contains(what),
            rule,
        )
    }));
}

#[test]
fn every_queue_has_a_limit() {
    const ENDLESS: &[&str] =
        &["unbounded_channel", "mpsc::unbounded", "UnboundedSender", "UnboundedReceiver", "mpsc::channel()"];
    none(lines(
        any,
        |line| !line.is_test && ENDLESS.iter().any(|call| line.code.contains(call)),
        "grows without end; use a bounded queue and decide what happens when it is full",
    ));
}

#[test]
fn libraries_do_not_print() {
    const PRINTS: &[&str] = &["println!", "eprintln!", "print!(", "eprint!("];
    /// What a command says to whoever typed it.
    const COMMANDS: &[&str] = &["store-node/src/demo.rs", "store-node/src/replay.rs", "store-node/src/run.rs"];
    let may_print = |path: &str| {
        let program = ["/src/bin/", "/examples/", "/benches/", "/commands/"].iter().any(|place| path.contains(place));
        path.ends_with("/src/main.rs") || program || COMMANDS.contains(&path)
    };
    none(lines(
        |source| !may_print(&source.path),
        |line| !line.is_test && PRINTS.iter().any(|call| line.code.contains(call)),
        "prints; log with tracing, or return text and let the command print it",
    ));
}

#[test]
fn nobody_blocks_a_thread_to_wait() {
    none(lines(
        |source| !source.path.contains("/src/bin/"),
        |line| !line.is_test && line.code.contains("thread::sleep"),
        "blocks every actor of the thread; use tokio::time, or wait for the event itself",
    ));
}

#[test]
fn business_time_comes_from_the_clock() {
    const OWNERS: &[&str] = &["actors/runtime/src/clock.rs", "actors/runtime/src/slot.rs"];
    const SHELLS: &[&str] = &["actors/till/", "actors/dataserver/", "actors/backoffice/", "actors/runtime/"];
    none(lines(
        |source| SHELLS.iter().any(|start| source.path.starts_with(start)) && !OWNERS.contains(&source.path.as_str()),
        |line| !line.is_test && (line.code.contains("Utc::now") || line.code.contains("Local::now")),
        "reads the machine's clock; take the time from runtime::clock::Clock, so that a replay can set it",
    ));
}

#[test]
fn no_database_behind_a_screen() {
    none(lines(
        |source| source.path.contains("/tui/") || source.path.starts_with("actors/web/"),
        |line| line.code.contains("sea_orm"),
        "reaches into the database from a screen; ask the actor that owns the data",
    ));
}
