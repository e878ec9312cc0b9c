//! Publishing and labelling: RS-PUBLISH, RS-WRITE, RS-ROLE, and RS-HIDE for administrators.

use reqwest::Method;
use serde_json::{Value, json};

use super::rig::{Rig, server};

const WEATHER: &str = "io.github.acme/weather";

async fn publish(rig: &Rig, token: &str, claims: Value, server: Value) -> u16 {
    let body = json!({ "claims": claims, "server": server });
    rig.send(token, Method::POST, "/v1/entries", Some(&body)).await.0
}

fn at(name: &str, rest: &str) -> String {
    format!("/v1/entries/server/{}/{rest}", name.replace('/', "%2F"))
}

#[tokio::test]
async fn publishing_is_for_the_callers_own_claims() {
    let rig = Rig::start();
    let token =
        rig.token(json!({ "roles": ["publisher"], "org": "acme", "team": ["research", "data"] })).await;
    let new = |version: &str| server("io.github.acme/new", version);
    let acme = json!({ "org": "acme" });
    let both = json!({ "org": "acme", "team": ["research", "data"] });
    for (claims, server, expected) in [
        (json!({}), new("1.0.0"), 400),
        (Value::Null, new("1.0.0"), 400),
        (json!({ "org": "other" }), new("1.0.0"), 403),
        (json!({ "org": ["acme", "other"] }), new("1.0.0"), 403),
        (json!({ "org": "acme", "team": ["research", "finance"] }), new("1.0.0"), 403),
        (json!({ "org": "acme", "level": "7" }), new("1.0.0"), 403),
        (both.clone(), new("1.0.0"), 201),
        (both.clone(), new("1.0.0"), 409),
        (json!({ "team": ["data", "research"], "org": ["acme"] }), new("1.1.0"), 201),
        (acme.clone(), new("1.2.0"), 409),
        (json!({ "org": "acme", "team": "research" }), new("1.2.0"), 409),
        // The name is somebody's, whom the caller does not see.
        (acme.clone(), server("io.github.acme/payroll", "2.0.0"), 409),
        // Another source's name is free in the managed one.
        (acme.clone(), server("io.github.stacklok/toolhive", "5.0.0"), 201),
        (acme.clone(), server("github", "2.0.0"), 400),
    ] {
        assert_eq!(
            publish(&rig, &token, claims.clone(), server.clone()).await,
            expected,
            "{claims} {server}"
        );
    }
    let listed = rig.listed(&token, "main", "?version=latest").await;
    assert!(listed.contains(&"io.github.acme/new@1.1.0".to_owned()), "{listed:?}");
    assert!(listed.contains(&"io.github.stacklok/toolhive@5.0.0".to_owned()), "the first source wins");

    // Even a superAdmin labels what is published; the claims may be anybody's.
    let admin = rig.token(json!({ "groups": ["registry-admins"] })).await;
    assert_eq!(publish(&rig, &admin, json!({}), new("3.0.0")).await, 400);
    assert_eq!(publish(&rig, &admin, json!({ "org": "other" }), server("io.github.other/x", "1")).await, 201);

    // What was published is answered as it was given.
    let whole = json!({
        "$schema": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
        "name": "io.github.acme/whole", "version": "1.0.0", "description": "ü \u{1f980} \"quoted\"",
        "packages": [{ "registryType": "oci", "identifier": "ghcr.io/acme/whole:1.0.0", "transport": { "type": "stdio" } }],
        "remotes": [{ "type": "streamable-http", "url": "https://whole.example.com/mcp" }],
        "_meta": { "io.modelcontextprotocol.registry/publisher-provided": { "acme": [1, 2.5, null] } },
    });
    let body = json!({ "claims": acme, "server": whole });
    assert_eq!(rig.send(&token, Method::POST, "/v1/entries", Some(&body)).await, (201, whole.clone()));
    let one = "/registry/main/v0.1/servers/io.github.acme%2Fwhole/versions/1.0.0";
    assert_eq!(rig.get(&token, one).await.1["server"], whole);
}

#[tokio::test]
async fn the_managed_sources_claims_gate_what_is_published_into_it() {
    let rig = Rig::start();
    let stranger = rig.token(json!({ "groups": ["publishers"], "team": "research" })).await;
    let own = json!({ "team": "research" });
    assert_eq!(publish(&rig, &stranger, own.clone(), server("io.github.x/y", "1")).await, 403);
    let member = rig.token(json!({ "groups": ["publishers"], "team": "research", "org": "acme" })).await;
    assert_eq!(publish(&rig, &member, own, server("io.github.x/y", "1")).await, 201);
}

#[tokio::test]
async fn whoever_reads_does_not_yet_write() {
    let rig = Rig::start();
    let reader = rig.token(json!({ "groups": ["publishers"], "org": "acme", "team": "research" })).await;
    let owner = rig.token(json!({ "groups": ["publishers"], "team": ["research", "data"] })).await;
    let lab = "io.github.acme/lab";
    let claims = json!({ "claims": { "team": ["research", "data"] } });
    assert_eq!(rig.get(&reader, &at(lab, "claims")).await, (200, claims.clone()));
    assert_eq!(rig.get(&owner, &at(lab, "claims")).await, (200, claims));
    let narrower = json!({ "claims": { "team": "research" } });
    assert_eq!(rig.send(&reader, Method::PUT, &at(lab, "claims"), Some(&narrower)).await.0, 403);
    assert_eq!(rig.send(&reader, Method::DELETE, &at(lab, "versions/2.0.0"), None).await.0, 403);
    let wider = json!({ "claims": { "team": ["research", "data", "finance"] } });
    assert_eq!(rig.send(&owner, Method::PUT, &at(lab, "claims"), Some(&wider)).await.0, 403);
    for unlabelled in [json!({}), json!({ "claims": {} }), json!({ "claims": null })] {
        assert_eq!(rig.send(&owner, Method::PUT, &at(lab, "claims"), Some(&unlabelled)).await.0, 400);
    }
    assert_eq!(rig.send(&owner, Method::PUT, &at(lab, "claims"), Some(&narrower)).await, (204, Value::Null));
    assert_eq!(rig.get(&reader, &at(lab, "claims")).await, (200, narrower));
    assert_eq!(rig.send(&reader, Method::DELETE, &at(lab, "versions/2.0.1"), None).await.0, 404);
    assert_eq!(rig.send(&reader, Method::DELETE, &at(lab, "versions/2.0.0"), None).await, (204, Value::Null));
    assert_eq!(rig.get(&owner, &at(lab, "claims")).await.0, 404, "a name goes with its last version");
    // The claims of a name are those of all its versions.
    let admin = rig.token(json!({ "groups": ["registry-admins"] })).await;
    let moved = json!({ "claims": { "org": "partner" } });
    assert_eq!(rig.send(&admin, Method::PUT, &at(WEATHER, "claims"), Some(&moved)).await.0, 204);
    let partner = rig.token(json!({ "org": "partner" })).await;
    assert_eq!(rig.listed(&partner, "main", "?search=weather").await.len(), 3);
}

/// RS-HIDE: an entry that is not visible is not there, whatever is asked of it.
#[tokio::test]
async fn what_is_hidden_is_not_there_for_administrators_either() {
    let rig = Rig::start();
    let token = rig.token(json!({ "groups": ["publishers"], "org": "acme" })).await;
    let admin = rig.token(json!({ "groups": ["registry-admins"] })).await;
    let claims = json!({ "claims": { "org": "acme" } });
    for name in ["io.github.acme/payroll", "io.github.acme/unlabelled", "io.github.acme/absent", "github"] {
        let absent = rig.get(&token, &at("no.such/entry", "claims")).await;
        assert_eq!(rig.get(&token, &at(name, "claims")).await, absent, "{name}");
        assert_eq!(rig.send(&token, Method::PUT, &at(name, "claims"), Some(&claims)).await, absent, "{name}");
        assert_eq!(
            rig.send(&token, Method::DELETE, &at(name, "versions/1.0.0"), None).await,
            absent,
            "{name}"
        );
    }
    assert_eq!(
        rig.get(&admin, &at("io.github.acme/unlabelled", "claims")).await,
        (200, json!({ "claims": {} }))
    );
    for (kind, expected) in
        [("server", 200), ("skill", 404), ("plugin", 404), ("servers", 400), ("Server", 400)]
    {
        let path = format!("/v1/entries/{kind}/io.github.acme%2Fweather/claims");
        assert_eq!(rig.get(&admin, &path).await.0, expected, "{kind}");
    }
}

/// RS-ROLE: without the role 403, whatever else is wrong with the request.
#[tokio::test]
async fn every_administration_asks_for_its_role() {
    let rig = Rig::start();
    let roles = [
        ("superAdmin", json!({ "groups": ["registry-admins"] })),
        ("manageSources", json!({ "roles": ["source-manager"] })),
        ("manageRegistries", json!({ "roles": ["registry-manager"] })),
        ("manageEntries", json!({ "groups": ["publishers"] })),
        ("none", json!({})),
    ];
    let requests = [
        ("manageSources", Method::GET, "/v1/sources"),
        ("manageSources", Method::GET, "/v1/sources/internal"),
        ("manageSources", Method::GET, "/v1/sources/internal/entries"),
        ("manageSources", Method::PUT, "/v1/sources/new"),
        ("manageSources", Method::DELETE, "/v1/sources/new"),
        ("manageRegistries", Method::GET, "/v1/registries/main/entries"),
        ("manageRegistries", Method::PUT, "/v1/registries/new"),
        ("manageRegistries", Method::DELETE, "/v1/registries/new"),
        ("manageEntries", Method::POST, "/v1/entries"),
        ("manageEntries", Method::GET, "/v1/entries/server/io.github.acme%2Fweather/claims"),
        ("manageEntries", Method::PUT, "/v1/entries/server/io.github.acme%2Fweather/claims"),
        ("manageEntries", Method::DELETE, "/v1/entries/server/io.github.acme%2Fweather/versions/7"),
    ];
    for (role, claims) in roles {
        let mut claims = claims;
        claims["org"] = json!("acme");
        let token = rig.token(claims).await;
        for (wanted, method, path) in &requests {
            // The body is wrong, and so a permitted write ends in 400 or 404.
            let (status, body) = rig.send(&token, method.clone(), path, Some(&json!([]))).await;
            let permitted = role == *wanted || role == "superAdmin";
            assert_eq!(status != 403, permitted, "{role}: {method} {path} is {status} {body}");
        }
        assert_eq!(rig.get(&token, "/v1/registries").await.0, 200, "reading registries takes no role");
    }
}
