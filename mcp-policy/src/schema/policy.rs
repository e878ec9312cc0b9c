//! Authorization policies as they are written.

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

use super::{
    either,
    platform::{Condition, RoleRef},
    rule,
};
use crate::{
    manifest::limits::{NAME, NAMES, POLICY_BINDINGS, POLICY_CONDITIONS, POLICY_NOT_EMPTY, RESTRICTIONS},
    vocabulary::{Action, TargetKind},
};

/// Who may do what on one MCP server. It grants or denies something.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(transform = policy_not_empty)]
pub(super) struct PolicySpec {
    /// The server, in the policy's namespace.
    target_ref: TargetRef,
    /// Roles that count on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = POLICY_BINDINGS))]
    bindings: Vec<Binding>,
    /// What nobody may do, whatever is granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    deny: Vec<Deny>,
}

fn policy_not_empty(schema: &mut Schema) {
    rule(schema, &POLICY_NOT_EMPTY, &either("bindings", "deny"));
}

/// A server by its kind and name.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TargetRef {
    /// `metadata.name` of the server.
    name: String,
    /// What kind of server it is.
    #[serde(default)]
    kind: TargetKind,
    /// The API group of that kind.
    #[serde(default)]
    api_group: TargetGroup,
}

/// The API group of the servers that are known here.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
enum TargetGroup {
    #[default]
    #[serde(rename = "toolhive.stacklok.dev")]
    Toolhive,
}

/// A role that counts on the server, as far as the rest of the binding does not narrow it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Binding {
    /// The role.
    role_ref: RoleRef,
    /// For whom among those who hold it: whoever matches one of these. Absent or empty: for all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = POLICY_CONDITIONS))]
    from: Vec<Condition>,
    /// On which tools, prompts and resources. Absent or empty: on all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = RESTRICTIONS))]
    rule_restrictions: Vec<Restriction>,
    /// Which tools may be called, by what the server says of them. Absent or empty: any.
    #[serde(default, skip_serializing_if = "HintFilter::is_empty")]
    tool_hint_filter: HintFilter,
}

/// Some tools, prompts and resources by name.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Restriction {
    /// Names of tools.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = NAMES), inner(length(max = NAME)))]
    tools: Vec<String>,
    /// Names of prompts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = NAMES), inner(length(max = NAME)))]
    prompts: Vec<String>,
    /// URIs of resources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = NAMES), inner(length(max = NAME)))]
    resources: Vec<String>,
}

/// Hints that a tool must have to be called: there, and equal.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct HintFilter {
    /// The tool says that it only reads, or that it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    read_only_hint: Option<bool>,
    /// The tool says that it may destroy, or that it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    destructive_hint: Option<bool>,
}

impl HintFilter {
    fn is_empty(&self) -> bool {
        self.read_only_hint.is_none() && self.destructive_hint.is_none()
    }
}

/// What nobody may do. Without tools, prompts and resources it holds on the whole server.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Deny {
    /// The actions.
    #[schemars(length(min = 1))]
    actions: Vec<Action>,
    /// Names of tools.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = NAMES))]
    tools: Vec<String>,
    /// Names of prompts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = NAMES))]
    prompts: Vec<String>,
    /// URIs of resources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = NAMES))]
    resources: Vec<String>,
}
