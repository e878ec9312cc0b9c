//! Microsoft Entra ID: scopes that name their API, permissions, assignments, app roles, groups.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::StatusCode;
use serde_json::{Value as Json, json};

use crate::rig::{Rig, VERIFIER, WEB_SECRET, decode, refused, returned, shipped};

pub(crate) const API: &str = "4f8e2a6c-9d1b-4e3f-a5c7-0b2d4f6a8c1e";
pub(crate) const CLI: &str = "8a7b6c5d-4e3f-4a1b-9c8d-7e6f5a4b3c2d";
pub(crate) const WEB: &str = "c3d2e1f0-a9b8-4c7d-8e6f-5a4b3c2d1e0f";
pub(crate) const UNPERMITTED: &str = "e5f4a3b2-c1d0-4e9f-8a7b-6c5d4e3f2a1b";
pub(crate) const TENANT: &str = "7c1d4f0e-2b3a-4c5d-8e9f-a0b1c2d3e4f5";

type Params = &'static [(&'static str, &'static str)];

pub(crate) fn scope(name: &str) -> String {
    format!("api://{API}/{name}")
}

/// The tokens of somebody of the tenant, or the error that comes back.
pub(crate) async fn sign_in(rig: &Rig, who: &str, client: &str, scope: &str) -> Result<Json, String> {
    sign_in_at(rig, rig.issuer(), &format!("{who}@acme.test"), client, scope, &[]).await
}

/// The same at one of several endpoints.
pub(crate) async fn sign_in_at(
    rig: &Rig,
    endpoint: &str,
    login: &str,
    client: &str,
    scope: &str,
    extra: &[(&str, &str)],
) -> Result<Json, String> {
    let response = rig.authorize(endpoint, client, scope, extra).await;
    let response = if response.status() == StatusCode::OK {
        let (who, _) = login.split_once(['@', '_']).unwrap();
        rig.submit(response, login, &format!("{who}-mock-password")).await
    } else {
        response
    };
    if !response.status().is_redirection() {
        return Err(response.text().await.unwrap());
    }
    let returned = returned(&response);
    let Some(code) = returned.get("code") else { return Err(returned["error_description"].clone()) };
    Ok(rig.redeem(endpoint, client, code, VERIFIER).await.json().await.unwrap())
}

pub(crate) fn claims(tokens: &Json) -> Json {
    decode(tokens["access_token"].as_str().unwrap())["claims"].clone()
}

#[tokio::test]
async fn each_user_of_the_quickstart_has_one_role() {
    let rig = Rig::shipped("entra-quickstart");
    assert_eq!(rig.issuer(), format!("https://login.microsoftonline.com/{TENANT}/v2.0"));
    for (who, role) in [("ann", "mcp-admin"), ("bob", "mcp-viewer"), ("cleo", "mcp-reviewer")] {
        for client in [CLI, API] {
            let tokens = sign_in(&rig, who, client, &scope("access_as_user")).await.unwrap();
            let claims = rig.verify(rig.issuer(), tokens["access_token"].as_str().unwrap()).await.unwrap();
            assert_eq!(claims["aud"], API, "the client id, whatever URI was asked for");
            assert_eq!(claims["roles"], json!([role]));
            assert_eq!(claims["scp"], "access_as_user");
            assert_eq!((&claims["azp"], &claims["azpacr"]), (&json!(client), &json!("0")));
            assert_eq!((&claims["tid"], &claims["ver"]), (&json!(TENANT), &json!("2.0")));
            assert!(claims.get("groups").is_none(), "no groups claim is configured");
            let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
            assert!((3600..5400).contains(&lifetime), "{lifetime}");
            assert_eq!(tokens["expires_in"], lifetime);
        }
    }
}

#[tokio::test]
async fn the_key_set_has_certificates_and_no_algorithm() {
    let rig = Rig::shipped("entra-quickstart");
    let keys = rig.json(&rig.endpoint(rig.issuer(), "jwks_uri").await).await;
    let key = &keys["keys"][0];
    assert!(key.get("alg").is_none());
    assert_eq!((&key["x5t"], &key["issuer"]), (&key["kid"], &json!(rig.issuer())));
    assert!(key["x5c"][0].as_str().unwrap().starts_with("MII"), "DER of a certificate");
}

#[tokio::test]
async fn default_stands_for_all_permissions() {
    let rig = Rig::shipped("entra-quickstart");
    let both = sign_in(&rig, "ann", CLI, &format!("openid {}", scope(".default"))).await.unwrap();
    assert_eq!(claims(&both)["scp"], "access_as_user toolhive:config:read");
    assert_eq!(both["scope"], format!("{} {}", scope("access_as_user"), scope("toolhive:config:read")));
    let by_id = sign_in(&rig, "ann", UNPERMITTED, &format!("{API}/.default")).await.unwrap();
    assert_eq!(claims(&by_id)["scp"], "access_as_user");
}

#[tokio::test]
async fn subjects_are_pairwise_and_object_ids_are_not() {
    let rig = Rig::shipped("entra-quickstart");
    let ask = format!("openid profile {}", scope("access_as_user"));
    let (cli, own) =
        (sign_in(&rig, "ann", CLI, &ask).await.unwrap(), sign_in(&rig, "ann", API, &ask).await.unwrap());
    let id = |tokens: &Json| decode(tokens["id_token"].as_str().unwrap())["claims"].clone();
    assert_eq!(claims(&cli)["sub"], claims(&own)["sub"], "one API");
    assert_ne!(id(&cli)["sub"], claims(&cli)["sub"], "client and API");
    assert_eq!(id(&own)["sub"], claims(&own)["sub"], "client and API in one");
    let all = [claims(&cli), claims(&own), id(&cli), id(&own)];
    assert_eq!(all.iter().map(|claims| claims["oid"].to_string()).collect::<BTreeSet<_>>().len(), 1);
    assert!(id(&cli).get("roles").is_none(), "the client has no roles of its own");
    assert_eq!(id(&own)["roles"], json!(["mcp-admin"]));
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_with_its_number() {
    let rig = Rig::shipped("entra-quickstart");
    let ui = format!("api://{WEB}/access_as_user");
    let cases: [(&str, String, Params, &str, &str); 8] = [
        (CLI, "toolhive:config:read".to_owned(), &[], "invalid_client", "AADSTS650053"),
        (CLI, scope("unheard_of"), &[], "invalid_client", "AADSTS650053"),
        (CLI, "api://elsewhere/access_as_user".to_owned(), &[], "invalid_resource", "AADSTS500011"),
        (CLI, format!("{} {ui}", scope("access_as_user")), &[], "invalid_scope", "AADSTS70011"),
        (
            CLI,
            format!("{} {}", scope(".default"), scope("access_as_user")),
            &[],
            "invalid_scope",
            "AADSTS70011",
        ),
        (CLI, ui, &[], "invalid_grant", "AADSTS65001"),
        (UNPERMITTED, scope("toolhive:config:read"), &[], "invalid_grant", "AADSTS65001"),
        (
            CLI,
            scope("access_as_user"),
            &[("resource", "https://mcp.example.com")],
            "invalid_target",
            "AADSTS9010010",
        ),
    ];
    for (client, scope, extra, error, number) in cases {
        let response = rig.authorize(rig.issuer(), client, &scope, extra).await;
        let returned = returned(&response);
        assert_eq!(returned["error"], error, "{scope}");
        assert!(returned["error_description"].starts_with(number), "{returned:?}");
        assert!(returned["error_uri"].ends_with(number.trim_start_matches("AADSTS")));
    }
    let uri = format!("api://{API}");
    let fits = rig.tokens(rig.issuer(), CLI, &scope("access_as_user"), &[("resource", &uri)]).await;
    assert_eq!(decode(fits.access())["claims"]["aud"], API);
}

#[tokio::test]
async fn whoever_is_not_assigned_gets_no_token() {
    let rig = Rig::changed(
        "entra-quickstart",
        "bob@acme.test, role: mcp-viewer",
        "cleo@acme.test, role: mcp-viewer",
    );
    let why = sign_in(&rig, "bob", CLI, &scope("access_as_user")).await.unwrap_err();
    assert!(why.starts_with("AADSTS50105"), "{why}");
    let text = shipped("entra-quickstart")
        .replace("bob@acme.test, role: mcp-viewer", "cleo@acme.test, role: mcp-viewer")
        .replace("assignment_required: Yes", "assignment_required: No");
    let rig = Rig::start(&text, [7; 32]);
    let tokens = sign_in(&rig, "bob", CLI, &scope("access_as_user")).await.unwrap();
    assert!(claims(&tokens).get("roles").is_none(), "absent, not empty");
}

#[tokio::test]
async fn a_machine_has_roles_and_no_scopes() {
    let rig = Rig::start(
        &shipped("entra-quickstart")
            .replace(
                "value: mcp-admin, allowed_member_types: Users/Groups",
                "value: mcp-admin, allowed_member_types: Both",
            )
            .replace(
                "{ application: Enterprise Cloud UI }",
                "{ application: Enterprise Cloud UI, role: mcp-admin }",
            ),
        [7; 32],
    );
    let ask = |scope: String| {
        let rig = &rig;
        async move {
            let form = [
                ("grant_type", "client_credentials"),
                ("client_id", WEB),
                ("client_secret", WEB_SECRET),
                ("scope", scope.as_str()),
            ];
            rig.token(rig.issuer(), &form).await
        }
    };
    let tokens: Json = ask(scope(".default")).await.json().await.unwrap();
    let claims = claims(&tokens);
    assert_eq!(claims["roles"], json!(["mcp-admin"]));
    assert_eq!((&claims["azp"], &claims["azpacr"]), (&json!(WEB), &json!("1")));
    assert_eq!(claims["oid"], claims["sub"], "the service principal");
    for absent in ["scp", "name", "preferred_username", "sid"] {
        assert!(claims.get(absent).is_none(), "{absent}");
    }
    for scope in [scope("access_as_user"), format!("openid {}", scope(".default"))] {
        let error: Json = ask(scope).await.json().await.unwrap();
        assert_eq!(error["error_codes"], json!([1_002_012]));
    }
    let rig = Rig::changed("entra-quickstart", "      - { application: Enterprise Cloud UI }\n", "");
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", WEB),
        ("client_secret", WEB_SECRET),
        ("scope", &scope(".default")),
    ];
    let error: Json = rig.token(rig.issuer(), &form).await.json().await.unwrap();
    assert_eq!(error["error_codes"], json!([50105]), "assignment is required of applications too");
}

#[tokio::test]
async fn the_page_for_people_has_scopes_and_commands_that_work() {
    let rig = Rig::shipped("entra-quickstart");
    let page = rig.get("https://login.microsoftonline.com/").await.text().await.unwrap();
    assert!(page.contains(&scope("access_as_user")));
    assert!(page.contains(&format!("scope={}", scope(".default"))), "{page}");
}

/// The header as Graph checks it.
fn hashed_nonce(header: &str) -> String {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    let nonce = serde_json::from_str::<Json>(&text).unwrap()["nonce"].as_str().unwrap().to_owned();
    let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, nonce.as_bytes()));
    URL_SAFE_NO_PAD.encode(text.replace(&nonce, &hash))
}

#[tokio::test]
async fn a_request_without_an_api_is_for_graph() {
    let rig = Rig::shipped("entra-quickstart");
    let tokens = rig.tokens(rig.issuer(), CLI, "openid profile", &[]).await;
    assert_eq!(tokens.text("scope"), "openid profile");
    let token = decode(tokens.access());
    let claims = &token["claims"];
    assert_eq!(claims["aud"], "00000003-0000-0000-c000-000000000000");
    assert_eq!(
        (&claims["iss"], &claims["ver"]),
        (&json!(format!("https://sts.windows.net/{TENANT}/")), &json!("1.0"))
    );
    assert!(rig.verify(rig.issuer(), tokens.access()).await.is_err(), "nobody but Graph can check it");
    let (header, rest) = tokens.access().split_once('.').unwrap();
    let signed = hashed_nonce(header);
    assert!(
        rig.verify(rig.issuer(), &format!("{signed}.{rest}")).await.is_ok(),
        "Graph hashes the nonce first"
    );
    let (payload, _) = rest.split_once('.').unwrap();
    let like = json!({"client_id": CLI, "user": "ann@acme.test", "scopes": ["https://graph.microsoft.com/User.Read"]});
    let minted = rig.mint(json!({"issuer": rig.issuers[1], "like": like})).await;
    let minted = minted["token"].as_str().unwrap();
    assert!(rig.verify(rig.issuer(), minted).await.is_err());
    let (header, rest) = minted.split_once('.').unwrap();
    assert!(rig.verify(rig.issuer(), &format!("{}.{rest}", hashed_nonce(header))).await.is_ok());
    assert!(
        rig.verify(rig.issuer(), &format!("{signed}.{payload}.{}", rest.split_once('.').unwrap().1))
            .await
            .is_err()
    );
    assert!(rig.verify(rig.issuer(), tokens.text("id_token")).await.is_ok());
}

#[tokio::test]
async fn refreshing_keeps_the_api_and_the_old_token() {
    let rig = Rig::shipped("entra-quickstart");
    let all = format!("openid offline_access {}", scope(".default"));
    let tokens = rig.tokens(rig.issuer(), CLI, &all, &[]).await;
    let refresh = |scope: String| {
        let form = [
            ("grant_type", "refresh_token".to_owned()),
            ("client_id", CLI.to_owned()),
            ("refresh_token", tokens.text("refresh_token").to_owned()),
            ("scope", scope),
        ];
        let rig = &rig;
        async move {
            let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            rig.token(rig.issuer(), &form).await
        }
    };
    let narrowed: Json = refresh(scope("access_as_user")).await.json().await.unwrap();
    assert_eq!(claims(&narrowed)["scp"], "access_as_user");
    assert_ne!(narrowed["refresh_token"], tokens.0["refresh_token"]);
    rig.clock.advance(jiff::SignedDuration::from_hours(24 * 89));
    let again: Json = refresh(all).await.json().await.unwrap();
    assert_eq!(claims(&again)["scp"], "access_as_user toolhive:config:read");
    let other = refresh(format!("api://{WEB}/access_as_user")).await;
    assert_eq!(refused(other).await, (400, "invalid_grant".to_owned()));
    rig.clock.advance(jiff::SignedDuration::from_hours(24));
    assert_eq!(refused(refresh(scope("access_as_user")).await).await.1, "invalid_grant", "90 days are over");
}

#[tokio::test]
async fn groups_are_object_ids_and_above_200_a_place_to_ask() {
    use std::fmt::Write as _;
    let tenant = |count: usize| {
        let mut groups = String::from("groups:\n");
        let mut names = Vec::new();
        for index in 0..count {
            let line =
                format!("  - {{ display_name: G{index}, object_id: b1f0c3a2-5d4e-4f6a-9b8c-{index:012x} }}");
            writeln!(groups, "{line}").unwrap();
            names.push(format!("G{index}"));
        }
        let engineering =
            "groups:\n  - { display_name: Engineering, object_id: b1f0c3a2-5d4e-4f6a-9b8c-7d6e5f4a3b2c }\n";
        let text = shipped("entra-quickstart").replace(engineering, &groups);
        let text = text.replace("groups: [Engineering]", &format!("groups: [{}]", names.join(", ")));
        text.replace("    assignment_required: Yes\n", "    groups_claim: Security groups\n")
    };
    let rig = Rig::start(&tenant(200), [7; 32]);
    let within = claims(&sign_in(&rig, "ann", CLI, &scope("access_as_user")).await.unwrap());
    assert_eq!(within["groups"].as_array().unwrap().len(), 200);
    assert_eq!(within["groups"][1], "b1f0c3a2-5d4e-4f6a-9b8c-000000000001");
    let rig = Rig::start(&tenant(201), [7; 32]);
    let above = claims(&sign_in(&rig, "ann", CLI, &scope("access_as_user")).await.unwrap());
    assert!(above.get("groups").is_none());
    assert_eq!(above["_claim_names"], json!({"groups": "src1"}));
    let endpoint = above["_claim_sources"]["src1"]["endpoint"].as_str().unwrap();
    assert!(endpoint.contains(TENANT) && endpoint.ends_with("/getMemberObjects"), "{endpoint}");
    let none = claims(&sign_in(&rig, "cleo", CLI, &scope("access_as_user")).await.unwrap());
    assert!(none.get("groups").is_none() && none.get("_claim_names").is_none());
}

#[tokio::test]
async fn groups_of_the_application_are_those_assigned_to_it() {
    let text = shipped("entra-quickstart")
        .replace("  - { display_name: Engineering,", "  - { display_name: Sales, object_id: b1f0c3a2-5d4e-4f6a-9b8c-000000000001 }\n  - { display_name: Engineering,")
        .replace("groups: [Engineering]", "groups: [Sales, Engineering]")
        .replace("    assignment_required: Yes\n", "    groups_claim: Groups assigned to the application\n    assignment_required: Yes\n")
        .replace("      - { user: bob@acme.test, role: mcp-viewer }\n", "      - { group: Engineering, role: mcp-viewer }\n");
    let rig = Rig::start(&text, [7; 32]);
    let bob = claims(&sign_in(&rig, "bob", CLI, &scope("access_as_user")).await.unwrap());
    assert_eq!(bob["groups"], json!(["b1f0c3a2-5d4e-4f6a-9b8c-7d6e5f4a3b2c"]));
    assert_eq!(bob["roles"], json!(["mcp-viewer"]), "through the group");
    let ann = claims(&sign_in(&rig, "ann", CLI, &scope("access_as_user")).await.unwrap());
    assert_eq!(ann["roles"], json!(["mcp-admin", "mcp-viewer"]));
}

#[tokio::test]
async fn the_mint_writes_what_entra_would_write() {
    let rig = Rig::shipped("entra-quickstart");
    let like =
        json!({"client_id": CLI, "user": "bob@acme.test", "scopes": ["access_as_user"], "audience": API});
    let minted = rig.mint(json!({"issuer": rig.issuer(), "like": like})).await;
    assert!(rig.verify(rig.issuer(), minted["token"].as_str().unwrap()).await.is_ok());
    let issued = claims(&sign_in(&rig, "bob", CLI, &scope("access_as_user")).await.unwrap());
    for name in ["aud", "iss", "azp", "oid", "sub", "scp", "roles", "tid", "ver"] {
        assert_eq!(minted["claims"][name], issued[name], "{name}");
    }
    assert_ne!(minted["claims"]["sid"], issued["sid"], "no token of that sign-in");
    let like = json!({"client_id": CLI, "scopes": ["openid", format!("api://{WEB}/access_as_user")]});
    let named = rig.mint(json!({"issuer": rig.issuer(), "like": like})).await;
    assert_eq!((&named["claims"]["aud"], &named["claims"]["scp"]), (&json!(WEB), &json!("access_as_user")));
    let nobody = rig.mint(json!({"issuer": rig.issuer()})).await;
    assert_eq!(nobody["claims"]["aud"], API, "the first of the tenant");
}

#[tokio::test]
async fn client_info_comes_when_it_is_asked_for_and_there_is_a_user() {
    let rig = Rig::shipped("entra-quickstart");
    let scope = format!("{} offline_access", scope("access_as_user"));
    let first = sign_in(&rig, "ann", CLI, &scope).await.unwrap();
    assert!(first.get("client_info").is_none());
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", CLI),
        ("refresh_token", first["refresh_token"].as_str().unwrap()),
        ("client_info", "1"),
    ];
    let tokens: Json = rig.token(rig.issuer(), &refresh).await.json().await.unwrap();
    let info = URL_SAFE_NO_PAD.decode(tokens["client_info"].as_str().unwrap()).unwrap();
    let info: Json = serde_json::from_slice(&info).unwrap();
    assert_eq!(info, json!({"uid": claims(&tokens)["oid"], "utid": TENANT}));
    let machine = [
        ("grant_type", "client_credentials"),
        ("client_id", WEB),
        ("client_secret", WEB_SECRET),
        ("scope", &format!("api://{WEB}/.default")),
        ("client_info", "1"),
    ];
    let tokens: Json = rig.token(rig.issuer(), &machine).await.json().await.unwrap();
    assert!(tokens["access_token"].is_string() && tokens.get("client_info").is_none(), "{tokens}");
}
