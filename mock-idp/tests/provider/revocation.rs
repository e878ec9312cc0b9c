//! Revocation: what is taken back is not active any more, and nobody takes back what is another's.

use reqwest::StatusCode;
use serde_json::{Value as Json, json};

use crate::rig::{CLI, Rig, VERIFIER, WEB, WEB_SECRET, refused};

const AS_WEB: Option<(&str, &str)> = Some((WEB, WEB_SECRET));

impl Rig {
    async fn revoke(&self, token: &str) -> StatusCode {
        let form = [("token", token), ("client_id", CLI)];
        self.post(self.issuer(), "revocation_endpoint", None, &form).await.status()
    }

    async fn is_active(&self, token: &str) -> bool {
        self.introspect(self.issuer(), AS_WEB, token).await["active"] == true
    }

    async fn refreshed(&self, token: &str) -> (StatusCode, Json) {
        let form = [("grant_type", "refresh_token"), ("client_id", CLI), ("refresh_token", token)];
        let response = self.token(self.issuer(), &form).await;
        (response.status(), response.json().await.unwrap())
    }
}

#[tokio::test]
async fn an_access_token_falls_alone() {
    for name in ["okta-per-component", "okta-org-opaque"] {
        let rig = Rig::shipped(name);
        let tokens = rig.tokens(rig.issuer(), CLI, "openid offline_access", &[]).await;
        assert!(rig.is_active(tokens.access()).await);
        assert_eq!(rig.revoke(tokens.access()).await, StatusCode::OK);
        assert!(!rig.is_active(tokens.access()).await, "{name}");
        assert_eq!(rig.revoke(tokens.access()).await, StatusCode::OK, "twice is as good as once");
        assert_eq!(rig.refreshed(tokens.text("refresh_token")).await.0, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_refresh_token_takes_its_family_along() {
    let rig = Rig::shipped("okta-per-component");
    let tokens = rig.tokens(rig.issuer(), CLI, "openid offline_access", &[]).await;
    let (_, next) = rig.refreshed(tokens.text("refresh_token")).await;
    let other = rig.tokens(rig.issuer(), CLI, "openid offline_access", &[]).await;
    assert_eq!(rig.revoke(next["refresh_token"].as_str().unwrap()).await, StatusCode::OK);
    assert_eq!(rig.refreshed(next["refresh_token"].as_str().unwrap()).await.1["error"], "invalid_grant");
    assert!(!rig.is_active(tokens.access()).await);
    assert!(!rig.is_active(next["access_token"].as_str().unwrap()).await);
    assert!(rig.is_active(other.access()).await, "another sign-in");
    assert_eq!(rig.refreshed(other.text("refresh_token")).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_machines_token_can_be_taken_back() {
    let rig = Rig::shipped("okta-per-component");
    let form = [("grant_type", "client_credentials"), ("scope", crate::rig::CONFIG)];
    let token: Json = rig.post(rig.issuer(), "token_endpoint", AS_WEB, &form).await.json().await.unwrap();
    let token = token["access_token"].as_str().unwrap();
    assert!(rig.is_active(token).await);
    let done = rig.post(rig.issuer(), "revocation_endpoint", AS_WEB, &[("token", token)]).await;
    assert_eq!(done.status(), StatusCode::OK);
    assert!(done.bytes().await.unwrap().is_empty());
    assert!(!rig.is_active(token).await);
}

#[tokio::test]
async fn an_unknown_token_needs_no_taking_back() {
    let rig = Rig::shipped("generic");
    for token in ["unknown", "a.b.c", "\u{0}"] {
        let form = [("token", token), ("client_id", "stacklok-cli")];
        let done = rig.post(rig.issuer(), "revocation_endpoint", None, &form).await;
        assert_eq!(done.status(), StatusCode::OK, "{token:?}");
    }
    let nothing = [("client_id", "stacklok-cli")];
    let refusal = rig.post(rig.issuer(), "revocation_endpoint", None, &nothing).await;
    assert_eq!(refused(refusal).await, (400, "invalid_request".to_owned()));
    let nobody = rig.post(rig.issuer(), "revocation_endpoint", None, &[("token", "x")]).await;
    assert_eq!(refused(nobody).await, (401, "invalid_client".to_owned()));
}

#[tokio::test]
async fn nobody_takes_back_what_is_anothers() {
    let rig = Rig::shipped("okta-per-component");
    let tokens = rig.tokens(rig.issuer(), CLI, "openid offline_access", &[]).await;
    for token in [tokens.access(), tokens.text("refresh_token")] {
        let refusal = rig.post(rig.issuer(), "revocation_endpoint", AS_WEB, &[("token", token)]).await;
        assert_eq!(refused(refusal).await, (400, "invalid_grant".to_owned()));
    }
    assert!(rig.is_active(tokens.access()).await);
    assert_eq!(rig.refreshed(tokens.text("refresh_token")).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_replayed_code_takes_the_access_token_too() {
    let rig = Rig::shipped("okta-per-component");
    let returned = rig.sign_in(rig.issuer(), CLI, "openid", &[]).await;
    let code = &returned["code"];
    let tokens: Json = rig.redeem(rig.issuer(), CLI, code, VERIFIER).await.json().await.unwrap();
    let access = tokens["access_token"].as_str().unwrap();
    assert!(rig.is_active(access).await);
    assert_eq!(rig.redeem(rig.issuer(), CLI, code, VERIFIER).await.status(), StatusCode::BAD_REQUEST);
    assert!(!rig.is_active(access).await);
    let userinfo = rig.endpoint(rig.issuer(), "userinfo_endpoint").await;
    assert_eq!(rig.http.get(userinfo).bearer_auth(access).send().await.unwrap().status(), 401);
    assert_eq!(json!(rig.introspect(rig.issuer(), AS_WEB, access).await), json!({"active": false}));
}
