//! A folder for what a case writes: made by whoever first writes into it, removed when this is dropped.
//!
//! It lies in memory where the system has a place for that: what simulated clients write to the disk for good need
//! not outlive the case, and a disk takes ten milliseconds to say that it has.

use std::path::{Path, PathBuf};

use crate::chance;

/// Where Linux keeps files in memory.
const IN_MEMORY: &str = "/dev/shm";

/// The folder's path.
#[derive(Debug)]
pub struct Scratch(PathBuf);

/// The system has no randomness to give, so no name that nobody can guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system has no randomness to give")]
pub struct NoRandomness;

impl Scratch {
    /// A path that nobody else has or can guess. Nothing is there yet.
    pub fn reserve() -> Result<Self, NoRandomness> {
        let name = chance::unguessable().ok_or(NoRandomness)?;
        Ok(Self(root().join(format!("touchstone-{name}"))))
    }

    /// A file or folder in it.
    #[must_use]
    pub fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

/// The folder in which all of them lie.
#[must_use]
pub fn root() -> PathBuf {
    let memory = Path::new(IN_MEMORY);
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

impl Drop for Scratch {
    /// Most platforms never write. What cannot be removed is left to the system's own cleaning.
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_with_its_owner() {
        let scratch = Scratch::reserve().unwrap();
        let file = scratch.at("policy.json");
        let folder = file.parent().unwrap().to_owned();
        assert!(!folder.exists(), "made only when somebody writes");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(&file, "{}").unwrap();
        drop(scratch);
        assert!(!folder.exists());
    }
}
