//! The registry stand-in: who is a member, without a token.

use reqwest::Method;
use serde_json::json;

use crate::platform::{Platform, REGISTRY, REGISTRY_CONTROL, body, header};

#[tokio::test]
async fn members_are_found_under_their_encoded_names() {
    let platform = Platform::start();
    let latest = |name: &str| format!("{REGISTRY}/v0.1/servers/{name}/versions/latest");
    for (written, name) in [
        ("github", "github"),
        ("fetch", "fetch"),
        ("io.github.stacklok%2Ftoolhive", "io.github.stacklok/toolhive"),
    ] {
        let response = platform.get(&latest(written)).await;
        assert_eq!(response.status(), 200, "{name}");
        assert_eq!(header(&response, "content-type"), "application/json");
        assert_eq!(body(response).await, json!({ "server": { "name": name } }));
    }
    for stranger in ["GitHub", "github%00", "github2", "%ff", "io.github.stacklok"] {
        let response = platform.get(&latest(stranger)).await;
        assert_eq!(response.status(), 404, "{stranger}");
        assert_eq!(body(response).await, json!({ "error": "there is no such server" }));
    }
    assert_eq!(platform.get(&latest("io.github.stacklok/toolhive")).await.status(), 404, "not encoded");
    let journal = format!("{REGISTRY_CONTROL}/control/journal");
    let journal = body(platform.control(Method::GET, &journal, None).await).await;
    assert_eq!(journal[0]["endpoint"], "server");
    assert_eq!(journal[2]["path"], "/v0.1/servers/io.github.stacklok%2Ftoolhive/versions/latest");
    assert_eq!(journal[8]["endpoint"], "unknown");
}
