//! `touchstone component`: what runs in a container of the containers target. Nobody types it.

use std::io::{self, BufRead as _};

use clap::Args;

use super::{
    refusal::{self, Refusal},
    signals::Signals,
    terminal::{PrintError, Terminal},
};
use crate::{
    outcome::ExitCode,
    target::{Log, component},
};

/// Be a component of a platform in a container, as the harness says on standard input.
#[derive(Args, Debug)]
pub(super) struct ComponentCommand {
    /// Say by the exit code whether somebody in this container serves TLS at a port.
    #[arg(long, value_name = "PORT")]
    check: Option<u16>,
}

impl ComponentCommand {
    pub(super) fn execute(self, terminal: &Terminal) -> Result<ExitCode, PrintError> {
        if let Some(port) = self.check {
            let up = component::is_up(port);
            return Ok(if up { ExitCode::Conformant } else { ExitCode::Unreachable });
        }
        refusal::told(attempt(terminal), terminal)
    }
}

fn attempt(terminal: &Terminal) -> Result<ExitCode, Refusal> {
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    read.map_err(|error| Refusal::environment(format!("error: cannot read standard input: {error}")))?;
    let identity = serde_json::from_str(&line).map_err(|error| {
        Refusal::usage(format!(
            "error: standard input does not say who this is: {error}\n  help: `touchstone run --target containers` starts this by itself"
        ))
    })?;
    let environment = |error: &dyn std::fmt::Display| Refusal::environment(format!("error: {error}"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| environment(&error))?;
    let terminal = terminal.clone();
    // A log that nobody reads ends nothing.
    let log = Log::new(move |line| drop(terminal.complain(line)));
    runtime.block_on(async {
        // As process 1 it would not be ended by a signal that it does not handle.
        let mut signals = Signals::catch().map_err(|error| environment(&error))?;
        tokio::select! {
            () = signals.wait() => Ok(ExitCode::Conformant),
            served = component::serve(identity, log) => {
                served.map(|()| ExitCode::Conformant).map_err(|error| environment(&error))
            }
        }
    })
}
