//! What the MCP proxy adds to a call: the same call made to the MCP server directly and through the proxy, over TLS and
//! pooled connections, with the token verified before. The difference of the two medians is the overhead.

#![expect(clippy::expect_used, reason = "a benchmark stops at the first thing that is not as it must be")]

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use axum::{Json, Router, routing::get};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use criterion::{Criterion, criterion_group, criterion_main};
use mcp_policy::{
    claims::IdpType,
    rbac::Matching,
    vocabulary::{ServerId, TargetKind},
};
use serde_json::{Value, json};
use spanned_yaml::Source;
use tokio::runtime::Runtime;
use touchstone::{
    clock::{Clock, ManualClock},
    model::{resource_url::ResourceUrl, rule::Rules},
    net::{Authority, Client, Faults, Serving, bind, build_client, serve},
    reference::{
        Surroundings,
        enterprise_manager::SigningKey,
        mcp_server::{
            proxy::{Deployment, Proxy},
            upstream::{Form, Server},
        },
    },
};

const PROXY: &str = "https://github.mcp.example.com/mcp";
const SERVER: &str = "https://github.upstream.test/mcp";
const ISSUER: &str = "https://acme.okta.com/oauth2/aus1mcp";
const NOW: i64 = 1_767_225_600;

const MANIFESTS: &str = r"
apiVersion: toolhive.stacklok.dev/v1beta1
kind: MCPOIDCConfig
metadata: {name: okta, namespace: engineering}
spec: {type: inline, inline: {issuer: 'https://acme.okta.com/oauth2/aus1mcp'}}
---
apiVersion: toolhive.stacklok.dev/v1beta1
kind: MCPServer
metadata: {name: github, namespace: engineering}
spec: {oidcConfigRef: {name: okta, audience: github-mcp}}
---
apiVersion: platform.enterprise.stacklok.com/v1alpha1
kind: ClusterPlatformRoleBinding
metadata: {name: everybody}
spec:
  bindings:
    - {roleRef: {kind: ClusterPlatformRole, name: reader}, from: [{groups: [engineers]}]}
    - {roleRef: {kind: ClusterPlatformRole, name: writer}, from: [{groups: [admins]}]}
---
apiVersion: toolhive.enterprise.stacklok.com/v1alpha1
kind: ToolhiveAuthorizationPolicy
metadata: {name: github-access, namespace: engineering}
spec:
  targetRef: {name: github}
  bindings:
    - {roleRef: {kind: ClusterPlatformRole, name: writer}, from: [{groups: [admins]}]}
    - roleRef: {kind: ClusterPlatformRole, name: reader}
      toolHintFilter: {readOnlyHint: true}
";

/// Everything that runs, and a client for it.
struct Platform {
    client: Client,
    server: Server,
    token: String,
    _serving: Vec<Serving>,
}

impl Platform {
    fn start() -> Self {
        let clock: Arc<dyn Clock> =
            Arc::new(ManualClock::at(jiff::Timestamp::from_second(NOW).expect("a date")));
        let key = SigningKey::from_seed([7; 32]).expect("a key");
        let hosts = ["acme.okta.com", "github.mcp.example.com", "github.upstream.test"];
        let listeners: Vec<TcpListener> = hosts.iter().map(|_| bind(0).expect("a port")).collect();
        let names: BTreeMap<String, SocketAddr> = hosts
            .iter()
            .zip(&listeners)
            .map(|(host, listener)| ((*host).to_owned(), listener.local_addr().expect("an address")))
            .collect();
        let authority = Authority::generate().expect("an authority");
        let client =
            || build_client(&[authority.certificate()], &names, Duration::from_secs(20)).expect("a client");
        let deployment = Deployment {
            server: ServerId {
                namespace: "engineering".into(),
                kind: TargetKind::McpServer,
                name: "github".into(),
            },
            manifests: vec![Source::new("manifests.yaml", MANIFESTS)],
            idp_type: IdpType::Okta,
            matching: Matching::Any,
            resource: ResourceUrl::parse(PROXY).expect("a URL"),
            upstream: SERVER.parse().expect("a URL"),
            origins: Vec::new(),
            patience: Duration::from_secs(10),
        };
        let surroundings = Surroundings::new(Rules::ALL, Arc::clone(&clock), client());
        let proxy = Proxy::new(deployment, surroundings).expect("a proxy");
        let server = Server::new(ResourceUrl::parse(SERVER).expect("a URL"), Arc::clone(&clock));
        let routers = [idp(&key), proxy.router(), server.router()];
        let serving = listeners.into_iter().zip(routers).zip(hosts).map(|((listener, router), host)| {
            let leaf = authority.issue(&[host.to_owned()]).expect("a certificate");
            serve(listener, &leaf, Arc::clone(&clock), &Faults::default(), router).expect("a server")
        });
        Self { client: client(), server, token: token(&key), _serving: serving.collect() }
    }

    async fn post(&self, url: &str, session: Option<&str>, message: &Value) -> reqwest::Response {
        let mut request = self
            .client
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

fn token(key: &SigningKey) -> String {
    let header = json!({ "alg": "ES256", "kid": key.kid() });
    let claims = json!({
        "iss": ISSUER, "aud": "github-mcp", "sub": "alice", "iat": NOW, "exp": NOW + 3_600,
        "groups": ["engineers", "everyone"], "roles": ["reader"],
    });
    let signed = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
    format!("{signed}.{}", BASE64.encode(key.sign(signed.as_bytes()).expect("a signature")))
}

fn idp(key: &SigningKey) -> Router {
    let keys = json!({ "keys": [key.public_jwk()] });
    let metadata = json!({ "issuer": ISSUER, "jwks_uri": format!("{ISSUER}/v1/keys") });
    Router::new()
        .route("/oauth2/aus1mcp/.well-known/openid-configuration", get(async move || Json(metadata)))
        .route("/oauth2/aus1mcp/v1/keys", get(async move || Json(keys)))
}

fn bench(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let platform = runtime.block_on(async { Platform::start() });
    let call =
        request("tools/call", &json!({ "name": "list_issues", "arguments": { "repo": "acme/payments" } }));
    let list = request("tools/list", &json!({}));
    for (form, name) in [(Form::EventStream, "event stream"), (Form::Json, "JSON")] {
        platform.server.answer_as(form);
        for (message, what) in [(&call, "tools/call"), (&list, "tools/list")] {
            let mut group = criterion.benchmark_group(format!("{what}, {name}"));
            for (url, way) in [(SERVER, "direct"), (PROXY, "through the proxy")] {
                let session = runtime.block_on(platform.open(url));
                group.bench_function(way, |b| {
                    b.to_async(&runtime).iter(|| platform.ask(url, &session, message));
                });
            }
            group.finish();
        }
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
