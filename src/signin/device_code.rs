//! The device authorization grant (RFC 8628), for a client without a browser of its own.

use serde::Deserialize;
use url::Url;

use super::{
    Person, Registration, ServerMetadata, SignIn, SignInError, Tokens, token_response, user_agent::UserAgent,
};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The answer of the device authorization endpoint (RFC 8628 §3.2). Its `interval` does not matter to a client that
/// asks once.
#[derive(Deserialize)]
struct DeviceAuthorization {
    device_code: String,
    user_code: String,
    verification_uri: String,
    /// Optional; Entra ID never sends it.
    verification_uri_complete: Option<String>,
}

pub(super) async fn run(
    flow: &mut SignIn<'_>,
    registration: &Registration,
    person: &Person,
) -> Result<Tokens, SignInError> {
    let metadata = ServerMetadata::fetch(flow.courier, &registration.issuer, flow.rules).await?;
    let endpoint = metadata.device_authorization_endpoint.as_deref().ok_or_else(|| {
        SignInError::Protocol("the authorization server has no device authorization endpoint".into())
    })?;
    let mut fields = Vec::new();
    if !registration.scopes.is_empty() {
        fields.push(("scope".into(), registration.scopes.join(" ")));
    }
    let answer = token_response::post(flow, endpoint, registration, fields).await?;
    let device: DeviceAuthorization = serde_json::from_slice(&answer.body).map_err(|_| {
        SignInError::Protocol("the device authorization response is no valid JSON of RFC 8628 §3.2".into())
    })?;
    UserAgent::new(flow.courier).approve(&page(&device)?, person).await?;
    let fields = vec![("grant_type".into(), GRANT_TYPE.into()), ("device_code".into(), device.device_code)];
    token_response::request(flow, &metadata.token_endpoint, registration, fields).await
}

/// The page with the code filled in, which a person reaches by a QR code (RFC 8628 §3.3.1); where the server names
/// none, what its form for the code leads to.
fn page(device: &DeviceAuthorization) -> Result<Url, SignInError> {
    let parse = |name: &str, uri: &str| {
        Url::parse(uri).map_err(|error| SignInError::Protocol(format!("{name}: {error}")))
    };
    if let Some(uri) = &device.verification_uri_complete {
        return parse("verification_uri_complete", uri);
    }
    let mut page = parse("verification_uri", &device.verification_uri)?;
    page.query_pairs_mut().append_pair("user_code", &device.user_code);
    Ok(page)
}

#[cfg(test)]
mod tests {
    use crate::{
        chance::Chance,
        model::rule::Rules,
        net::courier::{Answer, Request},
        signin::{
            Person, SignIn, SignInError, Tokens,
            scripted::{Scripted, discovery, html, json, registration},
        },
    };

    const FORM: &str = r#"<form action="/device/login"><input type="hidden" name="t" value="x">
        <input name="username"><input type="password" name="password"></form>"#;

    async fn sign_in(
        answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Result<Tokens, SignInError> {
        let server = Scripted::new(answer);
        let mut chance = Chance::from_seed([7; 32]);
        let mut flow = SignIn { courier: &server, chance: &mut chance, rules: Rules::ALL };
        let person = Person { login: "ann".into(), password: "secret".into() };
        flow.device_code(&registration(), &person).await
    }

    fn server(request: &Request, token: Answer, page: &str) -> Answer {
        let body = request.body.as_deref().unwrap_or_default();
        match request.url.as_str() {
            "https://idp.test/.well-known/openid-configuration" => discovery(),
            "https://idp.test/device" => {
                assert_eq!(body, "scope=openid+read&client_id=cli");
                json(
                    200,
                    r#"{"device_code":"dc","user_code":"AB-CD","verification_uri":"https://idp.test/go",
                        "verification_uri_complete":"https://idp.test/go?user_code=AB-CD","expires_in":600}"#,
                )
            }
            "https://idp.test/go?user_code=AB-CD" => html(FORM),
            "https://idp.test/device/login" => {
                assert_eq!(body, "t=x&username=ann&password=secret");
                html(page)
            }
            "https://idp.test/token" => {
                assert_eq!(
                    body,
                    "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=dc&client_id=cli"
                );
                token
            }
            url => panic!("{url}"),
        }
    }

    #[tokio::test]
    async fn the_person_approves_and_the_client_has_its_tokens() {
        let tokens = sign_in(|request| {
            let token = json(200, r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r"}"#);
            server(request, token, "<p>You are signed in. Go back to your device.")
        });
        let tokens = tokens.await.unwrap();
        assert_eq!((tokens.access_token.as_str(), tokens.refresh_token.as_deref()), ("a", Some("r")));
    }

    #[tokio::test]
    async fn a_server_without_a_page_for_the_code_is_told_the_code() {
        let tokens = sign_in(|request| {
            if request.url == "https://idp.test/device" {
                let answer =
                    r#"{"device_code":"dc","user_code":"AB-CD","verification_uri":"https://idp.test/go"}"#;
                return json(200, answer);
            }
            server(request, json(200, r#"{"access_token":"a","token_type":"Bearer"}"#), "You are signed in")
        });
        assert_eq!(tokens.await.unwrap().access_token, "a");
    }

    #[tokio::test]
    async fn what_goes_wrong_is_told() {
        for error in ["authorization_pending", "slow_down", "access_denied", "expired_token"] {
            let refused = sign_in(move |request| {
                server(request, json(400, &format!(r#"{{"error":"{error}"}}"#)), "You are signed in")
            });
            let refused = refused.await.map(|_| ());
            assert_eq!(refused, Err(SignInError::Refused { error: error.into(), description: None }));
        }
        let wrong = sign_in(|request| server(request, json(200, "{}"), FORM)).await.map(|_| ());
        assert_eq!(wrong, Err(SignInError::Credentials("ann".into())), "the form again");
        let without = sign_in(|_| {
            json(
                200,
                r#"{"issuer":"https://idp.test","authorization_endpoint":"https://idp.test/a","token_endpoint":"https://idp.test/token"}"#,
            )
        });
        assert!(matches!(without.await.map(|_| ()), Err(SignInError::Protocol(_))));
    }
}
