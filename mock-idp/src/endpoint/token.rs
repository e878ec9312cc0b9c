//! The token endpoint (RFC 6749 §3.2): authenticates the client, then hands the request to its grant.

use axum::{http::StatusCode, response::Response};

use super::client_authentication::{authenticate, uses_header};
use crate::{
    grant::{Granted, authorization_code, client_credentials, device_code, refresh_token},
    issue,
    journal::{Note, Pkce, short},
    policy,
    profile::template::Vars,
    refusal::Rule,
    request::{Call, Refusal},
    response::{api_error, json, oauth_error},
    tenant::Grant,
};

/// `POST` of a token request.
pub(super) async fn token(call: &Call<'_>, note: &mut Note) -> Response {
    describe(call, note);
    let granted = match grant(call, note) {
        Ok(granted) => granted,
        Err(refusal) => return oauth_error(call, refusal, uses_header(call), note),
    };
    let asks_client_info = call.form.first("client_info") == Some("1");
    match issue::response(call.provider, call.server, granted, asks_client_info, note).await {
        Some(document) => json(StatusCode::OK, "no-store", &document),
        None => api_error(call.provider, Rule::Internal, &Vars::default(), note),
    }
}

fn describe(call: &Call<'_>, note: &mut Note) {
    let form = &call.form;
    note.grant_type = form.first("grant_type").map(short);
    note.scopes = form.first("scope").map(|scope| policy::split(&short(scope)));
    note.resource = call.targets(form).next().map(short);
    note.redirect_uri = form.first("redirect_uri").map(short);
    if form.first("grant_type") == Some(Grant::AuthorizationCode.name()) {
        note.pkce = Some(Pkce { verifier_present: form.first("code_verifier").is_some(), ..Pkce::default() });
    }
}

fn grant(call: &Call<'_>, note: &mut Note) -> Result<Granted, Refusal> {
    if !call.is_form() {
        return Err(Rule::RequestMalformed.into());
    }
    let kind = call.form.one("grant_type")?.ok_or(Rule::GrantTypeMissing);
    // Entra looks for the parameter before it asks who wants to know.
    if call.profile().setting("grant_type_first") == true {
        kind?;
    }
    let client = authenticate(call, note)?;
    let kind = kind?;
    let grants = [Grant::AuthorizationCode, Grant::ClientCredentials, Grant::RefreshToken, Grant::DeviceCode];
    let grant = grants.into_iter().find(|grant| grant.name() == kind).ok_or(Rule::GrantTypeUnsupported)?;
    if !client.grants.contains(&grant) {
        return Err(Rule::GrantNotAllowed.into());
    }
    match grant {
        Grant::AuthorizationCode => authorization_code::redeem(call, client),
        Grant::ClientCredentials => client_credentials::grant(call, client),
        Grant::RefreshToken => refresh_token::exchange(call, client),
        Grant::DeviceCode => device_code::poll(call, client),
        // No token request: its tokens come from the authorization endpoint.
        Grant::Implicit => Err(Rule::GrantTypeUnsupported.into()),
    }
}
