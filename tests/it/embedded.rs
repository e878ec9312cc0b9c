//! The embedded platform: a clock for each component, the registry, what a control wire changes and what goes with it.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use spanned_yaml::Source;
use touchstone::{
    model::{identifier::Component, rule::Rules, secret::Secrets},
    target::{Platform, PlatformOrder, Target, TargetError, embedded::EmbeddedTarget},
};

async fn start() -> Box<dyn Platform> {
    start_with(|values| values).await
}

async fn start_with(change: impl FnOnce(String) -> String) -> Box<dyn Platform> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/values/okta-per-component.yaml");
    let order = PlatformOrder {
        manifests: Vec::new(),
        values: Source::new("values.yaml", change(std::fs::read_to_string(path).unwrap())),
        tenant: EmbeddedTarget::shipped_tenant("okta-per-component").unwrap(),
        seed: [7; 32],
        secrets: Secrets::default(),
    };
    EmbeddedTarget::new(Rules::ALL, None).unwrap().start(&order).await.unwrap()
}

async fn control(platform: &dyn Platform, method: Method, component: &str, what: &str, body: &str) -> Value {
    let endpoint = &platform.endpoints().components[&Component::new(component)];
    let control = endpoint.control.as_ref().unwrap();
    let request = platform.http().request(method, format!("{}/control/{what}", control.base));
    let response = request.bearer_auth(&control.secret).body(body.to_owned()).send().await.unwrap();
    assert!(response.status().is_success(), "{component} {what}: {}", response.status());
    response.json().await.unwrap_or(Value::Null)
}

/// The times of the harness, the IdP, the Manager, the Cloud UI and the registry, in hours since the start.
async fn hours(platform: &dyn Platform, start: Timestamp) -> [i64; 5] {
    let mut times = [platform.clock().now(); 5];
    for (time, component) in
        times.iter_mut().skip(1).zip(["idp", "enterprise-manager", "cloud-ui", "registry"])
    {
        let now = control(platform, Method::GET, component, "clock", "").await;
        *time = now["now"].as_str().unwrap().parse().unwrap();
    }
    times.map(|time| time.duration_since(start).as_hours())
}

#[tokio::test]
async fn every_component_has_a_clock_of_its_own() {
    let platform = start().await;
    let platform = platform.as_ref();
    let start = platform.clock().now();
    let hour = SignedDuration::from_hours(1);
    assert_eq!(hours(platform, start).await, [0, 0, 0, 0, 0]);
    platform.advance(hour).await.unwrap();
    assert_eq!(hours(platform, start).await, [1, 1, 1, 1, 1]);
    platform.advance_one(&Component::new("idp"), hour * 2).await.unwrap();
    platform.advance_one(&Component::new("cloud-ui"), -hour).await.unwrap();
    assert_eq!(hours(platform, start).await, [1, 3, 1, 0, 1]);
    control(platform, Method::PUT, "enterprise-manager", "clock", r#"{"advance":"5h"}"#).await;
    assert_eq!(hours(platform, start).await, [1, 3, 6, 0, 1]);
    platform.advance(hour).await.unwrap();
    assert_eq!(hours(platform, start).await, [2, 4, 7, 1, 2], "a difference stays");
    let error = platform.advance_one(&Component::new("mcp"), hour).await.unwrap_err();
    assert!(matches!(error, TargetError::Unsupported(_)), "{error}");
}

#[tokio::test]
async fn a_component_dates_its_answers_by_its_own_clock() {
    let platform = start().await;
    platform
        .advance_one(&Component::new("enterprise-manager"), SignedDuration::from_hours(-2))
        .await
        .unwrap();
    for (url, date) in [
        ("https://config.example.com/healthz", "Mon, 01 Jun 2026 06:00:00 GMT"),
        ("https://registry.example.com/healthz", "Mon, 01 Jun 2026 08:00:00 GMT"),
    ] {
        let response = platform.http().get(url).send().await.unwrap();
        assert_eq!(response.headers()["date"], date, "{url}");
    }
}

#[tokio::test]
async fn there_is_a_registry_where_the_policy_has_one() {
    let platform = start().await;
    let registry = &platform.endpoints().components[&Component::new("registry")];
    assert_eq!(
        (registry.base.as_str(), registry.protected_path.as_str()),
        ("https://registry.example.com", "/")
    );
    let url = format!("{}/v0.1/servers/github/versions/latest", registry.base);
    assert_eq!(platform.http().get(url).send().await.unwrap().status(), 200);

    let below =
        start_with(|values| values.replace("registry.example.com'", "registry.example.com/registry/all'"))
            .await;
    let registry = &below.endpoints().components[&Component::new("registry")];
    assert_eq!(registry.base, "https://registry.example.com/registry/all");
    for (path, status) in [("/registry/all", 200), ("", 404)] {
        let url = format!("https://registry.example.com{path}/v0.1/servers/fetch/versions/latest");
        assert_eq!(below.http().get(url).send().await.unwrap().status(), status, "{path}");
    }

    let shared = start_with(|values| values.replace("registry.example.com", "config.example.com")).await;
    assert!(!shared.endpoints().components.contains_key(&Component::new("registry")));
    assert!(
        shared.notes().iter().any(|note| note.contains("`config.example.com` is another component's host"))
    );
}

#[tokio::test]
async fn a_policy_is_written_through_the_wire_and_its_folder_goes_with_the_platform() {
    let folders = || {
        let temporary = std::fs::read_dir(touchstone::scratch::root()).unwrap();
        let files = temporary.map(|entry| entry.unwrap().path().join("enterprise-config.json"));
        files
            .filter(|file| file.parent().unwrap().to_string_lossy().contains("touchstone-"))
            .collect::<Vec<_>>()
    };
    let platform = start().await;
    let policy = r#"{"playground": {"value": true, "enforcement": "default"}, "of-this-test": 1}"#;
    control(platform.as_ref(), Method::PUT, "enterprise-manager", "policy", policy).await;
    let holds = |file: &std::path::PathBuf| std::fs::read_to_string(file).is_ok_and(|text| text == policy);
    let written: Vec<_> = folders().into_iter().filter(holds).collect();
    assert_eq!(written.len(), 1);
    let health = platform.http().get("https://config.example.com/healthz").send().await.unwrap();
    assert_eq!(
        health.json::<Value>().await.unwrap(),
        json!({ "status": "ok", "policy": { "loaded_at": "2026-06-01T08:00:00Z" } })
    );
    drop(platform);
    assert!(!written[0].parent().unwrap().exists());
}

#[tokio::test]
async fn equal_seeds_rotate_to_equal_keys() {
    let mut kids = Vec::new();
    for _ in 0..2 {
        let platform = start().await;
        kids.push(control(platform.as_ref(), Method::POST, "enterprise-manager", "keys/rotate", "{}").await);
    }
    assert_eq!(kids[0], kids[1]);
    assert_eq!(kids[0]["published"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_harness_knows_no_other_names() {
    let platform = start().await;
    let error = platform.http().get("https://elsewhere.example.com/").send().await.unwrap_err();
    assert!(
        format!("{error:?}").contains("nobody on this platform is called `elsewhere.example.com`"),
        "{error:?}"
    );
}
