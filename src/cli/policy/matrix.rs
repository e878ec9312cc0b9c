//! `touchstone policy matrix`: who may do what.

mod grid;

use std::fmt::Display;

use clap::{Args, ValueEnum};
use mcp_policy::matrix::{self, Offer, Remark, Row};
use serde_json::json;
use spanned_yaml::Diagnostics;

use super::{Match, Read, Refusal, files, page, printable, subjects::Subjects};
use crate::{cli::terminal::Terminal, outcome::ExitCode};

const EXAMPLES: &str = "\
Examples:
  touchstone policy matrix --manifests manifests/ --subjects subjects.yaml \\
      --inventory inventory.yaml
  touchstone policy matrix --manifests manifests/ --subjects subjects.yaml \\
      --inventory inventory.yaml --format csv > access.csv

subjects.yaml:   - {name: alice, groups: [engineering], roles: [mcp-admin]}
                 or a tenant file of the mock identity provider: its users, at each
                 server with the token of the issuer and the audience that the
                 server's oidcConfigRef names, as that provider would issue it
inventory.yaml:  - namespace: engineering
                   kind: MCPServer                # the default
                   server: github
                   tools: [{name: search_code, readOnlyHint: true}]
                   prompts: [review]
                   resources: ['file:///README.md']

CSV: subject,namespace,kind,server,action,resource,decision, one row for every
subject and every call_tool, get_prompt, read_resource, sorted by the columns in
this order; fields quoted as RFC 4180 has it, lines end in LF. Names are written
as they are: one that begins with = + - or @ is a formula to a spreadsheet,
unless the columns are imported as text.
A server whose policies do not compile denies everything; the exit code is 2
then, and the rows are printed all the same. It is 3 where a policy fails to
evaluate.";

/// Show who may do what.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Matrix {
    /// Files, folders, or `-` for standard input.
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    manifests: Vec<String>,
    #[command(flatten)]
    world: World,
    /// How to print it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Form,
    /// How the lists of a condition are read: one value is enough (the default), or every one is needed.
    #[arg(long = "match", value_name = "WHICH")]
    stated: Option<Match>,
}

/// Who there is, and what the servers offer.
#[derive(Args, Debug)]
pub(super) struct World {
    /// Who asks: a list of `{name, groups, roles}`, or a tenant file.
    #[arg(long, value_name = "FILE")]
    subjects: String,
    /// The application whose tokens count, where those of a tenant's users differ by it.
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// What the servers offer: a list of `{namespace, kind, server, tools, prompts, resources}`.
    #[arg(long, value_name = "FILE")]
    inventory: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A grid of people and tools.
    Text,
    /// For a spreadsheet or a program.
    Csv,
    /// For a program.
    Json,
    /// One page for a browser.
    Html,
}

impl Matrix {
    pub(super) fn attempt(self, terminal: &Terminal) -> Result<ExitCode, Refusal> {
        let (subjects, inventory) = self.world.read(terminal)?;
        let read = Read::new(&self.manifests, self.stated)?;
        let code = read.tell(terminal)?;
        let matrix = subjects.matrix(matrix::Matrix::of, &read, &inventory, terminal)?;
        warn(&matrix.remarks, terminal)?;
        let code = ExitCode::decide(&[code, of_remarks(&matrix.remarks)]);
        terminal.result(&match self.format {
            Form::Text => grid::render(&matrix.rows),
            Form::Csv => csv(&matrix.rows),
            Form::Json => format!("{:#}\n", json!(matrix.rows.iter().map(record).collect::<Vec<_>>())),
            Form::Html => page::render(&matrix.rows).map_err(Refusal::usage)?,
        })?;
        Ok(code)
    }
}

impl World {
    /// Both files, every mistake of both at once.
    pub(super) fn read(&self, terminal: &Terminal) -> Result<(Subjects, Vec<Offer>), Refusal> {
        let (subjects, inventory) = match (files::source(&self.subjects), files::source(&self.inventory)) {
            (Ok(subjects), Ok(inventory)) => (subjects, inventory),
            (Err(Refusal::Words(one, code)), Err(Refusal::Words(other, _))) => {
                return Err(Refusal::Words(format!("{one}\n{other}"), code));
            }
            (Err(refusal), _) | (_, Err(refusal)) => return Err(refusal),
        };
        let ((subjects, first), (inventory, second)) =
            (Subjects::read(&subjects, self.client.as_deref())?, matrix::inventory(&inventory));
        usable(&[first, second], terminal)?;
        Ok((subjects, inventory))
    }
}

/// What is wrong with files, told; errors end the command.
pub(super) fn usable(found: &[Diagnostics], terminal: &Terminal) -> Result<(), Refusal> {
    let words: String = found.iter().map(|found| found.render(terminal.colors_talk())).collect();
    if found.iter().any(Diagnostics::has_errors) {
        return Err(Refusal::usage(words));
    }
    if !words.is_empty() {
        terminal.say(&words)?;
    }
    Ok(())
}

/// What the rows do not show.
pub(super) fn warn(remarks: &[impl Display], terminal: &Terminal) -> Result<(), Refusal> {
    for remark in remarks {
        terminal.complain(&format!("warning: {}", printable(&remark.to_string())))?;
    }
    Ok(())
}

/// What could not be decided is a mistake of this program: it denies, and must not pass for a decision.
pub(super) fn of_remarks(remarks: &[Remark]) -> ExitCode {
    if remarks.iter().any(|remark| matches!(remark, Remark::Failed(..))) {
        ExitCode::Unreachable
    } else {
        ExitCode::Conformant
    }
}

/// A row for a program.
pub(super) fn record(row: &Row) -> serde_json::Value {
    let [subject, namespace, kind, server, action, resource] = row.columns();
    json!({
        "subject": subject,
        "namespace": namespace,
        "kind": kind,
        "server": server,
        "action": action,
        "resource": resource,
        "decision": row.decision(),
    })
}

fn csv(rows: &[Row]) -> String {
    let mut text = "subject,namespace,kind,server,action,resource,decision\n".to_owned();
    for row in rows {
        for field in row.columns() {
            text.push_str(&quoted(field));
            text.push(',');
        }
        text.push_str(row.decision());
        text.push('\n');
    }
    text
}

/// RFC 4180 §2: quotes around what holds a comma, a quote or a line break, and a quote is written twice.
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) || field.starts_with(' ') || field.ends_with(' ') {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use mcp_policy::{
        matrix::Remark,
        vocabulary::{ServerId, TargetKind},
    };

    use super::{of_remarks, quoted};
    use crate::outcome::ExitCode;

    #[test]
    fn what_cannot_be_evaluated_is_no_answer() {
        let server = ServerId { namespace: "a".into(), kind: TargetKind::default(), name: "b".into() };
        let failed = Remark::Failed(server.clone(), "recursion limit reached".into());
        assert_eq!(of_remarks(&[Remark::Unknown(server.clone()), failed]), ExitCode::Unreachable);
        assert_eq!(of_remarks(&[Remark::Unknown(server)]), ExitCode::Conformant);
    }

    #[test]
    fn fields_are_quoted_where_they_must_be_and_never_altered() {
        assert_eq!(quoted("search_code"), "search_code");
        assert_eq!(quoted("a,b"), "\"a,b\"");
        assert_eq!(quoted("say \"hi\""), "\"say \"\"hi\"\"\"");
        assert_eq!(quoted("two\nlines"), "\"two\nlines\"");
        assert_eq!(quoted("=1+1"), "=1+1");
    }
}
