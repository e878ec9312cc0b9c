//! What the client says of itself: flat, in kebab-case words, for people and for JSON pointers alike.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{mode::Mode, policy::Setting};

/// How a poll ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Poll {
    /// It was a contact.
    pub contact: bool,
    /// What came of it.
    pub outcome: Outcome,
    /// The status of the Manager's answer, if one came.
    pub status: Option<u16>,
    /// The rule that made it no contact: `CL-VERIFY`.
    pub rule: Option<String>,
    /// In words.
    pub reason: String,
    /// The mode afterwards.
    pub mode: Mode,
}

/// What came of a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// An envelope that verifies.
    Contact,
    /// The envelope that is held is still the policy.
    Unchanged,
    /// Somebody must sign in again.
    SignIn,
    /// Nothing that counts.
    None,
    /// Something that must not be believed.
    Refused,
}

/// What the client decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Whether it may be.
    pub permitted: bool,
    /// The mode in which it was decided.
    pub mode: Mode,
    /// The rule that decided: `CL-ENFORCED`.
    pub rule: String,
    /// In words.
    pub reason: String,
    /// The lines for standard error (CL-WARN).
    pub warnings: Vec<String>,
    /// The policy's own words, where its degraded mode blocked.
    pub message: Option<String>,
    /// The poll that came first, if one did.
    pub polled: Option<Poll>,
}

/// How the client stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// Its mode.
    pub mode: Mode,
    /// There is a token, and nobody refused it.
    pub signed_in: bool,
    /// RFC 3339, as every time here.
    pub last_contact: Option<String>,
    /// When the envelope ends.
    pub not_after: Option<String>,
    /// When the envelope was signed.
    pub issued_at: Option<String>,
    /// When the next poll is due; none before the first sign-in.
    pub next_poll: Option<String>,
    /// The time that counts (CL-CLOCK).
    pub time: String,
    /// The settings in effect, by name; none without a policy.
    pub settings: BTreeMap<String, Setting>,
    /// The servers that are running, by name.
    pub running: Vec<String>,
    /// What does not work on this machine: a folder that cannot be written.
    pub warnings: Vec<String>,
    /// What must not have happened, the earliest first. The oldest are dropped beyond a thousand.
    pub events: Vec<Event>,
}

/// Something that must not have happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When (RFC 3339), by the time that counts.
    pub at: String,
    /// The rule that it offended.
    pub rule: String,
    /// In words.
    pub what: String,
}
