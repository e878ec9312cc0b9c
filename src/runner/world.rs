//! What the steps of a case have done to the platform: its faults, its keys, its clocks.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::Value as Json;

use crate::{
    model::{
        absence::Absence,
        identifier::{Component, PROXY, UPSTREAM},
    },
    runner::held::Held,
};

#[derive(Debug, Default)]
pub(super) struct World {
    /// Component → its faults, as they were ordered.
    faults: BTreeMap<Component, Vec<Json>>,
    /// How far a component's clock is from the platform's.
    skews: BTreeMap<Component, SignedDuration>,
    /// Issuer → the ids of the keys that it publishes, known once they were changed.
    published: BTreeMap<String, Vec<String>>,
    /// The Manager answers nobody.
    pub(super) outage: Option<Outage>,
    /// How often the custom resources were changed.
    manifests: usize,
    /// Proxy → how often it began anew.
    restarts: BTreeMap<Component, usize>,
    /// Proxy → what is known of the server behind it.
    upstreams: BTreeMap<Component, Upstream>,
}

/// What has happened to the server behind a proxy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Upstream {
    /// How often it changed.
    changes: usize,
    /// The list of its tools was seen since.
    seen: bool,
}

/// Since when nobody reaches the Manager.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outage {
    /// The number of the last request in its journal before that.
    pub(super) last_entry: u64,
    /// The step that began it.
    pub(super) step: usize,
}

impl World {
    pub(super) fn fault(&mut self, of: &Component, fault: Json) {
        self.faults.entry(of.clone()).or_default().push(fault);
    }

    /// Takes the faults of a component away.
    pub(super) fn restore(&mut self, of: &Component) -> Vec<Json> {
        self.faults.remove(of).unwrap_or_default()
    }

    /// Every component with faults, and the faults.
    pub(super) fn faults(&self) -> impl Iterator<Item = (&Component, &[Json])> {
        self.faults.iter().map(|(of, faults)| (of, faults.as_slice()))
    }

    /// How a component is really gone.
    pub(super) fn absence_of(&self, of: &Component) -> Option<Absence> {
        let mut faults = self.faults.get(of).into_iter().flatten();
        faults.find_map(|fault| Absence::by_name(fault.get("kind")?.as_str()?))
    }

    pub(super) fn is_faulty(&self, of: &Component) -> bool {
        self.faults.contains_key(of)
    }

    /// The faults that may change what a component says of a token, in words: its own and the IdP's.
    pub(super) fn faults_around(&self, component: &Component) -> String {
        let near = self.faults().filter(|(of, _)| *of == component || of.as_str() == "idp");
        let words = near.flat_map(|(of, faults)| faults.iter().map(move |fault| format!("{of} {fault}")));
        words.collect::<Vec<_>>().join("; ")
    }

    pub(super) fn skew(&mut self, of: &Component, by: SignedDuration) {
        let skew = self.skews.entry(of.clone()).or_default();
        *skew = skew.saturating_add(by);
    }

    /// How far the clock of a component is from the platform's, in seconds.
    pub(super) fn skew_of(&self, component: &Component) -> i64 {
        self.skews.get(component).map_or(0, SignedDuration::as_secs)
    }

    /// An issuer's keys were changed: the control wire's answer has the ids of those that it publishes now.
    pub(super) fn keys_changed(&mut self, answer: &Json) {
        let issuer = answer.get("issuer").and_then(Json::as_str);
        let published = answer.get("published").and_then(Json::as_array);
        if let (Some(issuer), Some(published)) = (issuer, published) {
            let ids = published.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect();
            self.published.insert(issuer.to_owned(), ids);
        }
    }

    pub(super) fn manifests_changed(&mut self) {
        self.manifests += 1;
    }

    /// Somebody saw the list of a server's tools, and so did its proxy.
    pub(super) fn tools_seen(&mut self, server: &Component) {
        self.upstreams.entry(server.clone()).or_default().seen = true;
    }

    /// The server behind a proxy changed: what was seen of it may be stale.
    pub(super) fn upstream_changed(&mut self, upstream: &Component) {
        let proxy = Component::new(upstream.as_str().replacen(UPSTREAM, PROXY, 1));
        let upstream = self.upstreams.entry(proxy).or_default();
        *upstream = Upstream { changes: upstream.changes + 1, seen: false };
    }

    /// A proxy began anew: it knows nothing of the server behind it.
    pub(super) fn restarted(&mut self, proxy: &Component) {
        *self.restarts.entry(proxy.clone()).or_default() += 1;
        self.upstreams.entry(proxy.clone()).or_default().seen = false;
    }

    /// How often a component began anew.
    pub(super) fn restarts_of(&self, component: &Component) -> usize {
        self.restarts.get(component).copied().unwrap_or_default()
    }

    /// How often the custom resources were changed or the proxy began anew, and what has happened behind it.
    pub(super) fn changes_at(&self, server: &Component) -> (usize, Upstream) {
        (self.manifests + self.restarts_of(server), self.upstreams.get(server).copied().unwrap_or_default())
    }

    /// The key under which a token stands was withdrawn by a step.
    pub(super) fn is_withdrawn(&self, token: &Held) -> bool {
        let kid = token.parts.as_ref().and_then(|(header, _)| header.get("kid")?.as_str());
        let published = token.issuer.as_ref().and_then(|issuer| self.published.get(issuer));
        matches!((kid, published), (Some(kid), Some(published)) if !published.iter().any(|id| id == kid))
    }
}
