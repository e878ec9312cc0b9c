//! The key set (RFC 7517): every published key of the server, the one that signs first.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use axum::{http::StatusCode, response::Response};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
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
    if let Some(purpose) = call.profile().second_key() {
        let signer = call.provider.second(call.index).await?;
        let mut entry = entry(call, &signer, call.server.algorithm);
        if purpose == "encryption" {
            entry.extend([("use".to_owned(), "enc".into()), ("alg".to_owned(), "RSA-OAEP".into())]);
        }
        keys.push(entry.into());
    }
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
    vars.set("key.use", "sig");
    for (name, value) in signer.key.public_members() {
        vars.set(name, value);
    }
    if let Some(name) = call.profile().setting("certificate_name").as_str() {
        certificate(&mut vars, signer.key.certificate(name));
    }
    let mut entry = call.profile().render(Section::Jwk, &vars);
    if call.server.format.hides_key_algorithm {
        entry.shift_remove("alg");
    }
    entry
}

/// The certificate and its thumbprints (RFC 7517 §4.7 to §4.9).
fn certificate(vars: &mut Vars, certificate: Option<String>) {
    let Some(certificate) = certificate else { return };
    let der = STANDARD.decode(&certificate).unwrap_or_default();
    let thumbprint = |algorithm| URL_SAFE_NO_PAD.encode(digest(algorithm, &der));
    vars.set("key.x5t", thumbprint(&SHA1_FOR_LEGACY_USE_ONLY));
    vars.set("key.x5t_s256", thumbprint(&SHA256));
    vars.set("key.x5c", vec![certificate]);
}
