//! The Enterprise Manager through its public face: discovery, keys, the envelope, its validators and its time.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use touchstone::{
    model::{
        envelope::Payload,
        identifier::{Audience, Scope},
        resource_url::ResourceUrl,
        rule::{Rule, Rules},
        values::IdpType,
    },
    net::Outage,
};

use crate::platform::{MANAGER, Platform, body, directives, header};

/// Verifies an envelope with the published key set, by another library than the one that signed.
pub(crate) fn verify(envelope: &str, jwks: &Value) -> Option<(Value, Payload)> {
    let (message, signature) = envelope.rsplit_once('.')?;
    let (header, payload) = message.split_once('.')?;
    let decode = |part: &str| BASE64.decode(part).unwrap();
    let header: Value = serde_json::from_slice(&decode(header)).unwrap();
    let key = jwks["keys"].as_array()?.iter().find(|key| key["kid"] == header["kid"])?;
    let key = DecodingKey::from_ec_components(key["x"].as_str()?, key["y"].as_str()?).ok()?;
    let verified = crypto::verify(signature, message.as_bytes(), &key, Algorithm::ES256).ok()?;
    verified.then(|| (header, serde_json::from_slice(&decode(payload)).unwrap()))
}

#[tokio::test]
async fn a_client_finds_everything_without_a_token() {
    let platform = Platform::start();
    let response = platform.get(&format!("{MANAGER}/.well-known/toolhive-configuration")).await;
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "content-type"), "application/json");
    assert_eq!(
        body(response).await,
        json!({
            "config_endpoint": "https://config.example.com/api/v1/config",
            "jwks_uri": "https://config.example.com/.well-known/jwks.json",
            "oidc": {
                "issuer": "https://acme.okta.com/oauth2/aus1em",
                "client_id": "0oaclitouchstone1",
                "scopes": ["openid", "offline_access", "toolhive:config:read"],
            },
        })
    );
    let metadata = body(platform.get(&format!("{MANAGER}/.well-known/oauth-protected-resource")).await).await;
    assert_eq!(
        metadata,
        json!({
            "resource": "https://config.example.com",
            "authorization_servers": ["https://acme.okta.com/oauth2/aus1em"],
            "bearer_methods_supported": ["header"],
            "scopes_supported": ["toolhive:config:read"],
        })
    );
    let health = body(platform.get(&format!("{MANAGER}/healthz")).await).await;
    assert_eq!(health, json!({ "status": "ok", "policy": { "loaded_at": "2026-01-01T00:00:00Z" } }));
}

#[tokio::test]
async fn the_envelope_verifies_with_the_published_key() {
    let platform = Platform::start();
    let jwks = body(platform.get(&format!("{MANAGER}/.well-known/jwks.json")).await).await;
    assert_eq!(jwks["keys"][0]["alg"], "ES256");
    assert_eq!(jwks["keys"][0]["use"], "sig");
    assert_eq!(jwks["keys"][0]["crv"], "P-256");
    let response = platform.config(&[]).await;
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "content-type"), "application/jose");
    assert_eq!(header(&response, "cache-control"), "private, no-cache");
    assert_eq!(header(&response, "date"), "Thu, 01 Jan 2026 00:00:00 GMT", "of the component's own clock");
    assert!(header(&response, "etag").starts_with('"'), "a strong validator");
    let (jose, payload) = verify(&response.text().await.unwrap(), &jwks).expect("it verifies");
    assert_eq!(jose, json!({ "alg": "ES256", "typ": "toolhive-config+jwt", "kid": jwks["keys"][0]["kid"] }));
    assert_eq!(payload.iss, "https://config.example.com");
    assert_eq!(payload.issued_at.to_string(), "2026-01-01T00:00:00Z");
    assert_eq!(payload.not_after.to_string(), "2026-01-02T00:00:00Z");
    assert_eq!(payload.refresh_interval, "5m");
    let written = platform.values.lookup("enterprise-manager.enterpriseConfig").unwrap();
    assert_eq!(json!(payload.config), written, "the policy as it was written");
}

#[tokio::test]
async fn refusals_name_the_rule_and_lead_to_the_metadata() {
    let platform = Platform::start();
    let url = format!("{MANAGER}/api/v1/config");
    let none = platform.get(&url).await;
    assert_eq!(none.status(), 401);
    assert_eq!(
        header(&none, "www-authenticate"),
        "Bearer realm=\"https://acme.okta.com/oauth2/aus1em\", \
         resource_metadata=\"https://config.example.com/.well-known/oauth-protected-resource\", \
         scope=\"toolhive:config:read\""
    );
    for (changes, rule) in [
        (json!({ "iss": "https://acme.okta.com/oauth2/aus1ui" }), "TOK-ISS"),
        (json!({ "aud": "cloud-ui" }), "TOK-AUD"),
        (json!({ "scp": ["openid"] }), "TOK-SCOPE"),
        (json!({ "exp": 0 }), "TOK-EXP"),
    ] {
        let bearer = format!("Bearer {}", platform.token(&changes));
        let response = platform.send(Method::GET, &url, &[("authorization", &bearer)]).await;
        assert_eq!(response.status(), 401, "{rule}");
        let challenge = header(&response, "www-authenticate").to_owned();
        assert!(challenge.contains(&format!("error_description=\"{rule}:")), "{rule}: {challenge}");
        let answer = body(response).await;
        assert_eq!(answer["error"], "invalid_token");
    }
    assert_eq!(platform.config(&[]).await.status(), 200, "the control");
}

#[tokio::test]
async fn a_held_envelope_is_not_sent_again_but_the_token_is_checked_first() {
    let platform = Platform::start();
    let first = platform.config(&[]).await;
    let etag = header(&first, "etag").to_owned();
    let weak = format!("W/{etag}");
    let list = format!("\"other\", {etag}");
    for held in [etag.as_str(), &weak, &list, "*"] {
        let response = platform.config(&[("if-none-match", held)]).await;
        assert_eq!(response.status(), 304, "{held}");
        assert_eq!(header(&response, "etag"), etag);
        assert_eq!(response.bytes().await.unwrap().len(), 0);
    }
    assert_eq!(platform.config(&[("if-none-match", "\"other\"")]).await.status(), 200);
    let url = format!("{MANAGER}/api/v1/config");
    let refused = platform.send(Method::GET, &url, &[("if-none-match", &etag)]).await;
    assert_eq!(refused.status(), 401, "no token, no 304");
}

#[tokio::test]
async fn an_envelope_is_kept_until_half_of_its_time_is_gone() {
    let platform = Platform::start();
    let etag = async || header(&platform.config(&[]).await, "etag").to_owned();
    let first = etag().await;
    platform.advance(11);
    assert_eq!(etag().await, first, "unchanged before half of 24h");
    platform.advance(1);
    let second = etag().await;
    assert_ne!(second, first, "signed anew at half");
    let envelope = platform.config(&[]).await.text().await.unwrap();
    let jwks = body(platform.get(&format!("{MANAGER}/.well-known/jwks.json")).await).await;
    assert_eq!(verify(&envelope, &jwks).unwrap().1.issued_at.to_string(), "2026-01-01T12:00:00Z");
    platform.advance(-13);
    assert_ne!(etag().await, second, "a clock set back before the signature ends it");
}

#[tokio::test]
async fn another_policy_is_in_force_at_the_next_request() {
    let platform = Platform::start();
    let first = header(&platform.config(&[]).await, "etag").to_owned();
    let same = platform.values.enterprise_manager.as_ref().unwrap().directives.clone();
    platform.manager.set_policy(same);
    assert_eq!(header(&platform.config(&[]).await, "etag"), first, "an equal policy changes nothing");
    platform.advance(1);
    platform.manager.set_policy(directives("playground: {value: false, enforcement: enforced}"));
    let response = platform.config(&[]).await;
    assert_ne!(header(&response, "etag"), first);
    let envelope = response.text().await.unwrap();
    let jwks = body(platform.get(&format!("{MANAGER}/.well-known/jwks.json")).await).await;
    let (_, payload) = verify(&envelope, &jwks).unwrap();
    assert_eq!(json!(payload.config), json!({ "playground": { "value": false, "enforcement": "enforced" } }));
    platform.manager.refuse_policy("line 3: unknown directive");
    let health = body(platform.get(&format!("{MANAGER}/healthz")).await).await;
    let expected = json!({ "loaded_at": "2026-01-01T01:00:00Z", "error": "line 3: unknown directive" });
    assert_eq!(health["policy"], expected);
    assert_eq!(platform.config(&[]).await.text().await.unwrap(), envelope, "the old policy stays");
}

#[tokio::test]
async fn the_last_good_key_set_serves_for_its_limit_and_heals() {
    for (rules, late) in [(Rules::ALL, 401), (Rules::without(Rule::TokKeysetFault), 200)] {
        for outage in [Outage::Refused, Outage::Certificate] {
            let platform = Platform::with(rules, |_| {});
            let minutes = |minutes| platform.clock.advance(SignedDuration::from_mins(minutes));
            assert_eq!(platform.config(&[]).await.status(), 200, "the control");
            platform.idp.set(outage, None);
            minutes(19);
            assert_eq!(platform.config(&[]).await.status(), 200, "the age of 5 minutes and the limit of 15");
            minutes(1);
            let response = platform.config(&[]).await;
            assert_eq!(response.status(), late, "{outage:?}");
            if late == 401 {
                let challenge = header(&response, "www-authenticate");
                assert!(challenge.contains("TOK-KEYSET-FAULT:"), "{challenge}");
            }
            platform.idp.clear();
            assert_eq!(platform.config(&[]).await.status(), 200, "it heals without a restart");
        }
    }
}

#[tokio::test]
async fn entra_scopes_are_requested_with_the_audience() {
    let guid = "00000000-1111-2222-3333-444444444444";
    for (audience, scope, requested) in [
        (guid, "config.read", format!("api://{guid}/config.read")),
        ("api://em", "config.read", "api://em/config.read".to_owned()),
        ("api://em", "api://em/config.read", "api://em/config.read".to_owned()),
    ] {
        let platform = Platform::with(Rules::ALL, |values| {
            values.idp_type = IdpType::Entra;
            values.audience = Audience::new(audience);
            values.required_scope = Scope::new(scope);
        });
        let found = body(platform.get(&format!("{MANAGER}/.well-known/toolhive-configuration")).await).await;
        assert_eq!(found["oidc"]["scopes"], json!(["openid", "offline_access", requested]));
    }
}

#[tokio::test]
async fn a_resource_with_a_path_has_its_endpoints_below_it() {
    let platform = Platform::with(Rules::ALL, |values| {
        values.resource_url = ResourceUrl::parse("https://config.example.com/platform/em").unwrap();
    });
    let metadata = format!("{MANAGER}/.well-known/oauth-protected-resource/platform/em");
    assert_eq!(
        body(platform.get(&metadata).await).await["resource"],
        "https://config.example.com/platform/em"
    );
    let response = platform.get(&format!("{MANAGER}/platform/em/api/v1/config")).await;
    assert_eq!(response.status(), 401);
    assert!(header(&response, "www-authenticate").contains(&format!("resource_metadata=\"{metadata}\"")));
    for path in ["/healthz", "/platform/em/healthz", "/platform/em/.well-known/toolhive-configuration"] {
        assert_eq!(platform.get(&format!("{MANAGER}{path}")).await.status(), 200, "{path}");
    }
    assert_eq!(platform.get(&format!("{MANAGER}/api/v1/config")).await.status(), 404);
}

#[tokio::test]
async fn what_no_endpoint_takes_is_refused_in_json() {
    let platform = Platform::start();
    let config = format!("{MANAGER}/api/v1/config");
    let unknown = platform.get(&format!("{MANAGER}/api/v2/config")).await;
    assert_eq!(unknown.status(), 404);
    assert_eq!(body(unknown).await["error"], "not_found");
    let post = platform.send(Method::POST, &config, &[]).await;
    assert_eq!(post.status(), 405);
    assert_eq!(header(&post, "allow"), "GET,HEAD");
    assert_eq!(body(post).await["error"], "method_not_allowed");
    let head = platform.send(Method::HEAD, &format!("{MANAGER}/healthz"), &[]).await;
    assert_eq!(head.status(), 200);
    assert_eq!(head.bytes().await.unwrap().len(), 0);
    let head = platform.send(Method::HEAD, &config, &[]).await;
    assert_eq!(head.status(), StatusCode::UNAUTHORIZED);
    let large = "x".repeat(70_000);
    let response = platform.control(Method::GET, &format!("{MANAGER}/healthz"), Some(&large)).await;
    assert_eq!(response.status(), 413);
}

#[tokio::test]
async fn debug_output_holds_no_secret() {
    let platform = Platform::start();
    let shown = format!("{:?} {:?}", platform.manager, platform.values);
    assert!(!shown.contains("cloud-ui-secret-for-the-mock-only"), "{shown}");
}
