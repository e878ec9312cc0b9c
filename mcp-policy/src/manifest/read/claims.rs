//! The platform's `ConfigMap` of its identity provider, which may name the claims of groups and roles
//! (CLAIM-NAMES).

use spanned_yaml::{Node, closest};

use super::{
    merge,
    walk::{Size, Walk},
};
use crate::manifest::{ClaimOverrides, Written};

/// The `ConfigMap` is known by the end of its name; the rest is the release's. One whose name may come from elsewhere
/// may be it.
pub(super) fn is_meant(node: &Node) -> bool {
    let metadata = node.get("metadata");
    match metadata.and_then(|metadata| metadata.get("name")) {
        Some(name) => name.as_str().is_some_and(|name| name.ends_with("idp-config")),
        None => merge::is_in(node) || metadata.is_some_and(merge::is_in),
    }
}

/// `data.groupsClaim` and `data.rolesClaim`. Whatever is wrong with them is an error: under another name than the one
/// meant, a claim could say anything.
pub(super) fn read(node: &Node, known: &mut ClaimOverrides, walk: &mut Walk<'_>) {
    let Some(data) = node.get("data").filter(|data| !data.is_null()) else { return };
    let Some(entries) = data.as_mapping() else {
        walk.expected(data, "`data`, a map");
        return;
    };
    for entry in entries {
        match entry.key.as_str() {
            "groupsClaim" => claim(&entry.value, &mut known.groups, walk),
            "rolesClaim" => claim(&entry.value, &mut known.roles, walk),
            other => {
                if let Some(meant) = closest(other, ["groupsClaim", "rolesClaim"]) {
                    walk.error(entry.key_span, format!("this ConfigMap has no `{other}`"))
                        .help(format!("did you mean `{meant}`?"));
                }
            }
        }
    }
}

fn claim(node: &Node, known: &mut Option<Written<String>>, walk: &mut Walk<'_>) {
    if node.is_null() || node.as_str().is_some_and(|text| text.trim().is_empty()) {
        walk.warning(node.span, "no claim is named here")
            .help("the claim that goes with the type of identity provider is read");
        return;
    }
    let Some(name) = walk.string(node, "the name of a claim", Size::NOT_EMPTY) else { return };
    match known {
        Some(first) if first.value != name => {
            let message = format!("`{name}` is a second name for this claim, `{}` is the first", first.value);
            walk.error(node.span, message).help("one platform has one ConfigMap of its identity provider");
        }
        _ => *known = Some(walk.written(node, name)),
    }
}
