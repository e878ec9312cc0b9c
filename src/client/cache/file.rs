//! The form of the cache file: JSON in one line, and what of it the seal is over.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{CacheFault, Content, Held, seal::SealingKey};
use crate::client::{
    bootstrap::PlatformUrl,
    envelope::{self, Envelope, EnvelopeFault},
    keys::Keys,
};

const VERSION: u64 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CacheFile {
    version: u64,
    pub(super) platform_url: String,
    envelope: String,
    keys: Json,
    etag: Option<String>,
    last_contact: String,
    highest_time: String,
    pub(super) generation: u64,
    seal: String,
}

impl CacheFile {
    pub(super) fn sealed(
        content: &Content,
        platform: &PlatformUrl,
        generation: u64,
        key: &SealingKey,
    ) -> Self {
        let Content { held, last_contact, highest_time } = content;
        let mut file = Self {
            version: VERSION,
            platform_url: platform.as_str().to_owned(),
            envelope: held.envelope.jws.clone(),
            keys: held.keys.document.clone(),
            etag: held.etag.clone(),
            last_contact: last_contact.to_string(),
            highest_time: highest_time.to_string(),
            generation,
            seal: String::new(),
        };
        file.seal = file.with_fields(|fields| key.seal(fields));
        file
    }

    /// Reads the form; nothing is believed yet.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Self>(bytes).ok().filter(|file| file.version == VERSION)
    }

    /// As it is written. A file that differs from it in a single byte was not written by a client.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::json!(self).to_string().into_bytes()
    }

    pub(super) fn is_sealed_by(&self, key: &SealingKey) -> bool {
        self.with_fields(|fields| key.fits(fields, &self.seal))
    }

    /// The content, its envelope verified again with its keys at the highest time.
    pub(super) fn content(
        self,
        verify: impl FnOnce(&str, &Keys, Timestamp) -> Result<Envelope, EnvelopeFault>,
    ) -> Result<Content, CacheFault> {
        let time = |text: &str| text.parse::<Timestamp>().map_err(|_| CacheFault::Form);
        let (last_contact, highest_time) = (time(&self.last_contact)?, time(&self.highest_time)?);
        let keys = Keys::parse(self.keys.to_string().as_bytes())
            .unwrap_or_else(|| Keys { document: self.keys, ..Keys::none() });
        let envelope = verify(&self.envelope, &keys, highest_time)?;
        Ok(Content { held: Held { envelope, keys, etag: self.etag }, last_contact, highest_time })
    }

    /// The content, taken as it stands: what a broken CL-CACHE does.
    pub(super) fn believed(self) -> Result<Content, CacheFault> {
        self.content(|jws, _, _| envelope::read(jws))
    }

    /// Everything but the seal, in order. An absent entity tag differs from an empty one.
    fn with_fields<T>(&self, use_them: impl FnOnce(&[(&str, &[u8])]) -> T) -> T {
        let (version, generation) = (self.version.to_string(), self.generation.to_string());
        let (keys, etag) = (self.keys.to_string(), Json::from(self.etag.clone()).to_string());
        use_them(&[
            ("version", version.as_bytes()),
            ("platform_url", self.platform_url.as_bytes()),
            ("envelope", self.envelope.as_bytes()),
            ("keys", keys.as_bytes()),
            ("etag", etag.as_bytes()),
            ("last_contact", self.last_contact.as_bytes()),
            ("highest_time", self.highest_time.as_bytes()),
            ("generation", generation.as_bytes()),
        ])
    }
}
