//! The authorization code grant with PKCE (RFC 6749 §4.1, RFC 7636, OpenID Connect Core §3.1).

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use url::Url;

use super::{
    Person, Registration, ServerMetadata, SignIn, SignInError, Tokens, loopback::Loopback, token_response,
    user_agent::UserAgent,
};
use crate::model::rule::Rule;

/// What the client remembers between request and callback.
struct Pending {
    redirect_uri: String,
    verifier: String,
    state: Option<String>,
    nonce: Option<String>,
}

pub(super) async fn run(
    flow: &mut SignIn<'_>,
    registration: &Registration,
    person: &Person,
) -> Result<Tokens, SignInError> {
    let metadata = ServerMetadata::fetch(flow.courier, &registration.issuer).await?;
    let loopback = match &registration.redirect_uri {
        Some(_) => None,
        None => Some(Loopback::listen().await.map_err(|error| SignInError::Loopback(error.to_string()))?),
    };
    let redirect_uri = match (&registration.redirect_uri, &loopback) {
        (Some(uri), _) => uri.clone(),
        (None, Some(loopback)) => loopback.redirect_uri(),
        (None, None) => String::new(),
    };
    // CL-LOGIN: a fresh verifier, state and nonce for every request.
    let bound = flow.rules.hold(Rule::ClLogin);
    let pending = Pending {
        redirect_uri,
        verifier: flow.chance.text(),
        state: bound.then(|| flow.chance.text()),
        nonce: bound.then(|| flow.chance.text()),
    };
    let url = authorization_url(&metadata, registration, &pending)?;
    let callback = UserAgent::new(flow.courier).authorize(&url, &pending.redirect_uri, person).await?;
    let callback = match loopback {
        Some(loopback) => loopback.receive(flow.courier, &callback).await?,
        None => callback,
    };
    let code = read_callback(&callback, &metadata, &pending)?;
    let fields = vec![
        ("grant_type".into(), "authorization_code".into()),
        ("code".into(), code),
        ("redirect_uri".into(), pending.redirect_uri.clone()),
        ("code_verifier".into(), pending.verifier.clone()),
    ];
    let tokens = token_response::request(flow, &metadata.token_endpoint, registration, fields).await?;
    check_nonce(&tokens, &pending)?;
    Ok(tokens)
}

fn authorization_url(
    metadata: &ServerMetadata,
    registration: &Registration,
    pending: &Pending,
) -> Result<Url, SignInError> {
    let mut url = Url::parse(&metadata.authorization_endpoint)
        .map_err(|error| SignInError::Protocol(format!("authorization endpoint: {error}")))?;
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, pending.verifier.as_bytes()));
    {
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &registration.client_id)
            .append_pair("redirect_uri", &pending.redirect_uri)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        if !registration.scopes.is_empty() {
            query.append_pair("scope", &registration.scopes.join(" "));
        }
        let optional =
            [("state", &pending.state), ("nonce", &pending.nonce), ("resource", &registration.resource)];
        for (name, value) in optional {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
    }
    Ok(url)
}

/// The code, if the callback is the answer to our request (RFC 6749 §4.1.2, RFC 9207 §2.4).
fn read_callback(
    callback: &Url,
    metadata: &ServerMetadata,
    pending: &Pending,
) -> Result<String, SignInError> {
    let parameter =
        |name: &str| callback.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    if parameter("state") != pending.state {
        return Err(SignInError::Protocol("the callback's state is not the one that was sent".into()));
    }
    match parameter("iss") {
        Some(issuer) if issuer != metadata.issuer => {
            return Err(SignInError::Protocol("the callback comes from another issuer".into()));
        }
        None if metadata.authorization_response_iss_parameter_supported => {
            return Err(SignInError::Protocol("the callback lacks the issuer that was advertised".into()));
        }
        _ => {}
    }
    if let Some(error) = parameter("error") {
        return Err(SignInError::Refused { error, description: parameter("error_description") });
    }
    parameter("code").ok_or_else(|| SignInError::Protocol("the callback has neither code nor error".into()))
}

/// The ID token is bound to this request (OpenID Connect Core §3.1.3.7). It came from the token endpoint over
/// TLS, so its signature is not looked at here.
fn check_nonce(tokens: &Tokens, pending: &Pending) -> Result<(), SignInError> {
    let Some(id_token) = &tokens.id_token else { return Ok(()) };
    let claims = id_token
        .split('.')
        .nth(1)
        .and_then(|part| URL_SAFE_NO_PAD.decode(part).ok())
        .and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok())
        .ok_or_else(|| SignInError::Protocol("the ID token is no JWT".into()))?;
    if claims.get("nonce").and_then(serde_json::Value::as_str) == pending.nonce.as_deref() {
        return Ok(());
    }
    Err(SignInError::Protocol("the ID token's nonce is not the one that was sent".into()))
}
