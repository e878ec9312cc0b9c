//! UI-LOGIN: the ID token is verified. The mock provider issues each with one defect; the control has none.

use serde_json::{Value, json};

use super::{Rig, browser::Browser};

/// A sign-in in which the provider does this, and the page at its end.
async fn refused(rig: &Rig, fault: &Value, words: &str) {
    rig.fault(fault).await;
    let mut browser = Browser::new(rig);
    let page = browser.sign_in("ann@acme.test", "ann-mock-password").await;
    page.says(400, &["You are not signed in", words]);
    assert!(browser.session().is_none(), "{fault}");
    assert_eq!(browser.me().await, 401, "{fault}");
    rig.heal().await;
}

#[tokio::test]
async fn each_defect_of_an_id_token_ends_the_sign_in() {
    let rig = Rig::start();
    let with = |claims: Value| json!({ "kind": "id_token", "claims": claims });
    let without = |claim: &str| json!({ "kind": "id_token", "without": [claim] });
    let signed = |sign: &str| json!({ "kind": "id_token", "sign": sign });
    let client = "0oaclouduitouch01";
    for (fault, words) in [
        (with(json!({ "iss": "https://acme.okta.com/oauth2/aus1em" })), "the ID token is of another issuer"),
        (with(json!({ "iss": "https://acme.okta.com/oauth2/aus1ui/" })), "the ID token is of another issuer"),
        (without("iss"), "the ID token is of another issuer"),
        (with(json!({ "aud": "0oaclitouchstone1" })), "the ID token's audience is not this client"),
        (with(json!({ "aud": "cloud-ui" })), "the ID token's audience is not this client"),
        (with(json!({ "aud": ["cloud-ui"], "azp": client })), "the ID token's audience is not this client"),
        (without("aud"), "the ID token's audience is not this client"),
        (with(json!({ "aud": [client, "other"] })), "the ID token's authorized party is not this client"),
        (with(json!({ "aud": [client, "other"], "azp": "other" })), "authorized party is not this client"),
        (with(json!({ "azp": "other" })), "authorized party is not this client"),
        (with(json!({ "nonce": "another" })), "the ID token's nonce is not the one that was sent"),
        (without("nonce"), "the ID token's nonce is not the one that was sent"),
        (
            with(json!({ "at_hash": "77QmUPtjPfzWtF2AnpK9RQ" })),
            "the ID token's at_hash is not the access token's",
        ),
        (with(json!({ "exp": 1_780_000_000 })), "TOK-EXP: the token has expired"),
        (without("exp"), "TOK-EXP"),
        (with(json!({ "nbf": 1_790_000_000 })), "TOK-EXP: the token is not valid yet"),
        (without("sub"), "TOK-SUB"),
        (with(json!({ "sub": "" })), "TOK-SUB"),
        (signed("unpublished"), "TOK-JWT: the signature does not verify"),
        (signed("corrupted"), "TOK-JWT: the signature does not verify"),
        (signed("embedded-jwk"), "TOK-JWT: the signature does not verify"),
        (signed("none"), "the ID token's at_hash"),
        (signed("hmac-public-pem"), "TOK-ALG"),
        (json!({ "kind": "id_token", "header": { "crit": ["x"] } }), "TOK-HEADERS"),
        (json!({ "kind": "id_token", "without_header": ["kid"] }), "TOK-KID"),
        (json!({ "kind": "document", "endpoint": "token", "without": ["/id_token"] }), "sent no ID token"),
        (
            json!({ "kind": "document", "endpoint": "token", "set": { "/id_token": "opaque" } }),
            "the ID token is no JWT",
        ),
        (
            json!({ "kind": "document", "endpoint": "token", "set": { "/token_type": "DPoP" } }),
            "token type “DPoP”",
        ),
    ] {
        refused(&rig, &fault, words).await;
    }
    for fault in [
        with(json!({ "aud": [client, "other"], "azp": client })),
        with(json!({ "aud": [client] })),
        without("at_hash"),
    ] {
        rig.fault(&fault).await;
        Browser::signed_in(&rig).await;
        rig.heal().await;
    }
}
