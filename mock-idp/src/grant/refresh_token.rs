//! Refreshing (RFC 6749 §6). A public client's refresh token is exchanged for a new one each time; using an old
//! one again, after a grace period, revokes all that go back to the same sign-in (RFC 9700 §4.14.2).

use jiff::{SignedDuration, Timestamp};

use super::{Granted, authorization_code::same_resource};
use crate::{
    chance::Purpose,
    clock::Clock as _,
    policy::{self, Requested},
    refusal::Rule,
    request::{Call, Refusal},
    state::{Authorization, Refresh, State},
    tenant::{Client, Grant},
};

/// The refresh token that comes with a code, if `offline_access` was granted.
pub(super) fn first(
    call: &Call<'_>,
    client: &Client,
    authorization: &Authorization,
    family: u64,
) -> Option<String> {
    let offline = authorization.scopes.iter().any(|scope| scope == "offline_access");
    (offline && client.grants.contains(&Grant::RefreshToken))
        .then(|| issue(call, &mut call.provider.state(), authorization.clone(), family))
}

/// Exchanges the refresh token of the request.
pub(crate) fn exchange(call: &Call<'_>, client: &Client) -> Result<Granted, Refusal> {
    let presented = call.form.one("refresh_token")?.ok_or(Rule::RefreshTokenMissing)?;
    let now = call.provider.clock.now();
    let found = call.provider.state().refresh.get(presented).cloned();
    let refresh = found
        .filter(|refresh| refresh.expires > now)
        .filter(|refresh| {
            refresh.authorization.client == client.id && refresh.authorization.server == call.index
        })
        .ok_or(Rule::RefreshTokenInvalid)?;
    let grace = SignedDuration::from_secs(call.profile().seconds("refresh_rotation_grace_seconds"));
    if let Some(used) = refresh.used
        && now.duration_since(used) >= grace
    {
        call.provider.state().revoke(refresh.family);
        return Err(Rule::RefreshTokenInvalid.into());
    }
    same_resource(call, client, &refresh.authorization.audience)?;
    let authorization = narrowed(call, client, refresh.authorization.clone())?;
    let mut state = call.provider.state();
    let rotates = client.secret.is_none();
    let token = if rotates {
        if let Some(old) = state.refresh.get_mut(presented) {
            old.used.get_or_insert(now);
        }
        issue(call, &mut state, refresh.authorization, refresh.family)
    } else {
        presented.to_owned()
    };
    Ok(Granted { authorization, refresh_token: Some(token) })
}

/// The scopes asked for, among those granted, as far as the policies still permit them.
fn narrowed(
    call: &Call<'_>,
    client: &Client,
    mut authorization: Authorization,
) -> Result<Authorization, Refusal> {
    if let Some(parameter) = call.form.one("scope")? {
        let scopes = policy::split(parameter);
        if !scopes.iter().all(|scope| authorization.scopes.contains(scope)) {
            return Err(Rule::RefreshScopeWider.into());
        }
        authorization.scopes = scopes;
    }
    let user = {
        let state = call.provider.state();
        authorization
            .user
            .as_deref()
            .and_then(|id| state.user(id).cloned())
            .ok_or(Rule::RefreshTokenInvalid)?
    };
    let requested = Requested { scopes: authorization.scopes, defaulted: false };
    let grant = authorization.grant;
    let permit = policy::permit(call.profile(), call.server, client, Some(&user), grant, &requested)?;
    authorization.scopes = permit.scopes;
    authorization.access_token_seconds = permit.access_token_seconds;
    // A refreshed ID token repeats no nonce (OpenID Connect Core §12.2).
    authorization.nonce = None;
    Ok(authorization)
}

fn issue(call: &Call<'_>, state: &mut State, authorization: Authorization, family: u64) -> String {
    let token = state.chance.url_safe(Purpose::RefreshToken, 43);
    let lifetime = SignedDuration::from_secs(call.profile().seconds("refresh_token_seconds"));
    let expires = call.provider.clock.now().saturating_add(lifetime).unwrap_or(Timestamp::MAX);
    state.refresh.insert(token.clone(), Refresh { authorization, family, used: None, expires });
    token
}
