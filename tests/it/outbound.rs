//! Nobody fetches what a token names: a listener stands where `jku` and `x5u` point to, and counts.

use reqwest::Method;
use serde_json::{Value, json};
use touchstone::reference::enterprise_manager::SigningKey;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::platform::{MANAGER, Platform, SIBLING};

/// The status of a token at both components.
async fn statuses(platform: &Platform, managers: &str, siblings: &str) -> [u16; 2] {
    let mut statuses = [0; 2];
    let shown = [(format!("{MANAGER}/api/v1/config"), managers), (format!("{SIBLING}/api/me"), siblings)];
    for (status, (url, token)) in statuses.iter_mut().zip(shown) {
        let bearer = format!("Bearer {token}");
        *status = platform.send(Method::GET, &url, &[("authorization", &bearer)]).await.status().as_u16();
    }
    statuses
}

#[tokio::test]
async fn what_a_token_names_is_never_fetched() {
    let listener = MockServer::start().await;
    let attacker = SigningKey::from_seed([9; 32]).unwrap();
    // Whoever asks gets the attacker's key, so that a component that does ask lets the attacker in.
    let keys = json!({ "keys": [attacker.public_jwk()] });
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(keys)).mount(&listener).await;
    let platform = Platform::start();
    let siblings =
        json!({ "iss": "https://acme.okta.com/oauth2/aus1ui", "aud": "cloud-ui", "scp": ["openid"] });
    let both = |header: &Value, key: Option<&SigningKey>| {
        [platform.signed(header, &json!({}), key), platform.signed(header, &siblings, key)]
    };
    for member in ["jku", "x5u"] {
        for path in ["/keys", "/.well-known/openid-configuration"] {
            let header = json!({ member: format!("{}{path}", listener.uri()) });
            let [managers, siblings] = both(&header, None);
            assert_eq!(
                statuses(&platform, &managers, &siblings).await,
                [200; 2],
                "{member} {path}: it is ignored"
            );
            for header in [&header, &json!({ member: header[member], "kid": attacker.kid() })] {
                let [managers, siblings] = both(header, Some(&attacker));
                assert_eq!(statuses(&platform, &managers, &siblings).await, [401; 2], "{header}");
            }
        }
    }
    let asked = |requests: Option<Vec<wiremock::Request>>| requests.unwrap().len();
    assert_eq!(asked(listener.received_requests().await), 0, "a component fetched what a token names");
    // The components' own client reaches the listener, and the listener counts.
    assert_eq!(platform.get(&format!("{}/keys", listener.uri())).await.status(), 200);
    assert_eq!(asked(listener.received_requests().await), 1);
}
