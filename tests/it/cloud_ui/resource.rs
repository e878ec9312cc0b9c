//! The Cloud UI as a protected resource: what it answers to programs, which show a token and know no session.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Rig, UI};

/// Status, headers but for the date, and body.
async fn answer(
    rig: &Rig,
    base: &str,
    (method, path): (&Method, &str),
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, Vec<(String, String)>, String) {
    let mut request = rig.http.request(method.clone(), format!("{base}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.body(body.to_owned()).send().await.unwrap();
    let headers = response.headers().iter().filter(|(name, _)| *name != "date");
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    (response.status().as_u16(), headers, response.text().await.unwrap())
}

#[tokio::test]
async fn it_answers_programs_by_their_tokens() {
    let rig = Rig::start();
    let bearer = |token: &str| format!("Bearer {token}");
    let good = bearer(&rig.mint(json!({})).await);
    let foreign = bearer(&rig.mint(json!({ "aud": "enterprise-manager" })).await);
    let expired = bearer(&rig.mint(json!({ "exp": 1_780_000_000 })).await);
    let (me, large) = ("/api/me", "x".repeat(70 << 10));
    let mut seen = Vec::new();
    for (method, path, headers, body, status) in [
        (Method::GET, me, &[("authorization", good.as_str())][..], "", 200),
        (Method::HEAD, me, &[("authorization", good.as_str())], "", 200),
        (Method::GET, me, &[("authorization", &good), ("cookie", "__Host-session=x")], "", 200),
        (Method::GET, me, &[("authorization", &foreign)], "", 401),
        (Method::GET, me, &[("authorization", &expired)], "", 401),
        (Method::GET, me, &[("authorization", "Bearer opaque")], "", 401),
        (Method::GET, me, &[("authorization", "Bearer a b")], "", 400),
        (Method::GET, me, &[("authorization", "Basic YTpi")], "", 400),
        (Method::GET, me, &[("authorization", &good), ("authorization", &good)], "", 400),
        (Method::GET, me, &[], "", 401),
        (Method::GET, me, &[("cookie", "__Host-session=x; access_token=y")], "", 401),
        (Method::GET, "/api/me?access_token=x", &[], "", 401),
        (Method::POST, me, &[("authorization", &good)], "", 200),
        (Method::POST, me, &[], "access_token=x", 401),
        (Method::GET, "/api/me/", &[("authorization", &good)], "", 404),
        (Method::GET, "/api/other", &[("authorization", &good)], "", 404),
        (Method::POST, "/api/other", &[], &large, 413),
        (Method::GET, "/.well-known/oauth-protected-resource", &[], "", 200),
        (Method::POST, "/.well-known/oauth-protected-resource", &[], "", 405),
        (Method::GET, "/healthz", &[], "", 200),
    ] {
        let ui = answer(&rig, UI, (&method, path), headers, body).await;
        assert_eq!(ui.0, status, "{method} {path} {headers:?}: {}", ui.2);
        seen.push(u64::from(status));
    }
    let journal = rig.control("ui", "GET", "journal", &Value::Null).await;
    let journal = journal.as_array().unwrap();
    assert!(journal.iter().map(|entry| entry["status"].as_u64().unwrap()).eq(seen));
    let named = |name: &str| journal.iter().filter(|entry| entry["endpoint"] == name).count();
    assert_eq!([named("me"), named("protected-resource"), named("healthz"), named("unknown")], [14, 2, 1, 3]);
    assert_eq!(journal[3]["rule"], "TOK-AUD", "{}", journal[3]);
}
