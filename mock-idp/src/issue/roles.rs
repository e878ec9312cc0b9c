//! Roles and permissions that belong to the user and not to a claim of the tenant: Keycloak's and Auth0's.

use serde_json::{Map, Value as Json, json};

use super::Subject;
use crate::{profile::template::Vars, tenant::Server};

/// Sets the placeholders for what the subject may do.
pub(super) fn describe(vars: &mut Vars, server: &Server, subject: &Subject<'_>) {
    if let Some(user) = subject.user {
        for (name, attribute) in [
            ("user.given_name", "given_name"),
            ("user.family_name", "family_name"),
            ("user.nickname", "nickname"),
        ] {
            vars.set_some(name, user.attribute(attribute));
        }
        let realm = user.profile.get("realm_roles");
        vars.set_some("access.realm", realm.map(|roles| json!({"roles": roles})));
        let clients = user.profile.get("client_roles").and_then(Json::as_object);
        let clients = clients.map(|clients| {
            let each = clients.iter().map(|(client, roles)| (client.clone(), json!({"roles": roles})));
            each.collect::<Map<_, _>>()
        });
        vars.set_some("access.clients", clients);
        vars.set_some("user.groups.some", Some(user.groups.clone()).filter(|groups| !groups.is_empty()));
    }
    let Some(api) = subject.audience.and_then(|audience| server.api(audience)) else { return };
    if api.permissions_in_token {
        // A machine's permissions are its scopes.
        let permissions = match subject.user {
            Some(user) => user.permissions(&api.audience).into(),
            None => Json::from(subject.scopes),
        };
        vars.set("permissions", permissions);
    }
}
