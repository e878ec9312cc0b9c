//! What requests can make the provider remember: so much, and no more.

use std::{borrow::Borrow, collections::BTreeMap};

/// Entries by key, `MOST` at most: the oldest go first.
#[derive(Debug)]
pub(crate) struct Bounded<V, const MOST: usize, K = String> {
    entries: BTreeMap<K, (u64, V)>,
    /// Keys by their turn.
    order: BTreeMap<u64, K>,
    next: u64,
}

impl<V, const MOST: usize, K> Default for Bounded<V, MOST, K> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), order: BTreeMap::new(), next: 0 }
    }
}

impl<V, const MOST: usize, K: Clone + Ord> Bounded<V, MOST, K> {
    /// Adds an entry as the newest, in the place of one of that key. True where there was one.
    pub(crate) fn insert(&mut self, key: K, value: V) -> bool {
        let known = self.remove(&key).is_some();
        if self.entries.len() >= MOST
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.entries.remove(&oldest);
        }
        self.order.insert(self.next, key.clone());
        self.entries.insert(key, (self.next, value));
        self.next += 1;
        known
    }

    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.entries.get(key).map(|(_, value)| value)
    }

    pub(crate) fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.entries.get_mut(key).map(|(_, value)| value)
    }

    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let (turn, value) = self.entries.remove(key)?;
        self.order.remove(&turn);
        Some(value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, (_, value))| (key, value))
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.entries.values_mut().map(|(_, value)| value)
    }

    /// Keeps those that fit.
    pub(crate) fn retain(&mut self, fits: impl Fn(&V) -> bool) {
        let order = &mut self.order;
        self.entries.retain(|_, (turn, value)| {
            let stays = fits(value);
            if !stays {
                order.remove(turn);
            }
            stays
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first_and_nothing_is_left_of_them() {
        let mut bounded = Bounded::<u32, 3>::default();
        for (key, value) in [("a", 1), ("b", 2), ("c", 3), ("a", 4), ("d", 5)] {
            bounded.insert(key.to_owned(), value);
        }
        assert_eq!((bounded.get("a"), bounded.get("b"), bounded.get("d")), (Some(&4), None, Some(&5)));
        assert_eq!((bounded.entries.len(), bounded.order.len()), (3, 3));
        assert_eq!(bounded.remove("c"), Some(3));
        bounded.retain(|value| *value == 5);
        assert_eq!((bounded.entries.len(), bounded.order.len()), (1, 1));
    }
}
