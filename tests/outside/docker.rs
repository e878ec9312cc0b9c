//! The engine, and an image of this build that goes away with its test.

use std::process::Command;

use crate::{binary, missing, root, told};

pub(crate) fn docker(arguments: &[&str]) -> Command {
    let mut command = Command::new("docker");
    command.args(arguments);
    command
}

/// Made by the script that makes it for everybody, from the executable under test.
pub(crate) struct Image {
    pub(crate) tag: String,
    /// What the script said.
    pub(crate) said: String,
}

impl Image {
    /// Nothing where no engine runs.
    pub(crate) fn build(test: &str) -> Option<Self> {
        let answers = docker(&["info"]).output().is_ok_and(|output| output.status.success());
        if !answers {
            missing("docker", test, "no Docker");
            return None;
        }
        let tag = format!("touchstone-{test}-{}", std::process::id());
        let script = root().join("deploy/image");
        let said = told(Command::new(script).args(["touchstone", &tag]).env("TOUCHSTONE_BINARY", binary()));
        Some(Self { tag, said })
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let _ = docker(&["image", "rm", "--force", &self.tag]).output();
    }
}
