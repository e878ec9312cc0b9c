//! What runs in a container: one component at a time, as the harness assigns it.
//!
//! The process reads who it is from its standard input, so that no secret stands in the environment, on the command
//! line or in the image. A listener of its own then takes assignments: a whole order, of which the process makes the one
//! component that has its names. Each assignment begins with nothing of the one before, so that no case sees another.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::put,
};
use bytes::Bytes;
use mock_idp::KeyPool;
use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use spanned_yaml::Source;
use tokio::sync::Mutex;

use super::{
    PlatformOrder, Probe, TargetError,
    assembly::{Blueprint, Ground, Kit, Launched, Log, Pace, Seat, bind_everywhere, environment},
};
use crate::{
    chance::Seed,
    clock::SystemClock,
    model::{
        rule::{Rule, Rules},
        secret::Secrets,
    },
    net::{self, Certificates, Faults, Leaf},
    reference::{
        enterprise_manager::{SigningKey, SigningKeyError},
        guarded,
    },
};

/// Where the component answers; a URL that names no port means it.
pub(super) const PORT: u16 = 443;
/// Its control wire.
pub(super) const WIRE: u16 = 8443;
/// Where assignments are taken.
pub(super) const ORDERS: u16 = 8444;

/// The path of assignments.
pub(super) const ASSIGNMENT: &str = "/control/assignment";

/// How the line of its log begins by which the process says that it is ready.
pub(super) const READY: &str = "takes assignments";

/// Of this program.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How long [`is_up`] waits for a port of its own container.
const HEALTH_LIMIT: Duration = Duration::from_secs(1);

/// Who the process is: one line of JSON on its standard input.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Of the program that says so: another one may understand an order otherwise.
    pub(super) version: String,
    /// The names that it answers under.
    pub(super) hosts: Vec<String>,
    /// The bearer secret of its wires.
    pub(super) secret: String,
    /// Those that it shows.
    pub(super) certificates: Certificates,
    /// The one that it trusts, DER.
    pub(super) authority: Vec<u8>,
    /// An IdP that is started again has the keys that it had.
    pub(super) keys: Seed,
}

impl std::fmt::Debug for Identity {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

/// An order as it travels, and how its components behave.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Assignment {
    values: Document,
    tenant: Document,
    manifests: Vec<Document>,
    seed: Seed,
    /// The rule that is broken on purpose.
    broken: Option<String>,
    /// The Manager's, PKCS#8.
    signing_key: Option<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: String,
    text: String,
}

/// What became of an assignment.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Assigned {
    /// None if it did not start, as a note says.
    pub(super) component: Option<Part>,
    pub(super) notes: Vec<String>,
    pub(super) cautions: Vec<String>,
}

/// The component, as everybody sees it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) base: String,
    pub(super) protected_path: String,
    pub(super) probe: Probe,
}

/// Why an assignment was refused.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Refused {
    pub(super) error: String,
    pub(super) error_description: String,
}

impl std::fmt::Debug for Assignment {
    /// Values and tenants have secrets in them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Assignment").field("broken", &self.broken).finish_non_exhaustive()
    }
}

impl Assignment {
    pub(super) fn new(
        order: &PlatformOrder,
        rules: Rules,
        signing_key: Option<&SigningKey>,
    ) -> Result<Self, SigningKeyError> {
        Ok(Self {
            values: Document::of(&order.values),
            tenant: Document::of(&order.tenant),
            manifests: order.manifests.iter().map(Document::of).collect(),
            seed: order.seed,
            broken: rules.broken().map(|rule| rule.id().to_owned()),
            signing_key: signing_key.map(SigningKey::to_pkcs8).transpose()?,
        })
    }

    /// As it travels.
    pub(super) fn body(&self) -> Result<Bytes, TargetError> {
        serde_json::to_vec(self).map(Bytes::from).map_err(environment)
    }

    fn rules(&self) -> Result<Rules, TargetError> {
        let Some(id) = &self.broken else { return Ok(Rules::ALL) };
        let rule = Rule::by_id(id).ok_or_else(|| environment(format!("`{id}` is no rule here")))?;
        Ok(Rules::without(rule))
    }

    fn order(&self) -> PlatformOrder {
        PlatformOrder {
            values: self.values.source(),
            tenant: self.tenant.source(),
            manifests: self.manifests.iter().map(Document::source).collect(),
            seed: self.seed,
            secrets: Secrets::default(),
        }
    }
}

impl Document {
    fn of(source: &Source) -> Self {
        Self { name: source.name().to_owned(), text: source.text().to_owned() }
    }

    fn source(&self) -> Source {
        Source::new(&self.name, &self.text)
    }
}

/// The process.
#[derive(Debug)]
struct Post {
    seat: Seat,
    secret: String,
    leaf: Leaf,
    authority: CertificateDer<'static>,
    /// Keys take long to make, and belong to nobody once a case is over.
    keys: KeyPool,
    log: Log,
    /// What it is now.
    now: Mutex<Option<Launched>>,
}

/// Takes assignments until the process ends. `log` is told what happens, a line at a time.
pub async fn serve(identity: Identity, log: Log) -> Result<(), TargetError> {
    let Identity { version, hosts, secret, certificates, authority, keys } = identity;
    if version != VERSION {
        return Err(environment(format!("the image is of version {VERSION}, and the run of {version}")));
    }
    let leaf = certificates.leaf().map_err(environment)?;
    let post = Arc::new(Post {
        seat: Seat { hosts, port: PORT, wire: WIRE },
        secret,
        leaf: leaf.clone(),
        authority: authority.into(),
        keys: KeyPool::seeded(keys),
        log,
        now: Mutex::default(),
    });
    let router = Router::new()
        .route(ASSIGNMENT, put(assign).delete(relieve))
        .layer(DefaultBodyLimit::disable())
        .with_state(Arc::clone(&post));
    let router = guarded(router, &post.secret);
    let listener = bind_everywhere(ORDERS)?;
    let serving = net::serve(listener, &leaf, Arc::new(SystemClock), &Faults::default(), router);
    let serving = serving.map_err(environment)?;
    post.log.line(&format!("{READY} for {}", post.seat.hosts.join(", ")));
    std::future::pending::<()>().await;
    drop(serving);
    Ok(())
}

/// Somebody in this container serves TLS at the port, which is what health checks ask. A connection alone says little: the
/// system takes it for a process that hangs. So it is told something that is no TLS, and how it ends is waited for.
#[must_use]
pub fn is_up(port: u16) -> bool {
    let answer = || {
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut connection = TcpStream::connect_timeout(&at, HEALTH_LIMIT)?;
        connection.set_read_timeout(Some(HEALTH_LIMIT))?;
        connection.write_all(b"well?\n")?;
        connection.read(&mut [0])
    };
    // A refusal that does not wait until it has been read.
    answer().map_or_else(|error| error.kind() == io::ErrorKind::ConnectionReset, |_| true)
}

async fn assign(State(post): State<Arc<Post>>, Json(assignment): Json<Assignment>) -> Response {
    let mut now = post.now.lock().await;
    if let Some(before) = now.take() {
        before.stop().await;
    }
    match post.launch(&assignment) {
        Ok(launched) => {
            let assigned = assigned(&launched);
            let name = assigned.component.as_ref().map_or("nobody", |part| &part.name);
            post.log.line(&format!("is {name}"));
            *now = Some(launched);
            Json(assigned).into_response()
        }
        Err(error) => {
            post.log.line(&format!("cannot take its assignment: {error}"));
            refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid_assignment", &error.to_string())
        }
    }
}

async fn relieve(State(post): State<Arc<Post>>) -> StatusCode {
    if let Some(before) = post.now.lock().await.take() {
        before.stop().await;
        post.log.line("is nobody");
    }
    StatusCode::NO_CONTENT
}

fn refused(status: StatusCode, error: &str, description: &str) -> Response {
    (status, Json(Refused { error: error.into(), error_description: description.into() })).into_response()
}

impl Post {
    fn launch(&self, assignment: &Assignment) -> Result<Launched, TargetError> {
        let signing_key = assignment.signing_key.as_deref().map(SigningKey::from_der);
        let kit = Kit {
            leaf: self.leaf.clone(),
            pace: Pace::still().map_err(environment)?,
            rules: assignment.rules()?,
            secret: self.secret.clone(),
            keys: self.keys.clone(),
            signing_key: signing_key.transpose().map_err(environment)?,
            log: Some(self.log.clone()),
        };
        let ground = Ground::Alone { authority: self.authority.clone(), seat: self.seat.clone() };
        Blueprint::read(&assignment.order())?.launch(ground, kit)
    }
}

/// The seat has one component's names, so there is one at most.
fn assigned(launched: &Launched) -> Assigned {
    let part = launched.endpoints.components.iter().next().map(|(name, endpoint)| Part {
        name: name.as_str().to_owned(),
        base: endpoint.base.clone(),
        protected_path: endpoint.protected_path.clone(),
        probe: endpoint.probe,
    });
    Assigned { component: part, notes: launched.notes.clone(), cautions: launched.cautions.clone() }
}
