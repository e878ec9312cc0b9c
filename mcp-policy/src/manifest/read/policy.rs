//! `ToolhiveAuthorizationPolicy`: where access applies.
//!
//! An empty list or map means what an absent one means, and that is often more than a person who writes `[]` thinks:
//! every one of them is told with what it widens.

use spanned_yaml::{Entry, Node, Span};

use super::{
    fields::Fields,
    identity::TOOLHIVE,
    role_binding::{condition, is_empty, role},
    walk::{Size, Walk},
};
use crate::{
    manifest::{
        Deny, HintFilter, PolicyBinding, Restriction, Written,
        limits::{NAME, NAMES, POLICY_BINDINGS, POLICY_CONDITIONS, POLICY_NOT_EMPTY, RESTRICTIONS},
    },
    vocabulary::{Action, ServerId, TargetKind},
};

/// What a policy's `spec` holds. Without a target there is no policy.
pub(super) struct Spec {
    pub(super) target: Written<ServerId>,
    pub(super) bindings: Vec<PolicyBinding>,
    pub(super) deny: Vec<Deny>,
}

const TARGETS: [(&str, TargetKind); 2] = [
    (TargetKind::McpServer.name(), TargetKind::McpServer),
    (TargetKind::McpRemoteProxy.name(), TargetKind::McpRemoteProxy),
];

/// Reads a policy's `spec`.
pub(super) fn read(spec: &Node, namespace: &str, walk: &mut Walk<'_>) -> Option<Spec> {
    let mut fields = Fields::new(spec, "the spec of a ToolhiveAuthorizationPolicy", walk)?;
    let target = fields.required("targetRef").and_then(|node| read_target(node, namespace, walk));
    let errors = walk.errors;
    let bindings = fields.optional("bindings").map(|node| {
        let items = walk.list(node, "`bindings`", Size::up_to(POLICY_BINDINGS));
        items.iter().filter_map(|item| read_binding(item, walk)).collect::<Vec<_>>()
    });
    let deny = fields.optional("deny").map(|node| {
        let items = walk.list(node, "`deny`", Size::ANY);
        items.iter().filter_map(|item| read_deny(item, walk)).collect::<Vec<_>>()
    });
    let (bindings, deny) = (bindings.unwrap_or_default(), deny.unwrap_or_default());
    let whole = errors == walk.errors;
    let (span, lists) = (fields.span(), [fields.entry("bindings"), fields.entry("deny")]);
    let unknown = fields.finish(walk);
    if !bindings.is_empty() || !deny.is_empty() {
        let [bindings, deny] = lists;
        widened(bindings, "the policy grants nothing", walk);
        widened(deny, "the policy denies nothing", walk);
    } else if whole && !unknown {
        walk.error(span, POLICY_NOT_EMPTY.message).help("a policy grants or denies something");
    }
    Some(Spec { target: target?, bindings, deny })
}

fn read_target(node: &Node, namespace: &str, walk: &mut Walk<'_>) -> Option<Written<ServerId>> {
    let mut fields = Fields::new(node, "`targetRef`", walk)?;
    if let Some(group) = fields.optional("apiGroup")
        && let Some(text) = walk.string(group, "`apiGroup`", Size::ANY)
        && text != TOOLHIVE
    {
        walk.error(group.span, format!("`{text}` has no MCP servers that are known here"))
            .help(format!("leave `apiGroup` out: it is `{TOOLHIVE}`"));
    }
    let kind = match fields.optional("kind") {
        Some(node) => walk.choice(node, "kind of target", &TARGETS),
        None => Some(TargetKind::default()),
    };
    let name = fields.required("name").and_then(|node| walk.string(node, "`name`", Size::ANY));
    fields.finish(walk);
    let value = ServerId { namespace: namespace.to_owned(), kind: kind?, name: name?.to_owned() };
    Some(Written { value, place: walk.place(node.span) })
}

/// The target of a policy that cannot be read, as far as that can be told without doubt.
pub(super) fn target(node: &Node) -> Option<(TargetKind, String)> {
    let target = node.get("spec")?.get("targetRef")?;
    if target.as_mapping()?.iter().any(|entry| !["apiGroup", "kind", "name"].contains(&entry.key.as_str())) {
        return None;
    }
    let kind = match target.get("kind").filter(|node| !node.is_null()) {
        None => TargetKind::default(),
        Some(kind) => TARGETS.iter().find(|(name, _)| kind.as_str() == Some(name)).map(|(_, kind)| *kind)?,
    };
    Some((kind, target.get("name")?.as_str()?.to_owned()))
}

fn read_binding(node: &Node, walk: &mut Walk<'_>) -> Option<PolicyBinding> {
    let mut fields = Fields::new(node, "a binding", walk)?;
    let role = role(&mut fields, walk);
    let from = fields.optional("from").map_or_else(Vec::new, |node| {
        let items = walk.list(node, "`from`", Size::up_to(POLICY_CONDITIONS));
        items.iter().filter_map(|item| condition(item, walk)).collect()
    });
    widened(fields.entry("from"), "the binding is for everybody who holds the role", walk);
    let restrictions = fields.optional("ruleRestrictions").map(|node| {
        let items = walk.list(node, "`ruleRestrictions`", Size::up_to(RESTRICTIONS));
        items.iter().filter_map(|item| read_restriction(item, walk)).collect::<Vec<_>>()
    });
    widened(
        fields.entry("ruleRestrictions"),
        "the role is granted on every tool, prompt and resource of the server",
        walk,
    );
    let hints =
        fields.optional("toolHintFilter").map_or_else(HintFilter::default, |node| read_hints(node, walk));
    widened(fields.entry("toolHintFilter"), "tools are called whatever hints they have", walk);
    fields.finish(walk);
    Some(PolicyBinding {
        role: role?,
        from,
        restrictions: restrictions.filter(|entries| !entries.is_empty()),
        hints,
        place: walk.place(node.span),
    })
}

fn read_restriction(node: &Node, walk: &mut Walk<'_>) -> Option<Restriction> {
    let mut fields = Fields::new(node, "an entry of `ruleRestrictions`", walk)?;
    let errors = walk.errors;
    let restriction = names(&mut fields, Size::up_to(NAME), walk);
    fields.finish(walk);
    if restriction == Restriction::default() && errors == walk.errors {
        walk.warning(node.span, "this entry names nothing and grants nothing")
            .help("name tools, prompts or resources, or remove it");
    }
    Some(restriction)
}

fn read_hints(node: &Node, walk: &mut Walk<'_>) -> HintFilter {
    let Some(mut fields) = Fields::new(node, "`toolHintFilter`", walk) else { return HintFilter::default() };
    let mut hint = |key: &'static str, walk: &mut Walk<'_>| {
        let entry = fields.entry(key)?;
        if entry.value.is_null() {
            let message = format!("`{key}` has no value and filters nothing");
            walk.warning(entry.key_span, message).help("`true` or `false`");
            return None;
        }
        walk.boolean(&entry.value)
    };
    let read_only = hint("readOnlyHint", walk);
    let destructive = hint("destructiveHint", walk);
    fields.finish(walk);
    HintFilter { read_only, destructive }
}

fn read_deny(node: &Node, walk: &mut Walk<'_>) -> Option<Deny> {
    let mut fields = Fields::new(node, "a deny rule", walk)?;
    let choices = Action::ALL.map(|action| (action.name(), action));
    let actions = fields.required("actions").map(|node| {
        let items = walk.list(node, "`actions`", Size::NOT_EMPTY);
        items.iter().filter_map(|item| read_denied(item, &choices, walk)).collect()
    });
    let errors = walk.errors;
    let scope = names(&mut fields, Size::ANY, walk);
    if errors == walk.errors {
        let everything = scope == Restriction::default();
        for key in ["tools", "prompts", "resources"] {
            let widens = if everything {
                "the rule denies on the whole server"
            } else {
                "the rule denies none of them"
            };
            widened(fields.entry(key), widens, walk);
        }
    }
    fields.finish(walk);
    Some(Deny { actions: actions?, scope, place: walk.place(node.span) })
}

fn read_denied(node: &Node, choices: &[(&str, Action)], walk: &mut Walk<'_>) -> Option<Action> {
    if node.as_str() == Some("*") {
        walk.error(node.span, "a deny rule names its actions, `*` is none")
            .help("list all six to deny everything");
        return None;
    }
    walk.choice(node, "action", choices)
}

fn names(fields: &mut Fields<'_>, each: Size, walk: &mut Walk<'_>) -> Restriction {
    let mut list = |key: &'static str, item: &str| {
        let Some(node) = fields.optional(key) else { return Vec::new() };
        walk.strings(node, &format!("`{key}`"), item, Size::up_to(NAMES), each)
    };
    Restriction {
        tools: list("tools", "the name of a tool"),
        prompts: list("prompts", "the name of a prompt"),
        resources: list("resources", "the URI of a resource"),
    }
}

/// Warns of a key that is written with nothing in it.
fn widened(entry: Option<&Entry>, widens: &str, walk: &mut Walk<'_>) {
    let Some(Entry { key, key_span, value, .. }) = entry.filter(|entry| is_empty(&entry.value)) else {
        return;
    };
    let span = Span { start: key_span.start, end: value.span.end.max(key_span.end) };
    walk.warning(span, format!("`{key}` is empty, as if it were not there: {widens}"))
        .help("remove it if that is meant, or say what it should hold");
}
