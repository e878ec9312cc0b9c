//! The control wire: its shapes, frozen, and what it does.

use expect_test::expect_file;
use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};

use crate::rig::{CLI, CONFIG, Rig, SECRET, decode};

/// Compares an exchange with its golden file.
async fn assert_exchange(rig: &Rig, name: &str, method: Method, path: &str, body: Option<Json>) {
    let (status, answer) = rig.control(method.clone(), path, body.clone()).await;
    let exchange = json!({
        "request": format!("{method} /control/{path}"),
        "body": body,
        "status": status.as_u16(),
        "answer": answer,
    });
    let text = serde_json::to_string_pretty(&exchange).unwrap() + "\n";
    expect_file![format!("../golden/control/{name}.json")].assert_eq(&text);
}

#[tokio::test]
async fn the_shapes_are_frozen() {
    let rig = Rig::shipped("okta-per-component");
    let issuer = rig.issuer();
    rig.tokens(issuer, CLI, &format!("openid {CONFIG}"), &[]).await;
    assert_exchange(&rig, "journal-get", Method::GET, "journal", None).await;
    assert_exchange(&rig, "journal-delete", Method::DELETE, "journal", None).await;
    assert_exchange(&rig, "clock-get", Method::GET, "clock", None).await;
    assert_exchange(&rig, "clock-advance", Method::PUT, "clock", Some(json!({"advance": "24h"}))).await;
    assert_exchange(&rig, "clock-set", Method::PUT, "clock", Some(json!({"now": "2026-03-01T12:00:00Z"})))
        .await;
    assert_exchange(&rig, "clock-refused", Method::PUT, "clock", Some(json!({"advance": "1 day"}))).await;
    assert_exchange(&rig, "users-get", Method::GET, "users", None).await;
    assert_exchange(
        &rig,
        "users-put",
        Method::PUT,
        "users",
        Some(json!([{"login": "eve@acme.test", "password": "eve-mock-password"}])),
    )
    .await;
    assert_exchange(&rig, "keys-rotate", Method::POST, "keys/rotate", Some(json!({"issuer": issuer}))).await;
    assert_exchange(&rig, "keys-retire", Method::POST, "keys/retire", Some(json!({"issuer": issuer}))).await;
    let body = json!({"issuer": issuer, "ahead": true});
    assert_exchange(&rig, "keys-rotate-ahead", Method::POST, "keys/rotate", Some(body)).await;
    let body = json!({"issuer": issuer, "emergency": true});
    assert_exchange(&rig, "keys-rotate-emergency", Method::POST, "keys/rotate", Some(body)).await;
    let body =
        json!({"issuer": issuer, "key": "es256", "set": {"use": "enc"}, "without": ["alg"], "first": true});
    assert_exchange(&rig, "keys-publish", Method::POST, "keys/publish", Some(body)).await;
    assert_exchange(
        &rig,
        "issuer-unknown",
        Method::POST,
        "keys/retire",
        Some(json!({"issuer": "https://acme.okta.com"})),
    )
    .await;
    let fault = json!({"kind": "status", "endpoint": "userinfo", "status": 503, "headers": {"retry-after": "1"}, "count": 2});
    assert_exchange(&rig, "faults-post", Method::POST, "faults", Some(fault)).await;
    let fault = json!({"kind": "document", "set": {"/keys/0/kid": "x"}, "without": ["/issuer"]});
    assert_exchange(&rig, "faults-post-second", Method::POST, "faults", Some(fault)).await;
    rig.get(&format!("{issuer}/v1/userinfo")).await;
    assert_exchange(&rig, "faults-get", Method::GET, "faults", None).await;
    assert_exchange(&rig, "journal-fault", Method::GET, "journal", None).await;
    assert_exchange(
        &rig,
        "faults-refused",
        Method::POST,
        "faults",
        Some(json!({"kind": "slow", "delay": "2 s"})),
    )
    .await;
    assert_exchange(&rig, "faults-delete", Method::DELETE, "faults", None).await;
    assert_exchange(&rig, "nowhere", Method::GET, "nowhere", None).await;
    assert_exchange(&rig, "method", Method::GET, "mint", None).await;
    assert_exchange(&rig, "reset", Method::POST, "reset", None).await;
    assert_exchange(&rig, "clock-after-reset", Method::GET, "clock", None).await;
    assert_exchange(
        &rig,
        "mint-unknown-member",
        Method::POST,
        "mint",
        Some(json!({"issuer": issuer, "claim": {}})),
    )
    .await;
    let minted = rig.mint(
        json!({"issuer": issuer, "like": {"user": "ann@acme.test", "client_id": CLI, "scopes": [CONFIG]}}),
    );
    let mut minted = minted.await;
    minted["token"] = "(three parts)".into();
    let text = serde_json::to_string_pretty(&minted).unwrap() + "\n";
    expect_file!["../golden/control/mint.json"].assert_eq(&text);
}

#[tokio::test]
async fn the_secret_is_needed() {
    let rig = Rig::shipped("okta-per-component");
    for credential in [None, Some("Bearer wrong"), Some("Basic control-secret"), Some(SECRET)] {
        assert_eq!(rig.control_as(credential, "clock").await, StatusCode::UNAUTHORIZED, "{credential:?}");
    }
    assert_eq!(rig.control_as(Some("bearer control-secret"), "clock").await, StatusCode::OK);
    let public = rig.get("https://acme.okta.com/control/clock").await;
    assert_eq!(public.status(), StatusCode::NOT_FOUND, "nothing of it is public");
}

fn order(rig: &Rig, more: &Json) -> Json {
    let mut order = json!({
        "issuer": rig.issuer(),
        "like": {"user": "ann@acme.test", "client_id": CLI, "scopes": ["openid", CONFIG]},
    });
    for (name, value) in more.as_object().unwrap() {
        order[name] = value.clone();
    }
    order
}

#[tokio::test]
async fn a_minted_token_is_the_profiles_with_the_one_defect() {
    let rig = Rig::shipped("okta-per-component");
    let plain = rig.mint(order(&rig, &json!({}))).await;
    let flow = rig.tokens(rig.issuer(), CLI, &format!("openid {CONFIG}"), &[]).await;
    let names = |token: &Json| token["claims"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&plain), names(&decode(flow.access())), "as the flow would issue it");
    let token = plain["token"].as_str().unwrap();
    assert_eq!(rig.verify(rig.issuer(), token).await.unwrap(), plain["claims"]);

    let changed = json!({"claims": {"aud": ["a", 7], "new": 1}, "header": {"typ": "x"}, "without": ["uid"], "without_header": ["kid"]});
    let changed = rig.mint(order(&rig, &changed)).await;
    assert_eq!(changed["header"], json!({"alg": "RS256", "typ": "x"}));
    let position = |token: &Json, name: &str| names(token).iter().position(|known| known == name);
    assert_eq!(position(&plain, "aud"), position(&changed, "aud"), "replaced in place");
    assert_eq!(names(&changed).last().unwrap(), "new");
    assert_eq!(position(&changed, "uid"), None);

    let audience = json!({"like": {"client_id": CLI, "audience": "registry"}});
    let audience = rig.mint(order(&rig, &audience)).await;
    assert_eq!(audience["claims"]["aud"], "registry");
    assert_eq!(audience["claims"]["sub"], CLI);
    assert!(audience["claims"].get("scp").is_none());

    let id = json!({"like": {"kind": "id_token", "user": "ann@acme.test", "client_id": CLI, "scopes": ["openid"]}});
    let id = rig.mint(order(&rig, &id)).await;
    assert!(id["claims"]["jti"].as_str().unwrap().starts_with("ID."));
    assert_eq!(id["claims"]["aud"], CLI);

    let bare = json!({"bare": true, "header": {"alg": "RS256"}, "claims": {"sub": "x"}});
    let bare = rig.mint(order(&rig, &bare)).await;
    assert_eq!((&bare["header"], &bare["claims"]), (&json!({"alg": "RS256"}), &json!({"sub": "x"})));

    let nobody = rig.mint(json!({"issuer": rig.issuer()})).await;
    assert_eq!(names(&nobody), ["ver", "jti", "iss", "aud", "iat", "exp"]);
}

#[tokio::test]
async fn signatures_are_wrong_in_the_way_that_was_asked_for() {
    let rig = Rig::shipped("okta-per-component");
    let signed = |sign: &'static str, header: Json| {
        let rig = &rig;
        async move { rig.mint(order(rig, &json!({"sign": sign, "header": header}))).await }
    };
    let issuer = rig.issuer();
    let control = signed("issuer", json!({})).await;
    assert!(rig.verify(issuer, control["token"].as_str().unwrap()).await.is_ok());
    for sign in ["unpublished", "corrupted"] {
        let minted = signed(sign, json!({})).await;
        assert_eq!(minted["header"], control["header"], "{sign}: only the signature differs");
        let error = rig.verify(issuer, minted["token"].as_str().unwrap()).await.unwrap_err();
        assert_eq!(error, "InvalidSignature", "{sign}");
    }
    let none = signed("none", json!({})).await;
    assert_eq!(none["header"]["alg"], "none");
    assert!(none["token"].as_str().unwrap().ends_with('.'));
    assert_eq!(signed("none", json!({"alg": "NoNe"})).await["header"]["alg"], "NoNe");

    let hmac = signed("hmac-public-pem", json!({})).await;
    assert_eq!(hmac["header"]["alg"], "HS256");
    assert_ne!(signed("hmac-public-pem", json!({"alg": "HS512"})).await["token"], hmac["token"]);
    let lied = signed("issuer", json!({"alg": "PS256"})).await;
    assert_eq!(lied["header"]["alg"], "PS256", "the header may say anything");
}

#[tokio::test]
async fn an_unknown_name_is_answered_with_those_that_are_known() {
    let rig = Rig::shipped("okta-per-component");
    for (order, known) in [
        (json!({"issuer": "https://acme.okta.com"}), "https://acme.okta.com/oauth2/aus1em"),
        (json!({"issuer": rig.issuer(), "like": {"client_id": "x"}}), CLI),
        (json!({"issuer": rig.issuer(), "like": {"client_id": CLI, "user": "x"}}), "bob@acme.test"),
    ] {
        let (status, answer) = rig.control(Method::POST, "mint", Some(order)).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(answer["error_description"].as_str().unwrap().contains(known), "{answer}");
    }
}

#[tokio::test]
async fn keys_rotate_and_retire() {
    let rig = Rig::shipped("okta-per-component");
    let issuer = rig.issuer();
    let old = rig.tokens(issuer, CLI, "openid", &[]).await;
    let other = rig.mint(json!({"issuer": rig.issuers[1]})).await;
    let body = || Some(json!({"issuer": issuer}));
    rig.control(Method::POST, "keys/rotate", body()).await;
    let new = rig.tokens(issuer, CLI, "openid", &[]).await;
    assert_ne!(decode(old.access())["header"]["kid"], decode(new.access())["header"]["kid"]);
    assert!(rig.verify(issuer, old.access()).await.is_ok(), "still published");
    assert!(rig.verify(issuer, new.access()).await.is_ok());
    rig.control(Method::POST, "keys/retire", body()).await;
    assert_eq!(rig.verify(issuer, old.access()).await.unwrap_err(), "no such key");
    assert!(rig.verify(issuer, new.access()).await.is_ok());
    assert!(
        rig.verify(&rig.issuers[1], other["token"].as_str().unwrap()).await.is_ok(),
        "others are untouched"
    );
    rig.control(Method::POST, "reset", None).await;
    assert!(rig.verify(issuer, old.access()).await.is_ok(), "back to the start");
}

#[tokio::test]
async fn an_emergency_withdraws_the_old_keys_at_once() {
    let rig = Rig::shipped("okta-per-component");
    let issuer = rig.issuer();
    let old = rig.tokens(issuer, CLI, "openid", &[]).await;
    let body = json!({"issuer": issuer, "emergency": true});
    let (status, answer) = rig.control(Method::POST, "keys/rotate", Some(body)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answer["published"], json!([answer["kid"]]));
    let new = rig.tokens(issuer, CLI, "openid", &[]).await;
    assert_eq!(decode(new.access())["header"]["kid"], answer["kid"]);
    assert!(rig.verify(issuer, new.access()).await.is_ok());
    assert_eq!(rig.verify(issuer, old.access()).await.unwrap_err(), "no such key");
}

#[tokio::test]
async fn a_key_can_be_published_ahead_of_its_use() {
    let rig = Rig::shipped("okta-per-component");
    let issuer = rig.issuer();
    let rotate = |body: Json| rig.control(Method::POST, "keys/rotate", Some(body));
    let kid =
        || async { decode(rig.tokens(issuer, CLI, "openid", &[]).await.access())["header"]["kid"].clone() };
    let old = kid().await;
    let (_, ahead) = rotate(json!({"issuer": issuer, "ahead": true})).await;
    assert_eq!(ahead["kid"], old);
    assert_eq!(kid().await, old, "the old one signs");
    let next = ahead["published"][1].clone();
    let keys = rig.json(&rig.endpoint(issuer, "jwks_uri").await).await;
    assert_eq!(keys["keys"][1]["kid"], next);
    let (status, answer) = rotate(json!({"issuer": issuer, "ahead": true})).await;
    assert_eq!((status, &answer["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_request")));
    rig.control(Method::POST, "keys/retire", Some(json!({"issuer": issuer}))).await;
    let (_, rotated) = rotate(json!({"issuer": issuer})).await;
    assert_eq!(
        (&rotated["kid"], &rotated["published"]),
        (&next, &json!([next, old])),
        "retiring left it there"
    );
    assert_eq!(kid().await, next);
    let (status, _) = rotate(json!({"issuer": issuer, "ahead": true, "emergency": true})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_issuer_can_have_a_clock_of_its_own() {
    let rig = Rig::shipped("okta-per-component");
    let (one, other) = (&rig.issuers[0], &rig.issuers[1]);
    let body = json!({"issuer": one, "skew": "-5m"});
    assert_exchange(&rig, "clock-skew", Method::PUT, "clock", Some(body)).await;
    let issued_at = |token: &Json| token["claims"]["iat"].as_i64().unwrap();
    let [skewed, right] = [rig.mint(json!({"issuer": one})).await, rig.mint(json!({"issuer": other})).await];
    assert_eq!(issued_at(&right) - issued_at(&skewed), 300);
    let tokens = rig.tokens(one, CLI, "openid", &[]).await;
    let claims = &decode(tokens.access())["claims"];
    assert_eq!(claims["iat"], issued_at(&skewed));
    assert_eq!(claims["auth_time"], claims["iat"]);
    for (issuer, date) in [(one, "Wed, 31 Dec 2025 23:55:00 GMT"), (other, "Thu, 01 Jan 2026 00:00:00 GMT")] {
        assert_eq!(rig.get(&format!("{issuer}/v1/keys")).await.headers()["date"], date);
    }
    for wrong in ["1500ms", "-200000000h", "200000000h"] {
        let (status, answer) =
            rig.control(Method::PUT, "clock", Some(json!({"issuer": one, "skew": wrong}))).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}: {answer}");
        let (status, _) = rig.control(Method::PUT, "clock", Some(json!({"advance": wrong}))).await;
        assert_eq!(status.is_success(), wrong == "1500ms", "{wrong}");
    }
    let zero = json!({"issuer": one, "skew": "0s"});
    let (_, clock) = rig.control(Method::PUT, "clock", Some(zero)).await;
    assert_eq!(clock, json!({"now": "2026-01-01T00:00:01.5Z"}));
    rig.control(Method::PUT, "clock", Some(json!({"issuer": other, "skew": "1h"}))).await;
    rig.control(Method::POST, "reset", None).await;
    assert_eq!(issued_at(&rig.mint(json!({"issuer": other})).await), issued_at(&right));
    for (body, word) in [
        (json!({"issuer": one}), "give either"),
        (json!({"skew": "5m", "now": "2026-01-01T00:00:00Z"}), "give either"),
        (json!({"issuer": one, "skew": "5"}), "no duration"),
        (json!({"freeze": false}), "stand still"),
    ] {
        let (status, answer) = rig.control(Method::PUT, "clock", Some(body.clone())).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(answer["error_description"].as_str().unwrap().contains(word), "{body}: {answer}");
    }
}

#[tokio::test]
async fn time_can_be_set_back() {
    let rig = Rig::shipped("okta-per-component");
    let tokens = rig.tokens(rig.issuer(), CLI, "openid", &[]).await;
    let (status, now) = rig.control(Method::PUT, "clock", Some(json!({"advance": "-1h30m"}))).await;
    assert_eq!((status, &now["now"]), (StatusCode::OK, &json!("2025-12-31T22:30:00Z")));
    let later = rig.mint(json!({"issuer": rig.issuer()})).await;
    let issued_at = |token: &Json| token["claims"]["iat"].as_i64().unwrap();
    assert_eq!(issued_at(&decode(tokens.access())) - issued_at(&later), 5400);
    let response = rig.get("https://acme.okta.com/healthz").await;
    assert_eq!(response.headers()["date"], "Wed, 31 Dec 2025 22:30:00 GMT");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_told_so() {
    let rig = Rig::shipped("okta-per-component");
    let large = json!({"issuer": "x".repeat(8 << 20)});
    let (status, answer) = rig.control(Method::POST, "mint", Some(large)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer["error_description"], "the body has more than 8 MiB");
}

#[tokio::test]
async fn time_moves_tokens_and_headers() {
    let rig = Rig::shipped("okta-per-component");
    let before = rig.mint(json!({"issuer": rig.issuer()})).await;
    rig.control(Method::PUT, "clock", Some(json!({"advance": "1h30m"}))).await;
    let after = rig.mint(json!({"issuer": rig.issuer()})).await;
    assert_eq!(after["claims"]["iat"].as_i64().unwrap() - before["claims"]["iat"].as_i64().unwrap(), 5400);
    let response = rig.get("https://acme.okta.com/healthz").await;
    assert_eq!(response.headers()["date"], "Thu, 01 Jan 2026 01:30:00 GMT");
}

#[tokio::test]
async fn users_come_and_go() {
    let rig = Rig::shipped("okta-per-component");
    let (_, mut users) = rig.control(Method::GET, "users", None).await;
    let id = users[0]["id"].clone();
    users[0]["profile"]["roles"] = json!(["viewer"]);
    users[0].as_object_mut().unwrap().shift_remove("id");
    let (_, changed) = rig.control(Method::PUT, "users", Some(users)).await;
    assert_eq!(changed[0]["id"], id, "an id belongs to its login");
    let tokens = rig.tokens(rig.issuer(), CLI, "openid", &[]).await;
    assert_eq!(decode(tokens.access())["claims"]["roles"], json!(["viewer"]));
    let twice = json!([{"login": "a", "password": "x"}, {"login": "a", "password": "y"}]);
    assert_eq!(rig.control(Method::PUT, "users", Some(twice)).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_journal_shows_requests_and_no_secrets() {
    let rig = Rig::shipped("okta-per-component");
    let tokens = rig.tokens(rig.issuer(), CLI, "openid offline_access", &[]).await;
    let introspect = rig.endpoint(rig.issuer(), "introspection_endpoint").await;
    let answer = rig
        .http
        .post(introspect)
        .form(&[("token", tokens.access()), ("client_id", CLI)])
        .send()
        .await
        .unwrap();
    assert_eq!(answer.json::<Json>().await.unwrap()["active"], true);
    let (_, journal) = rig.control(Method::GET, "journal", None).await;
    let endpoints: Vec<_> =
        journal.as_array().unwrap().iter().map(|entry| entry["endpoint"].as_str().unwrap()).collect();
    assert_eq!(
        endpoints,
        ["discovery", "authorize", "login", "discovery", "token", "discovery", "introspect"]
    );
    let text = journal.to_string();
    for secret in [
        tokens.access(),
        tokens.text("refresh_token"),
        "ann-mock-password",
        crate::rig::VERIFIER,
        crate::rig::CHALLENGE,
        "n0nce",
    ] {
        assert!(!text.contains(secret), "{secret}");
    }
    rig.control(Method::DELETE, "journal", None).await;
    assert_eq!(rig.control(Method::GET, "journal", None).await.1, json!([]));
}
