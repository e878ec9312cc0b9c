//! `touchstone serve`: a platform, or the identity provider alone, to work with by hand.
//!
//! What runs is the embedded target, on clocks that run; one port takes the connections for every host. Everything is
//! gone when it ends.

mod files;
mod folder;
mod inputs;
mod scene;
mod walkthrough;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
};

use clap::{Args, Subcommand, ValueEnum};

use self::{files::Files, folder::Folder, inputs::Inputs, scene::Scene};
use super::{
    refusal::{self, Refusal},
    signals::Signals,
    terminal::{PrintError, Terminal},
};
use crate::{
    chance,
    model::{
        identifier::{Component, UPSTREAM},
        rule::Rules,
        secret::Secrets,
    },
    net::{self, Client, Names},
    outcome::ExitCode,
    reference::enterprise_manager::{SigningKey, exposure},
    target::{
        Endpoint, Endpoints, PlatformOrder, REQUEST_LIMIT, Target as _, TargetError, control_host,
        embedded::EmbeddedTarget,
    },
};

const EXAMPLES: &str = "\
Examples:
  touchstone serve platform                      a demonstration, with Okta
  touchstone serve platform --values values.yaml --tenant tenant.yaml \\
      --manifests manifests/
  touchstone serve idp --tenant entra-quickstart
  touchstone serve platform --dir run --format json > platform.json &
  curl --cacert run/ca.pem --connect-to ::127.0.0.1:8443 \\
      https://config.example.com/.well-known/toolhive-configuration

URLs are those of the values file. One port takes connections for all of their
hosts, and for those of the control wires, <host>.control.test: curl finds it by
--connect-to, Chromium by --host-resolver-rules. When everything answers, the
addresses, the users with their passwords and commands to paste are printed.
Ctrl-C or SIGTERM ends it with exit code 0. compose.yaml in the repository runs
it in a container.";

const OF_THE_PLATFORM: &str = "\
Without --values and --tenant a demonstration is served: one Okta authorization
server for each component, a catalogue of which different people see different
servers, and an MCP server on which they may do different things. Its files are
values/okta-platform.yaml, tenants/okta-mcp.yaml and manifests/ under scenarios/
in the repository. With values of one's own the catalogue is empty at first.";

/// A platform, or the identity provider alone, to work with by hand.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Serve {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The whole platform of a values file.
    #[command(after_help = OF_THE_PLATFORM)]
    Platform(OfPlatform),
    /// The mock identity provider alone.
    Idp(OfIdp),
}

#[derive(Args, Debug)]
struct OfPlatform {
    /// The platform's Helm values; the demonstration's where left out.
    #[arg(long, value_name = "FILE")]
    values: Option<String>,
    /// The identity provider's tenant: a shipped one by name, or a file.
    #[arg(long, value_name = "NAME|FILE")]
    tenant: Option<String>,
    /// Custom resources: files, folders, or `-` for standard input. Without --values, the demonstration's where left out.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    manifests: Vec<String>,
    /// The Enterprise Manager's signing key, PEM: SEC1 or PKCS#8, P-256. One is generated where left out.
    #[arg(long, value_name = "FILE")]
    signing_key: Option<PathBuf>,
    #[command(flatten)]
    place: Where,
}

#[derive(Args, Debug)]
struct OfIdp {
    /// The tenant: a shipped one by name, or a file.
    #[arg(long, value_name = "NAME|FILE")]
    tenant: Option<String>,
    #[command(flatten)]
    place: Where,
}

#[derive(Args, Debug)]
struct Where {
    /// The port for all hosts, on 127.0.0.1; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 8443)]
    port: u16,
    /// Where the authority's certificate and the control wires' secret are written; a new folder that goes away at the
    /// end where left out.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The name of the container that this runs in: it then listens for others too, and what is printed is for somebody
    /// outside, where the port is published under its own number and `docker cp` fetches the files of --dir.
    #[arg(long, value_name = "NAME", requires = "dir")]
    container: Option<String>,
    /// For a person or for a program.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table and commands to paste.
    Human,
    /// JSON.
    Json,
}

impl Serve {
    pub(super) fn execute(self, terminal: &Terminal) -> Result<ExitCode, PrintError> {
        refusal::told(self.attempt(terminal), terminal)
    }

    fn attempt(self, terminal: &Terminal) -> Result<ExitCode, Refusal> {
        let (inputs, signing_key, place) = match self.what {
            What::Platform(of) => {
                let key = of.signing_key.as_ref().map(|path| signing_key(path, terminal)).transpose()?;
                (
                    Inputs::of_platform(of.values.as_deref(), of.tenant.as_deref(), &of.manifests, terminal)?,
                    key,
                    of.place,
                )
            }
            What::Idp(of) => (Inputs::of_idp(of.tenant.as_deref(), terminal)?, None, of.place),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| Refusal::environment(format!("error: cannot start: {error}")))?;
        let answer = runtime.block_on(serve(inputs, signing_key, &place, terminal));
        runtime.shutdown_background();
        answer
    }
}

fn signing_key(path: &std::path::Path, terminal: &Terminal) -> Result<SigningKey, Refusal> {
    let key = SigningKey::read(path).map_err(|error| Refusal::usage(format!("error: {error}")))?;
    if let Some(warning) = exposure(path) {
        terminal.complain(&format!("warning: {warning}"))?;
    }
    Ok(key)
}

async fn serve(
    inputs: Inputs,
    signing_key: Option<SigningKey>,
    place: &Where,
    terminal: &Terminal,
) -> Result<ExitCode, Refusal> {
    let environment = |error: &dyn std::fmt::Display| Refusal::environment(format!("error: {error}"));
    let mut signals = Signals::catch().map_err(|error| environment(&error))?;
    let listener = listener(place)?;
    let target = EmbeddedTarget::new(Rules::ALL, signing_key).map_err(|error| environment(&error))?;
    let target = target.with_running_clocks();
    let order = PlatformOrder {
        values: inputs.values.clone(),
        tenant: inputs.tenant.clone(),
        manifests: inputs.manifests.clone(),
        seed: seed().ok_or_else(|| environment(&"the system has no randomness to give"))?,
        secrets: Secrets::default(),
    };
    let platform = target.start(&order).await.map_err(|error| refused(&error, terminal))?;
    let endpoints = &through_one_port(platform.endpoints());
    let secret = endpoints.components.values().find_map(|endpoint| Some(&endpoint.control.as_ref()?.secret));
    let folder = Folder::open(
        place.dir.as_deref(),
        &target.authority().certificate_pem(),
        secret.map_or("", String::as_str),
    )
    .map_err(|error| environment(&error))?;
    let front =
        net::front(listener, endpoints.hosts.clone(), REQUEST_LIMIT).map_err(|error| environment(&error))?;
    // Also where every address is listened to.
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, front.address.port()));
    let hosts: Names = endpoints.hosts.keys().map(|host| (host.clone(), address)).collect();
    let http = net::build_client(&[target.authority().certificate()], &hosts, REQUEST_LIMIT)
        .map_err(|error| environment(&error))?;
    let ready = async {
        answers(&http, endpoints).await?;
        if let Some(catalogue) = inputs.catalogue {
            fill(&http, endpoints, catalogue).await.map_err(|error| environment(&error))?;
        }
        for note in platform.notes() {
            terminal.complain(&format!("warning: {note}"))?;
        }
        let files = Files::new(&folder, place.container.as_deref());
        let scene = Scene::new(&inputs, endpoints, &files, address, &target, &http).await?;
        terminal.result(&match place.format {
            Format::Human => scene.page(terminal.style(false).width),
            Format::Json => format!("{:#}\n", scene.json()),
        })?;
        let end = match &place.container {
            Some(name) => &format!("`docker stop {name}`"),
            None => "Ctrl-C",
        };
        terminal.say(&format!("ready: everything answers; {end} ends it")).map_err(Refusal::from)
    };
    tokio::select! {
        () = signals.wait() => return Ok(ExitCode::Conformant),
        ready = ready => ready?,
    }
    signals.wait().await;
    Ok(ExitCode::Conformant)
}

fn listener(place: &Where) -> Result<TcpListener, Refusal> {
    let port = place.port;
    let address = if place.container.is_some() { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
    net::bind_at(address, port).map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => ": `--port` takes another, or 0 for a free one",
            io::ErrorKind::PermissionDenied => ": ports below 1024 need a privilege",
            _ => "",
        };
        Refusal::environment(format!("error: cannot listen on {address} port {port}: {error}{advice}"))
    })
}

/// The same with a host name for every control wire, so that one address leads to all of them; not to what lies behind a
/// proxy.
fn through_one_port(endpoints: &Endpoints) -> Endpoints {
    let mut all = endpoints.clone();
    for (name, endpoint) in &mut all.components {
        let base = url::Url::parse(&endpoint.base).ok();
        let host = base.as_ref().and_then(url::Url::host_str).map(control_host);
        let Some((control, host)) = endpoint.control.as_mut().zip(host) else { continue };
        let address = control.base.strip_prefix("https://").and_then(|address| address.parse().ok());
        if let Some(address) = address {
            control.base = format!("https://{host}");
            all.hosts.insert(host, address);
        }
        // It asks nobody for a token: the way to it is through its proxy.
        if is_behind_a_proxy(name)
            && let Some(host) = base.as_ref().and_then(url::Url::host_str)
        {
            all.hosts.remove(host);
        }
    }
    all
}

fn is_behind_a_proxy(component: &Component) -> bool {
    component.as_str().starts_with(UPSTREAM)
}

/// Two runs share nothing.
fn seed() -> Option<chance::Seed> {
    Some(chance::derive(&chance::Seed::default(), &chance::unguessable()?))
}

fn refused(error: &TargetError, terminal: &Terminal) -> Refusal {
    match error {
        TargetError::Values(found) | TargetError::Tenant(found) => {
            Refusal::usage(found.render(terminal.colors_talk()).trim_end())
        }
        TargetError::Mismatch(_) => {
            let shipped = EmbeddedTarget::shipped_tenants().join(", ");
            Refusal::usage(format!("error: {error}\n  help: `--tenant` takes a file, or one of {shipped}"))
        }
        TargetError::Unplayable(why) => Refusal::usage(format!("error: {why}")),
        TargetError::Environment(_) | TargetError::Unsupported(_) => {
            Refusal::environment(format!("error: {error}"))
        }
    }
}

/// Everything is in service, seen through the one port.
async fn answers(http: &Client, endpoints: &Endpoints) -> Result<(), Refusal> {
    for (name, endpoint) in endpoints.components.iter().filter(|(name, _)| !is_behind_a_proxy(name)) {
        let url = health(name.as_str(), endpoint);
        let failed = |why: &dyn std::fmt::Display| {
            Refusal::environment(format!("error: `{name}` is not in service: {why}"))
        };
        let answer = http.get(&url).send().await.map_err(|error| failed(&error))?;
        if !answer.status().is_success() {
            return Err(failed(&format!("`{url}` answers {}", answer.status())));
        }
    }
    Ok(())
}

/// Gives the Registry Server what it has at the start.
async fn fill(http: &Client, endpoints: &Endpoints, catalogue: &'static str) -> Result<(), reqwest::Error> {
    let mut components = endpoints.components.iter();
    let registry = components.find(|(name, _)| name.as_str() == "registry-server");
    let Some(control) = registry.and_then(|(_, endpoint)| endpoint.control.as_ref()) else { return Ok(()) };
    let url = format!("{}/control/catalogue", control.base);
    let answer = http.put(url).bearer_auth(&control.secret).body(catalogue).send().await?;
    answer.error_for_status().map(drop)
}

/// Below the resource where that is a web application, else at the origin.
fn health(name: &str, endpoint: &Endpoint) -> String {
    let at_origin = name == "idp" || name == "registry" || name.contains(':');
    let origin = url::Url::parse(&endpoint.base).ok().filter(|_| at_origin);
    let base = origin.map_or_else(|| endpoint.base.clone(), |url| url.origin().ascii_serialization());
    format!("{base}/healthz")
}
