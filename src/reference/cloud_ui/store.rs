//! What the Cloud UI remembers for a browser, under an id that only the browser knows. Capped: the oldest goes.
//!
//! Entries are kept under a digest of the id, so that how long a search takes says nothing of any id.

use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};

use crate::model::bounded::Bounded;

/// A store.
pub(super) struct Store<T>(Mutex<Bounded<Vec<u8>, T>>);

impl<T> Store<T> {
    /// An empty one for so many.
    pub(super) fn of(most: usize) -> Self {
        Self(Mutex::new(Bounded::new(most)))
    }

    /// Keeps an entry, the youngest now.
    pub(super) fn insert(&self, id: &str, value: T) {
        let key = key(id);
        let mut entries = self.lock();
        entries.take(&key);
        entries.insert(key, value);
    }

    /// Removes an entry, so that nobody gets it twice.
    pub(super) fn take(&self, id: &str) -> Option<T> {
        self.lock().take(&key(id))
    }

    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Bounded<Vec<u8>, T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone> Store<T> {
    pub(super) fn find(&self, id: &str) -> Option<T> {
        self.lock().get(&key(id)).cloned()
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
        assert_eq!(store.lock().lengths(), (2, 2));
    }
}
