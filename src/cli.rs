//! The command line: one file a subcommand. It wires the parts and holds no logic of its own.

mod component;
mod containers;
mod policy;
mod refusal;
mod report;
mod run;
mod scenario;
mod serve;
mod signals;
mod suite;
pub mod terminal;

use std::{collections::BTreeMap, ffi::OsString};

use clap::{ColorChoice, Parser, Subcommand};

use crate::outcome::ExitCode;
use terminal::{Color, Environment, PrintError, Terminal};

const EXIT_CODES: &str = "\
Exit codes:
    0  conformant: everything selected ran and held
    1  nonconformant: at least one check failed
    2  usage, or an invalid input file
    3  the target or the environment cannot be reached; an error of this program
    4  the baseline is out of date
    5  a performance threshold was missed
    6  partly tested: a rule that must hold, or a selected case, was not tested
  130  interrupted
Where several apply, the first of 130, 2, 3, 1, 4, 5, 6 decides.";

/// Conformance and simulation harness for an enterprise MCP platform's identity and policy.
#[derive(Debug, Parser)]
#[command(name = "touchstone", version, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// When to use colours.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,
    /// Print the result only, no progress.
    #[arg(long, short, global = true)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Replay scenarios against a platform and report.
    Run(run::Run),
    /// Join the reports of shards.
    Report(report::Report),
    /// Custom resources: compile, check, explain, and show who may do what.
    Policy(policy::Policy),
    /// Start a platform, or the identity provider alone, to work with by hand.
    Serve(serve::Serve),
    /// List the suite, check scenario files, print the schema for editors.
    Scenario(scenario::Scenario),
    /// Clean up after `run --target containers`.
    Containers(containers::Containers),
    #[command(hide = true)]
    Component(component::ComponentCommand),
}

/// Runs the program.
#[must_use]
pub fn main(
    arguments: impl IntoIterator<Item = OsString>,
    environment: &BTreeMap<String, String>,
) -> ExitCode {
    let talk = Environment::read(|name| environment.get(name).cloned());
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(message) => return usage(&message, &Terminal::standard(Color::Auto, false, &talk)),
    };
    let color = match arguments.color {
        ColorChoice::Auto => Color::Auto,
        ColorChoice::Always => Color::Always,
        ColorChoice::Never => Color::Never,
    };
    let terminal = Terminal::standard(color, arguments.quiet, &talk);
    let answer = match arguments.command {
        Command::Run(command) => command.execute(&terminal, environment),
        Command::Report(command) => command.execute(&terminal),
        Command::Policy(command) => command.execute(&terminal),
        Command::Serve(command) => command.execute(&terminal),
        Command::Scenario(command) => command.execute(&terminal),
        Command::Containers(command) => command.execute(&terminal),
        Command::Component(command) => command.execute(&terminal),
    };
    answer.unwrap_or_else(|error| unprinted(&error, &terminal))
}

/// A full disk, for instance.
fn unprinted(error: &PrintError, terminal: &Terminal) -> ExitCode {
    // Where the talk cannot be written either, the exit code is all that can be said.
    let _ = terminal.complain(&format!("error: {error}"));
    ExitCode::Unreachable
}

/// `--help` and `--version` are results; anything else is a mistake.
fn usage(message: &clap::Error, terminal: &Terminal) -> ExitCode {
    let text = message.render();
    let styled = |color: bool| if color { text.ansi().to_string() } else { text.to_string() };
    let (printed, code) = if message.use_stderr() {
        (terminal.complain(&styled(terminal.colors_talk())), ExitCode::Usage)
    } else {
        (terminal.result(&styled(terminal.style(false).color)), ExitCode::Conformant)
    };
    printed.map_or_else(|error| unprinted(&error, terminal), |()| code)
}

#[cfg(test)]
mod tests {
    use super::EXIT_CODES;
    use crate::outcome::ExitCode;

    #[test]
    fn the_help_has_every_exit_code_on_a_line_and_their_precedence() {
        let codes: Vec<_> = EXIT_CODES
            .lines()
            .filter_map(|line| line.split_whitespace().next()?.parse::<u8>().ok())
            .collect();
        let mut known = ExitCode::PRECEDENCE.map(ExitCode::code);
        let order: Vec<_> = known.iter().filter(|code| **code != 0).map(ToString::to_string).collect();
        assert!(EXIT_CODES.contains(&order.join(", ")));
        known.sort_unstable();
        assert_eq!(codes, known);
        assert!(EXIT_CODES.lines().all(|line| line.len() <= 80));
    }
}
