//! The guard of a handler: an argument `May<ViewSales>` lets in whoever has the right, and nobody else.

use std::marker::PhantomData;
use std::ops::Deref;

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, web};
use futures_util::future::LocalBoxFuture;

use crate::doors::{Doors, Visitor, bearer};
use crate::refusal::Refusal;
use crate::rights::{Needed, Right};

/// The visitor, who has the right `R`.
#[derive(Clone, Debug)]
pub struct May<R> {
    visitor: Visitor,
    right: PhantomData<R>,
}

impl<R> Deref for May<R> {
    type Target = Visitor;
    fn deref(&self) -> &Visitor {
        &self.visitor
    }
}

impl<R: Needed> FromRequest for May<R> {
    type Error = Refusal;
    type Future = LocalBoxFuture<'static, Result<May<R>, Refusal>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let seen = request.extensions().get::<Visitor>().cloned();
            let visitor = match seen {
                Some(visitor) if visitor.may(R::RIGHT) => visitor,
                _ => admitted(&request, R::RIGHT).await?,
            };
            Ok(May { visitor, right: PhantomData })
        })
    }
}

async fn admitted(request: &HttpRequest, right: Right) -> Result<Visitor, Refusal> {
    let told = |refusal: Refusal| refusal.for_request(request);
    let Some(doors) = request.app_data::<web::Data<Doors>>() else {
        return Err(told(Refusal::failed("this server has no doors".to_owned())));
    };
    match doors.visitor(request).await.map_err(told)? {
        None => Err(told(Refusal::sign_in_needed(request))),
        Some(visitor) if visitor.may(right) => Ok(visitor),
        Some(visitor) => {
            tracing::warn!(name = %visitor.name, right = %right, path = request.path(), "right missing");
            Err(told(Refusal::right_missing(&visitor, right)))
        }
    }
}

/// For a route: whoever has not the right is turned away before the body is read.
pub async fn needs(
    right: Right,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let visitor = admitted(request.request(), right).await?;
    request.extensions_mut().insert(visitor);
    next.call(request).await
}

/// For the whole server: what changes something is asked by this site's own pages, or by a machine with a token (WB-3).
pub async fn same_origin(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if is_from_here(request.request()) {
        next.call(request).await
    } else {
        let refusal = Refusal::other_site().for_request(request.request());
        Err(refusal.into())
    }
}

fn is_from_here(request: &HttpRequest) -> bool {
    if [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method()) || bearer(request).is_some() {
        return true;
    }
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    match (text(header::ORIGIN), text(header::HOST)) {
        (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, at)| at.eq_ignore_ascii_case(host)),
        (Some(_), None) => false,
        // Every browser of today says where a form was sent from; who says nothing is a program, and has no session.
        (None, _) => match request.headers().get("sec-fetch-site").and_then(|value| value.to_str().ok()) {
            Some(site) => site == "same-origin",
            None => !request.app_data::<web::Data<Doors>>().is_some_and(|doors| doors.has_session(request)),
        },
    }
}
