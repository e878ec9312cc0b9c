//! The Manager, its sibling and the registry over TLS, beside a stub of an identity provider, all on one clock.

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{Json, Router, extract::Path as UrlPath, routing::get};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, Response, header::AUTHORIZATION};
use serde_json::{Value, json};
use spanned_yaml::{Diagnostics, Source};
use touchstone::{
    clock::{Clock, ManualClock},
    model::{
        directives::Directives,
        resource_url::ResourceUrl,
        rule::Rules,
        values::{EnterpriseManager, Values},
    },
    net::{Authority, Client, Faults, Serving, bind, build_client, serve},
    reference::{
        Surroundings,
        cloud_ui::CloudUi,
        enterprise_manager::{Deployment, Manager, SigningKey},
        registry::Registry,
    },
};

pub(crate) const MANAGER: &str = "https://config.example.com";
pub(crate) const SIBLING: &str = "https://cloud-ui.example.com";
pub(crate) const REGISTRY: &str = "https://registry.example.com";
pub(crate) const MANAGER_CONTROL: &str = "https://manager-control.test";
pub(crate) const SIBLING_CONTROL: &str = "https://sibling-control.test";
pub(crate) const REGISTRY_CONTROL: &str = "https://registry-control.test";
pub(crate) const SECRET: &str = "per-run-secret";
pub(crate) const START: &str = "2026-01-01T00:00:00Z";

pub(crate) struct Platform {
    pub(crate) values: Values,
    pub(crate) manager: Manager,
    pub(crate) clock: ManualClock,
    pub(crate) client: Client,
    pub(crate) policy_file: PathBuf,
    /// The identity provider's reach.
    pub(crate) idp: Faults,
    idp_key: SigningKey,
    names: BTreeMap<String, SocketAddr>,
    servers: Vec<Serving>,
}

pub(crate) fn suite_values(name: &str) -> Values {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/values/{name}.yaml"));
    Values::read(&Source::read(&path).unwrap()).unwrap_or_else(|findings| panic!("{findings}")).0
}

pub(crate) fn directives(yaml: &str) -> Directives {
    let mut findings = Diagnostics::new(Source::new("policy.yaml", yaml));
    let node = spanned_yaml::parse(&mut findings).unwrap();
    Directives::read(&node, &mut findings)
        .filter(|_| !findings.has_errors())
        .unwrap_or_else(|| panic!("{findings}"))
}

impl Platform {
    pub(crate) fn start() -> Self {
        Self::with(Rules::ALL, |_| {})
    }

    pub(crate) fn with(rules: Rules, change: impl FnOnce(&mut EnterpriseManager)) -> Self {
        let mut values = suite_values("okta-per-component");
        change(values.enterprise_manager.as_mut().unwrap());
        let clock = ManualClock::at(START.parse().unwrap());
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let idp_key = SigningKey::from_seed([7; 32]).unwrap();

        let hosts = [
            "acme.okta.com",
            "config.example.com",
            "cloud-ui.example.com",
            "registry.example.com",
            "manager-control.test",
            "sibling-control.test",
            "registry-control.test",
        ];
        let listeners: Vec<TcpListener> = hosts.iter().map(|_| bind(0).unwrap()).collect();
        let names: BTreeMap<_, _> = hosts
            .iter()
            .zip(&listeners)
            .map(|(host, listener)| ((*host).to_owned(), listener.local_addr().unwrap()))
            .collect();
        let authority = Authority::generate().unwrap();
        let client = build_client(&[authority.certificate()], &names, Duration::from_secs(5)).unwrap();

        let surroundings = Surroundings::new(rules, Arc::clone(&shared), client.clone());
        let settings = values.enterprise_manager.as_ref().unwrap();
        let policy_file = policy_file();
        let deployment = Deployment {
            keys: SigningKey::from_seed([1; 32]).unwrap().into(),
            seed: [2; 32],
            policy_file: Some(policy_file.clone()),
        };
        let manager = Manager::new(settings, deployment, surroundings).unwrap();
        let cloud_ui = values.cloud_ui.as_ref().unwrap();
        let sibling = CloudUi::new(
            cloud_ui,
            ResourceUrl::parse(SIBLING).unwrap(),
            Some(&settings.required_scope),
            [3; 32],
            Surroundings::new(rules, Arc::clone(&shared), client.clone()),
        );
        let registry = Registry::new(&ResourceUrl::parse(REGISTRY).unwrap(), &shared);
        let reach = Faults::default();
        let routers = [
            (idp(&idp_key), reach.clone()),
            (manager.router(), manager.faults()),
            (sibling.router(), sibling.faults()),
            (registry.router(), registry.faults()),
            (manager.control_router(SECRET, Some(clock.clone())), Faults::default()),
            (sibling.control_router(SECRET, None), Faults::default()),
            (registry.control_router(SECRET, None), Faults::default()),
        ];
        let servers =
            listeners.into_iter().zip(routers).zip(hosts).map(|((listener, (router, faults)), host)| {
                let leaf = authority.issue(&[host.to_owned()]).unwrap();
                serve(listener, &leaf, Arc::clone(&shared), &faults, router).unwrap()
            });
        let servers = servers.collect();
        Self { values, manager, clock, client, policy_file, idp: reach, idp_key, names, servers }
    }

    /// Where the server of a host listens.
    pub(crate) fn address(&self, host: &str) -> SocketAddr {
        self.names[host]
    }

    /// Stops every server.
    pub(crate) fn stop(&mut self) {
        self.servers.clear();
    }

    /// A token for the Manager, with changes.
    pub(crate) fn token(&self, changes: &Value) -> String {
        self.signed(&json!({}), changes, None)
    }

    /// The same with changes of its header, and under another key than the identity provider's.
    pub(crate) fn signed(&self, header_changes: &Value, changes: &Value, key: Option<&SigningKey>) -> String {
        let now = self.clock.now().as_second();
        let mut claims = json!({
            "iss": "https://acme.okta.com/oauth2/aus1em",
            "aud": "enterprise-manager",
            "sub": "alice",
            "scp": ["openid", "toolhive:config:read"],
            "iat": now,
            "exp": now + 3_600,
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let mut header = json!({ "alg": "ES256", "kid": self.idp_key.kid() });
        for (name, value) in header_changes.as_object().unwrap() {
            header[name] = value.clone();
        }
        let signed = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        format!("{signed}.{}", BASE64.encode(key.unwrap_or(&self.idp_key).sign(signed.as_bytes()).unwrap()))
    }

    /// A token for the sibling.
    pub(crate) fn sibling_token(&self) -> String {
        self.token(
            &json!({ "iss": "https://acme.okta.com/oauth2/aus1ui", "aud": "cloud-ui", "scp": ["openid"] }),
        )
    }

    pub(crate) async fn send(&self, method: Method, url: &str, headers: &[(&str, &str)]) -> Response {
        let request = headers
            .iter()
            .fold(self.client.request(method, url), |request, (name, value)| request.header(*name, *value));
        request.send().await.unwrap()
    }

    pub(crate) async fn get(&self, url: &str) -> Response {
        self.send(Method::GET, url, &[]).await
    }

    /// The Manager's config endpoint, with a good token unless another header set is given.
    pub(crate) async fn config(&self, more: &[(&str, &str)]) -> Response {
        let bearer = format!("Bearer {}", self.token(&json!({})));
        let mut headers = vec![(AUTHORIZATION.as_str(), bearer.as_str())];
        headers.extend(more);
        self.send(Method::GET, &format!("{MANAGER}/api/v1/config"), &headers).await
    }

    pub(crate) async fn control(&self, method: Method, url: &str, body: Option<&str>) -> Response {
        let request = self.client.request(method, url).bearer_auth(SECRET);
        let request = match body {
            Some(body) => request.body(body.to_owned()),
            None => request,
        };
        request.send().await.unwrap()
    }

    pub(crate) fn advance(&self, hours: i64) -> Timestamp {
        self.clock.advance(SignedDuration::from_hours(hours))
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.policy_file.parent().unwrap());
    }
}

/// A path in a folder that is not there yet, another one each time.
fn policy_file() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("touchstone-policy-{}-{number}", std::process::id()));
    folder.join("enterprise-config.json")
}

pub(crate) async fn body(response: Response) -> Value {
    let text = response.text().await.unwrap();
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"))
}

pub(crate) fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// Discovery and keys of every authorization server of a tenant.
fn idp(key: &SigningKey) -> Router {
    let keys = json!({ "keys": [key.public_jwk()] });
    Router::new()
        .route(
            "/oauth2/{server}/.well-known/openid-configuration",
            get(async |UrlPath(server): UrlPath<String>| {
                let issuer = format!("https://acme.okta.com/oauth2/{server}");
                Json(json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/v1/keys") }))
            }),
        )
        .route("/oauth2/{server}/v1/keys", get(async move || Json(keys)))
}
