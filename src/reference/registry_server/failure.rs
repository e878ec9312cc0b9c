//! What a request of the Registry Server cannot have, as it is answered: `{"error": words}`.

use axum::{
    Router,
    body::to_bytes,
    extract::Request,
    http::{StatusCode, header::CONTENT_LENGTH},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::MAX_BODY;
use crate::reference::answer;

/// So much of a body that is too large is read and dropped, in bytes.
const MOST_DRAINED: usize = 8 << 20;

/// Why there is no other answer. The words are ours: nothing of a request is repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// 400: the request does not say what it wants.
    Malformed(String),
    /// 403: this caller may not.
    Forbidden(&'static str),
    /// 404: there is none, or none that this caller may see.
    NotFound(&'static str),
    /// 409: something that is there stands against it.
    Conflict(&'static str),
    /// 413.
    TooLarge,
    /// 500: the catalogue failed. No request should get here.
    Broken(String),
}

impl Failure {
    pub(super) fn malformed(words: impl Into<String>) -> Self {
        Self::Malformed(words.into())
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Malformed(words) => refusal(StatusCode::BAD_REQUEST, &words),
            Self::Forbidden(words) => refusal(StatusCode::FORBIDDEN, words),
            Self::NotFound(words) => refusal(StatusCode::NOT_FOUND, words),
            Self::Conflict(words) => refusal(StatusCode::CONFLICT, words),
            Self::TooLarge => refusal(StatusCode::PAYLOAD_TOO_LARGE, "the request body is too large"),
            Self::Broken(words) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &words),
        }
    }
}

/// An error in the form of RS-401.
pub(super) fn refusal(status: StatusCode, words: &str) -> Response {
    answer::json(status, &json!({ "error": words }))
}

/// Answers what no route takes, and refuses large bodies before anything reads them.
pub(super) fn complete(router: Router) -> Router {
    router
        .fallback(async || refusal(StatusCode::NOT_FOUND, "there is nothing at this path"))
        .method_not_allowed_fallback(async || {
            refusal(StatusCode::METHOD_NOT_ALLOWED, "this path does not take the method")
        })
        .layer(from_fn(refuse_large_body))
}

async fn refuse_large_body(request: Request, next: Next) -> Response {
    let length = request.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > MAX_BODY as u64) {
        // An answer before the end of the request could be lost with the connection. What is beyond this, may be.
        let _ = to_bytes(request.into_body(), MOST_DRAINED).await;
        return Failure::TooLarge.into_response();
    }
    next.run(request).await
}
