//! Faults of the reference components as a TLS client sees them: out of reach, late, wrong, broken off; and healed.

use std::{
    error::Error,
    io::Read as _,
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use reqwest::Method;
use serde_json::{Value, json};
use touchstone::clock::Stopwatch;

use crate::platform::{
    MANAGER, MANAGER_CONTROL, Platform, REGISTRY, REGISTRY_CONTROL, SIBLING, SIBLING_CONTROL, body, header,
};

async fn fault(platform: &Platform, fault: &Value) {
    set(platform, MANAGER_CONTROL, fault).await;
}

async fn set(platform: &Platform, control: &str, fault: &Value) {
    let url = format!("{control}/control/faults");
    let response = platform.control(Method::POST, &url, Some(&fault.to_string())).await;
    assert_eq!(response.status(), 200, "{fault}");
}

async fn clear(platform: &Platform) {
    let url = format!("{MANAGER_CONTROL}/control/faults");
    assert_eq!(platform.control(Method::DELETE, &url, None).await.status(), 204);
}

async fn journal(platform: &Platform, control: &str) -> Value {
    body(platform.control(Method::GET, &format!("{control}/control/journal"), None).await).await
}

/// A request that gives up soon: what it says in the end.
async fn attempt(platform: &Platform, url: &str) -> Result<u16, reqwest::Error> {
    let request = platform.client.get(url).timeout(Duration::from_millis(300));
    request.send().await.map(|response| response.status().as_u16())
}

fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

const HEALTH: &str = "https://config.example.com/healthz";

#[tokio::test]
async fn nothing_answers_then_it_answers_again() {
    let platform = Platform::start();
    assert_eq!(attempt(&platform, HEALTH).await.unwrap(), 200, "a connection is open");
    fault(&platform, &json!({ "kind": "unreachable" })).await;
    for _ in 0..2 {
        let error = attempt(&platform, HEALTH).await.unwrap_err();
        assert!(error.is_timeout(), "{}", chain(&error));
    }
    assert_eq!(platform.get(&format!("{SIBLING}/healthz")).await.status(), 200, "others are in reach");
    clear(&platform).await;
    assert_eq!(attempt(&platform, HEALTH).await.unwrap(), 200);
    let journal = journal(&platform, MANAGER_CONTROL).await;
    assert_eq!(journal.as_array().unwrap().len(), 2, "what reached nobody is in no journal");
}

#[tokio::test]
async fn open_connections_end_at_once() {
    for kind in ["unreachable", "refused", "certificate"] {
        let platform = Platform::start();
        // A connection that is in use: its answer is late.
        fault(&platform, &json!({ "kind": "slow", "delay": "50s", "count": 1 })).await;
        let request = tokio::spawn(platform.client.get(HEALTH).send());
        while journal_is_waiting(&platform).await {
            tokio::task::yield_now().await;
        }
        fault(&platform, &json!({ "kind": kind })).await;
        let error = request.await.unwrap().unwrap_err();
        assert!(!error.is_timeout(), "{kind}: {}", chain(&error));
    }
}

/// The slow fault has not been met yet.
async fn journal_is_waiting(platform: &Platform) -> bool {
    let url = format!("{MANAGER_CONTROL}/control/faults");
    body(platform.control(Method::GET, &url, None).await).await != json!([])
}

#[tokio::test]
async fn connections_are_reset() {
    let platform = Platform::start();
    fault(&platform, &json!({ "kind": "refused" })).await;
    let error = attempt(&platform, HEALTH).await.unwrap_err();
    assert!(!error.is_timeout(), "{}", chain(&error));
    assert!(chain(&error).contains("reset"), "{}", chain(&error));
    clear(&platform).await;
    assert_eq!(attempt(&platform, HEALTH).await.unwrap(), 200);
}

#[tokio::test]
async fn a_strangers_certificate_is_shown_also_to_who_was_here_before() {
    let platform = Platform::start();
    assert_eq!(attempt(&platform, HEALTH).await.unwrap(), 200, "a TLS session could be resumed");
    fault(&platform, &json!({ "kind": "certificate" })).await;
    let error = attempt(&platform, HEALTH).await.unwrap_err();
    assert!(chain(&error).contains("UnknownIssuer"), "{}", chain(&error));
    assert_eq!(platform.get(&format!("{SIBLING}/healthz")).await.status(), 200);
    clear(&platform).await;
    assert_eq!(attempt(&platform, HEALTH).await.unwrap(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_can_be_counted_in_connections() {
    let platform = Platform::start();
    fault(&platform, &json!({ "kind": "refused", "count": 2 })).await;
    let mut outcomes = Vec::new();
    // A client may try a reset connection again by itself, so connections are counted by hand.
    let address = platform.address("config.example.com");
    for _ in 0..3 {
        outcomes.push(is_reset(address));
    }
    assert_eq!(outcomes, [true, true, false]);
}

/// Whether a connection ends without having said anything.
fn is_reset(address: SocketAddr) -> bool {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    match stream.read(&mut [0; 1]) {
        Ok(read) => read == 0,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_keeps_nobody_from_stopping() {
    let mut platform = Platform::start();
    fault(&platform, &json!({ "kind": "unreachable" })).await;
    let mut hanging = TcpStream::connect(platform.address("config.example.com")).unwrap();
    hanging.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert!(hanging.read(&mut [0; 1]).is_err(), "nothing comes");
    platform.stop();
    hanging.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    assert!(matches!(hanging.read(&mut [0; 1]), Ok(0)), "closed with the platform");
}

#[tokio::test]
async fn an_answer_comes_late_in_real_time() {
    let platform = Platform::start();
    fault(&platform, &json!({ "kind": "slow", "delay": "100ms", "endpoint": "healthz" })).await;
    let started = Stopwatch::start();
    assert_eq!(platform.get(HEALTH).await.status(), 200);
    assert!(started.elapsed() >= Duration::from_millis(100));
    assert_eq!(platform.get(HEALTH).await.headers()["date"], "Thu, 01 Jan 2026 00:00:00 GMT");
    assert_eq!(journal(&platform, MANAGER_CONTROL).await[0]["fault"], "slow");
    fault(&platform, &json!({ "kind": "slow", "delay": "50s" })).await;
    clear(&platform).await;
    assert_eq!(attempt(&platform, HEALTH).await.unwrap(), 200);
}

#[tokio::test]
async fn another_answer_is_given_and_written_down() {
    let platform = Platform::start();
    let config = format!("{MANAGER}/api/v1/config");
    let busy = json!({
        "kind": "status", "status": 503, "endpoint": "config", "count": 1,
        "headers": { "Retry-After": "5" }, "body": "busy", "content_type": "text/plain",
    });
    fault(&platform, &busy).await;
    let response = platform.get(&config).await;
    assert_eq!((response.status().as_u16(), header(&response, "retry-after")), (503, "5"));
    assert_eq!(header(&response, "content-type"), "text/plain");
    assert_eq!(header(&response, "date"), "Thu, 01 Jan 2026 00:00:00 GMT");
    assert_eq!(response.text().await.unwrap(), "busy");
    assert_eq!(platform.get(&config).await.status(), 401, "counted");

    let html = json!({ "kind": "body", "body": "<html>", "content_type": "text/html", "bytes": 3_000_000 });
    fault(&platform, &html).await;
    let response = platform.get(&format!("{MANAGER}/.well-known/jwks.json")).await;
    assert_eq!((response.status().as_u16(), header(&response, "content-type")), (200, "text/html"));
    let text = response.text().await.unwrap();
    assert!(text.len() == 3_000_000 && text.starts_with("<html> "));

    let away = json!({ "kind": "redirect", "location": "https://elsewhere.example.com/" });
    fault(&platform, &away).await;
    let response = platform.get(&config).await;
    assert_eq!(response.status(), 302, "the fault that was set last answers");
    assert_eq!(header(&response, "location"), "https://elsewhere.example.com/");

    let journal = journal(&platform, MANAGER_CONTROL).await;
    let seen: Vec<_> = journal
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| json!([entry["endpoint"], entry["status"], entry["fault"], entry["rule"]]))
        .collect();
    assert_eq!(
        json!(seen),
        json!([
            ["config", 503, "status", null],
            ["config", 401, null, "TOK-BEARER"],
            ["jwks", 200, "body", null],
            ["config", 302, "redirect", null],
        ])
    );
}

#[tokio::test]
async fn every_status_is_a_whole_answer() {
    let platform = Platform::start();
    for status in [200, 204, 205, 299, 304, 401, 404, 429, 599] {
        fault(&platform, &json!({ "kind": "status", "status": status, "body": "a body" })).await;
        for _ in 0..2 {
            let response = platform.get(HEALTH).await;
            assert_eq!(response.status(), status);
            let expected = if [204, 304].contains(&status) { "" } else { "a body" };
            assert_eq!(response.text().await.unwrap(), expected, "{status}");
        }
    }
}

#[tokio::test]
async fn the_fault_on_an_endpoint_goes_before_the_one_on_all() {
    let platform = Platform::start();
    fault(&platform, &json!({ "kind": "status", "status": 500, "endpoint": "jwks" })).await;
    fault(&platform, &json!({ "kind": "status", "status": 502 })).await;
    assert_eq!(platform.get(&format!("{MANAGER}/.well-known/jwks.json")).await.status(), 500);
    assert_eq!(platform.get(HEALTH).await.status(), 502);
    assert_eq!(platform.get(&format!("{MANAGER}/nowhere")).await.status(), 502);
}

#[tokio::test]
async fn a_document_is_edited() {
    let platform = Platform::start();
    let url = format!("{MANAGER}/.well-known/toolhive-configuration");
    let original = body(platform.get(&url).await).await;
    let edit = json!({
        "kind": "document", "endpoint": "discovery",
        "set": { "/jwks_uri": "https://elsewhere.example.com/", "/oidc/scopes/-": "admin" },
        "without": ["/oidc/issuer"],
    });
    fault(&platform, &edit).await;
    let mut expected = original.clone();
    expected["jwks_uri"] = json!("https://elsewhere.example.com/");
    expected["oidc"]["scopes"].as_array_mut().unwrap().push(json!("admin"));
    expected["oidc"].as_object_mut().unwrap().remove("issuer");
    let response = platform.get(&url).await;
    assert_eq!(header(&response, "cache-control"), "no-cache", "the rest of the answer stays");
    assert_eq!(body(response).await, expected);
    assert_eq!(journal(&platform, MANAGER_CONTROL).await[1]["fault"], "document");
    clear(&platform).await;
    assert_eq!(body(platform.get(&url).await).await, original);
}

#[tokio::test]
async fn an_answer_breaks_off_within_its_announced_length() {
    let platform = Platform::start();
    let jwks = format!("{MANAGER}/.well-known/jwks.json");
    let whole = platform.get(&jwks).await.bytes().await.unwrap();
    let huge = json!({ "kind": "body", "body": "[", "bytes": 3_000_000, "endpoint": "discovery" });
    fault(&platform, &huge).await;
    fault(&platform, &json!({ "kind": "truncated" })).await;
    let discovery = format!("{MANAGER}/.well-known/toolhive-configuration");
    for (url, length) in [(&jwks, whole.len()), (&discovery, 3_000_000)] {
        let mut response = platform.get(url).await;
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "content-length"), length.to_string());
        let mut came = Vec::new();
        let error = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => came.extend_from_slice(&chunk),
                Ok(None) => panic!("the answer is whole"),
                Err(error) => break error,
            }
        };
        assert!(!error.is_timeout(), "{}", chain(&error));
        assert_eq!(came.len(), length / 2);
    }
    let head = platform.send(Method::HEAD, &jwks, &[]).await;
    assert_eq!(head.status(), 200, "an answer without a body is whole");
    let bare = json!({ "kind": "status", "status": 304, "body": "a body", "endpoint": "jwks" });
    fault(&platform, &bare).await;
    assert_eq!(platform.get(&jwks).await.bytes().await.unwrap().len(), 0);
    clear(&platform).await;
    assert_eq!(platform.get(&jwks).await.bytes().await.unwrap(), whole);
    let journal = journal(&platform, MANAGER_CONTROL).await;
    let faults: Vec<_> = journal.as_array().unwrap().iter().map(|entry| entry["fault"].clone()).collect();
    assert_eq!(json!(faults), json!([null, "truncated", "truncated", null, "status", null]));
}

#[tokio::test]
async fn every_component_has_faults() {
    let platform = Platform::start();
    for (control, url) in
        [(SIBLING_CONTROL, format!("{SIBLING}/healthz")), (REGISTRY_CONTROL, format!("{REGISTRY}/healthz"))]
    {
        assert_eq!(attempt(&platform, &url).await.unwrap(), 200);
        set(&platform, control, &json!({ "kind": "status", "status": 500 })).await;
        assert_eq!(attempt(&platform, &url).await.unwrap(), 500);
        set(&platform, control, &json!({ "kind": "unreachable" })).await;
        assert!(attempt(&platform, &url).await.unwrap_err().is_timeout());
        let reset = platform.control(Method::POST, &format!("{control}/control/reset"), None).await;
        assert_eq!(reset.status(), 204);
        assert_eq!(attempt(&platform, &url).await.unwrap(), 200, "a reset ends faults");
    }
}
