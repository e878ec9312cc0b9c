//! Userinfo (`OpenID` Connect Core §5.3): what the profile says of a user, by the scopes of an access token.

use axum::{
    body::Body,
    http::{
        Method, StatusCode,
        header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE},
    },
    response::Response,
};

use crate::{
    issue::{self, Members, Subject},
    journal::Note,
    presented,
    profile::Section,
    refusal::Rule,
    request::{Call, Refusal},
    response::{error_vars, header, json},
};

/// `GET` or `POST` with an access token.
pub(super) async fn userinfo(call: &Call<'_>, note: &mut Note) -> Response {
    match claims(call, note).await {
        Ok(claims) => json(StatusCode::OK, "no-store", &claims),
        Err(refusal) => challenge(call, refusal, note),
    }
}

async fn claims(call: &Call<'_>, note: &mut Note) -> Result<Members, Refusal> {
    let token = bearer(call)?;
    let token = presented::access_token(call, token).await.ok_or(Rule::BearerInvalid)?;
    note.client_id = Some(token.client.clone());
    note.scopes = Some(token.scopes.clone());
    // A machine has nothing to say of itself.
    let user = token.user.as_ref().ok_or(Rule::BearerInvalid)?;
    if !token.scopes.iter().any(|scope| scope == "openid") {
        return Err(Rule::BearerScopeMissing.into());
    }
    let signer = call.provider.signer(call.index).await.ok_or(Rule::Internal)?;
    let subject = Subject {
        client: Some(&token.client),
        user: Some(user),
        scopes: &token.scopes,
        ..Subject::default()
    };
    let mut vars = issue::vars(call.provider, call.server, &signer.id, &subject);
    vars.set("claims.presented", token.claims);
    Ok(call.profile().render_for(Section::Userinfo, &[], &token.scopes, &vars))
}

/// The token of the header, or of a form (RFC 6750 §2). One in the query is not looked at.
fn bearer<'c>(call: &'c Call<'_>) -> Result<&'c str, Refusal> {
    let mut headers = call.headers.get_all(AUTHORIZATION).iter();
    let posted = if call.method == Method::POST { call.form.one("access_token")? } else { None };
    match (headers.next(), headers.next(), posted) {
        (None, None, None) => Err(Rule::BearerMissing.into()),
        (None, None, Some(token)) => Ok(token),
        (Some(value), None, None) => {
            let (scheme, token) =
                value.to_str().ok().and_then(|value| value.split_once(' ')).unwrap_or_default();
            if scheme.eq_ignore_ascii_case("bearer") {
                Ok(token.trim())
            } else {
                Err(Rule::BearerMissing.into())
            }
        }
        _ => Err(Rule::BearerMalformed.into()),
    }
}

/// RFC 6750 §3: what was wrong stands in the header, and nothing where there was no token at all.
fn challenge(call: &Call<'_>, refusal: Refusal, note: &mut Note) -> Response {
    let vars = call.provider.server_vars(call.server);
    let (status, vars) = error_vars(call.provider, call.profile(), refusal, &vars, note);
    let setting = if refusal.rule == Rule::BearerMissing { "bearer_challenge" } else { "bearer_refusal" };
    let text = call.profile().setting(setting).as_str().unwrap_or("Bearer");
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(WWW_AUTHENTICATE, header(&vars.expand_text(text).unwrap_or_default()));
    headers.insert(CACHE_CONTROL, header("no-store"));
    response
}
