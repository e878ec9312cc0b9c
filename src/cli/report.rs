//! `touchstone report`: what is done with reports after their runs.

mod merge;

use clap::{Args, Subcommand};

use super::terminal::{PrintError, Terminal};
use crate::outcome::ExitCode;

/// Work with the reports of runs.
#[derive(Args, Debug)]
pub(super) struct Report {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Join the reports of all shards of a run into the report of the whole run.
    Merge(merge::Merge),
}

impl Report {
    pub(super) fn execute(self, terminal: &Terminal) -> Result<ExitCode, PrintError> {
        match self.command {
            Command::Merge(command) => command.execute(terminal),
        }
    }
}
