//! One container: a process that takes assignments, three published ports, its log, and the ways to be gone.

use std::{
    collections::VecDeque,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{Stream, StreamExt as _};
use testcontainers::bollard::{
    self,
    container::{AttachContainerResults, LogOutput},
    models::{
        ContainerCreateBody, EndpointSettings, HealthConfig, HostConfig, NetworkConnectRequest,
        NetworkingConfig, PortBinding,
    },
    query_parameters::{
        AttachContainerOptionsBuilder, CreateContainerOptionsBuilder, KillContainerOptions,
        StartContainerOptions, StopContainerOptionsBuilder,
    },
};
use tokio::{io::AsyncWriteExt as _, sync::watch};

use super::{
    engine::{self, Engine, in_time},
    failure::EngineError,
};
use crate::{
    chance::{self, Chance, Seed},
    model::absence::Absence,
    target::component::{Identity, ORDERS, PORT, READY, WIRE},
};

/// Where ports are drawn from: below those that systems give to connections, which could take one at any time.
const FIRST_PORT: u16 = 20_000;
const PORTS: u32 = 12_000;

/// How often ports are drawn for a container before that is an error.
const PORT_CHOICES: usize = 4;

/// How long a container has until it takes assignments.
const START_LIMIT: Duration = Duration::from_secs(20);

/// Lines of a log that are kept; the oldest go.
const LOG_LINES: usize = 2_000;

/// Lines of it that tell why a process ended.
const LAST_WORDS: usize = 4;

/// What a process that was asked to end may take (seconds): it has nothing to finish.
const STOP_LIMIT: i32 = 5;

/// How often Docker asks whether a component is well (nanoseconds): for people, the run notices by itself.
const HEALTH_INTERVAL: i64 = 30_000_000_000;

/// What one component may have: twenty times what it needs.
const MEMORY: i64 = 512 << 20;
const PROCESSES: i64 = 256;

/// Memory for what a component writes; its root file system is read-only.
const SCRATCH: &str = "size=64m,mode=1777";

/// A container of this run.
#[derive(Debug)]
pub(super) struct Container {
    pub(super) name: String,
    network: String,
    hosts: Vec<String>,
    /// What it reads at each start.
    identity: Vec<u8>,
    ports: Ports,
    log: Arc<Mutex<Log>>,
    ended: Arc<AtomicBool>,
}

/// Where its ports are published, on loopback. They are chosen, since Docker's own choice changes with every restart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) public: u16,
    pub(super) wire: u16,
    pub(super) orders: u16,
}

#[derive(Debug, Default)]
struct Log {
    lines: VecDeque<String>,
    /// Lines that are gone.
    dropped: usize,
}

impl Container {
    /// Creates and starts a container that answers under the identity's names, and waits until it takes assignments.
    pub(super) async fn start(
        engine: &Engine,
        network: &str,
        name: String,
        identity: &Identity,
    ) -> Result<Self, EngineError> {
        let mut line = serde_json::to_vec(identity).map_err(|error| EngineError::Other(error.to_string()))?;
        line.push(b'\n');
        let mut container = Self {
            name,
            network: network.to_owned(),
            hosts: identity.hosts.clone(),
            identity: line,
            ports: Ports::free()?,
            log: Arc::default(),
            ended: Arc::default(),
        };
        for others in (0..PORT_CHOICES).rev() {
            match container.create(engine).await {
                // Somebody was faster, and these are not the only ports.
                Err(EngineError::PortTaken(_)) if others > 0 => {
                    container.remove(engine).await?;
                    container.ports = Ports::free()?;
                }
                created => {
                    created?;
                    break;
                }
            }
        }
        Ok(container)
    }

    async fn create(&self, engine: &Engine) -> Result<(), EngineError> {
        let options = CreateContainerOptionsBuilder::new().name(&self.name).build();
        in_time(engine.docker.create_container(Some(options), self.body(engine))).await?;
        self.run(engine).await
    }

    /// Nothing more than it needs: no capability, no way to get one, nothing to write to but memory.
    fn body(&self, engine: &Engine) -> ContainerCreateBody {
        let bindings = [(PORT, self.ports.public), (WIRE, self.ports.wire), (ORDERS, self.ports.orders)];
        let publish = |(inside, outside): (u16, u16)| {
            let binding =
                PortBinding { host_ip: Some("127.0.0.1".into()), host_port: Some(outside.to_string()) };
            (format!("{inside}/tcp"), Some(vec![binding]))
        };
        let endpoint = (self.network.clone(), self.endpoint());
        ContainerCreateBody {
            image: Some(engine.image.clone()),
            cmd: Some(vec!["component".into()]),
            labels: Some(engine.labels(&self.network).into_iter().collect()),
            open_stdin: Some(true),
            stdin_once: Some(true),
            attach_stdin: Some(true),
            user: Some("65532:65532".into()),
            // Here and not in the image, so that a published one has it too.
            healthcheck: Some(HealthConfig {
                test: Some(health_check()),
                interval: Some(HEALTH_INTERVAL),
                ..HealthConfig::default()
            }),
            host_config: Some(HostConfig {
                network_mode: Some(self.network.clone()),
                port_bindings: Some(bindings.map(publish).into_iter().collect()),
                readonly_rootfs: Some(true),
                memory: Some(MEMORY),
                pids_limit: Some(PROCESSES),
                cap_drop: Some(vec!["ALL".into()]),
                security_opt: Some(vec!["no-new-privileges".into()]),
                tmpfs: Some([("/tmp".to_owned(), SCRATCH.to_owned())].into_iter().collect()),
                // Names that Docker does not know are nobody's: never the real ones of the vendors.
                dns: Some(vec!["127.0.0.1".into()]),
                ..HostConfig::default()
            }),
            networking_config: Some(NetworkingConfig {
                endpoints_config: Some([endpoint].into_iter().collect()),
            }),
            ..ContainerCreateBody::default()
        }
    }

    fn endpoint(&self) -> EndpointSettings {
        EndpointSettings { aliases: Some(self.hosts.clone()), ..EndpointSettings::default() }
    }

    /// Starts the process, tells it who it is, and waits until it says that it is ready.
    async fn run(&self, engine: &Engine) -> Result<(), EngineError> {
        let options = AttachContainerOptionsBuilder::new();
        let options = options.stdin(true).stdout(true).stderr(true).stream(true).build();
        let attached = in_time(engine.docker.attach_container(&self.name, Some(options))).await?;
        in_time(engine.docker.start_container(&self.name, None::<StartContainerOptions>)).await?;
        let AttachContainerResults { output, mut input } = attached;
        let told = async {
            input.write_all(&self.identity).await?;
            input.shutdown().await
        };
        // A process that ends at once breaks the pipe; why it ended is said below.
        let _ = told.await;
        let mut alive = self.listen(output);
        let ready =
            tokio::time::timeout(START_LIMIT, alive.wait_for(|state| *state != State::Starting)).await;
        let state = ready.map(|state| state.map_or(State::Ended, |state| *state));
        match state {
            Ok(State::Ready) => Ok(()),
            Ok(State::Starting | State::Ended) => Err(self.died(engine).await),
            Err(_) => Err(EngineError::Silent { of: self.hosts.join(", "), seconds: START_LIMIT.as_secs() }),
        }
    }

    /// Collects what the process says. The first line says that it is ready, the end of the stream that it is gone.
    fn listen(
        &self,
        mut output: impl Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send + Unpin + 'static,
    ) -> watch::Receiver<State> {
        let (tell, told) = watch::channel(State::Starting);
        let (log, ended) = (Arc::clone(&self.log), Arc::clone(&self.ended));
        ended.store(false, Ordering::Relaxed);
        tokio::spawn(async move {
            while let Some(Ok(said)) = output.next().await {
                let said = String::from_utf8_lossy(&said.into_bytes()).into_owned();
                for line in said.lines().filter(|line| !line.is_empty()) {
                    if line.starts_with(READY) {
                        tell.send_replace(State::Ready);
                    }
                    log.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                }
            }
            ended.store(true, Ordering::Relaxed);
            tell.send_replace(State::Ended);
        });
        told
    }

    /// Why it ended by itself.
    pub(super) async fn died(&self, engine: &Engine) -> EngineError {
        let inspected = in_time(engine.docker.inspect_container(&self.name, None)).await;
        let how = match inspected.ok().and_then(|container| container.state) {
            None => "is not there any more: somebody else removed it".to_owned(),
            Some(state) if state.paused == Some(true) => "is paused, by somebody else".to_owned(),
            Some(state) if state.oom_killed == Some(true) => "ended for want of memory".to_owned(),
            Some(state) => format!("ended by itself, exit code {}", state.exit_code.unwrap_or_default()),
        };
        let last = self.last_words().unwrap_or_else(|| "none".into());
        EngineError::Died { of: self.hosts.join(", "), how, last }
    }

    /// Its process is known to be gone.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// It runs, and nobody has paused it.
    pub(super) async fn is_running(&self, engine: &Engine) -> Result<bool, EngineError> {
        let inspected = in_time(engine.docker.inspect_container(&self.name, None)).await?;
        let state = inspected.state.unwrap_or_default();
        Ok(state.running == Some(true) && state.paused != Some(true))
    }

    /// Makes it be gone.
    pub(super) async fn leave(&self, engine: &Engine, how: Absence) -> Result<(), EngineError> {
        let docker = &engine.docker;
        match how {
            Absence::Paused => in_time(docker.pause_container(&self.name)).await,
            Absence::Stopped => {
                let options = StopContainerOptionsBuilder::new().t(STOP_LIMIT).build();
                in_time(docker.stop_container(&self.name, Some(options))).await
            }
            Absence::Killed => in_time(docker.kill_container(&self.name, None::<KillContainerOptions>)).await,
            Absence::Disconnected => engine::disconnect(docker, &self.network, &self.name).await,
        }
    }

    /// Brings it back from there. One that was stopped or killed knows nothing of its assignment.
    pub(super) async fn come_back(&self, engine: &Engine, from: Absence) -> Result<(), EngineError> {
        match from {
            Absence::Paused => in_time(engine.docker.unpause_container(&self.name)).await,
            Absence::Stopped | Absence::Killed => self.run(engine).await,
            Absence::Disconnected => {
                let request = NetworkConnectRequest {
                    container: self.name.clone(),
                    endpoint_config: Some(self.endpoint()),
                };
                in_time(engine.docker.connect_network(&self.network, request)).await
            }
        }
    }

    /// Removes it, whatever it is doing.
    pub(super) async fn remove(&self, engine: &Engine) -> Result<(), EngineError> {
        engine::remove_container(&engine.docker, &self.name).await
    }

    /// Where everybody on this machine finds the component.
    pub(super) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.ports.public))
    }

    /// The base of its control wire.
    pub(super) fn wire(&self) -> String {
        format!("https://127.0.0.1:{}", self.ports.wire)
    }

    /// The base of its orders.
    pub(super) fn orders(&self) -> String {
        format!("https://127.0.0.1:{}", self.ports.orders)
    }

    /// The number of the next line of its log.
    pub(super) fn mark(&self) -> usize {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.dropped + log.lines.len()
    }

    /// Its log since a mark.
    pub(super) fn log_since(&self, mark: usize) -> String {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let from = mark.saturating_sub(log.dropped);
        log.lines.iter().skip(from).flat_map(|line| [line.as_str(), "\n"]).collect()
    }

    fn last_words(&self) -> Option<String> {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let from = log.lines.len().saturating_sub(LAST_WORDS);
        let lines: Vec<_> = log.lines.iter().skip(from).map(|line| line.trim()).collect();
        (!lines.is_empty()).then(|| lines.join(" | "))
    }
}

/// The process takes assignments.
fn health_check() -> Vec<String> {
    let check = format!("--check={ORDERS}");
    ["CMD", "/touchstone", "component", &check].map(str::to_owned).to_vec()
}

/// How far a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Starting,
    Ready,
    Ended,
}

impl Log {
    fn push(&mut self, line: &str) {
        if self.lines.len() == LOG_LINES {
            self.lines.pop_front();
            self.dropped += 1;
        }
        self.lines.push_back(line.to_owned());
    }
}

impl Ports {
    /// Three that nobody has at this moment, drawn, so that runs beside each other seldom want the same.
    fn free() -> Result<Self, EngineError> {
        let taken = || EngineError::PortTaken(format!("{FIRST_PORT} to {}", u32::from(FIRST_PORT) + PORTS));
        let word = chance::unguessable().ok_or_else(taken)?;
        let mut chance = Chance::from_seed(chance::derive(&Seed::default(), &word));
        // Held together, so that they differ.
        let mut held = (0..PORTS).filter_map(|_| {
            let port = FIRST_PORT + u16::try_from(chance.up_to(PORTS)).ok()?;
            Some((port, TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?))
        });
        match (held.next(), held.next(), held.next()) {
            (Some((public, _a)), Some((wire, _b)), Some((orders, _c))) => Ok(Self { public, wire, orders }),
            _ => Err(taken()),
        }
    }
}
