//! Who an access token is for: the API of the request, and what the tenant adds by scope, client or role.

use serde_json::Value as Json;

use super::Subject;
use crate::tenant::{AudienceMapper, Form, Server};

/// `aud` in the tenant's form; nothing where it has none.
pub(super) fn claim(server: &Server, subject: &Subject<'_>) -> Option<Json> {
    let fits = |mapper: &&AudienceMapper| {
        let granted = mapper.scope.as_ref().is_none_or(|scope| subject.scopes.contains(scope));
        granted && mapper.client.as_deref().is_none_or(|client| subject.client == Some(client))
    };
    let mapped = server.format.audience_mappers.iter().filter(fits).map(|mapper| mapper.audience.as_str());
    let mut audiences: Vec<&str> = Vec::new();
    for audience in subject.audience.into_iter().chain(mapped).chain(by_role(server, subject)) {
        if !audiences.contains(&audience) {
            audiences.push(audience);
        }
    }
    match (server.format.audience_form, audiences.as_slice()) {
        (Form::Absent, _) | (_, []) => None,
        (Form::String, [first, ..]) | (Form::ArrayIfSeveral, [first]) => Some((*first).into()),
        _ => Some(audiences.into()),
    }
}

/// Keycloak's "Audience Resolve": every client that the user has a role of, but not the one that asks.
fn by_role<'s>(server: &Server, subject: &Subject<'s>) -> impl Iterator<Item = &'s str> {
    let resolves = server.profile.setting("audience_by_client_role") == true;
    let roles = subject.user.filter(|_| resolves).and_then(|user| user.profile.get("client_roles"));
    let clients = roles.and_then(Json::as_object).into_iter().flatten().map(|(client, _)| client.as_str());
    clients.filter(|client| subject.client != Some(*client))
}
