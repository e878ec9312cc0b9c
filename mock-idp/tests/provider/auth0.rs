//! Auth0: the parameter `audience`, permissions, and tokens that nobody can read without one.

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::rig::{CONFIG, Rig, WEB_SECRET, decode, refused, returned};

const CLI: &str = "stacklok-cli";
const USERINFO: &str = "https://acme.us.auth0.com/userinfo";

async fn claims(rig: &Rig, scope: &str, extra: &[(&str, &str)]) -> Json {
    let tokens = rig.tokens(rig.issuer(), CLI, scope, extra).await;
    rig.verify(rig.issuer(), tokens.access()).await.unwrap();
    decode(tokens.access())["claims"].take()
}

#[tokio::test]
async fn the_audience_selects_the_api_and_openid_adds_userinfo() {
    let rig = Rig::shipped("auth0");
    assert_eq!(rig.issuer(), "https://acme.us.auth0.com/");
    let default = claims(&rig, &format!("openid {CONFIG}"), &[]).await;
    assert_eq!(default["aud"], json!(["enterprise-manager", USERINFO]));
    assert_eq!(default["iss"], rig.issuer());
    let ui = [("audience", "cloud-ui"), ("resource", "enterprise-manager")];
    let ui = claims(&rig, "platform:access", &ui).await;
    assert_eq!((&ui["aud"], &ui["scope"]), (&json!("cloud-ui"), &json!("platform:access")));
    assert!(ui.get("permissions").is_none(), "that API has no RBAC");
    let answer = rig.authorize(rig.issuer(), CLI, "openid", &[("audience", "registry")]).await;
    let answer = returned(&answer);
    assert_eq!(answer["error"], "access_denied");
    assert_eq!(answer["error_description"], "Service not found: registry");
}

#[tokio::test]
async fn scopes_are_the_permissions_of_the_user() {
    let rig = Rig::shipped("auth0");
    assert_eq!(claims(&rig, CONFIG, &[]).await["permissions"], json!([CONFIG]));
    let role = "admin\n    permissions: [{ api: enterprise-manager, permission: toolhive:config:read }]";
    let rig = Rig::changed("auth0", role, "admin");
    let token = claims(&rig, &format!("openid {CONFIG}"), &[]).await;
    assert_eq!((&token["scope"], &token["permissions"]), (&json!("openid"), &json!([])));
    assert_eq!(token["https://acme.test/groups"], json!(["mcp-admin", "engineering"]));
}

#[tokio::test]
async fn a_machine_has_the_scopes_that_it_was_granted() {
    let rig = Rig::shipped("auth0");
    let ask = |scope: &'static str| {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", "cloud-ui"),
            ("client_secret", WEB_SECRET),
            ("audience", "cloud-ui"),
            ("scope", scope),
        ];
        let rig = &rig;
        async move { rig.token(rig.issuer(), &form).await }
    };
    let all: Json = ask("").await.json().await.unwrap();
    let token = decode(all["access_token"].as_str().unwrap());
    assert_eq!(token["claims"]["scope"], "platform:access", "without a scope it is all");
    assert_eq!(token["claims"]["sub"], "cloud-ui@clients");
    assert_eq!(token["claims"]["gty"], "client-credentials");
    assert_eq!(refused(ask("unheard:of").await).await, (403, "access_denied".to_owned()));
}

#[tokio::test]
async fn without_an_audience_nobody_can_read_the_token() {
    let rig = Rig::shipped("auth0-opaque");
    let scope = format!("openid {CONFIG}");
    let tokens = rig.tokens(rig.issuer(), CLI, &scope, &[]).await;
    assert_eq!(tokens.access().split('.').count(), 5);
    assert_eq!(tokens.text("scope"), "openid");
    assert!(rig.verify(rig.issuer(), tokens.text("id_token")).await.is_ok());
    let like = json!({"client_id": CLI, "user": "ann@acme.test", "scopes": ["openid"]});
    let minted = rig.mint(json!({"issuer": rig.issuer(), "like": like})).await;
    assert_eq!(minted["token"].as_str().unwrap().split('.').count(), 5);
    let mut changed = json!({"issuer": rig.issuer(), "like": like});
    changed["claims"] = json!({"aud": "enterprise-manager"});
    let (status, _) = rig.control(Method::POST, "mint", Some(changed)).await;
    assert_eq!(status, 400);
    let asked = [("audience", "enterprise-manager")];
    assert_eq!(claims(&rig, &scope, &asked).await["aud"], json!(["enterprise-manager", USERINFO]));
    let old = Rig::changed(
        "auth0-opaque",
        "access_tokens_without_audience: JWE",
        "access_tokens_without_audience: opaque",
    );
    let tokens = old.tokens(old.issuer(), CLI, "openid", &[]).await;
    assert_eq!((tokens.access().len(), tokens.access().contains('.')), (32, false));
}

#[tokio::test]
async fn a_token_request_may_be_json() {
    let rig = Rig::shipped("auth0");
    let endpoint = rig.endpoint(rig.issuer(), "token_endpoint").await;
    let order = serde_json::json!({
        "grant_type": "client_credentials",
        "client_id": "cloud-ui",
        "client_secret": WEB_SECRET,
        "audience": "enterprise-manager",
    });
    let answer: serde_json::Value =
        rig.http.post(&endpoint).json(&order).send().await.unwrap().json().await.unwrap();
    assert!(answer["access_token"].is_string(), "{answer}");
    let list = rig.http.post(&endpoint).json(&["grant_type"]).send().await.unwrap();
    assert!(list.status().is_client_error());
}
