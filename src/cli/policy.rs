//! `touchstone policy`: custom resources into Cedar, what is wrong with them, who may do what, why, and what a change
//! alters. The logic is `mcp_policy`'s; files and words are here.

mod check;
mod compile;
mod diff;
mod explain;
pub(super) mod files;
mod matrix;
mod page;
mod subjects;

use clap::{Args, Subcommand, ValueEnum};
use mcp_policy::{
    manifest::{self, Findings, Manifests},
    rbac::{self, Compilation, Matching, Options},
};
use serde_json::{Value as Json, json};
use spanned_yaml::{Diagnostic, Diagnostics, Severity, steers};

use super::{
    refusal::{self, Refusal},
    terminal::{PrintError, Terminal},
};
use crate::outcome::ExitCode;

const EXAMPLES: &str = "\
Examples:
  touchstone policy check manifests/
  touchstone policy compile manifests/ --out cedar/
  touchstone policy matrix --manifests manifests/ --subjects subjects.yaml \\
      --inventory inventory.yaml --format csv
  touchstone policy explain --manifests manifests/ --server engineering/github \\
      --action call_tool --resource delete_repo --groups developers
  touchstone policy diff old/ new/ --subjects subjects.yaml \\
      --inventory inventory.yaml --fail-on-widening";

/// Custom resources: compile, check, explain, and show who may do what.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Policy {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Compile into Cedar, one policy set a server.
    Compile(compile::Compile),
    /// Say what is wrong, and what is probably not meant.
    Check(check::Check),
    /// Show who may do what: people against tools, prompts and resources.
    Matrix(matrix::Matrix),
    /// Say why somebody may do something or not, and what would change that.
    Explain(explain::Explain),
    /// Show which decisions a change of manifests alters.
    Diff(diff::Diff),
}

/// For a person or for a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Words.
    #[default]
    Human,
    /// JSON.
    Json,
}

/// How the lists of a condition are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Match {
    /// One value of a list is enough.
    Any,
    /// Every value of a list is needed.
    All,
}

impl From<Match> for Matching {
    fn from(stated: Match) -> Self {
        match stated {
            Match::Any => Self::Any,
            Match::All => Self::All,
        }
    }
}

impl Policy {
    pub(super) fn execute(self, terminal: &Terminal) -> Result<ExitCode, PrintError> {
        let answer = match self.command {
            Command::Compile(command) => command.attempt(terminal),
            Command::Check(command) => command.attempt(terminal),
            Command::Matrix(command) => command.attempt(terminal),
            Command::Explain(command) => command.attempt(terminal),
            Command::Diff(command) => command.attempt(terminal),
        };
        refusal::told(answer, terminal)
    }
}

/// Manifests, read and compiled.
struct Read {
    manifests: Manifests,
    compilation: Compilation,
    findings: Findings,
}

impl Read {
    fn new(paths: &[String], stated: Option<Match>) -> Result<Self, Refusal> {
        let (manifests, mut findings) = manifest::read(files::sources(paths)?);
        if !findings.has_errors() && is_empty(&manifests) {
            return Err(Refusal::usage(nothing(&manifests)));
        }
        let matching = stated.map_or_else(Matching::default, Matching::from);
        let compilation = rbac::compile(&manifests, &Options { matching, ..Options::default() });
        findings.extend(&compilation.findings);
        Ok(Self { manifests, compilation, findings })
    }

    /// Something is not put in force as it was written.
    fn is_broken(&self) -> bool {
        self.findings.has_errors() || self.compilation.targets.values().any(Result::is_err)
    }

    /// Says what was found, and answers with the code that it makes: a command goes on with what there is, since a
    /// server whose policies do not compile denies everything.
    fn tell(&self, terminal: &Terminal) -> Result<ExitCode, PrintError> {
        let broken = self.is_broken();
        let words = self.findings.render(terminal.colors_talk());
        if broken {
            terminal.complain(&format!("{words}{}", unfound(self)))?;
        } else if !words.is_empty() {
            terminal.say(&words)?;
        }
        Ok(if broken { ExitCode::Usage } else { ExitCode::Conformant })
    }
}

/// The built-in roles apart, which are always there.
fn is_empty(manifests: &Manifests) -> bool {
    let built_in = manifests.sources.len().saturating_sub(1);
    manifests.policies.is_empty()
        && manifests.servers.is_empty()
        && manifests.role_bindings.is_empty()
        && manifests.roles.iter().all(|role| role.name.place.source == built_in)
}

/// A check of nothing must not look like a check that found nothing.
fn nothing(manifests: &Manifests) -> String {
    let skipped = manifests.skipped.iter().map(|(kind, number)| format!("{number} {kind}"));
    let skipped = skipped.take(10).collect::<Vec<_>>().join(", ");
    let skipped = if skipped.is_empty() { skipped } else { format!(": skipped {}", printable(&skipped)) };
    format!("error: there is no role, role binding, policy or server in these files{skipped}")
}

/// Why targets do not compile where no line of a file is to blame.
fn unfound(read: &Read) -> String {
    let failed = read.compilation.targets.values().filter_map(|target| target.as_ref().err());
    let lines = failed.flat_map(|not| {
        let nowhere = not.causes.iter().filter(|cause| cause.place.is_none());
        nowhere.map(|cause| format!("error: `{}` does not compile: {}\n", not.server, cause.message))
    });
    lines.collect()
}

/// Findings for a program, in the order of the places.
fn listed(findings: &Findings) -> Vec<Json> {
    let mut list = Vec::new();
    for found in findings.by_source() {
        list.extend(of_file(found));
    }
    list
}

fn of_file(found: &Diagnostics) -> Vec<Json> {
    let mut sorted: Vec<&Diagnostic> = found.iter().collect();
    sorted.sort_by_key(|one| (one.span, one.severity));
    let one = |one: &Diagnostic| {
        let (line, column) = found.source().position(one.span);
        let severity = match one.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        json!({
            "severity": severity,
            "file": found.source().name(),
            "line": line,
            "column": column,
            "message": one.message,
            "help": one.help,
        })
    };
    sorted.into_iter().map(one).collect()
}

/// Names come from files: nothing of them steers a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

fn count(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}
