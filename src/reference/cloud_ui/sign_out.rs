//! UI-SESSION: the end of a session, here and at the IdP.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
};
use url::{Url, form_urlencoded};

use super::{
    Parts, cookie,
    forgery::Forgery,
    pages::{Problem, no_store, signed_out},
    session::Session,
};
use crate::{model::rule::Rule, reference::answer};

pub(super) const PATH: &str = "/sign-out";

/// Where a person without the IdP's own page for it ends.
pub(super) const DONE: &str = "/signed-out";

/// `POST /sign-out`.
pub(super) async fn end(
    State(ui): State<Arc<Parts>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let forged = |forgery: Forgery| {
        Problem::new("You are still signed in", forgery.to_string())
            .advice("Use the button “Sign out” of this application. If something else sent you here, do not trust it.")
            .link("Back to the catalogue", ui.at("/servers"))
            .answer(&ui, StatusCode::FORBIDDEN)
    };
    if let Err(forgery) = ui.check_origin(&headers) {
        return forged(forgery);
    }
    let id = cookie::read(&headers, cookie::SESSION);
    let Some((id, session)) = id.and_then(|id| Some((id, ui.sessions.find(id)?))) else {
        return leave(&ui.at(DONE));
    };
    let Ok(body) = body else {
        return Problem::new("You are still signed in", "The form is too large.")
            .link("Back to the catalogue", ui.at("/servers"))
            .answer(&ui, StatusCode::PAYLOAD_TOO_LARGE);
    };
    let fields: Vec<_> = form_urlencoded::parse(&body).into_owned().collect();
    if let Err(forgery) = ui.check_form(&session, &fields) {
        return forged(forgery);
    }
    if ui.surroundings.rules.hold(Rule::UiSignOut) {
        ui.sessions.take(id);
    }
    match end_session(&session).await {
        Some(url) => leave(url.as_str()),
        None => leave(&ui.at(DONE)),
    }
}

/// `GET /signed-out`.
pub(super) async fn done(State(ui): State<Arc<Parts>>) -> Response {
    signed_out(&ui)
}

fn leave(to: &str) -> Response {
    let response = answer::with_header(StatusCode::SEE_OTHER.into_response(), LOCATION, to);
    no_store(cookie::with(response, &cookie::remove(cookie::SESSION)))
}

/// The IdP's end-session endpoint with what it knows the session by (OpenID Connect RP-Initiated Logout §2). No address
/// to come back to: an IdP refuses the whole request for one that is not registered there, and shows a page of its own
/// without one.
async fn end_session(session: &Session) -> Option<Url> {
    let mut url = session.leaves_to.clone()?;
    let hint = session.held.lock().await.id_token.clone();
    url.query_pairs_mut().append_pair("id_token_hint", &hint);
    Some(url)
}
