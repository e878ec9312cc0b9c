//! What a platform consists of, and how its components are made: all of them in one process, or one of them alone in
//! a container. Which it is the [`Ground`] says; the components cannot tell.
//!
//! This folder and `embedded/tenant.rs` are the only places that know the mock IdP.

mod ground;
mod log;
mod mcp;
mod pace;
mod playable;
mod registry;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::TcpListener,
    sync::Arc,
    time::Duration,
};

use mcp_policy::{
    claims::IdpType,
    manifest::{self, Manifests},
    vocabulary::ServerId,
};
use mock_idp::{IdpClock, KeyPool, Running, Settings, Tenant};
use spanned_yaml::Source;

pub use self::log::Log;
pub(super) use self::{
    ground::{Ground, Seat, bind_everywhere},
    pace::Pace,
};
use super::{Control, Endpoint, Endpoints, PlatformOrder, Probe, TargetError, embedded::tenant};
use crate::{
    chance::{self, Seed},
    clock::{Clock, ManualClock},
    model::{
        identifier::Component,
        resource_url::ResourceUrl,
        rule::{Rule, Rules},
        values::{self, EnterpriseManager, Values},
    },
    net::{self, Leaf, Serving},
    outcome::Capability,
    reference::{
        Surroundings,
        cloud_ui::{self, CloudUi},
        enterprise_manager::{self, Deployment, Manager, SigningKey},
    },
    scratch::Scratch,
    token::TokenCache,
};

/// What can be done with its components wherever they run.
pub(super) const CAPABILITIES: [Capability; 6] = [
    Capability::ClockControl,
    Capability::FaultInjection,
    Capability::KeyRotation,
    Capability::Minting,
    Capability::Journal,
    Capability::PolicyChange,
];

/// The IdP's name among the components.
pub(super) const IDP: &str = "idp";

/// Where the Cloud UI lives if its values do not say.
const UI_URL: &str = "https://cloud-ui.example.com";

/// The time that a component gives the IdP to answer. On a busy machine less would show failures that are none.
const KEY_FETCH_LIMIT: Duration = Duration::from_secs(2);

/// An order, read: what there will be, and under which names.
#[derive(Debug)]
pub(super) struct Blueprint {
    values: Values,
    tenant: Tenant,
    manifests: Manifests,
    sources: Vec<Source>,
    ui_url: ResourceUrl,
    registries: registry::Places,
    servers: BTreeSet<ServerId>,
    seed: Seed,
}

/// Why a platform of these files cannot be played, if it cannot. Of files with mistakes nothing is said.
#[must_use]
pub fn unplayable(values: &Source, tenant: &Source) -> Option<String> {
    let (values, _) = Values::read(values).ok()?;
    let (tenant, _) = Tenant::parse(tenant).ok()?;
    let idp = (&*tenant.issuers(), tenant.hosts());
    playable::check(&values, &playable::ui_url(&values).ok()?, &registry::Places::of(&values).ok()?, idp)
        .err()
}

impl Blueprint {
    /// Reads the order, and registers its secrets.
    pub(super) fn read(order: &PlatformOrder) -> Result<Self, TargetError> {
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
        let ui_url = playable::ui_url(&values)?;
        let registries = registry::Places::of(&values)?;
        let idp = (&*tenant.issuers(), tenant.hosts());
        playable::check(&values, &ui_url, &registries, idp).map_err(TargetError::Unplayable)?;
        Ok(Self {
            registries,
            servers: mcp::servers(&manifests),
            sources: order.manifests.clone(),
            seed: order.seed,
            values,
            tenant,
            manifests,
            ui_url,
        })
    }

    /// The host names of each component. One that has another's name is nobody: the other answers.
    pub(super) fn seats(&self) -> Vec<Vec<String>> {
        let manager = self.values.enterprise_manager.iter().map(|manager| manager.resource_url.host());
        let ui = self.values.cloud_ui.iter().map(|_| self.ui_url.host());
        let mut seats = vec![self.tenant.hosts()];
        seats.extend(manager.chain(ui).map(|host| vec![host.to_owned()]));
        seats.extend(self.registries.hosts().map(|host| vec![host]));
        seats.extend(self.servers.iter().flat_map(mcp::hosts).map(|host| vec![host]));
        let mut taken = BTreeSet::new();
        seats.retain(|hosts| hosts.iter().all(|host| taken.insert(host.clone())));
        seats
    }

    /// Makes the components that the ground has room for, and serves them.
    pub(super) fn launch(self, ground: Ground, kit: Kit) -> Result<Launched, TargetError> {
        let Self { values, tenant, manifests, sources, ui_url, registries, servers, seed } = self;
        let mut launch = Launch {
            ground,
            kit,
            seed,
            tokens: TokenCache::default(),
            scratch: Scratch::reserve().map_err(environment)?,
            hosts: BTreeSet::new(),
            endpoints: Endpoints::default(),
            clocks: BTreeMap::new(),
            serving: Vec::new(),
            notes: Vec::new(),
            cautions: Vec::new(),
        };
        let idp = launch.idp(tenant)?;
        let manager = values.enterprise_manager.as_ref();
        let managers_place = manager.map(|manager| launch.bind(manager.resource_url.host())).transpose()?;
        let ui_place = values.cloud_ui.as_ref().map(|_| launch.bind(ui_url.host())).transpose()?;
        let registries = launch.plan_registries(registries)?;
        let servers: Vec<_> = servers.into_iter().map(|id| launch.plan_mcp(id)).collect::<Result<_, _>>()?;
        let fetching = launch.ground.client(KEY_FETCH_LIMIT)?;
        if let (Some(values), Some(listener)) = (manager, managers_place.flatten()) {
            launch.manager(values, listener, &fetching)?;
        }
        if let (Some(ui), Some(listener)) = (&values.cloud_ui, ui_place.flatten()) {
            launch.cloud_ui(ui, ui_url, manager, listener, &fetching)?;
        }
        launch.registries(registries, &values, &manifests, &fetching)?;
        for planned in servers {
            launch.mcp(planned, &sources, &values, &fetching)?;
        }
        let Launch { ground, mut endpoints, clocks, serving, scratch, notes, cautions, .. } = launch;
        endpoints.hosts = ground.into_names();
        let (idp, idp_clock) = idp.unzip();
        let idp_clock = idp_clock.flatten();
        Ok(Launched { endpoints, clocks, idp_clock, notes, cautions, idp, serving, scratch })
    }
}

/// What the components are made with.
#[derive(Debug)]
pub(super) struct Kit {
    pub(super) leaf: Leaf,
    pub(super) pace: Pace,
    pub(super) rules: Rules,
    /// Of the control wires.
    pub(super) secret: String,
    pub(super) keys: KeyPool,
    /// The Manager's. Without one it makes its own.
    pub(super) signing_key: Option<SigningKey>,
    /// Told of every request, where somebody wants to know.
    pub(super) log: Option<Log>,
}

/// Running components; they stop when this is dropped.
#[derive(Debug)]
pub(super) struct Launched {
    pub(super) endpoints: Endpoints,
    /// Of the reference components.
    pub(super) clocks: BTreeMap<Component, ManualClock>,
    /// None where the clocks run, and where there is no IdP.
    pub(super) idp_clock: Option<mock_idp::ManualClock>,
    pub(super) notes: Vec<String>,
    pub(super) cautions: Vec<String>,
    idp: Option<Running>,
    serving: Vec<Serving>,
    /// Dropped after the servers, which write into it.
    scratch: Scratch,
}

impl Launched {
    /// Ends the components. When it returns their addresses are free.
    pub(super) async fn stop(self) {
        let Self { idp, serving, scratch, .. } = self;
        if let Some(idp) = idp {
            // What went wrong with a server that ends is nobody's concern.
            let _ = idp.stop(Duration::ZERO).await;
        }
        for one in serving {
            one.stop().await;
        }
        drop(scratch);
    }
}

/// A platform in the making.
struct Launch {
    ground: Ground,
    kit: Kit,
    seed: Seed,
    /// Shared by all components under the sabotage of TOK-CACHE only.
    tokens: TokenCache,
    scratch: Scratch,
    /// The names that have an owner.
    hosts: BTreeSet<String>,
    endpoints: Endpoints,
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
    /// A listener for a host name; none where another process serves it.
    fn bind(&mut self, host: &str) -> Result<Option<TcpListener>, TargetError> {
        self.hosts.insert(host.to_owned());
        self.ground.bind(&[host.to_owned()])
    }

    fn idp(
        &mut self,
        tenant: Tenant,
    ) -> Result<Option<(Running, Option<mock_idp::ManualClock>)>, TargetError> {
        let hosts = tenant.hosts();
        self.hosts.extend(hosts.iter().cloned());
        let Some(listener) = self.ground.bind(&hosts)? else { return Ok(None) };
        if matches!(self.ground, Ground::Alone { .. }) {
            // A process that has just begun has no key, and nobody shall wait for one within a request's time.
            self.kit.keys.prepare(&tenant);
        }
        let base = hosts.first().map(|host| format!("https://{host}")).unwrap_or_default();
        let clock = match self.kit.pace {
            Pace::Still(start) => Some(mock_idp::ManualClock::at(start)),
            Pace::Running => None,
        };
        let leaf = &self.kit.leaf;
        let running = mock_idp::start(Settings {
            tenant,
            seed: chance::derive(&self.seed, "idp"),
            clock: clock.clone().map_or(IdpClock::System, IdpClock::Manual),
            keys: self.kit.keys.clone(),
            tls: Arc::clone(&leaf.config),
            wrong_tls: mock_idp::WrongTls {
                untrusted: Some(Arc::clone(&leaf.untrusted)),
                expired: Some(Arc::clone(&leaf.expired)),
                other_name: Some(Arc::clone(&leaf.other_name)),
            },
            listener,
            control: Some((self.ground.bind_wire()?, self.kit.secret.clone())),
        })
        .map_err(environment)?;
        let control = running.control_address.map(|address| self.control(address));
        let endpoint = Endpoint { base, protected_path: "/".into(), probe: Probe::Get, control };
        self.endpoints.components.insert(Component::new(IDP), endpoint);
        Ok(Some((running, clock)))
    }

    fn manager(
        &mut self,
        values: &EnterpriseManager,
        listener: TcpListener,
        http: &net::Client,
    ) -> Result<(), TargetError> {
        let key = if let Some(key) = self.kit.signing_key.clone() {
            key
        } else {
            let missing = match &values.existing_secret {
                Some(name) => format!("the Secret `{name}` is not here"),
                None => "`signingConfig.existingSecret` is not set".to_owned(),
            };
            self.notes.push(format!("{missing}: the Enterprise Manager signs with a generated key"));
            SigningKey::from_seed(chance::derive(&self.seed, "signing key")).map_err(environment)?
        };
        let clock = self.kit.pace.clock();
        let deployment = Deployment {
            keys: key.into(),
            seed: chance::derive(&self.seed, "rotated signing keys"),
            policy_file: Some(self.scratch.at("enterprise-config.json")),
        };
        let manager =
            Manager::new(values, deployment, self.surroundings(&clock, http)).map_err(environment)?;
        let control = manager.control_router(&self.kit.secret, Some(clock.clone()));
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
    ) -> Result<(), TargetError> {
        let base = url.as_str().to_owned();
        let managers_scope = manager.map(|manager| &manager.required_scope);
        let clock = self.kit.pace.clock();
        let seed = chance::derive(&self.seed, "cloud ui");
        let ui = CloudUi::new(values, url, managers_scope, seed, self.surroundings(&clock, http));
        let control = ui.control_router(&self.kit.secret, Some(clock.clone()));
        self.serve(
            listener,
            Ready {
                component: "cloud-ui",
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
        let own = Surroundings::new(self.kit.rules, Arc::new(clock.clone()), http.clone());
        if self.kit.rules.hold(Rule::TokCache) {
            own
        } else {
            Surroundings { tokens: self.tokens.clone(), ..own }
        }
    }

    /// Serves a component and its control wire. The wire has no faults: it is how they end.
    fn serve(&mut self, listener: TcpListener, ready: Ready<'_>) -> Result<(), TargetError> {
        let Ready { component, base, protected_path, probe, clock, faults, public, control } = ready;
        let time: Arc<dyn Clock> = Arc::new(clock.clone());
        let public = match &self.kit.log {
            Some(log) => log.around(public),
            None => public,
        };
        let public = net::serve(listener, &self.kit.leaf, Arc::clone(&time), &faults, public);
        let public = public.map_err(environment)?;
        let wire = self.ground.bind_wire()?;
        let control = net::serve(wire, &self.kit.leaf, time, &net::Faults::default(), control);
        let control = control.map_err(environment)?;
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

    fn control(&self, address: std::net::SocketAddr) -> Control {
        Control { base: format!("https://{address}"), secret: self.kit.secret.clone() }
    }
}

/// The type of the identity provider, as the Manager's values state it.
fn idp_type(values: &Values) -> IdpType {
    values.enterprise_manager.as_ref().map_or(IdpType::Generic, |manager| manager.idp_type)
}

#[expect(clippy::needless_pass_by_value, reason = "it stands where `map_err` wants a function")]
pub(super) fn environment(error: impl ToString) -> TargetError {
    TargetError::Environment(error.to_string())
}
