//! A token for the client itself (RFC 6749 §4.4): no user, no ID token, no refresh token.

use super::Granted;
use crate::{
    policy,
    refusal::Rule,
    request::{Call, Refusal},
    state::Authorization,
    tenant::{Client, Grant},
};

/// What the policies permit the client.
pub(crate) fn grant(call: &Call<'_>, client: &Client) -> Result<Granted, Refusal> {
    if client.secret.is_none() {
        return Err(Rule::GrantNotAllowed.into());
    }
    let grant = Grant::ClientCredentials;
    let resources: Vec<_> = call.targets(&call.form).collect();
    let scope = call.form.one("scope")?;
    let (api, requested) = policy::resolve(call.server, client, grant, &resources, scope)?;
    let permit = policy::permit(call.server, Some(api), client, None, grant, &requested)?;
    let authorization = Authorization {
        server: call.index,
        client: client.id.clone(),
        grant,
        user: None,
        scopes: permit.scopes,
        audience: requested.audience,
        auth_time: None,
        session: None,
        nonce: None,
        access_token_seconds: permit.access_token_seconds,
        offline: false,
    };
    Ok(Granted { authorization, refresh_token: None, family: None })
}
