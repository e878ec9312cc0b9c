//! The proxy, the MCP server behind it and a stub of an identity provider, on one clock.

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::{Json, Router, routing::get};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use mcp_policy::{
    claims::IdpType,
    rbac::Matching,
    vocabulary::{ServerId, TargetKind},
};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use spanned_yaml::Source;
use touchstone::{
    clock::{Clock, ManualClock},
    model::{resource_url::ResourceUrl, rule::Rules},
    net::{Authority, Client, Faults, Serving, bind, build_client, serve},
    reference::{
        Surroundings,
        enterprise_manager::SigningKey,
        mcp_server::{
            proxy::{Deployment, Proxy},
            upstream::Server,
        },
    },
};

pub(crate) const PROXY: &str = "https://github.mcp.example.com/mcp";
pub(crate) const PROXY_CONTROL: &str = "https://proxy-control.test/control";
pub(crate) const SERVER_CONTROL: &str = "https://server-control.test/control";
pub(crate) const ISSUER: &str = "https://acme.okta.com/oauth2/aus1mcp";
const SERVER: &str = "https://github.upstream.test/mcp";
const SECRET: &str = "per-run-secret";

/// Whose tokens the server takes, and who has which role.
pub(crate) const CLUSTER: &str = r"
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
kind: ClusterPlatformRole
metadata: {name: caller}
spec: {productActions: [{apiGroup: toolhive.enterprise.stacklok.com, actions: [call_tool]}]}
---
apiVersion: platform.enterprise.stacklok.com/v1alpha1
kind: ClusterPlatformRoleBinding
metadata: {name: everybody}
spec:
  bindings:
    - {roleRef: {kind: ClusterPlatformRole, name: reader}, from: [{groups: [engineers, reviewers]}]}
    - {roleRef: {kind: ClusterPlatformRole, name: writer}, from: [{groups: [admins]}]}
    - {roleRef: {kind: ClusterPlatformRole, name: caller}, from: [{groups: [callers]}]}
";

/// Admins everything, engineers what is read-only, reviewers two tools, a prompt and a resource, callers calls alone.
pub(crate) const POLICY: &str = r"
apiVersion: toolhive.enterprise.stacklok.com/v1alpha1
kind: ToolhiveAuthorizationPolicy
metadata: {name: github-access, namespace: engineering}
spec:
  targetRef: {name: github}
  bindings:
    - roleRef: {kind: ClusterPlatformRole, name: writer}
    - roleRef: {kind: ClusterPlatformRole, name: reader}
      from: [{groups: [engineers]}]
      toolHintFilter: {readOnlyHint: true}
    - roleRef: {kind: ClusterPlatformRole, name: reader}
      from: [{groups: [reviewers]}]
      ruleRestrictions:
        - {tools: [pull_request_read, list_issues], prompts: [review_pull_request]}
        - {resources: ['repo://acme/payments/README.md', 'repo://{owner}/{repo}/{path}']}
    - roleRef: {kind: ClusterPlatformRole, name: caller}
";

pub(crate) struct Rig {
    pub(crate) proxy: Proxy,
    pub(crate) client: Client,
    pub(crate) clock: ManualClock,
    idp_key: SigningKey,
    _servers: Vec<Serving>,
}

/// Somebody with a token and perhaps a session.
pub(crate) struct Caller<'r> {
    rig: &'r Rig,
    pub(crate) token: String,
    pub(crate) session: Option<String>,
    next: AtomicI64,
}

pub(crate) fn manifests(policy: &str) -> Vec<Source> {
    vec![Source::new("cluster.yaml", CLUSTER), Source::new("policy.yaml", policy)]
}

pub(crate) fn deployment(manifests: Vec<Source>) -> Deployment {
    Deployment {
        server: ServerId {
            namespace: "engineering".into(),
            kind: TargetKind::McpServer,
            name: "github".into(),
        },
        manifests,
        idp_type: IdpType::Okta,
        matching: Matching::Any,
        resource: ResourceUrl::parse(PROXY).unwrap(),
        upstream: SERVER.parse().unwrap(),
        origins: vec!["https://inspector.example.com".into()],
        patience: Duration::from_millis(700),
    }
}

impl Rig {
    pub(crate) fn start() -> Self {
        Self::with(POLICY)
    }

    pub(crate) fn with(policy: &str) -> Self {
        let clock = ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap());
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let idp_key = SigningKey::from_seed([7; 32]).unwrap();
        let hosts = [
            "acme.okta.com",
            "github.mcp.example.com",
            "github.upstream.test",
            "proxy-control.test",
            "server-control.test",
        ];
        let listeners: Vec<TcpListener> = hosts.iter().map(|_| bind(0).unwrap()).collect();
        let names: BTreeMap<String, SocketAddr> = hosts
            .iter()
            .zip(&listeners)
            .map(|(host, listener)| ((*host).to_owned(), listener.local_addr().unwrap()))
            .collect();
        let authority = Authority::generate().unwrap();
        let client = || build_client(&[authority.certificate()], &names, Duration::from_secs(20)).unwrap();
        let surroundings = Surroundings::new(Rules::ALL, Arc::clone(&shared), client());
        let proxy = Proxy::new(deployment(manifests(policy)), surroundings);
        let server = Server::new(ResourceUrl::parse(SERVER).unwrap(), &shared);
        let routers = [
            (idp(&idp_key), Faults::default()),
            (proxy.router(), proxy.faults()),
            (server.router(), server.faults()),
            (proxy.control_router(SECRET, Some(clock.clone())), Faults::default()),
            (server.control_router(SECRET, None), Faults::default()),
        ];
        let servers = listeners.into_iter().zip(routers).zip(hosts);
        let servers = servers.map(|((listener, (router, faults)), host)| {
            let leaf = authority.issue(&[host.to_owned()]).unwrap();
            serve(listener, &leaf, Arc::clone(&shared), &faults, router).unwrap()
        });
        Self { proxy, client: client(), clock, idp_key, _servers: servers.collect() }
    }

    /// A token for the server, with changes.
    pub(crate) fn token(&self, changes: &Value) -> String {
        let now = self.clock.now().as_second();
        let mut claims = json!({
            "iss": ISSUER, "aud": "github-mcp", "sub": "alice", "iat": now, "exp": now + 3_600,
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let header = json!({ "alg": "ES256", "kid": self.idp_key.kid() });
        let signed = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        format!("{signed}.{}", BASE64.encode(self.idp_key.sign(signed.as_bytes()).unwrap()))
    }

    /// Somebody of a group, without a session.
    pub(crate) fn caller(&self, subject: &str, group: &str) -> Caller<'_> {
        let token = self.token(&json!({ "sub": subject, "groups": [group] }));
        Caller { rig: self, token, session: None, next: AtomicI64::new(1) }
    }

    /// Somebody of a group, with a session.
    pub(crate) async fn session(&self, subject: &str, group: &str) -> Caller<'_> {
        let mut caller = self.caller(subject, group);
        caller.open().await;
        caller
    }

    pub(crate) async fn control(&self, method: Method, url: &str, body: &str) -> Response {
        self.client.request(method, url).bearer_auth(SECRET).body(body.to_owned()).send().await.unwrap()
    }

    /// Something is wrong with the server.
    pub(crate) async fn fault(&self, fault: &Value) {
        let url = format!("{SERVER_CONTROL}/faults");
        let response = self.control(Method::POST, &url, &fault.to_string()).await;
        assert_eq!(response.status(), 200, "{fault}: {:?}", response.text().await);
    }

    pub(crate) async fn heal(&self) {
        self.control(Method::DELETE, &format!("{SERVER_CONTROL}/faults"), "").await;
    }

    pub(crate) async fn answers(&self, form: &str) {
        let body = json!({ "as": form }).to_string();
        let response = self.control(Method::PUT, &format!("{SERVER_CONTROL}/answers"), &body).await;
        assert_eq!(response.status(), 204);
    }

    /// What the server was asked, by the journal of its MCP endpoint.
    pub(crate) async fn server_journal(&self) -> Vec<Value> {
        let entries = self.control(Method::GET, &format!("{SERVER_CONTROL}/journal"), "").await;
        entries.json::<Vec<Value>>().await.unwrap()
    }

    /// The methods that reached the server, in their order.
    pub(crate) async fn forwarded(&self) -> Vec<String> {
        let methods = self.server_journal().await;
        methods.iter().filter_map(|entry| entry["detail"]["method"].as_str().map(str::to_owned)).collect()
    }

    pub(crate) async fn proxy_journal(&self) -> Vec<Value> {
        let entries = self.control(Method::GET, &format!("{PROXY_CONTROL}/journal"), "").await;
        entries.json::<Vec<Value>>().await.unwrap()
    }
}

impl Caller<'_> {
    pub(crate) async fn open(&mut self) {
        self.session = None;
        let params = json!({
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" },
        });
        let response = self.send(&self.message("initialize", &params)).await;
        assert_eq!(response.status(), 200);
        self.session = Some(response.headers()["mcp-session-id"].to_str().unwrap().to_owned());
        let answer = messages(response).await;
        assert_eq!(answer[0]["result"]["protocolVersion"], "2025-11-25", "{answer:?}");
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(self.send(&initialized).await.status(), 202);
    }

    /// A request with the next id.
    pub(crate) fn message(&self, method: &str, params: &Value) -> Value {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
    }

    /// A request with everything but its body.
    #[expect(clippy::needless_pass_by_value, reason = "`Method::POST` reads as what it is")]
    pub(crate) fn request(&self, method: Method) -> RequestBuilder {
        let mut request = self
            .rig
            .client
            .request(method.clone(), PROXY)
            .bearer_auth(&self.token)
            .header("accept", "application/json, text/event-stream");
        if let Some(session) = &self.session {
            request = request.header("mcp-session-id", session).header("mcp-protocol-version", "2025-11-25");
        }
        if method == Method::POST { request.header("content-type", "application/json") } else { request }
    }

    pub(crate) async fn send_text(&self, body: impl Into<reqwest::Body>) -> Response {
        self.request(Method::POST).body(body).send().await.unwrap()
    }

    pub(crate) async fn send(&self, message: &Value) -> Response {
        self.send_text(message.to_string()).await
    }

    /// Asks, and has the status with what came of it.
    pub(crate) async fn ask(&self, method: &str, params: Value) -> (u16, Value) {
        let response = self.send(&self.message(method, &params)).await;
        let status = response.status().as_u16();
        let mut messages = messages(response).await;
        (status, messages.pop().unwrap_or_default())
    }

    pub(crate) async fn call(&self, tool: &str) -> (u16, Value) {
        self.ask("tools/call", json!({ "name": tool })).await
    }

    /// The keys of a whole list, over all its pages.
    pub(crate) async fn list(&self, method: &str) -> Vec<String> {
        let (member, key) = match method {
            "tools/list" => ("tools", "name"),
            "prompts/list" => ("prompts", "name"),
            "resources/list" => ("resources", "uri"),
            _ => ("resourceTemplates", "uriTemplate"),
        };
        let (mut keys, mut params) = (Vec::new(), json!({}));
        loop {
            let (status, answer) = self.ask(method, params).await;
            assert_eq!(status, 200, "{answer}");
            let items = answer["result"][member].as_array().unwrap_or_else(|| panic!("{answer}"));
            keys.extend(items.iter().map(|item| item[key].as_str().unwrap().to_owned()));
            match answer["result"]["nextCursor"].as_str() {
                Some(cursor) => params = json!({ "cursor": cursor }),
                None => return keys,
            }
        }
    }
}

/// The messages of an answer, as JSON or as an event stream.
pub(crate) async fn messages(response: Response) -> Vec<Value> {
    let stream = response.headers().get("content-type").is_some_and(|kind| kind == "text/event-stream");
    let text = response.text().await.unwrap();
    if !stream {
        return serde_json::from_str(&text).into_iter().collect();
    }
    events(&text)
}

/// The messages of an event stream.
pub(crate) fn events(text: &str) -> Vec<Value> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim);
    data.filter(|data| !data.is_empty()).map(|data| serde_json::from_str(data).unwrap()).collect()
}

/// Reads an open stream until a text has come.
pub(crate) async fn read_until(response: &mut Response, text: &str) -> String {
    let mut read = String::new();
    while !read.contains(text) {
        match response.chunk().await.unwrap() {
            Some(chunk) => read.push_str(std::str::from_utf8(&chunk).unwrap()),
            None => panic!("the stream ended without `{text}`: {read}"),
        }
    }
    read
}

/// MCP-DENY, to the letter.
pub(crate) fn denied(id: &Value) -> String {
    if id.is_null() {
        return r#"{"jsonrpc":"2.0","error":{"code":403,"message":"Unauthorized"}}"#.to_owned();
    }
    format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":403,"message":"Unauthorized"}}}}"#)
}

fn idp(key: &SigningKey) -> Router {
    let keys = json!({ "keys": [key.public_jwk()] });
    let metadata = json!({ "issuer": ISSUER, "jwks_uri": format!("{ISSUER}/v1/keys") });
    Router::new()
        .route("/oauth2/aus1mcp/.well-known/openid-configuration", get(async move || Json(metadata)))
        .route("/oauth2/aus1mcp/v1/keys", get(async move || Json(keys)))
}
