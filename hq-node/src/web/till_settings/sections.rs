//! The sections as forms: which fields each has, and how its JSON lies in them.

use domain::rights::Right;
use messages::v1::catalogue::Role;
use messages::v1::settings::Roles;
use serde_json::{Map, Value, json};

use crate::web::forms::{Choice, Field, Kind, choice};

const ROLES: [(Role, &str, &str); 3] = [
    (Role::Cashier, "cashier", "Cashier"),
    (Role::SeniorCashier, "senior_cashier", "Senior cashier"),
    (Role::StoreAdmin, "store_admin", "Store administrator"),
];

/// What a section is called, and what it is about.
pub(super) fn title(section: &str) -> (&'static str, &'static str) {
    match section {
        "roles" => ("Roles", "What each role may do at a till, and how far."),
        "cash" => ("Cash", "Rounding, counting, and the banknotes and coins of the country."),
        "sale" => ("Sale rules", "Parked receipts, marked goods, returns."),
        "tax" => ("Tax", "Whether prices have their VAT in them, and where it is rounded."),
        "quick_keys" => ("Quick keys", "Goods on keys of their own, in this order; the first nine have digits."),
        "bindings" => ("Keys and words", "Which key or word does what, beside the built-in ones."),
        "receipt_text" => ("Receipt on paper", "Paper, language and template of the receipt."),
        "loyalty" => ("Loyalty", "Programmes of points, gift cards, and what one cashier may give of a day."),
        "scales" => ("Label scales", "Which goods lie on the label scales, by department."),
        _ => ("Settings", ""),
    }
}

pub(super) fn fields(section: &str) -> Vec<Field> {
    match section {
        "roles" => ROLES.iter().flat_map(|(_, name, label)| role(name, label)).collect(),
        "cash" => vec![
            Field::new("round_to", "What is paid in cash is rounded to", Kind::Amount).help("0 does not round."),
            Field::new(
                "round",
                "Rounded",
                Kind::Choice(vec![choice("down", "down"), choice("up", "up"), choice("nearest", "to the nearest")]),
            ),
            Field::new("blind_count", "Cashiers count without seeing what should be there", Kind::Flag),
            Field::new("difference_max", "Most that a count may differ without a supervisor", Kind::Amount),
            Field::new("denominations", "Banknotes and coins", Kind::Amounts).help("A line each, the largest first."),
        ],
        "sale" => vec![
            Field::new(
                "parked_keep_prices",
                "A recalled receipt keeps the prices with which it was parked",
                Kind::Flag,
            ),
            Field::new("marks_unchecked_hours_max", "Hours of selling marked goods unchecked", Kind::Whole)
                .help("For so long nothing above has answered about a code."),
            Field::new("return_days_max", "Days in which a sale can come back", Kind::Whole).help("0 is for ever."),
        ],
        "tax" => vec![
            Field::new(
                "price_vat",
                "VAT",
                Kind::Choice(vec![choice("included", "is in the prices"), choice("added", "goes on top of them")]),
            ),
            Field::new(
                "vat_rounding",
                "VAT is rounded",
                Kind::Choice(vec![choice("line", "a line at a time"), choice("group", "once a rate")]),
            ),
            Field::new("default_vat", "Rate of goods that are not in the catalogue, %", Kind::Text),
        ],
        "quick_keys" => {
            let columns = vec![choice("item", "Code of the item"), choice("label", "Label")];
            vec![Field::new("keys", "Quick keys", Kind::Rows(columns))]
        }
        "bindings" => {
            let columns = vec![choice("key", "Key or word"), choice("action", "Action")];
            let help = "Keys are written as F3 or Ctrl+P.";
            vec![Field::new("bindings", "Keys and words", Kind::Rows(columns)).help(help)]
        }
        "loyalty" => vec![
            Field::new("json", "Programmes, gift cards and limits", Kind::Area)
                .help("As JSON: deploy/TILL-SETTINGS.md has all fields and a whole example."),
        ],
        "scales" => vec![
            Field::new("json", "Departments", Kind::Area)
                .help("As JSON: deploy/TILL-SETTINGS.md has all fields and a whole example."),
        ],
        "receipt_text" => vec![
            Field::new("columns", "Columns of the paper", Kind::Whole).help("From 24 to 80."),
            Field::new(
                "language",
                "Language",
                Kind::Choice(vec![choice("en", "English"), choice("ru", "Russian"), choice("uk", "Ukrainian")]),
            ),
            Field::new("print_sales", "Print each receipt on the receipt printer", Kind::Flag)
                .help("Where the fiscal device has no paper of its own."),
            Field::new("template", "Template", Kind::Area).optional().help("Empty: the built-in one of the language."),
        ],
        _ => Vec::new(),
    }
}

fn role(name: &'static str, label: &'static str) -> Vec<Field> {
    let rights = Right::ALL.into_iter().map(right).collect();
    vec![
        Field::new(format!("{name}.rights"), "May", Kind::Words(rights)).heading(label),
        Field::new(format!("{name}.discount_hundredths_max"), "Highest manual discount, %", Kind::Percent),
        Field::new(format!("{name}.voids_max"), "Largest sum of voided lines of a receipt", Kind::Amount),
        Field::new(
            format!("{name}.returns_without_receipt_max"),
            "Largest sum of returns without receipt in a day at a till",
            Kind::Amount,
        ),
    ]
}

fn right(right: Right) -> Choice {
    let label = match right {
        Right::OpenShift => "open a shift",
        Right::CloseShift => "close a shift",
        Right::CloseWithDifference => "close a shift with a difference",
        Right::SeeExpectedCash => "see the expected cash",
        Right::MoveCash => "move cash in and out",
        Right::OpenDrawer => "open the drawer",
        Right::VoidLines => "void lines",
        Right::CancelReceipt => "cancel a receipt",
        Right::Discount => "give a discount",
        Right::EnterPrice => "enter an open price",
        Right::ChangePrice => "change any price",
        Right::ReturnByReceipt => "return by receipt",
        Right::ReturnWithoutReceipt => "return without receipt",
        Right::RefundInCash => "refund a card in cash",
        Right::ReturnByFiscalCode => "return by fiscal code",
        Right::SellOnCredit => "sell on credit",
        Right::GiveOverLimit => "put back more points and load more gift cards than a cashier may a day",
        Right::Reprint => "print again",
        Right::Train => "train",
        Right::ResolveConflict => "resolve conflicts",
        Right::Approve => "approve for others",
    };
    choice(right.name(), label)
}

/// The JSON of a section as its form has it.
pub(super) fn to_form(section: &str, value: &Value) -> Value {
    match section {
        "roles" => {
            let roles: Roles = serde_json::from_value(value.clone()).unwrap_or_default();
            let mut form = Map::new();
            for (role, name, _) in ROLES {
                let permissions = serde_json::to_value(roles.permissions(role)).unwrap_or_default();
                for (field, value) in permissions.as_object().into_iter().flatten() {
                    form.insert(format!("{name}.{field}"), value.clone());
                }
            }
            Value::Object(form)
        }
        "bindings" => {
            let bindings = value["bindings"].as_object().into_iter().flatten();
            let rows: Vec<Value> = bindings.map(|(key, action)| json!({ "key": key, "action": action })).collect();
            json!({ "bindings": rows })
        }
        "loyalty" | "scales" => json!({ "json": format!("{value:#}") }),
        _ => value.clone(),
    }
}

/// What a form says, as the JSON of its section.
pub(super) fn from_form(section: &str, form: Map<String, Value>) -> Result<Value, String> {
    match section {
        // A role that is as it is built in stays built in, and gets the rights that later versions bring.
        "roles" => {
            let mut roles = Map::new();
            for (role, name, _) in ROLES {
                let prefix = format!("{name}.");
                let fields = form.iter().filter_map(|(field, value)| {
                    field.strip_prefix(&prefix).map(|field| (field.to_owned(), value.clone()))
                });
                let permissions: Value = fields.collect();
                let built_in = Roles::default().permissions(role);
                if serde_json::from_value(permissions.clone()).ok() != Some(built_in) {
                    roles.insert(name.to_owned(), permissions);
                }
            }
            Ok(json!({ "roles": roles }))
        }
        "bindings" => {
            let mut bindings = Map::new();
            let rows = form.get("bindings").and_then(Value::as_array).into_iter().flatten();
            for row in rows {
                let (key, action) = (row["key"].as_str().unwrap_or_default(), row["action"].clone());
                if bindings.insert(key.to_owned(), action).is_some() {
                    return Err(format!("The key or word \"{key}\" is there twice."));
                }
            }
            Ok(json!({ "bindings": bindings }))
        }
        "loyalty" | "scales" => {
            let text = form.get("json").and_then(Value::as_str).unwrap_or_default();
            serde_json::from_str(text).map_err(|error| format!("The JSON cannot be used: {error}."))
        }
        _ => Ok(Value::Object(form)),
    }
}

#[cfg(test)]
mod tests {
    use dataserver::sections::SECTIONS;

    use super::*;
    use crate::web::forms;

    #[test]
    fn every_section_goes_through_its_form_unchanged() {
        for kind in SECTIONS {
            let fields = fields(kind.name);
            let filled = forms::fill(&fields, &to_form(kind.name, &kind.defaults()));
            let back = from_form(kind.name, forms::read(&fields, &filled).unwrap()).unwrap();
            assert_eq!(back, kind.defaults(), "{}", kind.name);
            assert!(!title(kind.name).1.is_empty(), "{}", kind.name);
        }
    }
}
