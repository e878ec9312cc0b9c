//! `mcp` and `manifests`: what a person may do on an MCP server, and the custom resources that say so.

use mcp_policy::vocabulary::{ServerId, TargetKind};
use serde_json::Value as Json;
use spanned_yaml::{Fields, Node};

use super::{
    reader::Reader,
    variable::Place,
    words::{ANSWER_FORMS, LISTINGS, MCP_ASKS, UPSTREAM_CHANGES, listed},
};
use crate::{
    model::identifier::{Component, PROXY, UPSTREAM},
    outcome::Capability,
    scenario::{
        syntax::{Manifests, McpAnswer, McpAsk, McpStep, UpstreamChange, UpstreamStep},
        template::JsonTemplate,
    },
};

impl Reader<'_> {
    pub(super) fn mcp(&mut self, node: &Node) -> Option<McpStep> {
        let mut fields = Fields::new(node, "`mcp`", &mut self.found)?;
        let server = fields.required("server", &mut self.found);
        let token = fields.required("token", &mut self.found);
        for key in MCP_ASKS {
            fields.entry(key);
        }
        let (arguments, permitted, shows) =
            (fields.entry("arguments"), fields.entry("permitted"), fields.entry("shows"));
        let rule = fields.optional("rule");
        fields.finish(&mut self.found);
        let rule = self.rule(rule);
        self.ledger.check();

        let server = server.and_then(|node| self.server(node));
        let token = token.and_then(|node| self.token_use(node)).map(|token| token.name);
        let asks: Vec<_> = MCP_ASKS.iter().filter(|key| node.get(key).is_some()).collect();
        let [word] = asks.as_slice() else {
            self.found
                .error(node.span, "`mcp` asks exactly one thing")
                .help(format!("there are {}", listed(MCP_ASKS)));
            return None;
        };
        let subject = node.get(word)?;
        let arguments_of = |reader: &mut Self| match arguments {
            Some(entry) => reader.json(&entry.value).map(Some),
            None => Some(None),
        };
        let ask = match **word {
            "call_tool" => McpAsk::CallTool(self.template(subject, Place::Step)?, arguments_of(self)?),
            "get_prompt" => McpAsk::GetPrompt(self.template(subject, Place::Step)?, arguments_of(self)?),
            "read_resource" => McpAsk::ReadResource(self.template(subject, Place::Step)?),
            _ => McpAsk::List(self.one_of(subject, "list of a server", &LISTINGS)?),
        };
        if let (Some(entry), McpAsk::ReadResource(_) | McpAsk::List(_)) = (arguments, &ask) {
            self.found
                .error(entry.key_span, format!("`arguments` has no meaning beside `{word}`"))
                .help("remove it");
        }
        let answer = match (&ask, permitted, shows) {
            (McpAsk::List(_), _, Some(entry)) => McpAnswer::Shows(self.shown(&entry.value)?),
            (_, Some(entry), None) => McpAnswer::Permitted(self.json(&entry.value)?),
            (McpAsk::List(_), None, None) => {
                self.found.error(node.span, "`list` needs `shows`").help(
                    "say which names the list must have, exactly: `shows: [a, b]`; or `permitted: false`",
                );
                return None;
            }
            _ => {
                self.found
                    .error(node.span, format!("`{word}` needs `permitted`"))
                    .help("`permitted: true` or `permitted: false`");
                return None;
            }
        };
        if let McpAnswer::Permitted(permitted) = &answer {
            let span = node.get("permitted").map_or(node.span, |node| node.span);
            match (permitted, &ask) {
                (JsonTemplate::Fixed(Json::Bool(true)), McpAsk::List(_)) => {
                    self.found
                        .error(span, "of a list that is permitted, say what it shows")
                        .help("`shows: [a, b]`, exactly");
                    return None;
                }
                (JsonTemplate::Fixed(Json::Bool(_)) | JsonTemplate::Text(_), _) => {}
                _ => {
                    self.found.error(span, "`permitted` is `true` or `false`");
                    return None;
                }
            }
        }
        Some(McpStep { server: server?, token: token?, ask, answer, rule: rule? })
    }

    /// `shows`: names, or a variable that holds them.
    fn shown(&mut self, node: &Node) -> Option<JsonTemplate> {
        let texts = node.as_sequence().is_some_and(|items| items.iter().all(|item| item.as_str().is_some()));
        if !texts && node.as_str().is_none_or(|text| !text.contains("${")) {
            self.found.expected(node, "a list of names").help("`shows: []` is an empty list");
            return None;
        }
        self.json(node)
    }

    /// A server by namespace and name, with its kind between them where that is not `MCPServer`.
    pub(super) fn server(&mut self, node: &Node) -> Option<Component> {
        let text = self.literal(node)?;
        let found = server_component(&text);
        if found.is_none() {
            self.found.error(node.span, format!("`{text}` is no server")).help(
                "a server is `namespace/name`, or `namespace/MCPRemoteProxy/name`, after `mcp:` where it stands for a component",
            );
        }
        found
    }

    /// `manifests`: of the platform, or those that a step brings.
    pub(super) fn manifests(&mut self, node: &Node, broken: bool) -> Option<Manifests> {
        let nodes = node.as_sequence().unwrap_or_else(|| std::slice::from_ref(node));
        if nodes.is_empty() {
            self.found.error(node.span, "no manifests").help("name a file, or leave the key out");
        }
        let written = nodes.iter().map(|node| self.template(node, Place::Setup)).collect::<Option<_>>()?;
        Some(Manifests { written, broken })
    }

    /// `manifests`, `broken_manifests`: the custom resources change while the platform runs.
    pub(super) fn manifest_change(&mut self, node: &Node, broken: bool) -> Option<Manifests> {
        self.ledger.need([Capability::PolicyChange]);
        self.manifests(node, broken)
    }

    /// `restart`: the proxy before a server.
    pub(super) fn restart(&mut self, node: &Node) -> Option<Component> {
        self.ledger.need([Capability::FaultInjection]);
        let of = self.server(node)?;
        if of.as_str().starts_with(UPSTREAM) {
            self.found
                .error(node.span, "`restart` is about the proxy before the server")
                .help("the server behind it: `upstream: {of: namespace/name, restart: true}`");
            return None;
        }
        Some(of)
    }

    pub(super) fn upstream(&mut self, node: &Node) -> Option<UpstreamStep> {
        let mut fields = Fields::new(node, "`upstream`", &mut self.found)?;
        let of = fields.required("of", &mut self.found);
        for key in UPSTREAM_CHANGES {
            fields.entry(key);
        }
        fields.finish(&mut self.found);
        self.ledger.need([Capability::FaultInjection]);
        let proxy = of.and_then(|node| self.server(node))?;
        let of = Component::new(proxy.as_str().replacen(PROXY, UPSTREAM, 1));
        let changes: Vec<_> = UPSTREAM_CHANGES.iter().filter(|key| node.get(key).is_some()).collect();
        let [word] = changes.as_slice() else {
            self.found
                .error(node.span, "`upstream` changes exactly one thing")
                .help(format!("there are {}", listed(UPSTREAM_CHANGES)));
            return None;
        };
        let value = node.get(word)?;
        let change = match **word {
            "tools" => UpstreamChange::Tools(JsonTemplate::Map(self.members(value)?)),
            "notify" => UpstreamChange::Notify(self.one_of(value, "list of a server", &LISTINGS)?),
            "answers" => {
                let form = self.template(value, Place::Step)?;
                if form.variables().next().is_none() {
                    self.one_of(value, "form of an answer", &ANSWER_FORMS)?;
                }
                UpstreamChange::Answers(form)
            }
            _ => {
                if value.as_bool() != Some(true) {
                    self.found.expected(value, "`true`");
                    return None;
                }
                UpstreamChange::Restart
            }
        };
        Some(UpstreamStep { of, change })
    }
}

/// The component of a server in a scenario's words.
pub(crate) fn server_component(text: &str) -> Option<Component> {
    if let Some(behind) = text.strip_prefix(UPSTREAM) {
        let proxy = server_component(behind)?;
        return Some(Component::new(proxy.as_str().replacen(PROXY, UPSTREAM, 1)));
    }
    let text = text.strip_prefix(PROXY).unwrap_or(text);
    let parts: Vec<_> = text.split('/').collect();
    let (namespace, kind, name) = match parts.as_slice() {
        [namespace, name] | [namespace, "MCPServer", name] => (namespace, TargetKind::McpServer, name),
        [namespace, "MCPRemoteProxy", name] => (namespace, TargetKind::McpRemoteProxy, name),
        _ => return None,
    };
    let id = ServerId { namespace: (*namespace).to_owned(), kind, name: (*name).to_owned() };
    (!namespace.is_empty() && !name.is_empty()).then(|| component_of(&id))
}

/// The server that a component is the proxy of, or is behind it: `engineering/MCPServer/github`.
#[must_use]
pub fn server_of(component: &Component) -> Option<&str> {
    let name = component.as_str();
    name.strip_prefix(PROXY).or_else(|| name.strip_prefix(UPSTREAM))
}

/// The component's name of a server: `mcp:engineering/MCPServer/github`.
#[must_use]
pub fn component_of(id: &ServerId) -> Component {
    Component::new(format!("{PROXY}{id}"))
}
