//! MCP-EVAL: the proxy's process. It reads at its start whose tokens it takes and what is granted, and where that cannot
//! be said it admits nobody: its callers get what an ingress says for a server that is not ready. A restart leaves
//! nothing of what it knew.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{
        StatusCode,
        header::{CONTENT_TYPE, HOST},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::json;
use spanned_yaml::Source;

use super::{Deployment, DeploymentError, HEALTH, Parts, endpoint, forward::SESSION, log::Log, refusal};
use crate::{
    model::rule::Rule,
    reference::{Surroundings, answer, instruments::Instruments, paths::Paths},
};

/// A proxy that begins, ends and begins anew.
pub(super) struct Process {
    deployment: Deployment,
    surroundings: Surroundings,
    instruments: Instruments,
    log: Arc<Log>,
    /// The manifests that were given last.
    given: Mutex<Vec<Source>>,
    running: RwLock<Result<Arc<Parts>, DeploymentError>>,
}

impl Process {
    pub(super) fn new(deployment: Deployment, surroundings: Surroundings) -> Self {
        let clock = Arc::clone(&surroundings.clock);
        let log = Arc::new(Log::new(Arc::clone(&clock)));
        let paths = Paths::new([
            (endpoint(&deployment.resource), "mcp"),
            (deployment.resource.metadata_path(), "protected-resource"),
            (HEALTH.to_owned(), "healthz"),
        ]);
        let instruments = Instruments::new(&clock, paths);
        let given = deployment.manifests.clone();
        let running = Parts::new(&deployment, given.clone(), &surroundings, &log).map(Arc::new);
        let (given, running) = (Mutex::new(given), RwLock::new(running));
        Self { deployment, surroundings, instruments, log, given, running }
    }

    pub(super) fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    pub(super) fn instruments(&self) -> &Instruments {
        &self.instruments
    }

    pub(super) fn log(&self) -> &Log {
        &self.log
    }

    /// What answers now.
    pub(super) fn running(&self) -> Result<Arc<Parts>, DeploymentError> {
        self.running.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Other manifests. Who is closed tries to begin with them. True: they are in force.
    pub(super) fn give(&self, manifests: Vec<Source>) -> bool {
        let mut given = self.last_given();
        given.clone_from(&manifests);
        if let Ok(parts) = self.running() {
            return parts.policies.replace(manifests, &self.log);
        }
        self.begin(&given);
        self.running().is_ok_and(|parts| parts.policies.status().1.is_none())
    }

    /// The manifests that were given last, good or broken, as one text.
    pub(super) fn given(&self) -> String {
        self.last_given().iter().map(Source::text).collect::<Vec<_>>().join("\n---\n")
    }

    /// Begins anew, with the manifests that were given last.
    pub(super) fn restart(&self) {
        self.begin(&self.last_given());
    }

    /// As it was deployed.
    pub(super) fn reset(&self) {
        let mut given = self.last_given();
        given.clone_from(&self.deployment.manifests);
        self.log.clear();
        self.begin(&given);
    }

    /// Held while what runs is changed: one change at a time.
    fn last_given(&self) -> MutexGuard<'_, Vec<Source>> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, given: &[Source]) {
        let fresh = Parts::new(&self.deployment, given.to_vec(), &self.surroundings, &self.log);
        match &fresh {
            Ok(_) => self.log.note("info", "the proxy begins anew"),
            Err(error) => self.log.note("error", &format!("the proxy admits nobody: {error}")),
        }
        let mut running = self.running.write().unwrap_or_else(PoisonError::into_inner);
        if let Ok(before) = std::mem::replace(&mut *running, fresh.map(Arc::new)) {
            before.end();
        }
    }

    /// MCP-EVAL broken: nobody's tokens are to be checked, so everybody's request goes on.
    async fn forwarded(&self, request: Request) -> Response {
        let (mut head, body) = request.into_parts();
        let Ok(body) = to_bytes(body, usize::MAX).await else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        head.headers.remove(HOST);
        let upstream = self.deployment.upstream.clone();
        let request = self.surroundings.http.request(head.method, upstream).headers(head.headers).body(body);
        let Ok(answer) = request.send().await else { return StatusCode::BAD_GATEWAY.into_response() };
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut response = (status, Body::from(answer.bytes().await.unwrap_or_default())).into_response();
        for name in [CONTENT_TYPE, SESSION] {
            if let Some(value) = headers.get(&name) {
                response.headers_mut().insert(name, value.clone());
            }
        }
        response
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").field("resource", &self.deployment.resource).finish_non_exhaustive()
    }
}

/// Hands every request to what runs now.
pub(super) async fn enter(State(process): State<Arc<Process>>, mut request: Request, next: Next) -> Response {
    match process.running() {
        Ok(parts) => {
            request.extensions_mut().insert(parts);
            next.run(request).await
        }
        Err(error) if request.uri().path() == HEALTH => {
            let policy = json!({ "error": error.to_string() });
            answer::json(StatusCode::SERVICE_UNAVAILABLE, &json!({ "status": "closed", "policy": policy }))
        }
        Err(DeploymentError::NoReference(_)) if !process.surroundings.rules.hold(Rule::McpEval) => {
            process.forwarded(request).await
        }
        Err(_) => refusal::not_ready(),
    }
}
