//! `ClusterPlatformRole`: what a role can do.

use std::collections::BTreeSet;

use spanned_yaml::{Node, closest};

use super::{
    fields::Fields,
    identity::{ENTERPRISE, is_near_ours},
    walk::{Size, Walk, suggestion},
};
use crate::{
    manifest::limits::{ACTIONS, NAME, PRODUCTS, WILDCARD_ALONE},
    vocabulary::Action,
};

/// The actions of our product group that a role's `spec` grants, `*` expanded.
pub(super) fn read(spec: &Node, walk: &mut Walk<'_>) -> BTreeSet<Action> {
    let mut actions = BTreeSet::new();
    let Some(mut fields) = Fields::new(spec, "the spec of a ClusterPlatformRole", walk) else {
        return actions;
    };
    if let Some(node) = fields.optional("description") {
        walk.string(node, "`description`", Size::ANY);
    }
    if let Some(node) = fields.required("productActions") {
        for product in walk.list(node, "`productActions`", Size::one_to(PRODUCTS)) {
            actions.extend(read_product(product, walk));
        }
    }
    fields.finish(walk);
    actions
}

fn read_product(node: &Node, walk: &mut Walk<'_>) -> Vec<Action> {
    let Some(mut fields) = Fields::new(node, "an entry of `productActions`", walk) else { return Vec::new() };
    let group = fields.required("apiGroup");
    let ours = group.and_then(|node| {
        let group = walk.string(node, "`apiGroup`", Size::NOT_EMPTY)?;
        if group == ENTERPRISE {
            return Some(());
        }
        let found = walk.warning(node.span, format!("actions of `{group}` grant nothing on MCP servers"));
        found.help(if is_near_ours(group) {
            format!("did you mean `{ENTERPRISE}`?")
        } else {
            format!("the entry is ignored: the actions known here are `{ENTERPRISE}`'s")
        });
        None
    });
    let (mut actions, mut wildcard) = (Vec::new(), false);
    if let Some(node) = fields.required("actions") {
        let items = walk.list(node, "`actions`", Size::one_to(ACTIONS));
        for item in items {
            let Some(text) = walk.string(item, "an action", Size::up_to(NAME)) else { continue };
            if text == "*" && items.len() > 1 {
                if !std::mem::replace(&mut wildcard, true) {
                    walk.error(item.span, WILDCARD_ALONE.message)
                        .help("`*` is every action: remove the others");
                }
            } else if text.is_empty() {
                walk.error(item.span, "an action is empty").help("name one, or remove it");
            } else if !is_action(text) {
                let error = walk.error(item.span, format!("`{text}` is no name of an action"));
                match closest(text, Action::ALL.map(Action::name)) {
                    Some(meant) if ours.is_some() => error.help(format!("did you mean `{meant}`?")),
                    _ => error
                        .help("lower-case letters, digits and `_`, beginning with a letter; or `*` alone"),
                };
            } else if ours.is_some() {
                match Action::by_name(text) {
                    Some(action) => actions.push(action),
                    None if text == "*" => actions.extend(Action::ALL),
                    None => {
                        walk.error(item.span, format!("`{ENTERPRISE}` has no action `{text}`"))
                            .help(suggestion(text, Action::ALL.iter().map(|action| action.name())));
                    }
                }
            }
        }
    }
    fields.finish(walk);
    actions
}

/// [`ACTION_PATTERN`](crate::manifest::limits::ACTION_PATTERN).
fn is_action(text: &str) -> bool {
    text == "*"
        || text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
