//! What the MCP proxy adds to a call: the same call made to the MCP server directly and through the proxy, over TLS and
//! pooled connections, with the token verified before. The difference of the two medians is the overhead.
//!
//! Between the two is the bare limit: a hop that hands on the body and three headers, and looks at nothing.
//!
//! Caller, proxy and server share a process. On one thread the overhead is what the proxy has to do and two more passages of
//! loopback; with several it is also what the machine takes to wake a sleeping processor, which a virtual one does slowly.

#![expect(clippy::expect_used, reason = "a benchmark stops at the first thing that is not as it must be")]

use std::{sync::Arc, time::Duration};

use axum::{Router, extract::State, http::HeaderMap, response::Response};
use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use spanned_yaml::Source;
use tokio::runtime::{Builder, Runtime};
use touchstone::{
    clock::SystemClock,
    model::{identifier::Component, rule::Rules, secret::Secrets},
    net::{
        self, Client, Faults, Serving,
        courier::{Courier as _, Request},
    },
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

const BARE: &str = "bare.example";

/// A platform with an MCP server, and the token of somebody who reads.
struct Bench {
    platform: Box<dyn Platform>,
    token: String,
    /// Finds the bare hop too.
    http: Client,
    _bare: Serving,
}

/// The hop that looks at nothing.
struct Hop {
    http: Client,
    server: String,
}

async fn hand_on(State(hop): State<Arc<Hop>>, headers: HeaderMap, body: Bytes) -> Response {
    let mut request = hop.http.post(&hop.server).header("content-type", "application/json").body(body);
    for name in ["accept", "mcp-session-id", "mcp-protocol-version"] {
        if let Some(value) = headers.get(name) {
            request = request.header(name, value);
        }
    }
    let answer = request.send().await.expect("an answer");
    let mut response = Response::builder().status(answer.status());
    for name in ["content-type", "mcp-session-id"] {
        if let Some(value) = answer.headers().get(name) {
            response = response.header(name, value);
        }
    }
    response.body(answer.bytes().await.expect("a body").into()).expect("a response")
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
        let server = platform.endpoints().components.get(&Component::new(SERVER)).expect("a server");
        let hop = Hop { http: platform.http().clone(), server: server.base.clone() };
        let router = Router::new().fallback(hand_on).with_state(Arc::new(hop));
        let leaf = target.authority().issue(&[BARE.to_owned()]).expect("a certificate");
        let listener = net::bind(0).expect("a port");
        let bare = net::serve(listener, &leaf, Arc::new(SystemClock), &Faults::default(), router);
        let bare = bare.expect("a hop");
        let mut hosts = platform.endpoints().hosts.clone();
        hosts.insert(BARE.to_owned(), bare.address);
        let http = net::build_client(&[target.authority().certificate()], &hosts, Duration::from_secs(5));
        let mut bench = Self { platform, token: String::new(), http: http.expect("a client"), _bare: bare };
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
            .http
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
    let one = Builder::new_current_thread().enable_all().build().expect("a runtime");
    calls(criterion, &one, "one thread");
    let several = Builder::new_multi_thread().enable_all().build().expect("a runtime");
    calls(criterion, &several, "a thread for each processor");
}

fn calls(criterion: &mut Criterion, runtime: &Runtime, threads: &str) {
    let bench = runtime.block_on(Bench::start());
    let call =
        request("tools/call", &json!({ "name": "list_issues", "arguments": { "repo": "acme/payments" } }));
    let list = request("tools/list", &json!({}));
    for (form, name) in [("event-stream", "event stream"), ("json", "JSON")] {
        runtime.block_on(bench.control(SERVER, "PUT", "answers", &json!({ "as": form })));
        for (message, what) in [(&call, "tools/call"), (&list, "tools/list")] {
            let mut group = criterion.benchmark_group(format!("{what}, {name}, {threads}"));
            let bare = format!("https://{BARE}/");
            let [server, proxy] = [SERVER, PROXY].map(|component| bench.endpoint(component).base.as_str());
            for (url, way) in [(server, "direct"), (&bare, "a bare hop"), (proxy, "through the proxy")] {
                let session = runtime.block_on(bench.open(url));
                group.bench_function(way, |b| {
                    b.to_async(runtime).iter(|| bench.ask(url, &session, message));
                });
            }
            group.finish();
        }
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
