//! What the steps of a case have done to the platform: its faults and its keys.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::model::identifier::Component;

#[derive(Debug, Default)]
pub(super) struct World {
    /// Component → its faults, as they were ordered.
    faults: BTreeMap<Component, Vec<Json>>,
    /// How often keys were changed.
    pub(super) key_changes: usize,
    /// The Manager answers nobody: the number of the last request in its journal before that.
    pub(super) outage: Option<u64>,
}

impl World {
    pub(super) fn fault(&mut self, of: &Component, fault: Json) {
        self.faults.entry(of.clone()).or_default().push(fault);
    }

    pub(super) fn restore(&mut self, of: &Component) {
        self.faults.remove(of);
    }

    /// All faults in words, for comparison.
    pub(super) fn faults(&self) -> String {
        let words = self
            .faults
            .iter()
            .flat_map(|(of, faults)| faults.iter().map(move |fault| format!("{of} {fault}")));
        words.collect::<Vec<_>>().join("; ")
    }
}
