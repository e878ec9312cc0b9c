//! What a document is: its `apiVersion` and `kind`, and what was probably meant where they are wrong.

use spanned_yaml::{Entry, Node, closest};

use super::{
    merge,
    walk::{Size, Walk},
};
use crate::vocabulary::TargetKind;

/// The kinds that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Role,
    ClusterRoleBinding,
    RoleBinding,
    Policy,
    OidcConfig,
    Server(TargetKind),
    ConfigMap,
}

/// What a document turns out to be.
pub(super) enum Identity<'n> {
    /// One that is read.
    Ours(Kind),
    /// A list of resources, and where its word for itself stands.
    List(&'n Entry),
    /// Someone else's.
    Foreign(&'n str),
    /// A mistake, told; and the kind that was meant, if that can be guessed.
    Mistaken(Option<Kind>),
}

const PLATFORM: &str = "platform.enterprise.stacklok.com";
pub(super) const ENTERPRISE: &str = "toolhive.enterprise.stacklok.com";
pub(super) const TOOLHIVE: &str = "toolhive.stacklok.dev";
const GROUPS: [&str; 3] = [PLATFORM, ENTERPRISE, TOOLHIVE];

/// Further kinds of the open-source group: none of them is a slip for one that is read.
const OTHERS: [&str; 12] = [
    "EmbeddingServer",
    "MCPAuthzConfig",
    "MCPExternalAuthConfig",
    "MCPGroup",
    "MCPRegistry",
    "MCPRemoteEndpoint",
    "MCPServerEntry",
    "MCPTelemetryConfig",
    "MCPToolConfig",
    "MCPWebhookConfig",
    "VirtualMCPCompositeToolDefinition",
    "VirtualMCPServer",
];

impl Kind {
    /// The kinds with a schema of their own.
    const RESOURCES: [Self; 7] = [
        Self::Role,
        Self::ClusterRoleBinding,
        Self::RoleBinding,
        Self::Policy,
        Self::OidcConfig,
        Self::Server(TargetKind::McpServer),
        Self::Server(TargetKind::McpRemoteProxy),
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Role => "ClusterPlatformRole",
            Self::ClusterRoleBinding => "ClusterPlatformRoleBinding",
            Self::RoleBinding => "PlatformRoleBinding",
            Self::Policy => "ToolhiveAuthorizationPolicy",
            Self::OidcConfig => "MCPOIDCConfig",
            Self::Server(kind) => kind.name(),
            Self::ConfigMap => "ConfigMap",
        }
    }

    /// The name with its article.
    pub(super) const fn called(self) -> &'static str {
        match self {
            Self::Role => "a ClusterPlatformRole",
            Self::ClusterRoleBinding => "a ClusterPlatformRoleBinding",
            Self::RoleBinding => "a PlatformRoleBinding",
            Self::Policy => "a ToolhiveAuthorizationPolicy",
            Self::OidcConfig => "an MCPOIDCConfig",
            Self::Server(TargetKind::McpServer) => "an MCPServer",
            Self::Server(TargetKind::McpRemoteProxy) => "an MCPRemoteProxy",
            Self::ConfigMap => "a ConfigMap",
        }
    }

    const fn group(self) -> &'static str {
        match self {
            Self::Role | Self::ClusterRoleBinding | Self::RoleBinding => PLATFORM,
            Self::Policy => ENTERPRISE,
            Self::OidcConfig | Self::Server(_) => TOOLHIVE,
            Self::ConfigMap => "",
        }
    }

    const fn api_version(self) -> &'static str {
        match self {
            Self::Role | Self::ClusterRoleBinding | Self::RoleBinding => {
                "platform.enterprise.stacklok.com/v1alpha1"
            }
            Self::Policy => "toolhive.enterprise.stacklok.com/v1alpha1",
            Self::OidcConfig | Self::Server(_) => "toolhive.stacklok.dev/v1beta1",
            Self::ConfigMap => "v1",
        }
    }

    pub(super) const fn is_namespaced(self) -> bool {
        !matches!(self, Self::Role | Self::ClusterRoleBinding)
    }

    /// The four kinds of the platform. Elsewhere a kind of that name means something else.
    pub(super) const fn is_platform(self) -> bool {
        matches!(self, Self::Role | Self::ClusterRoleBinding | Self::RoleBinding | Self::Policy)
    }

    fn by_name(name: &str) -> Option<Self> {
        Self::RESOURCES.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind whose name is nearest, among those of a group or of all.
    fn near(name: &str, group: Option<&str>) -> Option<Self> {
        let kinds =
            Self::RESOURCES.into_iter().filter(|kind| group.is_none_or(|group| kind.group() == group));
        closest(name, kinds.map(Self::name).chain(OTHERS)).and_then(Self::by_name)
    }
}

/// What a document is. Mistakes are told.
pub(super) fn identify<'n>(node: &'n Node, walk: &mut Walk<'_>) -> Identity<'n> {
    let Some(entries) = node.as_mapping() else {
        walk.expected(node, "a resource, a map");
        return Identity::Mistaken(None);
    };
    let lacks = |key| node.get(key).is_none_or(Node::is_null);
    let is_list = || node.get("kind").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("List"));
    if merge::is_in(node) && (lacks("kind") || lacks("apiVersion") || (lacks("items") && is_list())) {
        merge::refuse_here(node, walk);
        return Identity::Mistaken(None);
    }
    let kind = text("kind", node, entries, walk);
    let version = text("apiVersion", node, entries, walk);
    let (Some((kind, kind_node)), Some((version, version_node))) = (kind, version) else {
        return Identity::Mistaken(kind.and_then(|(kind, _)| Kind::by_name(kind)));
    };
    // A core resource has a version alone.
    let (group, _) = version.split_once('/').unwrap_or(("", version));
    if kind == "List" && group.is_empty() {
        return list(node).map_or(Identity::Foreign(kind), Identity::List);
    }
    if kind == "ConfigMap" && version == "v1" {
        return Identity::Ours(Kind::ConfigMap);
    }
    let ours = GROUPS.contains(&group);
    if let Some(kind) = Kind::by_name(kind) {
        if kind.api_version() == version {
            return Identity::Ours(kind);
        }
        // Others have a kind `MCPServer` too; a policy has one meaning only.
        if !ours && !kind.is_platform() && !is_near(group, kind.group()) {
            return Identity::Foreign(kind.name());
        }
        let known = kind.api_version();
        walk.error(version_node.span, format!("{} of `{version}` is not known", kind.called()))
            .help(format!("it is known as `apiVersion: {known}`"));
        return Identity::Mistaken(Some(kind));
    }
    // What the API server itself answers to a request for a list.
    if let Some(entry) = kind.strip_suffix("List").and_then(Kind::by_name).and_then(|_| list(node)) {
        return Identity::List(entry);
    }
    let meant = if ours { Kind::near(kind, Some(group)) } else { None };
    if let Some(meant) = meant.or_else(|| Kind::near(kind, None).filter(|_| is_near_ours(group))) {
        walk.error(kind_node.span, format!("`{group}` has no kind `{kind}`")).help(format!(
            "did you mean `{}` of `{}`?",
            meant.name(),
            meant.api_version()
        ));
        return Identity::Mistaken(Some(meant));
    }
    // The open-source group has more kinds than are read here.
    if group == PLATFORM || group == ENTERPRISE {
        let known: Vec<_> = Kind::RESOURCES
            .into_iter()
            .filter(|kind| kind.group() == group)
            .map(|kind| format!("`{}`", kind.name()))
            .collect();
        walk.error(kind_node.span, format!("`{group}` has no kind `{kind}`"))
            .help(format!("it has {}", known.join(", ")));
        return Identity::Mistaken(None);
    }
    Identity::Foreign(kind)
}

/// A group that was probably meant to be one of those known here.
pub(super) fn is_near_ours(group: &str) -> bool {
    GROUPS.iter().any(|ours| is_near(group, ours))
}

/// The parts of a domain agree, slips aside, and whatever it ends in.
fn is_near(group: &str, ours: &str) -> bool {
    let (Some((group, _)), Some((ours, _))) = (group.rsplit_once('.'), ours.rsplit_once('.')) else {
        return false;
    };
    let (group, ours): (Vec<_>, Vec<_>) = (group.split('.').collect(), ours.split('.').collect());
    group.len() == ours.len() && group.iter().zip(ours).all(|(part, ours)| closest(part, [ours]).is_some())
}

fn text<'n>(
    key: &str,
    node: &'n Node,
    entries: &'n [Entry],
    walk: &mut Walk<'_>,
) -> Option<(&'n str, &'n Node)> {
    let Some(value) = node.get(key).filter(|value| !value.is_null()) else {
        let span = entries.iter().find(|entry| entry.key == key).or(entries.first());
        walk.error(span.map_or(node.span, |entry| entry.key_span), format!("a resource needs `{key}`"))
            .help("is this file a Kubernetes manifest?");
        return None;
    };
    walk.string(value, &format!("`{key}`"), Size::ANY).map(|text| (text, value))
}

fn list(node: &Node) -> Option<&Entry> {
    node.as_mapping()?.iter().find(|entry| entry.key == "items")
}
