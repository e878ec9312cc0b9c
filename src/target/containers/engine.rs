//! The container engine, as far as a run needs it: one client, one image, everything labelled with the run.

use std::{collections::BTreeMap, future::Future, time::Duration};

use futures_util::TryStreamExt as _;
use testcontainers::{
    bollard::{
        Docker,
        errors::Error,
        models::{ContainerSummary, Network, NetworkCreateRequest, NetworkDisconnectRequest},
        query_parameters::{
            CreateImageOptionsBuilder, ListContainersOptionsBuilder, ListNetworksOptionsBuilder,
            RemoveContainerOptionsBuilder,
        },
    },
    core::client::docker_client_instance,
};

use super::{
    failure::{EngineError, innermost},
    image,
    warden::{self, Standing, Warden},
};

/// How long the daemon has for one answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The option of Docker's bridge that lets containers reach the outside.
const MASQUERADE: &str = "com.docker.network.bridge.enable_ip_masquerade";

/// What a run's containers and networks are labelled with: its id.
pub(super) const RUN: &str = "touchstone.run";
/// Their network,
pub(super) const LANE: &str = "touchstone.lane";
/// and the file that the run holds locked as long as it lives,
pub(super) const LOCK: &str = "touchstone.lock";
/// on the machine, or in the container, where it runs: several of them can use one daemon, and see no lock but their own.
pub(super) const HOST: &str = "touchstone.host";

/// One run's use of the engine.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) docker: Docker,
    /// The id of the run.
    pub(super) run: String,
    /// What containers are made of.
    pub(super) image: String,
    /// The same for people: as it was named, and which one that is now.
    pub(super) image_shown: String,
    warden: Warden,
}

impl Engine {
    /// Finds the daemon, sweeps what dead runs left, and sees to the image.
    pub(super) async fn start(image: Option<String>, run: String) -> Result<Self, EngineError> {
        let docker = connect().await?;
        sweep(&docker).await?;
        let (image, image_shown) = if let Some(name) = image {
            // A name can mean another image in the middle of a run.
            let id = present(&docker, &name).await?;
            let shown = format!("{name} ({id})");
            (id, shown)
        } else {
            let name = image::of_this_executable(&docker).await?;
            (name.clone(), name)
        };
        let warden = Warden::hire(&run).map_err(|error| EngineError::Other(error.to_string()))?;
        Ok(Self { docker, run, image, image_shown, warden })
    }

    /// The labels of everything that is made for a network.
    pub(super) fn labels(&self, network: &str) -> [(String, String); 4] {
        let lock = self.warden.lock_path().display().to_string();
        [
            (RUN.to_owned(), self.run.clone()),
            (LANE.to_owned(), network.to_owned()),
            (HOST.to_owned(), host()),
            (LOCK.to_owned(), lock),
        ]
    }

    /// A private network. Its containers find one another by name.
    pub(super) async fn network(&self, name: &str) -> Result<(), EngineError> {
        let request = NetworkCreateRequest {
            name: name.to_owned(),
            driver: Some("bridge".into()),
            labels: Some(self.labels(name).into_iter().collect()),
            // No way out, neither by name nor by address; published ports are not concerned.
            options: Some([(MASQUERADE.to_owned(), "false".to_owned())].into_iter().collect()),
            ..NetworkCreateRequest::default()
        };
        in_time(self.docker.create_network(request)).await.map(drop)
    }

    /// Removes a network and the containers that were made for it.
    pub(super) async fn remove_network(&self, name: &str) -> Result<(), EngineError> {
        remove_labelled(&self.docker, &format!("{LANE}={name}")).await
    }

    /// Removes everything of this run.
    pub(super) async fn close(&self) -> Result<(), EngineError> {
        remove_run(&self.docker, &self.run).await
    }

    /// Leaves everything where it is.
    pub(super) fn keep(&self) -> Result<(), EngineError> {
        self.warden.dismiss().map_err(|error| EngineError::Other(error.to_string()))
    }
}

/// A client of the daemon that answers.
pub(super) async fn connect() -> Result<Docker, EngineError> {
    let docker = docker_client_instance().await.map_err(|error| EngineError::NoDaemon(innermost(&error)))?;
    in_time(docker.ping()).await?;
    // An older daemon speaks an older version.
    in_time(docker.negotiate_version()).await
}

/// The daemon's answer, or an error once its time is over.
pub(super) async fn in_time<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, EngineError> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(EngineError::Slow(PATIENCE.as_secs())),
    }
}

/// The id of an image that is here, or can be pulled.
async fn present(docker: &Docker, name: &str) -> Result<String, EngineError> {
    let no = |cause: String| EngineError::NoImage { image: name.to_owned(), cause };
    if in_time(docker.inspect_image(name)).await.is_err() {
        let options = CreateImageOptionsBuilder::new().from_image(name).build();
        let mut pulled = docker.create_image(Some(options), None, None);
        // A large image takes its time; one of which nothing comes is not coming.
        loop {
            match tokio::time::timeout(PATIENCE, pulled.try_next()).await {
                Ok(Ok(Some(_))) => {}
                Ok(Ok(None)) => break,
                Ok(Err(error)) => return Err(no(innermost(&error))),
                Err(_) => return Err(no(format!("no progress within {} s", PATIENCE.as_secs()))),
            }
        }
    }
    let image = in_time(docker.inspect_image(name)).await?;
    image.id.ok_or_else(|| no("it has no id".into()))
}

/// Removes the containers and networks of one run.
pub(super) async fn remove_run(docker: &Docker, run: &str) -> Result<(), EngineError> {
    remove_labelled(docker, &format!("{RUN}={run}")).await
}

/// The containers, in whatever state, and the networks that have all of these labels.
async fn labelled(
    docker: &Docker,
    labels: &[&str],
) -> Result<(Vec<ContainerSummary>, Vec<Network>), EngineError> {
    let filters = [("label", labels.to_vec())].into_iter().collect();
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let containers = in_time(docker.list_containers(Some(options))).await?;
    let options = ListNetworksOptionsBuilder::new().filters(&filters).build();
    Ok((containers, in_time(docker.list_networks(Some(options))).await?))
}

async fn remove_labelled(docker: &Docker, label: &str) -> Result<(), EngineError> {
    let (containers, networks) = labelled(docker, &[label]).await?;
    let ids = containers.into_iter().filter_map(|container| container.id);
    let removals = ids.map(|id| async move { remove_container(docker, &id).await });
    for removed in futures_util::future::join_all(removals).await {
        removed?;
    }
    for network in networks {
        let Some(id) = network.id else { continue };
        gone_already(in_time(docker.remove_network(&id)).await)?;
    }
    Ok(())
}

/// Removes a container with its anonymous volumes, whatever it is doing.
pub(super) async fn remove_container(docker: &Docker, id: &str) -> Result<(), EngineError> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    gone_already(in_time(docker.remove_container(id, Some(options))).await)
}

/// Cuts a container off from a network.
pub(super) async fn disconnect(docker: &Docker, network: &str, id: &str) -> Result<(), EngineError> {
    let request = NetworkDisconnectRequest { container: id.to_owned(), force: Some(true) };
    in_time(docker.disconnect_network(network, request)).await
}

/// Somebody else, the warden or a person, was faster.
fn gone_already(removed: Result<(), EngineError>) -> Result<(), EngineError> {
    match removed {
        Err(EngineError::Other(text))
            if text.contains("No such")
                || text.contains("not found")
                || text.contains("already in progress") =>
        {
            Ok(())
        }
        other => other,
    }
}

/// Removes what runs left that are over: their lock is free.
async fn sweep(docker: &Docker) -> Result<(), EngineError> {
    for (run, lock) in runs(docker).await? {
        // What cannot be removed, with a person's container in its network, is in nobody's way here: `clean` complains.
        if warden::standing(&lock) == Standing::Dead && remove_run(docker, &run).await.is_ok() {
            warden::forget(&lock);
        }
    }
    Ok(())
}

/// The name of this machine, or of the container that this runs in. Where there is none, all are the same.
fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}

/// The runs from this host that have a container or a network here, and the file that each holds locked.
async fn runs(docker: &Docker) -> Result<BTreeMap<String, String>, EngineError> {
    let ours = format!("{HOST}={}", host());
    let (containers, networks) = labelled(docker, &[RUN, &ours]).await?;
    let labels = containers.into_iter().filter_map(|one| one.labels);
    let labels = labels.chain(networks.into_iter().filter_map(|one| one.labels));
    Ok(labels
        .filter_map(|mut labels| Some((labels.remove(RUN)?, labels.remove(LOCK).unwrap_or_default())))
        .collect())
}

/// What was removed, for a person.
#[derive(Debug, Default)]
pub struct Cleaned {
    /// Runs of which something was left.
    pub runs: usize,
    /// Images by name.
    pub images: Vec<String>,
}

/// Removes the containers and networks of runs that are over, those that were kept among them, and the images.
pub(super) async fn clean() -> Result<Cleaned, EngineError> {
    let docker = connect().await?;
    let mut cleaned = Cleaned::default();
    for (run, lock) in runs(&docker).await? {
        if warden::standing(&lock) == Standing::Alive {
            continue;
        }
        remove_run(&docker, &run).await?;
        warden::forget(&lock);
        cleaned.runs += 1;
    }
    cleaned.images = image::remove(&docker, None).await?;
    Ok(cleaned)
}
