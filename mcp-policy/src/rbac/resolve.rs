//! Where names lead: roles, who holds them, servers, and whose tokens those take.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

use super::{
    Through,
    status::{Cause, Code},
};
use crate::{
    manifest::{Condition, Manifests, OidcConfig, Place, Policy, Role, RoleBinding, Server, Unreadable, Written},
    rule::{Rule, Rules},
    vocabulary::{Action, ServerId, TargetKind},
};

/// The roles that the platform brings along. Both have every action: a binding narrows `reader` by a hint filter.
const BUILT_IN: [&str; 2] = ["reader", "writer"];

/// How many wrong names get advice, which takes a walk over all the right ones. Nobody reads more.
const SUGGESTIONS: usize = 50;

/// Everything that can be referred to, by what refers to it.
pub(super) struct Index<'m> {
    roles: BTreeMap<&'m str, Vec<&'m Role>>,
    bindings: BTreeMap<(Option<&'m str>, &'m str), usize>,
    holders: BTreeMap<&'m str, BTreeMap<Option<&'m str>, Vec<Holder<'m>>>>,
    servers: BTreeMap<&'m ServerId, Vec<&'m Server>>,
    oidc_configs: BTreeMap<(&'m str, &'m str), Vec<&'m OidcConfig>>,
    policies: BTreeMap<(&'m str, &'m str), usize>,
    unreadable: BTreeMap<(Option<&'m str>, Option<(TargetKind, &'m str)>), &'m Unreadable>,
    suggestions: Cell<usize>,
    rules: Rules,
}

/// One binding of a role binding.
pub(super) struct Holder<'m> {
    binding: &'m RoleBinding,
    index: usize,
    place: Place,
    /// Who gets the role.
    pub(super) from: &'m [Condition],
}

impl Holder<'_> {
    pub(super) fn through(&self) -> Through {
        Through {
            namespace: self.binding.namespace.clone(),
            name: self.binding.name.value.clone(),
            index: self.index,
            place: self.place,
        }
    }
}

impl<'m> Index<'m> {
    pub(super) fn new(manifests: &'m Manifests, rules: Rules) -> Self {
        let mut index = Self {
            roles: BTreeMap::new(),
            bindings: BTreeMap::new(),
            holders: BTreeMap::new(),
            servers: BTreeMap::new(),
            oidc_configs: BTreeMap::new(),
            policies: BTreeMap::new(),
            unreadable: BTreeMap::new(),
            suggestions: Cell::new(SUGGESTIONS),
            rules,
        };
        for role in &manifests.roles {
            index.roles.entry(&role.name.value).or_default().push(role);
        }
        for binding in &manifests.role_bindings {
            *index.bindings.entry((binding.namespace.as_deref(), &binding.name.value)).or_default() += 1;
        }
        for server in &manifests.servers {
            index.servers.entry(&server.id.value).or_default().push(server);
        }
        for config in &manifests.oidc_configs {
            index.oidc_configs.entry((&config.namespace, &config.name.value)).or_default().push(config);
        }
        for policy in &manifests.policies {
            *index.policies.entry((&policy.namespace, &policy.name.value)).or_default() += 1;
        }
        for unreadable in &manifests.unreadable {
            let target = unreadable.target.as_ref().map(|(kind, name)| (*kind, name.as_str()));
            index.unreadable.entry((unreadable.namespace.as_deref(), target)).or_insert(unreadable);
        }
        for binding in &manifests.role_bindings {
            // Of two that have one name nobody knows which counts: neither does.
            if index.bindings.get(&(binding.namespace.as_deref(), &binding.name.value)) != Some(&1) {
                continue;
            }
            for (at, one) in binding.bindings.iter().enumerate() {
                let holder = Holder { binding, index: at, place: one.place, from: &one.from };
                let of_role = index.holders.entry(&one.role.value).or_default();
                of_role.entry(binding.namespace.as_deref()).or_default().push(holder);
            }
        }
        index
    }

    /// The targets: every server, and whatever a policy is attached to, with the indices of its policies.
    pub(super) fn targets(&self, manifests: &'m Manifests) -> BTreeMap<&'m ServerId, Vec<usize>> {
        let mut targets: BTreeMap<&ServerId, Vec<usize>> =
            self.servers.keys().map(|id| (*id, Vec::new())).collect();
        for (at, policy) in manifests.policies.iter().enumerate() {
            targets.entry(&policy.target.value).or_default().push(at);
        }
        if !self.rules.hold(Rule::OpScope) {
            for (at, policy) in manifests.policies.iter().enumerate() {
                let target = &policy.target.value;
                let same = |id: &ServerId| id != target && id.kind == target.kind && id.name == target.name;
                targets.iter_mut().filter(|(id, _)| same(id)).for_each(|(_, policies)| policies.push(at));
            }
        }
        targets
    }

    /// The actions of a role, or why there are none.
    pub(super) fn role(&self, name: &Written<String>) -> Result<BTreeSet<Action>, Cause> {
        let roles = self.roles.get(name.value.as_str()).map_or(&[][..], Vec::as_slice);
        match roles {
            [] if BUILT_IN.contains(&name.value.as_str()) => Ok(Action::ALL.into()),
            [] => {
                let message = format!("no ClusterPlatformRole is named `{}`", name.value);
                let known = self.roles.keys().copied().chain(BUILT_IN);
                Err(Cause::at(Code::RoleNotFound, name.place, message).help(self.closest(&name.value, known)))
            }
            [role] if self.role_trouble(role).is_empty() => Ok(role.actions.clone()),
            [role, ..] => {
                let why = self.role_trouble(role).into_iter().next().map_or_else(String::new, |cause| cause.message);
                Err(Cause::at(Code::RoleConflict, name.place, format!("the role cannot be used: {why}")))
            }
        }
    }

    /// Who has a role in a namespace: by every cluster binding, and by the namespace's own (OP-UNION).
    pub(super) fn holders(&self, role: &str, namespace: &str) -> Vec<&Holder<'m>> {
        let Some(of_role) = self.holders.get(role) else { return Vec::new() };
        if !self.rules.hold(Rule::OpUnion) {
            return of_role.values().flatten().collect();
        }
        let of = |scope: Option<&str>| of_role.get(&scope).into_iter().flatten();
        of(None).chain(of(Some(namespace))).collect()
    }

    /// What is wrong with a role.
    pub(super) fn role_trouble(&self, role: &Role) -> Vec<Cause> {
        let name = role.name.value.as_str();
        let mut causes = Vec::new();
        if self.roles.get(name).is_some_and(|roles| roles.len() > 1) {
            causes.push(duplicate("ClusterPlatformRole", None, &role.name));
        }
        if BUILT_IN.contains(&name) && role.actions.len() < Action::ALL.len() {
            let message = format!("`{name}` is a built-in role with every action, and this one is different");
            causes.push(
                Cause::at(Code::RoleConflict, role.name.place, message).help("give it another name".to_owned()),
            );
        }
        causes
    }

    /// What is wrong with a role binding.
    pub(super) fn binding_trouble(&self, binding: &RoleBinding) -> Vec<Cause> {
        let namespace = binding.namespace.as_deref();
        let mut causes = Vec::new();
        if self.bindings.get(&(namespace, &binding.name.value)).is_some_and(|count| *count > 1) {
            let kind = if namespace.is_none() { "ClusterPlatformRoleBinding" } else { "PlatformRoleBinding" };
            causes.push(duplicate(kind, namespace, &binding.name));
        }
        causes.extend(binding.bindings.iter().filter_map(|one| self.role(&one.role).err()));
        causes
    }

    /// What is wrong with a policy, its roles apart.
    pub(super) fn policy_trouble(&self, policy: &Policy) -> Vec<Cause> {
        let (target, place) = (&policy.target.value, policy.target.place);
        let mut causes = Vec::new();
        if self.policies.get(&(&policy.namespace, &policy.name.value)).is_some_and(|count| *count > 1) {
            causes.push(duplicate("ToolhiveAuthorizationPolicy", Some(&policy.namespace), &policy.name));
        }
        if target.namespace != policy.namespace {
            let message = format!("a policy of `{}` cannot apply in `{}`", policy.namespace, target.namespace);
            causes.push(Cause::at(Code::TargetOutsideNamespace, place, message));
        } else if !self.servers.contains_key(target) {
            let message = format!("no {} is named `{}` in namespace `{}`", target.kind, target.name, target.namespace);
            causes.push(Cause::at(Code::TargetNotFound, place, message).help(self.instead_of(target)));
        }
        causes
    }

    fn closest<'a>(&self, name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
        self.suggest()?;
        spanned_yaml::closest(name, known).map(|name| format!("did you mean `{name}`?"))
    }

    fn suggest(&self) -> Option<()> {
        let left = self.suggestions.get().checked_sub(1)?;
        self.suggestions.set(left);
        Some(())
    }

    fn instead_of(&self, target: &ServerId) -> Option<String> {
        self.suggest()?;
        let named = |id: &&&ServerId| id.name == target.name;
        if let Some(other) = self.servers.keys().filter(named).find(|id| id.namespace == target.namespace) {
            return Some(format!("there is an {} of that name: say so in `kind`", other.kind));
        }
        if let Some(other) = self.servers.keys().find(named) {
            let namespace = &other.namespace;
            return Some(format!("there is one in `{namespace}`: a policy applies in its own namespace only"));
        }
        let here = self.servers.keys().filter(|id| id.namespace == target.namespace && id.kind == target.kind);
        self.closest(&target.name, here.map(|id| id.name.as_str()))
    }

    /// What is wrong with a target, its policies apart: an unreadable one among them, and whose tokens it takes.
    pub(super) fn target_trouble(&self, id: &ServerId) -> Vec<Cause> {
        let mut causes = Vec::new();
        let (namespace, target) = (Some(id.namespace.as_str()), Some((id.kind, id.name.as_str())));
        for about in [(None, None), (None, target), (namespace, None), (namespace, target)] {
            if let Some(unreadable) = self.unreadable.get(&about) {
                let message = "a policy that may concern this server could not be read".to_owned();
                causes.push(Cause::at(Code::PolicyUnreadable, unreadable.place, message));
            }
        }
        for server in self.servers.get(id).into_iter().flatten() {
            causes.extend(self.server_trouble(server));
        }
        causes
    }

    fn server_trouble(&self, server: &Server) -> Vec<Cause> {
        let ServerId { namespace, kind, name } = &server.id.value;
        let mut causes = Vec::new();
        if self.servers.get(&server.id.value).is_some_and(|servers| servers.len() > 1) {
            let written = Written { value: name.clone(), place: server.id.place };
            causes.push(duplicate(kind.name(), Some(namespace), &written));
        }
        let Some(oidc) = &server.oidc else {
            let message = format!("`{name}` does not say whose tokens it takes");
            let help = "`oidcConfigRef` with the name of an MCPOIDCConfig and an audience: without it nobody gets in";
            causes.push(
                Cause::at(Code::OidcConfigMissing, server.id.place, message).help(help.to_owned()),
            );
            return causes;
        };
        if oidc.audience.trim().is_empty() {
            let message = format!("`{name}` does not say for which audience its tokens must be");
            causes.push(Cause::at(Code::AudienceEmpty, oidc.name.place, message));
        }
        match self.oidc_configs.get(&(namespace.as_str(), oidc.name.value.as_str())).map(Vec::len) {
            Some(1) => {}
            Some(_) => causes.push(duplicate("MCPOIDCConfig", Some(namespace), &oidc.name)),
            None => {
                let message = format!("no MCPOIDCConfig is named `{}` in namespace `{namespace}`", oidc.name.value);
                let same = |_: ()| self.oidc_configs.keys().find(|(_, name)| *name == oidc.name.value);
                let elsewhere = self.suggest().and_then(same);
                let help = elsewhere.map_or_else(
                    || {
                        let here = self.oidc_configs.keys().filter(|(there, _)| there == namespace);
                        self.closest(&oidc.name.value, here.map(|(_, name)| *name))
                    },
                    |(other, _)| Some(format!("there is one in `{other}`: a server refers to its own namespace only")),
                );
                causes.push(Cause::at(Code::OidcConfigNotFound, oidc.name.place, message).help(help));
            }
        }
        causes
    }
}

fn duplicate(kind: &str, namespace: Option<&str>, name: &Written<String>) -> Cause {
    let within = namespace.map_or_else(String::new, |namespace| format!(" in namespace `{namespace}`"));
    let message = format!("more than one {kind} is named `{}`{within}", name.value);
    Cause::at(Code::DuplicateName, name.place, message)
        .help("which of them counts would depend on the order in which they are applied: none does".to_owned())
}
