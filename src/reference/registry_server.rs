//! The Registry Server: a catalogue of MCP servers in which everybody sees what their claims show them, and roles say who
//! administers what (PLATFORM.md §9).
//!
//! Two faces on one listener: consumers read the MCP registry API below `/registry/{name}/v0.1` (`consumer`),
//! administrators write below `/v1` (`me`, `sources`, `registries`, `entries`). `admission` makes a `caller` out of a
//! request, `caller` decides what its claims permit, `catalogue` keeps everything in SQLite, `server_json` says what an
//! entry is, `wire` is what its control wire has beside every component's.

use std::{fmt, sync::Arc};

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
    response::Response,
    routing::{delete, get, post},
};
use mcp_policy::claims::Reading;
use serde_json::json;

use super::{Surroundings, answer, instruments::Instruments, paths::Paths};
use crate::{
    clock::ManualClock,
    model::{
        identifier::Scope,
        resource_url::ResourceUrl,
        values::{RegistryServer as Settings, registry_server::Auth},
    },
    net,
};

mod admission;
mod caller;
mod catalogue;
mod consumer;
mod entries;
mod failure;
mod form;
mod me;
mod registries;
mod server_json;
mod sources;
mod wire;

pub use catalogue::{CatalogueError, Entry};

use admission::Admission;
use catalogue::Catalogue;

/// The path that a valid token opens.
pub const PROTECTED_PATH: &str = "/v1/me";

/// The longest request body, in bytes; of the control wire's catalogue, [`wire::MAX_CATALOGUE`].
const MAX_BODY: usize = 256 << 10;

/// The Registry Server.
#[derive(Clone, Debug)]
pub struct RegistryServer(Arc<Parts>);

/// What a Registry Server is deployed with beside its values.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// Where it is; in the mode `oauth` its own `resourceUrl`.
    pub url: ResourceUrl,
    /// How groups and roles are read from the tokens' claims (PLATFORM.md §7).
    pub reading: Reading,
    /// What the catalogue holds at the start, and after a reset.
    pub entries: Vec<Entry>,
    /// The scope that the Manager requires, for the sabotage of TOK-SCOPE-ONLY-EM alone.
    pub managers_scope: Option<Scope>,
}

struct Parts {
    url: ResourceUrl,
    admission: Admission,
    catalogue: Catalogue,
    instruments: Instruments,
}

impl RegistryServer {
    /// A Registry Server that keeps the rules of its surroundings.
    ///
    /// # Errors
    /// An entry of the start that no catalogue can hold.
    pub fn new(
        values: &Settings,
        deployment: Deployment,
        surroundings: &Surroundings,
    ) -> Result<Self, CatalogueError> {
        let Deployment { url, reading, entries, managers_scope } = deployment;
        let clock = Arc::clone(&surroundings.clock);
        let paths = paths(&url);
        Ok(Self(Arc::new(Parts {
            admission: Admission::new(&values.auth, reading, managers_scope.as_ref(), surroundings),
            catalogue: Catalogue::new(values, entries, clock.now())?,
            instruments: Instruments::new(&clock, paths),
            url,
        })))
    }

    /// The public face: everything lies below the URL's path, the RFC 9728 document also before it.
    pub fn router(&self) -> Router {
        let Parts { url, instruments, .. } = &*self.0;
        let at = |path: &str| format!("{}{path}", url.path());
        let mut router = Router::new()
            .without_v07_checks()
            .route(&at(consumer::SERVERS), get(consumer::list))
            .route(&at(consumer::VERSIONS), get(consumer::versions))
            .route(&at(consumer::VERSION), get(consumer::version))
            .route(&at(PROTECTED_PATH), get(me::show))
            .route(&at("/v1/sources"), get(sources::list))
            .route(&at("/v1/sources/{name}"), get(sources::show).put(sources::put).delete(sources::delete))
            .route(&at("/v1/sources/{name}/entries"), get(sources::entries))
            .route(&at("/v1/registries"), get(registries::list))
            .route(
                &at("/v1/registries/{name}"),
                get(registries::show).put(registries::put).delete(registries::delete),
            )
            .route(&at("/v1/registries/{name}/entries"), get(registries::entries))
            .route(&at("/v1/entries"), post(entries::publish))
            .route(&at("/v1/entries/{type}/{name}/versions/{version}"), delete(entries::delete))
            .route(&at("/v1/entries/{type}/{name}/claims"), get(entries::claims).put(entries::relabel))
            .route(&at(HEALTH), get(healthz))
            .route(&url.metadata_path(), get(metadata));
        // RS-401 appends the well-known path to the URL, RFC 9728 puts it before the URL's path.
        let appended = at(METADATA);
        if appended != url.metadata_path() {
            router = router.route(&appended, get(metadata));
        }
        let router = router.layer(DefaultBodyLimit::max(MAX_BODY)).with_state(Arc::clone(&self.0));
        instruments.around(failure::complete(router))
    }

    /// The switch below HTTP that the control wire turns; for the listener of the public face.
    #[must_use]
    pub fn faults(&self) -> net::Faults {
        self.0.instruments.connections()
    }

    /// The control wire, for a listener of its own. `movable` is the component's clock, if it can be moved.
    pub fn control_router(&self, secret: &str, movable: Option<ManualClock>) -> Router {
        let parts = Arc::clone(&self.0);
        self.0.instruments.control_router(secret, movable, wire::router(Arc::clone(&self.0)), move || {
            parts.admission.reset();
            parts.catalogue.reset()
        })
    }

    /// What its reader should know: a mode that asks nobody for a token stands above everything else.
    #[must_use]
    pub fn cautions(&self) -> Vec<String> {
        let open = self.0.admission.is_anonymous();
        open.then(|| "the Registry Server asks nobody for a token: its mode is `anonymous`".to_owned())
            .into_iter()
            .collect()
    }
}

impl Deployment {
    /// A deployment at the URL of its settings, or at the given one where they name none, with the usual claim names and an
    /// empty catalogue.
    #[must_use]
    pub fn of(values: &Settings, otherwise: ResourceUrl) -> Self {
        let url = match &values.auth {
            Auth::OAuth(oauth) => oauth.resource_url.clone(),
            Auth::Anonymous => otherwise,
        };
        Self { url, reading: Reading::default(), entries: Vec::new(), managers_scope: None }
    }
}

const METADATA: &str = "/.well-known/oauth-protected-resource";
const HEALTH: &str = "/healthz";

/// What the journal calls the paths.
fn paths(url: &ResourceUrl) -> Paths {
    let at = |path: &str| format!("{}{path}", url.path());
    Paths::new([
        (at("/registry/{}/v0.1/servers"), "servers"),
        (at("/registry/{}/v0.1/servers/{}/versions"), "versions"),
        (at("/registry/{}/v0.1/servers/{}/versions/{}"), "version"),
        (at(PROTECTED_PATH), "me"),
        (at("/v1/sources"), "sources"),
        (at("/v1/sources/{}"), "source"),
        (at("/v1/sources/{}/entries"), "source-entries"),
        (at("/v1/registries"), "registries"),
        (at("/v1/registries/{}"), "registry"),
        (at("/v1/registries/{}/entries"), "registry-entries"),
        (at("/v1/entries"), "entries"),
        (at("/v1/entries/{}/{}/versions/{}"), "entry"),
        (at("/v1/entries/{}/{}/claims"), "entry-claims"),
        (url.metadata_path(), "protected-resource"),
        (at(METADATA), "protected-resource"),
        (at(HEALTH), "healthz"),
    ])
}

/// TOK-PRM.
async fn metadata(State(server): State<Arc<Parts>>) -> Response {
    server.admission.metadata()
}

async fn healthz() -> Response {
    answer::json(StatusCode::OK, &json!({ "status": "ok" }))
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryServer").field("url", &self.url).finish_non_exhaustive()
    }
}
