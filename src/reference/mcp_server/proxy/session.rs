//! MCP-SESSION: whose a session is. The server names sessions; who opened one is known here alone.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    model::rule::{Rule, Rules},
    token::VerifiedToken,
};

/// The most sessions that are remembered; then the one goes that was used longest ago, and its owner begins anew.
const CAPACITY: usize = 10_000;

/// A principal: (iss, sub).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    issuer: String,
    subject: String,
}

/// The sessions of one server.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    by_id: BTreeMap<String, Session>,
    uses: u64,
}

#[derive(Debug)]
struct Session {
    owner: Owner,
    used: u64,
}

impl Owner {
    pub(super) fn of(token: &VerifiedToken) -> Self {
        let subject = token.subject().unwrap_or_default().to_owned();
        Self { issuer: token.issuer().as_str().to_owned(), subject }
    }

    #[cfg(test)]
    fn named(issuer: &str, subject: &str) -> Self {
        Self { issuer: issuer.to_owned(), subject: subject.to_owned() }
    }
}

impl Sessions {
    /// The server opened a session for `owner`. False: the server gave out an id that belongs to somebody else.
    #[must_use]
    pub(super) fn open(&self, id: &str, owner: &Owner) -> bool {
        let mut table = self.table();
        let used = table.tick();
        let session =
            table.by_id.entry(id.to_owned()).or_insert_with(|| Session { owner: owner.clone(), used });
        session.used = used;
        let own = session.owner == *owner;
        if table.by_id.len() > CAPACITY {
            let oldest = table.by_id.iter().min_by_key(|(_, session)| session.used);
            if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
                table.by_id.remove(&oldest);
            }
        }
        own
    }

    /// The session is `owner`'s.
    pub(super) fn is_of(&self, id: &str, owner: &Owner, rules: Rules) -> bool {
        let mut table = self.table();
        let used = table.tick();
        match table.by_id.get_mut(id) {
            Some(session) if session.owner == *owner || !rules.hold(Rule::McpSession) => {
                session.used = used;
                true
            }
            Some(_) => false,
            None => !rules.hold(Rule::McpSession),
        }
    }

    /// The session is over.
    pub(super) fn end(&self, id: &str) {
        self.table().by_id.remove(id);
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn tick(&mut self) -> u64 {
        self.uses += 1;
        self.uses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_its_openers_until_it_ends() {
        let sessions = Sessions::default();
        let (alice, other) = (Owner::named("https://a", "alice"), Owner::named("https://b", "alice"));
        assert!(!sessions.is_of("s", &alice, Rules::ALL));
        assert!(sessions.open("s", &alice) && sessions.open("s", &alice));
        assert!(sessions.is_of("s", &alice, Rules::ALL) && !sessions.is_of("s", &other, Rules::ALL));
        assert!(!sessions.open("s", &other), "the server gave out an id twice");
        assert!(sessions.is_of("s", &alice, Rules::ALL), "and it stays with the first");
        sessions.end("s");
        assert!(!sessions.is_of("s", &alice, Rules::ALL));
    }

    #[test]
    fn the_least_used_goes_when_there_are_too_many() {
        let sessions = Sessions::default();
        let alice = Owner::named("https://a", "alice");
        for number in 0..CAPACITY {
            assert!(sessions.open(&number.to_string(), &alice));
        }
        assert!(sessions.is_of("0", &alice, Rules::ALL));
        assert!(sessions.open("one more", &alice));
        assert!(sessions.is_of("0", &alice, Rules::ALL) && !sessions.is_of("1", &alice, Rules::ALL));
        assert_eq!(sessions.table().by_id.len(), CAPACITY);
    }
}
