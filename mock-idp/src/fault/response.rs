//! Faults of whole answers: late, replaced, edited, cut off. Each acts at its place in `endpoint::handle`.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, HttpBody as _, to_bytes},
    http::{HeaderName, header::CONTENT_TYPE},
    response::Response,
};
use serde_json::Value as Json;

use super::{Action, Cut, DOCUMENTS};
use crate::{
    clock::Clock as _,
    journal::Note,
    profile::template::Vars,
    provider::Provider,
    refusal::Rule,
    response::{api_error, header},
};

/// The answer that takes the place of the endpoint's, if a fault has one.
pub(crate) fn instead(provider: &Provider, endpoint: &str, note: &mut Note) -> Option<Response> {
    let (kind, action) = provider.state().faults.act(endpoint, note, |action| match action {
        Action::Instead(_) | Action::RateLimited(_) => Some(action.clone()),
        _ => None,
    })?;
    note.fault(Some(kind));
    match action {
        Action::Instead(instead) => {
            let mut response = Response::new(Body::from(instead.body));
            *response.status_mut() = instead.status;
            *response.headers_mut() = instead.headers;
            Some(response)
        }
        Action::RateLimited(seconds) => Some(rate_limited(provider, seconds, note)),
        _ => None,
    }
}

/// The provider's own refusal and headers.
fn rate_limited(provider: &Provider, seconds: u32, note: &mut Note) -> Response {
    let mut response = api_error(provider, Rule::RateLimited, &Vars::default(), note);
    let mut vars = Vars::default();
    vars.set("rate_limit.seconds", seconds);
    vars.set("rate_limit.reset", provider.clock.now().as_second().saturating_add(seconds.into()));
    let headers = vars.expand(provider.profile().setting("rate_limit_headers")).unwrap_or_default();
    for (name, value) in headers.as_object().into_iter().flatten() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if let Ok(name) = HeaderName::try_from(name) {
            response.headers_mut().insert(name, header(&text));
        }
    }
    response
}

/// The endpoint's answer with its JSON edited, if a fault does that.
pub(crate) async fn document(
    provider: &Provider,
    endpoint: &str,
    response: Response,
    note: &mut Note,
) -> Response {
    let is_json = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if !is_json || !DOCUMENTS.contains(&endpoint) || !provider.state().faults.edits(endpoint) {
        return response;
    }
    let (parts, body) = response.into_parts();
    // What the endpoints write is whole and in memory: neither reading nor parsing fails.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let mut document: Json = serde_json::from_slice(&body).unwrap_or_default();
    let found = provider.state().faults.act(endpoint, note, |action| match action {
        Action::Document(edit) => edit.pointers(&mut document).then_some(()),
        _ => None,
    });
    let body = match found {
        Some((kind, ())) => {
            note.fault(Some(kind));
            Body::from(document.to_string())
        }
        None => Body::from(body),
    };
    Response::from_parts(parts, body)
}

/// Has the connection cut in the middle of the body, if a fault does that and there is a body.
pub(crate) fn truncate(
    provider: &Provider,
    endpoint: &str,
    response: &Response,
    cut: Option<&Arc<Cut>>,
    note: &mut Note,
) {
    let Some((length, cut)) = response.body().size_hint().exact().filter(|length| *length > 0).zip(cut)
    else {
        return;
    };
    let found = provider.state().faults.act(endpoint, note, |action| match action {
        Action::Truncated => Some(()),
        _ => None,
    });
    if let Some((kind, ())) = found {
        note.fault(Some(kind));
        cut.arm(usize::try_from(length / 2).unwrap_or(usize::MAX));
    }
}

/// How much later the answer comes, if a fault says so.
pub(crate) fn delay(provider: &Provider, endpoint: &str, note: &mut Note) -> Option<Duration> {
    let (kind, delay) = provider.state().faults.act(endpoint, note, |action| match action {
        Action::Slow(delay) => Some(*delay),
        _ => None,
    })?;
    note.fault(Some(kind));
    Some(delay)
}
