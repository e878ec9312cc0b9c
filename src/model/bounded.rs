//! A map of bounded size, for what others make us remember.

use std::collections::BTreeMap;

/// A map that keeps at most so many entries; then the one goes that came first.
#[derive(Debug)]
pub(crate) struct Bounded<K, V> {
    most: usize,
    entries: BTreeMap<K, (u64, V)>,
    by_age: BTreeMap<u64, K>,
    last: u64,
}

impl<K: Clone + Ord, V> Bounded<K, V> {
    /// An empty map for at most `most` entries.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, entries: BTreeMap::new(), by_age: BTreeMap::new(), last: 0 }
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(_, value)| value)
    }

    /// Gives a key a value; one that is there already keeps its age.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        if let Some((_, before)) = self.entries.get_mut(&key) {
            *before = value;
            return;
        }
        self.last += 1;
        self.by_age.insert(self.last, key.clone());
        self.entries.insert(key, (self.last, value));
        if self.entries.len() > self.most
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.entries.remove(&oldest);
        }
    }

    /// Removes an entry.
    pub(crate) fn take(&mut self, key: &K) -> Option<V> {
        let (age, value) = self.entries.remove(key)?;
        self.by_age.remove(&age);
        Some(value)
    }

    /// Of both maps: nothing is left in one that is gone from the other.
    #[cfg(test)]
    pub(crate) fn lengths(&self) -> (usize, usize) {
        (self.entries.len(), self.by_age.len())
    }

    /// Removes all of them.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.by_age.clear();
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
        assert_eq!(map.lengths(), (3, 3));
    }

    #[test]
    fn what_was_taken_makes_room() {
        let mut map = Bounded::new(2);
        map.insert("a", 1);
        map.insert("b", 2);
        assert_eq!((map.take(&"a"), map.take(&"a")), (Some(1), None));
        map.insert("c", 3);
        assert_eq!((map.get(&"b"), map.get(&"c")), (Some(&2), Some(&3)));
        map.clear();
        assert_eq!(map.lengths(), (0, 0));
    }
}
