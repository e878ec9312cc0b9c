//! The proxy before an MCP server: nothing reaches the server that was not allowed, and no list comes back whole.
//!
//! The order is MCP-ORDER: size limit, authentication, parsing (`message`), authorization (`method`, `policy`),
//! forwarding (`forward`). `reply` reads what the server says, `list` filters, `hints` remembers what the server said of
//! its tools, `watch` hears when that changes, `session` whose a session is, `stream` and `events` carry event streams.
//! `decisions` remembers what was decided, `process` begins and ends all of it. `serve` has the endpoint, `wire` what the control wire has beside every component's,
//! `refusal` the proxy's own answers.

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use axum::{Router, middleware::from_fn_with_state, routing::get};
use mcp_policy::{claims::IdpType, rbac::Matching, vocabulary::ServerId};
use spanned_yaml::Source;
use url::Url;

use super::super::{Surroundings, answer, gate::Gate};
use crate::{
    clock::ManualClock,
    model::{
        identifier::{Audience, Issuer},
        resource_url::ResourceUrl,
        rule::Rule,
    },
    net,
    token::{Expectations, VerifiedToken},
};

mod decisions;
mod events;
mod forward;
mod hints;
mod list;
mod log;
mod message;
mod method;
mod policy;
mod process;
mod refusal;
mod reply;
mod serve;
mod session;
mod stream;
mod watch;
mod wire;

use hints::Hints;
use log::Log;
use policy::{Judge, Policies};
use process::Process;
use session::Sessions;
use watch::Watch;

/// The largest message of a caller, in bytes.
const MAX_MESSAGE: u64 = 1 << 20;

/// The health endpoint.
const HEALTH: &str = "/healthz";

/// How a proxy is deployed.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// The custom resource that it is.
    pub server: ServerId,
    /// The custom resources of the cluster.
    pub manifests: Vec<Source>,
    /// Where claim names come from, unless the manifests say more.
    pub idp_type: IdpType,
    /// How the lists of a condition are read.
    pub matching: Matching,
    /// Where callers reach it: the MCP endpoint.
    pub resource: ResourceUrl,
    /// The MCP endpoint of the server behind it.
    pub upstream: Url,
    /// Origins of web pages that may call it, beside its own.
    pub origins: Vec<String>,
    /// How long the server may be silent, in real time.
    pub patience: Duration,
}

/// The proxy comes up closed: it would be open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeploymentError {
    /// The server is not among the manifests, or stands there with mistakes.
    #[error("there is no usable {server} among the manifests{mistakes}")]
    NoServer {
        /// The server.
        server: ServerId,
        /// What is wrong with the manifests, after a semicolon; empty if nothing is.
        mistakes: String,
    },
    /// It has no `oidcConfigRef`.
    #[error("{0} has no oidcConfigRef: nobody's tokens would be checked")]
    NoReference(ServerId),
    /// Its `oidcConfigRef` leads nowhere in its namespace.
    #[error("{server} refers to the MCPOIDCConfig `{name}`, which is not in its namespace")]
    NoConfig {
        /// The server.
        server: ServerId,
        /// The name of the reference.
        name: String,
    },
    /// An empty audience or issuer would be no check.
    #[error("{server} has an empty {what}")]
    Empty {
        /// The server.
        server: ServerId,
        /// `audience` or `issuer`.
        what: &'static str,
    },
}

/// The proxy.
#[derive(Clone, Debug)]
pub struct Proxy(Arc<Process>);

/// What a process of the proxy consists of. Nothing of it outlives a restart.
struct Parts {
    resource: ResourceUrl,
    upstream: Url,
    origins: BTreeSet<String>,
    patience: Duration,
    http: net::Client,
    gate: Gate,
    policies: Policies,
    sessions: Sessions,
    hints: Hints,
    watch: Watch,
    log: Arc<Log>,
    /// It has ended: so do its streams.
    over: tokio::sync::watch::Sender<bool>,
}

impl Proxy {
    /// A proxy that keeps the rules of its surroundings. Policies that do not compile grant nothing (OP-FAIL-CLOSED);
    /// where the manifests do not say whose tokens it takes, it admits nobody (MCP-EVAL).
    #[must_use]
    pub fn new(deployment: Deployment, surroundings: Surroundings) -> Self {
        Self(Arc::new(Process::new(deployment, surroundings)))
    }

    /// Why it admits nobody, if it does not.
    #[must_use]
    pub fn trouble(&self) -> Option<DeploymentError> {
        self.0.running().err()
    }

    /// The public face.
    pub fn router(&self) -> Router {
        let Deployment { resource, .. } = self.0.deployment();
        let no_head = async || answer::not_allowed("GET, POST, DELETE");
        let router = Router::new()
            .without_v07_checks()
            .route(
                &endpoint(resource),
                get(serve::listen).post(serve::post).delete(serve::delete).head(no_head),
            )
            .route(&resource.metadata_path(), get(wire::protected_resource))
            .route(HEALTH, get(wire::health));
        let router = answer::complete_within(router, MAX_MESSAGE);
        self.0.instruments().around(router.layer(from_fn_with_state(Arc::clone(&self.0), process::enter)))
    }

    /// The switch below HTTP that the control wire turns; for the listener of the public face.
    #[must_use]
    pub fn faults(&self) -> net::Faults {
        self.0.instruments().connections()
    }

    /// The control wire, for a listener of its own. `movable` is the component's clock, if it can be moved.
    pub fn control_router(&self, secret: &str, movable: Option<ManualClock>) -> Router {
        let process = Arc::clone(&self.0);
        self.0.instruments().control_router(secret, movable, wire::router(Arc::clone(&self.0)), move || {
            process.reset();
            Ok(())
        })
    }

    /// Puts other custom resources in force, from the next message on. What cannot be used changes nothing, and the
    /// health endpoint says why (OP-FAIL-CLOSED). True: they are in force.
    #[must_use = "false: the policy of before is in force"]
    pub fn set_policy(&self, manifests: Vec<Source>) -> bool {
        self.0.give(manifests)
    }
}

impl Parts {
    /// A process that begins with these manifests.
    fn new(
        deployment: &Deployment,
        manifests: Vec<Source>,
        surroundings: &Surroundings,
        log: &Arc<Log>,
    ) -> Result<Self, DeploymentError> {
        let Surroundings { rules, clock, http, .. } = surroundings;
        let (policies, oidc) = Policies::new(deployment, manifests, *rules, Arc::clone(clock), log)?;
        let Deployment { resource, upstream, origins, patience, .. } = deployment.clone();
        let expectations = Expectations {
            subject_required: true,
            ..Expectations::new(Issuer::new(oidc.issuer), Audience::new(oidc.audience))
        };
        let gate = Gate::new(resource.clone(), expectations, surroundings.clone());
        // A process that begins remembers no token of the one before.
        gate.reset();
        let own = resource.at("").strip_suffix(resource.path()).map(str::to_owned);
        Ok(Self {
            upstream,
            origins: origins.into_iter().chain(own).collect(),
            patience,
            http: http.clone(),
            policies,
            sessions: Sessions::default(),
            hints: Hints::default(),
            watch: Watch::default(),
            log: Arc::clone(log),
            over: tokio::sync::watch::Sender::default(),
            gate,
            resource,
        })
    }

    /// The process ends.
    fn end(&self) {
        self.over.send_replace(true);
        self.watch.reset();
    }

    /// Who decides for the bearer of a token, by the policy of now.
    fn judge(&self, token: &VerifiedToken) -> Judge {
        self.policies.judge(token)
    }

    /// The server changed, or may have.
    fn forget_hints(&self) {
        if self.gate.rules().hold(Rule::McpHintFresh) {
            self.hints.forget();
        }
    }

    /// The server's tools changed, or it may be another server: a caller's stream told so, a session is gone, a
    /// connection broke. The proxy's own ear would hear the same once more, after somebody has asked anew: it begins
    /// anew with them.
    fn changed(&self) {
        self.watch.reset();
        self.forget_hints();
    }
}

fn endpoint(resource: &ResourceUrl) -> String {
    if resource.path().is_empty() { "/".to_owned() } else { resource.path().to_owned() }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("resource", &self.resource).finish_non_exhaustive()
    }
}
