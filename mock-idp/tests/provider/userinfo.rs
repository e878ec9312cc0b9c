//! Userinfo: the user of an access token, as far as its scopes go.

use reqwest::{Response, StatusCode};
use serde_json::{Value as Json, json};

use crate::rig::{CLI, CONFIG, Rig, WEB, WEB_SECRET};

impl Rig {
    async fn userinfo(&self, token: &str) -> Response {
        let endpoint = self.endpoint(self.issuer(), "userinfo_endpoint").await;
        self.http.get(endpoint).bearer_auth(token).send().await.unwrap()
    }
}

/// Status and challenge. The body says nothing more.
async fn challenged(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let challenge = response.headers()["www-authenticate"].to_str().unwrap().to_owned();
    assert!(response.bytes().await.unwrap().is_empty());
    (status, challenge)
}

#[tokio::test]
async fn scopes_decide_what_is_said() {
    let rig = Rig::shipped("okta-per-component");
    let tokens = rig.tokens(rig.issuer(), CLI, "openid", &[]).await;
    let response = rig.userinfo(tokens.access()).await;
    assert_eq!(response.headers()["cache-control"], "no-store");
    let little: Json = response.json().await.unwrap();
    assert_eq!(little.as_object().unwrap().keys().collect::<Vec<_>>(), ["sub"]);
    let tokens = rig.tokens(rig.issuer(), CLI, "openid profile email", &[]).await;
    let much: Json = rig.userinfo(tokens.access()).await.json().await.unwrap();
    let expected = json!({
        "sub": little["sub"],
        "name": "Ann Archer",
        "given_name": "Ann",
        "family_name": "Archer",
        "preferred_username": "ann@acme.test",
        "email": "ann@acme.test",
    });
    assert_eq!(much, expected);
    assert_eq!(much["sub"], crate::rig::decode(tokens.text("id_token"))["claims"]["sub"]);
    // The same from a form.
    let endpoint = rig.endpoint(rig.issuer(), "userinfo_endpoint").await;
    let form = [("access_token", tokens.access())];
    assert_eq!(
        rig.http.post(&endpoint).form(&form).send().await.unwrap().json::<Json>().await.unwrap(),
        expected
    );
    let both = rig.http.post(&endpoint).bearer_auth(tokens.access()).form(&form).send().await.unwrap();
    assert_eq!(challenged(both).await.0, 400);
    let query = rig.http.get(&endpoint).query(&form).send().await.unwrap();
    assert_eq!(challenged(query).await.0, 401, "a token in the address is not looked at");
}

#[tokio::test]
async fn the_org_server_has_groups_and_its_opaque_tokens_work() {
    let rig = Rig::shipped("okta-org-opaque");
    let tokens = rig.tokens(rig.issuer(), CLI, "openid groups", &[]).await;
    let claims: Json = rig.userinfo(tokens.access()).await.json().await.unwrap();
    assert_eq!(claims["groups"], json!(["mcp-admin", "engineering"]));
}

#[tokio::test]
async fn the_generic_one_has_the_tenants_claims() {
    let rig = Rig::shipped("generic");
    let tokens = rig.tokens(rig.issuer(), "stacklok-cli", "openid email", &[]).await;
    let claims: Json = rig.userinfo(tokens.access()).await.json().await.unwrap();
    assert_eq!((&claims["email"], &claims["roles"]), (&json!("ann@acme.test"), &json!(["admin"])));
    assert!(claims.get("name").is_none());
}

#[tokio::test]
async fn the_challenge_says_what_is_wrong() {
    for (name, client) in [("okta-per-component", CLI), ("generic", "stacklok-cli")] {
        let rig = Rig::shipped(name);
        let endpoint = rig.endpoint(rig.issuer(), "userinfo_endpoint").await;
        let missing = challenged(rig.get(&endpoint).await).await;
        assert_eq!(missing, (401, format!("Bearer realm=\"{}\"", rig.issuer())), "{name}");
        let (status, text) = challenged(rig.userinfo("forged").await).await;
        assert!(status == 401 && text.contains("error=\"invalid_token\""), "{name}: {text}");
        let tokens = rig.tokens(rig.issuer(), client, CONFIG, &[]).await;
        let (status, text) = challenged(rig.userinfo(tokens.access()).await).await;
        assert!(status == 403 && text.contains("error=\"insufficient_scope\""), "{name}: {text}");
        let tokens = rig.tokens(rig.issuer(), client, "openid", &[]).await;
        rig.wait(3_600);
        assert_eq!(challenged(rig.userinfo(tokens.access()).await).await.0, 401, "{name}: it has expired");
    }
}

#[tokio::test]
async fn a_machine_has_nothing_to_say() {
    let rig = Rig::shipped("okta-per-component");
    let form = [("grant_type", "client_credentials"), ("scope", CONFIG)];
    let client = Some((WEB, WEB_SECRET));
    let token: Json = rig.post(rig.issuer(), "token_endpoint", client, &form).await.json().await.unwrap();
    let response = rig.userinfo(token["access_token"].as_str().unwrap()).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}
