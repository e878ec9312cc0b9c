//! Servers and their identity provider: the few fields that are read. These kinds have many others.

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// An MCP server or proxy, as far as access to it goes.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServerSpec {
    /// Whose tokens the server takes. Without it the server takes nobody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ConfigRef")]
    oidc_config_ref: Option<ConfigRef>,
}

/// An `MCPOIDCConfig` of the same namespace, and what its tokens must be for.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ConfigRef {
    /// `metadata.name` of the `MCPOIDCConfig`.
    #[schemars(length(min = 1))]
    name: String,
    /// The audience that a token must name: another one for every server.
    #[schemars(length(min = 1), regex(pattern = r"\S"))]
    audience: String,
}

/// An identity provider.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = inline_when_inline)]
pub(super) struct ConfigSpec {
    /// Where the settings are. Only `inline` is read.
    #[serde(rename = "type")]
    kind: ConfigKind,
    /// The settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Inline")]
    inline: Option<Inline>,
}

/// Where the settings of an identity provider are.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum ConfigKind {
    Inline,
    KubernetesServiceAccount,
}

/// The settings of an identity provider.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Inline {
    /// The issuer of its tokens, character for character.
    #[schemars(length(min = 1), regex(pattern = r"\S"))]
    issuer: String,
}

fn inline_when_inline(schema: &mut Schema) {
    let elsewhere = json!({"properties": {"type": {"enum": ["kubernetesServiceAccount"]}}});
    let inline = json!({"properties": {"inline": {"type": "object"}}, "required": ["inline"]});
    schema.insert("anyOf".to_owned(), json!([elsewhere, inline]));
}
