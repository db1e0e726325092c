//! The text of a receipt on paper, from a template of the shop or the built-in one of its language.
//!
//! Files: `template` reads a template, `fields` says what its names stand for, `writing` makes lines of it for one receipt,
//! `layout` fits them into the paper, `words` has what depends on the language.
//!
//! Invariants:
//! - RT-1 No line is wider than the paper, whatever the names, the sums and the template are.
//! - RT-2 Every piece of a copy or of training begins and ends with its mark: a template has no say in that.
//! - RT-3 A receipt is always printed: a template that cannot be read is replaced by the built-in one.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

use devices::printer::PrintLine;
use messages::v1::receipt::Receipt;
use messages::v1::settings::ReceiptText;

use fields::Slip;
use layout::{Sheet, Style};
pub use template::{Problem, TemplateError};
use words::Words;

mod fields;
mod layout;
mod template;
#[cfg(test)]
mod tests;
mod words;
mod writing;

/// The narrowest paper, 57 mm in a large font.
const COLUMNS_MIN: u32 = 24;
/// The widest paper, a report printer's.
const COLUMNS_MAX: u32 = 80;

/// What paper says beside the receipt itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paper {
    /// Which copy it is, from 1; none: the paper of the sale itself.
    pub copy: Option<u32>,
    pub training: bool,
    /// Name of who is signed on. On a copy it is who prints, not who sold.
    pub operator: String,
}

/// The lines to print. A template that cannot be read is logged once.
pub fn receipt(settings: &ReceiptText, receipt: &Receipt, paper: &Paper) -> Vec<PrintLine> {
    let words = Words::of(&settings.language);
    let template = settings.template.as_deref().and_then(|text| match template::parse(text) {
        Ok(template) => Some(template),
        Err(error) => {
            log_once(text, &error);
            None
        }
    });
    let template = template.unwrap_or_else(|| {
        template::parse(words.template).expect("the built-in templates can be read: a test reads them all")
    });
    let columns = settings.columns.clamp(COLUMNS_MIN, COLUMNS_MAX);
    let columns = usize::try_from(columns).expect("a paper has few columns");
    let slip = Slip { receipt, paper, words };
    marked(writing::write(&template, &slip, columns), &slip, columns)
}

/// Name of the line that sells points for change.
pub(crate) fn change_in_points(language: &str) -> &'static str {
    Words::of(language).change_in_points
}

/// Can receipts be printed with this template?
pub fn check(template: &str) -> Result<(), TemplateError> {
    template::parse(template).map(|_| ())
}

/// The template that receipts have where a shop has none of its own. English stands in for other languages.
pub fn built_in(language: &str) -> &'static str {
    Words::of(language).template
}

/// Each piece between cuts with the marks of a copy and of training around it.
fn marked(document: Vec<PrintLine>, slip: &Slip<'_>, columns: usize) -> Vec<PrintLine> {
    let (words, paper) = (slip.words, slip.paper);
    let mark = |text: &str, double| {
        let mut sheet = Sheet::new(columns);
        sheet.text(&fields::printable(text), 0, Style { centre: true, bold: true, double });
        sheet.lines
    };
    let copy = paper.copy.map(|copy| mark(&format!("{} {copy}", words.copy), true)).unwrap_or_default();
    let mut training = Vec::new();
    if paper.training {
        training.extend(mark(words.training, true));
        training.extend(mark(words.no_receipt, false));
    }
    if copy.is_empty() && training.is_empty() {
        return document;
    }
    let mut out = Vec::with_capacity(document.len());
    for piece in document.split_inclusive(|line| *line == PrintLine::Cut) {
        let cut = usize::from(piece.last() == Some(&PrintLine::Cut));
        let (text, cut) = piece.split_at(piece.len() - cut);
        if !text.is_empty() {
            for part in [&copy[..], &training, text, &training, &copy] {
                out.extend_from_slice(part);
            }
        }
        out.extend_from_slice(cut);
    }
    out
}

/// A shop prints hundreds of receipts a day with the same template; its mistake is told once.
fn log_once(template: &str, error: &TemplateError) {
    static LOGGED: AtomicU64 = AtomicU64::new(0);
    let mut hasher = DefaultHasher::new();
    template.hash(&mut hasher);
    let template = hasher.finish();
    if LOGGED.swap(template, Ordering::Relaxed) != template {
        tracing::error!(%error, "the template of receipts cannot be read, the built-in one is used");
    }
}
