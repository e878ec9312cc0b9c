//! The two files of a matrix, every mistake of each at once: who there is, and what the servers offer.

use std::collections::{BTreeMap, BTreeSet};

use spanned_yaml::{Diagnostics, Fields, Node, Source, Span, parse};

use super::{Offer, Subject};
use crate::vocabulary::{Hints, ServerId, TargetKind};

/// `[{name, groups: [], roles: []}]`.
#[must_use]
pub fn subjects(source: &Source) -> (Vec<Subject>, Diagnostics) {
    let mut found = Diagnostics::new(source.clone());
    let mut names = BTreeMap::new();
    let mut subjects = Vec::new();
    for node in entries(&mut found, "subjects", "[{name: alice, groups: [engineering], roles: []}]") {
        let Some(mut fields) = Fields::new(&node, "a subject", &mut found) else { continue };
        let name = fields.required_text("name", &mut found);
        let place = fields.entry("name").map_or(node.span, |entry| entry.value.span);
        let groups = set(&fields.texts("groups", &mut found));
        let roles = set(&fields.texts("roles", &mut found));
        fields.finish(&mut found);
        let Some(name) = name else { continue };
        if is_first(&mut names, name, place, "subject", &mut found) {
            subjects.push(Subject { name: name.to_owned(), groups, roles });
        }
    }
    (subjects, found)
}

/// `[{namespace, kind, server, tools: [{name, readOnlyHint?, destructiveHint?}], prompts: [names], resources: [URIs]}]`.
/// A tool may be a name alone.
#[must_use]
pub fn inventory(source: &Source) -> (Vec<Offer>, Diagnostics) {
    let mut found = Diagnostics::new(source.clone());
    let mut servers = BTreeMap::new();
    let mut inventory = Vec::new();
    for node in
        entries(&mut found, "servers", "[{namespace: engineering, server: github, tools: [{name: search}]}]")
    {
        let Some(mut fields) = Fields::new(&node, "a server", &mut found) else { continue };
        let namespace = fields.required_text("namespace", &mut found);
        let kinds = [TargetKind::McpServer, TargetKind::McpRemoteProxy].map(|kind| (kind.name(), kind));
        let kind = match fields.entry("kind") {
            None => Some(TargetKind::default()),
            Some(_) => fields.choice("kind", &kinds, &mut found),
        };
        let server = fields.required_text("server", &mut found);
        let place = fields.entry("server").map_or(node.span, |entry| entry.value.span);
        let tools = tools(fields.list("tools", &mut found), &mut found);
        let prompts = names(fields.list("prompts", &mut found), "prompt", &mut found);
        let resources = names(fields.list("resources", &mut found), "resource", &mut found);
        fields.finish(&mut found);
        let (Some(namespace), Some(kind), Some(name)) = (namespace, kind, server) else { continue };
        let server = ServerId { namespace: namespace.to_owned(), kind, name: name.to_owned() };
        if is_first(&mut servers, &server.to_string(), place, "server", &mut found) {
            inventory.push(Offer { server, tools, prompts, resources });
        }
    }
    (inventory, found)
}

/// The members of the list that a file is.
fn entries(found: &mut Diagnostics, what: &str, example: &str) -> Vec<Node> {
    let Some(node) = parse(found) else { return Vec::new() };
    let Some(members) = node.as_sequence() else {
        let is_tenant = node.get("users").is_some() || node.get("provider").is_some();
        let at = Span { start: node.span.start, end: node.span.start };
        let error = found.error(at, format!("expected a list of {what}, found {}", node.kind()));
        error.help(match (is_tenant, what) {
            (true, "subjects") => {
                format!("what a user of a tenant has in a token depends on the application: list them as `{example}`")
            }
            _ => format!("write `{example}`"),
        });
        return Vec::new();
    };
    if members.is_empty() {
        found.error(node.span, format!("no {what}")).help(format!("write `{example}`"));
    }
    members.to_vec()
}

fn tools(nodes: &[Node], found: &mut Diagnostics) -> BTreeMap<String, Hints> {
    let mut tools = BTreeMap::new();
    let mut places = BTreeMap::new();
    for node in nodes {
        if let Some(name) = node.as_text() {
            if is_first(&mut places, name, node.span, "tool", found) {
                tools.insert(name.to_owned(), Hints::default());
            }
            continue;
        }
        let Some(mut fields) = Fields::new(node, "a tool", found) else { continue };
        let name = fields.required_text("name", found);
        let place = fields.entry("name").map_or(node.span, |entry| entry.value.span);
        let hints = Hints {
            read_only: fields.boolean("readOnlyHint", found),
            destructive: fields.boolean("destructiveHint", found),
            idempotent: fields.boolean("idempotentHint", found),
            open_world: fields.boolean("openWorldHint", found),
        };
        fields.finish(found);
        let Some(name) = name else { continue };
        if is_first(&mut places, name, place, "tool", found) {
            tools.insert(name.to_owned(), hints);
        }
    }
    tools
}

fn names(nodes: &[Node], what: &str, found: &mut Diagnostics) -> BTreeSet<String> {
    let mut places = BTreeMap::new();
    for node in nodes {
        match node.as_text() {
            Some(name) => {
                is_first(&mut places, name, node.span, what, found);
            }
            None => {
                found.expected(node, &format!("the name of a {what}, a string"));
            }
        }
    }
    places.into_keys().collect()
}

fn is_first(
    seen: &mut BTreeMap<String, Span>,
    name: &str,
    place: Span,
    what: &str,
    found: &mut Diagnostics,
) -> bool {
    let Some(first) = seen.get(name) else {
        seen.insert(name.to_owned(), place);
        return true;
    };
    let line = found.source().position(*first).0;
    found.error(place, format!("a second {what} `{name}`")).help(format!("the first is in line {line}"));
    false
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_has_its_line() {
        let text =
            "- {name: ann, group: [a]}\n- {name: ann}\n- {nam: bob}\n- 7\n- {name: cleo, roles: [[x]]}\n";
        let (subjects, found) = subjects(&Source::new("subjects.yaml", text));
        let messages: Vec<_> = found.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "a subject has no `group`",
                "a second subject `ann`",
                "a subject needs `name`",
                "a subject has no `nam`",
                "expected a subject, a map, found a number",
                "expected a string, found a list",
            ],
        );
        assert_eq!(subjects.len(), 2, "{subjects:?}");
    }

    #[test]
    fn an_inventory_is_read_with_its_hints_and_the_usual_kind() {
        let text = "- namespace: a\n  server: b\n  tools: [{name: t, readOnlyHint: true}, plain]\n  prompts: [p, '=x']\n";
        let (inventory, found) = inventory(&Source::new("inventory.yaml", text));
        assert!(found.is_empty(), "{found}");
        let offer = inventory.first().unwrap();
        assert_eq!(offer.server.to_string(), "a/MCPServer/b");
        assert_eq!(offer.tools.get("t").unwrap().read_only, Some(true));
        assert_eq!(offer.requests().count(), 4);
    }
}
