//! Redeeming an authorization code (RFC 6749 §4.1.3).
//!
//! A code is spent by the first attempt to redeem it, successful or not; a second attempt revokes what the first
//! one brought (RFC 6749 §4.1.2).

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
            if let Some(family) = state.spent.get(presented).copied() {
                state.revoke(family);
            }
            return Err(Rule::CodeInvalid.into());
        };
        state.spent.insert(presented.to_owned(), code.family);
        code
    };
    let authorization = code.authorization;
    if authorization.client != client.id || authorization.server != call.index || code.expires <= now {
        return Err(Rule::CodeInvalid.into());
    }
    if redirect_uri != Some(code.redirect_uri.as_str()) {
        return Err(Rule::CodeRedirectMismatch.into());
    }
    pkce::verify(code.challenge.as_deref(), verifier)?;
    same_resource(call, client, &authorization.audience)?;
    let refresh_token = refresh_token::first(call, client, &authorization, code.family);
    Ok(Granted { authorization, refresh_token, family: Some(code.family) })
}

/// A token request may name the resource again, but no other (RFC 8707 §2.2).
pub(super) fn same_resource(call: &Call<'_>, client: &Client, audience: &str) -> Result<(), Refusal> {
    let resources: Vec<_> = call.form.all("resource").collect();
    if !resources.is_empty()
        && call.server.apis.len() > 1
        && policy::target(call.server, client, &resources)?.audience != audience
    {
        return Err(Rule::TargetUnknown.into());
    }
    Ok(())
}
