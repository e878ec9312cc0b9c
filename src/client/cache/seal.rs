//! The seal of the cache: HMAC-SHA256 under a key of the secret store (PLATFORM.md CL-CACHE, RFC 2104).

use std::io;

use aws_lc_rs::{
    hmac::{self, HMAC_SHA256},
    rand,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::client::store::SecretStore;

const NAME: &str = "cache-key";

const LENGTH: usize = 32;

/// The sealing key. It shows nothing of itself.
#[derive(Debug)]
pub(super) struct SealingKey(hmac::Key);

impl SealingKey {
    /// The key of the store, if there is one.
    pub(super) fn of(store: &dyn SecretStore) -> io::Result<Option<Self>> {
        let key = store.read(NAME)?.filter(|bytes| bytes.len() == LENGTH);
        Ok(key.map(|bytes| Self(hmac::Key::new(HMAC_SHA256, &bytes))))
    }

    /// The key of the store, or a new one that is put there: whoever calls holds the cache's lock.
    pub(super) fn of_or_new(store: &dyn SecretStore) -> io::Result<Self> {
        if let Some(key) = Self::of(store)? {
            return Ok(key);
        }
        let mut bytes = [0; LENGTH];
        rand::fill(&mut bytes).map_err(|_| io::Error::other("the system has no randomness to give"))?;
        store.write(NAME, &bytes)?;
        Ok(Self(hmac::Key::new(HMAC_SHA256, &bytes)))
    }

    /// The seal over named values, base64url.
    pub(super) fn seal(&self, fields: &[(&str, &[u8])]) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, &encode(fields)))
    }

    /// The seal is the one over these values; compared in constant time.
    pub(super) fn fits(&self, fields: &[(&str, &[u8])], seal: &str) -> bool {
        URL_SAFE_NO_PAD.decode(seal).is_ok_and(|seal| hmac::verify(&self.0, &encode(fields), &seal).is_ok())
    }
}

/// Every name and value with its length before it, so that no two lists of fields read alike.
fn encode(fields: &[(&str, &[u8])]) -> Vec<u8> {
    let mut encoded = b"touchstone envelope cache\0".to_vec();
    for part in fields.iter().flat_map(|(name, value)| [name.as_bytes(), value]) {
        encoded.extend((part.len() as u64).to_be_bytes());
        encoded.extend(part);
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::store::MemoryStore;

    #[test]
    fn the_key_is_made_once_and_a_seal_fits_its_fields_alone() {
        let store = MemoryStore::default();
        assert!(SealingKey::of(&store).unwrap().is_none());
        let key = SealingKey::of_or_new(&store).unwrap();
        let fields: [(&str, &[u8]); 2] = [("ab", b"c"), ("d", b"")];
        let seal = key.seal(&fields);
        assert!(SealingKey::of(&store).unwrap().unwrap().fits(&fields, &seal));
        assert!(SealingKey::of_or_new(&store).unwrap().fits(&fields, &seal));
        let others: [&[(&str, &[u8])]; 4] = [
            &[("a", b"bc"), ("d", b"")],
            &[("abc", b""), ("d", b"")],
            &[("ab", b"c")],
            &[("ab", b"c"), ("d", b""), ("", b"")],
        ];
        for other in others {
            assert!(!key.fits(other, &seal), "{other:?}");
        }
        assert!(!key.fits(&fields, ""));
        assert!(!key.fits(&fields, &format!("{seal}=")));
        let elsewhere = SealingKey::of_or_new(&MemoryStore::default()).unwrap();
        assert!(!elsewhere.fits(&fields, &seal), "another key");
        store.write(NAME, b"short").unwrap();
        assert!(SealingKey::of(&store).unwrap().is_none(), "a key of another length is none");
    }
}
