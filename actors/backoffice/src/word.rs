//! The word by which a kind is written on the wire, for tables and reports: so it is written in one place only.

use serde::Serialize;

/// The word of an enum without fields; a value that is no word comes as JSON.
pub(crate) fn word<T: Serialize>(kind: &T) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(error) => {
            tracing::error!(error = %error, "a kind has no word");
            String::new()
        }
    }
}
