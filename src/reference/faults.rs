//! What is wrong with a component on purpose, outside its own routes: the faults in force, and how each answers.
//!
//! A component's own rules do not know of them; only the envelope fault is asked for by the endpoint that signs.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{Method, StatusCode, header::CONTENT_LENGTH},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use serde_json::{Value as Json, json};

use super::{
    fault::{Edits, EnvelopeFault, Fault, Kind, Substitute, outage_name},
    paths::Paths,
};
use crate::net;

/// The faults of a component. Clones share their state.
#[derive(Clone, Debug)]
pub(super) struct Faults(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    paths: Paths,
    /// It signs envelopes, so that one of them can be wrong.
    signs: bool,
    connections: net::Faults,
    active: Mutex<Vec<Fault>>,
}

/// The kind of fault that answered; travels inside the response to the journal, never to the caller.
#[derive(Clone, Copy, Debug)]
pub(super) struct AnsweredBy(pub(super) &'static str);

impl Faults {
    pub(super) fn new(paths: Paths) -> Self {
        Self::of(paths, false)
    }

    /// Those of a component that signs envelopes.
    pub(super) fn of_signer(paths: Paths) -> Self {
        Self::of(paths, true)
    }

    fn of(paths: Paths, signs: bool) -> Self {
        Self(Arc::new(Parts { paths, signs, connections: net::Faults::default(), active: Mutex::default() }))
    }

    /// The switch below HTTP, for the component's public listener.
    pub(super) fn connections(&self) -> net::Faults {
        self.0.connections.clone()
    }

    /// The router with the faults before it.
    pub(super) fn before(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), act))
    }

    /// Puts one more fault in force, from a request's body; the same kind on the same endpoint is replaced.
    pub(super) fn add(&self, body: &[u8]) -> Result<(), String> {
        let fault = Fault::read(body, &self.0.paths.names())?;
        match fault.kind {
            Kind::Outage(outage) => self.0.connections.set(outage, fault.count),
            Kind::Envelope(_) if !self.0.signs => {
                return Err("this component signs no envelope".to_owned());
            }
            _ => {
                let mut active = self.active();
                active.retain(|other| !fault.replaces(other));
                active.push(fault);
            }
        }
        Ok(())
    }

    /// Ends every fault.
    pub(super) fn clear(&self) {
        self.active().clear();
        self.0.connections.clear();
    }

    /// The faults in force as they were written, each with the count that it still has.
    pub(super) fn list(&self) -> Vec<Json> {
        let outages = self.0.connections.outages().into_iter().map(|(outage, left)| match left {
            Some(left) => json!({ "kind": outage_name(outage), "count": left }),
            None => json!({ "kind": outage_name(outage) }),
        });
        outages.chain(self.active().iter().map(Fault::shown)).collect()
    }

    /// What is wrong with the envelope that is served now.
    pub(super) fn envelope(&self) -> Option<EnvelopeFault> {
        match self.take("config", |kind| matches!(kind, Kind::Envelope(_))) {
            Some((_, Kind::Envelope(fault))) => Some(fault),
            _ => None,
        }
    }

    /// The faults of a request to an endpoint, in the order in which they act. Each is counted.
    fn acting_on(&self, endpoint: &str) -> Vec<(&'static str, Kind)> {
        let of: [fn(&Kind) -> bool; 4] = [
            |kind| matches!(kind, Kind::Slow(_)),
            |kind| matches!(kind, Kind::Answer(_)),
            |kind| matches!(kind, Kind::Document(_)),
            |kind| matches!(kind, Kind::Truncated),
        ];
        of.into_iter().filter_map(|of| self.take(endpoint, of)).collect()
    }

    /// Of the faults of one sort the one on the endpoint, else the one on all; the last that was set.
    fn take(&self, endpoint: &str, of: impl Fn(&Kind) -> bool) -> Option<(&'static str, Kind)> {
        let mut active = self.active();
        let on =
            |named: Option<&str>| active.iter().rposition(|fault| fault.endpoint == named && of(&fault.kind));
        let at = on(Some(endpoint)).or_else(|| on(None))?;
        let fault = active.get_mut(at)?;
        let acts = (fault.name, fault.kind.clone());
        if let Some(count) = &mut fault.count {
            *count = count.saturating_sub(1);
            if *count == 0 {
                active.remove(at);
            }
        }
        Some(acts)
    }

    fn active(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.0.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn act(State(faults): State<Faults>, request: Request, next: Next) -> Response {
    let endpoint = faults.0.paths.name(request.uri().path());
    let mut acting = faults.acting_on(endpoint).into_iter().peekable();
    let (method, peer) = (request.method().clone(), request.extensions().get().copied());
    let mut answered = None;
    if let Some((name, Kind::Slow(delay))) = acting.next_if(|(_, kind)| matches!(kind, Kind::Slow(_))) {
        #[expect(
            clippy::disallowed_methods,
            reason = "a slow answer is slow in real time, as time-outs are"
        )]
        tokio::time::sleep(delay).await;
        answered = Some(name);
    }
    let substitute = acting.next_if(|(_, kind)| matches!(kind, Kind::Answer(_)));
    let mut response = if let Some((name, Kind::Answer(substitute))) = substitute {
        answered = Some(name);
        substitute.response()
    } else {
        let response = next.run(request).await;
        // The endpoint's own fault is the later one.
        answered = response.extensions().get().map(|AnsweredBy(name)| *name).or(answered);
        response
    };
    for (name, kind) in acting {
        let (changed, acted) = match kind {
            Kind::Document(edits) => edited(response, &edits).await,
            _ => truncated(response, &method, peer, &faults.0.connections).await,
        };
        response = changed;
        answered = if acted { Some(name) } else { answered };
    }
    if let Some(name) = answered {
        response.extensions_mut().insert(AnsweredBy(name));
    }
    response
}

impl Substitute {
    fn response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        // The status was checked when the fault was set.
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or_default();
        *response.headers_mut() = self.headers;
        response
    }
}

/// The JSON answer with the edits; another answer as it is.
async fn edited(response: Response, edits: &Edits) -> (Response, bool) {
    let (mut parts, body) = read(response).await;
    let Ok(mut document) = serde_json::from_slice::<Json>(&body) else {
        return (Response::from_parts(parts, body.into()), false);
    };
    edits.apply(&mut document);
    parts.headers.remove(CONTENT_LENGTH);
    (Response::from_parts(parts, document.to_string().into()), true)
}

/// The answer, of which half of the body comes.
async fn truncated(
    response: Response,
    method: &Method,
    peer: Option<ConnectInfo<SocketAddr>>,
    connections: &net::Faults,
) -> (Response, bool) {
    let (parts, body) = read(response).await;
    let bare = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&parts.status);
    let breaks = !body.is_empty() && !bare && *method != Method::HEAD;
    if let (true, Some(ConnectInfo(peer))) = (breaks, peer) {
        connections.truncate(peer, body.len() / 2);
    }
    (Response::from_parts(parts, body.into()), breaks && peer.is_some())
}

/// The parts of an answer with its whole body: the answers of a component are in memory, and cannot fail to be read.
async fn read(response: Response) -> (axum::http::response::Parts, Bytes) {
    let (parts, body) = response.into_parts();
    (parts, to_bytes(body, usize::MAX).await.unwrap_or_default())
}
