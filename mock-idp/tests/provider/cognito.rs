//! Amazon Cognito: no audience, two keys, and endpoints on the pool's domain.

use serde_json::json;

use crate::rig::{Rig, decode, returned};

const CLI: &str = "stacklok-cli";
const SCOPE: &str = "enterprise-manager/toolhive:config:read";

#[tokio::test]
async fn an_access_token_names_its_client_and_no_audience() {
    let rig = Rig::shipped("cognito");
    let tokens = rig.tokens(rig.issuer(), CLI, &format!("openid {SCOPE}"), &[]).await;
    let access = rig.verify(rig.issuer(), tokens.access()).await.unwrap();
    assert!(access.get("aud").is_none());
    assert_eq!((&access["client_id"], &access["token_use"]), (&json!(CLI), &json!("access")));
    assert_eq!(access["cognito:groups"], json!(["mcp-admin", "engineering"]));
    assert_eq!(access["scope"], format!("openid {SCOPE}"));
    let id = rig.verify(rig.issuer(), tokens.text("id_token")).await.unwrap();
    assert_eq!((&id["aud"], &id["token_use"]), (&json!(CLI), &json!("id")));
    assert_eq!((&id["origin_jti"], &id["event_id"]), (&access["origin_jti"], &access["event_id"]));
    let kid = |token: &str| decode(token)["header"]["kid"].clone();
    assert_ne!(kid(tokens.access()), kid(tokens.text("id_token")), "each has a key of its own");
    let minted = rig
        .mint(json!({"issuer": rig.issuer(), "like": {"kind": "id_token", "client_id": CLI, "user": "ann@acme.test"}}))
        .await;
    assert_eq!(minted["header"]["kid"], kid(tokens.text("id_token")));
    assert!(rig.verify(rig.issuer(), minted["token"].as_str().unwrap()).await.is_ok());
}

#[tokio::test]
async fn endpoints_are_on_the_domain_and_pkce_is_not_announced() {
    let rig = Rig::shipped("cognito");
    let document = rig.json(&format!("{}/.well-known/openid-configuration", rig.issuer())).await;
    let domain = "https://acme.auth.us-east-1.amazoncognito.com";
    assert_eq!(document["authorization_endpoint"], format!("{domain}/oauth2/authorize"));
    assert!(document.get("code_challenge_methods_supported").is_none());
}

#[tokio::test]
async fn a_scope_that_the_client_was_not_given_is_refused_and_none_means_all() {
    let rig = Rig::shipped("cognito");
    for scope in ["openid offline_access", SCOPE] {
        let answer = returned(&rig.authorize(rig.issuer(), "stacklok-restricted", scope, &[]).await);
        assert_eq!(answer["error"], "invalid_scope");
    }
    let tokens = rig.tokens(rig.issuer(), CLI, "", &[]).await;
    let scope = decode(tokens.access())["claims"]["scope"].clone();
    assert!(scope.as_str().unwrap().contains(SCOPE), "{scope}");
    assert!(tokens.0.get("refresh_token").is_some(), "it comes without offline_access");
}
