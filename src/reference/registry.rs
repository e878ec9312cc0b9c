//! A stand-in for the Registry Server: which servers are members, and nothing else. It serves whoever asks "is this
//! server in the registry?" until a Registry Server with claims and roles is there.
//!
//! It takes no token and knows no policy.

use std::{fmt, sync::Arc};

use axum::{
    Router,
    extract::{Path, rejection::PathRejection},
    http::StatusCode,
    response::Response,
    routing::get,
};
use serde_json::json;

use super::{answer, control, instruments::Instruments, paths::Paths};
use crate::{
    clock::{Clock, ManualClock},
    model::resource_url::ResourceUrl,
    net,
};

/// The members.
pub const MEMBERS: [&str; 3] = ["github", "fetch", "io.github.stacklok/toolhive"];

/// The stand-in.
#[derive(Clone, Debug)]
pub struct Registry(Arc<Parts>);

struct Parts {
    /// Below which path the registry's API is.
    path: String,
    instruments: Instruments,
}

impl Registry {
    /// A registry at the `api_url` of the policy's `registry` directive.
    #[must_use]
    pub fn new(api_url: &ResourceUrl, clock: &Arc<dyn Clock>) -> Self {
        let path = api_url.path().to_owned();
        let paths = Paths::new([
            (format!("{path}/v0.1/servers/{{}}/versions/latest"), "server"),
            ("/healthz".to_owned(), "healthz"),
        ]);
        Self(Arc::new(Parts { path, instruments: Instruments::new(clock, paths) }))
    }

    /// The public face.
    pub fn router(&self) -> Router {
        let Parts { path, instruments, .. } = &*self.0;
        let router = Router::new()
            .without_v07_checks()
            .route(&format!("{path}/v0.1/servers/{{name}}/versions/latest"), get(server))
            .route("/healthz", get(healthz));
        instruments.around(answer::complete(router))
    }

    /// The switch below HTTP that the control wire turns; for the listener of the public face.
    #[must_use]
    pub fn faults(&self) -> net::Faults {
        self.0.instruments.connections()
    }

    /// The control wire, for a listener of its own. `movable` is the component's clock, if it can be moved.
    pub fn control_router(&self, secret: &str, movable: Option<ManualClock>) -> Router {
        self.0.instruments.control_router(secret, movable, control::nothing_own(), || Ok(()))
    }
}

/// `GET …/v0.1/servers/{name}/versions/latest`, the name percent-encoded: whether it is a member.
async fn server(name: Result<Path<String>, PathRejection>) -> Response {
    match name {
        Ok(Path(name)) if MEMBERS.contains(&name.as_str()) => {
            answer::json(StatusCode::OK, &json!({ "server": { "name": name } }))
        }
        _ => answer::json(StatusCode::NOT_FOUND, &json!({ "error": "there is no such server" })),
    }
}

async fn healthz() -> Response {
    answer::json(StatusCode::OK, &json!({ "status": "ok" }))
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("path", &self.path).finish_non_exhaustive()
    }
}
