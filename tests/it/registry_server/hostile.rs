//! Hostile requests: of every wrong shape, a documented 4xx and never a 5xx, and nothing changes.

use reqwest::Method;
use serde_json::{Value, json};

use super::rig::{Rig, answer, server};

/// The statuses that the API documents for a request that cannot be had.
const DOCUMENTED: [u16; 7] = [400, 403, 404, 405, 409, 413, 414];

const ADMIN: &str = "registry-admins";

#[tokio::test]
async fn bodies_of_every_wrong_shape() {
    let rig = Rig::start();
    let bearer = format!("Bearer {}", rig.token(json!({ "groups": [ADMIN] })).await);
    let before = rig.control(Method::GET, "catalogue", None).await.1;
    let acme = json!({ "org": "acme" });
    let good = server("io.github.acme/x", "1.0.0");
    let with = |claims: Value| json!({ "claims": claims, "server": good }).to_string();
    let of = |server: Value| json!({ "claims": acme, "server": server }).to_string();
    let deep = format!("{{\"claims\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let mut bodies = vec![
        String::new(),
        "{".into(),
        "null".into(),
        "7".into(),
        "[]".into(),
        "\u{feff}{}".into(),
        "{}".into(),
        "{} {}".into(),
        deep,
        with(json!("acme")),
        with(json!([])),
        with(json!({ "org": 7 })),
        with(json!({ "org": [] })),
        with(json!({ "org": [""] })),
        with(json!({ "org": [["acme"]] })),
        with(json!({ "org": { "$ne": null } })),
        with(json!({ "org": null })),
        json!({ "claims": acme, "server": good, "skill": {} }).to_string(),
        json!({ "claims": acme, "skill": { "name": "x" } }).to_string(),
        json!({ "claims": acme, "server": good, "claim": acme }).to_string(),
        of(json!("io.github.acme/x")),
        of(json!([good])),
        of(json!({ "name": "io.github.acme/x" })),
        of(json!({ "name": ["io.github.acme/x"], "version": "1.0.0" })),
        of(server("io.github.acme/x", "latest")),
        of(server("io.github.acme/x", "")),
        of(server("io.github.acme/x", &"1".repeat(300))),
        of(server("io.github.acme/x\u{0}", "1.0.0")),
        of(server("io.github.acme/x y", "1.0.0")),
        of(server("'; DROP TABLE entry; --/x", "1.0.0")),
        of(server("../../etc/passwd", "1.0.0")),
        of(server("éxample.test/x", "1.0.0")),
        of(server(&format!("a/{}", "b".repeat(1_000)), "1.0.0")),
        of(json!({ "name": "io.github.acme/x", "version": "1.0.0", "packages": "none" })),
        format!("{{\"claims\":{acme},\"claims\":{acme},\"server\":{good}}}"),
        format!("{{\"claims\":{{\"org\":\"acme\",\"org\":\"other\"}},\"server\":{good}}}"),
        of(server("io.github.acme/x", &"1".repeat(300_000))),
        " ".repeat(1 << 20),
    ];
    bodies.push(bodies.iter().map(String::as_str).collect());
    for body in bodies {
        for (method, path) in [
            (Method::POST, "/v1/entries"),
            (Method::PUT, "/v1/entries/server/io.github.acme%2Fweather/claims"),
            (Method::PUT, "/v1/sources/new"),
            (Method::PUT, "/v1/registries/new"),
        ] {
            let shown: String = body.chars().take(80).collect();
            let response = rig.request(method, path, &[("authorization", &bearer)], Some(body.clone())).await;
            let (status, answer) = answer(response).await;
            let expected = if body.len() > 256 << 10 { 413 } else { 400 };
            assert_eq!(status, expected, "{path} {shown}: {answer}");
        }
    }
    assert_eq!(rig.control(Method::GET, "catalogue", None).await.1, before);
}

#[tokio::test]
async fn names_and_queries_of_every_wrong_shape() {
    let rig = Rig::start();
    let admin = rig.token(json!({ "groups": [ADMIN] })).await;
    let long = "a".repeat(60_000);
    let names = [
        "%ff",
        "%00",
        "%20",
        "a%20b",
        "%0d%0aSet-Cookie:x",
        "..%2F..%2Fetc%2Fpasswd",
        "%2F",
        "%2e%2e",
        "'%20OR%20'1'='1",
        "%27;DROP%20TABLE%20entry;--",
        "%25",
        "_",
        "io.github.acme%252Fweather",
        "IO.GITHUB.ACME%2Fweather",
        "io.github.acme%2Fweather%00",
        "%F0%9F%A6%80",
        "e%CC%81",
        "*",
        "null",
        &long,
    ];
    for name in names {
        for path in [
            format!("/registry/{name}/v0.1/servers"),
            format!("/registry/main/v0.1/servers/{name}/versions"),
            format!("/registry/main/v0.1/servers/{name}/versions/latest"),
            format!("/registry/main/v0.1/servers/io.github.acme%2Fweather/versions/{name}"),
            format!("/v1/sources/{name}"),
            format!("/v1/registries/{name}"),
            format!("/v1/registries/{name}/entries"),
            format!("/v1/entries/{name}/x/claims"),
            format!("/v1/entries/server/{name}/claims"),
        ] {
            let (status, body) = rig.get(&admin, &path).await;
            let shown: String = path.chars().take(100).collect();
            // Dots are resolved by the client, to other paths.
            assert!([400, 404, 405].contains(&status), "{shown}: {status} {body}");
        }
        let path = format!("/v1/entries/server/io.github.acme%2Fweather/versions/{name}");
        let (status, _) = rig.send(&admin, Method::DELETE, &path, None).await;
        assert!([400, 404].contains(&status), "{name}: {status}");
    }
    let everything = rig.listed(&admin, "main", "?limit=1000").await;
    for (query, expected) in [
        ("limit=0", 400),
        ("limit=-1", 400),
        ("limit=1000000000", 200),
        ("limit=99999999999999999999999", 400),
        ("limit=1e3", 400),
        ("limit=%20", 400),
        ("limit=1&limit=1000", 400),
        ("cursor=garbage", 400),
        ("cursor=%00", 400),
        ("cursor=WyJhIl0", 400),
        ("cursor=bnVsbA", 400),
        ("cursor=Wy4uLg==", 400),
        ("updated_since=yesterday", 400),
        ("updated_since=2026-13-01T00:00:00Z", 400),
        ("search=%ff", 200),
        ("search=%00", 200),
        ("search='", 200),
        ("version=%00", 200),
        ("unknown=1&unknown=2", 200),
        ("&&&=&%", 200),
    ] {
        let path = format!("/registry/main/v0.1/servers?{query}");
        let (status, body) = rig.get(&admin, &path).await;
        assert_eq!(status, expected, "{query}: {body}");
    }
    let cursor = format!("?cursor={}", "A".repeat(50_000));
    assert_eq!(rig.get(&admin, &format!("/registry/main/v0.1/servers{cursor}")).await.0, 400);
    assert_eq!(rig.listed(&admin, "main", "?limit=1000000000").await, everything, "nothing was dropped");
}

#[tokio::test]
async fn methods_and_paths_that_are_not_there() {
    let rig = Rig::start();
    let admin = rig.token(json!({ "groups": [ADMIN] })).await;
    for (method, path) in [
        (Method::POST, "/v1/me"),
        (Method::DELETE, "/registry/main/v0.1/servers"),
        (Method::PUT, "/v1/entries"),
        (Method::GET, "/v1/entries"),
        (Method::PATCH, "/v1/sources/internal"),
        (Method::GET, "/v1"),
        (Method::GET, "/v1/me/"),
        (Method::GET, "/registry/main/v0/servers"),
        (Method::GET, "/registry//v0.1/servers"),
        (Method::GET, "/registry/main/v0.1/servers/"),
        (Method::GET, "/registry/main/v0.1/servers/io.github.acme%2Fweather"),
    ] {
        let (status, _) = rig.send(&admin, method.clone(), path, None).await;
        assert!(DOCUMENTED.contains(&status), "{method} {path}: {status}");
    }
}
