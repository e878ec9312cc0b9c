//! The reference platform in this process: mock IdP, Enterprise Manager, Cloud UI, Registry Server, and MCP servers
//! behind their proxies, over TLS on loopback.
//!
//! Every case gets a platform of its own: own ports, a clock for each component. The issuer and the
//! resource URLs are those of the values file; the client finds them by name override. Signing keys come from a pool that all cases
//! share, but no two issuers of a case share one. How they are made, `assembly` knows.

pub mod tenant;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::SignedDuration;
use mock_idp::KeyPool;

use super::{
    Endpoints, Pending, Platform, PlatformOrder, REQUEST_LIMIT, Target, TargetError,
    assembly::{Blueprint, CAPABILITIES, Ground, IDP, Kit, Launched, Pace, environment},
    control_host,
};
use crate::{
    chance,
    clock::{Clock, ManualClock},
    model::{identifier::Component, rule::Rules},
    net::{self, Authority, Leaf, Names},
    outcome::TargetIdentity,
    reference::enterprise_manager::SigningKey,
};

/// What reports call it.
pub const NAME: &str = "embedded";

/// Why a platform with running clocks moves none of them by itself.
const THEY_RUN: &str = "move clocks that run: their control wires do";

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
        let blueprint = Blueprint::read(order)?;
        let mut hosts: Vec<_> = blueprint.seats().into_iter().flatten().collect();
        let wires: Vec<_> = hosts.iter().map(|host| control_host(host)).collect();
        hosts.extend(wires);
        hosts.push("127.0.0.1".to_owned());
        hosts.sort();
        let secret =
            chance::unguessable().ok_or_else(|| environment("the system has no randomness to give"))?;
        order.secrets.register(&secret, "control secret");
        let kit = Kit {
            leaf: self.leaf(hosts)?,
            pace: self.pace,
            rules: self.rules,
            secret,
            keys: self.keys.clone(),
            signing_key: self.signing_key.clone(),
            log: None,
        };
        let authority = self.authority.certificate();
        let ground = Ground::Loopback { authority: authority.clone(), names: Names::new() };
        let launched = blueprint.launch(ground, kit)?;
        let http = net::build_client(&[authority], &launched.endpoints.hosts, REQUEST_LIMIT);
        Ok(EmbeddedPlatform { http: http.map_err(environment)?, clock: self.pace.clock(), launched })
    }
}

impl Target for EmbeddedTarget {
    fn identity(&self) -> TargetIdentity {
        TargetIdentity {
            name: NAME.into(),
            description: "reference Enterprise Manager, Cloud UI, Registry Server, MCP servers behind their proxies and a mock IdP in this process"
                .into(),
            capabilities: CAPABILITIES.to_vec(),
            clock: self.pace.name().into(),
        }
    }

    fn start<'a>(&'a self, order: &'a PlatformOrder) -> Pending<'a, Result<Box<dyn Platform>, TargetError>> {
        Box::pin(async move { self.launch(order).map(|platform| Box::new(platform) as Box<dyn Platform>) })
    }
}

/// A running platform; it stops when it is dropped.
#[derive(Debug)]
struct EmbeddedPlatform {
    http: net::Client,
    /// The harness's.
    clock: ManualClock,
    launched: Launched,
}

impl Platform for EmbeddedPlatform {
    fn endpoints(&self) -> &Endpoints {
        &self.launched.endpoints
    }

    fn http(&self) -> &net::Client {
        &self.http
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }

    fn advance(&self, by: SignedDuration) -> Pending<'_, Result<(), TargetError>> {
        let Some(idp_clock) = &self.launched.idp_clock else {
            return Box::pin(std::future::ready(Err(TargetError::Unsupported(THEY_RUN))));
        };
        self.clock.advance(by);
        idp_clock.advance(by);
        for clock in self.launched.clocks.values() {
            clock.advance(by);
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn advance_one<'a>(
        &'a self,
        component: &'a Component,
        by: SignedDuration,
    ) -> Pending<'a, Result<(), TargetError>> {
        let moved = match (component.as_str(), &self.launched.idp_clock) {
            (_, None) => Err(THEY_RUN),
            (IDP, Some(clock)) => Ok(clock.advance(by)),
            _ => self
                .launched
                .clocks
                .get(component)
                .map(|clock| clock.advance(by))
                .ok_or("move the clock of a component that is not there"),
        };
        let moved = moved.map(|_| ()).map_err(TargetError::Unsupported);
        Box::pin(std::future::ready(moved))
    }

    fn notes(&self) -> &[String] {
        &self.launched.notes
    }

    fn cautions(&self) -> &[String] {
        &self.launched.cautions
    }
}
