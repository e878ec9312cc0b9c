//! What a token says to its recipient alone: the pairwise subject, app roles and groups of Entra's applications.
//!
//! The recipient of an access token is the API, that of an ID token the client.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use super::Subject;
use crate::{
    profile::template::Vars,
    tenant::{Api, Server, User},
};

/// Sets the placeholders for the recipient, which is named by its audience or client id.
pub(super) fn describe(vars: &mut Vars, server: &Server, subject: &Subject<'_>, recipient: Option<&str>) {
    let Some(recipient) = recipient else { return };
    let api = server.api(recipient);
    // One API under several names is one.
    let recipient = api.map_or(recipient, |api| &api.audience);
    if let Some(user) = subject.user {
        vars.set("user.pairwise", pairwise(user, recipient));
    }
    let Some(api) = api else { return };
    if subject.user.is_none() && api.registration.tells_type {
        vars.set("optional.idtyp", true);
    }
    let roles = api.enterprise_application.roles(subject.user, subject.client.unwrap_or_default());
    if !roles.is_empty() {
        vars.set("roles", roles);
    }
    if let Some(user) = subject.user {
        groups(vars, server, api, user, subject.implicit);
    }
}

/// One person, another subject at each application (`OpenID` Connect Core §8.1).
fn pairwise(user: &User, recipient: &str) -> String {
    let text = format!("{}\n{recipient}", user.id.as_deref().unwrap_or_default());
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

/// The groups, or where there are too many of them a place to ask; in a URL only that there are some.
fn groups(vars: &mut Vars, server: &Server, api: &Api, user: &User, implicit: bool) {
    let groups = api.enterprise_application.groups(user);
    let limit = if implicit { "groups_limit_implicit" } else { "groups_limit" };
    let limit = usize::try_from(server.profile.seconds(limit)).unwrap_or_default();
    if groups.is_empty() {
        return;
    }
    if groups.len() <= limit {
        vars.set("groups", groups);
    } else if implicit {
        vars.set("groups.has_groups", true);
    } else if let Some(endpoint) = vars.expand(server.profile.setting("groups_endpoint")) {
        vars.set("groups.claim_names", json!({"groups": "src1"}));
        vars.set("groups.claim_sources", json!({"src1": {"endpoint": endpoint}}));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;
    use spanned_yaml::Source;

    use super::*;
    use crate::{Tenant, tenants::SHIPPED};

    #[test]
    fn a_token_in_a_url_names_six_groups_at_most() {
        let (_, text) = SHIPPED.iter().find(|(name, _)| *name == "entra-quickstart").unwrap();
        let text = text.replace(
            "assignment_required: Yes",
            "groups_claim: Security groups\n    assignment_required: Yes",
        );
        let (tenant, _) = Tenant::parse(&Source::new("entra", &text)).unwrap();
        let server = &tenant.servers[0];
        let mut user = tenant.users[0].clone();
        let api = &server.apis[0].audience;
        for (count, named, more) in [(6, Some(6), None), (7, None, Some(true))] {
            user.groups = (0..count).map(|index| index.to_string()).collect();
            let subject = Subject { user: Some(&user), implicit: true, ..Subject::default() };
            let mut vars = Vars::default();
            describe(&mut vars, server, &subject, Some(api));
            let value = |name: &str| vars.expand(&Json::from(name));
            let groups = value("${groups}").and_then(|groups| Some(groups.as_array()?.len()));
            assert_eq!((groups, value("${groups.has_groups}")), (named, more.map(Json::from)));
            assert_eq!(value("${groups.claim_names}"), None);
        }
    }
}
