//! UI-CALLBACK: every way to come back that is not the answer to this browser's own sign-in. Each ends on a page that
//! says why, without a session and without a redirect.

use serde_json::json;
use url::Url;

use super::{Rig, UI, browser::Browser};

const CALLBACK: &str = "/api/auth/oauth2/callback/okta";

/// The URL with other parameters; none removes one.
fn changed(url: &Url, changes: &[(&str, Option<&str>)]) -> Url {
    let mut other = url.clone();
    let kept = url.query_pairs().into_owned();
    let kept: Vec<_> = kept.filter(|(name, _)| changes.iter().all(|(known, _)| name != known)).collect();
    let mut query = other.query_pairs_mut();
    query.clear().extend_pairs(kept);
    query.extend_pairs(changes.iter().filter_map(|(name, value)| Some((name, (*value)?))));
    drop(query);
    other
}

fn parameter(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(known, _)| known == name).unwrap().1.into_owned()
}

/// The browser comes back with this, and is told so.
async fn refused(browser: &mut Browser<'_>, url: &Url, words: &[&str]) {
    let page = browser.get(url.as_str()).await;
    page.says(400, &["You are not signed in"]);
    page.says(400, words);
    assert_eq!(page.header("location"), "");
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(browser.session().is_none(), "{url}");
    assert!(browser.cookie("__Host-sign-in").is_none(), "the sign-in is over");
    assert_eq!(browser.me().await, 401, "{url}");
}

#[tokio::test]
async fn another_state_none_and_two() {
    let rig = Rig::start();
    let state = "the callback's state is not the one that was sent";
    let twice = "says one thing twice";
    for (changes, words) in [
        (&[("state", Some("another"))][..], state),
        (&[("state", None)], state),
        (&[("state", Some(""))], state),
        (&[("code", None)], "the callback has neither code nor error"),
        (&[("code", Some("invented"))], "invalid_grant"),
        (&[("iss", Some("https://evil.test"))], "the callback comes from another issuer"),
        (&[("error", Some("access_denied")), ("state", Some("another"))], state),
        (&[("code", Some("a")), ("code", Some("b"))], twice),
        (&[("state", Some("a")), ("state", Some("b"))], twice),
    ] {
        let mut browser = Browser::new(&rig);
        let url = browser.until_callback("ann@acme.test", "ann-mock-password").await;
        refused(&mut browser, &changed(&url, changes), &[words]).await;
        // What was meant for this sign-in does not help any more.
        refused(&mut browser, &url, &["This browser has begun no sign-in"]).await;
    }
    Browser::signed_in(&rig).await;
}

#[tokio::test]
async fn a_callback_counts_in_its_own_browser_and_once() {
    let rig = Rig::start();
    let mut ann = Browser::new(&rig);
    let url = ann.until_callback("ann@acme.test", "ann-mock-password").await;
    refused(&mut Browser::new(&rig), &url, &["This browser has begun no sign-in"]).await;
    // Somebody else's sign-in under way: her code would make him her.
    let mut bob = Browser::new(&rig);
    let bobs = bob.until_callback("bob@acme.test", "bob-mock-password").await;
    refused(&mut bob, &url, &["the callback's state is not the one that was sent"]).await;
    let mut bob = Browser::new(&rig);
    let begun = bob.get("/sign-in").await.location();
    let code = parameter(&url, "code");
    let stolen = changed(&url, &[("state", Some(&parameter(&begun, "state"))), ("code", Some(&code))]);
    refused(&mut bob, &stolen, &["The identity provider refused, with invalid_grant"]).await;
    assert_ne!(parameter(&bobs, "code"), code);

    let mut ann = Browser::new(&rig);
    let url = ann.until_callback("ann@acme.test", "ann-mock-password").await;
    let landed = ann.get(url.as_str()).await;
    assert_eq!((landed.status, landed.header("location")), (303, "/servers"));
    let session = ann.session().unwrap().value.clone();
    let replayed = ann.get(url.as_str()).await;
    replayed.says(400, &["This browser has begun no sign-in, or has ended it already."]);
    assert_eq!(ann.session().unwrap().value, session, "and the session that she has stays");
    assert_eq!(ann.me().await, 200);
}

#[tokio::test]
async fn a_code_is_replayed_in_the_same_browsers_next_sign_in() {
    let rig = Rig::start();
    let mut browser = Browser::new(&rig);
    let used = browser.until_callback("ann@acme.test", "ann-mock-password").await;
    let landed = browser.get(used.as_str()).await;
    assert_eq!(landed.status, 303);
    let mut browser = Browser::new(&rig);
    let begun = browser.get("/sign-in").await.location();
    let replayed = changed(&used, &[("state", Some(&parameter(&begun, "state")))]);
    refused(&mut browser, &replayed, &["invalid_grant"]).await;
}

#[tokio::test]
async fn the_providers_refusal_is_told_in_its_words_and_cannot_draw_the_page() {
    let rig = Rig::start();
    let mut browser = Browser::new(&rig);
    let begun = browser.get("/sign-in").await.location();
    let state = parameter(&begun, "state");
    let mut url = Url::parse(UI).unwrap().join(CALLBACK).unwrap();
    url.query_pairs_mut()
        .append_pair("error", "access_denied")
        .append_pair("error_description", "<b>User is not assigned</b> to the client application.")
        .append_pair("state", &state);
    let words = "with access_denied: <b>User is not assigned</b> to the client application.";
    refused(&mut browser, &url, &[words]).await;
    let mut browser = Browser::new(&rig);
    let begun = browser.get("/sign-in").await.location();
    url.set_query(None);
    url.query_pairs_mut()
        .append_pair("error", "x")
        .append_pair("error_description", &"long ".repeat(400))
        .append_pair("state", &parameter(&begun, "state"));
    let page = browser.get(url.as_str()).await;
    assert!(page.status == 400 && page.body.len() < 3_000, "{}", page.body.len());
}

#[tokio::test]
async fn who_takes_too_long_begins_again() {
    let rig = Rig::start();
    let mut browser = Browser::new(&rig);
    let begun = browser.get("/sign-in").await.location();
    assert_eq!(begun.path(), "/oauth2/aus1ui/v1/authorize");
    rig.advance(601);
    let url = Url::parse(UI).unwrap().join(CALLBACK).unwrap();
    let url = changed(&url, &[("code", Some("c")), ("state", Some(&parameter(&begun, "state")))]);
    refused(&mut browser, &url, &["begun more than ten minutes ago"]).await;
}

#[tokio::test]
async fn an_advertised_issuer_has_to_come() {
    // The generic provider advertises RFC 9207.
    let rig = Rig::with("generic", |values| {
        values.replace("  apiBaseUrl:", "  enterpriseManagerResource: 'enterprise-manager'\n  apiBaseUrl:")
    });
    for (fault, words) in [
        (
            json!({ "kind": "callback", "without": ["iss"] }),
            "the callback lacks the issuer that was advertised",
        ),
        (
            json!({ "kind": "callback", "set": { "iss": "https://evil.test" } }),
            "the callback comes from another issuer",
        ),
    ] {
        rig.fault(&fault).await;
        let mut browser = Browser::new(&rig);
        let url = browser.until_callback("ann@acme.test", "ann-mock-password").await;
        refused(&mut browser, &url, &[words]).await;
        rig.heal().await;
    }
    Browser::signed_in(&rig).await;
}

#[tokio::test]
async fn a_provider_that_breaks_off_is_no_session() {
    let rig = Rig::start();
    for (fault, status, words) in [
        (json!({ "kind": "status", "endpoint": "token", "status": 500 }), 400, "answered 500"),
        (
            json!({ "kind": "redirect", "endpoint": "token", "location": "https://evil.test" }),
            400,
            "answered 302",
        ),
        (
            json!({ "kind": "body", "endpoint": "token", "body": "<html>", "content_type": "text/html" }),
            400,
            "no valid JSON",
        ),
        (json!({ "kind": "truncated", "endpoint": "token" }), 502, "cannot be reached"),
    ] {
        let mut browser = Browser::new(&rig);
        let url = browser.until_callback("ann@acme.test", "ann-mock-password").await;
        rig.fault(&fault).await;
        browser.get(url.as_str()).await.says(status, &["You are not signed in", words]);
        assert!(browser.session().is_none());
        rig.heal().await;
    }
}
