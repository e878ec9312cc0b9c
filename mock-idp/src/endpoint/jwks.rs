//! The key set (RFC 7517): every published key of the server, the one that signs first.

use axum::{http::StatusCode, response::Response};
use serde_json::{Map, Value as Json};

use crate::{
    issue::Members,
    journal::Note,
    keys::Algorithm,
    profile::{Section, template::Vars},
    provider::Signer,
    refusal::Rule,
    request::Call,
    response::{api_error, json},
};

/// The key set of the server.
pub(super) async fn key_set(call: &Call<'_>, note: &mut Note) -> Response {
    let Some(keys) = entries(call).await else {
        return api_error(call.provider, Rule::Internal, &Vars::default(), note);
    };
    let cache = call.profile().setting("keys_cache_control");
    let document = Map::from_iter([("keys".to_owned(), keys.into())]);
    json(StatusCode::OK, cache.as_str().unwrap_or("no-store"), &document)
}

/// Nothing if a key cannot be made.
async fn entries(call: &Call<'_>) -> Option<Vec<Json>> {
    let signers = call.provider.published(call.index).await?;
    let own = signers.iter().map(|signer| entry(call, signer, call.server.algorithm));
    let mut keys: Vec<_> = own.map(Json::Object).collect();
    let extras = call.provider.state().ring(call.index).map(|ring| ring.extras.clone());
    for extra in extras.unwrap_or_default() {
        let key = call.provider.spare(extra.algorithm, extra.key.slot).await?;
        let signer = Signer { key, id: extra.key.id };
        let mut entry = entry(call, &signer, extra.algorithm);
        // A profile whose keys are all of RSA has no place for the point of a curve.
        for (name, value) in signer.key.public_members() {
            entry.entry(name.trim_start_matches("key.")).or_insert(value.into());
        }
        entry.extend(extra.set);
        for name in &extra.without {
            entry.shift_remove(name);
        }
        let place = if extra.first { 0 } else { keys.len() };
        keys.insert(place, entry.into());
    }
    Some(keys)
}

fn entry(call: &Call<'_>, signer: &Signer, algorithm: Algorithm) -> Members {
    let mut vars = call.provider.server_vars(call.server);
    vars.set("key.kid", signer.id.as_str());
    vars.set("key.alg", algorithm.name());
    for (name, value) in signer.key.public_members() {
        vars.set(name, value);
    }
    if let Some(name) = call.profile().setting("certificate_name").as_str() {
        vars.set_some("key.x5c", signer.key.certificate(name).map(|certificate| vec![certificate]));
    }
    call.profile().render(Section::Jwk, &vars)
}
