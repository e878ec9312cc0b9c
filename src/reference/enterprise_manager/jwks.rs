//! EM-JWKS, `GET /.well-known/jwks.json`: the public keys that verify envelopes. No token.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode, response::Response};
use serde_json::json;

use super::Parts;
use crate::{model::rule::Rule, reference::answer};

pub(super) const PATH: &str = "/.well-known/jwks.json";

pub(super) async fn serve(State(manager): State<Arc<Parts>>) -> Response {
    let keys = manager.keys.now();
    let published = if manager.rules.hold(Rule::EmJwks) {
        keys.public_jwks()
    } else {
        match keys.signing.unrelated() {
            Ok(other) => {
                let mut jwk = other.public_jwk();
                if let Some(members) = jwk.as_object_mut() {
                    members.insert("kid".to_owned(), json!(keys.signing.kid()));
                }
                vec![jwk]
            }
            Err(error) => {
                return answer::error(StatusCode::INTERNAL_SERVER_ERROR, "server_error", &error.to_string());
            }
        }
    };
    answer::document(&json!({ "keys": published }))
}
