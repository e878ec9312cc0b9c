//! The control wire: every shape against its golden, the secret, the reset.

use std::path::Path;

use expect_test::expect_file;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::platform::{
    MANAGER, MANAGER_CONTROL, Platform, SECRET, SIBLING, SIBLING_CONTROL, START, body, header,
};

async fn golden(name: &str, status: u16, response: Response) {
    assert_eq!(response.status(), status, "{name}");
    assert_eq!(header(&response, "content-type"), "application/json", "{name}");
    let shown = format!("{:#}\n", body(response).await);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/control/{name}.json"));
    expect_file![path].assert_eq(&shown);
}

#[tokio::test]
async fn every_shape() {
    let platform = Platform::start();
    let clock = format!("{MANAGER_CONTROL}/control/clock");
    golden("clock", 200, platform.control(Method::GET, &clock, None).await).await;
    golden("clock-advanced", 200, platform.control(Method::PUT, &clock, Some(r#"{"advance":"24h"}"#)).await)
        .await;
    let set = r#"{"now":"2026-06-01T12:30:00Z"}"#;
    golden("clock-set", 200, platform.control(Method::PUT, &clock, Some(set)).await).await;
    golden(
        "clock-bad-duration",
        400,
        platform.control(Method::PUT, &clock, Some(r#"{"advance":"1d"}"#)).await,
    )
    .await;
    for (number, bad) in
        ["", "{}", r#"{"now":"2026-06-01T12:30:00Z","advance":"1h"}"#, r#"{"hours":1}"#, "[]"]
            .into_iter()
            .enumerate()
    {
        let response = platform.control(Method::PUT, &clock, Some(bad)).await;
        assert_eq!(response.status(), 400, "{number}");
        assert_eq!(body(response).await["error"], "invalid_request");
    }
    let large = "x".repeat(20_000);
    golden("too-large", 413, platform.control(Method::PUT, &clock, Some(&large)).await).await;
    for unsupported in ["policy", "keys/rotate", "keys/retire"] {
        let url = format!("{SIBLING_CONTROL}/control/{unsupported}");
        golden("unsupported", 501, platform.control(Method::POST, &url, None).await).await;
    }
    for (method, path) in [(Method::GET, "users"), (Method::GET, "reset"), (Method::DELETE, "clock")] {
        let url = format!("{MANAGER_CONTROL}/control/{path}");
        golden("not-found", 404, platform.control(method, &url, None).await).await;
    }
}

#[tokio::test]
async fn only_the_secret_opens_the_wire() {
    let platform = Platform::start();
    let url = format!("{MANAGER_CONTROL}/control/clock");
    let prefix = format!("Bearer {}", &SECRET[..5]);
    for headers in [
        &[][..],
        &[("authorization", "Bearer wrong")],
        &[("authorization", &prefix)],
        &[("authorization", SECRET)],
    ] {
        let response = platform.send(Method::GET, &url, headers).await;
        assert_eq!(header(&response, "www-authenticate"), "Bearer");
        golden("unauthorized", 401, response).await;
    }
    let bearer = format!("bEaReR {SECRET}");
    assert_eq!(platform.send(Method::GET, &url, &[("authorization", &bearer)]).await.status(), 200);
    let public = platform.control(Method::GET, &format!("{MANAGER}/control/clock"), None).await;
    assert_eq!(public.status(), 404, "the public face has no control wire");
}

#[tokio::test]
async fn the_journal_names_rules_and_holds_no_token() {
    let platform = Platform::start();
    platform
        .get(&format!("{MANAGER}/.well-known/toolhive-configuration?access_token=eyJhbGciOiJFUzI1NiJ9"))
        .await;
    platform.config(&[]).await;
    platform.advance(2);
    let bearer = format!("Bearer {}", platform.token(&json!({ "aud": "cloud-ui" })));
    platform.send(Method::GET, &format!("{MANAGER}/api/v1/config"), &[("authorization", &bearer)]).await;
    platform.send(Method::POST, &format!("{MANAGER}/eyJhbGciOiJFUzI1NiJ9.e30.c2ln"), &[]).await;
    let url = format!("{MANAGER_CONTROL}/control/journal");
    golden("journal", 200, platform.control(Method::GET, &url, None).await).await;
    let cleared = platform.control(Method::DELETE, &url, None).await;
    assert_eq!(cleared.status(), 204);
    let entries = body(platform.control(Method::GET, &url, None).await).await;
    assert_eq!(entries, json!([]));
    platform.get(&format!("{MANAGER}/healthz")).await;
    assert_eq!(body(platform.control(Method::GET, &url, None).await).await[0]["seq"], 5, "numbers go on");
    platform.get(&format!("{SIBLING}/api/me")).await;
    let url = format!("{SIBLING_CONTROL}/control/journal");
    let sibling = body(platform.control(Method::GET, &url, None).await).await;
    assert_eq!(sibling[0]["endpoint"], "me");
    assert_eq!(sibling[0]["rule"], "TOK-BEARER");
}

#[tokio::test]
async fn a_reset_brings_back_the_state_of_the_start() {
    let platform = Platform::start();
    let first = header(&platform.config(&[]).await, "etag").to_owned();
    platform.advance(5);
    let reset = platform.control(Method::POST, &format!("{MANAGER_CONTROL}/control/reset"), None).await;
    assert_eq!(reset.status(), 204);
    let now: Value =
        body(platform.control(Method::GET, &format!("{MANAGER_CONTROL}/control/clock"), None).await).await;
    assert_eq!(now["now"], START);
    assert_ne!(header(&platform.config(&[]).await, "etag"), first, "the kept envelope is gone");
    let url = format!("{MANAGER_CONTROL}/control/journal");
    assert_eq!(body(platform.control(Method::GET, &url, None).await).await[0]["seq"], 1);
}

#[tokio::test]
async fn a_clock_that_is_not_its_own_cannot_be_moved() {
    let platform = Platform::start();
    let clock = format!("{SIBLING_CONTROL}/control/clock");
    let moved = platform.control(Method::PUT, &clock, Some(r#"{"advance":"24h"}"#)).await;
    golden("unsupported", 501, moved).await;
    assert_eq!(body(platform.control(Method::GET, &clock, None).await).await["now"], START);
}

#[tokio::test]
async fn faults_are_listed_replaced_and_cleared() {
    let platform = Platform::start();
    let url = format!("{MANAGER_CONTROL}/control/faults");
    for fault in [
        r#"{"kind":"slow","delay":"1s","endpoint":"config"}"#,
        r#"{"kind":"slow","delay":"2s","endpoint":"config","count":3}"#,
        r#"{"kind":"status","status":503}"#,
        r#"{"kind":"envelope","payload":{"iss":"https://elsewhere.example.com"},"sign":"unpublished"}"#,
        r#"{"kind":"certificate","count":2}"#,
    ] {
        let added = body(platform.control(Method::POST, &url, Some(fault)).await).await;
        let listed = body(platform.control(Method::GET, &url, None).await).await;
        assert_eq!(added, listed, "{fault}");
    }
    golden("faults", 200, platform.control(Method::GET, &url, None).await).await;
    for (name, bad) in [
        ("fault-of-no-kind", r#"{"kind":"silence"}"#),
        ("fault-on-no-endpoint", r#"{"kind":"truncated","endpoint":"token"}"#),
        ("fault-of-the-whole", r#"{"kind":"refused","endpoint":"config"}"#),
        ("fault-with-more", r#"{"kind":"redirect","location":"/","status":301}"#),
        ("fault-not-json", "status"),
    ] {
        golden(name, 400, platform.control(Method::POST, &url, Some(bad)).await).await;
    }
    let sibling = format!("{SIBLING_CONTROL}/control/faults");
    let envelope = platform.control(Method::POST, &sibling, Some(r#"{"kind":"envelope"}"#)).await;
    golden("fault-envelope-elsewhere", 400, envelope).await;
    assert_eq!(platform.control(Method::DELETE, &url, None).await.status(), 204);
    assert_eq!(body(platform.control(Method::GET, &url, None).await).await, json!([]));
}

#[tokio::test]
async fn keys_are_rotated_and_retired() {
    let platform = Platform::start();
    let rotate = format!("{MANAGER_CONTROL}/control/keys/rotate");
    golden("keys-rotate", 200, platform.control(Method::POST, &rotate, Some("{}")).await).await;
    let pem = json!({ "pem": include_str!("../fixtures/keys/p256-sec1.pem") }).to_string();
    golden("keys-rotate-pem", 200, platform.control(Method::POST, &rotate, Some(&pem)).await).await;
    let pem = json!({ "pem": include_str!("../fixtures/keys/p384-sec1.pem") }).to_string();
    golden("keys-rotate-refused", 400, platform.control(Method::POST, &rotate, Some(&pem)).await).await;
    for bad in [r#"{"pem":7}"#, r#"{"key":""}"#, "[]"] {
        golden("keys-rotate-no-pem", 400, platform.control(Method::POST, &rotate, Some(bad)).await).await;
    }
    let retire = format!("{MANAGER_CONTROL}/control/keys/retire");
    golden("keys-retire", 200, platform.control(Method::POST, &retire, None).await).await;
}

#[tokio::test]
async fn the_policy_file_is_written_and_read_as_it_is() {
    let platform = Platform::start();
    let url = format!("{MANAGER_CONTROL}/control/policy");
    golden("policy-none", 404, platform.control(Method::GET, &url, None).await).await;
    assert!(!platform.policy_file.parent().unwrap().exists(), "nothing is written before somebody asks");
    for text in ["{\"playground\": ", "{}", &" ".repeat(500_000)] {
        assert_eq!(platform.control(Method::PUT, &url, Some(text)).await.status(), 204);
        let read = platform.control(Method::GET, &url, None).await;
        assert_eq!(
            (read.status().as_u16(), header(&read, "content-type")),
            (200, "text/plain; charset=utf-8")
        );
        assert_eq!(read.text().await.unwrap(), text);
    }
    let huge = " ".repeat((1 << 20) + 1);
    golden("too-large", 413, platform.control(Method::PUT, &url, Some(&huge)).await).await;
    let files: Vec<_> = std::fs::read_dir(platform.policy_file.parent().unwrap()).unwrap().collect();
    assert_eq!(files.len(), 1, "no temporary file stays");
    let reset = platform.control(Method::POST, &format!("{MANAGER_CONTROL}/control/reset"), None).await;
    assert_eq!(reset.status(), 204);
    assert!(!platform.policy_file.exists(), "what the wire wrote goes with the reset");
}
