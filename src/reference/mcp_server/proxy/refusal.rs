//! The answers that the proxy makes itself: JSON-RPC errors over HTTP, each with what the journal says of it.

use axum::{
    http::{StatusCode, header::CACHE_CONTROL},
    response::Response,
};
use serde_json::{Map, Value as Json, json};

use super::message::{Id, Malformed};
use crate::{
    model::rule::{Rule, Rules},
    reference::{answer, journal::Detail},
};

/// JSON-RPC's code for what went wrong between the proxy and the server.
const INTERNAL: i32 = -32603;

/// What the journal says of one request.
#[derive(Clone, Debug, Default)]
pub(super) struct Note(Map<String, Json>);

impl Note {
    /// Says one thing more.
    pub(super) fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// The response with the note for the journal.
    pub(super) fn on(self, mut response: Response) -> Response {
        response.extensions_mut().insert(Detail(self.0));
        response
    }
}

/// A JSON-RPC error.
pub(super) fn error(status: StatusCode, id: Option<&Id>, code: i32, message: &str) -> Response {
    let error = json!({ "code": code, "message": message });
    let body = match id {
        Some(id) => json!({ "jsonrpc": "2.0", "id": id.json(), "error": error }),
        None => json!({ "jsonrpc": "2.0", "error": error }),
    };
    answer::with_header(answer::json(status, &body), CACHE_CONTROL, "no-store")
}

/// MCP-DENY: the whole of what a caller learns.
pub(super) fn denied(id: Option<&Id>, reason: &str, rules: Rules) -> Response {
    let words = if rules.hold(Rule::McpDeny) { "Unauthorized" } else { reason };
    error(StatusCode::FORBIDDEN, id, 403, words)
}

/// A message that is none.
pub(super) fn malformed(malformed: &Malformed) -> Response {
    error(StatusCode::BAD_REQUEST, None, malformed.code(), &malformed.to_string())
}

/// A request that cannot be served as it is.
pub(super) fn invalid(id: Option<&Id>, message: &str) -> Response {
    error(StatusCode::BAD_REQUEST, id, -32600, message)
}

/// A session that is not the caller's, or not any more, or that never was: nobody is told which (MCP-SESSION).
pub(super) fn no_session(id: Option<&Id>) -> Response {
    error(StatusCode::NOT_FOUND, id, -32001, "Session not found")
}

/// MCP-EVAL: nobody's tokens are taken.
pub(super) fn not_ready() -> Response {
    let response = error(StatusCode::SERVICE_UNAVAILABLE, None, INTERNAL, "the MCP server is not ready");
    Note::default().with("rule", "MCP-EVAL").on(response)
}

/// The server gave no usable answer.
pub(super) fn no_answer(status: StatusCode, id: Option<&Id>) -> Response {
    error(status, id, INTERNAL, "the MCP server gave no usable answer")
}

/// The same in a stream that has begun.
pub(super) fn broken(id: &Id) -> Json {
    let error = json!({ "code": INTERNAL, "message": "the MCP server gave no usable answer" });
    json!({ "jsonrpc": "2.0", "id": id.json(), "error": error })
}
