//! RFC 9068 to the letter, and RFC 8707 for the audience.

use serde_json::json;

use crate::rig::{CONFIG, Rig, decode, returned};

const CLI: &str = "stacklok-cli";

#[tokio::test]
async fn every_required_claim_is_there() {
    let rig = Rig::shipped("rfc9068");
    let tokens = rig.tokens(rig.issuer(), CLI, &format!("openid {CONFIG}"), &[]).await;
    let claims = rig.verify(rig.issuer(), tokens.access()).await.unwrap();
    for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope", "auth_time", "acr", "amr"] {
        assert!(claims.get(name).is_some(), "{name}");
    }
    assert_eq!(decode(tokens.access())["header"]["typ"], "at+jwt");
    assert_eq!(claims["groups"], json!(["mcp-admin", "engineering"]));
    assert_eq!(
        (&claims["roles"], &claims["entitlements"]),
        (&json!(["admin"]), &json!(["registry-publish"]))
    );
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
}

#[tokio::test]
async fn the_audience_is_the_resource_and_scopes_of_two_are_refused() {
    let rig = Rig::shipped("rfc9068");
    let resource = [("resource", "cloud-ui")];
    let tokens = rig.tokens(rig.issuer(), CLI, "openid platform:access", &resource).await;
    assert_eq!(decode(tokens.access())["claims"]["aud"], "cloud-ui");
    let error = |scope: &'static str, extra: &'static [(&'static str, &'static str)]| {
        let rig = &rig;
        async move { returned(&rig.authorize(rig.issuer(), CLI, scope, extra).await)["error"].clone() }
    };
    assert_eq!(error("toolhive:config:read platform:access", &[]).await, "invalid_scope");
    assert_eq!(error("openid", &[("resource", "registry")]).await, "invalid_target");
}
