//! What reached the server, for its journal: the method and name of a message, and the names of the headers that came
//! with it. A test sees by them what the proxy let through, and that no credential was among it.

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    middleware::Next,
    response::Response,
};
use serde_json::{Map, Value as Json};

use super::MAX_MESSAGE;
use crate::reference::{answer, journal::Detail};

pub(super) async fn message(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let mut detail = Map::new();
    let names: Vec<Json> = parts.headers.keys().map(|name| name.as_str().into()).collect();
    detail.insert("headers".to_owned(), names.into());
    let limit = usize::try_from(MAX_MESSAGE).unwrap_or(usize::MAX);
    let Ok(bytes) = to_bytes(body, limit).await else { return answer::too_large(MAX_MESSAGE) };
    if let Ok(message) = serde_json::from_slice::<Json>(&bytes) {
        let params = message.get("params");
        let name = params.and_then(|params| params.get("name").or_else(|| params.get("uri")));
        for (member, value) in [("method", message.get("method")), ("name", name)] {
            if let Some(text) = value.and_then(Json::as_str) {
                detail.insert(member.to_owned(), text.into());
            }
        }
    }
    let mut response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    response.extensions_mut().insert(Detail(detail));
    response
}
