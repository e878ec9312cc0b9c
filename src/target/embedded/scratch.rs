//! A folder that goes with the platform: made by whoever first writes into it, removed when this is dropped.

use std::path::PathBuf;

use crate::{chance, target::TargetError};

/// The folder's path.
#[derive(Debug)]
pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// A path below the system's folder for temporary files that nobody else has or can guess.
    pub(super) fn reserve() -> Result<Self, TargetError> {
        let name = chance::unguessable()
            .ok_or_else(|| TargetError::Environment("the system has no randomness to give".to_owned()))?;
        Ok(Self(std::env::temp_dir().join(format!("touchstone-{name}"))))
    }

    /// A file in it.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
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
        let file = scratch.file("policy.json");
        let folder = file.parent().unwrap().to_owned();
        assert!(!folder.exists(), "made only when somebody writes");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(&file, "{}").unwrap();
        drop(scratch);
        assert!(!folder.exists());
    }
}
