//! The reference's own rules, each held and broken: a sabotage changes exactly what its rule says.

use base64::Engine as _;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use touchstone::model::rule::{Rule, Rules};

use crate::{
    enterprise_manager::verify,
    platform::{MANAGER, Platform, SIBLING, body, directives, header},
};

/// The directives of an envelope, whoever signed it.
fn claims(envelope: &str) -> Value {
    let payload = envelope.split('.').nth(1).unwrap();
    let payload = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap();
    serde_json::from_slice::<Value>(&payload).unwrap()["config"].clone()
}

/// What each rule is seen by. `true` means that it is kept.
async fn kept(rule: Rule, rules: Rules) -> bool {
    let platform = Platform::with(rules, |values| {
        values.directives = directives("marketplace: {open: false}");
    });
    let at = |path: &str| format!("{MANAGER}{path}");
    let jwks = || async { body(platform.get(&at("/.well-known/jwks.json")).await).await };
    let envelope = || async { platform.config(&[]).await.text().await.unwrap() };
    match rule {
        Rule::TokPrm => {
            let metadata = body(platform.get(&at("/.well-known/oauth-protected-resource")).await).await;
            metadata["resource"] == MANAGER
        }
        Rule::TokScopeOnlyEm => {
            let bearer = format!("Bearer {}", platform.sibling_token());
            let url = format!("{SIBLING}/api/me");
            let response = platform.send(Method::GET, &url, &[("authorization", &bearer)]).await;
            response.status() == 200
        }
        Rule::EmWellknown => {
            let found = body(platform.get(&at("/.well-known/toolhive-configuration")).await).await;
            found["config_endpoint"] == at("/api/v1/config")
        }
        // RFC 7638: the id is made from the key.
        Rule::EmJwks => {
            let jwks = jwks().await;
            let key = &jwks["keys"][0];
            let text = format!(r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#, key["x"], key["y"]);
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
            key["kid"] == base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(digest)
        }
        Rule::EmConfig => {
            let etag = header(&platform.config(&[]).await, "etag").to_owned();
            let url = at("/api/v1/config");
            let response = platform.send(Method::GET, &url, &[("if-none-match", &etag)]).await;
            response.status() == StatusCode::UNAUTHORIZED
        }
        Rule::EmEnvelope => verify(&envelope().await, &jwks().await)
            .is_some_and(|(_, payload)| payload.not_after.duration_since(payload.issued_at).as_hours() == 24),
        Rule::EmEtag => {
            let etag = header(&platform.config(&[]).await, "etag").to_owned();
            platform.config(&[("if-none-match", &etag)]).await.status() == StatusCode::NOT_MODIFIED
        }
        Rule::EmFresh => {
            let first = envelope().await;
            platform.advance(13);
            envelope().await != first
        }
        Rule::EmDirectives => {
            let config = claims(&envelope().await);
            json!(config) == json!({ "marketplace": { "open": false } })
        }
        other => panic!("{} does not live here", other.id()),
    }
}

#[tokio::test]
async fn each_rule_is_kept_and_can_be_broken_alone() {
    let here = [
        Rule::TokPrm,
        Rule::TokScopeOnlyEm,
        Rule::EmWellknown,
        Rule::EmJwks,
        Rule::EmConfig,
        Rule::EmEnvelope,
        Rule::EmEtag,
        Rule::EmFresh,
        Rule::EmDirectives,
    ];
    for rule in here {
        assert!(kept(rule, Rules::ALL).await, "{} is not kept", rule.id());
        for broken in here {
            if matches!(rule, Rule::EmDirectives | Rule::EmEnvelope) && broken == Rule::EmJwks {
                continue; // An envelope that does not verify shows nothing.
            }
            let held = kept(rule, Rules::without(broken)).await;
            assert_eq!(held, rule != broken, "{} with {} broken", rule.id(), broken.id());
        }
    }
}
