//! Every document and token of a profile, frozen.

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
    scope: &'a str,
    /// Scope and resource of a machine's request, where the tenant has a machine.
    machine: Option<(&'a str, &'a str)>,
    /// Names the API in a user's request, where scopes alone do not.
    resource: &'a str,
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
    keys["keys"][0]["n"] = "(modulus)".into();
    if let Some(certificate) = keys["keys"][0].pointer_mut("/x5c/0") {
        *certificate = "(certificate)".into();
    }
    assert_golden(folder, "jwks", &keys);
    let mut tokens = rig.tokens(issuer, client.cli, client.scope, &[("resource", client.resource)]).await.0;
    let token = |tokens: &Json, name: &str| decode(tokens[name].as_str().unwrap());
    assert_golden(folder, "access-token", &token(&tokens, "access_token"));
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
            ("resource", resource),
        ];
        let machine: Json = rig.token(issuer, &form).await.json().await.unwrap();
        assert_golden(folder, "machine-token", &token(&machine, "access_token"));
    }
    assert_golden(folder, "errors", &errors(rig, client).await);
    let device = [("client_id", client.cli), ("scope", client.scope), ("resource", client.resource)];
    let endpoint = rig.endpoint(issuer, "device_authorization_endpoint").await;
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
        scope: &format!("openid profile email offline_access {CONFIG}"),
        machine: Some((CONFIG, "enterprise-manager")),
        resource: "",
        unknown_server: "/oauth2/nope/.well-known/openid-configuration",
    };
    assert_profile("generic", &rig, Some(rfc8414), &client).await;
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
        // Where scopes do not matter there is a sign-in page.
        let status = response.status();
        let outcome =
            if status.is_redirection() { json!(returned(&response)) } else { json!(status.as_u16()) };
        errors.insert(name.to_owned(), outcome);
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

async fn exchange(response: Response) -> Json {
    let status = response.status().as_u16();
    json!({"status": status, "body": response.json::<Json>().await.unwrap()})
}
