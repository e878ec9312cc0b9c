//! What programs ask: `/api/*`, for a session or an access token by the same rules (PLATFORM.md §3), and the documents
//! that need neither.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{
        HeaderMap, StatusCode, Uri,
        header::{AUTHORIZATION, CACHE_CONTROL},
    },
    response::Response,
};
use serde_json::json;

use super::{Parts, session::NotSignedIn};
use crate::{reference::answer, token::VerifiedToken};

/// The path that a valid token opens.
pub const PROTECTED_PATH: &str = "/api/me";

/// `GET /api/me`: who the caller is.
pub(super) async fn me(State(ui): State<Arc<Parts>>, uri: Uri, headers: HeaderMap) -> Response {
    let token = match ui.admit(&headers, uri.query()).await {
        Ok(token) => token,
        Err(refusal) => return refusal,
    };
    let body = json!({ "subject": token.subject(), "issuer": token.issuer() });
    answer::with_header(answer::json(StatusCode::OK, &body), CACHE_CONTROL, "no-store")
}

impl Parts {
    /// The token of a request: its header's, or its session's where it has no such header.
    async fn admit(&self, headers: &HeaderMap, query: Option<&str>) -> Result<Arc<VerifiedToken>, Response> {
        if !headers.contains_key(AUTHORIZATION) {
            match self.signed_in(headers).await {
                Ok(signed_in) => return Ok(signed_in.token),
                Err(NotSignedIn::Refused(refusal)) => return Err(self.gate.refuse(&refusal)),
                Err(NotSignedIn::Unknown(why)) => {
                    let status = StatusCode::SERVICE_UNAVAILABLE;
                    return Err(answer::error(status, "temporarily_unavailable", &why));
                }
                Err(NotSignedIn::Nobody | NotSignedIn::Over(_)) => {}
            }
        }
        self.gate.admit(headers, query).await
    }
}

/// TOK-PRM.
pub(super) async fn protected_resource(State(ui): State<Arc<Parts>>) -> Response {
    ui.gate.metadata(&[])
}

pub(super) async fn healthz() -> Response {
    answer::json(StatusCode::OK, &json!({ "status": "ok" }))
}
