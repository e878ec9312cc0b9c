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

use super::{Parts, SigningKey, SigningKeyError};
use crate::model::{
    directives::Directives,
    envelope::{Payload, TYP},
    identifier::KeyId,
    rule::{Rule, Rules},
};

/// A signed envelope.
pub(super) struct Envelope {
    /// The compact JWS.
    pub(super) jws: String,
    /// A strong entity tag, quotes included: a digest of the JWS.
    pub(super) etag: String,
    /// What the JWS says, for whoever serves it changed.
    pub(super) header: Map<String, Json>,
    pub(super) payload: Payload,
    /// By the clock when it was signed; `issued_at` may be later.
    signed_at: Timestamp,
    policy: Arc<Directives>,
    kid: KeyId,
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
        let now = self.instruments.now();
        let policy = self.policies.now().directives;
        let keys = self.keys.now();
        let mut kept = self.envelopes.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(envelope) = &*kept
            && Arc::ptr_eq(&envelope.policy, &policy)
            && envelope.kid == *keys.signing.kid()
            && envelope.serves(now, self.values.envelope_ttl.length, self.rules)
        {
            return Ok(Arc::clone(envelope));
        }
        let issued_at = issued_at(now, kept.as_deref());
        let envelope = Arc::new(self.sign(now, issued_at, policy, &keys.signing)?);
        *kept = Some(Arc::clone(&envelope));
        Ok(envelope)
    }

    fn sign(
        &self,
        signed_at: Timestamp,
        issued_at: Timestamp,
        policy: Arc<Directives>,
        key: &SigningKey,
    ) -> Result<Envelope, EnvelopeError> {
        let ttl = self.values.envelope_ttl.length;
        let mut payload = Payload {
            iss: self.values.resource_url.as_str().to_owned(),
            issued_at,
            not_after: issued_at.saturating_add(ttl).unwrap_or(Timestamp::MAX),
            refresh_interval: self.values.refresh_interval.written.clone(),
            config: config(&policy, self.rules),
        };
        let mut header = Map::new();
        header.extend([("alg", "ES256"), ("typ", TYP), ("kid", key.kid().as_str())].map(text_member));
        let mut signed = signing_input(&header, &json!(payload));
        let signature = key.sign(signed.as_bytes())?;
        if !self.rules.hold(Rule::EmEnvelope) {
            payload.not_after = payload.not_after.saturating_add(ttl).unwrap_or(Timestamp::MAX);
            signed = signing_input(&header, &json!(payload));
        }
        let jws = format!("{signed}.{}", BASE64.encode(signature));
        Ok(Envelope { etag: etag(&jws), jws, header, payload, signed_at, policy, kid: key.kid().clone() })
    }
}

/// When a new envelope is dated: now, in whole seconds, which every RFC 3339 reader takes; and later than the one
/// before it, or a client would see two of one date (CL-ROLLBACK). A clock that was set back is followed.
fn issued_at(now: Timestamp, before: Option<&Envelope>) -> Timestamp {
    let present = Timestamp::from_second(now.as_second()).unwrap_or(now);
    match before {
        Some(before) if now >= before.signed_at => {
            let later = before.payload.issued_at.saturating_add(SignedDuration::from_secs(1));
            present.max(later.unwrap_or(Timestamp::MAX))
        }
        _ => present,
    }
}

/// Header and payload, as they are signed (RFC 7515 §5.1).
pub(super) fn signing_input(header: &Map<String, Json>, payload: &Json) -> String {
    let header = json!(header).to_string();
    format!("{}.{}", BASE64.encode(header), BASE64.encode(payload.to_string()))
}

/// A strong entity tag, quotes included: a digest.
pub(super) fn etag(jws: &str) -> String {
    format!("\"{}\"", BASE64.encode(digest(&SHA256, jws.as_bytes())))
}

fn text_member((name, value): (&str, &str)) -> (String, Json) {
    (name.to_owned(), value.into())
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
        now >= self.signed_at && now.duration_since(self.payload.issued_at) < ttl / 2
    }
}

impl Envelopes {
    /// The next request gets a new envelope, dated as if there had been none.
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl fmt::Debug for Envelopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Envelopes(…)")
    }
}
