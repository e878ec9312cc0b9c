//! What a person sees: the catalogue and its search, who they are, what the policy and the Registry Server allow, and
//! what the pages say where one of the two does not answer.

use serde_json::{Value, json};
use touchstone::net::Outage;

use super::{Rig, browser::Browser};

#[tokio::test]
async fn the_start_is_a_page_and_no_redirect() {
    let rig = Rig::start();
    let mut browser = Browser::new(&rig);
    let start = browser.get("/").await;
    start.says(200, &["Sign in", "https://acme.okta.com/oauth2/aus1ui", "never sees your password"]);
    for url in ["/servers", "/servers/x?registry=default", "/me", "/assistant", "/administration/sources"] {
        let away = browser.get(url).await;
        assert_eq!((away.status, away.header("location")), (303, "/"), "{url}");
    }
    assert!(rig.registry().asked.is_empty());
    assert!(rig.asked_idp("authorize").await.is_empty());
    let lost = browser.send(reqwest::Method::GET, "/nowhere", &[("accept", "text/html")], None).await;
    lost.says(404, &["There is no such page"]);
    let lost = browser.get("/nowhere").await;
    assert_eq!(serde_json::from_str::<Value>(&lost.body).unwrap()["error"], "not_found");
}

#[tokio::test]
async fn every_page_forbids_scripts_frames_and_strangers() {
    let rig = Rig::start();
    let mut browser = Browser::signed_in(&rig).await;
    for (url, status) in [
        ("/servers", 200),
        ("/me", 200),
        ("/assistant", 200),
        ("/signed-out", 200),
        ("/api/auth/oauth2/callback/okta", 400),
        ("/administration/sources", 403),
    ] {
        let page = browser.get(url).await;
        assert_eq!(page.status, status, "{url}");
        let policy = page.header("content-security-policy");
        for directive in [
            "default-src 'none'",
            "style-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(directive), "{url}: {policy}");
        }
        assert!(!policy.contains("script") && !policy.contains("unsafe"), "{policy}");
        for (header, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("content-type", "text/html; charset=utf-8"),
        ] {
            assert_eq!(page.header(header), value, "{url}");
        }
        for outside in ["<script", " style=", " onclick", "src=\"http", "@import"] {
            page.says_not(outside);
        }
    }
    for (url, media_type) in [("/style.css", "text/css; charset=utf-8"), ("/icon.svg", "image/svg+xml")] {
        let asset = Browser::new(&rig).get(url).await;
        assert_eq!((asset.status, asset.header("content-type")), (200, media_type));
    }
}

#[tokio::test]
async fn the_catalogue_is_the_registrys_answer_to_the_persons_own_token() {
    let rig = Rig::start();
    let mut browser = Browser::signed_in(&rig).await;
    browser
        .get("/servers")
        .await
        .says(200, &["GitHub", "Issues, pull requests", "Fetch", "1.4.0", "remote", "oci"]);
    let asked = rig.registry().asked.clone();
    let bearer = asked.last().unwrap().1.clone();
    assert!(asked.iter().all(|(_, authorization)| *authorization == bearer), "{asked:?}");
    let me = browser.send(reqwest::Method::GET, "/api/me", &[("authorization", &bearer)], None).await;
    assert_eq!(me.status, 200, "it is a token for the UI");
    let found = browser.get("/servers?search=fet&registry=default").await;
    found.says(200, &["Fetch", "Servers that mention “fet”"]);
    found.says_not("GitHub");
    browser.get("/servers?search=%3Cb%3Enone").await.says(200, &["Nothing found", "“<b>none”"]);
    let server = browser.get("/servers/io.github.example%2Fgithub?registry=default").await;
    server.says(
        200,
        &[
            "GitHub",
            "io.github.example/github",
            "ghcr.io/example/GitHub:1.4.0",
            "https://mcp.example.com/github",
        ],
    );
    assert!(
        server.body.contains("href=\"https://github.com/example/servers\" rel=\"noreferrer\""),
        "{}",
        server.body
    );
    browser.get("/servers/absent?registry=default").await.says(404, &["does not have this, or not for you"]);
    for hostile in ["/servers/..%2F..%2Fv1%2Fme?registry=default", "/servers/x?registry=..", "/servers/x"] {
        browser.get(hostile).await.says(404, &["This server cannot be shown"]);
    }
    let paths: Vec<_> = rig.registry().asked.iter().map(|(path, _)| path.clone()).collect();
    assert!(
        paths.iter().all(|path| path.starts_with("/v1/me?")
            || path.starts_with("/v1/registries?")
            || path.starts_with("/registry/default/v0.1/servers")),
        "{paths:?}"
    );
}

#[tokio::test]
async fn pages_and_registries() {
    let rig = Rig::start();
    {
        let mut registry = rig.registry();
        registry.registries = vec!["team-a", "default"];
        let server = |n: usize| json!({ "name": format!("io.example/server-{n:02}"), "version": "1.0.0", "description": "d" });
        registry.servers = (0..50).map(server).collect();
    }
    let mut browser = Browser::signed_in(&rig).await;
    let first = browser.get("/servers").await;
    first.says(200, &["team-a", "io.example/server-00", "io.example/server-23", "Next page"]);
    first.says_not("server-24");
    first.says_not("First page");
    assert!(first.body.contains("href=\"/servers?registry=default&#38;cursor=24\""), "{}", first.body);
    let last = browser.get("/servers?registry=team-a&search=server&cursor=48").await;
    last.says(200, &["server-48", "server-49", "First page"]);
    last.says_not("Next page");
    assert!(rig.registry().asked.last().unwrap().0.starts_with("/registry/team-a/v0.1/servers?"));
    rig.registry().servers.clear();
    browser.get("/servers").await.says(200, &["No servers", "depends on your groups and roles"]);
    rig.registry().registries.clear();
    browser.get("/servers").await.says(200, &["No servers", "depends on your groups and roles"]);
}

#[tokio::test]
async fn hostile_entries_stay_text() {
    let rig = Rig::start();
    rig.registry().servers = vec![json!({
        "name": "x\"><script>alert(1)</script>", "title": "<img src=x onerror=alert(1)>", "version": "'\"><b>",
        "description": "{{ 7 * 7 }} </p><script>", "repository": { "url": "javascript:alert(1)" },
        "websiteUrl": "http://plain.example.com", "remotes": [{ "type": "sse", "url": "javascript:alert(2)" }],
    })];
    let mut browser = Browser::signed_in(&rig).await;
    let list = browser.get("/servers").await;
    let name = "x%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    let detail = browser.get(&format!("/servers/{name}?registry=default")).await;
    for page in [list, detail] {
        for markup in ["<script", "<img src=x", "<b>", "href=\"javascript", "href=\"http://plain"] {
            page.says_not(markup);
        }
        page.says(200, &["<img src=x onerror=alert(1)>"]);
    }
}

#[tokio::test]
async fn who_am_i_shows_claims_and_never_the_token() {
    let rig = Rig::start();
    rig.registry().roles = vec!["manageSources"];
    let mut browser = Browser::signed_in(&rig).await;
    let page = browser.get("/me").await;
    page.says(
        200,
        &[
            "Ann Archer",
            "ann@acme.test",
            "mcp-admin engineering",
            "admin",
            "1 June 2026, 09:00 UTC, in 60 minutes",
            "manageSources",
        ],
    );
    page.says_not("eyJ");
    for (claims, words) in [
        (json!({ "groups": "mcp-admin" }), "what the token has here is no list"),
        (json!({ "groups": [] }), "Groups none"),
        (json!({ "groups": null, "_claim_names": { "groups": "src1" } }), "too many for a token"),
    ] {
        rig.fault(&json!({ "kind": "access_token", "claims": claims })).await;
        rig.fault(&json!({ "kind": "id_token", "without": ["at_hash"] })).await;
        let mut browser = Browser::signed_in(&rig).await;
        browser.get("/me").await.says(200, &[words]);
        rig.heal().await;
    }
}

#[tokio::test]
async fn roles_decide_what_is_offered_and_the_registry_what_is_allowed() {
    let rig = Rig::start();
    let mut browser = Browser::signed_in(&rig).await;
    let offers =
        |roles: &'static [&'static str], sources: bool, registries: bool| (roles, sources, registries);
    for (roles, sources, registries) in [
        offers(&[], false, false),
        offers(&["manageSources"], true, false),
        offers(&["manageRegistries"], false, true),
        offers(&["manageEntries"], false, false),
        offers(&["superAdmin"], true, true),
    ] {
        rig.registry().roles = roles.to_vec();
        let page = browser.get("/servers").await;
        assert_eq!(page.body.contains("/administration/sources"), sources, "{roles:?}");
        assert_eq!(page.body.contains("/administration/registries"), registries, "{roles:?}");
    }
    rig.registry().roles = vec!["manageSources"];
    browser.get("/administration/sources").await.says(200, &["Sources", "toolhive", "git"]);
    let claims = "groups: engineering; roles: admin, reviewer";
    browser
        .get("/administration/registries")
        .await
        .says(200, &["Registries", "default", claims, "31 May 2026, 22:15 UTC"]);
    // Who goes there without a link is told what the Registry Server says.
    rig.registry().roles.clear();
    let refused = browser.get("/administration/sources").await;
    refused.says(403, &["This cannot be shown", "does not allow you this. (manageSources is missing)"]);
    let lost =
        browser.send(reqwest::Method::GET, "/administration/nothing", &[("accept", "text/html")], None).await;
    assert_eq!(lost.status, 404);
}

#[tokio::test]
async fn a_registry_that_refuses_or_fails_is_told_plainly() {
    let rig = Rig::start();
    let mut browser = Browser::signed_in(&rig).await;
    for (status, body, shown, words) in [
        (
            401,
            json!({ "error": "token validation failed" }),
            403,
            "does not accept your sign-in. (token validation failed)",
        ),
        (403, json!({ "error": "<b>no</b>" }), 403, "does not allow you this. (<b>no</b>)"),
        (500, json!({}), 502, "The Registry Server answered 500."),
        (302, json!({}), 502, "The Registry Server answered 302."),
        (200, json!({ "servers": "none" }), 502, "answer cannot be read"),
        (200, json!([]), 502, "answer cannot be read"),
    ] {
        rig.registry().fails = Some((status, body));
        let page = browser.get("/servers").await;
        page.says(shown, &["The catalogue cannot be shown", words]);
        page.says_not("/administration/");
        browser.get("/me").await.says(200, &["Ann Archer"]);
    }
    rig.registry().fails = None;
    browser.get("/servers").await.says(200, &["GitHub"]);
}

#[tokio::test]
async fn without_a_registry_or_https_nothing_is_sent() {
    for (address, words) in [
        ("", "No Registry Server is configured."),
        ("  apiBaseUrl: 'http://registry.example.com'\n", "is not https, so your token is not sent there"),
        ("  apiBaseUrl: 'https://elsewhere.example.com'\n", "The Registry Server cannot be reached."),
    ] {
        let rig = Rig::with("okta-per-component", |values| {
            values.replace("  apiBaseUrl: 'https://registry.example.com'\n", address)
        });
        let mut browser = Browser::new(&rig);
        let landed = browser.sign_in("ann@acme.test", "ann-mock-password").await;
        landed.says(502, &["The catalogue cannot be shown", words]);
        assert!(rig.registry().asked.is_empty());
    }
}

#[tokio::test]
async fn the_policy_shows_the_assistant_and_says_where_the_registry_is() {
    let rig = Rig::with("okta-per-component", |values| {
        let values = values.replace(
            "apiBaseUrl: 'https://registry.example.com'",
            "apiBaseUrl: 'https://elsewhere.example.com'",
        );
        values.replace(
            "        api_url: 'https://registry.example.com'\n",
            "        api_url: 'https://registry.example.com'\n        server_api_url: 'https://registry.example.com/below'\n",
        )
    });
    let mut browser = Browser::new(&rig);
    let landed = browser.sign_in("ann@acme.test", "ann-mock-password").await;
    assert!(landed.body.contains("href=\"/assistant\""), "{}", landed.body);
    let asked = rig.registry().asked.clone();
    assert!(!asked.is_empty() && asked.iter().all(|(path, _)| path.starts_with("/below/")), "{asked:?}");
    browser.get("/assistant").await.says(200, &["there is no assistant behind this page"]);
    let machine = rig.asked_idp("token").await;
    let machine: Vec<_> =
        machine.iter().filter(|asked| asked["grant_type"] == "client_credentials").collect();
    assert_eq!(machine.len(), 1, "the policy is kept for its refresh interval");
    assert_eq!(machine[0]["scopes"], json!(["toolhive:config:read"]));
    assert_eq!(machine[0]["issuer"], "https://acme.okta.com/oauth2/aus1em");

    for off in ["{ value: false, enforcement: 'enforced' }", "{ value: false, enforcement: 'default' }"] {
        let rig = Rig::with("okta-per-component", |values| {
            values
                .replace("assistant: { value: true, enforcement: 'enforced' }", &format!("assistant: {off}"))
        });
        let mut browser = Browser::signed_in(&rig).await;
        browser.get("/servers").await.says_not("/assistant");
        browser.get("/assistant").await.says(404, &["The assistant is off"]);
    }
}

#[tokio::test]
async fn without_the_manager_nothing_opens_and_the_page_says_so() {
    let rig =
        Rig::with("okta-per-component", |values| values.replace("envelopeTTL: '24h'", "envelopeTTL: '30m'"));
    rig.manager.set(Outage::Refused, None);
    let mut browser = Browser::new(&rig);
    let landed = browser.sign_in("ann@acme.test", "ann-mock-password").await;
    landed.says(
        502,
        &["The Enterprise Manager’s policy could not be read", "not known which Registry Server holds"],
    );
    landed.says_not("/assistant");
    assert!(rig.registry().asked.is_empty());
    browser.get("/assistant").await.says(404, &["The assistant is off"]);
    rig.manager.clear();
    browser.get("/servers").await.says(200, &["GitHub", "Assistant"]);
    // The last policy serves until its own end, and no longer.
    rig.manager.set(Outage::Refused, None);
    rig.advance(299);
    browser.get("/servers").await.says_not("could not be read");
    rig.advance(1);
    let page = browser.get("/servers").await;
    page.says(
        200,
        &["policy could not be read", "The last one is used until it ends.", "GitHub", "Assistant"],
    );
    rig.advance(1_500);
    let page = browser.get("/servers").await;
    page.says(502, &["policy could not be read", "not known which Registry Server holds"]);
    page.says_not("/assistant");
    rig.manager.clear();
    browser.get("/servers").await.says(200, &["GitHub", "Assistant"]);
}

#[tokio::test]
async fn an_envelope_that_does_not_verify_is_no_policy() {
    let rig = Rig::start();
    for (fault, words) in [
        (json!({ "sign": "unpublished" }), "signature does not verify"),
        (json!({ "sign": "corrupted" }), "signature does not verify"),
        (json!({ "sign": "embedded-jwk" }), "signature does not verify"),
        (json!({ "sign": "none" }), "is signed in another way"),
        (json!({ "header": { "typ": "JWT" } }), "is signed in another way"),
        (json!({ "header": { "crit": ["x"] } }), "is signed in another way"),
        (json!({ "without_header": ["kid"] }), "names no key"),
        (json!({ "header": { "kid": "another" } }), "key is not the Manager’s"),
        (json!({ "payload": { "iss": "https://evil.test" } }), "is another Manager’s"),
        (json!({ "payload": { "not_after": "2026-06-01T08:00:00Z" } }), "has ended"),
        (json!({ "payload": { "issued_at": "2026-06-01T09:00:00Z" } }), "is of the future"),
        (json!({ "payload": { "refresh_interval": "0s" } }), "has no refresh interval"),
        (json!({ "without": ["config"] }), "is of another form"),
    ] {
        let mut order = fault.clone();
        order["kind"] = json!("envelope");
        rig.control("manager", "POST", "faults", &order).await;
        let mut browser = Browser::new(&rig);
        let landed = browser.sign_in("ann@acme.test", "ann-mock-password").await;
        landed.says(502, &["policy could not be read", words, "not known which Registry Server holds"]);
        landed.says_not("/assistant");
        rig.control("manager", "DELETE", "faults", &Value::Null).await;
    }
    assert!(rig.registry().asked.is_empty());
    Browser::signed_in(&rig).await;
}

#[tokio::test]
async fn a_manager_that_points_elsewhere_gets_no_secret_and_no_token() {
    let rig = Rig::start();
    for (pointer, value, words) in [
        ("/config_endpoint", "https://evil.test/config", "names a place on another origin"),
        ("/jwks_uri", "https://evil.test/jwks", "names a place on another origin"),
        ("/config_endpoint", "http://config.example.com/config", "names a place on another origin"),
        ("/oidc/issuer", "https://evil.test", "to which this application does not show its secret"),
    ] {
        let fault = json!({ "kind": "document", "endpoint": "discovery", "set": { pointer: value } });
        rig.control("manager", "POST", "faults", &fault).await;
        let mut browser = Browser::new(&rig);
        browser.sign_in("ann@acme.test", "ann-mock-password").await.says(502, &[words]);
        rig.control("manager", "DELETE", "faults", &Value::Null).await;
    }
    let machine = rig.asked_idp("token").await;
    assert!(machine.iter().all(|asked| asked["grant_type"] == "authorization_code"), "{machine:?}");
}

#[tokio::test]
async fn who_gets_no_token_for_the_manager_has_no_policy() {
    let rig = Rig::start();
    let machine = json!({ "/grant_type": "client_credentials" });
    for (fault, words) in [
        (
            json!({ "kind": "status", "endpoint": "token", "status": 400, "body": "{\"error\":\"unauthorized_client\"}" }),
            "gives this application no token for it: the authorization server refused: unauthorized_client",
        ),
        (json!({ "kind": "access_token", "claims": { "scp": ["other"] } }), "answered 401"),
        (json!({ "kind": "access_token", "claims": { "aud": "cloud-ui" } }), "answered 401"),
    ] {
        let mut order = fault.clone();
        order["matching"] = machine.clone();
        rig.fault(&order).await;
        let mut browser = Browser::new(&rig);
        let landed = browser.sign_in("ann@acme.test", "ann-mock-password").await;
        landed.says(502, &["policy could not be read", words]);
        landed.says_not("/assistant");
        rig.heal().await;
    }
    Browser::signed_in(&rig).await;
}
