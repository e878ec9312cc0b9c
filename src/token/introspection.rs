//! Token introspection (RFC 7662), which this platform never uses: the sabotage of TOK-JWT and TOK-OPAQUE.

use serde_json::{Map, Value};
use url::Url;

use super::{fetch::Fetch, json};

/// What the endpoint says of an active token; nothing for any other, and nothing where it cannot be asked.
pub(super) async fn introspect(fetch: &dyn Fetch, endpoint: &Url, token: &str) -> Option<Map<String, Value>> {
    let answer = fetch.post(endpoint, &[("token", token)]).await.ok()?;
    let response = json::object(answer.json().ok()?)?;
    (response.get("active") == Some(&Value::Bool(true))).then_some(response)
}
