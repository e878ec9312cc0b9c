//! What is wrong, as data: causes, findings, and the status of every resource.

use std::collections::BTreeMap;

use spanned_yaml::Severity;

use super::{Compiled, NotCompiled, lower::Lowered, resolve::Index};
use crate::{
    manifest::{Findings, Manifests, Place},
    vocabulary::ServerId,
};

/// The reason of a condition `Compiled=False`, in the manner of Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// A `roleRef` that names no role.
    RoleNotFound,
    /// A `targetRef` that names no server of the policy's namespace.
    TargetNotFound,
    /// A `targetRef` into another namespace.
    TargetOutsideNamespace,
    /// A server that does not say whose tokens it takes.
    OidcConfigMissing,
    /// An `oidcConfigRef` that names nothing in the server's namespace.
    OidcConfigNotFound,
    /// An `oidcConfigRef` without an audience.
    AudienceEmpty,
    /// Something that it depends on could not be read: a role, the server, or what may be another policy of it.
    Unreadable,
    /// The policies that came out are not what Cedar accepts: a mistake of the compiler, and never a grant.
    ValidationFailed,
    /// The manifests together spell out more names than anybody means.
    TooLarge,
    /// The policy compiles, but its target does not.
    TargetNotCompiled,
}

/// One reason why something was not compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The reason.
    pub code: Code,
    /// In words: lower case, no full stop.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// Where the mistake stands, if a person made it.
    pub place: Option<Place>,
}

/// Something to tell the author of the manifests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Error or warning.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// What: lower case, no full stop, user input in backticks.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// A resource and its condition `Compiled`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// `ToolhiveAuthorizationPolicy`.
    pub kind: &'static str,
    /// Its namespace, if it has one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Empty: `Compiled=True`. Else the first code is the condition's reason.
    pub causes: Vec<Cause>,
}

impl Code {
    /// The reason as it is written: `RoleNotFound`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RoleNotFound => "RoleNotFound",
            Self::TargetNotFound => "TargetNotFound",
            Self::TargetOutsideNamespace => "TargetOutsideNamespace",
            Self::OidcConfigMissing => "OidcConfigMissing",
            Self::OidcConfigNotFound => "OidcConfigNotFound",
            Self::AudienceEmpty => "AudienceEmpty",
            Self::Unreadable => "Unreadable",
            Self::ValidationFailed => "ValidationFailed",
            Self::TooLarge => "TooLarge",
            Self::TargetNotCompiled => "TargetNotCompiled",
        }
    }
}

impl Cause {
    pub(super) fn at(code: Code, place: Place, message: String) -> Self {
        Self { code, message, help: None, place: Some(place) }
    }

    pub(super) fn help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into();
        self
    }

    /// The finding of it, unless the reader has reported it or nobody wrote it.
    pub(super) fn finding(&self) -> Option<Finding> {
        if matches!(self.code, Code::Unreadable | Code::TargetNotCompiled) {
            return None;
        }
        let (message, help) = (self.message.clone(), self.help.clone());
        self.place.map(|place| Finding { severity: Severity::Error, place, message, help })
    }
}

impl Status {
    /// `Compiled=True`.
    #[must_use]
    pub fn compiled(&self) -> bool {
        self.causes.is_empty()
    }

    /// The condition's reason: `Compiled`, or the first code.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.causes.first().map_or("Compiled", |cause| cause.code.name())
    }
}

/// Everything found, once, in the order of the places.
pub(super) fn told(manifests: &Manifests, mut all: Vec<Finding>) -> Findings {
    all.sort_by(|left, right| (left.place, &left.message).cmp(&(right.place, &right.message)));
    all.dedup();
    let mut findings = Findings::new(&manifests.sources);
    for Finding { severity, place, message, help } in all {
        let told = match severity {
            Severity::Error => findings.error(place, message),
            Severity::Warning => findings.warning(place, message),
        };
        told.help = help;
    }
    findings
}

/// The status of every policy, role binding, role and server, in the order of the manifests.
pub(super) fn statuses(
    manifests: &Manifests,
    index: &Index<'_>,
    policies: &[Result<Lowered, Vec<Cause>>],
    targets: &BTreeMap<ServerId, Result<Compiled, NotCompiled>>,
) -> Vec<Status> {
    let mut statuses = Vec::new();
    for (policy, lowered) in manifests.policies.iter().zip(policies) {
        let causes = match (lowered, targets.get(&policy.target.value)) {
            (Err(causes), _) => causes.clone(),
            (Ok(_), Some(Ok(_))) => Vec::new(),
            (Ok(_), not) => {
                let why = not.and_then(|not| not.as_ref().err()).and_then(|not| not.causes.first());
                let why = why.map_or_else(String::new, |cause| format!(": {}", cause.message));
                let message = format!("nothing is in force at {}{why}", policy.target.value);
                vec![Cause::at(Code::TargetNotCompiled, policy.target.place, message)]
            }
        };
        statuses.push(Status {
            kind: "ToolhiveAuthorizationPolicy",
            namespace: Some(policy.namespace.clone()),
            name: policy.name.value.clone(),
            place: policy.name.place,
            causes,
        });
    }
    for binding in &manifests.role_bindings {
        statuses.push(Status {
            kind: if binding.namespace.is_none() {
                "ClusterPlatformRoleBinding"
            } else {
                "PlatformRoleBinding"
            },
            namespace: binding.namespace.clone(),
            name: binding.name.value.clone(),
            place: binding.name.place,
            causes: index.binding_trouble(binding),
        });
    }
    for role in &manifests.roles {
        statuses.push(Status {
            kind: "ClusterPlatformRole",
            namespace: None,
            name: role.name.value.clone(),
            place: role.name.place,
            causes: Vec::new(),
        });
    }
    for server in &manifests.servers {
        let id = &server.id.value;
        let causes = targets.get(id).and_then(|target| target.as_ref().err());
        statuses.push(Status {
            kind: id.kind.name(),
            namespace: Some(id.namespace.clone()),
            name: id.name.clone(),
            place: server.id.place,
            causes: causes.map_or_else(Vec::new, |not| not.causes.clone()),
        });
    }
    statuses
}
