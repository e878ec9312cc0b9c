//! `touchstone containers`: what is left of runs in containers, and the process that sees to it that nothing is.

use clap::{Args, Subcommand};

use super::{
    refusal::{self, Refusal},
    terminal::{PrintError, Terminal},
};
use crate::{outcome::ExitCode, target::containers};

/// See to the containers of `run --target containers`.
#[derive(Args, Debug)]
pub(super) struct Containers {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Remove what runs that are over have left, with `--keep` or by accident, and the images that were built.
    Clean,
    /// Remove the containers of a run once it is dead.
    #[command(hide = true)]
    Warden {
        /// The run.
        run: String,
    },
}

impl Containers {
    pub(super) fn execute(self, terminal: &Terminal) -> Result<ExitCode, PrintError> {
        refusal::told(self.attempt(terminal), terminal)
    }

    fn attempt(self, terminal: &Terminal) -> Result<ExitCode, Refusal> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| Refusal::environment(format!("error: cannot start: {error}")))?;
        match self.what {
            What::Warden { run } => runtime.block_on(containers::watch(&run)),
            What::Clean => {
                let cleaned = runtime.block_on(containers::clean());
                let cleaned = cleaned.map_err(|error| Refusal::environment(format!("error: {error}")))?;
                let runs = match cleaned.runs {
                    0 => None,
                    1 => Some("the containers of one run".to_owned()),
                    runs => Some(format!("the containers of {runs} runs")),
                };
                let removed: Vec<_> = runs.into_iter().chain(cleaned.images).collect();
                let removed = if removed.is_empty() { "nothing".to_owned() } else { removed.join(", ") };
                terminal.result(&format!("removed: {removed}\n"))?;
            }
        }
        Ok(ExitCode::Conformant)
    }
}
