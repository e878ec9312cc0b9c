//! Node and Python with their packages: where they are, and what happens without them.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

/// What runs a program.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Runtime {
    Node,
    Python,
}

impl Runtime {
    pub(crate) fn of(program: &str) -> Self {
        if Path::new(program).extension().is_some_and(|extension| extension == "py") {
            Self::Python
        } else {
            Self::Node
        }
    }

    /// As `TOUCHSTONE_REQUIRE` has it; the folder of its programs.
    fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Python => "python",
        }
    }

    /// Where its programs and packages lie.
    pub(crate) fn folder(self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/outside").join(self.name())
    }

    /// The interpreter, if it and its packages are there; else what is missing.
    pub(crate) fn command(self) -> Result<Command, String> {
        let (interpreter, packages) = match self {
            Self::Node => (PathBuf::from("node"), self.folder().join("node_modules/.package-lock.json")),
            Self::Python => {
                let python = self.folder().join(".venv").join(if cfg!(windows) {
                    "Scripts/python.exe"
                } else {
                    "bin/python"
                });
                (python.clone(), python)
            }
        };
        if Command::new(&interpreter).arg("--version").output().is_err() {
            return Err(format!("`{}` is not there", interpreter.display()));
        }
        if !packages.exists() {
            return Err(format!(
                "its packages are not installed, see {}",
                self.folder().join("../README.md").display()
            ));
        }
        Ok(Command::new(interpreter))
    }

    /// Says so and passes, unless it is required.
    #[expect(clippy::explicit_write, reason = "`eprintln` of a test that passes is shown to nobody")]
    pub(crate) fn missing(self, program: &str, reason: &str) {
        assert!(!self.is_required(), "{program} needs {}: {reason}", self.name());
        writeln!(io::stderr(), "did not run: {program}: {reason}").unwrap();
    }

    #[expect(clippy::disallowed_methods, reason = "a switch of the tests, not of the program")]
    fn is_required(self) -> bool {
        let required = std::env::var("TOUCHSTONE_REQUIRE").unwrap_or_default();
        required.split(',').any(|name| name.trim() == self.name())
    }
}
