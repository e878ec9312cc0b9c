//! Every switch of a token rule: the same request with the rule in force and with the rule broken.
//!
//! A switch that changes nothing would make a sabotage run green and prove nothing, so each has its line here.

use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::{
    Challenge, Expectations, FetchFault, ProtectedResource, Refusal, TokenCache, VerifiedToken,
    fixture::{AUDIENCE, FakeIdp, ISSUER, SCOPE, Scene, Signer, claims, encode, expectations, json_answer},
};
use crate::model::{
    identifier::{Audience, Issuer, Scope},
    rule::{Rule, Rules},
};

/// Rules of §3 that a component keeps, not its verifier: which expectations it has, which metadata it serves.
const ELSEWHERE: [Rule; 2] = [Rule::TokScopeOnlyEm, Rule::TokPrm];

#[tokio::test]
async fn every_rule_is_seen_to_be_broken() {
    for rule in Rule::ALL.iter().copied().filter(|rule| rule.id().starts_with("TOK-")) {
        if ELSEWHERE.contains(&rule) {
            continue;
        }
        let (held, broken) = (observe(rule, Rules::ALL).await, observe(rule, Rules::without(rule)).await);
        let (expected, sabotaged) = outcomes(rule);
        assert_eq!(held, expected, "{} in force", rule.id());
        assert_eq!(broken, sabotaged, "{} broken", rule.id());
    }
}

/// What is observed with the rule in force, and with it broken.
fn outcomes(rule: Rule) -> (String, String) {
    let (held, broken) = match rule {
        Rule::TokForm => ("401 TOK-FORM", "500 TOK-FORM"),
        Rule::TokScope401 => ("401 TOK-SCOPE", "403 TOK-SCOPE-401"),
        Rule::TokKeyset => ("1 fetch", "2 fetches"),
        Rule::TokRefusal => ("a challenge", "bare"),
        // What these rules prevent is refused by another rule while they hold.
        Rule::TokReplay => ("401 TOK-ISS", "accepted"),
        Rule::TokKeysetFault => ("401 TOK-KEYSET-FAULT", "accepted"),
        Rule::TokHeaders => ("401 TOK-KID", "accepted"),
        Rule::TokCache => ("401 TOK-AUD", "accepted"),
        _ => (&*format!("401 {}", rule.id()), "accepted"),
    };
    (held.to_owned(), broken.to_owned())
}

/// One request that the rule decides.
async fn observe(rule: Rule, rules: Rules) -> String {
    let scene = Scene::new(rules);
    let signed = |changes: Value| scene.signer.token(&claims(&changes));
    let token = match rule {
        Rule::TokJwt => Signer::es256("one").token(&claims(&json!({}))),
        Rule::TokOpaque => "00Fq3kXJopaque".to_owned(),
        Rule::TokIss => signed(json!({ "iss": format!("{ISSUER}/") })),
        Rule::TokAud => signed(json!({ "aud": "registry" })),
        Rule::TokAudType => signed(json!({ "aud": [AUDIENCE, 7] })),
        Rule::TokScope => signed(json!({ "scp": [format!("{SCOPE}_all")] })),
        Rule::TokScope401 => signed(json!({ "scp": ["openid"] })),
        Rule::TokExp => signed(json!({ "exp": 1_700_000_000 })),
        Rule::TokAlg => {
            format!("{}.{}.", encode(r#"{"alg":"none","kid":"one"}"#), encode(claims(&json!({})).to_string()))
        }
        Rule::TokKid => scene.signer.token_with(&json!({ "kid": null }), &claims(&json!({}))),
        Rule::TokHeaders => {
            let own = Signer::es256("mine");
            own.token_with(&json!({ "jwk": own.jwk() }), &claims(&json!({})))
        }
        Rule::TokForm => format!("{}.extra", scene.token()),
        Rule::TokSub => signed(json!({ "sub": "" })),
        _ => return observe_otherwise(rule, &scene).await,
    };
    seen(&scene.verifier().verify(&token).await)
}

/// The rules that take more than a token.
async fn observe_otherwise(rule: Rule, scene: &Scene) -> String {
    let token = scene.token();
    match rule {
        Rule::TokReplay => {
            let sibling = Signer::es256("two");
            foreign_issuer(&scene.idp, &sibling);
            let claims = claims(&json!({ "iss": "https://sibling.test", "aud": "registry" }));
            seen(&scene.verifier().verify(&sibling.token(&claims)).await)
        }
        Rule::TokMeta => {
            let jwks_uri = format!("{ISSUER}/keys");
            scene.idp.discover(&json!({ "issuer": format!("{ISSUER}/"), "jwks_uri": jwks_uri }));
            seen(&scene.verifier().verify(&token).await)
        }
        Rule::TokKeyset => {
            let verifier = scene.verifier();
            for _ in 0..2 {
                verifier.verify(&token).await.expect("a good token");
            }
            let fetches = scene.idp.key_fetches();
            format!("{fetches} {}", if fetches == 1 { "fetch" } else { "fetches" })
        }
        Rule::TokKeysetFault => {
            let verifier = scene.verifier();
            verifier.verify(&token).await.expect("a good token");
            scene.idp.fail_jwks(FetchFault::Unreachable);
            scene.advance(20);
            seen(&verifier.verify(&token).await)
        }
        Rule::TokCache => {
            let shared = TokenCache::default();
            let manager = scene.verifier_of(expectations(), shared.clone());
            manager.verify(&token).await.expect("a good token");
            let registry = Expectations::new(Issuer::new(ISSUER), Audience::new("registry"));
            seen(&scene.verifier_of(registry, shared).verify(&token).await)
        }
        Rule::TokBearer => {
            let query = format!("access_token={token}");
            seen(&scene.verifier().authenticate(&HeaderMap::new(), Some(&query), b"").await)
        }
        Rule::TokRefusal => {
            let resource = ProtectedResource {
                realm: ISSUER.to_owned(),
                metadata: "https://em.test/.well-known/oauth-protected-resource".to_owned(),
                scope: Some(Scope::new(SCOPE)),
            };
            let challenge = Challenge::new(&Refusal::Signature, &resource, scene.rules);
            let bare = challenge.www_authenticate == "Bearer" && challenge.body.is_none();
            if bare { "bare".to_owned() } else { "a challenge".to_owned() }
        }
        _ => "no line for it".to_owned(),
    }
}

/// A second issuer that the same network knows.
fn foreign_issuer(idp: &FakeIdp, signer: &Signer) {
    let metadata = json!({ "issuer": "https://sibling.test", "jwks_uri": "https://sibling.test/keys" });
    let discovery = "https://sibling.test/.well-known/openid-configuration";
    idp.answer(discovery, json_answer(&metadata.to_string()));
    idp.answer("https://sibling.test/keys", json_answer(&json!({ "keys": [signer.jwk()] }).to_string()));
}

fn seen(outcome: &Result<std::sync::Arc<VerifiedToken>, Refusal>) -> String {
    match outcome {
        Ok(_) => "accepted".to_owned(),
        Err(refusal) => format!("{} {}", refusal.status(), refusal.rule().id()),
    }
}

#[tokio::test]
async fn the_public_key_as_a_shared_secret_is_taken_only_under_the_sabotage() {
    for signer in [Signer::es256("one"), Signer::rsa("one")] {
        for (rules, expected) in [(Rules::ALL, "401 TOK-ALG"), (Rules::without(Rule::TokAlg), "accepted")] {
            let scene = Scene::new(rules);
            scene.idp.serve(&[signer.jwk()]);
            let token = signer.confused(&claims(&json!({})));
            assert_eq!(seen(&scene.verifier().verify(&token).await), expected);
        }
    }
}

#[tokio::test]
async fn introspection_is_never_asked_while_the_rules_hold() {
    let scene = Scene::new(Rules::ALL);
    let verifier = scene.verifier();
    for token in ["opaque", "a.b.c", &Signer::es256("one").token(&claims(&json!({}))), &scene.token()] {
        let _ = verifier.verify(token).await;
    }
    assert!(scene.idp.asked().iter().all(|url| !url.contains("introspect")), "{:?}", scene.idp.asked());
}

#[tokio::test]
async fn what_introspection_does_not_call_active_passes_only_by_its_claims_under_the_sabotage() {
    let forged = |changes: Value| Signer::es256("one").token(&claims(&changes));
    for (rule, token, expected) in [
        (Rule::TokOpaque, "opaque".to_owned(), "401 TOK-OPAQUE"),
        (Rule::TokJwt, forged(json!({})), "accepted"),
        (Rule::TokJwt, forged(json!({ "aud": "registry" })), "401 TOK-AUD"),
        (Rule::TokJwt, forged(json!({ "exp": 1 })), "401 TOK-EXP"),
    ] {
        for answer in [r#"{"active":false}"#, r#"{"active":"true"}"#, "{}", "<html>"] {
            let scene = Scene::new(Rules::without(rule));
            scene.idp.answer(&format!("{ISSUER}/introspect"), json_answer(answer));
            assert_eq!(seen(&scene.verifier().verify(&token).await), expected, "{answer}");
        }
    }
}

/// The sabotages that bite in more than one place.
#[tokio::test]
async fn each_way_in_which_a_rule_is_broken_shows() {
    for (rule, header, changes) in [
        (Rule::TokExp, json!({}), json!({ "exp": "4102444800" })),
        (Rule::TokExp, json!({}), json!({ "exp": null })),
        (Rule::TokExp, json!({}), json!({ "nbf": [0] })),
        (Rule::TokKid, json!({ "kid": "unknown" }), json!({})),
        (Rule::TokKid, json!({ "kid": "" }), json!({})),
    ] {
        for (rules, expected) in
            [(Rules::ALL, format!("401 {}", rule.id())), (Rules::without(rule), "accepted".to_owned())]
        {
            let scene = Scene::new(rules);
            let token = scene.signer.token_with(&header, &claims(&changes));
            assert_eq!(seen(&scene.verifier().verify(&token).await), expected, "{header} {changes}");
        }
    }
}
