//! Keycloak: audiences by mapper, groups by path, scopes of the client alone, and a key that is not for signatures.

use serde_json::{Value as Json, json};

use crate::rig::{CONFIG, Rig, decode, returned};

const CLI: &str = "stacklok-cli";

async fn claims(rig: &Rig, client: &str, scope: &str, extra: &[(&str, &str)]) -> Json {
    let tokens = rig.tokens(rig.issuer(), client, scope, extra).await;
    rig.verify(rig.issuer(), tokens.access()).await.unwrap();
    decode(tokens.access())["claims"].take()
}

#[tokio::test]
async fn mappers_add_to_the_audience_and_resource_does_not() {
    let rig = Rig::shipped("keycloak");
    assert_eq!(claims(&rig, CLI, "openid", &[]).await["aud"], "account", "one is a string");
    let other = [("resource", "cloud-ui")];
    assert_eq!(claims(&rig, CLI, "openid", &other).await["aud"], "account");
    let scope = format!("openid {CONFIG}");
    let both = claims(&rig, CLI, &scope, &[]).await;
    assert_eq!(both["aud"], json!(["account", "enterprise-manager"]));
    assert_eq!((&both["azp"], both.get("client_id")), (&json!(CLI), None));
    let from = "optional_client_scopes: [offline_access]\n";
    let to = "optional_client_scopes: [offline_access]\n    protocol_mappers:\n      - { mapper_type: Audience, \
              included_custom_audience: api }\n";
    let rig = Rig::changed("keycloak", from, to);
    let own = claims(&rig, "stacklok-restricted", "openid", &[]).await;
    assert_eq!(own["aud"], json!(["account", "api"]), "a client's own mapper");
    assert_eq!(claims(&rig, CLI, "openid", &[]).await["aud"], "account");
}

#[tokio::test]
async fn groups_are_names_or_paths() {
    let rig = Rig::shipped("keycloak");
    let token = claims(&rig, CLI, "openid", &[]).await;
    assert_eq!(token["groups"], json!(["mcp-admin", "engineering"]));
    assert_eq!(token["scope"], "openid profile email", "a scope may add claims and not be shown");
    let rig = Rig::changed("keycloak", ", full_group_path: false", "");
    assert_eq!(claims(&rig, CLI, "openid", &[]).await["groups"], json!(["/mcp-admin", "/engineering"]));
}

#[tokio::test]
async fn a_scope_that_the_client_does_not_have_refuses_the_request() {
    let rig = Rig::shipped("keycloak");
    let scope = format!("openid {CONFIG}");
    let answer = returned(&rig.authorize(rig.issuer(), "stacklok-restricted", &scope, &[]).await);
    assert_eq!(answer["error"], "invalid_scope");
    assert_eq!(answer["error_description"], format!("Invalid scopes: {scope}"));
    assert_eq!(answer["iss"], rig.issuer());
    let none = rig.sign_in(rig.issuer(), CLI, "", &[]).await;
    assert!(none.contains_key("session_state"), "without a scope there are the client's own: {none:?}");
}

#[tokio::test]
async fn one_key_of_the_set_is_for_encryption() {
    let rig = Rig::shipped("keycloak");
    let keys = rig.json(&rig.endpoint(rig.issuer(), "jwks_uri").await).await;
    let [first, second] = [&keys["keys"][0], &keys["keys"][1]];
    assert_eq!((&first["use"], &first["alg"]), (&json!("sig"), &json!("RS256")));
    assert_eq!((&second["use"], &second["alg"]), (&json!("enc"), &json!("RSA-OAEP")));
    assert_ne!(first["n"], second["n"]);
    let tokens = rig.tokens(rig.issuer(), CLI, "openid", &[]).await;
    assert_eq!(decode(tokens.access())["header"]["kid"], first["kid"]);
    assert_eq!(decode(tokens.text("id_token"))["header"]["kid"], first["kid"]);
}
