//! The Enterprise Manager: serves the signed policy envelope to whoever brings a token for it (PLATFORM.md §4).
//!
//! One file per endpoint; `envelope` signs and keeps, `keys` are the keys as they change and `signing_key` is one of
//! them, `policy` is what is in force and where it comes from. `wire` is what its control wire has beside every
//! component's, `forgery` the envelope that is wrong on purpose.

use std::{fmt, path::PathBuf, sync::Arc};

use axum::{Router, routing::get};

use super::{Surroundings, answer, gate::Gate, instruments::Instruments, paths::Paths};
use crate::{
    clock::ManualClock,
    model::{
        directives::Directives,
        rule::Rules,
        values::{EnterpriseManager, IdpType},
    },
    net,
    token::Expectations,
};

mod config;
mod discovery;
mod envelope;
mod forgery;
mod health;
mod jwks;
mod keys;
mod policy;
mod protected_resource;
mod signing_key;
mod wire;

pub use policy::PolicyError;
pub use signing_key::{SigningKey, SigningKeyError, SigningKeys, exposure};

use envelope::Envelopes;
use forgery::Forgeries;
use keys::Keys;
use policy::Policies;

/// The path that a valid token opens (EM-CONFIG).
pub const PROTECTED_PATH: &str = "/api/v1/config";

/// The Enterprise Manager.
#[derive(Clone, Debug)]
pub struct Manager(Arc<Parts>);

/// What a Manager is deployed with beside its values.
#[derive(Debug)]
pub struct Deployment {
    /// The keys of the start; the first signs.
    pub keys: SigningKeys,
    /// What keys are drawn from that a rotation generates: equal for equal seeds.
    pub seed: [u8; 32],
    /// `enterprise-config.json`: one JSON object of directives, in the place of the values file's `enterpriseConfig` as
    /// soon as it is there (EM-RELOAD). The control wire may write it, and makes its folder then.
    pub policy_file: Option<PathBuf>,
}

struct Parts {
    values: EnterpriseManager,
    keys: Keys,
    rules: Rules,
    gate: Gate,
    policies: Policies,
    envelopes: Envelopes,
    forgeries: Forgeries,
    instruments: Instruments,
}

impl Manager {
    /// A Manager that keeps the rules of its surroundings.
    ///
    /// # Errors
    /// The policy file is there and cannot be used.
    pub fn new(
        values: &EnterpriseManager,
        deployment: Deployment,
        surroundings: Surroundings,
    ) -> Result<Self, PolicyError> {
        let expectations = Expectations {
            scope: Some(values.required_scope.clone()),
            ..Expectations::new(values.issuer.clone(), values.audience.clone())
        };
        let Deployment { keys, seed, policy_file } = deployment;
        let (rules, clock) = (surroundings.rules, Arc::clone(&surroundings.clock));
        let paths = paths(values);
        Ok(Self(Arc::new(Parts {
            keys: Keys::new(keys, seed, rules),
            rules,
            policies: Policies::new(values.directives.clone(), policy_file, rules, Arc::clone(&clock))?,
            envelopes: Envelopes::default(),
            forgeries: Forgeries::default(),
            instruments: Instruments::of_signer(&clock, paths),
            gate: Gate::new(values.resource_url.clone(), expectations, surroundings),
            values: values.clone(),
        })))
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
        let router = answer::complete(router.with_state(Arc::clone(&self.0)));
        self.0.instruments.around(router)
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
            parts.keys.reset();
            parts.envelopes.forget();
            parts.forgeries.forget();
            parts.gate.reset();
            parts.policies.reset()
        })
    }

    /// Puts another policy in force, from the next request on. An equal one changes nothing (EM-FRESH).
    pub fn set_policy(&self, directives: Directives) {
        self.0.policies.set(directives);
    }

    /// Says on the health endpoint why a newer policy is not in force; the old one stays (EM-RELOAD).
    pub fn refuse_policy(&self, reason: impl Into<String>) {
        self.0.policies.refuse(reason.into());
    }
}

impl Parts {
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
fn paths(values: &EnterpriseManager) -> Paths {
    let at = |path: &str| format!("{}{path}", values.resource_url.path());
    Paths::new([
        (at(discovery::PATH), "discovery"),
        (at(jwks::PATH), "jwks"),
        (at(PROTECTED_PATH), "config"),
        (values.resource_url.metadata_path(), "protected-resource"),
        (at(health::PATH), "healthz"),
        (health::PATH.to_owned(), "healthz"),
    ])
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
