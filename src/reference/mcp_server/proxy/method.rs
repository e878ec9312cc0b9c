//! MCP-METHODS, MCP-UNKNOWN: what a message asks for, by its method.

use mcp_policy::vocabulary::{Action, Hints, Request};
use serde_json::{Map, Value as Json};

use super::message::Message;
use crate::model::rule::{Rule, Rules};

/// Methods that everybody with a token may use (PLATFORM.md §6).
const ALWAYS: [&str; 13] = [
    "initialize",
    "ping",
    "roots/list",
    "logging/setLevel",
    "notifications/initialized",
    "notifications/cancelled",
    "notifications/progress",
    "notifications/message",
    "notifications/roots/list_changed",
    "notifications/tools/list_changed",
    "notifications/prompts/list_changed",
    "notifications/resources/list_changed",
    "notifications/resources/updated",
];

/// The lists of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    Tools,
    Prompts,
    Resources,
    Templates,
}

/// What has to be allowed before a message is forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Need<'m> {
    /// Nothing but a token.
    Token,
    /// A list, of whose items some are shown.
    List(List),
    /// One thing. The hints of a tool are filled in by whoever knows them.
    Thing(Request<'m>),
    /// Nothing allows it.
    Unknown,
    /// The method is known and what it acts on is not said.
    Unnamed(&'static str),
}

impl List {
    pub(super) const ALL: [Self; 4] = [Self::Tools, Self::Prompts, Self::Resources, Self::Templates];

    /// The member of the result that holds the items.
    pub(super) const fn member(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Prompts => "prompts",
            Self::Resources => "resources",
            Self::Templates => "resourceTemplates",
        }
    }

    /// The member of an item that the decision is about.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Tools | Self::Prompts => "name",
            Self::Resources => "uri",
            Self::Templates => "uriTemplate",
        }
    }

    /// The request for the list itself.
    pub(super) const fn request(self) -> Request<'static> {
        match self {
            Self::Tools => Request::ListTools,
            Self::Prompts => Request::ListPrompts,
            Self::Resources | Self::Templates => Request::ListResources,
        }
    }

    /// The request for one of its items: a template is read by its text.
    pub(super) const fn item(self, key: &str, hints: Hints) -> Request<'_> {
        match self {
            Self::Tools => Request::CallTool { tool: key, hints },
            Self::Prompts => Request::GetPrompt(key),
            Self::Resources | Self::Templates => Request::ReadResource(key),
        }
    }
}

impl<'m> Need<'m> {
    /// What a message needs. The answer to a request of the server needs no more than its session.
    pub(super) fn of(message: &'m Message, rules: Rules) -> Self {
        let Some(method) = message.method() else { return Self::Token };
        let text = |name| message.params().and_then(|params| params.get(name)).and_then(Json::as_str);
        let named = |name, request: fn(&'m str) -> Request<'m>| match text(name) {
            Some(text) => Self::Thing(request(text)),
            None if name == "uri" => Self::Unnamed("`params.uri` is expected, a string"),
            None => Self::Unnamed("`params.name` is expected, a string"),
        };
        // RULE: MCP-METHODS: broken: `resources/subscribe` and `resources/unsubscribe` need nothing but a token.
        match method {
            "tools/call" => named("name", |tool| Request::CallTool { tool, hints: Hints::default() }),
            "prompts/get" => named("name", Request::GetPrompt),
            "resources/subscribe" | "resources/unsubscribe" if !rules.hold(Rule::McpMethods) => Self::Token,
            "resources/read" | "resources/subscribe" | "resources/unsubscribe" => {
                named("uri", Request::ReadResource)
            }
            "tools/list" => Self::List(List::Tools),
            "prompts/list" => Self::List(List::Prompts),
            "resources/list" => Self::List(List::Resources),
            "resources/templates/list" => Self::List(List::Templates),
            "completion/complete" if !rules.hold(Rule::McpComplete) => Self::Token,
            "completion/complete" => completion(message.params()),
            "ping" | "logging/setLevel" if !rules.hold(Rule::McpAllowed) => Self::Unknown,
            _ if ALWAYS.contains(&method) => Self::Token,
            _ if !rules.hold(Rule::McpUnknown) => Self::Token,
            _ => Self::Unknown,
        }
    }

    /// The name or URI that it is about, for the journal.
    pub(super) fn subject(&self) -> Option<&'m str> {
        match self {
            Self::Thing(
                Request::CallTool { tool: text, .. } | Request::GetPrompt(text) | Request::ReadResource(text),
            ) => Some(text),
            _ => None,
        }
    }

    /// The action that it asks for, for the journal.
    pub(super) fn action(&self) -> Option<Action> {
        match self {
            Self::Thing(request) => Some(request.action()),
            Self::List(list) => Some(list.request().action()),
            _ => None,
        }
    }
}

/// Completion tells what a prompt's arguments or a template's variables may be: for whoever may use it.
fn completion(params: Option<&Map<String, Json>>) -> Need<'_> {
    let reference = params.and_then(|params| params.get("ref")).and_then(Json::as_object);
    let text = |name| reference.and_then(|reference| reference.get(name)).and_then(Json::as_str);
    match (text("type"), text("name"), text("uri")) {
        (Some("ref/prompt"), Some(name), None) => Need::Thing(Request::GetPrompt(name)),
        (Some("ref/resource"), None, Some(uri)) => Need::Thing(Request::ReadResource(uri)),
        _ => Need::Unnamed("`params.ref` is expected: one prompt's name or one resource's URI"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(method: &str, params: &str) -> Message {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        Message::read(text.as_bytes(), Rules::ALL).unwrap()
    }

    #[test]
    fn every_method_needs_what_the_contract_says() {
        for (method, params, expected) in [
            (
                "tools/call",
                r#"{"name":"a"}"#,
                Need::Thing(Request::CallTool { tool: "a", hints: Hints::default() }),
            ),
            ("prompts/get", r#"{"name":"a"}"#, Need::Thing(Request::GetPrompt("a"))),
            ("resources/read", r#"{"uri":"a:b"}"#, Need::Thing(Request::ReadResource("a:b"))),
            ("resources/subscribe", r#"{"uri":"a:b"}"#, Need::Thing(Request::ReadResource("a:b"))),
            ("resources/unsubscribe", r#"{"uri":"a:b"}"#, Need::Thing(Request::ReadResource("a:b"))),
            ("tools/list", "{}", Need::List(List::Tools)),
            ("resources/templates/list", "{}", Need::List(List::Templates)),
            ("tools/call", "{}", Need::Unnamed("`params.name` is expected, a string")),
            ("tools/call", r#"{"name":["a"]}"#, Need::Unnamed("`params.name` is expected, a string")),
            ("resources/read", r#"{"name":"a"}"#, Need::Unnamed("`params.uri` is expected, a string")),
            (
                "completion/complete",
                r#"{"ref":{"type":"ref/prompt","name":"p"}}"#,
                Need::Thing(Request::GetPrompt("p")),
            ),
            (
                "completion/complete",
                r#"{"ref":{"type":"ref/resource","uri":"a:{b}"}}"#,
                Need::Thing(Request::ReadResource("a:{b}")),
            ),
            ("server/discover", "{}", Need::Unknown),
            ("tools/List", "{}", Need::Unknown),
            ("tools/call ", r#"{"name":"a"}"#, Need::Unknown),
            ("tasks/list", "{}", Need::Unknown),
            ("sampling/createMessage", "{}", Need::Unknown),
            ("", "{}", Need::Unknown),
        ] {
            assert_eq!(Need::of(&message(method, params), Rules::ALL), expected, "{method} {params}");
        }
        for method in ALWAYS {
            assert_eq!(Need::of(&message(method, "{}"), Rules::ALL), Need::Token, "{method}");
        }
        for reference in [
            r#"{"type":"ref/prompt","uri":"a:b"}"#,
            r#"{"type":"ref/prompt","name":"p","uri":"a:b"}"#,
            r#"{"type":"ref/tool","name":"p"}"#,
            "[]",
        ] {
            let message = message("completion/complete", &format!(r#"{{"ref":{reference}}}"#));
            assert!(matches!(Need::of(&message, Rules::ALL), Need::Unnamed(_)), "{reference}");
        }
    }
}
