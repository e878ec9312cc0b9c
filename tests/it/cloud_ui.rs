//! The Cloud UI over TLS, in front of the mock provider, the reference Manager and a registry that answers as it is told.
//! `browser` is a browser without scripts; `chromium` the real one.

mod attacks;
pub(crate) mod browser;
pub(crate) mod chromium;
mod id_tokens;
mod pages;
mod resource;
mod sessions;
mod sign_in;

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Request as Asked, State},
    http::{StatusCode, header::AUTHORIZATION},
    response::{IntoResponse, Response},
};
use jiff::SignedDuration;
use mock_idp::{IdpClock, KeyPool, Running, Settings, Tenant, WrongTls};
use serde_json::{Value, json};
use spanned_yaml::Source;
use touchstone::{
    clock::{Clock, ManualClock},
    model::{resource_url::ResourceUrl, rule::Rules, values::Values},
    net::{Authority, Client, Faults, Serving, bind, build_client, serve},
    reference::{
        Surroundings,
        cloud_ui::CloudUi,
        enterprise_manager::{Deployment, Manager, SigningKey},
    },
    target::embedded::EmbeddedTarget,
};

pub(crate) const UI: &str = "https://cloud-ui.example.com";
const SECRET: &str = "control-secret";
const START: &str = "2026-06-01T08:00:00Z";

/// Keys are made once for all tests: none compares keys of two providers.
static KEYS: LazyLock<KeyPool> = LazyLock::new(KeyPool::new);

pub(crate) struct Rig {
    pub(crate) clock: ManualClock,
    idp_clock: mock_idp::ManualClock,
    pub(crate) http: Client,
    pub(crate) authority: Authority,
    pub(crate) registry: Arc<Mutex<Registry>>,
    /// The Manager's reach.
    pub(crate) manager: Faults,
    pub(crate) names: BTreeMap<String, SocketAddr>,
    idp_control: SocketAddr,
    _idp: Running,
    _servers: Vec<Serving>,
}

/// A registry that answers as it is told and remembers who asked for what.
pub(crate) struct Registry {
    /// Instead of every answer.
    pub(crate) fails: Option<(u16, Value)>,
    pub(crate) roles: Vec<&'static str>,
    pub(crate) registries: Vec<&'static str>,
    pub(crate) servers: Vec<Value>,
    /// Path with query, and the authorization.
    pub(crate) asked: Vec<(String, String)>,
}

impl Default for Registry {
    fn default() -> Self {
        let server = |name: &str, title: &str, description: &str| {
            json!({
                "name": name, "title": title, "description": description, "version": "1.4.0",
                "repository": { "url": "https://github.com/example/servers", "source": "github" },
                "packages": [{ "registryType": "oci", "identifier": format!("ghcr.io/example/{title}:1.4.0") }],
                "remotes": [{ "type": "streamable-http", "url": "https://mcp.example.com/github" }],
            })
        };
        Self {
            fails: None,
            roles: Vec::new(),
            registries: vec!["default"],
            servers: vec![
                server("io.github.example/github", "GitHub", "Issues, pull requests, code search and files."),
                server("io.github.example/fetch", "Fetch", "Fetches a web page and turns it into text."),
            ],
            asked: Vec::new(),
        }
    }
}

impl Rig {
    pub(crate) fn start() -> Self {
        Self::with("okta-per-component", |values| values)
    }

    /// With the suite's values of a name, changed, and the tenant of that name.
    pub(crate) fn with(name: &str, change: impl FnOnce(String) -> String) -> Self {
        let values = values(name, change);
        let (tenant, _) = Tenant::parse(&EmbeddedTarget::shipped_tenant(name).unwrap()).unwrap();
        let clock = ManualClock::at(START.parse().unwrap());
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let idp_clock = mock_idp::ManualClock::at(START.parse().unwrap());

        let idp_hosts = tenant.hosts();
        let own = [
            "cloud-ui.example.com",
            "config.example.com",
            "registry.example.com",
            "ui-control.test",
            "manager-control.test",
        ];
        let mut hosts = idp_hosts.clone();
        hosts.extend(own.map(str::to_owned));
        hosts.push("127.0.0.1".to_owned());
        let authority = Authority::generate().unwrap();
        let leaf = authority.issue(&hosts).unwrap();
        let idp = mock_idp::start(Settings {
            tenant,
            seed: [3; 32],
            clock: IdpClock::Manual(idp_clock.clone()),
            keys: KEYS.clone(),
            tls: Arc::clone(&leaf.config),
            wrong_tls: WrongTls::default(),
            listener: bind(0).unwrap(),
            control: Some((bind(0).unwrap(), SECRET.to_owned())),
        })
        .unwrap();
        let listeners: Vec<TcpListener> = own.iter().map(|_| bind(0).unwrap()).collect();
        let mut names: BTreeMap<_, _> = own
            .iter()
            .zip(&listeners)
            .map(|(host, listener)| ((*host).to_owned(), listener.local_addr().unwrap()))
            .collect();
        names.extend(idp_hosts.into_iter().map(|host| (host, idp.address)));
        let http = build_client(&[authority.certificate()], &names, Duration::from_secs(5)).unwrap();

        let surroundings = || Surroundings::new(Rules::ALL, Arc::clone(&shared), http.clone());
        let settings = values.enterprise_manager.as_ref().unwrap();
        let deployment = Deployment {
            keys: SigningKey::from_seed([1; 32]).unwrap().into(),
            seed: [2; 32],
            policy_file: None,
        };
        let manager = Manager::new(settings, deployment, surroundings()).unwrap();
        let url = ResourceUrl::parse(UI).unwrap();
        let ui = CloudUi::new(values.cloud_ui.as_ref().unwrap(), url, None, [4; 32], surroundings());
        let registry = Arc::new(Mutex::new(Registry::default()));
        let reach = manager.faults();
        let routers = [
            (ui.router(), ui.faults()),
            (manager.router(), reach.clone()),
            (Router::new().fallback(answer).with_state(Arc::clone(&registry)), Faults::default()),
            (ui.control_router(SECRET, None), Faults::default()),
            (manager.control_router(SECRET, None), Faults::default()),
        ];
        let serving = listeners.into_iter().zip(routers);
        let serving = serving.map(|(listener, (router, faults))| {
            serve(listener, &leaf, Arc::clone(&shared), &faults, router).unwrap()
        });
        let servers = serving.collect();
        Self {
            clock,
            idp_clock,
            http,
            authority,
            registry,
            manager: reach,
            names,
            idp_control: idp.control_address.unwrap(),
            _idp: idp,
            _servers: servers,
        }
    }

    /// All clocks.
    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
        self.idp_clock.advance(SignedDuration::from_secs(seconds));
    }

    pub(crate) fn registry(&self) -> std::sync::MutexGuard<'_, Registry> {
        self.registry.lock().unwrap()
    }

    /// A request to the provider's control wire.
    pub(crate) async fn idp(&self, method: &str, what: &str, body: &Value) -> Value {
        let url = format!("https://{}/control/{what}", self.idp_control);
        control(&self.http, method, &url, body).await
    }

    /// Puts something wrong with the provider in force.
    pub(crate) async fn fault(&self, fault: &Value) {
        self.idp("POST", "faults", fault).await;
    }

    pub(crate) async fn heal(&self) {
        self.idp("DELETE", "faults", &Value::Null).await;
    }

    /// What the provider was asked at an endpoint.
    pub(crate) async fn asked_idp(&self, endpoint: &str) -> Vec<Value> {
        let journal = self.idp("GET", "journal", &Value::Null).await;
        let entries = journal.as_array().unwrap().iter();
        entries.filter(|entry| entry["endpoint"] == endpoint).cloned().collect()
    }

    /// A request to the control wire of the UI or the Manager.
    pub(crate) async fn control(&self, component: &str, method: &str, what: &str, body: &Value) -> Value {
        control(&self.http, method, &format!("https://{component}-control.test/control/{what}"), body).await
    }

    /// An access token of the UI's audience for Ann, changed, as somebody may have who has no session.
    pub(crate) async fn mint(&self, claims: Value) -> String {
        let order = json!({
            "issuer": "https://acme.okta.com/oauth2/aus1ui",
            "like": { "user": "ann@acme.test", "client_id": "0oaclouduitouch01", "scopes": ["openid"] },
            "claims": claims,
        });
        self.idp("POST", "mint", &order).await["token"].as_str().unwrap().to_owned()
    }
}

async fn control(http: &Client, method: &str, url: &str, body: &Value) -> Value {
    let request = http.request(method.parse().unwrap(), url).bearer_auth(SECRET);
    let request = if body.is_null() { request } else { request.body(body.to_string()) };
    let response = request.send().await.unwrap();
    let (status, text) = (response.status(), response.text().await.unwrap());
    assert!(status.is_success(), "{method} {url}: {status} {text}");
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// The suite's values with the two addresses that the UI asks, and a policy that shows the assistant.
fn values(name: &str, change: impl FnOnce(String) -> String) -> Values {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/values/{name}.yaml"));
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.replace(
        "toolhive-cloud-ui:\n",
        "toolhive-cloud-ui:\n  apiBaseUrl: 'https://registry.example.com'\n  enterpriseManagerUrl: 'https://config.example.com'\n",
    );
    let text = text.replace(
        "  enterpriseConfig:\n",
        "  enterpriseConfig:\n    assistant: { value: true, enforcement: 'enforced' }\n",
    );
    let source = Source::new("values.yaml", change(text));
    Values::read(&source).unwrap_or_else(|findings| panic!("{findings}")).0
}

async fn answer(State(registry): State<Arc<Mutex<Registry>>>, request: Asked) -> Response {
    let mut registry = registry.lock().unwrap();
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let authorization = request.headers().get(AUTHORIZATION).map_or("", |value| value.to_str().unwrap());
    registry.asked.push((format!("{path}?{query}"), authorization.to_owned()));
    if let Some((status, body)) = &registry.fails {
        return (StatusCode::from_u16(*status).unwrap(), Json(body.clone())).into_response();
    }
    let parameter = |name: &str| {
        url::form_urlencoded::parse(query.as_bytes())
            .find_map(|(known, value)| (known == name).then(|| value.into_owned()))
    };
    let segments: Vec<_> = path.trim_start_matches('/').split('/').collect();
    match segments[..] {
        ["v1", "me"] => Json(json!({ "subject": "ann", "roles": registry.roles })).into_response(),
        ["v1", "registries"] => {
            let named = |name: &&str| {
                json!({
                    "name": name, "sources": ["toolhive"], "creationType": "CONFIG",
                    "claims": { "groups": "engineering", "roles": ["admin", "reviewer"] },
                    "updatedAt": "2026-05-31T22:15:00.123456789Z",
                })
            };
            Json(json!({ "registries": registry.registries.iter().map(named).collect::<Vec<_>>() }))
                .into_response()
        }
        ["v1", "sources"] if !registry.roles.contains(&"manageSources") => {
            (StatusCode::FORBIDDEN, Json(json!({ "error": "manageSources is missing" }))).into_response()
        }
        ["v1", "sources"] => {
            Json(json!({ "sources": [{ "name": "toolhive", "type": "git" }] })).into_response()
        }
        ["registry", _, "v0.1", "servers"] => {
            let search = parameter("search").unwrap_or_default();
            let start: usize = parameter("cursor").map_or(0, |cursor| cursor.parse().unwrap());
            let limit: usize = parameter("limit").map_or(30, |limit| limit.parse().unwrap());
            let found = registry
                .servers
                .iter()
                .filter(|server| server["name"].as_str().is_some_and(|name| name.contains(&search)));
            let found: Vec<_> = found.map(|server| json!({ "server": server })).collect();
            let next = (start + limit < found.len()).then(|| (start + limit).to_string());
            let page: Vec<_> = found.into_iter().skip(start).take(limit).collect();
            Json(json!({ "servers": page, "metadata": { "nextCursor": next } })).into_response()
        }
        ["registry", _, "v0.1", "servers", name, "versions", ref rest @ ..] => {
            let decoded = format!("name={}", name.replace('+', "%2B"));
            let name = url::form_urlencoded::parse(decoded.as_bytes()).next().unwrap().1.into_owned();
            let Some(server) = registry.servers.iter().find(|server| server["name"] == name) else {
                return (StatusCode::NOT_FOUND, Json(json!({ "error": "not found" }))).into_response();
            };
            let entry = json!({ "server": server });
            if rest == ["latest"] { Json(entry) } else { Json(json!({ "servers": [entry] })) }.into_response()
        }
        _ => (StatusCode::NOT_FOUND, Json(json!({ "error": "not found" }))).into_response(),
    }
}
