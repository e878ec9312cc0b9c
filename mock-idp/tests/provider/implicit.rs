//! Tokens from the authorization endpoint itself: only where the vendor has that and the application is set up for it.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use crate::{
    entra,
    rig::{CLI, LOOPBACK, Rig, VERIFIER, WEB, WEB_REDIRECT, WEB_SECRET, decode, returned, shipped},
};

const ENTRA_REDIRECT: &str = "https://cloud-ui.example.com/api/auth/oauth2/callback/entra";

/// The web application with the implicit grant, and rules that permit it.
fn okta() -> Rig {
    okta_from(shipped("okta-per-component"))
}

fn okta_from(text: &str) -> Rig {
    let text = text
        .replace(
            "[Authorization Code, Refresh Token, Client Credentials]",
            "[Authorization Code, Implicit (hybrid)]",
        )
        .replace(
            "grant_type_is: [Authorization Code, Client",
            "grant_type_is: [Implicit (hybrid), Authorization Code, Client",
        );
    Rig::start(&text, [7; 32])
}

fn entra(tokens: &str) -> Rig {
    let web = format!("    web_redirect_uris: ['{ENTRA_REDIRECT}']\n");
    Rig::changed("entra-quickstart", &web, &format!("{web}    implicit_grant: [{tokens}]\n"))
}

fn half_hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(&digest(&SHA256, text.as_bytes()).as_ref()[..16])
}

async fn sign_in(rig: &Rig, response_type: &str) -> BTreeMap<String, String> {
    let extra = [("redirect_uri", WEB_REDIRECT), ("response_type", response_type)];
    let page = rig.authorize(&rig.issuers[1], WEB, "openid profile", &extra).await;
    let response = rig.submit(page, "ann@acme.test", "ann-mock-password").await;
    let location = response.headers()["location"].to_str().unwrap();
    assert!(location.starts_with(&format!("{WEB_REDIRECT}#")), "{location}");
    returned(&response)
}

#[tokio::test]
async fn okta_sends_what_was_asked_for_in_the_fragment() {
    let rig = okta();
    let issuer = rig.issuers[1].clone();
    let both = sign_in(&rig, "token id_token").await;
    assert_eq!(both["token_type"], "Bearer");
    assert_eq!(both["expires_in"], "3600");
    assert_eq!(both["scope"], "openid profile");
    let claims = rig.verify(&issuer, &both["id_token"]).await.unwrap();
    assert_eq!(claims["nonce"], "n0nce");
    assert_eq!(claims["at_hash"], half_hash(&both["access_token"]).as_str());
    assert!(claims.get("c_hash").is_none() && !both.contains_key("code"));
    assert!(rig.verify(&issuer, &both["access_token"]).await.is_ok());

    let hybrid = sign_in(&rig, "code id_token").await;
    let claims = rig.verify(&issuer, &hybrid["id_token"]).await.unwrap();
    assert_eq!(claims["c_hash"], half_hash(&hybrid["code"]).as_str());
    for absent in ["access_token", "token_type", "expires_in", "scope"] {
        assert!(!hybrid.contains_key(absent), "{absent}");
    }
    let form = [
        ("grant_type", "authorization_code"),
        ("code", hybrid["code"].as_str()),
        ("redirect_uri", WEB_REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    let redeemed = rig.post(&issuer, "token_endpoint", Some((WEB, WEB_SECRET)), &form).await;
    assert_eq!(redeemed.status(), 200);
    assert!(!sign_in(&rig, "token").await.contains_key("id_token"));
}

#[tokio::test]
async fn tokens_never_travel_in_a_query_and_need_a_nonce() {
    let rig = okta();
    for (extra, error) in [
        ([("response_type", "id_token"), ("nonce", "")], "invalid_request"),
        ([("response_type", "id_token"), ("response_mode", "query")], "invalid_request"),
        ([("response_type", "id_token"), ("scope", "platform:access")], "invalid_scope"),
        ([("response_type", "none"), ("state", "s")], "unsupported_response_type"),
        ([("response_type", "token token"), ("state", "s")], "unsupported_response_type"),
        ([("response_type", "code id_token"), ("code_challenge", "")], "invalid_request"),
    ] {
        let mut all = vec![("redirect_uri", WEB_REDIRECT)];
        all.extend(extra);
        let response = rig.authorize(&rig.issuers[1], WEB, "openid", &all).await;
        assert_eq!(returned(&response)["error"], error, "{extra:?}");
        let in_fragment = response.headers()["location"].to_str().unwrap().contains('#');
        assert_eq!(in_fragment, !extra[0].1.contains("none") && extra[0].1 != "token token", "{extra:?}");
    }
}

#[tokio::test]
async fn a_rule_must_permit_the_grant() {
    let grants = "[Authorization Code, Refresh Token, Client Credentials]";
    let rig = Rig::changed("okta-per-component", grants, "[Authorization Code, Implicit (hybrid)]");
    assert_eq!(sign_in(&rig, "id_token").await["error"], "access_denied");
}

#[tokio::test]
async fn whoever_is_not_set_up_for_it_is_refused() {
    for (name, client) in [
        ("okta-per-component", CLI),
        ("okta-org-jwt", CLI),
        ("entra-quickstart", entra::CLI),
        ("generic", "stacklok-cli"),
    ] {
        let rig = Rig::shipped(name);
        for response_type in ["token", "id_token", "id_token token", "code id_token", "code token"] {
            let extra = [("response_type", response_type), ("redirect_uri", LOOPBACK)];
            let response = rig.authorize(rig.issuer(), client, "openid", &extra).await;
            assert_eq!(returned(&response)["error"], "unsupported_response_type", "{name}: {response_type}");
        }
    }
}

#[tokio::test]
async fn entra_has_a_switch_for_each_kind_of_token() {
    let ask = |response_type: &'static str| {
        [("redirect_uri", ENTRA_REDIRECT), ("response_type", response_type), ("response_mode", "form_post")]
    };
    let rig = entra("ID tokens");
    let refused = rig.authorize(rig.issuer(), entra::WEB, "openid", &ask("id_token token")).await;
    assert!(refused.text().await.unwrap().contains("unsupported_response_type"));
    let page = rig.authorize(rig.issuer(), entra::WEB, "openid", &ask("code id_token")).await;
    let html = rig.submit(page, "ann@acme.test", "ann-mock-password").await.text().await.unwrap();
    let id_token = crate::rig::between(&html, "name=\"id_token\" value=\"", "\"");
    let code = crate::rig::between(&html, "name=\"code\" value=\"", "\"");
    let claims = decode(&id_token)["claims"].clone();
    assert_eq!(claims["c_hash"], json!(half_hash(&code)));
    assert!(claims.get("at_hash").is_none());
    let rig = entra("ID tokens, Access tokens");
    let page = rig.authorize(rig.issuer(), entra::WEB, "openid", &ask("id_token token")).await;
    let html = rig.submit(page, "ann@acme.test", "ann-mock-password").await.text().await.unwrap();
    assert!(html.contains("name=\"access_token\"") && html.contains("name=\"id_token\""));
}

/// Okta: what userinfo alone has is in an ID token only where there is nothing to ask userinfo with.
#[tokio::test]
async fn an_id_token_that_comes_alone_has_all_its_claims() {
    let email = "value: user.email, include_in: Any scope }\n";
    let claims = "      - { name: nick, include_in_token_type: ID Token, value: user.firstName, \
         always_include_in_token: Userinfo/id_token request }
      - { name: name, include_in_token_type: ID Token, value: user.lastName, always_include_in_token: Always }
";
    let text = shipped("okta-per-component").replacen(email, &format!("{email}{claims}"), 1);
    let rig = okta_from(&text);
    let own = |token: &str| {
        let claims = &decode(token)["claims"];
        (claims["nick"].clone(), claims["name"].clone())
    };
    let thin = (json!(null), json!("Archer"));
    let fat = (json!("Ann"), json!("Archer"));
    let alone = sign_in(&rig, "id_token").await;
    assert_eq!(own(&alone["id_token"]), fat);
    for response_type in ["id_token token", "code id_token"] {
        let answer = sign_in(&rig, response_type).await;
        assert_eq!(own(&answer["id_token"]), thin, "{response_type}");
    }
    let tokens = rig.tokens(&rig.issuers[1], CLI, "openid", &[]).await;
    assert_eq!(own(tokens.text("id_token")), thin, "from the token endpoint");
    let endpoint = rig.endpoint(&rig.issuers[1], "userinfo_endpoint").await;
    let response = rig.http.get(&endpoint).bearer_auth(tokens.access()).send().await.unwrap();
    let userinfo: serde_json::Value = response.json().await.unwrap();
    assert_eq!((userinfo["nick"].clone(), userinfo["name"].clone()), fat);
}
