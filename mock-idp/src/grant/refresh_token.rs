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

/// The refresh token that comes with a code: with `offline_access`, or by the provider's own rule.
pub(super) fn first(
    call: &Call<'_>,
    client: &Client,
    authorization: &Authorization,
    family: u64,
) -> Option<String> {
    let offline = match call.profile().setting("refresh_token_with").as_str() {
        Some("always") => true,
        Some("access_type") => authorization.offline,
        _ => authorization.scopes.iter().any(|scope| scope == "offline_access"),
    };
    let mut state = call.provider.state();
    // The code may have been replayed meanwhile.
    (offline && client.grants.contains(&Grant::RefreshToken) && !state.issued.has_fallen(family))
        .then(|| issue(call, &mut state, authorization.clone(), family))
}

/// Exchanges the refresh token of the request.
pub(crate) fn exchange(call: &Call<'_>, client: &Client) -> Result<Granted, Refusal> {
    let presented = call.form.one("refresh_token")?.ok_or(Rule::RefreshTokenMissing)?;
    let now = call.provider.clock.now();
    let refresh = usable(call, client, &mut call.provider.state(), presented, now)?.clone();
    if !is_for_any_api(call) {
        same_resource(call, client, &refresh.authorization.audience)?;
    }
    let authorization = narrowed(call, client, refresh.authorization.clone())?;
    let mut state = call.provider.state();
    // Again, under the lock that marks it: of two requests at once only one may rotate it.
    let old = usable(call, client, &mut state, presented, now)?;
    if call.profile().setting("refresh_token_rotates") == false {
        old.expires = expiry(call, now);
        return Ok(Granted { authorization, refresh_token: None, family: Some(refresh.family) });
    }
    let rotates = client.secret.is_none();
    let token = if rotates {
        old.used.get_or_insert(now);
        // With all scopes of the old one, however few were asked for now (RFC 6749 §6).
        issue(call, &mut state, refresh.authorization, refresh.family)
    } else {
        // It ends when it is not used for long (RFC 9700 §4.14.2).
        old.expires = expiry(call, now);
        presented.to_owned()
    };
    Ok(Granted { authorization, refresh_token: Some(token), family: Some(refresh.family) })
}

/// The client's refresh token. One that was exchanged before, longer ago than the grace period, may be in two
/// hands: it takes all of its family with it (RFC 9700 §4.14.2).
fn usable<'s>(
    call: &Call<'_>,
    client: &Client,
    state: &'s mut State,
    presented: &str,
    now: Timestamp,
) -> Result<&'s mut Refresh, Rule> {
    let refresh = state
        .refresh
        .get(presented)
        .filter(|refresh| {
            refresh.authorization.client == client.id
                && (refresh.authorization.server == call.index || is_for_any_api(call))
        })
        .ok_or(Rule::RefreshTokenInvalid)?;
    if refresh.expires <= now {
        return Err(Rule::RefreshTokenExpired);
    }
    let grace = SignedDuration::from_secs(call.profile().seconds("refresh_rotation_grace_seconds"));
    // A clock that was set back opens no grace period.
    if refresh.used.is_some_and(|used| used > now || now.duration_since(used) >= grace) {
        let family = refresh.family;
        state.revoke(family);
        return Err(Rule::RefreshTokenInvalid);
    }
    state.refresh.get_mut(presented).ok_or(Rule::RefreshTokenInvalid)
}

/// The scopes asked for, among those granted, as far as the policies still permit them.
fn narrowed(
    call: &Call<'_>,
    client: &Client,
    mut authorization: Authorization,
) -> Result<Authorization, Refusal> {
    let parameter = call.form.one("scope")?;
    if is_for_any_api(call) {
        authorization.server = call.index;
        let resources: Vec<_> = call.targets(&call.form).collect();
        if parameter.is_some() || !resources.is_empty() {
            // A resource alone changes nothing about the sign-in.
            let openid = authorization.scopes.iter().filter(|scope| call.profile().is_openid(scope));
            let openid = openid.map(String::as_str).collect::<Vec<_>>().join(" ");
            let scope = parameter.unwrap_or(&openid);
            let (_, requested) =
                policy::resolve(call.server, client, authorization.grant, &resources, Some(scope))?;
            authorization.scopes = requested.scopes;
            authorization.audience = requested.audience;
        }
    } else if let Some(parameter) = parameter {
        let scopes =
            policy::refreshed(call.server, &authorization.audience, &authorization.scopes, parameter);
        if scopes.is_empty() || !scopes.iter().all(|scope| authorization.scopes.contains(scope)) {
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
    let audience = authorization.audience.clone();
    let requested = Requested { scopes: authorization.scopes, defaulted: false, audience };
    let grant = authorization.grant;
    let api = call.server.api(&authorization.audience);
    let permit = policy::permit(call.server, api, client, Some(&user), grant, &requested)?;
    authorization.scopes = permit.scopes;
    authorization.access_token_seconds = permit.access_token_seconds;
    // A refreshed ID token repeats no nonce (OpenID Connect Core §12.2).
    authorization.nonce = None;
    Ok(authorization)
}

/// Entra's belong to user and client, not to an API or a tenant.
fn is_for_any_api(call: &Call<'_>) -> bool {
    call.profile().setting("refresh_token_for") == "any_api"
}

fn issue(call: &Call<'_>, state: &mut State, authorization: Authorization, family: u64) -> String {
    let token = state.chance.url_safe(Purpose::RefreshToken, 43);
    let expires = expiry(call, call.provider.clock.now());
    state.refresh.insert(token.clone(), Refresh { authorization, family, used: None, expires });
    token
}

fn expiry(call: &Call<'_>, now: Timestamp) -> Timestamp {
    let lifetime = SignedDuration::from_secs(call.profile().seconds("refresh_token_seconds"));
    now.saturating_add(lifetime).unwrap_or(Timestamp::MAX)
}
