//! Okta's custom authorization servers: the flow, its strictness, the policies.

use reqwest::StatusCode;
use serde_json::json;

use crate::rig::{
    CLI, CONFIG, LOOPBACK, Rig, VERIFIER, WEB, WEB_REDIRECT, WEB_SECRET, decode, refused, returned, shipped,
};

const UNPERMITTED: &str = "0oaunpermitted01";

type Params = &'static [(&'static str, &'static str)];

#[tokio::test]
async fn the_command_line_client_signs_in() {
    let rig = Rig::shipped("okta-per-component");
    let returned = rig.sign_in(rig.issuer(), CLI, &format!("openid offline_access {CONFIG}"), &[]).await;
    assert_eq!(returned["state"], "st&te");
    let response = rig.redeem(rig.issuer(), CLI, &returned["code"], VERIFIER).await;
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers()["date"], "Thu, 01 Jan 2026 00:00:00 GMT");
    let tokens: serde_json::Value = response.json().await.unwrap();
    let claims = rig.verify(rig.issuer(), tokens["access_token"].as_str().unwrap()).await.unwrap();
    assert_eq!(claims["iss"], "https://acme.okta.com/oauth2/aus1em");
    assert_eq!(claims["aud"], "enterprise-manager");
    assert_eq!(claims["scp"], json!(["openid", "offline_access", CONFIG]));
    assert_eq!(claims["groups"], json!(["mcp-admin", "engineering"]));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
    let id = rig.verify(rig.issuer(), tokens["id_token"].as_str().unwrap()).await.unwrap();
    assert_eq!(id["nonce"], "n0nce");
    assert_eq!(id["aud"], CLI);
    assert!(id.get("groups").is_none(), "the claims are configured for access tokens only");
}

#[tokio::test]
async fn the_seeds_own_token_can_be_had() {
    let rig = Rig::shipped("okta-per-component");
    let tokens = rig.tokens(rig.issuer(), CLI, CONFIG, &[]).await;
    let claims = &decode(tokens.access())["claims"];
    assert_eq!(claims["scp"], json!([CONFIG]));
    assert!(tokens.0.get("id_token").is_none(), "openid was not asked for");
    let tokens = rig.tokens(rig.issuer(), CLI, "openid", &[]).await;
    assert_eq!(decode(tokens.access())["claims"]["scp"], json!(["openid"]));
}

#[tokio::test]
async fn servers_of_a_tenant_have_keys_of_their_own() {
    let rig = Rig::shipped("okta-per-component");
    let tokens = rig.tokens(rig.issuer(), CLI, "openid", &[]).await;
    assert!(rig.verify(&rig.issuers[0], tokens.access()).await.is_ok());
    for other in &rig.issuers[1..] {
        assert_eq!(rig.verify(other, tokens.access()).await.unwrap_err(), "no such key");
    }
}

#[tokio::test]
async fn codes_are_spent_by_the_first_attempt() {
    let rig = Rig::shipped("okta-per-component");
    let issuer = rig.issuer();
    let grant = || async { rig.sign_in(issuer, CLI, "openid offline_access", &[]).await["code"].clone() };

    let code = grant().await;
    let wrong = "x".repeat(43);
    assert_eq!(
        refused(rig.redeem(issuer, CLI, &code, &wrong).await).await,
        (400, "invalid_grant".to_owned())
    );
    assert_eq!(
        refused(rig.redeem(issuer, CLI, &code, VERIFIER).await).await.1,
        "invalid_grant",
        "it is burnt"
    );

    let code = grant().await;
    assert_eq!(refused(rig.redeem(issuer, CLI, &code, "short").await).await.1, "invalid_request");
    assert_eq!(refused(rig.redeem(issuer, CLI, &code, VERIFIER).await).await.1, "invalid_grant");

    let code = grant().await;
    assert_eq!(refused(rig.redeem(issuer, UNPERMITTED, &code, VERIFIER).await).await.1, "invalid_grant");

    let code = grant().await;
    let first = rig.redeem(issuer, CLI, &code, VERIFIER).await;
    assert_eq!(first.status(), StatusCode::OK);
    let first: serde_json::Value = first.json().await.unwrap();
    assert_eq!(refused(rig.redeem(issuer, CLI, &code, VERIFIER).await).await.1, "invalid_grant");
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", CLI),
        ("refresh_token", first["refresh_token"].as_str().unwrap()),
    ];
    assert_eq!(refused(rig.token(issuer, &refresh).await).await.1, "invalid_grant", "a replay revokes");

    let code = grant().await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", CLI),
        ("code", code.as_str()),
        ("redirect_uri", "http://127.0.0.1:1/callback"),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(refused(rig.token(issuer, &form).await).await.1, "invalid_grant", "another redirect URI");

    let code = grant().await;
    rig.clock.advance(jiff::SignedDuration::from_secs(300));
    assert_eq!(
        refused(rig.redeem(issuer, CLI, &code, VERIFIER).await).await.1,
        "invalid_grant",
        "it expired"
    );
}

#[tokio::test]
async fn nothing_is_redirected_before_client_and_redirect_uri_are_known() {
    let rig = Rig::shipped("okta-per-component");
    for extra in [
        [("redirect_uri", "http://127.0.0.1:49152/callback/")],
        [("redirect_uri", "https://evil.example/callback")],
        [("redirect_uri", "")],
        [("client_id", "nobody")],
    ] {
        let response = rig.authorize(rig.issuer(), CLI, "openid", &extra).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{extra:?}");
        assert!(response.headers().get("location").is_none());
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    }
}

#[tokio::test]
async fn errors_go_back_to_the_client_in_oktas_words() {
    let rig = Rig::shipped("okta-per-component");
    let cases: [(&str, Params, &str); 9] = [
        ("openid", &[("code_challenge_method", "plain")], "invalid_request"),
        ("openid", &[("code_challenge_method", "")], "invalid_request"),
        ("openid", &[("code_challenge", ""), ("code_challenge_method", "")], "invalid_request"),
        ("openid", &[("code_challenge", "short")], "invalid_request"),
        ("openid", &[("response_type", "token")], "unsupported_response_type"),
        ("openid", &[("response_mode", "okta_post_message")], "invalid_request"),
        ("openid", &[("prompt", "none")], "login_required"),
        ("openid unheard:of", &[], "invalid_scope"),
        ("", &[], "invalid_scope"),
    ];
    for (scope, extra, error) in cases {
        let response = rig.authorize(rig.issuer(), CLI, scope, extra).await;
        assert_eq!(response.status(), StatusCode::FOUND, "{extra:?}");
        let returned = returned(&response);
        assert_eq!(returned["error"], error, "{extra:?}");
        assert_eq!(returned["state"], "st&te");
        assert!(!returned.contains_key("code"));
    }
    let response = rig.authorize(rig.issuer(), CLI, "openid unheard:of", &[]).await;
    let words = "One or more scopes are not configured for the authorization server resource.";
    assert_eq!(returned(&response)["error_description"], words);
}

#[tokio::test]
async fn a_scope_that_policy_forbids_refuses_the_whole_request() {
    let rig = Rig::shipped("okta-per-component");
    let denied = rig.sign_in(rig.issuer(), UNPERMITTED, &format!("openid {CONFIG}"), &[]).await;
    assert_eq!(denied["error"], "access_denied");
    let words = "Policy evaluation failed for this request, please check the policy configurations.";
    assert_eq!(denied["error_description"], words);
    assert!(!denied.contains_key("code"));
    let tokens = rig.tokens(rig.issuer(), UNPERMITTED, "openid profile", &[]).await;
    assert_eq!(tokens.text("scope"), "openid profile");
}

#[tokio::test]
async fn a_wrong_password_shows_the_page_again() {
    let rig = Rig::shipped("okta-per-component");
    let page = rig.authorize(rig.issuer(), CLI, "openid", &[]).await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("form-action 'self' http://127.0.0.1:49152"), "{policy}");
    let again = rig.submit(page, "<ann>@acme.test", "wrong").await;
    assert_eq!(again.status(), StatusCode::FORBIDDEN);
    let url = again.url().clone();
    let html = again.text().await.unwrap();
    assert!(html.contains("Username or password is wrong"));
    assert!(!html.contains("<ann>"), "what was typed is escaped");
    let transaction = crate::rig::between(&html, "name=\"transaction\" value=\"", "\"");
    let form = [
        ("transaction", transaction.as_str()),
        ("username", "bob@acme.test"),
        ("password", "bob-mock-password"),
    ];
    let done = rig.http.post(url.clone()).form(&form).send().await.unwrap();
    assert_eq!(done.status(), StatusCode::SEE_OTHER);
    let twice = rig.http.post(url).form(&form).send().await.unwrap();
    assert_eq!(twice.status(), StatusCode::BAD_REQUEST, "a sign-in ends once");
}

#[tokio::test]
async fn the_web_application_authenticates_in_one_way_only() {
    let rig = Rig::shipped("okta-per-component");
    let issuer = &rig.issuers[1];
    let returned = rig.sign_in(issuer, WEB, "openid", &[("redirect_uri", WEB_REDIRECT)]).await;
    let endpoint = rig.endpoint(issuer, "token_endpoint").await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &returned["code"]),
        ("redirect_uri", WEB_REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    let send = |secret: &str, more: &[(&str, &str)]| {
        let form: Vec<_> =
            form.iter().map(|(name, value)| (*name, *value)).chain(more.iter().copied()).collect();
        rig.http.post(&endpoint).basic_auth(WEB, Some(secret)).form(&form).send()
    };
    let wrong = send("wrong", &[]).await.unwrap();
    assert_eq!(wrong.headers()["www-authenticate"], "Basic realm=\"token endpoint\"");
    assert_eq!(refused(wrong).await, (401, "invalid_client".to_owned()));
    let twice = send(WEB_SECRET, &[("client_secret", WEB_SECRET)]).await.unwrap();
    assert_eq!(refused(twice).await, (400, "invalid_request".to_owned()));
    let right = send(WEB_SECRET, &[]).await.unwrap();
    assert_eq!(right.status(), StatusCode::OK, "the code was not touched before");
    let none = [("grant_type", "client_credentials"), ("client_id", WEB), ("scope", "platform:access")];
    assert_eq!(refused(rig.token(issuer, &none).await).await, (401, "invalid_client".to_owned()));
}

#[tokio::test]
async fn a_machine_has_no_user() {
    let rig = Rig::shipped("okta-per-component");
    let form = |scope: &'static str| {
        [
            ("grant_type", "client_credentials"),
            ("client_id", WEB),
            ("client_secret", WEB_SECRET),
            ("scope", scope),
        ]
    };
    let response = rig.token(rig.issuer(), &form(CONFIG)).await;
    let tokens: serde_json::Value = response.json().await.unwrap();
    let claims = &decode(tokens["access_token"].as_str().unwrap())["claims"];
    assert_eq!(claims["sub"], WEB);
    assert_eq!(claims["cid"], WEB);
    for absent in ["uid", "auth_time", "groups"] {
        assert!(claims.get(absent).is_none(), "{absent}");
    }
    assert!(tokens.get("refresh_token").is_none() && tokens.get("id_token").is_none());
    assert_eq!(refused(rig.token(rig.issuer(), &form("openid")).await).await.1, "invalid_scope");
    assert_eq!(refused(rig.token(rig.issuer(), &form("")).await).await.1, "invalid_scope");
}

#[tokio::test]
async fn refresh_tokens_rotate_with_a_grace_period() {
    let rig = Rig::shipped("okta-per-component");
    let issuer = rig.issuer();
    let tokens = rig.tokens(issuer, CLI, "openid offline_access", &[]).await;
    let refresh = |token: String, scope: &'static str| {
        let rig = &rig;
        async move {
            let form = [
                ("grant_type", "refresh_token"),
                ("client_id", CLI),
                ("refresh_token", &*token),
                ("scope", scope),
            ];
            rig.token(issuer, &form).await
        }
    };
    let first = tokens.text("refresh_token").to_owned();
    let response = refresh(first.clone(), "openid").await;
    let second: serde_json::Value = response.json().await.unwrap();
    assert_eq!(second["scope"], "openid");
    let second = second["refresh_token"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    assert_eq!(refresh(first.clone(), "").await.status(), StatusCode::OK, "within the grace period");
    assert_eq!(refused(refresh(second.clone(), CONFIG).await).await.1, "invalid_scope", "never wider");
    rig.clock.advance(jiff::SignedDuration::from_secs(30));
    assert_eq!(refused(refresh(first, "").await).await.1, "invalid_grant");
    assert_eq!(refused(refresh(second, "").await).await.1, "invalid_grant", "the whole family is revoked");
}

#[tokio::test]
async fn the_shared_server_gives_one_audience_at_a_time() {
    let rig = Rig::shipped("okta-shared");
    let audience = |resource: &'static str| {
        let rig = &rig;
        async move {
            let tokens = rig.tokens(rig.issuer(), CLI, CONFIG, &[("resource", resource)]).await;
            decode(tokens.access())["claims"]["aud"].clone()
        }
    };
    assert_eq!(audience("").await, "enterprise-manager");
    assert_eq!(audience("cloud-ui").await, "cloud-ui");
    let unknown = rig.authorize(rig.issuer(), CLI, CONFIG, &[("resource", "https://else.example")]).await;
    assert_eq!(returned(&unknown)["error"], "invalid_target");
    let code = &rig.sign_in(rig.issuer(), CLI, CONFIG, &[]).await["code"];
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", CLI),
        ("code", code),
        ("redirect_uri", LOOPBACK),
        ("code_verifier", VERIFIER),
        ("resource", "cloud-ui"),
    ];
    assert_eq!(refused(rig.token(rig.issuer(), &form).await).await.1, "invalid_target");
}

#[tokio::test]
async fn equal_seeds_give_equal_ids() {
    let run = |seed: u8| async move {
        let rig = Rig::start(shipped("okta-per-component"), [seed; 32]);
        let code = rig.sign_in(rig.issuer(), CLI, "openid offline_access", &[]).await["code"].clone();
        let response = rig.redeem(rig.issuer(), CLI, &code, VERIFIER).await;
        let tokens: serde_json::Value = response.json().await.unwrap();
        let access = decode(tokens["access_token"].as_str().unwrap());
        (code, access, tokens["refresh_token"].clone())
    };
    assert_eq!(run(1).await, run(1).await);
    let (one, other) = (run(1).await, run(2).await);
    assert_ne!(one.0, other.0);
    assert_ne!(one.1["header"]["kid"], other.1["header"]["kid"]);
    assert_ne!(one.1["claims"]["uid"], other.1["claims"]["uid"]);
}
