//! Where names lead: roles, who holds them, servers, and whose tokens those take.

use std::{
    borrow::Cow,
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

use super::{
    Through,
    status::{Cause, Code},
};
use crate::{
    manifest::{
        Condition, Manifests, OidcConfigRef, Place, Policy, Role, RoleBinding, Server, Unreadable, Written,
    },
    rule::{Rule, Rules},
    vocabulary::{Action, ServerId, TargetKind},
};

/// How many wrong names get advice, which takes a walk over all the right ones. Nobody reads more.
const SUGGESTIONS: usize = 50;

/// A namespace and a target in it; `None`: it may be any.
type About<'m> = (Option<&'m str>, Option<(TargetKind, &'m str)>);

/// Everything that can be referred to, by what refers to it. The reader has dropped what stands twice.
pub(super) struct Index<'m> {
    roles: BTreeMap<&'m str, &'m Role>,
    unreadable_roles: BTreeSet<&'m str>,
    holders: BTreeMap<&'m str, BTreeMap<Option<&'m str>, Vec<Holder<'m>>>>,
    servers: BTreeMap<&'m ServerId, &'m Server>,
    oidc_configs: BTreeSet<(&'m str, &'m str)>,
    cluster_accounts: BTreeSet<(&'m str, &'m str)>,
    unreadable: BTreeMap<About<'m>, &'m Unreadable>,
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
            roles: manifests.roles.iter().map(|role| (role.name.value.as_str(), role)).collect(),
            unreadable_roles: manifests.unreadable_roles.iter().map(|role| role.value.as_str()).collect(),
            holders: BTreeMap::new(),
            servers: manifests.servers.iter().map(|server| (&server.id.value, server)).collect(),
            oidc_configs: BTreeSet::new(),
            cluster_accounts: BTreeSet::new(),
            unreadable: BTreeMap::new(),
            suggestions: Cell::new(SUGGESTIONS),
            rules,
        };
        for config in &manifests.oidc_configs {
            index.oidc_configs.insert((&config.namespace, &config.name.value));
        }
        for (namespace, name) in &manifests.cluster_accounts {
            index.cluster_accounts.insert((namespace, name));
        }
        for unreadable in &manifests.unreadable {
            let target = unreadable.target.as_ref().map(|(kind, name)| (*kind, name.as_str()));
            index.unreadable.entry((unreadable.namespace.as_deref(), target)).or_insert(unreadable);
        }
        for binding in &manifests.role_bindings {
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
                let same = |id: &ServerId| id != target && id.name == target.name;
                targets.iter_mut().filter(|(id, _)| same(id)).for_each(|(_, policies)| policies.push(at));
            }
        }
        targets
    }

    /// The actions of a role, or why there are none.
    pub(super) fn role(&self, name: &Written<String>) -> Result<Cow<'m, BTreeSet<Action>>, Cause> {
        if let Some(role) = self.roles.get(name.value.as_str()) {
            return Ok(if self.rules.hold(Rule::OpVocabulary) {
                Cow::Borrowed(&role.actions)
            } else {
                Cow::Owned(role.actions.union(&role.foreign).copied().collect())
            });
        }
        let (code, message) = if self.unreadable_roles.contains(name.value.as_str()) {
            (Code::Unreadable, format!("the role `{}` could not be read", name.value))
        } else {
            (Code::RoleNotFound, format!("no ClusterPlatformRole is named `{}`", name.value))
        };
        let help = if code == Code::RoleNotFound {
            self.closest(&name.value, self.roles.keys().copied())
        } else {
            None
        };
        Err(Cause::at(code, name.place, message).help(help))
    }

    /// Who has a role in a namespace: by every cluster binding, and by the namespace's own (OP-UNION).
    pub(super) fn holders<'a>(&'a self, role: &'a str, namespace: &'a str) -> Vec<&'a Holder<'a>> {
        let Some(of_role) = self.holders.get(role) else { return Vec::new() };
        if !self.rules.hold(Rule::OpUnion) {
            return of_role.values().flatten().collect();
        }
        let everywhere = of_role.get(&None).into_iter().flatten();
        everywhere.chain(of_role.get(&Some(namespace)).into_iter().flatten()).collect()
    }

    /// What is wrong with a role binding.
    pub(super) fn binding_trouble(&self, binding: &RoleBinding) -> Vec<Cause> {
        binding.bindings.iter().filter_map(|one| self.role(&one.role).err()).collect()
    }

    /// What is wrong with a policy, its roles apart.
    pub(super) fn policy_trouble(&self, policy: &Policy) -> Vec<Cause> {
        let (target, place) = (&policy.target.value, policy.target.place);
        if target.namespace != policy.namespace {
            let message =
                format!("a policy of `{}` cannot apply in `{}`", policy.namespace, target.namespace);
            return vec![Cause::at(Code::TargetOutsideNamespace, place, message)];
        }
        // What could not be read may be the server, and was told.
        if self.servers.contains_key(target) || self.unreadable(target).next().is_some() {
            return Vec::new();
        }
        let ServerId { namespace, kind, name } = target;
        let message = format!("no {kind} is named `{name}` in namespace `{namespace}`");
        vec![Cause::at(Code::TargetNotFound, place, message).help(self.instead_of(target))]
    }

    /// What could not be read and may concern a server: a policy for it, or the server itself.
    fn unreadable(&self, id: &ServerId) -> impl Iterator<Item = &'m Unreadable> {
        let (namespace, target) = (Some(id.namespace.as_str()), Some((id.kind, id.name.as_str())));
        let about = [(None, None), (None, target), (namespace, None), (namespace, target)];
        about.into_iter().filter_map(|about| self.unreadable.get(&about).copied())
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
            return Some(format!(
                "there is one in `{namespace}`: a policy applies in its own namespace only"
            ));
        }
        let here =
            self.servers.keys().filter(|id| id.namespace == target.namespace && id.kind == target.kind);
        self.closest(&target.name, here.map(|id| id.name.as_str()))
    }

    /// What is wrong with a target, its policies apart: something unreadable, and whose tokens it takes.
    pub(super) fn target_trouble(&self, id: &ServerId) -> Vec<Cause> {
        let doubt = |unreadable: &Unreadable| {
            let message = "what could not be read may concern this server".to_owned();
            Cause::at(Code::Unreadable, unreadable.place, message)
        };
        let mut causes: Vec<_> = self.unreadable(id).map(doubt).collect();
        if let Some(server) = self.servers.get(id) {
            if let Some(oidc) = &server.oidc {
                causes.extend(self.oidc_trouble(id, oidc));
            } else {
                let message = format!("`{}` does not say whose tokens it takes", id.name);
                let help =
                    "`oidcConfigRef` names an MCPOIDCConfig and an audience; without it nobody gets in";
                causes
                    .push(Cause::at(Code::OidcConfigMissing, server.id.place, message).help(help.to_owned()));
            }
        }
        causes
    }

    fn oidc_trouble(&self, id: &ServerId, oidc: &OidcConfigRef) -> Vec<Cause> {
        let (ServerId { namespace, name, .. }, config) = (id, oidc.name.value.as_str());
        let mut causes = Vec::new();
        if oidc.audience.trim().is_empty() {
            let message = format!("`{name}` does not say for which audience its tokens must be");
            causes.push(Cause::at(Code::AudienceEmpty, oidc.name.place, message));
        }
        if !self.oidc_configs.contains(&(namespace.as_str(), config)) {
            let mut message = format!("no MCPOIDCConfig is named `{config}` in namespace `{namespace}`");
            let named = |()| self.oidc_configs.iter().find(|(_, name)| *name == config);
            let help = if self.cluster_accounts.contains(&(namespace.as_str(), config)) {
                message = format!(
                    "the MCPOIDCConfig `{config}` is for accounts of the cluster, which are not known here"
                );
                Some("refer to one of `type: inline`: only that says whose tokens are taken".to_owned())
            } else if let Some((other, _)) = self.suggest().and_then(named) {
                Some(format!("there is one in `{other}`: a server refers to its own namespace only"))
            } else {
                let here = self.oidc_configs.iter().filter(|(there, _)| there == namespace);
                self.closest(config, here.map(|(_, name)| *name))
            };
            causes.push(Cause::at(Code::OidcConfigNotFound, oidc.name.place, message).help(help));
        }
        causes
    }
}
