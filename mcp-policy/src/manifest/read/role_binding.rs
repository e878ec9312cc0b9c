//! `ClusterPlatformRoleBinding` and `PlatformRoleBinding`: who gets roles. Their conditions and references are also
//! those of a policy.

use spanned_yaml::Node;

use super::{
    fields::Fields,
    walk::{Size, Walk},
};
use crate::manifest::{
    Binding, Condition, Written,
    limits::{CLAIM_VALUES, CONDITION_NOT_EMPTY, NAME, ROLE_BINDING_CONDITIONS, ROLE_BINDINGS},
};

/// `spec.bindings`.
pub(super) fn read(spec: &Node, walk: &mut Walk<'_>) -> Vec<Binding> {
    let mut bindings = Vec::new();
    let Some(mut fields) = Fields::new(spec, "the spec of a role binding", walk) else { return bindings };
    if let Some(node) = fields.required("bindings") {
        let items = walk.list(node, "`bindings`", Size::one_to(ROLE_BINDINGS));
        bindings.extend(items.iter().filter_map(|item| read_binding(item, walk)));
    }
    fields.finish(walk);
    bindings
}

fn read_binding(node: &Node, walk: &mut Walk<'_>) -> Option<Binding> {
    let mut fields = Fields::new(node, "a binding", walk)?;
    let role = role(&mut fields, walk);
    let from = fields.required("from").map(|node| {
        let items = walk.list(node, "`from`", Size::one_to(ROLE_BINDING_CONDITIONS));
        items.iter().filter_map(|item| condition(item, walk)).collect()
    });
    fields.finish(walk);
    Some(Binding { role: role?, from: from?, place: walk.place(node.span) })
}

/// The name in `roleRef`.
pub(super) fn role(binding: &mut Fields<'_>, walk: &mut Walk<'_>) -> Option<Written<String>> {
    let mut fields = Fields::new(binding.required("roleRef")?, "`roleRef`", walk)?;
    if let Some(node) = fields.required("kind") {
        walk.choice(node, "kind of role", &[("ClusterPlatformRole", ())]);
    }
    let name = fields
        .required("name")
        .and_then(|node| walk.string(node, "`name`", Size::NOT_EMPTY).map(|name| walk.written(node, name)));
    fields.finish(walk);
    name
}

/// A condition: one of its two lists has something in it.
pub(super) fn condition(node: &Node, walk: &mut Walk<'_>) -> Option<Condition> {
    let mut fields = Fields::new(node, "a condition", walk)?;
    let errors = walk.errors;
    let groups = claim_values(&mut fields, "groups", "a group", walk);
    let roles = claim_values(&mut fields, "roles", "a role", walk);
    let entries = [fields.entry("groups"), fields.entry("roles")];
    fields.finish(walk);
    if !groups.is_empty() || !roles.is_empty() {
        for entry in entries.into_iter().flatten().filter(|entry| is_empty(&entry.value)) {
            let key = &entry.key;
            walk.warning(entry.key_span, format!("`{key}` is empty and asks for nothing"))
                .help(format!("the condition matches with any {key} and with none: remove it, or list some"));
        }
    } else if errors == walk.errors {
        walk.error(node.span, CONDITION_NOT_EMPTY.message)
            .help("a condition on nothing would match everybody");
    }
    Some(Condition { groups, roles, place: walk.place(node.span) })
}

fn claim_values(
    condition: &mut Fields<'_>,
    key: &'static str,
    item: &str,
    walk: &mut Walk<'_>,
) -> Vec<String> {
    let Some(node) = condition.optional(key) else { return Vec::new() };
    walk.strings(node, &format!("`{key}`"), item, Size::up_to(CLAIM_VALUES), Size::up_to(NAME))
}

/// Written, but with nothing in it.
pub(super) fn is_empty(node: &Node) -> bool {
    node.is_null()
        || node.as_sequence().is_some_and(<[Node]>::is_empty)
        || node.as_mapping().is_some_and(<[spanned_yaml::Entry]>::is_empty)
}
