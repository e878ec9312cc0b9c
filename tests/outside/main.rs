//! Touchstone where other people's tools run it: in an image, by Compose, by Kubernetes' and GitHub's rules.
//!
//! README.md beside this file has what they need. What is missing is said in one line, and the test passes, unless
//! `TOUCHSTONE_REQUIRE` names it (`docker`, `python`, `curl`).
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails by panicking, and one that does not run says so"
)]

mod compose;
mod docker;
mod folder;
mod image;
mod kubernetes;
mod python;
mod schemas;
mod shards;
mod yaml;

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

/// The executable of CI, which is the release build, else the one that was built for the tests.
#[expect(clippy::disallowed_methods, reason = "CI names the binary in the environment")]
fn release() -> Option<PathBuf> {
    std::env::var_os("TOUCHSTONE_BINARY").map(PathBuf::from)
}

fn binary() -> PathBuf {
    release().unwrap_or_else(|| env!("CARGO_BIN_EXE_touchstone").into())
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Says that a test did not run, unless the machine must have what it lacks.
#[expect(clippy::explicit_write, reason = "`eprintln` of a test that passes is shown to nobody")]
#[expect(clippy::disallowed_methods, reason = "a switch of the tests, not of the program")]
fn missing(name: &str, test: &str, reason: &str) {
    let required = std::env::var("TOUCHSTONE_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|required| required.trim() == name), "{test} needs {name}: {reason}");
    writeln!(io::stderr(), "did not run: {test}: {reason}").unwrap();
}

/// What a command prints; it must end well.
fn told(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{out}{err}", output.status);
    out.into_owned()
}
