//! `GET /healthz`: whether an envelope can be signed, since when the policy is in force, and why a newer one is not
//! (EM-RELOAD).

use std::sync::Arc;

use axum::{extract::State, http::StatusCode, response::Response};
use serde_json::{Map, json};

use super::{Parts, envelope::EnvelopeError, policy::Policy};
use crate::reference::answer;

pub(super) const PATH: &str = "/healthz";

pub(super) async fn serve(State(manager): State<Arc<Parts>>) -> Response {
    let signed = manager.envelope().map(|_| ());
    health(manager.policies.now(), &signed)
}

fn health(policy: Policy, signed: &Result<(), EnvelopeError>) -> Response {
    let mut shown = Map::new();
    shown.insert("loaded_at".to_owned(), policy.loaded_at.to_string().into());
    shown.extend(policy.refused.map(|reason| ("error".to_owned(), reason.into())));
    let (code, status) = match signed {
        Ok(()) => (StatusCode::OK, "ok".to_owned()),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
    };
    answer::json(code, &json!({ "status": status, "policy": shown }))
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use jiff::Timestamp;

    use super::*;
    use crate::reference::enterprise_manager::SigningKeyError;

    #[tokio::test]
    async fn without_an_envelope_it_is_out_of_service() {
        let policy = Policy {
            directives: Arc::default(),
            loaded_at: Timestamp::UNIX_EPOCH,
            refused: Some("x".into()),
        };
        for (signed, code, expected) in [
            (Ok(()), 200, json!("ok")),
            (
                Err(SigningKeyError::Library.into()),
                503,
                json!(
                    "the envelope cannot be signed: the signing key cannot be used: the cryptographic library refused it"
                ),
            ),
        ] {
            let response = health(policy.clone(), &signed);
            assert_eq!(response.status(), code);
            let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            let policy = json!({ "loaded_at": "1970-01-01T00:00:00Z", "error": "x" });
            assert_eq!(body, json!({ "status": expected, "policy": policy }));
        }
    }
}
