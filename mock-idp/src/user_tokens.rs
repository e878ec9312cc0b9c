//! What the access tokens of a tenant's users would say, without a provider that runs: for tools that ask beforehand who
//! may do what.
//!
//! Policies and claims are those of the endpoints: the same code decides what is granted and writes the claims. Nothing is
//! signed, and times and ids in the claims mean nothing.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::{
    KeyPool, Tenant,
    clock::{IdpClock, ManualClock, RunningClock},
    issue::{self, Subject},
    policy::{self, Requested},
    provider::Provider,
    tenant::{AccessTokens, Api, Client, Grant, Server, User},
};

/// Nobody listens here.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

/// By which people sign in for an API. Tokens from the authorization endpoint itself are no API's.
const SIGN_INS: [Grant; 2] = [Grant::AuthorizationCode, Grant::DeviceCode];

/// An access token that somebody could have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserToken {
    /// The login of whose token it is.
    pub user: String,
    /// The id of the application that asked for it.
    pub client: String,
    /// The scopes that were granted.
    pub scopes: Vec<String>,
    /// The claims, `iss` and `aud` among them.
    pub claims: Map<String, Json>,
}

impl Tenant {
    /// Every access token that a user could have by signing in to one of the applications: for every API that the
    /// application may ask for, with each scope by itself, with all of them where they are granted together, and with
    /// none where that is granted. Tokens that an API cannot check are left out: opaque ones, and those whose key is not
    /// published. The order is that of the file.
    #[must_use]
    pub fn user_tokens(&self) -> Vec<UserToken> {
        let clock = RunningClock::new(IdpClock::Manual(ManualClock::at(Timestamp::UNIX_EPOCH)));
        let provider = Provider::new(self.clone(), [0; 32], clock, KeyPool::new(), NOWHERE);
        let users = provider.state().users.clone();
        let mut tokens = Vec::new();
        for user in &users {
            for (server, client) in
                self.servers.iter().flat_map(|server| self.clients.iter().map(move |client| (server, client)))
            {
                for api in &server.apis {
                    for (scopes, audience) in grants(server, api, client, user) {
                        let token = token(&provider, server, client, user, &scopes, &audience);
                        tokens.extend(token.map(|claims| UserToken {
                            user: user.login.clone(),
                            client: client.id.clone(),
                            scopes,
                            claims,
                        }));
                    }
                }
            }
        }
        tokens
    }

    /// The users: login and password of each.
    #[must_use]
    pub fn passwords(&self) -> Vec<(String, String)> {
        self.users.iter().map(|user| (user.login.clone(), user.password.reveal().to_owned())).collect()
    }
}

/// The scopes that are granted for an API, and under which name of it.
fn grants(server: &Server, api: &Api, client: &Client, user: &User) -> Vec<(Vec<String>, String)> {
    let openid = server.profile.words("openid_scopes").map(str::to_owned);
    let own = api.scopes.iter().map(|scope| api.qualified(&scope.name));
    let scopes: Vec<String> = openid.chain(own).collect();
    let mut found = Vec::new();
    for grant in SIGN_INS.into_iter().filter(|grant| client.grants.contains(grant)) {
        for name in api.names() {
            let ask = |scope: Option<&str>| -> Option<(Vec<String>, String)> {
                let (asked, requested) = policy::resolve(server, client, grant, &[name], scope).ok()?;
                let permit =
                    policy::permit(server, Some(asked), client, Some(user), grant, &requested).ok()?;
                let Requested { audience, .. } = requested;
                std::ptr::eq(asked, api).then_some((permit.scopes, audience))
            };
            let single: Vec<_> = scopes.iter().filter(|scope| ask(Some(scope)).is_some()).collect();
            let all = single.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ");
            let each = single.iter().map(|scope| ask(Some(scope)));
            for granted in each.chain([ask(None), ask(Some(&all))]).flatten() {
                if !found.contains(&granted) {
                    found.push(granted);
                }
            }
        }
    }
    found
}

/// The claims; nothing where the API could not check the token.
fn token(
    provider: &Provider,
    asked: &Server,
    client: &Client,
    user: &User,
    scopes: &[String],
    audience: &str,
) -> Option<Map<String, Json>> {
    let issuing = provider.tenant.issuing(asked, Some(user));
    if issuing.access_tokens(Some(audience)) != AccessTokens::Jwt {
        return None;
    }
    let server = provider.tenant.access_token_server(issuing, audience);
    let subject = Subject {
        client: Some(&client.id),
        user: Some(user),
        scopes,
        audience: Some(audience),
        auth_time: Some(0),
        session: Some("session"),
        ..Subject::default()
    };
    let mut vars = issue::vars(provider, server, "", &subject);
    Some(issue::access_token(provider, server, &mut vars, &subject).1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;
    use spanned_yaml::Source;

    use super::*;
    use crate::tenants::SHIPPED;

    fn tokens(name: &str, edit: impl Fn(&str) -> String) -> Vec<UserToken> {
        let (_, text) = SHIPPED.iter().find(|(known, _)| *known == name).unwrap();
        Tenant::parse(&Source::new(name, edit(text))).unwrap().0.user_tokens()
    }

    /// The different values of a claim in somebody's tokens for an audience.
    fn values(tokens: &[UserToken], user: &str, audience: &str, claim: &str) -> BTreeSet<String> {
        let fits =
            |token: &&UserToken| token.user == user && token.claims.get("aud") == Some(&json!(audience));
        tokens
            .iter()
            .filter(fits)
            .map(|token| token.claims.get(claim).unwrap_or(&Json::Null).to_string())
            .collect()
    }

    fn one(value: &Json) -> BTreeSet<String> {
        [value.to_string()].into()
    }

    #[test]
    fn okta_names_what_its_claims_name() {
        let tokens = tokens("okta-per-component", str::to_owned);
        assert_eq!(values(&tokens, "bob@acme.test", "cloud-ui", "groups"), one(&json!(["engineering"])));
        assert_eq!(values(&tokens, "ann@acme.test", "cloud-ui", "roles"), one(&json!(["admin"])));
        let issuers = values(&tokens, "ann@acme.test", "enterprise-manager", "iss");
        assert_eq!(issuers, one(&json!("https://acme.okta.com/oauth2/aus1em")));
        // The policy does not permit this application the scope.
        let restricted: Vec<_> = tokens.iter().filter(|token| token.client == "0oaunpermitted01").collect();
        assert!(!restricted.is_empty());
        assert!(
            restricted.iter().all(|token| !token.scopes.iter().any(|scope| scope == "toolhive:config:read"))
        );
    }

    #[test]
    fn a_claim_may_come_with_a_scope() {
        let tokens = tokens("okta-per-component", |text| {
            text.replace("{ name: roles, include_in_token_type: Access Token, value_type: Expression, value: user.roles, include_in: Any scope }",
                "{ name: roles, include_in_token_type: Access Token, value_type: Expression, value: user.roles, include_in: [profile] }")
        });
        let roles = values(&tokens, "ann@acme.test", "cloud-ui", "roles");
        assert_eq!(roles, ["null".to_owned(), json!(["admin"]).to_string()].into());
    }

    #[test]
    fn entra_has_app_roles_and_no_token_for_who_is_not_assigned() {
        const API: &str = "4f8e2a6c-9d1b-4e3f-a5c7-0b2d4f6a8c1e";
        let quickstart = tokens("entra-quickstart", str::to_owned);
        assert_eq!(values(&quickstart, "ann@acme.test", API, "roles"), one(&json!(["mcp-admin"])));
        assert_eq!(values(&quickstart, "ann@acme.test", API, "groups"), one(&Json::Null));
        let without = tokens("entra-quickstart", |text| {
            text.replace("      - { user: cleo@acme.test, role: mcp-reviewer }\n", "")
        });
        assert!(values(&without, "cleo@acme.test", API, "roles").is_empty());
        assert!(!values(&without, "bob@acme.test", API, "roles").is_empty());
    }

    #[test]
    fn entra_leaves_out_too_many_groups() {
        const API: &str = "4f8e2a6c-9d1b-4e3f-a5c7-0b2d4f6a8c1e";
        let group = |index| {
            format!("  - {{ display_name: G{index}, object_id: b1f0c3a2-0000-4f6a-9b8c-{index:012} }}\n")
        };
        let many = (0..201).map(group).collect::<Vec<_>>().concat();
        let names = (0..201).map(|index| format!("G{index}")).collect::<Vec<_>>().join(", ");
        let tokens = tokens("entra-quickstart", |text| {
            text.replace("\n# Users > All users", &format!("{many}\n# Users > All users"))
                .replacen("groups: [Engineering]", &format!("groups: [{names}]"), 1)
                .replacen(
                    "assignment_required: Yes",
                    "groups_claim: Security groups\n    assignment_required: Yes",
                    1,
                )
        });
        assert_eq!(values(&tokens, "ann@acme.test", API, "groups"), one(&Json::Null));
        assert_eq!(values(&tokens, "ann@acme.test", API, "_claim_names"), one(&json!({"groups": "src1"})));
        let bob = one(&json!(["b1f0c3a2-5d4e-4f6a-9b8c-7d6e5f4a3b2c"]));
        assert_eq!(values(&tokens, "bob@acme.test", API, "groups"), bob);
    }

    #[test]
    fn every_shipped_tenant_can_be_asked_and_what_nobody_can_check_is_left_out() {
        for (name, _) in SHIPPED {
            let found = tokens(name, str::to_owned);
            let unreadable = ["okta-org-unpublished", "okta-org-opaque", "google"].contains(name);
            assert_eq!(found.is_empty(), unreadable, "{name}");
            for token in &found {
                assert!(token.claims.contains_key("iss"), "{name}: {token:?}");
            }
        }
    }
}
