//! The real MCP server behind the proxy: GitHub-like, by the official Rust SDK, over streamable HTTP.
//!
//! It takes no token and knows no policy: that is the proxy's. `catalogue` is what it offers, `handler` its answers,
//! `answers` their form, `observe` what its journal says of a message, `wire` what its control wire has beside every
//! component's.

use std::{fmt, sync::Arc, time::Duration};

use axum::{Router, middleware::from_fn_with_state, routing::get};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
};
use serde_json::json;

use super::super::{answer, instruments::Instruments, paths::Paths};
use crate::{
    clock::{Clock, ManualClock},
    model::resource_url::ResourceUrl,
    net,
};

mod answers;
mod catalogue;
mod handler;
mod observe;
mod wire;

pub use answers::Form;

use answers::Answers;
use catalogue::Catalogue;
use handler::Handler;

/// The largest message, in bytes.
const MAX_MESSAGE: u64 = 4 << 20;

/// The server.
#[derive(Clone, Debug)]
pub struct Server(Arc<Parts>);

struct Parts {
    endpoint: ResourceUrl,
    handler: Handler,
    sessions: Arc<LocalSessionManager>,
    answers: Answers,
    instruments: Instruments,
}

impl Server {
    /// A server whose MCP endpoint is `endpoint`.
    #[must_use]
    pub fn new(endpoint: ResourceUrl, clock: &Arc<dyn Clock>) -> Self {
        let paths = Paths::new([(endpoint.path().to_owned(), "mcp"), ("/healthz".to_owned(), "healthz")]);
        Self(Arc::new(Parts {
            handler: Handler::new(Arc::new(Catalogue::default())),
            sessions: Arc::new(sessions()),
            answers: Answers::default(),
            instruments: Instruments::new(clock, paths),
            endpoint,
        }))
    }

    /// The public face.
    pub fn router(&self) -> Router {
        let Parts { endpoint, handler, sessions, answers, instruments, .. } = &*self.0;
        // The SDK answers 403 to every other name, which would look like a denial.
        let config = StreamableHttpServerConfig::default().with_allowed_hosts([endpoint.host()]);
        let handler = handler.clone();
        let service = StreamableHttpService::new(move || Ok(handler.clone()), Arc::clone(sessions), config);
        let mcp = Router::new()
            .without_v07_checks()
            .route_service(endpoint.path(), service)
            .layer(from_fn_with_state(answers.clone(), answers::form))
            .layer(axum::middleware::from_fn(observe::message));
        let router = Router::new()
            .route(
                "/healthz",
                get(async || answer::json(axum::http::StatusCode::OK, &json!({ "status": "ok" }))),
            )
            .merge(mcp);
        instruments.around(answer::complete_within(router, MAX_MESSAGE))
    }

    /// The switch below HTTP that the control wire turns; for the listener of the public face.
    #[must_use]
    pub fn faults(&self) -> net::Faults {
        self.0.instruments.connections()
    }

    /// The control wire, for a listener of its own. `movable` is the component's clock, if it can be moved.
    pub fn control_router(&self, secret: &str, movable: Option<ManualClock>) -> Router {
        let parts = Arc::clone(&self.0);
        self.0.instruments.control_router(secret, movable, wire::router(Arc::clone(&self.0)), move || {
            parts.handler.reset();
            parts.answers.set(Form::default());
            Ok(())
        })
    }

    /// Whether answers come as JSON or as event streams, from the next one on.
    pub fn answer_as(&self, form: Form) {
        self.0.answers.set(form);
    }
}

impl Parts {
    /// Forgets every session, as a restart does.
    async fn restart(&self) {
        self.sessions.sessions.write().await.clear();
        self.handler.forget_peers();
    }
}

/// A session that is idle lives for a day: the SDK's five minutes would end streams that only listen.
fn sessions() -> LocalSessionManager {
    let mut sessions = LocalSessionManager::default();
    sessions.session_config.keep_alive = Some(Duration::from_hours(24));
    sessions
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
