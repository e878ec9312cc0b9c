//! The authorization code grant with PKCE (RFC 6749 §4.1, RFC 7636, OpenID Connect Core §3.1).

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use url::Url;

use super::{
    Person, Registration, ServerMetadata, SignIn, SignInError, Tokens, id_token::IdToken, loopback::Loopback,
    token_response, user_agent::UserAgent,
};
use crate::model::rule::Rule;

/// What a client remembers between the request and its callback. It has no debug output: the verifier is a secret.
pub struct Pending {
    metadata: ServerMetadata,
    redirect_uri: String,
    verifier: String,
    state: Option<String>,
    nonce: Option<String>,
}

impl Pending {
    /// What the authorization server says of itself.
    #[must_use]
    pub fn metadata(&self) -> &ServerMetadata {
        &self.metadata
    }
}

/// The whole flow, with a person at a browser.
pub(super) async fn run(
    flow: &mut SignIn<'_>,
    registration: &Registration,
    person: &Person,
) -> Result<Tokens, SignInError> {
    let loopback = match &registration.redirect_uri {
        Some(_) => None,
        None => Some(Loopback::listen().await.map_err(|error| SignInError::Loopback(error.to_string()))?),
    };
    let redirect_uri = match (&registration.redirect_uri, &loopback) {
        (Some(uri), _) => uri.clone(),
        (None, Some(loopback)) => loopback.redirect_uri(),
        (None, None) => String::new(),
    };
    let (url, pending) = begin(flow, registration, redirect_uri).await?;
    let callback = UserAgent::new(flow.courier).authorize(&url, &pending.redirect_uri, person).await?;
    let callback = match loopback {
        Some(loopback) => loopback.receive(flow.courier, &callback).await?,
        None => callback,
    };
    finish(flow, registration, &pending, &callback).await
}

/// The first half: where the browser is sent.
pub(super) async fn begin(
    flow: &mut SignIn<'_>,
    registration: &Registration,
    redirect_uri: String,
) -> Result<(Url, Pending), SignInError> {
    let metadata = ServerMetadata::fetch(flow.courier, &registration.issuer, flow.rules).await?;
    // CL-LOGIN: a fresh verifier, state and nonce for every request.
    let bound = flow.rules.hold(Rule::ClLogin);
    let pending = Pending {
        metadata,
        redirect_uri,
        verifier: flow.chance.text(),
        state: bound.then(|| flow.chance.text()),
        nonce: bound.then(|| flow.chance.text()),
    };
    Ok((authorization_url(registration, &pending)?, pending))
}

/// The second half: what the browser came back with.
pub(super) async fn finish(
    flow: &SignIn<'_>,
    registration: &Registration,
    pending: &Pending,
    callback: &Url,
) -> Result<Tokens, SignInError> {
    let metadata = &pending.metadata;
    // CL-LOGIN-CHECK: the callback and the ID token answer this request, and come from this issuer.
    let checked = flow.rules.hold(Rule::ClLoginCheck);
    if checked {
        check_callback(callback, pending)?;
    }
    let code = read_callback(callback)?;
    let fields = vec![
        ("grant_type".into(), "authorization_code".into()),
        ("code".into(), code),
        ("redirect_uri".into(), pending.redirect_uri.clone()),
        ("code_verifier".into(), pending.verifier.clone()),
    ];
    let tokens = token_response::request(flow, &metadata.token_endpoint, registration, fields).await?;
    if let Some(id_token) = &tokens.id_token {
        let id_token = IdToken::read(id_token)?;
        if checked {
            id_token.check_nonce(pending.nonce.as_deref())?;
        }
        if flow.rules.hold(Rule::ClIdToken) {
            id_token.check(&metadata.issuer, &registration.client_id, &tokens)?;
        }
    }
    Ok(tokens)
}

fn authorization_url(registration: &Registration, pending: &Pending) -> Result<Url, SignInError> {
    let mut url = Url::parse(&pending.metadata.authorization_endpoint)
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

/// The callback is the answer to our request, from the issuer that was asked (RFC 6749 §4.1.2, RFC 9207 §2.4).
fn check_callback(callback: &Url, pending: &Pending) -> Result<(), SignInError> {
    let metadata = &pending.metadata;
    if parameter(callback, "state") != pending.state {
        return Err(SignInError::Protocol("the callback's state is not the one that was sent".into()));
    }
    match parameter(callback, "iss") {
        Some(issuer) if issuer != metadata.issuer => {
            Err(SignInError::Protocol("the callback comes from another issuer".into()))
        }
        None if metadata.authorization_response_iss_parameter_supported => {
            Err(SignInError::Protocol("the callback lacks the issuer that was advertised".into()))
        }
        _ => Ok(()),
    }
}

/// The code, or the refusal (RFC 6749 §4.1.2).
fn read_callback(callback: &Url) -> Result<String, SignInError> {
    if let Some(error) = parameter(callback, "error") {
        let description = parameter(callback, "error_description");
        return Err(SignInError::Refused { error, description });
    }
    parameter(callback, "code")
        .ok_or_else(|| SignInError::Protocol("the callback has neither code nor error".into()))
}

fn parameter(callback: &Url, name: &str) -> Option<String> {
    callback.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chance::Chance,
        model::rule::Rules,
        net::courier::{Answer, Request},
        signin::scripted::{Scripted, html, json, registration},
    };

    /// A sign-in at a server that sends the browser back with these parameters beside the code, and this nonce in the
    /// ID token. `STATE` and `NONCE` stand for the client's own.
    async fn sign_in(parameters: &'static str, nonce: &'static str, rules: Rules) -> Result<(), SignInError> {
        let asked = std::sync::Mutex::new((String::new(), String::new()));
        let server = Scripted::new(move |request: &Request| {
            let mut asked = asked.lock().unwrap();
            let url = Url::parse(&request.url).unwrap();
            match url.path() {
                "/.well-known/openid-configuration" => json(
                    200,
                    r#"{"issuer":"https://idp.test","authorization_endpoint":"https://idp.test/authorize",
                        "token_endpoint":"https://idp.test/token",
                        "authorization_response_iss_parameter_supported":true}"#,
                ),
                "/authorize" => {
                    *asked = (
                        parameter(&url, "state").unwrap_or_default(),
                        parameter(&url, "nonce").unwrap_or_default(),
                    );
                    html(r#"<form action="/login"><input name="u"><input type="password" name="p"></form>"#)
                }
                "/login" => {
                    let to =
                        format!("https://app.test/back?code=c&{}", parameters.replace("STATE", &asked.0));
                    Answer { status: 303, headers: vec![("location".into(), to)], body: Vec::new() }
                }
                "/token" => {
                    let claims = format!(
                        r#"{{"iss":"https://idp.test","aud":"cli","nonce":"{}"}}"#,
                        nonce.replace("NONCE", &asked.1)
                    );
                    let id_token = format!("e30.{}.AA", URL_SAFE_NO_PAD.encode(claims));
                    json(
                        200,
                        &format!(r#"{{"access_token":"a","token_type":"Bearer","id_token":"{id_token}"}}"#),
                    )
                }
                path => panic!("{path}"),
            }
        });
        let mut chance = Chance::from_seed([7; 32]);
        let mut flow = SignIn { courier: &server, chance: &mut chance, rules };
        let registration =
            Registration { redirect_uri: Some("https://app.test/back".into()), ..registration() };
        let person = Person { login: "ann".into(), password: "secret".into() };
        run(&mut flow, &registration, &person).await.map(|_| ())
    }

    #[tokio::test]
    async fn the_callback_and_the_id_token_answer_this_request() {
        let own = "state=STATE&iss=https://idp.test";
        assert_eq!(sign_in(own, "NONCE", Rules::ALL).await, Ok(()));
        for (parameters, nonce) in [
            ("state=other&iss=https://idp.test", "NONCE"),
            ("iss=https://idp.test", "NONCE"),
            ("state=STATE&iss=https://evil.test", "NONCE"),
            ("state=STATE", "NONCE"),
            (own, "other"),
        ] {
            let refused = sign_in(parameters, nonce, Rules::ALL).await;
            assert!(matches!(refused, Err(SignInError::Protocol(_))), "{parameters} {nonce}: {refused:?}");
            let broken = Rules::without(Rule::ClLoginCheck);
            assert_eq!(sign_in(parameters, nonce, broken).await, Ok(()), "{parameters} {nonce}");
        }
    }
}
