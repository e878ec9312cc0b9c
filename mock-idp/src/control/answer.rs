//! Answers and refusals of the control wire: JSON, refusals as `{"error","error_description"}`.

use axum::{
    body::Body,
    http::{
        HeaderValue, StatusCode,
        header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE},
    },
    response::Response,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value as Json, json};

use crate::{provider::Provider, response::header};

/// What went well.
#[derive(Debug)]
pub(super) enum Answer {
    /// 200 with a document.
    Document(Json),
    /// 204.
    Nothing,
}

/// What did not.
#[derive(Debug)]
pub(super) enum Problem {
    /// The secret is missing or wrong.
    Unauthorized,
    /// The body is not what the path takes.
    Invalid(String),
    /// What the body names is not there.
    NotFound(String),
    /// The path has other methods.
    Method(&'static str),
    /// The body has more than [`MOST_BODY`](super::MOST_BODY) bytes.
    TooLarge,
    /// The provider itself failed.
    Internal(&'static str),
}

/// The body of a request.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::Invalid(error.to_string()))
}

/// A document of a type that serialises.
pub(super) fn document(value: &impl Serialize) -> Result<Answer, Problem> {
    serde_json::to_value(value)
        .map(Answer::Document)
        .map_err(|_| Problem::Internal("the answer has no JSON form"))
}

/// The index of an issuer of the tenant.
pub(super) fn server_of(provider: &Provider, issuer: &str) -> Result<usize, Problem> {
    provider.tenant.servers.iter().position(|server| server.issuer == issuer).ok_or_else(|| {
        let known: Vec<_> = provider.tenant.issuers().iter().map(|issuer| format!("`{issuer}`")).collect();
        Problem::NotFound(format!("`{issuer}` is no issuer of this provider; it has {}", known.join(", ")))
    })
}

/// The HTTP form.
pub(super) fn respond(result: Result<Answer, Problem>) -> Response {
    let problem = match result {
        Ok(Answer::Document(document)) => return build(StatusCode::OK, Some(&document)),
        Ok(Answer::Nothing) => return build(StatusCode::NO_CONTENT, None),
        Err(problem) => problem,
    };
    let (status, error, description) = match &problem {
        Problem::Unauthorized => {
            (StatusCode::UNAUTHORIZED, "unauthorized", "the control secret is missing or wrong")
        }
        Problem::Invalid(why) => (StatusCode::BAD_REQUEST, "invalid_request", why.as_str()),
        Problem::NotFound(why) => (StatusCode::NOT_FOUND, "not_found", why.as_str()),
        Problem::Method(_) => {
            (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "see the header `Allow`")
        }
        Problem::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body has more than 8 MiB"),
        Problem::Internal(why) => (StatusCode::INTERNAL_SERVER_ERROR, "server_error", *why),
    };
    let mut response = build(status, Some(&json!({"error": error, "error_description": description})));
    match problem {
        Problem::Unauthorized => {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        Problem::Method(allowed) => {
            response.headers_mut().insert(ALLOW, header(allowed));
        }
        _ => {}
    }
    response
}

fn build(status: StatusCode, document: Option<&Json>) -> Response {
    let mut response = Response::new(document.map_or_else(Body::empty, |json| Body::from(json.to_string())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if document.is_some() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}
