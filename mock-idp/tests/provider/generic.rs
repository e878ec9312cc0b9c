//! The generic provider: what it leaves out, and what a tenant can shape.

use serde_json::{Value as Json, json};

use crate::rig::{CONFIG, Rig, decode, refused, returned};

const CLI: &str = "stacklok-cli";

async fn claims(rig: &Rig, scope: &str, extra: &[(&str, &str)]) -> Json {
    let tokens = rig.tokens(rig.issuer(), CLI, scope, extra).await;
    assert!(rig.verify(rig.issuer(), tokens.access()).await.is_ok());
    decode(tokens.access())
}

#[tokio::test]
async fn a_scope_that_is_not_allowed_is_left_out_silently() {
    let rig = Rig::shipped("generic");
    let scope = format!("openid {CONFIG} unheard:of");
    let tokens = rig.tokens(rig.issuer(), "stacklok-restricted", &scope, &[]).await;
    assert_eq!(tokens.text("scope"), "openid");
    assert_eq!(decode(tokens.access())["claims"]["scope"], "openid");
    let tokens = rig.tokens(rig.issuer(), CLI, &scope, &[]).await;
    assert_eq!(tokens.text("scope"), format!("openid {CONFIG}"));
    let nothing = rig.authorize(rig.issuer(), "stacklok-restricted", CONFIG, &[]).await;
    assert_eq!(returned(&nothing)["error"], "invalid_scope");
}

#[tokio::test]
async fn the_answer_names_the_issuer() {
    let rig = Rig::shipped("generic");
    assert_eq!(rig.sign_in(rig.issuer(), CLI, "openid", &[]).await["iss"], rig.issuer());
    let refused = rig.authorize(rig.issuer(), CLI, "openid", &[("prompt", "none")]).await;
    assert_eq!(returned(&refused)["iss"], rig.issuer());
}

#[tokio::test]
async fn the_resource_selects_the_api() {
    let rig = Rig::shipped("generic");
    assert_eq!(claims(&rig, CONFIG, &[]).await["claims"]["aud"], "enterprise-manager");
    let ui = claims(&rig, "openid platform:access", &[("resource", "cloud-ui")]).await;
    assert_eq!(ui["claims"]["aud"], "cloud-ui");
    assert_eq!(ui["claims"]["scope"], "openid platform:access");
    let unknown = rig.authorize(rig.issuer(), CLI, "openid", &[("resource", "registry")]).await;
    assert_eq!(returned(&unknown)["error"], "invalid_target");
}

#[tokio::test]
async fn a_tenant_shapes_its_access_tokens() {
    let from = "scope_claim: scope         # scope, scp or both\n  scope_form: string         # string or array\n  \
                audience_form: string ";
    let to = "scope_claim: both\n  scope_form: array\n  audience_form: array\n  extra_audiences: [account]";
    let rig = Rig::changed("generic", from, to);
    let token = claims(&rig, CONFIG, &[]).await;
    assert_eq!(token["claims"]["scope"], json!([CONFIG]));
    assert_eq!(token["claims"]["scp"], json!([CONFIG]));
    assert_eq!(token["claims"]["aud"], json!(["enterprise-manager", "account"]));

    let rig = Rig::changed("generic", "type_header: at+jwt ", "type_header: none ");
    assert!(claims(&rig, CONFIG, &[]).await["header"].get("typ").is_none());

    let rig = Rig::changed("generic", "client_id_claim: client_id ", "client_id_claim: azp ");
    let token = claims(&rig, CONFIG, &[]).await;
    assert_eq!(token["claims"]["azp"], CLI);
    assert!(token["claims"].get("client_id").is_none());
}

#[tokio::test]
async fn every_algorithm_signs_and_its_key_is_published() {
    let kinds = [
        ("RS384", "RSA", "n"),
        ("RS512", "RSA", "n"),
        ("PS256", "RSA", "n"),
        ("ES256", "EC", "y"),
        ("ES384", "EC", "y"),
        ("EdDSA", "OKP", "x"),
    ];
    for (name, kind, member) in kinds {
        let setting = format!("signing_algorithm: {name}");
        let rig = Rig::changed("generic", "signing_algorithm: RS256", &setting);
        let tokens = rig.tokens(rig.issuer(), CLI, &format!("openid {CONFIG}"), &[]).await;
        assert_eq!(decode(tokens.access())["header"]["alg"], name);
        for token in [tokens.access(), tokens.text("id_token")] {
            rig.verify(rig.issuer(), token).await.unwrap();
        }
        let key = &rig.json(&rig.endpoint(rig.issuer(), "jwks_uri").await).await["keys"][0];
        assert_eq!((&key["kty"], &key["alg"]), (&json!(kind), &json!(name)));
        assert!(key.get(member).is_some(), "{key}");
    }
}

#[tokio::test]
async fn an_issuer_may_have_a_path_and_a_final_slash() {
    let rig = Rig::changed("generic", "https://idp.example.com", "https://idp.example.com/realms/acme/");
    assert_eq!(rig.issuer(), "https://idp.example.com/realms/acme/");
    let rfc8414 = "https://idp.example.com/.well-known/oauth-authorization-server/realms/acme";
    assert_eq!(rig.json(rfc8414).await["issuer"], rig.issuer());
    let oidc = rig.json("https://idp.example.com/realms/acme/.well-known/openid-configuration").await;
    assert_eq!(oidc["token_endpoint"], "https://idp.example.com/realms/acme/token");
}

#[tokio::test]
async fn one_use_of_an_old_refresh_token_ends_the_family() {
    let rig = Rig::shipped("generic");
    let tokens = rig.tokens(rig.issuer(), CLI, "openid offline_access", &[]).await;
    let form = |token: &str| {
        [("grant_type", "refresh_token"), ("client_id", CLI), ("refresh_token", token)]
            .map(|(name, value)| (name, value.to_owned()))
    };
    let send = |form: [(&'static str, String); 3]| {
        let rig = &rig;
        async move {
            let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            rig.token(rig.issuer(), &form).await
        }
    };
    let next: Json = send(form(tokens.text("refresh_token"))).await.json().await.unwrap();
    assert_eq!(refused(send(form(tokens.text("refresh_token"))).await).await.1, "invalid_grant");
    assert_eq!(refused(send(form(next["refresh_token"].as_str().unwrap())).await).await.1, "invalid_grant");
}

#[tokio::test]
async fn a_claim_of_several_values_has_many_forms() {
    let forms = [
        ("array if several", json!(["mcp-admin", "engineering"])),
        ("string", json!("mcp-admin engineering")),
        ("csv", json!("mcp-admin,engineering")),
        ("paths", json!(["/mcp-admin", "/engineering"])),
        ("object", json!({"roles": ["mcp-admin", "engineering"]})),
    ];
    for (form, expected) in forms {
        let rig = Rig::changed("generic", "from: groups }", &format!("from: groups, as: {form} }}"));
        assert_eq!(claims(&rig, CONFIG, &[]).await["claims"]["groups"], expected, "{form}");
    }
}

#[tokio::test]
async fn audience_and_key_algorithm_may_be_absent() {
    let rig = Rig::changed("generic", "audience_form: string ", "audience_form: absent ");
    assert!(claims(&rig, CONFIG, &[]).await["claims"].get("aud").is_none());
    let rig =
        Rig::changed("generic", "signing_algorithm: RS256", "signing_algorithm: RS256\njwk_alg: absent");
    let keys = rig.json(&rig.endpoint(rig.issuer(), "jwks_uri").await).await;
    assert!(keys["keys"][0].get("alg").is_none() && keys["keys"][0].get("n").is_some());
}
