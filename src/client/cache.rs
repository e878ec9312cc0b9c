//! CL-CACHE: the last verified envelope on disk, with its keys and times, sealed and verified again at each load.
//!
//! One file, replaced in one step. Its seal is under a key of the secret store, which also keeps the highest
//! generation: an older copy, genuine once, is refused like a forged one. Clients that share the folder take turns
//! and lose nothing of one another. It decides nothing of what the client may do.

use std::{fmt, io, sync::Arc};

use jiff::Timestamp;

use super::{
    bootstrap::PlatformUrl,
    envelope::{self, Envelope, EnvelopeFault},
    folder::{Folder, Locked},
    keys::Keys,
    store::SecretStore,
};
use crate::model::rule::{Rule, Rules};

mod file;
mod seal;
#[cfg(test)]
mod tampering;

use file::CacheFile;
use seal::SealingKey;

/// The cache's name in the client's folder.
pub const CACHE_FILE: &str = "envelope-cache.json";

const GENERATION: &str = "generation";

/// What the cache keeps.
#[derive(Clone, PartialEq)]
pub(super) struct Content {
    pub(super) held: Held,
    pub(super) last_contact: Timestamp,
    pub(super) highest_time: Timestamp,
}

/// An envelope with what it was verified by.
#[derive(Clone, PartialEq)]
pub(super) struct Held {
    pub(super) envelope: Envelope,
    pub(super) keys: Keys,
    pub(super) etag: Option<String>,
}

/// The cache of one client.
pub(super) struct Cache {
    folder: Folder,
    store: Arc<dyn SecretStore>,
    platform: PlatformUrl,
    rules: Rules,
    /// The generation that was last read or written; zero before.
    generation: u64,
}

/// Why what lies there is not trusted.
#[derive(Debug, thiserror::Error)]
pub(super) enum CacheFault {
    /// The folder or the secret store fails: nobody's attack.
    #[error("the cache cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("the cache is not as this client writes it")]
    Form,
    #[error("the cache's seal is not this client's")]
    Seal,
    #[error("the cache is another platform's")]
    Platform,
    #[error("the cache is older than the one that was last written")]
    Older,
    #[error("the cache is gone")]
    Gone,
    #[error("the cached envelope does not verify: {0}")]
    Envelope(#[from] EnvelopeFault),
}

/// What was saved.
pub(super) struct Saved {
    /// The content with what others had written since.
    pub(super) content: Content,
    /// What was wrong with the file in whose place it came.
    pub(super) replaced: Option<CacheFault>,
}

impl Cache {
    pub(super) fn new(
        folder: Folder,
        store: Arc<dyn SecretStore>,
        platform: PlatformUrl,
        rules: Rules,
    ) -> Self {
        Self { folder, store, platform, rules, generation: 0 }
    }

    /// What the cache holds, if it can be trusted; none where there is no cache.
    pub(super) fn load(&mut self, now: Timestamp) -> Result<Option<Content>, CacheFault> {
        let found = self.read(now)?;
        Ok(found.map(|(content, generation)| {
            self.generation = generation;
            content
        }))
    }

    /// The generation that was last read or written.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Writes the content, and with it what another client has written since: the newer envelope, and the times of the
    /// later contact. `contact` says that ours had one that is not on the disk yet.
    pub(super) fn save(&mut self, ours: Content, contact: bool) -> io::Result<Saved> {
        let folder = self.folder.clone();
        let locked = folder.lock()?;
        let key = SealingKey::of_or_new(&*self.store)?;
        let (content, theirs, replaced) = match self.read(ours.highest_time) {
            Ok(Some((theirs, generation))) if generation > self.generation => {
                (ours.merged(theirs, contact), generation, None)
            }
            Ok(_) => (ours, self.generation, None),
            // What was refused at the start was told then.
            Err(fault) => (ours, self.generation, (self.generation > 0).then_some(fault)),
        };
        let generation = theirs.max(self.floor()?).saturating_add(1);
        self.write(&locked, &key, &content, generation)?;
        self.generation = generation;
        Ok(Saved { content, replaced })
    }

    /// The file first, then its generation: after a crash in between the file is ahead of the store, and loads.
    fn write(
        &self,
        locked: &Locked<'_>,
        key: &SealingKey,
        content: &Content,
        generation: u64,
    ) -> io::Result<()> {
        let file = CacheFile::sealed(content, &self.platform, generation, key);
        locked.replace(CACHE_FILE, &file.to_bytes())?;
        self.store.write(GENERATION, generation.to_string().as_bytes())
    }

    fn read(&self, now: Timestamp) -> Result<Option<(Content, u64)>, CacheFault> {
        // Before the file: another client may write both in between, and the file is then ahead, never behind.
        let floor = self.floor()?;
        let Some(bytes) = self.folder.read(CACHE_FILE)? else {
            // CL-CACHE: the file is written before its generation, and no client removes it.
            return if floor > 0 && self.rules.hold(Rule::ClCache) {
                Err(CacheFault::Gone)
            } else {
                Ok(None)
            };
        };
        let file = CacheFile::read(&bytes).ok_or(CacheFault::Form)?;
        let generation = file.generation;
        if !self.rules.hold(Rule::ClCache) {
            return Ok(Some((file.believed()?, generation)));
        }
        // CL-CACHE: nothing of it is believed before all of it is proved.
        if file.to_bytes() != bytes {
            return Err(CacheFault::Form);
        }
        if !SealingKey::of(&*self.store)?.is_some_and(|key| file.is_sealed_by(&key)) {
            return Err(CacheFault::Seal);
        }
        if file.platform_url != self.platform.as_str() {
            return Err(CacheFault::Platform);
        }
        if generation < floor {
            return Err(CacheFault::Older);
        }
        let content = file.content(|jws, keys, highest_time| {
            envelope::verify(jws, keys, &self.platform, now.max(highest_time), self.rules)
        })?;
        Ok(Some((content, generation)))
    }

    /// The highest generation that was ever written.
    fn floor(&self) -> io::Result<u64> {
        let Some(bytes) = self.store.read(GENERATION)? else { return Ok(0) };
        str::from_utf8(&bytes)
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| io::Error::other("the secret store's generation is no number"))
    }
}

impl Content {
    /// CL-CLOCK: the content with the later contact carries its own highest time, for a contact may have lowered it.
    ///
    /// Which contact is the later one, the order of the writes says, and not their times: a clock that was ahead may
    /// have dated an earlier one in the future. Every contact is written at once, so what is on the disk comes after
    /// all of ours but the one that is being written. Between contacts time only rises, for both.
    fn merged(self, theirs: Self, contact: bool) -> Self {
        let (last_contact, highest_time) = if contact {
            (self.last_contact, self.highest_time)
        } else if self.last_contact == theirs.last_contact {
            (self.last_contact, self.highest_time.max(theirs.highest_time))
        } else {
            (theirs.last_contact, theirs.highest_time)
        };
        let newer = theirs.held.envelope.issued_at > self.held.envelope.issued_at;
        let held = if newer { theirs.held } else { self.held };
        // Or the next load would find an envelope from the future.
        let highest_time = highest_time.max(held.envelope.issued_at);
        Self { held, last_contact, highest_time }
    }
}

impl CacheFault {
    /// Somebody changed the cache, as far as can be told.
    pub(super) fn is_security_event(&self) -> bool {
        !matches!(self, Self::Unreadable(_))
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("generation", &self.generation).finish_non_exhaustive()
    }
}
