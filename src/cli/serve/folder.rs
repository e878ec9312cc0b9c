//! The folder with what clients need: the authority's certificate for everybody, the control wires' secret for its owner.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::chance;

const CERTIFICATE: &str = "ca.pem";
const SECRET: &str = "control-secret";

/// Characters of a new folder's name that nobody can guess.
const NAME: usize = 12;

/// The folder. What was made goes when it is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    before: Before,
    written: Vec<PathBuf>,
}

/// What there was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// A folder of somebody's.
    Folder,
    /// Nothing, under a name that somebody chose.
    Nothing,
    /// Nothing, nor does anybody else know of it.
    Temporary,
}

/// It cannot be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum FolderError {
    #[error("the system has no randomness to give")]
    NoRandomness,
    #[error("`{}` is there already, of another run perhaps: remove it, or choose another `--dir`", .0.display())]
    Taken(PathBuf),
    #[error("cannot write `{}`: {error}", path.display())]
    Failed { path: PathBuf, error: io::Error },
}

impl Folder {
    /// Writes both files into a folder, or into a new one among the system's temporary files.
    pub(super) fn open(given: Option<&Path>, certificate: &str, secret: &str) -> Result<Self, FolderError> {
        let mut folder = match given {
            Some(path) => {
                let before = if path.is_dir() { Before::Folder } else { Before::Nothing };
                fs::create_dir_all(path).map_err(failed(path))?;
                let path = fs::canonicalize(path).map_err(failed(path))?;
                Self { path, before, written: Vec::new() }
            }
            None => Self::temporary()?,
        };
        folder.write(CERTIFICATE, certificate, 0o644)?;
        folder.write(SECRET, secret, 0o600)?;
        Ok(folder)
    }

    fn temporary() -> Result<Self, FolderError> {
        let name: String =
            chance::unguessable().ok_or(FolderError::NoRandomness)?.chars().take(NAME).collect();
        let path = std::env::temp_dir().join(format!("touchstone-{name}"));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).map_err(failed(&path))?;
        Ok(Self { path, before: Before::Temporary, written: Vec::new() })
    }

    /// A new file: what somebody else has written is neither lost nor read as ours.
    fn write(&mut self, name: &str, content: &str, mode: u32) -> Result<(), FolderError> {
        let path = self.path.join(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        #[cfg(not(unix))]
        let _ = mode;
        let mut file = options.open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => FolderError::Taken(path.clone()),
            _ => FolderError::Failed { path: path.clone(), error },
        })?;
        self.written.push(path.clone());
        file.write_all(content.as_bytes()).map_err(failed(&path))
    }

    pub(super) fn certificate(&self) -> PathBuf {
        self.path.join(CERTIFICATE)
    }

    pub(super) fn secret(&self) -> PathBuf {
        self.path.join(SECRET)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    /// What cannot be removed is left to its owner.
    fn drop(&mut self) {
        for path in &self.written {
            let _ = fs::remove_file(path);
        }
        let _ = match self.before {
            Before::Folder => Ok(()),
            // Only if nobody else put something there.
            Before::Nothing => fs::remove_dir(&self.path),
            Before::Temporary => fs::remove_dir_all(&self.path),
        };
    }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> FolderError {
    let path = path.to_owned();
    move |error| FolderError::Failed { path: path.clone(), error }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_secret_is_its_owners_and_nothing_stays() {
        let folder = Folder::open(None, "certificate", "secret").unwrap();
        let path = folder.path().to_owned();
        assert_eq!((mode(&path), mode(&folder.secret())), (0o700, 0o600));
        assert_eq!(fs::read_to_string(folder.certificate()).unwrap(), "certificate");
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn what_was_there_before_stays_as_it_was() {
        let outer = Folder::open(None, "certificate", "secret").unwrap();
        let given = outer.path().join("given");
        fs::create_dir(&given).unwrap();
        fs::write(given.join(SECRET), "somebody's").unwrap();
        let error = Folder::open(Some(&given), "certificate", "secret").unwrap_err();
        assert!(matches!(error, FolderError::Taken(_)), "{error}");
        let left: Vec<_> = fs::read_dir(&given).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [SECRET]);
        assert_eq!(fs::read_to_string(given.join(SECRET)).unwrap(), "somebody's");
    }
}
