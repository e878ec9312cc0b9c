//! The reference platform in this process: mock IdP, Enterprise Manager, Cloud UI, Registry Server, and MCP servers
//! behind their proxies, over TLS on loopback.
//!
//! Every case gets a platform of its own: own ports, a clock for each component. The issuer and the
//! resource URLs are those of the values file; the client finds them by name override. Signing keys come from a pool that all cases
//! share, but no two issuers of a case share one. This file and `tenant` are the only ones that know the mock IdP.

mod mcp;
mod pace;
mod registry;
pub mod tenant;

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::SignedDuration;
use mcp_policy::{claims::IdpType, manifest};
use mock_idp::{IdpClock, KeyPool, Running, Settings, Tenant};

use self::pace::Pace;
use super::{
    Control, Endpoint, Endpoints, Pending, Platform, PlatformOrder, Probe, REQUEST_LIMIT, Target,
    TargetError, control_host,
};
use crate::{
    chance,
    clock::{Clock, ManualClock},
    model::{
        identifier::Component,
        resource_url::ResourceUrl,
        rule::{Rule, Rules},
        values::{self, EnterpriseManager, Values},
    },
    net::{self, Authority, Leaf, Names, Serving},
    outcome::{Capability, TargetIdentity},
    reference::{
        Surroundings,
        cloud_ui::{self, CloudUi},
        enterprise_manager::{self, Deployment, Manager, SigningKey},
    },
    scratch::Scratch,
    token::TokenCache,
};

/// Why a platform with running clocks moves none of them by itself.
const THEY_RUN: &str = "move clocks that run: their control wires do";

/// The IdP's name among the components.
const IDP: &str = "idp";

/// Where the Cloud UI lives if its values do not say.
const UI_URL: &str = "https://cloud-ui.example.com";

/// The time that a component gives the IdP to answer. On a busy machine less would show failures that are none.
const KEY_FETCH_LIMIT: Duration = Duration::from_secs(1);

/// Starts platforms in this process.
#[derive(Debug)]
pub struct EmbeddedTarget {
    rules: Rules,
    authority: Authority,
    /// By host names: platforms of equal names share a certificate.
    leaves: Mutex<BTreeMap<Vec<String>, Leaf>>,
    keys: KeyPool,
    pace: Pace,
    signing_key: Option<SigningKey>,
}

impl EmbeddedTarget {
    /// A target whose components keep these rules. Without a signing key for the Manager, each case has its own.
    pub fn new(rules: Rules, signing_key: Option<SigningKey>) -> Result<Self, TargetError> {
        let authority = Authority::generate().map_err(environment)?;
        let pace = Pace::still().map_err(environment)?;
        Ok(Self { rules, authority, leaves: Mutex::default(), keys: KeyPool::new(), pace, signing_key })
    }

    /// The same with clocks that run, for hands-on work: what moves them are the control wires alone.
    #[must_use]
    pub fn with_running_clocks(self) -> Self {
        Self { pace: Pace::Running, ..self }
    }

    /// Whose certificates the platforms show.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The certificate of some host names, made once.
    fn leaf(&self, hosts: Vec<String>) -> Result<Leaf, TargetError> {
        let mut leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(leaf) = leaves.get(&hosts) {
            return Ok(leaf.clone());
        }
        let leaf = self.authority.issue(&hosts).map_err(environment)?;
        leaves.insert(hosts, leaf.clone());
        Ok(leaf)
    }

    fn launch(&self, order: &PlatformOrder) -> Result<EmbeddedPlatform, TargetError> {
        let (values, _) =
            Values::read(&order.values).map_err(|found| TargetError::Values(Box::new(found)))?;
        let (tenant, _) =
            Tenant::parse(&order.tenant).map_err(|found| TargetError::Tenant(Box::new(found)))?;
        values.register_secrets(&order.secrets);
        let (manifests, _) = manifest::read(order.manifests.clone());
        tenant::fits(&values, &manifests, &tenant)?;
        for (secret, kind) in tenant.secrets() {
            order.secrets.register(&secret, kind);
        }
        let ui_url = match values.cloud_ui.as_ref().and_then(|ui| ui.url.clone()) {
            Some(url) => url,
            None => ResourceUrl::parse(UI_URL).map_err(environment)?,
        };
        let registries = registry::Places::of(&values)?;
        let mut hosts = tenant.hosts();
        hosts.extend(values.enterprise_manager.iter().map(|manager| manager.resource_url.host().to_owned()));
        hosts.push(ui_url.host().to_owned());
        hosts.extend(registries.hosts());
        let servers = mcp::servers(&manifests);
        hosts.extend(servers.iter().flat_map(mcp::hosts));
        let wires: Vec<_> = hosts.iter().map(|host| control_host(host)).collect();
        hosts.extend(wires);
        hosts.push("127.0.0.1".to_owned());
        hosts.sort();
        hosts.dedup();
        let mut launch = Launch {
            leaf: self.leaf(hosts)?,
            pace: self.pace,
            rules: self.rules,
            secret: chance::unguessable()
                .ok_or_else(|| environment("the system has no randomness to give"))?,
            tokens: TokenCache::default(),
            scratch: Scratch::reserve().map_err(environment)?,
            endpoints: Endpoints::default(),
            names: Names::new(),
            clocks: BTreeMap::new(),
            serving: Vec::new(),
            notes: Vec::new(),
            cautions: Vec::new(),
        };
        order.secrets.register(&launch.secret, "control secret");
        let (idp, idp_clock) = launch.idp(tenant, self, order)?;
        let manager =
            values.enterprise_manager.as_ref().map(|manager| launch.bind(manager.resource_url.host()));
        let manager = manager.transpose()?;
        let ui = values.cloud_ui.as_ref().map(|_| launch.bind(ui_url.host())).transpose()?;
        let registries = launch.plan_registries(registries)?;
        let servers: Vec<_> = servers.into_iter().map(|id| launch.plan_mcp(id)).collect::<Result<_, _>>()?;
        let client = |limit| {
            net::build_client(&[self.authority.certificate()], &launch.names, limit).map_err(environment)
        };
        let (http, fetching) = (client(REQUEST_LIMIT)?, client(KEY_FETCH_LIMIT)?);
        if let (Some(values), Some(listener)) = (&values.enterprise_manager, manager) {
            launch.manager(values, listener, &fetching, self.signing_key.clone(), order)?;
        }
        if let (Some(ui), Some(listener)) = (&values.cloud_ui, ui) {
            launch.cloud_ui(ui, ui_url, values.enterprise_manager.as_ref(), listener, &fetching, order)?;
        }
        launch.registries(registries, &values, &manifests, &fetching)?;
        for planned in servers {
            launch.mcp(planned, &order.manifests, &values, &fetching)?;
        }
        let Launch { mut endpoints, names, clocks, serving, scratch, notes, cautions, .. } = launch;
        endpoints.hosts = names;
        Ok(EmbeddedPlatform {
            endpoints,
            http,
            clock: self.pace.clock(),
            clocks,
            idp_clock,
            notes,
            cautions,
            _idp: idp,
            _serving: serving,
            _scratch: scratch,
        })
    }
}

impl Target for EmbeddedTarget {
    fn identity(&self) -> TargetIdentity {
        TargetIdentity {
            name: "embedded".into(),
            description: "reference Enterprise Manager, Cloud UI, Registry Server, MCP servers behind their proxies and a mock IdP in this process"
                .into(),
            capabilities: vec![
                Capability::ClockControl,
                Capability::FaultInjection,
                Capability::KeyRotation,
                Capability::Minting,
                Capability::Journal,
                Capability::PolicyChange,
            ],
            clock: self.pace.name().into(),
        }
    }

    fn start<'a>(&'a self, order: &'a PlatformOrder) -> Pending<'a, Result<Box<dyn Platform>, TargetError>> {
        Box::pin(async move { self.launch(order).map(|platform| Box::new(platform) as Box<dyn Platform>) })
    }
}

/// A platform in the making.
struct Launch {
    leaf: Leaf,
    pace: Pace,
    rules: Rules,
    secret: String,
    /// Shared by all components under the sabotage of TOK-CACHE only.
    tokens: TokenCache,
    scratch: Scratch,
    endpoints: Endpoints,
    names: Names,
    clocks: BTreeMap<Component, ManualClock>,
    serving: Vec<Serving>,
    notes: Vec<String>,
    cautions: Vec<String>,
}

/// A reference component, ready to serve.
struct Ready<'a> {
    component: &'a str,
    base: &'a str,
    protected_path: &'a str,
    probe: Probe,
    clock: ManualClock,
    faults: net::Faults,
    public: axum::Router,
    control: axum::Router,
}

impl Launch {
    /// A listener for a host name.
    fn bind(&mut self, host: &str) -> Result<TcpListener, TargetError> {
        let listener = net::bind(0).map_err(environment)?;
        self.names.insert(host.to_owned(), listener.local_addr().map_err(environment)?);
        Ok(listener)
    }

    fn idp(
        &mut self,
        tenant: Tenant,
        target: &EmbeddedTarget,
        order: &PlatformOrder,
    ) -> Result<(Running, Option<mock_idp::ManualClock>), TargetError> {
        let hosts = tenant.hosts();
        let base = hosts.first().map(|host| format!("https://{host}")).unwrap_or_default();
        let clock = match self.pace {
            Pace::Still(start) => Some(mock_idp::ManualClock::at(start)),
            Pace::Running => None,
        };
        let running = mock_idp::start(Settings {
            tenant,
            seed: chance::derive(&order.seed, "idp"),
            clock: clock.clone().map_or(IdpClock::System, IdpClock::Manual),
            keys: target.keys.clone(),
            tls: Arc::clone(&self.leaf.config),
            wrong_tls: mock_idp::WrongTls {
                untrusted: Some(Arc::clone(&self.leaf.untrusted)),
                expired: Some(Arc::clone(&self.leaf.expired)),
                other_name: Some(Arc::clone(&self.leaf.other_name)),
            },
            listener: net::bind(0).map_err(environment)?,
            control: Some((net::bind(0).map_err(environment)?, self.secret.clone())),
        })
        .map_err(environment)?;
        self.names.extend(hosts.into_iter().map(|host| (host, running.address)));
        let control = running.control_address.map(|address| self.control(address));
        let endpoint = Endpoint { base, protected_path: "/".into(), probe: Probe::Get, control };
        self.endpoints.components.insert(Component::new(IDP), endpoint);
        Ok((running, clock))
    }

    fn manager(
        &mut self,
        values: &EnterpriseManager,
        listener: TcpListener,
        http: &net::Client,
        given: Option<SigningKey>,
        order: &PlatformOrder,
    ) -> Result<(), TargetError> {
        let key = if let Some(key) = given {
            key
        } else {
            let missing = match &values.existing_secret {
                Some(name) => format!("the Secret `{name}` is not here"),
                None => "`signingConfig.existingSecret` is not set".to_owned(),
            };
            self.notes.push(format!("{missing}: the Enterprise Manager signs with a generated key"));
            SigningKey::from_seed(chance::derive(&order.seed, "signing key")).map_err(environment)?
        };
        let clock = self.pace.clock();
        let deployment = Deployment {
            keys: key.into(),
            seed: chance::derive(&order.seed, "rotated signing keys"),
            policy_file: Some(self.scratch.at("enterprise-config.json")),
        };
        let manager =
            Manager::new(values, deployment, self.surroundings(&clock, http)).map_err(environment)?;
        let control = manager.control_router(&self.secret, Some(clock.clone()));
        self.serve(
            listener,
            Ready {
                component: "enterprise-manager",
                base: values.resource_url.as_str(),
                protected_path: enterprise_manager::PROTECTED_PATH,
                probe: Probe::Get,
                clock,
                faults: manager.faults(),
                public: manager.router(),
                control,
            },
        )
    }

    fn cloud_ui(
        &mut self,
        values: &values::CloudUi,
        url: ResourceUrl,
        manager: Option<&EnterpriseManager>,
        listener: TcpListener,
        http: &net::Client,
        order: &PlatformOrder,
    ) -> Result<(), TargetError> {
        let base = url.as_str().to_owned();
        let managers_scope = manager.map(|manager| &manager.required_scope);
        let clock = self.pace.clock();
        let seed = chance::derive(&order.seed, "cloud ui");
        let ui = CloudUi::new(values, url, managers_scope, seed, self.surroundings(&clock, http));
        let control = ui.control_router(&self.secret, Some(clock.clone()));
        self.serve(
            listener,
            Ready {
                // The name that scenarios have for it: what a token for another component is held against.
                component: "sibling",
                base: &base,
                protected_path: cloud_ui::PROTECTED_PATH,
                probe: Probe::Get,
                clock,
                faults: ui.faults(),
                public: ui.router(),
                control,
            },
        )
    }

    fn surroundings(&self, clock: &ManualClock, http: &net::Client) -> Surroundings {
        let own = Surroundings::new(self.rules, Arc::new(clock.clone()), http.clone());
        if self.rules.hold(Rule::TokCache) {
            own
        } else {
            Surroundings { tokens: self.tokens.clone(), ..own }
        }
    }

    /// Serves a component and its control wire. The wire has no faults: it is how they end.
    fn serve(&mut self, listener: TcpListener, ready: Ready<'_>) -> Result<(), TargetError> {
        let Ready { component, base, protected_path, probe, clock, faults, public, control } = ready;
        let time: Arc<dyn Clock> = Arc::new(clock.clone());
        let public = net::serve(listener, &self.leaf, Arc::clone(&time), &faults, public);
        let public = public.map_err(environment)?;
        let control = net::bind(0)
            .and_then(|listener| net::serve(listener, &self.leaf, time, &net::Faults::default(), control))
            .map_err(environment)?;
        let endpoint = Endpoint {
            base: base.trim_end_matches('/').to_owned(),
            protected_path: protected_path.to_owned(),
            probe,
            control: Some(self.control(control.address)),
        };
        self.endpoints.components.insert(Component::new(component), endpoint);
        self.clocks.insert(Component::new(component), clock);
        self.serving.extend([public, control]);
        Ok(())
    }

    fn control(&self, address: SocketAddr) -> Control {
        Control { base: format!("https://{address}"), secret: self.secret.clone() }
    }
}

/// A running platform; it stops when it is dropped.
#[derive(Debug)]
struct EmbeddedPlatform {
    endpoints: Endpoints,
    http: net::Client,
    /// The harness's.
    clock: ManualClock,
    /// Of the reference components.
    clocks: BTreeMap<Component, ManualClock>,
    /// None where the clocks run: the provider then keeps its own.
    idp_clock: Option<mock_idp::ManualClock>,
    notes: Vec<String>,
    cautions: Vec<String>,
    _idp: Running,
    _serving: Vec<Serving>,
    /// Dropped after the servers, which write into it.
    _scratch: Scratch,
}

impl Platform for EmbeddedPlatform {
    fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    fn http(&self) -> &net::Client {
        &self.http
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }

    fn advance(&self, by: SignedDuration) -> Pending<'_, Result<(), TargetError>> {
        let Some(idp_clock) = &self.idp_clock else {
            return Box::pin(std::future::ready(Err(TargetError::Unsupported(THEY_RUN))));
        };
        self.clock.advance(by);
        idp_clock.advance(by);
        for clock in self.clocks.values() {
            clock.advance(by);
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn advance_one<'a>(
        &'a self,
        component: &'a Component,
        by: SignedDuration,
    ) -> Pending<'a, Result<(), TargetError>> {
        let moved = match (component.as_str(), &self.idp_clock) {
            (_, None) => Err(THEY_RUN),
            (IDP, Some(clock)) => Ok(clock.advance(by)),
            _ => self
                .clocks
                .get(component)
                .map(|clock| clock.advance(by))
                .ok_or("move the clock of a component that is not there"),
        };
        let moved = moved.map(|_| ()).map_err(TargetError::Unsupported);
        Box::pin(std::future::ready(moved))
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn cautions(&self) -> &[String] {
        &self.cautions
    }
}

/// The type of the identity provider, as the Manager's values state it.
fn idp_type(values: &Values) -> IdpType {
    values.enterprise_manager.as_ref().map_or(IdpType::Generic, |manager| manager.idp_type)
}

#[expect(clippy::needless_pass_by_value, reason = "it stands where `map_err` wants a function")]
fn environment(error: impl ToString) -> TargetError {
    TargetError::Environment(error.to_string())
}
