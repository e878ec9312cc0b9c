//! A map of bounded size, for what is remembered of the asking of others.

use std::collections::{BTreeMap, VecDeque};

/// A map that keeps at most so many entries; then the one goes that came first.
#[derive(Debug)]
pub(crate) struct Bounded<K, V> {
    most: usize,
    entries: BTreeMap<K, V>,
    order: VecDeque<K>,
}

impl<K: Clone + Ord, V> Bounded<K, V> {
    /// An empty map for at most `most` entries.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, entries: BTreeMap::new(), order: VecDeque::new() }
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    /// Gives a key a value; one that is there already keeps its place in the order.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        if self.entries.insert(key.clone(), value).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Bounded;

    #[test]
    fn the_first_to_come_is_the_first_to_go() {
        let mut map = Bounded::new(3);
        for number in 0..=3 {
            map.insert(number, "first");
            map.insert(number, "second");
        }
        let all: Vec<_> = (0..=3).map(|number| map.get(&number).copied()).collect();
        assert_eq!(all, [None, Some("second"), Some("second"), Some("second")]);
        assert_eq!((map.entries.len(), map.order.len()), (3, 3));
    }
}
