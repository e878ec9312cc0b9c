//! Google: opaque access tokens, an error page for every unknown scope, and `access_type=offline`.

use serde_json::{Value as Json, json};

use crate::rig::{Rig, decode};

const CLI: &str = "stacklok-cli";

#[tokio::test]
async fn access_tokens_are_opaque_and_the_endpoints_on_other_hosts() {
    let rig = Rig::shipped("google");
    let tokens = rig.tokens(rig.issuer(), CLI, "openid email", &[]).await;
    assert!(tokens.access().starts_with("ya29."), "{}", tokens.access());
    assert_eq!(tokens.text("scope"), "openid https://www.googleapis.com/auth/userinfo.email");
    let id = rig.verify(rig.issuer(), tokens.text("id_token")).await.unwrap();
    assert_eq!(
        (&id["hd"], &id["azp"], &id["email_verified"]),
        (&json!("acme.test"), &json!(CLI), &json!(true))
    );
    assert!(id.get("groups").is_none());
    assert_eq!(decode(tokens.text("id_token"))["claims"]["aud"], CLI);
    let document = rig.json("https://accounts.google.com/.well-known/openid-configuration").await;
    assert_eq!(document["token_endpoint"], "https://oauth2.googleapis.com/token");
    assert!(document.get("registration_endpoint").is_none());
}

#[tokio::test]
async fn an_unknown_scope_ends_on_a_page() {
    let rig = Rig::shipped("google");
    for scope in ["groups", "offline_access"] {
        let answer = rig.authorize(rig.issuer(), CLI, &format!("openid email {scope}"), &[]).await;
        assert_eq!(answer.status(), 400);
        let text = answer.text().await.unwrap();
        assert!(text.contains("invalid_scope"), "{text}");
        let said =
            format!("{{valid=[openid, https://www.googleapis.com/auth/userinfo.email], invalid=[{scope}]}}");
        assert!(text.contains(&said), "{text}");
    }
}

#[tokio::test]
async fn access_type_offline_brings_a_refresh_token_that_stays() {
    let rig = Rig::shipped("google");
    assert!(rig.tokens(rig.issuer(), CLI, "openid", &[]).await.0.get("refresh_token").is_none());
    let tokens = rig.tokens(rig.issuer(), CLI, "openid", &[("access_type", "offline")]).await;
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", CLI),
        ("refresh_token", tokens.text("refresh_token")),
    ];
    for _ in 0..2 {
        let next = rig.token(rig.issuer(), &form).await;
        assert_eq!(next.status(), 200);
        assert!(next.json::<Json>().await.unwrap().get("refresh_token").is_none());
    }
}

#[tokio::test]
async fn whoever_holds_a_token_may_revoke_it() {
    let rig = Rig::shipped("google");
    let tokens = rig.tokens(rig.issuer(), "stacklok-cli", "openid", &[]).await;
    let userinfo = rig.endpoint(rig.issuer(), "userinfo_endpoint").await;
    let status =
        async || rig.http.get(&userinfo).bearer_auth(tokens.access()).send().await.unwrap().status().as_u16();
    assert_eq!(status().await, 200);
    let form = [("token", tokens.access())];
    assert_eq!(rig.post(rig.issuer(), "revocation_endpoint", None, &form).await.status(), 200);
    assert_eq!(status().await, 401);
}
