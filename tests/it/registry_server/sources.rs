//! Sources and registries over the API.

use reqwest::Method;
use serde_json::{Value, json};

use super::rig::{Rig, server};

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn sources_are_seen_by_their_claims_and_made_with_the_callers() {
    let rig = Rig::start();
    let token = rig.token(json!({ "roles": ["source-manager"], "org": "acme" })).await;
    let admin = rig.token(json!({ "groups": ["registry-admins"] })).await;
    let (_, all) = rig.get(&admin, "/v1/sources").await;
    assert_eq!(names(&all["sources"]), ["catalog", "cluster", "internal"]);
    let (_, seen) = rig.get(&token, "/v1/sources").await;
    assert_eq!(names(&seen["sources"]), ["catalog", "internal"]);
    assert_eq!(rig.get(&token, "/v1/sources/cluster").await, rig.get(&token, "/v1/sources/absent").await);
    let catalog = json!({
        "name": "catalog", "type": "REMOTE", "creationType": "CONFIG", "sourceType": "git",
        "sourceConfig": {
            "repository": "https://github.com/stacklok/toolhive-catalog.git", "branch": "main",
            "path": "pkg/catalog/toolhive/data/registry-upstream.json",
        },
        "syncSchedule": "30m", "claims": { "org": ["acme", "partner"] },
        "createdAt": "2026-06-01T08:00:00Z", "updatedAt": "2026-06-01T08:00:00Z",
    });
    assert_eq!(rig.get(&token, "/v1/sources/catalog").await, (200, catalog));
    let (_, entries) = rig.get(&token, "/v1/sources/internal/entries").await;
    assert_eq!(names(&entries["entries"]), ["io.github.acme/weather"]);
    let versions = entries["entries"][0]["versions"].as_array().unwrap();
    let versions: Vec<_> = versions.iter().map(|version| version["version"].as_str().unwrap()).collect();
    assert_eq!(versions, ["1.0.0", "1.9.0", "1.10.0"]);

    let acme = json!({ "org": "acme" });
    for (name, body, expected) in [
        ("own", json!({ "kubernetes": {}, "claims": acme }), 201),
        ("own", json!({ "kubernetes": { "namespaces": ["a"] }, "claims": acme }), 200),
        ("own", json!({ "managed": {}, "claims": acme }), 400),
        ("own", json!({ "kubernetes": {}, "claims": { "org": "other" } }), 403),
        ("own", json!({ "kubernetes": {} }), 403),
        ("catalog", json!({ "kubernetes": {}, "claims": acme }), 403),
        ("second", json!({ "managed": {}, "claims": acme }), 409),
        ("Own", json!({ "kubernetes": {}, "claims": acme }), 400),
        ("other", json!({ "claims": acme }), 400),
        ("other", json!({ "kubernetes": {}, "managed": {}, "claims": acme }), 400),
        ("other", json!({ "kubernetes": [], "claims": acme }), 400),
        ("other", json!({ "git": {}, "syncPolicy": { "interval": "1h" }, "claims": acme }), 400),
        ("other", json!({ "git": { "repository": "x" }, "claims": acme }), 400),
        (
            "other",
            json!({ "git": { "repository": "x" }, "syncPolicy": { "interval": "often" }, "claims": acme }),
            400,
        ),
        (
            "other",
            json!({ "git": { "repository": "x" }, "syncPolicy": { "interval": "1h" }, "claims": acme }),
            201,
        ),
        (
            "file",
            json!({ "file": { "path": "a", "url": "b" }, "syncPolicy": { "interval": "1h" }, "claims": acme }),
            400,
        ),
    ] {
        let (status, answer) =
            rig.send(&token, Method::PUT, &format!("/v1/sources/{name}"), Some(&body)).await;
        assert_eq!(status, expected, "{name} {body}: {answer}");
    }
    for (name, expected) in [("internal", 403), ("absent", 404), ("cluster", 404), ("own", 204), ("own", 404)]
    {
        let path = format!("/v1/sources/{name}");
        assert_eq!(rig.send(&token, Method::DELETE, &path, None).await.0, expected, "{name}");
    }
}

#[tokio::test]
async fn registries_are_views_of_sources_that_their_maker_sees() {
    let rig = Rig::start();
    let token = rig.token(json!({ "roles": ["registry-manager", "source-manager"], "org": "acme" })).await;
    let stranger = rig.token(json!({ "roles": ["registry-manager"], "org": "partner" })).await;
    let (_, all) = rig.get(&token, "/v1/registries").await;
    assert_eq!(names(&all["registries"]), ["main"]);
    assert_eq!(
        rig.get(&token, "/v1/registries/research").await,
        rig.get(&token, "/v1/registries/absent").await
    );
    let acme = json!({ "org": "acme" });
    for (name, body, expected) in [
        ("own", json!({ "sources": ["catalog"], "claims": acme }), 201),
        ("own", json!({ "sources": ["catalog", "internal"], "claims": acme }), 200),
        ("own", json!({ "sources": ["catalog"] }), 403),
        ("own", json!({ "sources": ["catalog"], "claims": { "org": "other" } }), 403),
        ("main", json!({ "sources": ["catalog"], "claims": acme }), 403),
        ("other", json!({ "sources": [], "claims": acme }), 400),
        ("other", json!({ "claims": acme }), 400),
        ("other", json!({ "sources": "catalog", "claims": acme }), 400),
        ("other", json!({ "sources": ["catalog", "catalog"], "claims": acme }), 400),
        ("other", json!({ "sources": ["absent"], "claims": acme }), 400),
        ("other", json!({ "sources": ["cluster"], "claims": acme }), 400),
        ("a%2Fb", json!({ "sources": ["catalog"], "claims": acme }), 400),
    ] {
        let (status, answer) =
            rig.send(&token, Method::PUT, &format!("/v1/registries/{name}"), Some(&body)).await;
        assert_eq!(status, expected, "{name} {body}: {answer}");
    }
    // The order of its sources decides whose name it is.
    let weather = rig.listed(&token, "own", "?search=acme%2Fweather").await;
    assert_eq!(weather, ["io.github.acme/weather@9.0.0"]);
    let (_, entries) = rig.get(&token, "/v1/registries/own/entries").await;
    assert_eq!(
        names(&entries["entries"]),
        ["io.github.acme/weather", "io.github.stacklok/toolhive", "io.github.acme/weather"]
    );
    // Another's registry is not there for the one who asks.
    assert_eq!(rig.send(&stranger, Method::DELETE, "/v1/registries/own", None).await.0, 404);
    // A source that a registry has stays.
    let body = json!({ "kubernetes": {}, "claims": acme });
    assert_eq!(rig.send(&token, Method::PUT, "/v1/sources/mine", Some(&body)).await.0, 201);
    let body = json!({ "sources": ["mine"], "claims": acme });
    assert_eq!(rig.send(&token, Method::PUT, "/v1/registries/own", Some(&body)).await.0, 200);
    assert_eq!(rig.send(&token, Method::DELETE, "/v1/sources/mine", None).await.0, 409);
    assert_eq!(rig.send(&token, Method::DELETE, "/v1/registries/own", None).await.0, 204);
    assert_eq!(rig.send(&token, Method::DELETE, "/v1/sources/mine", None).await.0, 204);
    assert_eq!(rig.get(&token, "/registry/own/v0.1/servers").await.0, 404);
}

/// The control wire fills the catalogue, labelled or not, whole or not at all.
#[tokio::test]
async fn the_control_wire_puts_entries_into_any_source() {
    let rig = Rig::start();
    let (status, before) = rig.control(Method::GET, "catalogue", None).await;
    assert_eq!((status, before["entries"].as_array().unwrap().len()), (200, 9));
    let entry = |source: &str, server: Value| json!({ "source": source, "claims": { "org": "acme" }, "server": server });
    for wrong in [
        json!({ "entries": {} }),
        json!({ "entries": [7] }),
        json!({ "entries": [{ "source": "catalog" }] }),
        json!({ "entries": [{ "source": "catalog", "server": {} }] }),
        json!({ "entries": [entry("absent", server("a/b", "1"))] }),
        json!({ "entries": [entry("catalog", server("a/b", "1")), entry("catalog", server("a/b", "1"))] }),
        json!({ "entries": [{ "source": "catalog", "server": server("a/b", "1"), "claims": { "a": [] } }] }),
        json!({ "entries": [{ "source": "catalog", "server": server("a/b", "1"), "more": 1 }] }),
        json!({ "sources": [] }),
    ] {
        let request = rig.control_status(Method::PUT, "catalogue", &wrong).await;
        assert_eq!(request, 400, "{wrong}");
        assert_eq!(rig.control(Method::GET, "catalogue", None).await.1, before);
    }
    let two = json!({ "entries": [
        entry("catalog", server("a/b", "1")),
        { "source": "internal", "claims": {}, "server": server("c/d", "2") },
    ] });
    assert_eq!(rig.control(Method::PUT, "catalogue", Some(&two)).await.0, 204);
    assert_eq!(rig.control(Method::GET, "catalogue", None).await.1, two);
    let token = rig.token(json!({ "org": "acme" })).await;
    assert_eq!(rig.listed(&token, "main", "").await, ["a/b@1"]);
    assert_eq!(rig.control(Method::PUT, "catalogue", Some(&before)).await.0, 204);
    assert_eq!(rig.control(Method::GET, "catalogue", None).await.1, before);
}

/// RS-WRITE: what goes with a source is changed with it. And what opens a source is shown to nobody.
#[tokio::test]
async fn a_source_takes_no_entry_along_that_the_caller_may_not_change_and_shows_no_secret() {
    let rig = Rig::start();
    let acme = json!({ "org": "acme" });
    let manager = rig.token(json!({ "roles": ["source-manager"], "org": "acme" })).await;
    let admin = rig.token(json!({ "groups": ["registry-admins"] })).await;
    let settings = json!({ "repository": "https://deploy:in-the-url@git.test/x.git", "auth": { "username": "ci", "password": "in-the-body" } });
    let body = json!({ "git": settings, "syncPolicy": { "interval": "1h" }, "claims": acme });
    assert_eq!(rig.send(&manager, Method::PUT, "/v1/sources/own", Some(&body)).await.0, 201);
    let (_, shown) = rig.get(&manager, "/v1/sources/own").await;
    assert_eq!(shown["sourceConfig"]["repository"], "https://git.test/x.git");
    assert_eq!(shown["sourceConfig"]["auth"], json!({ "username": "ci", "password": "[concealed]" }));

    let entry = json!({ "source": "own", "claims": { "org": "acme", "team": "secret" }, "server": server("a/b", "1") });
    let entries = json!({ "entries": [entry] });
    assert_eq!(rig.control(Method::PUT, "catalogue", Some(&entries)).await.0, 204);
    assert_eq!(rig.send(&manager, Method::DELETE, "/v1/sources/own", None).await.0, 403);
    assert_eq!(rig.control(Method::GET, "catalogue", None).await.1, entries, "it is all still there");
    assert_eq!(rig.send(&admin, Method::DELETE, "/v1/sources/own", None).await.0, 204);
}
