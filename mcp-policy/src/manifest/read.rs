//! From files to resources, every mistake of all of them at once.
//!
//! What holds an error is left out and remembered where that could open something: a policy, a server, a role
//! ([`Manifests::unreadable`], [`Manifests::unreadable_roles`]). Of a file that is not YAML nothing is known, so it
//! may have held a policy for any server.

mod built_in;
mod claims;
mod fields;
mod identity;
mod merge;
mod metadata;
mod policy;
mod role;
mod role_binding;
mod scalar;
mod server;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use spanned_yaml::{Limits, Node, Severity, Source, parse_documents};

use self::{
    fields::Fields,
    identity::{Identity, Kind, identify},
    metadata::Metadata,
    walk::Walk,
};
use super::{
    Binding, Findings, Manifests, OidcConfig, OidcConfigRef, Place, Policy, Role, RoleBinding, Server,
    Unreadable, Written,
};
use crate::vocabulary::{ServerId, TargetKind};

/// Hostile files end here: 5,000,000 values, 200,000 documents. How large a file may be is the caller's to say.
const LIMITS: Limits = Limits { depth: 64, nodes: 5_000_000, documents: 200_000, duplicates: 100 };

/// Reads the custom resources in some files. The built-in roles are added as one more source, the last.
#[must_use]
pub fn read(mut sources: Vec<Source>) -> (Manifests, Findings) {
    let written = sources.len();
    sources.push(built_in::source());
    let mut findings = Findings::new(&sources);
    let mut reader = Reader {
        manifests: Manifests { sources, ..Manifests::default() },
        kept: BTreeMap::new(),
        twice: BTreeSet::new(),
    };
    for source in 0..written {
        reader.read_source(source, &mut findings);
    }
    reader.drop_what_stands_twice();
    let Reader { mut manifests, .. } = reader;
    built_in::add(&mut manifests, &mut findings);
    (manifests, findings)
}

/// Under what a cluster keeps a resource: one of a kind, a namespace and a name.
type Key = (Kind, Option<String>, String);

/// What a resource says, without its name.
enum Spec {
    Role(role::Actions),
    RoleBinding(Vec<Binding>),
    Policy(policy::Spec),
    /// The issuer; `None`: tokens of the cluster's own accounts.
    OidcConfig(Option<String>),
    Server(TargetKind, Option<OidcConfigRef>),
    Nothing,
}

struct Reader {
    manifests: Manifests,
    kept: BTreeMap<Key, Place>,
    /// Which of two is meant cannot be known.
    twice: BTreeSet<Key>,
}

impl Reader {
    fn read_source(&mut self, source: usize, findings: &mut Findings) {
        let found = findings.of(source);
        let documents = parse_documents(found, LIMITS);
        let broken = found.iter().find(|found| found.severity == Severity::Error).map(|found| found.span);
        if let Some(span) = broken {
            self.unreadable(Place { source, span }, None, None);
        }
        let mut walk = Walk::new(found, source);
        for document in &documents {
            self.read_document(document, &mut walk);
        }
    }

    fn read_document(&mut self, node: &Node, walk: &mut Walk<'_>) {
        walk.enter("");
        match identify(node, walk) {
            Identity::Ours(Kind::ConfigMap) if !claims::is_meant(node) => self.skip("ConfigMap"),
            Identity::Ours(kind) => self.read_resource(node, kind, walk),
            Identity::Foreign(kind) => self.skip(kind),
            Identity::Mistaken(kind) => self.doubt(node, kind, walk),
            Identity::List(entry) if entry.value.is_null() => {}
            Identity::List(entry) => {
                if entry.value.as_sequence().is_none() {
                    walk.expected(&entry.value, "`items`, a list");
                    self.doubt(node, None, walk);
                }
                for item in entry.value.as_sequence().unwrap_or_default() {
                    self.read_document(item, walk);
                }
            }
        }
    }

    fn read_resource(&mut self, node: &Node, kind: Kind, walk: &mut Walk<'_>) {
        let name = node.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Node::as_str);
        match name.filter(|name| name.len() <= 253) {
            Some(name) => walk.enter(format!("{} `{name}`", kind.name())),
            None => walk.enter(kind.called()),
        }
        let errors = walk.errors;
        let merged = merge::refuse_where_read(node, kind, walk);
        let unnamed = merge::is_in(node) || node.get("metadata").is_some_and(merge::is_in);
        let metadata = if unnamed { None } else { metadata::read(node, kind, walk) };
        if let Some(metadata) = &metadata {
            self.enter(kind, metadata, walk);
        }
        let namespace = metadata.as_ref().and_then(|metadata| metadata.namespace.as_deref());
        let read = if merged {
            Spec::Nothing
        } else {
            self.read_spec(node, kind, namespace.unwrap_or_default(), walk)
        };
        match metadata {
            Some(metadata) if walk.errors == errors => self.add(metadata, read),
            _ => self.doubt(node, Some(kind), walk),
        }
    }

    /// From here on findings are about this resource, of which there is only one.
    fn enter(&mut self, kind: Kind, metadata: &Metadata, walk: &mut Walk<'_>) {
        let shown = match &metadata.namespace {
            Some(namespace) => format!("{} `{namespace}/{}`", kind.name(), metadata.name.value),
            None => format!("{} `{}`", kind.name(), metadata.name.value),
        };
        walk.enter(&shown);
        let key = (kind, metadata.namespace.clone(), metadata.name.value.clone());
        if let Some(first) = self.kept.get(&key) {
            walk.error(metadata.name.place.span, format!("a second {shown}"))
                .help(format!("the first is in {}: a cluster keeps only one", self.manifests.shown(*first)));
            self.twice.insert(key);
        } else {
            self.kept.insert(key, metadata.name.place);
        }
    }

    fn read_spec(&mut self, node: &Node, kind: Kind, namespace: &str, walk: &mut Walk<'_>) -> Spec {
        if kind == Kind::ConfigMap {
            claims::read(node, &mut self.manifests.claim_names, walk);
            return Spec::Nothing;
        }
        let Some(mut resource) = Fields::new(node, kind.called(), walk) else { return Spec::Nothing };
        for key in ["apiVersion", "kind", "metadata", "spec", "status"] {
            resource.entry(key);
        }
        let spec = match kind {
            Kind::Server(_) => resource.optional("spec"),
            _ => resource.required("spec"),
        };
        if kind.is_platform() {
            resource.advice = "; what belongs into `spec` is indented below it";
            resource.finish(walk);
        } else {
            resource.ignore_others(walk);
        }
        match (kind, spec) {
            (Kind::Server(kind), spec) => Spec::Server(kind, server::read(spec, node.span, walk)),
            (Kind::Role, Some(spec)) => Spec::Role(role::read(spec, walk)),
            (Kind::ClusterRoleBinding | Kind::RoleBinding, Some(spec)) => {
                Spec::RoleBinding(role_binding::read(spec, walk))
            }
            (Kind::Policy, Some(spec)) => {
                policy::read(spec, namespace, walk).map_or(Spec::Nothing, Spec::Policy)
            }
            (Kind::OidcConfig, Some(spec)) => Spec::OidcConfig(server::issuer(spec, walk)),
            (Kind::ConfigMap, _) | (_, None) => Spec::Nothing,
        }
    }

    fn add(&mut self, Metadata { name, namespace }: Metadata, spec: Spec) {
        let manifests = &mut self.manifests;
        match (spec, namespace) {
            (Spec::Role(role::Actions { ours: actions, foreign }), _) => {
                manifests.roles.push(Role { name, actions, foreign });
            }
            (Spec::RoleBinding(bindings), namespace) => {
                manifests.role_bindings.push(RoleBinding { name, namespace, bindings });
            }
            (Spec::Policy(policy::Spec { target, bindings, deny }), Some(namespace)) => {
                manifests.policies.push(Policy { name, namespace, target, bindings, deny });
            }
            (Spec::OidcConfig(Some(issuer)), Some(namespace)) => {
                manifests.oidc_configs.push(OidcConfig { name, namespace, issuer });
            }
            (Spec::OidcConfig(None), Some(namespace)) => {
                manifests.cluster_accounts.push((namespace, name.value));
            }
            (Spec::Server(kind, oidc), Some(namespace)) => {
                let value = ServerId { namespace, kind, name: name.value };
                manifests.servers.push(Server { id: Written { value, place: name.place }, oidc });
            }
            (Spec::Policy(_) | Spec::OidcConfig(_) | Spec::Server(..), None) | (Spec::Nothing, _) => {}
        }
    }

    fn skip(&mut self, kind: &str) {
        match self.manifests.skipped.get_mut(kind) {
            Some(number) => *number += 1,
            None => drop(self.manifests.skipped.insert(kind.to_owned(), 1)),
        }
    }

    /// Remembers what a resource that holds an error could have opened. A role binding and an `MCPOIDCConfig` open
    /// nothing by being absent.
    fn doubt(&mut self, node: &Node, kind: Option<Kind>, walk: &Walk<'_>) {
        let name = node.get("metadata").and_then(|metadata| metadata.get("name"));
        let name = name.and_then(|name| name.as_str().map(|text| walk.written(name, text)));
        let place = name.as_ref().map_or_else(|| walk.place(node.span), |name| name.place);
        match kind {
            Some(Kind::ClusterRoleBinding | Kind::RoleBinding | Kind::OidcConfig) => {}
            Some(Kind::Role) => self.manifests.unreadable_roles.extend(name),
            Some(Kind::ConfigMap) => self.unreadable(place, None, None),
            Some(Kind::Server(kind)) => {
                self.unreadable(place, metadata::namespace(node), name.map(|name| (kind, name.value)));
            }
            Some(Kind::Policy) | None => {
                self.unreadable(place, metadata::namespace(node), policy::target(node));
            }
        }
    }

    fn unreadable(&mut self, place: Place, namespace: Option<String>, target: Option<(TargetKind, String)>) {
        self.manifests.unreadable.push(Unreadable { place, namespace, target });
    }

    /// The second one was left out when it was read; the first one goes here.
    fn drop_what_stands_twice(&mut self) {
        let Self { manifests, twice, .. } = self;
        let is_twice = |kind, namespace: Option<&str>, name: &str| {
            !twice.is_empty() && twice.contains(&(kind, namespace.map(str::to_owned), name.to_owned()))
        };
        manifests.roles.retain(|role| !is_twice(Kind::Role, None, &role.name.value));
        manifests.role_bindings.retain(|binding| {
            let kind = if binding.namespace.is_some() { Kind::RoleBinding } else { Kind::ClusterRoleBinding };
            !is_twice(kind, binding.namespace.as_deref(), &binding.name.value)
        });
        manifests
            .oidc_configs
            .retain(|config| !is_twice(Kind::OidcConfig, Some(&config.namespace), &config.name.value));
        manifests.servers.retain(|Server { id, .. }| {
            !is_twice(Kind::Server(id.value.kind), Some(&id.value.namespace), &id.value.name)
        });
        let first = |policy: &mut Policy| is_twice(Kind::Policy, Some(&policy.namespace), &policy.name.value);
        for policy in manifests.policies.extract_if(.., first) {
            let ServerId { namespace, kind, name } = policy.target.value;
            let (place, namespace) = (policy.name.place, Some(namespace));
            manifests.unreadable.push(Unreadable { place, namespace, target: Some((kind, name)) });
        }
    }
}
