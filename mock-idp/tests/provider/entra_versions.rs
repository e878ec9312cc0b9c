//! Microsoft Entra ID: the endpoint decides about ID tokens, the API about access tokens.

use serde_json::{Value as Json, json};

use crate::{
    entra::{API, CLI, TENANT, WEB, claims, scope, sign_in, sign_in_at},
    rig::{Rig, WEB_SECRET, decode},
};

const V2: &str = "https://login.microsoftonline.com/7c1d4f0e-2b3a-4c5d-8e9f-a0b1c2d3e4f5/v2.0";
const V1: &str = "https://sts.windows.net/7c1d4f0e-2b3a-4c5d-8e9f-a0b1c2d3e4f5/";
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
const ANN: &str = "ann@acme.test";

#[tokio::test]
async fn both_endpoints_are_of_one_tenant_with_one_set_of_keys() {
    let rig = Rig::shipped("entra-quickstart");
    assert_eq!(rig.issuers, [V2, V1]);
    let keys = async |issuer: &str| rig.json(&rig.endpoint(issuer, "jwks_uri").await).await;
    let (v2, v1) = (keys(V2).await, keys(V1).await);
    assert_eq!((&v2["keys"][0]["kid"], &v2["keys"][0]["n"]), (&v1["keys"][0]["kid"], &v1["keys"][0]["n"]));
    assert_eq!((&v2["keys"][0]["issuer"], &v1["keys"][0]["issuer"]), (&json!(V2), &json!(V1)));
    let order = json!({"issuer": V1});
    let (status, rotated) = rig.control(reqwest::Method::POST, "keys/rotate", Some(order)).await;
    assert_eq!(status, 200, "{rotated}");
    let (v2, v1) = (keys(V2).await, keys(V1).await);
    assert_eq!(v2["keys"].as_array().unwrap().len(), 2, "a rotation is one of both");
    assert_eq!(v2["keys"][0]["kid"], v1["keys"][0]["kid"]);
    assert_eq!(v2["keys"][0]["kid"], rotated["kid"]);
}

/// Rows: what the API wants, which endpoint is asked. The version of the access token follows the first, that of the ID
/// token the second.
#[tokio::test]
async fn the_api_decides_about_access_tokens_and_the_endpoint_about_id_tokens() {
    for wanted in ["null", "1", "2"] {
        let from = "requested_access_token_version: 2\n    # Authentication: a public client";
        let to = from.replace(": 2", &format!(": {wanted}"));
        let rig = Rig::changed("entra-quickstart", from, &to);
        for (endpoint, version) in [(V2, "2.0"), (V1, "1.0")] {
            let uri = format!("api://{API}");
            // At version 2.0 the scopes say it, and `resource` may repeat it.
            let ask = format!("openid profile {}", scope("access_as_user"));
            let tokens = sign_in_at(&rig, endpoint, ANN, CLI, &ask, &[("resource", &uri)]).await.unwrap();
            let (access, id) =
                (claims(&tokens), decode(tokens["id_token"].as_str().unwrap())["claims"].clone());
            let row = format!("{wanted} at {version}");
            assert_eq!(id["ver"], version, "{row}");
            assert_eq!(id["iss"], endpoint, "{row}");
            assert!(rig.verify(endpoint, tokens["access_token"].as_str().unwrap()).await.is_ok(), "{row}");
            if wanted == "2" {
                assert_eq!((&access["ver"], &access["iss"]), (&json!("2.0"), &json!(V2)), "{row}");
                assert_eq!((&access["aud"], &access["azp"]), (&json!(API), &json!(CLI)), "{row}");
                assert!(access.get("appid").is_none() && access.get("upn").is_none(), "{row}");
            } else {
                assert_eq!((&access["ver"], &access["iss"]), (&json!("1.0"), &json!(V1)), "{row}");
                assert_eq!((&access["aud"], &access["appid"]), (&json!(uri), &json!(CLI)), "{row}");
                assert_eq!((&access["upn"], &access["amr"]), (&json!(ANN), &json!(["pwd"])), "{row}");
                assert!(access.get("azp").is_none() && access.get("preferred_username").is_none(), "{row}");
            }
            assert_eq!(access["roles"], json!(["mcp-admin"]), "{row}");
            let lifetime = access["exp"].as_i64().unwrap() - access["iat"].as_i64().unwrap();
            let told = &tokens["expires_in"];
            let told = told.as_i64().or_else(|| told.as_str().and_then(|text| text.parse().ok()));
            assert_eq!(told, Some(lifetime), "{row}");
        }
    }
}

/// A refresh token belongs to user and client: neither to an API nor to an endpoint.
#[tokio::test]
async fn a_refresh_token_is_for_whatever_was_consented_to() {
    let rig = Rig::shipped("entra-quickstart");
    let ask = format!("openid offline_access {}", scope("access_as_user"));
    let tokens = sign_in(&rig, "ann", CLI, &ask).await.unwrap();
    let refresh = async |endpoint: &str, more: (&str, &str)| -> Json {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", CLI),
            ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
            more,
        ];
        rig.token(endpoint, &form).await.json().await.unwrap()
    };
    let other = refresh(V2, ("scope", "openid profile")).await;
    assert_eq!(claims(&other)["aud"], GRAPH, "no API is Graph");
    let back = refresh(V2, ("scope", &scope("toolhive:config:read"))).await;
    assert_eq!((&claims(&back)["aud"], &claims(&back)["scp"]), (&json!(API), &json!("toolhive:config:read")));
    let older = refresh(V1, ("resource", &format!("api://{API}"))).await;
    assert_eq!(claims(&older)["aud"], API);
    assert_eq!(decode(older["id_token"].as_str().unwrap())["claims"]["ver"], "1.0");
    let refused = refresh(V2, ("scope", &format!("api://{WEB}/access_as_user"))).await;
    assert_eq!(refused["error_codes"], json!([65_001]), "nobody consented to that");
}

#[tokio::test]
async fn version_1_calls_the_api_as_the_request_does() {
    let rig = Rig::shipped("entra-v1");
    let by_id = sign_in(&rig, "ann", CLI, &format!("openid {API}/access_as_user")).await.unwrap();
    let by_uri = sign_in(&rig, "ann", CLI, &scope("access_as_user")).await.unwrap();
    assert_eq!(claims(&by_id)["aud"], API);
    assert_eq!(claims(&by_uri)["aud"], format!("api://{API}"));
    assert_eq!(claims(&by_id)["sub"], claims(&by_uri)["sub"], "one API, one subject");
    assert_eq!(claims(&by_id)["roles"], claims(&by_uri)["roles"]);
    let header = decode(by_uri["access_token"].as_str().unwrap())["header"].clone();
    assert_eq!(header["x5t"], header["kid"]);
    assert!(header.get("nonce").is_none());
}

#[tokio::test]
async fn resource_names_the_api_at_version_1() {
    let rig = Rig::shipped("entra-v1");
    let uri = format!("api://{API}");
    let tokens = sign_in_at(&rig, V1, ANN, CLI, "openid", &[("resource", &uri)]).await.unwrap();
    assert_eq!(claims(&tokens)["scp"], "access_as_user toolhive:config:read", "all that was consented to");
    assert_eq!((&tokens["resource"], &tokens["token_type"]), (&json!(uri), &json!("Bearer")));
    let text = |name: &str| tokens[name].as_str().and_then(|text| text.parse::<i64>().ok()).unwrap();
    assert_eq!(text("expires_on"), claims(&tokens)["exp"].as_i64().unwrap());
    assert_eq!(text("not_before"), claims(&tokens)["nbf"].as_i64().unwrap());
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", CLI),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ("resource", &uri),
    ];
    let again: Json = rig.token(V1, &form).await.json().await.unwrap();
    assert_eq!((&claims(&again)["aud"], &claims(&again)["iss"]), (&json!(uri), &json!(V1)));
    let none = sign_in_at(&rig, V1, ANN, CLI, "openid", &[]).await.unwrap();
    assert_eq!(claims(&none)["aud"], "00000003-0000-0000-c000-000000000000", "none is Graph's");
    let unknown = sign_in_at(&rig, V1, ANN, CLI, "openid", &[("resource", "api://elsewhere")]).await;
    assert!(unknown.unwrap_err().starts_with("AADSTS500011"));
    let api = format!("api://{WEB}");
    let unpermitted = sign_in_at(&rig, V1, ANN, CLI, "openid", &[("resource", &api)]).await;
    assert!(unpermitted.unwrap_err().starts_with("AADSTS65001"));
}

#[tokio::test]
async fn an_applications_token_of_version_1_says_so_where_it_is_asked_to() {
    let from = "    # App roles\n";
    for (to, told) in [(from, Json::Null), ("    optional_claims: [idtyp]\n", json!("app"))] {
        let rig = Rig::changed("entra-v1", from, to);
        let uri = format!("api://{API}");
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", WEB),
            ("client_secret", WEB_SECRET),
            ("resource", uri.as_str()),
        ];
        let tokens: Json = rig.token(V1, &form).await.json().await.unwrap();
        let claims = claims(&tokens);
        assert_eq!((&claims["aud"], &claims["appidacr"]), (&json!(uri), &json!("1")));
        assert_eq!(claims["sub"], claims["oid"]);
        assert_eq!(claims.get("idtyp").cloned().unwrap_or_default(), told);
        for absent in ["scp", "upn", "unique_name", "amr", "acr", "ipaddr", "sid"] {
            assert!(claims.get(absent).is_none(), "{absent}");
        }
        let nothing: Json = rig.token(V1, &form[..3]).await.json().await.unwrap();
        assert_eq!(nothing["error_codes"], json!([900_144]), "without a resource");
    }
}

#[tokio::test]
async fn a_domain_name_stands_for_the_tenant() {
    let rig = Rig::shipped("entra-multitenant");
    let by_name =
        rig.json("https://login.microsoftonline.com/acme.test/v2.0/.well-known/openid-configuration").await;
    let by_id = rig.json(&format!("{V2}/.well-known/openid-configuration")).await;
    assert_eq!(by_name, by_id);
    assert!(by_id["token_endpoint"].as_str().unwrap().contains(TENANT));
}
