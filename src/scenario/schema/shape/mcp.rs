//! The maps of the steps about MCP servers and custom resources.

use super::{
    super::form::Form::{self, Any, Boolean, Either, List, Map, SomeOf, Text, Word, Yes},
    Shape, may, need,
};
use crate::scenario::read::words::LISTINGS;

/// Files or documents, one or several.
pub(super) const MANIFESTS: Form = Either(&[Text, SomeOf(&Text)]);

pub(super) static MCP: Shape = Shape {
    name: "mcp",
    about: "what somebody asks of an MCP server by the official client, and what must come of it; exactly one ask",
    exactly_one: false,
    fields: &[
        need("server", Text, "namespace/name, or namespace/MCPRemoteProxy/name"),
        need("token", Text, "the name of the token"),
        may("call_tool", Text, "the name of a tool"),
        may("get_prompt", Text, "the name of a prompt"),
        may("read_resource", Text, "the URI of a resource"),
        may("list", Word(|| LISTINGS.iter().map(|(word, _)| *word).collect()), "what is listed, all pages"),
        may("arguments", Map(&Any), "call_tool, get_prompt: the arguments"),
        may("permitted", Either(&[Boolean, Text]), "whether it must be permitted; of a list only false"),
        may("shows", Either(&[List(&Text), Text]), "list: exactly these names or URIs"),
        may("rule", Text, "the requirement at stake; the first of the scenario by default"),
    ],
};

pub(super) static UPSTREAM: Shape = Shape {
    name: "upstream",
    about: "what changes at the server behind a proxy; exactly one thing",
    exactly_one: false,
    fields: &[
        need("of", Text, "namespace/name, or namespace/MCPRemoteProxy/name"),
        may("tools", Map(&Any), "tools by name with their annotations, null for none; nobody is told"),
        may(
            "notify",
            Word(|| LISTINGS.iter().map(|(word, _)| *word).collect()),
            "its clients are told that this list changed",
        ),
        may("answers", Text, "the form of its answers from here on: json or event-stream"),
        may("restart", Yes, "it knows no session any more"),
    ],
};
