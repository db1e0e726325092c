//! People at the tills, for machines. What a PIN or a card says goes in and never comes out.

use ::web::guard::May;
use ::web::refusal::Refusal;
use ::web::rights::ChangePeople;
use actix_web::{HttpResponse, web};
use dataserver::browse;
use dataserver::requests::{NewOperator, PutOperators, RemoveOperators};
use domain::ids::OperatorNumber;
use messages::v1::catalogue::{Operator, Role};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, failed, published};
use crate::web::{Site, till_people};

#[derive(Debug, Default, Deserialize)]
pub struct Query {
    #[serde(default)]
    after: String,
}

fn shown(operator: &Operator) -> Value {
    json!({
        "number": operator.number, "name": operator.name, "role": operator.role, "has_card": operator.card_hash.is_some(),
    })
}

pub async fn list(_: May<ChangePeople>, site: web::Data<Site>, query: web::Query<Query>) -> Answer {
    let after = Some(query.after.as_str()).filter(|after| !after.is_empty());
    let found = browse::operators(&site.reader, after, browse::PAGE_ROWS_MAX).await.map_err(failed)?;
    let next = found.last().filter(|_| found.len() == browse::PAGE_ROWS_MAX).map(|last| last.number.clone());
    let operators: Vec<Value> = found.iter().map(shown).collect();
    Ok(HttpResponse::Ok().json(json!({ "operators": operators, "next_after": next })))
}

pub async fn show(_: May<ChangePeople>, site: web::Data<Site>, number: web::Path<String>) -> Answer {
    let found = browse::operator(&site.reader, &number).await.map_err(failed)?;
    let operator = found.ok_or_else(|| Refusal::not_found(till_people::NO_SUCH_PERSON).as_json())?;
    Ok(HttpResponse::Ok().json(shown(&operator)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    name: String,
    #[serde(default)]
    pin: Option<String>,
    role: Role,
    /// Left out, the card stays as it is; empty, it is taken away.
    #[serde(default)]
    card: Option<String>,
}

pub async fn put(
    _: May<ChangePeople>,
    site: web::Data<Site>,
    number: web::Path<String>,
    body: web::Json<Body>,
) -> Answer {
    let Body { name, pin, role, card } = body.into_inner();
    let operator = NewOperator { number: OperatorNumber(number.into_inner()), name, pin, role, card };
    published(site.catalogue.put_operators.ask(PutOperators { operators: vec![operator] }).await)
}

pub async fn remove(_: May<ChangePeople>, site: web::Data<Site>, number: web::Path<String>) -> Answer {
    let numbers = vec![OperatorNumber(number.into_inner())];
    published(site.catalogue.remove_operators.ask(RemoveOperators { numbers }).await)
}
