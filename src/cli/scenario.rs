//! `touchstone scenario`: what the suite holds, whether files are valid, the schema for editors.

use clap::{Args, Subcommand};

use super::{
    suite,
    terminal::{PrintError, Terminal},
};
use crate::{
    outcome::ExitCode,
    scenario::{CheckedScenario, read::Outside, schema, suite::CheckedSuite},
};

/// Work with scenario files.
#[derive(Args, Debug)]
pub(super) struct Scenario {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the scenarios with their cases and requirements.
    List {
        /// Files, folders, or ids of the built-in suite; all of it by default.
        #[arg(value_name = "SCENARIO")]
        scenarios: Vec<String>,
    },
    /// Check scenario files: every mistake with its place and advice.
    Check {
        /// Files or folders.
        #[arg(value_name = "SCENARIO", required = true)]
        scenarios: Vec<String>,
    },
    /// Print the JSON Schema of a scenario file, for editors.
    Schema,
}

impl Scenario {
    pub(super) fn execute(self, terminal: &Terminal) -> Result<ExitCode, PrintError> {
        let (scenarios, list) = match self.command {
            Command::Schema => {
                terminal.result(&schema::file())?;
                return Ok(ExitCode::Conformant);
            }
            Command::List { scenarios } => (scenarios, true),
            Command::Check { scenarios } => (scenarios, false),
        };
        match suite::choose(&scenarios, Outside::default(), terminal.colors_talk()) {
            Ok(chosen) if list => terminal.result(&listing(&chosen))?,
            Ok(chosen) => terminal.result(&format!("{}\n", counts(&chosen.suite)))?,
            Err(error) => {
                terminal.complain(&error.to_string())?;
                return Ok(ExitCode::Usage);
            }
        }
        Ok(ExitCode::Conformant)
    }
}

fn listing(chosen: &suite::Chosen) -> String {
    let mut lines = Vec::new();
    for scenario in chosen.suite.scenarios.iter().filter(|scenario| chosen.has(scenario.id.as_str())) {
        let ids: Vec<_> = scenario.requirements.iter().map(ToString::to_string).collect();
        lines.push(format!("{}  [{}]", scenario.id, ids.join(", ")));
        lines.extend(scenario.cells().iter().map(|cell| format!("    {}", scenario.title_of(cell))));
    }
    lines.push(format!("\n{}\n", counts(&chosen.suite)));
    lines.join("\n")
}

fn counts(suite: &CheckedSuite) -> String {
    let cells: Vec<_> = suite.scenarios.iter().map(|scenario| scenario.cells().len()).collect();
    let distinct: usize = suite.scenarios.iter().map(CheckedScenario::distinct_cases).sum();
    format!("{} scenarios, {} cases, {distinct} of them distinct", cells.len(), cells.iter().sum::<usize>())
}
