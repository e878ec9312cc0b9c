//! `mcp`: what a person may do on an MCP server, asked by the official SDK's client.

use crate::{
    model::identifier::{Component, RequirementId},
    scenario::template::{JsonTemplate, Template},
};

/// `mcp`
#[derive(Clone, Debug)]
pub struct McpStep {
    /// The server: `engineering/github`, or with its kind `engineering/MCPRemoteProxy/github`.
    pub server: Component,
    /// The token that the client shows.
    pub token: String,
    /// What it asks.
    pub ask: McpAsk,
    /// What must come of it.
    pub answer: McpAnswer,
    /// The requirement at stake.
    pub rule: RequirementId,
}

/// Custom resources.
#[derive(Clone, Debug, Default)]
pub struct Manifests {
    /// Files relative to the scenario, or documents written out.
    pub written: Vec<Template>,
    /// There must be mistakes in them. `broken_manifests`
    pub broken: bool,
}

/// `upstream`: the server behind a proxy changes.
#[derive(Clone, Debug)]
pub struct UpstreamStep {
    /// The server's component: `upstream:engineering/MCPServer/github`.
    pub of: Component,
    /// How.
    pub change: UpstreamChange,
}

/// What changes at the server behind a proxy.
#[derive(Clone, Debug)]
pub enum UpstreamChange {
    /// `tools`: tools by name with their annotations; null removes one. Nobody is told.
    Tools(JsonTemplate),
    /// `notify`: its clients are told that a list changed.
    Notify(Listing),
    /// `answers`: as `json` or `event-stream`.
    Answers(Template),
    /// `restart`: it knows no session any more.
    Restart,
}

/// What a client asks of a server.
#[derive(Clone, Debug)]
pub enum McpAsk {
    /// `call_tool`, with its arguments.
    CallTool(Template, Option<JsonTemplate>),
    /// `get_prompt`
    GetPrompt(Template, Option<JsonTemplate>),
    /// `read_resource`
    ReadResource(Template),
    /// `list`
    List(Listing),
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// `tools/list`, by name.
    Tools,
    /// `prompts/list`, by name.
    Prompts,
    /// `resources/list`, by URI.
    Resources,
    /// `resources/templates/list`, by the template's text.
    Templates,
}

/// What must come of an ask.
#[derive(Clone, Debug)]
pub enum McpAnswer {
    /// `permitted`: a result that is no error, or the proxy's refusal, MCP-DENY. A boolean once it is filled in.
    Permitted(JsonTemplate),
    /// A list of exactly these, all pages together, in any order. `shows`
    Shows(JsonTemplate),
}

impl McpAsk {
    /// The step's key.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::CallTool(..) => "call_tool",
            Self::GetPrompt(..) => "get_prompt",
            Self::ReadResource(_) => "read_resource",
            Self::List(_) => "list",
        }
    }
}
