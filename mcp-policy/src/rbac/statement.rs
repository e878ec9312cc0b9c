//! The intermediate form: what may be done, by whom, on what, and where somebody wrote so.

use std::{collections::BTreeSet, fmt, sync::Arc};

use crate::{
    manifest::{HintFilter, Place},
    vocabulary::Action,
};

/// One grant or one deny; one Cedar policy.
///
/// A binding of a policy becomes one statement, or several where its parts have different conditions: the names of
/// `ruleRestrictions` and the hints each gate one action only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// `engineering/github-access/bindings[0]/call_tool`: unique on a target.
    pub id: String,
    /// Grant or deny.
    pub effect: Effect,
    /// Where it comes from.
    pub origin: Arc<Origin>,
    /// Whom it concerns.
    pub who: Arc<Who>,
    /// The actions, never empty.
    pub actions: BTreeSet<Action>,
    /// The things by name that it is limited to. `None`: whatever the server has.
    pub names: Option<(Offered, BTreeSet<String>)>,
    /// Hints that a tool must have. Of a grant of `call_tool` only.
    pub hints: HintFilter,
}

/// `permit` or `forbid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// A binding.
    Grant,
    /// A rule of `deny`.
    Deny,
}

/// What a server offers, each with the action that lists it and the one that uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Offered {
    /// Tools, by name.
    Tool,
    /// Prompts, by name.
    Prompt,
    /// Resources, by URI.
    Resource,
}

/// The part of a resource that a statement comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The policy's namespace.
    pub namespace: String,
    /// The policy's name.
    pub policy: String,
    /// `bindings` or `deny`.
    pub section: &'static str,
    /// The index there, from 0.
    pub index: usize,
    /// Of a binding: its role.
    pub role: Option<String>,
    /// Of a binding: through which role bindings somebody has that role, sorted.
    pub through: Vec<Through>,
    /// Where the binding or the rule stands.
    pub place: Place,
}

/// One binding of a role binding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Through {
    /// Of a `PlatformRoleBinding`. `None`: a `ClusterPlatformRoleBinding`.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// The index in its `bindings`, from 0.
    pub index: usize,
    /// Where it stands.
    pub place: Place,
}

/// The principals of a statement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Everybody: a deny.
    Everyone,
    /// Whoever matches one of `held`, and one of `narrowed` if that is there.
    Holders {
        /// Who has the role: or-ed, never empty.
        held: Vec<Clause>,
        /// The binding's own `from`: or-ed.
        narrowed: Option<Vec<Clause>>,
    },
}

/// A condition: its two lists are and-ed, an empty one asks for nothing. One of them is not empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clause {
    /// Groups, sorted.
    pub groups: BTreeSet<String>,
    /// Roles, sorted.
    pub roles: BTreeSet<String>,
}

/// A binding that grants nothing to anybody. It is legal, and probably not meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idle {
    /// The binding.
    pub origin: Arc<Origin>,
    /// Why.
    pub why: WhyIdle,
    /// What it would grant if somebody held its role; nothing where that would not help.
    pub would: Vec<Statement>,
}

/// Why a binding grants nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyIdle {
    /// No role binding gives its role to anybody.
    NobodyHolds,
    /// Its role has no action of an MCP server.
    NoActions,
    /// Its restrictions leave nothing: they name nothing, or nothing that the role speaks of.
    NothingNamed,
}

impl Effect {
    /// The same in Cedar's words.
    #[must_use]
    pub const fn cedar(self) -> cedar_policy::Effect {
        match self {
            Self::Grant => cedar_policy::Effect::Permit,
            Self::Deny => cedar_policy::Effect::Forbid,
        }
    }
}

impl Offered {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Tool, Self::Prompt, Self::Resource];

    /// The action that shows them.
    #[must_use]
    pub const fn list(self) -> Action {
        match self {
            Self::Tool => Action::ListTools,
            Self::Prompt => Action::ListPrompts,
            Self::Resource => Action::ListResources,
        }
    }

    /// The action that uses one.
    #[must_use]
    pub const fn access(self) -> Action {
        match self {
            Self::Tool => Action::CallTool,
            Self::Prompt => Action::GetPrompt,
            Self::Resource => Action::ReadResource,
        }
    }

    /// What an action is about.
    #[must_use]
    pub const fn of(action: Action) -> Self {
        match action {
            Action::ListTools | Action::CallTool => Self::Tool,
            Action::ListPrompts | Action::GetPrompt => Self::Prompt,
            Action::ListResources | Action::ReadResource => Self::Resource,
        }
    }

    /// The Cedar entity type.
    #[must_use]
    pub const fn entity_type(self) -> &'static str {
        match self {
            Self::Tool => "Tool",
            Self::Prompt => "Prompt",
            Self::Resource => "Resource",
        }
    }

    /// The field of a manifest that names them.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::Tool => "tools",
            Self::Prompt => "prompts",
            Self::Resource => "resources",
        }
    }

    /// The attribute by which Cedar knows one.
    #[must_use]
    pub const fn attribute(self) -> &'static str {
        match self {
            Self::Tool | Self::Prompt => "name",
            Self::Resource => "uri",
        }
    }
}

impl Origin {
    /// The id that statements of this origin begin with. Namespaces and names of Kubernetes hold no slash.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}/{}[{}]", self.namespace, self.policy, self.section, self.index)
    }
}

/// `ToolhiveAuthorizationPolicy engineering/github-access, bindings[0]`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { namespace, policy, section, index, .. } = self;
        write!(f, "ToolhiveAuthorizationPolicy {namespace}/{policy}, {section}[{index}]")
    }
}

/// `PlatformRoleBinding engineering/oncall, bindings[0]`.
impl fmt::Display for Through {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, index, .. } = self;
        match &self.namespace {
            None => write!(f, "ClusterPlatformRoleBinding {name}, bindings[{index}]"),
            Some(namespace) => write!(f, "PlatformRoleBinding {namespace}/{name}, bindings[{index}]"),
        }
    }
}

impl fmt::Display for WhyIdle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NobodyHolds => "nobody holds the role",
            Self::NoActions => "the role has no action of an MCP server",
            Self::NothingNamed => "its restrictions name nothing that the role has an action for",
        })
    }
}
