//! Who is let in: the providers, RS-401, the metadata, the roles of `/v1/me`, the mode without tokens.

use reqwest::Method;
use serde_json::{Value, json};

use super::rig::{CLOUD_UI, EMPLOYEES, MANAGER, Rig, answer, entry, server, values};

const METADATA: &str = "/.well-known/oauth-protected-resource";

#[tokio::test]
async fn a_token_is_for_the_provider_of_its_issuer() {
    let rig = Rig::start();
    for (issuer, changes, rule) in [
        (EMPLOYEES, json!({}), ""),
        (CLOUD_UI, json!({}), ""),
        (EMPLOYEES, json!({ "aud": ["other", "registry"] }), ""),
        // The audience of the one provider does not open the other's door.
        (EMPLOYEES, json!({ "aud": "cloud-ui" }), "TOK-AUD: the token is not for registry"),
        (CLOUD_UI, json!({ "aud": "registry" }), "TOK-AUD: the token is not for cloud-ui"),
        (EMPLOYEES, json!({ "iss": CLOUD_UI, "aud": "cloud-ui" }), "TOK-KID"),
        (CLOUD_UI, json!({ "iss": format!("{CLOUD_UI}/") }), "TOK-ISS"),
        (MANAGER, json!({}), "TOK-ISS"),
        (MANAGER, json!({ "aud": "registry" }), "TOK-ISS"),
        (EMPLOYEES, json!({ "exp": 1 }), "TOK-EXP"),
        (CLOUD_UI, json!({ "exp": 1 }), "TOK-EXP"),
    ] {
        let token = rig.token_of(issuer, changes.clone()).await;
        for _ in ["cold", "warm"] {
            let bearer = format!("Bearer {token}");
            let response = rig.request(Method::GET, "/v1/me", &[("authorization", &bearer)], None).await;
            let challenge = response.headers().get("www-authenticate").cloned();
            let (status, body) = answer(response).await;
            if rule.is_empty() {
                assert_eq!((status, challenge), (200, None), "{issuer} {changes}: {body}");
            } else {
                assert_eq!((status, body), (401, json!({ "error": "token validation failed" })));
                let challenge = challenge.unwrap();
                assert!(challenge.to_str().unwrap().contains(rule), "{issuer} {changes}: {challenge:?}");
            }
        }
    }
}

/// RS-401: the statuses of TOK-*, bodies of its own, the well-known path behind the resource URL.
#[tokio::test]
async fn refusals_have_its_own_form_on_every_path() {
    let rig = Rig::start();
    let failed = json!({ "error": "token validation failed" });
    let metadata = format!("resource_metadata=\"https://registry.example.com/rs{METADATA}\"");
    let bare = format!("Bearer realm=\"acme-registry\", {metadata}");
    for (headers, status, challenge) in [
        (vec![], 401, bare.clone()),
        (
            vec![("authorization", "Bearer opaque")],
            401,
            format!("{bare}, error=\"invalid_token\", error_description=\"TOK-OPAQUE"),
        ),
        (
            vec![("authorization", "Bearer a.b.c")],
            401,
            format!("{bare}, error=\"invalid_token\", error_description=\"TOK-FORM"),
        ),
        (
            vec![("authorization", "Basic YTpi")],
            400,
            format!("{bare}, error=\"invalid_request\", error_description=\"TOK-BEARER"),
        ),
        (
            vec![("authorization", "Bearer a"), ("authorization", "Bearer a")],
            400,
            format!("{bare}, error=\"invalid_request\""),
        ),
    ] {
        for (method, path) in [
            (Method::GET, "/v1/me"),
            (Method::GET, "/registry/main/v0.1/servers?access_token=a.b.c"),
            (Method::GET, "/registry/none/v0.1/servers/%ff/versions"),
            (Method::GET, "/registry/main/v0.1/servers/a%2Fb/versions/latest"),
            (Method::GET, "/v1/sources"),
            (Method::PUT, "/v1/sources/x"),
            (Method::DELETE, "/v1/registries/main"),
            (Method::GET, "/v1/registries"),
            (Method::POST, "/v1/entries"),
            (Method::PUT, "/v1/entries/server/a%2Fb/claims"),
            (Method::DELETE, "/v1/entries/server/a%2Fb/versions/1"),
        ] {
            let response = rig.request(method, path, &headers, Some("{".to_owned())).await;
            let shown = response.headers()["www-authenticate"].to_str().unwrap().to_owned();
            assert!(shown.starts_with(&challenge), "{path}: {shown}");
            assert_eq!(shown.contains("error="), !headers.is_empty(), "{path}: {shown}");
            let (found, body) = answer(response).await;
            assert_eq!(found, status, "{path}");
            assert_eq!(body == failed, status == 401, "{path}: {body}");
        }
    }
    let journal = rig.control(Method::GET, "journal", None).await.1;
    assert_eq!(journal[0]["endpoint"], "me");
    assert_eq!(journal[0]["rule"], "TOK-BEARER");
    assert_eq!(journal[3]["endpoint"], "version");
}

#[tokio::test]
async fn the_metadata_names_every_issuer_and_health_takes_no_token() {
    let rig = Rig::start();
    let expected = json!({
        "resource": "https://registry.example.com/rs",
        "authorization_servers": [EMPLOYEES, CLOUD_UI],
        "bearer_methods_supported": ["header"],
    });
    // Behind the URL, as RS-401 says, and before its path, as RFC 9728 does.
    for path in [METADATA, "/../.well-known/oauth-protected-resource/rs"] {
        assert_eq!(answer(rig.request(Method::GET, path, &[], None).await).await, (200, expected.clone()));
    }
    assert_eq!(answer(rig.request(Method::GET, "/healthz", &[], None).await).await.0, 200);
}

#[tokio::test]
async fn me_says_who_and_which_roles() {
    let rig = Rig::start();
    for (claims, roles) in [
        (json!({}), json!([])),
        (json!({ "groups": ["registry-admins"] }), json!(["superAdmin"])),
        (json!({ "roles": ["registry-admins"] }), json!([])),
        (json!({ "groups": "registry-admins" }), json!([])),
        (json!({ "groups": ["registry-admins"], "_claim_names": { "groups": "src1" } }), json!([])),
        (json!({ "roles": ["publisher"] }), json!([])),
        (json!({ "roles": ["publisher"], "org": ["acme"] }), json!(["manageEntries"])),
        (
            json!({ "roles": ["source-manager", "registry-manager"], "groups": ["publishers"] }),
            json!(["manageSources", "manageRegistries", "manageEntries"]),
        ),
    ] {
        let token = rig.token(claims.clone()).await;
        let expected = json!({ "subject": "ann", "roles": roles });
        assert_eq!(rig.get(&token, "/v1/me").await, (200, expected), "{claims}");
    }
}

/// `anonymous` is a choice that a caution tells, and in which nothing is asked.
#[tokio::test]
async fn the_mode_without_tokens_asks_nothing() {
    let acme = json!({ "org": "acme" });
    let entries = vec![
        entry("own", acme, server("io.github.acme/weather", "1.0.0")),
        entry("own", json!({}), server("io.github.acme/unlabelled", "1.0.0")),
        entry("local", json!({}), server("github", "1.0.0")),
    ];
    let rig = Rig::of("registry-server-anonymous", entries);
    assert!(rig.cautions().iter().any(|note| note.contains("anonymous")));
    let get = async |path: &str| answer(rig.request(Method::GET, path, &[], None).await).await;
    let (status, page) = get("/registry/default/v0.1/servers").await;
    assert_eq!((status, &page["metadata"]["count"]), (200, &json!(3)));
    // What a client of the platform asks of the `api_url` of its policy.
    let (status, member) = get("/registry/default/v0.1/servers/github/versions/latest").await;
    assert_eq!((status, &member["server"]["name"]), (200, &json!("github")));
    let me = rig.request(Method::GET, "/v1/me", &[], None).await;
    assert_eq!(me.headers()["www-authenticate"], "Bearer", "RFC 9110 §15.5.2");
    assert_eq!(answer(me).await.0, 401);
    assert_eq!(get(METADATA).await.0, 404);
    let publish = json!({ "server": server("io.github.acme/new", "1.0.0") }).to_string();
    let published = rig.request(Method::POST, "/v1/entries", &[], Some(publish)).await;
    assert_eq!(answer(published).await.0, 201);
    assert_eq!(Rig::start().cautions(), [""; 0]);
}

#[test]
fn without_authz_nobody_has_a_role() {
    use touchstone::model::values::registry_server::{Auth, Role};
    let Auth::OAuth(oauth) = values("registry-server-warnings").registry_server.unwrap().auth else {
        panic!("not the mode of the file")
    };
    assert!(Role::ALL.iter().all(|role| oauth.roles.of(*role).is_empty()));
}

#[tokio::test]
async fn a_reset_forgets_tokens_and_entries() {
    let rig = Rig::start();
    let admin = rig.token(json!({ "groups": ["registry-admins"] })).await;
    let before = rig.listed(&admin, "main", "").await;
    assert_eq!(rig.control(Method::PUT, "catalogue", Some(&json!({ "entries": [] }))).await.0, 204);
    assert_eq!(rig.listed(&admin, "main", "").await, [""; 0]);
    assert_eq!(rig.control(Method::POST, "reset", None).await, (204, Value::Null));
    assert_eq!(rig.listed(&admin, "main", "").await, before);
}
