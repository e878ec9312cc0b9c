//! The custom resources as data, each with the place where a person wrote it.
//!
//! What stands here was read and found to be what its schema says (PLATFORM.md §8); whether the names in it lead
//! anywhere is the compiler's question.

mod findings;
pub(crate) mod limits;
mod read;

use std::collections::BTreeSet;

use spanned_yaml::Span;

pub use self::{findings::Findings, read::read};
use crate::vocabulary::{Action, ServerId, TargetKind};

/// Where something was written: which of the sources, and where in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The index in [`Manifests::sources`].
    pub source: usize,
    /// The bytes there.
    pub span: Span,
}

/// Something that a person wrote, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written<T> {
    /// What was written.
    pub value: T,
    /// Where.
    pub place: Place,
}

/// Everything that was read from a set of files, in their order.
#[derive(Clone, Debug, Default)]
pub struct Manifests {
    /// The files, and as the last one the manifest of the built-in roles.
    pub sources: Vec<spanned_yaml::Source>,
    /// `ClusterPlatformRole`, the built-in `reader` and `writer` included.
    pub roles: Vec<Role>,
    /// `ClusterPlatformRoleBinding` and `PlatformRoleBinding`.
    pub role_bindings: Vec<RoleBinding>,
    /// `ToolhiveAuthorizationPolicy`.
    pub policies: Vec<Policy>,
    /// `MCPServer` and `MCPRemoteProxy`.
    pub servers: Vec<Server>,
    /// `MCPOIDCConfig`.
    pub oidc_configs: Vec<OidcConfig>,
    /// Namespace and name of each `MCPOIDCConfig` that is for accounts of the cluster: nothing here can refer to it.
    pub cluster_accounts: Vec<(String, String)>,
    /// What the platform's identity provider `ConfigMap` says of claim names.
    pub claim_names: ClaimOverrides,
    /// Resources that are not ours, by kind, with their number.
    pub skipped: std::collections::BTreeMap<String, usize>,
    /// What could not be read and may have been a policy or a server. Nothing is granted where it would have applied
    /// (OP-FAIL-CLOSED), and whoever refers to it need not be told that it is missing.
    pub unreadable: Vec<Unreadable>,
    /// `ClusterPlatformRole`s that are there and could not be read, or stand twice: what refers to one does not
    /// compile, and need not be told that it is missing.
    pub unreadable_roles: Vec<Written<String>>,
}

impl Manifests {
    /// The issuer and the audience of the tokens that a server takes, as its `oidcConfigRef` resolves (OP-SCOPE).
    #[must_use]
    pub fn takes(&self, server: &ServerId) -> Option<(&str, &str)> {
        let oidc = self.servers.iter().find(|known| known.id.value == *server)?.oidc.as_ref()?;
        let config = self
            .oidc_configs
            .iter()
            .find(|config| config.namespace == server.namespace && config.name.value == oidc.name.value)?;
        Some((&config.issuer, &oidc.audience))
    }

    /// A place as a person would look it up: `roles.yaml, line 7`.
    #[must_use]
    pub fn shown(&self, place: Place) -> String {
        match self.sources.get(place.source) {
            Some(source) => format!("{}, line {}", source.name(), source.position(place.span).0),
            None => String::new(),
        }
    }
}

/// `ClusterPlatformRole`: what a role can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// `metadata.name`.
    pub name: Written<String>,
    /// The actions of our product group, `*` expanded; empty where the role speaks of other products only.
    pub actions: BTreeSet<Action>,
    /// Actions of these names in other product groups. They grant nothing here (OP-VOCABULARY).
    pub foreign: BTreeSet<Action>,
}

/// `ClusterPlatformRoleBinding` or `PlatformRoleBinding`: who gets roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleBinding {
    /// `metadata.name`.
    pub name: Written<String>,
    /// Of a `PlatformRoleBinding`: the only namespace in which it counts. `None`: everywhere.
    pub namespace: Option<String>,
    /// `spec.bindings`.
    pub bindings: Vec<Binding>,
}

/// One role for whoever matches one of the conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// `roleRef.name`.
    pub role: Written<String>,
    /// `from`: or-ed, never empty.
    pub from: Vec<Condition>,
    /// Where the binding stands.
    pub place: Place,
}

/// `PrincipalCondition`: a list of groups and a list of roles that are both satisfied. One of them may be empty and
/// then asks for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// `groups`.
    pub groups: Vec<String>,
    /// `roles`.
    pub roles: Vec<String>,
    /// Where it stands.
    pub place: Place,
}

/// `ToolhiveAuthorizationPolicy`: where access applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// `metadata.name`.
    pub name: Written<String>,
    /// `metadata.namespace`, in which every reference resolves.
    pub namespace: String,
    /// `spec.targetRef`.
    pub target: Written<ServerId>,
    /// `spec.bindings`.
    pub bindings: Vec<PolicyBinding>,
    /// `spec.deny`.
    pub deny: Vec<Deny>,
}

/// One role, held by whoever has it through a role binding, on the policy's target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyBinding {
    /// `roleRef.name`.
    pub role: Written<String>,
    /// `from`: narrows to whoever also matches one of these. Empty: does not narrow (the reader warned of `[]`).
    pub from: Vec<Condition>,
    /// `ruleRestrictions`: `None` where absent or `[]`, the role is granted on everything. An entry that names nothing
    /// grants nothing.
    pub restrictions: Option<Vec<Restriction>>,
    /// `toolHintFilter`: gates `call_tool`.
    pub hints: HintFilter,
    /// Where the binding stands.
    pub place: Place,
}

/// `RuleRestriction`: names of things; a type that no entry names is not granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restriction {
    /// `tools`.
    pub tools: Vec<String>,
    /// `prompts`.
    pub prompts: Vec<String>,
    /// `resources`, URIs.
    pub resources: Vec<String>,
}

/// `toolHintFilter`: every hint that it names must be present and equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct HintFilter {
    /// `readOnlyHint`.
    pub read_only: Option<bool>,
    /// `destructiveHint`.
    pub destructive: Option<bool>,
}

/// `DenyRule`: beats every grant, for everybody, on the policy's target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deny {
    /// `actions`, never empty.
    pub actions: Vec<Action>,
    /// What it is scoped to; all three empty: the whole server.
    pub scope: Restriction,
    /// Where the rule stands.
    pub place: Place,
}

/// `MCPServer` or `MCPRemoteProxy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Namespace, kind and name.
    pub id: Written<ServerId>,
    /// `spec.oidcConfigRef`. Absent: an error at the server, never an open one (MCP-EVAL).
    pub oidc: Option<OidcConfigRef>,
}

/// `oidcConfigRef`: whose tokens a server takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcConfigRef {
    /// The name of an `MCPOIDCConfig` in the server's namespace.
    pub name: Written<String>,
    /// The audience that tokens must have.
    pub audience: String,
}

/// `MCPOIDCConfig`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcConfig {
    /// `metadata.name`.
    pub name: Written<String>,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `spec.inline.issuer`.
    pub issuer: String,
}

/// `groupsClaim` and `rolesClaim` of a `ConfigMap` whose name ends in `idp-config` (CLAIM-NAMES).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimOverrides {
    /// `data.groupsClaim`.
    pub groups: Option<Written<String>>,
    /// `data.rolesClaim`.
    pub roles: Option<Written<String>>,
}

/// Something that could not be read and may have been a policy or a server: a document, or a whole file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Where it stands.
    pub place: Place,
    /// Its namespace, if that could be read. `None`: it may have been meant for any; so it is with a file that is not
    /// YAML.
    pub namespace: Option<String>,
    /// Its target, if that could be read. `None`: it may have been meant for any server of the namespace.
    pub target: Option<(TargetKind, String)>,
}
