//! Faults that a test orders over the control wire: what goes wrong, where, and how often.
//!
//! Here they are kept and found. `connection` acts below HTTP, `response` on whole answers, `edit` on members of
//! them. A fault knows only the public side: the control wire always answers.

mod connection;
mod edit;
mod response;

use std::time::Duration;

use axum::{
    body::Bytes,
    http::{HeaderMap, StatusCode},
};
use serde_json::{Map, Value as Json};

pub(crate) use self::{
    connection::{Connections, Cut, Gate},
    edit::{Edit, callback, id_token},
    response::{delay, document, instead, truncate},
};

/// The endpoints that a fault can be limited to: the journal's names.
pub(crate) const ENDPOINTS: [&str; 8] =
    ["discovery", "keys", "authorize", "login", "token", "introspect", "userinfo", "device"];

/// Those whose JSON a fault can edit.
pub(crate) const DOCUMENTS: [&str; 5] = ["discovery", "keys", "token", "introspect", "userinfo"];
/// Those that redirect to a client.
pub(crate) const CALLBACKS: [&str; 2] = ["authorize", "login"];

/// One fault.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// As the control wire and the journal call it.
    pub(crate) kind: &'static str,
    /// All endpoints of the protocol where absent.
    pub(crate) endpoint: Option<&'static str>,
    /// So many requests more; without end where absent.
    pub(crate) remaining: Option<u64>,
    pub(crate) action: Action,
    /// As it was ordered, for the list.
    pub(crate) order: Map<String, Json>,
}

/// What a fault does.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Of the whole provider, below HTTP.
    Outage(Outage),
    /// The answer comes so much later, on real time.
    Slow(Duration),
    /// Another answer; the endpoint is not asked.
    Instead(Instead),
    /// Members of a JSON answer, by JSON pointers (RFC 6901).
    Document(Edit),
    /// The body ends in the middle of the announced length.
    Truncated,
    /// Parameters of the redirect to the client.
    Callback(Edit),
    /// Claims of an ID token, before it is signed.
    IdToken(Edit),
}

/// How a connection goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outage {
    /// It is taken, and nothing answers.
    Unreachable,
    /// It is reset at once.
    Refused,
    /// TLS with a certificate of an authority that nobody trusts.
    Certificate,
}

/// An answer that takes the place of the endpoint's.
#[derive(Clone, Debug)]
pub(crate) struct Instead {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The active faults, the newest last.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    /// Adds a fault. An older one of its kind at the same endpoint is over.
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.retain(|known| known.kind != fault.kind || known.endpoint != fault.endpoint);
        self.0.push(fault);
    }

    /// As they were ordered, the newest last; `count` is how many requests are left.
    pub(crate) fn list(&self) -> Vec<Json> {
        let shown = |fault: &Fault| {
            let mut order = fault.order.clone();
            if let Some(remaining) = fault.remaining {
                order.insert("count".to_owned(), remaining.into());
            }
            Json::Object(order)
        };
        self.0.iter().map(shown).collect()
    }

    pub(crate) fn has_outage(&self) -> bool {
        self.0.iter().any(|fault| matches!(fault.action, Action::Outage(_)))
    }

    /// A fault edits JSON answers of the endpoint.
    fn edits(&self, endpoint: &str) -> bool {
        let here = |fault: &&Fault| fault.endpoint.is_none_or(|only| only == endpoint);
        self.0.iter().filter(here).any(|fault| matches!(fault.action, Action::Document(_)))
    }

    /// Offers the faults of an endpoint to `act`, the newest first. The first one that it does something with
    /// counts, and is named with what came of it.
    pub(crate) fn act<T>(
        &mut self,
        endpoint: &str,
        mut act: impl FnMut(&Action) -> Option<T>,
    ) -> Option<(&'static str, T)> {
        let (index, result) = self.0.iter().enumerate().rev().find_map(|(index, fault)| {
            let here = fault.endpoint.is_none_or(|only| only == endpoint);
            Some((index, here.then(|| act(&fault.action)).flatten()?))
        })?;
        let fault = self.0.get_mut(index)?;
        let kind = fault.kind;
        if let Some(remaining) = &mut fault.remaining {
            *remaining -= 1;
            if *remaining == 0 {
                self.0.remove(index);
            }
        }
        Some((kind, result))
    }

    /// What happens to the next connection.
    pub(crate) fn outage(&mut self) -> Option<Outage> {
        let found = self.act("", |action| match action {
            Action::Outage(outage) => Some(*outage),
            _ => None,
        });
        found.map(|(_, outage)| outage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slow(endpoint: Option<&'static str>, remaining: Option<u64>, millis: u64) -> Fault {
        let action = Action::Slow(Duration::from_millis(millis));
        Fault { kind: "slow", endpoint, remaining, action, order: Map::new() }
    }

    #[test]
    fn the_newest_fault_acts_and_counts() {
        let mut faults = Faults::default();
        faults.add(slow(None, None, 1));
        faults.add(slow(Some("keys"), Some(1), 2));
        faults.add(slow(Some("keys"), Some(2), 3));
        assert_eq!(faults.list().len(), 2, "a second one replaces");
        let mut delay = |endpoint: &str| {
            let found = faults.act(endpoint, |action| match action {
                Action::Slow(delay) => Some(delay.as_millis()),
                _ => None,
            });
            found.unwrap().1
        };
        assert_eq!([delay("token"), delay("keys"), delay("keys"), delay("keys")], [1, 3, 3, 1]);
        assert_eq!(faults.list().len(), 1);
        assert_eq!(faults.outage(), None);
    }
}
