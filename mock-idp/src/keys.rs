//! Signing keys: a pool that many servers of a process share, because making an RSA key takes a while.
//!
//! A server never has the key of another server of its tenant, or replay checks would lie: server `n` takes slot
//! `n`, rotation takes slots behind those, and the unpublished key is a slot of its own.

mod certificate;
mod seeded;
mod signing;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use serde_json::{Map, Value as Json};

pub(crate) use self::signing::{Algorithm, SigningKey, der_signature, hmac};
use crate::tenant::Tenant;

/// Which key of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Slot {
    /// A server's key.
    Published(usize),
    /// The second key of a server, by the server's index.
    Second(usize),
    /// The key that no key set has.
    Unpublished,
    /// An RSA key of 1,024 bits, which nobody may accept (RFC 7518 §3.3).
    Weak,
}

type Cell = Arc<OnceLock<Option<Arc<SigningKey>>>>;

/// Keys that are made when they are first asked for, and then kept. Clones share them.
#[derive(Clone, Default)]
pub struct KeyPool {
    seed: Option<[u8; 32]>,
    cells: Arc<Mutex<BTreeMap<(Algorithm, Slot), Cell>>>,
}

impl KeyPool {
    /// A pool without keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A pool whose keys are the same for the same seed. Making one takes about three times as long.
    #[must_use]
    pub fn seeded(seed: [u8; 32]) -> Self {
        Self { seed: Some(seed), ..Self::default() }
    }

    /// Makes the keys that the servers of a tenant publish first, the first server's first. Blocks.
    pub fn prepare(&self, tenant: &Tenant) {
        let rings = if tenant.servers_share_keys() { 1 } else { tenant.servers.len() };
        for (index, server) in tenant.servers.iter().take(rings).enumerate() {
            self.make(server.algorithm, Slot::Published(index));
        }
        for (index, server) in tenant.servers.iter().enumerate() {
            if server.profile.second_key().is_some() {
                self.make(server.algorithm, Slot::Second(index));
            }
        }
    }

    /// The key of a slot, made on a thread of its own if it is not there yet. Nothing if the library fails.
    pub(crate) async fn key(&self, algorithm: Algorithm, slot: Slot) -> Option<Arc<SigningKey>> {
        if let Some(key) = self.cell(algorithm, slot).get() {
            return key.clone();
        }
        let pool = self.clone();
        tokio::task::spawn_blocking(move || pool.make(algorithm, slot)).await.ok().flatten()
    }

    fn make(&self, algorithm: Algorithm, slot: Slot) -> Option<Arc<SigningKey>> {
        let make = || match (slot, self.seed) {
            (Slot::Weak, seed) => seeded::weak(&mut seeded::stream(seed, algorithm, slot)?),
            (_, Some(_)) => seeded::key(algorithm, &mut seeded::stream(self.seed, algorithm, slot)?),
            (_, None) => SigningKey::generate(algorithm),
        };
        self.cell(algorithm, slot).get_or_init(|| make().map(Arc::new)).clone()
    }

    fn cell(&self, algorithm: Algorithm, slot: Slot) -> Cell {
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(cells.entry((algorithm, slot)).or_default())
    }
}

impl fmt::Debug for KeyPool {
    /// Without the seed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPool").field("is_seeded", &self.seed.is_some()).finish_non_exhaustive()
    }
}

/// A key of a server, under the id by which it is published.
#[derive(Clone, Debug)]
pub(crate) struct RingKey {
    pub(crate) id: String,
    pub(crate) slot: Slot,
}

/// A key that is published only: whatever its entry says, nothing of the server's is signed by it.
#[derive(Clone, Debug)]
pub(crate) struct Extra {
    pub(crate) algorithm: Algorithm,
    pub(crate) key: RingKey,
    /// Members of the entry, over those that the profile writes.
    pub(crate) set: Map<String, Json>,
    pub(crate) without: Vec<String>,
    /// It stands before the keys that sign.
    pub(crate) first: bool,
}

/// The keys of one server: one signs, all are published.
#[derive(Clone, Debug)]
pub(crate) struct KeyRing {
    pub(crate) algorithm: Algorithm,
    older: Vec<RingKey>,
    current: RingKey,
    /// Published ahead of its use.
    next: Option<RingKey>,
    pub(crate) extras: Vec<Extra>,
}

impl Extra {
    /// The `kid` of its entry, if that is a text.
    pub(crate) fn id(&self) -> Option<&str> {
        let own = self.set.get("kid").map_or(Some(self.key.id.as_str()), Json::as_str);
        own.filter(|_| !self.without.iter().any(|name| name == "kid"))
    }
}

impl KeyRing {
    pub(crate) fn new(algorithm: Algorithm, current: RingKey) -> Self {
        Self { algorithm, older: Vec::new(), current, next: None, extras: Vec::new() }
    }

    /// The key that signs.
    pub(crate) fn current(&self) -> &RingKey {
        &self.current
    }

    /// All published keys: the one that signs, the one that will, those that did, the youngest first.
    pub(crate) fn published(&self) -> impl Iterator<Item = &RingKey> {
        std::iter::once(&self.current).chain(&self.next).chain(self.older.iter().rev())
    }

    /// A key is published ahead of its use.
    pub(crate) fn has_next(&self) -> bool {
        self.next.is_some()
    }

    /// Publishes a key, for the next rotation to use.
    pub(crate) fn announce(&mut self, next: RingKey) {
        self.next = Some(next);
    }

    /// Signs with the announced key from now on; the old one stays published.
    pub(crate) fn rotate(&mut self) {
        if let Some(next) = self.next.take() {
            self.older.push(std::mem::replace(&mut self.current, next));
        }
    }

    /// Takes the keys that no longer sign out of the key set.
    pub(crate) fn retire(&mut self) {
        self.older.clear();
    }
}

#[cfg(test)]
mod tests {
    use spanned_yaml::Source;

    use super::*;
    use crate::tenants::SHIPPED;

    #[test]
    fn what_is_prepared_is_what_signs() {
        let text = SHIPPED.iter().find(|(name, _)| *name == "generic").unwrap().1.replace("RS256", "ES256");
        let pool = KeyPool::new();
        pool.prepare(&Tenant::parse(&Source::new("tenant.yaml", text)).unwrap().0);
        assert!(pool.cell(Algorithm::Es256, Slot::Published(0)).get().is_some());
        assert!(pool.cell(Algorithm::Rs256, Slot::Published(0)).get().is_none());
    }

    #[test]
    fn slots_hold_different_keys_and_keep_them() {
        let pool = KeyPool::new();
        let first = pool.make(Algorithm::Rs256, Slot::Published(0)).unwrap();
        let again = pool.clone().make(Algorithm::Rs256, Slot::Published(0)).unwrap();
        let unpublished = pool.make(Algorithm::Rs256, Slot::Unpublished).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        assert_ne!(first.public_members(), unpublished.public_members());
    }
}
