//! A private network with one container for every set of names, on which one case runs at a time.
//!
//! Containers stay between cases, components do not: every case assigns anew, and who is not needed is nobody. So cases
//! share what is slow to make and none of what another case could have changed.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::future::{join_all, try_join_all};
use reqwest::StatusCode;

use super::{container::Container, engine::Engine, failure::EngineError};
use crate::{
    chance::{self, Seed},
    model::{absence::Absence, identifier::Component},
    net::{self, Authority},
    target::{
        Endpoints, TargetError,
        component::{ASSIGNMENT, Assigned, Assignment, Identity, Refused, VERSION},
    },
};

/// A network and its containers.
#[derive(Debug)]
pub(super) struct Lane {
    network: String,
    members: BTreeMap<Vec<String>, Member>,
    /// Containers made so far, for their names.
    made: usize,
    /// What its last case found here.
    shown: Endpoints,
}

/// A container and what is known of it.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) container: Container,
    /// It is somebody.
    assigned: bool,
    /// How it is gone; a case that ended meanwhile leaves it so.
    pub(super) away: Option<Absence>,
    /// Where its log was when the case began.
    mark: usize,
}

/// What every lane of a run has in common.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) engine: Engine,
    pub(super) authority: Authority,
    /// Of all wires of the run.
    pub(super) secret: String,
    /// For orders: keeps its connections.
    pub(super) http: net::Client,
}

impl Lane {
    pub(super) async fn new(common: &Common, number: usize) -> Result<Self, EngineError> {
        let network = format!("touchstone-{}-{number}", common.engine.run);
        common.engine.network(&network).await?;
        Ok(Self { network, members: BTreeMap::new(), made: 0, shown: Endpoints::default() })
    }

    /// Starts a container here, to see whether it can be a component.
    pub(super) async fn try_out(&self, common: &Common) -> Result<(), EngineError> {
        let hosts = ["trial.test".to_owned()];
        start(common, &self.network, format!("{}-trial", self.network), &hosts).await.map(drop)
    }

    /// Sees to it that there is a container for each seat, that it is well, and that all others are nobody.
    pub(super) async fn prepare(
        &mut self,
        common: &Common,
        seats: &[Vec<String>],
    ) -> Result<(), TargetError> {
        let engine = &common.engine;
        let keeps = |hosts: &Vec<String>, member: &Member| {
            let wanted = seats.contains(hosts);
            let in_the_way = seats.iter().flatten().any(|host| hosts.contains(host));
            member.away.is_none() && !member.container.has_ended() && (wanted || !in_the_way)
        };
        let members = std::mem::take(&mut self.members);
        let (kept, leaving): (BTreeMap<_, _>, BTreeMap<_, _>) =
            members.into_iter().partition(|(hosts, member)| keeps(hosts, member));
        self.members = kept;
        try_join_all(leaving.values().map(|member| member.container.remove(engine))).await?;
        let idle =
            self.members.iter_mut().filter(|(hosts, member)| member.assigned && !seats.contains(hosts));
        try_join_all(idle.map(|(_, member)| member.relieve(common))).await?;
        let missing: Vec<_> = seats.iter().filter(|hosts| !self.members.contains_key(*hosts)).collect();
        let first = self.made;
        // Before anything is made, since a case can be given up at every point.
        self.made += missing.len();
        let started = join_all(missing.iter().enumerate().map(|(index, hosts)| {
            let name = format!("{}-{}-{}", self.network, first + index, label(hosts));
            start(common, &self.network, name, hosts)
        }));
        let started = started.await;
        for (hosts, container) in missing.into_iter().zip(started) {
            let member = Member { container: container?, assigned: false, away: None, mark: 0 };
            self.members.insert(hosts.clone(), member);
        }
        Ok(())
    }

    /// Gives each seat its component, all at once.
    pub(super) async fn assign(
        &mut self,
        common: &Common,
        seats: &[Vec<String>],
        assignment: &Assignment,
    ) -> Result<Vec<(Vec<String>, Assigned)>, TargetError> {
        let body = &assignment.body()?;
        let members = self.members.iter_mut().filter(|(hosts, _)| seats.contains(hosts));
        try_join_all(
            members.map(async |(hosts, member)| Ok((hosts.clone(), member.assign(common, body).await?))),
        )
        .await
    }

    pub(super) fn member(&mut self, hosts: &[String]) -> Option<&mut Member> {
        self.members.get_mut(hosts)
    }

    pub(super) fn members(&self) -> impl Iterator<Item = (&Vec<String>, &Member)> {
        self.members.iter()
    }

    /// This is where the case finds everything.
    pub(super) fn shows(&mut self, endpoints: &Endpoints) {
        self.shown = endpoints.clone();
    }

    /// The command with which a browser meets its last case's platform at the Cloud UI, else at the provider: under the
    /// URLs of the values file, as everybody else does.
    pub(super) fn browser(&self, pin: &str) -> Option<String> {
        let Endpoints { components, hosts } = &self.shown;
        let start = ["cloud-ui", "idp"].iter().find_map(|name| components.get(&Component::new(*name)))?;
        let rules: Vec<_> = hosts.iter().map(|(host, address)| format!("MAP {host}:443 {address}")).collect();
        let network = &self.network;
        Some(format!(
            "in a browser, `{network}` as its last case left it:\n  chromium --user-data-dir=\"$(mktemp -d)\" --ignore-certificate-errors-spki-list={pin} --host-resolver-rules='{}' '{}/'",
            rules.join(", "),
            start.base
        ))
    }

    /// Its network, by which everything that was made for it is labelled.
    pub(super) fn into_network(self) -> String {
        self.network
    }
}

impl Member {
    /// Gives it a component. It answers when the component serves.
    pub(super) async fn assign(&mut self, common: &Common, body: &Bytes) -> Result<Assigned, TargetError> {
        self.mark = self.container.mark();
        self.assigned = true;
        let request = common.http.put(format!("{}{ASSIGNMENT}", self.container.orders()));
        let request = request.header("content-type", "application/json").body(body.clone());
        let answer = match request.bearer_auth(&common.secret).send().await {
            Ok(answer) => answer,
            Err(error) => return Err(self.lost(common, &error).await),
        };
        if answer.status() == StatusCode::OK {
            let assigned = answer.json().await;
            return assigned.map_err(|error| TargetError::Environment(error.to_string()));
        }
        let status = answer.status();
        let refused = answer
            .json::<Refused>()
            .await
            .map_or_else(|_| status.to_string(), |refused| refused.error_description);
        Err(TargetError::Environment(format!("`{}` refused its assignment: {refused}", self.container.name)))
    }

    async fn relieve(&mut self, common: &Common) -> Result<(), TargetError> {
        let request = common.http.delete(format!("{}{ASSIGNMENT}", self.container.orders()));
        match request.bearer_auth(&common.secret).send().await {
            Ok(answer) if answer.status().is_success() => {
                self.assigned = false;
                Ok(())
            }
            Ok(answer) => Err(TargetError::Environment(format!(
                "`{}` would not stop being a component: {}",
                self.container.name,
                answer.status()
            ))),
            Err(error) => Err(self.lost(common, &error).await),
        }
    }

    /// No answer came: the container ended, or something else is wrong. It will be replaced.
    pub(super) async fn lost(&mut self, common: &Common, error: &reqwest::Error) -> TargetError {
        self.away = Some(Absence::Killed);
        match self.container.is_running(&common.engine).await {
            Ok(true) => TargetError::Environment(format!(
                "`{}` runs and does not take orders: {}",
                self.container.name,
                super::failure::innermost(error)
            )),
            Ok(false) => self.container.died(&common.engine).await.into(),
            Err(error) => error.into(),
        }
    }

    /// What it has said since its case began.
    pub(super) fn log(&self) -> String {
        self.container.log_since(self.mark)
    }
}

async fn start(
    common: &Common,
    network: &str,
    name: String,
    hosts: &[String],
) -> Result<Container, EngineError> {
    let mut names = hosts.to_vec();
    names.push("127.0.0.1".to_owned());
    let other = |error: &dyn std::fmt::Display| EngineError::Other(error.to_string());
    let identity = Identity {
        version: VERSION.to_owned(),
        hosts: hosts.to_vec(),
        secret: common.secret.clone(),
        certificates: common.authority.certificates(&names).map_err(|error| other(&error))?,
        authority: common.authority.certificate().to_vec(),
        keys: chance::derive(&Seed::default(), &format!("{} {name}", common.secret)),
    };
    Container::start(&common.engine, network, name, &identity).await
}

/// The first name, for people who look at `docker ps`.
fn label(hosts: &[String]) -> &str {
    hosts.first().map_or("component", String::as_str)
}
