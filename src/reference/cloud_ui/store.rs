//! What the Cloud UI remembers for a browser, under an id that only the browser knows. Capped: the oldest goes.
//!
//! Entries are kept under a digest of the id, so that how long a search takes says nothing of any id.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use aws_lc_rs::digest::{SHA256, digest};

/// A store.
pub(super) struct Store<T> {
    entries: Mutex<Entries<T>>,
    most: usize,
}

struct Entries<T> {
    by_id: BTreeMap<Vec<u8>, (u64, T)>,
    /// By age.
    ids: BTreeMap<u64, Vec<u8>>,
    last: u64,
}

impl<T> Store<T> {
    /// An empty one for so many.
    pub(super) fn of(most: usize) -> Self {
        let entries = Entries { by_id: BTreeMap::new(), ids: BTreeMap::new(), last: 0 };
        Self { entries: Mutex::new(entries), most }
    }

    pub(super) fn insert(&self, id: &str, value: T) {
        let key = key(id);
        let mut entries = self.lock();
        entries.take(&key);
        entries.last += 1;
        let age = entries.last;
        entries.by_id.insert(key.clone(), (age, value));
        entries.ids.insert(age, key);
        if entries.by_id.len() > self.most
            && let Some((_, oldest)) = entries.ids.pop_first()
        {
            entries.by_id.remove(&oldest);
        }
    }

    /// Removes an entry, so that nobody gets it twice.
    pub(super) fn take(&self, id: &str) -> Option<T> {
        self.lock().take(&key(id))
    }

    pub(super) fn clear(&self) {
        let mut entries = self.lock();
        entries.by_id.clear();
        entries.ids.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Entries<T>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone> Store<T> {
    pub(super) fn find(&self, id: &str) -> Option<T> {
        self.lock().by_id.get(&key(id)).map(|(_, value)| value.clone())
    }
}

impl<T> Entries<T> {
    fn take(&mut self, key: &[u8]) -> Option<T> {
        let (age, value) = self.by_id.remove(key)?;
        self.ids.remove(&age);
        Some(value)
    }
}

fn key(id: &str) -> Vec<u8> {
    digest(&SHA256, id.as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::Store;

    #[test]
    fn the_oldest_goes_and_nothing_is_left_of_what_was_taken() {
        let store = Store::of(2);
        for id in ["a", "b", "b"] {
            store.insert(id, id.to_owned());
        }
        assert_eq!(store.take("a").as_deref(), Some("a"));
        assert_eq!(store.take("a"), None);
        store.insert("c", "c".to_owned());
        store.insert("d", "d".to_owned());
        assert_eq!(
            [store.find("b"), store.find("c"), store.find("d")].map(|found| found.is_some()),
            [false, true, true]
        );
        let entries = store.entries.lock().unwrap();
        assert_eq!((entries.by_id.len(), entries.ids.len()), (2, 2));
    }
}
