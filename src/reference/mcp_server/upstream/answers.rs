//! The form of answers. The SDK answers within sessions by event streams alone; a server may as well answer with one
//! JSON object (MCP 2025-11-25, Streamable HTTP), and many do.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{
        HeaderValue, Method,
        header::{CONTENT_LENGTH, CONTENT_TYPE},
    },
    middleware::Next,
    response::Response,
};
use serde::Deserialize;
use serde_json::Value as Json;

/// How a request is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// By an event stream.
    #[default]
    EventStream,
    /// By one JSON object, unless there is more to say than the answer.
    Json,
}

/// The form of the moment. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers(Arc<Mutex<Form>>);

impl Answers {
    pub(super) fn set(&self, form: Form) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = form;
    }

    fn form(&self) -> Form {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes one JSON object of a stream that has only the answer.
pub(super) async fn form(State(answers): State<Answers>, request: Request, next: Next) -> Response {
    let posted = request.method() == Method::POST;
    let response = next.run(request).await;
    let stream = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
    if !posted || !stream || answers.form() == Form::EventStream {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let data = text.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim);
    let mut messages = data.filter(|data| !data.is_empty());
    match (messages.next(), messages.next()) {
        (Some(answer), None) if serde_json::from_str::<Json>(answer).is_ok() => {
            parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            parts.headers.remove(CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(answer.to_owned()))
        }
        _ => Response::from_parts(parts, Body::from(bytes)),
    }
}
