//! The key set (RFC 7517): every published key of the server, the one that signs first.

use axum::{http::StatusCode, response::Response};
use serde_json::{Map, Value as Json};

use crate::{
    journal::Note,
    profile::{Section, template::Vars},
    refusal::Rule,
    request::Call,
    response::{api_error, json},
};

/// The key set of the server.
pub(super) async fn key_set(call: &Call<'_>, note: &mut Note) -> Response {
    let Some(published) = call.provider.published(call.index).await else {
        return api_error(call.provider, Rule::Internal, &Vars::default(), note);
    };
    let mut keys = Vec::new();
    for signer in published {
        let mut vars = call.provider.server_vars(call.server);
        vars.set("key.kid", signer.id);
        for (name, value) in signer.key.public_members() {
            vars.set(name, value);
        }
        if let Some(name) = call.profile().setting("certificate_name").as_str() {
            vars.set_some("key.x5c", signer.key.certificate(name).map(|certificate| vec![certificate]));
        }
        keys.push(Json::Object(call.profile().render(Section::Jwk, &vars)));
    }
    let cache = call.profile().setting("keys_cache_control");
    let document = Map::from_iter([("keys".to_owned(), keys.into())]);
    json(StatusCode::OK, cache.as_str().unwrap_or("no-store"), &document)
}
