//! The log of a component in a container: what happened, a line at a time, and nothing that could be a secret.

use std::{fmt, sync::Arc};

use axum::{Router, extract::Request, middleware::from_fn};

/// Where the lines go. A clone is the same log.
#[derive(Clone)]
pub struct Log(Arc<dyn Fn(&str) + Send + Sync>);

impl Log {
    /// A log that hands its lines to `sink`.
    pub fn new(sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    /// Writes a line.
    pub fn line(&self, text: &str) {
        (self.0)(text);
    }

    /// Writes a line for every request: its method, its path without the query, which may hold codes and tokens, and the
    /// status of the answer.
    pub(super) fn around(&self, router: Router) -> Router {
        let log = self.clone();
        router.layer(from_fn(move |request: Request, next: axum::middleware::Next| {
            let log = log.clone();
            async move {
                let asked = format!("{} {}", request.method(), request.uri().path());
                let answer = next.run(request).await;
                log.line(&format!("{asked} {}", answer.status().as_u16()));
                answer
            }
        }))
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}
