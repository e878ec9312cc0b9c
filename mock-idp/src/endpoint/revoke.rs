//! Revocation (RFC 7009): a refresh token falls with all that goes back to the same sign-in, an access token alone.

use axum::{
    body::Body,
    http::{StatusCode, header::CACHE_CONTROL},
    response::Response,
};
use jiff::Timestamp;

use super::{
    client_authentication::{for_tokens, uses_header},
    introspect::token,
};
use crate::{
    journal::Note,
    presented,
    refusal::Rule,
    request::{Call, Refusal},
    response::{header, oauth_error},
    tenant::Client,
};

/// `POST` of a `token` by its client, or by anybody where the provider does not ask.
pub(super) async fn revoke(call: &Call<'_>, note: &mut Note) -> Response {
    // Google's takes any token that somebody holds.
    let asked = if call.profile().setting("revocation_needs_client") == false {
        Ok(None)
    } else {
        for_tokens(call, "revocation_endpoint_auth_methods_supported", note).map(Some)
    };
    let done = match asked.and_then(|client| Ok((client, token(call)?))) {
        Ok((client, token)) => take_back(call, client, token).await.map_err(Refusal::from),
        Err(refusal) => Err(refusal),
    };
    match done {
        Ok(()) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::OK;
            response.headers_mut().insert(CACHE_CONTROL, header("no-store"));
            response
        }
        Err(refusal) => oauth_error(call, refusal, uses_header(call), note),
    }
}

/// A token that is unknown needs no taking back (RFC 7009 §2.2).
async fn take_back(call: &Call<'_>, client: Option<&Client>, token: &str) -> Result<(), Rule> {
    let refresh = {
        let state = call.provider.state();
        let here = state.refresh.get(token).filter(|refresh| refresh.authorization.server == call.index);
        here.map(|refresh| (refresh.authorization.client.clone(), refresh.family))
    };
    if let Some((owner, family)) = refresh {
        if client.is_some_and(|client| client.id != owner) {
            return Err(Rule::TokenOfAnotherClient);
        }
        call.provider.state().revoke(family);
        return Ok(());
    }
    let Some(found) = presented::access_token(call, token).await else { return Ok(()) };
    if client.is_some_and(|client| client.id != found.client) {
        return Err(Rule::TokenOfAnotherClient);
    }
    let expires = Timestamp::from_second(found.expires).unwrap_or(Timestamp::MAX);
    call.provider.state().issued.revoke(token, expires);
    Ok(())
}
