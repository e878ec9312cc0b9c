//! What a component was asked: method, path and answer of every request, the rule that refused it, and the fault that
//! answered in its place.
//!
//! Never a token: no header and no query is kept, and what looks like a token inside a path is left out.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::{faults::AnsweredBy, gate::RefusedBy, paths::Paths};
use crate::clock::Clock;

/// The most requests that are kept; then the oldest goes.
const CAPACITY: usize = 10_000;

/// The longest path that is kept, in characters.
const MAX_PATH: usize = 200;

/// A journal. Clones share their content.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    clock: Arc<dyn Clock>,
    paths: Paths,
    entries: Arc<Mutex<Entries>>,
}

#[derive(Debug, Default)]
struct Entries {
    last: u64,
    list: VecDeque<Entry>,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Entry {
    seq: u64,
    at: String,
    endpoint: &'static str,
    method: String,
    path: String,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'static str>,
    /// What the component itself says of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Map<String, Json>>,
}

/// What a component says of a request beside all that; travels inside the response to the journal, never to the
/// caller. Its texts are cut and cleared of tokens as paths are.
#[derive(Clone, Debug)]
pub(super) struct Detail(pub(super) Map<String, Json>);

impl Journal {
    pub(super) fn new(clock: Arc<dyn Clock>, paths: Paths) -> Self {
        Self { clock, paths, entries: Arc::default() }
    }

    /// The router with every request written down.
    pub(super) fn keep(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), record))
    }

    /// All requests, the oldest first.
    pub(super) fn entries(&self) -> Vec<Entry> {
        self.lock().list.iter().cloned().collect()
    }

    /// Forgets the requests; the numbers go on.
    pub(super) fn clear(&self) {
        self.lock().list.clear();
    }

    /// Forgets the requests and the numbers.
    pub(super) fn reset(&self) {
        *self.lock() = Entries::default();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn record(State(journal): State<Journal>, request: Request, next: Next) -> Response {
    let method: String = request.method().as_str().chars().take(32).collect();
    let full = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let endpoint = journal.paths.name(&full);
    let at = journal.clock.now().to_string();
    let rule = response.extensions().get::<RefusedBy>().map(|RefusedBy(rule)| rule.id());
    let fault = response.extensions().get::<AnsweredBy>().map(|AnsweredBy(kind)| *kind);
    let detail = response.extensions_mut().remove::<Detail>().map(|Detail(detail)| shown(detail));
    let mut entries = journal.lock();
    entries.last += 1;
    let entry = Entry {
        seq: entries.last,
        at,
        endpoint,
        method,
        path: without_tokens(full),
        status: response.status().as_u16(),
        rule,
        fault,
        detail,
    };
    entries.list.push_back(entry);
    if entries.list.len() > CAPACITY {
        entries.list.pop_front();
    }
    drop(entries);
    response
}

fn shown(mut detail: Map<String, Json>) -> Map<String, Json> {
    for value in detail.values_mut() {
        *value = match value.take() {
            Json::String(text) => without_tokens(text).into(),
            Json::Array(items) => items
                .into_iter()
                .map(
                    |item| {
                        if let Json::String(text) = item { without_tokens(text).into() } else { Json::Null }
                    },
                )
                .collect(),
            other => other,
        };
    }
    detail
}

/// A JWT begins with `eyJ`, the base64url form of `{"`.
fn without_tokens(mut text: String) -> String {
    if text.contains("eyJ") {
        let shown: Vec<_> = text
            .split('/')
            .map(|segment| if segment.contains("eyJ") { "[token]" } else { segment })
            .collect();
        text = shown.join("/");
    }
    // So many bytes are no more characters.
    if text.len() > MAX_PATH { text.chars().take(MAX_PATH).collect() } else { text }
}

#[cfg(test)]
mod tests {
    use super::without_tokens;

    #[test]
    fn a_token_in_a_path_is_not_kept() {
        let shown = |path: &str| without_tokens(path.to_owned());
        assert_eq!(shown("/api/v1/config"), "/api/v1/config");
        assert_eq!(shown("/api/eyJhbGciOiJ9.eyJ9.c2ln/x"), "/api/[token]/x");
        assert_eq!(shown(&"/a".repeat(1_000)).len(), 200);
        assert_eq!(shown(&"é".repeat(200)), "é".repeat(200));
        assert_eq!(shown(&"é".repeat(201)), "é".repeat(200));
    }
}
