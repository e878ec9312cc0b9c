//! The secret store: where the client keeps what must not lie beside the cache.
//!
//! The key that seals the cache, the highest generation of the cache, the refresh token. Who can read the store is out
//! of scope (PLATFORM.md CL-CACHE). It knows nothing of what it keeps.

use std::{
    collections::BTreeMap,
    fmt, io,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use super::folder::Folder;

const LOCK_FILE: &str = "secrets.lock";

/// Secrets by name: lower-case letters, digits and hyphens.
pub trait SecretStore: Send + Sync + fmt::Debug {
    /// The secret, if there is one of this name.
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>>;

    /// Puts a secret in the place of the one of this name.
    fn write(&self, name: &str, value: &[u8]) -> io::Result<()>;

    /// Removes a secret; one that is not there is no error.
    fn remove(&self, name: &str) -> io::Result<()>;
}

/// A store that lasts as long as the value.
#[derive(Default)]
pub struct MemoryStore(Mutex<BTreeMap<String, Vec<u8>>>);

impl MemoryStore {
    fn secrets(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SecretStore for MemoryStore {
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.secrets().get(name).cloned())
    }

    fn write(&self, name: &str, value: &[u8]) -> io::Result<()> {
        self.secrets().insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.secrets().remove(name);
        Ok(())
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryStore(…)")
    }
}

/// Files of mode 0600 in a folder of their own, each replaced in one step.
#[derive(Clone, Debug)]
pub struct FileStore(Folder);

impl FileStore {
    /// The store in a folder, which is made with the first secret.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self(Folder::new(folder, LOCK_FILE))
    }
}

impl SecretStore for FileStore {
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.0.read(file(name)?)
    }

    fn write(&self, name: &str, value: &[u8]) -> io::Result<()> {
        self.0.lock()?.replace(file(name)?, value)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.lock()?.remove(file(name)?)
    }
}

/// A name becomes a file's, so it leads nowhere else.
fn file(name: &str) -> io::Result<&str> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || !name.bytes().all(allowed) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not the name of a secret"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::fixture::Scratch;

    #[test]
    fn both_stores_keep_secrets_and_show_none() {
        let scratch = Scratch::new();
        let memory = MemoryStore::default();
        let files = FileStore::new(scratch.path().join("secrets"));
        let stores: [&dyn SecretStore; 2] = [&memory, &files];
        for store in stores {
            assert_eq!(store.read("refresh-token").unwrap(), None);
            store.write("refresh-token", b"s3cret").unwrap();
            store.write("refresh-token", b"s3cret two").unwrap();
            assert_eq!(store.read("refresh-token").unwrap().as_deref(), Some(&b"s3cret two"[..]));
            assert!(!format!("{store:?}").contains("s3cret"));
            store.remove("refresh-token").unwrap();
            store.remove("refresh-token").unwrap();
            assert_eq!(store.read("refresh-token").unwrap(), None);
        }
        for name in ["", "../x", "a/b", LOCK_FILE, "A", "."] {
            assert!(files.write(name, b"x").is_err(), "{name}");
        }
    }
}
