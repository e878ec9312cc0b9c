//! Malformed input: refused with a clean status, never a crash and never a 5xx.

use reqwest::{Method, StatusCode, header::CONTENT_TYPE};

use crate::rig::{CLI, Rig, VERIFIER, decode, refused};

#[tokio::test]
async fn malformed_requests_are_refused_cleanly() {
    let rig = Rig::shipped("okta-per-component");
    let base = rig.issuer();
    let long = "x".repeat(30_000);
    let paths = [
        "/v1/authorize".to_owned(),
        "/v1/authorize?client_id=%ff%00&redirect_uri=%zz".to_owned(),
        format!("/v1/authorize?client_id={CLI}&client_id={CLI}"),
        format!("/v1/authorize?client_id={CLI}&redirect_uri=http://127.0.0.1/callback%0d%0aX:%20y"),
        format!("/v1/authorize?client_id={CLI}&redirect_uri=http://127.0.0.1/callback&scope={long}"),
        format!(
            "/v1/authorize?client_id={CLI}&redirect_uri=http://127.0.0.1/callback&response_type=code&state=%0d%0a"
        ),
        "/v1/keys/../../x".to_owned(),
        "/v1/%00".to_owned(),
    ];
    for path in paths {
        let status = rig.get(&format!("{base}{path}")).await.status();
        assert!(status.as_u16() < 500, "{path}: {status}");
    }
    let bodies: [&[u8]; 7] = [
        b"",
        b"&&&===",
        b"grant_type",
        b"\xff\xfe",
        b"{\"grant_type\":1}",
        b"grant_type=a&grant_type=b",
        b"%",
    ];
    for body in bodies {
        for kind in ["application/x-www-form-urlencoded", "application/json", "x"] {
            for path in [
                "/v1/token",
                "/v1/introspect",
                "/v1/revoke",
                "/v1/userinfo",
                "/v1/logout",
                "/v1/authorize",
                "/v1/device/authorize",
            ] {
                let request = rig.http.post(format!("{base}{path}")).header(CONTENT_TYPE, kind).body(body);
                let status = request.send().await.unwrap().status();
                assert!(status.as_u16() < 500, "{path} {body:?}: {status}");
            }
        }
    }
    let login = rig.http.post("https://acme.okta.com/login/signin").body("x").send().await.unwrap();
    assert_eq!(login.status(), StatusCode::BAD_REQUEST);
    for query in ["user_code=%00", "user_code=%ff&user_code=", "user_code=-"] {
        let page = rig.get(&format!("https://acme.okta.com/activate?{query}")).await;
        assert_eq!(page.status(), StatusCode::BAD_REQUEST, "{query}");
    }
}

#[tokio::test]
async fn credentials_that_make_no_sense_are_refused() {
    let rig = Rig::shipped("okta-per-component");
    let token = rig.endpoint(rig.issuer(), "token_endpoint").await;
    for credentials in
        ["Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Bearer x", "Basic /////w==", "basic Og=="]
    {
        let request = rig.http.post(&token).header("authorization", credentials);
        let response = request.form(&[("grant_type", "client_credentials")]).send().await.unwrap();
        assert!(response.headers().contains_key("www-authenticate"), "{credentials}");
        assert_eq!(refused(response).await, (401, "invalid_client".to_owned()), "{credentials}");
    }
}

#[tokio::test]
async fn every_method_is_answered() {
    let rig = Rig::shipped("generic");
    let paths = [
        "/",
        "/healthz",
        "/keys",
        "/token",
        "/authorize",
        "/login",
        "/introspect",
        "/revoke",
        "/userinfo",
        "/logout",
        "/device",
        "/device_authorization",
        "/nowhere",
    ];
    for path in paths {
        for method in [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS]
        {
            let request = rig.http.request(method.clone(), format!("{}{path}", rig.issuer()));
            let status = request.send().await.unwrap().status();
            assert!(status.as_u16() < 500, "{method} {path}: {status}");
        }
    }
}

/// A document of the provider by another name of this machine.
async fn by_name(rig: &Rig, path: &str) -> serde_json::Value {
    let url = format!("https://localhost:{}{path}", rig.address.port());
    let response = rig.http.get(url).header("x-forwarded-host", "evil.example").send().await.unwrap();
    response.json().await.unwrap()
}

#[tokio::test]
async fn the_issuer_is_pinned_whatever_the_host() {
    let rig = Rig::shipped("okta-per-component");
    let path = "/oauth2/aus1em/.well-known/openid-configuration";
    let other = by_name(&rig, path).await;
    assert_eq!(other["issuer"], "https://acme.okta.com/oauth2/aus1em");
    assert_eq!(other, rig.json(&format!("https://acme.okta.com{path}")).await);
    let (_, journal) = rig.control(Method::GET, "journal", None).await;
    let host = format!("localhost:{}", rig.address.port());
    assert_eq!([&journal[0]["host"], &journal[1]["host"]], [&host, "acme.okta.com"]);
}

#[tokio::test]
async fn an_issuer_follows_the_host_where_the_tenant_says_so() {
    let dynamic =
        Rig::changed("okta-per-component", "    id: aus1em\n", "    id: aus1em\n    issuer_mode: DYNAMIC\n");
    let generic = Rig::changed(
        "generic",
        "signing_algorithm: RS256",
        "signing_algorithm: RS256\nhostname_from_request: Yes",
    );
    for (rig, path, client) in [(&dynamic, "/oauth2/aus1em", CLI), (&generic, "", "stacklok-cli")] {
        let origin = format!("https://localhost:{}", rig.address.port());
        let document = by_name(rig, &format!("{path}/.well-known/openid-configuration")).await;
        assert_eq!(document["issuer"], format!("{origin}{path}"));
        assert!(document["token_endpoint"].as_str().unwrap().starts_with(&origin));
        let named = rig.json(&format!("{}/.well-known/openid-configuration", rig.issuer())).await;
        assert_eq!(named["issuer"], rig.issuer());
        let issuer = format!("{origin}{path}");
        let returned = rig.sign_in(&issuer, client, "openid", &[]).await;
        assert!(returned.get("iss").is_none_or(|iss| *iss == issuer), "{returned:?}");
        let response = rig.redeem(&issuer, client, &returned["code"], VERIFIER).await;
        let tokens: serde_json::Value = response.json().await.unwrap();
        assert_eq!(decode(tokens["id_token"].as_str().unwrap())["claims"]["iss"], issuer);
    }
}

#[tokio::test]
async fn the_index_shows_what_to_try() {
    let rig = Rig::shipped("okta-per-component");
    let html = rig.get("https://acme.okta.com/").await.text().await.unwrap();
    for shown in
        ["https://acme.okta.com/oauth2/aus1ui", "ann@acme.test", "curl --cacert", "toolhive:config:read"]
    {
        assert!(html.contains(shown), "{shown}");
    }
}

#[tokio::test]
async fn a_moved_tenant_names_no_endpoint_of_the_vendors() {
    for (name, _) in mock_idp::tenants::SHIPPED {
        let rig = Rig::moved(name, "https://idp.test");
        for issuer in &rig.issuers {
            assert!(issuer.starts_with("https://idp.test"), "{name}: {issuer}");
            // Those of no tenant: their documents are not below their issuer.
            if issuer.contains('{') {
                continue;
            }
            let metadata = rig.json(&crate::rig::document(issuer)).await;
            for (member, value) in metadata.as_object().unwrap() {
                let is_address = ["_endpoint", "_uri", "_iframe"].iter().any(|end| member.ends_with(end));
                let Some(value) = value.as_str().filter(|_| is_address) else { continue };
                // Microsoft Graph is another service.
                let is_here = value.starts_with("https://idp.test/") || value.starts_with("https://graph.");
                assert!(is_here, "{name} {issuer} {member}: {value}");
            }
        }
    }
}

#[tokio::test]
async fn auth0s_own_audiences_move_with_it() {
    let rig = Rig::moved("auth0", "https://idp.test");
    let tokens = rig.tokens(rig.issuer(), "stacklok-cli", "openid", &[]).await;
    assert_eq!(decode(tokens.access())["claims"]["aud"][1], "https://idp.test/userinfo");
}
