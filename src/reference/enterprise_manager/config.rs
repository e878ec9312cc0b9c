//! EM-CONFIG, `GET /api/v1/config`: the envelope, for a token that passes; the check comes before any 304.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, StatusCode,
        header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH, VARY},
    },
    response::{IntoResponse, Response},
};

use super::{
    Parts,
    envelope::{Envelope, EnvelopeError},
};
use crate::{
    model::rule::Rule,
    reference::{answer, faults::AnsweredBy},
};

pub(super) async fn serve(State(manager): State<Arc<Parts>>, request: Request) -> Response {
    let headers = request.headers().clone();
    if !manager.rules.hold(Rule::EmConfig)
        && let Ok(envelope) = manager.envelope()
        && envelope.is_held_by(&headers)
    {
        return not_modified(&envelope);
    }
    if let Err(refusal) = manager.gate.admit(request).await {
        return refusal;
    }
    if let Some(fault) = manager.instruments.faults.envelope() {
        return match manager.forged(fault) {
            Ok(forgery) => {
                let mut response = whole(forgery.jws.clone(), &forgery.etag);
                response.extensions_mut().insert(AnsweredBy("envelope"));
                response
            }
            Err(error) => failed(&error),
        };
    }
    match manager.envelope() {
        Ok(envelope) if manager.rules.hold(Rule::EmEtag) && envelope.is_held_by(&headers) => {
            not_modified(&envelope)
        }
        Ok(envelope) => whole(envelope.jws.clone(), &envelope.etag),
        Err(error) => failed(&error),
    }
}

fn whole(jws: String, etag: &str) -> Response {
    validated(answer::typed(StatusCode::OK, "application/jose", jws), etag)
}

fn not_modified(envelope: &Envelope) -> Response {
    validated(StatusCode::NOT_MODIFIED.into_response(), &envelope.etag)
}

fn failed(error: &EnvelopeError) -> Response {
    answer::error(StatusCode::INTERNAL_SERVER_ERROR, "server_error", &error.to_string())
}

fn validated(response: Response, etag: &str) -> Response {
    let response = answer::with_header(response, ETAG, etag);
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
