//! The policy that the Enterprise Manager serves (PLATFORM.md EM-DIRECTIVES).
//!
//! Each directive is `{value, enforcement: enforced|default}`; `degraded_mode` alone has no enforcement. Mistakes
//! are refused at load with path and line. A directive that nobody knows is a warning and passes through: the
//! documentation speaks of others that it does not describe.

use std::{collections::BTreeMap, fmt};

use serde_json::{Map, Value as Json};
use spanned_yaml::{Diagnostics, Fields, Node};

use crate::model::concealed::Concealed;

mod read;
mod value;

pub use value::{CaCertificate, DegradedMode, DegradedPolicy, Registry, Telemetry};

/// A policy, checked.
#[derive(Clone, Default, PartialEq)]
pub struct Directives {
    /// Which registry clients use.
    pub registry: Option<Directive<Registry>>,
    /// Whether servers outside the registry may be installed and run.
    pub non_registry_servers: Option<Directive<bool>>,
    /// Where clients send telemetry.
    pub telemetry: Option<Directive<Telemetry>>,
    /// A certificate authority that clients trust.
    pub ca_certificate: Option<Directive<CaCertificate>>,
    /// Environment variables of image builds.
    pub build_env: Option<Directive<Concealed<BTreeMap<String, String>>>>,
    /// Desktop: the playground is shown.
    pub playground: Option<Directive<bool>>,
    /// Desktop: the help menu is shown.
    pub help_menu: Option<Directive<bool>>,
    /// Cloud UI: the assistant is shown.
    pub assistant: Option<Directive<bool>>,
    /// What clients do without contact.
    pub degraded_mode: Option<DegradedMode>,
    /// The names of directives that nobody here knows, in the order written.
    pub unknown: Vec<String>,
    document: Map<String, Json>,
}

/// One directive.
#[derive(Clone, Debug, PartialEq)]
pub struct Directive<T> {
    /// What is to hold.
    pub value: T,
    /// Whether a user may override it.
    pub enforcement: Enforcement,
}

/// Whether a user may override a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enforcement {
    /// No.
    Enforced,
    /// Yes: it is a default.
    Default,
}

impl Directives {
    /// Reads the policy from the node of `enterpriseConfig`; none where it is no map.
    pub fn read(node: &Node, findings: &mut Diagnostics) -> Option<Self> {
        let mut fields = Fields::new(node, "enterpriseConfig", findings)?;
        Some(Self {
            registry: read::directive(&mut fields, "registry", findings, value::registry),
            non_registry_servers: read::directive(
                &mut fields,
                "non_registry_servers",
                findings,
                value::boolean,
            ),
            telemetry: read::directive(&mut fields, "telemetry", findings, value::telemetry),
            ca_certificate: read::directive(&mut fields, "ca_certificate", findings, value::ca_certificate),
            build_env: read::directive(&mut fields, "build_env", findings, value::texts),
            playground: read::directive(&mut fields, "playground", findings, value::boolean),
            help_menu: read::directive(&mut fields, "help_menu", findings, value::boolean),
            assistant: read::directive(&mut fields, "assistant", findings, value::boolean),
            degraded_mode: fields
                .optional("degraded_mode")
                .and_then(|node| value::degraded_mode(node, findings)),
            unknown: read::unknown(node, findings),
            document: match node.to_json() {
                Json::Object(document) => document,
                _ => Map::new(),
            },
        })
    }

    /// The directives as they stand in the policy, unknown ones included: the envelope's `config`.
    #[must_use]
    pub fn config(&self) -> &Map<String, Json> {
        &self.document
    }
}

/// Names only: telemetry headers and build variables may hold secrets.
impl fmt::Debug for Directives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.document.keys()).finish()
    }
}
