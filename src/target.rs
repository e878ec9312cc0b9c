//! What a suite runs against: a reference in this process or in containers, later a live deployment.
//!
//! The runner knows this trait and nothing of what is behind it. A target starts a [`Platform`] for each case
//! and says what it can do; a scenario that needs more is not applicable there.

mod assembly;
pub mod component;
pub mod containers;
pub mod embedded;

use std::{collections::BTreeMap, fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use spanned_yaml::{Diagnostics, Source};

pub use self::assembly::{Log, unplayable};
use crate::{
    clock::Clock,
    model::{absence::Absence, identifier::Component, secret::Secrets},
    net,
    outcome::{Capability, TargetIdentity},
};

/// A future that a trait object can return.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A kind of place where platforms live.
pub trait Target: Send + Sync + fmt::Debug {
    /// Its name, what it can do, its clock.
    fn identity(&self) -> TargetIdentity;

    /// Starts a platform for one case. It is stopped when the value is dropped.
    fn start<'a>(&'a self, order: &'a PlatformOrder) -> Pending<'a, Result<Box<dyn Platform>, TargetError>>;

    /// Ends everything that the target started. What a person should know of it comes back.
    fn close(&self) -> Pending<'_, Result<Vec<String>, TargetError>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// The target can do this.
    fn can(&self, capability: Capability) -> bool {
        self.identity().capabilities.contains(&capability)
    }
}

/// What a case wants to run against.
#[derive(Clone, Debug)]
pub struct PlatformOrder {
    /// The Helm values of the platform, as the user wrote them.
    pub values: Source,
    /// The IdP's tenant, in the vendor's own words.
    pub tenant: Source,
    /// The custom resources: MCP servers, roles, bindings, policies.
    pub manifests: Vec<Source>,
    /// Everything random is drawn from this; equal for equal seeds and cases.
    pub seed: [u8; 32],
    /// Where secrets are registered as they are made.
    pub secrets: Secrets,
}

/// A running platform.
pub trait Platform: Send + Sync + fmt::Debug {
    /// Where everything is.
    fn endpoints(&self) -> &Endpoints;

    /// A client that trusts the platform and finds its host names.
    fn http(&self) -> &net::Client;

    /// The time of the harness and its own client: moved by [`advance`](Self::advance) alone.
    fn clock(&self) -> Arc<dyn Clock>;

    /// Moves the clocks of all components and of the harness by one jump; a difference between two of them stays. An
    /// error where clock control is lacking.
    fn advance(&self, by: SignedDuration) -> Pending<'_, Result<(), TargetError>>;

    /// Moves the clock of one component alone, as the control wire's `PUT /control/clock` does: all others stay, the
    /// harness's too. An error where clock control is lacking, or there is no such component.
    fn advance_one<'a>(
        &'a self,
        component: &'a Component,
        by: SignedDuration,
    ) -> Pending<'a, Result<(), TargetError>>;

    /// Makes a component be really gone. An error where outages are lacking.
    fn take_away<'a>(
        &'a self,
        _component: &'a Component,
        _how: Absence,
    ) -> Pending<'a, Result<(), TargetError>> {
        Box::pin(std::future::ready(Err(TargetError::Unsupported(NO_OUTAGES))))
    }

    /// Brings it back: as it was, or, if its process ended, as it is after a start, but with its clock where it should be.
    fn bring_back<'a>(&'a self, _component: &'a Component) -> Pending<'a, Result<(), TargetError>> {
        Box::pin(std::future::ready(Err(TargetError::Unsupported(NO_OUTAGES))))
    }

    /// What the components have said since the case began, where they have a log.
    fn logs(&self) -> Pending<'_, BTreeMap<Component, String>> {
        Box::pin(std::future::ready(BTreeMap::new()))
    }

    /// The case came to its end. A platform that is dropped without this was given up in the middle.
    fn over(&mut self) {}

    /// What the target did on its own and the reader should know: "a signing key was generated".
    fn notes(&self) -> &[String];

    /// What the platform was set up to do and nobody should overlook: "nobody is asked for a token". Reports say so on
    /// top.
    fn cautions(&self) -> &[String];
}

/// The addresses of a platform.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    /// By component: `idp`, `enterprise-manager`, `cloud-ui`, `registry-server`; for each MCP server of the manifests its proxy,
    /// `mcp:<namespace>/<kind>/<name>`, and the server behind it, `upstream:…`; `registry` where the policy of the values file names one
    /// elsewhere, with its `api_url` for the base.
    pub components: BTreeMap<Component, Endpoint>,
    /// The host names of `components` that no resolver knows, and where each is served.
    pub hosts: net::Names,
}

/// One component's addresses.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The public base URL without a final slash: the resource URL, or the IdP's origin.
    pub base: String,
    /// The path below `base` that a valid token opens: what `accept` and `refuse` request. `/` where no token opens
    /// anything: the IdP, the registry.
    pub protected_path: String,
    /// How a token is shown there.
    pub probe: Probe,
    /// The control wire, where there is one.
    pub control: Option<Control>,
}

/// The request with which a token is shown to a component.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Probe {
    /// `GET`.
    #[default]
    Get,
    /// `POST` of an MCP `initialize`.
    Initialize,
}

/// A component's control wire (PRODUCT.md).
#[derive(Clone, Debug)]
pub struct Control {
    /// Base URL without a final slash; the paths are `/control/…`.
    pub base: String,
    /// The per-run bearer secret.
    pub secret: String,
}

/// The host name of a control wire, from that of its component, where every host is reached through one address. Nobody
/// else has it: `.test` is nobody's (RFC 6761 §6.2).
#[must_use]
pub fn control_host(component: &str) -> String {
    format!("{component}.control.test")
}

/// The time that a request of the harness may take, on every target without a network in between.
pub const REQUEST_LIMIT: Duration = Duration::from_secs(5);

/// Why a platform in one process takes no component away.
const NO_OUTAGES: &str = "take a component away that runs in this process";

/// Why a platform could not be started or used. None of these is a verdict on the platform.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The values file is wrong; positions inside.
    #[error("the values file is not valid")]
    Values(Box<Diagnostics>),
    /// The tenant file is wrong; positions inside.
    #[error("the tenant file is not valid")]
    Tenant(Box<Diagnostics>),
    /// The values and the tenant do not fit together.
    #[error("the values and the tenant do not fit: {0}")]
    Mismatch(String),
    /// No target of this kind can play such a platform.
    #[error("{0}")]
    Unplayable(String),
    /// The environment failed: no port, no memory, no key.
    #[error("cannot start the platform: {0}")]
    Environment(String),
    /// The target cannot do what was asked of it.
    #[error("this target cannot do that: {0}")]
    Unsupported(&'static str),
}
