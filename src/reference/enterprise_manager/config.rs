//! EM-CONFIG, `GET /api/v1/config`: the envelope, for a token that passes; the check comes before any 304.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{
        HeaderMap, StatusCode, Uri,
        header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH, VARY},
    },
    response::{IntoResponse, Response},
};

use super::{Parts, envelope::Envelope};
use crate::{model::rule::Rule, reference::answer};

pub(super) async fn serve(State(manager): State<Arc<Parts>>, uri: Uri, headers: HeaderMap) -> Response {
    if !manager.rules.hold(Rule::EmConfig)
        && let Ok(envelope) = manager.envelope()
        && envelope.is_held_by(&headers)
    {
        return not_modified(&envelope);
    }
    if let Err(refusal) = manager.gate.admit(&headers, uri.query()).await {
        return refusal;
    }
    match manager.envelope() {
        Ok(envelope) if manager.rules.hold(Rule::EmEtag) && envelope.is_held_by(&headers) => {
            not_modified(&envelope)
        }
        Ok(envelope) => {
            let body = answer::typed(StatusCode::OK, "application/jose", envelope.jws.clone());
            validated(body, &envelope)
        }
        Err(error) => answer::error(StatusCode::INTERNAL_SERVER_ERROR, "server_error", &error.to_string()),
    }
}

fn not_modified(envelope: &Envelope) -> Response {
    validated(StatusCode::NOT_MODIFIED.into_response(), envelope)
}

fn validated(response: Response, envelope: &Envelope) -> Response {
    let response = answer::with_header(response, ETAG, &envelope.etag);
    let response = answer::with_header(response, CACHE_CONTROL, "private, no-cache");
    answer::with_header(response, VARY, "Authorization")
}

impl Envelope {
    /// EM-ETAG: the caller names this envelope's tag, or any (RFC 9110 §13.1.2, weak comparison).
    fn is_held_by(&self, headers: &HeaderMap) -> bool {
        headers
            .get_all(IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.etag)
    }
}
