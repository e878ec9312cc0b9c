//! A folder of the client's own: mode 0700, its files 0600, each replaced in one step or not at all.
//!
//! A reader sees the old content or the new. Writers, of this process or another, take turns by a lock file. It knows
//! nothing of what the files say.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::PathBuf,
};

/// The largest file that is read, in bytes: an envelope has at most 4 MiB.
const MAX_FILE: u64 = 16 << 20;

/// The folder.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// The name of the lock file: two users of one folder, each with its own, never wait for one another.
    lock: &'static str,
}

/// The right to write, until it is dropped.
#[derive(Debug)]
pub(super) struct Locked<'f> {
    folder: &'f Folder,
    _lock: File,
}

impl Folder {
    pub(super) fn new(path: PathBuf, lock: &'static str) -> Self {
        Self { path, lock }
    }

    /// The content of a file, none where there is no such file.
    pub(super) fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let path = self.path.join(name);
        let metadata = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            metadata => metadata?,
        };
        // A pipe or a device may never end.
        if !metadata.is_file() {
            return Err(io::Error::other(format!("`{name}` is no regular file")));
        }
        let mut bytes = Vec::new();
        File::open(&path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(io::Error::other(format!("`{name}` is larger than {} MiB", MAX_FILE >> 20)));
        }
        Ok(Some(bytes))
    }

    /// Makes the folder where it is missing, and waits until nobody else writes. The operating system frees the lock
    /// of a process that is gone.
    pub(super) fn lock(&self) -> io::Result<Locked<'_>> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.path)?;
        let lock = private().create(true).truncate(false).open(self.path.join(self.lock))?;
        lock.lock()?;
        Ok(Locked { folder: self, _lock: lock })
    }
}

impl Locked<'_> {
    /// Replaces a file: a temporary one beside it is written to the disk and takes its name. On an error the old
    /// content is untouched and the temporary file gone.
    pub(super) fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let temporary = self.folder.path.join(format!("{name}.tmp"));
        // One that a crash left behind.
        remove(&temporary)?;
        let replaced =
            write(&temporary, bytes).and_then(|()| fs::rename(&temporary, self.folder.path.join(name)));
        match replaced {
            Ok(()) => self.sync(),
            Err(error) => {
                // The first error is the one that explains; a temporary file that stays goes with the next write.
                let _ = remove(&temporary);
                Err(error)
            }
        }
    }

    /// Removes a file; one that is not there is no error.
    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        remove(&self.folder.path.join(name))
    }

    /// The new name is on the disk too, where folders can be synced.
    fn sync(&self) -> io::Result<()> {
        if cfg!(unix) { File::open(&self.folder.path)?.sync_all() } else { Ok(()) }
    }
}

fn write(path: &PathBuf, bytes: &[u8]) -> io::Result<()> {
    fill(private().create_new(true).open(path)?, bytes)
}

/// The bytes are on the disk, or it is an error: a full disk may tell only when it is synced.
fn fill(mut file: File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

fn remove(path: &PathBuf) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// For writing, readable by its owner alone.
fn private() -> fs::OpenOptions {
    let mut options = File::options();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::fixture::Scratch;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_private() {
        let scratch = Scratch::new();
        let folder = Folder::new(scratch.path().join("a/b"), "lock");
        assert_eq!(folder.read("x").unwrap(), None);
        folder.lock().unwrap().replace("x", b"one").unwrap();
        fs::write(scratch.path().join("a/b/x.tmp"), "left by a crash").unwrap();
        folder.lock().unwrap().replace("x", b"two").unwrap();
        assert_eq!(folder.read("x").unwrap().as_deref(), Some(&b"two"[..]));
        assert_eq!(scratch.names("a/b"), ["lock", "x"]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode =
                |path: &str| fs::metadata(scratch.path().join(path)).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode("a/b"), mode("a/b/x"), mode("a/b/lock")), (0o700, 0o600, 0o600));
        }
        folder.lock().unwrap().remove("x").unwrap();
        folder.lock().unwrap().remove("x").unwrap();
        assert_eq!(folder.read("x").unwrap(), None);
    }

    #[test]
    fn what_cannot_be_replaced_stays_and_leaves_nothing_behind() {
        let scratch = Scratch::new();
        let folder = Folder::new(scratch.path().join("folder"), "lock");
        fs::create_dir_all(scratch.path().join("folder/x")).unwrap();
        assert!(folder.lock().unwrap().replace("x", b"new").is_err(), "the target is a folder");
        assert_eq!(scratch.names("folder"), ["lock", "x"]);
        assert!(folder.read("x").is_err());
        fs::write(scratch.path().join("file"), "").unwrap();
        assert!(Folder::new(scratch.path().join("file"), "lock").lock().is_err(), "the folder is a file");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_and_a_device_is_not_read() {
        let full = fill(private().open("/dev/full").unwrap(), b"x").unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        let scratch = Scratch::new();
        let folder = Folder::new(scratch.path().to_owned(), "lock");
        std::os::unix::fs::symlink("/dev/zero", scratch.path().join("endless")).unwrap();
        assert!(folder.read("endless").is_err());
    }
}
