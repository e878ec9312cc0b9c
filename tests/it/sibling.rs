//! The sibling: another issuer and audience than the Manager's, no scope, and no token of the Manager's.

use reqwest::Method;
use serde_json::json;

use crate::platform::{Platform, SIBLING, body, header};

async fn me(platform: &Platform, token: &str) -> reqwest::Response {
    let bearer = format!("Bearer {token}");
    platform.send(Method::GET, &format!("{SIBLING}/api/me"), &[("authorization", &bearer)]).await
}

#[tokio::test]
async fn it_says_who_the_caller_is() {
    let platform = Platform::start();
    let response = me(&platform, &platform.sibling_token()).await;
    assert_eq!(response.status(), 200);
    assert_eq!(
        body(response).await,
        json!({ "subject": "alice", "issuer": "https://acme.okta.com/oauth2/aus1ui" })
    );
}

#[tokio::test]
async fn a_token_for_the_manager_is_refused_cold_and_warm() {
    let platform = Platform::start();
    let managers = platform.token(&json!({}));
    for _ in 0..2 {
        let response = me(&platform, &managers).await;
        assert_eq!(response.status(), 401);
        let challenge = header(&response, "www-authenticate");
        assert!(challenge.starts_with("Bearer realm=\"https://acme.okta.com/oauth2/aus1ui\""), "{challenge}");
        assert!(!challenge.contains("scope="), "{challenge}");
        assert!(challenge.contains("TOK-ISS"), "{challenge}");
        assert_eq!(platform.config(&[]).await.status(), 200, "the Manager's cache is its own");
    }
}

#[tokio::test]
async fn its_metadata_names_no_scope() {
    let platform = Platform::start();
    let metadata = body(platform.get(&format!("{SIBLING}/.well-known/oauth-protected-resource")).await).await;
    assert_eq!(
        metadata,
        json!({
            "resource": "https://cloud-ui.example.com",
            "authorization_servers": ["https://acme.okta.com/oauth2/aus1ui"],
            "bearer_methods_supported": ["header"],
        })
    );
}
