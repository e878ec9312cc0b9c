//! A Registry Server with a small catalogue, the mock identity provider, and callers with any claims.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, LazyLock},
    time::Duration,
};

use mock_idp::{IdpClock, KeyPool, Running, Settings, Tenant, WrongTls};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use spanned_yaml::Source;
use touchstone::{
    clock::{Clock, ManualClock},
    model::{
        resource_url::ResourceUrl,
        rule::Rules,
        values::{Values, registry_server::ClaimMap},
    },
    net::{Authority, Client, Faults, Serving, bind, build_client, serve},
    reference::{
        Surroundings,
        registry_server::{Deployment, Entry, RegistryServer},
    },
};

/// Its resource URL has a path, so that nothing is found by chance.
pub(super) const SERVER: &str = "https://registry.example.com/rs";
pub(super) const EMPLOYEES: &str = "https://acme.okta.com/oauth2/aus1registry";
pub(super) const CLOUD_UI: &str = "https://acme.okta.com/oauth2/aus1ui";
pub(super) const MANAGER: &str = "https://acme.okta.com/oauth2/aus1em";
const CONTROL: &str = "https://registry-control.test";
const SECRET: &str = "per-run-secret";
const START: &str = "2026-06-01T08:00:00Z";

static KEYS: LazyLock<KeyPool> = LazyLock::new(KeyPool::new);

pub(super) struct Rig {
    client: Client,
    idp_control: String,
    server: RegistryServer,
    _idp: Running,
    _servers: Vec<Serving>,
}

/// A status and a JSON body; null where there is none.
pub(super) type Answer = (u16, Value);

pub(super) fn values(name: &str) -> Values {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/values/good/{name}.yaml"));
    Values::read(&Source::read(&path).unwrap()).unwrap_or_else(|findings| panic!("{findings}")).0
}

impl Rig {
    pub(super) fn start() -> Self {
        Self::of("registry-server", catalogue())
    }

    pub(super) fn of(values_name: &str, entries: Vec<Entry>) -> Self {
        let settings = values(values_name).registry_server.unwrap();
        let clock = ManualClock::at(START.parse().unwrap());
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let authority = Authority::generate().unwrap();
        let hosts = ["acme.okta.com", "registry.example.com", "registry-control.test"];
        let listeners: Vec<_> = hosts.iter().map(|_| bind(0).unwrap()).collect();
        let names: BTreeMap<_, _> = hosts
            .iter()
            .zip(&listeners)
            .map(|(host, listener)| ((*host).to_owned(), listener.local_addr().unwrap()))
            .collect();
        let client = build_client(&[authority.certificate()], &names, Duration::from_secs(5)).unwrap();
        let mut listeners = listeners.into_iter();

        let (_, tenant) =
            mock_idp::tenants::SHIPPED.iter().find(|(name, _)| *name == "okta-per-component").unwrap();
        let (tenant, _) = Tenant::parse(&Source::new("tenant.yaml", tenant)).unwrap();
        let leaf = authority.issue(&["acme.okta.com".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let idp = mock_idp::start(Settings {
            tenant,
            seed: [7; 32],
            clock: IdpClock::Manual(mock_idp::ManualClock::at(START.parse().unwrap())),
            keys: KEYS.clone(),
            tls: leaf.config,
            wrong_tls: WrongTls::default(),
            listener: listeners.next().unwrap(),
            control: Some((bind(0).unwrap(), SECRET.to_owned())),
        })
        .unwrap();

        let otherwise = ResourceUrl::parse(SERVER).unwrap();
        let deployment = Deployment { entries, ..Deployment::of(&settings, otherwise) };
        let surroundings = Surroundings::new(Rules::ALL, Arc::clone(&shared), client.clone());
        let server = RegistryServer::new(&settings, deployment, &surroundings).unwrap();
        let routers = [
            (server.router(), server.faults()),
            (server.control_router(SECRET, Some(clock)), Faults::default()),
        ];
        let servers = listeners.zip(routers).zip(&hosts[1..]).map(|((listener, (router, faults)), host)| {
            let leaf = authority.issue(&[(*host).to_owned()]).unwrap();
            serve(listener, &leaf, Arc::clone(&shared), &faults, router).unwrap()
        });
        let servers = servers.collect();
        let idp_control = format!("https://{}", idp.control_address.unwrap());
        Self { client, idp_control, server, _idp: idp, _servers: servers }
    }

    pub(super) fn cautions(&self) -> Vec<String> {
        self.server.cautions()
    }

    /// A token of an issuer with these claims beside the usual ones; of groups and roles only these.
    pub(super) async fn token_of(&self, issuer: &str, claims: Value) -> String {
        let mut all = json!({ "sub": "ann", "groups": [], "roles": [] });
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        let order = json!({
            "issuer": issuer,
            "like": { "client_id": "0oaclouduitouch01", "user": "ann@acme.test", "scopes": ["openid"] },
            "claims": all,
        });
        let request = self.client.post(format!("{}/control/mint", self.idp_control)).bearer_auth(SECRET);
        let response = request.body(order.to_string()).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let minted: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        minted["token"].as_str().unwrap().to_owned()
    }

    pub(super) async fn token(&self, claims: Value) -> String {
        self.token_of(EMPLOYEES, claims).await
    }

    /// Sends a request below the resource URL.
    pub(super) async fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Response {
        let request = self.client.request(method, format!("{SERVER}{path}"));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = match body {
            Some(body) => request.body(body),
            None => request,
        };
        request.send().await.unwrap()
    }

    pub(super) async fn send(&self, token: &str, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let bearer = format!("Bearer {token}");
        let body = body.map(Value::to_string);
        answer(self.request(method, path, &[("authorization", &bearer)], body).await).await
    }

    pub(super) async fn get(&self, token: &str, path: &str) -> Answer {
        self.send(token, Method::GET, path, None).await
    }

    /// The names and versions that a caller sees in a registry.
    pub(super) async fn listed(&self, token: &str, registry: &str, query: &str) -> Vec<String> {
        let (status, page) = self.get(token, &format!("/registry/{registry}/v0.1/servers{query}")).await;
        assert_eq!(status, 200, "{page}");
        servers(&page)
    }

    /// The status alone: a refusal of the control wire has its own form.
    pub(super) async fn control_status(&self, method: Method, path: &str, body: &Value) -> u16 {
        let request = self.client.request(method, format!("{CONTROL}/control/{path}")).bearer_auth(SECRET);
        request.body(body.to_string()).send().await.unwrap().status().as_u16()
    }

    pub(super) async fn control(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let request = self.client.request(method, format!("{CONTROL}/control/{path}")).bearer_auth(SECRET);
        let request = match body {
            Some(body) => request.body(body.to_string()),
            None => request,
        };
        answer(request.send().await.unwrap()).await
    }
}

/// `name@version` of each server of a page.
pub(super) fn servers(page: &Value) -> Vec<String> {
    let shown = |entry: &Value| {
        let server = &entry["server"];
        assert_eq!(entry["_meta"], json!({}));
        format!("{}@{}", server["name"].as_str().unwrap(), server["version"].as_str().unwrap())
    };
    page["servers"].as_array().unwrap().iter().map(shown).collect()
}

pub(super) async fn answer(response: Response) -> Answer {
    let status = response.status();
    let text = response.text().await.unwrap();
    let body = if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"))
    };
    if status.is_client_error() {
        let members = body.as_object().unwrap();
        assert!(members.len() == 1 && members["error"].is_string(), "not `{{\"error\": words}}`: {body}");
    }
    assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{body}");
    (status.as_u16(), body)
}

pub(super) fn server(name: &str, version: &str) -> Value {
    json!({ "name": name, "version": version, "description": format!("{name} in its version {version}") })
}

pub(super) fn entry(source: &str, claims: Value, server: Value) -> Entry {
    let members = |json: Value| json.as_object().unwrap().clone();
    Entry {
        source: source.to_owned(),
        claims: ClaimMap::new(members(claims)).unwrap(),
        server: members(server),
    }
}

/// Of the sources `internal`, `catalog` and `cluster`, in this order in the registry `main`.
fn catalogue() -> Vec<Entry> {
    let acme = json!({ "org": "acme" });
    let either = json!({ "org": ["acme", "partner"] });
    vec![
        entry("internal", acme.clone(), server("io.github.acme/weather", "1.0.0")),
        entry("internal", acme.clone(), server("io.github.acme/weather", "1.10.0")),
        entry("internal", acme.clone(), server("io.github.acme/weather", "1.9.0")),
        entry("catalog", either.clone(), server("io.github.acme/weather", "9.0.0")),
        entry("catalog", either, server("io.github.stacklok/toolhive", "0.1.0")),
        entry(
            "internal",
            json!({ "org": "acme", "team": "finance" }),
            server("io.github.acme/payroll", "1.0.0"),
        ),
        entry("internal", json!({}), server("io.github.acme/unlabelled", "1.0.0")),
        entry("internal", json!({ "team": ["research", "data"] }), server("io.github.acme/lab", "2.0.0")),
        entry("cluster", acme, server("github", "1.0.0")),
    ]
}
