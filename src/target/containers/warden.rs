//! Nothing of a run outlives it, however it ends.
//!
//! A run that ends in order removes its containers itself. For every other end, a panic, a kill, there is a second process,
//! the warden, on a pipe: when the pipe closes without a word the run is dead, and the warden removes what it left. Should
//! both be killed, the next run finds that nobody holds the lock that the containers are labelled with.

use std::{
    fs::{File, TryLockError},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use super::engine;

/// What the run says when its containers shall stay.
const KEEP: &[u8] = b"keep\n";

/// The second process, and the lock that says that the run lives.
#[derive(Debug)]
pub(super) struct Warden {
    child: Mutex<Child>,
    lock: File,
    path: PathBuf,
    kept: AtomicBool,
}

impl Warden {
    /// Takes the run's lock and starts its warden.
    pub(super) fn hire(run: &str) -> io::Result<Self> {
        let path = lock_of(run);
        let lock = File::create(&path)?;
        lock.lock()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["containers", "warden", run]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // A Ctrl-C at the terminal is the run's, which ends in order.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = Mutex::new(command.spawn()?);
        Ok(Self { child, lock, path, kept: AtomicBool::new(false) })
    }

    pub(super) fn lock_path(&self) -> &Path {
        &self.path
    }

    /// The containers shall stay, until a person removes them.
    pub(super) fn dismiss(&self) -> io::Result<()> {
        self.kept.store(true, Ordering::Relaxed);
        (&self.lock).write_all(KEEP)?;
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipe) = &mut child.stdin {
            // A warden that is gone removes nothing either.
            let _ = pipe.write_all(KEEP);
        }
        Ok(())
    }
}

impl Drop for Warden {
    /// Closes the pipe and waits until the warden has seen to it.
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(child.stdin.take());
        let _ = child.wait();
        if !self.kept.load(Ordering::Relaxed) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The warden's whole life: waits for the end of the pipe, and removes what the run left.
pub(super) async fn watch(run: &str) {
    let mut said = Vec::new();
    // A pipe that breaks is one that closes.
    let _ = io::stdin().read_to_end(&mut said);
    if said == KEEP {
        return;
    }
    let Ok(docker) = engine::connect().await else { return };
    // There is nobody to tell of an error: the lock stays, and the next run sweeps.
    if engine::remove_run(&docker, run).await.is_ok() {
        let _ = std::fs::remove_file(lock_of(run));
    }
}

fn lock_of(run: &str) -> PathBuf {
    std::env::temp_dir().join(format!("touchstone-{run}.lock"))
}

/// How a run stands whose containers are here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It runs.
    Alive,
    /// It is over, and somebody wanted to look at what it left.
    Kept,
    /// It is over.
    Dead,
    /// Its lock is not here: it was made where this process cannot look, or somebody cleaned up.
    Unknown,
}

/// How the run with this lock stands.
pub(super) fn standing(lock: &str) -> Standing {
    let mut file = match File::open(lock) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Standing::Unknown,
        // Another user's.
        Err(_) => return Standing::Alive,
    };
    if matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
        return Standing::Alive;
    }
    let mut said = Vec::new();
    match file.read_to_end(&mut said) {
        Ok(_) if said == KEEP => Standing::Kept,
        _ => Standing::Dead,
    }
}

/// Removes the lock of a run that is over.
pub(super) fn forget(lock: &str) {
    let path = Path::new(lock);
    let named = path.file_name().and_then(|name| name.to_str());
    // The label is text that anybody can write.
    if named.is_some_and(|name| {
        name.starts_with("touchstone-") && path.extension().is_some_and(|end| end == "lock")
    }) {
        let _ = std::fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_lives_as_long_as_its_lock_and_stays_kept_after_it() {
        let scratch = crate::scratch::Scratch::reserve().unwrap();
        let path = scratch.at("touchstone-x.lock");
        std::fs::create_dir(path.parent().unwrap()).unwrap();
        let name = path.to_str().unwrap();
        assert_eq!(standing(name), Standing::Unknown, "there is no lock");
        let mut lock = File::create(&path).unwrap();
        lock.lock().unwrap();
        assert_eq!(standing(name), Standing::Alive);
        lock.unlock().unwrap();
        assert_eq!(standing(name), Standing::Dead);
        lock.write_all(KEEP).unwrap();
        assert_eq!(standing(name), Standing::Kept);
        forget(name);
        assert!(!path.exists());
    }

    #[test]
    fn a_label_removes_no_other_file() {
        let scratch = crate::scratch::Scratch::reserve().unwrap();
        let path = scratch.at("letter.txt");
        std::fs::create_dir(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "dear").unwrap();
        forget(path.to_str().unwrap());
        assert!(path.exists());
    }
}
