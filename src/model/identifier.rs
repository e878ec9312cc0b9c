//! A type for every string that travels, so that an audience is never compared with an issuer.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the string as it is.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The string as it is.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

identifiers! {
    /// An OAuth issuer identifier, a URL; compared character for character (RFC 8414 §3.3).
    Issuer,
    /// A value of the `aud` claim (RFC 7519 §4.1.3).
    Audience,
    /// One scope token (RFC 6749 §3.3).
    Scope,
    /// An OAuth client identifier (RFC 6749 §2.2).
    ClientId,
    /// A `kid` (RFC 7515 §4.1.4).
    KeyId,
    /// A requirement of the catalogue: `TOK-AUD`.
    RequirementId,
    /// A divergence of the catalogue: `missing-scope`.
    DivergenceId,
    /// A scenario: its path under the suite's root, without extension: `audience/prefix`.
    ScenarioId,
    /// One cell of a scenario's matrix, or the scenario itself: `audience/replay[setup=okta-shared]`.
    CaseId,
    /// A part of the platform: `enterprise-manager`, `cloud-ui`, `idp`.
    Component,
}

/// Before the name of a server: the component that is its MCP proxy.
pub const PROXY: &str = "mcp:";

/// Before the name of a server: the component that is the MCP server behind the proxy.
pub const UPSTREAM: &str = "upstream:";
