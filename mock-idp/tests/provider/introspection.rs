//! Introspection: true answers, for authenticated clients, about this server's own tokens.

use reqwest::StatusCode;
use serde_json::{Value as Json, json};

use crate::rig::{CLI, CONFIG, Rig, Tokens, WEB, WEB_SECRET, decode, refused};

const AS_WEB: Option<(&str, &str)> = Some((WEB, WEB_SECRET));

impl Rig {
    pub(crate) async fn introspect(&self, issuer: &str, client: Option<(&str, &str)>, token: &str) -> Json {
        let response = self.post(issuer, "introspection_endpoint", client, &[("token", token)]).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["cache-control"], "no-store");
        response.json().await.unwrap()
    }
}

/// Not active, and not a word more (RFC 7662 §2.2).
fn inactive() -> Json {
    json!({"active": false})
}

#[tokio::test]
async fn an_access_token_is_what_its_claims_say() {
    let rig = Rig::shipped("okta-per-component");
    let issuer = rig.issuer();
    let tokens = rig.tokens(issuer, CLI, &format!("openid offline_access {CONFIG}"), &[]).await;
    let claims = decode(tokens.access())["claims"].clone();
    let answer = rig.introspect(issuer, AS_WEB, tokens.access()).await;
    for (name, claim) in
        [("exp", "exp"), ("iat", "iat"), ("aud", "aud"), ("iss", "iss"), ("jti", "jti"), ("uid", "uid")]
    {
        assert_eq!(answer[name], claims[claim], "{name}");
    }
    assert_eq!(answer["active"], true);
    assert_eq!(answer["scope"], format!("openid offline_access {CONFIG}"));
    assert_eq!(answer["client_id"], CLI);
    assert_eq!(answer["username"], "ann@acme.test");
    rig.wait(3_600);
    assert_eq!(rig.introspect(issuer, AS_WEB, tokens.access()).await, inactive(), "it has expired");
}

#[tokio::test]
async fn an_opaque_one_is_looked_up() {
    let rig = Rig::shipped("okta-org-opaque");
    let org = rig.issuer();
    let tokens = rig.tokens(org, CLI, "openid profile", &[]).await;
    let answer = rig.introspect(org, AS_WEB, tokens.access()).await;
    assert_eq!(answer["sub"], "ann@acme.test");
    assert_eq!(answer["scope"], "openid profile");
    assert_eq!(answer["exp"].as_i64().unwrap() - answer["iat"].as_i64().unwrap(), 3_600);
    rig.wait(3_600);
    assert_eq!(rig.introspect(org, AS_WEB, tokens.access()).await, inactive());
}

#[tokio::test]
async fn a_key_that_is_published_nowhere_is_known_here() {
    let rig = Rig::shipped("okta-org-unpublished");
    let tokens = rig.tokens(rig.issuer(), CLI, "openid", &[]).await;
    assert_eq!(rig.introspect(rig.issuer(), AS_WEB, tokens.access()).await["active"], true);
}

#[tokio::test]
async fn a_machine_has_no_user_name() {
    let rig = Rig::shipped("okta-per-component");
    let form = [("grant_type", "client_credentials"), ("scope", CONFIG)];
    let token: Json = rig.post(rig.issuer(), "token_endpoint", AS_WEB, &form).await.json().await.unwrap();
    let answer = rig.introspect(rig.issuer(), AS_WEB, token["access_token"].as_str().unwrap()).await;
    assert_eq!((answer["active"].clone(), answer["sub"].clone()), (json!(true), json!(WEB)));
    assert!(answer.get("username").is_none() && answer.get("uid").is_none());
}

#[tokio::test]
async fn what_is_not_an_access_token_of_this_server_is_not_active() {
    let rig = Rig::shipped("okta-per-component");
    let issuer = rig.issuer();
    let tokens = rig.tokens(issuer, CLI, "openid", &[]).await;
    let good =
        json!({"issuer": issuer, "like": {"user": "ann@acme.test", "client_id": CLI, "scopes": ["openid"]}});
    let minted = |change: Json| {
        let mut order = good.clone();
        order.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        order
    };
    let token = |minted: Json| minted["token"].as_str().unwrap().to_owned();
    let control = token(rig.mint(good.clone()).await);
    assert_eq!(rig.introspect(issuer, AS_WEB, &control).await["active"], true);
    for change in [
        json!({"sign": "corrupted"}),
        json!({"sign": "unpublished"}),
        json!({"sign": "none"}),
        json!({"sign": "hmac-public-pem"}),
        json!({"sign": "embedded-jwk"}),
        json!({"header": {"alg": "RS512"}}),
        json!({"header": {"kid": "../../etc"}}),
        json!({"without_header": ["kid"]}),
        json!({"claims": {"iss": "https://evil.example"}}),
        json!({"claims": {"exp": 0}}),
        json!({"claims": {"exp": "9999999999"}}),
        json!({"claims": {"cid": "nobody"}}),
        json!({"claims": {"uid": "nobody", "sub": "nobody@acme.test"}}),
        json!({"without": ["exp"]}),
    ] {
        let text = token(rig.mint(minted(change.clone())).await);
        assert_eq!(rig.introspect(issuer, AS_WEB, &text).await, inactive(), "{change}");
    }
    for text in ["unknown", "a.b.c", "..", tokens.text("id_token")] {
        assert_eq!(rig.introspect(issuer, AS_WEB, text).await, inactive(), "{text}");
    }
    let other = &rig.issuers[1];
    assert_eq!(rig.introspect(other, AS_WEB, tokens.access()).await, inactive(), "another server's");
    rig.control(reqwest::Method::PUT, "users", Some(json!([]))).await;
    assert_eq!(rig.introspect(issuer, AS_WEB, tokens.access()).await, inactive(), "she is gone");
}

#[tokio::test]
async fn a_refresh_token_is_its_clients_business() {
    let rig = Rig::shipped("okta-per-component");
    let issuer = rig.issuer();
    let tokens = rig.tokens(issuer, CLI, "openid offline_access", &[]).await;
    let refresh = tokens.text("refresh_token");
    let form = [("token", refresh), ("client_id", CLI)];
    let own: Json = rig.post(issuer, "introspection_endpoint", None, &form).await.json().await.unwrap();
    assert_eq!((own["active"].clone(), own["client_id"].clone()), (json!(true), json!(CLI)));
    assert!(own["exp"].is_i64() && own.get("jti").is_none() && own.get("iat").is_none());
    assert_eq!(rig.introspect(issuer, AS_WEB, refresh).await, inactive());
}

#[tokio::test]
async fn nobody_asks_without_proof() {
    for (name, known, error) in [("okta-per-component", CLI, 200), ("generic", "stacklok-cli", 401)] {
        let rig = Rig::shipped(name);
        let Tokens(tokens) = rig.tokens(rig.issuer(), known, "openid", &[]).await;
        let token = ("token", tokens["access_token"].as_str().unwrap());
        let endpoint = "introspection_endpoint";
        let nobody = rig.post(rig.issuer(), endpoint, None, &[token]).await;
        assert_eq!(refused(nobody).await, (401, "invalid_client".to_owned()), "{name}");
        let web = if name == "generic" { "cloud-ui" } else { WEB };
        let wrong = rig.post(rig.issuer(), endpoint, Some((web, "wrong")), &[token]).await;
        assert!(wrong.headers().contains_key("www-authenticate"));
        assert_eq!(refused(wrong).await.0, 401, "{name}");
        let nothing = rig.post(rig.issuer(), endpoint, Some((web, WEB_SECRET)), &[("other", "x")]).await;
        assert_eq!(refused(nothing).await, (400, "invalid_request".to_owned()));
        // Okta lists `none` among the methods, and takes a public client at its word.
        let public = rig.post(rig.issuer(), endpoint, None, &[token, ("client_id", known)]).await;
        assert_eq!(public.status().as_u16(), error, "{name}");
    }
}

#[tokio::test]
async fn a_lie_is_a_fault_that_somebody_has_ordered() {
    let rig = Rig::shipped("okta-per-component");
    let lie = json!({"kind": "document", "endpoint": "introspect", "set": {"/active": true}});
    rig.control(reqwest::Method::POST, "faults", Some(lie)).await;
    assert_eq!(rig.introspect(rig.issuer(), AS_WEB, "forged").await, json!({"active": true}));
}
