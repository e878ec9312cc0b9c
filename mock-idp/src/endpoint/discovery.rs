//! The discovery documents (`OpenID` Connect Discovery §4, RFC 8414 §3). Their members are the profile's.

use axum::{http::StatusCode, response::Response};

use crate::{profile::Section, request::Call, response::json, route::Place};

/// One of the documents.
pub(super) fn document(call: &Call<'_>, place: Place) -> Response {
    let profile = call.profile();
    let published = call.server.apis.iter().flat_map(|api| &api.scopes).filter(|scope| scope.published);
    let mut scopes: Vec<_> = profile.words("openid_scopes").collect();
    for scope in published {
        if !scopes.contains(&scope.name.as_str()) {
            scopes.push(&scope.name);
        }
    }
    let mut vars = call.provider.server_vars(call.server);
    vars.set("scopes_supported", scopes);
    let members = profile.render_for(Section::Metadata, &[place.name()], &[], &vars);
    let cache = profile.setting("metadata_cache_control");
    json(StatusCode::OK, cache.as_str().unwrap_or("no-store"), &members)
}
