//! What the Manager's control wire has beside every component's: its keys, its policy file and the log of it.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State, rejection::BytesRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::json;

use super::{Parts, SigningKeys, policy::MAX_FILE};
use crate::reference::{answer, control};

pub(super) fn router(manager: Arc<Parts>) -> Router {
    let policy = if manager.policies.has_file() {
        get(read_policy).put(write_policy).layer(DefaultBodyLimit::max(MAX_FILE))
    } else {
        get(control::unsupported).put(control::unsupported)
    };
    Router::new()
        .route("/control/keys/rotate", post(rotate))
        .route("/control/keys/retire", post(retire))
        .route("/control/policy", policy)
        .route("/control/log", get(read_log))
        .with_state(manager)
}

/// `GET /control/log`: the Manager's log lines about its policy file, the oldest first (EM-RELOAD).
async fn read_log(State(manager): State<Arc<Parts>>) -> Response {
    answer::json(StatusCode::OK, &json!(manager.policies.log()))
}

/// `{"pem": text}`, or `{}` for a generated key.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotation {
    pem: Option<String>,
}

/// `POST /control/keys/rotate`: another key signs, the one before it stays published.
async fn rotate(State(manager): State<Arc<Parts>>, body: Result<Bytes, BytesRejection>) -> Response {
    let body = match control::whole(body) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let bad = |description: &str| control::invalid(StatusCode::BAD_REQUEST, description);
    let rotation = if body.is_empty() { Ok(Rotation::default()) } else { serde_json::from_slice(&body) };
    match rotation {
        // What serde says would quote the key.
        Err(_) => bad("the body is `{}` or `{\"pem\": text}`"),
        Ok(Rotation { pem }) => match manager.keys.rotate(pem.as_deref()) {
            Ok(keys) => shown(&keys),
            Err(error) => bad(&error.to_string()),
        },
    }
}

/// `POST /control/keys/retire`: the second key is published no more.
async fn retire(State(manager): State<Arc<Parts>>) -> Response {
    shown(&manager.keys.retire())
}

fn shown(keys: &SigningKeys) -> Response {
    let published: Vec<_> =
        std::iter::once(&keys.signing).chain(&keys.published).map(super::SigningKey::kid).collect();
    answer::json(StatusCode::OK, &json!({ "kid": keys.signing.kid(), "published": published }))
}

/// `GET /control/policy`: the policy file as it is, good or broken; what is no UTF-8 is replaced.
async fn read_policy(State(manager): State<Arc<Parts>>) -> Response {
    match manager.policies.read() {
        Ok(Some(text)) => answer::typed(
            StatusCode::OK,
            "text/plain; charset=utf-8",
            String::from_utf8_lossy(&text).into_owned(),
        ),
        Ok(None) => answer::error(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is no policy file: the values file has the policy",
        ),
        Err(error) => answer::error(StatusCode::INTERNAL_SERVER_ERROR, "server_error", &error.to_string()),
    }
}

/// `PUT /control/policy`: writes the policy file, good or broken, for the next request.
async fn write_policy(State(manager): State<Arc<Parts>>, body: Result<Bytes, BytesRejection>) -> Response {
    let body = match control::whole(body) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    match manager.policies.write(&body) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => {
            let description = format!("the policy file cannot be written: {error}");
            answer::error(StatusCode::INTERNAL_SERVER_ERROR, "server_error", &description)
        }
    }
}
