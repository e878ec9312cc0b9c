//! EM-WELLKNOWN, `GET /.well-known/toolhive-configuration`: what a client needs to sign in and to verify. No token.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use serde_json::json;

use super::{PROTECTED_PATH, Parts, jwks};
use crate::{model::rule::Rule, reference::answer};

pub(super) const PATH: &str = "/.well-known/toolhive-configuration";

pub(super) async fn serve(State(manager): State<Arc<Parts>>) -> Response {
    let values = &manager.values;
    let config_endpoint = if manager.rules.hold(Rule::EmWellknown) {
        values.resource_url.at(PROTECTED_PATH)
    } else {
        format!("https://elsewhere.example.com{PROTECTED_PATH}")
    };
    answer::document(&json!({
        "config_endpoint": config_endpoint,
        "jwks_uri": values.resource_url.at(jwks::PATH),
        "oidc": {
            "issuer": values.issuer,
            "client_id": values.client_id,
            "scopes": ["openid", "offline_access", manager.requested_scope()],
        },
    }))
}
