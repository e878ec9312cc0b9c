//! What was read, line by line.

use std::fmt::Write as _;

use mcp_policy::manifest::{Condition, HintFilter, Manifests, Restriction};

/// Everything but the places, and the built-in roles unless a file has them.
pub(crate) fn outline(manifests: &Manifests) -> String {
    let mut text = String::new();
    let out = &mut text;
    let built_in = manifests.sources.len() - 1;
    for role in manifests.roles.iter().filter(|role| role.name.place.source != built_in) {
        let actions: Vec<_> = role.actions.iter().map(ToString::to_string).collect();
        writeln!(out, "role {}: {}", role.name.value, actions.join(" ")).unwrap();
    }
    for binding in &manifests.role_bindings {
        let everywhere = "every namespace";
        let namespace = binding.namespace.as_deref().unwrap_or(everywhere);
        writeln!(out, "role binding {} in {namespace}", binding.name.value).unwrap();
        for binding in &binding.bindings {
            writeln!(out, "  {} for {}", binding.role.value, conditions(&binding.from)).unwrap();
        }
    }
    for config in &manifests.oidc_configs {
        writeln!(out, "OIDC config {}/{}: {}", config.namespace, config.name.value, config.issuer).unwrap();
    }
    for server in &manifests.servers {
        let tokens = server.oidc.as_ref().map_or("nobody's tokens".to_owned(), |oidc| {
            format!("tokens of {} for {:?}", oidc.name.value, oidc.audience)
        });
        writeln!(out, "server {} takes {tokens}", server.id.value).unwrap();
    }
    for policy in &manifests.policies {
        let target = &policy.target.value;
        writeln!(out, "policy {}/{} on {target}", policy.namespace, policy.name.value).unwrap();
        for binding in &policy.bindings {
            write!(out, "  {}", binding.role.value).unwrap();
            if !binding.from.is_empty() {
                write!(out, " for {}", conditions(&binding.from)).unwrap();
            }
            if let Some(entries) = &binding.restrictions {
                let entries: Vec<_> = entries.iter().map(names).collect();
                write!(out, " on {}", entries.join(" or ")).unwrap();
            }
            if binding.hints != HintFilter::default() {
                write!(out, " with {:?}", binding.hints).unwrap();
            }
            writeln!(out).unwrap();
        }
        for deny in &policy.deny {
            let actions: Vec<_> = deny.actions.iter().map(ToString::to_string).collect();
            writeln!(out, "  deny {} on {}", actions.join(" "), names(&deny.scope)).unwrap();
        }
    }
    for (kind, name) in [("groups", &manifests.claim_names.groups), ("roles", &manifests.claim_names.roles)] {
        if let Some(name) = name {
            writeln!(out, "claim of {kind}: {}", name.value).unwrap();
        }
    }
    for (kind, number) in &manifests.skipped {
        writeln!(out, "skipped: {number} {kind}").unwrap();
    }
    for doubt in &manifests.unreadable {
        let namespace = doubt.namespace.as_deref().unwrap_or("any namespace");
        let target = doubt.target.as_ref();
        let target = target.map_or("any server".to_owned(), |(kind, name)| format!("{kind} {name}"));
        writeln!(out, "unreadable: {target} in {namespace}").unwrap();
    }
    for role in &manifests.unreadable_roles {
        writeln!(out, "unreadable role: {}", role.value).unwrap();
    }
    text
}

fn conditions(conditions: &[Condition]) -> String {
    let condition = |condition: &Condition| match (&condition.groups[..], &condition.roles[..]) {
        (groups, []) => format!("groups {groups:?}"),
        ([], roles) => format!("roles {roles:?}"),
        (groups, roles) => format!("groups {groups:?} and roles {roles:?}"),
    };
    conditions.iter().map(condition).collect::<Vec<_>>().join(" or ")
}

fn names(restriction: &Restriction) -> String {
    let kinds = [
        ("tools", &restriction.tools),
        ("prompts", &restriction.prompts),
        ("resources", &restriction.resources),
    ];
    let named = kinds.iter().filter(|(_, names)| !names.is_empty());
    let named: Vec<_> = named.map(|(kind, names)| format!("{kind} {names:?}")).collect();
    if named.is_empty() { "nothing named".to_owned() } else { named.join(", ") }
}
