//! The Enterprise Manager: serves the signed policy envelope to whoever brings a token for it (PLATFORM.md §4).
//!
//! One file per endpoint; `envelope` signs and keeps, `signing_key` is the key. The policy can be replaced while it
//! runs; where it comes from is its owner's matter.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use axum::{Router, routing::get};
use jiff::Timestamp;

use super::{
    Surroundings, answer,
    control::{self, Controls},
    gate::Gate,
    journal::Journal,
};
use crate::{
    clock::{Clock, ManualClock},
    model::{
        directives::Directives,
        rule::Rules,
        values::{EnterpriseManager, IdpType},
    },
    token::Expectations,
};

mod config;
mod discovery;
mod envelope;
mod health;
mod jwks;
mod protected_resource;
mod signing_key;

pub use signing_key::{SigningKey, SigningKeyError, SigningKeys, exposure};

use envelope::Envelopes;

/// The path that a valid token opens (EM-CONFIG).
pub const PROTECTED_PATH: &str = "/api/v1/config";

/// The Enterprise Manager.
#[derive(Clone, Debug)]
pub struct Manager(Arc<Parts>);

struct Parts {
    values: EnterpriseManager,
    keys: SigningKeys,
    rules: Rules,
    clock: Arc<dyn Clock>,
    start: Timestamp,
    gate: Gate,
    policy: RwLock<Policy>,
    envelopes: Envelopes,
    journal: Journal,
}

/// The policy in force.
#[derive(Clone)]
struct Policy {
    directives: Arc<Directives>,
    loaded_at: Timestamp,
    /// Why a newer policy is not in force (EM-RELOAD).
    refused: Option<String>,
}

impl Manager {
    /// A Manager that keeps the rules of its surroundings and signs with the first of its keys.
    #[must_use]
    pub fn new(values: &EnterpriseManager, keys: impl Into<SigningKeys>, surroundings: Surroundings) -> Self {
        let expectations = Expectations {
            scope: Some(values.required_scope.clone()),
            ..Expectations::new(values.issuer.clone(), values.audience.clone())
        };
        let clock = Arc::clone(&surroundings.clock);
        let start = clock.now();
        let endpoints = endpoints(values);
        Self(Arc::new(Parts {
            keys: keys.into(),
            rules: surroundings.rules,
            start,
            policy: RwLock::new(Policy {
                directives: Arc::new(values.directives.clone()),
                loaded_at: start,
                refused: None,
            }),
            envelopes: Envelopes::default(),
            journal: Journal::new(Arc::clone(&clock), endpoints),
            gate: Gate::new(values.resource_url.clone(), expectations, surroundings),
            values: values.clone(),
            clock,
        }))
    }

    /// The public face: the endpoints lie below the resource URL's path, the RFC 9728 document before it.
    pub fn router(&self) -> Router {
        let resource = &self.0.values.resource_url;
        let at = |path: &str| format!("{}{path}", resource.path());
        let mut router = Router::new()
            .without_v07_checks()
            .route(&at(discovery::PATH), get(discovery::serve))
            .route(&at(jwks::PATH), get(jwks::serve))
            .route(&at(PROTECTED_PATH), get(config::serve))
            .route(&resource.metadata_path(), get(protected_resource::serve))
            .route(health::PATH, get(health::serve));
        if !resource.path().is_empty() {
            router = router.route(&at(health::PATH), get(health::serve));
        }
        self.0.journal.keep(answer::complete(router.with_state(Arc::clone(&self.0))))
    }

    /// The control wire, for a listener of its own. `movable` is the component's clock, if it can be moved.
    pub fn control_router(&self, secret: &str, movable: Option<ManualClock>) -> Router {
        let parts = Arc::clone(&self.0);
        let controls = Controls {
            clock: Arc::clone(&parts.clock),
            movable,
            start: parts.start,
            journal: parts.journal.clone(),
            forget: Box::new(move || {
                parts.envelopes.forget();
                parts.gate.reset();
            }),
        };
        control::router(controls, secret)
    }

    /// Puts another policy in force, from the next request on. An equal one changes nothing (EM-FRESH).
    pub fn set_policy(&self, directives: Directives) {
        let mut policy = self.0.policy.write().unwrap_or_else(PoisonError::into_inner);
        policy.refused = None;
        if *policy.directives != directives {
            policy.directives = Arc::new(directives);
            policy.loaded_at = self.0.clock.now();
        }
    }

    /// Says on the health endpoint why a newer policy is not in force; the old one stays (EM-RELOAD).
    pub fn refuse_policy(&self, reason: impl Into<String>) {
        self.0.policy.write().unwrap_or_else(PoisonError::into_inner).refused = Some(reason.into());
    }
}

impl Parts {
    fn policy(&self) -> Policy {
        self.policy.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The required scope as a client requests it: Entra wants the audience before it, `api://` added where that is
    /// a GUID (EM-WELLKNOWN).
    fn requested_scope(&self) -> String {
        let EnterpriseManager { required_scope, audience, idp_type, .. } = &self.values;
        let scope = required_scope.as_str();
        match (idp_type, audience.as_str()) {
            (IdpType::Entra, audience) if scope.starts_with(&format!("{audience}/")) => scope.to_owned(),
            (IdpType::Entra, audience) if is_guid(audience) => format!("api://{audience}/{scope}"),
            (IdpType::Entra, audience) => format!("{audience}/{scope}"),
            _ => scope.to_owned(),
        }
    }
}

/// What the journal calls the paths.
fn endpoints(values: &EnterpriseManager) -> Vec<(String, &'static str)> {
    let at = |path: &str| format!("{}{path}", values.resource_url.path());
    vec![
        (at(discovery::PATH), "discovery"),
        (at(jwks::PATH), "jwks"),
        (at(PROTECTED_PATH), "config"),
        (values.resource_url.metadata_path(), "protected-resource"),
        (at(health::PATH), "healthz"),
        (health::PATH.to_owned(), "healthz"),
    ]
}

fn is_guid(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manager").field("resource", &self.values.resource_url).finish_non_exhaustive()
    }
}
