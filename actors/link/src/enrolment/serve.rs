//! The side above: takes requests for a certificate over HTTP, each token once.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::Utc;
use data_encoding::HEXLOWER;
use migrations::entity::enrolment::{self, Column};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::{PATH, Request, is_proven, text};
use crate::apply::{Peer, PeerRole};
use crate::gate::refusals::Refusal;
use crate::gate::{Gate, nodes};
use crate::trust::key::PublicKey;

const BODY_BYTES_MAX: usize = 4 * 1024;

/// Add `POST /link/enrol`.
pub fn configure(config: &mut web::ServiceConfig, gate: Gate) {
    config.service(
        web::resource(PATH)
            .app_data(web::Data::new(gate))
            .app_data(web::PayloadConfig::new(BODY_BYTES_MAX))
            .route(web::post().to(enrol)),
    );
}

async fn enrol(request: HttpRequest, gate: web::Data<Gate>, body: web::Bytes) -> HttpResponse {
    let from = request.peer_addr().map_or_else(|| "an unknown address".to_owned(), |address| address.to_string());
    let asked = serde_json::from_slice::<Request>(&body);
    let name = asked.as_ref().ok().map(|asked| asked.name.clone());
    let done = match asked {
        Ok(asked) => certified(&gate, asked).await,
        Err(_) => Err(refused("this is no request for a certificate")),
    };
    match done {
        Ok(certificates) => HttpResponse::Ok().content_type("application/x-pem-file").body(certificates),
        Err(refusal) => {
            gate.refusals().note(&from, name.as_deref(), &refusal);
            HttpResponse::Forbidden().content_type("text/plain; charset=utf-8").body(refusal.sentence)
        }
    }
}

/// The certificates as text. A token that was used gives them again only for the same key: an answer may be lost.
async fn certified(gate: &Gate, asked: Request) -> Result<String, Refusal> {
    let (Some(role), Some(key)) = (PeerRole::from_word(&asked.role), PublicKey::from_hex(&asked.public_key)) else {
        return Err(refused("this is no request for a certificate"));
    };
    let peer = Peer { name: asked.name, role };
    let database = gate.nodes().database();
    let found = enrolment::Entity::find_by_id(asked.token.as_str()).one(&database.reader).await?;
    // Whoever has not the secret learns nothing of the token.
    let text = text(&asked.token, &peer, &key);
    let Some(row) = found.filter(|row| is_proven(&row.secret, &text, &asked.proof)) else {
        return Err(refused("the token is not known here"));
    };
    if row.name != peer.name || row.role != role.as_str() {
        return Err(refused(&format!("the token is for {} \"{}\"", row.role, row.name)));
    }
    if row.expires_ms < Utc::now().timestamp_millis() {
        return Err(refused("the token is too old: have another made"));
    }
    let signature = HEXLOWER.decode(asked.signature.as_bytes()).unwrap_or_default();
    if !key.has_signed(&text, &signature) {
        return Err(refused("the new key did not sign the request"));
    }
    let used_by = key.to_string();
    if row.used_by.as_ref().is_some_and(|other| *other != used_by) {
        return Err(refused("the token was used already: have another made"));
    }
    let (issued, certificates) =
        gate.certify(&peer, key).map_err(|error| Refusal::new("not able", error.to_string()))?;
    let transaction = database.begin().await?;
    let taken = enrolment::Entity::update_many()
        .col_expr(Column::UsedBy, Expr::value(used_by.as_str()))
        .filter(Column::Id.eq(asked.token))
        .filter(Column::UsedBy.is_null().or(Column::UsedBy.eq(used_by.as_str())))
        .exec(&transaction)
        .await?;
    if taken.rows_affected != 1 {
        return Err(refused("the token was used already: have another made"));
    }
    // The machine that the node had before is out, wherever it is now.
    nodes::revoke(&transaction, &peer.name).await?;
    nodes::insert(&transaction, &issued).await?;
    transaction.commit().await?;
    tracing::info!(peer = peer.name, role = role.as_str(), "a node was enrolled");
    Ok(certificates)
}

fn refused(sentence: &str) -> Refusal {
    Refusal::new("enrolment", sentence.to_owned())
}
