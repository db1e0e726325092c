//! Forms that are generated from a list of fields: drawn with a label each, read back into JSON, refused in a sentence.
//!
//! The state of a form is what a browser sends, names and texts; so a refused form is drawn again as it was filled in.

use ::web::refusal::Refusal;
use askama::Template;
use domain::money::Money;
use serde_json::{Map, Value};

/// Empty rows below those that are filled in; saving brings new ones.
const EMPTY_ROWS: usize = 8;
const CHECKED: &str = "yes";

/// What a browser sends of a form.
pub type Filled = Vec<(String, String)>;

#[derive(Clone, Debug)]
pub enum Kind {
    /// True or false.
    Flag,
    /// A whole number.
    Whole,
    /// Money, with a decimal point or comma.
    Amount,
    /// A line each.
    Amounts,
    /// Per cent; hundredths of it in JSON.
    Percent,
    Text,
    /// A line each.
    Texts,
    /// Many lines of one text.
    Area,
    Choice(Vec<Choice>),
    /// Any of these words.
    Words(Vec<Choice>),
    /// Rows of texts under these heads.
    Rows(Vec<Choice>),
}

/// A word of JSON, and what people read.
#[derive(Clone, Debug)]
pub struct Choice {
    pub value: &'static str,
    pub label: &'static str,
}

pub const fn choice(value: &'static str, label: &'static str) -> Choice {
    Choice { value, label }
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub label: &'static str,
    pub kind: Kind,
    help: &'static str,
    /// Begins a group: stands above this field and those that follow. With one in a form, the first field has one.
    heading: Option<&'static str>,
    optional: bool,
    fixed: bool,
}

impl Field {
    pub fn new(name: impl Into<String>, label: &'static str, kind: Kind) -> Field {
        Field { name: name.into(), label, kind, help: "", heading: None, optional: false, fixed: false }
    }

    pub fn help(mut self, help: &'static str) -> Field {
        self.help = help;
        self
    }

    pub fn heading(mut self, heading: &'static str) -> Field {
        self.heading = Some(heading);
        self
    }

    /// Left empty it is null.
    pub fn optional(mut self) -> Field {
        self.optional = true;
        self
    }

    /// It is shown and sent, but not changed.
    pub fn fixed(mut self, is_fixed: bool) -> Field {
        self.fixed = is_fixed;
        self
    }
}

pub fn text<'a>(filled: &'a Filled, name: &str) -> &'a str {
    filled.iter().find(|(known, _)| known == name).map_or("", |(_, text)| text.trim())
}

fn texts<'a>(filled: &'a Filled, name: &'a str) -> impl Iterator<Item = &'a str> {
    filled.iter().filter(move |(known, _)| known == name).map(|(_, text)| text.trim())
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

fn cell(field: &Field, column: &Choice) -> String {
    format!("{}.{}", field.name, column.value)
}

fn rows(filled: &Filled, field: &Field, columns: &[Choice]) -> Vec<Vec<String>> {
    let names: Vec<String> = columns.iter().map(|column| cell(field, column)).collect();
    let columns: Vec<Vec<&str>> = names.iter().map(|name| texts(filled, name).collect()).collect();
    let count = columns.iter().map(Vec::len).max().unwrap_or(0);
    let row = |index: usize| -> Vec<String> {
        columns.iter().map(|texts| texts.get(index).copied().unwrap_or_default().to_owned()).collect()
    };
    (0..count).map(row).filter(|row| row.iter().any(|text| !text.is_empty())).collect()
}

/// The form as JSON, or a sentence about the first field that cannot be used.
pub fn read(fields: &[Field], filled: &Filled) -> Result<Map<String, Value>, String> {
    let mut object = Map::new();
    let mut group = String::new();
    for field in fields {
        if let Some(heading) = field.heading {
            group = format!("{heading}, ");
        }
        let value = value(field, filled).map_err(|why| format!("{group}{}: {why}.", field.label))?;
        object.insert(field.name.clone(), value);
    }
    Ok(object)
}

fn amount(text: &str) -> Result<Money, String> {
    text.replace(',', ".").parse::<Money>().map_err(|error| error.to_string())
}

fn value(field: &Field, filled: &Filled) -> Result<Value, String> {
    let given = text(filled, &field.name);
    let one_text = matches!(field.kind, Kind::Whole | Kind::Amount | Kind::Percent | Kind::Text | Kind::Area);
    if one_text && given.is_empty() {
        return if field.optional { Ok(Value::Null) } else { Err("it is empty".to_owned()) };
    }
    Ok(match &field.kind {
        Kind::Flag => Value::Bool(given == CHECKED),
        Kind::Whole => {
            let number = given.parse::<u32>().map_err(|_| format!("\"{given}\" is not a whole number"))?;
            number.into()
        }
        Kind::Amount => amount(given)?.to_string().into(),
        Kind::Amounts => {
            let amounts = lines(given).map(|line| Ok(amount(line)?.to_string().into()));
            Value::Array(amounts.collect::<Result<_, String>>()?)
        }
        Kind::Percent => {
            let hundredths = amount(given).map_err(|_| format!("\"{given}\" is not a percentage"))?.minor();
            u32::try_from(hundredths).map_err(|_| format!("\"{given}\" is not a percentage"))?.into()
        }
        Kind::Text => given.into(),
        Kind::Texts => lines(given).map(Value::from).collect(),
        Kind::Area => given.replace("\r\n", "\n").into(),
        Kind::Choice(choices) => match choices.iter().find(|choice| choice.value == given) {
            Some(choice) => choice.value.into(),
            None => return Err(format!("\"{given}\" is not one of the choices")),
        },
        Kind::Words(_) => texts(filled, &field.name).map(Value::from).collect(),
        Kind::Rows(columns) => {
            let object = |row: Vec<String>| -> Value {
                columns.iter().zip(row).map(|(column, text)| (column.value.to_owned(), Value::from(text))).collect()
            };
            rows(filled, field, columns).into_iter().map(object).collect()
        }
    })
}

/// JSON as a form has it before anybody has typed.
pub fn fill(fields: &[Field], object: &Value) -> Filled {
    let mut filled = Filled::new();
    for field in fields {
        let value = object.get(&field.name).unwrap_or(&Value::Null);
        let mut put = |text: String| filled.push((field.name.clone(), text));
        match &field.kind {
            Kind::Flag if value == &Value::Bool(true) => put(CHECKED.to_owned()),
            Kind::Flag => (),
            Kind::Percent => put(value.as_i64().map_or_else(String::new, |n| Money::from_minor(n).to_string())),
            Kind::Amounts | Kind::Texts => put(array(value).map(plain).collect::<Vec<_>>().join("\n")),
            Kind::Words(_) => array(value).map(plain).for_each(put),
            Kind::Rows(columns) => {
                for row in array(value) {
                    for column in columns {
                        filled.push((cell(field, column), row.get(column.value).map_or_else(String::new, plain)));
                    }
                }
            }
            Kind::Whole | Kind::Amount | Kind::Text | Kind::Area | Kind::Choice(_) => put(plain(value)),
        }
    }
    filled
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

struct Drawn<'a> {
    field: &'a Field,
    control: &'static str,
    value: &'a str,
    options: Vec<(&'a Choice, bool)>,
    columns: Vec<(String, &'static str)>,
    rows: Vec<Vec<String>>,
    lines: usize,
}

#[derive(Template)]
#[template(path = "fields.html")]
struct Fields<'a> {
    fields: Vec<Drawn<'a>>,
    is_grouped: bool,
}

/// The fields as HTML, to stand in a form.
pub fn draw(fields: &[Field], filled: &Filled) -> Result<String, Refusal> {
    let drawn = |field| {
        let mut drawn = Drawn {
            field,
            control: "text",
            value: text(filled, &field.name),
            options: Vec::new(),
            columns: Vec::new(),
            rows: Vec::new(),
            lines: 0,
        };
        match &field.kind {
            Kind::Flag => drawn.control = "flag",
            Kind::Whole => drawn.control = "whole",
            Kind::Amount | Kind::Percent => drawn.control = "decimal",
            Kind::Text => (),
            Kind::Amounts | Kind::Texts => (drawn.control, drawn.lines) = ("area", drawn.value.lines().count().max(4)),
            Kind::Area => (drawn.control, drawn.lines) = ("area", 16),
            Kind::Choice(choices) => {
                drawn.control = "choice";
                drawn.options = choices.iter().map(|choice| (choice, choice.value == drawn.value)).collect();
            }
            Kind::Words(choices) => {
                drawn.control = "words";
                let has = |choice: &Choice| texts(filled, &field.name).any(|word| word == choice.value);
                drawn.options = choices.iter().map(|choice| (choice, has(choice))).collect();
            }
            Kind::Rows(columns) => {
                drawn.control = "rows";
                drawn.rows = rows(filled, field, columns);
                drawn.rows.extend((0..EMPTY_ROWS).map(|_| vec![String::new(); columns.len()]));
                drawn.columns = columns.iter().map(|column| (cell(field, column), column.label)).collect();
            }
        }
        drawn
    };
    let is_grouped = fields.first().is_some_and(|field| field.heading.is_some());
    let fields = Fields { fields: fields.iter().map(drawn).collect(), is_grouped };
    fields.render().map_err(|error| Refusal::failed(format!("form not drawn: {error}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields() -> Vec<Field> {
        vec![
            Field::new("flag", "Flag", Kind::Flag),
            Field::new("count", "Count", Kind::Whole).optional(),
            Field::new("sum", "Sum", Kind::Amount),
            Field::new("coins", "Coins", Kind::Amounts),
            Field::new("rate", "Rate", Kind::Percent),
            Field::new("words", "Words", Kind::Words(vec![choice("a", "A"), choice("b", "B")])),
            Field::new("rows", "Rows", Kind::Rows(vec![choice("key", "Key"), choice("act", "Act")])),
        ]
    }

    #[test]
    fn what_is_filled_in_is_read_back() {
        let object = json!({
            "flag": true, "count": null, "sum": "2.50", "coins": ["2.00", "1.00"], "rate": 550, "words": ["b"],
            "rows": [{"key": "F3", "act": "<pay>"}, {"key": "x", "act": ""}],
        });
        let filled = fill(&fields(), &object);
        assert_eq!(Value::Object(read(&fields(), &filled).unwrap()), object);
        let drawn = draw(&fields(), &filled).unwrap();
        assert!(drawn.contains("value=\"F3\"") && drawn.contains("5.50") && !drawn.contains("<pay>"), "{drawn}");
    }

    #[test]
    fn a_field_that_cannot_be_used_is_named() {
        let with = |name: &str, text: &str| {
            let mut filled = fill(&fields(), &json!({"sum": "1.00", "rate": 0}));
            filled.retain(|(known, _)| known != name);
            filled.push((name.to_owned(), text.to_owned()));
            read(&fields(), &filled)
        };
        assert_eq!(with("count", "many").unwrap_err(), "Count: \"many\" is not a whole number.");
        assert_eq!(with("sum", " ").unwrap_err(), "Sum: it is empty.");
        assert_eq!(with("rate", "-1").unwrap_err(), "Rate: \"-1\" is not a percentage.");
        assert_eq!(with("sum", "1,5").unwrap()["sum"], "1.50");
    }
}
