//! The simulated client, Stacklok CLI and Desktop in one: PLATFORM.md §5.
//!
//! The road of a policy: [`bootstrap()`] finds the platform, `platform` what it says of itself, `session` keeps the
//! tokens, `poll` asks the Manager, `envelope` verifies what comes, `cache` keeps it. The road of a wish: `wish` polls
//! first where the last contact is old, `mode` says what state the client is in, `decide` and `policy` what that state
//! and the directives permit, `registry` whether a server is a member. `time` is the time that counts on both.
//!
//! It talks over HTTP only, through the courier that each call is handed, and runs nothing by itself: whoever owns a
//! client calls [`Client::wake`]. It knows neither the reference nor how policies are compiled: it must degrade, not
//! cheat.

use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc};

use jiff::Timestamp;

mod bootstrap;
mod cache;
#[cfg(test)]
mod contact_table;
mod decide;
mod envelope;
#[cfg(test)]
mod fixture;
mod folder;
mod keys;
mod local;
mod mode;
mod platform;
mod policy;
mod poll;
mod registry;
#[cfg(test)]
mod rule_table;
mod session;
mod status;
mod store;
mod time;
mod wish;

use crate::{
    chance::{self, Chance, Seed},
    clock::Clock,
    model::rule::{Rule, Rules},
    net::courier::Courier,
    signin::{Person, SignIn, SignInError},
};

pub use bootstrap::{BootstrapError, PlatformUrl, bootstrap};
pub use cache::CACHE_FILE;
pub use mode::Mode;
pub use platform::PlatformError;
pub use policy::{Setting, Source};
pub use status::{Decision, Event, Outcome, Poll, Status};
pub use store::{FileStore, MemoryStore, SecretStore};

use cache::{Cache, Held};
use folder::Folder;
use local::Local;
use mode::Facts;
use platform::Platform;
use policy::Policy;
use session::Session;
use time::Time;

/// Clients that share a folder take turns by it.
const LOCK_FILE: &str = "client.lock";

/// More events than this are not kept: the oldest go.
const MOST_EVENTS: usize = 1_000;

/// A client. What must outlive it lies in its folder and its secret store.
pub struct Client {
    platform_url: PlatformUrl,
    rules: Rules,
    chance: Chance,
    time: Time,
    started: Timestamp,
    folder: Folder,
    cache: Cache,
    session: Session,
    local: Local,
    /// What the platform says of itself, once it was asked.
    platform: Option<Platform>,
    held: Option<Held>,
    last_contact: Option<Timestamp>,
    /// The last contact is not in the cache yet.
    unsaved_contact: bool,
    next_poll: Option<Timestamp>,
    /// A broken CL-POLL has let the first contact after a degradation pass by.
    put_off: bool,
    events: Vec<Event>,
    warnings: BTreeMap<Place, String>,
}

/// What a client is made of.
pub struct Setup {
    /// Its platform.
    pub platform_url: PlatformUrl,
    /// Where its cache lies. Made with mode 0700 when something is first written.
    pub folder: PathBuf,
    /// Where its secrets are.
    pub store: Arc<dyn SecretStore>,
    /// The machine's clock.
    pub clock: Arc<dyn Clock>,
    /// PKCE verifiers, states, nonces and the spread of its polls come from here.
    pub seed: Seed,
    /// The rules it keeps.
    pub rules: Rules,
}

/// Why nobody is signed in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnrollError {
    /// The platform cannot be used, so no sign-in was begun (CL-PRM).
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// The sign-in failed (CL-LOGIN).
    #[error(transparent)]
    SignIn(#[from] SignInError),
}

/// What can fail on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Cache,
    Local,
    Store,
}

impl EnrollError {
    /// Nobody answered, or nobody could have: that says nothing of the platform.
    #[must_use]
    pub fn is_no_answer(&self) -> bool {
        matches!(
            self,
            Self::Platform(PlatformError::NoAnswer(_))
                | Self::SignIn(SignInError::NoAnswer(_) | SignInError::Loopback(_))
        )
    }
}

impl Client {
    /// Starts a client: loads its cache and verifies it (CL-CACHE). It never fails: a cache that is not trusted is a
    /// security event and leaves the client unenrolled, a folder or store that fails is a warning.
    #[must_use]
    pub fn open(setup: Setup) -> Self {
        let Setup { platform_url, folder, store, clock, seed, rules } = setup;
        let folder = Folder::new(folder, LOCK_FILE);
        let time = Time::new(clock, rules);
        let mut cache = Cache::new(folder.clone(), Arc::clone(&store), platform_url.clone(), rules);
        let loaded = cache.load(time.now());
        let (session, unreadable) = Session::resume(store, platform_url.clone());
        let local = Local::load(&folder);
        let mut client = Self {
            // The same seed, and yet another verifier after a restart.
            chance: Chance::from_seed(chance::derive(&seed, &format!("start {}", cache.generation()))),
            started: time.now(),
            platform_url,
            rules,
            time,
            folder,
            cache,
            session,
            local: Local::default(),
            platform: None,
            held: None,
            last_contact: None,
            unsaved_contact: false,
            next_poll: None,
            put_off: false,
            events: Vec::new(),
            warnings: BTreeMap::new(),
        };
        client
            .warn(Place::Store, unreadable.map(|error| format!("the secret store cannot be read: {error}")));
        match local {
            Ok(local) => client.local = local,
            Err(error) => client.warn(Place::Local, Some(format!("local settings are lost: {error}"))),
        }
        match loaded {
            Ok(None) => {}
            Ok(Some(content)) => {
                client.time.saw(content.highest_time.max(content.last_contact));
                client.held = Some(content.held);
                client.last_contact = Some(content.last_contact);
                client.started = client.time.now();
                // The time that passed while it was off counts from now on, also if the clock is set back later.
                client.save();
            }
            Err(fault) if fault.is_security_event() => client.record(Rule::ClCache, fault.to_string()),
            Err(fault) => client.warn(Place::Cache, Some(fault.to_string())),
        }
        client.next_poll = client.session.has_tokens().then_some(client.started);
        client
    }

    /// Signs a person in: the platform's metadata, its discovery document, authorization code with PKCE (CL-PRM,
    /// CL-LOGIN). The refresh token goes into the secret store.
    ///
    /// # Errors
    /// See [`EnrollError`]. The tokens of an earlier sign-in stay.
    pub async fn sign_in(&mut self, courier: &dyn Courier, person: &Person) -> Result<(), EnrollError> {
        let platform = self.discover(courier).await?;
        let mut flow = SignIn { courier, chance: &mut self.chance, rules: self.rules };
        let tokens = flow.authorization_code(&platform.registration(), person).await?;
        self.renew(tokens);
        self.next_poll = Some(self.time.now());
        Ok(())
    }

    /// How the client stands.
    #[must_use]
    pub fn status(&self) -> Status {
        let envelope = self.held.as_ref().map(|held| &held.envelope);
        Status {
            mode: self.mode(),
            signed_in: self.session.is_signed_in(),
            last_contact: self.last_contact.map(|time| time.to_string()),
            not_after: envelope.map(|envelope| envelope.not_after.to_string()),
            issued_at: envelope.map(|envelope| envelope.issued_at.to_string()),
            next_poll: self.next_poll.map(|time| time.to_string()),
            time: self.time.now().to_string(),
            settings: self.policy().map(|policy| policy.settings(&self.local.overrides)).unwrap_or_default(),
            running: self.local.running.iter().cloned().collect(),
            warnings: self.warnings.values().cloned().collect(),
            events: self.events.clone(),
        }
    }

    /// The mode of now.
    fn mode(&self) -> Mode {
        self.facts().map_or(Mode::Unenrolled, |facts| Mode::of(&facts))
    }

    /// What the mode follows from; none without an envelope.
    fn facts(&self) -> Option<Facts> {
        let envelope = &self.held.as_ref()?.envelope;
        Some(Facts {
            now: self.time.now(),
            not_after: envelope.not_after,
            refresh_interval: envelope.refresh_interval,
            last_contact: self.last_contact?,
            started: self.started,
            degraded: self.policy()?.degraded(),
            rules: self.rules,
        })
    }

    /// The policy that was last verified.
    fn policy(&self) -> Option<Policy> {
        Some(Policy::read(&self.held.as_ref()?.envelope.config, self.rules))
    }

    /// Writes the cache. One that cannot be written is a warning: the client goes on in memory.
    fn save(&mut self) {
        let (Some(held), Some(last_contact)) = (&self.held, self.last_contact) else { return };
        let content = cache::Content { held: held.clone(), last_contact, highest_time: self.time.now() };
        match self.cache.save(content, self.unsaved_contact) {
            Ok(saved) => {
                self.unsaved_contact = false;
                self.warn(Place::Cache, None);
                if let Some(fault) = saved.replaced {
                    self.record(Rule::ClCache, fault.to_string());
                }
                // What another client on the same folder has learned: its contact is as good as one of ours.
                if saved.content.last_contact == last_contact {
                    self.time.saw(saved.content.highest_time);
                } else {
                    self.time.contact(saved.content.highest_time);
                }
                self.held = Some(saved.content.held);
                self.last_contact = Some(saved.content.last_contact);
            }
            Err(error) => self.warn(Place::Cache, Some(format!("the cache cannot be written: {error}"))),
        }
    }

    /// Records a security event.
    fn record(&mut self, rule: Rule, what: String) {
        if self.events.len() == MOST_EVENTS {
            self.events.remove(0);
        }
        let at = self.time.now().to_string();
        self.events.push(Event { at, rule: rule.id().to_owned(), what });
    }

    /// Says what fails at a place, or that nothing does any more.
    fn warn(&mut self, place: Place, what: Option<String>) {
        match what {
            Some(what) => self.warnings.insert(place, what),
            None => self.warnings.remove(&place),
        };
    }
}

/// No tokens, no policy.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("platform_url", &self.platform_url.as_str())
            .field("mode", &self.mode())
            .field("session", &self.session)
            .field("events", &self.events)
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}
