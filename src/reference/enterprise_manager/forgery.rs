//! The envelope that a fault asks for: the present one with changes, signed by whom the fault says.
//!
//! It is made anew when the present envelope or the fault is another, and is the same otherwise: a client sees one
//! wrong envelope, not one with each poll.

use std::sync::{Arc, Mutex, PoisonError};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::{Map, Value as Json, json};

use super::{
    Parts, SigningKey,
    envelope::{EnvelopeError, etag, signing_input},
};
use crate::reference::fault::{EnvelopeFault, Signer};

/// The forgery that is kept.
#[derive(Debug, Default)]
pub(super) struct Forgeries(Mutex<Option<Arc<Forgery>>>);

/// A changed envelope.
pub(super) struct Forgery {
    /// The compact JWS.
    pub(super) jws: String,
    /// An entity tag of its own.
    pub(super) etag: String,
    fault: EnvelopeFault,
    /// The tag of the envelope that was changed.
    of: String,
}

impl Parts {
    /// The present envelope with the changes of a fault.
    pub(super) fn forged(&self, fault: EnvelopeFault) -> Result<Arc<Forgery>, EnvelopeError> {
        let present = self.envelope()?;
        let mut kept = self.forgeries.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(forgery) = &*kept
            && forgery.of == present.etag
            && forgery.fault == fault
        {
            return Ok(Arc::clone(forgery));
        }
        let jws = forge(present.header.clone(), json!(present.payload), &fault, &self.keys.now().signing)?;
        let forgery = Arc::new(Forgery { etag: etag(&jws), jws, fault, of: present.etag.clone() });
        *kept = Some(Arc::clone(&forgery));
        Ok(forgery)
    }
}

fn forge(
    mut header: Map<String, Json>,
    mut payload: Json,
    fault: &EnvelopeFault,
    key: &SigningKey,
) -> Result<String, EnvelopeError> {
    let stranger = key.unrelated()?;
    match fault.sign {
        Signer::EmbeddedJwk => _ = header.insert("jwk".to_owned(), stranger.public_jwk()),
        Signer::None => _ = header.insert("alg".to_owned(), "none".into()),
        Signer::Manager | Signer::Unpublished | Signer::Corrupted => {}
    }
    change(&mut header, &fault.header, &fault.without_header);
    if let Json::Object(members) = &mut payload {
        change(members, &fault.payload, &fault.without);
    }
    let signed = signing_input(&header, &payload);
    let signature = match fault.sign {
        Signer::Manager => key.sign(signed.as_bytes())?,
        Signer::Unpublished | Signer::EmbeddedJwk => stranger.sign(signed.as_bytes())?,
        Signer::Corrupted => {
            let mut signature = key.sign(signed.as_bytes())?;
            // The last byte belongs to `s`: the form stays good, the value does not.
            if let Some(last) = signature.last_mut() {
                *last ^= 1;
            }
            signature
        }
        Signer::None => Vec::new(),
    };
    Ok(format!("{signed}.{}", BASE64.encode(signature)))
}

fn change(members: &mut Map<String, Json>, set: &Map<String, Json>, without: &[String]) {
    members.extend(set.clone());
    for name in without {
        members.shift_remove(name);
    }
}

impl Forgeries {
    /// The next request gets a new one.
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl std::fmt::Debug for Forgery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Forgery").field("etag", &self.etag).finish_non_exhaustive()
    }
}
