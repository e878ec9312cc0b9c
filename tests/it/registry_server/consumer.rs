//! What consumers see: RS-READ, RS-UNLABELLED, RS-GATE, RS-HIDE, pages and searches.

use reqwest::Method;
use serde_json::json;

use super::rig::{Rig, answer, entry, server, servers};

#[tokio::test]
async fn everybody_sees_what_their_claims_show() {
    let rig = Rig::start();
    let weather =
        ["io.github.acme/weather@1.0.0", "io.github.acme/weather@1.10.0", "io.github.acme/weather@1.9.0"];
    let toolhive = "io.github.stacklok/toolhive@0.1.0";
    for (claims, expected) in [
        (json!({ "org": "acme" }), [&["github@1.0.0"][..], &weather, &[toolhive]].concat()),
        // What the first source hides from a partner, the second one shows.
        (json!({ "org": "partner" }), vec!["io.github.acme/weather@9.0.0", toolhive]),
        (json!({ "org": ["partner", "else"] }), vec!["io.github.acme/weather@9.0.0", toolhive]),
        (
            json!({ "org": "acme", "team": ["finance"] }),
            [&["github@1.0.0", "io.github.acme/payroll@1.0.0"][..], &weather, &[toolhive]].concat(),
        ),
        // One value of several is enough to read; a claim that is no string or array of strings is none.
        (
            json!({ "org": "partner", "team": "data" }),
            vec!["io.github.acme/lab@2.0.0", "io.github.acme/weather@9.0.0", toolhive],
        ),
        (
            json!({ "org": "partner", "team": { "data": true } }),
            vec!["io.github.acme/weather@9.0.0", toolhive],
        ),
        (
            json!({ "groups": ["registry-admins"] }),
            [
                &["github@1.0.0", "io.github.acme/lab@2.0.0", "io.github.acme/payroll@1.0.0"][..],
                &["io.github.acme/unlabelled@1.0.0"],
                &weather,
                &[toolhive],
            ]
            .concat(),
        ),
    ] {
        let token = rig.token(claims.clone()).await;
        assert_eq!(rig.listed(&token, "main", "").await, expected, "{claims}");
    }
}

#[tokio::test]
async fn a_registrys_claims_are_its_gate() {
    let rig = Rig::start();
    let cases = [
        (json!({ "org": "acme" }), [200, 403, 403]),
        (json!({ "org": "other" }), [403, 403, 403]),
        (json!({ "team": "research" }), [403, 200, 403]),
        (json!({ "org": "acme", "team": ["x", "research"] }), [200, 200, 403]),
        (json!({}), [403, 403, 403]),
        (json!({ "groups": ["registry-admins"] }), [200, 200, 200]),
        // A group is no role and no claim of another name.
        (json!({ "roles": ["registry-admins"], "groups": ["acme", "research"] }), [403, 403, 403]),
    ];
    for (claims, expected) in cases {
        let token = rig.token(claims.clone()).await;
        for (registry, expected) in ["main", "research", "unlabelled"].into_iter().zip(expected) {
            let servers = format!("/registry/{registry}/v0.1/servers");
            assert_eq!(rig.get(&token, &servers).await.0, expected, "{claims} at {registry}");
            let one = rig.get(&token, &format!("{servers}/none.such%2Fserver/versions/latest")).await;
            assert_eq!(one.0, if expected == 200 { 404 } else { expected }, "{claims} at {registry}");
            let all = rig.get(&token, &format!("{servers}/none.such%2Fserver/versions")).await;
            assert_eq!(all.0, one.0);
        }
        assert_eq!(rig.get(&token, "/registry/none/v0.1/servers").await.0, 404, "{claims}");
    }
}

#[tokio::test]
async fn one_server_alone_agrees_with_the_list() {
    let rig = Rig::start();
    let at = |name: &str, rest: &str| {
        format!("/registry/main/v0.1/servers/{}/versions{rest}", name.replace('/', "%2F"))
    };
    let acme = rig.token(json!({ "org": "acme" })).await;
    let partner = rig.token(json!({ "org": "partner" })).await;
    let admin = rig.token(json!({ "groups": ["registry-admins"] })).await;

    let (status, latest) = rig.get(&acme, &at("io.github.acme/weather", "/latest")).await;
    assert_eq!(status, 200);
    assert_eq!(latest, json!({ "server": server("io.github.acme/weather", "1.10.0"), "_meta": {} }));
    let (_, latest) = rig.get(&partner, &at("io.github.acme/weather", "/latest")).await;
    assert_eq!(latest["server"]["version"], "9.0.0");
    let (status, versions) = rig.get(&acme, &at("io.github.acme/weather", "")).await;
    assert_eq!((status, servers(&versions).len()), (200, 3));
    assert_eq!(versions["metadata"], json!({ "count": 3 }));

    for (name, version, acme_sees, partner_sees) in [
        ("io.github.acme/weather", "1.9.0", 200, 404),
        ("io.github.acme/weather", "9.0.0", 404, 200),
        ("io.github.acme/weather", "1.9", 404, 404),
        ("io.github.acme/payroll", "latest", 404, 404),
        ("io.github.acme/unlabelled", "1.0.0", 404, 404),
        ("github", "latest", 200, 404),
        ("GitHub", "latest", 404, 404),
    ] {
        let path = at(name, &format!("/{version}"));
        assert_eq!(rig.get(&acme, &path).await.0, acme_sees, "{name} {version}");
        assert_eq!(rig.get(&partner, &path).await.0, partner_sees, "{name} {version}");
        let there = version != "1.9" && version != "9.0.0" && name != "GitHub";
        assert_eq!(rig.get(&admin, &path).await.0, if there { 200 } else { 404 }, "{name} {version}");
    }
    // What is hidden is answered as what is not there.
    let hidden = rig.get(&acme, &at("io.github.acme/payroll", "/latest")).await;
    let absent = rig.get(&acme, &at("io.github.acme/absent", "/latest")).await;
    assert_eq!(hidden, absent);
    // A slash that is not encoded is another path.
    let plain = rig.get(&acme, "/registry/main/v0.1/servers/io.github.acme/weather/versions/latest").await;
    assert_eq!(plain.0, 404);
}

#[tokio::test]
async fn pages_go_through_everything_once() {
    let entries: Vec<_> = (0..75)
        .map(|number| {
            let claims = json!({ "org": if number % 3 == 0 { "partner" } else { "acme" } });
            let name = format!("io.github.acme/s{:02}", number / 2);
            // Two versions of a name have the same claims.
            let claims = if number % 2 == 0 {
                claims
            } else {
                json!({ "org": if (number - 1) % 3 == 0 { "partner" } else { "acme" } })
            };
            entry("internal", claims, server(&name, &format!("1.0.{}", number % 2)))
        })
        .collect();
    let rig = Rig::of("registry-server", entries);
    let token = rig.token(json!({ "org": "acme" })).await;
    let whole = rig.listed(&token, "main", "?limit=1000").await;
    assert!(whole.len() > 30, "{}", whole.len());
    for limit in ["", "limit=1", "limit=7", "limit=30", "limit=49", "limit=50", "limit=51"] {
        let (mut seen, mut query) = (Vec::new(), format!("?{limit}"));
        loop {
            let (status, page) = rig.get(&token, &format!("/registry/main/v0.1/servers{query}")).await;
            assert_eq!(status, 200);
            let found = servers(&page);
            assert_eq!(page["metadata"]["count"], found.len());
            seen.extend(found);
            let Some(next) = page["metadata"].get("nextCursor") else { break };
            query = format!("?{limit}&cursor={}", next.as_str().unwrap());
        }
        assert_eq!(seen, whole, "{limit}");
    }
    // A cursor of somebody else's page opens nothing.
    let partner = rig.token(json!({ "org": "partner" })).await;
    let (_, page) = rig.get(&partner, "/registry/main/v0.1/servers?limit=3").await;
    let cursor = page["metadata"]["nextCursor"].as_str().unwrap();
    let rest = rig.listed(&token, "main", &format!("?limit=1000&cursor={cursor}")).await;
    assert!(whole.ends_with(&rest) && rest.len() < whole.len());
}

#[tokio::test]
async fn searches_look_at_words_and_no_pattern() {
    let rig = Rig::start();
    let token = rig.token(json!({ "org": "acme" })).await;
    for (query, expected) in [
        ("?search=WEATHER", 3),
        ("?search=toolhive", 1),
        ("?search=in%20its%20version%201.9", 1),
        ("?search=9.0.0", 0),
        ("?search=", 5),
        ("?search=%25", 0),
        ("?search=_", 0),
        ("?search=%27%20OR%201=1%20--", 0),
        ("?search=payroll", 0),
        ("?version=latest", 3),
        ("?version=1.0.0", 2),
        ("?version=latest&search=weather", 1),
        ("?updated_since=2026-06-01T07:59:59Z", 5),
        ("?updated_since=2026-06-01T08:00:00Z", 0),
    ] {
        assert_eq!(rig.listed(&token, "main", query).await.len(), expected, "{query}");
    }
    // The first source's version is the only one of its name, also for a search that only the second one's would meet.
    assert_eq!(rig.listed(&token, "main", "?search=version%209.0.0").await, [""; 0]);
}

#[tokio::test]
async fn an_answer_is_for_its_caller_alone() {
    let rig = Rig::start();
    let bearer = format!("Bearer {}", rig.token(json!({ "org": "acme" })).await);
    for path in ["/registry/main/v0.1/servers", "/v1/me", "/v1/registries"] {
        let response = rig.request(Method::GET, path, &[("authorization", &bearer)], None).await;
        assert_eq!(response.headers()["vary"], "Authorization", "{path}");
        assert_eq!(response.headers()["cache-control"], "private, no-store", "{path}");
        assert_eq!(answer(response).await.0, 200);
    }
}
