//! What a requirement is about, as far as its id says: which steps can say anything of it, and at which component.

use crate::model::identifier::{Component, PROXY, RequirementId, UPSTREAM};

/// What a requirement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// A token, so that only an answer to one says anything about it.
    Token,
    /// What somebody may do with one, likewise.
    Rights,
    /// What a component does.
    Component,
    /// A client.
    Client,
    Other,
}

impl Family {
    /// The metadata of a protected resource is there for those who have no token.
    pub(super) fn of(rule: &RequirementId) -> Self {
        match area(rule) {
            _ if rule.as_str() == "TOK-PRM" => Self::Other,
            "TOK" => Self::Token,
            "RS" | "MCP" | "OP" | "CLAIM" => Self::Rights,
            "EM" | "UI" => Self::Component,
            "CL" => Self::Client,
            _ => Self::Other,
        }
    }

    /// Only an answer to a token says anything of it.
    pub(super) const fn needs_a_token(self) -> bool {
        matches!(self, Self::Token | Self::Rights)
    }
}

/// Whose rule it is, if it is another one's than this component's: of what only one kind of component does, no other says
/// anything.
pub(super) fn elsewhere(rule: &RequirementId, component: &Component) -> Option<&'static str> {
    let name = component.as_str();
    let of_servers = name.starts_with(PROXY) || name.starts_with(UPSTREAM);
    let (home, at_home) = match area(rule) {
        "RS" => ("the Registry Server", name == "registry-server"),
        "MCP" | "OP" => ("the MCP proxy", of_servers),
        // A client relies on what the Manager answers.
        "EM" | "CL" => ("the Enterprise Manager or its clients", name == "enterprise-manager"),
        "UI" => ("the Cloud UI", ["cloud-ui", "registry-server"].contains(&name)),
        _ => return None,
    };
    (!at_home).then_some(home)
}

/// `TOK` of `TOK-AUD`.
fn area(rule: &RequirementId) -> &str {
    rule.as_str().split_once('-').map_or("", |(area, _)| area)
}
