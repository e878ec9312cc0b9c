//! The simulated clients of a case: each with a disk, a secret store and a clock of its own, which outlive a restart.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use super::step::Stuck;
use crate::{
    chance::{self, Seed},
    client::{Client, Decision, MemoryStore, PlatformUrl, Poll, Setup},
    clock::{Clock, SkewedClock},
    model::rule::Rules,
    net::courier::Courier,
    outcome::Cause,
    scratch::Scratch,
};

/// All clients of a case. Their disks go with it.
#[derive(Debug)]
pub(super) struct Clients {
    seed: Seed,
    by_name: BTreeMap<String, Simulated>,
    scratch: Option<Scratch>,
}

/// One client, on or off.
#[derive(Debug)]
pub(super) struct Simulated {
    /// None while it is off.
    client: Option<Client>,
    pub(super) platform_url: PlatformUrl,
    pub(super) folder: PathBuf,
    store: Arc<MemoryStore>,
    pub(super) skew: SkewedClock,
    /// How its polls ended, in order.
    polls: Vec<Seen>,
}

/// A poll that a client made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    contact: bool,
    step: usize,
}

impl Clients {
    pub(super) fn new(seed: Seed) -> Self {
        Self { seed, by_name: BTreeMap::new(), scratch: None }
    }

    pub(super) fn find(&mut self, name: &str) -> Result<&mut Simulated, Stuck> {
        self.by_name
            .get_mut(name)
            .ok_or_else(|| Stuck::harness(format!("the client `{name}` was never started")))
    }

    /// Starts a client: a new one, or one that was off, on the disk that it had.
    pub(super) fn start(
        &mut self,
        name: &str,
        platform_url: PlatformUrl,
        clock: &Arc<dyn Clock>,
        rules: Rules,
    ) -> Result<(), Stuck> {
        if !self.by_name.contains_key(name) {
            let reserved = match self.scratch.take() {
                Some(scratch) => scratch,
                None => Scratch::reserve()
                    .map_err(|error| Stuck { reason: error.to_string(), cause: Cause::Environment })?,
            };
            let folder = self.scratch.insert(reserved).at(name);
            let new = Simulated {
                client: None,
                platform_url: platform_url.clone(),
                folder,
                store: Arc::default(),
                skew: SkewedClock::of(Arc::clone(clock)),
                polls: Vec::new(),
            };
            self.by_name.insert(name.to_owned(), new);
        }
        let seed = chance::derive(&self.seed, name);
        let simulated = self.find(name)?;
        simulated.platform_url = platform_url.clone();
        simulated.client = Some(Client::open(Setup {
            platform_url,
            folder: simulated.folder.clone(),
            store: Arc::clone(&simulated.store) as Arc<_>,
            clock: Arc::new(simulated.skew.clone()),
            seed,
            rules,
        }));
        Ok(())
    }

    /// Every client that is on and due polls once; who polled, and what came of it.
    pub(super) async fn wake(&mut self, courier: &dyn Courier, step: usize) -> Vec<(String, String)> {
        let mut polled = Vec::new();
        for (name, simulated) in &mut self.by_name {
            let Some(client) = &mut simulated.client else { continue };
            if let Some(poll) = client.wake(courier).await {
                polled.push((name.clone(), poll.reason.clone()));
                simulated.saw(&poll, step);
            }
        }
        polled
    }
}

impl Simulated {
    /// The client, if it is on.
    pub(super) fn on(&mut self) -> Result<&mut Client, Stuck> {
        self.client.as_mut().ok_or_else(|| Stuck::harness("the client is off"))
    }

    /// Goes off; disk, secrets and clock stay.
    pub(super) fn off(&mut self) {
        self.client = None;
    }

    pub(super) fn saw(&mut self, poll: &Poll, step: usize) {
        self.polls.push(Seen { contact: poll.contact, step });
    }

    pub(super) fn saw_polls_of(&mut self, decision: &Decision, step: usize) {
        if let Some(poll) = &decision.polled {
            self.saw(poll, step);
        }
    }

    /// The step of its last contact.
    pub(super) fn last_contact(&self) -> Option<usize> {
        self.polls.iter().rev().find(|poll| poll.contact).map(|poll| poll.step)
    }

    /// What is missing before a mode without contact may be believed: an earlier contact, and a poll that failed
    /// since (PRODUCT.md, Verdicts).
    pub(super) fn lacks(&self) -> Option<&'static str> {
        let Some(last) = self.polls.iter().rposition(|poll| poll.contact) else {
            return Some("it never was in contact before");
        };
        (last + 1 == self.polls.len()).then_some("none of its polls has failed since its last contact")
    }
}
