//! Entra's way: a scope names its API, as in `api://…/access_as_user`; `.default` stands for all that was consented to;
//! permissions belong to the client, assignments to the user. At the endpoints of version 1.0 `resource` names the API.

use super::{Permit, Requested, split};
use crate::{
    profile::Profile,
    refusal::Rule,
    tenant::{Api, Client, Grant, Server, User},
};

/// All permissions that the client has at an API.
const DEFAULT: &str = ".default";

/// The provider's scopes name their API.
pub(super) fn name_the_api(profile: &Profile) -> bool {
    profile.setting("scopes_name_their_api") == true
}

/// The API that the scopes name, and the scopes without its name. Scopes of `OpenID` Connect name none: where there
/// are no others, the API is the provider's own, the last of the server.
pub(super) fn resolve<'s>(
    server: &'s Server,
    client: &Client,
    grant: Grant,
    resources: &[&str],
    parameter: Option<&str>,
) -> Result<(&'s Api, Requested), Rule> {
    server.knows(&client.id)?;
    let named = split(parameter.unwrap_or_default());
    let own = server.apis.last().ok_or(Rule::ScopeOfUnknownApi)?;
    if server.profile.setting("resource_names_the_api") == true {
        return by_resource(server, own, client, grant, resources, named);
    }
    if named.is_empty() {
        return Err(Rule::ScopeMissing);
    }
    let (openid, others): (Vec<_>, Vec<_>) =
        named.into_iter().partition(|scope| server.profile.is_openid(scope));
    let others: Vec<_> = others.iter().map(|scope| locate(server, own, scope)).collect::<Result<_, _>>()?;
    let (api, called, _) = others.first().copied().unwrap_or((own, &own.audience, DEFAULT));
    let wanted: Vec<_> = others.iter().map(|(_, _, name)| *name).collect();
    let all = wanted.contains(&DEFAULT);
    if others.iter().any(|(other, _, _)| other.audience != api.audience) || (all && wanted.len() > 1) {
        return Err(Rule::ScopesMixed);
    }
    let audience = audience(api, called);
    if grant == Grant::ClientCredentials {
        return if all && openid.is_empty() {
            target(api, resources)?;
            Ok((api, Requested { scopes: Vec::new(), defaulted: false, audience }))
        } else {
            Err(Rule::ScopeForUsersOnly)
        };
    }
    if wanted.iter().any(|name| *name != DEFAULT && !api.scopes.iter().any(|scope| scope.name == **name)) {
        return Err(Rule::ScopeUnknown);
    }
    target(api, resources)?;
    let permissions = permissions(own, api, client);
    if wanted.iter().any(|name| *name != DEFAULT && !permissions.contains(name))
        || (all && permissions.is_empty())
    {
        return Err(Rule::PolicyDenied);
    }
    let granted = if all { permissions } else { wanted };
    let scopes = openid.into_iter().chain(granted.into_iter().map(str::to_owned)).collect();
    Ok((api, Requested { scopes, defaulted: false, audience }))
}

/// The API that `resource` names, with all permissions for it. Of the scopes only those of `OpenID` Connect count.
fn by_resource<'s>(
    server: &'s Server,
    own: &'s Api,
    client: &Client,
    grant: Grant,
    resources: &[&str],
    named: Vec<String>,
) -> Result<(&'s Api, Requested), Rule> {
    let (api, called) = match resources {
        [] if grant == Grant::ClientCredentials => return Err(Rule::ScopeMissing),
        [] => (own, own.audience.as_str()),
        [called] => (server.api(called).ok_or(Rule::ScopeOfUnknownApi)?, *called),
        _ => return Err(Rule::TargetUnknown),
    };
    let audience = audience(api, called);
    if grant == Grant::ClientCredentials {
        return Ok((api, Requested { scopes: Vec::new(), defaulted: false, audience }));
    }
    let permissions = permissions(own, api, client);
    if permissions.is_empty() {
        return Err(Rule::PolicyDenied);
    }
    let openid = named.into_iter().filter(|scope| server.profile.is_openid(scope));
    let mut scopes: Vec<_> = openid.chain(permissions.into_iter().map(str::to_owned)).collect();
    let unasked = server.profile.setting("refresh_token_unasked") == true;
    if unasked && !scopes.iter().any(|scope| scope == "offline_access") {
        scopes.push("offline_access".to_owned());
    }
    Ok((api, Requested { scopes, defaulted: false, audience }))
}

/// Tokens of version 1.0 call the API as the request did, others always by its client id.
fn audience(api: &Api, called: &str) -> String {
    let as_called = api.registration.access_token_version == Some(1);
    if as_called { called.to_owned() } else { api.audience.clone() }
}

/// Whether the user, or the client for itself, may have tokens for the API, and the user may use the client.
pub(super) fn permit(
    server: &Server,
    api: Option<&Api>,
    client: &Client,
    user: Option<&User>,
    requested: &Requested,
) -> Result<Permit, Rule> {
    if let Some(user) = user {
        server.admits(user, &client.id, api.map(|api| api.audience.as_str()))?;
    }
    let signs_in = user.and_then(|_| server.api(&client.id));
    let admitted =
        api.into_iter().chain(signs_in).all(|app| app.enterprise_application.admits(user, &client.id));
    if !admitted {
        return Err(Rule::UserNotAssigned);
    }
    Ok(Permit { scopes: requested.scopes.clone(), access_token_seconds: None })
}

/// The scopes of a request without the API's name; `.default` is all that was granted.
pub(super) fn bare(api: &Api, granted: &[String], named: &[String]) -> Vec<String> {
    let mut scopes: Vec<String> = Vec::new();
    for scope in named {
        match within(api, scope) {
            Some((_, DEFAULT)) => scopes.extend_from_slice(granted),
            found => scopes.push(found.map_or(scope.as_str(), |(_, name)| name).to_owned()),
        }
    }
    scopes
}

/// Scopes as tokens have them, and the API that the first of them names.
pub(super) fn unqualified<'s>(server: &'s Server, scopes: &[String]) -> (Option<&'s Api>, Vec<String>) {
    let find = |scope: &String| {
        let found = server.apis.iter().find_map(|api| Some((api, within(api, scope)?.1.to_owned())));
        found.map_or_else(|| (None, scope.clone()), |(api, name)| (Some(api), name))
    };
    let (apis, names): (Vec<_>, Vec<_>) = scopes.iter().map(find).unzip();
    (apis.into_iter().flatten().next(), names)
}

/// A scope's API, what the scope calls it, and its name there. One without an API is the provider's own.
fn locate<'s, 'n>(
    server: &'s Server,
    own: &'s Api,
    scope: &'n str,
) -> Result<(&'s Api, &'s str, &'n str), Rule> {
    for api in &server.apis {
        if let Some((called, name)) = within(api, scope) {
            return Ok((api, called, name));
        }
    }
    if scope.contains('/') { Err(Rule::ScopeOfUnknownApi) } else { Ok((own, &own.audience, scope)) }
}

fn within<'a, 'n>(api: &'a Api, scope: &'n str) -> Option<(&'a str, &'n str)> {
    api.names().find_map(|called| Some((called, scope.strip_prefix(called)?.strip_prefix('/')?)))
}

/// The parameter `resource` may be there, if it is the API of the scopes.
fn target(api: &Api, resources: &[&str]) -> Result<(), Rule> {
    let fits = resources.iter().all(|resource| api.names().any(|name| name == *resource));
    if fits { Ok(()) } else { Err(Rule::TargetUnknown) }
}

/// What the client was consented to have: everything at the provider's own API and at itself.
fn permissions<'s>(own: &Api, api: &'s Api, client: &Client) -> Vec<&'s str> {
    let everything = api.audience == own.audience || api.audience == client.id;
    let permitted = |scope: &str| {
        let permission = format!("{}/{scope}", api.audience);
        client.scopes.as_ref().is_some_and(|permissions| permissions.contains(&permission))
    };
    let scopes = api.scopes.iter().map(|scope| scope.name.as_str());
    scopes.filter(|scope| everything || permitted(scope)).collect()
}
