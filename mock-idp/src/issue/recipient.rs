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
    if let Some(user) = subject.user {
        vars.set("user.pairwise", pairwise(user, recipient));
    }
    let Some(api) = server.api(recipient) else { return };
    let roles = api.enterprise_application.roles(subject.user, subject.client.unwrap_or_default());
    if !roles.is_empty() {
        vars.set("roles", roles);
    }
    if let Some(user) = subject.user {
        groups(vars, server, api, user);
    }
}

/// One person, another subject at each application (`OpenID` Connect Core §8.1).
fn pairwise(user: &User, recipient: &str) -> String {
    let text = format!("{}\n{recipient}", user.id.as_deref().unwrap_or_default());
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

/// The groups, or where there are too many of them a place to ask.
fn groups(vars: &mut Vars, server: &Server, api: &Api, user: &User) {
    let groups = api.enterprise_application.groups(user);
    let limit = usize::try_from(server.profile.seconds("groups_limit")).unwrap_or_default();
    if groups.is_empty() {
        return;
    }
    if groups.len() <= limit {
        vars.set("groups", groups);
    } else if let Some(endpoint) = vars.expand(server.profile.setting("groups_endpoint")) {
        vars.set("groups.claim_names", json!({"groups": "src1"}));
        vars.set("groups.claim_sources", json!({"src1": {"endpoint": endpoint}}));
    }
}
