//! Python with the packages that know other people's schemas.

use std::{path::PathBuf, process::Command};

use crate::{missing, root};

fn folder() -> PathBuf {
    root().join("tests/outside/python")
}

/// A program of its environment, or nothing where that is not installed.
pub(crate) fn program(name: &str, test: &str) -> Option<Command> {
    let programs = if cfg!(windows) { ".venv/Scripts" } else { ".venv/bin" };
    let path = folder().join(programs).join(name);
    if Command::new(&path).arg("--version").output().is_ok_and(|output| output.status.success()) {
        return Some(Command::new(path));
    }
    missing("python", test, "its packages are not installed, see tests/outside/README.md");
    None
}

/// A script beside them.
pub(crate) fn script(name: &str, test: &str) -> Option<Command> {
    let mut command = program("python", test)?;
    command.arg(folder().join(name));
    Some(command)
}
