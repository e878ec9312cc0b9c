//! The words that every layer shares: actions, servers, what they offer, and who asks (PLATFORM.md §6 to §8).

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

/// What can be granted or denied on an MCP server: the vocabulary of `toolhive.enterprise.stacklok.com`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// See that tools exist: `tools/list`.
    ListTools,
    /// `tools/call`.
    CallTool,
    /// See that prompts exist: `prompts/list`.
    ListPrompts,
    /// `prompts/get`.
    GetPrompt,
    /// See that resources exist: `resources/list`.
    ListResources,
    /// `resources/read`, `resources/subscribe`, `resources/unsubscribe`.
    ReadResource,
}

impl Action {
    /// Every action, in the order in which the platform's documents name them.
    pub const ALL: [Self; 6] = [
        Self::ListTools,
        Self::CallTool,
        Self::ListPrompts,
        Self::GetPrompt,
        Self::ListResources,
        Self::ReadResource,
    ];

    /// The name in a manifest and in Cedar: `call_tool`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ListTools => "list_tools",
            Self::CallTool => "call_tool",
            Self::ListPrompts => "list_prompts",
            Self::GetPrompt => "get_prompt",
            Self::ListResources => "list_resources",
            Self::ReadResource => "read_resource",
        }
    }

    /// The action of a name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The kinds of resources that a policy can be attached to.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
pub enum TargetKind {
    /// A server that the platform runs.
    #[default]
    #[serde(rename = "MCPServer")]
    McpServer,
    /// A proxy in front of a server elsewhere.
    #[serde(rename = "MCPRemoteProxy")]
    McpRemoteProxy,
}

impl TargetKind {
    /// The kind as a manifest writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::McpServer => "MCPServer",
            Self::McpRemoteProxy => "MCPRemoteProxy",
        }
    }
}

impl fmt::Display for TargetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A server among all of a cluster's. Two servers of one name in two namespaces, or of two kinds, are two servers
/// (OP-SCOPE).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerId {
    /// `metadata.namespace`.
    pub namespace: String,
    /// What kind of resource it is.
    pub kind: TargetKind,
    /// `metadata.name`.
    pub name: String,
}

impl fmt::Display for ServerId {
    /// `engineering/MCPServer/github`: also the id of its Cedar entity. Kubernetes names hold no slash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.namespace, self.kind, self.name)
    }
}

/// What a server says of one of its tools (MCP 2025-11-25, `ToolAnnotations`). `None`: it says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hints {
    /// `readOnlyHint`.
    pub read_only: Option<bool>,
    /// `destructiveHint`.
    pub destructive: Option<bool>,
    /// `idempotentHint`.
    pub idempotent: Option<bool>,
    /// `openWorldHint`.
    pub open_world: Option<bool>,
}

/// Who asks: the subject of a verified token with what its claims say, already read by CLAIM-SHAPE.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Principal {
    /// `iss`.
    pub issuer: String,
    /// `sub`. A principal is keyed by both (TOK-SUB).
    pub subject: String,
    /// The values of the groups claim.
    pub groups: BTreeSet<String>,
    /// The values of the roles claim. A group is never taken for a role of the same name.
    pub roles: BTreeSet<String>,
}

/// What is asked of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request<'r> {
    /// See that tools exist.
    ListTools,
    /// Call one.
    CallTool {
        /// Its name.
        tool: &'r str,
        /// What the server's own list said of it; [`Hints::default`] before any was seen (MCP-HINT-COLD).
        hints: Hints,
    },
    /// See that prompts exist.
    ListPrompts,
    /// Get one, by name.
    GetPrompt(&'r str),
    /// See that resources exist.
    ListResources,
    /// Read one, by its exact URI.
    ReadResource(&'r str),
}

impl Request<'_> {
    /// The action that this asks for.
    #[must_use]
    pub const fn action(&self) -> Action {
        match self {
            Self::ListTools => Action::ListTools,
            Self::CallTool { .. } => Action::CallTool,
            Self::ListPrompts => Action::ListPrompts,
            Self::GetPrompt(_) => Action::GetPrompt,
            Self::ListResources => Action::ListResources,
            Self::ReadResource(_) => Action::ReadResource,
        }
    }
}
