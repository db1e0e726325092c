//! The sections of the tills' settings: read from JSON, checked, and turned into the body that tills keep.
//!
//! A field that a section does not have is refused: a misspelt limit would otherwise be no limit at all.

mod checks;
mod scales;

use messages::codec::{from_body, to_body};
use messages::v1::scales::Scales;
use messages::v1::settings::{
    Bindings, CashRules, Loyalty, QuickKeys, ReceiptText, Roles, SaleRules, Section, TaxRules,
};
use serde_json::Value;

use checks::Check;

/// A section by its name.
#[derive(Clone, Copy, Debug)]
pub struct SectionKind {
    pub name: &'static str,
    body: fn(&str) -> Result<Vec<u8>, String>,
    json: fn(&[u8]) -> Result<Value, String>,
    defaults: fn() -> Value,
}

/// All of them, as pages list them.
pub const SECTIONS: [SectionKind; 9] = [
    kind::<Roles>(),
    kind::<CashRules>(),
    kind::<SaleRules>(),
    kind::<TaxRules>(),
    kind::<QuickKeys>(),
    kind::<Bindings>(),
    kind::<ReceiptText>(),
    kind::<Loyalty>(),
    kind::<Scales>(),
];

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{name}\" is not a section of the settings: roles, cash, sale, tax, quick_keys, bindings, receipt_text, loyalty or scales is expected"
)]
pub struct NoSuchSection {
    name: String,
}

pub fn find(name: &str) -> Result<SectionKind, NoSuchSection> {
    SECTIONS.into_iter().find(|kind| kind.name == name).ok_or_else(|| NoSuchSection { name: name.to_owned() })
}

impl SectionKind {
    /// The body to publish, or a sentence.
    pub fn body(self, json: &str) -> Result<Vec<u8>, String> {
        (self.body)(json)
    }

    /// A published body for people.
    pub fn json(self, body: &[u8]) -> Result<Value, String> {
        (self.json)(body)
    }

    /// What tills have where nothing was published.
    pub fn defaults(self) -> Value {
        (self.defaults)()
    }
}

const fn kind<S: Section + Check>() -> SectionKind {
    SectionKind { name: S::NAME, body: body::<S>, json: json::<S>, defaults: || written(&S::default()) }
}

fn body<S: Section + Check>(json: &str) -> Result<Vec<u8>, String> {
    let unreadable = |error: serde_json::Error| format!("the JSON cannot be used: {error}");
    let given: Value = serde_json::from_str(json).map_err(unreadable)?;
    // Read from the text once more, because only the text knows lines and columns.
    let section: S = serde_json::from_str(json).map_err(unreadable)?;
    if let Some(field) = unknown_field(&given, &written(&section)) {
        return Err(format!("\"{field}\" is not a field of it"));
    }
    section.check()?;
    Ok(to_body(&section))
}

fn json<S: Section>(body: &[u8]) -> Result<Value, String> {
    from_body::<S>(body).map(|section| written(&section)).map_err(|error| error.to_string())
}

fn written<S: Section>(section: &S) -> Value {
    serde_json::to_value(section).unwrap_or_default()
}

/// The first field of `given` that was lost in reading.
fn unknown_field(given: &Value, kept: &Value) -> Option<String> {
    match (given, kept) {
        (Value::Object(given), Value::Object(kept)) => given.iter().find_map(|(name, inside)| match kept.get(name) {
            None => Some(name.clone()),
            Some(kept) => unknown_field(inside, kept).map(|field| format!("{name}.{field}")),
        }),
        (Value::Array(given), Value::Array(kept)) => {
            given.iter().zip(kept).find_map(|(given, kept)| unknown_field(given, kept))
        }
        _ => None,
    }
}
