//! The control wire of a reference component (PRODUCT.md): its clock, its faults, its journal, its reset.
//!
//! A listener of its own, a per-run secret, JSON. It is how a harness moves and observes a component without the
//! component's public face knowing of it. The mock identity provider speaks the same wire and shares no code.

use std::{io, sync::Arc};

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{Digest, SHA256, digest},
};
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Request, State, rejection::BytesRejection},
    http::{
        HeaderValue, StatusCode,
        header::{AUTHORIZATION, WWW_AUTHENTICATE},
    },
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use serde::Deserialize;
use serde_json::json;

use super::{answer, instruments::Instruments};
use crate::{clock::ManualClock, model::duration};

/// What the wire reaches.
pub(super) struct Controls {
    pub(super) instruments: Instruments,
    /// The clock, if it is one that can be moved.
    pub(super) movable: Option<ManualClock>,
    /// Drops every cache of the component, and what else changed since its start.
    pub(super) forget: Box<dyn Fn() -> io::Result<()> + Send + Sync>,
}

/// The wire behind its secret. `own` has the requests that not every component takes: keys, policy.
pub(super) fn router(controls: Controls, own: Router, secret: &str) -> Router {
    let controls = Arc::new(controls);
    let wire = Router::new()
        .route("/control/clock", get(read_clock).put(move_clock))
        .route("/control/journal", get(read_journal).delete(clear_journal))
        .route("/control/reset", post(reset))
        .route("/control/faults", get(list_faults).post(add_fault).delete(clear_faults))
        .with_state(controls)
        .merge(own)
        .fallback(not_found)
        .method_not_allowed_fallback(not_found)
        .layer(DefaultBodyLimit::max(16 << 10));
    guarded(wire, secret)
}

/// A wire that nobody uses without the run's secret.
pub fn guarded(wire: Router, secret: &str) -> Router {
    wire.layer(from_fn_with_state(Arc::new(digest(&SHA256, secret.as_bytes())), authorize))
}

/// For a component that has neither keys nor a policy of its own.
pub(super) fn nothing_own() -> Router {
    Router::new().route("/control/keys/{*rest}", any(unsupported)).route("/control/policy", any(unsupported))
}

/// Digests are compared, in constant time, so that neither content nor length leaks.
async fn authorize(State(secret): State<Arc<Digest>>, request: Request, next: Next) -> Response {
    let authorization = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
    let given = digest(&SHA256, authorization.and_then(bearer).unwrap_or_default());
    if verify_slices_are_equal(given.as_ref(), secret.as_ref().as_ref()).is_ok() {
        return next.run(request).await;
    }
    let refusal =
        answer::error(StatusCode::UNAUTHORIZED, "unauthorized", "the control wire takes its run's secret");
    answer::with_header(refusal, WWW_AUTHENTICATE, "Bearer")
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, secret) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(secret)
}

async fn read_clock(State(controls): State<Arc<Controls>>) -> Response {
    controls.now()
}

/// `{"now": RFC 3339}` or `{"advance": Go duration}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    now: Option<String>,
    advance: Option<String>,
}

async fn move_clock(State(controls): State<Arc<Controls>>, body: Result<Bytes, BytesRejection>) -> Response {
    let Some(clock) = &controls.movable else { return unsupported().await };
    let body = match whole(body) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let bad = |description: &str| invalid(StatusCode::BAD_REQUEST, description);
    match serde_json::from_slice(&body) {
        Ok(Move { now: Some(now), advance: None }) => match now.parse() {
            Ok(now) => clock.set(now),
            Err(_) => return bad("`now` is no time: write it as in `2026-01-01T00:00:00Z`"),
        },
        Ok(Move { now: None, advance: Some(by) }) => match duration::parse(&by) {
            Ok(by) => {
                clock.advance(by);
            }
            Err(error) => return bad(&error.to_string()),
        },
        _ => return bad("the body is `{\"now\": time}` or `{\"advance\": duration}`"),
    }
    controls.now()
}

async fn read_journal(State(controls): State<Arc<Controls>>) -> Response {
    answer::json(StatusCode::OK, &json!(controls.instruments.journal.entries()))
}

async fn clear_journal(State(controls): State<Arc<Controls>>) -> Response {
    controls.instruments.journal.clear();
    StatusCode::NO_CONTENT.into_response()
}

async fn list_faults(State(controls): State<Arc<Controls>>) -> Response {
    answer::json(StatusCode::OK, &json!(controls.instruments.faults.list()))
}

async fn add_fault(State(controls): State<Arc<Controls>>, body: Result<Bytes, BytesRejection>) -> Response {
    let added = match whole(body) {
        Ok(body) => controls.instruments.faults.add(&body),
        Err(refusal) => return refusal,
    };
    match added {
        Ok(()) => list_faults(State(controls)).await,
        Err(description) => invalid(StatusCode::BAD_REQUEST, &description),
    }
}

async fn clear_faults(State(controls): State<Arc<Controls>>) -> Response {
    controls.instruments.faults.clear();
    StatusCode::NO_CONTENT.into_response()
}

async fn reset(State(controls): State<Arc<Controls>>) -> Response {
    if let Some(clock) = &controls.movable {
        clock.restore(controls.instruments.start);
    }
    controls.instruments.faults.clear();
    controls.instruments.journal.reset();
    match (controls.forget)() {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => {
            answer::error(StatusCode::INTERNAL_SERVER_ERROR, "server_error", &format!("half reset: {error}"))
        }
    }
}

pub(super) async fn unsupported() -> Response {
    answer::error(StatusCode::NOT_IMPLEMENTED, "unsupported", "this component cannot do that")
}

async fn not_found() -> Response {
    answer::error(StatusCode::NOT_FOUND, "not_found", "the control wire has no such request")
}

/// A refused request.
pub(super) fn invalid(status: StatusCode, description: &str) -> Response {
    answer::error(status, "invalid_request", description)
}

/// A body that came whole, or its refusal.
#[expect(clippy::result_large_err, reason = "an answer is what a handler returns")]
pub(super) fn whole(body: Result<Bytes, BytesRejection>) -> Result<Bytes, Response> {
    body.map_err(|rejection| invalid(rejection.status(), "the body cannot be read or is too large"))
}

impl Controls {
    fn now(&self) -> Response {
        answer::json(StatusCode::OK, &json!({ "now": self.instruments.now().to_string() }))
    }
}
