//! Faults that a test orders over the control wire: what goes wrong, where, and how often.
//!
//! Here they are kept and found. `connection` acts below HTTP, `response` on whole answers, `edit` on members of
//! them. A fault knows only the public side: the control wire always answers.

mod connection;
mod edit;
mod response;

use std::{cmp::Reverse, time::Duration};

use axum::{
    body::Bytes,
    http::{HeaderMap, StatusCode},
};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::journal::Note;

pub(crate) use self::{
    connection::{Connections, Cut, Gate},
    edit::{Edit, Forgery, Token, callback, token},
    response::{delay, document, instead, truncate},
};

/// The endpoints that a fault can be limited to: the journal's names.
pub(crate) const ENDPOINTS: [&str; 11] = [
    "discovery",
    "keys",
    "authorize",
    "login",
    "token",
    "introspect",
    "userinfo",
    "device",
    "revoke",
    "logout",
    "register",
];

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
    /// JSON pointers into the journal's entry, as far as it is known then, with their values.
    pub(crate) matching: Map<String, Json>,
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
    /// The provider's own 429, which goes on for so many seconds.
    RateLimited(u32),
    /// Members of a JSON answer, by JSON pointers (RFC 6901).
    Document(Edit),
    /// The body ends in the middle of the announced length.
    Truncated,
    /// Parameters of the redirect to the client.
    Callback(Edit),
    /// A token of the token endpoint, before or while it is signed.
    Token(Token, Forgery),
}

/// How a connection goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outage {
    /// It is taken, and nothing answers.
    Unreachable,
    /// It is reset at once.
    Refused,
    /// TLS with a certificate that is not to be accepted.
    Certificate(Why),
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Why {
    /// Nobody trusts its authority.
    #[default]
    Untrusted,
    Expired,
    /// It is another host's.
    OtherName,
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

impl Fault {
    /// They are of one kind, at one endpoint, for the same requests.
    fn is_like(&self, other: &Self) -> bool {
        self.kind == other.kind && self.endpoint == other.endpoint && self.matching == other.matching
    }
}

impl Faults {
    /// Adds a fault. One without a count ends those like it; those with one queue up before it.
    pub(crate) fn add(&mut self, fault: Fault) {
        if fault.remaining.is_none() {
            self.0.retain(|known| !known.is_like(&fault));
        }
        self.0.push(fault);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The order in which they are asked: the newest first, but of those that are like it and have a count, the
    /// oldest.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<_> = (0..self.0.len()).collect();
        order.sort_by_key(|index| {
            let queue = self.0.get(*index).filter(|fault| fault.remaining.is_some());
            let newest = queue.and_then(|fault| {
                self.0.iter().rposition(|other| other.remaining.is_some() && other.is_like(fault))
            });
            (Reverse(newest.unwrap_or(*index)), *index)
        });
        order
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

    /// Offers the faults of an endpoint to `act`, in their order. The first one that it does something with
    /// counts, and is named with what came of it.
    pub(crate) fn act<T>(
        &mut self,
        endpoint: &str,
        note: &Note,
        mut act: impl FnMut(&Action) -> Option<T>,
    ) -> Option<(&'static str, T)> {
        if self.0.is_empty() {
            return None;
        }
        let waits = self.0.iter().any(|fault| !fault.matching.is_empty());
        let entry = if waits { note.document() } else { Json::Null };
        let (index, result) = self.order().into_iter().find_map(|index| {
            let fault = self.0.get(index)?;
            let here = fault.endpoint.is_none_or(|only| only == endpoint)
                && fault.matching.iter().all(|(pointer, value)| entry.pointer(pointer) == Some(value));
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
        let found = self.act("", &Note::default(), |action| match action {
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
        Fault { kind: "slow", endpoint, remaining, matching: Map::new(), action, order: Map::new() }
    }

    fn delay(faults: &mut Faults, endpoint: &str, note: &Note) -> Option<u128> {
        let found = faults.act(endpoint, note, |action| match action {
            Action::Slow(delay) => Some(delay.as_millis()),
            _ => None,
        });
        found.map(|(_, delay)| delay)
    }

    #[test]
    fn those_with_a_count_queue_up_before_the_one_without() {
        let mut faults = Faults::default();
        faults.add(slow(None, None, 1));
        faults.add(slow(Some("keys"), Some(1), 2));
        faults.add(slow(Some("keys"), None, 3));
        assert_eq!(faults.list().len(), 2, "one without a count ends those before it");
        faults.add(slow(Some("keys"), Some(1), 4));
        faults.add(slow(Some("keys"), Some(2), 5));
        let mut delays = |endpoint: &str| delay(&mut faults, endpoint, &Note::default());
        assert_eq!(delays("token"), Some(1));
        assert_eq!([(); 5].map(|()| delays("keys")), [4, 5, 5, 3, 3].map(Some));
        assert_eq!(faults.list().len(), 2);
        assert_eq!(faults.outage(), None);
    }

    #[test]
    fn a_fault_waits_for_the_request_that_it_is_for() {
        let mut faults = Faults::default();
        for (client, millis) in [("a", 1), ("b", 2)] {
            let matching = Map::from_iter([("/client_id".to_owned(), client.into())]);
            faults.add(Fault { matching, ..slow(None, Some(1), millis) });
        }
        let note = |client: &str| {
            let mut note = Note::default();
            note.client_id = Some(client.to_owned());
            note
        };
        assert_eq!(delay(&mut faults, "token", &Note::default()), None);
        assert_eq!(delay(&mut faults, "token", &note("b")), Some(2));
        assert_eq!(delay(&mut faults, "token", &note("b")), None);
        assert_eq!(delay(&mut faults, "token", &note("a")), Some(1));
    }
}
