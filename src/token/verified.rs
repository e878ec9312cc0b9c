//! The witness that a token was verified. Only this module's parent makes one.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::claims::Window;
use crate::model::identifier::Issuer;

/// A verified token: its signature, issuer and claims are what the component expects.
#[derive(Clone, Debug)]
pub struct VerifiedToken {
    issuer: Issuer,
    subject: Option<String>,
    header: Map<String, Value>,
    claims: Map<String, Value>,
    window: Window,
}

impl VerifiedToken {
    /// The witness. Whoever calls this has verified what it is given.
    pub(super) fn witness(
        issuer: Issuer,
        header: Map<String, Value>,
        claims: Map<String, Value>,
        window: Window,
    ) -> Self {
        let subject = claims.get("sub").and_then(Value::as_str).filter(|subject| !subject.is_empty());
        Self { issuer, subject: subject.map(str::to_owned), header, claims, window }
    }

    /// Whose token it is: with the subject, the key of a principal (PLATFORM.md TOK-SUB).
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// `sub`, if it is a non-empty string; it always is where the verifier requires one.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// The JOSE header.
    #[must_use]
    pub fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// All claims, in the order of the token.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// It has begun and has not expired.
    pub(super) fn counts_at(&self, now: Timestamp) -> bool {
        self.window.not_before <= now && now < self.window.expires
    }
}
