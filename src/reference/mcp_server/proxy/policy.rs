//! OP-FAIL-CLOSED, MCP-EVAL: the policy in force, and who decides by it for one caller.
//!
//! A set that cannot be used never replaces one that can. What the custom resources mean is `mcp_policy`'s matter.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use jiff::Timestamp;
use mcp_policy::{
    authz::{Authorizer, Decision},
    claims::{ClaimNames, Reading},
    manifest::{self, Findings, Manifests},
    rbac::{self, Compilation, Options},
    vocabulary::{Principal, Request, ServerId},
};
use spanned_yaml::{Severity, Source};

use super::{Deployment, DeploymentError, decisions::Decisions, log::Log, method::List};
use crate::{
    clock::Clock,
    model::rule::{Rule, Rules},
    token::VerifiedToken,
};

/// How many mistakes are told.
const TOLD: usize = 5;

/// Whose tokens a server takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Oidc {
    pub(super) issuer: String,
    pub(super) audience: String,
}

/// The policy over time.
#[derive(Debug)]
pub(super) struct Policies {
    server: ServerId,
    options: Options,
    rules: Rules,
    claim_names: ClaimNames,
    oidc: Oidc,
    clock: Arc<dyn Clock>,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    in_force: Arc<InForce>,
    loaded_at: Timestamp,
    /// Why newer manifests are not in force.
    refused: Option<String>,
}

/// One policy.
#[derive(Debug, Default)]
struct InForce {
    /// None: everything is denied.
    authorizer: Option<Authorizer>,
    /// What it has decided.
    decisions: Decisions,
    /// No policy is attached to the server.
    bare: bool,
    reading: Reading,
}

/// Who decides for one caller, by one policy.
#[derive(Debug)]
pub(super) struct Judge {
    policy: Arc<InForce>,
    principal: Principal,
    rules: Rules,
}

/// A decision, told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) allowed: bool,
    /// The statements that decided.
    pub(super) policies: Vec<String>,
    /// Why not, for the log.
    pub(super) reason: String,
}

/// Whether a list may be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Its items by their own decisions.
    Granted,
    /// Nothing grants it: it is empty.
    None,
    /// Something denies it.
    Denied,
}

impl Policies {
    /// The policy of a deployment. Manifests that do not say whose tokens the server takes are an error; a policy that
    /// does not compile is none, and denies everything.
    pub(super) fn new(
        deployment: &Deployment,
        sources: Vec<Source>,
        rules: Rules,
        clock: Arc<dyn Clock>,
        log: &Log,
    ) -> Result<(Self, Oidc), DeploymentError> {
        let Deployment { server, idp_type, matching, .. } = deployment;
        let (manifests, findings) = manifest::read(sources);
        let oidc = oidc(&manifests, &findings, server)?;
        let policies = Self {
            server: server.clone(),
            options: Options { matching: *matching, rules: rules.of_policies(), ..Options::default() },
            rules,
            claim_names: ClaimNames::of(*idp_type),
            oidc: oidc.clone(),
            state: RwLock::new(State { in_force: Arc::default(), loaded_at: clock.now(), refused: None }),
            clock,
        };
        match policies.compiled(&manifests) {
            Ok(in_force) => policies.write().in_force = Arc::new(in_force),
            Err(reason) => {
                log.note("error", &format!("everything is denied: {reason}"));
                policies.write().refused = Some(reason);
            }
        }
        Ok((policies, oidc))
    }

    /// Other manifests. A mistake in them, anywhere, keeps what is in force.
    pub(super) fn replace(&self, sources: Vec<Source>, log: &Log) -> bool {
        let outcome = self.usable(sources);
        let mut state = self.write();
        match outcome {
            Ok(in_force) => {
                log.note("info", "the new policy is in force");
                state.in_force = Arc::new(in_force);
                state.loaded_at = self.clock.now();
                state.refused = None;
                true
            }
            Err(reason) => {
                log.note("error", &format!("the policy of {} stays in force: {reason}", state.loaded_at));
                state.refused = Some(reason);
                false
            }
        }
    }

    /// Since when the policy is in force, and why a newer one is not.
    pub(super) fn status(&self) -> (Timestamp, Option<String>) {
        let state = self.read();
        (state.loaded_at, state.refused.clone())
    }

    /// Who decides for the bearer of a token.
    pub(super) fn judge(&self, token: &VerifiedToken) -> Judge {
        let policy = Arc::clone(&self.read().in_force);
        let membership = policy.reading.read(token.claims());
        let principal = Principal {
            issuer: token.issuer().as_str().to_owned(),
            subject: token.subject().unwrap_or_default().to_owned(),
            groups: membership.groups,
            roles: membership.roles,
        };
        let principal = match &policy.authorizer {
            Some(authorizer) => authorizer.narrowed(principal),
            None => principal,
        };
        Judge { policy, principal, rules: self.rules }
    }

    fn usable(&self, sources: Vec<Source>) -> Result<InForce, String> {
        let (manifests, findings) = manifest::read(sources);
        if findings.has_errors() && self.rules.hold(Rule::OpFailClosed) {
            return Err(mistakes(&findings));
        }
        match oidc(&manifests, &findings, &self.server) {
            Ok(oidc) if oidc == self.oidc => self.compiled(&manifests),
            _ if !self.rules.hold(Rule::OpFailClosed) => self.compiled(&manifests),
            Ok(_) => Err("whose tokens the server takes is read at its start alone".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn compiled(&self, manifests: &Manifests) -> Result<InForce, String> {
        let reading = self.reading(manifests);
        let options = Options { claim_names: Some(reading.names.clone()), ..self.options.clone() };
        let Compilation { mut targets, .. } = rbac::compile(manifests, &options);
        match targets.remove(&self.server) {
            Some(Ok(compiled)) => {
                let authorizer = Authorizer::new(&compiled).map_err(|error| error.to_string())?;
                let bare = compiled.statements().is_empty();
                Ok(InForce { authorizer: Some(authorizer), decisions: Decisions::default(), bare, reading })
            }
            Some(Err(not_compiled)) => {
                let told: Vec<_> =
                    not_compiled.causes.iter().take(TOLD).map(|cause| cause.message.clone()).collect();
                Err(told.join("; "))
            }
            None => Err(format!("there is no {} among the manifests", self.server)),
        }
    }

    fn reading(&self, manifests: &Manifests) -> Reading {
        let names = self.claim_names.clone().overridden(&manifests.claim_names);
        Reading { names, rules: self.rules.of_policies(), ..Reading::default() }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// MCP-EVAL: whose tokens a server takes. References resolve in its own namespace (OP-SCOPE).
fn oidc(manifests: &Manifests, findings: &Findings, id: &ServerId) -> Result<Oidc, DeploymentError> {
    let server = manifests.servers.iter().find(|server| server.id.value == *id);
    let none = || {
        let mistakes = Some(mistakes(findings)).filter(|mistakes| !mistakes.is_empty());
        let mistakes = mistakes.map(|mistakes| format!("; {mistakes}")).unwrap_or_default();
        DeploymentError::NoServer { server: id.clone(), mistakes }
    };
    let server = server.ok_or_else(none)?;
    let reference = server.oidc.as_ref().ok_or_else(|| DeploymentError::NoReference(id.clone()))?;
    let name = &reference.name.value;
    let configs: BTreeMap<_, _> = manifests
        .oidc_configs
        .iter()
        .filter(|config| config.namespace == id.namespace)
        .map(|config| (&config.name.value, &config.issuer))
        .collect();
    let issuer = configs
        .get(name)
        .ok_or_else(|| DeploymentError::NoConfig { server: id.clone(), name: name.clone() })?;
    let empty = |what| DeploymentError::Empty { server: id.clone(), what };
    if reference.audience.trim().is_empty() {
        return Err(empty("audience"));
    }
    if issuer.trim().is_empty() {
        return Err(empty("issuer"));
    }
    Ok(Oidc { issuer: (*issuer).clone(), audience: reference.audience.clone() })
}

/// The first mistakes.
fn mistakes(findings: &Findings) -> String {
    let errors = findings.iter().filter(|found| found.severity == Severity::Error);
    errors.take(TOLD).map(|found| found.message.as_str()).collect::<Vec<_>>().join("; ")
}

impl Judge {
    /// Decides one request.
    pub(super) fn decide(&self, request: &Request<'_>) -> Verdict {
        if self.is_open() {
            return Verdict { allowed: true, ..Verdict::default() };
        }
        self.decision(request).map_or_else(Verdict::no_policy, |decision| Verdict::of(&decision))
    }

    /// The entity on which it decides; none where no policy is in force.
    pub(super) fn entity(&self) -> Option<&str> {
        self.policy.authorizer.as_ref().map(Authorizer::server)
    }

    /// The request is allowed.
    pub(super) fn allows(&self, request: &Request<'_>) -> bool {
        self.decision(request).is_some_and(|decision| decision.allowed)
    }

    /// MCP-EVAL is broken, and nobody has attached a policy.
    fn is_open(&self) -> bool {
        self.policy.bare && !self.rules.hold(Rule::McpEval)
    }

    /// Whether the caller sees a list at all.
    pub(super) fn list(&self, list: List) -> (Access, Verdict) {
        if !self.rules.hold(Rule::McpListGrant) {
            return (Access::Granted, Verdict::default());
        }
        let Some(decision) = self.decision(&list.request()) else {
            return (Access::None, Verdict::no_policy());
        };
        let access = match &*decision {
            Decision { allowed: true, .. } => Access::Granted,
            decision if decision.is_forbidden() || !decision.errors.is_empty() => Access::Denied,
            _ => Access::None,
        };
        (access, Verdict::of(&decision))
    }

    /// Which items of a list the caller sees, given as the requests that would use them. Nothing: it sees no list.
    pub(super) fn shows(&self, list: List, items: &[Request<'_>]) -> Option<Vec<bool>> {
        if !self.rules.hold(Rule::McpList) {
            return Some(vec![true; items.len()]);
        }
        let authorizer = self.policy.authorizer.as_ref()?;
        let granted = !self.rules.hold(Rule::McpListGrant) || self.allows(&list.request());
        granted.then(|| authorizer.for_principal(&self.principal).shows(items))
    }

    fn decision(&self, request: &Request<'_>) -> Option<Arc<Decision>> {
        let InForce { authorizer, decisions, .. } = &*self.policy;
        Some(decisions.decide(authorizer.as_ref()?, &self.principal, request))
    }
}

impl Verdict {
    /// A method that nobody knows.
    pub(super) fn unknown_method() -> Self {
        Self { reason: "nothing allows an unknown method".to_owned(), ..Self::default() }
    }

    fn no_policy() -> Self {
        Self { reason: "no policy is in force".to_owned(), ..Self::default() }
    }

    fn of(decision: &Decision) -> Self {
        let policies: Vec<_> = decision.reasons.iter().map(|statement| statement.id.clone()).collect();
        let reason = if decision.allowed {
            String::new()
        } else if !decision.errors.is_empty() {
            format!("policies cannot be evaluated: {}", decision.errors.join("; "))
        } else if decision.is_forbidden() {
            format!("denied by {}", policies.join(", "))
        } else {
            "nothing grants it".to_owned()
        };
        Self { allowed: decision.allowed, policies, reason }
    }
}
