//! What programs ask: `/api/*`, for a session or an access token by the same rules (PLATFORM.md §3), and the documents
//! that need neither.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{
        Method, StatusCode,
        header::{AUTHORIZATION, CACHE_CONTROL},
    },
    response::Response,
};
use serde_json::json;

use super::{Parts, session::NotSignedIn};
use crate::{reference::answer, token::VerifiedToken};

/// The path that a valid token opens.
pub const PROTECTED_PATH: &str = "/api/me";

/// `GET` and `POST /api/me`: who the caller is. A form may come along with the latter, which is where RFC 6750 §2.2 has a
/// token; a session does not count there.
pub(super) async fn me(State(ui): State<Arc<Parts>>, request: Request) -> Response {
    let token = match ui.admit(request).await {
        Ok(token) => token,
        Err(refusal) => return refusal,
    };
    let body = json!({ "subject": token.subject(), "issuer": token.issuer() });
    answer::with_header(answer::json(StatusCode::OK, &body), CACHE_CONTROL, "no-store")
}

impl Parts {
    /// The token of a request: its header's, or its session's where it has no such header.
    async fn admit(&self, request: Request) -> Result<Arc<VerifiedToken>, Response> {
        if request.method() == Method::GET && !request.headers().contains_key(AUTHORIZATION) {
            match self.signed_in(request.headers()).await {
                Ok(signed_in) => return Ok(signed_in.token),
                Err(NotSignedIn::Refused(refusal)) => return Err(self.gate.refuse(&refusal)),
                Err(NotSignedIn::Unknown(why)) => {
                    let status = StatusCode::SERVICE_UNAVAILABLE;
                    return Err(answer::error(status, "temporarily_unavailable", &why));
                }
                Err(NotSignedIn::Nobody | NotSignedIn::Over(_)) => {}
            }
        }
        self.gate.admit(request).await
    }
}

/// TOK-PRM.
pub(super) async fn protected_resource(State(ui): State<Arc<Parts>>) -> Response {
    ui.gate.metadata(&[])
}

pub(super) async fn healthz() -> Response {
    answer::json(StatusCode::OK, &json!({ "status": "ok" }))
}
