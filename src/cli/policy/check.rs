//! `touchstone policy check`: mistakes, and what is probably not meant.

use clap::Args;
use mcp_policy::lint;
use serde_json::json;
use spanned_yaml::Severity;

use super::{Format, Match, Read, Refusal, count, listed, unfound};
use crate::{cli::terminal::Terminal, outcome::ExitCode};

const EXAMPLES: &str = "\
Examples:
  touchstone policy check manifests/
  touchstone policy check manifests/ --match any --strict     in CI
  kubectl get -A -o yaml mcpservers,toolhiveauthorizationpolicies | \\
      touchstone policy check -

Errors exit 2. Warnings exit 0, or 1 with --strict: a role nobody holds, a
policy that grants nothing, a grant that a deny swallows, a `reader` without a
filter, a name that is both a group and a role.
A list of several groups or roles that `any` and `all` decide differently is an
error until --match says which is meant.";

/// Say what is wrong with custom resources, and what is probably not meant.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Check {
    /// Files, folders (*.yaml, *.yml, *.json below them, hidden ones left out), or `-` for standard input.
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,
    /// How the lists of a condition are meant: one value is enough, or every one is needed.
    #[arg(long = "match", value_name = "WHICH")]
    stated: Option<Match>,
    /// Warnings exit 1.
    #[arg(long)]
    strict: bool,
    /// For a person or for a program.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

impl Check {
    pub(super) fn attempt(self, terminal: &Terminal) -> Result<ExitCode, Refusal> {
        let mut read = Read::new(&self.paths, self.stated)?;
        let mut more = lint::lint(&read.manifests, &read.compilation);
        if self.stated.is_none() {
            more.extend(&lint::ambiguities(&read.manifests, &read.compilation));
        }
        read.findings.extend(&more);
        let number = |severity| read.findings.iter().filter(|found| found.severity == severity).count();
        let (errors, warnings) = (number(Severity::Error), number(Severity::Warning));
        let nowhere = unfound(&read);
        if self.format == Format::Json {
            let page = json!({"errors": errors, "warnings": warnings, "findings": listed(&read.findings)});
            terminal.result(&format!("{page:#}\n"))?;
        } else {
            let words = format!("{}{nowhere}", read.findings.render(terminal.colors_talk()));
            if !words.is_empty() {
                terminal.complain(&words)?;
            }
            let servers = read.compilation.targets.len();
            terminal.result(&format!(
                "{}, {}: {}, {}\n",
                count(read.manifests.policies.len(), "policy", "policies"),
                count(servers, "server", "servers"),
                count(errors, "error", "errors"),
                count(warnings, "warning", "warnings"),
            ))?;
        }
        Ok(if read.is_broken() {
            ExitCode::Usage
        } else if self.strict && warnings > 0 {
            ExitCode::Nonconformant
        } else {
            ExitCode::Conformant
        })
    }
}
