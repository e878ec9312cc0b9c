//! Every document and token of a profile, frozen.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use expect_test::expect_file;
use reqwest::{Method, Response};
use serde_json::{Map, Value as Json, json};
use url::Url;

use crate::entra;
use crate::rig::{CLI, CONFIG, LOOPBACK, Rig, VERIFIER, WEB, WEB_SECRET, decode, document, returned};

type Params<'a> = &'a [(&'a str, &'a str)];

struct Client<'a> {
    cli: &'a str,
    web: &'a str,
    /// That of a device.
    device: &'a str,
    scope: &'a str,
    /// Scope and resource of a machine's request, where the tenant has a machine.
    machine: Option<(&'a str, &'a str)>,
    /// Names the API in a user's request, where scopes alone do not.
    resource: &'a str,
    /// The parameter that names it.
    target: &'a str,
    /// A path of a server that the provider does not have.
    unknown_server: &'a str,
}

/// Compares with a golden file. An equal document is written equally: members keep their order.
fn assert_golden(folder: &str, name: &str, document: &Json) {
    let text = serde_json::to_string_pretty(document).unwrap() + "\n";
    expect_file![format!("../golden/{folder}/{name}.json")].assert_eq(&text);
}

async fn assert_profile(folder: &str, rig: &Rig, rfc8414: Option<&str>, client: &Client<'_>) {
    let issuer = rig.issuer();
    let document = rig.json(&document(issuer)).await;
    assert_golden(folder, "openid-configuration", &document);
    if let Some(url) = rfc8414 {
        assert_golden(folder, "oauth-authorization-server", &rig.json(url).await);
    }
    let mut keys = rig.json(document["jwks_uri"].as_str().unwrap()).await;
    for key in keys["keys"].as_array_mut().unwrap() {
        key["n"] = "(modulus)".into();
        for pointer in ["/x5c/0", "/x5t", "/x5t#S256"] {
            let kid = key["kid"].clone();
            if let Some(value) = key.pointer_mut(pointer).filter(|value| **value != kid) {
                *value = "(certificate)".into();
            }
        }
    }
    assert_golden(folder, "jwks", &keys);
    let mut tokens = rig.tokens(issuer, client.cli, client.scope, &[("resource", client.resource)]).await.0;
    let token = |tokens: &Json, name: &str| decode(tokens[name].as_str().unwrap());
    assert_golden(folder, "access-token", &readable(tokens["access_token"].as_str().unwrap()));
    let mut id = token(&tokens, "id_token");
    if let Some(hash) = id["claims"].get_mut("at_hash") {
        *hash = "(hash)".into();
    }
    assert_golden(folder, "id-token", &id);
    tokens["access_token"] = "(token)".into();
    tokens["id_token"] = "(token)".into();
    assert_golden(folder, "token-response", &tokens);
    if let Some((scope, resource)) = client.machine {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", client.web),
            ("client_secret", WEB_SECRET),
            ("scope", scope),
            (client.target, resource),
        ];
        let machine: Json = rig.token(issuer, &form).await.json().await.unwrap();
        assert_golden(folder, "machine-token", &token(&machine, "access_token"));
    }
    assert_golden(folder, "errors", &errors(rig, client).await);
    // Not every provider has the flow.
    let Some(endpoint) = document["device_authorization_endpoint"].as_str() else { return };
    let device = [("client_id", client.device), ("scope", client.scope), ("resource", client.resource)];
    let device = rig.http.post(endpoint).form(&device).send().await.unwrap();
    assert_golden(folder, "device-authorization", &device.json().await.unwrap());
}

#[tokio::test]
async fn okta() {
    let rig = Rig::shipped("okta-per-component");
    let rfc8414 = "https://acme.okta.com/.well-known/oauth-authorization-server/oauth2/aus1em";
    let client = Client {
        cli: CLI,
        web: WEB,
        device: CLI,
        target: "resource",
        scope: &format!("openid profile email offline_access {CONFIG}"),
        machine: Some((CONFIG, "")),
        resource: "",
        unknown_server: "/oauth2/nope/.well-known/openid-configuration",
    };
    assert_profile("okta", &rig, Some(rfc8414), &client).await;
    let legacy = format!("{}/.well-known/oauth-authorization-server", rig.issuer());
    assert_eq!(rig.json(&legacy).await, rig.json(rfc8414).await);
}

#[tokio::test]
async fn okta_org() {
    let rig = Rig::shipped("okta-org-jwt");
    let client = Client {
        cli: CLI,
        web: WEB,
        device: CLI,
        target: "resource",
        scope: "openid profile email groups offline_access okta.users.read.self",
        machine: None,
        resource: "",
        unknown_server: "/oauth2/nope/.well-known/openid-configuration",
    };
    let rfc8414 = "https://acme.okta.com/.well-known/oauth-authorization-server";
    assert_profile("okta-org", &rig, Some(rfc8414), &client).await;
}

#[tokio::test]
async fn entra_v2() {
    let rig = Rig::shipped("entra-quickstart");
    assert_entra("entra-v2", &rig, "/contoso.example/v2.0/.well-known/openid-configuration").await;
}

/// Scopes name the API at the endpoints of version 2.0, `resource` does at those of version 1.0.
async fn assert_entra(folder: &str, rig: &Rig, unknown_server: &str) {
    let api = format!("api://{}", entra::API);
    let client = Client {
        cli: entra::CLI,
        web: entra::WEB,
        device: entra::CLI,
        target: "resource",
        scope: &format!("openid profile email offline_access {api}/access_as_user {api}/{CONFIG}"),
        machine: Some((&format!("{api}/.default"), &api)),
        resource: &api,
        unknown_server,
    };
    assert_profile(folder, rig, None, &client).await;
}

#[tokio::test]
async fn entra_v1() {
    let mut rig = Rig::shipped("entra-v1");
    rig.issuers.swap(0, 1);
    assert!(rig.issuer().starts_with("https://sts.windows.net/"));
    assert_entra("entra-v1", &rig, "/contoso.example/.well-known/openid-configuration").await;
}

#[tokio::test]
async fn entra_multitenant() {
    let mut rig = Rig::shipped("entra-multitenant");
    rig.issuers = vec!["https://login.microsoftonline.com/common/v2.0".to_owned()];
    assert_entra("entra-multitenant", &rig, "/contoso.example/v2.0/.well-known/openid-configuration").await;
}

#[tokio::test]
async fn generic() {
    let rig = Rig::shipped("generic");
    let rfc8414 = "https://idp.example.com/.well-known/oauth-authorization-server";
    let client = Client {
        cli: "stacklok-cli",
        web: "cloud-ui",
        device: "stacklok-cli",
        target: "resource",
        scope: &format!("openid profile email offline_access {CONFIG}"),
        machine: Some((CONFIG, "enterprise-manager")),
        resource: "",
        unknown_server: "/oauth2/nope/.well-known/openid-configuration",
    };
    assert_profile("generic", &rig, Some(rfc8414), &client).await;
}

/// A client of the tenants that resemble the generic one.
fn platform<'a>(scope: &'a str, machine: Option<(&'a str, &'a str)>) -> Client<'a> {
    Client {
        cli: "stacklok-cli",
        web: "cloud-ui",
        device: "stacklok-cli",
        scope,
        machine,
        resource: "",
        target: "resource",
        unknown_server: "/oauth2/nope/.well-known/openid-configuration",
    }
}

#[tokio::test]
async fn rfc9068() {
    let rig = Rig::shipped("rfc9068");
    let scope = format!("openid profile email offline_access {CONFIG}");
    let client = platform(&scope, Some((CONFIG, "enterprise-manager")));
    let rfc8414 = "https://as.example.com/.well-known/oauth-authorization-server";
    assert_profile("rfc9068", &rig, Some(rfc8414), &client).await;
}

#[tokio::test]
async fn keycloak() {
    let rig = Rig::shipped("keycloak");
    let scope = format!("openid {CONFIG}");
    let client = Client {
        unknown_server: "/realms/nope/.well-known/openid-configuration",
        ..platform(&scope, Some((CONFIG, "")))
    };
    let rfc8414 = "https://keycloak.example.com/.well-known/oauth-authorization-server/realms/acme";
    assert_profile("keycloak", &rig, Some(rfc8414), &client).await;
    let legacy = format!("{}/.well-known/oauth-authorization-server", rig.issuer());
    assert_eq!(rig.json(&legacy).await, rig.json(rfc8414).await);
}

#[tokio::test]
async fn auth0() {
    let scope = format!("openid profile email offline_access {CONFIG}");
    let client = Client { target: "audience", ..platform(&scope, Some((CONFIG, "enterprise-manager"))) };
    assert_profile("auth0", &Rig::shipped("auth0"), None, &client).await;
    assert_profile("auth0-opaque", &Rig::shipped("auth0-opaque"), None, &client).await;
}

#[tokio::test]
async fn google() {
    let client = Client { device: "stacklok-device", ..platform("openid profile email", None) };
    assert_profile("google", &Rig::shipped("google"), None, &client).await;
}

#[tokio::test]
async fn cognito() {
    let scope = format!("openid profile email enterprise-manager/{CONFIG}");
    let machine = format!("enterprise-manager/{CONFIG}");
    let client = Client { web: "cloud-ui-machine", ..platform(&scope, Some((&machine, ""))) };
    assert_profile("cognito", &Rig::shipped("cognito"), None, &client).await;
}

/// A refusal of each endpoint and kind.
async fn errors(rig: &Rig, client: &Client<'_>) -> Json {
    let issuer = rig.issuer();
    let mut errors = Map::new();
    let redirects: [(&str, &str, Params<'_>); 5] = [
        ("authorize, unknown scope only", "unheard:of", &[]),
        ("authorize, no scope", "", &[]),
        ("authorize, no PKCE", "openid", &[("code_challenge", ""), ("code_challenge_method", "")]),
        ("authorize, plain PKCE", "openid", &[("code_challenge_method", "plain")]),
        ("authorize, response type", "openid", &[("response_type", "token")]),
    ];
    for (name, scope, extra) in redirects {
        let response = rig.authorize(issuer, client.cli, scope, extra).await;
        let answer = match response.headers().get("location") {
            Some(_) => json!(returned(&response)),
            None => page(response).await,
        };
        errors.insert(name.to_owned(), answer);
    }
    let code = &rig.sign_in(issuer, client.cli, "openid", &[]).await["code"];
    let forms: [(&str, Params<'_>); 6] = [
        ("token, no client", &[("grant_type", "authorization_code")]),
        ("token, no secret", &[("grant_type", "client_credentials"), ("client_id", client.web)]),
        (
            "token, wrong secret",
            &[("grant_type", "client_credentials"), ("client_id", client.web), ("client_secret", "x")],
        ),
        ("token, unknown grant", &[("grant_type", "password"), ("client_id", client.cli)]),
        (
            "token, wrong redirect",
            &[
                ("grant_type", "authorization_code"),
                ("client_id", client.cli),
                ("code", code),
                ("redirect_uri", "http://127.0.0.1/callback"),
                ("code_verifier", VERIFIER),
            ],
        ),
        (
            "token, used code",
            &[
                ("grant_type", "authorization_code"),
                ("client_id", client.cli),
                ("code", code),
                ("redirect_uri", LOOPBACK),
                ("code_verifier", VERIFIER),
            ],
        ),
    ];
    for (name, form) in forms {
        errors.insert(name.to_owned(), exchange(rig.token(issuer, form).await).await);
    }
    let token = rig.endpoint(issuer, "token_endpoint").await;
    errors.insert("token, GET".to_owned(), exchange(rig.get(&token).await).await);
    let origin = Url::parse(issuer).unwrap().origin().ascii_serialization();
    for path in [client.unknown_server, "/nowhere"] {
        errors.insert(path.to_owned(), exchange(rig.get(&format!("{origin}{path}")).await).await);
    }
    let large = rig.http.request(Method::POST, &token).body("x".repeat(70_000)).send().await.unwrap();
    errors.insert("token, large body".to_owned(), exchange(large).await);
    Json::Object(errors)
}

/// An error page: its status, and what it says.
async fn page(response: Response) -> Json {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    let said: Vec<_> = text.split("<p").skip(1).filter_map(|part| part.split("</p>").next()).collect();
    json!({"status": status, "page": said})
}

/// Header and claims, or of a token that nobody can read its form.
fn readable(token: &str) -> Json {
    match token.split('.').collect::<Vec<_>>().as_slice() {
        [_, _, _] => decode(token),
        [header, "", ..] => {
            let header: Json = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
            json!({"header": header, "parts": token.split('.').map(str::len).collect::<Vec<_>>()})
        }
        _ => json!({"token": format!("{}…, {} characters", token.get(..7).unwrap(), token.len())}),
    }
}

async fn exchange(response: Response) -> Json {
    let status = response.status().as_u16();
    json!({"status": status, "body": response.json::<Json>().await.unwrap()})
}
