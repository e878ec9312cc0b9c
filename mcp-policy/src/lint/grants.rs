//! Grants that come to nothing, or to more than they say.

use std::collections::{BTreeMap, BTreeSet};

use super::{Lint, Lints};
use crate::{
    manifest::{HintFilter, Manifests, Policy},
    rbac::{Compilation, Compiled, Effect, Idle, Offered, Origin, Statement},
    smallest::Denies,
    vocabulary::{Action, ServerId},
};

/// The built-in role that one expects to read only.
const READER: &str = "reader";

/// The built-in roles. `kubectl get -o yaml` prints them like any other.
const BUILT_IN: [&str; 2] = [READER, "writer"];

/// Roles of the user's own that no binding gives to anybody, anywhere.
pub(super) fn unheld_roles(manifests: &Manifests, lints: &mut Lints) {
    let held: BTreeSet<_> = manifests
        .role_bindings
        .iter()
        .flat_map(|binding| &binding.bindings)
        .map(|binding| binding.role.value.as_str())
        .collect();
    for role in &manifests.roles {
        let name = role.name.value.as_str();
        if !BUILT_IN.contains(&name) && !held.contains(name) {
            lints.warn(
                Lint::UnheldRole,
                role.name.place,
                format!("nobody holds the role `{name}`"),
                "give it to a group or a role with a ClusterPlatformRoleBinding or a PlatformRoleBinding"
                    .to_owned(),
            );
        }
    }
}

/// What the policies of each target come to.
pub(super) fn of_targets(manifests: &Manifests, compilation: &Compilation, lints: &mut Lints) {
    let mut by_target: BTreeMap<_, Vec<&Policy>> = BTreeMap::new();
    for policy in &manifests.policies {
        by_target.entry(&policy.target.value).or_default().push(policy);
    }
    for (target, policies) in by_target {
        let Some(Ok(compiled)) = compilation.targets.get(target) else { continue };
        let mut of_policies: BTreeMap<_, Vec<&Idle>> = BTreeMap::new();
        for idle in compiled.idle() {
            let Origin { namespace, policy, .. } = &*idle.origin;
            of_policies.entry((namespace.as_str(), policy.as_str())).or_default().push(idle);
        }
        let granted = compiled.statements().iter().any(|statement| statement.effect == Effect::Grant);
        for policy in policies {
            let name = (policy.namespace.as_str(), policy.name.value.as_str());
            idle(policy, of_policies.get(&name).map_or(&[], Vec::as_slice), target, granted, lints);
        }
        let denies = Denies::of(compiled.statements());
        for statements in by_origin(compiled) {
            let Some(origin) = statements.first().map(|statement| &statement.origin) else { continue };
            match swallowed(&statements, &denies) {
                Some(by) => lints.warn(
                    Lint::Swallowed,
                    origin.place,
                    "nothing is left of this grant: all that it allows is denied".to_owned(),
                    advice(&by, manifests),
                ),
                // Of tools that nobody may call nothing is to be said.
                None if denies.on(Action::CallTool, None).is_some() => {}
                None => unfiltered_reader(origin, &statements, lints),
            }
        }
    }
}

/// A policy of which no binding grants anything gets one warning; else each binding that grants nothing gets its own.
fn idle(policy: &Policy, idle: &[&Idle], server: &ServerId, granted: bool, lints: &mut Lints) {
    let name = format!("{}/{}", policy.namespace, policy.name.value);
    if policy.bindings.is_empty() {
        if !granted {
            lints.warn(
                Lint::GrantsNothing,
                policy.name.place,
                format!("the policy `{name}` denies where nothing is granted"),
                format!("no policy grants anything on `{server}`: everything is denied there already"),
            );
        }
        return;
    }
    if idle.len() == policy.bindings.len() {
        let why: Vec<_> =
            idle.iter().map(|idle| format!("bindings[{}]: {}", idle.origin.index, idle.why)).collect();
        let message = format!("the policy `{name}` grants nothing");
        lints.warn(Lint::GrantsNothing, policy.name.place, message, why.join("; "));
        return;
    }
    for idle in idle {
        let role = idle.origin.role.as_deref().unwrap_or_default();
        let message = format!("this binding of `{role}` grants nothing");
        lints.warn(Lint::GrantsNothing, idle.origin.place, message, idle.why.to_string());
    }
}

/// The grants of each binding.
fn by_origin(compiled: &Compiled) -> Vec<Vec<&Statement>> {
    let mut grouped: BTreeMap<String, Vec<&Statement>> = BTreeMap::new();
    for statement in compiled.statements().iter().filter(|one| one.effect == Effect::Grant) {
        grouped.entry(statement.origin.id()).or_default().push(statement);
    }
    grouped.into_values().collect()
}

/// The denies that together take away every use that a binding grants; of a binding that grants lists only, every list.
fn swallowed<'d>(grants: &[&Statement], denies: &Denies<'d>) -> Option<Vec<&'d Statement>> {
    let all = || grants.iter().flat_map(|grant| grant.actions.iter().map(|action| (*grant, *action)));
    let is_use = |action: Action| Offered::of(action).access() == action;
    let uses: Vec<_> = all().filter(|(_, action)| is_use(*action)).collect();
    let wanted = if uses.is_empty() { all().collect() } else { uses };
    let (mut by, mut known) = (Vec::new(), BTreeSet::new());
    for (grant, action) in wanted {
        by.extend(covering(grant, action, denies)?.into_iter().filter(|deny| known.insert(deny.id.as_str())));
    }
    Some(by)
}

fn covering<'d>(grant: &Statement, action: Action, denies: &Denies<'d>) -> Option<Vec<&'d Statement>> {
    if let Some(deny) = denies.on(action, None) {
        return Some(vec![deny]);
    }
    let (_, names) = grant.names.as_ref()?;
    names.iter().map(|name| denies.on(action, Some(name))).collect()
}

fn advice(by: &[&Statement], manifests: &Manifests) -> String {
    let (mut words, mut known) = (Vec::new(), BTreeSet::new());
    for origin in by.iter().map(|deny| &deny.origin) {
        if known.insert(origin.place) {
            words.push(format!("{origin} ({})", manifests.shown(origin.place)));
        }
    }
    format!("a deny beats every grant: {}", words.join(", "))
}

/// `reader` has every action, and expects a filter where it is bound (PLATFORM.md §11, 15).
fn unfiltered_reader(origin: &Origin, statements: &[&Statement], lints: &mut Lints) {
    let everything = |statement: &&Statement| {
        statement.actions.contains(&Action::CallTool)
            && statement.names.is_none()
            && statement.hints == HintFilter::default()
    };
    if origin.role.as_deref() == Some(READER) && statements.iter().any(everything) {
        lints.warn(
            Lint::UnfilteredReader,
            origin.place,
            "`reader` without a filter equals `writer`: it may call every tool".to_owned(),
            "add `toolHintFilter: {readOnlyHint: true}` or `ruleRestrictions`; bind `writer` if that is meant".to_owned(),
        );
    }
}
