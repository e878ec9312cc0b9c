//! What the proxy shows beside its endpoint: its metadata, its health, and on the control wire its policy and log.

use std::sync::Arc;

use axum::{
    Extension, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State, rejection::BytesRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use serde_json::{Map, json};
use spanned_yaml::Source;

use super::{Parts, process::Process};
use crate::reference::{answer, control};

/// The largest set of manifests that the wire takes, in bytes.
const MAX_POLICY: usize = 4 << 20;

pub(super) fn router(process: Arc<Process>) -> Router {
    Router::new()
        .route("/control/keys/{*rest}", any(control::unsupported))
        .route("/control/policy", get(read_policy).put(write_policy).layer(DefaultBodyLimit::max(MAX_POLICY)))
        .route("/control/log", get(read_log))
        .route("/control/restart", post(restart))
        .with_state(process)
}

/// TOK-PRM, `GET /.well-known/oauth-protected-resource…` (RFC 9728). No token.
pub(super) async fn protected_resource(Extension(proxy): Extension<Arc<Parts>>) -> Response {
    proxy.gate.metadata(&[])
}

/// `GET /healthz`: since when the policy is in force, and why a newer one is not (OP-FAIL-CLOSED).
pub(super) async fn health(Extension(proxy): Extension<Arc<Parts>>) -> Response {
    let (loaded_at, refused) = proxy.policies.status();
    let mut policy = Map::from_iter([("loaded_at".to_owned(), loaded_at.to_string().into())]);
    policy.extend(refused.map(|reason| ("error".to_owned(), reason.into())));
    answer::json(StatusCode::OK, &json!({ "status": "ok", "policy": policy }))
}

/// `GET /control/policy`: the manifests that were given last, good or broken.
async fn read_policy(State(process): State<Arc<Process>>) -> Response {
    answer::typed(StatusCode::OK, "text/plain; charset=utf-8", process.given())
}

/// `PUT /control/policy`: other manifests, as one YAML text. Whether they are in force, the health endpoint says.
async fn write_policy(State(process): State<Arc<Process>>, body: Result<Bytes, BytesRejection>) -> Response {
    let body = match control::whole(body) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let Ok(text) = std::str::from_utf8(&body) else {
        return control::invalid(StatusCode::BAD_REQUEST, "the manifests are no UTF-8");
    };
    process.give(vec![Source::new("policy.yaml", text)]);
    StatusCode::NO_CONTENT.into_response()
}

/// `POST /control/restart`: the process ends, and begins anew with the manifests that were given last.
async fn restart(State(process): State<Arc<Process>>) -> Response {
    process.restart();
    StatusCode::NO_CONTENT.into_response()
}

/// `GET /control/log`: the reasons that callers are not told, the oldest first.
async fn read_log(State(process): State<Arc<Process>>) -> Response {
    answer::json(StatusCode::OK, &json!(process.log().lines()))
}
