//! The authorization server's metadata (OpenID Connect Discovery §4, RFC 8414).

use serde::Deserialize;

use super::SignInError;
use crate::{
    model::{
        identifier::Issuer,
        rule::{Rule, Rules},
    },
    net::courier::{Courier, Request},
};

/// The members that a client needs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ServerMetadata {
    /// Must equal the issuer that was asked (RFC 8414 §3.3); where it is absent it never does.
    #[serde(default)]
    pub issuer: String,
    /// For the browser.
    pub authorization_endpoint: String,
    /// For the client.
    pub token_endpoint: String,
    /// For a client without a browser (RFC 8628 §4).
    pub device_authorization_endpoint: Option<String>,
    /// Where a person signs out (OpenID Connect RP-Initiated Logout §2.1).
    pub end_session_endpoint: Option<String>,
    /// The `iss` parameter comes with every authorization response (RFC 9207 §3).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl ServerMetadata {
    /// Fetches the document and compares its issuer, character for character.
    pub async fn fetch(courier: &dyn Courier, issuer: &Issuer, rules: Rules) -> Result<Self, SignInError> {
        let url = format!("{}/.well-known/openid-configuration", issuer.as_str().trim_end_matches('/'));
        let answer = courier.send(Request::get(&url)).await?;
        if answer.status != 200 {
            return Err(SignInError::Protocol(format!("discovery at `{url}` answered {}", answer.status)));
        }
        let metadata: Self = serde_json::from_slice(&answer.body)
            .map_err(|error| SignInError::Protocol(format!("discovery at `{url}` is not usable: {error}")))?;
        // CL-METADATA
        if metadata.issuer != issuer.as_str() && rules.hold(Rule::ClMetadata) {
            return Err(SignInError::Protocol(format!(
                "discovery of `{issuer}` names the issuer `{}`",
                metadata.issuer
            )));
        }
        Ok(metadata)
    }
}
