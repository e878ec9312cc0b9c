//! The reference's own rules, each held and broken: a sabotage changes exactly what its rule says.

use reqwest::{Method, StatusCode};
use serde_json::json;
use touchstone::model::rule::{Rule, Rules};

use crate::{
    enterprise_manager::verify,
    platform::{MANAGER, Platform, SIBLING, body, directives, header},
};

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
        Rule::EmJwks => verify(&envelope().await, &jwks().await).is_some(),
        Rule::EmConfig => {
            let etag = header(&platform.config(&[]).await, "etag").to_owned();
            let url = at("/api/v1/config");
            let response = platform.send(Method::GET, &url, &[("if-none-match", &etag)]).await;
            response.status() == StatusCode::UNAUTHORIZED
        }
        Rule::EmEnvelope => {
            let (_, payload) = verify(&envelope().await, &jwks().await).unwrap();
            payload.not_after.duration_since(payload.issued_at).as_hours() == 24
        }
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
            let (_, payload) = verify(&envelope().await, &jwks().await).unwrap();
            json!(payload.config) == json!({ "marketplace": { "open": false } })
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
