//! The same platform with every component in a container of its own, on a private network.
//!
//! The image is made from this executable. The issuer and the resource URLs are those of the values file everywhere: inside
//! Docker's resolver knows them, and for the harness they are on published ports of loopback. A case has a network to
//! itself while it runs; networks and containers are used again, components never are (`lane`).

mod container;
mod engine;
mod failure;
mod image;
mod lane;
mod warden;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::CertificateDer;
use serde_json::json;

pub use self::{engine::Cleaned, failure::EngineError};
use self::{
    engine::Engine,
    lane::{Common, Lane},
};
use super::{
    Control, Endpoint, Endpoints, Pending, Platform, PlatformOrder, REQUEST_LIMIT, Target, TargetError,
    assembly::{Blueprint, CAPABILITIES, Pace, environment},
    component::{Assigned, Assignment},
};
use crate::{
    chance,
    clock::{Clock, ManualClock},
    model::{absence::Absence, identifier::Component, rule::Rules},
    net::{self, Authority, Names},
    outcome::{Capability, TargetIdentity},
    reference::enterprise_manager::SigningKey,
};

/// Digits of a run's id: enough that two runs on one machine differ.
const RUN_ID: usize = 10;

/// The time that a container may take to become a component: an IdP makes its keys first.
const ORDER_LIMIT: Duration = Duration::from_secs(30);

/// Starts platforms in containers.
#[derive(Debug)]
pub struct ContainersTarget {
    rules: Rules,
    signing_key: Option<SigningKey>,
    pace: Pace,
    keep: bool,
    lanes: Arc<Lanes>,
}

/// The lanes of a run, and those that no case uses at the moment.
#[derive(Debug)]
struct Lanes {
    common: Common,
    idle: Mutex<Vec<Lane>>,
    /// The networks of those that a case left in the middle: nobody knows what is in them.
    lost: Mutex<Vec<String>>,
    made: AtomicUsize,
}

impl ContainersTarget {
    /// Finds Docker, makes the image unless one is named, and nothing else yet.
    pub async fn start(
        rules: Rules,
        signing_key: Option<SigningKey>,
        image: Option<String>,
        keep: bool,
    ) -> Result<Self, TargetError> {
        let random =
            || chance::unguessable().ok_or_else(|| environment("the system has no randomness to give"));
        let run: String =
            random()?.to_lowercase().chars().filter(char::is_ascii_alphanumeric).take(RUN_ID).collect();
        let named = image.is_some();
        let engine = Engine::start(image, run).await?;
        let authority = Authority::generate().map_err(environment)?;
        let http = net::build_client(&[authority.certificate()], &Names::new(), ORDER_LIMIT);
        let common = Common { engine, authority, secret: random()?, http: http.map_err(environment)? };
        let lanes =
            Lanes { common, idle: Mutex::default(), lost: Mutex::default(), made: AtomicUsize::new(0) };
        if named {
            lanes.try_out().await?;
        }
        let pace = Pace::still().map_err(environment)?;
        Ok(Self { rules, signing_key, pace, keep, lanes: Arc::new(lanes) })
    }

    async fn launch(&self, order: &PlatformOrder) -> Result<ContainersPlatform, TargetError> {
        let common = &self.lanes.common;
        order.secrets.register(&common.secret, "control secret");
        let seats = Blueprint::read(order)?.seats();
        let mut taken =
            Taken { lane: Some(self.lanes.take().await?), lanes: Arc::clone(&self.lanes), over: false };
        let Some(lane) = &mut taken.lane else { return Err(environment("a lane is gone")) };
        lane.prepare(common, &seats).await?;
        let assignment =
            Assignment::new(order, self.rules, self.signing_key.as_ref()).map_err(environment)?;
        let assigned = lane.assign(common, &seats, &assignment).await?;
        let mut stage = Stage::default();
        for (hosts, assigned) in assigned {
            stage.add(lane, &hosts, assigned, &common.secret);
        }
        let Stage { endpoints, owners, notes, cautions } = stage;
        lane.shows(&endpoints);
        let certificate: CertificateDer<'static> = common.authority.certificate();
        let http = net::build_client(&[certificate], &endpoints.hosts, REQUEST_LIMIT).map_err(environment)?;
        let clock = self.pace.clock();
        let times = owners.keys().map(|component| (component.clone(), clock.now())).collect();
        Ok(ContainersPlatform {
            endpoints,
            http,
            clock,
            times: Mutex::new(times),
            owners,
            assignment,
            notes,
            cautions,
            taken: tokio::sync::Mutex::new(taken),
        })
    }
}

impl Target for ContainersTarget {
    fn identity(&self) -> TargetIdentity {
        TargetIdentity {
            name: "containers".into(),
            description: format!(
                "reference Enterprise Manager, Cloud UI, Registry Server, MCP servers behind their proxies and a mock IdP, each in a container of the image `{}`",
                self.lanes.common.engine.image_shown
            ),
            capabilities: [&CAPABILITIES[..], &[Capability::Outage]].concat(),
            clock: self.pace.name().into(),
        }
    }

    fn start<'a>(&'a self, order: &'a PlatformOrder) -> Pending<'a, Result<Box<dyn Platform>, TargetError>> {
        Box::pin(
            async move { self.launch(order).await.map(|platform| Box::new(platform) as Box<dyn Platform>) },
        )
    }

    fn close(&self) -> Pending<'_, Result<Vec<String>, TargetError>> {
        Box::pin(async move {
            let engine = &self.lanes.common.engine;
            if !self.keep {
                // The verdict stands, whatever the daemon does not let go of.
                let left = engine.close().await.err().map(|error| {
                    format!(
                        "not all that this run made could be removed, the next run tries again: {error}\n\
                         or by hand: touchstone containers clean"
                    )
                });
                return Ok(left.into_iter().collect());
            }
            engine.keep()?;
            let filter = format!("label={}={}", engine::RUN, engine.run);
            let mut lines = vec![
                format!("the containers of this run are kept: docker ps --filter {filter}"),
                "look inside with: docker logs NAME, docker inspect NAME".to_owned(),
            ];
            let pin = self.lanes.common.authority.public_key_pin();
            let idle = self.lanes.idle.lock().unwrap_or_else(PoisonError::into_inner);
            lines.extend(idle.iter().filter_map(|lane| lane.browser(&pin)));
            lines.push("remove them with: touchstone containers clean".to_owned());
            Ok(lines)
        })
    }
}

/// Removes the containers and networks of every run that is over, those that were kept too, and the images.
pub async fn clean() -> Result<Cleaned, EngineError> {
    engine::clean().await
}

/// The whole life of a run's second process (`warden`).
pub async fn watch(run: &str) {
    warden::watch(run).await;
}

impl Lanes {
    /// Whether the image is one of ours: else every single case would have to find out.
    async fn try_out(&self) -> Result<(), EngineError> {
        let engine = &self.common.engine;
        let lane = Lane::new(&self.common, self.made.fetch_add(1, Ordering::Relaxed)).await?;
        let tried = lane.try_out(&self.common).await;
        engine.remove_network(&lane.into_network()).await?;
        tried.map_err(|error| match error {
            EngineError::Died { .. } | EngineError::Silent { .. } | EngineError::Other(_) => {
                EngineError::Foreign { image: engine.image_shown.clone(), cause: error.to_string() }
            }
            other => other,
        })
    }

    async fn take(&self) -> Result<Lane, TargetError> {
        let lost = std::mem::take(&mut *self.lost.lock().unwrap_or_else(PoisonError::into_inner));
        for network in lost {
            // What cannot be removed is told at the end of the run.
            let _ = self.common.engine.remove_network(&network).await;
        }
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(lane) => Ok(lane),
            None => Ok(Lane::new(&self.common, self.made.fetch_add(1, Ordering::Relaxed)).await?),
        }
    }
}

/// A lane while a case has it. It goes back when the case is over, and is given up if the case was.
#[derive(Debug)]
struct Taken {
    lane: Option<Lane>,
    lanes: Arc<Lanes>,
    /// The case came to its end, so it is known what it did.
    over: bool,
}

impl Drop for Taken {
    fn drop(&mut self) {
        let Some(lane) = self.lane.take() else { return };
        if self.over {
            self.lanes.idle.lock().unwrap_or_else(PoisonError::into_inner).push(lane);
        } else {
            self.lanes.lost.lock().unwrap_or_else(PoisonError::into_inner).push(lane.into_network());
        }
    }
}

/// What a platform turns out to be, component by component.
#[derive(Debug, Default)]
struct Stage {
    endpoints: Endpoints,
    /// Component → the names of its container.
    owners: BTreeMap<Component, Vec<String>>,
    notes: Vec<String>,
    cautions: Vec<String>,
}

impl Stage {
    fn add(&mut self, lane: &mut Lane, hosts: &[String], assigned: Assigned, secret: &str) {
        self.notes.extend(assigned.notes);
        self.cautions.extend(assigned.cautions);
        let Some(member) = lane.member(hosts) else { return };
        self.endpoints.hosts.extend(hosts.iter().map(|host| (host.clone(), member.container.address())));
        let Some(part) = assigned.component else { return };
        let control = Control { base: member.container.wire(), secret: secret.to_owned() };
        let endpoint = Endpoint {
            base: part.base,
            protected_path: part.protected_path,
            probe: part.probe,
            control: Some(control),
        };
        let component = Component::new(&part.name);
        self.endpoints.components.insert(component.clone(), endpoint);
        self.owners.insert(component, hosts.to_vec());
    }
}

/// A platform in containers. They are nobody's again when this is dropped.
#[derive(Debug)]
struct ContainersPlatform {
    endpoints: Endpoints,
    http: net::Client,
    /// The harness's.
    clock: ManualClock,
    /// What each component's clock shows, or will once it is back.
    times: Mutex<BTreeMap<Component, Timestamp>>,
    owners: BTreeMap<Component, Vec<String>>,
    assignment: Assignment,
    notes: Vec<String>,
    cautions: Vec<String>,
    taken: tokio::sync::Mutex<Taken>,
}

impl ContainersPlatform {
    /// Moves some clocks by a duration; those of components that are gone once they are back.
    async fn move_clocks(&self, of: &[&Component], by: SignedDuration) -> Result<(), TargetError> {
        let mut moved = Vec::new();
        {
            let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
            for component in of {
                let Some(time) = times.get_mut(component) else { continue };
                *time = time.saturating_add(by).unwrap_or(*time);
                moved.push(((*component).clone(), *time));
            }
        }
        let mut away = Vec::new();
        {
            let taken = self.taken.lock().await;
            for (hosts, member) in taken.lane.iter().flat_map(Lane::members) {
                if member.away.is_some() {
                    away.push(hosts.clone());
                }
            }
        }
        let here = moved
            .iter()
            .filter(|(component, _)| self.owners.get(component).is_some_and(|hosts| !away.contains(hosts)));
        try_join_all(here.map(|(component, time)| self.set_clock(component, *time))).await.map(drop)
    }

    async fn set_clock(&self, component: &Component, time: Timestamp) -> Result<(), TargetError> {
        let control = self.endpoints.components.get(component).and_then(|endpoint| endpoint.control.as_ref());
        let Some(control) = control else { return Err(TargetError::Unsupported(NO_SUCH)) };
        let request = self.http.put(format!("{}/control/clock", control.base)).bearer_auth(&control.secret);
        let answer = request.json(&json!({ "now": time.to_string() })).send().await;
        let failed = |why: String| environment(format!("cannot move the clock of {component}: {why}"));
        match answer {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(failed(answer.status().to_string())),
            Err(error) => Err(failed(failure::innermost(&error))),
        }
    }

    async fn leave(&self, component: &Component, how: Absence) -> Result<(), TargetError> {
        let mut taken = self.taken.lock().await;
        let Taken { lane, lanes, .. } = &mut *taken;
        let member = self.owners.get(component).and_then(|hosts| lane.as_mut()?.member(hosts));
        let member = member.ok_or(TargetError::Unsupported(NO_SUCH))?;
        if let Some(before) = member.away {
            return Err(environment(format!("{component} is gone already: {}", before.name())));
        }
        // Whatever becomes of it now: no other case may have this container as it is.
        member.away = Some(how);
        Ok(member.container.leave(&lanes.common.engine, how).await?)
    }

    async fn come_back(&self, component: &Component) -> Result<(), TargetError> {
        {
            let mut taken = self.taken.lock().await;
            let Taken { lane, lanes, .. } = &mut *taken;
            let member = self.owners.get(component).and_then(|hosts| lane.as_mut()?.member(hosts));
            let member = member.ok_or(TargetError::Unsupported(NO_SUCH))?;
            let Some(from) = member.away else { return Ok(()) };
            member.container.come_back(&lanes.common.engine, from).await?;
            if matches!(from, Absence::Stopped | Absence::Killed) {
                member.assign(&lanes.common, &self.assignment.body()?).await?;
            }
            member.away = None;
        }
        let time = self.times.lock().unwrap_or_else(PoisonError::into_inner).get(component).copied();
        match time {
            Some(time) => self.set_clock(component, time).await,
            None => Ok(()),
        }
    }
}

/// What cannot be done with a component that is not there.
const NO_SUCH: &str = "change a component that is not there";

impl Platform for ContainersPlatform {
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
        Box::pin(async move {
            self.clock.advance(by);
            let all: Vec<_> = self.owners.keys().collect();
            self.move_clocks(&all, by).await
        })
    }

    fn advance_one<'a>(
        &'a self,
        component: &'a Component,
        by: SignedDuration,
    ) -> Pending<'a, Result<(), TargetError>> {
        Box::pin(async move {
            if !self.owners.contains_key(component) {
                return Err(TargetError::Unsupported(NO_SUCH));
            }
            self.move_clocks(&[component], by).await
        })
    }

    fn take_away<'a>(
        &'a self,
        component: &'a Component,
        how: Absence,
    ) -> Pending<'a, Result<(), TargetError>> {
        Box::pin(self.leave(component, how))
    }

    fn bring_back<'a>(&'a self, component: &'a Component) -> Pending<'a, Result<(), TargetError>> {
        Box::pin(self.come_back(component))
    }

    fn logs(&self) -> Pending<'_, BTreeMap<Component, String>> {
        Box::pin(async move {
            let mut taken = self.taken.lock().await;
            let mut logs = BTreeMap::new();
            for (component, hosts) in &self.owners {
                let member = taken.lane.as_mut().and_then(|lane| lane.member(hosts));
                logs.extend(member.map(|member| (component.clone(), member.log())));
            }
            logs
        })
    }

    fn over(&mut self) {
        self.taken.get_mut().over = true;
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn cautions(&self) -> &[String] {
        &self.cautions
    }
}
