//! EM-ENVELOPE and EM-FRESH: the policy, signed, and kept until half of its time is gone.
//!
//! Nothing runs in the background: whether the kept envelope still serves is decided when somebody asks.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json, json};

use super::{Parts, SigningKeyError};
use crate::model::{
    directives::Directives,
    envelope::{Payload, TYP},
    rule::{Rule, Rules},
};

/// A signed envelope.
pub(super) struct Envelope {
    /// The compact JWS.
    pub(super) jws: String,
    /// A strong entity tag, quotes included: a digest of the JWS.
    pub(super) etag: String,
    issued_at: Timestamp,
    policy: Arc<Directives>,
}

/// The envelope that is kept.
#[derive(Default)]
pub(super) struct Envelopes(Mutex<Option<Arc<Envelope>>>);

/// Why an envelope could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("the envelope cannot be signed: {0}")]
pub(super) struct EnvelopeError(#[from] SigningKeyError);

impl Parts {
    /// The envelope of now: the kept one while it serves, else a new one.
    pub(super) fn envelope(&self) -> Result<Arc<Envelope>, EnvelopeError> {
        let now = self.clock.now();
        let policy = self.policy().directives;
        let mut kept = self.envelopes.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(envelope) = &*kept
            && Arc::ptr_eq(&envelope.policy, &policy)
            && envelope.serves(now, self.values.envelope_ttl.length, self.rules)
        {
            return Ok(Arc::clone(envelope));
        }
        let envelope = Arc::new(self.sign(now, policy)?);
        *kept = Some(Arc::clone(&envelope));
        Ok(envelope)
    }

    fn sign(&self, now: Timestamp, policy: Arc<Directives>) -> Result<Envelope, EnvelopeError> {
        let ttl = self.values.envelope_ttl.length;
        // Whole seconds: what every RFC 3339 reader takes.
        let issued_at = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let mut payload = Payload {
            iss: self.values.resource_url.as_str().to_owned(),
            issued_at,
            not_after: issued_at.saturating_add(ttl).unwrap_or(Timestamp::MAX),
            refresh_interval: self.values.refresh_interval.written.clone(),
            config: config(&policy, self.rules),
        };
        let key = &self.keys.signing;
        let header = json!({ "alg": "ES256", "typ": TYP, "kid": key.kid() });
        let input = |payload: &Payload| {
            format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(json!(payload).to_string()))
        };
        let mut signed = input(&payload);
        let signature = BASE64.encode(key.sign(signed.as_bytes())?);
        if !self.rules.hold(Rule::EmEnvelope) {
            payload.not_after = payload.not_after.saturating_add(ttl).unwrap_or(Timestamp::MAX);
            signed = input(&payload);
        }
        let jws = format!("{signed}.{signature}");
        let etag = format!("\"{}\"", BASE64.encode(digest(&SHA256, jws.as_bytes())));
        Ok(Envelope { jws, etag, issued_at, policy })
    }
}

/// EM-DIRECTIVES: everything that the policy says, unknown directives unchanged.
fn config(policy: &Directives, rules: Rules) -> Map<String, Json> {
    let mut config = policy.config().clone();
    if !rules.hold(Rule::EmDirectives) {
        config.retain(|name, _| !policy.unknown.contains(name));
    }
    config
}

impl Envelope {
    /// EM-FRESH: until half of the TTL is gone. A clock that was set back before the signature ends it too.
    fn serves(&self, now: Timestamp, ttl: SignedDuration, rules: Rules) -> bool {
        if !rules.hold(Rule::EmFresh) {
            return true;
        }
        let age = now.duration_since(self.issued_at);
        age >= SignedDuration::ZERO && age < ttl / 2
    }
}

impl Envelopes {
    /// The next request gets a new envelope.
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl fmt::Debug for Envelopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Envelopes(…)")
    }
}
