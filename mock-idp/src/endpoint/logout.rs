//! The end of a session (`OpenID` Connect RP-Initiated Logout 1.0), and the way back to the application.

use axum::{
    http::{Method, StatusCode},
    response::Response,
};
use serde_json::{Map, Value as Json};

use super::session;
use crate::{
    issue::Members,
    journal::{Note, short},
    page::{Failure, SignedOut, html},
    presented,
    profile::{Section, template::Vars},
    refusal::Rule,
    request::{Call, Params, Refusal},
    response::{self, error_vars},
    response_type::ResponseMode,
    tenant::Client,
};

/// `GET` or `POST`.
pub(super) async fn logout(call: &Call<'_>, note: &mut Note) -> Response {
    let params = if call.method == Method::POST { &call.form } else { &call.query };
    note.redirect_uri = params.first("post_logout_redirect_uri").map(short);
    note.state_present = Some(params.first("state").is_some());
    let mut response = match destination(call, params, note).await {
        Ok(Some(uri)) => {
            let state = params.first("state").map(|state| ("state".to_owned(), Json::from(state)));
            let back = Map::from_iter(state);
            if back.is_empty() {
                response::bare_redirect(StatusCode::FOUND, uri)
            } else {
                response::to_client(StatusCode::FOUND, uri, ResponseMode::Query, &back)
            }
        }
        Ok(None) => response::page(StatusCode::OK, html(&SignedOut { server: &call.server.name }), None),
        Err(refusal) => return failure(call, refusal, note),
    };
    session::end(call, &mut response);
    response
}

/// Where the browser goes then: an address that the application has registered for it, character for character.
async fn destination<'c>(
    call: &'c Call<'_>,
    params: &'c Params,
    note: &mut Note,
) -> Result<Option<&'c str>, Refusal> {
    let claims = match params.one("id_token_hint")? {
        Some(token) => {
            let claims = presented::own_claims(call.provider, call.index, token).await;
            Some(claims.ok_or(Rule::LogoutHintInvalid)?)
        }
        None if call.profile().setting("logout_needs_hint") == true => {
            return Err(Rule::LogoutHintMissing.into());
        }
        None => None,
    };
    let client = client(call, params, claims.as_ref())?;
    note.client_id = client.map(|client| client.id.clone());
    let Some(uri) = params.one("post_logout_redirect_uri")? else { return Ok(None) };
    // Without a hint it is anybody's.
    let fits = |client: &Client| client.sign_out_redirect_uris.iter().any(|registered| registered == uri);
    let registered = client.map_or_else(|| call.provider.tenant.clients.iter().any(fits), fits);
    if registered { Ok(Some(uri)) } else { Err(Rule::LogoutRedirectMismatch.into()) }
}

/// The application that the hint was made out to, which `client_id` may only repeat.
fn client<'c>(
    call: &'c Call<'_>,
    params: &Params,
    claims: Option<&Members>,
) -> Result<Option<&'c Client>, Refusal> {
    let named = params.one("client_id")?;
    let hinted = match claims {
        Some(claims) => {
            let user = presented::user(call.provider, call.server, Section::IdTokenClaims, claims);
            let about = session::current(call).zip(user);
            if about.is_some_and(|((_, here), there)| here.id != there.id) {
                return Err(Rule::LogoutHintInvalid.into());
            }
            Some(claims.get("aud").and_then(Json::as_str).ok_or(Rule::LogoutHintInvalid)?)
        }
        None => None,
    };
    if hinted.zip(named).is_some_and(|(hinted, named)| hinted != named) {
        return Err(Rule::LogoutHintInvalid.into());
    }
    let Some(id) = hinted.or(named) else { return Ok(None) };
    Ok(Some(call.provider.tenant.client(id).ok_or(Rule::LogoutHintInvalid)?))
}

fn failure(call: &Call<'_>, refusal: Refusal, note: &mut Note) -> Response {
    let (status, vars) = error_vars(call.provider, call.profile(), refusal, &Vars::default(), note);
    let text = |placeholder| vars.expand_text(placeholder).unwrap_or_default();
    let page = Failure {
        title: "This sign-out cannot go on",
        error: &text("${error}"),
        description: &text("${error_description}"),
        advice: "Compare the request of the application with what is registered for it. You are still signed in.",
    };
    response::page(status, html(&page), None)
}
