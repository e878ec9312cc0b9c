//! The Enterprise Manager when something changes: its policy file, its keys, its clock; and envelopes that are wrong on
//! purpose.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use reqwest::Method;
use serde_json::{Value, json};
use touchstone::{
    model::{
        envelope::Payload,
        rule::{Rule, Rules},
    },
    reference::{
        Surroundings,
        enterprise_manager::{Deployment, Manager, SigningKey},
    },
};

use crate::{
    enterprise_manager::verify,
    platform::{MANAGER, MANAGER_CONTROL, Platform, body, header},
};

#[tokio::test]
async fn a_policy_file_is_in_force_at_the_next_request_and_a_broken_one_never() {
    let platform = Platform::start();
    let first = payload(&platform).await;
    platform.advance(1);
    let text =
        r#"{"playground": {"value": false, "enforcement": "enforced"}, "marketplace": {"open": true}}"#;
    put_policy(&platform, text).await;
    let second = payload(&platform).await;
    assert_eq!(json!(second.config), serde_json::from_str::<Value>(text).unwrap());
    assert!(second.issued_at > first.issued_at);
    assert_eq!(health(&platform).await, json!({ "loaded_at": "2026-01-01T01:00:00Z" }));
    platform.advance(1);
    for (broken, told) in [
        (
            "{\n  \"playground\": {\"value\": 7, \"enforcement\": \"enforced\"}\n}",
            "enterprise-config.json:2:27: `enterpriseConfig.playground.value`: expected `true` or `false`, without quotes, found a number",
        ),
        ("{\"playground\": ", "enterprise-config.json:1:15: no JSON: EOF while parsing a value"),
        ("", "enterprise-config.json:1:0: no JSON: EOF while parsing a value"),
    ] {
        put_policy(&platform, broken).await;
        assert_eq!(payload(&platform).await, second, "the old policy stays, and its envelope");
        let expected = json!({ "loaded_at": "2026-01-01T01:00:00Z", "error": told });
        assert_eq!(health(&platform).await, expected);
    }
    put_policy(&platform, "{}").await;
    assert_eq!(health(&platform).await, json!({ "loaded_at": "2026-01-01T02:00:00Z" }), "healed");
    assert_eq!(payload(&platform).await.config.len(), 0);
    std::fs::remove_file(&platform.policy_file).unwrap();
    assert_eq!(payload(&platform).await.config.len(), 0, "a file that is gone opens nothing");
    assert_eq!(health(&platform).await["error"], "`enterprise-config.json` is gone");
    platform.control(Method::POST, &format!("{MANAGER_CONTROL}/control/reset"), None).await;
    assert_eq!(payload(&platform).await, first, "a reset brings back the policy of the start");
}

#[tokio::test]
async fn what_became_of_a_policy_file_is_in_the_log() {
    let platform = Platform::start();
    let log = async || {
        let url = format!("{MANAGER_CONTROL}/control/log");
        platform.control(Method::GET, &url, None).await.json::<Value>().await.unwrap()
    };
    assert_eq!(log().await, json!([]));
    put_policy(&platform, "{}").await;
    payload(&platform).await;
    platform.advance(1);
    put_policy(&platform, "{\n}}").await;
    payload(&platform).await;
    let expected = json!([
        "2026-01-01T00:00:00Z info: the policy file is in force",
        "2026-01-01T01:00:00Z error: the policy of 2026-01-01T00:00:00Z stays in force: \
         enterprise-config.json:2:2: no JSON: trailing characters",
    ]);
    assert_eq!(log().await, expected);
}

#[tokio::test]
async fn a_policy_file_of_before_the_start_is_the_policy_and_a_broken_one_no_start() {
    let platform = Platform::start();
    let values = platform.values.enterprise_manager.as_ref().unwrap();
    let start = |rules| {
        let deployment = Deployment {
            keys: SigningKey::from_seed([1; 32]).unwrap().into(),
            seed: [2; 32],
            policy_file: Some(platform.policy_file.clone()),
        };
        let clock = std::sync::Arc::new(platform.clock.clone());
        Manager::new(values, deployment, Surroundings::new(rules, clock, platform.client.clone()))
    };
    put_policy(&platform, "{\n}}").await;
    let error = start(Rules::ALL).unwrap_err().to_string();
    assert_eq!(error, "enterprise-config.json:2:2: no JSON: trailing characters");
    assert!(start(Rules::without(Rule::EmReload)).is_ok(), "taken for an empty policy under the sabotage");
    put_policy(&platform, "{}").await;
    assert!(start(Rules::ALL).is_ok());
}

#[tokio::test]
async fn a_broken_policy_file_under_the_sabotages() {
    let broken = r#"{"playground": {"value": 7, "enforcement": "enforced"}, "help_menu": {"value": true, "enforcement": "default"}}"#;
    let rest = json!({ "help_menu": { "value": true, "enforcement": "default" } });
    for (rules, expected) in [
        (Rules::ALL, None),
        (Rules::without(Rule::EmReload), Some(json!({}))),
        (Rules::without(Rule::EmDirectivesLoad), Some(rest)),
    ] {
        let platform = Platform::with(rules, |_| {});
        let before = payload(&platform).await;
        put_policy(&platform, broken).await;
        let after = payload(&platform).await;
        let error = health(&platform).await.get("error").is_some();
        match expected {
            None => assert!(after == before && error),
            Some(config) => assert!(json!(after.config) == config && !error, "{config}"),
        }
    }
}

#[tokio::test]
async fn a_newer_envelope_is_dated_later_and_a_clock_set_back_is_followed() {
    let platform = Platform::start();
    let mut dates = Vec::new();
    for policy in ["{}", r#"{"a": {}}"#, r#"{"b": {}}"#] {
        put_policy(&platform, policy).await;
        dates.push(payload(&platform).await.issued_at.to_string());
        assert_eq!(payload(&platform).await.issued_at.to_string(), dates[dates.len() - 1], "kept");
    }
    assert_eq!(dates, ["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z"]);
    platform.advance(-1);
    assert_eq!(payload(&platform).await.issued_at.to_string(), "2025-12-31T23:00:00Z");
    put_policy(&platform, "{}").await;
    assert_eq!(payload(&platform).await.issued_at.to_string(), "2025-12-31T23:00:01Z");
}

#[tokio::test]
async fn a_rotated_key_signs_and_the_one_before_it_stays_published_until_it_is_retired() {
    let platform = Platform::start();
    let old = platform.config(&[]).await;
    let etag = header(&old, "etag").to_owned();
    let old = old.text().await.unwrap();
    control(&platform, "keys/rotate", "{}").await;
    let response = platform.config(&[("if-none-match", &etag)]).await;
    assert_eq!(response.status(), 200, "another envelope");
    let new = response.text().await.unwrap();
    let published = jwks(&platform).await;
    assert_eq!(published["keys"].as_array().unwrap().len(), 2);
    let (header_of_new, payload_of_new) = verify(&new, &published).expect("it verifies");
    assert_eq!(header_of_new["kid"], published["keys"][0]["kid"]);
    let (header_of_old, payload_of_old) = verify(&old, &published).expect("the old one still verifies");
    assert_eq!(header_of_old["kid"], published["keys"][1]["kid"]);
    assert_eq!(payload_of_new.config, payload_of_old.config);
    assert!(payload_of_new.issued_at > payload_of_old.issued_at);
    control(&platform, "keys/retire", "").await;
    let published = jwks(&platform).await;
    assert!(verify(&old, &published).is_none() && verify(&new, &published).is_some());
    assert_eq!(platform.config(&[]).await.text().await.unwrap(), new, "retiring signs nothing anew");
}

#[tokio::test]
async fn half_life_with_two_keys_and_a_change_of_policy() {
    let platform = Platform::start();
    let first = payload(&platform).await;
    platform.advance(11);
    control(&platform, "keys/rotate", "{}").await;
    let rotated = payload(&platform).await;
    assert_eq!(rotated.issued_at.duration_since(first.issued_at).as_hours(), 11);
    platform.advance(11);
    assert_eq!(payload(&platform).await, rotated, "before half of its own time");
    put_policy(&platform, "{}").await;
    let changed = payload(&platform).await;
    assert_eq!((changed.config.len(), changed.issued_at.to_string()), (0, "2026-01-01T22:00:00Z".to_owned()));
    platform.advance(12);
    let anew = payload(&platform).await;
    assert_eq!(anew.issued_at.to_string(), "2026-01-02T10:00:00Z", "signed anew at half");
    assert_eq!((anew.not_after.duration_since(anew.issued_at).as_hours(), anew.config), (24, changed.config));
}

#[tokio::test]
async fn a_key_that_does_not_load_changes_nothing() {
    let pem = json!({ "pem": include_str!("../fixtures/keys/p384-sec1.pem") }).to_string();
    for (rules, status) in [(Rules::ALL, 400), (Rules::without(Rule::EmKey), 200)] {
        let platform = Platform::with(rules, |_| {});
        let (before, envelope) = (jwks(&platform).await, platform.config(&[]).await.text().await.unwrap());
        let url = format!("{MANAGER_CONTROL}/control/keys/rotate");
        let response = platform.control(Method::POST, &url, Some(&pem)).await;
        assert_eq!(response.status(), status);
        let unchanged =
            jwks(&platform).await == before && platform.config(&[]).await.text().await.unwrap() == envelope;
        assert_eq!(unchanged, status == 400);
    }
}

#[tokio::test]
async fn a_wrong_envelope_is_served_to_who_passes_the_gate() {
    let platform = Platform::start();
    let jwks = jwks(&platform).await;
    let before = platform.config(&[]).await;
    let etag = header(&before, "etag").to_owned();
    let before = before.text().await.unwrap();
    let (header_before, payload_before) = parts(&before);
    let forged = async |fault: Value| {
        control(&platform, "faults", &fault.to_string()).await;
        let held = platform.config(&[("if-none-match", &etag)]).await;
        assert_eq!(held.status(), 200, "no 304");
        assert_eq!(header(&held, "content-type"), "application/jose");
        assert_ne!(header(&held, "etag"), etag, "an ETag of its own");
        let again = platform.config(&[]).await;
        assert_eq!(
            header(&again, "etag"),
            header(&held, "etag"),
            "one wrong envelope, not one with each poll"
        );
        held.text().await.unwrap()
    };
    let with = |changes: Value| {
        let mut fault = json!({ "kind": "envelope" });
        fault.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        fault
    };

    let changes = json!({
        "header": { "typ": 7, "x": [] }, "payload": { "iss": null, "config": { "a": 1.5 } }, "without": ["not_after"],
    });
    let (header_now, payload_now) = parts(&forged(with(changes)).await);
    let mut expected = header_before.clone();
    expected["typ"] = json!(7);
    expected["x"] = json!([]);
    assert_eq!(header_now, expected);
    let mut expected = payload_before.clone();
    expected["iss"] = Value::Null;
    expected["config"] = json!({ "a": 1.5 });
    expected.as_object_mut().unwrap().remove("not_after");
    assert_eq!(payload_now, expected);

    let iss = json!({ "iss": "https://elsewhere.example.com" });
    let good = forged(with(json!({ "payload": iss }))).await;
    assert_eq!(verify(&good, &jwks).expect("signed by the Manager").1.iss, "https://elsewhere.example.com");
    for sign in ["unpublished", "corrupted"] {
        let envelope = forged(with(json!({ "sign": sign }))).await;
        assert_eq!(parts(&envelope), (header_before.clone(), payload_before.clone()), "{sign}");
        assert!(verify(&envelope, &jwks).is_none(), "{sign}");
    }
    let envelope = forged(with(json!({ "sign": "embedded-jwk" }))).await;
    let embedded = parts(&envelope).0["jwk"].clone();
    assert!(verify(&envelope, &jwks).is_none());
    let mut own = embedded.clone();
    own["kid"] = header_before["kid"].clone();
    assert!(verify(&envelope, &json!({ "keys": [own] })).is_some(), "by the key in its header");
    let envelope = forged(with(json!({ "sign": "none", "without_header": ["kid"] }))).await;
    assert!(envelope.ends_with('.'));
    assert_eq!(parts(&envelope).0, json!({ "alg": "none", "typ": "toolhive-config+jwt" }));

    control(&platform, "faults", r#"{"kind":"slow","delay":"1ms","count":1}"#).await;
    platform.config(&[]).await;
    let refused = platform.get(&format!("{MANAGER}/api/v1/config")).await;
    assert_eq!(refused.status(), 401, "the gate comes first");
    let url = format!("{MANAGER_CONTROL}/control/journal");
    let journal = body(platform.control(Method::GET, &url, None).await).await;
    let last: Vec<_> = journal.as_array().unwrap().iter().rev().take(2).collect();
    assert_eq!((&last[0]["fault"], &last[1]["fault"]), (&Value::Null, &json!("envelope")));
    platform.control(Method::DELETE, &format!("{MANAGER_CONTROL}/control/faults"), None).await;
    assert_eq!(platform.config(&[]).await.text().await.unwrap(), before, "nothing of it stays");
}

/// Header and payload of an envelope, whoever signed it.
fn parts(envelope: &str) -> (Value, Value) {
    let decode = |part: &str| serde_json::from_slice(&BASE64.decode(part).unwrap()).unwrap();
    let mut parts = envelope.split('.');
    (decode(parts.next().unwrap()), decode(parts.next().unwrap()))
}

async fn jwks(platform: &Platform) -> Value {
    body(platform.get(&format!("{MANAGER}/.well-known/jwks.json")).await).await
}

async fn payload(platform: &Platform) -> Payload {
    let envelope = platform.config(&[]).await.text().await.unwrap();
    verify(&envelope, &jwks(platform).await).expect("it verifies").1
}

async fn health(platform: &Platform) -> Value {
    body(platform.get(&format!("{MANAGER}/healthz")).await).await["policy"].clone()
}

async fn control(platform: &Platform, what: &str, body: &str) {
    let url = format!("{MANAGER_CONTROL}/control/{what}");
    let response = platform.control(Method::POST, &url, Some(body)).await;
    assert!(response.status().is_success(), "{what}: {}", response.status());
}

async fn put_policy(platform: &Platform, text: &str) {
    let url = format!("{MANAGER_CONTROL}/control/policy");
    assert_eq!(platform.control(Method::PUT, &url, Some(text)).await.status(), 204);
}
