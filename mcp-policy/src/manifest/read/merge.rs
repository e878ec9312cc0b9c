//! Merge keys. kubectl puts what a `<<` refers to in its place, and nobody does so here: a resource that has one would
//! say something else to its cluster, such as another namespace.

use spanned_yaml::{Entry, Node, Value};

use super::{identity::Kind, walk::Walk};

/// An error at every merge key of a tree. Returns whether there was one.
pub(super) fn refuse(node: &Node, walk: &mut Walk<'_>) -> bool {
    let errors = walk.errors;
    match &node.value {
        Value::Scalar(_) => {}
        Value::Sequence(items) => {
            for item in items {
                refuse(item, walk);
            }
        }
        Value::Mapping(entries) => {
            refuse_here(node, walk);
            for entry in entries {
                refuse(&entry.value, walk);
            }
        }
    }
    walk.errors > errors
}

/// An error at every merge key of a resource where it is read: what is ignored may have any. Returns whether there was one.
pub(super) fn refuse_where_read(node: &Node, kind: Kind, walk: &mut Walk<'_>) -> bool {
    let errors = walk.errors;
    refuse_here(node, walk);
    if let Some(metadata) = node.get("metadata") {
        refuse_here(metadata, walk);
    }
    match (kind, node.get("spec")) {
        (Kind::Server(_) | Kind::OidcConfig, Some(spec)) => {
            refuse_here(spec, walk);
            for part in ["oidcConfigRef", "inline"].iter().filter_map(|part| spec.get(part)) {
                refuse_here(part, walk);
            }
        }
        (Kind::ConfigMap, _) => {
            if let Some(data) = node.get("data") {
                refuse_here(data, walk);
            }
        }
        (_, Some(spec)) => {
            refuse(spec, walk);
        }
        (_, None) => {}
    }
    walk.errors > errors
}

/// An error at the merge key of a map itself.
pub(super) fn refuse_here(node: &Node, walk: &mut Walk<'_>) {
    if let Some(entry) = key(node) {
        walk.error(
            entry.key_span,
            "a merge key: kubectl puts in its place what it refers to, which is not done here",
        )
        .help("write the fields out; a key that is meant to be `<<` needs quotes");
    }
}

/// A map into which something is merged: what it does not hold itself may be there all the same.
pub(super) fn is_in(node: &Node) -> bool {
    key(node).is_some()
}

fn key(node: &Node) -> Option<&Entry> {
    node.as_mapping()?.iter().find(|entry| entry.is_merge_key())
}
