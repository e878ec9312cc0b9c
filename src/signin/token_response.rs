//! The token endpoint's answer (RFC 6749 §5.1, §5.2).

use serde::Deserialize;

use super::{Registration, SignIn, SignInError};
use crate::net::courier::{Answer, Request};

/// What a flow yields.
#[derive(Clone, Deserialize)]
pub struct Tokens {
    /// The access token.
    pub access_token: String,
    /// `Bearer`
    pub token_type: String,
    /// The ID token, where `openid` was asked for.
    pub id_token: Option<String>,
    /// The refresh token, where there is one.
    pub refresh_token: Option<String>,
    /// The scopes granted, where the server says so.
    pub scope: Option<String>,
    /// Seconds until the access token expires.
    pub expires_in: Option<u64>,
}

#[derive(Deserialize)]
struct OAuthError {
    error: String,
    error_description: Option<String>,
}

/// Posts to the token endpoint and reads the tokens.
pub(super) async fn request(
    flow: &SignIn<'_>,
    endpoint: &str,
    registration: &Registration,
    fields: Vec<(String, String)>,
) -> Result<Tokens, SignInError> {
    let answer = post(flow, endpoint, registration, fields).await?;
    let tokens: Tokens = serde_json::from_slice(&answer.body)
        .map_err(|_| SignInError::Protocol("the token response is no valid JSON of RFC 6749 §5.1".into()))?;
    if !tokens.token_type.eq_ignore_ascii_case("bearer") {
        return Err(SignInError::Protocol(format!("token type `{}`", tokens.token_type)));
    }
    Ok(tokens)
}

/// Posts to an endpoint of the authorization server, authenticated as the client is registered. What is not a 200 is
/// an error.
pub(super) async fn post(
    flow: &SignIn<'_>,
    endpoint: &str,
    registration: &Registration,
    mut fields: Vec<(String, String)>,
) -> Result<Answer, SignInError> {
    if let Some(resource) = &registration.resource {
        fields.push(("resource".into(), resource.clone()));
    }
    if registration.client_secret.is_none() {
        fields.push(("client_id".into(), registration.client_id.clone()));
    }
    let mut request = Request::form(endpoint, &fields);
    if let Some(secret) = &registration.client_secret {
        request = request.header("authorization", basic(&registration.client_id, secret));
    }
    let answer = flow.courier.send(request).await?;
    if answer.status == 200 {
        return Ok(answer);
    }
    match serde_json::from_slice::<OAuthError>(&answer.body) {
        Ok(error) => Err(SignInError::Refused { error: error.error, description: error.error_description }),
        Err(_) => Err(SignInError::Protocol(format!("`{endpoint}` answered {}", answer.status))),
    }
}

/// HTTP Basic with both parts form-encoded first (RFC 6749 §2.3.1).
fn basic(id: &str, secret: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(id), encode(secret))))
}
