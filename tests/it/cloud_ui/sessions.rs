//! UI-SESSION: the cookie, its renewal, the tokens behind it, its end, and requests that somebody forged.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Rig, UI,
    browser::{Browser, Page},
};

/// The renewals that the provider was asked for.
async fn renewals(rig: &Rig) -> Vec<Value> {
    let asked = rig.asked_idp("token").await;
    asked.into_iter().filter(|asked| asked["grant_type"] == "refresh_token").collect()
}

/// A sign-out with these headers and fields.
async fn sign_out(browser: &mut Browser<'_>, origin: Option<&str>, fields: &[(&str, &str)]) -> Page {
    let headers: Vec<_> = origin.map(|origin| ("origin", origin)).into_iter().collect();
    browser.send(Method::POST, "/sign-out", &headers, Some(fields)).await
}

#[tokio::test]
async fn the_cookie_is_bound_to_the_host_and_says_nothing() {
    let rig = Rig::start();
    let mut browser = Browser::signed_in(&rig).await;
    let cookie = browser.session().unwrap().clone();
    assert_eq!(cookie.attributes, "Path=/; Secure; HttpOnly; SameSite=Lax");
    assert_eq!(cookie.value.len(), 43, "256 bits: {}", cookie.value);
    assert!(browser.cookie("__Host-sign-in").is_none(), "the sign-in is over");
    for url in ["/servers", "/me", "/servers/io.github.example%2Fgithub?registry=default"] {
        let page = browser.get(url).await;
        assert_eq!(page.status, 200);
        page.says_not("eyJ");
        page.says_not(&cookie.value);
    }
}

#[tokio::test]
async fn a_session_that_was_handed_over_is_never_the_persons() {
    let rig = Rig::start();
    let mut victim = Browser::new(&rig);
    victim.set_cookie("__Host-session", "chosen-by-the-attacker");
    victim.sign_in("ann@acme.test", "ann-mock-password").await;
    let first = victim.session().unwrap().value.clone();
    assert_ne!(first, "chosen-by-the-attacker");
    let mut attacker = Browser::new(&rig);
    attacker.set_cookie("__Host-session", "chosen-by-the-attacker");
    assert_eq!(attacker.me().await, 401);
    // An id that is in use is renewed as well, and the old one is dead.
    victim.sign_in("ann@acme.test", "ann-mock-password").await;
    let second = victim.session().unwrap().value.clone();
    assert_ne!(first, second);
    attacker.set_cookie("__Host-session", &first);
    assert_eq!((attacker.me().await, victim.me().await), (401, 200));
    // Two cookies of the name: neither counts.
    let both = format!("__Host-session={first}; __Host-session={second}");
    let answer = attacker.send(Method::GET, "/api/me", &[("cookie", &both)], None).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn the_api_takes_a_session_or_a_token_by_the_same_rules() {
    let rig = Rig::start();
    let mut browser = Browser::signed_in(&rig).await;
    let by_session = browser.get("/api/me").await;
    let mine: Value = serde_json::from_str(&by_session.body).unwrap();
    assert_eq!(mine["issuer"], "https://acme.okta.com/oauth2/aus1ui");
    let bearer = format!("Bearer {}", rig.mint(json!({})).await);
    let by_token = Browser::new(&rig).send(Method::GET, "/api/me", &[("authorization", &bearer)], None).await;
    assert_eq!((by_token.status, by_token.body), (200, by_session.body));
    // A header that came is the credential: the session does not make up for it.
    let foreign = format!("Bearer {}", rig.mint(json!({ "aud": "enterprise-manager" })).await);
    for (authorization, status) in [(foreign.as_str(), 401), ("Basic YTpi", 400), ("Bearer", 400)] {
        let answer = browser.send(Method::GET, "/api/me", &[("authorization", authorization)], None).await;
        assert_eq!(answer.status, status, "{authorization}");
    }
    let nobody = Browser::new(&rig).get("/api/me").await;
    assert_eq!(nobody.status, 401);
    assert!(
        nobody.header("www-authenticate").starts_with("Bearer realm=\"https://acme.okta.com/oauth2/aus1ui\"")
    );
}

#[tokio::test]
async fn the_access_token_is_renewed_before_it_expires() {
    let rig = Rig::start();
    let mut browser = Browser::signed_in(&rig).await;
    let cookie = browser.session().unwrap().value.clone();
    rig.advance(3_539);
    assert_eq!(browser.me().await, 200);
    assert!(renewals(&rig).await.is_empty(), "61 seconds are left");
    rig.advance(1);
    let (one, other) = {
        let mut second = Browser::new(&rig);
        second.set_cookie("__Host-session", &cookie);
        let (one, other) = tokio::join!(browser.get("/api/me"), second.get("/api/me"));
        (one.status, other.status)
    };
    assert_eq!((one, other), (200, 200));
    assert_eq!(renewals(&rig).await.len(), 1, "once for both");
    rig.advance(3_000);
    browser.get("/me").await.says(200, &["in 10 minutes", "It is renewed before"]);
    assert_eq!(browser.session().unwrap().value, cookie, "and the browser notices nothing");
    // The Registry Server gets the token of now.
    browser.get("/servers").await;
    let asked = rig.registry().asked.clone();
    let (first, last) = (&asked.first().unwrap().1, &asked.last().unwrap().1);
    assert!(first.starts_with("Bearer eyJ") && last.starts_with("Bearer eyJ") && first != last);
}

#[tokio::test]
async fn what_cannot_be_renewed_ends() {
    for (fault, words) in [
        (
            json!({ "kind": "status", "endpoint": "token", "status": 400, "body": "{\"error\":\"invalid_grant\"}" }),
            "invalid_grant",
        ),
        (
            json!({ "kind": "access_token", "claims": { "sub": "mallory" } }),
            "the new access token is somebody else's",
        ),
        (json!({ "kind": "access_token", "claims": { "aud": "registry" } }), "TOK-AUD"),
        (
            json!({ "kind": "id_token", "claims": { "sub": "mallory" } }),
            "the new ID token is somebody else's",
        ),
        (json!({ "kind": "id_token", "sign": "unpublished" }), "TOK-JWT"),
    ] {
        let rig = Rig::start();
        let mut browser = Browser::signed_in(&rig).await;
        let cookie = browser.session().unwrap().value.clone();
        rig.fault(&fault).await;
        rig.advance(3_570);
        browser
            .get("/servers")
            .await
            .says(401, &["Your session has ended", "It could not be renewed", words]);
        assert!(browser.session().is_none());
        rig.heal().await;
        browser.set_cookie("__Host-session", &cookie);
        assert_eq!(browser.me().await, 401, "it does not come back: {fault}");
    }
}

#[tokio::test]
async fn an_outage_of_the_provider_is_survived_as_long_as_the_token_lasts() {
    let rig = Rig::start();
    let mut browser = Browser::signed_in(&rig).await;
    rig.advance(3_570);
    rig.fault(&json!({ "kind": "status", "endpoint": "token", "status": 503 })).await;
    assert_eq!(browser.me().await, 200, "thirty seconds are left");
    rig.advance(60);
    browser.get("/servers").await.says(503, &["Please try again", "answered 503"]);
    assert_eq!(browser.me().await, 503, "and nothing is opened by it");
    rig.heal().await;
    browser.get("/servers").await.says(200, &["GitHub"]);
}

#[tokio::test]
async fn a_session_without_a_refresh_token_ends_with_its_token() {
    let rig = Rig::with("okta-per-component", |values| values.replace(",offline_access", ""));
    let mut browser = Browser::signed_in(&rig).await;
    browser.get("/me").await.says(200, &["You sign in again then."]);
    rig.advance(3_599);
    assert_eq!(browser.me().await, 200);
    rig.advance(1);
    browser.get("/me").await.says(401, &["Your session has ended", "TOK-EXP"]);
    assert!(browser.session().is_none() && renewals(&rig).await.is_empty());
}

#[tokio::test]
async fn no_session_lasts_for_ever() {
    let rig = Rig::start();
    let mut browser = Browser::signed_in(&rig).await;
    for _ in 0..13 {
        rig.advance(3_300);
        assert_eq!(browser.me().await, 200);
    }
    rig.advance(301);
    browser.get("/me").await.says(401, &["A session lasts 12 hours at most."]);
    assert_eq!(browser.me().await, 401);
}

#[tokio::test]
async fn a_forged_sign_out_is_none() {
    let rig = Rig::start();
    let mut browser = Browser::signed_in(&rig).await;
    let mut other = Browser::signed_in(&rig).await;
    let token = browser.get("/me").await.hidden("forgery_token");
    let others = other.get("/me").await.hidden("forgery_token");
    let good = [("forgery_token", token.as_str())];
    let (origin, form) = ("does not come from a page of this application", "was not made for this session");
    for (from, fields, words) in [
        (Some("https://evil.test"), &good[..], origin),
        (Some("null"), &good, origin),
        (Some("http://cloud-ui.example.com"), &good, origin),
        (Some("https://cloud-ui.example.com.evil.test"), &good, origin),
        (Some("https://cloud-ui.example.com:8443"), &good, origin),
        (None, &good, origin),
        (Some(UI), &[], form),
        (Some(UI), &[("forgery_token", "")], form),
        (Some(UI), &[("forgery_token", &others)], form),
        (Some(UI), &[("forgery_token", &token), ("forgery_token", &others)], form),
    ] {
        let page = sign_out(&mut browser, from, fields).await;
        page.says(403, &["You are still signed in", words]);
        assert_eq!(browser.me().await, 200, "{from:?} {fields:?}");
    }
    // What another site sends has no cookie that is for this one, and must not take it from the browser either.
    let mut nobody = Browser::new(&rig);
    let page = sign_out(&mut nobody, Some("https://evil.test"), &[]).await;
    page.says(403, &["You are still signed in", origin]);
    assert_eq!(page.header("set-cookie"), "");
    let get = browser.get("/sign-out").await;
    assert_eq!((get.status, browser.me().await), (405, 200), "a link signs nobody out");
    let large = "x".repeat(8 << 10);
    let page = sign_out(&mut browser, Some(UI), &[("forgery_token", &token), ("more", &large)]).await;
    page.says(413, &["You are still signed in"]);
    assert_eq!(sign_out(&mut browser, Some(UI), &good).await.status, 303, "the control");
    assert_eq!((browser.me().await, other.me().await), (401, 200), "and it ends no other session");
}

#[tokio::test]
async fn a_sign_out_ends_the_session_here_and_at_the_provider() {
    let rig = Rig::start();
    let mut browser = Browser::signed_in(&rig).await;
    let cookie = browser.session().unwrap().value.clone();
    let page = browser.get("/servers").await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' https://acme.okta.com;"), "{policy}");
    let left = sign_out(&mut browser, Some(UI), &[("forgery_token", &page.hidden("forgery_token"))]).await;
    assert_eq!(left.status, 303);
    let target = left.location();
    assert_eq!(target.as_str().split('?').next(), Some("https://acme.okta.com/oauth2/aus1ui/v1/logout"));
    assert!(target.query().unwrap().starts_with("id_token_hint=eyJ"), "{target}");
    assert!(browser.session().is_none());
    browser.follow(left).await.says(200, &["You are signed out"]);
    let begun = browser.get("/sign-in").await;
    let asked = browser.get(begun.location().as_str()).await;
    assert_eq!(asked.status, 200, "the provider asks for the password again");
    // The id is dead, not only forgotten by the browser.
    browser.set_cookie("__Host-session", &cookie);
    assert_eq!(browser.me().await, 401);
    browser.get("/servers").await.says(303, &[]);
}

#[tokio::test]
async fn a_provider_without_an_end_session_endpoint_keeps_its_own() {
    let rig = Rig::start();
    rig.fault(&json!({ "kind": "document", "endpoint": "discovery", "without": ["/end_session_endpoint"] }))
        .await;
    let mut browser = Browser::signed_in(&rig).await;
    let token = browser.get("/me").await.hidden("forgery_token");
    let left = sign_out(&mut browser, Some(UI), &[("forgery_token", &token)]).await;
    assert_eq!((left.status, left.header("location")), (303, "/signed-out"));
    browser.follow(left).await.says(200, &["You are signed out", "Sign in again"]);
    assert_eq!(browser.me().await, 401);
}

#[tokio::test]
async fn a_reset_ends_every_session() {
    let rig = Rig::start();
    let mut browser = Browser::signed_in(&rig).await;
    assert_eq!(browser.me().await, 200);
    rig.control("ui", "POST", "reset", &Value::Null).await;
    assert_eq!(browser.me().await, 401);
    let journal = rig.control("ui", "GET", "journal", &Value::Null).await;
    assert_eq!(journal.as_array().unwrap().len(), 1, "{journal}");
    assert_eq!((&journal[0]["endpoint"], &journal[0]["status"]), (&json!("me"), &json!(401)));
}
