//! What a request may be granted: the scopes that exist, then the access policies.
//!
//! Okta refuses a request as a whole: an unknown scope, or one that no rule permits, and there is no token. A
//! provider after RFC 6749 §3.3 leaves out what it does not grant and says in the response what it did. At Entra the
//! scopes name the API, and permissions and assignments decide (`policy/api_scopes.rs`).

mod api_scopes;

use crate::{
    profile::Profile,
    refusal::Rule,
    tenant::{About, Api, Client, Grant, PolicyRule, RuleUser, Server, User},
};

/// The scopes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Requested {
    pub(crate) scopes: Vec<String>,
    /// The request named none: these are the defaults, of which a rule may permit a part.
    pub(crate) defaulted: bool,
    /// The API, by the name that its tokens will have.
    pub(crate) audience: String,
}

/// What is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permit {
    pub(crate) scopes: Vec<String>,
    /// Set by the rule.
    pub(crate) access_token_seconds: Option<i64>,
}

/// The API that a request is for: named by `resource` where there are several, else the client's, else the first
/// (RFC 8707 §2).
pub(crate) fn target<'s>(server: &'s Server, client: &Client, resources: &[&str]) -> Result<&'s Api, Rule> {
    let default =
        client.audience.as_deref().and_then(|audience| server.api(audience)).or(server.apis.first());
    if server.apis.len() < 2 {
        return default.ok_or(Rule::TargetUnknown);
    }
    match resources {
        [] => default.ok_or(Rule::TargetUnknown),
        [one, rest @ ..] if rest.iter().all(|other| other == one) => {
            let named = |api: &&Api| api.names().any(|name| name == *one);
            server.apis.iter().find(named).ok_or(Rule::TargetUnknown)
        }
        _ => Err(Rule::TargetUnknown),
    }
}

/// The API that a request is for, and its scopes, read from the parameters `resource` and `scope`. What is wrong
/// with the scopes is told first, as Okta does.
pub(crate) fn resolve<'s>(
    server: &'s Server,
    client: &Client,
    grant: Grant,
    resources: &[&str],
    scope: Option<&str>,
) -> Result<(&'s Api, Requested), Rule> {
    if api_scopes::name_the_api(server.profile) {
        return api_scopes::resolve(server, client, grant, resources, scope);
    }
    let target = target(server, client, resources);
    let api = target.or_else(|rule| server.apis.first().ok_or(rule))?;
    let requested = requested(server.profile, api, client, grant, scope)?;
    Ok((target?, requested))
}

/// Reads the `scope` parameter against what exists.
fn requested(
    profile: &Profile,
    api: &Api,
    client: &Client,
    grant: Grant,
    parameter: Option<&str>,
) -> Result<Requested, Rule> {
    let exists = |scope: &str| profile.is_openid(scope) || api.scopes.iter().any(|known| known.name == scope);
    let machine = grant == Grant::ClientCredentials;
    let audience = api.audience.clone();
    let named = split(parameter.unwrap_or_default());
    if named.is_empty() {
        return unnamed(profile, api, client, machine);
    }
    let may_have = |scope: &String| client.scopes.as_ref().is_none_or(|allowed| allowed.contains(scope));
    let unknown = Unknown::of(profile);
    if unknown != Unknown::Drop {
        let fits = |scope: &String| exists(scope) && (unknown == Unknown::Refuse || may_have(scope));
        if !named.iter().all(fits) {
            return Err(Rule::ScopeUnknown);
        }
        if machine && named.iter().any(|scope| profile.is_openid(scope)) {
            return Err(Rule::ScopeForUsersOnly);
        }
        return Ok(Requested {
            scopes: with_defaults(profile, client, machine, named),
            defaulted: false,
            audience,
        });
    }
    let allowed = |scope: &String| exists(scope) && !(machine && profile.is_openid(scope)) && may_have(scope);
    if machine && profile.setting("unknown_scope_of_machine") == "refuse" && !named.iter().all(allowed) {
        return Err(Rule::PolicyDenied);
    }
    let scopes: Vec<_> = named.into_iter().filter(allowed).collect();
    if scopes.is_empty() && profile.setting("no_scope").is_null() {
        return Err(Rule::ScopeUnknown);
    }
    Ok(Requested { scopes, defaulted: false, audience })
}

/// What a request without scopes asks for: the API's defaults, else what the provider makes of it.
fn unnamed(profile: &Profile, api: &Api, client: &Client, machine: bool) -> Result<Requested, Rule> {
    let audience = api.audience.clone();
    let names = || api.scopes.iter().map(|scope| &scope.name);
    let defaults: Vec<_> = api.scopes.iter().filter(|scope| scope.default).map(|scope| &scope.name).collect();
    if !defaults.is_empty() {
        return Ok(Requested { scopes: defaults.into_iter().cloned().collect(), defaulted: true, audience });
    }
    let for_machine = machine.then(|| profile.setting("no_scope_of_machine").as_str()).flatten();
    let scopes = match for_machine.or(profile.setting("no_scope").as_str()) {
        Some("none") => with_defaults(profile, client, machine, Vec::new()),
        Some("all") => {
            let openid = profile.words("openid_scopes").map(str::to_owned);
            let mut all: Vec<_> = openid.filter(|_| !machine).chain(names().cloned()).collect();
            all.retain(|scope| client.scopes.as_ref().is_none_or(|allowed| allowed.contains(scope)));
            all
        }
        _ => return Err(Rule::ScopeMissing),
    };
    Ok(Requested { scopes, defaulted: false, audience })
}

/// With those that the client is always granted.
fn with_defaults(profile: &Profile, client: &Client, machine: bool, mut scopes: Vec<String>) -> Vec<String> {
    let fits = |scope: &&String| !(machine && profile.is_openid(scope));
    for scope in client.default_scopes.iter().filter(fits) {
        if !scopes.contains(scope) {
            scopes.push(scope.clone());
        }
    }
    scopes
}

/// Asks the access policies, then whether the user may use the application.
pub(crate) fn permit(
    server: &Server,
    api: Option<&Api>,
    client: &Client,
    user: Option<&User>,
    grant: Grant,
    requested: &Requested,
) -> Result<Permit, Rule> {
    if api_scopes::name_the_api(server.profile) {
        return api_scopes::permit(server, api, client, user, requested);
    }
    let permit = if Unknown::of(server.profile) == Unknown::Refuse {
        first_match(server, client, user, grant, requested).ok_or(Rule::PolicyDenied)?
    } else {
        Permit { scopes: by_permission(api, user, &requested.scopes), access_token_seconds: None }
    };
    let assigned = match (&client.assigned, user) {
        (Some(groups), Some(user)) => groups.iter().any(|group| user.groups.contains(group)),
        _ => true,
    };
    if !assigned {
        return Err(Rule::UserNotAssigned);
    }
    if user.is_some_and(|user| has_too_many_groups(server, user, &permit.scopes)) {
        return Err(Rule::GroupsTooMany);
    }
    Ok(permit)
}

/// A groups claim of the tokens would name more than the provider puts into one: Okta then issues none at all.
fn has_too_many_groups(server: &Server, user: &User, scopes: &[String]) -> bool {
    let Ok(limit) = usize::try_from(server.profile.seconds("groups_claim_limit")) else { return false };
    let everyone = server.profile.setting("everyone_group").as_str();
    let about = About { user: Some(user), client: None, everyone };
    let has_id_token = scopes.iter().any(|scope| scope == "openid");
    limit > 0
        && server
            .claims
            .iter()
            .filter(|claim| claim.is_for(scopes) && (claim.in_access_token || has_id_token))
            .any(|claim| claim.value.exceeds(limit, about))
}

/// The scopes of a refresh request, as those of a grant are kept: without the name of their API.
pub(crate) fn refreshed(server: &Server, audience: &str, granted: &[String], parameter: &str) -> Vec<String> {
    let named = split(parameter);
    match server.api(audience) {
        Some(api) if api_scopes::name_the_api(server.profile) => api_scopes::bare(api, granted, &named),
        _ => named,
    }
}

/// Scopes as tokens have them, and the API that they name, where a provider's scopes do that.
pub(crate) fn unqualified<'s>(server: &'s Server, scopes: &[String]) -> (Option<&'s Api>, Vec<String>) {
    if api_scopes::name_the_api(server.profile) {
        api_scopes::unqualified(server, scopes)
    } else {
        (None, scopes.to_vec())
    }
}

/// Words between blanks, each once, in the order of the request.
pub(crate) fn split(parameter: &str) -> Vec<String> {
    let mut scopes: Vec<String> = Vec::new();
    for scope in parameter.split_ascii_whitespace() {
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    scopes
}

/// What becomes of a request with a scope that does not exist.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unknown {
    /// It is left out.
    Drop,
    /// There is no token, and access policies decide about the scopes that exist.
    Refuse,
    /// There is no token, and the same goes for scopes that the client was not given. There are no policies.
    RefuseForClient,
}

impl Unknown {
    fn of(profile: &Profile) -> Self {
        match profile.setting("unknown_scope").as_str() {
            Some("drop") => Self::Drop,
            Some("refuse_for_client") => Self::RefuseForClient,
            _ => Self::Refuse,
        }
    }
}

/// Without the API's scopes that the user has no permission for, where the API wants that.
fn by_permission(api: Option<&Api>, user: Option<&User>, scopes: &[String]) -> Vec<String> {
    let (Some(api), Some(user)) = (api.filter(|api| api.rbac), user) else { return scopes.to_vec() };
    let permissions = user.permissions(&api.audience);
    let is_own = |scope: &&String| api.scopes.iter().any(|known| known.name == **scope);
    let has = |scope: &&String| permissions.contains(&scope.as_str()) || !is_own(scope);
    scopes.iter().filter(has).cloned().collect()
}

/// Policies by priority that are assigned to the client, their rules by priority: the first rule that fits.
fn first_match(
    server: &Server,
    client: &Client,
    user: Option<&User>,
    grant: Grant,
    requested: &Requested,
) -> Option<Permit> {
    server
        .policies
        .iter()
        .filter(|policy| policy.clients.as_ref().is_none_or(|clients| clients.contains(&client.id)))
        .flat_map(|policy| &policy.rules)
        .filter(|rule| rule.grants.contains(&grant) && fits_user(rule, user))
        .find_map(|rule| {
            let scopes = permitted(rule, requested)?;
            Some(Permit { scopes, access_token_seconds: rule.access_token_seconds })
        })
}

/// Okta: a rule that names groups or users does not apply where there is none
/// (<https://support.okta.com/help/s/article/authorization-server-token-lifetime>).
fn fits_user(rule: &PolicyRule, user: Option<&User>) -> bool {
    match (&rule.user, user) {
        (RuleUser::Any, _) | (RuleUser::Nobody, None) => true,
        (RuleUser::Nobody, Some(_)) | (RuleUser::OneOf { .. }, None) => false,
        (RuleUser::OneOf { groups, users }, Some(user)) => {
            groups.iter().any(|group| user.groups.contains(group)) || users.contains(&user.login)
        }
    }
}

/// All scopes or none; of the defaults, those that the rule permits.
fn permitted(rule: &PolicyRule, requested: &Requested) -> Option<Vec<String>> {
    let Some(allowed) = &rule.scopes else { return Some(requested.scopes.clone()) };
    if requested.defaulted {
        let some: Vec<_> = requested.scopes.iter().filter(|scope| allowed.contains(scope)).cloned().collect();
        return (!some.is_empty()).then_some(some);
    }
    requested.scopes.iter().all(|scope| allowed.contains(scope)).then(|| requested.scopes.clone())
}

#[cfg(test)]
mod tests {
    use spanned_yaml::Source;

    use super::*;
    use crate::{Tenant, tenants::SHIPPED};

    fn shipped(name: &str) -> Tenant {
        let (name, text) = SHIPPED.iter().find(|(known, _)| *known == name).unwrap();
        Tenant::parse(&Source::new(name, text)).unwrap().0
    }

    fn decide(tenant: &Tenant, client: &str, grant: Grant, scope: Option<&str>) -> Result<Vec<String>, Rule> {
        let (server, client) = (&tenant.servers[0], tenant.client(client).unwrap());
        let (api, requested) = resolve(server, client, grant, &[], scope)?;
        let user = (grant != Grant::ClientCredentials).then(|| &tenant.users[1]);
        permit(server, Some(api), client, user, grant, &requested).map(|permit| permit.scopes)
    }

    #[test]
    fn okta_grants_all_or_nothing() {
        let tenant = shipped("okta-per-component");
        let code = Grant::AuthorizationCode;
        let both = Some("openid toolhive:config:read openid");
        assert_eq!(
            decide(&tenant, "0oaclitouchstone1", code, both).unwrap(),
            ["openid", "toolhive:config:read"]
        );
        assert_eq!(decide(&tenant, "0oaunpermitted01", code, both), Err(Rule::PolicyDenied));
        assert_eq!(decide(&tenant, "0oaunpermitted01", code, Some("openid")).unwrap(), ["openid"]);
        assert_eq!(decide(&tenant, "0oaclitouchstone1", code, Some("openid admin")), Err(Rule::ScopeUnknown));
        assert_eq!(decide(&tenant, "0oaclitouchstone1", code, None), Err(Rule::ScopeMissing));
        let machine = Grant::ClientCredentials;
        assert_eq!(decide(&tenant, "0oaclouduitouch01", machine, both), Err(Rule::ScopeForUsersOnly));
        assert!(decide(&tenant, "0oaclouduitouch01", machine, Some("toolhive:config:read")).is_ok());
    }

    #[test]
    fn group_conditions_and_defaults_pick_the_rule() {
        let mut tenant = shipped("okta-per-component");
        let server = &mut tenant.servers[0];
        server.apis[0].scopes[0].default = true;
        let rule = &mut server.policies[0].rules[0];
        rule.user = RuleUser::OneOf { groups: vec!["mcp-admin".to_owned()], users: Vec::new() };
        let code = Grant::AuthorizationCode;
        assert_eq!(
            decide(&tenant, "0oaclitouchstone1", code, None),
            Err(Rule::PolicyDenied),
            "bob is no admin"
        );
        tenant.users[1].groups.push("mcp-admin".to_owned());
        assert_eq!(decide(&tenant, "0oaclitouchstone1", code, None).unwrap(), ["toolhive:config:read"]);
        tenant.clients[0].assigned = Some(vec!["nobody".to_owned()]);
        assert_eq!(decide(&tenant, "0oaclitouchstone1", code, None), Err(Rule::UserNotAssigned));
    }

    #[test]
    fn a_generic_provider_leaves_out_what_it_does_not_grant() {
        let tenant = shipped("generic");
        let code = Grant::AuthorizationCode;
        let both = Some("openid toolhive:config:read unknown");
        assert_eq!(decide(&tenant, "stacklok-cli", code, both).unwrap(), ["openid", "toolhive:config:read"]);
        assert_eq!(decide(&tenant, "stacklok-restricted", code, both).unwrap(), ["openid"]);
        assert_eq!(decide(&tenant, "stacklok-restricted", code, Some("unknown")), Err(Rule::ScopeUnknown));
    }

    #[test]
    fn the_resource_selects_one_audience_of_several() {
        let tenant = shipped("okta-shared");
        let (server, client) = (&tenant.servers[0], &tenant.clients[0]);
        let audience =
            |resources: &[&str]| target(server, client, resources).map(|api| api.audience.as_str());
        assert_eq!(audience(&[]), Ok("enterprise-manager"));
        assert_eq!(audience(&["cloud-ui"]), Ok("cloud-ui"));
        assert_eq!(audience(&["cloud-ui", "enterprise-manager"]), Err(Rule::TargetUnknown));
        assert_eq!(audience(&["https://elsewhere.example"]), Err(Rule::TargetUnknown));
    }
}
