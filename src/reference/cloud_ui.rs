//! The Cloud UI: a web application that signs people in on its server side and shows them the catalogue (PLATFORM.md
//! §10), and a protected resource for whoever brings a token of its own (`/api/*`).
//!
//! `sign_in` and `callback` are the two halves of a sign-in, `session` what it leaves behind and how that is renewed,
//! `sign_out` its end; `cookie`, `store` and `forgery` are what sessions stand on. `policy` asks the Enterprise Manager,
//! `registry` the Registry Server, both over HTTPS. `pages` are what a person sees, their templates lie in `html/`.
//! The flow itself is `signin`'s and verification `token`'s. It hides what the Registry Server does not allow a person,
//! and decides no access.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::from_fn_with_state,
    routing::{get, post},
};
use jiff::{SignedDuration, Timestamp};

use super::{
    Surroundings, answer, control,
    gate::{Gate, scope_beside_the_manager},
    instruments::Instruments,
    paths::Paths,
};
use crate::{
    chance::{Chance, Seed, derive},
    clock::ManualClock,
    model::{
        identifier::{Audience, Scope},
        resource_url::ResourceUrl,
        rule::{Rule, Rules},
        values::CloudUi as Settings,
    },
    net,
    signin::Registration,
    token::{Expectations, TokenCache, Verifier},
};

mod api;
mod callback;
mod claims;
mod cookie;
mod forgery;
mod pages;
mod policy;
mod registry;
mod session;
mod sign_in;
mod sign_out;
mod store;

use policy::Policies;
use session::Session;
use sign_in::Waiting;
use store::Store;

pub use api::PROTECTED_PATH;

/// The most sessions that are kept; then the oldest ends.
const MOST_SESSIONS: usize = 1_000;

/// The most sign-ins under way; then the oldest is forgotten.
const MOST_WAITING: usize = 10_000;

/// The longest form, in bytes.
const MAX_FORM: usize = 4 << 10;

/// The Cloud UI.
#[derive(Clone, Debug)]
pub struct CloudUi(Arc<Parts>);

struct Parts {
    settings: Settings,
    resource: ResourceUrl,
    gate: Gate,
    /// The client at the IdP; none without a secret: the client is a confidential one (UI-LOGIN).
    registration: Option<Registration>,
    /// Of ID tokens: their audience is the client.
    id_tokens: RwLock<Arc<Verifier>>,
    waiting: Store<Arc<Waiting>>,
    sessions: Store<Arc<Session>>,
    policies: Policies,
    seed: Seed,
    chance: Mutex<Chance>,
    surroundings: Surroundings,
    instruments: Instruments,
}

impl CloudUi {
    /// A Cloud UI at `resource`. Session ids, states and verifiers are drawn from `seed`: whoever serves people gives one
    /// that nobody can guess. `managers_scope` is the scope that the Manager requires, for the sabotage of
    /// TOK-SCOPE-ONLY-EM alone.
    #[must_use]
    pub fn new(
        settings: &Settings,
        resource: ResourceUrl,
        managers_scope: Option<&Scope>,
        seed: Seed,
        surroundings: Surroundings,
    ) -> Self {
        let scope = scope_beside_the_manager(surroundings.rules, managers_scope);
        let expectations =
            Expectations { scope, ..Expectations::new(settings.issuer.clone(), settings.audience.clone()) };
        // UI-AT: the gate of the API is that of sessions.
        let at_the_gate = if surroundings.rules.hold(Rule::UiAt) {
            surroundings.clone()
        } else {
            Surroundings { rules: Rules::without(Rule::TokAud), ..surroundings.clone() }
        };
        let paths = paths(&resource, settings);
        Self(Arc::new(Parts {
            gate: Gate::new(resource.clone(), expectations, at_the_gate),
            registration: registration(settings, &resource),
            id_tokens: RwLock::new(id_token_verifier(settings, &surroundings)),
            waiting: Store::of(MOST_WAITING),
            sessions: Store::of(MOST_SESSIONS),
            policies: Policies::default(),
            chance: Mutex::new(Chance::from_seed(seed)),
            seed,
            instruments: Instruments::new(&surroundings.clock, paths),
            settings: settings.clone(),
            surroundings,
            resource,
        }))
    }

    /// The public face.
    pub fn router(&self) -> Router {
        let Parts { resource, settings, instruments, .. } = &*self.0;
        let at = |path: &str| format!("{}{path}", resource.path());
        // What changes something is no mere look (RFC 9110 §9.2.1).
        let no_head = async || answer::not_allowed("GET");
        let router = Router::new()
            .without_v07_checks()
            .route(&at(PROTECTED_PATH), get(api::me).post(api::me))
            .route(&resource.metadata_path(), get(api::protected_resource))
            .route(&at("/healthz"), get(api::healthz))
            .route(&at("/"), get(pages::home))
            .route(&at(sign_in::PATH), get(sign_in::begin).head(no_head))
            .route(&at(&settings.callback_path()), get(callback::receive).head(no_head))
            .route(&at(sign_out::PATH), post(sign_out::end).layer(DefaultBodyLimit::max(MAX_FORM)))
            .route(&at(sign_out::DONE), get(sign_out::done))
            .route(&at("/servers"), get(pages::catalogue::show))
            .route(&at("/servers/{server}"), get(pages::server::show))
            .route(&at("/me"), get(pages::who::show))
            .route(&at("/assistant"), get(pages::assistant::show))
            .route(&at("/administration/{what}"), get(pages::administration::show))
            .route(&at("/style.css"), get(pages::style))
            .route(&at("/icon.svg"), get(pages::icon))
            .with_state(Arc::clone(&self.0));
        let lost = from_fn_with_state(Arc::clone(&self.0), pages::lost);
        let router = answer::complete(router).layer(lost);
        instruments.around(router)
    }

    /// The switch below HTTP that the control wire turns; for the listener of the public face.
    #[must_use]
    pub fn faults(&self) -> net::Faults {
        self.0.instruments.connections()
    }

    /// The control wire, for a listener of its own. `movable` is the component's clock, if it can be moved. A reset ends
    /// every session.
    pub fn control_router(&self, secret: &str, movable: Option<ManualClock>) -> Router {
        let parts = Arc::clone(&self.0);
        self.0.instruments.control_router(secret, movable, control::nothing_own(), move || {
            parts.forget();
            Ok(())
        })
    }
}

impl Parts {
    /// As a restart does.
    fn forget(&self) {
        self.gate.reset();
        *self.id_tokens.write().unwrap_or_else(PoisonError::into_inner) =
            id_token_verifier(&self.settings, &self.surroundings);
        self.waiting.clear();
        self.sessions.clear();
        self.policies.forget();
    }

    fn id_token_verifier(&self) -> Arc<Verifier> {
        Arc::clone(&self.id_tokens.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn now(&self) -> Timestamp {
        self.surroundings.clock.now()
    }

    fn http(&self) -> &net::Client {
        &self.surroundings.http
    }

    /// Chance for one request, so that nobody waits for another's.
    fn chance(&self) -> Chance {
        let text = self.chance.lock().unwrap_or_else(PoisonError::into_inner).text();
        Chance::from_seed(derive(&self.seed, &text))
    }

    /// A path below the UI's own URL, as a link has it.
    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.resource.path())
    }
}

/// The client as it is registered at the IdP.
fn registration(settings: &Settings, resource: &ResourceUrl) -> Option<Registration> {
    let secret = settings.client_secret.as_ref()?;
    Some(Registration {
        issuer: settings.issuer.clone(),
        client_id: settings.client_id.as_str().to_owned(),
        client_secret: Some(secret.reveal().clone()),
        redirect_uri: Some(resource.at(&settings.callback_path())),
        scopes: settings.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        resource: settings.resource.clone(),
    })
}

fn id_token_verifier(settings: &Settings, surroundings: &Surroundings) -> Arc<Verifier> {
    let audience = Audience::new(settings.client_id.as_str());
    let Surroundings { rules, clock, http, .. } = surroundings;
    let expected = Expectations {
        subject_required: true,
        leeway: SignedDuration::ZERO,
        ..Expectations::new(settings.issuer.clone(), audience)
    };
    Arc::new(Verifier::new(expected, *rules, Arc::clone(clock), http.clone(), TokenCache::default()))
}

/// What the journal calls the paths.
fn paths(resource: &ResourceUrl, settings: &Settings) -> Paths {
    let at = |path: &str| format!("{}{path}", resource.path());
    Paths::new([
        (at(PROTECTED_PATH), "me"),
        (resource.metadata_path(), "protected-resource"),
        (at("/healthz"), "healthz"),
        (at("/"), "home"),
        (at(sign_in::PATH), "sign-in"),
        (at(&settings.callback_path()), "callback"),
        (at(sign_out::PATH), "sign-out"),
        (at(sign_out::DONE), "signed-out"),
        (at("/servers"), "catalogue"),
        (at("/servers/{}"), "server"),
        (at("/me"), "who-am-i"),
        (at("/assistant"), "assistant"),
        (at("/administration/{}"), "administration"),
        (at("/style.css"), "style"),
        (at("/icon.svg"), "icon"),
    ])
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudUi").field("resource", &self.resource).finish_non_exhaustive()
    }
}
