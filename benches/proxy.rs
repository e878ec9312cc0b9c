//! What the MCP proxy adds to a call: the same call made to the MCP server directly and through the proxy, over TLS and
//! pooled connections, with the token verified before. The difference of the two medians is the overhead.

#![expect(clippy::expect_used, reason = "a benchmark stops at the first thing that is not as it must be")]

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use spanned_yaml::Source;
use tokio::runtime::Runtime;
use touchstone::{
    model::{identifier::Component, rule::Rules, secret::Secrets},
    net::courier::{Courier as _, Request},
    target::{Endpoint, Platform, PlatformOrder, Target as _, embedded::EmbeddedTarget},
};

const POLICY: &str = r"
apiVersion: toolhive.enterprise.stacklok.com/v1alpha1
kind: ToolhiveAuthorizationPolicy
metadata: {name: github, namespace: engineering}
spec:
  targetRef: {name: github}
  bindings:
    - {roleRef: {kind: ClusterPlatformRole, name: writer}}
    - roleRef: {kind: ClusterPlatformRole, name: reader}
      toolHintFilter: {readOnlyHint: true}
";

const PROXY: &str = "mcp:engineering/MCPServer/github";
const SERVER: &str = "upstream:engineering/MCPServer/github";

/// A platform with an MCP server, and the token of somebody who reads.
struct Bench {
    platform: Box<dyn Platform>,
    token: String,
}

impl Bench {
    async fn start() -> Self {
        let target = EmbeddedTarget::new(Rules::ALL, None).expect("a target");
        let file = |name: &str| {
            let path = format!("{}/scenarios/{name}", env!("CARGO_MANIFEST_DIR"));
            Source::read(path.as_ref()).expect("a file of the suite")
        };
        let order = PlatformOrder {
            values: file("values/okta-per-component.yaml"),
            tenant: file("tenants/okta-mcp.yaml"),
            manifests: vec![
                file("manifests/github.yaml"),
                file("manifests/holders.yaml"),
                Source::new("policy.yaml", POLICY),
            ],
            seed: [0; 32],
            secrets: Secrets::default(),
        };
        let platform = target.start(&order).await.expect("a platform");
        let mut bench = Self { platform, token: String::new() };
        let order = json!({
            "issuer": "https://acme.okta.com/oauth2/aus1mcp",
            "like": {"user": "bob@acme.test", "client_id": "0oaclitouchstone1", "scopes": ["openid"]},
        });
        let minted = bench.control("idp", "POST", "mint", &order).await;
        let token = minted.get("token").and_then(Value::as_str);
        token.expect("a token").clone_into(&mut bench.token);
        bench
    }

    fn endpoint(&self, component: &str) -> &Endpoint {
        self.platform.endpoints().components.get(&Component::new(component)).expect("a component")
    }

    async fn control(&self, component: &str, method: &str, what: &str, body: &Value) -> Value {
        let control = self.endpoint(component).control.as_ref().expect("a control wire");
        let request = Request::json(method, format!("{}/control/{what}", control.base), body);
        let request = request.header("authorization", format!("Bearer {}", control.secret));
        let answer = self.platform.http().send(request).await.expect("an answer");
        assert!((200..300).contains(&answer.status), "{}", answer.text());
        answer.json().unwrap_or_default()
    }

    async fn post(&self, url: &str, session: Option<&str>, message: &Value) -> reqwest::Response {
        let mut request = self
            .platform
            .http()
            .post(url)
            .bearer_auth(&self.token)
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json");
        if let Some(session) = session {
            request = request.header("mcp-session-id", session).header("mcp-protocol-version", "2025-11-25");
        }
        request.body(message.to_string()).send().await.expect("an answer")
    }

    /// A session, with the hints of the tools known to whoever is in between.
    async fn open(&self, url: &str) -> String {
        let params = json!({
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "bench", "version": "1" },
        });
        let opened = self.post(url, None, &request("initialize", &params)).await;
        let session = opened.headers()["mcp-session-id"].to_str().expect("an id").to_owned();
        opened.bytes().await.expect("an answer");
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        self.post(url, Some(&session), &initialized).await;
        for params in [json!({}), json!({ "cursor": "after-2" }), json!({ "cursor": "after-4" })] {
            self.ask(url, &session, &request("tools/list", &params)).await;
        }
        session
    }

    async fn ask(&self, url: &str, session: &str, message: &Value) {
        let response = self.post(url, Some(session), message).await;
        assert_eq!(response.status(), 200);
        let body = response.text().await.expect("an answer");
        assert!(body.contains("\"result\""), "{body}");
    }
}

fn request(method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}

fn bench(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let bench = runtime.block_on(Bench::start());
    let call =
        request("tools/call", &json!({ "name": "list_issues", "arguments": { "repo": "acme/payments" } }));
    let list = request("tools/list", &json!({}));
    for (form, name) in [("event-stream", "event stream"), ("json", "JSON")] {
        runtime.block_on(bench.control(SERVER, "PUT", "answers", &json!({ "as": form })));
        for (message, what) in [(&call, "tools/call"), (&list, "tools/list")] {
            let mut group = criterion.benchmark_group(format!("{what}, {name}"));
            for (component, way) in [(SERVER, "direct"), (PROXY, "through the proxy")] {
                let url = &bench.endpoint(component).base;
                let session = runtime.block_on(bench.open(url));
                group.bench_function(way, |b| {
                    b.to_async(&runtime).iter(|| bench.ask(url, &session, message));
                });
            }
            group.finish();
        }
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
