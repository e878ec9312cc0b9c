//! Reading a map key by key: what is missing or unknown is reported, with the nearest key that there is.

use spanned_yaml::{Entry, Node, Span, closest};

use super::walk::Walk;

/// A map under reading. Ask for each key once, then [`finish`](Self::finish): what was not asked for is unknown.
#[must_use = "call `finish` or `ignore_others`, or unknown keys go unnoticed"]
pub(super) struct Fields<'n> {
    entries: &'n [Entry],
    span: Span,
    what: &'static str,
    known: Vec<&'static str>,
    missing: Vec<&'static str>,
    /// Follows the keys that there are, where they are told.
    pub(super) advice: &'static str,
}

/// How many unknown keys of one map are told.
const UNKNOWN: usize = 20;

impl<'n> Fields<'n> {
    /// Starts on a node that must be a map. `what` names it in messages: "a binding".
    pub(super) fn new(node: &'n Node, what: &'static str, walk: &mut Walk<'_>) -> Option<Self> {
        if let Some(entries) = node.as_mapping() {
            return Some(Self {
                entries,
                span: node.span,
                what,
                known: Vec::new(),
                missing: Vec::new(),
                advice: "",
            });
        }
        let error = walk.expected(node, &format!("{what}, a map"));
        if let Some(example) = example(what.trim_matches('`')) {
            error.help(example);
        } else if node.is_null() {
            error.help("write it out, or remove it");
        }
        None
    }

    /// Where the map stands.
    pub(super) const fn span(&self) -> Span {
        self.span
    }

    /// A key as it was written, even with nothing after it.
    pub(super) fn entry(&mut self, key: &'static str) -> Option<&'n Entry> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The value of a key. Null counts as absent, as it does at the API server.
    pub(super) fn optional(&mut self, key: &'static str) -> Option<&'n Node> {
        self.entry(key).map(|entry| &entry.value).filter(|value| !value.is_null())
    }

    /// The value of a key that must be there.
    pub(super) fn required(&mut self, key: &'static str) -> Option<&'n Node> {
        let found = self.optional(key);
        if found.is_none() {
            self.missing.push(key);
        }
        found
    }

    /// Every key that was not asked for is an error. Returns whether there was one.
    pub(super) fn finish(mut self, walk: &mut Walk<'_>) -> bool {
        let errors = walk.errors;
        let mut unknown = self.entries.iter().filter(|entry| !self.known.contains(&entry.key.as_str()));
        for entry in unknown.by_ref().take(UNKNOWN) {
            let help = if let Some(name) = closest(&entry.key, self.known.iter().copied()) {
                // One slip is one mistake.
                self.missing.retain(|missing| *missing != name);
                format!("did you mean `{name}`?")
            } else {
                let known: Vec<_> = self.known.iter().map(|name| format!("`{name}`")).collect();
                format!("it has {}{}", known.join(", "), self.advice)
            };
            walk.error(entry.key_span, format!("{} has no `{}`", self.what, entry.key)).help(help);
        }
        if let Some(next) = unknown.next() {
            let message =
                format!("{} has {} more keys that it does not know", self.what, unknown.count() + 1);
            walk.error(next.key_span, message);
        }
        let found = walk.errors > errors;
        self.ignore_others(walk);
        found
    }

    /// Other keys are someone else's.
    pub(super) fn ignore_others(self, walk: &mut Walk<'_>) {
        for key in self.missing {
            // At the key if it has no value, else at the first line of the map.
            let entry = self.entries.iter().find(|entry| entry.key == key).or(self.entries.first());
            let span = entry.map_or(self.span, |entry| entry.key_span);
            let error = walk.error(span, format!("{} needs `{key}`", self.what));
            if let Some(example) = example(key) {
                error.help(example);
            }
        }
    }
}

/// What a key looks like with its value.
fn example(key: &str) -> Option<&'static str> {
    Some(match key {
        "spec" => "what the resource says stands indented below `spec:`",
        "productActions" => {
            "`productActions: [{apiGroup: toolhive.enterprise.stacklok.com, actions: [call_tool]}]`"
        }
        "apiGroup" => "of MCP servers: `apiGroup: toolhive.enterprise.stacklok.com`",
        "actions" => "`actions: [list_tools, call_tool]`",
        "bindings" => "`bindings:` with a list of `roleRef` and `from`",
        "from" => "`from: [{groups: [mcp-engineers]}]`",
        "roleRef" => "`roleRef: {kind: ClusterPlatformRole, name: reader}`",
        "kind" => "`kind: ClusterPlatformRole`",
        "targetRef" => "`targetRef: {kind: MCPServer, name: github}`",
        "name" => "the `metadata.name` of the resource that is meant",
        "a condition" => "`groups: [mcp-engineers]`, or `roles`, or both",
        "a deny rule" => "`actions: [call_tool]`",
        "toolHintFilter" => "`toolHintFilter: {readOnlyHint: true}`",
        "an entry of `ruleRestrictions" => "`tools: [list_issues]`, or `prompts`, or `resources`",
        "oidcConfigRef" => "`oidcConfigRef: {name: okta, audience: github-mcp}`",
        "audience" => "without one the server would take tokens that are meant for others",
        "type" => "`type: inline`",
        "inline" => "`inline: {issuer: https://idp.example.com}`",
        "issuer" => "`issuer: https://idp.example.com`, character for character",
        _ => return None,
    })
}
