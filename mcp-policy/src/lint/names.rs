//! A name that is a group here and a role there: legal, since the two are never taken for one another, and the usual
//! sign of a condition that asks for the wrong one.

use std::collections::BTreeMap;

use super::{Lint, Lints};
use crate::manifest::{Condition, Manifests, Place};

pub(super) fn twofold(manifests: &Manifests, lints: &mut Lints) {
    let (mut groups, mut roles) = (BTreeMap::new(), BTreeMap::new());
    for condition in conditions(manifests) {
        for name in &condition.groups {
            groups.entry(name.as_str()).or_insert(condition.place);
        }
        for name in &condition.roles {
            roles.entry(name.as_str()).or_insert(condition.place);
        }
    }
    // One warning a place, with all its names.
    let mut at: BTreeMap<Place, Vec<(&str, Place)>> = BTreeMap::new();
    for (name, role) in &roles {
        if let Some(group) = groups.get(name) {
            at.entry(*role).or_default().push((name, *group));
        }
    }
    for (place, names) in at {
        let shown: Vec<_> = names.iter().map(|(name, _)| format!("`{name}`")).collect();
        let elsewhere: Vec<_> = names
            .iter()
            .map(|(name, group)| format!("`{name}` is a group in {}", manifests.shown(*group)))
            .collect();
        let (are, them) = if names.len() == 1 { ("is", "it") } else { ("are", "them") };
        lints.warn(
            Lint::TwofoldName,
            place,
            format!("{} {are} used both as a role and as a group", shown.join(", ")),
            format!("{}: a token has {them} in one claim or the other, say which", elsewhere.join(", ")),
        );
    }
}

fn conditions(manifests: &Manifests) -> impl Iterator<Item = &Condition> {
    let held = manifests.role_bindings.iter().flat_map(|binding| &binding.bindings);
    let narrowed = manifests.policies.iter().flat_map(|policy| &policy.bindings);
    held.flat_map(|binding| &binding.from).chain(narrowed.flat_map(|binding| &binding.from))
}
