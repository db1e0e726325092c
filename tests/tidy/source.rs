//! The project's Rust files, cut into what is code, what is comment, and what is test.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub(crate) struct Source {
    /// From the top of the repository, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) lines: Vec<Line>,
}

pub(crate) struct Line {
    pub(crate) text: String,
    /// Without comments, and with strings emptied.
    pub(crate) code: String,
    pub(crate) comment: String,
    pub(crate) is_test: bool,
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lie in the repository")
}

/// Every Rust file, read once.
pub(crate) fn sources() -> &'static [Source] {
    static SOURCES: OnceLock<Vec<Source>> = OnceLock::new();
    SOURCES.get_or_init(|| {
        let rust = files().iter().filter(|path| path.extension().is_some_and(|end| end == "rs"));
        rust.map(|path| Source::new(relative(path), fs::read_to_string(path).expect("UTF-8"))).collect()
    })
}

/// Every file that belongs to the project, sorted.
pub(crate) fn files() -> &'static [PathBuf] {
    static FILES: OnceLock<Vec<PathBuf>> = OnceLock::new();
    FILES.get_or_init(|| {
        let mut found = Vec::new();
        walk(root(), &mut found);
        found.sort();
        found
    })
}

pub(crate) fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "target" && name != ".git" {
                walk(&path, found);
            }
        } else {
            found.push(path);
        }
    }
}

impl Source {
    pub(crate) fn new(path: String, text: String) -> Source {
        let (code, comment) = split(&text);
        let whole_file = path.starts_with("tests/")
            || path.contains("/tests/")
            || path.contains("/testdata/")
            || path.ends_with("/tests.rs");
        let mut lines: Vec<Line> = text
            .lines()
            .zip(code.lines())
            .zip(comment.lines())
            .map(|((text, code), comment)| Line {
                text: text.to_owned(),
                code: code.to_owned(),
                comment: comment.to_owned(),
                is_test: whole_file,
            })
            .collect();
        mark_test_modules(&mut lines);
        Source { path, text, lines }
    }

    pub(crate) fn is_test(&self) -> bool {
        self.lines.iter().all(|line| line.is_test)
    }
}

fn mark_test_modules(lines: &mut [Line]) {
    let mut at = 0;
    while at < lines.len() {
        if lines[at].code.trim() != "#[cfg(test)]" {
            at += 1;
            continue;
        }
        let mut depth = 0;
        loop {
            let code = lines[at].code.clone();
            lines[at].is_test = true;
            depth += code.matches('{').count();
            depth = depth.saturating_sub(code.matches('}').count());
            at += 1;
            let item_ended = code.trim() != "#[cfg(test)]" && (code.contains(';') || code.contains('}'));
            if at == lines.len() || (depth == 0 && item_ended) {
                break;
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Inside {
    Code,
    LineComment,
    BlockComment(usize),
    Text,
    RawText(usize),
}

/// The text twice, line by line the same: only its code, and only its comments.
fn split(text: &str) -> (String, String) {
    let chars: Vec<char> = text.chars().collect();
    let (mut code, mut comment) = (String::new(), String::new());
    let (mut state, mut at) = (Inside::Code, 0);
    while at < chars.len() {
        let (c, next) = (chars[at], chars.get(at + 1).copied());
        let mut width = 1;
        if c == '\n' {
            if state == Inside::LineComment {
                state = Inside::Code;
            }
            code.push('\n');
            comment.push('\n');
            at += 1;
            continue;
        }
        match state {
            Inside::Code => match (c, next) {
                ('/', Some('/')) => state = Inside::LineComment,
                ('/', Some('*')) => {
                    state = Inside::BlockComment(1);
                    width = 2;
                }
                ('"', _) => {
                    code.push('"');
                    state = Inside::Text;
                }
                ('r', Some('"' | '#')) if !follows_a_name(&chars, at) => {
                    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
                    if chars.get(at + 1 + hashes) == Some(&'"') {
                        state = Inside::RawText(hashes);
                        width = hashes + 2;
                    }
                    code.push('r');
                }
                ('\'', Some(_)) => {
                    width = width_of_char(&chars, at);
                    code.push('\'');
                }
                _ => code.push(c),
            },
            Inside::LineComment => comment.push(c),
            Inside::BlockComment(depth) => match (c, next) {
                ('*', Some('/')) => {
                    width = 2;
                    state = if depth == 1 { Inside::Code } else { Inside::BlockComment(depth - 1) };
                }
                ('/', Some('*')) => {
                    width = 2;
                    state = Inside::BlockComment(depth + 1);
                }
                _ => comment.push(c),
            },
            Inside::Text => match c {
                '\\' if next != Some('\n') => width = 2,
                '"' => {
                    code.push('"');
                    state = Inside::Code;
                }
                _ => {}
            },
            Inside::RawText(hashes) => {
                let closes = c == '"' && chars[at + 1..].iter().take_while(|c| **c == '#').count() >= hashes;
                if closes {
                    width = hashes + 1;
                    state = Inside::Code;
                }
            }
        }
        at += width;
    }
    (code, comment)
}

fn follows_a_name(chars: &[char], at: usize) -> bool {
    at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_') && chars[at - 1] != 'b'
}

/// How long a quoted character is; 1 for the tick of a lifetime.
fn width_of_char(chars: &[char], at: usize) -> usize {
    match chars.get(at + 1) {
        Some('\\') => chars[at + 2..].iter().skip(1).position(|c| *c == '\'').map_or(1, |end| end + 4),
        Some(_) if chars.get(at + 2) == Some(&'\'') => 3,
        _ => 1,
    }
}

#[test]
fn code_comments_and_tests_are_told_apart() {
    let text = "let a = \"x.unwrap() // no\"; // yes 'tis\nlet b = '\"'; let c: &'a str = r#\"dbg!(\"#;\n\
                /* f64\n */ fn d() {}\n#[cfg(test)]\nmod tests {\n    fn e() {}\n}\nfn f() {}\n";
    let source = Source::new("x/src/y.rs".to_owned(), text.to_owned());
    let code: Vec<&str> = source.lines.iter().map(|line| line.code.trim()).collect();
    assert_eq!(code[0], "let a = \"\";");
    assert_eq!(code[1], "let b = '; let c: &'a str = r;");
    assert_eq!((code[2], code[3]), ("", "fn d() {}"));
    assert_eq!(source.lines[0].comment, "/ yes 'tis");
    let tests: Vec<bool> = source.lines.iter().map(|line| line.is_test).collect();
    assert_eq!(tests, [false, false, false, false, true, true, true, true, false]);
}
