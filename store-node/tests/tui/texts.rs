//! The languages say the same things.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use store_node::tui::texts::{Language, Texts};

use super::fixture::{money, quantity};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn keys(language: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join(format!("locales/{language}/till.ftl"))).unwrap();
    let key = |line: &str| line.split_once(" = ").map(|(key, _)| key.to_owned());
    text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase())).filter_map(key).collect()
}

#[test]
fn all_languages_have_the_same_keys() {
    let english = keys("en");
    for language in ["ru", "uk"] {
        let other = keys(language);
        assert_eq!(english.difference(&other).collect::<Vec<_>>(), Vec::<&String>::new(), "missing in {language}");
        assert_eq!(other.difference(&english).collect::<Vec<_>>(), Vec::<&String>::new(), "missing in English");
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { sources(&entry, found) } else { found.push(entry) }
    }
}

#[test]
fn every_text_is_said_somewhere_and_nothing_is_said_without_a_text() {
    let mut files = Vec::new();
    sources(&root().join("src/tui"), &mut files);
    let code: String = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let known = keys("en");
    // Keys that are made of a code at run time.
    let made = ["refusal-", "reason-", "restored-", "right-"];
    for key in known.iter().filter(|key| made.iter().all(|made| !key.starts_with(made))) {
        assert!(code.contains(&format!("\"{key}\"")), "nothing says {key}");
    }
    for said in code.split("refuse(\"").skip(1).filter_map(|rest| rest.split_once('"')).map(|(code, _)| code) {
        let key = format!("refusal-{}", said.replace('_', "-"));
        assert!(known.contains(&key), "{key} has no text");
    }
}

#[test]
fn figures_are_written_as_the_language_writes_them() {
    let (en, ru) = (Texts::new(Language::En), Texts::new(Language::Ru));
    for (amount, english, russian) in [
        ("0", "0.00", "0,00"),
        ("999.99", "999.99", "999,99"),
        ("1234.56", "1,234.56", "1 234,56"),
        ("-1234567.80", "−1,234,567.80", "−1 234 567,80"),
    ] {
        assert_eq!(en.money(money(amount)), english);
        assert_eq!(ru.money(money(amount)), russian);
    }
    assert_eq!(ru.quantity(quantity("0.475")), "0,475");
    assert_eq!(en.quantity(quantity("12000")), "12,000");
    assert_eq!(ru.age(TimeDelta::seconds(725)), "12 мин");
    assert_eq!(en.age(TimeDelta::seconds(-5)), "0 s");
    for (n, text) in [(1u64, "1 позиция"), (3, "3 позиции"), (11, "11 позиций"), (21, "21 позиция")]
    {
        assert_eq!(ru.say_with("lines", [("n", n.into())]), text);
    }
}

/// Every code by which a till refuses has its text.
#[test]
fn every_refusal_of_the_rules_has_its_text() {
    let house = root().join("locales").canonicalize().unwrap().join("../../actors/domain/src/refusal.rs");
    let rules = std::fs::read_to_string(house).unwrap();
    let known = keys("en");
    let codes: Vec<&str> = rules.lines().filter_map(|line| line.split_once("=> \"")?.1.strip_suffix("\",")).collect();
    assert!(codes.len() > 30, "the codes are found");
    for code in codes {
        let key = format!("refusal-{}", code.replace('_', "-"));
        assert!(known.contains(&key), "{key} has no text");
    }
}

#[test]
fn every_right_has_its_words() {
    let known = keys("en");
    for right in domain::rights::Right::ALL {
        let key = format!("right-{}", right.name().replace('_', "-"));
        assert!(known.contains(&key), "{key} has no text");
    }
}

#[test]
fn what_a_device_said_is_said_on() {
    let refusal = |code: &str, text: &str| store_node::tui::screen::Refusal {
        code: code.to_owned(),
        text: text.to_owned(),
        subject: None,
    };
    let uk = Texts::new(Language::Uk);
    assert_eq!(uk.refusal(&refusal("scale", "the scale: no answer on COM3")), "ваги: no answer on COM3");
    let ru = Texts::new(Language::Ru);
    assert_eq!(ru.reason("the payment terminal did not answer: it must be asked what it did"), "не отвечает");
    let declined = refusal("terminal", "the payment terminal: the payment was declined: not enough money");
    assert_eq!(ru.refusal(&declined), "терминал: банк отказал: not enough money");
    let wait = refusal("pin_wait", "too many wrong PINs: wait 40 seconds");
    assert_eq!(uk.refusal(&wait), "забагато хибних паролів: зачекайте 40 с");
}

/// The message line has 76 columns; beside the way out and a code of 13 digits a sentence has what is left.
#[test]
fn a_refusal_fits_its_line() {
    const ROOM: usize = 76 - "! ".len() - "  ".len();
    const WITH_CODE: [&str; 11] = [
        "unknown-code",
        "bad-check-digit",
        "not-for-sale",
        "label-quantity",
        "weight-needed",
        "scan-while-paying",
        "scan-while-waiting",
        "scan-not-here",
        "not-stored",
        "till-restarting",
        "till-busy",
    ];
    for language in [Language::En, Language::Ru, Language::Uk] {
        let texts = Texts::new(language);
        let way_out = texts.say("way-out").chars().count();
        for key in keys("en").iter().filter(|key| key.starts_with("refusal-")) {
            let with_code = WITH_CODE.iter().any(|code| key.ends_with(code));
            let room = ROOM - way_out - if with_code { "4600000000015: ".len() } else { 0 };
            let text = texts.say(key);
            assert!(text.chars().count() <= room, "{key} has {} of {room}: {text}", text.chars().count());
        }
    }
}
