//! Whether a result is what the script expects of it.

use serde_json::{Map, Value};

/// The expectations that `result` does not meet, each with what is there instead. Keys are dotted paths.
pub fn unmet(expect: &Map<String, Value>, result: &Value) -> Vec<String> {
    let differs = |(path, wanted): (&String, &Value)| {
        let found = find(result, path);
        let same = match (wanted, found) {
            (Value::Null, None) => true,
            (wanted, Some(found)) => wanted == found,
            (_, None) => false,
        };
        let shown = found.map_or_else(|| "nothing".to_owned(), Value::to_string);
        (!same).then(|| format!("{path} is {shown}, expected {wanted}"))
    };
    expect.iter().filter_map(differs).collect()
}

fn find<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, step| match value {
        Value::Object(fields) => fields.get(step),
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

/// True if the script expects a refusal, so that one does not fail the run.
pub fn expects_refusal(expect: &Map<String, Value>) -> bool {
    expect.get("ok") == Some(&Value::Bool(false)) || expect.keys().any(|path| path.starts_with("error"))
}
