//! The form of answers: JSON, and every error as `{"error","error_description"}`.

use axum::{
    Router,
    extract::{Request, State},
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE},
    },
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use serde_json::{Value as Json, json};

/// The longest request body, in bytes, where no public endpoint reads one.
const MAX_BODY: u64 = 64 << 10;

/// A JSON answer.
pub(super) fn json(status: StatusCode, body: &Json) -> Response {
    // A `Value` can always be written; through `Display` it would be, piece by piece, for twice the work.
    typed(status, "application/json", serde_json::to_string(body).unwrap_or_default())
}

/// An answer of any media type.
pub(super) fn typed(status: StatusCode, media_type: &'static str, body: String) -> Response {
    (status, [(CONTENT_TYPE, HeaderValue::from_static(media_type))], body).into_response()
}

/// An error answer.
pub(super) fn error(status: StatusCode, code: &str, description: &str) -> Response {
    json(status, &json!({ "error": code, "error_description": description }))
}

/// The same answer with one more header; a value that no header can hold is left out.
pub(super) fn with_header(mut response: Response, name: HeaderName, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// A public document that anyone may read again at any time.
pub(super) fn document(body: &Json) -> Response {
    with_header(json(StatusCode::OK, body), CACHE_CONTROL, "no-cache")
}

/// Answers what no route takes, and refuses large bodies before anything reads them.
pub(super) fn complete(router: Router) -> Router {
    complete_within(router, MAX_BODY)
}

/// The same for a component whose bodies have at most `most` bytes.
pub(super) fn complete_within(router: Router, most: u64) -> Router {
    router
        .fallback(async || error(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path"))
        .method_not_allowed_fallback(async || no_method())
        .layer(from_fn_with_state(most, refuse_large_body))
}

fn no_method() -> Response {
    error(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path does not take the method")
}

/// A method that is not among `allowed`, where no route says so by itself.
pub(super) fn not_allowed(allowed: &str) -> Response {
    with_header(no_method(), ALLOW, allowed)
}

async fn refuse_large_body(State(most): State<u64>, request: Request, next: Next) -> Response {
    let length =
        request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > most) { too_large(most) } else { next.run(request).await }
}

/// A body of more than `most` bytes.
pub(super) fn too_large(most: u64) -> Response {
    let description = format!("a request body has at most {} KiB here", most >> 10);
    error(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", &description)
}
