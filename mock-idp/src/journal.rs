//! What was asked of the provider, for a test to read. Never a secret, code, password or token.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use crate::{chance::Purpose, provider::Provider};

/// The newest entries are kept, so many of them: each takes about 700 bytes.
const MOST: usize = 20_000;
/// Longest text of an entry: what a client sends is not trusted to be short.
const LONGEST: usize = 256;

/// One request and how it was answered.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Entry {
    seq: u64,
    /// By the provider's own clock.
    #[serde(serialize_with = "text")]
    at: Timestamp,
    endpoint: &'static str,
    method: String,
    /// Without the query.
    path: String,
    status: u16,
    #[serde(flatten)]
    note: Note,
}

/// What an endpoint has to say about a request. Only what the request had is there.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Note {
    /// Method and path, for faults that wait for certain requests; the entry has them of its own.
    #[serde(skip)]
    pub(crate) request: (String, String),
    /// What the answer and its headers call the request, where they do.
    #[serde(skip)]
    trace_id: Option<String>,
    /// The name by which the request came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_auth: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) grant_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scopes: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pkce: Option<Pkce>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redirect_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state_present: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nonce_present: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response_mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prompt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_age: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) login_hint_present: Option<bool>,
    /// The login of who has just signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// The `error` of the answer, redirects included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// The kind of the fault that had a part in the answer; of several, with commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
}

/// Which parts of PKCE a request had.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Pkce {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) challenge_method: Option<String>,
    pub(crate) challenge_present: bool,
    /// The challenge came before, since the start or a reset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) challenge_seen_before: Option<bool>,
    pub(crate) verifier_present: bool,
}

impl Note {
    /// The members of the entry that are known so far.
    pub(crate) fn document(&self) -> Json {
        let mut document = serde_json::to_value(self).unwrap_or_default();
        let (method, path) = &self.request;
        if let Some(members) = document.as_object_mut() {
            members.insert("method".to_owned(), method.as_str().into());
            members.insert("path".to_owned(), path.as_str().into());
        }
        document
    }

    /// A GUID of the request, the same wherever the answer has it.
    pub(crate) fn trace_id(&mut self, provider: &Provider) -> String {
        let new = || provider.state().chance.guid(Purpose::Guid);
        self.trace_id.get_or_insert_with(new).clone()
    }

    /// A fault, if there is one, has its part in the answer.
    pub(crate) fn fault(&mut self, kind: Option<&'static str>) {
        let Some(kind) = kind else { return };
        match &mut self.fault {
            Some(kinds) => {
                kinds.push_str(", ");
                kinds.push_str(kind);
            }
            None => self.fault = Some(kind.to_owned()),
        }
    }
}

/// All entries since the start or the last clearing. Numbers go on after a clearing.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: VecDeque<Entry>,
    last: u64,
}

impl Journal {
    pub(crate) fn record(
        &mut self,
        at: Timestamp,
        endpoint: &'static str,
        method: &str,
        path: &str,
        status: u16,
        mut note: Note,
    ) {
        note.trace_id = None;
        if self.entries.len() == MOST {
            self.entries.pop_front();
        } else if self.entries.len() == self.entries.capacity() {
            // Doubled as ever, but never past what is kept: a queue touches all of its room.
            let more = self.entries.len().max(16).min(MOST - self.entries.len());
            self.entries.reserve_exact(more);
        }
        self.last += 1;
        self.entries.push_back(Entry {
            seq: self.last,
            at,
            endpoint,
            method: short(method),
            path: short(path),
            status,
            note,
        });
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.entries.iter().cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}

/// Written out when somebody reads it, not for every request.
fn text<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

/// A text that a client sent, cut to a length that a journal can hold.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_entries_are_kept_in_the_room_that_they_need() {
        let mut journal = Journal::default();
        for _ in 0..MOST + 10 {
            journal.record(Timestamp::UNIX_EPOCH, "token", "POST", "/token", 200, Note::default());
        }
        let entries = journal.entries();
        assert_eq!((entries.len(), entries[0].seq, journal.last), (MOST, 11, 20_010));
        assert_eq!(journal.entries.capacity(), MOST);
    }
}
