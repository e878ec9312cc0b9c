//! Okta's org authorization server: its three forms of access tokens, its scopes, and its place beside custom servers.

use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};

use crate::rig::{CLI, CONFIG, Rig, decode, returned};

const ORG: &str = "https://acme.okta.com";

#[tokio::test]
async fn a_jwt_under_a_published_key() {
    let rig = Rig::shipped("okta-org-jwt");
    assert_eq!(rig.issuers, [ORG]);
    let tokens = rig.tokens(ORG, CLI, "openid", &[]).await;
    let claims = rig.verify(ORG, tokens.access()).await.unwrap();
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(ORG), &json!(ORG)));
    assert_eq!(decode(tokens.access())["header"]["typ"], "application/okta-internal-at+jwt");
    let id = rig.verify(ORG, tokens.text("id_token")).await.unwrap();
    assert_eq!(id["aud"], CLI);
    assert!(decode(tokens.text("id_token"))["header"].get("typ").is_none(), "an ID token is a normal one");
}

#[tokio::test]
async fn a_jwt_under_a_key_that_is_published_nowhere() {
    let rig = Rig::shipped("okta-org-unpublished");
    let tokens = rig.tokens(ORG, CLI, "openid", &[]).await;
    assert_eq!(decode(tokens.access())["claims"]["aud"], ORG);
    assert_eq!(rig.verify(ORG, tokens.access()).await.unwrap_err(), "no such key");
    assert!(rig.verify(ORG, tokens.text("id_token")).await.is_ok(), "the ID token's key is published");
    let again = rig.tokens(ORG, CLI, "openid", &[]).await;
    let kid = |token: &str| decode(token)["header"]["kid"].clone();
    assert_eq!(kid(tokens.access()), kid(again.access()));
    assert_ne!(kid(tokens.access()), kid(tokens.text("id_token")));
}

#[tokio::test]
async fn an_opaque_text() {
    let rig = Rig::shipped("okta-org-opaque");
    let tokens = rig.tokens(ORG, CLI, "openid", &[]).await;
    assert_eq!(tokens.access().len(), 43);
    assert!(!tokens.access().contains('.'));
    assert!(rig.verify(ORG, tokens.text("id_token")).await.is_ok());
    let introspect = rig.endpoint(ORG, "introspection_endpoint").await;
    let answer = rig
        .http
        .post(introspect)
        .form(&[("token", tokens.access()), ("client_id", CLI)])
        .send()
        .await
        .unwrap();
    assert_eq!(answer.json::<Json>().await.unwrap()["active"], true);
    let again = rig.tokens(ORG, CLI, "openid", &[]).await;
    assert_ne!(tokens.access(), again.access());
}

#[tokio::test]
async fn only_openid_scopes_and_those_of_oktas_apis_that_were_granted() {
    let rig = Rig::shipped("okta-org-jwt");
    let custom = rig.authorize(ORG, CLI, &format!("openid {CONFIG}"), &[]).await;
    let custom = returned(&custom);
    assert_eq!(custom["error"], "invalid_scope");
    assert_eq!(custom["error_description"], "Custom scopes are not allowed for this request.");
    assert_eq!(rig.sign_in(ORG, CLI, "openid okta.users.manage", &[]).await["error"], "access_denied");
    let tokens = rig.tokens(ORG, CLI, "openid groups okta.users.read.self", &[]).await;
    let claims = &decode(tokens.access())["claims"];
    assert_eq!(claims["scp"], json!(["openid", "groups", "okta.users.read.self"]));
    assert!(claims.get("groups").is_none(), "groups are for ID tokens only");
    assert_eq!(decode(tokens.text("id_token"))["claims"]["groups"], json!(["mcp-admin", "engineering"]));
}

#[tokio::test]
async fn both_kinds_of_servers_live_in_one_organization() {
    let rig = Rig::shipped("okta-org-beside-custom");
    assert_eq!(rig.issuers[3], ORG);
    let custom = rig.tokens(rig.issuer(), CLI, &format!("openid {CONFIG}"), &[]).await;
    let org = rig.tokens(ORG, CLI, "openid", &[]).await;
    assert_eq!(decode(custom.access())["claims"]["aud"], "enterprise-manager");
    assert!(decode(custom.access())["header"].get("typ").is_none());
    assert_eq!(decode(org.access())["claims"]["aud"], ORG);
    assert!(rig.verify(ORG, org.access()).await.is_ok());
    assert_eq!(rig.verify(rig.issuer(), org.access()).await.unwrap_err(), "no such key");
    let refused = returned(&rig.authorize(rig.issuer(), CLI, "unheard:of", &[]).await);
    assert!(refused["error_description"].starts_with("One or more scopes"), "each in its own words");
}

#[tokio::test]
async fn the_mint_writes_what_the_server_would_write() {
    let like = json!({"client_id": CLI, "user": "ann@acme.test", "scopes": ["openid"]});
    let order = json!({"issuer": ORG, "like": like});
    for (tenant, verified) in [("okta-org-jwt", true), ("okta-org-unpublished", false)] {
        let rig = Rig::shipped(tenant);
        let minted = rig.mint(order.clone()).await;
        let issued = rig.tokens(ORG, CLI, "openid", &[]).await;
        assert_eq!(minted["header"], decode(issued.access())["header"], "{tenant}");
        assert_eq!(rig.verify(ORG, minted["token"].as_str().unwrap()).await.is_ok(), verified, "{tenant}");
    }
    let rig = Rig::shipped("okta-org-opaque");
    let minted = rig.mint(order.clone()).await;
    assert!(!minted["token"].as_str().unwrap().contains('.'));
    assert_eq!((&minted["header"], &minted["claims"]), (&Json::Null, &Json::Null));
    let mut changed = order.clone();
    changed["claims"] = json!({"aud": "enterprise-manager"});
    let (status, answer) = rig.control(Method::POST, "mint", Some(changed)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(answer["error_description"].as_str().unwrap().contains("opaque"), "{answer}");
    let mut id = order;
    id["like"]["kind"] = "id_token".into();
    let id = rig.mint(id).await;
    assert!(rig.verify(ORG, id["token"].as_str().unwrap()).await.is_ok());
    let bare = rig
        .mint(json!({"issuer": ORG, "bare": true, "header": {"alg": "RS256"}, "claims": {"iss": ORG}}))
        .await;
    assert_eq!(bare["claims"], json!({"iss": ORG}));
}
