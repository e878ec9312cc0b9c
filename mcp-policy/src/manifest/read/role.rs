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

/// The actions that a role's `spec` names, `*` expanded.
#[derive(Debug, Default)]
pub(super) struct Actions {
    /// Of our product group.
    pub(super) ours: BTreeSet<Action>,
    /// Of other product groups, as far as they are called so here.
    pub(super) foreign: BTreeSet<Action>,
}

pub(super) fn read(spec: &Node, walk: &mut Walk<'_>) -> Actions {
    let mut actions = Actions::default();
    let Some(mut fields) = Fields::new(spec, "the spec of a ClusterPlatformRole", walk) else {
        return actions;
    };
    if let Some(node) = fields.optional("description") {
        walk.string(node, "`description`", Size::ANY);
    }
    if let Some(node) = fields.required("productActions") {
        for product in walk.list(node, "`productActions`", Size::one_to(PRODUCTS)) {
            read_product(product, &mut actions, walk);
        }
    }
    fields.finish(walk);
    actions
}

fn read_product(node: &Node, into: &mut Actions, walk: &mut Walk<'_>) {
    let Some(mut fields) = Fields::new(node, "an entry of `productActions`", walk) else { return };
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
    let mut wildcard = false;
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
            } else {
                let actions = if ours.is_some() { &mut into.ours } else { &mut into.foreign };
                match Action::by_name(text) {
                    Some(action) => {
                        actions.insert(action);
                    }
                    None if text == "*" => actions.extend(Action::ALL),
                    None if ours.is_none() => {}
                    None => {
                        walk.error(item.span, format!("`{ENTERPRISE}` has no action `{text}`"))
                            .help(suggestion(text, Action::ALL.iter().map(|action| action.name())));
                    }
                }
            }
        }
    }
    fields.finish(walk);
}

/// [`ACTION_PATTERN`](crate::manifest::limits::ACTION_PATTERN).
fn is_action(text: &str) -> bool {
    text == "*"
        || text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
