//! UI-LOGIN and UI-AT: what the UI asks the provider for, and what it wants to see before there is a session.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Rig, browser::Browser};

#[tokio::test]
async fn it_asks_for_a_code_with_pkce_state_and_nonce() {
    let rig = Rig::start();
    let mut browser = Browser::new(&rig);
    let mut fresh = Vec::new();
    for _ in 0..2 {
        let begun = browser.get("/sign-in").await;
        assert_eq!((begun.status, begun.header("cache-control")), (303, "no-store"));
        let url = begun.location();
        assert_eq!(url.as_str().split('?').next(), Some("https://acme.okta.com/oauth2/aus1ui/v1/authorize"));
        let asked: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        for (name, expected) in [
            ("response_type", "code"),
            ("client_id", "0oaclouduitouch01"),
            ("redirect_uri", "https://cloud-ui.example.com/api/auth/oauth2/callback/okta"),
            ("scope", "openid email profile offline_access"),
            ("code_challenge_method", "S256"),
        ] {
            assert_eq!(asked[name], expected, "{name}");
        }
        let cookie = browser.cookie("__Host-sign-in").unwrap();
        assert_eq!(cookie.attributes, "Path=/; Secure; HttpOnly; SameSite=Lax");
        let of = |name: &str| asked[name].clone();
        fresh.push([of("state"), of("nonce"), of("code_challenge"), cookie.value.clone()]);
    }
    // A look begins nothing.
    for path in ["/sign-in", "/api/auth/oauth2/callback/okta"] {
        let head = browser.send(reqwest::Method::HEAD, path, &[], None).await;
        assert_eq!(
            (head.status, head.header("allow"), head.header("set-cookie")),
            (405, "GET", ""),
            "{path}"
        );
    }
    for (one, other) in fresh[0].iter().zip(&fresh[1]) {
        assert!(one.len() >= 43 && one != other, "{one} {other}");
    }
}

#[tokio::test]
async fn a_confidential_client_redeems_the_code() {
    let rig = Rig::start();
    Browser::signed_in(&rig).await;
    let people: Vec<_> = rig
        .asked_idp("token")
        .await
        .into_iter()
        .filter(|asked| asked["grant_type"] == "authorization_code")
        .collect();
    assert_eq!(people.len(), 1);
    assert_eq!(people[0]["client_auth"], "basic", "{}", people[0]);
    assert_eq!(people[0]["status"], 200);
}

#[tokio::test]
async fn every_provider_of_the_suite_signs_people_in() {
    for (name, callback, from, to) in [
        (
            "okta-shared",
            "okta",
            "  oidc:\n",
            "  enterpriseManagerResource: 'enterprise-manager'\n  oidc:\n    resource: 'cloud-ui'\n",
        ),
        (
            "generic",
            "oidc",
            "  apiBaseUrl:",
            "  enterpriseManagerResource: 'enterprise-manager'\n  apiBaseUrl:",
        ),
        ("entra-quickstart", "entra", "  enterpriseManagerUrl: 'https://config.example.com'\n", ""),
    ] {
        let rig = Rig::with(name, |values| {
            assert!(values.contains(from), "{name}");
            values.replace(from, to)
        });
        let mut browser = Browser::new(&rig);
        let url = browser.until_callback("ann@acme.test", "ann-mock-password").await;
        assert_eq!(url.path(), format!("/api/auth/oauth2/callback/{callback}"));
        let landed = browser.get(url.as_str()).await;
        let landed = browser.follow(landed).await;
        landed.says(200, &["Catalogue", "GitHub"]);
        assert_eq!(browser.me().await, 200, "{name}");
    }
}

#[tokio::test]
async fn without_a_secret_nobody_signs_in() {
    let rig = Rig::with("okta-per-component", |values| {
        values.replace("    clientSecret: 'cloud-ui-mock-secret'\n", "")
    });
    let mut browser = Browser::new(&rig);
    let page = browser.get("/sign-in").await;
    page.says(503, &["Sign-in is not set up", "no client secret"]);
    assert!(browser.cookies.is_empty());
    assert!(rig.asked_idp("discovery").await.is_empty(), "and the provider is not asked");
}

#[tokio::test]
async fn a_provider_out_of_reach_is_a_page() {
    let rig = Rig::start();
    rig.fault(&json!({ "kind": "refused" })).await;
    let mut browser = Browser::new(&rig);
    browser.get("/sign-in").await.says(502, &["The sign-in cannot begin", "no answer from"]);
    assert!(browser.cookies.is_empty());
    rig.heal().await;
    rig.fault(
        &json!({ "kind": "document", "endpoint": "discovery", "set": { "/issuer": "https://evil.test" } }),
    )
    .await;
    browser.get("/sign-in").await.says(502, &["names the issuer “https://evil.test”"]);
    rig.heal().await;
    let landed = browser.sign_in("ann@acme.test", "ann-mock-password").await;
    assert_eq!(landed.status, 200, "it heals");
}

#[tokio::test]
async fn an_access_token_that_is_not_for_the_ui_opens_nothing() {
    for (fault, words) in [
        (json!({ "claims": { "aud": "enterprise-manager" } }), "TOK-AUD: the token is not for cloud-ui"),
        (json!({ "without": ["aud"] }), "TOK-AUD"),
        (json!({ "claims": { "iss": "https://acme.okta.com/oauth2/aus1em" } }), "TOK-ISS"),
        (json!({ "claims": { "exp": 1_780_000_000 } }), "TOK-EXP"),
        (json!({ "sign": "unpublished" }), "TOK-JWT"),
        (json!({ "sign": "none" }), "TOK-ALG"),
    ] {
        let rig = Rig::start();
        let mut order = fault.clone();
        order["kind"] = json!("access_token");
        // The hash of the token that was changed would be wrong as well.
        rig.fault(&json!({ "kind": "id_token", "without": ["at_hash"] })).await;
        rig.fault(&order).await;
        let mut browser = Browser::new(&rig);
        let page = browser.sign_in("ann@acme.test", "ann-mock-password").await;
        page.says(403, &["You are not signed in", "The access token is refused", words]);
        assert!(browser.cookies.keys().all(|(host, _)| host != "cloud-ui.example.com"), "{fault}");
        assert_eq!(browser.me().await, 401);
        rig.heal().await;
        let page = browser.sign_in("ann@acme.test", "ann-mock-password").await;
        assert_eq!(page.status, 200, "{fault}: the control");
    }
}
