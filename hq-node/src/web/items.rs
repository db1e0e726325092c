//! One item in a form: added, changed, removed by hand.

use ::web::doors::Visitor;
use ::web::guard::May;
use ::web::layout;
use ::web::refusal::Refusal;
use ::web::rights::ChangeCatalogue;
use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use dataserver::browse;
use dataserver::requests::{PutItems, RemoveItems};
use domain::ids::ItemCode;
use messages::v1::catalogue::Item;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::forms::{self, Field, Filled, Kind, choice};
use super::{Site, imports, words};
use ::web::show::escaped;

fn fields(is_new: bool) -> Vec<Field> {
    let units = vec![choice("pc", "piece"), choice("kg", "kilogram")];
    vec![
        Field::new("code", "Code", Kind::Text).fixed(!is_new),
        Field::new("name", "Name", Kind::Text),
        Field::new("price", "Price", Kind::Amount),
        Field::new("vat", "VAT, %", Kind::Text).help("A percentage, or none."),
        Field::new("unit", "Sold by the", Kind::Choice(units)),
        Field::new("barcodes", "Barcodes", Kind::Texts).help("A line each."),
        Field::new("plu", "Scale number (PLU)", Kind::Whole).optional(),
        Field::new("group", "Group", Kind::Text).optional(),
        Field::new("marked", "A marking code is needed at the till", Kind::Flag),
        Field::new("min_age", "Smallest age", Kind::Whole).optional(),
        Field::new("discountable", "Discounts are allowed", Kind::Flag),
        Field::new("no_sale", "Hours in which it is not sold", Kind::Text).optional().help("Such as 22:00-08:00."),
        Field::new(FROM, "Lowest price that a cashier may enter", Kind::Amount).optional(),
        Field::new(TO, "Highest price that a cashier may enter", Kind::Amount)
            .optional()
            .help("Both empty: the price is fixed."),
        Field::new("deposit", "Code of its deposit", Kind::Text).optional().help("Added with each piece."),
        Field::new("tare", "Weight of its wrapping, kg", Kind::Text).optional(),
        Field::new("shelf_life_days", "Shelf life, days", Kind::Whole).optional().help("Label scales print the date."),
        Field::new("ingredients", "Ingredients, for labels of scales", Kind::Text).optional(),
        Field::new("gift_card", "It is a gift card", Kind::Flag)
            .help("Its price goes onto the card whose number the till asks for."),
    ]
}

const FROM: &str = "open_price_from";
const TO: &str = "open_price_to";

fn to_form(item: &Item) -> Value {
    let mut form = serde_json::to_value(item).unwrap_or_default();
    if let Some([from, to]) = item.open_price {
        form[FROM] = json!(from);
        form[TO] = json!(to);
    }
    form
}

fn from_form(mut form: Map<String, Value>) -> Result<Item, String> {
    let ends = [FROM, TO].map(|end| form.remove(end).unwrap_or_default());
    let open_price = match ends.iter().filter(|end| !end.is_null()).count() {
        0 => Value::Null,
        1 => return Err("An open price needs its lowest and its highest price.".to_owned()),
        _ => json!(ends),
    };
    form.insert("open_price".to_owned(), open_price);
    if let Some(Value::String(tare)) = form.get_mut("tare") {
        *tare = tare.replace(',', ".");
    }
    serde_json::from_value(Value::Object(form)).map_err(|error| format!("The item cannot be used: {error}."))
}

#[derive(Debug, Default, Deserialize)]
pub struct Query {
    #[serde(default)]
    code: String,
}

#[derive(Template)]
#[template(path = "item_form.html")]
struct Page<'a> {
    is_new: bool,
    fields: String,
    refusal: Option<&'a str>,
}

fn draw(
    site: &Site,
    visitor: &Visitor,
    is_new: bool,
    filled: &Filled,
    refusal: Option<&str>,
) -> Result<HttpResponse, Refusal> {
    let page = Page { is_new, fields: forms::draw(&fields(is_new), filled)?, refusal };
    let title = if is_new { "A new item" } else { forms::text(filled, "name") };
    layout::page(&site.frame(title, "/catalogue", visitor), &page)
}

async fn found(site: &Site, code: &str) -> Result<Option<Item>, Refusal> {
    browse::item(&site.reader, code).await.map_err(|error| Refusal::failed(error.to_string()))
}

pub async fn page(
    visitor: May<ChangeCatalogue>,
    site: web::Data<Site>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Refusal> {
    if query.code.is_empty() {
        let filled = forms::fill(&fields(true), &json!({ "discountable": true }));
        return draw(&site, &visitor, true, &filled, None);
    }
    let item = found(&site, &query.code).await?.ok_or_else(|| Refusal::not_found(words::NO_SUCH_ITEM))?;
    draw(&site, &visitor, false, &forms::fill(&fields(false), &to_form(&item)), None)
}

async fn change(site: &Site, filled: &Filled, is_new: bool) -> Result<String, Refusal> {
    let code = ItemCode(forms::text(filled, "code").to_owned());
    if forms::text(filled, "do") == "remove" {
        imports::answered(site.catalogue.remove_items.ask(RemoveItems { codes: vec![code] }).await)?;
        return Ok("/catalogue".to_owned());
    }
    if is_new && found(site, &code.0).await?.is_some() {
        return Err(Refusal::against_rules(format!("There is an item with the code {code} already.")));
    }
    let item = forms::read(&fields(is_new), filled).and_then(from_form).map_err(Refusal::against_rules)?;
    imports::answered(site.catalogue.put_items.ask(PutItems { items: vec![item] }).await)?;
    Ok(format!("/catalogue/items/{}", escaped(&code.0)))
}

pub async fn save(
    visitor: May<ChangeCatalogue>,
    site: web::Data<Site>,
    form: web::Form<Filled>,
) -> Result<HttpResponse, Refusal> {
    let filled = form.into_inner();
    let is_new = forms::text(&filled, "is_new") == "true";
    match change(&site, &filled, is_new).await {
        Ok(there) => Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, there)).finish()),
        Err(refusal) => {
            let mut answer = draw(&site, &visitor, is_new, &filled, Some(refusal.text()))?;
            *answer.status_mut() = refusal.status();
            Ok(answer)
        }
    }
}
