//! What is written for people agrees with what is built: the code map, the error pages, the settings, the log.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use toml::{Table, Value};

use super::manifests::manifests;
use super::none;
use super::source::{files, relative, root, sources};

#[test]
fn the_code_map_names_every_crate() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap_or_default();
    none(manifests().into_iter().filter_map(|manifest| {
        let last = Path::new(&manifest.folder).file_name()?.to_str()?.to_owned();
        let named = readme.contains(&manifest.folder) || readme.contains(&format!("{last}/"));
        (!named).then(|| format!("README.md: the code map does not name {}; say in a line what it is", manifest.folder))
    }));
}

/// Every "OS-" with four digits in `text`, with its line.
fn error_codes(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for (at, start) in line.match_indices("OS-") {
            let digits: String = line[at + start.len()..].chars().take_while(char::is_ascii_digit).collect();
            let inside_a_word = line[..at].chars().next_back().is_some_and(char::is_alphanumeric);
            if digits.len() == 4 && !inside_a_word {
                found.push((number + 1, format!("OS-{digits}")));
            }
        }
    }
    found
}

#[test]
fn every_error_code_has_its_page_and_back() {
    let mut used: BTreeMap<String, String> = BTreeMap::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        for (line, code) in error_codes(&source.text) {
            used.entry(code).or_insert_with(|| format!("{}:{line}", source.path));
        }
    }
    let pages: BTreeSet<String> = files()
        .iter()
        .map(|path| relative(path))
        .filter_map(|path| Some(path.strip_prefix("deploy/errors/")?.strip_suffix(".md")?.to_owned()))
        .filter(|name| name != "README")
        .collect();
    let unexplained = used.iter().filter(|(code, _)| !pages.contains(*code)).map(|(code, place)| {
        format!("{place}: {code} has no page; write deploy/errors/{code}.md: what is seen, why, what to do")
    });
    let unused = pages.iter().filter(|page| !used.contains_key(*page)).map(|page| {
        format!("deploy/errors/{page}.md: no code uses {page}; take the page out or name it after the code it explains")
    });
    none(unexplained.chain(unused));
}

#[test]
fn log_texts_are_lower_case_facts_with_fields() {
    let mut findings = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        for (line, text) in log_texts(&source.text) {
            let mut say = |rule: &str| findings.push(format!("{}:{line}: {rule}\n    \"{text}\"", source.path));
            let first = text.split_whitespace().next().unwrap_or_default();
            let capitals = first.chars().filter(|c| c.is_uppercase()).count();
            if first.starts_with(char::is_uppercase) && capitals == 1 {
                say("a log text begins in lower case");
            }
            if text.ends_with('.') {
                say("a log text ends without a full stop");
            }
            if text.contains('{') {
                say("a log text is always the same; put what varies into fields: info!(store, \"sent\")");
            }
        }
    }
    none(findings);
}

/// The message of each call of a logging macro, with its line.
fn log_texts(source: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for level in ["trace", "debug", "info", "warn", "error"] {
        for (at, call) in source.match_indices(&format!("{level}!(")) {
            let before = source[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            if let Some(text) = message_of(&source[at + call.len()..]) {
                found.push((source[..at].matches('\n').count() + 1, text));
            }
        }
    }
    found
}

/// The first argument that is nothing but a string.
fn message_of(arguments: &str) -> Option<String> {
    let mut depth = 1;
    let mut begins_argument = true;
    let mut chars = arguments.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                let mut text = String::new();
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => text.extend(chars.next()),
                        _ => text.push(c),
                    }
                }
                if begins_argument && depth == 1 {
                    return Some(text);
                }
                begins_argument = false;
            }
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => {
                depth -= 1;
                if depth == 0 {
                    return None;
                }
            }
            ',' if depth == 1 => begins_argument = true,
            c if c.is_whitespace() => {}
            _ => begins_argument = false,
        }
    }
    None
}

#[test]
fn the_message_of_a_log_call_is_found() {
    let source = "info!(store, %error, \"sent\");\nwarn!(kind = \"a\", text = %f(\"b, c\"), \"late {n}\");\nother_info!(\"no\");";
    assert_eq!(log_texts(source), [(1, "sent".to_owned()), (2, "late {n}".to_owned())]);
    assert_eq!(error_codes("see OS-0012 and XOS-0013 or OS-12"), [(1, "OS-0012".to_owned())]);
}

/// Names of the public fields of a settings file, with their lines.
fn settings_of(node: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let in_settings =
        |path: &str| path == format!("{node}/src/settings.rs") || path.starts_with(&format!("{node}/src/settings/"));
    for source in sources().iter().filter(|source| in_settings(&source.path)) {
        let mut deserialized = false;
        let mut in_struct = false;
        for (number, line) in source.lines.iter().enumerate().filter(|(_, line)| !line.is_test) {
            let code = line.code.trim();
            if code.starts_with("#[derive(") {
                deserialized = code.contains("Deserialize");
            } else if code.contains("struct ") {
                in_struct = deserialized && code.ends_with('{');
            } else if code == "}" {
                in_struct = false;
            } else if in_struct && code.starts_with("pub") {
                let field = code.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
                if let Some((name, _)) = field.split_once(':') {
                    found.entry(name.to_owned()).or_insert_with(|| format!("{}:{}", source.path, number + 1));
                }
            }
        }
    }
    found
}

fn keys_of(value: &Value, keys: &mut BTreeSet<String>) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                // A number is the number of a till, not the name of a setting.
                if !key.starts_with(|c: char| c.is_ascii_digit()) {
                    keys.insert(key.replace('-', "_"));
                }
                keys_of(value, keys);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| keys_of(value, keys)),
        _ => {}
    }
}

/// Every setting can be seen in a settings file of `deploy/`, if only as a comment, and every key there is understood.
#[test]
fn every_setting_is_in_a_deployed_file_and_back() {
    let mut settings = settings_of("store-node");
    settings.extend(settings_of("hq-node"));
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    let deployed = |path: &&std::path::PathBuf| {
        let path = relative(path);
        path.starts_with("deploy/") && path.ends_with(".toml")
    };
    for path in files().iter().filter(deployed) {
        let text = fs::read_to_string(path).expect("UTF-8");
        for line in text.lines().filter_map(|line| line.trim().strip_prefix('#')) {
            seen.extend(line.split_once('=').map(|(key, _)| key.trim().replace('-', "_")));
            let section = line.trim().strip_prefix('[').map(|name| name.trim_matches(['[', ']']));
            seen.extend(section.and_then(|name| name.rsplit('.').next()).map(|name| name.replace('-', "_")));
        }
        match text.parse::<Table>() {
            Ok(table) => {
                let mut keys = BTreeSet::new();
                keys_of(&Value::Table(table), &mut keys);
                for key in keys.iter().filter(|key| !settings.is_empty() && !settings.contains_key(*key)) {
                    findings.push(format!("{}: no settings.rs knows \"{key}\"; correct or remove it", relative(path)));
                }
                seen.extend(keys);
            }
            Err(error) => findings.push(format!("{}: is not TOML: {error}", relative(path))),
        }
    }
    for (name, place) in settings.iter().filter(|(name, _)| !seen.contains(*name)) {
        findings
            .push(format!("{place}: \"{name}\" is in no deploy/*.toml; show it there with its default and a reason"));
    }
    none(findings);
}

/// A path of somebody's machine means nothing on another.
#[test]
fn no_paths_of_one_machine() {
    let foreign = ["/wo", "/ro", "/ho"].into_iter().zip(["rk/", "ot/", "me/"]).map(|(a, b)| format!("{a}{b}"));
    let foreign: Vec<String> = foreign.collect();
    let readable = ["rs", "toml", "md", "html", "css", "js", "yml", "yaml", "service", "sh", "sql", "ftl"];
    let mut findings = Vec::new();
    for path in files() {
        let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
        let is_script = end.is_empty() && relative(path) != "Cargo.lock";
        if !(readable.contains(&end) || is_script) {
            continue;
        }
        let Ok(text) = fs::read_to_string(path) else { continue };
        for (number, line) in text.lines().enumerate() {
            let begins_path = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "/.-_}~".contains(c));
            let found = foreign.iter().any(|start| line.match_indices(start.as_str()).any(|(at, _)| begins_path(at)));
            if found {
                findings.push(format!("{}:{}: names a path of one machine; derive it", relative(path), number + 1));
            }
        }
    }
    none(findings);
}
