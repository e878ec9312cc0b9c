//! A bare protected resource beside the Manager, with the Cloud UI's issuer and audience: what a token for another
//! component is held against (TOK-REPLAY). It asks for no scope (TOK-SCOPE-ONLY-EM).

use std::{fmt, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header::CACHE_CONTROL},
    response::Response,
    routing::get,
};
use jiff::Timestamp;
use serde_json::json;

use super::{
    Surroundings, answer,
    control::{self, Controls},
    faults::Faults,
    gate::{Gate, scope_beside_the_manager},
    journal::Journal,
    paths::Paths,
};
use crate::{
    clock::{Clock, ManualClock},
    model::{identifier::Scope, resource_url::ResourceUrl, values::CloudUi},
    net,
    token::Expectations,
};

/// The path that a valid token opens.
pub const PROTECTED_PATH: &str = "/api/me";

/// The sibling.
#[derive(Clone, Debug)]
pub struct Sibling(Arc<Parts>);

struct Parts {
    resource: ResourceUrl,
    gate: Gate,
    journal: Journal,
    faults: Faults,
    clock: Arc<dyn Clock>,
    start: Timestamp,
}

impl Sibling {
    /// A sibling at `resource` that takes the Cloud UI's tokens. `managers_scope` is the scope that the Manager
    /// requires, for the sabotage of TOK-SCOPE-ONLY-EM alone.
    #[must_use]
    pub fn new(
        values: &CloudUi,
        resource: ResourceUrl,
        managers_scope: Option<&Scope>,
        surroundings: Surroundings,
    ) -> Self {
        let scope = scope_beside_the_manager(surroundings.rules, managers_scope);
        let expectations =
            Expectations { scope, ..Expectations::new(values.issuer.clone(), values.audience.clone()) };
        let clock = Arc::clone(&surroundings.clock);
        let paths = Paths::new([
            (format!("{}{PROTECTED_PATH}", resource.path()), "me"),
            (resource.metadata_path(), "protected-resource"),
            (format!("{}/healthz", resource.path()), "healthz"),
        ]);
        Self(Arc::new(Parts {
            journal: Journal::new(Arc::clone(&clock), paths.clone()),
            faults: Faults::new(paths),
            start: clock.now(),
            gate: Gate::new(resource.clone(), expectations, surroundings),
            clock,
            resource,
        }))
    }

    /// The public face.
    pub fn router(&self) -> Router {
        let Parts { resource, journal, faults, .. } = &*self.0;
        let router = Router::new()
            .without_v07_checks()
            .route(&format!("{}{PROTECTED_PATH}", resource.path()), get(me).post(me))
            .route(&resource.metadata_path(), get(protected_resource))
            .route(&format!("{}/healthz", resource.path()), get(healthz))
            .with_state(Arc::clone(&self.0));
        journal.keep(faults.before(answer::complete(router)))
    }

    /// The switch below HTTP that the control wire turns; for the listener of the public face.
    #[must_use]
    pub fn faults(&self) -> net::Faults {
        self.0.faults.connections()
    }

    /// The control wire, for a listener of its own. `movable` is the component's clock, if it can be moved.
    pub fn control_router(&self, secret: &str, movable: Option<ManualClock>) -> Router {
        let parts = Arc::clone(&self.0);
        let controls = Controls {
            clock: Arc::clone(&parts.clock),
            movable,
            start: parts.start,
            journal: parts.journal.clone(),
            faults: parts.faults.clone(),
            forget: Box::new(move || {
                parts.gate.reset();
                Ok(())
            }),
        };
        control::router(controls, control::nothing_own(), secret)
    }
}

/// `GET` and `POST /api/me`: who the caller is. A form may come along, which is where RFC 6750 §2.2 has a token.
async fn me(State(parts): State<Arc<Parts>>, request: Request) -> Response {
    let token = match parts.gate.admit(request).await {
        Ok(token) => token,
        Err(refusal) => return refusal,
    };
    let body = json!({ "subject": token.subject(), "issuer": token.issuer() });
    answer::with_header(answer::json(StatusCode::OK, &body), CACHE_CONTROL, "no-store")
}

/// TOK-PRM.
async fn protected_resource(State(parts): State<Arc<Parts>>) -> Response {
    parts.gate.metadata(&[])
}

async fn healthz() -> Response {
    answer::json(StatusCode::OK, &json!({ "status": "ok" }))
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sibling").field("resource", &self.resource).finish_non_exhaustive()
    }
}
