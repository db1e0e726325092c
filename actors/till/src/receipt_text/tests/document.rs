//! The document for people tells all of the language, and shows the built-in templates as they are.

use super::super::fields::{FIELDS, List};
use super::super::{built_in, check};
use super::LANGUAGES;

const DOCUMENT: &str = include_str!("../../../../../deploy/RECEIPT-TEMPLATE.md");

#[test]
fn the_document_has_every_field_and_command() {
    for field in FIELDS {
        assert!(DOCUMENT.contains(&format!("| `{}` |", field.name)), "{} is not in the document", field.name);
    }
    let others = ["if", "else", "end", "qr", "cut"];
    for name in List::ALL.iter().map(|(name, _)| *name).chain(others) {
        assert!(DOCUMENT.contains(&format!("`@{name}")), "@{name} is not in the document");
    }
}

#[test]
fn the_templates_of_the_document_can_be_read() {
    for language in LANGUAGES {
        assert!(
            DOCUMENT.contains(&format!("```\n{}```", built_in(language))),
            "the template of {language} is old there"
        );
    }
    let blocks: Vec<&str> = DOCUMENT.split("```\n").skip(1).step_by(2).collect();
    assert!(blocks.len() > LANGUAGES.len());
    for block in blocks {
        assert_eq!(check(block), Ok(()), "{block}");
    }
}
