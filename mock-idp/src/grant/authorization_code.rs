//! Redeeming an authorization code (RFC 6749 §4.1.3).
//!
//! A code is spent by the first attempt to redeem it, successful or not; a second attempt revokes what the first
//! one brought (RFC 6749 §4.1.2).

use axum::http::header::ORIGIN;

use super::{Granted, pkce, refresh_token};
use crate::{
    clock::Clock as _,
    policy,
    refusal::Rule,
    request::{Call, Refusal},
    tenant::Client,
};

/// Exchanges the code of the request.
pub(crate) fn redeem(call: &Call<'_>, client: &Client) -> Result<Granted, Refusal> {
    let presented = call.form.one("code")?.ok_or(Rule::CodeMissing)?;
    let redirect_uri = call.form.one("redirect_uri")?;
    let verifier = call.form.one("code_verifier")?;
    let now = call.provider.clock.now();
    let code = {
        let mut state = call.provider.state();
        let Some(code) = state.codes.remove(presented) else {
            let Some(family) = state.spent.get(presented).copied() else {
                return Err(Rule::CodeInvalid.into());
            };
            state.revoke(family);
            return Err(Rule::CodeRedeemed.into());
        };
        state.spent.insert(presented.to_owned(), code.family);
        code
    };
    let authorization = code.authorization;
    if authorization.client != client.id || authorization.server != call.index {
        return Err(Rule::CodeInvalid.into());
    }
    if code.expires <= now {
        return Err(Rule::CodeExpired.into());
    }
    if redirect_uri != Some(code.redirect_uri.as_str()) {
        return Err(Rule::CodeRedirectMismatch.into());
    }
    fits_origin(call, client, &code.redirect_uri)?;
    pkce::verify(code.challenge.as_deref(), verifier)?;
    same_resource(call, client, &authorization.audience)?;
    let refresh_token = refresh_token::first(call, client, &authorization, code.family);
    Ok(Granted { authorization, refresh_token, family: Some(code.family) })
}

/// At Entra a code for a page is redeemed by a page, and no other is: only browsers send `Origin`.
fn fits_origin(call: &Call<'_>, client: &Client, redirect_uri: &str) -> Result<(), Rule> {
    if call.profile().setting("cross_origin_redemption") != "single_page_only" {
        return Ok(());
    }
    let registration = call.server.api(&client.id).map(|api| &api.registration);
    let for_page = registration.is_some_and(|registration| {
        registration.single_page_redirect_uris.iter().any(|uri| uri == redirect_uri)
    });
    match (for_page, call.headers.contains_key(ORIGIN)) {
        (true, false) => Err(Rule::OriginMissing),
        (false, true) => Err(Rule::CrossOriginRedemption),
        _ => Ok(()),
    }
}

/// A token request may name the resource again, but no other (RFC 8707 §2.2).
pub(super) fn same_resource(call: &Call<'_>, client: &Client, audience: &str) -> Result<(), Refusal> {
    let resources: Vec<_> = call.targets(&call.form).collect();
    let audience = call.server.api(audience).map_or(audience, |api| &api.audience);
    if !resources.is_empty()
        && call.server.apis.len() > 1
        && policy::target(call.server, client, &resources)?.audience != audience
    {
        return Err(Rule::TargetUnknown.into());
    }
    Ok(())
}
